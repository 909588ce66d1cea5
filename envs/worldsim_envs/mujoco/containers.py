"""Balls under cups that slide, under cups that change places, and in a box.

## Description
A grey table, seen by a camera that does not move. Above it hang opaque vessels without a bottom, on a carriage that can
be let down and lifted.

`Cups`: two cups on a carriage that slides from side to side. One or two coloured balls lie where the cups come down.

`Shells`: two cups on a carriage that turns, and two balls: after half a turn the cups have changed places, and what is
under them with them.

`Count`: two to four balls hang in a row, each below a magnet, and a box without a lid stands under them. From 0.5 s on
they are let go, one each 0.2 s, and fall into the box, which can be slid and lifted.

## Actions
`Box(-1, 1, (2,), float32)`: the speed that the carriage tries to keep, sideways (positive to the right) in units of
0.8 m/s or turning in units of 3 rad/s, and upwards in units of 1.2 m/s. It is strong but not infinitely so.

## Observations
`pov` uint8 [size, size, 3] at 10 Hz, and where asked for `depth` (m) and `segmentation`. Each thing is at least 9
pixels across at 64 pixels. Also true are `vessel` [v 3], the middle of the lower edge of each vessel (m), and `holder`
[o], in which vessel a thing is, or -1.

## Start
Number, hues, sizes and places of the balls, on which side the carriage waits, and the lights and shades of grey
follow from the seed. Everything is at rest, and everything coloured is in sight.

## End
The world does not end; `gymnasium.make` cuts an episode after 100 steps (10 s).

## Changes
- `remove:<i>`: thing i is there no longer.
- `recolour:<i>`: thing i has a hue that nothing else here has.
- `exchange` (`Cups`, `Shells`): what is at the one cup's place is at the other's.

## Expert
Does what the first arm does, a little unsteadily.

## Arms
Cups are let down after 8 frames, moved while they are down, and lifted again; the box is moved once everything has
fallen into it, then lifted. For how long things are hidden is said by the seed, modulo five: about 0.4, 0.8, 1.6, 3.2
or 6.4 s; in `Shells`, where it takes time to turn, at least 1.6 s.

M-CON: `present`; `absent`, without one of the balls; `do:exchange`, where they were put under the other cups. M-SHL:
`factual`, half a turn; `do:return`, a quarter of a turn and back; `do:exchange`. M-CNT: `factual`, with one ball less
than there could be; `do:more`, with all; `do:less`, with two less.

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
from gymnasium import spaces

from worldsim_envs import palette
from worldsim_envs.mujoco.asking import CAMERA, FPS, removals
from worldsim_envs.mujoco.backend import MujocoBackend, Recipe
from worldsim_envs.mujoco.studio import studio
from worldsim_envs.mujoco.thing import Thing
from worldsim_envs.mujoco.vessels import (
    APART,
    CUP,
    HEIGHT,
    LIFT,
    LINE,
    THIN,
    TURN,
    act,
    box,
    carriage,
    cup,
    facts,
    holds_cups,
    unit,
    wall,
)
from worldsim_envs.scene import Arm, Scene
from worldsim_envs.variation import RANGES, TEMPLATES, Draw, spell

STEPS = 100

PACE = 0.41
"""How far the magnets hang from one another (m)."""

HANG, LET_GO, EACH = 0.97, 0.5, 0.2
"""How high things hang (m), when the first is let go, and how long it takes to the next (s)."""


def _cups(turns: bool, draw: Draw) -> tuple[mujoco.MjSpec, list[Thing]]:
    rng, spec = draw.rng, studio(draw.rng, slant=0.2)
    shade, side = rng.uniform(0.26, 0.38), rng.choice([-1, 1])
    body = carriage(spec, "cups", turns=turns, start=side * (0.9 if turns else 0.3))
    for middle in (-APART, APART):
        cup(body, middle, shade)
    top = CUP[1] + 2 * THIN
    wall(body, (0.0, 0.0, top + 0.02), (APART, 0.025, 0.02), shade + 0.12)
    count = 2 if turns else int(rng.integers(1, 3))
    hues = rng.choice(len(palette.NAMES), count, replace=False)
    places = rng.permutation([-APART, APART])[:count]
    return spec, [_ball(draw, int(hue), (place, LINE)) for hue, place in zip(hues, places, strict=True)]


def _count(draw: Draw) -> tuple[mujoco.MjSpec, list[Thing]]:
    rng, spec = draw.rng, studio(draw.rng, slant=0.2)
    shade = rng.uniform(0.26, 0.38)
    body = carriage(spec, "box", turns=False, start=0.0)
    box(body, shade)
    count = int(rng.integers(2, 5))
    hues = rng.choice(len(palette.NAMES), count, replace=False)
    places = (np.arange(4) - 1.5)[np.sort(rng.choice(4, count, replace=False))] * PACE
    things = [_ball(draw, int(hue), (place, LINE), above=HANG) for hue, place in zip(hues, places, strict=True)]
    wall(spec.worldbody, (0.0, LINE, HANG + 0.23), (0.64, 0.02, 0.015), shade + 0.12, solid=False)
    return spec, things


def _ball(draw: Draw, hue: int, place: tuple[float, float], *, above: float | None = None) -> Thing:
    """A ball that soon comes to rest, on the table or hanging."""
    shapes = draw.shapes("sphere")
    thing = Thing(
        shapes[draw.rng.integers(len(shapes))],
        draw.between(0.36, 0.385, least=0.36, most=0.4),
        hue,
        position=(*place, 0.0),
        density=draw.between(100, 200),
        friction=(0.7, 0.01, 0.02),
    )
    return replace(thing, position=(*place, thing.half[2] if above is None else above))


def _act_below_magnets(world: MujocoBackend, action: np.ndarray) -> None:
    """A magnet carries its thing's weight until the clock lets go."""
    act(world, action)
    held = world.data.time < LET_GO + EACH * np.arange(world.recipe.slots) - 1e-6
    weight = 9.81 * world.model.body_mass[world.bodies]
    world.data.xfrc_applied[world.bodies, 2] = np.where(held & world.present, weight, 0.0)


