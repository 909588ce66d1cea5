"""What the scenes of cause and effect share: one episode told in several ways, and what must make no difference.

In each scene stands a bystander, far from everything that happens. To paint it in another hue, or to dim the light, is
a placebo: it is seen, and nothing else is different. To do nothing differently is a no-op.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from worldsim_envs.mujoco.backend import MujocoBackend
from worldsim_envs.mujoco.changes import dim, each, recolour, remove
from worldsim_envs.mujoco.thing import Thing
from worldsim_envs.scene import Arm
from worldsim_envs.variation import Draw

FPS = 10.0
"""Frames a second (Hz)."""

CONTEXT = 8
"""How many frames are seen before anything is imagined; the arms that differ by actions differ from this step on."""


def steady(draw: Draw, *usual: str) -> tuple[str, ...]:
    """The shapes to choose from that stay where they are put: of those held out, a capsule would fall over."""
    return tuple(shape for shape in draw.shapes(*usual) if shape != "capsule")


def bystander(draw: Draw, hue: int, place: Sequence[float], *, diameter: float = 0.3) -> Thing:
    """A thing that stands at `place` on the table (m) and has no part in anything."""
    return standing(Thing(str(draw.rng.choice(steady(draw, "box", "cylinder"))), diameter, hue, (*place, 0.0)))


def standing(thing: Thing, floor: float = 0.0) -> Thing:
    """The same thing, on the floor at that height (m)."""
    x, y, _ = thing.position
    return replace(thing, position=(x, y, floor + thing.half[2]))


def families(placebos: Sequence[str] = (), **asked: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """A scene's families from the arms of each, `M_COL=("do:remove",)`; the no-op and the placebos go with them."""
    told = {code.replace("_", "-"): ("factual", *names) for code, names in asked.items()}
    return {**told, "M-NOP": ("factual", "noop"), "M-PLC": ("factual", "placebo", "placebo:light", *placebos)}


def tellings(world: MujocoBackend, actions: Sequence[Any], does: Mapping[str, Sequence[str] | Arm]) -> dict[str, Arm]:
    """The arms of an episode: as it is, with nothing changed, with its placebos, and what is done in each other arm.

    Args:
        world: Just reset; the bystander is its last thing.
        actions: Those of the factual arm.
        does: By name of an arm, the changes made at the first frame, or the whole arm.
    """
    last = int(np.flatnonzero(world.present)[-1])
    changed = {"noop": (), "placebo": (f"recolour:{last}",), "placebo:light": ("dim",), "factual": (), **does}
    return {
        name: how if isinstance(how, Arm) else Arm(actions, tuple((0, change) for change in how))
        for name, how in changed.items()
    }


def usual(world: MujocoBackend) -> dict[str, Callable[[MujocoBackend], None]]:
    """The changes that each of these scenes has: any thing removed or recoloured, and the light dimmed."""
    return {**each(world, "remove", remove), **each(world, "recolour", recolour), "dim": dim}
