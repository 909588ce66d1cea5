"""Things pass behind a screen.

## Description
A grey table, seen by a camera that does not move. One to three coloured things (spheres, boxes, cylinders) glide
across it without friction, each on a lane of its own, from either side. In the middle stands an opaque screen: what
goes behind it is hidden for 0.4 to 1.6 s, mostly about 1 s, and comes out at the other side. Things never touch, and
hardly ever hide one another. What is behind the screen is known only by remembering it.

## Actions
`Box(-1, 1, (1,), float32)`: the speed at which the screen slides along its rail, in units of 0.5 m/s, positive to the
right; the rail is 0.45 m long to either side of the middle. 0 keeps the screen still.

## Observations
`pov` uint8 [size, size, 3] at 10 Hz, and where asked for `depth` (m) and `segmentation`. Each thing is at least 9
pixels across at 64 pixels.

`Longer` is the same world with one thing and 140 steps, in which the seed, modulo five, says for how long the thing is
hidden: about 0.4, 0.8, 1.6, 3.2 or 6.4 s.

## Start
Number, shapes, hues, sizes, directions, lanes and speeds of the things, the screen's width, and the lights and shades
of grey follow from the seed. Each thing is wholly in the picture from 0.3 s to 0.8 s at least, and most from the
start; then it begins to be hidden, and is wholly seen again within 4 s, if it has not left the picture, while the
screen is kept still.

## End
The world does not end; `gymnasium.make` cuts an episode after 40 steps (4 s), of `Longer` after 140.

## Changes
- `remove:<i>`: thing i is there no longer.
- `recolour:<i>`: thing i has a hue that nothing else here has.
- `swap:<i>:<j>`: things i and j change places and velocities.

## Expert
Keeps the screen still three times out of four, and else slides it, ten frames at a time.

## Arms
M-OCC: `present` keeps the screen still; in `absent` the thing that is asked about was never there. It is one that is
seen in the first eight frames, then hidden, then seen again, where there is such a one.

## Versions
- v0: the first.
"""

# pyright: reportAttributeAccessIssue=false
# MuJoCo's bindings are compiled and bring no stubs.

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from itertools import combinations

import mujoco
import numpy as np
from gymnasium import spaces

from worldsim_envs import palette
from worldsim_envs.mujoco.asking import CAMERA, EYE, FPS, present_absent, slide
from worldsim_envs.mujoco.backend import MujocoBackend, Recipe
from worldsim_envs.mujoco.changes import each, recolour, remove, swap
from worldsim_envs.mujoco.studio import studio
from worldsim_envs.mujoco.thing import Thing
from worldsim_envs.scene import Arm, Scene
from worldsim_envs.variation import RANGES, SPELLS, TEMPLATES, Draw, spell

LANES = (0.1, 0.6, 1.1)
"""How far behind the middle of the table each lane runs (m)."""

SCREEN = -0.28
"""Where the screen stands (m): before the first lane."""

HIGH = 1.06
"""The screen's height (m): what is on the last lane does not show above it."""

RAIL, SLIDE = 0.45, 0.5
"""How far the screen can slide to either side (m), and how fast (m/s)."""

HALF = (0.33, 0.46)
"""Half the screen's width (m)."""

GONE = (0.4, 1.6)
"""How long a thing is wholly hidden (s)."""

FASTEST = 1.0
"""How fast a thing may glide (m/s)."""

SEEN = 0.3
"""When at the latest a thing is wholly in the picture (s): then it can be watched for half a second at least."""

CONTEXT, EPISODE = 0.8, 4.0
"""Nothing begins to hide before the one, and all is seen again before the other (s)."""

LONGER_STEPS = 140
"""How long an episode of `Longer` is."""


