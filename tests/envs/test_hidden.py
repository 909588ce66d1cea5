"""What a benchmark on permanence needs of the world in which things hide."""

import gymnasium
import numpy as np
import pytest

STILL = np.zeros(1, np.float32)
CONTEXT = 8


@pytest.fixture(scope="module")
def env():
    return gymnasium.make("worldsim_envs:worldsim/Hidden-v0", renderer="warp-cpu").unwrapped


@pytest.fixture(scope="module")
def episodes(env):
    """What is true along twelve episodes with the screen kept still: a dict of arrays each, time first."""
    found = []
    for seed in range(12):
        truths = [env.reset(seed=seed)[1]["truth"]]
        truths += [env.step(STILL)[4]["truth"] for _ in range(40)]
        found.append({name: np.stack([truth[name] for truth in truths]) for name in truths[0]})
    return found


def passes(episodes):
    """The visibility over time of everything that passes."""
    for truth in episodes:
        for slot in np.flatnonzero(truth["present"][0]):
            yield truth["visible"][:, slot]


def test_a_thing_is_seen_then_hidden_then_seen_again(episodes):
    for visible in passes(episodes):
        assert visible[CONTEXT - 1] > 0.8 and (visible[:CONTEXT] > 0.8).sum() >= 4
        gone = np.flatnonzero(visible == 0)
        gone = gone[(gone >= CONTEXT) & (gone < 33)]
        assert len(gone) and (np.diff(gone) == 1).all()
        assert 0.3 <= len(gone) / 10 <= 1.7
        assert visible[gone[-1] :].max() > 0.8


def test_things_glide_at_one_speed_and_never_touch(episodes):
    for truth in episodes:
        there = truth["present"][0]
        assert np.ptp(truth["velocity"][:, there, 0], axis=0).max() < 1e-3
        steps = np.diff(truth["pos"][:, there, 0], axis=0)
        assert np.allclose(steps, truth["velocity"][:-1, there, 0] / 10, atol=1e-4)
        assert not truth["contact"][:, :, :-1].any()
        assert truth["contact"][1:, there, -1].all()  # on the table


def test_things_are_large_enough_to_be_read(env, episodes):
    for truth in episodes:
        there = truth["present"][0]
        _, depth = env.camera.project(truth["pos"][0])
        assert (env.camera.intrinsics[0, 0] * truth["diameter"][0] / depth)[there].min() >= 9


def test_the_screen_slides_and_stops_at_the_end_of_its_rail(env):
    env.reset(seed=0)
    screen = env.backend.data.joint("screen").qpos
    env.step(np.ones(1, np.float32))
    assert screen[0] == pytest.approx(0.05)
    env.step(STILL)
    assert screen[0] == pytest.approx(0.05)
    for _ in range(12):
        env.step(np.ones(1, np.float32))
    assert screen[0] == pytest.approx(0.45)


def test_hidden_twins_look_alike_until_the_difference_comes_out(env):
    seed = 0
    env.reset(seed=seed)
    while True:
        _, _, _, _, info = env.step(STILL)
        gone = np.flatnonzero(info["truth"]["present"] & (info["truth"]["visible"] == 0))
        if len(gone):
            break
    slot, kept = int(gone[0]), env.save()
    for change in (f"remove:{slot}", f"recolour:{slot}"):
        env.restore(kept)
        before = env.render()
        env.intervene(change)
        assert np.abs(env.render().astype(int) - before).max() <= 60  # no more than the edge of a shadow
        assert (np.abs(env.render().astype(int) - before).max(-1) > 25).sum() < 20
        frames = [env.step(STILL)[0]["pov"].astype(int) for _ in range(20)]
        env.restore(kept)
        others = [env.step(STILL)[0]["pov"].astype(int) for _ in range(20)]
        assert max((np.abs(one - other).max(-1) > 25).sum() for one, other in zip(frames, others, strict=True)) > 60


def test_swapped_things_come_out_in_each_others_place(env):
    seed = next(seed for seed in range(50) if env.reset(seed=seed)[1]["truth"]["present"].sum() == 2)
    before = env.reset(seed=seed)[1]["truth"]
    after = env.intervene("swap:0:1")[1]["truth"]
    assert np.array_equal(after["pos"][[0, 1], :2], before["pos"][[1, 0], :2])
    assert np.array_equal(after["velocity"][[0, 1]], before["velocity"][[1, 0]])
    assert np.array_equal(after["hue"], before["hue"])
