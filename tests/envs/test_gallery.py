"""What a benchmark on camera paths needs of the room: a picture says where it was taken from."""

import gymnasium
import numpy as np
import pytest
from scipy.ndimage import center_of_mass, label
from scipy.spatial.transform import Rotation

from worldsim_envs import palette
from worldsim_envs.cameras import Camera, pose, walk
from worldsim_envs.mujoco.render import choose
from worldsim_envs.mujoco.room import BALL, FASTEST, FOV, FPS

SIZE = 128
ROOMS = ("worldsim/Gallery-v0", "worldsim/Tour-v0")
CONTEXT = {"worldsim/Gallery-v0": 8, "worldsim/Tour-v0": 64}


@pytest.fixture(scope="module", params=ROOMS)
def env(request):
    return gymnasium.make(f"worldsim_envs:{request.param}", size=SIZE, renderer="warp-cpu").unwrapped


def shown(env):
    """Which balls are in the picture, whole and at least ten pixels large; which also are apart from others [b 2]."""
    world, (beacon, hue) = env.backend, (env.truth()[name] for name in ("beacon", "beacon_hue"))
    seen = choose("warp-cpu").draw(world.model, world.data, env.camera, SIZE, segmentation=True).segmentation
    names = [[f"beacon {number} {ball}" for ball in ("low", "high")] for number in range(len(beacon))]
    area = np.array([[(seen == world.model.geom(name).id).sum() for name in pair] for pair in names])
    pixel, depth = env.camera.project(beacon.reshape(-1, 3))
    wide = BALL * env.camera.intrinsics[0, 0] / np.maximum(depth, 0.1)
    inside = ((pixel > wide[:, None] / 2) & (pixel < SIZE - wide[:, None] / 2)).all(1) & (depth > 0)
    whole = inside & (area.ravel() >= np.maximum(0.7 * wide**2, 10))
    apart = np.linalg.norm(pixel[:, None] - pixel, axis=-1) / wide[:, None] > 1.4
    alone = (apart | (hue.ravel()[:, None] != hue.ravel()) | (depth <= 0) | np.eye(len(pixel), dtype=bool)).all(1)
    return whole.reshape(-1, 2), (whole & alone).reshape(-1, 2)


def patches(rgb):
    """The middles of all patches of each hue (px)."""
    chroma = rgb - rgb.mean(-1, keepdims=True, dtype=float)
    paint = palette.RGB - palette.RGB.mean(1, keepdims=True)
    paint /= np.linalg.norm(paint, axis=1, keepdims=True)
    hue = np.where(np.linalg.norm(chroma, axis=-1) > 25, (chroma @ paint.T).argmax(-1), -1)
    middles = []
    for one in range(len(palette.NAMES)):
        marked, count = label(hue == one)
        middles.append(np.array(center_of_mass(marked > 0, marked, range(1, count + 1))).reshape(-1, 2)[:, ::-1] + 0.5)
    return middles


def placed(points, pixels, guess):
    """The camera that sees these points at these pixels, from a guess that is near: Gauss-Newton on six numbers."""

    def moved(camera, by):
        pose = np.eye(4)
        pose[:3, :3] = camera.pose[:3, :3] @ Rotation.from_rotvec(by[:3]).as_matrix()
        pose[:3, 3] = camera.pose[:3, 3] + by[3:]
        return Camera(pose, camera.intrinsics)

    for _ in range(5):
        wrong = (guess.project(points)[0] - pixels).ravel()
        slopes = [(moved(guess, 1e-5 * unit).project(points)[0] - pixels).ravel() - wrong for unit in np.eye(6)]
        guess = moved(guess, -np.linalg.lstsq(np.stack(slopes, 1) / 1e-5, wrong, rcond=None)[0])
    return guess


def stops(env, seed, count):
    """The world at some moments of every arm after its context."""
    env.reset(seed=seed)
    arms = env.arms()
    for arm in arms.values():
        env.reset(seed=seed)
        stop = np.linspace(CONTEXT[env.scene.name], len(arm.actions) - 1, count).round()
        for step, action in enumerate(arm.actions):
            if step in stop:
                yield env.render_at(env.camera).rgb
            env.backend.step(action)


