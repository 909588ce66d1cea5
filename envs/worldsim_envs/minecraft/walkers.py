"""Mobs that wander: cubes with a face, which walk ahead, turn where the way is blocked or ends, and at times anyway.

They neither push nor are pushed; they climb nothing and step off nothing, and fall where the ground is taken away.
Their luck is a number of their own (Lehmer's generator, 1951), so a saved moment has it.
"""

import numpy as np
from jaxtyping import Float64

from worldsim_envs.minecraft.blocks import LIQUID, SOLID
from worldsim_envs.minecraft.kernel import kernel

Walkers = Float64[np.ndarray, "m 9"]
"""By mob: x y z of the middle of its floor (m), its turn about the vertical and the one that it wants (rad), pace
(m/tick), ticks until it wants another, its luck, and how fast it falls (m/tick)."""

X, Y, Z, TURN, WANT, PACE, WAIT, LUCK, FALL = range(9)

SIDE = 0.9
"""How wide, high and deep a mob is (m)."""

AGILE = np.deg2rad(9.0)
"""How far a mob turns in a tick (rad)."""


Number = float | int


def walker(
    x: Number, y: Number, z: Number, *, turn: Number, pace: Number, wait: Number = np.inf, luck: int = 1
) -> Float64[np.ndarray, "9"]:
    """A row of `Walkers`: it looks along (-sin turn, 0, -cos turn), and after `wait` ticks it wanders."""
    return np.array([x, y, z, turn, turn, pace, wait, luck % 2147483646 + 1, 0], np.float64)


def step(blocks: np.ndarray, walkers: Walkers, there: np.ndarray) -> None:
    """Let a tick pass for those that are there, in place."""
    _step(blocks, walkers, there, SOLID, LIQUID)


@kernel
def _free(blocks, solid, liquid, x, y, z):
    """Whether a mob could be in a cell: nothing solid or wet in it."""
    if x < 0 or z < 0 or y < 0 or x >= blocks.shape[0] or y >= blocks.shape[1] or z >= blocks.shape[2]:
        return False
    return not solid[blocks[x, y, z]] and liquid[blocks[x, y, z]] == 0


@kernel
def _step(blocks, walkers, there, solid, liquid):
    half = 0.5 * SIDE
    for mob in range(len(walkers)):
        if not there[mob]:
            continue
        row = walkers[mob]
        cell = int(np.floor(row[Y] + 0.01))
        # what is under its four corners carries it
        borne = False
        for corner in range(4):
            x = int(np.floor(row[X] + (half - 0.01) * (1 if corner & 1 else -1)))
            z = int(np.floor(row[Z] + (half - 0.01) * (1 if corner & 2 else -1)))
            borne = borne or not _free(blocks, solid, liquid, x, cell - 1, z)
        if row[Y] > cell + 1e-9 or not borne:
            row[FALL] = (row[FALL] + 0.08) * 0.98
            row[Y] = max(row[Y] - row[FALL], float(cell) if borne else cell - 1.0)
            continue
        row[FALL] = 0.0
        apart = (row[WANT] - row[TURN] + np.pi) % (2 * np.pi) - np.pi
        row[TURN] += min(max(apart, -AGILE), AGILE)
        row[WAIT] -= 1
        if row[WAIT] <= 0:
            row[LUCK] = (row[LUCK] * 48271) % 2147483647
            row[WANT] = row[LUCK] / 2147483647 * 2 * np.pi
            row[WAIT] = 30 + row[LUCK] % 50
        if abs(apart) > 0.2 or row[PACE] == 0:
            continue
        ahead_x, ahead_z = -np.sin(row[TURN]), -np.cos(row[TURN])
        reach = half + 0.1
        clear = True
        for side in range(-1, 2):
            x = int(np.floor(row[X] + reach * ahead_x + side * half * ahead_z))
            z = int(np.floor(row[Z] + reach * ahead_z - side * half * ahead_x))
            floor = not _free(blocks, solid, liquid, x, cell - 1, z)
            clear = clear and floor and _free(blocks, solid, liquid, x, cell, z)
        if clear:
            row[X] += row[PACE] * ahead_x
            row[Z] += row[PACE] * ahead_z
        elif abs(apart) < 1e-9:
            row[WANT] = (row[TURN] + np.pi / 2 * (1 + (row[LUCK] % 2))) % (2 * np.pi)
