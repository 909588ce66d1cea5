"""Causes have the effects that they have in the world, and nothing else has any."""

import gymnasium
import numpy as np
import pytest

SEEDS = range(4)
CONTEXT = 8


@pytest.fixture(scope="module")
def made():
    """Makes each scene once, small."""
    envs = {}

    def make(name):
        if name not in envs:
            id = f"worldsim_envs:worldsim/{name}-v0"
            envs[name] = gymnasium.make(id, renderer="warp-cpu", size=16).unwrapped
        return envs[name]

    return make


@pytest.fixture(scope="module")
def told(made):
    """The truth along an arm of an episode: a dict of arrays, time first; each is told once."""
    known = {}

    def tell(name, seed, arm):
        if (name, seed, arm) not in known:
            env = made(name)
            env.reset(seed=seed)
            truths = [info["truth"] for _, info in env.tell(env.arms()[arm])]
            known[name, seed, arm] = {key: np.stack([truth[key] for truth in truths]) for key in truths[0]}
        return known[name, seed, arm]

    return tell


def way(truth):
    """How far each thing is at the end from where it was at first (m)."""
    return np.linalg.norm(truth["pos"][-1] - truth["pos"][0], axis=-1)


CAUSES = ("Collide", "Dominoes", "Tower", "Gate", "Push", "Chair")


@pytest.mark.parametrize("name", CAUSES)
def test_placebos_and_doing_nothing_else_have_no_effect(made, told, name):
    families = made(name).scene.families
    assert families["M-NOP"] == ("factual", "noop") and "placebo" in families["M-PLC"]
    for arm in (*families["M-NOP"], *families["M-PLC"]):
        there, here = told(name, 0, "factual"), told(name, 0, arm)
        if arm in ("factual", "noop", "placebo", "placebo:light"):
            assert np.array_equal(there["simulator"], here["simulator"]), arm
        elif arm == "placebo:beside":
            moved = np.linalg.norm(there["pos"] - here["pos"], axis=-1).max(0) > 1e-3
            assert moved.tolist() == [False] * 5 + [True]  # the post that was pulled, and no other


@pytest.mark.parametrize("name", CAUSES)
def test_things_at_rest_stay_at_rest(made, told, name):
    """Until something comes, nothing creeps or trembles: less than a tenth of a pixel at 256 pixels."""
    for seed in SEEDS:
        truth = told(name, seed, "factual")
        still = np.linalg.norm(truth["velocity"][0], axis=-1) == 0
        still[0] &= name != "Gate"  # the ball is let go
        if name == "Chair":
            still[:] = [False] * 6 + [True]
        drift = np.abs(truth["pos"][:CONTEXT] - truth["pos"][0]).max((0, 2))
        assert still.any() and drift[still].max() < 1e-3


def test_no_striker_nothing_moves(told):
    for seed in SEEDS:
        for arm in ("do:remove", "do:0"):
            assert way(told("Collide", seed, arm))[1:].max() < 1e-3
        assert way(told("Collide", seed, "factual"))[1] > 0.05
        assert told("Collide", seed, "factual")["contact"][:, 0, 1].argmax() > CONTEXT


def test_a_stronger_dose_moves_farther(told):
    for seed in SEEDS:
        ways = [way(told("Collide", seed, f"do:{dose}"))[1:].sum() for dose in range(5)]
        assert (np.diff(ways) > 0.01).all()


def test_a_larger_striker_moves_more_and_one_that_turned_away_nothing(told):
    for seed in SEEDS:
        plain, heavy, turned = (told("Collide", seed, arm) for arm in ("factual", "do:heavy", "do:turn"))
        assert heavy["diameter"][0, 0] == pytest.approx(1.4 * plain["diameter"][0, 0])
        assert way(heavy)[1:].sum() > 1.3 * way(plain)[1:].sum()
        assert not turned["contact"][:20, 0, 1].any()


