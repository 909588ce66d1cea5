"""Colours, cameras, and which renderer is chosen."""

import subprocess
import sys

import mujoco
import numpy as np
import pytest

from worldsim_envs import palette
from worldsim_envs.cameras import Camera
from worldsim_envs.env import SceneEnv
from worldsim_envs.mujoco.render import choose, gl

CAMERA = Camera.look((0.3, -2.0, 1.0), (0.0, 0.1, 0.2), fov=40.0, size=64)


def test_hues_are_forty_degrees_apart_around_grey():
    chroma = palette.RGB - palette.RGB.mean(1, keepdims=True)
    assert len(palette.RGB) == len(palette.NAMES) <= 8
    directions = chroma / np.linalg.norm(chroma, axis=1, keepdims=True)
    angles = np.rad2deg(np.arccos(np.clip(directions @ directions.T, -1, 1)))
    assert angles[~np.eye(len(angles), dtype=bool)].min() >= 40
    assert np.ptp(palette.RGB, axis=1).min() > 0.8


def test_projecting_undoes_unprojecting():
    rng = np.random.default_rng(0)
    pixels, depth = rng.uniform(0, 64, (20, 2)), rng.uniform(0.5, 4, 20)
    there, far = CAMERA.project(CAMERA.unproject(pixels, depth))
    assert np.allclose(there, pixels) and np.allclose(far, depth)


def test_a_camera_sees_what_it_looks_at_upright():
    middle, _ = CAMERA.project(np.array([[0.0, 0.1, 0.2]]))
    above, _ = CAMERA.project(np.array([[0.0, 0.1, 0.4]]))
    right, _ = CAMERA.project(np.array([[0.2, 0.1, 0.2]]))
    assert np.allclose(middle, 32)
    assert above[0, 1] < 32 - 1 and right[0, 0] > 32 + 1
    assert np.allclose(CAMERA.resized(2).project(np.array([[0.2, 0.1, 0.2]]))[0], 2 * right)


def test_a_mirrored_pose_is_refused():
    pose = np.diag([-1.0, 1.0, 1.0, 1.0])
    with pytest.raises(ValueError, match="rigid"):
        Camera(pose, CAMERA.intrinsics)


def test_nothing_is_infinitely_far_and_belongs_to_nobody():
    spec = mujoco.MjSpec()
    spec.stat.extent = 4.0
    spec.worldbody.add_camera()
    spec.worldbody.add_geom(type=mujoco.mjtGeom.mjGEOM_SPHERE, size=[0.2, 0, 0], pos=[0, 0.1, 0.2])
    model = spec.compile()
    data = mujoco.MjData(model)
    mujoco.mj_forward(model, data)
    picture = choose("warp-cpu").draw(model, data, CAMERA, 64, depth=True, segmentation=True)
    assert np.isinf(picture.depth[0, 0]) and picture.segmentation[0, 0] == -1
    assert picture.segmentation[32, 32] == 0
    away = np.linalg.norm(CAMERA.pose[:3, 3] - [0, 0.1, 0.2])
    assert picture.depth[32, 32] == pytest.approx(away - 0.2, abs=1e-3)


def test_auto_casts_rays_where_shadows_or_labels_are_wanted():
    assert choose("auto").name.startswith("warp")
    assert choose("auto", labels=True, shadows=False).name.startswith("warp")


def test_auto_rasterises_bare_colour_where_there_is_gl():
    if gl() is None:
        pytest.skip("no GL on this machine")
    if choose("warp").name != "warp-cpu":
        pytest.skip("this machine has CUDA, which auto prefers")
    assert choose("auto", shadows=False).name == f"classic-{gl()}"


def test_a_renderer_that_cannot_be_says_what_would_do():
    if choose("warp").name == "warp-cpu":
        with pytest.raises(ValueError, match="renderer='warp'"):
            choose("warp-cuda")
    with pytest.raises(ValueError, match="module:NAME"):
        SceneEnv("Hidden")


def test_importing_the_worlds_imports_no_simulator():
    code = "import worldsim_envs, sys; sys.exit(bool({'mujoco', 'warp', 'torch'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0
