"""What is under a cup goes where the cup goes; as many come out of the box as went in."""

import gymnasium
import numpy as np
import pytest

SPELLS = (0.4, 0.8, 1.6, 3.2, 6.4)
CONTEXT = 8


def make(name, **options):
    return gymnasium.make(f"worldsim_envs:worldsim/{name}-v0", renderer="warp-cpu", size=32, **options).unwrapped


def told(env, seed, arm):
    """An arm's truth, time first."""
    env.reset(seed=seed)
    truths = [info["truth"] for _, info in env.tell(env.arms()[arm])]
    return {name: np.stack([truth[name] for truth in truths]) for name in truths[0]}


def hidden(truth):
    """The frames after the context in which nothing is seen at all."""
    return CONTEXT + np.flatnonzero((truth["visible"][CONTEXT:] == 0).all(1))


@pytest.fixture(scope="module")
def cups():
    env = make("Cups")
    return {seed: told(env, seed, "present") for seed in range(5)}


@pytest.fixture(scope="module")
def shells():
    env = make("Shells")
    return {seed: told(env, seed, "factual") for seed in range(3)}


@pytest.mark.parametrize("seed", range(5))
def test_what_a_cup_covers_goes_with_it_and_is_there_when_it_is_lifted(cups, seed):
    truth = cups[seed]
    there, gone = truth["present"][0], hidden(truth)
    assert (truth["visible"][:CONTEXT, there] > 0.9).all()
    assert 0.75 * SPELLS[seed] <= len(gone) / 10 <= 1.25 * SPELLS[seed] + 0.4 and (np.diff(gone) == 1).all()
    for slot in np.flatnonzero(there):
        cup = int(truth["holder"][gone[0], slot])
        assert cup >= 0 and (truth["holder"][gone, slot] == cup).all()
        off = truth["pos"][gone, slot, :2] - truth["vessel"][gone, cup, :2]
        assert np.linalg.norm(off, axis=1).max() < 0.235 - 0.18 + 0.03
        assert abs(truth["vessel"][gone[-1], cup, 0] - truth["vessel"][gone[0], cup, 0]) > 0.05
        assert truth["holder"][-1, slot] == -1 and truth["visible"][-1, slot] > 0.9
        assert abs(truth["pos"][-1, slot, 0] - truth["vessel"][gone[-1], cup, 0]) < 0.2


def test_put_under_the_other_cup_it_comes_out_of_the_other_cup(cups):
    env = make("Cups")
    for seed in range(3):
        there, other = cups[seed], told(env, seed, "do:exchange")
        assert np.array_equal(there["vessel"][0], other["vessel"][0])
        for slot in np.flatnonzero(there["present"][0]):
            gone = hidden(there)[0]
            assert {int(there["holder"][gone, slot]), int(other["holder"][gone, slot])} == {0, 1}
            assert np.sign(there["pos"][-1, slot, 0]) == -np.sign(other["pos"][-1, slot, 0])


def test_swapped_cups_carry_what_is_under_them(shells):
    env = make("Shells")
    for seed, swapped in shells.items():
        returned, exchanged = told(env, seed, "do:return"), told(env, seed, "do:exchange")
        gone = hidden(swapped)
        assert len(gone) >= 14
        assert np.linalg.norm(swapped["vessel"][gone[-1], 0] - swapped["vessel"][gone[0], 1]) < 0.25
        assert np.linalg.norm(returned["vessel"][gone[-1], 0] - returned["vessel"][gone[0], 0]) < 0.25
        side, end = np.sign(swapped["pos"][0, :, 0]), len(swapped["pos"]) - 1
        assert (np.sign(swapped["pos"][end, :, 0]) == -side).all()
        assert (np.sign(returned["pos"][end, :, 0]) == side).all()
        assert (np.sign(exchanged["pos"][end, :, 0]) == side).all()
        assert (swapped["visible"][end] > 0.8).all()
        for slot in range(2):
            assert len(set(swapped["holder"][gone, slot].tolist())) == 1


def test_as_many_come_out_as_fell_in():
    env = make("Count")
    for seed in range(3):
        numbers = {}
        for arm in ("factual", "do:more", "do:less"):
            truth = told(env, seed, arm)
            there, gone = truth["present"][0], hidden(truth)
            assert len(gone) >= 3
            assert (truth["pos"][0, there, 2] > 0.9).all() and (truth["visible"][0, there] > 0.9).all()
            assert (truth["holder"][gone[-1], there] == 0).all()
            assert (truth["visible"][-1, there] > 0.9).all() and (truth["pos"][-1, there, 2] < 0.25).all()
            numbers[arm] = int(there.sum())
        assert numbers["do:more"] == numbers["factual"] + 1 and numbers["do:less"] == numbers["factual"] - 1


def test_magnets_let_go_one_by_one_by_the_clock():
    truth = told(make("Count"), 1, "do:more")
    falls = [np.flatnonzero(truth["pos"][:, slot, 2] < 0.95)[0] for slot in np.flatnonzero(truth["present"][0])]
    assert (np.diff(falls) == 2).all()
    assert np.ptp(truth["pos"][:5, 0], axis=0).max() < 1e-6
