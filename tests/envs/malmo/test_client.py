"""The client of the game, against a double that knows the protocol and none of our code."""

import warnings

import gymnasium
import numpy as np
import pytest
from double import Double, playing
from gymnasium.utils.env_checker import check_env

import worldsim_envs
from worldsim.data.record import record
from worldsim_envs.minecraft import actions
from worldsim_envs.minecraft.malmo.client import MalmoEnv
from worldsim_envs.minecraft.malmo.tasks import GAMES, NAMES, TASKS, find
from worldsim_envs.minecraft.malmo.wire import Gone, Token, read_commands


def still(env):
    """The action that does nothing."""
    return {name: np.zeros(2, np.float32) if name == "camera" else 0 for name in env.action_space.spaces}


def test_each_task_is_registered_under_minerls_name_and_can_be_made_without_a_game():
    for name in NAMES:
        env = gymnasium.make(f"worldsim_envs:worldsim/MineRL-{name}-v0")
        task = env.unwrapped.task
        assert task.title == f"MineRL{name}-v0"
        assert env.spec.max_episode_steps == task.steps
        assert all(each.steps == task.steps for each in TASKS if each.name == name)
        assert env.unwrapped.metadata["render_fps"] == 20
    assert {task.game for task in TASKS} == set(GAMES)
    assert len({(task.name, task.game) for task in TASKS}) == len(TASKS)
    assert worldsim_envs.SCENES.keys().isdisjoint(f"worldsim/MineRL-{name}-v0" for name in NAMES)


def test_an_episode_is_what_the_game_said():
    with playing(Double(done=4)) as port:
        env = MalmoEnv("NavigateDense", port=port)
        observation, info = env.reset(seed=5)
        assert env.observation_space.contains(observation)
        assert (observation["pov"] == 0).all()
        assert observation["compass"]["angle"] == np.float32(-12.5)
        np.testing.assert_array_equal(info["truth"]["position"], [1.5, 64.0, -2.25])
        ends = []
        for step in range(1, 5):
            observation, reward, terminated, truncated, info = env.step(still(env))
            assert (observation["pov"] == step).all()
            assert observation["inventory"]["dirt"] == step
            assert reward == step / 2
            np.testing.assert_array_equal(env.render(), observation["pov"])
            ends.append((terminated, truncated))
        assert ends == [(False, False)] * 3 + [(True, False)]
        env.close()


def test_what_is_done_is_what_the_game_is_told():
    double = Double()
    with playing(double) as port:
        env = MalmoEnv("ObtainDiamond", port=port)
        env.reset(seed=-7 % 2**31)
        craft = env.choices["craft"].index("planks")
        camera = np.array([2.5, -10.0], np.float32)
        observation = env.step(still(env) | {"forward": 1, "craft": craft, "camera": camera})[0]
        env.close()
    verbs = [message.split(b">")[0].split(b" ")[0] for message in double.heard]
    token = Token.read(double.heard[3].decode())
    assert token.seed == -7 % 2**31 and token.agents == 1
    assert verbs[:3] == [b"<MalmoEnv0.37.0/", b"<Quit/", b"<MissionInit"]
    assert verbs[4:] == [b"<Peek/", b"<StepClient0", b"<StepServer", b"<Disconnect/"]
    said = read_commands(double.heard[5].decode().removeprefix("<StepClient0>").removesuffix("</StepClient0 >"))
    assert said["forward"] == ["1"] and said["jump"] == ["0"]
    assert said["camera"] == ["2.5", "-10.0"]
    assert said["craft"] == ["planks"] and said["place"] == ["none"]
    hand = observation["equipped_items"]["mainhand"]
    assert env.choices["equipped_items"][hand["type"]] == "iron_axe"
    assert (hand["damage"], hand["maxDamage"]) == (3, 250)
    assert observation["inventory"]["log"] == 2


def test_minerl_1_has_the_actions_of_the_convention_and_escape_ends_the_episode():
    with playing(Double(width=640, height=360)) as port:
        env = MalmoEnv("BasaltFindCave", port=port)
        assert env.action_space == actions.space(more=True)
        observation, _ = env.reset(seed=0)
        assert observation["pov"].shape == (360, 640, 3)
        assert not env.step(actions.noop(more=True))[2]
        assert env.step(actions.press("ESC", more=True))[2]
        env.close()


def test_the_fourth_byte_is_depth_where_it_was_asked_for():
    with playing(Double(width=20, height=10, depth=4)) as port:
        env = MalmoEnv("Treechop", port=port, width=20, height=10, want_depth=True)
        env.reset(seed=0)
        observation = env.step(still(env))[0]
        assert observation["pov"].shape == (10, 20, 3) and observation["depth8"].shape == (10, 20)
        assert (observation["depth8"] == 1).all()
        env.close()


