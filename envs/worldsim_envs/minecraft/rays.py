"""How a ray goes: from cell to cell, into boxes, and on to the first surface it meets.

Where there is room ahead (see `fields`) it crosses all of it at once; else it goes as in Amanatides and Woo, 1987, "A
Fast Voxel Traversal Algorithm". Where it is never depends on how it came there, so skipping changes nothing.

A ray is its origin and its direction, which has no component that is 0; along it everything is told in multiples of
the direction.
"""

import numpy as np

from worldsim_envs.minecraft.kernel import part
from worldsim_envs.minecraft.seen import FORM, HIGH, LOW, PART, SURFACE, WHOLE

TINY = 1e-12
"""What stands for a component of 0."""


@part
def slab(ox, oy, oz, dx, dy, dz, x0, y0, z0, x1, y1, z1):
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
def meet(place, body, ox, oy, oz, dx, dy, dz):
    """Where a ray meets a body (or 1e30), through which of its faces, and where on it in [0, 1]."""
    cos, sin = place[body, 6], place[body, 7]
    px, py, pz = ox - place[body, 0], oy - place[body, 1], oz - place[body, 2]
    qx, qz = cos * px - sin * pz, sin * px + cos * pz
    ex, ez = cos * dx - sin * dz, sin * dx + cos * dz
    hx, hy, hz = place[body, 3], place[body, 4], place[body, 5]
    ex, ez = ex if abs(ex) > TINY else TINY, ez if abs(ez) > TINY else TINY
    t, out, face = slab(qx, py, qz, ex, dy, ez, -hx, -hy, -hz, hx, hy, hz)
    if t > out or t <= 0:
        return 1e30, 0, 0.0, 0.0
    x, y, z = (qx + ex * t) / hx, (py + dy * t) / hy, (qz + ez * t) / hz
    if face < 2:
        return t, face, 0.5 + 0.5 * z, 0.5 - 0.5 * y
    if face < 4:
        return t, face, 0.5 + 0.5 * x, 0.5 + 0.5 * z
    return t, face, 0.5 + 0.5 * x, 0.5 - 0.5 * y


@part
def walk(cells, room, traits, ox, oy, oz, dx, dy, dz, far):
    """The first block that a ray meets before `far`.

    Returns its distance (1e30 for none), kind, face, cell, place on the face, and where and through which face the ray
    entered water on the way (below 0: it did not), and that water's kind.
    """
    wide, high, deep = cells.shape
    ix, iy, iz = 1 / dx, 1 / dy, 1 / dz
    t, face, water, wet, wetkind = 0.0, -1, -1.0, 0, 0
    if ox < 0 or oy < 0 or oz < 0 or ox >= wide or oy >= high or oz >= deep:
        t, out, face = slab(ox, oy, oz, dx, dy, dz, 0.0, 0.0, 0.0, float(wide), float(high), float(deep))
        if t > out or t <= 0:
            return 1e30, 0, 0, 0, 0, 0, 0.0, 0.0, water, wet, wetkind
    x = min(max(int(np.floor(ox + dx * t)), 0), wide - 1)
    y = min(max(int(np.floor(oy + dy * t)), 0), high - 1)
    z = min(max(int(np.floor(oz + dz * t)), 0), deep - 1)
    diving = traits[cells[x, y, z], FORM] == SURFACE and face < 0
    # which way it goes along each axis, and, going back, that the wall ahead is on a cell's near side
    sx, sy, sz = 1 if dx > 0 else -1, 1 if dy > 0 else -1, 1 if dz > 0 else -1
    bx, by, bz = 0 if dx > 0 else 1, 0 if dy > 0 else 1, 0 if dz > 0 else 1
    fx, fy, fz = float(sx), float(sy), float(sz)
    octant = np.uint64((1 - bx) + 2 * (1 - by) + 4 * (1 - bz))
    while t < far:
        clear = int(room[octant, np.uint64(x), np.uint64(y), np.uint64(z)])
        if clear == 0:
            kind = cells[np.uint64(x), np.uint64(y), np.uint64(z)]
            form = int(traits[kind, FORM])
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
                top = traits[kind, HIGH + 1]
                if form == SURFACE and y + 1 < high and traits[cells[x, y + 1, z], FORM] == SURFACE:
                    top = 1.0
                at, out, side = slab(
                    ox, oy, oz, dx, dy, dz,
                    x + traits[kind, LOW], y + traits[kind, LOW + 1], z + traits[kind, LOW + 2],
                    x + traits[kind, HIGH], y + top, z + traits[kind, HIGH + 2],
                )  # fmt: skip
                if at <= out and at > 0 and at < far:
                    px, py, pz = ox + dx * at - x, oy + dy * at - y, oz + dz * at - z
                    u, v = (pz, 1 - py) if side < 2 else (px, pz) if side < 4 else (px, 1 - py)
                    if form == SURFACE:
                        water, wet, wetkind = at, side, kind
                    elif form == PART or min(u, v) < 0.0625 or max(u, v) > 0.9375:
                        return at, kind, side, x, y, z, u, v, water, wet, wetkind
        else:
            diving = False
        # on to the wall of the empty cube ahead
        ahead = float(clear)
        tx, ty, tz = (x + bx + fx * ahead - ox) * ix, (y + by + fy * ahead - oy) * iy, (z + bz + fz * ahead - oz) * iz
        t = min(tx, ty, tz)
        reach = clear - 1
        lx, ly, lz = x - bx * reach, y - by * reach, z - bz * reach
        nx, ny, nz = x, y, z
        if reach > 0:
            nx = min(max(int(np.floor(ox + dx * t)), lx), lx + reach)
            ny = min(max(int(np.floor(oy + dy * t)), ly), ly + reach)
            nz = min(max(int(np.floor(oz + dz * t)), lz), lz + reach)
        if t == tx:
            nx, face = x + sx * clear, bx
        elif t == ty:
            ny, face = y + sy * clear, by + 2
        else:
            nz, face = z + sz * clear, bz + 4
        x, y, z = nx, ny, nz
        inside = (np.uint64(x) < np.uint64(wide)) & (np.uint64(y) < np.uint64(high)) & (np.uint64(z) < np.uint64(deep))
        if not inside:
            break
    return 1e30, 0, 0, 0, 0, 0, 0.0, 0.0, water, wet, wetkind
