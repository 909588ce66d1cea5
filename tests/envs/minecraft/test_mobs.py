"""Mobs: who follows keeps its distance and passes through nothing, and a minecart stays on its rails."""

import numpy as np
import pytest

from worldsim_envs.minecraft import mobs
from worldsim_envs.minecraft import player as body
from worldsim_envs.minecraft.actions import noop, press
from worldsim_envs.minecraft.blocks import INDEX, SOLID
from worldsim_envs.minecraft.carts import cart
from worldsim_envs.minecraft.followers import follower
from worldsim_envs.minecraft.terrain import LAWN, meadow
from worldsim_envs.minecraft.world import Mob, Recipe, Stage, VoxelBackend

TRACK = {
    **{(east, 24): "rail_east_west" for east in range(28, 36)},
    (36, 24): "rail_south_west",
    (36, 25): "rail_north_south",
    (36, 26): "rail_north_west",
    (35, 26): "rail_south_east",
    (35, 27): "rail_north_south",
}
"""A track that bends to the right, to the right again and to the left, and ends."""

PACE = 0.083


def world(*things, change=lambda blocks: None, at=(32.5, 20.5)):
    """A meadow with the track, with so many things, and a player who looks south."""

    def build(draw):
        blocks = meadow()
        for (x, z), kind in TRACK.items():
            blocks[x, LAWN, z] = INDEX[kind]
        change(blocks)
        return Stage(blocks, body.spawn(at[0], LAWN, at[1], pitch=15), things)

    made = VoxelBackend(Recipe(slots=len(things), fps=20.0, build=build, expert=lambda world, rng: noop()))
    made.reset(0)
    return made


def ride(pace=PACE):
    return Mob(0, cart(28, LAWN, 24, rail="rail_east_west", toward="east", pace=pace), mobs.RIDE)


def come(x=32.5, z=30.5, **how):
    return Mob(1, follower(x, LAWN, z, **{"pace": 0.08, **how}), mobs.FOLLOW)


def places(made, ticks, action=None):
    """Where thing 0 is before each of so many ticks, and after them."""
    seen = [made.things.mobs[0, :3].copy()]
    for _ in range(ticks):
        made.step(action or noop())
        seen.append(made.things.mobs[0, :3].copy())
    return np.array(seen)


def apart(made):
    """How far thing 0 is from the player, level (m)."""
    return float(np.hypot(*(made.things.mobs[0, [0, 2]] - made.player[[0, 2]])))


def test_a_cart_is_always_on_a_rail_and_as_fast_on_bends_as_on_the_straight():
    seen = places(world(ride()), 170)
    cells = [(int(x), int(z)) for x, _, z in np.floor(seen)]
    assert list(dict.fromkeys(cells)) == list(TRACK)  # each once, in order
    steps = np.linalg.norm(np.diff(seen, axis=0), axis=1)
    rolls = steps > 0
    assert (steps[rolls] <= PACE + 1e-12).all() and (steps[rolls][:-1] > 0.99 * PACE).all()  # a bend's chord is shorter
    assert not rolls[rolls.argmin() :].any() and np.allclose(seen[-1], [35.5, LAWN, 27.5])


def test_its_way_does_not_depend_on_where_ticks_fall():
    slow, fast = places(world(ride(0.05)), 280), places(world(ride(0.1)), 140)
    assert np.allclose(slow[::2], fast)


def test_a_cart_looks_along_its_way():
    made = world(ride())
    for _ in range(120):
        before, turn = made.things.mobs[0, [0, 2]].copy(), made.things.mobs[0, mobs.TURN]
        made.step(noop())
        way = made.things.mobs[0, [0, 2]] - before
        after = made.things.mobs[0, mobs.TURN]
        middle = turn + ((after - turn + np.pi) % (2 * np.pi) - np.pi) / 2
        assert -np.sin(middle) * way[0] - np.cos(middle) * way[1] > 0.99 * np.linalg.norm(way)


def test_a_track_that_is_taken_away_stops_a_cart_and_a_hole_takes_it_in():
    made = world(ride())
    places(made, 40)
    here = made.things.mobs[0].copy()
    x, z = int(here[mobs.X]), int(here[mobs.Z])
    made.put((x, LAWN, z), 0)
    assert np.array_equal(places(made, 10)[-1], here[:3])
    for east in (x - 1, x, x + 1):
        made.put((east, LAWN - 1, z), 0)
    assert places(made, 20)[-1][1] == LAWN - 1
    assert made.truth(made.camera.resized(64), 64)["velocity"][0].max() == 0


