"""A camera goes about a room and comes back: where it was is told by what it shows.

## Description
A grey room with a thing on a plinth in its middle, another thing and grey forms on plinths around it, and pictures on
its walls. Nothing moves but the camera. Between the plinths and the walls stand 28 beacons, posts with two balls of
colour, whose pairs of hues and places are known: at least four are in every picture of the paths, at 1 to 6 m, so a
picture says where it was taken from. The field of view is 90 degrees. Three scenes share the room:

- `worldsim/Gallery-v0` stands still for 8 frames, then goes a short way and back: more than half of each picture was
  seen before.
- `worldsim/Tour-v0` first shows the whole room (64 frames: once around itself, once around the middle), then goes
  farther through what was seen.
- `worldsim/Frieze-v0` is Gallery without beacons: grey patterns lie over everything, for readers that find and follow
  corners.

## Actions
`Box(-1, 1, (5,), float32)`: the camera's velocities:

| component | 1 is | + is |
|---|---|---|
| forward | 1.5 m/s | where it is turned to, along the ground, however far it looks up or down |
| right | 1.5 m/s | to its right, along the ground |
| up | 0.5 m/s | against gravity |
| pitch | 1.5 rad/s | looks further down |
| yaw | 4 rad/s | turns to its right |

The camera stays between 0.5 and 1.6 m from the middle of the room and 0.9 and 1.6 m above the floor, and looks up or
down by 0.8 rad at most; what would lead farther ends there.

## Observations
`pov` uint8 [size, size, 3] at 10 Hz, and where asked for `depth` (m) and `segmentation`. A ball of a
beacon is at least 3 pixels across at 128 pixels. The truth also has `beacon` [28 2 3], where the middles of each
post's lower and upper ball are (m), `beacon_hue` [28 2], `beacon_shape` (a sphere) and `beacon_size` (m); Frieze has
none.

## Start
The camera stands 1.1 m (Tour: 0.55 to 0.75 m) before the middle of the room and looks at it. Hues, places, heights and
shapes of everything, lamps and shades of grey, and how far each path goes follow from the seed.

## End
The world does not end; `gymnasium.make` cuts an episode after 40 steps (4 s), in Tour after 128 (12.8 s).

## Changes
- `remove:<i>`: thing i is there no longer.

## Expert
Goes the way of one of the arms, from beginning to end, then of another.

## Arms
A path is a pair of arms, its twin being its mirror; both begin after the same frames and end where they began, after 32
frames (Tour: 64).

| family | arms | how far |
|---|---|---|
| M-YAW | `yaw:right`, `yaw:left` | 15 to 30 degrees; Tour: 60, 90, 180, or 360 without going back |
| M-PIT | `pit:down`, `pit:up` | 10 to 17 degrees |
| M-TRL | `trl:right`, `trl:left` | 0.35 to 0.6 m to the side |
| M-DOL | `dol:in`, `dol:out` | 0.25 to 0.4 m ahead, or back |
| M-ORB | `orb:right`, `orb:left` | 20 to 34 degrees around the thing in the middle; Tour: 30 or 90 |
| M-SQR | `sqr:right`, `sqr:left` | Tour: around the middle along a square of 1.2 to 1.4 m, beginning to the right |
| M-RVS | `rvs:right`, `rvs:left` | Tour: a place 40 to 69 degrees to the right, an arc back there, that place again |

Out of distribution they go less far or farther.

## Versions
- v0: the first.
"""

# pyright: reportAttributeAccessIssue=false
# MuJoCo's bindings are compiled and bring no stubs.

from collections.abc import Callable
from dataclasses import replace
from functools import partial

import mujoco
import numpy as np

from worldsim_envs import cameras
from worldsim_envs.mujoco.backend import MujocoBackend, Recipe, no_facts
from worldsim_envs.mujoco.changes import each, remove
from worldsim_envs.mujoco.room import ACTIONS, EYE, FPS, beacons, camera, expert, frieze, room, steer, twins
from worldsim_envs.mujoco.thing import GEOMS, Thing
from worldsim_envs.scene import Arm, Scene
from worldsim_envs.variation import RANGES, TEMPLATES, Draw

SHORT, LONG = 40, 128
"""Steps of an episode; the last is a rest."""

CONTEXT, QUERY = 8, 32
"""Frames that all arms share, and frames of a path; the first frame of a path is what came of its first command."""

LOOK_AROUND, REPLAY = (24, 32, 7), 64
"""Frames around itself, around the middle and at rest, and frames of a path then."""

AWAY = 1.1
"""How far from the middle the camera of Gallery stands (m)."""

TURNS = {"ood": (45, 120, 150)}
ARCS = {"ood": (60, 120)}
"""How far YAW and ORB go in Tour (degrees), where that is not what the benchmark asks for."""


def _gallery(draw: Draw, *, bare: bool = False) -> tuple[mujoco.MjSpec, list[Thing]]:
    asked = [
        draw.between(np.deg2rad(15), np.deg2rad(30)),
        draw.between(np.deg2rad(10), np.deg2rad(17)),
        draw.between(0.35, 0.6),
        draw.between(0.25, 0.4, most=0.45),
        draw.between(np.deg2rad(20), np.deg2rad(34)),
    ]
    return _furnished(draw, AWAY, asked, bare=bare)


