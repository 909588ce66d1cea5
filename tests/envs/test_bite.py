"""A bitten cookie stays bitten, and nothing else is different."""

import pickle

import gymnasium
import numpy as np
import pytest

from worldsim_envs.mujoco.bite import asked
from worldsim_envs.variation import spell

SEEDS = range(4)
AGAIN = 30
"""From this frame on the mouth is out of the picture, or the camera turns away."""


def make(**options):
    return gymnasium.make("worldsim_envs:worldsim/Bite-v0", renderer="warp-cpu", **options).unwrapped


@pytest.fixture(scope="module")
def env():
    return make(segmentation=True)


@pytest.fixture(scope="module")
def told(env):
    """The pictures, the ids and the truth along an arm of an episode: each a dict of arrays, time first."""
    known = {}

    def tell(seed, arm):
        if (seed, arm) not in known:
            env.reset(seed=seed)
            seen = list(env.tell(env.arms()[arm]))
            truth = {key: np.stack([info["truth"][key] for _, info in seen]) for key in seen[0][1]["truth"]}
            pictures = {key: np.stack([observation[key] for observation, _ in seen]) for key in seen[0][0]}
            known[seed, arm] = pictures | truth
        return known[seed, arm]

    return tell


def test_what_was_bitten_is_gone_for_good_and_what_was_not_is_there(env, told):
    for seed in SEEDS:
        env.reset(seed=seed)
        bitten = asked(env.backend).cubes
        assert 1 <= bitten.sum() <= 2
        for arm in ("factual", "away"):
            one = told(seed, arm)
            when = int(one["bitten"].argmax())
            assert 8 < when < AGAIN and one["bitten"][when:].all()
            assert one["cubes"][:when].all() and (one["cubes"][when:] == ~bitten).all()
        for arm in ("do:miss", "do:miss-away"):
            assert told(seed, arm)["cubes"].all() and not told(seed, arm)["bitten"].any()


def test_the_piece_stays_until_it_is_bitten_and_then_goes_where_the_mouth_goes(told):
    for seed in SEEDS:
        one, miss = told(seed, "factual"), told(seed, "do:miss")
        when = int(one["bitten"].argmax())
        held = one["pos"][when:, 1] - one["mouth"][when:, :3]
        assert np.abs(held - held[0]).max() < 1e-9
        assert np.array_equal(one["pos"][: when + 1, 1], np.repeat(one["pos"][:1, 1], when + 1, 0))
        assert (one["visible"][AGAIN:, 1] == 0).all()  # it is taken out of the picture
        assert np.ptp(miss["pos"], axis=0).max() == 0
        assert np.ptp(one["pos"][:, [0, 2]], axis=0).max() == 0


def test_once_the_mouth_is_gone_the_twins_differ_by_the_bite_alone(told):
    for seed in SEEDS:
        one, miss = told(seed, "factual"), told(seed, "do:miss")
        apart = np.abs(one["pov"][AGAIN:].astype(int) - miss["pov"][AGAIN:]).max(-1) > 25
        assert (apart.sum((1, 2)) >= 20).all()  # so many does the twin test ask for
        assert (apart == apart[0]).all()
        whole = np.isin(miss["segmentation"][AGAIN], (0, 1))
        rows, columns = np.nonzero(whole)
        near = np.zeros_like(whole)
        near[rows.min() - 2 : rows.max() + 16, max(columns.min() - 16, 0) : columns.max() + 16] = True  # its shadow too
        assert not (apart & ~near).any()
        assert (one["segmentation"][AGAIN] != 1).all() and (miss["segmentation"][AGAIN] == 1).sum() >= 20


def test_looking_away_shows_nothing_of_it_and_changes_nothing(told):
    for seed in SEEDS:
        one, miss, held = told(seed, "away"), told(seed, "do:miss-away"), told(seed, "factual")
        away = (one["segmentation"] < 0).all((1, 2)) & (np.arange(len(one["pov"])) >= AGAIN)
        assert away.sum() >= round(10 * spell(seed))
        assert np.array_equal(one["pov"][away], miss["pov"][away])
        assert np.abs(one["pov"][-1].astype(int) - held["pov"][-1]).max() <= 2  # the way back is exact to a rounding
        apart = np.abs(one["pov"][-1].astype(int) - miss["pov"][-1]).max(-1) > 25
        assert apart.sum() >= 20


def test_every_moment_of_a_bite_is_saved_and_goes_on_elsewhere(env):
    env.reset(seed=2)
    arm, fresh = env.arms()["factual"], make(segmentation=True)
    kept, truths = [], []
    for action in arm.actions[:24]:
        kept.append(env.save())
        truths.append(env.step(action)[4]["truth"])
    bites = [truth["bitten"].item() for truth in truths].index(True)
    for moment in (bites - 1, bites, bites + 1):
        fresh.restore(pickle.loads(pickle.dumps(kept[moment])))
        for action, before in zip(arm.actions[moment:24], truths[moment:], strict=False):
            after = fresh.step(action)[4]["truth"]
            assert all(np.array_equal(after[name], before[name]) for name in before)


def test_whatever_it_is_told_the_mouth_never_goes_through_the_cookie():
    env, inside, bitten = make(size=8), 0, 0
    for seed in SEEDS:
        env.reset(seed=seed)
        bite, rng, action = asked(env.backend), np.random.default_rng(seed), np.zeros(4, np.float32)
        for step in range(160):
            if step % 4 == 0:
                action = rng.choice([-1, 0, 1], 4).astype(np.float32)
                action[0] = -bite.side if rng.random() < 0.6 else action[0]
            env.step(action)
            out, level = (env.backend.data.joint(f"mouth {rail}").qpos[0] for rail in ("out", "up"))
            assert out > bite.inside + 0.05 or level < 1e-3 or level > bite.above - 1e-3
            assert out > -1e-9 and level > -1e-9
            inside += bool(out < 0.01)
        bitten += bool(env.truth()["bitten"])
    assert inside and bitten
