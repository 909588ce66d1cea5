"""Minecarts: they ride on rails without friction, round bends, and stop in the middle of the last rail.

A rail is a block whose kind says which two of the cell's sides it joins. A cart is always at a place along the rail of
its cell: on a straight rail along a line, on a bend along a quarter of a circle, and as fast on both. It goes on where
the next cell has a rail that begins at the side that the two share; else the track has ended. A cart without a rail
stops, and falls where nothing carries it. Unlike Minecraft's, rails do not climb and need no ground, and nobody pushes
carts or sits in them.
"""

import numpy as np
from jaxtyping import Float64, Int64

from worldsim_envs.minecraft import mobs
from worldsim_envs.minecraft.blocks import BLOCKS, INDEX, LIQUID, SOLID
from worldsim_envs.minecraft.kernel import kernel
from worldsim_envs.minecraft.mobs import FALL, OWN, PACE, TURN, WANT, Number, X, Y, Z, falls

AT_X, AT_Z, END, DONE = range(OWN, OWN + 4)
"""In which cell it is, to which of its rail's ends it goes, and how far along the rail it is (m)."""

HALF = (0.4, 0.35, 0.48)
"""Half of how wide, high and long a cart is (m)."""

LIFT = 0.0725
"""How high above the floor of its cell a cart begins: a rail is 0.0625 m thick."""

BEND = 0.25 * np.pi
"""How long a bend is (m)."""

WAYS = {"north": (0, -1), "south": (0, 1), "east": (1, 0), "west": (-1, 0)}


def _ends() -> Int64[np.ndarray, "k 2 2"]:
    """By kind the sides that a rail joins (x, z), 0 for what is no rail."""
    ends = np.zeros((len(BLOCKS), 2, 2), np.int64)
    for kind, block in enumerate(BLOCKS):
        if block.name.startswith("rail_"):
            ends[kind] = [WAYS[side] for side in block.name.split("_")[1:]]
    return ends


ENDS = _ends()


def cart(
    x: int, y: int, z: int, *, rail: str, toward: str, pace: Number, done: Number = 0.5
) -> Float64[np.ndarray, "11"]:
    """A row of `mobs.Mobs`: a cart on the rail in a cell, which rolls towards a side of it.

    Args:
        x, y, z: The cell.
        rail: The kind of its rail.
        toward: "north", "south", "east" or "west".
        pace: In metres a tick.
        done: Which part of its rail is behind it, in [0, 1].

    Raises:
        ValueError: Where the rail does not lead there, or is none.
    """
    if toward not in rail.split("_")[1:] or rail not in INDEX:
        raise ValueError(f"a cart came on {rail!r} towards {toward!r}; a rail_north_south leads north and south")
    end, row = rail.split("_")[1:].index(toward), mobs.row(0.0, y, 0.0, turn=0.0, pace=pace, own=())
    kind = INDEX[rail]
    row[AT_X], row[AT_Z], row[END], row[DONE] = x, z, end, done * _length(ENDS, kind)
    _place(ENDS, kind, row)
    return row


def step(blocks: np.ndarray, rows: mobs.Mobs, there: np.ndarray) -> None:
    """Let a tick pass for those that are there, in place."""
    _step(blocks, rows, there, SOLID, LIQUID, ENDS)


@kernel
def _rail(blocks, ends, x, y, z):
    """The kind of the rail in a cell, -1 where there is none."""
    if x < 0 or y < 0 or z < 0 or x >= blocks.shape[0] or y >= blocks.shape[1] or z >= blocks.shape[2]:
        return -1
    kind = np.int64(blocks[x, y, z])
    return kind if ends[kind].any() else -1


@kernel
def _length(ends, kind):
    """How long a rail is (m): its two sides are opposite ones, or it bends."""
    return 1.0 if ends[kind, 0, 0] == -ends[kind, 1, 0] and ends[kind, 0, 1] == -ends[kind, 1, 1] else BEND


@kernel
def _place(ends, kind, row):
    """Put the cart where it is along its rail, and turn it the way it goes."""
    end = int(row[END])
    come, go = ends[kind, 1 - end], ends[kind, end]
    length = _length(ends, kind)
    if length == 1.0:
        east, south = go[0] * (row[DONE] - 0.5), go[1] * (row[DONE] - 0.5)
        ahead, aside = go[0] * 1.0, go[1] * 1.0
    else:  # around the corner of the cell that both sides share
        angle = 0.5 * np.pi * row[DONE] / length
        cos, sin = np.cos(angle), np.sin(angle)
        east, south = (0.5 * (come[0] * (1 - sin) + go[0] * (1 - cos)), 0.5 * (come[1] * (1 - sin) + go[1] * (1 - cos)))
        ahead, aside = go[0] * sin - come[0] * cos, go[1] * sin - come[1] * cos
    row[X], row[Z] = row[AT_X] + 0.5 + east, row[AT_Z] + 0.5 + south
    row[TURN] = row[WANT] = np.arctan2(-ahead, -aside) % (2 * np.pi)


@kernel
def _step(blocks, rows, there, solid, liquid, ends):
    for mob in range(len(rows)):
        if not there[mob]:
            continue
        row = rows[mob]
        floor = int(np.floor(row[Y] + 0.01))
        kind = _rail(blocks, ends, int(row[AT_X]), floor, int(row[AT_Z]))
        if kind < 0 or row[Y] > floor + 0.02:
            row[PACE] = 0.0
            falls(blocks, solid, liquid, row)
            continue
        row[FALL] = 0.0
        left = row[PACE]
        while left > 0:
            length, end = _length(ends, kind), int(row[END])
            out_x, out_z = ends[kind, end, 0], ends[kind, end, 1]
            x, z = int(row[AT_X]) + out_x, int(row[AT_Z]) + out_z
            after = _rail(blocks, ends, x, floor, z)
            enters = -1
            if after >= 0:
                for side in range(2):
                    if ends[after, side, 0] == -out_x and ends[after, side, 1] == -out_z:
                        enters = side
            if enters < 0:
                if row[DONE] + left >= 0.5 * length:
                    row[DONE], row[PACE] = max(row[DONE], 0.5 * length), 0.0
                    break
            elif row[DONE] + left >= length:
                left -= length - row[DONE]
                row[AT_X], row[AT_Z], row[END], row[DONE] = x, z, 1 - enters, 0.0
                kind = after
                continue
            row[DONE] += left
            break
        _place(ends, kind, row)