def _tour(draw: Draw) -> tuple[mujoco.MjSpec, list[Thing]]:
    side = draw.between(1.2, 1.4, most=1.5)
    turn = np.deg2rad(draw.rng.choice(TURNS.get(draw.ranges, (60, 90, 180, 360))))
    arc = np.deg2rad(draw.rng.choice(ARCS.get(draw.ranges, (30, 90))))
    asked = [turn, arc, side, draw.between(np.deg2rad(40), np.deg2rad(69)), draw.rng.choice([-1, 1])]
    return _furnished(draw, side / 2, asked)


def _furnished(draw: Draw, away: float, asked: list, *, bare: bool = False) -> tuple[mujoco.MjSpec, list[Thing]]:
    """The room and what stands in it; how far its paths go is kept in the model, for the arms."""
    spec, hues = room(draw, np.array([0.0, -away, EYE, 0.15, 0.0]), posts=not bare)
    spec.add_numeric(name="asked", size=len(asked), data=np.array(asked, float))
    high = _plinths(spec, draw.rng, EYE - 0.51 * away)
    if bare:
        frieze(spec)
    things = []
    for number, (hue, low, wide) in enumerate(zip(hues, (0.26 * away, 0.46), (0.31 * away, 0.52), strict=True)):
        shape, diameter = str(draw.rng.choice(draw.shapes("sphere", "box", "cylinder"))), draw.rng.uniform(low, wide)
        thing = Thing(shape, diameter, hue, position=(0.0, 0.0, 0.0), mount=f"plinth {number}")
        things.append(replace(thing, position=(0.0, 0.0, high[number] + thing.half[2])))
    return spec, things


def _plinths(spec: mujoco.MjSpec, rng: np.random.Generator, middle: float) -> list[float]:
    """One in the middle and five around it, the first ahead; four bear grey forms. How high they are (m)."""
    ahead, heights = rng.uniform(0.25, 0.6) * rng.choice([-1, 1]), []
    for number in range(6):
        turn = ahead + 2 * np.pi * (number - 1) / 5 + rng.uniform(-0.12, 0.12)
        away, high, wide = (rng.uniform(2.05, 2.3), rng.uniform(0.25, 0.4), 0.27) if number else (0.0, middle, 0.15)
        body = spec.worldbody.add_body(
            name=f"plinth {number}",
            pos=[away * np.sin(turn), away * np.cos(turn), 0],
            quat=[np.cos(turn / 2), 0, 0, -np.sin(turn / 2)],
        )
        body.add_geom(
            type=GEOMS["box"],
            pos=[0, 0, high / 2],
            size=[wide, wide, high / 2],
            rgba=[rng.uniform(0.4, 0.55)] * 3 + [1],
        )
        if number > 1:
            shape, half = str(rng.choice(["sphere", "box", "cylinder"])), rng.uniform(0.15, 0.25)
            size = {"sphere": [half, 0, 0], "box": [0.8 * half, 0.8 * half, half], "cylinder": [0.7 * half, half, 0]}
            body.add_geom(
                type=GEOMS[shape],
                pos=[0, 0, high + half],
                size=size[shape],
                rgba=[rng.uniform(0.2, 0.32)] * 3 + [1],
            )
        heights.append(high)
    return heights


def _short(world: MujocoBackend) -> dict[str, Arm]:
    turn, nod, aside, ahead, arc = world.model.numeric("asked").data
    still = cameras.hold(CONTEXT - 1, FPS)
    paths = (
        cameras.yaw(turn, QUERY, FPS),
        cameras.pitch(nod, QUERY, FPS),
        cameras.strafe(aside, QUERY, FPS),
        cameras.dolly(ahead, QUERY, FPS),
        cameras.orbit(arc, AWAY, QUERY, FPS),
    )
    return {name: arm for path in paths for name, arm in twins(still, path, SHORT).items()}


def _long(world: MujocoBackend) -> dict[str, Arm]:
    turn, arc, side, place, way = world.model.numeric("asked").data
    turning, circling, resting = LOOK_AROUND
    seen = cameras.tour(cameras.orbit(2 * np.pi, side / 2, circling, FPS), turning, resting)
    paths = (
        cameras.yaw(turn, REPLAY, FPS),
        cameras.orbit(arc, side / 2, REPLAY, FPS),
        cameras.square(side, 4, 10, FPS),
        cameras.revisit(place, cameras.orbit(place, side / 2, 28, FPS).mirror(), 8, 6),
    )
    return {name: arm for path in paths for name, arm in twins(seen if way > 0 else seen.mirror(), path, LONG).items()}


def _changes(world: MujocoBackend) -> dict[str, Callable[[MujocoBackend], None]]:
    return each(world, "remove", remove)


def _scene(name: str, build: Callable, arms: Callable, ways: dict[str, tuple[str, ...]], facts: Callable) -> Scene:
    recipe = Recipe(
        slots=2,
        fps=FPS,
        camera=camera,
        build=build,
        act=steer,
        expert=partial(expert, arms),
        changes=_changes,
        arms=arms,
        facts=facts,
    )
    return Scene(
        name=name,
        fps=FPS,
        action_space=ACTIONS,
        things=("thing 0", "thing 1"),
        backend=partial(MujocoBackend, recipe),
        families=cameras.families("M", ways),
        templates=TEMPLATES,
        ranges=RANGES,
    )


GALLERY = _scene("worldsim/Gallery-v0", _gallery, _short, cameras.NEARBY, beacons)
TOUR = _scene("worldsim/Tour-v0", _tour, _long, cameras.FARTHER, beacons)
FRIEZE = _scene("worldsim/Frieze-v0", partial(_gallery, bare=True), _short, cameras.NEARBY, no_facts)
