"""`rays` in Warp: how a ray goes, on a GPU or a CPU.

Line by line it computes what `rays` does, in float64 and with no two operations fused into one, so that a ray which
grazes an edge falls to the same side.
"""

# pyright: reportArgumentType=false, reportOperatorIssue=false
# pyright: reportIndexIssue=false, reportCallIssue=false, reportAttributeAccessIssue=false, reportReturnType=false
# Warp compiles these functions by rules of its own, of which Python's types know nothing.

from typing import no_type_check

import warp as wp
from warp import float64 as real
from warp import vec2d, vec3d, vec3i

from worldsim_envs.minecraft import rays
from worldsim_envs.minecraft.seen import FORM, HIGH, LOW, PART, SURFACE, WHOLE

TINY = wp.constant(real(rays.TINY))
NEVER = wp.constant(real(1e30))
"""The distance of what is not met."""


@no_type_check
@wp.struct
class World:
    """What `seen.Seen` holds, on a device, and the tables that belong to it."""

    cells: wp.array3d(dtype=wp.uint8)
    room: wp.array4d(dtype=wp.uint8)
    light: wp.array3d(dtype=wp.uint8)
    look: wp.array4d(dtype=wp.float32)
    ids: wp.array(dtype=wp.int32)
    place: wp.array2d(dtype=wp.float64)
    what: wp.array2d(dtype=wp.int32)
    air: wp.array(dtype=wp.float64)
    crack: wp.array(dtype=wp.int32)
    traits: wp.array2d(dtype=wp.float64)
    curve: wp.array(dtype=wp.float64)
    cracks: wp.array2d(dtype=wp.float64)


@no_type_check
@wp.struct
class Met:
    """The first block that a ray meets, and where it entered water on the way (below 0: it did not)."""

    t: real
    kind: int
    face: int
    cell: vec3i
    spot: vec2d
    water: real
    wet: int
    wetkind: int


@no_type_check
@wp.func
def slab(eye: vec3d, way: vec3d, low: vec3d, high: vec3d):
    """Where a ray enters and leaves a box, and through which face it enters; it misses where it leaves before."""
    a, b = wp.cw_div(low - eye, way), wp.cw_div(high - eye, way)
    near, out = wp.min(a, b), wp.min(wp.max(a, b))
    axis = 2
    if near[0] >= near[1] and near[0] >= near[2]:
        axis = 0
    elif near[1] >= near[2]:
        axis = 1
    return near[axis], out, 2 * axis + (0 if way[axis] > real(0.0) else 1)


@no_type_check
@wp.func
def spot_on(face: int, inside: vec3d):
    """Where on its face a point of a cell is."""
    u = inside[2] if face < 2 else inside[0]
    v = inside[2] if face == 2 or face == 3 else real(1.0) - inside[1]
    return vec2d(u, v)


@no_type_check
@wp.func
def meet(world: World, body: int, eye: vec3d, way: vec3d):
    """Where a ray meets a body (or `NEVER`), through which of its faces, and where on it in [0, 1]."""
    cos, sin = world.place[body, 6], world.place[body, 7]
    p = eye - vec3d(world.place[body, 0], world.place[body, 1], world.place[body, 2])
    half = vec3d(world.place[body, 3], world.place[body, 4], world.place[body, 5])
    ex, ez = cos * way[0] - sin * way[2], sin * way[0] + cos * way[2]
    ex = ex if wp.abs(ex) > TINY else TINY
    ez = ez if wp.abs(ez) > TINY else TINY
    q, e = vec3d(cos * p[0] - sin * p[2], p[1], sin * p[0] + cos * p[2]), vec3d(ex, way[1], ez)
    t, out, face = slab(q, e, -half, half)
    on = wp.cw_div(q + e * t, half)
    u, v = real(0.5) + real(0.5) * on[0], real(0.5) - real(0.5) * on[1]
    if face < 2:
        u = real(0.5) + real(0.5) * on[2]
    elif face < 4:
        v = real(0.5) + real(0.5) * on[2]
    if t > out or t <= real(0.0):
        t = NEVER
    return t, face, vec2d(u, v)


@no_type_check
@wp.func
def floored(point: vec3d):
    """The cell in which a point lies."""
    return vec3i(int(wp.floor(point[0])), int(wp.floor(point[1])), int(wp.floor(point[2])))