def _build(draw: Draw) -> tuple[mujoco.MjSpec, list[Thing]]:
    rng, spec = draw.rng, studio(draw.rng, slant=0.2)  # a thing's shadow hides with it
    count = int(rng.choice([1, 2, 3], p=[0.4, 0.4, 0.2]))
    hues = rng.choice(len(palette.NAMES), count, replace=False)
    lanes = rng.choice(len(LANES), count, replace=False)
    while True:
        half = draw.between(*HALF, least=0.25, most=HALF[1])
        things = [
            passer(draw, int(hue), LANES[lane], half * reach(LANES[lane]), gone=GONE, episode=EPISODE)
            for hue, lane in zip(hues, lanes, strict=True)
        ]
        if not _in_each_others_way(things, half):
            break
    screen(spec, half, rng.uniform(0.22, 0.34))
    return spec, things


def _build_longer(draw: Draw) -> tuple[mujoco.MjSpec, list[Thing]]:
    """One thing, and a screen as wide as lets it pass at a fair speed."""
    rng, spec = draw.rng, studio(draw.rng, slant=0.2)
    half = longer(draw)
    gone = (spell(draw.seed), spell(draw.seed))
    lane = LANES[rng.integers(2)]
    hue = int(rng.integers(len(palette.NAMES)))
    thing = passer(draw, hue, lane, half * reach(lane), gone=gone, episode=LONGER_STEPS / FPS - 0.5)
    screen(spec, half, rng.uniform(0.22, 0.34))
    return spec, [thing]


def longer(draw: Draw) -> float:
    """Half the width of what hides a thing for as long as the seed says (m): a fifth wider for each doubling."""
    return 0.30 * 1.2 ** SPELLS.index(spell(draw.seed)) * draw.between(0.97, 1.03, least=0.94, most=1.04)


def screen(spec: mujoco.MjSpec, half: float, shade: float) -> None:
    """An opaque screen before all lanes, on a rail."""
    body = spec.worldbody.add_body(name="screen", pos=[0, SCREEN, HIGH / 2])
    body.add_joint(name="screen", type=mujoco.mjtJoint.mjJNT_SLIDE, axis=[1, 0, 0])
    body.add_geom(
        type=mujoco.mjtGeom.mjGEOM_BOX, size=[half, 0.02, HIGH / 2], rgba=[shade] * 3 + [1], contype=0, conaffinity=0
    )


def reach(lane: float) -> float:
    """How many metres on this lane a metre of the screen covers, seen from the camera."""
    return (lane - EYE[1]) / (SCREEN - EYE[1])


def passer(
    draw: Draw, hue: int, lane: float, edge: float, *, gone: tuple[float, float], episode: float, roll: bool = False
) -> Thing:
    """A thing that is wholly seen in the context, begins to hide after it, and is wholly seen again before the end.

    `edge` is how far from the middle of its lane it is covered (m), `gone` for how long it is wholly hidden (s), from
    least to most; before the end of the `episode` (s) it has come out. Spheres may `roll`; all else glides.
    """
    rng, shapes = draw.rng, draw.shapes("sphere", "box", "cylinder")
    while True:
        shape = shapes[rng.integers(len(shapes))]
        diameter = draw.between(0.36, 0.39, least=0.36) * (1 + 0.22 * lane)
        yaw = rng.uniform(0, np.pi / 2) if shape == "box" else 0.0
        wide = diameter / 2 * (np.cos(yaw) + np.sin(yaw) if shape == "box" else 1.0)
        hidden = draw.between(*gone, least=0.3, most=2.2) if gone[0] < gone[1] else gone[0]
        speed = 2 * (edge - wide) / hidden
        begins = rng.uniform(CONTEXT, 1.8)
        start = edge + wide + speed * begins
        seen = start + wide - speed * SEEN <= view(lane)
        if 0 < speed <= FASTEST and seen and begins + 2 * (edge + wide) / speed <= episode:
            break
    way = rng.choice([-1, 1])
    rolls = roll and shape == "sphere"
    thing = Thing(
        shape,
        diameter,
        hue,
        position=(-way * start, lane, diameter / 2),
        velocity=(way * speed, 0.0, 0.0),
        yaw=yaw,
        spin=(0.0, 2 * way * speed / diameter, 0.0) if rolls else (0.0, 0.0, 0.0),
        friction=(0.6, 1e-5, 1e-5) if rolls else (0.0, 0.0, 0.0),
    )
    return replace(thing, position=(-way * start, lane, thing.half[2]))


