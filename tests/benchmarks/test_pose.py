"""A picture of beacons says where it was taken from, in either suite, and says nothing where it shows none."""

from functools import cache

import gymnasium
import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from worldsim_benchmarks.pose import FEWEST, PoseReader
from worldsim_benchmarks.trial import noise
from worldsim_envs import SCENES, palette

SIZE = 128


@cache
def clip(scene, arm, every=1):
    """Frames of an arm, where they were taken from, and who reads them."""
    name = f"worldsim/{scene}-v0"
    env = gymnasium.make(f"worldsim_envs:{name}", size=SIZE, renderer=SCENES[name].renderer).unwrapped
    env.reset(seed=1)
    told = list(env.tell(env.arms()[arm]))[::every]
    reader = PoseReader(env.truth(), env.camera.intrinsics, palette.RGB, env.scene.up)
    return np.stack([seen["pov"] for seen, _ in told]), np.stack([info["camera"]["pose"] for _, info in told]), reader


def wrong(poses, real):
    """How far off poses are that were read: degrees, metres."""
    read = np.isfinite(poses.pose[:, 0, 0])
    between = poses.pose[read, :3, :3].transpose(0, 2, 1) @ real[read, :3, :3]
    turned = np.rad2deg(Rotation.from_matrix(between).magnitude())
    return turned, np.linalg.norm(poses.pose[read, :3, 3] - real[read, :3, 3], axis=1)


@pytest.mark.parametrize(
    ("scene", "arm"),
    [("VoxelYard", "trl:left"), ("VoxelYard", "dol:in"), ("VoxelTour", "yaw:right"), ("Gallery", "orb:right")],
)
def test_it_says_where_each_frame_was_taken_from(scene, arm):
    frames, real, reader = clip(scene, arm)
    poses = reader.read(frames)
    turned, away = wrong(poses, real)
    assert len(turned) >= 0.95 * len(frames)
    assert np.median(turned) <= 0.5 and np.quantile(turned, 0.95) <= 1.5
    assert np.median(away) <= 0.1 and np.quantile(away, 0.95) <= 0.3


def test_it_reads_through_noise_and_takes_nothing_from_what_came_before():
    frames, real, reader = clip("Gallery", "orb:right")
    turned, away = wrong(reader.read(noise(frames)), real)
    assert len(turned) >= 0.95 * len(frames)
    assert np.median(turned) <= 1 and np.median(away) <= 0.1
    alone = reader.read(frames[-1:])
    turned, away = wrong(alone, real[-1:])
    assert turned[0] <= 1 and away[0] <= 0.1


def test_the_wrong_way_is_read_as_the_wrong_way():
    frames, real, reader = clip("Gallery", "orb:right")
    twin, other, _ = clip("Gallery", "orb:left")
    middle = slice(22, 25)
    there, back = (reader.read(each).pose[middle, 0, 3] for each in (frames, twin))
    assert np.allclose(there, real[middle, 0, 3], atol=0.1) and np.allclose(back, other[middle, 0, 3], atol=0.1)
    assert (np.sign(there) == -np.sign(back)).all()


def test_what_shows_no_beacons_is_not_read_and_its_neighbours_are():
    frames, real, reader = clip("Gallery", "orb:right")
    holed = frames.copy()
    holed[10:13] = 128
    poses = reader.read(holed)
    assert np.isnan(poses.pose[10:13]).all() and (poses.spots[10:13] == 0).all()
    turned, away = wrong(poses, real)
    assert len(turned) >= 0.9 * len(frames) and turned.max() < 1.5 and away.max() < 0.1
    assert (poses.spots[np.isfinite(poses.pose[:, 0, 0])] >= FEWEST).all()
    nothing = reader.read(np.full_like(frames, 128))
    assert np.isnan(nothing.pose).all() and not nothing.spots.any()
