"""`shading` in Warp: what colour a surface shows, on a GPU or a CPU."""

# pyright: reportArgumentType=false, reportOperatorIssue=false
# pyright: reportIndexIssue=false, reportCallIssue=false, reportAttributeAccessIssue=false, reportReturnType=false
# Warp compiles these functions by rules of its own, of which Python's types know nothing.

from typing import no_type_check

import warp as wp
from warp import float64 as real
from warp import vec2d, vec3d, vec3i

from worldsim_envs.minecraft.rays_warp import World, within
from worldsim_envs.minecraft.seen import CLOUD, DISC, GLARE, HORIZON, OPAQUE, SHADES, SHINES, SUN, WARMTH, ZENITH
from worldsim_envs.minecraft.textures import LEVELS

SIZES = wp.constant(wp.types.vector(len(LEVELS), wp.int32)(*LEVELS))


@no_type_check
@wp.func
def air(world: World, where: int):
    """Three of the numbers of the air, as a vector."""
    return vec3d(world.air[where], world.air[where + 1], world.air[where + 2])


@no_type_check
@wp.func
def texel_at(spot: vec2d, footprint: real):
    """Where among a face's texels one lies, at the size at which texels are about as large as pixels."""
    level = wp.int32(0)
    while level < 4 and footprint > real(0.7):
        footprint = footprint * real(0.5)
        level += 1
    side = 16 >> level
    a = wp.clamp(int(spot[0] * real(side)), 0, side - 1)
    b = wp.clamp(int(spot[1] * real(side)), 0, side - 1)
    return SIZES[level] + b * side + a


@no_type_check
@wp.func
def sides_of(world: World):
    """How many cells the world has along each axis."""
    return vec3i(world.cells.shape[0], world.cells.shape[1], world.cells.shape[2])


@no_type_check
@wp.func
def glow(world: World, cell: vec3i):
    """The sky light and the block light in a cell; outside of the world the sky is open."""
    if not within(cell, sides_of(world)):
        return vec2d(world.curve[15], real(0.0))
    level = int(world.light[cell[0], cell[1], cell[2]])
    return vec2d(world.curve[level >> 4], world.curve[level & 15])


@no_type_check
@wp.func
def shut(world: World, cell: vec3i):
    """Whether a cell lets no light through."""
    if not within(cell, sides_of(world)):
        return False
    return world.traits[int(world.cells[cell[0], cell[1], cell[2]]), OPAQUE] > real(0.0)


@no_type_check
@wp.func
def lit(world: World, cell: vec3i, face: int, spot: vec2d):
    """The sky and block light on a face: between its corners, where each is the mean of four cells."""
    axis, way = face >> 1, 2 * (face & 1) - 1
    before = cell
    before[axis] = cell[axis] + way
    middle = glow(world, before)
    # one cell along u and one along v, on the side that the spot is nearer to; the third is at the corner
    p, q = spot[0] - real(0.5), spot[1] - real(0.5)
    du, dv = 1 if p > real(0.0) else -1, 1 if q > real(0.0) else -1
    p, q = wp.abs(p), wp.abs(q)
    along = vec3i(0, 0, du) if axis == 0 else vec3i(du, 0, 0)
    across = vec3i(0, 0, dv) if axis == 1 else vec3i(0, -dv, 0)
    beside, below, corner = before + along, before + across, before + along + across
    one, other, third = glow(world, beside), glow(world, below), glow(world, corner)
    shut_one, shut_other = shut(world, beside), shut(world, below)
    dim = real(0.25) * middle
    if shut_one:
        one = dim
    if shut_other:
        other = dim
    if (shut_one and shut_other) or shut(world, corner):
        third = dim  # no light comes round a corner that is closed on both sides
    edge, rest = real(1.0) - p, real(1.0) - q
    total = p * rest * one + edge * q * other + p * q * third
    return total + edge * rest * middle


@no_type_check
@wp.func
def mixed(world: World, kind: int, face: int, texel: int, light: vec2d, dark: real):
    """A texel under sky light and block light, the brighter of which tells; what shines itself is lit as by day."""
    least = real(1.0) if world.traits[kind, SHINES] > real(0.0) else real(0.03)
    bright = wp.max(light[0] * air(world, GLARE), light[1] * air(world, WARMTH))
    bright = wp.max(bright, vec3d(least))
    red, green, blue = (
        world.look[kind, face, texel, 0],
        world.look[kind, face, texel, 1],
        world.look[kind, face, texel, 2],
    )
    return wp.cw_mul(dark * vec3d(real(red), real(green), real(blue)), bright)


