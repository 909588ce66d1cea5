"""How well some samples match what may come: shares of outcomes, and clouds of states.

Few samples of the truth itself never match it exactly; what that alone costs is known and taken off, so that whoever
draws from the truth is right on average, however few the samples. Yet whoever says the likeliest thing every time is
found out by several samples alone: of one, no scorer can tell.
"""

from math import comb, floor

import numpy as np
from jaxtyping import Float, Int

MODE = 0.05
"""How likely an outcome must be to be a mode."""


def shares(outcomes: Int[np.ndarray, " k"], kinds: int) -> Float[np.ndarray, " n"]:
    """How often each of so many outcomes comes; -1, which is none of them, makes the sum less than 1."""
    return np.bincount(outcomes[outcomes >= 0], minlength=kinds) / len(outcomes)


def total_variation(one: Float[np.ndarray, " n"], other: Float[np.ndarray, " n"]) -> float:
    """½ Σ |p - q|, what is none of the outcomes being one more."""
    rest = abs(one.sum() - other.sum())
    return float((np.abs(one - other).sum() + rest) / 2)


def expected_variation(real: Float[np.ndarray, " n"], samples: int) -> float:
    """The total variation that so many samples of the truth have from it on average.

    Source: De Moivre's mean absolute deviation of a binomial, `2 v C(k, v) p^v (1 - p)^(k - v + 1)` with
    `v = floor(k p) + 1`; Diaconis and Zabell, Closed form summation for classical distributions (1991).
    """
    off = 0.0
    for share in real.tolist():
        v = floor(samples * share) + 1
        if 0 < share < 1:
            off += 2 * v * comb(samples, v) * share**v * (1 - share) ** (samples - v + 1) / samples
    return off / 2


def overlap(imagined: Float[np.ndarray, " n"], real: Float[np.ndarray, " n"], samples: int) -> float:
    """What the two share, `1 - TV`, in units of what so many samples of the truth share with it on average."""
    return (1 - total_variation(imagined, real)) / (1 - expected_variation(real, samples))


def coverage(imagined: Float[np.ndarray, " n"], real: Float[np.ndarray, " n"]) -> float:
    """The share of the modes of the truth that come at all."""
    return float((imagined[real > MODE] > 0).mean())


def spread(points: Float[np.ndarray, "k d"]) -> float:
    """The mean distance of two different points; of one alone 0."""
    count = len(points)
    return float(_away(points, points).sum() / (count * (count - 1))) if count > 1 else 0.0


def energy_score(imagined: Float[np.ndarray, "k d"], real: Float[np.ndarray, "m d"]) -> float:
    """`E|x - y| - ½ E|x - x'|` of imagined x and real y, x and x' two different samples: the less, the better.

    Source: Gneiting and Raftery, Strictly proper scoring rules (2007); fair to few samples by Ferro (2014).
    """
    return float(_away(imagined, real).mean()) - spread(imagined) / 2


def energy_distance(one: Float[np.ndarray, "k d"], other: Float[np.ndarray, "m d"]) -> float:
    """`2 E|x - y| - E|x - x'| - E|y - y'|`, 0 on average where both are drawn alike.

    Source: Szekely and Rizzo, Energy statistics (2013), without bias.
    """
    return 2 * float(_away(one, other).mean()) - spread(one) - spread(other)


def _away(one: Float[np.ndarray, "k d"], other: Float[np.ndarray, "m d"]) -> Float[np.ndarray, "k m"]:
    return np.linalg.norm(one[:, None] - other, axis=-1)
