"""How blocks look: sixteen by sixteen texels a face, painted by rule, and the same at half, quarter and so on the size.

Three looks, by template. `palette`: terrain in muted greys, so that hues belong to the wools alone. `textured`: the
natural colours of the table, lively grain. `held-out`: another season, with colours that the others never show.
Beyond the blocks come, for each hue of the palette, the skin of a mob of that hue, which has a face, and then for each
hue a minecart.
"""

import functools

import numpy as np
from jaxtyping import Float32, Float64

from worldsim_envs import palette
from worldsim_envs.minecraft.blocks import BLOCKS, Block

SIDE = 16
LEVELS = (0, 256, 320, 336, 340)
"""Where each size of a face begins among its 341 texels: 16, 8, 4, 2 and 1 across."""

SKIN = len(BLOCKS)
"""The row of the first mob's skin."""

CART = SKIN + len(palette.RGB)
"""The row of the first cart."""

FACES = ("-x", "+x", "-y", "+y", "-z", "+z")
"""A block's faces, in the order of their numbers."""

TOP, BOTTOM = FACES.index("+y"), FACES.index("-y")

Look = Float32[np.ndarray, "k 6 341 3"]
Face = Float64[np.ndarray, "16 16 3"]

_SEASON = {
    "grass": (0.71, 0.54, 0.30),
    "leaves": (0.72, 0.36, 0.16),
    "sand": (0.62, 0.42, 0.36),
    "stone": (0.38, 0.42, 0.50),
    "dirt": (0.36, 0.26, 0.30),
    "log": (0.72, 0.70, 0.66),
    "planks": (0.46, 0.30, 0.24),
    "water": (0.16, 0.46, 0.44),
}
"""The colours of the held-out look, where they are not the table's."""


@functools.cache
def look(template: str) -> Look:
    """Every face of every block and skin in [0, 1], for one of `variation.TEMPLATES`."""
    faces = np.empty((CART + len(palette.RGB), 6, SIDE, SIDE, 3))
    for row, block in enumerate(BLOCKS):
        tone = _tone(block, template)
        for face in range(6):
            # a held-out world is painted with another brush, and nothing else about it differs
            rng = np.random.default_rng([row, min(face, 3) if face < 4 else 1, template == "held-out"])
            faces[row, face] = _paint(block.grain, np.array(tone), face, rng, soft=template == "palette")
    for hue, rgb in enumerate(palette.RGB):
        for face in range(6):
            faces[SKIN + hue, face], faces[CART + hue, face] = _skin(rgb, face), _cart(rgb, face)
    found = _shrunk(np.clip(faces, 0, 1))
    found.flags.writeable = False
    return found


def _tone(block: Block, template: str) -> tuple[float, float, float]:
    """The colour that a block has in a template."""
    if block.hue >= 0 or template == "textured":
        return block.rgb
    if template == "held-out":
        return _SEASON.get(block.name.split("_")[0] if block.liquid else block.name, block.rgb)
    grey = float(np.dot(block.rgb, (0.30, 0.55, 0.15)))
    red, green, blue = (0.94 * (grey + 0.05) + 0.11 * (channel - grey) for channel in block.rgb)
    return red, green, blue


