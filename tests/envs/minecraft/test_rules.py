"""What blocks do by themselves, as laws: what falls is conserved, water seeks its level, a fuse burns for its time."""

import numpy as np
import pytest

from worldsim_envs.minecraft.blocks import FALLS, LIQUID, NAMES, number
from worldsim_envs.minecraft.matter import FLUID, RESISTANCE, SAND, WATER
from worldsim_envs.minecraft.rules import CHAIN, FUSE, HELD, Event, Rules

AIR, STONE, GRAVEL, GRAIN, TNT = map(number, ("air", "stone", "gravel", "sand", "tnt"))
SPRING = number("water")


def room(shape=(20, 16, 20), floor=3):
    """Air in a tub of stone."""
    blocks = np.full(shape, STONE, np.uint8)
    blocks[1:-1, floor:, 1:-1] = AIR
    return blocks


def run(rules, blocks, ticks):
    return [event for _ in range(ticks) for event in rules.step(blocks)]


def happened(events, kind):
    return [event for event in events if event.kind == kind]


def test_where_nothing_was_touched_nothing_happens():
    blocks, rules = room(), Rules((20, 16, 20))
    blocks[5, 10, 5], blocks[6, 3, 6], blocks[9, 3, 9] = GRAIN, SPRING, TNT
    before = blocks.copy()
    assert run(rules, blocks, 100) == [] and np.array_equal(blocks, before) and rules.now == 100


def test_what_falls_is_conserved_and_comes_to_rest_on_something():
    rng = np.random.default_rng(0)
    blocks, rules = room(), Rules((20, 16, 20))
    pillars = rng.integers(1, 19, (60, 2))
    for x, z in pillars:
        blocks[x, 5, z], blocks[x, 6:9, z] = STONE, rng.choice([GRAIN, GRAVEL], 3)
    before, falling = np.bincount(blocks.ravel(), minlength=len(NAMES)), FALLS[blocks].sum((1,))
    for x, z in pillars:
        rules.put(blocks, int(x), 5, int(z), AIR)
    events = run(rules, blocks, 80)
    after = np.bincount(blocks.ravel(), minlength=len(NAMES))
    assert (after[[GRAIN, GRAVEL]] == before[[GRAIN, GRAVEL]]).all() and before[GRAIN] > 50
    assert np.array_equal(FALLS[blocks].sum((1,)), falling)  # straight down
    loose = np.argwhere(FALLS[blocks])
    assert (blocks[loose[:, 0], loose[:, 1] - 1, loose[:, 2]] != AIR).all() and loose[:, 1].max() == 5
    assert len(happened(events, "fell")) == len(happened(events, "landed")) == falling.sum()
    assert len(rules.pending) == 0  # at rest


def test_a_grain_falls_as_fast_as_gravity_lets_it_and_a_column_from_below():
    blocks, rules = room((8, 40, 8)), Rules((8, 40, 8))
    blocks[4, 30, 4], blocks[4, 31:34, 4] = STONE, GRAIN
    rules.put(blocks, 4, 30, 4, AIR)
    speed = height = 0.0
    for tick in range(1, 60):
        events = rules.step(blocks)
        assert not happened(events, "fell") or (events[0].y, tick) in {(31, SAND), (32, 2 * SAND), (33, 3 * SAND)}
        if tick > SAND:
            speed += 0.04
            height -= speed
            speed *= 0.98
        lowest = np.flatnonzero(blocks[4, 3:, 4] == GRAIN)[0] + 3
        assert lowest == 3 or abs(lowest - (31 + height)) < 1.01
    assert (blocks[4, 3:6, 4] == GRAIN).all()


