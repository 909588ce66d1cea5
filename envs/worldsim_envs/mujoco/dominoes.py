"""A finger tips the first of a row of dominoes.

## Description
A grey table, seen from one side at a slant by a camera that does not move. Five coloured dominoes stand in a row. A
dark finger at one end of it comes and tips the first, which tips the second, and so on to the last, as long as each
stands within reach of the one before. Far before it stands a bystander.

## Actions
`Box(-1, 1, (1,), float32)`: the speed at which the finger moves along the row, in units of 0.6 m/s, positive to the
right; its rail is 0.45 m long to either side of where it starts. 0 keeps it still.

## Observations
`pov` uint8 [size, size, 3] at 10 Hz, and where asked for `depth` (m) and `segmentation`. Each domino is at least 12
pixels high at 64 pixels. Things 0 to 4 are the dominoes in the order in which they can fall, 5 is the bystander. The
truth tells in addition `tilt` [o], how far each thing leans (rad), and `fallen` [o], whether that is more than 45
degrees: the frames in which it becomes true are the order of the events.

## Start
The end at which the finger is, the size and spacing of the dominoes, their friction, all hues, and the lights and
shades of grey follow from the seed. Everything is at rest.

## End
The world does not end; `gymnasium.make` cuts an episode after 40 steps (4 s), by when all that falls has fallen.

## Changes
- `remove:<i>`, `recolour:<i>`: thing i is there no longer, or has a hue that nothing else here has.
- `gap:<i>`, i from 1 to 4: dominoes i to 4 stand further off by one place, out of reach of the one before.
- `dim`: the light that casts the shadows is halved.

## Arms
M-DOM: in `factual` the finger waits for 8 steps, then tips the first domino and goes back. `do:remove` and `do:gap` do
the same, with one of dominoes 1 to 3 removed, or a gap before it, from the first frame on; in `do:still` the finger
stays where it is. M-NOP: `noop`. M-PLC: `placebo` repaints the bystander, `placebo:light` dims the light, and in
`placebo:air` the finger pushes the air, away from the row.

## Expert
Mostly goes for the row and back again; every second it draws anew at what speed.

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
from worldsim_envs.mujoco.causes import CONTEXT, FPS, bystander, families, standing, tellings, usual
from worldsim_envs.mujoco.changes import shift
from worldsim_envs.mujoco.hands import hand
from worldsim_envs.mujoco.studio import studio
from worldsim_envs.mujoco.thing import Thing
from worldsim_envs.scene import Arm, Scene, Truth
from worldsim_envs.variation import RANGES, TEMPLATES, Draw

CAMERA = Camera.look((-1.9, -3.0, 2.5), (-0.03, 0.05, 0.12), fov=34.0, size=1)
COUNT, STEPS = 5, 40
SPEED = 0.6
"""What an action of 1 means (m/s)."""

RAIL = 0.45
"""How far the finger can go to either side (m)."""


def _build(draw: Draw) -> tuple[mujoco.MjSpec, list[Thing]]:
    rng, spec = draw.rng, studio(draw.rng)
    hues = [int(hue) for hue in rng.choice(len(palette.NAMES), COUNT + 1, replace=False)]
    way, row = rng.choice([-1, 1]), rng.uniform(-0.1, 0.1)
    high, thick = draw.between(0.52, 0.58, least=0.50, most=0.62), rng.uniform(0.09, 0.11)
    spacing = high * draw.between(0.62, 0.66, least=0.60, most=0.68)
    slide = draw.between(0.35, 0.55, least=0.3, most=0.7)
    size = (thick / 2, rng.uniform(0.16, 0.19), high / 2)
    things = [
        Thing("box", high, hue, (way * (at * spacing - 0.92), row, 0.0), friction=(slide, 0.005, 1e-4), size=size)
        for at, hue in enumerate(hues[:COUNT])
    ]
    finger = hand(spec, "finger", (way * (-0.92 - thick / 2 - 0.2), row, 0.8 * high), ("right",), within=(-RAIL, RAIL))
    finger.add_geom(
        type=mujoco.mjtGeom.mjGEOM_BOX, size=[0.05, 0.05, 0.05], rgba=[rng.uniform(0.10, 0.16)] * 3 + [1], mass=2.0
    )
    return spec, [*map(standing, things), bystander(draw, hues[-1], (rng.uniform(0.1, 0.4), -0.95))]


def _act(world: MujocoBackend, action: np.ndarray) -> None:
    world.data.ctrl[0] = SPEED * float(action[0])


def _way(world: MujocoBackend) -> int:
    """To which side the row falls: 1 is to the right."""
    return -int(np.sign(world.model.body("finger").pos[0]))


def _expert(world: MujocoBackend, rng: np.random.Generator) -> np.ndarray:
    """Hold one speed for ten frames, then draw another: it goes by the clock, so a restored world is treated alike."""
    plan = np.random.default_rng([world.seed, round(world.data.time * FPS) // 10])
    return np.array([_way(world) * plan.uniform(-0.5, 1)], np.float32)


def _gap(world: MujocoBackend, first: int) -> None:
    """Move the dominoes from this one on by as much as two of them stand apart."""
    spacing = world.data.xpos[world.bodies[first]] - world.data.xpos[world.bodies[first - 1]]
    shift(world, range(first, COUNT), (spacing[0], 0.0, 0.0))


def _changes(world: MujocoBackend) -> dict[str, Callable[[MujocoBackend], None]]:
    return {**usual(world), **{f"gap:{first}": partial(_gap, first=first) for first in range(1, COUNT)}}


def _arms(world: MujocoBackend) -> dict[str, Arm]:
    way, one = _way(world), int(np.random.default_rng([world.seed, COUNT]).integers(1, COUNT - 1))

    def then(*speeds: float) -> list[np.ndarray]:
        wait = STEPS - CONTEXT - len(speeds)
        return [np.array([way * speed], np.float32) for speed in (*[0.0] * CONTEXT, *speeds, *[0.0] * wait)]

    does = {"do:remove": [f"remove:{one}"], "do:gap": [f"gap:{one}"], "do:still": Arm(then())}
    return tellings(world, then(*[1.0] * 6, *[-1.0] * 6), {**does, "placebo:air": Arm(then(*[-1.0] * 4, *[1.0] * 4))})


def _facts(world: MujocoBackend) -> Truth:
    tilt = np.arccos(np.clip(world.data.xmat[world.bodies, 8], -1, 1))
    return {"tilt": tilt, "fallen": world.present & (tilt > np.pi / 4)}


RECIPE = Recipe(
    slots=COUNT + 1,
    fps=FPS,
    camera=CAMERA,
    build=_build,
    act=_act,
    expert=_expert,
    changes=_changes,
    timestep=0.0025,
    arms=_arms,
    facts=_facts,
)

DOMINOES = Scene(
    name="worldsim/Dominoes-v0",
    fps=FPS,
    action_space=spaces.Box(-1, 1, (1,), np.float32),
    things=(*(f"domino {at}" for at in range(COUNT)), "bystander"),
    backend=partial(MujocoBackend, RECIPE),
    families=families(["placebo:air"], M_DOM=("do:remove", "do:gap", "do:still")),
    templates=TEMPLATES,
    ranges=RANGES,
)
