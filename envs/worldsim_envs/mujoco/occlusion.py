"""Things go through a tunnel, or a curtain comes down before them.

## Description
A grey table, seen by a camera that does not move.

`Tunnel`: one or two coloured things (balls that roll; boxes and cylinders that glide), one behind the other on one
lane, go into an opaque tunnel and leave it at its other end.

`Curtain`: one to three coloured things stand still. An opaque curtain hangs above them, comes down before them all,
stays down, and goes up again.

## Actions
`Tunnel`: `Discrete(1)`: wait. The world goes its own way.

`Curtain`: `Box(-1, 1, (1,), float32)`: the speed of the curtain, in units of 2 m/s, positive upwards; it stops above
the table and where it hides nothing.

## Observations
`pov` uint8 [size, size, 3] at 10 Hz, and where asked for `depth` (m) and `segmentation`. Each thing is at least 9
pixels across at 64 pixels. Also true are in `Tunnel` `inside` [o], whether a thing's middle is between the tunnel's
ends, and in `Curtain` `curtain`, how high its lower edge is (m).

## Start
Number, shapes, hues, sizes and places of the things, their speed, the tunnel's length, and the lights and shades of
grey follow from the seed. For how long a thing is hidden is said by the seed, modulo five: about 0.4, 0.8, 1.6, 3.2 or
6.4 s. In `Tunnel` the first thing is wholly in the picture from 0.3 s to 0.8 s at least; then it begins to be hidden.

## End
The world does not end; `gymnasium.make` cuts an episode of `Tunnel` after 140 steps and one of `Curtain` after 100.

## Changes
- `remove:<i>`: thing i is there no longer.
- `recolour:<i>`: thing i has a hue that nothing else here has.

## Expert
`Tunnel`: waits, which is all that one can do. `Curtain`: every second it leaves the curtain alone, draws it up or lets
it down, at any speed.

## Arms
M-TUN: `present` waits; in `absent` the thing that is asked about was never there. M-CUR: `present` keeps the curtain up
for 8 frames, lets it down, keeps it there for as long as the seed says, and draws it up; in `absent` one thing was
never there.

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
from worldsim_envs.mujoco.asking import CAMERA, CONTEXT, EYE, FPS, present_absent, removals, slide
from worldsim_envs.mujoco.backend import MujocoBackend, Recipe
from worldsim_envs.mujoco.hidden import longer, passer
from worldsim_envs.mujoco.studio import studio
from worldsim_envs.mujoco.thing import Thing
from worldsim_envs.scene import Arm, Scene, Truth
from worldsim_envs.variation import RANGES, TEMPLATES, Draw, spell

LANE = 0.35
"""How far behind the middle of the table the tunnel's lane runs (m)."""

TUNNEL = (0.27, 0.52)
"""Half the tunnel's width and its height, inside (m)."""

WALL = 0.02
"""Half the thickness of the tunnel's walls (m)."""

RIM = 0.035
"""Half the width of the frame around each of its mouths (m)."""

TUNNEL_STEPS, CURTAIN_STEPS = 140, 100

CURTAIN = (0.95, 0.02, 0.49)
"""Half the curtain's width, thickness and height (m)."""

RAIL, SLIDE = 0.97, 2.0
"""How far the curtain goes up (m), and how fast (m/s)."""


def _tunnel(draw: Draw) -> tuple[mujoco.MjSpec, list[Thing]]:
    """A tunnel as long as the seed's spell asks for, and what goes through it: the second as fast as the first."""
    rng, spec = draw.rng, studio(draw.rng, slant=0.2)
    half, gone = longer(draw), (spell(draw.seed), spell(draw.seed))
    edge = half * (LANE - EYE[1]) / (LANE - TUNNEL[0] - EYE[1])  # the front wall, being nearer, covers more than itself
    episode = TUNNEL_STEPS / FPS - 0.5
    first, second = map(int, rng.choice(len(palette.NAMES), 2, replace=False))
    things = [passer(draw, first, LANE, edge, gone=gone, episode=episode, roll=True)]
    if rng.random() < 0.5:
        things.append(_follower(draw, second, things[0]))
    shade, (wide, high) = rng.uniform(0.24, 0.34), TUNNEL
    walls = {
        "front": (0.0, LANE - wide - WALL, high / 2, (half, WALL, high / 2)),
        "back": (0.0, LANE + wide + WALL, high / 2, (half, WALL, high / 2)),
        "roof": (0.0, LANE, high + WALL, (half, wide + 2 * WALL, WALL)),
    }
    for end, side in (("left", -1), ("right", 1)):  # a lighter frame around each mouth, within the tunnel's length
        x = side * (half - RIM)
        walls[f"{end} post"] = (x, LANE - wide - 3 * WALL, high / 2 + WALL, (RIM, WALL, high / 2 + WALL))
        walls[f"{end} lintel"] = (x, LANE, high + 3 * WALL, (RIM, wide + 4 * WALL, WALL))
    for name, (x, y, z, size) in walls.items():
        tone = shade + 0.14 * (" " in name)
        spec.worldbody.add_geom(
            name=f"tunnel {name}",
            type=mujoco.mjtGeom.mjGEOM_BOX,
            pos=[x, y, z],
            size=size,
            rgba=[tone] * 3 + [1],
        )
    spec.worldbody.add_site(name="tunnel", pos=[0, LANE, 0], size=[half] * 3)
    return spec, things


