"""Our voxel world behind the protocol, played by our own client."""

import socket
import subprocess
import sys

import numpy as np
import pytest
from flatland import served
from test_client import still

from worldsim.data.record import record
from worldsim_envs.cameras import Camera
from worldsim_envs.minecraft import player as body
from worldsim_envs.minecraft.blocks import BREAK, INDEX, SOLID
from worldsim_envs.minecraft.malmo import mission
from worldsim_envs.minecraft.malmo.client import MalmoEnv
from worldsim_envs.minecraft.malmo.overworld import AWAY, Overworld
from worldsim_envs.minecraft.malmo.tasks import find
from worldsim_envs.minecraft.malmo.wire import HELLO, HungUp, Token, Wire, request


@pytest.fixture(scope="module")
def island():
    return Overworld()


@pytest.fixture(scope="module")
def port(island):
    with served(island) as port:
        yield port


def asked(task, width=64, height=64):
    return mission.read(mission.write(find(task), "uid", width=width, height=height).encode())


def test_a_seed_is_an_episode_to_the_byte_and_another_another(port):
    def play(seed):
        env = MalmoEnv("NavigateDense", port=port)
        frames = [env.reset(seed=seed)[0]["pov"]]
        turn = still(env) | {"forward": 1, "camera": np.array([1, 5], np.float32)}
        frames += [env.step(turn)[0]["pov"] for _ in range(8)]
        env.close()
        return np.stack(frames)

    one, again, other = play(3), play(3), play(4)
    np.testing.assert_array_equal(one, again)
    assert (one != other).any() and (one[1:] != one[:-1]).any((1, 2, 3)).all()


def test_who_follows_the_compass_comes_to_the_goal_and_is_rewarded_by_the_way(port):
    came = 0
    for seed in (3, 5, 8):
        env = MalmoEnv("NavigateDense", port=port)
        observation, info = env.reset(seed=seed)
        start, total, terminated = info["malmo"]["distanceToCompassTarget"], 0.0, False
        assert AWAY[0] - 1 < start < AWAY[1] + 8
        for _ in range(300):
            right = np.clip(observation["compass"]["angle"], -10, 10)
            action = still(env) | {"forward": 1, "jump": 1, "camera": np.array([0, right], np.float32)}
            observation, reward, terminated, _, info = env.step(action)
            total += reward
            if terminated:
                break
        env.close()
        way = start - info["malmo"]["distanceToCompassTarget"]
        assert total == pytest.approx(way + 100 * terminated, abs=1e-3)
        came += terminated
    assert came >= 2


def test_a_log_that_is_broken_is_carried_and_rewarded_once(island, port):
    env = MalmoEnv("Treechop", port=port)
    env.reset(seed=2)
    world = island.world
    x, y, z = beside_a_trunk(world.blocks)
    world.player = body.spawn(x - 0.5, y, z + 0.5, yaw=-90.0, pitch=0.0)
    needed = int(BREAK[INDEX["log"]])
    rewards, carried = [], []
    for _ in range(needed):
        _, reward, _, _, info = env.step(still(env) | {"attack": 1})
        rewards.append(reward)
        carried.append([(each["type"], each["quantity"]) for each in info["malmo"]["inventory"]])
    assert world.blocks[x, y + 1, z] == 0
    assert rewards == [0.0] * (needed - 1) + [1.0]
    assert ("log", 1) in carried[-1] and ("log", 1) not in carried[-2] and ("iron_axe", 1) in carried[-1]
    env.close()


def beside_a_trunk(blocks):
    """A log at somebody's feet who stands to its west, with a log above it."""
    for x, y, z in np.argwhere(blocks == INDEX["log"]).tolist():
        room = not blocks[x - 1, y : y + 2, z].any() and SOLID[blocks[x - 1, y - 1, z]]
        if room and blocks[x, y + 1, z] == INDEX["log"]:
            return x, y, z
    raise AssertionError("this land has no tree to stand at; take another seed")


def test_dirt_is_placed_by_the_action_of_0_4_4(island, port):
    env = MalmoEnv("Navigate", port=port)
    env.reset(seed=2)
    world = island.world
    world.hands.carried[3] = INDEX["dirt"], 5
    world.player[body.PITCH] = 40.0
    before = int((world.blocks == INDEX["dirt"]).sum())
    observation = env.step(still(env) | {"place": env.choices["place"].index("dirt")})[0]
    assert (world.blocks == INDEX["dirt"]).sum() == before + 1
    assert observation["inventory"]["dirt"] == 4
    env.close()


