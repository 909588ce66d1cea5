"""A player moves as in Minecraft: along the recorded trajectories, and by the laws that they are instances of."""

import json
from pathlib import Path

import numpy as np
import pytest

from worldsim_envs.minecraft.actions import noop, press
from worldsim_envs.minecraft.blocks import number
from worldsim_envs.minecraft.player import GROUND, PITCH, VX, VY, VZ, WATER, YAW, X, Y, Z, eye, gaze, spawn, step

GOLDEN = Path(__file__).parent / "golden"
SCRIPTS = json.loads((GOLDEN / "scripts.json").read_text())
PATHS = json.loads((GOLDEN / "paths.json").read_text())


def world(*boxes, shape=(64, 64, 64)):
    """Air and boxes of blocks: [name, level, low corner, high corner]."""
    blocks = np.zeros(shape, np.uint8)
    for name, level, *corners in boxes:
        low, high = corners[:3], corners[3:]
        blocks[tuple(map(slice, low, high))] = number(f"{name}_{level}" if level else name)
    return blocks


def floor(top=4, shape=(64, 64, 64)):
    return world(("stone", 0, 0, 0, 0, shape[0], top, shape[2]), shape=shape)


def walk(blocks, player, *actions):
    path = [player]
    for action in actions:
        path.append(step(blocks, path[-1], action))
    return np.array(path)


@pytest.mark.parametrize("name", SCRIPTS)
def test_a_player_follows_the_recorded_trajectory(name):
    """Of prismarine-physics; `golden/record.js` says how they were recorded."""
    script = SCRIPTS[name]
    blocks, (x, y, z, yaw) = world(*script["boxes"]), script["start"]
    keys = [press(*held.split()) for ticks, held in script["keys"] for _ in range(ticks)]
    ours = walk(blocks, spawn(x, y, z, yaw=yaw), *keys)[1:]
    theirs = np.array(PATHS[name])
    assert len(ours) == len(theirs) >= 10
    assert np.abs(ours[:, :3] - theirs[:, :3]).max() < 1e-6
    assert np.array_equal(ours[:, GROUND], theirs[:, 3])
    assert name == "stand" or np.ptp(theirs[:, :3], axis=0).max() > 0.5  # something happens in it


def test_a_jump_rises_by_1_2522():
    path = walk(floor(), spawn(20.5, 4, 20.5), noop(), noop(), press("jump"), *[noop()] * 20)
    assert path[:, Y].max() - 4 == pytest.approx(1.2522, abs=5e-5)
    assert path[-1, Y] == 4 and path[-1, GROUND] == 1


def test_speeds_are_the_games():
    """Metres a second on the flat, from the Minecraft Wiki: walking 4.317, sprinting 5.612, sneaking 1.295 (1.31)."""
    for keys, speed in ((("forward",), 4.317), (("forward", "sprint"), 5.612), (("forward", "sneak"), 1.295)):
        path = walk(floor(), spawn(20.5, 4, 2.5), *[press(*keys)] * 60)
        assert (path[-1, Z] - path[-2, Z]) * 20 == pytest.approx(speed, rel=2e-3)
    back = walk(floor(), spawn(20.5, 4, 40.5), *[press("back", "sprint")] * 60)
    assert (back[-2, Z] - back[-1, Z]) * 20 == pytest.approx(4.317, rel=2e-3)  # nobody sprints backwards


def test_who_lets_go_slides_on_and_who_jumps_keeps_more():
    run = walk(floor(), spawn(20.5, 4, 2.5), *[press("forward", "sprint")] * 30)[-1]
    ground = walk(floor(), run, *[noop()] * 3)
    air = walk(floor(), run, press("jump"), *[noop()] * 3)
    assert np.allclose(ground[2:, VZ] / ground[1:-1, VZ], 0.6 * 0.91)  # slipperiness times drag
    assert np.allclose(air[3:, VZ] / air[2:-1, VZ], 0.91)


