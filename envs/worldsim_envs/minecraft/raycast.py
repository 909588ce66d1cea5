"""Casting rays through blocks: for each pixel what it sees, how far away, and in which colour.

A ray goes from cell to cell (Amanatides and Woo, 1987, "A Fast Voxel Traversal Algorithm"), and where the next block is
far it crosses as many cells at once as `fields.distance` allows. What it meets is shaded from the light in the cells in
front of the face, smoothly between its corners, so that corners darken; by which way the face looks to the sun; and by
the haze before it. Where neighbouring pixels lie on different faces, in colours that differ, each is drawn from four
points.

Depth is planar, since a ray's direction is as long as its planar depth is 1. Depth and ids are those of the pixel's
middle. They are of the first surface that is not glass; what shines through water has the water's.
"""

from typing import NamedTuple

import numpy as np
from jaxtyping import Float64, Int32, UInt8

from worldsim_envs import palette
from worldsim_envs.cameras import Camera
from worldsim_envs.minecraft import blocks
from worldsim_envs.minecraft.blocks import BOX
from worldsim_envs.minecraft.kernel import kernel, part
from worldsim_envs.minecraft.textures import LEVELS, Look
from worldsim_envs.scene import Picture

MOST = 64
"""How many bodies can be drawn."""

FORMS = (WHOLE, PART, PANE, SURFACE) = (0, 1, 2, 3)
"""How a ray meets a kind: a whole cell, a box within it, a pane between its frame, the surface of a liquid."""


def _traits() -> Float64[np.ndarray, "k 9"]:
    """What rays need to know of each row of a look: its form, whether it is opaque and shines, its box in its cell."""
    form = np.where((BOX == blocks.WHOLE).all(1), WHOLE, PART)
    form[blocks.LIQUID > 0] = SURFACE
    form[blocks.INDEX["glass"]] = PANE
    kinds = np.column_stack([form, blocks.OPAQUE, blocks.LIGHT > 0, BOX / 16.0]).astype(float)
    return np.concatenate([kinds, np.zeros((len(palette.RGB), kinds.shape[1]))])  # skins do not shine


_TRAITS = _traits()
"""Handed to the kernels, since what is baked into them outlives a changed table."""


class Bodies(NamedTuple):
    """What is there besides blocks: boxes that stand anywhere, turned about the vertical.

    Attributes:
        place: Centre x y z (m), half extent (m), cosine and sine of the turn.
        kind: Which row of the look covers it, and which index it has in the segmentation.
    """

    place: Float64[np.ndarray, "m 8"]
    kind: Int32[np.ndarray, "m 2"]


class Air(NamedTuple):
    """What light falls, and what is where no block is.

    Attributes:
        sun: The unit vector towards it.
        shades: How bright each face is in the open, in the order of `textures.FACES`.
        glare: The colour of sky light, by channel: day and night.
        warmth: The colour of block light, by channel.
        zenith, horizon: The sky's colours straight up and level.
        disc: The colour of the sun, or of the moon opposite to it.
        cloud: How much of the sky is covered, how high that is (m), and how far it has drifted (m).
        haze: From where on nothing is seen (m), and how opaque water is.
        beyond: How high the ground outside the world is (m), and of which kind it is.
    """

    sun: Float64[np.ndarray, " 3"]
    shades: Float64[np.ndarray, " 6"]
    glare: Float64[np.ndarray, " 3"]
    warmth: Float64[np.ndarray, " 3"]
    zenith: Float64[np.ndarray, " 3"]
    horizon: Float64[np.ndarray, " 3"]
    disc: Float64[np.ndarray, " 3"]
    cloud: Float64[np.ndarray, " 3"]
    haze: Float64[np.ndarray, " 2"]
    beyond: Float64[np.ndarray, " 2"]


