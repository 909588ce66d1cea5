"""A chair is thrown and tumbles, and stays one chair.

## Description
A grey tray, seen by a camera that does not move. A grey chair with six coloured balls fixed to its corners is thrown
into it: it falls, bounces, tumbles, slides and comes to rest. However it turns, the balls stay as far from each other
as they were: the chair is rigid. Before it, to one side, stands a bystander.

## Actions
`Discrete(1)`: wait. The world goes its own way.

## Observations
`pov` uint8 [size, size, 3] at 10 Hz, and where asked for `depth` (m) and `segmentation`. Each ball is at least 7
pixels across at 64 pixels. Things 0 to 5 are the balls, 6 is the bystander. The truth tells in addition `chair` [7]:
its position (m) and quaternion (wxyz).

## Start
Where the chair is let go and how it is turned, how fast it flies and spins, its friction and bounce, all hues, and the
lights and shades of grey follow from the seed.

## End
The world does not end; `gymnasium.make` cuts an episode after 40 steps (4 s), by when the chair is mostly at rest.

## Changes
- `remove:<i>`, `recolour:<i>`: thing i is there no longer, or has a hue that nothing else here has.
- `spin`: the chair turns the other way round.
- `still`: the chair neither flies nor turns, and falls from where it is.
- `dim`: the light that casts the shadows is halved.

## Arms
M-RIG: in `factual` the chair is thrown as it is; in `do:spin` it turns the other way round from the first frame on, and
in `do:still` it is only let go. M-NOP: `noop`. M-PLC: `placebo` repaints the bystander, `placebo:light` dims the light.

## Expert
Waits, which is all that one can do.

## Versions
- v0: the first.
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
from worldsim_envs.mujoco.causes import FPS, bystander, families, tellings, usual
from worldsim_envs.mujoco.studio import studio, tray
from worldsim_envs.mujoco.thing import Thing
from worldsim_envs.scene import Arm, Scene, Truth
from worldsim_envs.variation import RANGES, TEMPLATES, Draw

CAMERA = Camera.look((0.0, -4.9, 2.6), (0.0, -0.05, 0.42), fov=30.0, size=1)
STEPS = 40
TRAY = (1.15, 0.85)
"""Half the width and half the depth of the tray (m)."""

WIDE, SEAT = 0.30, 0.42
"""Half the chair's width, and how high its seat and its back are, from where the one begins (m)."""

THIN = 0.035
"""Half of how thick its boards are and its legs (m)."""

BOARDS = (
    ((0.0, 0.0, 0.0), (WIDE, WIDE, THIN)),
    ((0.0, WIDE, SEAT / 2), (WIDE, THIN, SEAT / 2)),
    *(((x * WIDE, y * WIDE, -SEAT / 2), (THIN, THIN, SEAT / 2)) for x in (-1, 1) for y in (-1, 1)),
)
"""The seat, the back and the legs: where the middle of each is, and half of its extent, in the chair's axes (m)."""

BALLS = ((-1, -1, -1), (1, -1, -1), (-1, -1, 0), (1, 1, -1), (-1, 1, 1), (1, 1, 1))
"""The corners that have balls, in units of `WIDE` and of `SEAT`: at the feet, at the seat, at the top of the back."""


def _build(draw: Draw) -> tuple[mujoco.MjSpec, list[Thing]]:
    rng, spec = draw.rng, studio(draw.rng)
    tray(spec, *TRAY, high=0.16, shade=rng.uniform(0.34, 0.44))
    hues = [int(hue) for hue in rng.choice(len(palette.NAMES), len(BALLS) + 1, replace=False)]
    way, wide = rng.choice([-1, 1]), rng.uniform(0.33, 0.35)
    turn = rng.normal(size=4) * (1.0, 0.3, 0.3, 1.0)
    flight = (way * draw.between(0.7, 1.1, least=0.4, most=1.3), 0.0, rng.uniform(0.5, 1.0))
    spin = np.array([rng.uniform(-1, 1), way * draw.between(2.0, 3.5, least=1.0, most=4.5), rng.uniform(-2, 2)])
    start = (-way * rng.uniform(0.35, 0.5), rng.uniform(-0.1, 0.1), rng.uniform(0.85, 1.0))
    stuff = {"friction": (draw.between(0.15, 0.3, least=0.1, most=0.4), 0.005, 0.002), "bounce": rng.uniform(0.3, 0.6)}

    chair = spec.worldbody.add_body(name="chair", pos=start, quat=turn / np.linalg.norm(turn))
    chair.add_freejoint(name="chair")
    spec.add_numeric(name="throw", size=6, data=[*flight, *spin])
    shade = rng.uniform(0.16, 0.26)
    for place, half in BOARDS:
        chair.add_geom(
            type=mujoco.mjtGeom.mjGEOM_BOX, pos=place, size=half, rgba=[shade] * 3 + [1], density=300.0, condim=4
        )
    shape = "ellipsoid" if draw.template == "held-out" else "sphere"
    scale = np.array([WIDE, WIDE, SEAT])
    balls = [
        Thing(
            shape, wide, hue, (scale * corner).tolist(), density=100.0, mount="chair", size=_size(shape, wide), **stuff
        )
        for corner, hue in zip(BALLS, hues, strict=False)
    ]
    return spec, [*balls, bystander(draw, hues[-1], (way * rng.uniform(-0.9, -0.6), -1.1))]


def _size(shape: str, wide: float) -> tuple[float, float, float] | None:
    """An egg's half extents: nearly as wide as a ball."""
    return (wide / 2, 0.42 * wide, 0.42 * wide) if shape == "ellipsoid" else None


def _start(world: MujocoBackend) -> None:
    world.data.joint("chair").qvel[:] = world.model.numeric("throw").data


def _wait(world: MujocoBackend, action: int | np.integer) -> None:
    """There is nothing to do."""


def _expert(world: MujocoBackend, rng: np.random.Generator) -> np.int64:
    return np.int64(0)


def _throw(world: MujocoBackend, flight: float, spin: float) -> None:
    """Multiply the chair's speed, and how fast it turns."""
    world.data.joint("chair").qvel[:3] *= flight
    world.data.joint("chair").qvel[3:] *= spin


def _changes(world: MujocoBackend) -> dict[str, Callable[[MujocoBackend], None]]:
    return {
        **usual(world),
        "spin": partial(_throw, flight=1.0, spin=-1.0),
        "still": partial(_throw, flight=0.0, spin=0.0),
    }


def _arms(world: MujocoBackend) -> dict[str, Arm]:
    return tellings(world, [np.int64(0)] * STEPS, {"do:spin": ["spin"], "do:still": ["still"]})


def _facts(world: MujocoBackend) -> Truth:
    return {"chair": np.concatenate([world.data.body("chair").xpos, world.data.body("chair").xquat])}


RECIPE = Recipe(
    slots=len(BALLS) + 1,
    fps=FPS,
    camera=CAMERA,
    build=_build,
    act=_wait,
    expert=_expert,
    changes=_changes,
    timestep=0.0025,
    arms=_arms,
    facts=_facts,
    start=_start,
)

CHAIR = Scene(
    name="worldsim/Chair-v0",
    fps=FPS,
    action_space=spaces.Discrete(1),
    things=(*(f"ball {at}" for at in range(len(BALLS))), "bystander"),
    backend=partial(MujocoBackend, RECIPE),
    families=families(M_RIG=("do:spin", "do:still")),
    templates=TEMPLATES,
    ranges=RANGES,
)
