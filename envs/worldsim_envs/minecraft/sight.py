"""What there is to be seen of a voxel world: the world as rays meet it, and how much of each thing they reach."""

import functools
from zlib import crc32

import numpy as np
from jaxtyping import Float64, UInt8

from worldsim_envs.cameras import Camera
from worldsim_envs.minecraft import mobs, sky
from worldsim_envs.minecraft.blocks import BREAK, NAMES, WOOLS
from worldsim_envs.minecraft.fields import Fields
from worldsim_envs.minecraft.hands import Hands
from worldsim_envs.minecraft.seen import Air, Bodies, Seen
from worldsim_envs.minecraft.stage import Stage
from worldsim_envs.minecraft.textures import CART, SKIN, look
from worldsim_envs.minecraft.things import Things
from worldsim_envs.minecraft.visibility import shares

Grid = UInt8[np.ndarray, "x y z"]


class Sight:
    """One world for the eye: what follows from its blocks is kept up to them.

    Args:
        blocks: As they are at the beginning.
        stage: How the world begins.
        template: How it looks.
    """

    def __init__(self, blocks: Grid, stage: Stage, template: str):
        self._beyond, self._template = stage.beyond, template
        self._fields, self._drawn, self._mark = Fields(blocks), blocks.copy(), crc32(blocks.data)

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
        """How much of each thing can be seen; see `visibility`."""
        found, there = np.zeros(len(things.present)), np.flatnonzero(things.present)
        own = np.empty((len(there), 4), np.int64)
        own[:, 0] = np.where(things.is_mob, np.cumsum(things.present & things.is_mob) - 1, -1)[there]
        own[:, 1:] = things.cells[there]
        fields, boxes = self._followed(blocks), _boxes(things, there)
        air = _air(time // 20, self._template, self._beyond)
        world = (blocks, fields.room, fields.light, air, boxes[own[:, 0] >= 0])
        found[there] = shares(*world, boxes, own, camera, size)
        return found

    def mark(self, blocks: Grid) -> int:
        """A fingerprint of the blocks."""
        self._followed(blocks)
        return self._mark

    def _followed(self, blocks: Grid) -> Fields:
        """What follows from the blocks, as they are now."""
        if self._fields.refresh(blocks, self._drawn):
            self._drawn, self._mark = blocks.copy(), crc32(blocks.data)
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
