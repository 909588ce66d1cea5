"""A pusher among things on a walled table.

## Description
A grey tray, seen from above at a slant by a camera that does not move. A dark pusher stands among two to four
coloured things (spheres, boxes, cylinders) and pushes them about: they slide, roll, turn and knock into each other
and the walls. Mass and friction differ from thing to thing and cannot be seen.

## Actions
`Box(-1, 1, (2,), float32)`: the velocity that the pusher tries to keep, to the right and away from the camera, in
units of 0.8 m/s. It is strong but not infinitely so.

## Observations
`pov` uint8 [size, size, 3] at 10 Hz, and where asked for `depth` (m) and `segmentation`. Each thing is at least 7
pixels across at 64 pixels, out of distribution 5.

## Start
Number, shapes, hues, sizes and places of the things, what they are made of, the pusher's place, and the lights and
shades of grey follow from the seed. Everything is at rest and apart.
In held-out templates some things stand that cannot stand for long; they fall over when they are pushed, or before.

## End
The world does not end; `gymnasium.make` cuts an episode after 60 steps (6 s).

## Changes
- `remove:<i>`: thing i is there no longer.
- `recolour:<i>`: thing i has a hue that nothing else here has.
- `mass:<i>:heavy`, `mass:<i>:light`: thing i weighs eight times as much, or an eighth, and looks the same.

## Expert
Every two seconds it picks a thing and a direction, goes around to the far side of the thing and pushes it through.

## Versions
- v0: the first. Templates and ranges came later and left the episodes of palette and train as they were.
"""

# pyright: reportAttributeAccessIssue=false
# MuJoCo's bindings are compiled and bring no stubs.

from collections.abc import Callable
from dataclasses import replace
from functools import partial

import mujoco
import numpy as np
from gymnasium import spaces

from worldsim_envs import palette
from worldsim_envs.cameras import Camera
from worldsim_envs.mujoco.backend import MujocoBackend, Recipe
from worldsim_envs.mujoco.changes import each, recolour, remove, weigh
from worldsim_envs.mujoco.hands import pusher
from worldsim_envs.mujoco.studio import studio, tray
from worldsim_envs.mujoco.thing import Thing
from worldsim_envs.scene import Scene
from worldsim_envs.variation import RANGES, TEMPLATES, Draw

FPS = 10.0
CAMERA = Camera.look((0.0, -3.4, 3.0), (0.0, -0.06, 0.0), fov=30.0, size=1)
SLOTS = 4
TABLE = (1.0, 0.85)
"""Half the width and half the depth of the table within its walls (m)."""

PUSHER = 0.11
"""The pusher's radius (m)."""

SPEED = 0.8
"""What an action of 1 means (m/s)."""

TURN = 2.0
"""How long the expert stays with one thing (s)."""


def _build(draw: Draw) -> tuple[mujoco.MjSpec, list[Thing]]:
    rng, spec = draw.rng, studio(draw.rng, wall=None)
    tray(spec, *TABLE, high=0.16, shade=rng.uniform(0.34, 0.44))
    count = int(rng.integers(2, SLOTS + 1))
    hues = rng.choice(len(palette.NAMES), count, replace=False)
    reach = np.array(TABLE) - 0.25
    while True:
        places = rng.uniform(-reach, reach, (count + 1, 2))
        apart = np.linalg.norm(places[:, None] - places, axis=-1) + np.eye(count + 1)
        if apart.min() > 0.45:
            break
    pusher(spec, places[-1], rng.uniform(0.10, 0.16), radius=PUSHER)
    return spec, [_lying(draw, int(hue), place) for hue, place in zip(hues, places[:-1], strict=True)]


def _lying(draw: Draw, hue: int, place: np.ndarray) -> Thing:
    rng, shapes = draw.rng, draw.shapes("sphere", "box", "cylinder")
    diameter = draw.between(0.26, 0.34, least=0.24)
    thing = Thing(
        shapes[rng.choice(3, p=[0.3, 0.4, 0.3]) % len(shapes)],
        diameter,
        hue,
        position=(*place, diameter / 2),
        yaw=rng.uniform(0, np.pi / 2),
        density=draw.between(60, 180, least=30.0),
        friction=(draw.between(0.25, 0.6, least=0.12), 0.01, draw.between(0.004, 0.01)),
    )
    return replace(thing, position=(*place, thing.half[2]))


def _act(world: MujocoBackend, action: np.ndarray) -> None:
    world.data.ctrl[:] = SPEED * np.asarray(action, float)


def _expert(world: MujocoBackend, rng: np.random.Generator) -> np.ndarray:
    """Push one thing to one spot; which and where go by seed and clock, so a restored world is treated alike."""
    plan = np.random.default_rng([world.seed, int(world.data.time / TURN + 1e-6)])
    spot = plan.uniform(-1, 1, 2) * (np.array(TABLE) - 0.3)
    there = np.flatnonzero(world.present)
    if not len(there):
        return np.zeros(2, np.float32)
    slot = int(plan.choice(there))
    thing = world.data.xpos[world.bodies[slot], :2]
    radius = world.model.geom_size[world.geoms[slot], 0]
    pusher = world.data.body("pusher").xpos[:2]
    way = (spot - thing) / max(np.linalg.norm(spot - thing), 1e-6)
    aside = np.array([-way[1], way[0]])
    along, off = (pusher - thing) @ way, (pusher - thing) @ aside
    near = radius + PUSHER
    if np.linalg.norm(spot - thing) < 0.08:
        wish = (thing - way * 3 * near - pusher) * 2  # done: stand back
    elif along < -0.6 * near and abs(off) < 0.5 * near:
        wish = 0.7 * way - 3 * off * aside  # behind it: push, and stay in line
    elif along < -near:
        wish = (thing - way * (near + 0.05) - pusher) * 5  # on its far side: line up
    else:
        out = np.copysign(near + 0.1, off) - off  # before or beside it: get clear of it, then around
        wish = 4 * out * aside - (0.8 if abs(off) > near else 0.0) * way
    wish = wish / SPEED + rng.normal(0, 0.05, 2)
    return (wish / max(1.0, np.abs(wish).max())).astype(np.float32)


def _changes(world: MujocoBackend) -> dict[str, Callable[[MujocoBackend], None]]:
    return {
        **each(world, "remove", remove),
        **each(world, "recolour", recolour),
        **each(world, "mass", weigh, heavy={"ratio": 8.0}, light={"ratio": 1 / 8}),
    }


RECIPE = Recipe(
    slots=SLOTS, fps=FPS, camera=CAMERA, build=_build, act=_act, expert=_expert, changes=_changes, timestep=0.005
)

TABLETOP = Scene(
    name="worldsim/Tabletop-v0",
    fps=FPS,
    action_space=spaces.Box(-1, 1, (2,), np.float32),
    things=tuple(f"thing {slot}" for slot in range(SLOTS)),
    backend=partial(MujocoBackend, RECIPE),
    templates=TEMPLATES,
    ranges=RANGES,
)
