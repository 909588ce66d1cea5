"""How much of a thing can be seen: the share of points all over it that are in the picture and nothing hides.

What is too dim for its hue to be told is not seen.
"""

import numpy as np
from jaxtyping import Float64, Int64, UInt8

from worldsim_envs.cameras import Camera
from worldsim_envs.minecraft.kernel import kernel, part
from worldsim_envs.minecraft.rays import TINY, meet, walk
from worldsim_envs.minecraft.seen import TRAITS, Air
from worldsim_envs.minecraft.shading import glow

DIM = 0.13
"""Darker than this on all sides that one sees, a thing is not visible: no hue is 25 levels of 255 from grey then."""


def shares(
    blocks: UInt8[np.ndarray, "x y z"],
    room: UInt8[np.ndarray, "8 x y z"],
    light: UInt8[np.ndarray, "x y z"],
    air: Air,
    bodies: Float64[np.ndarray, "m 8"],
    boxes: Float64[np.ndarray, "o 8"],
    own: Int64[np.ndarray, "o 4"],
    camera: Camera,
    size: int,
) -> Float64[np.ndarray, " o"]:
    """Of each box the share of points on the sides that face the camera with nothing before them but the box itself.

    Args:
        blocks, room: What may stand before them; see `seen.Seen`.
        light, air: How bright it is there, likewise.
        bodies: Where bodies are that may stand before them, as `Bodies.place` says it.
        boxes: Where the boxes are, likewise.
        own: Which body each box is, -1 for none, and which cell.
        camera: Where from.
        size: Of the picture, outside of which nothing is seen (px).
    """
    found = np.empty(len(boxes))
    world = (blocks, room, light, TRAITS, air.shades, air.glare.max(), bodies)
    _shares(*world, boxes, own, camera.pose, camera.intrinsics, size, _GRID, found)
    return found


_GRID = np.linspace(-0.98, 0.98, 6)
"""Where points are along either edge of a side, from its middle; and a little within the side they are too."""


@part
def _hidden(cells, room, traits, place, own, box, x, y, z, dx, dy, dz):
    """Whether something other than the box hides what is one direction away; glass does not."""
    dx, dy, dz = dx if dx else TINY, dy if dy else TINY, dz if dz else TINY
    hit = walk(cells, room, traits, x, y, z, dx, dy, dz, 1.0)
    if hit[8] >= 0 or (hit[0] < 1 and not (hit[3] == own[box, 1] and hit[4] == own[box, 2] and hit[5] == own[box, 3])):
        return True
    hidden = False
    for body in range(len(place)):
        hidden = hidden or (body != own[box, 0] and meet(place, body, x, y, z, dx, dy, dz)[0] < 1)
    return hidden


@part
def _bright(light, shades, glare, boxes, box, axis, way):
    """How bright the side of a box is that looks along an axis one way or the other: 1 is white in the open at noon."""
    x, y, z = int(np.floor(boxes[box, 0])), int(np.floor(boxes[box, 1])), int(np.floor(boxes[box, 2]))
    sky, lamp = glow(light, x + way * (axis == 0), y + way * (axis == 1), z + way * (axis == 2))
    shade = shades[2 * axis + (way > 0)]
    return max(sky * shade * glare, lamp * (0.6 + 0.4 * shade))


@kernel
def _shares(cells, room, light, traits, shades, glare, place, boxes, own, pose, lens, size, grid, found):
    """See `shares`."""
    for box in range(len(boxes)):
        cos, sin = boxes[box, 6], boxes[box, 7]
        px, py, pz = pose[0, 3] - boxes[box, 0], pose[1, 3] - boxes[box, 1], pose[2, 3] - boxes[box, 2]
        count, inside, clear, brightest = 0, 0, 0, 0.0
        for axis in range(3):
            toward = px * cos - pz * sin if axis == 0 else py if axis == 1 else px * sin + pz * cos
            if abs(toward) <= boxes[box, 3 + axis]:
                continue
            brightest = max(brightest, _bright(light, shades, glare, boxes, box, axis, 1 if toward > 0 else -1))
            out = 0.98 if toward > 0 else -0.98
            for point in range(len(grid) * len(grid)):
                u, v = grid[point // len(grid)], grid[point % len(grid)]
                lx, ly, lz = (out, u, v) if axis == 0 else (v, out, u) if axis == 1 else (u, v, out)
                lx, ly, lz = lx * boxes[box, 3], ly * boxes[box, 4], lz * boxes[box, 5]
                dx, dy, dz = lx * cos + lz * sin - px, ly - py, lz * cos - lx * sin - pz
                depth = dx * pose[0, 2] + dy * pose[1, 2] + dz * pose[2, 2]
                right = dx * pose[0, 0] + dy * pose[1, 0] + dz * pose[2, 0]
                down = dx * pose[0, 1] + dy * pose[1, 1] + dz * pose[2, 1]
                count += 1
                if depth <= 0:
                    continue
                column, row = lens[0, 0] * right / depth + lens[0, 2], lens[1, 1] * down / depth + lens[1, 2]
                if 0 <= column <= size and 0 <= row <= size:
                    inside += 1
                    x, y, z = pose[0, 3], pose[1, 3], pose[2, 3]
                    clear += not _hidden(cells, room, traits, place, own, box, x, y, z, dx, dy, dz)
        found[box] = clear / inside * (inside / count) if inside and brightest >= DIM else 0.0
