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
from worldsim_envs.minecraft.visibility import shares

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
        slots = len(things.present)
        ids = np.arange(slots - 1, slots - 1 + len(NAMES), dtype=np.int32)
        ids[0] = -1
        for slot in np.flatnonzero(things.present & ~things.is_mob).tolist():
            ids[WOOLS[things.paint[slot]]] = slot
        air = _air(time // 20, self._template, self._beyond)
        air = air._replace(cloud=air.cloud + np.array([0, 0, sky.DRIFT * (time % 20)]))
        fields, faces, bodies = self._followed(blocks), look(self._template), _bodies(things)
        return Seen(blocks, fields.room, fields.light, faces, ids, bodies, air, _crack(blocks, hands))

    def visible(self, blocks: Grid, things: Things, time: int, camera: Camera, size: int) -> Float64[np.ndarray, " o"]:
        """For each thing the share of points all over it that are in the picture with nothing before them.

        What is too dim for its hue to be told is not seen.
        """
        found, there = np.zeros(len(things.present)), np.flatnonzero(things.present)
        own = np.empty((len(there), 4), np.int64)
        own[:, 0] = np.where(things.is_mob, np.cumsum(things.present & things.is_mob) - 1, -1)[there]
        own[:, 1:] = things.cells[there]
        fields, boxes = self._followed(blocks), _boxes(things, there)
        found[there] = shares(blocks, fields.room, boxes[own[:, 0] >= 0], boxes, own, camera, size)
        air = _air(time // 20, self._template, self._beyond)
        for slot, box in zip(there.tolist(), boxes.tolist(), strict=True):
            if found[slot]:
                found[slot] *= _brightest(fields.light, air, box, camera.pose[:3, 3].tolist()) >= DIM
        return found

    def _followed(self, blocks: Grid) -> Fields:
        """What follows from the blocks, as they are now."""
        if self._fields.refresh(blocks, self._drawn):
            self._drawn = blocks.copy()
        return self._fields


def _boxes(things: Things, which: np.ndarray) -> Float64[np.ndarray, "m 8"]:
    """Where things are, as `Bodies.place` says it."""
    place, turn = np.empty((len(which), 8)), things.turn[which]
    place[:, :3], place[:, 3:6] = things.middles()[which], things.half[which]
    place[:, 6], place[:, 7] = np.cos(turn), np.sin(turn)
    return place


def _bodies(things: Things) -> Bodies:
    """The mobs as rays meet them."""
    there = things.bodies
    kind = np.empty((len(there), 2), np.int32)
    skin = np.where(things.gait[there] == mobs.RIDE, CART, SKIN)
    kind[:, 0], kind[:, 1] = skin + things.paint[there], there
    return Bodies(_boxes(things, there), kind)


def _brightest(light: Grid, air: Air, box: list[float], eye: list[float]) -> float:
    """How bright a box is, at most, on the sides that face the eye: 1 is white in the open at noon."""
    (x, y, z), (cos, sin) = (there - at for there, at in zip(eye, box[:3], strict=True)), box[6:]
    cell, found = np.floor(box[:3]).astype(int), [0.0]
    for axis, toward in enumerate((x * cos - z * sin, y, x * sin + z * cos)):
        if abs(toward) <= box[3 + axis]:
            continue
        side, before = 2 * axis + (toward > 0), cell.copy()
        before[axis] += 1 if toward > 0 else -1
        inside = ((before >= 0) & (before < light.shape)).all()
        level, shade = int(light[tuple(before)]) if inside else 15 << 4, air.shades[side]
        found += [CURVE[level >> 4] * shade * air.glare.max(), CURVE[level & 15] * (0.6 + 0.4 * shade)]
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
