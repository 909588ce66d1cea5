"""Changes to single blocks, by name: what they say, and why one cannot be made.

A place is x, y, z in cells from the world's corner, y up, as in `blocks`; a block is called as there.
"""

import re
from typing import NamedTuple

import numpy as np
from jaxtyping import Float64, UInt8

from worldsim_envs.minecraft.blocks import HUE, SOLID, number

FORMS = {"break": "break:<x>,<y>,<z>", "set": "set:<x>,<y>,<z>,<block>"}
"""How each is spelled, by its verb."""

_SPELLED = {"break": r"break:(-?\d+),(-?\d+),(-?\d+)", "set": r"set:(-?\d+),(-?\d+),(-?\d+),(\w+)"}
_EXAMPLE = {"break": "break:32,15,24", "set": "set:32,16,24,stone"}


class Edit(NamedTuple):
    """Which cell becomes which kind of block, by its number."""

    cell: tuple[int, int, int]
    kind: int


def read(change: str, blocks: UInt8[np.ndarray, "x y z"]) -> Edit:
    """What a change of `FORMS` says.

    Raises:
        ValueError: Where it is misspelled, there is no such place or block, or nothing is there to be broken.
    """
    verb = change.partition(":")[0]
    said = re.fullmatch(_SPELLED[verb], change)
    if said is None:
        raise ValueError(f"the change came as {change!r}; it is spelled {FORMS[verb]}, as in {_EXAMPLE[verb]}")
    x, y, z = map(int, said.groups()[:3])
    if not all(0 <= at < side for at, side in zip((x, y, z), blocks.shape, strict=True)):
        wide, high, deep = (side - 1 for side in blocks.shape)
        raise ValueError(f"{change!r} is out of the world: x is 0 to {wide}, y 0 to {high}, z 0 to {deep}")
    if verb == "set":
        return Edit((x, y, z), number(said[4]))
    if not blocks[x, y, z]:
        raise ValueError(f"{change!r} finds nothing to break: there is air; set:{x},{y},{z},<block> puts a block there")
    return Edit((x, y, z), 0)


def check(change: str, edit: Edit, taken: Float64[np.ndarray, "m 6"], hues: list[int]) -> None:
    """Refuse what the world could not bear.

    Args:
        change: As it came.
        edit: What it says.
        taken: The boxes of the player and of the mobs (centre and half extent, m).
        hues: By slot, that of the thing that is there, or -1.

    Raises:
        ValueError: Where a solid block would be put into a body, or wool would have the hue of a thing.
    """
    middle = np.array(edit.cell) + 0.5
    if SOLID[edit.kind] and (np.abs(taken[:, :3] - middle) < taken[:, 3:] + 0.5 - 1e-6).all(1).any():
        raise ValueError(f"{change!r} would put a solid block into the player or a mob; take a cell where nobody is")
    if HUE[edit.kind] >= 0 and HUE[edit.kind] in hues:
        slot = hues.index(int(HUE[edit.kind]))
        raise ValueError(
            f"{change!r} would give two things one hue, and none could tell them apart: thing {slot} has it; "
            f"take wool of another hue, or make the change remove:{slot} before"
        )