def test_dominoes_fall_one_after_the_other(told):
    for seed in SEEDS:
        fallen = told("Dominoes", seed, "factual")["fallen"]
        assert fallen[-1, :5].all() and not fallen[-1, 5]
        first = fallen[:, :5].argmax(0)
        assert (np.diff(first) >= 0).all() and first[0] > CONTEXT and first[4] > first[0]


@pytest.mark.parametrize("arm", ["do:remove", "do:gap"])
def test_without_the_one_between_those_after_it_stand(told, arm):
    for seed in SEEDS:
        truth = told("Dominoes", seed, arm)
        row = truth["pos"][0, :5, 0]
        steps = np.abs(np.diff(row[truth["present"][0, :5]]))
        wide = int(steps.argmax()) + 1  # how many stand before the gap
        assert steps.max() > 1.9 * steps.min()
        fallen = truth["fallen"][-1, :5][truth["present"][0, :5]]
        assert fallen.tolist() == [at < wide for at in range(len(fallen))]


def test_nobody_pushes_and_no_domino_falls(told):
    for arm in ("do:still", "placebo:air"):
        assert told("Dominoes", 0, arm)["tilt"].max() < 0.01


def test_a_post_pulled_away_fells_the_tower(told):
    for seed in SEEDS:
        assert not told("Tower", seed, "factual")["fell"].any()
        for arm, side in (("do:left", -1), ("do:right", 1)):
            truth = told("Tower", seed, arm)
            assert not truth["fell"][: CONTEXT + 1].any() and truth["fell"][-1, [2, 3, 4]].all()
            turn = truth["quat"][-1, 2]
            lean = 2 * (turn[1] * turn[3] - turn[0] * turn[2])  # the height of the plank's right end, from -1 to 1
            assert np.sign(lean) == -side


def test_a_closed_gate_holds_the_ball_and_an_open_one_does_not(told):
    for seed in SEEDS:
        closed, opened = told("Gate", seed, "factual"), told("Gate", seed, "do:open")
        assert not closed["opened"].any() and not closed["passed"].any() and way(closed)[1] < 1e-3
        assert opened["opened"][:10].all() and opened["passed"][-1] and way(opened)[1] > 0.05
        assert np.abs(closed["pos"][:6, 0] - opened["pos"][:6, 0]).max() < 1e-9  # until it is there


def test_the_lever_lifts_the_gate(told):
    for seed in SEEDS:
        truth = told("Gate", seed, "do:press")
        assert np.abs(truth["gate"][: CONTEXT + 1]).max() < 5e-3 and truth["opened"][CONTEXT + 8]
        assert truth["passed"].argmax() > truth["opened"].argmax() > CONTEXT and way(truth)[1] > 0.05
        assert truth["pos"][-1, 2, 2] < truth["pos"][0, 2, 2] - 0.1  # the pad is pressed down


def test_left_and_right_mirror_each_other(told):
    for seed in SEEDS:
        left, right = told("Push", seed, "left"), told("Push", seed, "right")
        assert way(left)[0] > 0.15 and left["pos"][-1, 0, 0] < left["pos"][0, 0, 0] - 0.15
        assert way(left)[1] < 1e-3 and way(right)[0] < 1e-3
        mirrored = left["pos"][:, [1, 0]] * (-1, 1, 1)
        assert np.abs(mirrored - right["pos"][:, :2]).max() < 0.05
        assert way(told("Push", seed, "factual")).max() < 1e-3


@pytest.mark.parametrize("arm", ["factual", "do:spin", "do:still"])
def test_a_chair_stays_one_chair(told, arm):
    for seed in SEEDS:
        truth = told("Chair", seed, arm)
        balls = truth["pos"][:, :6]
        apart = np.linalg.norm(balls[:, :, None] - balls[:, None], axis=-1)
        assert np.abs(apart - apart[0]).max() < 1e-6
        assert way(truth)[:6].max() > 0.3 and np.abs(truth["velocity"][-1, :6, :3]).max() < 1.0
