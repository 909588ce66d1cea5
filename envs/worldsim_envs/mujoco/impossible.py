"""What cannot happen, happens behind a screen; or does not.

## Description
A grey table, seen by a camera that does not move. Two coloured balls glide across it without friction, on two of
three lanes, and pass behind an opaque screen, where both are wholly hidden at one moment, the cut. At the cut something
impossible can happen to the first of them, or to both: nobody sees it happen, and whoever remembers what went in, sees
that something else comes out.

## Actions
`Discrete(1)`: wait. The world goes its own way.

## Observations
`pov` uint8 [size, size, 3] at 10 Hz, and where asked for `depth` (m) and `segmentation`. Each thing is at least 9
pixels across at 64 pixels. Also true is `cut` [1], the step before which the cut is.

## Start
Hues, sizes, directions, lanes and speeds of the things, the screen's width, and the lights and shades of grey
follow from the seed. Each thing is wholly seen for three of the first 8 frames at least, and for three at the end.

## End
The world does not end; `gymnasium.make` cuts an episode after 40 steps (4 s).

## Changes
Each, made twice, is as if it had not been made.
- `vanish`: the first thing is not there; or is where it would have got to.
- `teleport`: the first thing is on the lane that was free, as far along it as before.
- `identity`: the two things have changed places and velocities.
- `colour`: the first thing has the hue opposite to its own.
- `shape`: the first thing is a box where it was a ball, or the other way round.
- `dim`: the light that casts shadows is a fifth weaker.

And `remove:<i>`, `recolour:<i>` as everywhere.

## Expert
Waits, which is all that one can do.

## Arms
M-VAN: `factual`; `do:<change>`, with the change at the cut, which is impossible; `placebo`, in which the light is
dimmed at the cut, which is possible; `placebo-always`, in which it is dim from the start.

M-VAN/<change>, one for each change: `factual` and `do:<change>-always`, with the change from the start, are possible;
`do:<change>` and `do:<change>-back`, with it from the start and taken back at the cut, are impossible. The two possible
ones and the two impossible ones show the same pictures: each first half once with each second half. At the cut both
films show the screen and the same picture, so that it cannot be seen where they are joined; `placebo` is the control, a
cut that can be seen and breaks no law.

## Versions
- v0: the first.

Source: the same pictures in possible and impossible clips: Piloto et al. 2022, "Intuitive physics learning in a
deep-learning model inspired by developmental psychology".
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
from worldsim_envs.mujoco.asking import CAMERA, FPS, removals
from worldsim_envs.mujoco.backend import MujocoBackend, Recipe
from worldsim_envs.mujoco.changes import swap
from worldsim_envs.mujoco.hidden import CONTEXT, LANES, reach, screen, view
from worldsim_envs.mujoco.studio import studio
from worldsim_envs.mujoco.thing import GEOMS, Thing
from worldsim_envs.scene import Arm, Scene, Truth
from worldsim_envs.variation import RANGES, SHAPES, TEMPLATES, Draw

STEPS = 40
HALF = (0.42, 0.48)
"""Half the screen's width (m)."""

CUT = (18, 20)
"""The steps before which the cut can be, from the first to the last."""

SPEED = (0.5, 0.7)
"""How fast things glide (m/s)."""

SEEN = 0.35
"""For how long each thing is wholly seen in the context, and again after it was hidden, at least (s)."""

OTHER = {"sphere": "box", "box": "sphere", "capsule": "ellipsoid", "ellipsoid": "capsule"}
"""What a thing of each shape can be changed into."""

IMPOSSIBLE = ("vanish", "teleport", "identity", "colour", "shape")


def _build(draw: Draw) -> tuple[mujoco.MjSpec, list[Thing]]:
    """Two things that are both at the middle of the screen at the cut."""
    rng, spec = draw.rng, studio(draw.rng, slant=0.2)
    half, shade = rng.uniform(*HALF), rng.uniform(0.22, 0.34)
    cut = int(rng.integers(CUT[0], CUT[1] + 1))
    screen(spec, half, shade)
    spec.add_numeric(name="cut", data=[cut])
    hue = int(rng.integers(len(palette.NAMES)))
    others = [each for each in range(len(palette.NAMES)) if each not in (hue, _opposite(hue))]
    lanes = np.asarray(LANES)[rng.choice(len(LANES), 2, replace=False)]
    ways = rng.choice([-1, 1]) * np.array([1, -1])
    return spec, [
        _passer(draw, paint, float(lane), float(way), half * reach(float(lane)), cut / FPS)
        for paint, lane, way in zip((hue, int(rng.choice(others))), lanes, ways, strict=True)
    ]


def _passer(draw: Draw, hue: int, lane: float, way: float, edge: float, cut: float) -> Thing:
    """A thing that is wholly seen for a while of the context and at the end, and near its lane's middle at the cut (s).

    `edge` is how far from the middle of the lane it is covered (m).
    """
    rng, shapes = draw.rng, draw.shapes("sphere")
    shape = shapes[rng.integers(len(shapes))]
    while True:
        speed = draw.between(*SPEED, least=0.45, most=0.75)
        diameter = draw.between(0.36, 0.38, least=0.36, most=0.40) * (1 + 0.22 * lane)
        middle = cut + rng.uniform(-0.1, 0.1)
        far, near = (view(lane) - diameter / 2) / speed, (edge + diameter / 2) / speed  # from the middle (s)
        before = min(middle - near, CONTEXT) - max(middle - far, 0.0)
        after = min(middle + far, STEPS / FPS) - (middle + near)
        if min(before, after) >= SEEN:
            break
    start = speed * middle
    place = (-way * start, lane, diameter / 2)
    thing = Thing(shape, diameter, hue, place, velocity=(way * speed, 0.0, 0.0), friction=(0.0, 0.0, 0.0))
    return replace(thing, position=(*place[:2], thing.half[2]))


