"""What a player does to blocks: look for the one in reach, break it, put one beside it, carry what was broken."""

from typing import NamedTuple

import numpy as np
from jaxtyping import Float64, Int64, UInt8

from worldsim_envs.minecraft import player as body
from worldsim_envs.minecraft.actions import HOTBAR, Action
from worldsim_envs.minecraft.blocks import BREAK, LIQUID, SOLID
from worldsim_envs.minecraft.rules import KINDS, Rules

Grid = UInt8[np.ndarray, "x y z"]

REACH = 4.5
"""How far a hand reaches from the eyes (m)."""

AGAIN = 4
"""Ticks between two uses while the key is held."""

STACK = 64
"""How many blocks of a kind one slot of the hotbar holds."""


EVENTS = ("broke", "placed", *KINDS)
"""What truth counts in `events`, in this order: what hands did, and what blocks did by themselves."""


class Target(NamedTuple):
    """A block in reach, and the cell before the face that is looked at."""

    cell: tuple[int, int, int]
    before: tuple[int, int, int]


def target(blocks: Grid, eye: Float64[np.ndarray, " 3"], gaze: Float64[np.ndarray, " 3"]) -> Target | None:
    """The first block along the gaze that is within reach; air and liquids are none."""
    cell, near = np.floor(eye).astype(int), np.zeros(3, int)
    way = np.where(gaze >= 0, 1, -1)
    pace = 1 / np.maximum(np.abs(gaze), 1e-12)
    at = np.where(way > 0, cell + 1 - eye, eye - cell) * pace
    while True:
        axis = int(at.argmin())
        if at[axis] > REACH:
            return None
        near = cell.copy()
        cell[axis] += way[axis]
        at[axis] += pace[axis]
        if not all(0 <= place < side for place, side in zip(cell, blocks.shape, strict=True)):
            return None
        kind = blocks[tuple(cell)]
        if kind and not LIQUID[kind]:
            (a, b, c), (d, e, f) = cell.tolist(), near.tolist()
            return Target((a, b, c), (d, e, f))


class Hands:
    """What is carried and what is being broken.

    Attributes:
        carried: By slot of the hotbar: which kind, and how many.
        held: Which slot is in hand, 0 to 8.
        cell, ticks: The cell that is being broken, and for how long it has been.
        rest: Ticks until the next use.
    """

    def __init__(self, carried: Int64[np.ndarray, "9 2"]):
        self.carried = carried.copy()
        self.held, self.cell, self.ticks, self.rest = 0, (-1, -1, -1), 0, 0

    def act(
        self, blocks: Grid, rules: Rules, player: body.Player, action: Action, taken: np.ndarray
    ) -> tuple[str, int] | None:
        """Do for one tick what the action says.

        Args:
            blocks, rules, player: The world.
            action: What is done.
            taken: Where no block is put: boxes by centre and half extent (m).

        Returns:
            That a block "broke" or was "placed", and its kind; None where neither was.
        """
        for slot, name in enumerate(HOTBAR):
            if action[name]:
                self.held = slot
        self.rest = max(self.rest - 1, 0)
        aim = target(blocks, body.eye(player), body.gaze(player)) if action["attack"] or action["use"] else None
        if action["attack"] and aim is not None:
            return self._break(blocks, rules, aim)
        self.cell, self.ticks = (-1, -1, -1), 0
        if action["use"] and not action["attack"] and aim is not None and self.rest == 0:
            self.rest = AGAIN
            if not rules.use(blocks, *aim.cell):
                return self._place(blocks, rules, aim, taken)
        return None

    def _break(self, blocks: Grid, rules: Rules, aim: Target) -> tuple[str, int] | None:
        if aim.cell != self.cell:
            self.cell, self.ticks = aim.cell, 0
        kind = int(blocks[aim.cell])
        self.ticks += 1
        if not 0 <= BREAK[kind] <= self.ticks:
            return None
        rules.put(blocks, *aim.cell, 0)
        self._take(kind)
        self.cell, self.ticks = (-1, -1, -1), 0
        return "broke", kind

    def _take(self, kind: int) -> None:
        """Put a block where there are more of its kind, or into the first empty slot; else it is lost."""
        kinds, counts = self.carried.T
        fits = np.flatnonzero(((kinds == kind) & (counts < STACK)) | (counts == 0))
        same = [slot for slot in fits if kinds[slot] == kind and counts[slot]]
        if len(fits):
            slot = (same or fits.tolist())[0]
            self.carried[slot] = kind, self.carried[slot, 1] + 1

    def _place(self, blocks: Grid, rules: Rules, aim: Target, taken: np.ndarray) -> tuple[str, int] | None:
        kind, count = self.carried[self.held].tolist()
        inside = all(0 <= at < side for at, side in zip(aim.before, blocks.shape, strict=True))
        if not count or not inside:
            return None
        there = blocks[aim.before]
        middle = np.array(aim.before) + 0.5
        crowded = (np.abs(taken[:, :3] - middle) < taken[:, 3:6] + 0.5 - 1e-6).all(1).any()
        if (there and not LIQUID[there]) or (SOLID[kind] and crowded):
            return None
        rules.put(blocks, *aim.before, kind)
        self.carried[self.held, 1] -= 1
        if count == 1:
            self.carried[self.held] = 0
        return "placed", kind

    @property
    def stage(self) -> int:
        """How far the block is broken, 0 to 9; -1 is not at all."""
        return -1 if self.ticks == 0 else self.ticks

    def vector(self) -> Float64[np.ndarray, "24"]:
        """All of it as numbers."""
        return np.array([self.held, *self.cell, self.ticks, self.rest, *self.carried.ravel()], np.float64)

    def restore(self, vector: Float64[np.ndarray, "24"]) -> None:
        """Return to those numbers."""
        held, x, y, z, ticks, rest, *carried = map(int, vector.tolist())
        self.held, self.cell, self.ticks, self.rest = held, (x, y, z), ticks, rest
        self.carried = np.array(carried, np.int64).reshape(9, 2)
