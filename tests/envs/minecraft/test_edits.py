"""Changes to single blocks: they do what they say and nothing else, and what cannot be is refused in words."""

import gymnasium
import numpy as np
import pytest

from worldsim_envs.minecraft.actions import noop
from worldsim_envs.minecraft.blocks import INDEX, NAMES, WOOLS
from worldsim_envs.minecraft.terrain import LAWN, SHAPE


@pytest.fixture(scope="module")
def env():
    return gymnasium.make("worldsim_envs:worldsim/VoxelSand-v0", size=16).unwrapped


@pytest.fixture
def world(env):
    env.reset(seed=0)
    return env.backend


def wool(world):
    """The first block of wool that is there: its slot and its cell."""
    slot = int(np.flatnonzero(world.things.present & ~world.things.is_mob)[0])
    return slot, tuple(world.things.cells[slot].tolist())


def spelled(cell):
    return ",".join(map(str, cell))


@pytest.mark.parametrize("block", ["stone", "water", "rail_north_south", "air"])
def test_a_block_is_set_and_no_other(env, world, block):
    before, cell = world.blocks.copy(), (10, LAWN, 40)
    env.intervene("set:10,16,41,dirt")
    env.intervene(f"set:{spelled(cell)},{block}")
    apart = np.argwhere(before != world.blocks).tolist()
    assert world.blocks[cell] == INDEX[block] and world.applied[-1] == f"set:{spelled(cell)},{block}"
    assert apart == [[10, LAWN, 40]] * (block != "air") + [[10, LAWN, 41]]


def test_a_broken_thing_is_there_no_longer_and_set_anew_it_is(env, world):
    slot, cell = wool(world)
    hue = int(world.things.paint[slot])
    env.intervene(f"break:{spelled(cell)}")
    assert world.blocks[cell] == 0 and not env.truth()["present"][slot]
    env.intervene(f"set:11,{LAWN},41,{NAMES[WOOLS[hue]]}")
    truth = env.truth()
    assert truth["present"][slot] and truth["pos"][slot].tolist() == [11.5, LAWN + 0.5, 41.5]


def test_a_change_wakes_what_is_around_it(env, world):
    sand = np.argwhere(np.isin(world.blocks, [INDEX["sand"], INDEX["gravel"]]))[0]
    below = sand - [0, 1, 0]
    assert world.blocks[tuple(below)]
    env.intervene(f"break:{spelled(below.tolist())}")
    fell = sum(int(env.step(noop())[-1]["truth"]["events"].sum()) for _ in range(6))
    assert fell and world.blocks[tuple(sand)] == 0


def test_a_change_is_part_of_what_is_saved(env, world):
    env.intervene(f"set:10,{LAWN},40,lava")
    kept = env.save()
    after = [env.step(noop())[-1]["truth"]["simulator"] for _ in range(4)]
    env.reset(seed=1)
    env.restore(kept)
    assert env.backend.applied == (f"set:10,{LAWN},40,lava",)
    assert np.array_equal(after, [env.step(noop())[-1]["truth"]["simulator"] for _ in range(4)])


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ("set:10,16,40,cheese", r"no block 'cheese'.*cobblestone"),
        (f"set:{SHAPE[0]},16,40,stone", r"out of the world: x is 0 to 63, y 0 to 47, z 0 to 63"),
        ("break:10,-1,40", r"out of the world"),
        ("break:10,16,40", r"there is air; set:10,16,40,<block>"),
        ("set:10,16,stone", r"spelled set:<x>,<y>,<z>,<block>, as in set:"),
        ("break:10, 16, 40", r"spelled break:<x>,<y>,<z>, as in break:"),
        ("set:1.5,16,40,stone", r"spelled set:"),
        ("dig:10,16,40", r"no change 'dig:10,16,40' .*remove:0.*break:<x>,<y>,<z>, set:<x>"),
        ("set:32,16,20,stone", r"the player or a mob"),
    ],
)
def test_what_cannot_be_is_refused_and_changes_nothing(env, world, change, says):
    before = world.vector()
    with pytest.raises(ValueError, match=says):
        env.intervene(change)
    assert np.array_equal(before, world.vector()) and world.applied == ()


def test_no_two_things_get_one_hue(env, world):
    slot, _ = wool(world)
    name = NAMES[WOOLS[world.things.paint[slot]]]
    with pytest.raises(ValueError, match=f"thing {slot} has it; .* remove:{slot}"):
        env.intervene(f"set:10,{LAWN},40,{name}")
    env.intervene(f"remove:{slot}")
    env.intervene(f"set:10,{LAWN},40,{name}")
    assert env.truth()["present"][slot]


@pytest.mark.parametrize("version", [None, 1, 99])
def test_a_state_of_another_version_is_refused(env, world, version):
    kept, before = env.save(), world.vector()
    state = {name: value for name, value in kept.simulator.items() if name != "version"}
    if version is not None:
        state["version"] = np.array(version)
    with pytest.raises(ValueError, match=rf"version {version or 1} of the voxel world, and this is version \d.*seed 0"):
        env.restore(kept._replace(simulator=state))
    assert np.array_equal(before, world.vector())
    env.restore(kept)
