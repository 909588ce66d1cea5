"""Mobs that wander: cubes with a face, which walk ahead, turn where the way is blocked or ends, and at times anyway.

They climb nothing and step off nothing, and fall where the ground is taken away. Their luck is a number of their own
(Lehmer's generator, 1951), so a saved moment has it.
"""

import numpy as np
from jaxtyping import Float64

from worldsim_envs.minecraft import mobs
from worldsim_envs.minecraft.blocks import LIQUID, SOLID
from worldsim_envs.minecraft.kernel import kernel
from worldsim_envs.minecraft.mobs import OWN, PACE, TURN, WANT, Number, X, Z, clear, falls, turns

WAIT, LUCK = OWN, OWN + 1
"""Ticks until it wants another turn, and its luck."""


def walker(
    x: Number, y: Number, z: Number, *, turn: Number, pace: Number, wait: Number = np.inf, luck: int = 1
) -> Float64[np.ndarray, "11"]:
    """A row of `mobs.Mobs` that walks that many metres a tick, and after `wait` ticks wanders."""
    return mobs.row(x, y, z, turn=turn, pace=pace, own=(wait, luck % 2147483646 + 1))


def step(blocks: np.ndarray, rows: mobs.Mobs, there: np.ndarray) -> None:
    """Let a tick pass for those that are there, in place."""
    _step(blocks, rows, there, SOLID, LIQUID)


@kernel
def _step(blocks, rows, there, solid, liquid):
    for mob in range(len(rows)):
        row = rows[mob]
        if not there[mob] or falls(blocks, solid, liquid, row):
            continue
        apart = turns(row)
        row[WAIT] -= 1
        if row[WAIT] <= 0:
            row[LUCK] = (row[LUCK] * 48271) % 2147483647
            row[WANT] = row[LUCK] / 2147483647 * 2 * np.pi
            row[WAIT] = 30 + row[LUCK] % 50
        if abs(apart) > 0.2 or row[PACE] == 0:
            continue
        if clear(blocks, solid, liquid, row, 1):
            row[X] -= row[PACE] * np.sin(row[TURN])
            row[Z] -= row[PACE] * np.cos(row[TURN])
        elif abs(apart) < 1e-9:
            row[WANT] = (row[TURN] + np.pi / 2 * (1 + (row[LUCK] % 2))) % (2 * np.pi)
