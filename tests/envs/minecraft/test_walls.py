"""Behind a wall: what passes is hidden for just as long as the seed says, and its twin differs by it alone."""

import numpy as np
import pytest

from worldsim_envs.minecraft import mobs
from worldsim_envs.minecraft.walls import FPS, STEPS, WALL
from worldsim_envs.variation import RANGES, SPELLS, Variation


def told(seed, arm="present", ranges="train"):
    """The truths along an arm, without pictures, and whether thing 0 rides."""
    world = WALL.backend("auto", False, Variation("palette", ranges))
    world.reset(seed)
    actions, changes = world.arms()[arm]
    truths = []
    for step in range(STEPS + 1):
        for _, change in (each for each in changes if each[0] == step):
            world.intervene(change)
        truths.append(world.truth(world.camera.resized(64), 64))
        if step < STEPS:
            world.step(actions[step])
    return truths, bool(world.things.gait[0] == mobs.RIDE)


@pytest.mark.parametrize("ranges", RANGES)
def test_it_is_seen_then_hidden_as_long_as_the_seed_says_then_seen_to_the_end(ranges):
    rides = set()
    for seed, gone in enumerate(SPELLS, start=10):
        truths, one = told(seed, ranges=ranges)
        rides.add(one)
        visible = np.array([truth["visible"][0] for truth in truths])
        hidden = np.flatnonzero(visible == 0)
        assert len(hidden) == round(gone * FPS) and (np.diff(hidden) == 1).all(), seed
        assert 15 <= hidden[0] <= 20 and visible[:8].max() > 0.75 and visible[-1] == 1, seed
    assert ranges != "train" or rides == {True, False}


def test_it_goes_on_behind_the_wall_as_fast_as_before_it():
    for seed in (12, 13, 14):
        truths, _ = told(seed)
        place = np.array([truth["pos"][0] for truth in truths])
        speed = np.linalg.norm([truth["velocity"][0, :3] for truth in truths], axis=1)
        hidden = np.flatnonzero([truth["visible"][0] == 0 for truth in truths])
        assert np.allclose(speed[1 : hidden[-1]], speed[1]) and speed[1] > 0.5
        gone = np.linalg.norm(np.diff(place, axis=0), axis=1) * FPS
        assert np.allclose(gone, speed[1:], atol=1e-9)


def test_where_it_never_was_all_else_is_the_same():
    there, gone = told(13)[0], told(13, "absent")[0]
    for one, other in zip(there, gone, strict=True):
        assert one["present"][0] and not other["present"][0]
        for name in ("pos", "visible", "hue", "velocity"):
            assert np.array_equal(one[name][1:], other[name][1:])
