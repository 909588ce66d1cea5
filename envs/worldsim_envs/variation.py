"""In what one kind of world can vary: how it looks, and from where its parameters are drawn.

A template decides the look of everything and leaves what happens alone, but for `held-out`, whose things have shapes
that the others never have. A range decides the numbers: `train` and `id` draw from the same intervals and never the
same world; `ood` draws from outside of them, which tells knowing a law from knowing its instances.

Source: in- and out-of-distribution columns, Kang et al. 2024, "How Far is Video Generation from World Model".
"""

from typing import NamedTuple

import numpy as np

TEMPLATES = ("palette", "textured", "held-out")
RANGES = ("train", "id", "ood")

SHAPES = ("sphere", "box", "cylinder", "capsule", "ellipsoid")
"""The shapes that things have; the last two in held-out templates alone."""

SPELLS = (0.4, 0.8, 1.6, 3.2, 6.4)
"""How long things are hidden where the seed decides it (s)."""


def spell(seed: int) -> float:
    """How long things are hidden in the world of a seed (s): the dial is the seed, modulo five."""
    return SPELLS[seed % len(SPELLS)]


class Variation(NamedTuple):
    """Which of the templates and which of the ranges."""

    template: str = "palette"
    ranges: str = "train"


class Draw:
    """Where the parameters of one world come from.

    Args:
        seed: Of the world.
        variation: Decides from where `between` draws, and is read by whoever builds the look.

    Attributes:
        rng: For all that does not depend on the ranges.
        seed: Of the world.
        template, ranges: The variation's.
    """

    def __init__(self, seed: int, variation: Variation = Variation()):  # noqa: B008  it is immutable
        self.seed = seed
        self.template, self.ranges = variation
        apart = RANGES.index(self.ranges)  # no world of one range is one of another, seeds being equal
        self.rng = np.random.default_rng([seed, apart] if apart else seed)

    def again(self, number: int) -> "Draw":
        """Another draw of the same kind, one for each number: of what was drawn before, nothing is known."""
        other = Draw(self.seed, Variation(self.template, self.ranges))
        other.rng = np.random.default_rng([self.seed, RANGES.index(self.ranges), number])
        return other

    def shapes(self, *usual: str) -> tuple[str, ...]:
        """The shapes to choose from: the usual ones, or where the template is held out those that no other has."""
        return ("capsule", "ellipsoid") if self.template == "held-out" else usual

    def between(self, low: float | int, high: float | int, *, least: float = -np.inf, most: float = np.inf) -> float:
        """A number between `low` and `high`; out of distribution, from the half as wide bands on either side of them.

        `least` and `most` are what the world can bear. Where that leaves a side no room, the other side is drawn from.

        Raises:
            ValueError: Where it leaves neither any room.
        """
        if self.ranges != "ood":
            return float(self.rng.uniform(low, high))
        wide = (high - low) / 2
        bands = [(max(low - wide, least), low), (high, min(high + wide, most))]
        rooms = np.maximum([end - start for start, end in bands], 0.0)
        if not rooms.any():
            raise ValueError(f"nothing lies outside of {low} to {high} and within {least} to {most}")
        start, end = bands[int(self.rng.random() * rooms.sum() >= rooms[0])]
        return float(self.rng.uniform(start, end))
