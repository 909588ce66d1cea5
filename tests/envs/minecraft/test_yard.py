"""A player goes the ways of a camera: there and back, mirrored by its twin, and past beacons that say where it is."""

from functools import cache

import numpy as np
import pytest

from worldsim_envs.cameras import Path, dolly, strafe
from worldsim_envs.minecraft.blocks import HUE, WOOLS
from worldsim_envs.minecraft.ways import FPS, MIDDLE, SETTLE, SNEAKING, WALKING, act, circle, orbit
from worldsim_envs.minecraft.world import FOV
from worldsim_envs.minecraft.yard import CONTEXT, HOLD, MOSAIC, TOUR, YARD
from worldsim_envs.variation import RANGES, Variation

SCENES = (YARD, TOUR, MOSAIC, HOLD)
BEGUN = {YARD.name: CONTEXT, MOSAIC.name: CONTEXT, TOUR.name: 64}
"""How many frames the arms share."""


def poses(scene, seed, ranges="train"):
    """The camera along every arm: by name, a pose a frame."""
    return _poses(scene.name, seed, ranges)


@cache
def _poses(name, seed, ranges):
    scene = next(scene for scene in SCENES if scene.name == name)
    world = scene.backend("auto", False, Variation("palette", ranges))
    world.reset(seed)
    found = {}
    for name, arm in world.arms().items():
        world.reset(seed)
        found[name] = [world.camera.pose]
        for action in arm.actions:
            world.step(action)
            found[name].append(world.camera.pose)
    return {name: np.stack(each) for name, each in found.items()}


def turned(one, other):
    """By how much two poses are turned against each other (degrees)."""
    return np.rad2deg(np.arccos(np.clip((np.trace(one[:3, :3].T @ other[:3, :3]) - 1) / 2, -1, 1)))


@pytest.mark.parametrize("scene", (YARD, TOUR), ids=lambda scene: scene.name)
@pytest.mark.parametrize("ranges", RANGES)
def test_it_comes_back_to_where_it_was(scene, ranges):
    for name, each in poses(scene, 1, ranges).items():
        start, end = each[BEGUN[scene.name] - 1], each[-1]
        if name.startswith("rvs"):
            start = each[BEGUN[scene.name] + 10]  # the place that is looked at twice
        assert np.linalg.norm(start[:3, 3] - end[:3, 3]) < 0.02, name
        assert turned(start, end) < 0.5, name
        moved = np.linalg.norm(each[:, :3, 3] - start[:3, 3], axis=1).max()
        assert moved > 0.5 or max(turned(start, pose) for pose in each) > 4, name


@pytest.mark.parametrize("scene", (YARD, TOUR, MOSAIC), ids=lambda scene: scene.name)
def test_twins_share_their_context_and_mirror_each_other_from_then_on(scene):
    flip = np.diag([-1.0, 1, 1])
    for seed in range(2):
        found, begun = poses(scene, seed), BEGUN[scene.name]
        for names in scene.families.values():
            one, two = (found[name] for name in names)
            assert np.array_equal(one[:begun], two[:begun]) and not np.array_equal(one[begun], two[begun])
            if names[0].endswith("right"):
                start = one[begun - 1]
                mirrored = (one[begun:, :3, 3] - start[:3, 3]) @ flip
                assert np.allclose(mirrored, two[begun:, :3, 3] - start[:3, 3], atol=1e-5), names
                assert np.allclose(one[begun:, :3, 2] @ flip, two[begun:, :3, 2], atol=1e-5), names
            else:  # up and down, in and out: the way there is of the other sign
                away = (one[begun + 30] - one[begun - 1])[[1, 2], [2, 3]]
                assert np.abs(away).max() > 0.05
                assert np.allclose(away, -(two[begun + 30] - two[begun - 1])[[1, 2], [2, 3]], atol=1e-5), names


def test_more_than_half_of_a_short_path_was_seen_before():
    for ranges in RANGES:
        each = poses(YARD, 1, ranges)["yaw:right"]
        assert max(turned(each[0], pose) for pose in each) <= FOV / 2


