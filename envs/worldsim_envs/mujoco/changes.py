"""One respect in which a MuJoCo world may be changed, each a function; a scene lists those that suit it.

A change edits the model, the state, or both, and depends on nothing else: made again on the same world rebuilt from its
seed it does the same, which is how a saved state remembers it by name.
"""

# pyright: reportAttributeAccessIssue=false
# MuJoCo's bindings are compiled and bring no stubs.

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import mujoco
import numpy as np

from worldsim_envs import palette
from worldsim_envs.mujoco.backend import MujocoBackend


def remove(world: MujocoBackend, slot: int) -> None:
    """Take a thing out of the world; nothing else is touched."""
    world.hide(world.pieces[slot])
    world.present[slot], world.hue[slot] = False, -1
    world._touched[slot, :] = world._touched[:, slot] = False
    world.park(slot)


def recolour(world: MujocoBackend, slot: int) -> None:
    """Paint a thing in the next hue that nothing here has."""
    hues = len(palette.NAMES)
    free = [hue for step in range(1, hues) if (hue := (world.hue[slot] + step) % hues) not in world.hue]
    painted = [
        geom for geom in world.pieces[slot].tolist() if np.ptp(world.model.geom_rgba[geom, :3]) > 0.1
    ]  # not what is grey
    world.hue[slot] = free[0]
    world.paint(painted, palette.RGB[free[0]])


def swap(world: MujocoBackend, one: int, other: int) -> None:
    """Let two things change places and velocities; each keeps its shape, size, hue and height."""
    here, there = world.place(one)[:2].copy(), world.place(other)[:2].copy()
    world.place(one)[:2], world.place(other)[:2] = there, here
    here, there = world.speed(one).copy(), world.speed(other).copy()
    world.speed(one)[:], world.speed(other)[:] = there, here


def weigh(world: MujocoBackend, slot: int, ratio: float) -> None:
    """Make a thing `ratio` times as heavy; it looks the same."""
    body = world.bodies[slot]
    world.model.body_mass[body] *= ratio
    world.model.body_inertia[body] *= ratio
    mujoco.mj_setConst(world.model, mujoco.MjData(world.model))


def push(world: MujocoBackend, slot: int, velocity: Sequence[float]) -> None:
    """Add to a thing's velocity (m/s)."""
    world.speed(slot)[:3] += velocity


def launch(world: MujocoBackend, slot: int, speed: float = 1.0, turn: float = 0.0) -> None:
    """Make a thing `speed` times as fast, and turn its way to the left by `turn` (rad), seen from above."""
    velocity, cos, sin = world.speed(slot)[:2], np.cos(turn), np.sin(turn)
    velocity[:] = speed * np.array([[cos, -sin], [sin, cos]]) @ velocity


def enlarge(world: MujocoBackend, slot: int, ratio: float) -> None:
    """Make a thing `ratio` times as wide, deep and high, of the same stuff; it stands on what it stood on."""
    geoms, body, model = world.pieces[slot], world.bodies[slot], world.model
    for table in (model.geom_size, model.geom_pos, model.geom_rbound):
        table[geoms] *= ratio
    model.geom_aabb[geoms] *= ratio
    model.body_mass[body] *= ratio**3
    model.body_inertia[body] *= ratio**5
    low, high = int(model.body_bvhadr[body]), int(model.body_bvhadr[body] + model.body_bvhnum[body])
    model.bvh_aabb[low:high] *= ratio
    mujoco.mj_setConst(model, mujoco.MjData(model))
    world.place(slot)[2] += (ratio - 1) * world.extent[slot, 2]
    world.extent[slot] *= ratio


def shift(world: MujocoBackend, slots: Sequence[int], by: Sequence[float]) -> None:
    """Put things elsewhere, all by the same way (m)."""
    for slot in slots:
        world.place(slot)[:3] += by


def dim(world: MujocoBackend) -> None:
    """Halve the light that casts the shadows."""
    world.model.light_diffuse[world.model.light_castshadow.astype(bool)] *= 0.5


def each(
    world: MujocoBackend, verb: str, change: Callable[..., None], **ways: dict[str, Any]
) -> dict[str, Callable[[MujocoBackend], None]]:
    """A change for every thing that is there: "verb:slot", or "verb:slot:way" with the arguments of each way."""
    there = [int(slot) for slot in np.flatnonzero(world.present)]
    if not ways:
        return {f"{verb}:{slot}": partial(change, slot=slot) for slot in there}
    return {f"{verb}:{slot}:{way}": partial(change, slot=slot, **how) for slot in there for way, how in ways.items()}
