"""The things of a voxel world by slot: which are there, in which hue, where, how fast, and what they touch.

Wool is a block in some cell; a mob is a body that stands anywhere. Wool that is carried becomes a thing where it is put
down, and is none any more where it is broken.
"""

from collections.abc import Mapping, Sequence

import numpy as np
from jaxtyping import Bool, Float64, UInt8

from worldsim_envs import palette
from worldsim_envs.minecraft import carts, followers, mobs, walkers
from worldsim_envs.minecraft import player as body
from worldsim_envs.minecraft.blocks import HUE, SOLID, WOOLS
from worldsim_envs.minecraft.kernel import kernel
from worldsim_envs.minecraft.stage import Mob, Wool

Grid = UInt8[np.ndarray, "x y z"]

KEPT = ("present", "paint", "cells", "mobs", "speed")
"""What decides how they go on, and how fast they were."""


class Things:
    """What each slot holds.

    Args:
        slots: How many there are.
        things: With what the first of them begin.
        blocks: The land; wool is put into it.

    Attributes:
        present: Which slots hold a thing that is there.
        paint: The hue of each, there or not; -1 where the slot holds none.
        is_mob: Which are mobs.
        cells: Where its wool is; -1 where it is none.
        gait: Of `mobs.GAITS`; -1 where it is no mob.
        mobs: See `mobs.Mobs`; 0 where it is none.
        speed: In the last frame (m/s).
        half: Half of how wide, high and long each is (m); it stays so.
    """

    def __init__(self, slots: int, things: Sequence[Wool | Mob], blocks: Grid):
        if len(things) > slots or len({thing.hue for thing in things}) < len(things):
            raise ValueError(f"the recipe put {len(things)} things, each with a hue of its own, into {slots} slots")
        rest = slots - len(things)
        self.paint = np.array([thing.hue for thing in things] + [-1] * rest)
        self.gait = np.array([thing.gait if isinstance(thing, Mob) else -1 for thing in things] + [-1] * rest)
        self.is_mob = self.gait >= 0
        self._land = set(HUE[np.unique(blocks)].tolist())
        self.cells, self.mobs = np.full((slots, 3), -1), np.zeros((slots, mobs.WIDE))
        for slot, thing in enumerate(things):
            if isinstance(thing, Mob):
                self.mobs[slot] = thing.row
            elif thing.cell is not None:
                self.cells[slot] = thing.cell
                blocks[thing.cell] = WOOLS[thing.hue]
        self.present = self.is_mob | (self.cells[:, 0] >= 0)
        self.speed = np.zeros((slots, 3))
        self.half = np.where(self.is_mob, mobs.SIDE / 2, 0.5)[:, None].repeat(3, 1)
        self.half[self.gait == mobs.RIDE] = carts.HALF
        self._rise = self.half[:, 1] + np.where(self.gait == mobs.RIDE, carts.LIFT, 0.0)

    @property
    def hue(self) -> np.ndarray:
        """By slot, -1 where nothing is."""
        return np.where(self.present, self.paint, -1)

    @property
    def bodies(self) -> np.ndarray:
        """The slots of the mobs that are there, in order."""
        return np.flatnonzero(self.present & self.is_mob)

    @property
    def turn(self) -> Float64[np.ndarray, " o"]:
        """How far each is turned about the vertical (rad)."""
        return np.where(self.is_mob, self.mobs[:, mobs.TURN], 0.0)

    def middles(self) -> Float64[np.ndarray, "o 3"]:
        """Where the middle of each is (m); what is nowhere is below the world."""
        middles = np.empty_like(self.half)
        _middles(self.present, self.is_mob, self.mobs, self.cells, self._rise, middles)
        return middles

    def step(self, blocks: Grid, player: body.Player) -> None:
        """Let a tick pass for the mobs."""
        walkers.step(blocks, self.mobs, self.present & (self.gait == mobs.WANDER))
        followers.step(blocks, self.mobs, self.present & (self.gait == mobs.FOLLOW), player)
        carts.step(blocks, self.mobs, self.present & (self.gait == mobs.RIDE))

    @property
    def free(self) -> list[int]:
        """The hues that neither a slot nor the land has."""
        return sorted({*range(len(palette.NAMES))} - self._land - set(self.paint.tolist()))

    def recolour(self, slot: int, blocks: Grid) -> None:
        """Give a thing the next free hue."""
        free = self.free
        self.paint[slot] = next((hue for hue in free if hue > self.paint[slot]), free[0])
        if not self.is_mob[slot]:
            blocks[tuple(self.cells[slot])] = WOOLS[self.paint[slot]]

    def take(self, slot: int) -> None:
        """Note that a thing is there no longer."""
        self.present[slot], self.cells[slot] = False, -1

    def find(self, blocks: Grid, *, anew: bool) -> None:
        """Note which wool went or stayed; and, where it may have come `anew`, which came."""
        for slot in np.flatnonzero(~self.is_mob & (self.paint >= 0)).tolist():
            kind = WOOLS[self.paint[slot]]
            if self.present[slot]:
                if blocks[tuple(self.cells[slot])] == kind:
                    continue
                self.take(slot)
            if anew and len(found := np.argwhere(blocks == kind)):
                self.present[slot], self.cells[slot] = True, found[0]

    def contact(self, blocks: Grid) -> Bool[np.ndarray, "o p"]:
        """Which touch each other, and which touch anything else: a block is never alone, a mob may fall."""
        touch = np.zeros((len(self.present), len(self.present) + 1), bool)
        foot = np.where(self.is_mob, self.mobs[:, mobs.Y], self.cells[:, 1])
        _touch(blocks, SOLID, self.present, self.middles(), self.half, foot, touch)
        return touch

    def save(self) -> dict[str, np.ndarray]:
        """A copy of all that `KEPT` names."""
        return {name: getattr(self, name).copy() for name in KEPT}

    def restore(self, state: Mapping[str, np.ndarray]) -> None:
        """Return to what was saved."""
        for name in KEPT:
            setattr(self, name, state[name].copy())


@kernel
def _middles(present, is_mob, bodies, cells, rise, middles):
    """See `Things.middles`."""
    for slot in range(len(present)):
        middles[slot] = 2.0 * slot, -20.0, 0.0
        if present[slot] and is_mob[slot]:
            middles[slot] = bodies[slot, 0], bodies[slot, 1] + rise[slot], bodies[slot, 2]
        elif present[slot]:
            middles[slot] = cells[slot, 0] + 0.5, cells[slot, 1] + rise[slot], cells[slot, 2] + 0.5


@kernel
def _touch(blocks, solid, present, middles, half, foot, touch):
    """See `Things.contact`."""
    slots = len(present)
    for one in range(slots):
        if not present[one]:
            continue
        for other in range(slots):
            if other != one and present[other]:
                gap = np.abs(middles[one] - middles[other]) - (half[one] + half[other])
                touch[one, other] = gap.max() < 1e-3
        x, y, z = np.floor(middles[one, 0]), np.floor(foot[one] - 0.01), np.floor(middles[one, 2])
        if 0 <= x < blocks.shape[0] and 0 <= y < blocks.shape[1] and 0 <= z < blocks.shape[2]:
            touch[one, slots] = solid[blocks[int(x), int(y), int(z)]]
