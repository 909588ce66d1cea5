"""What follows from the blocks and makes drawing them fast: how much room there is, and how bright it is there.

`room[octant, x, y, z]` is the side of the largest empty cube (cells) that begins at a cell and lies ahead: towards
+x where the octant's first bit is set, else towards -x; y likewise by the second bit and z by the third. It is 0 where
a block is, and `FAR` at most; what is outside of the world is empty. A ray crosses such a cube without looking.
`light[x, y, z]` is as `blocks` says. Both are exact after each refresh, whichever way the blocks came about.
"""

import numpy as np
from jaxtyping import UInt8

from worldsim_envs.minecraft.blocks import LIGHT, OPAQUE
from worldsim_envs.minecraft.kernel import kernel, part

FAR = 16
"""The largest cube that is told (cells)."""

Grid = UInt8[np.ndarray, "x y z"]


class Fields:
    """The room and the light of one world, kept up to its blocks.

    Attributes:
        room, light: See the module.
    """

    def __init__(self, blocks: Grid):
        self.room, self.light = np.empty((8, *blocks.shape), np.uint8), np.empty_like(blocks)
        self._queue = np.empty(4 * blocks.size, np.int32)
        self.rebuild(blocks)

    def rebuild(self, blocks: Grid) -> None:
        """Derive everything anew."""
        _measure(blocks, self.room, (0, 0, 0), blocks.shape)
        _shine(blocks, self.light, self._queue, OPAQUE, LIGHT)

    def refresh(self, blocks: Grid, before: Grid) -> bool:
        """Follow the blocks from what they were `before`; whether there was anything to follow."""
        if np.array_equal(blocks, before):
            return False
        low, high, darker = _changed(blocks, before, OPAQUE, LIGHT)
        _measure(blocks, self.room, low, high)
        if darker:
            _shine(blocks, self.light, self._queue, OPAQUE, LIGHT)
        return True


@kernel
def _changed(blocks, before, opaque, shines):
    """The box of cells that holds all that differs, and whether light does."""
    low, high, light = (1 << 30, 1 << 30, 1 << 30), (0, 0, 0), False
    for x in range(blocks.shape[0]):
        for y in range(blocks.shape[1]):
            for z in range(blocks.shape[2]):
                one, other = blocks[x, y, z], before[x, y, z]
                if one != other:
                    low = (min(low[0], x), min(low[1], y), min(low[2], z))
                    high = (max(high[0], x + 1), max(high[1], y + 1), max(high[2], z + 1))
                    light = light or opaque[one] != opaque[other] or shines[one] != shines[other]
    return low, high, light


@kernel
def _measure(blocks, room, low, high):
    """The empty cubes that blocks from `low` to `high` have a say in, all others being right.

    A cube is larger by one than the smallest of those that begin at the seven cells ahead. So an octant is one sweep
    against its direction, which ends where the largest cube cannot reach from. Along z four of the seven are known from
    the cell before.
    """
    wide, tall, deep = blocks.shape
    back = FAR - 1
    for octant in range(8):
        sx, sy, sz = 2 * (octant & 1) - 1, (octant & 2) - 1, (octant >> 1 & 2) - 1
        x0, x1 = (max(low[0] - back, 0), high[0]) if sx > 0 else (low[0], min(high[0] + back, wide))
        y0, y1 = (max(low[1] - back, 0), high[1]) if sy > 0 else (low[1], min(high[1] + back, tall))
        z0, z1 = (max(low[2] - back, 0), high[2]) if sz > 0 else (low[2], min(high[2] + back, deep))
        for i in range(x1 - x0):
            x = x1 - 1 - i if sx > 0 else x0 + i
            for j in range(y1 - y0):
                y = y1 - 1 - j if sy > 0 else y0 + j
                side, beside, z = FAR, FAR, z1 if sz > 0 else z0 - 1
                if 0 <= z < deep:
                    side, beside = int(room[octant, x, y, z]), _beside(room, octant, x, y, z, sx, sy)
                for _ in range(z1 - z0):
                    z -= sz
                    before, beside = beside, _beside(room, octant, x, y, z, sx, sy)
                    side = min(side, before, beside, back) + 1 if blocks[x, y, z] == 0 else 0
                    room[octant, x, y, z] = side


@part
def _beside(room, octant, x, y, z, sx, sy):
    """The smallest of the cubes that begin at the three cells ahead of one along x, along y and along both."""
    inside_x, inside_y, least = 0 <= x + sx < room.shape[1], 0 <= y + sy < room.shape[2], FAR
    if inside_x:
        least = min(least, int(room[octant, x + sx, y, z]))
    if inside_y:
        least = min(least, int(room[octant, x, y + sy, z]))
    if inside_x and inside_y:
        least = min(least, int(room[octant, x + sx, y + sy, z]))
    return least


@kernel
def _shine(blocks, light, queue, opaque, shines):
    """Sky light and then block light, each spread from where it is known to wherever it gets brighter."""
    wide, high, deep = blocks.shape
    light[:] = 0
    for x in range(wide):
        for z in range(deep):
            y = high - 1
            while y >= 0 and not opaque[blocks[x, y, z]]:
                light[x, y, z] = 15 << 4
                y -= 1
    for shift in (4, 0):
        count = 0
        for x in range(wide):
            for y in range(high):
                for z in range(deep):
                    here = light[x, y, z] >> 4
                    if shift == 0:
                        if shines[blocks[x, y, z]]:
                            light[x, y, z] |= shines[blocks[x, y, z]]
                            queue[count] = (x * high + y) * deep + z
                            count += 1
                    elif here == 15 and (
                        (x > 0 and light[x - 1, y, z] == 0)
                        or (x < wide - 1 and light[x + 1, y, z] == 0)
                        or (z > 0 and light[x, y, z - 1] == 0)
                        or (z < deep - 1 and light[x, y, z + 1] == 0)
                    ):
                        queue[count] = (x * high + y) * deep + z
                        count += 1
        start = 0
        while start < count:
            at = queue[start]
            start += 1
            x, y, z = at // (high * deep), at // deep % high, at % deep
            next_level = ((light[x, y, z] >> shift) & 15) - 1
            if next_level <= 0:
                continue
            for side in range(6):
                a = x + (side == 0) - (side == 1)
                b = y + (side == 2) - (side == 3)
                c = z + (side == 4) - (side == 5)
                if 0 <= a < wide and 0 <= b < high and 0 <= c < deep and not opaque[blocks[a, b, c]]:
                    level = (light[a, b, c] >> shift) & 15
                    if level < next_level:
                        light[a, b, c] = (light[a, b, c] & ~(15 << shift)) | (next_level << shift)
                        queue[count] = (a * high + b) * deep + c
                        count += 1
