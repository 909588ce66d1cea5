"""Gymnasium's MuJoCo envs behind our contract, drawn without GL."""

import gymnasium
import numpy as np
import pytest

pytest.importorskip("imageio", reason="Gymnasium's MuJoCo envs want the extra: pip install worldsim[gym]")


@pytest.fixture(autouse=True)
def elsewhere(tmp_path, monkeypatch):
    """MuJoCo writes its warnings about Gymnasium's own models into a file where it stands."""
    monkeypatch.chdir(tmp_path)


def make(env_id, **options):
    return gymnasium.make("worldsim_envs:worldsim/MujocoGym-v0", env_id=env_id, renderer="warp-cpu", **options)


@pytest.mark.parametrize("env_id", ["HalfCheetah-v5", "InvertedPendulum-v5"])
def test_it_is_drawn_saved_and_restored(env_id):
    env = make(env_id, size=48, depth=True, segmentation=True)
    env.action_space.seed(0)
    observation, info = env.reset(seed=0)
    assert env.observation_space.contains(observation)
    assert observation["pov"].std() > 5 and (observation["segmentation"] >= 0).any()
    assert info["truth"].keys() == {"qpos", "qvel", "simulator"}
    world = env.unwrapped
    world.step(env.action_space.sample())
    kept, actions = world.save(), [env.action_space.sample() for _ in range(4)]
    first = [world.step(action) for action in actions]
    again = make(env_id, size=48, depth=True, segmentation=True).unwrapped
    again.restore(kept)
    for (seen, reward, ended, _, info), action in zip(first, actions, strict=True):
        other = again.step(action)
        assert np.array_equal(other[0]["pov"], seen["pov"]) and other[1:3] == (reward, ended)
        assert np.array_equal(other[4]["truth"]["simulator"], info["truth"]["simulator"])


def test_physics_and_rewards_are_gymnasiums():
    ours, theirs = make("HalfCheetah-v5", size=16), gymnasium.make("HalfCheetah-v5")
    ours.reset(seed=3), theirs.reset(seed=3)
    ours.action_space.seed(0)
    for _ in range(5):
        action = ours.action_space.sample()
        _, reward, _, _, info = ours.step(action)
        _, expected, _, _, _ = theirs.step(action)
        assert reward == pytest.approx(expected, abs=1e-9)
        assert np.allclose(info["truth"]["qpos"], theirs.unwrapped.data.qpos, atol=1e-12)


def test_errors_help():
    with pytest.raises(ValueError, match="HalfCheetah-v5"):
        make("HalfCheeta-v5")
    with pytest.raises(ValueError, match="no MuJoCo env"):
        make("CartPole-v1")
