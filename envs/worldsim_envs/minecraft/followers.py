"""Mobs that follow: they turn to whom they follow, walk up to a distance, and step back from who comes too near.

They find no way round what stands in theirs: where it is blocked or ends they wait, and look. One that is given a place
to go to goes there in the same manner, and stays. They fall where the ground is taken away.
"""

import numpy as np
from jaxtyping import Float64

from worldsim_envs.minecraft import mobs
from worldsim_envs.minecraft.blocks import LIQUID, SOLID
from worldsim_envs.minecraft.kernel import kernel
from worldsim_envs.minecraft.mobs import OWN, PACE, TURN, WANT, Number, X, Z, clear, falls, turns

KEEP, ERRAND, GOAL_X, GOAL_Z = range(OWN, OWN + 4)
"""How far away it stays (m), whether it is to go to a place, and where that is (m)."""

SPARE = 1.0
"""How much nearer than that one may come before it steps back (m)."""


def follower(
    x: Number,
    y: Number,
    z: Number,
    *,
    turn: Number = 0.0,
    pace: Number,
    keep: Number = 2.5,
    goal: tuple[Number, Number] | None = None,
) -> Float64[np.ndarray, "11"]:
    """A row of `mobs.Mobs` that follows the player, or goes to a place (x, z), at so many metres a tick."""
    return mobs.row(x, y, z, turn=turn, pace=pace, own=(keep, goal is not None, *(goal or (0.0, 0.0))))


def step(blocks: np.ndarray, rows: mobs.Mobs, there: np.ndarray, player: np.ndarray) -> None:
    """Let a tick pass for those that are there, in place; `player` begins with x y z (m)."""
    _step(blocks, rows, there, SOLID, LIQUID, player)


@kernel
def _step(blocks, rows, there, solid, liquid, player):
    for mob in range(len(rows)):
        row = rows[mob]
        if not there[mob] or falls(blocks, solid, liquid, row):
            continue
        errand = row[ERRAND] > 0
        east = (row[GOAL_X] if errand else player[0]) - row[X]
        south = (row[GOAL_Z] if errand else player[2]) - row[Z]
        away = np.sqrt(east * east + south * south)
        far = away - row[KEEP]
        if errand and far <= 1e-9:
            continue
        if away > 1e-9:
            row[WANT] = np.arctan2(-east, -south) % (2 * np.pi)
        if abs(turns(row)) > 0.2:
            continue
        step = 0.0
        if far > 0:
            step = min(row[PACE], far)
        elif far < -SPARE:
            step = -min(row[PACE], -SPARE - far)
        if step != 0 and clear(blocks, solid, liquid, row, 1 if step > 0 else -1):
            row[X] -= step * np.sin(row[TURN])
            row[Z] -= step * np.cos(row[TURN])
