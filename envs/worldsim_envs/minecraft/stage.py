"""How a voxel world begins, as data: the land, who looks at it, and the things that are told apart by their hue.

A thing is a block of wool, or a mob, in a hue that nothing else has. Each has a slot, present or not.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from jaxtyping import Float64, UInt8

from worldsim_envs.minecraft import mobs, sky
from worldsim_envs.minecraft import player as body


@dataclass(frozen=True)
class Wool:
    """A block of wool, a thing; without a cell it is not there yet."""

    hue: int
    cell: tuple[int, int, int] | None = None


@dataclass(frozen=True, eq=False)
class Mob:
    """A mob, a thing: its hue, how it starts, and its gait, of `mobs.GAITS`.

    A row is made by `walkers.walker`, `followers.follower` or `carts.cart`.
    """

    hue: int
    row: Float64[np.ndarray, "11"]
    gait: int = mobs.WANDER


@dataclass(frozen=True, eq=False)
class Stage:
    """A world as it begins.

    Attributes:
        blocks: The land; wool is put into it as the things say.
        player: See `player.spawn`.
        things: At most one a slot; no two of one hue.
        carried: What is in the hotbar: by slot a kind's number and a count.
        time: Of day (ticks).
        beyond: How high the ground outside of the world is (m), and its kind's number, -1 for none.
        marks: Places that the recipe's arms and expert want to know, by name.
        facts: Further truth, by name, which stays as it is throughout the episode.
    """

    blocks: UInt8[np.ndarray, "x y z"]
    player: body.Player
    things: Sequence[Wool | Mob]
    carried: Sequence[tuple[int, int]] = ()
    time: int = sky.NOON
    beyond: tuple[float, int] = (0.0, -1)
    marks: Mapping[str, Any] | None = None
    facts: Mapping[str, np.ndarray] = field(default_factory=dict)
