"""A ball rolls down a ramp to a gate, which a lever opens.

## Description
A grey ramp, seen from one side by a camera that does not move. A ball rolls down it and comes to a gate: a closed one
holds it, past an open one it rolls on and into what stands at the foot. A lever reaches from the gate to the front,
where it ends in a coloured pad: pressed down there by a dark finger, it lifts the gate, and let go, it drops it. How
high the gate is can be seen. To one side stands a bystander.

## Actions
`Box(-1, 1, (1,), float32)`: the speed of the finger, in units of 0.5 m/s, positive upwards. 0 keeps it where it is.

## Observations
`pov` uint8 [size, size, 3] at 10 Hz, and where asked for `depth` (m) and `segmentation`. Each thing is at least 7
pixels across at 64 pixels. Thing 0 is the ball, 1 the target at the ramp's foot, 2 the lever's pad, 3 the bystander.
The truth tells in addition `gate`, how far the gate is lifted (m), `opened`, whether that is more than the ball is
high, and `passed`, whether the ball is beyond it.

## Start
To which side the ramp falls, how steep it is, the ball's size, the target's shape and weight, all hues, and the lights
and shades of grey follow from the seed. The gate is closed; the ball is let go and reaches it within 0.8 s.

## End
The world does not end; `gymnasium.make` cuts an episode after 40 steps (4 s).

## Changes
- `remove:<i>`, `recolour:<i>`: thing i is there no longer, or has a hue that nothing else here has. Without the pad,
  the finger presses the air.
- `open`: the finger holds the lever down, and the gate is open.
- `dim`: the light that casts the shadows is halved.

## Arms
M-RMP: in `factual` the gate stays closed; in `do:open` it is open from the first frame on (`open`), which decides all
that follows. M-LEV: in `do:press` the finger presses the lever after 8 steps, and holds it. M-NOP: `noop`. M-PLC:
`placebo` repaints the bystander, `placebo:light` dims the light, and in `placebo:air` the finger goes up instead.

## Expert
Mostly goes down to press, or up to let go; every second it draws anew at what speed.

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
from worldsim_envs.mujoco.causes import CONTEXT, FPS, bystander, families, standing, steady, tellings, usual
from worldsim_envs.mujoco.hands import hand
from worldsim_envs.mujoco.studio import studio
from worldsim_envs.mujoco.thing import Thing
from worldsim_envs.scene import Arm, Scene, Truth
from worldsim_envs.variation import RANGES, TEMPLATES, Draw

CAMERA = Camera.look((-1.7, -4.0, 2.4), (0.02, -0.12, 0.14), fov=28.0, size=1)
STEPS = 40
SPEED = 0.5
"""What an action of 1 means (m/s)."""

LONG, DEEP = 1.25, 0.24
"""How far the ramp reaches from side to side, and half its width (m)."""

FOOT = 0.25
"""Where the ramp ends (m), from the middle to the side to which it falls."""

BACK = 0.45
"""How far before the ramp's foot the gate stands (m)."""

ARM = 0.42
"""From the lever's hinge to its pad (m)."""

PRESS, LIFT = 0.55, 0.42
"""How far the lever turns (rad), and how far the gate is lifted then (m)."""

DOWN = 0.25
"""How far the finger goes down to turn the lever so far (m)."""


def _build(draw: Draw) -> tuple[mujoco.MjSpec, list[Thing]]:
    rng, spec = draw.rng, studio(draw.rng)
    hues = [int(hue) for hue in rng.choice(len(palette.NAMES), 4, replace=False)]
    way = int(rng.choice([-1, 1]))
    steep = np.deg2rad(draw.between(11.0, 14.0, least=9.5, most=16.0))
    wide, shade = rng.uniform(0.28, 0.31), rng.uniform(0.76, 0.86)
    _ramp(spec, way, steep, shade)
    _lever(spec, way, steep, rng.uniform(0.16, 0.24))
    ball = _ball(draw, hues[0], way, steep, wide)
    target = Thing(
        str(rng.choice(steady(draw, "box", "cylinder"))),
        rng.uniform(0.27, 0.31),
        hues[1],
        (way * (FOOT + rng.uniform(0.25, 0.35)), 0.0, 0.0),
        density=draw.between(80.0, 160.0, least=50.0, most=240.0),
        friction=(0.2, 0.005, 0.03),
    )
    pad = Thing("box", 0.3, hues[2], (0.0, -ARM, 0.0), size=(0.15, 0.12, 0.04), density=20.0, mount="lever")
    finger = hand(
        spec, "finger", (way * (FOOT - BACK), -0.32 - ARM, 0.56), ("up",), gain=3000.0, force=40.0, within=(-DOWN, 0.2)
    )
    finger.add_geom(
        type=mujoco.mjtGeom.mjGEOM_CAPSULE, size=[0.05, 0.1, 0], rgba=[rng.uniform(0.10, 0.16)] * 3 + [1], mass=10.0
    )
    return spec, [ball, standing(target), pad, bystander(draw, hues[3], (-way * rng.uniform(0.6, 0.9), -0.75))]


def _solid(body: mujoco.MjsBody, shade: float, place, half, *, turn=(1.0, 0.0, 0.0, 0.0)) -> None:
    """A grey box that only things can touch."""
    body.add_geom(
        type=mujoco.mjtGeom.mjGEOM_BOX,
        pos=place,
        size=half,
        quat=turn,
        rgba=[shade] * 3 + [1],
        mass=0.2,
        contype=0,
        friction=[0.5, 0.005, 1e-4],
    )


