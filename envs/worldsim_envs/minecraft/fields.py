"""What follows from the blocks and makes drawing them fast: how far away the next one is, and how bright it is there.

`distance[x, y, z]` is 0 where a block is and else how many cells away the nearest one is, counted as a king moves,
`FAR` at most: a ray may cross that many cells, less one, without looking. `light[x, y, z]` is as `blocks` says. Both
are exact after each refresh, whichever way the blocks came about.
"""

import numpy as np
from jaxtyping import UInt8

from worldsim_envs.minecraft.blocks import LIGHT, OPAQUE
from worldsim_envs.minecraft.kernel import kernel

FAR = 10
"""The largest distance that is told (cells)."""

Grid = UInt8[np.ndarray, "x y z"]


class Fields:
    """The distance and the light of one world, kept up to its blocks.

    Attributes:
        distance, light: See the module.
    """

    def __init__(self, blocks: Grid):
        self.distance, self.light = np.empty_like(blocks), np.empty_like(blocks)
        self._queue = np.empty(4 * blocks.size, np.int32)
        self.rebuild(blocks)

    def rebuild(self, blocks: Grid) -> None:
        """Derive everything anew."""
        _measure(blocks, self.distance, 0, 0, 0, *blocks.shape)
        _shine(blocks, self.light, self._queue, OPAQUE, LIGHT)

    def refresh(self, blocks: Grid, before: Grid) -> bool:
        """Follow the blocks from what they were `before`; whether there was anything to follow."""
        if np.array_equal(blocks, before):
            return False
        low, high, darker = _changed(blocks, before, OPAQUE, LIGHT)
        near = [max(edge - FAR + 1, 0) for edge in low]
        far = [min(edge + FAR, side) for edge, side in zip(high, blocks.shape, strict=True)]
        _measure(blocks, self.distance, *near, *far)
        if darker:
            _shine(blocks, self.light, self._queue, OPAQUE, LIGHT)
        return True


@kernel
def _changed(blocks, before, opaque, shines):
    """The corners of all that differs, and whether light does."""
    low, high, light = (1 << 30, 1 << 30, 1 << 30), (-1, -1, -1), False
    for x in range(blocks.shape[0]):
        for y in range(blocks.shape[1]):
            for z in range(blocks.shape[2]):
                one, other = blocks[x, y, z], before[x, y, z]
                if one != other:
                    low = (min(low[0], x), min(low[1], y), min(low[2], z))
                    high = (max(high[0], x), max(high[1], y), max(high[2], z))
                    light = light or opaque[one] != opaque[other] or shines[one] != shines[other]
    return low, high, light


@kernel
def _measure(blocks, distance, x0, y0, z0, x1, y1, z1):
    """Chebyshev distances within a window, those around it being right: a sweep forth and one back.

    Source: Rosenfeld and Pfaltz 1966, "Sequential Operations in Digital Picture Processing".
    """
    wide, high, deep = blocks.shape
    for x in range(x0, x1):
        for y in range(y0, y1):
            for z in range(z0, z1):
                distance[x, y, z] = 0 if blocks[x, y, z] else FAR
    for way in (1, -1):
        for i in range(x1 - x0):
            x = x0 + i if way == 1 else x1 - 1 - i
            for j in range(y1 - y0):
                y = y0 + j if way == 1 else y1 - 1 - j
                for k in range(z1 - z0):
                    z = z0 + k if way == 1 else z1 - 1 - k
                    best = distance[x, y, z]
                    if best <= 1:
                        continue
                    for near in range(13):  # the half of the 26 neighbours that this sweep has passed
                        a, b, c = x + way * (near // 9 - 1), y + way * (near // 3 % 3 - 1), z + way * (near % 3 - 1)
                        if 0 <= a < wide and 0 <= b < high and 0 <= c < deep:
                            best = min(best, distance[a, b, c] + 1)
                    distance[x, y, z] = best


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