def _script(world: MujocoBackend, *, back: bool = False) -> list[np.ndarray]:
    """Line up with the things, let down, move, lift; `back`: move half as far as that, and back."""
    turns, cups = unit(world) == TURN, holds_cups(world)
    plan = np.random.default_rng([world.seed, 11])
    hidden = round(max(spell(world.seed), 1.6 if turns else 0.0) * FPS)
    still = (0.0, 0.0)
    if cups:
        start = -float(world.model.qpos0[world.model.joint("aside").qposadr[0]])
        travel = int(np.ceil(HEIGHT["cups"] / LIFT * FPS)) + 1
        script = [still] * 3 + [(start / 0.4 / unit(world), 0.0)] * 4 + [still] + [(0.0, -1.0)] * travel
    else:
        travel = int(np.ceil(HEIGHT["box"] / LIFT * FPS)) + 1
        script = [still] * 16
    if turns:
        moving = min(2 * ((hidden - 3) // 2), 16)
        speed = float(plan.choice([-1, 1])) * np.pi / (moving / FPS)
    else:
        moving = int(np.clip(hidden - 2, 2, 8))
        speed = float(plan.choice([-1, 1])) * min(0.28 if cups else 0.2, 0.055 * moving) / (moving / FPS)
    speed /= unit(world)
    half = moving // 2
    script += [(speed, 0.0)] * half + [(-speed if back else speed, 0.0)] * (moving - half)
    script += [still] * max(0, hidden - moving) + [(0.0, 1.0)] * travel
    script += [still] * (STEPS - len(script))
    return [np.array(action, np.float32) for action in script]


def _expert(world: MujocoBackend, rng: np.random.Generator) -> np.ndarray:
    """The script goes by seed and clock, so a restored world is treated alike."""
    step = round(world.data.time * FPS)
    plan = _script(world)
    action = plan[step] if step < len(plan) else np.zeros(2, np.float32)
    shake = rng.normal(0, 0.03, 2) * (np.abs(action) > 0)
    return np.clip(action + shake, -1, 1).astype(np.float32)


def _exchange(world: MujocoBackend) -> None:
    """Turn all things half about the middle of the table's line: each is where the other was, or would have been."""
    for slot in np.flatnonzero(world.present).tolist():
        place, speed = world.place(slot), world.speed(slot)
        place[:2] = -place[0], 2 * LINE - place[1]
        speed[:2] *= -1


def _exchanges(world: MujocoBackend) -> dict[str, Callable[[MujocoBackend], None]]:
    return {**removals(world), "exchange": _exchange}


def _sliding(world: MujocoBackend) -> dict[str, Arm]:
    script = _script(world)
    target = int(np.random.default_rng([world.seed, 12]).choice(np.flatnonzero(world.present)))
    return {
        "present": Arm(script),
        "absent": Arm(script, ((0, f"remove:{target}"),)),
        "do:exchange": Arm(script, ((0, "exchange"),)),
    }


def _turning(world: MujocoBackend) -> dict[str, Arm]:
    script = _script(world)
    return {
        "factual": Arm(script),
        "do:return": Arm(_script(world, back=True)),
        "do:exchange": Arm(script, ((0, "exchange"),)),
    }


def _counting(world: MujocoBackend) -> dict[str, Arm]:
    script = _script(world)
    there = np.random.default_rng([world.seed, 12]).permutation(np.flatnonzero(world.present))
    one, two = (f"remove:{slot}" for slot in there[:2])
    return {
        "factual": Arm(script, ((0, one),)),
        "do:more": Arm(script),
        "do:less": Arm(script, ((0, one), (0, two))),
    }


def _recipe(slots: int, build, arms, changes, act=act) -> Recipe:
    return Recipe(
        slots=slots,
        fps=FPS,
        camera=CAMERA,
        build=build,
        act=act,
        expert=_expert,
        changes=changes,
        arms=arms,
        facts=facts,
    )


def _scene(name: str, recipe: Recipe, families: dict[str, tuple[str, ...]]) -> Scene:
    return Scene(
        name=name,
        fps=FPS,
        action_space=spaces.Box(-1, 1, (2,), np.float32),
        things=tuple(f"thing {slot}" for slot in range(recipe.slots)),
        backend=partial(MujocoBackend, recipe),
        families=families,
        templates=TEMPLATES,
        ranges=RANGES,
    )


CUPS = _scene(
    "worldsim/Cups-v0",
    _recipe(2, partial(_cups, False), _sliding, _exchanges),
    {"M-CON": ("present", "absent", "do:exchange")},
)

SHELLS = _scene(
    "worldsim/Shells-v0",
    _recipe(2, partial(_cups, True), _turning, _exchanges),
    {"M-SHL": ("factual", "do:return", "do:exchange")},
)

COUNT = _scene(
    "worldsim/Count-v0",
    _recipe(4, _count, _counting, removals, _act_below_magnets),
    {"M-CNT": ("factual", "do:more", "do:less")},
)
