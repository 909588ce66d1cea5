"""A room for a camera that moves: four walls, a lamp, posts that say where one stands, and the camera itself.

Everything in it is grey but for its things and its beacons. A beacon is a post with two balls of colour; no two have
the same pair of hues in the same order, and no thing has a hue of theirs, so a picture of four of them says where it
was taken from. They are above eye level and all else is below, so nothing but another post covers one. The light
belongs to the room and nothing shines, so a surface looks the same from everywhere.

The camera is no body: its stance, less the one it began with, lies in MuJoCo's user data, which is part of the
state that is saved. Its action is a command as in `cameras`, in units of `FASTEST`.
"""

# pyright: reportAttributeAccessIssue=false
# MuJoCo's bindings are compiled and bring no stubs.

from collections.abc import Callable
from itertools import permutations
from typing import Any

import mujoco
import numpy as np
from gymnasium import spaces
from jaxtyping import Float64

from worldsim_envs import palette
from worldsim_envs.cameras import Camera, Path, lens, pose, walk
from worldsim_envs.mujoco.backend import MujocoBackend
from worldsim_envs.mujoco.studio import blank
from worldsim_envs.scene import Arm, Truth
from worldsim_envs.variation import SHAPES, Draw

FPS = 10.0
FOV = 90.0
"""The camera's field of view (degrees): beacons stand thick enough for four to be in it, wherever a path leads."""

FASTEST = np.array([1.5, 1.5, 0.5, 1.5, 4.0])
"""What an action of 1 means: forward, right and up (m/s), pitch and yaw (rad/s)."""

ACTIONS = spaces.Box(-1, 1, (5,), np.float32)

HALF, HIGH = 3.9, 3.4
"""Half the room's width, and its height (m)."""

EYE = 1.25
"""How high the camera stands (m)."""

NEAR, FAR = 0.5, 1.6
"""How far from the middle of the room the camera can be (m): what stands there and what stands around keeps it off."""

LEVELS, LEAN = (0.9, 1.6), 0.8
"""How low and high the camera can be (m), and how far it can look up or down (rad)."""

POSTS = 28
"""How many beacons there are, of the 30 pairs of six hues."""

BALL, GAP = 0.28, 0.13
"""How large a ball of a beacon is, and the grey between two (m). The middle of a ball is where its middle is seen."""


def room(draw: Draw, start: Float64[np.ndarray, "5"], *, posts: bool = True) -> tuple[mujoco.MjSpec, list[int]]:
    """The room with its camera at `start` (see `cameras.pose`), and the two hues that are left for things."""
    rng, spec = draw.rng, blank()
    spec.visual.headlight.ambient, spec.visual.headlight.diffuse = [0.42] * 3, [0.0] * 3
    spec.nuserdata = 5
    spec.add_numeric(name="start", size=5, data=start)
    _walls(spec, rng)
    _lamps(spec, rng)
    hues = rng.permutation(len(palette.NAMES))
    if posts:
        _beacons(spec, rng, hues[2:])
    return spec, hues[:2].tolist()


