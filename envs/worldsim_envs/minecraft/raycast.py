"""A picture of blocks: for each pixel what it sees, how far away, and in which colour.

Each pixel is drawn from its middle, by one ray. Where neighbouring pixels lie on different faces, in colours that
differ, each is drawn from four other points instead.

Depth is planar, since a ray's direction is as long as its planar depth is 1. Depth and ids are those of the pixel's
middle. They are of the first surface that is not glass; what shines through water has the water's.
"""

import numpy as np

from worldsim_envs.cameras import Camera
from worldsim_envs.minecraft.kernel import kernel, part
from worldsim_envs.minecraft.rays import TINY, meet, walk
from worldsim_envs.minecraft.seen import BEYOND, HAZE, HORIZON, MOST, SHADES, SHINES, TRAITS, Seen
from worldsim_envs.minecraft.shading import CURVE, above, glow, mixed, paint, texel_at, turned
from worldsim_envs.scene import Picture

CORNERS = ((0.125, 0.625), (0.375, 0.125), (0.625, 0.875), (0.875, 0.375))
"""Four points of a pixel, each at a distance of its own from each side: upright and level edges have four steps too."""


def draw(seen: Seen, camera: Camera, size: int, *, depth: bool = False, segmentation: bool = False) -> Picture:
    """Take a square picture.

    Raises:
        ValueError: Where there are more bodies than can be drawn.
    """
    if len(seen.bodies.place) > MOST:
        raise ValueError(f"{len(seen.bodies.place)} bodies came; {MOST} can be drawn")
    rgb = np.empty((size, size, 3), np.uint8)
    far, ids = np.empty((size, size), np.float32), np.empty((size, size), np.int32)
    air = np.concatenate(seen.air)
    place, kind = seen.bodies
    world = (seen.blocks, seen.room, seen.light, seen.look, seen.ids, place, kind, air, seen.crack, TRAITS)
    _draw(*world, camera.pose, camera.intrinsics, rgb, far, ids)
    return Picture(rgb, far if depth else None, ids if segmentation else None)


@part
def _see(cells, room, light, look, ids, place, what, air, crack, traits, mask, pixel, ox, oy, oz, dx, dy, dz):
    """Along one ray: colour, planar depth (inf for nothing), index, and which plane was met (for finding edges)."""
    dx, dy, dz = dx if dx else TINY, dy if dy else TINY, dz if dz else TINY
    far, body, bface, bu, bv = 1e30, -1, 0, 0.0, 0.0
    index = 0
    while mask:
        if mask & 1:
            t, face, u, v = meet(place, index, ox, oy, oz, dx, dy, dz)
            if t < far:
                far, body, bface, bu, bv = t, index, face, u, v
        mask >>= 1
        index += 1
    t, kind, face, x, y, z, u, v, water, wet, wetkind = walk(cells, room, traits, ox, oy, oz, dx, dy, dz, far)
    edge = np.int64(-1)
    ident = -1
    depth = np.inf
    length = np.sqrt(dx * dx + dy * dy + dz * dz)
    if t < far:
        red, green, blue = paint(cells, light, look, traits, air, crack, kind, face, x, y, z, u, v, t * length, pixel)
        depth, ident = t, ids[kind]
        plane = x if face < 2 else y if face < 4 else z
        edge = np.int64((kind * 8 + face) * 4096 + plane)
    elif body >= 0:
        depth, ident = far, what[body, 1]
        kind = what[body, 0]
        texel = texel_at(look, kind, bface, bu, bv, 5 * far * length * pixel / place[body, 4])  # finer: a face is small
        cx, cy, cz = _cell(place, body)
        sky, lamp = glow(light, cx, cy, cz)
        sky *= turned(air, bface, place[body, 6], place[body, 7])
        red, green, blue = mixed(look, traits, kind, bface, texel, air, sky, lamp, 1.0)
        edge = np.int64(1 << 40) + body * 8 + bface
    else:
        red, green, blue, what_there = above(air, ox, oz, dx, dy, dz)
        edge -= what_there
        t = (air[BEYOND] - oy) / dy
        if air[BEYOND + 1] >= 0 and dy < 0 and t > 0:  # the ground outside of the world
            depth, kind = t, int(air[BEYOND + 1])
            px, pz = ox + dx * t, oz + dz * t
            texel = texel_at(look, kind, 3, px - np.floor(px), pz - np.floor(pz), 16 * t * length * pixel)
            red, green, blue = mixed(look, traits, kind, 3, texel, air, CURVE[15] * air[SHADES + 3], 0.0, 1.0)
            ident, edge = ids[kind], np.int64(1 << 41)
    if depth < np.inf:
        thick = min(depth * length / air[HAZE], 1.0) ** 2
        red += thick * (air[HORIZON] - red)
        green += thick * (air[HORIZON + 1] - green)
        blue += thick * (air[HORIZON + 2] - blue)
    if water >= 0 and water < depth:
        px, py, pz = ox + dx * water, oy + dy * water, oz + dz * water
        cx, cy, cz = int(np.floor(px)), int(np.floor(py)), int(np.floor(pz))
        side = 16 * water * length * pixel
        u, v = (pz - cz, cy + 1 - py) if wet < 2 else (px - cx, pz - cz) if wet < 4 else (px - cx, cy + 1 - py)
        texel = texel_at(look, wetkind, wet, u, v, side)
        sky, lamp = glow(light, cx, cy + (wet == 3), cz)
        surface = mixed(look, traits, wetkind, wet, texel, air, sky * air[SHADES + wet], lamp, 1.0)
        opacity = air[HAZE + 1]
        if traits[wetkind, SHINES] > 0:
            opacity = 1.0
        behind = min(depth, 1e6) - water
        opacity += (1 - opacity) * (1 - np.exp(-0.3 * behind * length))
        thick = min(water * length / air[HAZE], 1.0) ** 2
        red += opacity * (surface[0] + thick * (air[HORIZON] - surface[0]) - red)
        green += opacity * (surface[1] + thick * (air[HORIZON + 1] - surface[1]) - green)
        blue += opacity * (surface[2] + thick * (air[HORIZON + 2] - surface[2]) - blue)
        depth, ident = water, ids[wetkind]
        edge ^= np.int64(1 << 42)
    return red, green, blue, depth, ident, edge