def test_water_runs_seven_cells_on_the_flat_a_cell_in_five_ticks():
    blocks, rules = room((24, 8, 24)), Rules((24, 8, 24))
    rules.put(blocks, 12, 3, 12, SPRING)
    for tick in range(1, 60):
        rules.step(blocks)
        reached = min(tick // WATER, 7)
        assert int((FLUID[blocks] == 1).sum()) == 2 * reached * (reached + 1) + 1  # a diamond
    x, z = np.nonzero(LIQUID[blocks[:, 3]])
    assert np.array_equal(LIQUID[blocks[x, 3, z]] - 1, abs(x - 12) + abs(z - 12))
    rules.put(blocks, 12, 3, 12, AIR)
    run(rules, blocks, 120)
    assert not LIQUID[blocks].any() and len(rules.pending) == 0  # without its source it dries up


def test_water_never_goes_up_and_seeks_the_nearest_edge():
    rng = np.random.default_rng(1)
    blocks, rules = room(), Rules((20, 16, 20))
    steps = rng.random((18, 4, 18)) < 0.4
    blocks[1:-1, 3:7, 1:-1][steps] = STONE
    rules.put(blocks, 9, 7, 9, SPRING)
    run(rules, blocks, 300)
    wet = np.argwhere(LIQUID[blocks])
    assert len(wet) > 20 and wet[:, 1].max() == 7
    for x, y, z in wet[LIQUID[blocks[tuple(wet.T)]] > 1]:  # whatever is no source is fed from above or beside
        beside = [blocks[x + 1, y, z], blocks[x - 1, y, z], blocks[x, y, z + 1], blocks[x, y, z - 1]]
        higher = [LIQUID[kind] for kind in beside if LIQUID[kind]]
        assert LIQUID[blocks[x, y + 1, z]] or min(higher) == LIQUID[blocks[x, y, z]] - 1
    channel, rules = room((12, 8, 12), floor=4), Rules((12, 8, 12))
    channel[6, 3, 9] = AIR  # a hole, three cells away in one direction
    rules.put(channel, 6, 4, 6, SPRING)
    run(rules, channel, 60)
    assert set(map(tuple, np.argwhere(LIQUID[channel]))) == {(6, 4, 6), (6, 4, 7), (6, 4, 8), (6, 4, 9), (6, 3, 9)}


def test_sources_on_two_sides_fill_a_basin_level():
    blocks, rules = room((12, 8, 12)), Rules((12, 8, 12))
    for side in range(1, 11):
        rules.put(blocks, side, 3, 1, SPRING)
        rules.put(blocks, 1, 3, side, SPRING)
    run(rules, blocks, 200)
    assert (blocks[1:-1, 3, 1:-1] == SPRING).all() and not LIQUID[blocks[:, 4:]].any()


def test_lava_is_slow_and_becomes_stone_where_it_meets_water():
    lava = number("lava")
    blocks, rules = room((24, 8, 24)), Rules((24, 8, 24))
    rules.put(blocks, 12, 3, 12, lava)
    run(rules, blocks, 29)
    assert (FLUID[blocks] == 2).sum() == 1
    run(rules, blocks, 1)
    assert (FLUID[blocks] == 2).sum() == 5
    run(rules, blocks, 200)
    assert (FLUID[blocks] == 2).sum() == 2 * 3 * 4 + 1  # three cells far
    rules.put(blocks, 12, 3, 17, SPRING)
    run(rules, blocks, 200)
    assert number("cobblestone") in blocks and not (FLUID[blocks[:, 3, 15]] == 2).any()


@pytest.mark.parametrize("wait", [0, 7])
def test_tnt_explodes_exactly_at_the_end_of_its_fuse(wait):
    blocks, rules = room(floor=8), Rules((20, 16, 20))
    blocks[10, 8, 10] = TNT
    run(rules, blocks, wait)
    assert rules.use(blocks, 10, 8, 10)
    events = run(rules, blocks, FUSE - 1)
    assert [event.kind for event in events] == ["lit"] and blocks[10, 8, 10] == number("tnt_lit")
    assert rules.step(blocks) == [Event(wait + FUSE, "exploded", 10, 8, 10)] and blocks[10, 8, 10] == AIR


def test_a_crater_follows_from_what_the_ground_opposes_and_is_symmetric():
    sizes = {}
    for name in ("dirt", "planks", "stone", "bedrock"):
        blocks, rules = np.full((21, 16, 21), number(name), np.uint8), Rules((21, 16, 21))
        blocks[:, 8:] = AIR
        blocks[10, 8, 10] = TNT
        rules.use(blocks, 10, 8, 10)
        run(rules, blocks, FUSE)
        sizes[name] = int((blocks[:, :8] == AIR).sum())
        assert all(np.array_equal(blocks, same) for same in (blocks[::-1], blocks[:, :, ::-1], blocks.swapaxes(0, 2)))
    order = sorted(sizes, key=lambda name: RESISTANCE[number(name)])
    assert sizes["dirt"] > sizes["planks"] > sizes["stone"] > sizes["bedrock"] == 0 and order == list(sizes)


def test_an_explosion_lights_the_next_frees_the_sand_and_lets_the_water_in():
    blocks, rules = room(floor=8), Rules((20, 16, 20))
    blocks[5, 8, 5] = blocks[5, 8, 8] = TNT
    blocks[5, 12, 5], blocks[8, 7, 5] = GRAIN, SPRING
    rules.use(blocks, 5, 8, 5)
    events = run(rules, blocks, FUSE + CHAIN + 60)
    assert [(event.tick, event.z) for event in happened(events, "exploded")] == [(FUSE, 5), (FUSE + CHAIN, 8)]
    assert happened(events, "flowed") and (blocks == GRAIN).sum() <= 1


def test_a_button_opens_the_door_lights_the_lamp_and_lets_go():
    blocks, rules = room(), Rules((20, 16, 20))
    shut, button, lamp = number("door_closed"), number("button"), number("lamp")
    blocks[5, 3, 5], blocks[5, 3:5, 6], blocks[6, 3, 5] = button, shut, lamp
    blocks[12, 3:5, 12] = shut  # another one, far away
    before = blocks.copy()
    assert rules.use(blocks, 5, 3, 5)
    run(rules, blocks, HELD - 1)
    assert (blocks[5, 3:5, 6] == number("door_open")).all() and blocks[6, 3, 5] == number("lamp_on")
    assert (blocks[12, 3:5, 12] == shut).all()
    events = rules.step(blocks)
    assert {event.kind for event in events} == {"released", "closed"} and np.array_equal(blocks, before)
    assert rules.use(blocks, 12, 3, 12) and not rules.use(blocks, 1, 1, 1)
    run(rules, blocks, 60)
    assert (blocks[12, 3:5, 12] == number("door_open")).all()  # a hand opens it for good


def busy():
    """Sand in the air, water on its way, a fuse burning, a button down."""
    blocks, rules = room(floor=5), Rules((20, 16, 20))
    blocks[4, 8, 4], blocks[4, 9:12, 4], blocks[9, 5, 9] = STONE, GRAIN, TNT
    blocks[15, 5, 15], blocks[15, 5:7, 16] = number("button"), number("door_closed")
    rules.put(blocks, 4, 8, 4, AIR)
    rules.put(blocks, 8, 9, 12, SPRING)
    rules.use(blocks, 9, 5, 9)
    rules.use(blocks, 15, 5, 15)
    return blocks, rules


@pytest.mark.parametrize("cut", [0, 3, 13, 50, 79])
def test_saved_in_the_middle_of_a_fuse_it_goes_on_equal_to_the_bit(cut):
    blocks, rules = busy()
    run(rules, blocks, cut)
    kept, state = blocks.copy(), rules.save()
    events = run(rules, blocks, 150)
    assert happened(events, "exploded")
    other = Rules(blocks.shape)
    run(other, room(), 5)  # whatever it did before
    other.restore(state)
    assert run(other, kept, 150) == events and kept.tobytes() == blocks.tobytes()
    assert all(np.array_equal(one, two) for one, two in zip(other.save().values(), rules.save().values(), strict=True))