def _walls(spec: mujoco.MjSpec, rng: np.random.Generator) -> None:
    floor, wall = rng.uniform(0.50, 0.62), rng.uniform(0.68, 0.80)
    around, level = spec.worldbody, HIGH / 2
    around.add_geom(name="table", type=mujoco.mjtGeom.mjGEOM_PLANE, size=[8, 8, 1], rgba=[floor] * 3 + [1])
    for name, place, inward, high, shade in (
        ("wall north", (0, HALF, level), (0, -1, 0), level, wall),
        ("wall south", (0, -HALF, level), (0, 1, 0), level, wall - 0.05),
        ("wall east", (HALF, 0, level), (-1, 0, 0), level, wall - 0.12),
        ("wall west", (-HALF, 0, level), (1, 0, 0), level, wall - 0.16),
        ("wall above", (0, 0, HIGH), (0, 0, -1), HALF, 0.9),
    ):
        upward = (0, 1, 0) if name == "wall above" else (0, 0, 1)
        axes, turn = np.column_stack([np.cross(upward, inward), upward, inward]).astype(float), np.empty(4)
        mujoco.mju_mat2Quat(turn, axes.ravel())
        around.add_geom(
            name=name,
            type=mujoco.mjtGeom.mjGEOM_PLANE,  # a pattern lies on it undistorted
            pos=place,
            quat=turn,
            size=[HALF, high, 1],
            rgba=[shade] * 3 + [1],
        )
    for side in range(4):  # a picture or two on each wall
        turn = side * np.pi / 2
        for along in (-1.7, 1.7)[: int(rng.integers(1, 3))]:
            place = np.array([along + rng.uniform(-0.6, 0.6), HALF - 0.02])
            wide, high = rng.uniform(0.35, 0.8), rng.uniform(0.35, 0.6)
            around.add_geom(
                type=mujoco.mjtGeom.mjGEOM_BOX,
                pos=[*_turned(place, turn), rng.uniform(1.6, 2.2)],
                quat=[np.cos(turn / 2), 0, 0, np.sin(turn / 2)],
                size=[wide, 0.03, high],
                rgba=[rng.uniform(0.25, 0.5)] * 3 + [1],
                contype=0,
                conaffinity=0,
            )


def _turned(place: np.ndarray, turn: float) -> np.ndarray:
    """A place on the floor, turned about the middle of the room (rad, to the left)."""
    return np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]]) @ place


def _lamps(spec: mujoco.MjSpec, rng: np.random.Generator) -> None:
    """One lamp below the ceiling, which casts shadows, two in corners; with what is everywhere they never exceed 1."""
    key, side = rng.uniform(0.28, 0.34), rng.choice([-1, 1])
    fill = (0.58 - key) / 2
    for strength, place, casts in (
        (key, (side * rng.uniform(0.3, 0.9), rng.uniform(-0.6, 0.6), HIGH - 0.15), True),
        (fill, (-2.4, -side * 2.4, 2.6), False),
        (fill, (2.4, side * 2.4, 2.2), False),
    ):
        spec.worldbody.add_light(
            type=mujoco.mjtLightType.mjLIGHT_POINT,
            pos=place,
            diffuse=[strength] * 3,
            ambient=[0.0] * 3,
            specular=[0.0] * 3,
            castshadow=casts,
        )


def _beacons(spec: mujoco.MjSpec, rng: np.random.Generator, hues: np.ndarray) -> None:
    """Posts all around, the nearer ones before the gaps between the farther; the pairs of hues fall as they may."""
    pairs = rng.permutation(np.array(list(permutations(hues.tolist(), 2))))[:POSTS]
    spec.add_numeric(name="beacon hues", size=2 * POSTS, data=pairs.ravel().astype(float))
    for number, pair in enumerate(pairs.tolist()):
        turn = 2 * np.pi * (number + rng.uniform(-0.12, 0.12)) / POSTS
        away = rng.uniform(2.6, 2.8) if number % 3 == 0 else rng.uniform(3.1, 3.5)
        body = spec.worldbody.add_body(name=f"beacon {number}", pos=[away * np.sin(turn), away * np.cos(turn), 0])
        low = EYE + BALL / 2 + rng.uniform(0.0, 0.45)
        high = low + BALL + GAP
        body.add_geom(
            type=mujoco.mjtGeom.mjGEOM_CYLINDER,
            pos=[0, 0, (high + 0.2) / 2],
            size=[0.045, (high + 0.2) / 2, 0],
            rgba=[0.33, 0.33, 0.33, 1],
        )
        for name, place, hue in (("low", low, pair[0]), ("high", high, pair[1])):
            body.add_geom(
                name=f"beacon {number} {name}",
                type=mujoco.mjtGeom.mjGEOM_SPHERE,
                pos=[0, 0, place],
                size=[BALL / 2, 0, 0],
                rgba=[*palette.RGB[hue], 1],
            )


