"""Things drop, bounce, knock into each other and come to rest, some of them on top of others.

## Description
A shallow grey tray, seen by a camera that does not move. Two to four coloured things (spheres, boxes, cylinders) are
let go at different heights, some of them one above the other. They fall, bounce more or less, collide, roll, and come
to rest. Mass, friction and bounce differ from thing to thing and cannot be seen.

## Actions
`Discrete(1)`: wait. The world goes its own way.

## Observations
`pov` uint8 [size, size, 3] at 10 Hz, and where asked for `depth` (m) and `segmentation`. Each thing is at least 7
pixels across at 64 pixels, out of distribution 5.

## Start
Number, shapes, hues, sizes, places, heights (up to 2 m), sideways speeds (up to 0.4 m/s) and turning of the things,
what they are made of, and the lights and shades of grey follow from the seed. All are in the air and apart, all of
them in the picture.

## End
The world does not end; `gymnasium.make` cuts an episode after 40 steps (4 s), by when most things are at rest.

## Changes
- `remove:<i>`: thing i is there no longer.
- `push:<i>:left`, `push:<i>:right`, `push:<i>:up`: thing i is faster by 1 m/s that way (up by 2 m/s).
- `mass:<i>:heavy`, `mass:<i>:light`: thing i weighs eight times as much, or an eighth, and looks the same.

## Expert
Waits, which is all that one can do.

## Versions
- v0: the first. Until 2026-11-24 nothing turned at the start, though this page said so; templates and ranges came later
  and left the episodes of palette and train as they were.
"""

# pyright: reportAttributeAccessIssue=false
# MuJoCo's bindings are compiled and bring no stubs.

from collections.abc import Callable
from functools import partial

import mujoco
import numpy as np
from gymnasium import spaces

from worldsim_envs import palette
from worldsim_envs.cameras import Camera
from worldsim_envs.mujoco.backend import MujocoBackend, Recipe
from worldsim_envs.mujoco.changes import each, push, remove, weigh
from worldsim_envs.mujoco.studio import studio, tray
from worldsim_envs.mujoco.thing import Thing
from worldsim_envs.scene import Scene
from worldsim_envs.variation import RANGES, TEMPLATES, Draw

FPS = 10.0
CAMERA = Camera.look((0.0, -5.2, 1.9), (0.0, 0.0, 0.82), fov=30.0, size=1)
SLOTS = 4
TRAY = (0.95, 0.55)
"""Half the width and half the depth of the tray (m)."""

HIGHEST = 1.75
"""How high a thing may start (m): as high as the picture reaches."""


def _build(draw: Draw) -> tuple[mujoco.MjSpec, list[Thing]]:
    rng, spec = draw.rng, studio(draw.rng)
    tray(spec, *TRAY, high=0.07, shade=rng.uniform(0.34, 0.44))
    count = int(rng.integers(2, SLOTS + 1))
    hues = rng.choice(len(palette.NAMES), count, replace=False)
    things: list[Thing] = []
    for hue in map(int, hues):
        while not _apart(thing := _faller(draw, hue, things), things):
            pass
        things.append(thing)
    return spec, things


def _faller(draw: Draw, hue: int, below: list[Thing]) -> Thing:
    """A thing in the air: anywhere, or every other time a little to one side above another."""
    rng, shapes = draw.rng, draw.shapes("sphere", "box", "cylinder")
    shape = shapes[rng.choice(3, p=[0.3, 0.4, 0.3]) % len(shapes)]
    diameter = draw.between(0.30, 0.38, least=0.28)
    if below and rng.random() < 0.5:
        under = below[int(rng.integers(len(below)))]
        side, back, low = *(under.position[:2] + rng.uniform(-0.06, 0.06, 2)), under.position[2] + 0.5
        velocity = (under.velocity[0], 0.0, 0.0)
    else:
        side, back, low = rng.uniform(-0.7, 0.7), rng.uniform(-0.25, 0.25), 0.3
        velocity = (draw.between(-0.4, 0.4, least=-0.6, most=0.6), 0.0, 0.0)
    upright = rng.random() < 0.6
    return Thing(
        shape,
        diameter,
        hue,
        position=(side, back, rng.uniform(low, max(low, HIGHEST))),
        velocity=velocity,
        yaw=rng.uniform(0, np.pi / 2),
        spin=(0.0, 0.0, 0.0) if upright else tuple(rng.uniform(-3, 3, 3)),
        density=draw.between(200, 800, least=100.0),
        friction=(draw.between(0.4, 0.9), 0.01, draw.between(0.002, 0.008, least=0.001)),
        bounce=draw.between(0.04, 0.6, least=0.04),
    )


def _apart(thing: Thing, others: list[Thing]) -> bool:
    """Whether a new thing is low enough and touches none of those there are, however they are turned."""
    gaps = [np.subtract(thing.position, other.position) for other in others]
    reach = [np.sqrt(3) / 2 * (thing.diameter + other.diameter) for other in others]
    clear = all(np.linalg.norm(gap) > far for gap, far in zip(gaps, reach, strict=True))
    return clear and thing.position[2] <= HIGHEST


def _wait(world: MujocoBackend, action: int | np.integer) -> None:
    """There is nothing to do."""


def _expert(world: MujocoBackend, rng: np.random.Generator) -> np.int64:
    return np.int64(0)


def _changes(world: MujocoBackend) -> dict[str, Callable[[MujocoBackend], None]]:
    ways = {"left": (-1.0, 0.0, 0.0), "right": (1.0, 0.0, 0.0), "up": (0.0, 0.0, 2.0)}
    return {
        **each(world, "remove", remove),
        **each(world, "push", push, **{way: {"velocity": velocity} for way, velocity in ways.items()}),
        **each(world, "mass", weigh, heavy={"ratio": 8.0}, light={"ratio": 1 / 8}),
    }


RECIPE = Recipe(
    slots=SLOTS, fps=FPS, camera=CAMERA, build=_build, act=_wait, expert=_expert, changes=_changes, timestep=0.0025
)

FALLING = Scene(
    name="worldsim/Falling-v0",
    fps=FPS,
    action_space=spaces.Discrete(1),
    things=tuple(f"thing {slot}" for slot in range(SLOTS)),
    backend=partial(MujocoBackend, RECIPE),
    templates=TEMPLATES,
    ranges=RANGES,
)
