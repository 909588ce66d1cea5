"""Do two readers agree about a model? Where they often say opposite things of one answer, neither is to be believed.

The twin test reads pixels and knows no things; other readers find things by their hue, or beacons, and look at no other
pixel. What both say of one set of twins is held against each other: they disagree where one is plainly above zero and
the other plainly below. Where that is so for more than one in ten of what both could judge, the two metrics are marked
as unreliable for this model, on the board and on its page. They are not left out, and not changed.

Two metrics may well differ in size: a thing that is drawn in front of a screen is right in most pixels and wrong as a
thing, so TDS is high and OP is 0. That is no disagreement, but why a score is made of both.
"""

from typing import NamedTuple

import numpy as np
from jaxtyping import Bool

from worldsim_benchmarks.result import Result

PAIRS = {"permanence": ("TDS", "OP"), "cause-effect": ("TDS", "kappa"), "camera": ("TDS", "kappa")}
"""By what a benchmark's name begins with: the metric of the twin test, and one of the same sign by another reader."""
PLAINLY = 0.1
"""How far from zero a metric is when its sign is no accident."""
MOST = 0.1
"""The share of twins that two readers may disagree about."""


class Agreement(NamedTuple):
    """How far two readers agree about a result.

    Attributes:
        metrics: The names of the two.
        judged: How many sets of twins both could judge.
        apart: The share of those of which they say opposite things.
    """

    metrics: tuple[str, str]
    judged: int
    apart: float

    @property
    def unreliable(self) -> bool:
        """Whether neither is to be believed."""
        return self.apart > MOST


def agreement(result: Result) -> Agreement | None:
    """How far the twin test and the other reader agree; None where only one of them is asked, or nothing was judged."""
    pair = next((pair for name, pair in PAIRS.items() if result.benchmark.startswith(name)), None)
    if pair is None or not set(pair) <= set(result.metrics):
        return None
    one, other = (np.array([case.get(name) for case in result.cases.values()], float) for name in pair)
    known = ~np.isnan(one) & ~np.isnan(other)
    if not known.any():
        return None
    return Agreement(pair, int(known.sum()), float(_opposite(one[known], other[known]).mean()))


def unreliable(result: Result) -> tuple[str, ...]:
    """The metrics of a result that are not to be believed."""
    found = agreement(result)
    return found.metrics if found is not None and found.unreliable else ()


def _opposite(one: np.ndarray, other: np.ndarray) -> Bool[np.ndarray, " m"]:
    plain = np.minimum(np.abs(one), np.abs(other)) >= PLAINLY
    return plain & (np.sign(one) != np.sign(other))