@pytest.mark.parametrize(
    ("name", "game"), [("NavigateDense", None), ("ObtainDiamond", None), ("BasaltFindCave", "0.4.4")]
)
def test_it_is_a_gymnasium_env(name, game):
    double = Double()
    with playing(double) as port, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # advice, such as to scale degrees to [-1, 1]
        env = MalmoEnv(name, game=game, port=port)
        check_env(env, skip_render_check=True)
        env.close()


def test_a_busy_game_is_asked_again_and_one_with_no_picture_yet_too():
    double = Double(busy=2, blank=2)
    with playing(double) as port:
        env = MalmoEnv("Treechop", port=port)
        env.reset(seed=0)
        env.close()
    assert sum(message.startswith(b"<MissionInit") for message in double.heard) == 3
    assert sum(message.startswith(b"<Peek") for message in double.heard) == 3
    with playing(Double(busy=1000)) as port, pytest.raises(Gone, match=r"busy for 0.3 s"):
        MalmoEnv("Treechop", port=port, timeout=0.3).reset(seed=0)


@pytest.mark.parametrize(
    ("fault", "says"),
    [
        ("die", r"hung up while a picture was awaited"),
        ("truncate", r"died in the middle of a picture: 96 of 12288 bytes came"),
        ("size", r"12289 bytes; 64 x 64 pixels of 3 bytes"),
        ("garbage", r"announces \d+ bytes for a picture.*does not speak the Malmo-env protocol"),
        ("silence", r"said nothing for 0.3 s while a picture was awaited"),
        ("json", r"no JSON"),
    ],
)
def test_a_game_that_fails_is_said_in_one_sentence_and_the_next_episode_can_begin(fault, says):
    with playing(Double(fault=fault)) as port:
        env = MalmoEnv("Treechop", port=port, timeout=0.3)
        env.reset(seed=0)
        for _ in range(2):
            env.step(still(env))
        with pytest.raises(Gone, match=says) as failed:
            env.step(still(env))
        assert isinstance(failed.value, ValueError) and "\n" not in str(failed.value)
        env.reset(seed=1)
        assert (env.step(still(env))[0]["pov"] == 1).all()
        env.close()


def test_a_game_that_dies_in_a_recording_leaves_the_episodes_that_were_finished(tmp_path):
    double = Double(fault="die", healthy=3)  # it is tried once, then two episodes are recorded
    with playing(double) as port:
        how = {"episodes": 4, "steps": 5, "policy": "walk", "size": 16, "env_kwargs": {"port": port}}
        double.width = double.height = 16
        with pytest.raises(ValueError, match="hung up while a picture was awaited"):
            record("worldsim_envs:worldsim/MineRL-Treechop-v0", str(tmp_path / "cut"), **how)
        double.fault = None
        resumed = record("worldsim_envs:worldsim/MineRL-Treechop-v0", str(tmp_path / "cut"), **how)
        whole = record("worldsim_envs:worldsim/MineRL-Treechop-v0", str(tmp_path / "whole"), **how)
    missions = [message for message in double.heard if message.startswith(b"<MissionInit")]
    assert len(missions) == (1 + 3) + (1 + 2) + (1 + 4)
    assert len(resumed) == len(whole) == 4
    for one, other in zip(resumed, whole, strict=True):
        np.testing.assert_array_equal(one.frames, other.frames)
        np.testing.assert_array_equal(one.actions, other.actions)
        assert one.frames[:, 0, 0, 0].tolist() == list(range(6)) and one.fps == 20
        np.testing.assert_array_equal(one.states["position"][0], [1.5, 64.0, -2.25])


def test_errors_help():
    with pytest.raises(ValueError, match=r"NavigateDense"):
        MalmoEnv("Navigation")
    with pytest.raises(ValueError, match=r"MineRL 0.4.4"):
        MalmoEnv("Treechop", game="1.0")
    with pytest.raises(ValueError, match=r"8 to 1024"):
        MalmoEnv("Treechop", width=4)
    with pytest.raises(ValueError, match=r"launch"):
        MalmoEnv("Treechop", port=0)
    env = MalmoEnv("Treechop", port=1)
    with pytest.raises(ValueError, match=r"reset"):
        env.step(still(env))
    with pytest.raises(Gone, match=r"no game listens at 127.0.0.1:1 .*-port 1 -env"):
        env.reset(seed=0)
    with playing(Double()) as port:
        env = MalmoEnv("Treechop", port=port)
        env.reset(seed=0)
        with pytest.raises(ValueError, match=r"takes"):
            env.step({"forward": 1})
        env.close()


def test_basalt_is_in_both_games_and_the_newer_is_taken():
    assert find("BasaltFindCave").game == "1.0"
    assert find("BasaltFindCave", "0.4.4").game == "0.4.4"