def _ramp(spec: mujoco.MjSpec, way: int, steep: float, shade: float) -> None:
    """A slope that falls to the side `way`, with a low wall on either side, and a wall where the table ends."""
    turn = (np.cos(way * steep / 2), 0.0, np.sin(way * steep / 2), 0.0)
    long = LONG / np.cos(steep) / 2
    middle = np.array([way * (FOOT - LONG / 2), 0.0, LONG / 2 * np.tan(steep)])
    under = np.array([-way * np.sin(steep), 0.0, -np.cos(steep)])
    _solid(spec.worldbody, shade, middle + 0.03 * under, (long, DEEP, 0.03), turn=turn)
    for side in (-1, 1):
        place = middle + 0.01 * under + np.array([0.0, side * (DEEP + 0.015), 0.0])
        _solid(spec.worldbody, shade - 0.14, place, (long, 0.015, 0.05), turn=turn)
    _solid(spec.worldbody, shade - 0.14, (way * 1.08, 0.0, 0.06), (0.02, 0.3, 0.06))


def _lever(spec: mujoco.MjSpec, way: int, steep: float, shade: float) -> None:
    """A gate across the slope, and a beam on a hinge before it: as its front end goes down, the gate goes up."""
    place, floor = way * (FOOT - BACK), BACK * np.tan(steep)
    gate = spec.worldbody.add_body(name="gate", pos=[place, 0.0, floor + 0.16])
    gate.add_joint(name="gate", type=mujoco.mjtJoint.mjJNT_SLIDE, axis=[0, 0, 1])
    _solid(gate, shade, (0.0, 0.0, 0.0), (0.025, DEEP, 0.15))
    for side in (-1, 1):
        post = (place, side * (DEEP + 0.03), (floor + 0.62) / 2)
        _solid(spec.worldbody, shade, post, (0.02, 0.015, post[2]))
    lever = spec.worldbody.add_body(name="lever", pos=[place, -0.32, 0.34])
    lever.add_joint(
        name="lever",
        type=mujoco.mjtJoint.mjJNT_HINGE,
        axis=[1, 0, 0],
        limited=True,
        range=[0.0, np.rad2deg(PRESS)],
        stiffness=3.0,
        damping=0.4,
    )
    _solid(lever, shade, (0.0, -ARM / 2, 0.0), (0.03, ARM / 2, 0.025))
    tie = spec.add_equality(name="tie", type=mujoco.mjtEq.mjEQ_JOINT, name1="gate", name2="lever")
    tie.objtype = mujoco.mjtObj.mjOBJ_JOINT
    tie.data[1] = LIFT / PRESS


def _ball(draw: Draw, hue: int, way: int, steep: float, wide: float) -> Thing:
    """On the slope, a third of a metre above the gate; where the template is held out a barrel that lies across."""
    held = draw.template == "held-out"
    radius = 0.4 * wide if held else wide / 2
    up = BACK + 0.025 + radius + draw.rng.uniform(0.28, 0.34)
    place = (way * (FOOT - up) + way * radius * np.sin(steep), 0.0, up * np.tan(steep) + radius * np.cos(steep) + 1e-3)
    return Thing(
        "ellipsoid" if held else "sphere",
        wide,
        hue,
        place,
        yaw=np.pi / 2 if held else 0.0,
        density=600.0,
        friction=(0.6, 0.005, 5e-4),
        size=(wide / 2, radius, radius) if held else None,
    )


def _act(world: MujocoBackend, action: np.ndarray) -> None:
    world.data.ctrl[0] = SPEED * float(action[0])


def _expert(world: MujocoBackend, rng: np.random.Generator) -> np.ndarray:
    """Hold one speed for ten frames, then draw another: it goes by the clock, so a restored world is treated alike."""
    plan = np.random.default_rng([world.seed, round(world.data.time * FPS) // 10])
    return np.array([plan.choice([-1, 1], p=[0.65, 0.35]) * plan.uniform(0.3, 1)], np.float32)


def _open(world: MujocoBackend) -> None:
    """Hold the lever down with the finger, and with it the gate up."""
    world.data.joint("lever").qpos[0], world.data.joint("gate").qpos[0] = PRESS, LIFT
    world.data.joint("finger up").qpos[0] = -DOWN


def _changes(world: MujocoBackend) -> dict[str, Callable[[MujocoBackend], None]]:
    return {**usual(world), "open": _open}


def _arms(world: MujocoBackend) -> dict[str, Arm]:
    def then(*speeds: float) -> list[np.ndarray]:
        wait = STEPS - CONTEXT - len(speeds)
        return [np.array([speed], np.float32) for speed in (*[0.0] * CONTEXT, *speeds, *[0.0] * wait)]

    press, rise = Arm(then(*[-1.0] * 6)), Arm(then(*[1.0] * 4))
    return tellings(world, then(), {"do:open": ["open"], "do:press": press, "placebo:air": rise})


def _facts(world: MujocoBackend) -> Truth:
    lifted, place = float(world.data.joint("gate").qpos[0]), world.model.body("gate").pos[0]
    ball = world.data.xpos[world.bodies[0], 0]
    return {
        "gate": np.array(lifted),
        "opened": np.array(lifted > 2 * world.extent[0, 1]),
        "passed": np.array(bool(world.present[0]) and abs(ball) < 2 and (ball - place) * -np.sign(place) > 0),
    }


RECIPE = Recipe(
    slots=4,
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

GATE = Scene(
    name="worldsim/Gate-v0",
    fps=FPS,
    action_space=spaces.Box(-1, 1, (1,), np.float32),
    things=("ball", "target", "pad", "bystander"),
    backend=partial(MujocoBackend, RECIPE),
    families=families(["placebo:air"], M_RMP=("do:open",), M_LEV=("do:press",)),
    templates=TEMPLATES,
    ranges=RANGES,
)
