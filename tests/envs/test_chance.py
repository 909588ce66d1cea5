"""Chance: what a look leaves open, drawn anew; it cannot be seen at first, and it decides what comes."""

import gymnasium
import numpy as np
import pytest

from worldsim_envs.mujoco.chances import chanced, futures

STEP = 7


@pytest.fixture(scope="module")
def env():
    return gymnasium.make("worldsim_envs:worldsim/Pegs-v0", size=32, renderer="warp-cpu").unwrapped


def test_futures_are_the_tellings_to_the_bit_in_any_order_and_without_a_picture(env):
    env.reset(seed=3)
    arm = env.arms()["do:left"]
    places = futures(env.backend, 3, arm, [5, 6, 5], STEP)
    assert np.array_equal(places[0], places[2]) and not np.array_equal(places[0], places[1])
    for number, each in ((5, places[0]), (6, places[1])):
        env.reset(seed=3)
        told = [info["truth"]["pos"] for _, info in env.tell(chanced(arm, number, STEP))]
        assert np.array_equal(told[STEP + 1 :], each)


def test_chance_cannot_be_seen_where_it_falls(env):
    for seed in range(4):
        env.reset(seed=seed)
        before = env.render().astype(int)
        for number in range(4):
            env.reset(seed=seed)
            observation, _ = env.intervene(f"chance:{number}")
            assert np.abs(observation["pov"].astype(int) - before).max(-1).mean() < 1


def test_the_same_number_is_the_same_draw_and_is_kept_with_a_moment(env):
    env.reset(seed=1)
    env.intervene("chance:7")
    kept, stuff = env.save(), env.backend.model.geom_solref.copy()
    env.reset(seed=2)
    env.restore(kept)
    assert np.array_equal(env.backend.model.geom_solref, stuff)


def test_chance_is_refused_where_it_makes_no_sense(env):
    env.reset(seed=1)
    with pytest.raises(ValueError, match=r"chance:7"):
        env.intervene("chance:red")
    other = gymnasium.make("worldsim_envs:worldsim/Collide-v0", size=32, renderer="warp-cpu").unwrapped
    other.reset(seed=1)
    with pytest.raises(ValueError, match=r"there is no change"):
        other.intervene("chance:1")
    with pytest.raises(ValueError, match=r"Pegs-v0"):
        futures(other.backend, 1, other.arms()["factual"], [1], STEP)


def test_the_ball_is_in_a_bin_at_last_and_never_leaves_the_board(env):
    still = 0
    for seed in range(3):
        env.reset(seed=seed)
        places = futures(env.backend, seed, env.arms()["factual"], range(32), STEP)[:, :, 0]
        assert np.abs(places[..., 0]).max() < 1.0 and np.abs(places[..., 1]).max() < 1.0
        assert np.linalg.norm(np.diff(places, axis=1), axis=-1).max() < 0.3
        still += (np.linalg.norm(places[:, -1] - places[:, -2], axis=-1) < 0.02).sum()
    assert still > 0.9 * 96
