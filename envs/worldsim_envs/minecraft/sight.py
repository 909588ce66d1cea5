"""What there is to be seen of a voxel world: the world as rays meet it, and how much of each thing they reach."""

import functools

import numpy as np
from jaxtyping import Float64, UInt8

from worldsim_envs.cameras import Camera
from worldsim_envs.minecraft import mobs, sky
from worldsim_envs.minecraft.blocks import BREAK, NAMES, WOOLS
from worldsim_envs.minecraft.fields import Fields
from worldsim_envs.minecraft.hands import Hands
from worldsim_envs.minecraft.seen import Air, Bodies, Seen
from worldsim_envs.minecraft.shading import CURVE
from worldsim_envs.minecraft.stage import Stage
from worldsim_envs.minecraft.textures import CART, SKIN, look
from worldsim_envs.minecraft.things import Things
from worldsim_envs.minecraft.visibility import open_share

Grid = UInt8[np.ndarray, "x y z"]


DIM = 0.13
"""Darker than this on all sides that one sees, a thing is not visible: no hue is 25 levels of 255 from grey then."""


class Sight:
    """One world for the eye: what follows from its blocks is kept up to them.

    Args:
        blocks: As they are at the beginning.
        stage: How the world begins.
        template: How it looks.
    """

    def __init__(self, blocks: Grid, stage: Stage, template: str):
        self._beyond, self._template = stage.beyond, template
        self._fields, self._drawn = Fields(blocks), blocks.copy()

    def seen(self, blocks: Grid, things: Things, hands: Hands, time: int) -> Seen:
        """The world as rays meet it."""
        if not np.array_equal(self._drawn, blocks):
            self._fields.refresh(blocks, self._drawn)
            self._drawn = blocks.copy()
        slots, there = len(things.present), things.bodies
        ids = np.arange(slots - 1, slots - 1 + len(NAMES), dtype=np.int32)
        ids[0] = -1
        for slot in np.flatnonzero(things.present & ~things.is_mob).tolist():
            ids[WOOLS[things.paint[slot]]] = slot
        place, turn = np.empty((len(there), 8)), things.turn[there]
        place[:, :3] = things.middles()[there]
        place[:, 3:6] = things.half[there]
        place[:, 6], place[:, 7] = np.cos(turn), np.sin(turn)
        skin = np.where(things.gait[there] == mobs.RIDE, CART, SKIN) + things.paint[there]
        bodies = Bodies(place, np.column_stack([skin, there]).astype(np.int32))
        air = _air(time // 20, self._template, self._beyond)
        air = air._replace(cloud=air.cloud + np.array([0, 0, sky.DRIFT * (time % 20)]))
        room, light, faces = self._fields.room, self._fields.light, look(self._template)
        return Seen(blocks, room, light, faces, ids, bodies, air, _crack(blocks, hands))


def visible(seen: Seen, things: Things, camera: Camera, size: int) -> Float64[np.ndarray, " o"]:
    """For each thing the share of points all over it that are in the picture with nothing before them.

    What is too dim for its hue to be told is not seen.
    """
    shares, position, half = np.zeros(len(things.present)), things.middles(), things.half
    bodies = np.cumsum(things.present & things.is_mob) - 1
    for slot in np.flatnonzero(things.present).tolist():
        cos, sin = np.cos(things.turn[slot]), np.sin(things.turn[slot])
        spin = np.array([[cos, 0, sin], [0, 1, 0], [-sin, 0, cos]])
        toward = (camera.pose[:3, 3] - position[slot]) @ spin
        facing = np.abs(toward) > half[slot]
        points = _POINTS[facing, (toward > 0).astype(int)[facing]].reshape(-1, 3)
        points = points * half[slot] @ spin.T + position[slot]
        pixel, depth = camera.project(points)
        inside = (depth > 0) & ((pixel >= 0) & (pixel <= size)).all(1)
        if inside.any():
            own = {"body": int(bodies[slot])} if things.is_mob[slot] else {"cell": things.cells[slot]}
            share = open_share(seen, camera.pose[:3, 3].copy(), points[inside], **own)
            sides = (2 * np.arange(3) + (toward > 0))[facing]
            lit = _brightest(seen, np.floor(position[slot]).astype(int), sides) >= DIM
            shares[slot] = share * inside.mean() * lit
    return shares


def _brightest(seen: Seen, cell: np.ndarray, sides: np.ndarray) -> float:
    """How bright a thing in this cell is, at most, on these of its sides: 1 is white in the open at noon."""
    found = [0.0]
    for side in sides.tolist():
        x, y, z = cell + (2 * (side % 2) - 1) * (np.arange(3) == side // 2)
        inside = 0 <= x < seen.light.shape[0] and 0 <= y < seen.light.shape[1] and 0 <= z < seen.light.shape[2]
        level, shade = int(seen.light[x, y, z]) if inside else 15 << 4, seen.air.shades[side]
        found += [CURVE[level >> 4] * shade * seen.air.glare.max(), CURVE[level & 15] * (0.6 + 0.4 * shade)]
    return float(max(found))


def _crack(blocks: Grid, hands: Hands) -> np.ndarray:
    """The cell that is being broken, and how far; see `seen.Seen`."""
    x, y, z = hands.cell
    stage = -1
    if hands.ticks and (needed := int(BREAK[blocks[x, y, z]])) > 0:
        stage = min(10 * hands.ticks // needed, 9)
    return np.array([x, y, z, stage], np.int32)


@functools.lru_cache(maxsize=64)
def _air(second: int, template: str, beyond: tuple[float, int]) -> Air:
    """The sky is worked out once a second."""
    return sky.air(20 * second, template, beyond)


def _surface() -> Float64[np.ndarray, "3 2 n 3"]:
    """Points all over a cube that is 2 across: by axis and side, a little within."""
    ticks = np.linspace(-0.98, 0.98, 6)
    u, v = (each.ravel() for each in np.meshgrid(ticks, ticks))
    sides = [np.column_stack([np.full_like(u, way), u, v]) for way in (-0.98, 0.98)]
    return np.stack([np.roll(sides, axis, 2) for axis in range(3)])


_POINTS = _surface()