def _opposite(hue: int) -> int:
    return (hue + len(palette.NAMES) // 2) % len(palette.NAMES)


def _vanish(world: MujocoBackend) -> None:
    """Take the first thing out of the world and keep its paint, or put it where it would have got to."""
    thing = _build(Draw(world.seed, world.variation))[1][0]
    there = not world.present[0]
    world.present[0] = there
    world.hue[0] = thing.hue if there else -1
    world.model.geom_contype[world.geoms[0]] = world.model.geom_conaffinity[world.geoms[0]] = int(there)
    world.park(0)
    if there:
        gone = np.array([thing.velocity[0] * world.data.time, 0.0, 0.0])
        world.move(0, position=thing.position + gone, velocity=[*thing.velocity, 0.0, 0.0, 0.0])


def _teleport(world: MujocoBackend) -> None:
    """Put the first thing on the lane that nothing is on."""
    lanes = [int(np.argmin(np.abs(np.asarray(LANES) - world.place(slot)[1]))) for slot in (0, 1)]
    (free,) = set(range(len(LANES))) - set(lanes)
    world.place(0)[1] = LANES[free]


def _colour(world: MujocoBackend) -> None:
    world.hue[0] = _opposite(int(world.hue[0]))
    world.paint(world.pieces[0], palette.RGB[world.hue[0]])


def _shape(world: MujocoBackend) -> None:
    """Give the first thing another shape, as wide as it was; it still stands on the table."""
    geom, diameter = world.geoms[0], float(2 * world.extent[0].max())
    thing = Thing(OTHER[SHAPES[world.shape[0]]], diameter, int(world.hue[0]), (0.0, 0.0, 0.0))
    wide, deep, high = thing.half
    world.shape[0], world.extent[0] = SHAPES.index(thing.shape), thing.half
    world.model.geom_type[geom] = int(GEOMS[thing.shape])
    world.model.geom_size[geom] = (wide, high - wide, 0.0) if thing.shape == "capsule" else (wide, deep, high)
    world.model.geom_rbound[geom] = np.linalg.norm(thing.half)
    world.model.geom_aabb[geom] = (0.0, 0.0, 0.0, *thing.half)
    world.place(0)[2] = high


def _dim(world: MujocoBackend) -> None:
    """Make the light that casts shadows weaker, or as strong as it was."""
    spec, _ = _build(Draw(world.seed, world.variation))
    full = spec.lights[0].diffuse
    weaker = np.isclose(world.model.light_diffuse[0], full).all()
    world.model.light_diffuse[0] = np.multiply(full, 0.8 if weaker else 1.0)


def _changes(world: MujocoBackend) -> dict[str, Callable[[MujocoBackend], None]]:
    whole = {
        "teleport": _teleport,
        "identity": partial(swap, one=0, other=1),
        "colour": _colour,
        "shape": _shape,
    }
    first = {"vanish": _vanish} if "remove:0" not in world.applied else {}
    return {**removals(world), **first, **(whole if world.present.all() else {}), "dim": _dim}


def _wait(world: MujocoBackend, action: int | np.integer) -> None:
    """There is nothing to do."""


def _expert(world: MujocoBackend, rng: np.random.Generator) -> np.int64:
    return np.int64(0)


def _arms(world: MujocoBackend) -> dict[str, Arm]:
    script, cut = [np.int64(0)] * STEPS, int(_facts(world)["cut"][0])
    arms = {"factual": Arm(script), "placebo": Arm(script, ((cut, "dim"),))}
    arms["placebo-always"] = Arm(script, ((0, "dim"),))
    for change in IMPOSSIBLE:
        arms[f"do:{change}"] = Arm(script, ((cut, change),))
        arms[f"do:{change}-always"] = Arm(script, ((0, change),))
        arms[f"do:{change}-back"] = Arm(script, ((0, change), (cut, change)))
    return arms


def _facts(world: MujocoBackend) -> Truth:
    return {"cut": world.model.numeric("cut").data.astype(np.int64)}


RECIPE = Recipe(
    slots=2,
    fps=FPS,
    camera=CAMERA,
    build=_build,
    act=_wait,
    expert=_expert,
    changes=_changes,
    arms=_arms,
    facts=_facts,
)

IMPOSSIBLE_SCENE = Scene(
    name="worldsim/Impossible-v0",
    fps=FPS,
    action_space=spaces.Discrete(1),
    things=("thing 0", "thing 1"),
    backend=partial(MujocoBackend, RECIPE),
    families={
        "M-VAN": ("factual", *(f"do:{change}" for change in IMPOSSIBLE), "placebo"),
        **{
            f"M-VAN/{change}": ("factual", f"do:{change}-always", f"do:{change}", f"do:{change}-back")
            for change in IMPOSSIBLE
        },
    },
    templates=TEMPLATES,
    ranges=RANGES,
)