def _paint(grain: str, tone: np.ndarray, face: int, rng: np.random.Generator, *, soft: bool) -> Face:
    """One face: its tone, lighter and darker by the rule of its grain; a third as much where it is to be soft."""
    v, u = np.mgrid[:SIDE, :SIDE]
    noise = rng.normal(size=(SIDE, SIDE))
    side = face not in (TOP, BOTTOM)
    shade, paint = 0.05 * noise, np.broadcast_to(tone, (SIDE, SIDE, 3)).copy()
    if grain == "rock":
        shade = 0.10 * _blurred(noise, along=3) + 0.03 * noise
    elif grain == "rubble":
        shade = 0.22 * np.sign(_blurred(noise)) * np.abs(_blurred(noise)) ** 0.5
    elif grain == "turf":
        shade = 0.07 * noise
        if face == BOTTOM or side:
            fringe = v >= 3 + rng.integers(0, 3, SIDE)[None] if side else np.ones_like(v, bool)
            earth = np.array([0.47, 0.34, 0.24])
            paint[fringe] = (earth if not soft else 0.9 * tone + 0.02 * earth)[None]
    elif grain == "bark":
        shade = 0.12 * np.sin(2.4 * u + 0.6 * noise) if side else 0.16 * np.sin(1.6 * np.hypot(u - 7.5, v - 7.5))
    elif grain == "foliage":
        shade = np.where(_blurred(noise) > 0.25, 0.20, np.where(noise < -0.9, -0.38, 0.06 * noise))
    elif grain == "boards":
        shade = np.where(v % 4 == 3, -0.25, 0.05 * _blurred(noise, along=1)) + 0.02 * noise
        shade[(u + 5 * (v // 4)) % 16 == 0] -= 0.18
    elif grain == "cobbles":
        row = v // 5
        shade = np.where((v % 5 == 0) | ((u + 4 * row) % 6 == 0), -0.30, 0.10 * _blurred(noise))
    elif grain == "ore":
        paint[:] = (0.49, 0.49, 0.50) if not soft else (0.51, 0.51, 0.51)
        shade = 0.05 * noise
        for x, y in ((3, 3), (10, 2), (6, 8), (12, 10), (3, 12), (9, 13)):
            paint[y : y + 2, x : x + 3] = tone
            paint[y + 2, x + 1] = tone
    elif grain == "tnt":
        band = side & (v >= 5) & (v <= 10)
        paint[band] = (0.92, 0.90, 0.86)
        letter = band & (v >= 6) & (v <= 9) & (((v == 6) & (u % 5 < 3)) | (u % 5 == 1))
        paint[letter] = 0.12
        shade = np.where(u % 4 == 3, -0.12, 0.0)
    elif grain == "door":
        shade = 0.03 * noise
        edge = (u < 2) | (u > 13) | (v < 2) | (v > 13) | (v == 7)
        shade[edge] -= 0.2
    elif grain == "lamp":
        shade = 0.10 * np.cos(1.57 * (u % 4 - 1.5)) * np.cos(1.57 * (v % 4 - 1.5))
        shade[(u % 15 == 0) | (v % 15 == 0)] = -0.35
    elif grain == "torch":
        paint[v >= 8] = (0.42, 0.32, 0.20) if not soft else (0.35, 0.34, 0.33)
        shade = 0.0 * noise
    elif grain == "wool":
        # woven: lighter and darker by turns, so that the mean is the paint itself
        shade = (0.05 if soft else 0.12) * np.where((u // 2 + v // 2) % 2 == 0, 1.0, -1.0)
        shade[(u % 15 == 0) | (v % 15 == 0)] -= 0.12
    elif grain.startswith("rail"):
        paint, shade = _rails(grain, tone, face), 0.03 * noise
    elif grain == "pane":
        shade = 0.0 * noise
    elif grain == "ripple":
        shade = 0.05 * np.sin(0.8 * v + 1.2 * np.sin(0.39 * u))
    elif grain == "plain":
        shade = np.where((u % 15 == 0) | (v % 15 == 0), -0.12, 0.0)
    return paint * (1 + (0.35 if soft else 1.0) * shade)[..., None]


def _rails(grain: str, tone: np.ndarray, face: int) -> Face:
    """Two rails on sleepers in a bed of gravel: from top to bottom, or around the corner that a bend's sides share."""
    v, u = np.mgrid[:SIDE, :SIDE] + 0.5
    sides = grain.split("_")[1:]
    if "north" in sides and "south" in sides:
        across, along = u, v
    elif "east" in sides and "west" in sides:
        across, along = v, u
    else:
        far_u, far_v = (u if "west" in sides else SIDE - u), (v if "north" in sides else SIDE - v)
        across, along = np.hypot(far_u, far_v), np.arctan2(far_v, far_u) * SIDE / 2
    paint = np.broadcast_to(0.34 * np.ones(3), (SIDE, SIDE, 3)).copy()
    if face != TOP:
        return paint
    paint[(along % 4 > 1) & (along % 4 < 3) & (across > 1) & (across < 15)] = tone
    paint[(np.abs(across - 3.5) < 1) | (np.abs(across - 12.5) < 1)] = 0.66
    return paint


def _skin(rgb: np.ndarray, face: int) -> Face:
    """A mob's: its hue, darker towards its feet, and on the side that it looks to (-z) two eyes and a mouth."""
    v, u = np.mgrid[:SIDE, :SIDE]
    fade = 1.0 + 0 * v if face in (TOP, BOTTOM) else 1.04 - 0.012 * v
    paint = rgb * fade[..., None]
    if FACES[face] == "-z":
        eye = (v >= 4) & (v <= 7) & (((u >= 3) & (u <= 5)) | ((u >= 10) & (u <= 12)))
        paint[eye] = 0.93
        paint[eye & (v >= 5) & ((u == 4) | (u == 5) | (u == 10) | (u == 11))] = 0.08
        paint[(v == 11) & (u >= 6) & (u <= 9)] = 0.12
    return paint


def _cart(rgb: np.ndarray, face: int) -> Face:
    """A minecart's: riveted plates of its hue, a rim, dark wheels below, and from above an empty tub, darker inside."""
    v, u = np.mgrid[:SIDE, :SIDE]
    paint = rgb * np.ones((SIDE, SIDE, 1))
    rim = (u < 2) | (u > 13) | (v < 2) | (v > 13)
    if face == BOTTOM:
        return 0.3 * paint
    if face == TOP:
        paint[~rim] *= 0.62
        return paint
    paint[(v > 2) & (v < 12) & (u % 5 == 2) & (v % 4 == 0)] *= 0.75  # rivets
    paint[v < 2] *= 1.08
    paint[v > 11] *= 0.8
    wheel = (np.hypot(u - 3.5, v - 13.5) < 2.6) | (np.hypot(u - 11.5, v - 13.5) < 2.6)
    paint[wheel & (v > 10)] = 0.13
    return paint


_REACH = {
    1: [(0, k) for k in range(6)],
    2: [(a, b) for a in range(3) for b in range(3)],
    3: [(a, b) for a in range(2) for b in range(5)],
}


def _blurred(noise: np.ndarray, along: int = 2) -> np.ndarray:
    """Noise smoothed over neighbours, as strong as before: along u (1), both (2), both and more in u (3)."""
    spots = _REACH[along]
    return np.sum([np.roll(noise, spot, (0, 1)) for spot in spots], 0) / np.sqrt(len(spots))


def _shrunk(faces: np.ndarray) -> Look:
    """Each face at all its sizes, one after the other."""
    sizes, now = [], faces
    while True:
        sizes.append(now.reshape(*faces.shape[:2], -1, 3))
        if now.shape[2] == 1:
            break
        now = (now[:, :, ::2] + now[:, :, 1::2]) / 2
        now = (now[:, :, :, ::2] + now[:, :, :, 1::2]) / 2
    return np.ascontiguousarray(np.concatenate(sizes, 2), np.float32)