def test_a_wide_frame_is_the_cut_out_of_a_square_one_with_the_same_view_from_top_to_bottom(island):
    island.begin(asked("Treechop"), 6)
    small, view = island.picture(32, 32, depth=False), island.world.camera
    np.testing.assert_array_equal(small, island.world.draw(view.resized(32), 32).rgb)
    wide = island.picture(64, 32, depth=True)
    assert wide.shape == (32, 64, 4)
    assert (wide[:, 16:48, :3] == small).all(-1).mean() > 0.99  # a ray along an edge may be rounded to its other side
    tall = island.picture(16, 32, depth=False)
    assert (tall == small[:, 8:24]).all(-1).mean() > 0.99
    metres = island.world.draw(Camera(view.pose, view.resized(32).intrinsics), 32, depth=True).depth
    off = np.abs(wide[:, 16:48, 3].astype(float) - np.minimum(metres * 4, 255))
    assert (off < 1.01).mean() > 0.99 and metres.min() < 60


def test_the_mission_is_what_the_player_begins_with(island):
    island.begin(asked("BasaltMakeWaterfall"), 1)
    slots = island.player().slots
    assert (slots[1].item, slots[1].count) == ("cobblestone", 20)
    assert {stack.item for stack in slots.values()} == {"water_bucket", "cobblestone", "stone_shovel", "stone_pickaxe"}


def test_what_hurts_is_told_and_who_has_no_life_left_is_done(island, port):
    env = MalmoEnv("Treechop", port=port)
    env.reset(seed=3)
    told = []
    for life in (20.0, 7.0, 0.0):
        island.world.life.life = life
        *_, terminated, _, info = env.step(still(env))
        told.append((info["malmo"]["life"], info["malmo"]["is_alive"], terminated))
    assert told == [(20.0, True, False), (7.0, True, False), (0.0, False, True)]
    env.close()


@pytest.mark.parametrize("where", ["<block>", 'type="'], ids=["to be found", "to be touched"])
def test_a_block_that_is_not_of_this_world_is_named_and_the_next_mission_is_played(port, capfd, where):
    document = mission.write(find("NavigateDense"), "uid", width=16, height=16)
    wire = Wire(socket.create_connection(("127.0.0.1", port)), "the server", 60)
    wire.send(
        HELLO, document.replace(f"{where}diamond_block", f"{where}unobtainium").encode(), str(Token("uid")).encode()
    )
    with pytest.raises(HungUp):
        wire.receive("an answer")
        wire.receive("a picture")
    wire.close()
    env = MalmoEnv("NavigateDense", port=port)
    env.reset(seed=3)
    env.close()
    [said] = capfd.readouterr().err.splitlines()
    assert said.startswith(
        "malmo-serve: the mission speaks of unobtainium; this world has no such block: bedrock, stone"
    )


def test_a_mission_that_is_refused_in_a_recording_leaves_the_episodes_that_were_finished(port, tmp_path, monkeypatch):
    def record_so(name):
        how = {"episodes": 3, "steps": 4, "policy": "walk", "size": 16, "env_kwargs": {"port": port}}
        return record("worldsim_envs:worldsim/MineRL-NavigateDense-v0", str(tmp_path / name), **how)

    def spoilt(task, uid, **how):
        document = write(task, uid, **how)
        return document if next(missions) != 2 else document.replace("diamond_block", "unobtainium")

    write, missions = mission.write, iter(range(100))
    monkeypatch.setattr(mission, "write", spoilt)  # one mission is for trying it, one is of the first episode
    with pytest.raises(ValueError, match=r"the game at .* hung up"):
        record_so("cut")
    assert [each.name for each in (tmp_path / "cut/.staging").glob("episode-*")] == ["episode-000000"]
    resumed, whole = record_so("cut"), record_so("whole")
    for one, other in zip(resumed, whole, strict=True):
        assert one.frames.tobytes() == other.frames.tobytes() and one.actions.tobytes() == other.actions.tobytes()


def test_the_command_serves_and_refuses_what_cannot_be():
    run = [sys.executable, "-m", "worldsim.cli", "malmo-serve"]
    with subprocess.Popen([*run, "--port", "0"], stdout=subprocess.PIPE, text=True) as server:
        line = server.stdout.readline()
        assert line.startswith("worldsim/Overworld-v0 by the Malmo-env protocol at 127.0.0.1:")
        port = int(line.split(";")[0].rpartition(":")[2])
        env = MalmoEnv("Treechop", port=port, width=16, height=16, timeout=120)
        env.reset(seed=0)
        env.close()
        wire = Wire(socket.create_connection(("127.0.0.1", port)), "the server", 20)
        wire.send(request("Exit", "NOW"))
        assert wire.number("goodbye") == 1
        assert server.wait(20) == 0
        wire.close()
    refused = subprocess.run([*run, "--template", "velvet"], capture_output=True, text=True)
    assert refused.returncode == 2 and "palette" in refused.stderr
