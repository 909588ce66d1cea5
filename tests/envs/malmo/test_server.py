"""What stands behind the protocol, played by our own client; `test_with_minerl.py` has MineRL's."""

import json
import socket
import struct
import threading

import numpy as np
import pytest
from flatland import Flatland, served
from tap import golden
from test_client import still

from worldsim_envs.minecraft.malmo import mission
from worldsim_envs.minecraft.malmo.client import MalmoEnv
from worldsim_envs.minecraft.malmo.server import Player, Session, compass, listen, serve
from worldsim_envs.minecraft.malmo.tasks import TASKS, find
from worldsim_envs.minecraft.malmo.wire import HELLO, HungUp, Token, Wire, request


def walk(env, steps, **action):
    return [env.step(still(env) | action) for _ in range(steps)]


@pytest.mark.parametrize("task", TASKS, ids=lambda task: f"{task.name}-{task.game}")
def test_what_a_mission_says_is_what_its_task_says(task):
    asked = mission.read(mission.write(task, "uid", width=task.width, height=task.height).encode())
    assert (asked.title, asked.width, asked.height) == (task.title, task.width, task.height)
    assert asked.steps == (None if task.name == "HumanSurvival" else task.steps)
    assert [(stack.item, stack.count) for stack in asked.start.values()] == [each[:2] for each in task.start]
    assert asked.goal == next(iter(task.touch), None)
    assert (asked.per_block, asked.once) == (task.per_block, task.once)
    assert (asked.touch, asked.possess, asked.until) == (task.touch, task.possess, task.until)


def test_the_way_to_the_goal_is_rewarded_and_touching_it_ends_the_episode():
    with served(Flatland()) as port:
        env = MalmoEnv("NavigateDense", port=port)
        observation, info = env.reset(seed=3)
        assert observation["compass"]["angle"] == 90  # facing +z, the goal in -x lies to the right
        np.testing.assert_array_equal(info["truth"]["position"], [3, 4, 0])
        observation = env.step(still(env) | {"camera": np.array([0, 90], np.float32)})[0]
        assert observation["compass"]["angle"] == 0
        seen = walk(env, 8, forward=1)
        assert not any(terminated for _, _, terminated, _, _ in seen[:7])
        assert seen[7][2]
        rewards = [reward for _, reward, _, _, _ in seen]
        np.testing.assert_allclose(rewards[:7], 0.2)
        np.testing.assert_allclose(rewards[7], 100.2)
        env.close()


def test_the_sparse_task_rewards_the_goal_alone():
    with served(Flatland()) as port:
        env = MalmoEnv("Navigate", port=port)
        env.reset(seed=3)
        env.step(still(env) | {"camera": np.array([0, 90], np.float32)})
        assert [reward for _, reward, _, _, _ in walk(env, 8, forward=1)] == [0] * 7 + [100]
        env.close()


def test_each_log_is_rewarded_as_it_is_gained_and_only_once_where_the_mission_says_so():
    with served(Flatland()) as port:
        for task, rewards in (("Treechop", [1, 1, 1]), ("ObtainDiamond", [1, 0, 0])):
            env = MalmoEnv(task, port=port)
            env.reset(seed=0)
            assert [sum(row[1] for row in walk(env, 10, attack=1)) for _ in range(3)] == rewards
            env.close()


def test_it_is_over_when_the_time_is_or_enough_is_gained(monkeypatch):
    monkeypatch.setattr(
        Flatland, "player", lambda self: Player((0.0, 0.0, 0.0), 0.0, 0.0, self.slots, life=20.0 * (self.ticks < 5))
    )
    with served(Flatland()) as port:
        env = MalmoEnv("Treechop", port=port)
        env.reset(seed=0)
        assert [row[2] for row in walk(env, 6)] == [False] * 4 + [True] * 2
        env.close()


def test_frames_are_upright_and_as_large_as_asked_for_with_depth_where_it_is():
    with served(Flatland()) as port:
        env = MalmoEnv("Treechop", port=port, width=48, height=32, want_depth=True)
        observation, _ = env.reset(seed=0)
        assert observation["pov"].shape == (32, 48, 3)
        assert (observation["pov"][0] == (0, 200, 0)).all() and (observation["pov"][-1] == (100, 0, 0)).all()
        assert (np.diff(observation["depth8"][:, 0].astype(int)) > 0).all()
        env.close()


def test_a_seed_is_an_episode_and_without_one_each_has_the_next():
    world = Flatland()
    with served(world, seed=40) as port:
        env = MalmoEnv("Treechop", port=port)
        seeds = []
        for seed in (5, None, None, 5):
            env.reset(seed=seed)
            seeds.append(world.seed)
        assert seeds == [5, 40, 41, 5]
        env.close()


