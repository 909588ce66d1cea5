"""What the world is made of: one row a kind of block, its number the row.

A world is `blocks[x, y, z]`, uint8, C-contiguous, y up, a block a cubic metre: the one at [x, y, z] fills [x, x + 1]
and so on. Beside it lies `light[x, y, z]`, uint8: four high bits of sky light, four low bits of block light, each 0 to
15, as Minecraft spreads them: one less a block, sky light undiminished straight down.

Names, hardness and light are Minecraft's; colours and textures are our own. Eight kinds, the wools, have the palette's
hues exactly and exist so that a colour names a thing.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from worldsim_envs import palette

WHOLE = (0, 0, 0, 16, 16, 16)
"""The box of a block that fills its cell, in sixteenths: low x, y, z, high x, y, z."""


class Block(NamedTuple):
    """One kind of block.

    Attributes:
        name: As Minecraft spells it, states spelled out.
        rgb: Its natural colour in [0, 1].
        grain: How its faces are painted; see `textures`.
        solid: Whether it stops who walks into it; then it is as good as a whole cube.
        opaque: Whether it fills its cell and lets no light through.
        falls: Whether it falls where nothing is under it.
        liquid: How far from its source a liquid is, 1 at the source and up to 8; 0 is no liquid.
        light: How brightly it shines, 0 to 15.
        hardness: Minecraft's; negative cannot be broken.
        hue: Index into the palette, -1 for none.
        box: What of its cell is there to be seen, in sixteenths.
    """

    name: str
    rgb: tuple[float, float, float]
    grain: str = "speckle"
    solid: bool = True
    opaque: bool = True
    falls: bool = False
    liquid: int = 0
    light: int = 0
    hardness: float = 1.0
    hue: int = -1
    box: tuple[int, int, int, int, int, int] = WHOLE


def _liquid(name: str, rgb: tuple[float, float, float], levels: int, light: int = 0) -> list[Block]:
    """A source and what flows from it, lower the farther: "water", "water_1" ... Its surface sinks with each level."""
    states = []
    for level in range(levels):
        box = (0, 0, 0, 16, 14 - 12 * level // levels, 16)
        kind = name if level == 0 else f"{name}_{level}"
        states.append(Block(kind, rgb, "ripple", False, False, liquid=level + 1, light=light, hardness=-1.0, box=box))
    return states


BLOCKS: tuple[Block, ...] = (
    Block("air", (0.0, 0.0, 0.0), solid=False, opaque=False, hardness=-1.0),
    Block("bedrock", (0.23, 0.23, 0.24), "rubble", hardness=-1.0),
    Block("stone", (0.49, 0.49, 0.50), "rock", hardness=1.5),
    Block("dirt", (0.47, 0.34, 0.24), hardness=0.5),
    Block("grass", (0.40, 0.60, 0.27), "turf", hardness=0.6),
    Block("sand", (0.86, 0.80, 0.60), falls=True, hardness=0.5),
    Block("gravel", (0.53, 0.51, 0.50), "rubble", falls=True, hardness=0.6),
    Block("log", (0.42, 0.32, 0.20), "bark", hardness=2.0),
    Block("leaves", (0.25, 0.45, 0.18), "foliage", hardness=0.2),
    Block("planks", (0.67, 0.53, 0.33), "boards", hardness=2.0),
    Block("cobblestone", (0.46, 0.46, 0.46), "cobbles", hardness=2.0),
    Block("glass", (0.80, 0.90, 0.93), "pane", opaque=False, hardness=0.3),
    Block("coal_ore", (0.15, 0.15, 0.16), "ore", hardness=3.0),
    Block("iron_ore", (0.80, 0.64, 0.52), "ore", hardness=3.0),
    Block("diamond_ore", (0.40, 0.85, 0.86), "ore", hardness=3.0),
    Block("tnt", (0.80, 0.26, 0.20), "tnt", hardness=0.0),
    Block("door_closed", (0.58, 0.44, 0.26), "door", opaque=False, hardness=3.0, box=(0, 0, 6, 16, 16, 10)),
    Block("door_open", (0.58, 0.44, 0.26), "door", False, False, hardness=3.0, box=(0, 0, 0, 3, 16, 16)),
    Block("button", (0.62, 0.62, 0.62), "plain", False, False, hardness=0.5, box=(4, 0, 4, 12, 4, 12)),
    Block("button_pressed", (0.62, 0.62, 0.62), "plain", False, False, hardness=0.5, box=(4, 0, 4, 12, 1, 12)),
    Block("lamp", (0.42, 0.32, 0.24), "lamp", hardness=0.3),
    Block("lamp_on", (1.0, 0.86, 0.58), "lamp", light=15, hardness=0.3),
    Block("torch", (1.0, 0.80, 0.42), "torch", False, False, light=14, hardness=0.0, box=(7, 0, 7, 9, 10, 9)),
    Block("snow", (0.94, 0.96, 0.98), hardness=0.2),
    *(
        Block(f"{name}_wool", tuple(rgb), "wool", hardness=0.8, hue=hue)
        for hue, (name, rgb) in enumerate(zip(palette.NAMES, palette.RGB.tolist(), strict=True))
    ),
    *_liquid("water", (0.22, 0.42, 0.75), levels=8),
    *_liquid("lava", (0.95, 0.45, 0.12), levels=4, light=15),
    Block("tnt_lit", (1.0, 0.72, 0.66), "tnt", hardness=-1.0),
    *(
        Block(f"rail_{ways}", (0.40, 0.31, 0.22), f"rail_{ways}", False, False, hardness=0.7, box=(0, 0, 0, 16, 1, 16))
        for ways in ("north_south", "east_west", "south_east", "south_west", "north_west", "north_east")
    ),
)
"""Every kind of block; the first is nothing."""

NAMES = tuple(block.name for block in BLOCKS)
INDEX = {name: index for index, name in enumerate(NAMES)}
"""The number of each kind, by name."""


def _column(of: Callable[[Block], Any], dtype: type) -> np.ndarray:
    values = np.array([of(block) for block in BLOCKS], dtype)
    values.flags.writeable = False
    return values


SOLID = _column(lambda block: block.solid, np.bool_)
OPAQUE = _column(lambda block: block.opaque, np.bool_)
FALLS = _column(lambda block: block.falls, np.bool_)
LIQUID = _column(lambda block: block.liquid, np.uint8)
LIGHT = _column(lambda block: block.light, np.uint8)
HARDNESS = _column(lambda block: block.hardness, np.float64)
HUE = _column(lambda block: block.hue, np.int8)
BOX = _column(lambda block: block.box, np.uint8)
"""The columns of the table as arrays, for kernels: indexed by the number of a kind."""

WOOLS = tuple(INDEX[f"{name}_wool"] for name in palette.NAMES)
"""The number of the wool of each hue."""

BREAK = np.where(HARDNESS < 0, -1, np.ceil(30 * HARDNESS)).astype(np.int32)
"""How many ticks of attack break a block, -1 for never.

Minecraft's time with the right thing in hand and no bonus, 1.5 s per hardness; at 0 the first tick does it.
Source: Minecraft Wiki, "Breaking", section "Speed".
"""


def number(name: str) -> int:
    """The number of a kind of block.

    Raises:
        ValueError: Where there is none of that name.
    """
    if name not in INDEX:
        raise ValueError(f"there is no block {name!r}; there are: {', '.join(NAMES)}")
    return INDEX[name]