@no_type_check
@wp.func
def within(cell: vec3i, sides: vec3i):
    """Whether a cell is in the world."""
    low = cell[0] >= 0 and cell[1] >= 0 and cell[2] >= 0
    return low and cell[0] < sides[0] and cell[1] < sides[1] and cell[2] < sides[2]


@no_type_check
@wp.func
def form_of(world: World, cell: vec3i):
    """How a ray meets what is in a cell."""
    return int(world.traits[int(world.cells[cell[0], cell[1], cell[2]]), FORM])


@no_type_check
@wp.func
def walk(world: World, eye: vec3d, way: vec3d, far: real):
    """The first block that a ray meets before `far`; see `rays.walk`."""
    sides = vec3i(world.cells.shape[0], world.cells.shape[1], world.cells.shape[2])
    ends = vec3d(real(sides[0]), real(sides[1]), real(sides[2]))
    slope = wp.cw_div(vec3d(real(1.0)), way)
    t, face = real(0.0), wp.int32(-1)
    water, wet, wetkind = real(-1.0), wp.int32(0), wp.int32(0)
    low = eye[0] < real(0.0) or eye[1] < real(0.0) or eye[2] < real(0.0)
    if low or eye[0] >= ends[0] or eye[1] >= ends[1] or eye[2] >= ends[2]:
        t, out, face = slab(eye, way, vec3d(), ends)
        if t > out or t <= real(0.0):
            return Met(NEVER, 0, 0, vec3i(), vec2d(), water, wet, wetkind)
    cell = wp.min(wp.max(floored(eye + way * t), vec3i()), sides - vec3i(1))
    diving = bool(form_of(world, cell) == SURFACE and face < 0)
    # which way it goes along each axis, and, going back, that the wall ahead is on a cell's near side
    back = vec3i(0 if way[0] > real(0.0) else 1, 0 if way[1] > real(0.0) else 1, 0 if way[2] > real(0.0) else 1)
    sign = vec3i(1) - 2 * back
    octant = 7 - back[0] - 2 * back[1] - 4 * back[2]
    while t < far:
        clear = int(world.room[octant, cell[0], cell[1], cell[2]])
        if clear == 0:
            kind = int(world.cells[cell[0], cell[1], cell[2]])
            form = int(world.traits[kind, FORM])
            corner = vec3d(real(cell[0]), real(cell[1]), real(cell[2]))
            clear = 1
            if form == WHOLE:
                if face >= 0:
                    on = spot_on(face, eye + way * t - corner)
                    return Met(t, kind, face, cell, on, water, wet, wetkind)
            elif form != SURFACE or (water < real(0.0) and not diving):
                top = world.traits[kind, HIGH + 1]
                if form == SURFACE and cell[1] + 1 < sides[1] and form_of(world, cell + vec3i(0, 1, 0)) == SURFACE:
                    top = real(1.0)
                bottom = vec3d(world.traits[kind, LOW], world.traits[kind, LOW + 1], world.traits[kind, LOW + 2])
                high = vec3d(world.traits[kind, HIGH], top, world.traits[kind, HIGH + 2])
                at, out, side = slab(eye, way, corner + bottom, corner + high)
                if at <= out and at > real(0.0) and at < far:
                    on = spot_on(side, eye + way * at - corner)
                    if form == SURFACE:
                        water, wet, wetkind = at, side, kind
                    elif form == PART or wp.min(on) < real(0.0625) or wp.max(on) > real(0.9375):
                        return Met(at, kind, side, cell, on, water, wet, wetkind)
        else:
            diving = False
        # on to the wall of the empty cube ahead
        wall = cell + sign * clear + back
        ahead = wp.cw_mul(vec3d(real(wall[0]), real(wall[1]), real(wall[2])) - eye, slope)
        t = wp.min(ahead)
        axis = 0 if t == ahead[0] else (1 if t == ahead[1] else 2)
        reach = clear - 1
        low_edge, high_edge = cell - back * reach, cell + (vec3i(1) - back) * reach
        beside = wp.min(wp.max(floored(eye + way * t), low_edge), high_edge)
        beside[axis] = cell[axis] + sign[axis] * clear
        cell, face = beside, 2 * axis + back[axis]
        if not within(cell, sides):
            break
    return Met(NEVER, 0, 0, vec3i(), vec2d(), water, wet, wetkind)
