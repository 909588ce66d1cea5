"""A thing glides into others that were at rest.

## Description
A grey tray, seen from above at a slant by a camera that does not move. A striker glides along it without friction and
runs into a target, which slides or rolls on, mostly into a second one; friction brings them to rest. What becomes of
the targets follows from how fast and how large the striker is, where it goes, and whether it is there at all: all of
that is seen from the first frame on. Far behind stands a bystander.

## Actions
`Discrete(1)`: wait. The world goes its own way.

## Observations
`pov` uint8 [size, size, 3] at 10 Hz, and where asked for `depth` (m) and `segmentation`. Each thing is at least 7
pixels across at 64 pixels. Thing 0 is the striker, 1 and 2 are the targets, 3 is the bystander.

## Start
Side, lane, shapes, hues, sizes, speed and friction of the things and the lights and shades of grey follow from the
seed. Left alone, the striker meets the target after 1.25 to 1.6 s; no arm lets it meet anything before 0.8 s.

## End
The world does not end; `gymnasium.make` cuts an episode after 50 steps (5 s).

## Changes
- `remove:<i>`, `recolour:<i>`: thing i is there no longer, or has a hue that nothing else here has.
- `speed:<k>`: the striker has 0, 0.5, 0.75, 1.25 or 1.5 times its speed, k from 0 to 4.
- `enlarge`: the striker is 1.4 times as large, so 2.7 times as heavy.
- `turn`: the striker goes another way, by 35 degrees, nearer to the camera and past the targets.
- `dim`: the light that casts the shadows is halved.

## Arms
All changes are made at the first frame. M-COL: `do:remove` (no striker), `do:fast` (`speed:4`), `do:heavy`
(`enlarge`: a larger one, of the same stuff) and `do:turn`. M-DOSE: `do:0` to `do:4`, the same push in five strengths
(`speed:<k>`), of which the first is none. M-NOP: `noop`. M-PLC: `placebo` repaints the bystander, `placebo:light` dims
the light.

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
from worldsim_envs.mujoco.causes import FPS, bystander, families, standing, steady, tellings, usual
from worldsim_envs.mujoco.changes import enlarge, launch
from worldsim_envs.mujoco.studio import studio, tray
from worldsim_envs.mujoco.thing import Thing
from worldsim_envs.scene import Arm, Scene
from worldsim_envs.variation import RANGES, TEMPLATES, Draw

CAMERA = Camera.look((0.0, -3.4, 3.0), (0.0, 0.1, 0.0), fov=30.0, size=1)
TABLE = (1.0, 0.85)
"""Half the width and half the depth of the table within its walls (m)."""

STEPS = 50
DOSES = (0.0, 0.5, 0.75, 1.25, 1.5)
"""The strengths of M-DOSE, in units of the striker's own speed."""

LARGER = 1.4
TURN = np.deg2rad(35.0)
STRIKER = 0


def _build(draw: Draw) -> tuple[mujoco.MjSpec, list[Thing]]:
    rng, spec = draw.rng, studio(draw.rng, wall=None)
    tray(spec, *TABLE, high=0.18, shade=rng.uniform(0.34, 0.44))
    hues = [int(hue) for hue in rng.choice(len(palette.NAMES), 4, replace=False)]
    shapes = [str(shape) for shape in rng.choice(steady(draw, "sphere", "box", "cylinder"), 3)]
    wide, way, lane = rng.uniform(0.27, 0.31, 3), rng.choice([-1, 1]), rng.uniform(-0.25, 0.05)
    start, gap = TABLE[0] - wide[0] / 2 - rng.uniform(0.04, 0.10), rng.uniform(0.55, 0.62)
    speed = draw.between(gap / 1.6, gap / 1.25, least=gap / 2.2, most=gap / 1.2)
    slide = draw.between(0.03, 0.05, least=0.025, most=0.07)
    first = gap + wide[:2].sum() / 2 - start
    second = first + wide[1:].sum() / 2 + rng.uniform(0.06, 0.2)
    glide, drag = (0.0, 0.0, 0.0), (slide, 0.005, slide * wide[1] / 2)  # what rolls is stopped as soon as what slides
    begin, rush = (-way * start, lane, 0.0), (way * speed, 0.0, 0.0)
    places = ((way * first, lane + rng.uniform(-0.05, 0.05), 0.0), (way * second, lane + rng.uniform(-0.16, 0.16), 0.0))
    things = [
        Thing(shapes[0], wide[0], hues[0], begin, rush, density=650.0, friction=glide),
        Thing(shapes[1], wide[1], hues[1], places[0], density=250.0, friction=drag),
        Thing(shapes[2], wide[2], hues[2], places[1], density=250.0, friction=drag),
    ]
    return spec, [*map(standing, things), bystander(draw, hues[3], (rng.uniform(-0.6, 0.6), 0.62))]


def _wait(world: MujocoBackend, action: int | np.integer) -> None:
    """There is nothing to do."""


def _expert(world: MujocoBackend, rng: np.random.Generator) -> np.int64:
    return np.int64(0)


def _changes(world: MujocoBackend) -> dict[str, Callable[[MujocoBackend], None]]:
    found = usual(world)
    if world.present[STRIKER]:
        towards = -np.sign(world.speed(STRIKER)[0])  # the camera, from whichever side it comes
        found |= {f"speed:{dose}": partial(launch, slot=STRIKER, speed=speed) for dose, speed in enumerate(DOSES)}
        found["enlarge"] = partial(enlarge, slot=STRIKER, ratio=LARGER)
        found["turn"] = partial(launch, slot=STRIKER, turn=towards * TURN)
    return found


def _arms(world: MujocoBackend) -> dict[str, Arm]:
    does = {"do:remove": [f"remove:{STRIKER}"], "do:fast": ["speed:4"], "do:heavy": ["enlarge"], "do:turn": ["turn"]}
    doses = {f"do:{dose}": [f"speed:{dose}"] for dose in range(len(DOSES))}
    return tellings(world, [np.int64(0)] * STEPS, {**does, **doses})


RECIPE = Recipe(slots=4, fps=FPS, camera=CAMERA, build=_build, act=_wait, expert=_expert, changes=_changes, arms=_arms)

COLLIDE = Scene(
    name="worldsim/Collide-v0",
    fps=FPS,
    action_space=spaces.Discrete(1),
    things=("striker", "first target", "second target", "bystander"),
    backend=partial(MujocoBackend, RECIPE),
    families=families(
        M_COL=("do:remove", "do:fast", "do:heavy", "do:turn"), M_DOSE=tuple(f"do:{dose}" for dose in range(len(DOSES)))
    ),
    templates=TEMPLATES,
    ranges=RANGES,
)