class Seen(NamedTuple):
    """The world as a ray meets it.

    Attributes:
        blocks, distance, light: See `blocks` and `fields`.
        look: See `textures`.
        ids: The index in the segmentation of each kind of block.
        bodies: What is no block.
        air: See `Air`.
        crack: The cell that is being broken, and how far (0 to 9; below 0 is none).
    """

    blocks: UInt8[np.ndarray, "x y z"]
    distance: UInt8[np.ndarray, "x y z"]
    light: UInt8[np.ndarray, "x y z"]
    look: Look
    ids: Int32[np.ndarray, " k"]
    bodies: Bodies
    air: Air
    crack: Int32[np.ndarray, " 4"]


SUN, SHADES, GLARE, WARMTH, ZENITH, HORIZON, DISC, CLOUD, HAZE, BEYOND = 0, 3, 9, 12, 15, 18, 21, 24, 27, 29
"""Where each of `Air`'s attributes begins in the vector that the kernels read."""

_CURVE = np.array([level / (60 - 3 * level) for level in range(16)])
"""How bright each level of light is. Source: Minecraft Wiki, "Light", section "Internal light level to brightness"."""


def _cracks() -> Float64[np.ndarray, "10 256"]:
    """How dark each texel of a breaking block is, stage by stage: cracks that grow from its middle."""
    rng, dark = np.random.default_rng(7), np.ones((10, 16, 16))
    ways = [(rng.uniform(0, 2 * np.pi), rng.uniform(-0.3, 0.3)) for _ in range(9)]
    for stage in range(10):
        for angle, bend in ways[: 3 + 2 * stage // 3]:
            for step in range(2 + stage):
                angle += bend
                u, v = 7.5 + 0.9 * step * np.cos(angle), 7.5 + 0.9 * step * np.sin(angle)
                if 0 <= u < 16 and 0 <= v < 16:
                    dark[stage, int(v), int(u)] = 0.45
    return dark.reshape(10, 256)


_CRACKS = _cracks()
_TINY = 1e-12

_CORNERS = ((0.125, 0.625), (0.375, 0.125), (0.625, 0.875), (0.875, 0.375))
"""Four points of a pixel, each at a distance of its own from each side: upright and level edges have four steps too."""


def draw(seen: Seen, camera: Camera, size: int, *, depth: bool = False, segmentation: bool = False) -> Picture:
    """Take a square picture."""
    rgb = np.empty((size, size, 3), np.uint8)
    far, ids = np.empty((size, size), np.float32), np.empty((size, size), np.int32)
    air = np.concatenate(seen.air)
    place, kind = seen.bodies
    world = (seen.blocks, seen.distance, seen.light, seen.look, seen.ids, place, kind, air, seen.crack, _TRAITS)
    _draw(*world, camera.pose, camera.intrinsics, rgb, far, ids)
    return Picture(rgb, far if depth else None, ids if segmentation else None)


def open_share(
    seen: Seen, eye: Float64[np.ndarray, " 3"], points: Float64[np.ndarray, "n 3"], *, body: int = -1, cell=(-1, -1, -1)
) -> float:
    """The share of points with nothing between them and the eye but their own body, by its index, or their own cell."""
    own = (int(cell[0]), int(cell[1]), int(cell[2]))
    return float(_open(seen.blocks, seen.distance, _TRAITS, seen.bodies.place, body, own, eye, points))


@part
def _slab(ox, oy, oz, dx, dy, dz, x0, y0, z0, x1, y1, z1):
    """Where a ray enters and leaves a box, and through which face it enters; it misses where it leaves before."""
    ax, bx = (x0 - ox) / dx, (x1 - ox) / dx
    ay, by = (y0 - oy) / dy, (y1 - oy) / dy
    az, bz = (z0 - oz) / dz, (z1 - oz) / dz
    tx, ty, tz = min(ax, bx), min(ay, by), min(az, bz)
    out = min(max(ax, bx), max(ay, by), max(az, bz))
    if tx >= ty and tx >= tz:
        return tx, out, 0 if dx > 0 else 1
    if ty >= tz:
        return ty, out, 2 if dy > 0 else 3
    return tz, out, 4 if dz > 0 else 5


@part
def _meet(place, body, ox, oy, oz, dx, dy, dz):
    """Where a ray meets a body (or 1e30), through which of its faces, and where on it in [0, 1]."""
    cos, sin = place[body, 6], place[body, 7]
    px, py, pz = ox - place[body, 0], oy - place[body, 1], oz - place[body, 2]
    qx, qz = cos * px - sin * pz, sin * px + cos * pz
    ex, ez = cos * dx - sin * dz, sin * dx + cos * dz
    hx, hy, hz = place[body, 3], place[body, 4], place[body, 5]
    ex, ez = ex if abs(ex) > _TINY else _TINY, ez if abs(ez) > _TINY else _TINY
    t, out, face = _slab(qx, py, qz, ex, dy, ez, -hx, -hy, -hz, hx, hy, hz)
    if t > out or t <= 0:
        return 1e30, 0, 0.0, 0.0
    x, y, z = (qx + ex * t) / hx, (py + dy * t) / hy, (qz + ez * t) / hz
    if face < 2:
        return t, face, 0.5 + 0.5 * z, 0.5 - 0.5 * y
    if face < 4:
        return t, face, 0.5 + 0.5 * x, 0.5 + 0.5 * z
    return t, face, 0.5 + 0.5 * x, 0.5 - 0.5 * y


@part
def _walk(cells, distance, traits, ox, oy, oz, dx, dy, dz, far):
    """The first block that a ray meets before `far`.

    Returns its distance (1e30 for none), kind, face, cell, place on the face, and where and through which face the ray
    entered water on the way (below 0: it did not), and that water's kind.
    """
    wide, high, deep = cells.shape
    ix, iy, iz = 1 / dx, 1 / dy, 1 / dz
    t, face, water, wet, wetkind = 0.0, -1, -1.0, 0, 0
    if ox < 0 or oy < 0 or oz < 0 or ox >= wide or oy >= high or oz >= deep:
        t, out, face = _slab(ox, oy, oz, dx, dy, dz, 0.0, 0.0, 0.0, float(wide), float(high), float(deep))
        if t > out or t <= 0:
            return 1e30, 0, 0, 0, 0, 0, 0.0, 0.0, water, wet, wetkind
    x = min(max(int(np.floor(ox + dx * t)), 0), wide - 1)
    y = min(max(int(np.floor(oy + dy * t)), 0), high - 1)
    z = min(max(int(np.floor(oz + dz * t)), 0), deep - 1)
    diving = traits[cells[x, y, z], 0] == SURFACE and face < 0
    while t < far:
        clear = int(distance[x, y, z])
        if clear == 0:
            kind = cells[x, y, z]
            form = int(traits[kind, 0])
            clear = 1
            if form == WHOLE:
                if face >= 0:
                    px, py, pz = ox + dx * t - x, oy + dy * t - y, oz + dz * t - z
                    if face < 2:
                        return t, kind, face, x, y, z, pz, 1 - py, water, wet, wetkind
                    if face < 4:
                        return t, kind, face, x, y, z, px, pz, water, wet, wetkind
                    return t, kind, face, x, y, z, px, 1 - py, water, wet, wetkind
            elif form != SURFACE or (water < 0 and not diving):
                top = traits[kind, 7]
                if form == SURFACE and y + 1 < high and traits[cells[x, y + 1, z], 0] == SURFACE:
                    top = 1.0
                at, out, side = _slab(
                    ox, oy, oz, dx, dy, dz,
                    x + traits[kind, 3], y + traits[kind, 4], z + traits[kind, 5],
                    x + traits[kind, 6], y + top, z + traits[kind, 8],
                )  # fmt: skip
                if at <= out and at > 0 and at < far:
                    px, py, pz = ox + dx * at - x, oy + dy * at - y, oz + dz * at - z
                    u, v = (pz, 1 - py) if side < 2 else (px, pz) if side < 4 else (px, 1 - py)
                    if form == SURFACE:
                        water, wet, wetkind = at, side, kind
                    elif form == PART or min(u, v) < 0.0625 or max(u, v) > 0.9375:
                        return at, kind, side, x, y, z, u, v, water, wet, wetkind
        elif diving:
            diving = False
        # on to the wall of the cube of empty cells around this one
        reach = clear - 1
        tx = (x + clear - ox) * ix if dx > 0 else (x - reach - ox) * ix
        ty = (y + clear - oy) * iy if dy > 0 else (y - reach - oy) * iy
        tz = (z + clear - oz) * iz if dz > 0 else (z - reach - oz) * iz
        t = min(tx, ty, tz)
        nx, ny, nz = x, y, z
        if reach > 0:
            nx = min(max(int(np.floor(ox + dx * t)), x - reach), x + reach)
            ny = min(max(int(np.floor(oy + dy * t)), y - reach), y + reach)
            nz = min(max(int(np.floor(oz + dz * t)), z - reach), z + reach)
        if t == tx:
            nx, face = (x + clear, 0) if dx > 0 else (x - clear, 1)
        elif t == ty:
            ny, face = (y + clear, 2) if dy > 0 else (y - clear, 3)
        else:
            nz, face = (z + clear, 4) if dz > 0 else (z - clear, 5)
        x, y, z = nx, ny, nz
        if x < 0 or y < 0 or z < 0 or x >= wide or y >= high or z >= deep:
            break
    return 1e30, 0, 0, 0, 0, 0, 0.0, 0.0, water, wet, wetkind


@kernel
def _open(cells, distance, traits, place, body, own, eye, points):
    """The share of points that the eye sees through the air, glass and water being none."""
    seen = 0
    for point in range(len(points)):
        dx, dy, dz = points[point, 0] - eye[0], points[point, 1] - eye[1], points[point, 2] - eye[2]
        dx, dy, dz = dx if dx else _TINY, dy if dy else _TINY, dz if dz else _TINY
        hit = _walk(cells, distance, traits, eye[0], eye[1], eye[2], dx, dy, dz, 1.0)
        met = hit[0] < 1 and not (hit[3] == own[0] and hit[4] == own[1] and hit[5] == own[2])
        if met or hit[8] >= 0:
            continue
        hidden = False
        for other in range(len(place)):
            if other != body and _meet(place, other, eye[0], eye[1], eye[2], dx, dy, dz)[0] < 1:
                hidden = True
                break
        seen += not hidden
    return seen / len(points)


@part
def _texel(look, kind, face, u, v, footprint):
    """Where among a face's texels one lies, at the size at which texels are about as large as pixels."""
    level = 0
    while level < 4 and footprint > 0.7:
        footprint *= 0.5
        level += 1
    side = 16 >> level
    a, b = min(max(int(u * side), 0), side - 1), min(max(int(v * side), 0), side - 1)
    return LEVELS[level] + b * side + a


@part
def _glow(light, x, y, z):
    """The sky light and the block light in a cell; outside of the world the sky is open."""
    if x < 0 or y < 0 or z < 0 or x >= light.shape[0] or y >= light.shape[1] or z >= light.shape[2]:
        return _CURVE[15], 0.0
    level = light[x, y, z]
    return _CURVE[level >> 4], _CURVE[level & 15]


@part
def _lit(cells, light, traits, x, y, z, face, u, v):
    """The sky and block light on a face at (u, v): between its corners, where each is the mean of four cells.

    A cell that lets no light through counts as a quarter of what is before the face: so corners darken.
    """
    axis, way = face >> 1, 2 * (face & 1) - 1
    x, y, z = x + way * (axis == 0), y + way * (axis == 1), z + way * (axis == 2)
    sky, lamp = _glow(light, x, y, z)
    # the cells beside it along u and along v, on the side that (u, v) is nearer to, and the one at the corner
    p, q = u - 0.5, v - 0.5
    du, dv = 1 if p > 0 else -1, 1 if q > 0 else -1
    p, q = abs(p), abs(q)
    total_sky, total_lamp = 0.0, 0.0
    blocked = 0
    for near in range(3):
        a, b = du * (near != 1), dv * (near != 0)
        if axis == 0:
            cx, cy, cz = x, y - b, z + a
        elif axis == 1:
            cx, cy, cz = x + a, y, z + b
        else:
            cx, cy, cz = x + a, y - b, z
        s, k = _glow(light, cx, cy, cz)
        inside = 0 <= cx < light.shape[0] and 0 <= cy < light.shape[1] and 0 <= cz < light.shape[2]
        shut = inside and traits[cells[cx, cy, cz], 1] > 0
        if near == 2 and blocked == 2:
            shut = True  # no light comes round a corner that is closed on both sides
        if shut:
            blocked += 1
            s, k = 0.25 * sky, 0.25 * lamp
        # bilinear weights of the face's middle, its two edges and its corner
        weight = p * (1 - q) if near == 0 else (1 - p) * q if near == 1 else p * q
        total_sky += weight * s
        total_lamp += weight * k
    rest = (1 - p) * (1 - q)
    return total_sky + rest * sky, total_lamp + rest * lamp


@part
def _above(air, ox, oz, dx, dy, dz):
    """The colour of the sky along a ray, and what is there: 0 nothing, 1 the sun or the moon, 2 a cloud."""
    length = np.sqrt(dx * dx + dy * dy + dz * dz)
    up = dy / length
    rise = min(max(1.6 * up, 0.0), 1.0)
    rise = rise * (2 - rise)
    red = air[HORIZON] + rise * (air[ZENITH] - air[HORIZON])
    green = air[HORIZON + 1] + rise * (air[ZENITH + 1] - air[HORIZON + 1])
    blue = air[HORIZON + 2] + rise * (air[ZENITH + 2] - air[HORIZON + 2])
    facing = (dx * air[SUN] + dy * air[SUN + 1] + dz * air[SUN + 2]) / length
    # a square sun and, opposite, a square moon
    if abs(facing) > 0.99 and (dx * air[SUN] + dy * air[SUN + 1]) * facing > 0:
        across = abs(dx * air[SUN + 1] - dy * air[SUN]) / (length * abs(facing))
        along = abs(dz / length - facing * air[SUN + 2]) / abs(facing)
        wide = 0.075 if facing > 0 else 0.05
        if across < wide and along < wide:
            return air[DISC], air[DISC + 1], air[DISC + 2], 1
    if up > 0.12 and air[CLOUD] > 0:
        t = air[CLOUD + 1] / dy
        cx, cz = int(np.floor((ox + dx * t + air[CLOUD + 2]) / 9)), int(np.floor((oz + dz * t) / 9))
        mixed = (cx // 2 * 374761393 + cz // 2 * 668265263) & 0xFFFFFFFF
        mixed = ((mixed ^ (mixed >> 13)) * 1274126177) & 0xFFFFFFFF
        fine = (cx * 374761393 + cz * 668265263 + 97) & 0xFFFFFFFF
        fine = ((fine ^ (fine >> 13)) * 1274126177) & 0xFFFFFFFF
        if (mixed >> 8) % 1000 < 1000 * air[CLOUD] and (fine >> 8) % 1000 < 800:
            thin = 0.65 * min(1.0, (up - 0.12) * 5)
            bright = 0.5 * (air[GLARE] + air[GLARE + 2]) * 0.96
            red, green, blue = (
                red + thin * (bright - red),
                green + thin * (bright - green),
                blue + thin * (bright - blue),
            )
            return red, green, blue, 2
    return red, green, blue, 0


@part
def _paint(cells, light, look, traits, air, crack, kind, face, x, y, z, u, v, t, pixel):
    """The colour of a face of a block where a ray meets it, haze apart."""
    texel = _texel(look, kind, face, u, v, 16 * t * pixel)
    sky, lamp = _lit(cells, light, traits, x, y, z, face, u, v)
    sky *= air[SHADES + face]
    lamp *= 0.6 + 0.4 * air[SHADES + face]
    dark = 1.0
    if crack[3] >= 0 and crack[0] == x and crack[1] == y and crack[2] == z:
        dark = _CRACKS[crack[3], min(max(int(v * 16), 0), 15) * 16 + min(max(int(u * 16), 0), 15)]
    return _mixed(look, traits, kind, face, texel, air, sky, lamp, dark)


@part
def _mixed(look, traits, kind, face, texel, air, sky, lamp, dark):
    """A texel under sky light and block light, the brighter of which tells; what shines itself is lit as by day."""
    least = 1.0 if traits[kind, 2] > 0 else 0.03
    red = dark * look[kind, face, texel, 0] * max(sky * air[GLARE], lamp * air[WARMTH], least)
    green = dark * look[kind, face, texel, 1] * max(sky * air[GLARE + 1], lamp * air[WARMTH + 1], least)
    blue = dark * look[kind, face, texel, 2] * max(sky * air[GLARE + 2], lamp * air[WARMTH + 2], least)
    return red, green, blue


@part
def _see(cells, distance, light, look, ids, place, what, air, crack, traits, mask, pixel, ox, oy, oz, dx, dy, dz):
    """Along one ray: colour, planar depth (inf for nothing), index, and which plane was met (for finding edges)."""
    dx, dy, dz = dx if dx else _TINY, dy if dy else _TINY, dz if dz else _TINY
    far, body, bface, bu, bv = 1e30, -1, 0, 0.0, 0.0
    index = 0
    while mask:
        if mask & 1:
            t, face, u, v = _meet(place, index, ox, oy, oz, dx, dy, dz)
            if t < far:
                far, body, bface, bu, bv = t, index, face, u, v
        mask >>= 1
        index += 1
    t, kind, face, x, y, z, u, v, water, wet, wetkind = _walk(cells, distance, traits, ox, oy, oz, dx, dy, dz, far)
    edge = np.int64(-1)
    ident = -1
    depth = np.inf
    length = np.sqrt(dx * dx + dy * dy + dz * dz)
    if t < far:
        red, green, blue = _paint(cells, light, look, traits, air, crack, kind, face, x, y, z, u, v, t * length, pixel)
        depth, ident = t, ids[kind]
        plane = x if face < 2 else y if face < 4 else z
        edge = np.int64((kind * 8 + face) * 4096 + plane)
    elif body >= 0:
        depth, ident = far, what[body, 1]
        kind = what[body, 0]
        texel = _texel(look, kind, bface, bu, bv, 5 * far * length * pixel / place[body, 4])  # finer: a face is small
        cx, cy, cz = _cell(place, body)
        sky, lamp = _glow(light, cx, cy, cz)
        sky *= _turned(air, bface, place[body, 6], place[body, 7])
        red, green, blue = _mixed(look, traits, kind, bface, texel, air, sky, lamp, 1.0)
        edge = np.int64(1 << 40) + body * 8 + bface
    else:
        red, green, blue, what_there = _above(air, ox, oz, dx, dy, dz)
        edge -= what_there
        t = (air[BEYOND] - oy) / dy
        if air[BEYOND + 1] >= 0 and dy < 0 and t > 0:  # the ground outside of the world
            depth, kind = t, int(air[BEYOND + 1])
            px, pz = ox + dx * t, oz + dz * t
            texel = _texel(look, kind, 3, px - np.floor(px), pz - np.floor(pz), 16 * t * length * pixel)
            red, green, blue = _mixed(look, traits, kind, 3, texel, air, _CURVE[15] * air[SHADES + 3], 0.0, 1.0)
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
        texel = _texel(look, wetkind, wet, u, v, side)
        sky, lamp = _glow(light, cx, cy + (wet == 3), cz)
        surface = _mixed(look, traits, wetkind, wet, texel, air, sky * air[SHADES + wet], lamp, 1.0)
        opacity = air[HAZE + 1]
        if traits[wetkind, 2] > 0:
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
def _turned(air, face, cos, sin):
    """How bright the face of a turned body is: between the shades of the sides that it looks to."""
    if face == 2 or face == 3:
        return air[SHADES + face]
    way = 2 * (face & 1) - 1
    nx, nz = (way * cos, -way * sin) if face < 2 else (way * sin, way * cos)
    along = air[SHADES + (nx > 0)] * nx * nx
    return along + air[SHADES + 4 + (nz > 0)] * nz * nz


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


@kernel
def _draw(cells, distance, light, look, ids, place, what, air, crack, traits, pose, lens, rgb, far, idents):
    """Every pixel once through its middle, and those at edges that show from four other points."""
    size = rgb.shape[0]
    focal = lens[0, 0]
    ox, oy, oz = pose[0, 3], pose[1, 3], pose[2, 3]
    masks = np.zeros((size, size), np.uint64)
    for body in range(len(place)):
        # a body lies within a ball, which lies within these columns and rows
        px, py, pz = place[body, 0] - ox, place[body, 1] - oy, place[body, 2] - oz
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
    colours = np.empty((size, size, 3))
    edges = np.empty((size, size), np.int64)
    for row in range(size):
        for column in range(size):
            a, b = (column + 0.5 - lens[0, 2]) / focal, (row + 0.5 - lens[1, 2]) / focal
            dx = pose[0, 2] + a * pose[0, 0] + b * pose[0, 1]
            dy = pose[1, 2] + a * pose[1, 0] + b * pose[1, 1]
            dz = pose[2, 2] + a * pose[2, 0] + b * pose[2, 1]
            red, green, blue, depth, ident, edge = _see(
                cells, distance, light, look, ids, place, what, air, crack, traits, masks[row, column], 1 / focal,
                ox, oy, oz, dx, dy, dz,
            )  # fmt: skip
            colours[row, column, 0], colours[row, column, 1], colours[row, column, 2] = red, green, blue
            far[row, column], idents[row, column], edges[row, column] = depth, ident, edge
    for row in range(size):
        for column in range(size):
            red, green, blue = colours[row, column, 0], colours[row, column, 1], colours[row, column, 2]
            if _rough(colours, edges, row, column):
                red, green, blue = 0.0, 0.0, 0.0
                for corner in range(4):
                    a = (column + _CORNERS[corner][0] - lens[0, 2]) / focal
                    b = (row + _CORNERS[corner][1] - lens[1, 2]) / focal
                    dx = pose[0, 2] + a * pose[0, 0] + b * pose[0, 1]
                    dy = pose[1, 2] + a * pose[1, 0] + b * pose[1, 1]
                    dz = pose[2, 2] + a * pose[2, 0] + b * pose[2, 1]
                    one = _see(
                        cells, distance, light, look, ids, place, what, air, crack, traits, masks[row, column],
                        1 / focal, ox, oy, oz, dx, dy, dz,
                    )  # fmt: skip
                    red, green, blue = red + 0.25 * one[0], green + 0.25 * one[1], blue + 0.25 * one[2]
            rgb[row, column, 0] = int(min(max(red, 0.0), 1.0) * 255 + 0.5)
            rgb[row, column, 1] = int(min(max(green, 0.0), 1.0) * 255 + 0.5)
            rgb[row, column, 2] = int(min(max(blue, 0.0), 1.0) * 255 + 0.5)