def test_a_tour_looks_every_way_and_closes():
    each = poses(TOUR, 0)["yaw:right"][: BEGUN[TOUR.name]]
    ways = np.sort(np.arctan2(each[:, 0, 2], each[:, 2, 2]))
    assert np.diff(ways, append=ways[0] + 2 * np.pi).max() <= 2 * np.pi / 20
    assert np.linalg.norm(each[0, :3, 3] - each[-1, :3, 3]) < 0.01 and turned(each[0], each[-1]) < 0.1
    away = np.hypot(each[:, 0, 3] - MIDDLE[0], each[:, 2, 3] - MIDDLE[1])
    assert np.ptp(away) < 0.1  # around the middle


def test_who_holds_moves_by_nothing_while_things_walk():
    world = HOLD.backend("auto", False, Variation())
    world.reset(0)
    where, camera = [], []
    for action in world.arms()["hold"].actions:
        world.step(action)
        truth = world.truth(world.camera.resized(64), 64)
        where.append(truth["pos"])
        camera.append(world.camera.pose)
        assert (truth["visible"] > 0).any()
    assert np.array_equal(np.stack(camera), np.repeat(camera[:1], len(camera), 0))
    assert (np.ptp(where, 0).max(1) > 1).all()


@pytest.mark.parametrize("scene", (YARD, TOUR, HOLD), ids=lambda scene: scene.name)
def test_beacons_are_where_truth_says_and_nothing_else_has_their_hues(scene):
    for seed in range(4):
        world = scene.backend("auto", False, Variation())
        world.reset(seed)
        truth = world.truth(world.camera.resized(64), 64)
        pairs = truth["beacon_hue"]
        assert len({tuple(pair) for pair in pairs.tolist()}) == len(pairs) == len(truth["beacon"]) == 28
        cells = np.floor(truth["beacon"]).astype(int)
        assert np.array_equal(HUE[world.blocks[tuple(np.moveaxis(cells, -1, 0))]], pairs)
        assert np.isin(world.blocks, WOOLS).sum() == pairs.size + (~world.things.is_mob).sum()
        assert not set(truth["hue"].tolist()) & set(pairs.ravel().tolist())
        assert not any(change.startswith("recolour") for change in world.changes)  # there is no hue to take


def gone(path):
    """Where a path leads on a meadow, from 4 m before its middle: the player after each frame."""
    world = YARD.backend("auto", False, Variation())
    world.reset(0)
    found = []
    for command in [np.zeros(5), *path.velocities]:
        world.step(act(command))
        found.append(world.player.copy())
    return np.stack(found)


@pytest.mark.parametrize("make", (strafe, dolly))
def test_a_key_brings_one_as_far_as_its_opposite_brings_one_back(make):
    frames = 2 * (6 + SETTLE)
    found = gone(make(SNEAKING * 6 / FPS, frames, FPS, SETTLE))
    away = np.linalg.norm(found[:, :3] - found[0, :3], axis=1)
    assert away[frames // 2] == pytest.approx(SNEAKING * 6 / FPS, abs=0.01)  # glides as far as it was slow to start
    assert away[-1] < 1e-9


def test_an_arc_keeps_its_distance_and_a_circle_is_one():
    path, radius = circle(32, 36)
    assert 2 * np.pi * radius == pytest.approx(32 * WALKING / FPS, rel=0.02)
    assert np.abs(path.velocities[:, 4]).sum() / FPS == pytest.approx(2 * np.pi, abs=0.3)
    for moving, turned in ((6, 9), (8, 12), (12, 15), (24, 33)):  # the least and the most that any range asks for, too
        player = gone(orbit(moving, SNEAKING, 4.5, 64))
        away = np.hypot(player[:, 0] - MIDDLE[0], player[:, 2] - MIDDLE[1])
        assert np.ptp(away) < 0.1 and np.ptp(player[:, 6]) > turned
        assert np.linalg.norm(player[-1, :3] - player[0, :3]) < 0.02


def test_a_path_that_feet_cannot_go_is_refused():
    for velocities in ([0, 0, 1.0, 0, 0], [0, 2.0, 0, 0, 0], [WALKING, SNEAKING, 0, 0, 0]):
        with pytest.raises(ValueError, match="sneaking"):
            act(Path("DOL", np.array([velocities]), FPS).velocities[0])
