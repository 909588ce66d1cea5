"""Causes among blocks: the act has its consequence, nothing else has, and it comes when the rules say."""

from functools import cache

import numpy as np
import pytest

from worldsim_envs.minecraft import causes
from worldsim_envs.minecraft.acts import AFTER, LATE, START, STEPS
from worldsim_envs.minecraft.blocks import FALLS, LIQUID
from worldsim_envs.minecraft.causes import SCENES
from worldsim_envs.minecraft.world import EVENTS
from worldsim_envs.variation import RANGES, Variation

ACTS = {"VoxelBreak": "broke", "VoxelPlace": "placed", "VoxelSand": "fell", "VoxelWater": "flowed"}
ACTS |= {"VoxelButton": "opened", "VoxelTNT": "exploded"}
"""What the act of each scene is to bring about."""


def named(scene):
    return scene.name.split("/")[1].split("-")[0]


def act(scene):
    """The name of the arm in which the hand acts."""
    return next(iter(scene.families.values()))[1]


class Told:
    """What was true along an arm: things by frame, how many times what happened by frame, and the blocks at the end."""

    def __init__(self, scene, arm, seed, ranges):
        world = scene.backend("auto", False, Variation("palette", ranges))
        world.reset(seed)
        truths, poses = [], []
        self.before = world.blocks.copy()
        actions = world.arms()[arm].actions
        for action in [None, *actions]:
            if action is not None:
                world.step(action)
            camera = world.camera
            truths.append(world.truth(camera.resized(64), 64))
            poses.append(camera.pose)
        self.place, self.there = (np.array([truth[name] for truth in truths]) for name in ("pos", "present"))
        self.events = {name: np.array([truth["events"][at] for truth in truths]) for at, name in enumerate(EVENTS)}
        self.poses, self.after = np.array(poses), world.blocks.copy()

    def when(self, event):
        """In which frames something happened."""
        return np.flatnonzero(self.events[event]).tolist()


@cache
def _told(name, arm, seed, ranges):
    return Told(next(scene for scene in SCENES if scene.name == name), arm, seed, ranges)


def tell(scene, arm, seed=0, ranges="train"):
    return _told(scene.name, arm, seed, ranges)


SEEDS = range(3)
each = pytest.mark.parametrize("scene", SCENES, ids=named)


@each
@pytest.mark.parametrize("ranges", RANGES)
def test_the_act_brings_it_about_and_nothing_else_does(scene, ranges):
    event = ACTS[named(scene)]
    for seed in SEEDS:
        done, watched = tell(scene, act(scene), seed, ranges), tell(scene, "factual", seed, ranges)
        assert done.when(event) and min(done.when(event)) > START
        assert not any(watched.events[name].any() for name in EVENTS)
        assert (np.array_equal(watched.before, watched.after) and not np.array_equal(done.before, done.after)) or (
            event == "opened"  # a door closes again
        )


@each
def test_a_thing_that_was_not_touched_is_moved_by_it(scene):
    for seed in SEEDS:
        done, watched = tell(scene, act(scene), seed), tell(scene, "factual", seed)
        stays = done.there.all(0) & watched.there.all(0)
        away = np.linalg.norm(done.place - watched.place, axis=-1)[:, stays]
        assert away[: START + 1].max() == 0 and away[-1].max() > 0.3, seed
        assert (away[-1] == 0).any() or stays.sum() == 1  # and others are not


@each
def test_a_swing_at_the_air_moves_nothing(scene):
    for seed in SEEDS:
        swung, watched = tell(scene, "placebo", seed), tell(scene, "factual", seed)
        assert np.array_equal(swung.place, watched.place) and np.array_equal(swung.after, watched.after)
        assert not any(swung.events[name].any() for name in EVENTS)
        turned = np.abs(swung.poses - watched.poses).max((1, 2))
        assert turned.max() > 0.5 and turned[[START, -1]].max() < 1e-6  # it looked up, and back


@each
def test_who_turns_away_comes_back_to_what_is_true(scene):
    gone, done = tell(scene, "away"), tell(scene, "do:away")
    assert np.allclose(gone.poses, done.poses) and np.allclose(gone.poses[-1], gone.poses[0], atol=1e-6)
    ahead = gone.poses[:, :3, 2] @ gone.poses[0, :3, 2]
    assert ahead[AFTER] > 0.999 and ahead.min() < -0.1 and (ahead < 0.2).sum() >= 12
    assert not np.array_equal(gone.after, done.after) or named(scene) == "VoxelButton"
    assert np.array_equal(done.place, tell(scene, act(scene)).place)  # looking away changes nothing


@each
def test_later_acts_have_later_consequences(scene):
    soon, late = tell(scene, act(scene)), tell(scene, "do:late")
    event = ACTS[named(scene)]
    assert [frame + LATE for frame in soon.when(event)] == late.when(event)


def test_a_fuse_burns_eighty_ticks_and_what_stands_near_is_gone_or_falls():
    for seed in SEEDS:
        done = tell(causes.TNT, "do:light", seed)
        assert done.when("lit") == [START + 1] and done.when("exploded") == [START + 40]
        lost = done.there[0] & ~done.there[-1]
        assert lost.any() and done.there[START + 39].all(where=done.there[0])
        assert (done.after == 0).sum() - (done.before == 0).sum() > 20


def test_water_takes_a_cell_in_five_ticks_and_stays_in_its_trench():
    for seed in SEEDS:
        done = tell(causes.WATER, "do:break", seed)
        frames = done.when("flowed")
        assert len(frames) == done.events["flowed"].sum() >= 6 and set(np.diff(frames)) == {2, 3}
        dug = (done.before == 0) & (done.after != 0)
        assert LIQUID[done.after[dug]].all() and len(np.unique(np.argwhere(dug)[:, 0])) == 1


def test_a_door_is_open_for_twenty_ticks():
    for seed in SEEDS:
        done = tell(causes.BUTTON, "do:press", seed)
        assert done.when("opened") == [START + 1] and done.when("closed") == [START + 10]
        assert np.array_equal(done.before, done.after)


def test_all_sand_that_falls_lands():
    for seed in SEEDS:
        done = tell(causes.SAND, "do:break", seed)
        assert done.events["fell"].sum() == done.events["landed"].sum() == FALLS[done.before].sum()
        assert FALLS[done.after].sum() == FALLS[done.before].sum()


def test_the_same_seed_is_the_same_world_and_another_is_not():
    for scene in SCENES:
        one, two, other = Told(scene, "factual", 3, "train"), tell(scene, "factual", 3), tell(scene, "factual", 4)
        assert one.place.tobytes() == two.place.tobytes() and one.after.tobytes() == two.after.tobytes()
        assert one.place.tobytes() != other.place.tobytes()
        assert len(one.place) == STEPS + 1
