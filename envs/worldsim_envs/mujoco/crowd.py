"""Many things in the open: none is born, none is lost.

## Description
A grey tray, seen from above at a slant by a camera that does not move. Six to ten coloured things move about in it:
balls that roll, boxes and cylinders that glide. They knock into each other and the walls, and hardly bounce. Nothing
hides them but, for a moment, one another and the edge of the tray. None leaves the tray or the picture: how many there
are can be counted at all times.

There are eight hues. Up to eight things, no two share one; of nine or ten, one or two hues are had by two things each.
A colour then tells how many have it and where they are, and not which is which.

## Actions
`Discrete(1)`: wait. The world goes its own way.

## Observations
`pov` uint8 [size, size, 3] at 10 Hz, and where asked for `depth` (m) and `segmentation`. Each thing is at least 7
pixels across at 64 pixels. Also true is `count` [1], how many things there are.

## Start
Number, shapes, hues, sizes, places and speeds of the things, and the lights and shades of grey follow from the seed.
All are apart. In held-out templates things stand that cannot stand for long; they fall over first.

## End
The world does not end; `gymnasium.make` cuts an episode after 40 steps (4 s).

## Changes
- `remove:<i>`: thing i is there no longer.
- `recolour:<i>`: thing i has a hue that nothing else here has; where there is such a hue.

## Expert
Waits, which is all that one can do.

## Arms
M-CRD: `present`; in `absent` one of the things was never there. They go apart where it would have been met. Neither is
the truer one: of n things, the twin has one less, and of n - 1, one more. In both, `count` does not change on the way,
so that whatever a prediction has more or less of was born or lost in the open.

## Versions
- v0: the first.
"""

# pyright: reportAttributeAccessIssue=false
# MuJoCo's bindings are compiled and bring no stubs.

from dataclasses import replace
from functools import partial

import mujoco
import numpy as np
from gymnasium import spaces

from worldsim_envs import palette
from worldsim_envs.cameras import Camera
from worldsim_envs.mujoco.asking import FPS, removals
from worldsim_envs.mujoco.backend import MujocoBackend, Recipe
from worldsim_envs.mujoco.studio import studio, tray
from worldsim_envs.mujoco.thing import Thing
from worldsim_envs.scene import Arm, Scene, Truth
from worldsim_envs.variation import RANGES, TEMPLATES, Draw

CAMERA = Camera.look((0.0, -2.9, 4.1), (0.0, -0.03, 0.1), fov=32.0, size=1)
SLOTS = 10
STEPS = 40
TABLE = (1.2, 1.0)
"""Half the width and half the depth of the tray (m)."""

HIGH = 0.2
"""How high the walls are (m): as high as the things' middles, so that none climbs over them."""

GRID, ROOM = (0.60, 0.64), 0.57
"""How far apart the places are at which things start, and at least after they were shaken (m): no two things touch."""


def _build(draw: Draw) -> tuple[mujoco.MjSpec, list[Thing]]:
    rng, spec = draw.rng, studio(draw.rng, wall=None)
    tray(spec, *TABLE, high=HIGH, shade=rng.uniform(0.34, 0.44))
    count = int(rng.integers(6, SLOTS + 1))
    hues = np.concatenate([rng.permutation(len(palette.NAMES)) for _ in range(2)])[:count]
    places = _places(rng, count)
    return spec, [_mover(draw, int(hue), place) for hue, place in zip(hues, places, strict=True)]


def _places(rng: np.random.Generator, count: int) -> np.ndarray:
    """Places on the tray, apart from each other: some of a shaken grid, so that there always are enough."""
    grid = np.stack(np.meshgrid(np.arange(4) - 1.5, np.arange(3) - 1.0), -1).reshape(-1, 2) * GRID
    shaken = grid + rng.uniform(-0.5, 0.5, grid.shape) * (np.array(GRID) - ROOM)
    return rng.permutation(shaken)[:count]


def _mover(draw: Draw, hue: int, place: np.ndarray) -> Thing:
    rng, shapes = draw.rng, draw.shapes("sphere", "box", "cylinder")
    shape = shapes[rng.integers(len(shapes))]
    speed, way = draw.between(0.2, 0.6, least=0.1, most=0.8), rng.uniform(0, 2 * np.pi)
    velocity = (speed * np.cos(way), speed * np.sin(way), 0.0)
    thing = Thing(
        shape,
        draw.between(0.38, 0.39, least=0.38, most=0.40),
        hue,
        position=(*place, 0.0),
        velocity=velocity,
        yaw=rng.uniform(0, np.pi / 2) if shape == "box" else 0.0,
        density=draw.between(200, 400),
        friction=(0.6, 1e-4, 1e-4) if shape == "sphere" else (0.0, 0.0, 0.0),
    )
    spin = (-velocity[1] * 2 / thing.diameter, velocity[0] * 2 / thing.diameter, 0.0)
    return replace(thing, position=(*place, thing.half[2]), spin=spin if shape == "sphere" else (0.0, 0.0, 0.0))


def _wait(world: MujocoBackend, action: int | np.integer) -> None:
    """There is nothing to do."""


def _expert(world: MujocoBackend, rng: np.random.Generator) -> np.int64:
    return np.int64(0)


def _arms(world: MujocoBackend) -> dict[str, Arm]:
    script = [np.int64(0)] * STEPS
    target = int(np.random.default_rng([world.seed, 13]).choice(np.flatnonzero(world.present)))
    return {"present": Arm(script), "absent": Arm(script, ((0, f"remove:{target}"),))}


def _count(world: MujocoBackend) -> Truth:
    return {"count": np.array([world.present.sum()])}


RECIPE = Recipe(
    slots=SLOTS,
    fps=FPS,
    camera=CAMERA,
    build=_build,
    act=_wait,
    expert=_expert,
    changes=removals,
    arms=_arms,
    facts=_count,
)

CROWD = Scene(
    name="worldsim/Crowd-v0",
    fps=FPS,
    action_space=spaces.Discrete(1),
    things=tuple(f"thing {slot}" for slot in range(SLOTS)),
    backend=partial(MujocoBackend, RECIPE),
    families={"M-CRD": ("present", "absent")},
    templates=TEMPLATES,
    ranges=RANGES,
)