def test_a_client_that_misbehaves_is_named_and_the_next_is_served(capfd):
    good = mission.write(find("Treechop"), "uid", width=64, height=64).encode()
    token = str(Token("uid")).encode()
    cases = [
        ([HELLO, b"<MissionInit", token], "no XML"),
        ([HELLO, good.replace(b"0.37.0", b"0.21.0"), token], "Malmo 0.21.0; this is Malmo 0.37.0"),
        ([HELLO, good.replace(b"VideoProducer", b"VideoMaker"), token], "lacks its VideoProducer/Width"),
        ([HELLO, good.replace(b"<Width>64", b"<Width>6400"), token], "8 to 1024 pixels"),
        ([HELLO, good.replace(b"<Width>64", b"<Width>wide"), token], "a number in the mission is none"),
        ([HELLO, good.replace(b'type="log"', b""), token], "lacks its type"),
        ([HELLO, good, b"uid"], "uid:role:resets"),
        ([HELLO, good, str(Token("uid", agents=2)).encode()], "room for one"),
        ([b"<MalmoEnv0.30.0/>"], "MalmoEnv0.37.0"),
        ([HELLO, request("Peek")], "before it has sent a mission"),
        ([HELLO, b"<Status/>"], "'Status'"),
        ([b"hello"], "begins 'hello'"),
    ]
    with served(Flatland()) as port:
        for messages, _ in cases:
            wire = Wire(socket.create_connection(("127.0.0.1", port)), "the server", 10)
            wire.send(*messages)
            with pytest.raises(HungUp):
                wire.receive("an answer")
            wire.close()
        with socket.create_connection(("127.0.0.1", port)) as line:
            line.sendall(b"\0\0\0\x20<Peek")
        env = MalmoEnv("Treechop", port=port)
        env.reset(seed=0)
        env.close()
    said = capfd.readouterr().err.splitlines()
    assert len(said) == len(cases) + 1
    for line, words in zip(said, [*(words for _, words in cases), "middle of a request: 5 of 32"], strict=True):
        assert line.startswith("malmo-serve: ") and words in line


def test_it_echoes_has_no_server_to_join_and_ends_when_told_to():
    with listen(port=0) as listening:
        thread = threading.Thread(target=serve, args=(Flatland(), listening))
        thread.start()
        wire = Wire(socket.create_connection(listening.getsockname()), "the server", 10)
        wire.send(HELLO, request("Echo", "here?"), request("Find", "uid:1:0:2"), request("Exit", "NOW"))
        assert wire.receive("an echo") == b"here?"
        assert (wire.number("a port"), wire.number("goodbye")) == (0, 1)
        thread.join(10)
        assert not thread.is_alive()
        wire.close()
    with socket.create_server(("127.0.0.1", 0)) as taken, pytest.raises(ValueError, match="another port"):
        listen(port=taken.getsockname()[1])


def alike(one, other):
    """Whether two streams of the game's messages are: pictures to the byte, numbers to a rounding."""
    assert len(one) == len(other)
    for mine, theirs in zip(one, other, strict=True):
        if mine[:1] == b"{":
            mine, theirs = json.loads(mine), json.loads(theirs)
            assert mine.keys() == theirs.keys()
            assert all(mine[k] == (pytest.approx(v) if isinstance(v, float) else v) for k, v in theirs.items())
        elif len(mine) == 10:
            assert struct.unpack("!dbb", mine) == pytest.approx(struct.unpack("!dbb", theirs))
        else:
            assert mine == theirs


def test_the_server_answers_the_golden_transcript_as_it_did():
    client, game = golden()
    assert [len(message) for message in game if message[:1] != b"{"] == [4, 4, 12288, 1, *[12288, 10] * 2]
    with listen(port=0) as pair:
        one, other = socket.create_connection(pair.getsockname()), pair.accept()[0]
    with one, other:
        session = threading.Thread(target=Session(Wire(other, "the client", 10), Flatland()).run)
        session.start()
        wire = Wire(one, "the server", 10)
        wire.send(*client)
        alike([wire.receive("an answer") for _ in game], game)
        session.join(10)
        assert not session.is_alive()


def test_our_client_says_what_minerls_said_and_sees_what_it_was_told():
    client, game = golden()
    heard = []

    def replay(listening):
        line, _ = listening.accept()
        with line:
            wire = Wire(line, "the client", 10)
            wire.send(*game)
            while not heard or heard[-1] != b"<Disconnect/>":
                heard.append(wire.receive("a message"))

    with listen(port=0) as listening:
        thread = threading.Thread(target=replay, args=(listening,))
        thread.start()
        env = MalmoEnv("NavigateDense", port=listening.getsockname()[1])
        seen = [(*env.reset(seed=17)[:1], 0.0)]
        seen += [
            env.step(still(env) | {"forward": 1, "camera": np.array([2.5, -10], np.float32)})[:2] for _ in range(2)
        ]
        env.close()
        thread.join(10)
    assert len(heard) == len(client)
    for ours, minerls in zip(heard, client, strict=True):
        if ours.startswith(b"<MissionInit"):
            assert mission.read(ours) == mission.read(minerls)
        elif ours.count(b":") == 5:  # the token
            assert ours.split(b":")[1:] == minerls.split(b":")[1:]
        else:
            assert sorted(_lines(ours)) == sorted(_lines(minerls))
    for (observation, _), picture, told in zip(seen, game[2::3], game[3:4] + game[7::3], strict=True):
        assert observation["pov"][::-1].tobytes() == picture
        assert observation["compass"]["angle"] == np.float32(json.loads(told)["compassAngle"])
    assert [reward for _, reward in seen[1:]] == [struct.unpack("!dbb", message)[0] for message in game[6::3]]


def _lines(message):
    """The commands of a step, which may stand in any order; of others the one line."""
    return message.replace(b"<StepClient0>", b"").replace(b"</StepClient0 >", b"").split(b"\n")


def test_the_compass_points_to_the_goal():
    here = (0.0, 0.0, 0.0)
    for yaw, east, south, angle in ((0.0, 0, 5, 0), (0.0, -5, 0, 90), (0.0, 5, 0, -90), (170.0, 0, 5, -170)):
        for turns in (0, 360):
            player = Player(here, yaw + turns, 0.0, {})
            assert compass(player, (float(east), 0.0, float(south))) == pytest.approx(angle)
