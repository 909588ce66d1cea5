"""No cause is asked about beyond T*, until when half a pixel at first stays less than half a thing."""

import numpy as np
import pytest

from worldsim_benchmarks.cases import make
from worldsim_benchmarks.causes import FAMILIES
from worldsim_envs.mujoco.backend import MujocoBackend
from worldsim_envs.mujoco.chances import dispersion, futures, horizon, nudged

RUNS, SEEDS = 12, 2


def spreads(code: str, arm: str) -> list[np.ndarray]:
    """The dispersion of the things that a family asks about, by frame, of some of its worlds."""
    family = FAMILIES[code]
    env = make(family.scene, size=8)
    world, found = env.backend, []
    assert isinstance(world, MujocoBackend)
    for seed in range(SEEDS):
        env.reset(seed=seed)
        told = env.arms()[arm]
        told = told._replace(actions=told.actions[: family.context + family.future - 1])
        free = np.flatnonzero(world.free & world.present)
        asked = np.isin(free, family.things)
        wide = 2 * world.extent.max(1)[free]
        found.append(dispersion(nudged(world, seed, told, RUNS), wide)[:, asked])
    return found


@pytest.mark.parametrize(("code", "arm"), [("M-SUP", "do:left"), ("M-RMP", "do:open")])
def test_what_is_asked_can_still_be_foretold(code, arm):
    assert np.median([spread[-1].max() for spread in spreads(code, arm)]) < 0.5


def test_a_board_of_pegs_cannot_and_is_asked_what_may_come():
    env = make("worldsim/Pegs-v0", size=8)
    world = env.backend
    assert isinstance(world, MujocoBackend)
    env.reset(seed=1)
    spread = dispersion(futures(world, 1, env.arms()["factual"], range(RUNS), 7), 2 * world.extent.max(1))
    assert 0.5 < horizon(spread, world.recipe.fps) < 2.5 and spread[-1].max() > 0.5


def test_t_star_is_the_first_time_at_which_anything_is_half_a_thing_away():
    spread = np.array([[0.1, 0.0], [0.2, 0.4], [0.3, 0.6], [0.2, 0.1]])
    assert horizon(spread, 10) == 0.2 and horizon(spread[:2], 10) == np.inf
    places = np.stack([np.zeros((4, 1, 3)), np.ones((4, 1, 3))])
    assert dispersion(places, np.array([np.sqrt(3)])) == pytest.approx(np.full((4, 1), 0.5))