def frieze(spec: mujoco.MjSpec) -> None:
    """Grey patterns over everything, from fine to coarse, with corners to find and to follow; they never repeat."""
    side, rng = 256, np.random.default_rng(0)
    shade = np.zeros((side, side))
    for cells, depth in ((8, 0.2), (16, 0.12), (32, 0.06)):
        shade += rng.uniform(-depth, depth, (cells, cells)).repeat(side // cells, 0).repeat(side // cells, 1)
    texture = spec.add_texture(name="frieze", type=mujoco.mjtTexture.mjTEXTURE_2D, width=side, height=side, nchannel=3)
    grey = np.round(255 * (0.65 + shade).clip(0.15, 1.0)).astype(np.uint8)
    texture.data = np.repeat(grey[..., None], 3, -1).tobytes()
    for number, geom in enumerate(spec.geoms):
        material = spec.add_material(name=f"frieze {number}", rgba=geom.rgba, specular=0, texuniform=True)
        material.textures[mujoco.mjtTextureRole.mjTEXROLE_RGB] = "frieze"
        material.texrepeat = [0.25, 0.25]
        geom.material = material.name


def beacons(world: MujocoBackend) -> Truth:
    """Where the middles of each beacon's balls are (`beacon` [b 2 3] m: lower, upper), their hues, shape and size."""
    first = world.model.geom("beacon 0 low").id
    balls = first + 3 * np.arange(POSTS)[:, None] + np.arange(2)
    hues = world.model.numeric("beacon hues").data.astype(np.int64).reshape(POSTS, 2)
    shape, size = np.array(SHAPES.index("sphere")), np.array(BALL)
    place = world.data.geom_xpos[balls].copy()
    return {"beacon": place, "beacon_hue": hues, "beacon_shape": shape, "beacon_size": size}


def stance(world: MujocoBackend) -> Float64[np.ndarray, "5"]:
    """How the camera stands now; see `cameras.pose`."""
    return world.model.numeric("start").data + world.data.userdata[:5]


def camera(world: MujocoBackend) -> Camera:
    """The camera of one who stands so, for a picture one pixel across."""
    return Camera(pose(stance(world)), lens(FOV, 1))


def steer(world: MujocoBackend, action: np.ndarray, near: float = NEAR) -> None:
    """Move the camera by a frame's worth of a command, and no farther than it can go."""
    there = walk(stance(world), FASTEST * np.asarray(action, np.float64)[None], FPS)[1]
    away = np.hypot(*there[:2])
    if away > 0:
        there[:2] *= np.clip(away, near, FAR) / away
    there[2], there[3] = np.clip(there[2], *LEVELS), np.clip(there[3], -LEAN, LEAN)
    world.data.userdata[:5] = there - world.model.numeric("start").data


def told(before: Path, path: Path, steps: int, changes: tuple[tuple[int, str], ...] = ()) -> Arm:
    """The arm in which a camera goes one way, then another, and rests until the episode has `steps` steps."""
    velocities = np.concatenate([before.velocities, path.velocities])
    rest = np.zeros((steps - len(velocities), 5))
    return Arm(list((np.concatenate([velocities, rest]) / FASTEST).astype(np.float32)), changes)


def twins(before: Path, path: Path, steps: int) -> dict[str, Arm]:
    """A path's arm and its mirror's: "yaw:right" and "yaw:left"."""
    return {name: told(before, one, steps) for name, one in path.twins().items()}


def expert(arms: Callable[[MujocoBackend], dict[str, Arm]], world: MujocoBackend, rng: np.random.Generator) -> Any:
    """Go one of the arms' ways, then another; which goes by seed and clock, so a restored world is treated alike."""
    there = list(arms(world).values())
    clock, steps = round(world.data.time * FPS), len(there[0].actions)
    plan = np.random.default_rng([world.seed, clock // steps])
    return there[int(plan.integers(len(there)))].actions[clock % steps]