def test_nothing_falls_or_walks_through_a_block():
    rng = np.random.default_rng(0)
    blocks = floor(3, (20, 24, 20))
    blocks[rng.integers(0, 20, 300), rng.integers(3, 20, 300), rng.integers(0, 20, 300)] = number("stone")
    keys = ("forward", "back", "left", "right", "jump", "sprint", "sneak")
    inside, moved = 0, 0.0
    for _ in range(6):
        spots = np.argwhere((blocks[:, :-2] == 0) & (blocks[:, 1:-1] == 0))
        x, y, z = spots[rng.integers(len(spots))].tolist()
        player = spawn(x + 0.5, y, z + 0.5)
        for _ in range(300):
            held = [key for key in keys if rng.random() < 0.4]
            after = step(blocks, player, press(*held, camera=tuple(rng.normal(0, 20, 2).tolist())))
            moved += float(np.abs(after[:3] - player[:3]).sum())
            player = after
            low = np.floor(np.subtract(player[:3], (0.3, 0, 0.3)) + 1e-6).astype(int)
            high = np.ceil(np.add(player[:3], (0.3, 1.8, 0.3)) - 1e-6).astype(int)
            assert (low >= 0).all() and high[0] <= 20 and high[2] <= 20
            inside += int((blocks[tuple(map(slice, low, high))] == number("stone")).sum())
    assert inside == 0 and moved > 100


def test_who_sneaks_never_falls_off_an_edge():
    """Whichever way one goes, also along a wall that stands beside the ledge."""
    rng = np.random.default_rng(1)
    blocks = world(
        ("stone", 0, 0, 0, 0, 32, 1, 32), ("stone", 0, 12, 0, 12, 18, 9, 18), ("stone", 0, 18, 0, 0, 19, 20, 32)
    )
    reached = 0
    for seed in range(8):
        player = walk(blocks, spawn(15.5, 9, 15.5, yaw=45 * seed), noop())[-1]
        for _ in range(150):
            way = ("forward", "back", "left", "right")[rng.integers(4)] if rng.random() < 0.2 else "forward"
            player = step(blocks, player, press("sneak", way, camera=(0, float(rng.normal(0, 3)))))
            assert player[Y] == 9
            reached += player[X] < 11.8 or abs(player[Z] - 15) > 3.1  # leans over the edge
    assert reached > 50
    fallen = walk(blocks, spawn(15.5, 9, 15.5), *[press("forward")] * 60)[-1]
    assert fallen[Y] == 1  # who walks, falls


def test_the_camera_turns_down_and_right_and_no_further_than_straight():
    path = walk(floor(), spawn(20.5, 4, 20.5), noop(), press(camera=(30, 90)), press(camera=(100, 100)))
    assert path[2, [PITCH, YAW]].tolist() == [30, 90] and path[3, [PITCH, YAW]].tolist() == [90, -170]
    assert np.allclose(gaze(spawn(0, 0, 0)), [0, 0, 1]) and np.allclose(gaze(spawn(0, 0, 0, yaw=90)), [-1, 0, 0])
    assert np.allclose(gaze(spawn(0, 0, 0, pitch=90)), [0, -1, 0])
    assert np.allclose(eye(path[1]), [20.5, 5.62, 20.5])


def test_water_carries_who_stands_in_it_over_the_edge_too():
    channel = [("stone", 0, 15, 4, 0, 16, 8, 32), ("stone", 0, 17, 4, 0, 18, 8, 32), ("stone", 0, 0, 0, 0, 32, 4, 32)]
    rising = [("water", level, 16, 4, 12 + level, 17, 5, 13 + level) for level in range(8)]
    path = walk(world(*channel, *rising), spawn(16.5, 4, 12.5), *[noop()] * 100)
    assert path[-1, Z] > 18 and (np.diff(path[:, Z]) >= 0).all() and path[5, WATER] == 1
    below = [("air", 0, 16, 3, 16, 17, 4, 17), ("water", 1, 16, 3, 16, 17, 4, 17)]
    short = [("water", level, 16, 4, 13 + level, 17, 5, 14 + level) for level in (0, 1, 2)]
    pull = walk(world(*channel, *short, *below), spawn(16.5, 4, 15.4), noop(), noop())
    assert pull[-1, VZ] > 0.01


def test_a_step_changes_nothing_that_it_was_given_and_is_equal_each_time():
    blocks, player = floor(), spawn(20.5, 4, 20.5)
    kept = blocks.copy(), player.copy()
    keys = [press("forward", "jump", camera=(1.5, 7)), press("left", "sprint", "forward")] * 30
    one, two = walk(blocks, player, *keys), walk(blocks, player, *keys)
    assert one.tobytes() == two.tobytes() and np.array_equal(blocks, kept[0]) and np.array_equal(player, kept[1])
    halves = np.concatenate([walk(blocks, player, *keys[:25]), walk(blocks, one[25], *keys[25:])[1:]])
    assert halves.tobytes() == one.tobytes()  # the state is all there is
    assert one[-1, [VX, VY, VZ]].any()
