"""Land from a seed: an island of hills, beaches and woods, with caves and ores under it and a clearing to build on.

Everything is drawn from value noise on lattices of a few sizes, so that a world takes milliseconds and is the same on
every machine.
"""

import numpy as np
from jaxtyping import Float64, Int64, UInt8

from worldsim_envs.minecraft.blocks import INDEX
from worldsim_envs.variation import Draw

SHAPE = (64, 48, 64)
"""Cells east, up and south."""

SEA = 14
"""The lowest y that is above the sea."""

LAWN = SEA + 2
"""The lowest y above a meadow."""

Grid = UInt8[np.ndarray, "x y z"]


def meadow(shape: tuple[int, int, int] = SHAPE, ground: int = LAWN, top: str = "grass") -> Grid:
    """Flat land: rock, three of earth, and what is on top; the first y above it is `ground`."""
    blocks = np.zeros(shape, np.uint8)
    blocks[:, : ground - 4] = INDEX["stone"]
    blocks[:, ground - 4 : ground - 1] = INDEX["dirt"]
    blocks[:, ground - 1] = INDEX[top]
    blocks[:, 0] = INDEX["bedrock"]
    return blocks


def island(draw: Draw) -> tuple[Grid, Int64[np.ndarray, " 2"]]:
    """The land, and where its clearing is (x, z)."""
    rng, (wide, high, deep) = draw.rng, SHAPE
    x, z = np.mgrid[:wide, :deep]
    hills = 0.6 * _noise2(rng, 16) + 0.3 * _noise2(rng, 8) + 0.1 * _noise2(rng, 4)
    off = np.maximum(np.abs(x - (wide - 1) / 2) / (wide / 2), np.abs(z - (deep - 1) / 2) / (deep / 2))
    rise = draw.between(12, 20, least=6.0, most=24.0)
    height = SEA - 2 + rise * (hills - 0.28) - 16 * np.clip(off - 0.62, 0, None) ** 1.2 * 2
    spot = rng.integers(26, 38, 2)
    away = np.hypot(x - spot[0], z - spot[1])
    flat = np.clip((away - 6) / 6, 0, 1)
    height = np.clip(flat * height + (1 - flat) * (LAWN + 0.4), 4, high - 14).astype(int)

    y = np.arange(high)[None, :, None]
    surface = height[:, None, :]
    blocks = np.zeros(SHAPE, np.uint8)
    blocks[y < surface] = INDEX["stone"]
    blocks[(y < surface) & (y >= surface - 4)] = INDEX["dirt"]
    top = y == surface - 1
    blocks[top] = INDEX["grass"]
    shore = (surface <= SEA + 1) & (surface >= SEA - 4) & np.ones_like(y, bool)
    blocks[shore & (y < surface) & (y >= surface - 3)] = INDEX["sand"]
    blocks[(y == surface - 1) & (surface < SEA - 4)] = INDEX["gravel"]
    blocks[top & (surface >= SEA + 14)] = INDEX["snow"]
    _hollow(rng, blocks, surface, y)
    for name, count, lowest, highest in (("coal_ore", 14, 3, 24), ("iron_ore", 9, 3, 16), ("diamond_ore", 3, 2, 7)):
        _veins(rng, blocks, INDEX[name], count, lowest, highest)
    blocks[(blocks == 0) & (y < SEA) & (y >= surface)] = INDEX["water"]
    blocks[:, 0] = INDEX["bedrock"]
    _wood(rng, blocks, height, spot)
    return blocks, spot


def _lattice(values: np.ndarray, size: int, cell: int, axis: int) -> np.ndarray:
    """Values on a lattice, smoothly between along one axis."""
    place = np.arange(size) / cell
    low = place.astype(int)
    part = place - low
    part = (part * part * (3 - 2 * part)).reshape([-1 if axis == other else 1 for other in range(values.ndim)])
    one, other = np.take(values, low, axis), np.take(values, low + 1, axis)
    return one + part * (other - one)


def _noise2(rng: np.random.Generator, cell: int) -> Float64[np.ndarray, "x z"]:
    """Value noise in [0, 1] over the land, with bumps about `cell` across."""
    values = rng.random((SHAPE[0] // cell + 2, SHAPE[2] // cell + 2))
    return _lattice(_lattice(values, SHAPE[0], cell, 0), SHAPE[2], cell, 1)


def _noise3(rng: np.random.Generator, cell: int) -> Float64[np.ndarray, "x y z"]:
    values = rng.random(tuple(side // cell + 2 for side in SHAPE))
    for axis, side in enumerate(SHAPE):
        values = _lattice(values, side, cell, axis)
    return values


def _hollow(rng: np.random.Generator, blocks: Grid, surface: np.ndarray, y: np.ndarray) -> None:
    """Caves: where two noises are both near their middle, which is along winding tubes; none under the sea."""
    tube = np.abs(_noise3(rng, 12) - 0.5) + np.abs(_noise3(rng, 12) - 0.5) < 0.075
    blocks[tube & (y > 2) & (y < surface) & (surface > SEA + 2)] = 0


def _veins(rng: np.random.Generator, blocks: Grid, kind: int, count: int, lowest: int, highest: int) -> None:
    """Lumps of ore, where there is stone."""
    stone = INDEX["stone"]
    for _ in range(count):
        at = rng.integers((1, lowest, 1), (SHAPE[0] - 3, highest, SHAPE[2] - 3))
        lump = blocks[at[0] : at[0] + 2, at[1] : at[1] + 2, at[2] : at[2] + 2]
        lump[(lump == stone) & (rng.random(lump.shape) < 0.7)] = kind


def _wood(rng: np.random.Generator, blocks: Grid, height: np.ndarray, spot: np.ndarray) -> None:
    """Trees on grass, away from the clearing and from each other."""
    trees: list[tuple[int, int]] = []
    for _ in range(70):
        x, z = map(int, rng.integers(4, (SHAPE[0] - 4, SHAPE[2] - 4)))
        ground = int(height[x, z])
        near = any(abs(x - a) + abs(z - b) < 5 for a, b in trees)
        if near or blocks[x, ground - 1, z] != INDEX["grass"] or np.hypot(x - spot[0], z - spot[1]) < 8:
            continue
        trees.append((x, z))
        plant(blocks, x, ground, z, int(rng.integers(4, 7)), rng)


def plant(blocks: Grid, x: int, y: int, z: int, tall: int, rng: np.random.Generator) -> None:
    """A tree whose trunk, `tall` blocks high, begins at (x, y, z)."""
    for up in range(tall - 2, tall + 2):
        wide = 2 if up < tall else 1
        for dx in range(-wide, wide + 1):
            for dz in range(-wide, wide + 1):
                corner = abs(dx) == wide and abs(dz) == wide
                if blocks[x + dx, y + up, z + dz] == 0 and not (corner and (up == tall + 1 or rng.random() < 0.5)):
                    blocks[x + dx, y + up, z + dz] = INDEX["leaves"]
    blocks[x, y : y + tall, z] = INDEX["log"]