@no_type_check
@wp.func
def paint(world: World, kind: int, face: int, cell: vec3i, spot: vec2d, size: real):
    """The colour of a face of a block where a ray meets it, haze apart; `size` is that of a pixel on it (m)."""
    texel = texel_at(spot, real(16.0) * size)
    shade = world.air[SHADES + face]
    light = wp.cw_mul(lit(world, cell, face, spot), vec2d(shade, real(0.6) + real(0.4) * shade))
    dark = real(1.0)
    stage = world.crack[3]
    if stage >= 0 and cell == vec3i(world.crack[0], world.crack[1], world.crack[2]):
        u = wp.clamp(int(spot[0] * real(16.0)), 0, 15)
        v = wp.clamp(int(spot[1] * real(16.0)), 0, 15)
        dark = world.cracks[stage, v * 16 + u]
    return mixed(world, kind, face, texel, light, dark)


@no_type_check
@wp.func
def turned(world: World, face: int, cos: real, sin: real):
    """How bright the face of a turned body is: between the shades of the sides that it looks to."""
    if face == 2 or face == 3:
        return world.air[SHADES + face]
    way = real(2 * (face & 1) - 1)
    nx, nz = way * cos, -way * sin
    if face > 3:
        nx, nz = way * sin, way * cos
    across, along = 1 if nx > real(0.0) else 0, 1 if nz > real(0.0) else 0
    return world.air[SHADES + across] * nx * nx + world.air[SHADES + 4 + along] * nz * nz


@no_type_check
@wp.func
def scattered(x: int, z: int, salt: int):
    """A number that looks drawn, for each of the sky's squares."""
    found = wp.uint32(x) * wp.uint32(374761393) + wp.uint32(z) * wp.uint32(668265263) + wp.uint32(salt)
    found = (found ^ (found >> wp.uint32(13))) * wp.uint32(1274126177)
    return int((found >> wp.uint32(8)) % wp.uint32(1000))


@no_type_check
@wp.func
def above(world: World, eye: vec3d, way: vec3d):
    """The colour of the sky along a ray, and what is there: 0 nothing, 1 the sun or the moon, 2 a cloud."""
    length = wp.sqrt(way[0] * way[0] + way[1] * way[1] + way[2] * way[2])
    up = way[1] / length
    rise = wp.clamp(real(1.6) * up, real(0.0), real(1.0))
    rise = rise * (real(2.0) - rise)
    horizon, sun = air(world, HORIZON), air(world, SUN)
    colour = horizon + rise * (air(world, ZENITH) - horizon)
    level = way[0] * sun[0] + way[1] * sun[1]
    facing = (level + way[2] * sun[2]) / length
    # a square sun and, opposite, a square moon
    if wp.abs(facing) > real(0.99) and level * facing > real(0.0):
        across = wp.abs(way[0] * sun[1] - way[1] * sun[0]) / (length * wp.abs(facing))
        along = wp.abs(way[2] / length - facing * sun[2]) / wp.abs(facing)
        wide = real(0.075) if facing > real(0.0) else real(0.05)
        if across < wide and along < wide:
            return air(world, DISC), 1
    cloud = air(world, CLOUD)
    if up > real(0.12) and cloud[0] > real(0.0):
        t = cloud[1] / way[1]
        x = int(wp.floor((eye[0] + way[0] * t + cloud[2]) / real(9.0)))
        z = int(wp.floor((eye[2] + way[2] * t) / real(9.0)))
        if real(scattered(x >> 1, z >> 1, 0)) < real(1000.0) * cloud[0] and scattered(x, z, 97) < 800:
            thin = real(0.65) * wp.min(real(1.0), (up - real(0.12)) * real(5.0))
            bright = real(0.5) * (world.air[GLARE] + world.air[GLARE + 2]) * real(0.96)
            return colour + thin * (vec3d(bright) - colour), 2
    return colour, 0