def test_beacons_are_where_they_are_drawn_and_four_say_where_the_camera_is(env):
    turned, away, read = [], [], 0
    rng = np.random.default_rng(0)
    for rgb in stops(env, seed=0, count=4):
        truth, real = env.truth(), env.camera
        whole, clear = shown(env)
        assert whole.all(1).sum() >= 4  # both balls of four posts
        points = truth["beacon"][clear]
        there, depth = real.project(points)
        wide = BALL * real.intrinsics[0, 0] / depth
        middles = patches(rgb)
        near = [middles[hue] - place for hue, place in zip(truth["beacon_hue"][clear], there, strict=True)]
        pixels = there + np.stack([gaps[np.linalg.norm(gaps, axis=1).argmin()] for gaps in near])
        assert (np.linalg.norm(pixels - there, axis=1) <= 0.15 * wide).all()
        read += len(pixels)
        off = np.eye(4)
        off[:3, :3] = Rotation.from_rotvec(rng.uniform(-0.15, 0.15, 3)).as_matrix()
        off[:3, 3] = rng.uniform(-0.2, 0.2, 3)
        told = placed(points, pixels, Camera(real.pose @ off, real.intrinsics))
        turned.append(Rotation.from_matrix(told.pose[:3, :3].T @ real.pose[:3, :3]).magnitude())
        away.append(np.linalg.norm(told.pose[:3, 3] - real.pose[:3, 3]))
    assert read > 200
    assert np.rad2deg(np.median(turned)) < 0.4 and np.rad2deg(np.max(turned)) < 1
    assert np.median(away) < 0.03 and np.max(away) < 0.06


def test_no_two_beacons_are_alike_and_no_thing_is_like_one(env):
    for seed in range(4):
        truth = env.reset(seed=seed)[1]["truth"]
        pairs = {tuple(pair) for pair in truth["beacon_hue"].tolist()}
        assert len(pairs) == len(truth["beacon_hue"]) == len(truth["beacon"])
        assert all(low != high for low, high in pairs)
        assert not set(truth["hue"].tolist()) & {hue for pair in pairs for hue in pair}


def test_the_camera_goes_where_its_path_says(env):
    env.reset(seed=1)
    for name, arm in env.arms().items():
        env.reset(seed=1)
        commands = FASTEST * np.stack(arm.actions)
        assert np.abs(commands).max(0).max() > 0, name
        for stance in walk(env.backend.model.numeric("start").data.copy(), commands, FPS):
            assert np.allclose(env.camera.pose, pose(stance), atol=1e-9), name  # nothing was in its way
            env.backend.step(arm.actions[min(round(env.backend.data.time * FPS), len(arm.actions) - 1)])


def test_mirrored_arms_part_after_the_context_and_no_arm_leaves_what_was_seen(env):
    for seed in range(6):
        env.reset(seed=seed)
        arms, begun = env.arms(), CONTEXT[env.scene.name] - 1
        for right, left in env.scene.families.values():
            one, two = (np.stack(arms[name].actions) for name in (right, left))
            assert np.array_equal(one[:begun], two[:begun]) and not np.array_equal(one[begun], two[begun])
            assert np.array_equal(np.abs(one), np.abs(two)) or right.startswith(("sqr", "rvs"))
        if env.scene.name == "worldsim/Gallery-v0":
            assert FASTEST[4] / FPS * np.abs(np.stack(arms["yaw:right"].actions)[:, 4]).sum() / 2 <= np.deg2rad(FOV / 2)


def test_where_the_camera_is_is_saved_and_it_stays_in_the_room(env):
    env.reset(seed=0)
    for _ in range(30):
        env.backend.step(np.ones(5, np.float32))
    kept, there = env.save(), env.camera.pose
    assert 0.5 - 1e-9 <= np.linalg.norm(there[:2, 3]) <= 1.6 + 1e-9 and there[2, 3] <= 1.6
    env.reset(seed=1)
    env.restore(kept)
    assert np.array_equal(env.camera.pose, there)
