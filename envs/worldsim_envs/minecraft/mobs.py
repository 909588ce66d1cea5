"""Mobs: bodies that stand anywhere, a row of numbers each, and what all of them do whatever their gait.

A gait says where a mob goes: `walkers` wander, `followers` come along, `carts` ride on rails. Mobs neither push nor are
pushed. A row's first seven numbers are the same for all gaits; of the others each gait has its own use.
"""

import numpy as np
from jaxtyping import Float64

from worldsim_envs.minecraft.kernel import kernel

WIDE = 11
"""How many numbers a row has."""

Mobs = Float64[np.ndarray, "m 11"]
"""By mob: x y z of the middle of its floor (m), its turn about the vertical and the one that it wants (rad), pace
(m/tick), how fast it falls (m/tick), and four numbers of its gait. It looks along (-sin turn, 0, -cos turn)."""

X, Y, Z, TURN, WANT, PACE, FALL, OWN = range(8)
"""Where each of these lies; `OWN` is the first of its gait's."""

GAITS = (WANDER, FOLLOW, RIDE) = (0, 1, 2)

SIDE = 0.9
"""How wide, high and deep a mob on feet is (m)."""

AGILE = np.deg2rad(9.0)
"""How far a mob turns in a tick (rad)."""

Number = float | int


def row(x: Number, y: Number, z: Number, *, turn: Number, pace: Number, own: tuple[Number, ...]) -> np.ndarray:
    """A row of `Mobs`, at rest in the air and wanting no other turn."""
    return np.array([x, y, z, turn, turn, pace, 0.0, *own, *[0.0] * (WIDE - OWN - len(own))], np.float64)


@kernel
def free(blocks, solid, liquid, x, y, z):
    """Whether a mob could be in a cell: nothing solid or wet in it."""
    if x < 0 or z < 0 or y < 0 or x >= blocks.shape[0] or y >= blocks.shape[1] or z >= blocks.shape[2]:
        return False
    return not solid[blocks[x, y, z]] and liquid[blocks[x, y, z]] == 0


@kernel
def falls(blocks, solid, liquid, row):
    """Fall for a tick if nothing under its four corners carries the mob; whether it fell."""
    reach = 0.5 * SIDE - 0.01
    cell = int(np.floor(row[Y] + 0.01))
    borne = False
    for corner in range(4):
        x = int(np.floor(row[X] + reach * (1 if corner & 1 else -1)))
        z = int(np.floor(row[Z] + reach * (1 if corner & 2 else -1)))
        borne = borne or not free(blocks, solid, liquid, x, cell - 1, z)
    if borne and row[Y] <= cell + 1e-9:
        row[FALL] = 0.0
        return False
    row[FALL] = (row[FALL] + 0.08) * 0.98
    row[Y] = max(row[Y] - row[FALL], float(cell) if borne else cell - 1.0)
    return True


@kernel
def turns(row):
    """Turn towards the turn that it wants; how far it was from it (rad)."""
    apart = (row[WANT] - row[TURN] + np.pi) % (2 * np.pi) - np.pi
    row[TURN] += min(max(apart, -AGILE), AGILE)
    return apart


@kernel
def clear(blocks, solid, liquid, row, way):
    """Whether it could go on ahead (`way` 1) or backwards (-1): nothing is in its way, and ground is there."""
    half, cell = 0.5 * SIDE, int(np.floor(row[Y] + 0.01))
    ahead_x, ahead_z = -np.sin(row[TURN]) * way, -np.cos(row[TURN]) * way
    reach = half + 0.1
    for side in range(-1, 2):
        x = int(np.floor(row[X] + reach * ahead_x + side * half * ahead_z))
        z = int(np.floor(row[Z] + reach * ahead_z - side * half * ahead_x))
        if free(blocks, solid, liquid, x, cell - 1, z) or not free(blocks, solid, liquid, x, cell, z):
            return False
    return True