def view(lane: float) -> float:
    """How far to either side the picture reaches on this lane (m)."""
    _, depth = CAMERA.project(np.array([[0.0, lane, 0.2]]))
    return float(depth[0] / (2 * CAMERA.intrinsics[0, 0]))


def _in_each_others_way(things: list[Thing], half: float) -> bool:
    """Whether one thing covers another, away from the screen, in the context or for more than three frames after it."""
    times = np.arange(0, EPISODE, 1 / FPS)
    for one, other in combinations(things, 2):
        if abs(one.position[1] - other.position[1]) > 0.8:
            continue  # from this high up, lanes that far apart lie one above the other in the picture
        middle, wide, hidden = zip(*(_shown(thing, times, half) for thing in (one, other)), strict=True)
        meet = (np.abs(middle[0] - middle[1]) < sum(wide)) & ~(hidden[0] | hidden[1])
        if meet[times < CONTEXT].any() or meet.sum() > 3:
            return True
    return False


def _shown(thing: Thing, times: np.ndarray, half: float) -> tuple[np.ndarray, float, np.ndarray]:
    """Where a thing is in the picture, from side to side, how far it reaches, and when the screen covers all of it."""
    far = thing.position[1] - EYE[1]
    middle, wide = (thing.position[0] + thing.velocity[0] * times) / far, 0.5 * thing.diameter / far
    return middle, wide, np.abs(middle) + wide < half / (SCREEN - EYE[1])


def _act(world: MujocoBackend, action: np.ndarray) -> None:
    slide(world, "screen", SLIDE * float(action[0]), -RAIL, RAIL)


def _expert(world: MujocoBackend, rng: np.random.Generator) -> np.ndarray:
    """Hold one speed for ten frames, then draw another: it goes by the clock, so a restored world is treated alike."""
    if round(world.data.time * FPS) % 10:
        speed = world.data.joint("screen").qvel[0] / SLIDE
    else:
        speed = rng.uniform(-1, 1) if rng.random() < 0.25 else 0.0
    return np.array([np.clip(speed, -1, 1)], np.float32)


def _changes(world: MujocoBackend) -> dict[str, Callable[[MujocoBackend], None]]:
    pairs = combinations(map(int, np.flatnonzero(world.present)), 2)
    swaps = {f"swap:{one}:{other}": partial(swap, one=one, other=other) for one, other in pairs}
    return {**each(world, "remove", remove), **each(world, "recolour", recolour), **swaps}


def _arms(steps: int, world: MujocoBackend) -> dict[str, Arm]:
    return present_absent(world, [np.zeros(1, np.float32)] * steps)


RECIPE = Recipe(
    slots=len(LANES),
    fps=FPS,
    camera=CAMERA,
    build=_build,
    act=_act,
    expert=_expert,
    changes=_changes,
    arms=partial(_arms, 40),
)

HIDDEN = Scene(
    name="worldsim/Hidden-v0",
    fps=FPS,
    action_space=spaces.Box(-1, 1, (1,), np.float32),
    things=tuple(f"thing {slot}" for slot in range(len(LANES))),
    backend=partial(MujocoBackend, RECIPE),
    families={"M-OCC": ("present", "absent")},
    templates=TEMPLATES,
    ranges=RANGES,
)

LONGER = replace(
    HIDDEN,
    name="worldsim/Longer-v0",
    backend=partial(MujocoBackend, replace(RECIPE, build=_build_longer, arms=partial(_arms, LONGER_STEPS))),
)