@part
def _cell(place, body):
    """The cell in which the middle of a body is."""
    return int(np.floor(place[body, 0])), int(np.floor(place[body, 1])), int(np.floor(place[body, 2]))


@part
def _rough(colours, edges, row, column):
    """Whether a pixel lies at an edge that shows: a neighbour saw another face, in another colour."""
    size = len(edges)
    for near in range(4):
        a, b = row + (near == 0) - (near == 1), column + (near == 2) - (near == 3)
        if 0 <= a < size and 0 <= b < size and edges[a, b] != edges[row, column]:
            apart = (
                abs(colours[a, b, 0] - colours[row, column, 0])
                + abs(colours[a, b, 1] - colours[row, column, 1])
                + abs(colours[a, b, 2] - colours[row, column, 2])
            )
            if apart > 0.08:
                return True
    return False


@part
def _mark(place, pose, lens, masks):
    """Set a bit for each body at every pixel that may see it: a body lies within a ball, and that within a square."""
    size, focal = len(masks), lens[0, 0]
    for body in range(len(place)):
        px, py, pz = place[body, 0] - pose[0, 3], place[body, 1] - pose[1, 3], place[body, 2] - pose[2, 3]
        cx = px * pose[0, 0] + py * pose[1, 0] + pz * pose[2, 0]
        cy = px * pose[0, 1] + py * pose[1, 1] + pz * pose[2, 1]
        cz = px * pose[0, 2] + py * pose[1, 2] + pz * pose[2, 2]
        ball = np.sqrt(place[body, 3] ** 2 + place[body, 4] ** 2 + place[body, 5] ** 2)
        left, right, top, bottom = 0, size, 0, size
        if cz < -ball:
            continue
        if cz > 1.01 * ball:
            wide = focal * ball / (cz - ball) + 1
            mx, my = focal * cx / cz, focal * cy / cz
            # the ball's outline bulges away from the middle of the picture
            bulge = np.sqrt(1 + (mx * mx + my * my) / (focal * focal))
            left = max(int(mx + lens[0, 2] - wide * bulge), 0)
            right = min(int(mx + lens[0, 2] + wide * bulge) + 1, size)
            top = max(int(my + lens[1, 2] - wide * bulge), 0)
            bottom = min(int(my + lens[1, 2] + wide * bulge) + 1, size)
        for row in range(top, bottom):
            for column in range(left, right):
                masks[row, column] |= np.uint64(1) << np.uint64(body)


@kernel
def _draw(cells, room, light, look, ids, place, what, air, crack, traits, pose, lens, rgb, far, idents):
    """Twice over the picture: each pixel through its middle; then those at edges that show through four points."""
    size, focal = rgb.shape[0], lens[0, 0]
    masks = np.zeros((size, size), np.uint64)
    colours, edges = np.empty((size, size, 3)), np.empty((size, size), np.int64)
    _mark(place, pose, lens, masks)
    for turn in range(2):
        points, share = (1, 1.0) if turn == 0 else (len(CORNERS), 1 / len(CORNERS))
        for row in range(size):
            for column in range(size):
                red, green, blue = colours[row, column, 0], colours[row, column, 1], colours[row, column, 2]
                if turn == 0 or _rough(colours, edges, row, column):
                    red, green, blue = 0.0, 0.0, 0.0
                    for point in range(points):
                        right, down = (0.5, 0.5) if turn == 0 else CORNERS[point]
                        a, b = (column + right - lens[0, 2]) / focal, (row + down - lens[1, 2]) / focal
                        one = _see(
                            cells, room, light, look, ids, place, what, air, crack, traits,
                            masks[row, column], 1 / focal, pose[0, 3], pose[1, 3], pose[2, 3],
                            pose[0, 2] + a * pose[0, 0] + b * pose[0, 1],
                            pose[1, 2] + a * pose[1, 0] + b * pose[1, 1],
                            pose[2, 2] + a * pose[2, 0] + b * pose[2, 1],
                        )  # fmt: skip
                        red, green, blue = red + share * one[0], green + share * one[1], blue + share * one[2]
                        if turn == 0:
                            far[row, column], idents[row, column], edges[row, column] = one[3], one[4], one[5]
                if turn == 0:
                    colours[row, column, 0], colours[row, column, 1], colours[row, column, 2] = red, green, blue
                else:
                    rgb[row, column, 0] = int(min(max(red, 0.0), 1.0) * 255 + 0.5)
                    rgb[row, column, 1] = int(min(max(green, 0.0), 1.0) * 255 + 0.5)
                    rgb[row, column, 2] = int(min(max(blue, 0.0), 1.0) * 255 + 0.5)