def test_who_follows_comes_to_its_distance_and_stays_there():
    made = world(come(keep=2.5))
    places(made, 120)
    assert apart(made) == pytest.approx(2.5, abs=1e-6)
    there = made.things.mobs[0].copy()
    assert np.array_equal(places(made, 10)[-1], there[:3])
    for _ in range(40):
        made.step(press("back"))  # away from it
    walked = np.linalg.norm(made.things.mobs[0, :3] - there[:3])
    assert walked > 1 and apart(made) > 2.4


def test_who_follows_steps_back_from_who_comes_too_near():
    made = world(come(z=23.5, keep=2.5))
    places(made, 5)
    for _ in range(11):
        made.step(press("forward"))
    assert 0.3 < apart(made) < 1.5
    near = apart(made)
    places(made, 40)
    assert apart(made) > near and apart(made) == pytest.approx(1.5, abs=0.05)


def test_who_follows_goes_through_no_block_and_over_no_edge():
    def wall(blocks):
        blocks[:, LAWN : LAWN + 2, 28] = INDEX["stone"]

    def ditch(blocks):
        blocks[:, LAWN - 3 : LAWN, 28] = 0

    for change in (wall, ditch):
        made = world(come(x=31.3), change=change)
        seen = places(made, 150)
        assert 29 + mobs.SIDE / 2 <= seen[-1, 2] < 29.8 and (seen[:, 1] == LAWN).all()
        turn = made.things.mobs[0, mobs.TURN]
        toward = made.player[[0, 2]] - seen[-1, [0, 2]]
        assert np.allclose([-np.sin(turn), -np.cos(turn)], toward / np.linalg.norm(toward))  # it looks at the player
    for x, _, z in seen:
        assert not SOLID[made.blocks[int(x), LAWN, int(z)]]


def test_who_follows_falls_where_the_ground_is_taken_away():
    made = world(come(z=23.0, keep=2.5))
    for x in (31, 32, 33):
        for z in (22, 23):
            made.put((x, LAWN - 1, z), 0)
    fell = places(made, 15)[:, 1]
    assert (np.diff(fell) <= 0).all() and fell[-1] == LAWN - 1


def test_an_errand_is_run_and_ends():
    made = world(come(goal=(28.5, 27.5), keep=0.0))
    assert np.allclose(places(made, 120)[-1], [28.5, LAWN, 27.5])
    before = made.things.mobs[0].copy()
    for _ in range(20):
        made.step(press("forward"))
    assert np.array_equal(made.things.mobs[0], before)  # the player is nothing to it


def test_a_saved_moment_goes_on_as_it_did():
    made = world(ride(), come())
    for _ in range(70):
        made.step(press("left"))
    kept = made.save()

    def goes_on():
        return [made.vector() for _ in range(60) if made.step(press("back"))]

    first = goes_on()
    made.restore(0, (), kept)
    assert np.array_equal(first, goes_on()) and not np.array_equal(first[0], first[-1])


def test_a_cart_is_drawn_where_truth_says_with_its_own_size():
    made = world(ride())
    for _ in range(40):
        made.step(noop())
    camera = made.camera.resized(96)
    truth, ids = made.truth(camera, 96), made.draw(camera, 96, segmentation=True).segmentation
    assert ids is not None and truth["visible"][0] == 1
    rows, columns = np.nonzero(ids == 0)
    focal, (u, v) = camera.intrinsics[0, 0], truth["pixel"][0]
    assert np.hypot(columns.mean() + 0.5 - u, rows.mean() + 0.5 - v) < 1.5
    wide = focal * 2 * truth["size"][0, 2] / camera.project(truth["pos"])[1][0]
    assert np.ptp(columns) + 1 == pytest.approx(wide, rel=0.25)
    assert not truth["contact"][0, 0] and truth["contact"][0, 1]


def test_a_cart_off_the_rails_is_refused():
    with pytest.raises(ValueError, match="north and south"):
        cart(28, LAWN, 24, rail="rail_east_west", toward="north", pace=0.1)
    with pytest.raises(ValueError, match="rail_north_south"):
        cart(28, LAWN, 24, rail="stone", toward="north", pace=0.1)
