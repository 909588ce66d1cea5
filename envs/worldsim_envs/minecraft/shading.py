"""What colour a surface shows: its texel, under the light before it, and how the sky looks.

A face is lit by the light in the cells in front of it, smoothly between its corners, so that corners darken; and by
which way it looks to the sun.
"""

import numpy as np
from jaxtyping import Float64

from worldsim_envs.minecraft.kernel import part
from worldsim_envs.minecraft.seen import CLOUD, DISC, GLARE, HORIZON, OPAQUE, SHADES, SHINES, SUN, WARMTH, ZENITH
from worldsim_envs.minecraft.textures import LEVELS

CURVE = np.array([level / (60 - 3 * level) for level in range(16)])
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


CRACKS = _cracks()
"""How dark each texel of a breaking block is, by stage."""


@part
def texel_at(look, kind, face, u, v, footprint):
    """Where among a face's texels one lies, at the size at which texels are about as large as pixels."""
    level = 0
    while level < 4 and footprint > 0.7:
        footprint *= 0.5
        level += 1
    side = 16 >> level
    a, b = min(max(int(u * side), 0), side - 1), min(max(int(v * side), 0), side - 1)
    return LEVELS[level] + b * side + a


@part
def glow(light, x, y, z):
    """The sky light and the block light in a cell; outside of the world the sky is open."""
    if x < 0 or y < 0 or z < 0 or x >= light.shape[0] or y >= light.shape[1] or z >= light.shape[2]:
        return CURVE[15], 0.0
    level = light[np.uint64(x), np.uint64(y), np.uint64(z)]
    return CURVE[level >> 4], CURVE[level & 15]


@part
def lit(cells, light, traits, x, y, z, face, u, v):
    """The sky and block light on a face at (u, v): between its corners, where each is the mean of four cells.

    A cell that lets no light through counts as a quarter of what is before the face: so corners darken.
    """
    axis, way = face >> 1, 2 * (face & 1) - 1
    x, y, z = x + way * (axis == 0), y + way * (axis == 1), z + way * (axis == 2)
    sky, lamp = glow(light, x, y, z)
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
        beside_sky, beside_lamp = glow(light, cx, cy, cz)
        i, j, k = np.uint64(cx), np.uint64(cy), np.uint64(cz)  # below 0 is far beyond the world, too
        inside = i < np.uint64(light.shape[0]) and j < np.uint64(light.shape[1]) and k < np.uint64(light.shape[2])
        shut = inside and traits[cells[i, j, k], OPAQUE] > 0
        if near == 2 and blocked == 2:
            shut = True  # no light comes round a corner that is closed on both sides
        if shut:
            blocked += 1
            beside_sky, beside_lamp = 0.25 * sky, 0.25 * lamp
        # bilinear weights of the face's middle, its two edges and its corner
        weight = p * (1 - q) if near == 0 else (1 - p) * q if near == 1 else p * q
        total_sky += weight * beside_sky
        total_lamp += weight * beside_lamp
    rest = (1 - p) * (1 - q)
    return total_sky + rest * sky, total_lamp + rest * lamp


@part
def above(air, ox, oz, dx, dy, dz):
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
def paint(cells, light, look, traits, air, crack, kind, face, x, y, z, u, v, t, pixel):
    """The colour of a face of a block where a ray meets it, haze apart."""
    texel = texel_at(look, kind, face, u, v, 16 * t * pixel)
    sky, lamp = lit(cells, light, traits, x, y, z, face, u, v)
    sky *= air[SHADES + face]
    lamp *= 0.6 + 0.4 * air[SHADES + face]
    dark = 1.0
    if crack[3] >= 0 and crack[0] == x and crack[1] == y and crack[2] == z:
        dark = CRACKS[crack[3], min(max(int(v * 16), 0), 15) * 16 + min(max(int(u * 16), 0), 15)]
    return mixed(look, traits, kind, face, texel, air, sky, lamp, dark)


@part
def mixed(look, traits, kind, face, texel, air, sky, lamp, dark):
    """A texel under sky light and block light, the brighter of which tells; what shines itself is lit as by day."""
    least = 1.0 if traits[kind, SHINES] > 0 else 0.03
    red = dark * look[kind, face, texel, 0] * max(sky * air[GLARE], lamp * air[WARMTH], least)
    green = dark * look[kind, face, texel, 1] * max(sky * air[GLARE + 1], lamp * air[WARMTH + 1], least)
    blue = dark * look[kind, face, texel, 2] * max(sky * air[GLARE + 2], lamp * air[WARMTH + 2], least)
    return red, green, blue


@part
def turned(air, face, cos, sin):
    """How bright the face of a turned body is: between the shades of the sides that it looks to."""
    if face == 2 or face == 3:
        return air[SHADES + face]
    way = 2 * (face & 1) - 1
    nx, nz = (way * cos, -way * sin) if face < 2 else (way * sin, way * cos)
    along = air[SHADES + (nx > 0)] * nx * nx
    return along + air[SHADES + 4 + (nz > 0)] * nz * nz
