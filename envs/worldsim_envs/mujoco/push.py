"""A pusher between two things pushes one of them, or the other, or none.

## Description
A grey tray, seen from above at a slant by a camera that does not move. A dark pusher stands in the middle, between two
things that differ in hue alone: what it does to the left it could as well have done to the right. Far behind stands a
bystander.

## Actions
`Box(-1, 1, (2,), float32)`: the velocity that the pusher tries to keep, to the right and away from the camera, in
units of 0.8 m/s. It is strong but not infinitely so.

## Observations
`pov` uint8 [size, size, 3] at 10 Hz, and where asked for `depth` (m) and `segmentation`. Each thing is at least 7
pixels across at 64 pixels. Thing 0 is on the left, 1 on the right, 2 is the bystander.

## Start
The shape, size, weight, friction and distance that both things share, all hues, and the lights and shades of grey
follow from the seed. Everything is at rest.

## End
The world does not end; `gymnasium.make` cuts an episode after 40 steps (4 s).

## Changes
- `remove:<i>`, `recolour:<i>`: thing i is there no longer, or has a hue that nothing else here has.
- `dim`: the light that casts the shadows is halved.

## Arms
M-PSH: in `factual` the pusher stays where it is; in `left` and `right`, which mirror each other, it waits for 8 steps,
pushes to that side for 0.6 s, and comes back. M-NOP: `noop`. M-PLC: `placebo` repaints the bystander, `placebo:light`
dims the light, and in `placebo:air` the pusher goes towards the camera, where nothing is, and comes back.

## Expert
Every second it draws anew where to go, mostly to one side.

## Versions
- v0: the first.
"""

# pyright: reportAttributeAccessIssue=false
# MuJoCo's bindings are compiled and bring no stubs.

from functools import partial

import mujoco
import numpy as np
from gymnasium import spaces

from worldsim_envs import palette
from worldsim_envs.cameras import Camera
from worldsim_envs.mujoco.backend import MujocoBackend, Recipe
from worldsim_envs.mujoco.causes import CONTEXT, FPS, bystander, families, standing, steady, tellings, usual
from worldsim_envs.mujoco.hands import pusher
from worldsim_envs.mujoco.studio import studio, tray
from worldsim_envs.mujoco.thing import Thing
from worldsim_envs.scene import Arm, Scene
from worldsim_envs.variation import RANGES, TEMPLATES, Draw

CAMERA = Camera.look((0.0, -3.4, 3.0), (0.0, 0.1, 0.0), fov=30.0, size=1)
TABLE = (1.0, 0.85)
"""Half the width and half the depth of the table within its walls (m)."""

STEPS = 40
SPEED = 0.8
"""What an action of 1 means (m/s)."""


def _build(draw: Draw) -> tuple[mujoco.MjSpec, list[Thing]]:
    rng, spec = draw.rng, studio(draw.rng, wall=None)
    tray(spec, *TABLE, high=0.14, shade=rng.uniform(0.34, 0.44))
    pusher(spec, (0.0, 0.0), rng.uniform(0.10, 0.16))
    hues = [int(hue) for hue in rng.choice(len(palette.NAMES), 3, replace=False)]
    shape, wide = str(rng.choice(steady(draw, "sphere", "box", "cylinder"))), rng.uniform(0.28, 0.33)
    apart, density = rng.uniform(0.36, 0.44), draw.between(60.0, 180.0, least=40.0, most=240.0)
    slide = draw.between(0.25, 0.5, least=0.15, most=0.6)
    both = [
        Thing(shape, wide, hue, (side * apart, 0.0, 0.0), density=density, friction=(slide, 0.01, 0.01))
        for side, hue in zip((-1, 1), hues, strict=False)
    ]
    return spec, [*map(standing, both), bystander(draw, hues[2], (rng.uniform(-0.6, 0.6), 0.62))]


def _act(world: MujocoBackend, action: np.ndarray) -> None:
    world.data.ctrl[:] = SPEED * np.asarray(action, float)


def _expert(world: MujocoBackend, rng: np.random.Generator) -> np.ndarray:
    """Where to goes by seed and clock, so a restored world is treated alike; every other second it comes back."""
    second = round(world.data.time * FPS) // 10
    plan = np.random.default_rng([world.seed, second])
    wish = plan.uniform((-1, -0.3), (1, 0.3))
    home = -2 * world.data.body("pusher").xpos[:2]
    return np.clip(home if second % 2 else wish, -1, 1).astype(np.float32)


def _arms(world: MujocoBackend) -> dict[str, Arm]:
    def go(right: int, away: int, steps: int) -> Arm:
        there = np.array([right, away], np.float32)
        ways = [*[0.0] * CONTEXT, *[1.0] * steps, *[-1.0] * steps]
        return Arm([np.float32(way) * there for way in (*ways, *[0.0] * (STEPS - len(ways)))])

    does = {"left": go(-1, 0, 6), "right": go(1, 0, 6), "placebo:air": go(0, -1, 5)}
    return tellings(world, go(0, 0, 0).actions, does)


RECIPE = Recipe(slots=3, fps=FPS, camera=CAMERA, build=_build, act=_act, expert=_expert, changes=usual, arms=_arms)

PUSH = Scene(
    name="worldsim/Push-v0",
    fps=FPS,
    action_space=spaces.Box(-1, 1, (2,), np.float32),
    things=("left thing", "right thing", "bystander"),
    backend=partial(MujocoBackend, RECIPE),
    families=families(["placebo:air"], M_PSH=("left", "right")),
    templates=TEMPLATES,
    ranges=RANGES,
)