def _follower(draw: Draw, hue: int, first: Thing) -> Thing:
    """The same thing in another hue, far enough behind the first to be told apart."""
    back = np.sign(first.position[0]) * draw.between(1.6, 2.2, least=1.5, most=2.4) * first.diameter
    return replace(first, hue=hue, position=(first.position[0] + back, *first.position[1:]))


def _inside(world: MujocoBackend) -> Truth:
    x, y = world.data.xpos[world.bodies, :2].T
    half = world.model.site("tunnel").size[0]
    return {"inside": world.present & (np.abs(x) < half) & (np.abs(y - LANE) < TUNNEL[0])}


def _wait(world: MujocoBackend, action: int | np.integer) -> None:
    """There is nothing to do."""


def _waiting(world: MujocoBackend, rng: np.random.Generator) -> np.int64:
    return np.int64(0)


def _through(world: MujocoBackend) -> dict[str, Arm]:
    return present_absent(world, [np.int64(0)] * TUNNEL_STEPS)


def _curtain(draw: Draw) -> tuple[mujoco.MjSpec, list[Thing]]:
    rng, spec = draw.rng, studio(draw.rng, slant=0.2)
    count = int(rng.integers(1, 4))
    hues = rng.choice(len(palette.NAMES), count, replace=False)
    columns = rng.permutation([-0.62, 0.0, 0.62])[:count]  # side by side, so that nothing hides anything
    things = [_standing(draw, int(hue), column) for hue, column in zip(hues, columns, strict=True)]
    shade = rng.uniform(0.26, 0.38)
    body = spec.worldbody.add_body(name="curtain", pos=[0, -0.3, RAIL + CURTAIN[2] + 0.01], gravcomp=1.0)
    body.add_joint(name="curtain", type=mujoco.mjtJoint.mjJNT_SLIDE, axis=[0, 0, 1], ref=RAIL)
    body.add_geom(type=mujoco.mjtGeom.mjGEOM_BOX, size=CURTAIN, rgba=[shade] * 3 + [1], contype=0, conaffinity=0)
    return spec, things


def _standing(draw: Draw, hue: int, column: float) -> Thing:
    rng, shapes = draw.rng, draw.shapes("sphere", "box", "cylinder")
    shape = shapes[rng.integers(len(shapes))]
    back = rng.uniform(0.1, 0.8)
    diameter = draw.between(0.36, 0.40, least=0.36) * (1 + 0.22 * back)
    thing = Thing(
        shape, diameter, hue, position=(column + rng.uniform(-0.07, 0.07), back, 0.0), yaw=rng.uniform(0, 1.5)
    )
    return replace(thing, position=(*thing.position[:2], thing.half[2]))


def _draw(world: MujocoBackend, action: np.ndarray) -> None:
    slide(world, "curtain", SLIDE * float(action[0]), 0.0, RAIL)


def _drawing(world: MujocoBackend, rng: np.random.Generator) -> np.ndarray:
    """Hold one speed for ten frames, then draw another: it goes by the clock, so a restored world is treated alike."""
    if round(world.data.time * FPS) % 10:
        speed = world.data.joint("curtain").qvel[0] / SLIDE
    else:
        speed = rng.uniform(-1, 1) if rng.random() < 0.6 else 0.0
    return np.array([np.clip(speed, -1, 1)], np.float32)


def _down_and_up(world: MujocoBackend) -> dict[str, Arm]:
    travel = int(np.ceil(RAIL / SLIDE * FPS))
    down = travel + round(spell(world.seed) * FPS) - 2  # what is low is hidden a little longer than the curtain is down
    script = [0.0] * CONTEXT + [-1.0] * down + [1.0] * travel
    script += [0.0] * (CURTAIN_STEPS - len(script))
    return present_absent(world, [np.array([speed], np.float32) for speed in script])


def _height(world: MujocoBackend) -> Truth:
    return {"curtain": world.data.joint("curtain").qpos.copy()}


TUNNELS = Recipe(
    slots=2,
    fps=FPS,
    camera=CAMERA,
    build=_tunnel,
    act=_wait,
    expert=_waiting,
    changes=removals,
    arms=_through,
    facts=_inside,
)

CURTAINS = Recipe(
    slots=3,
    fps=FPS,
    camera=CAMERA,
    build=_curtain,
    act=_draw,
    expert=_drawing,
    changes=removals,
    arms=_down_and_up,
    facts=_height,
)

TUNNEL_SCENE = Scene(
    name="worldsim/Tunnel-v0",
    fps=FPS,
    action_space=spaces.Discrete(1),
    things=("thing 0", "thing 1"),
    backend=partial(MujocoBackend, TUNNELS),
    families={"M-TUN": ("present", "absent")},
    templates=TEMPLATES,
    ranges=RANGES,
)

CURTAIN_SCENE = Scene(
    name="worldsim/Curtain-v0",
    fps=FPS,
    action_space=spaces.Box(-1, 1, (1,), np.float32),
    things=("thing 0", "thing 1", "thing 2"),
    backend=partial(MujocoBackend, CURTAINS),
    families={"M-CUR": ("present", "absent")},
    templates=TEMPLATES,
    ranges=RANGES,
)
