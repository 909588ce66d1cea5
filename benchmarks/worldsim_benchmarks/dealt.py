"""Who answers where many futures are asked for: draws from what may come, honest, sure, hedged, or wrong.

Each is a function `(twins, severity, rng) -> answers` of one sample; the next sample has another `rng`.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float

from worldsim_benchmarks.benchmark import Twins, Video
from worldsim_benchmarks.contestants import Corrupt, Corrupted, codec
from worldsim_benchmarks.futures import KINDS, May

Odds = Callable[[Float[np.ndarray, " n"], float], Float[np.ndarray, " n"]]
"""From how likely each outcome is, and a severity, to how often it is said."""


def said(odds: Odds) -> Corrupt:
    """Says each outcome so often, in the pictures of one of the futures that have it."""

    def answer(twins: Twins, severity: float, rng: np.random.Generator) -> list[Video]:
        return [_draw(May.of(twins, case), odds, severity, rng.random()) for case in twins.cases]

    return answer


def _draw(may: May, odds: Odds, severity: float, which: float) -> Video:
    often = odds(may.shares, severity)
    return may.drawn[int(np.searchsorted(np.cumsum(often) / often.sum(), which, side="right"))]


def honest(shares: Float[np.ndarray, " n"], severity: float) -> Float[np.ndarray, " n"]:
    """As likely as they are."""
    return shares


def surer(shares: Float[np.ndarray, " n"], severity: float) -> Float[np.ndarray, " n"]:
    """So much of what should be left to chance is given to the likeliest."""
    return (1 - severity) * shares + severity * (np.arange(KINDS) == shares.argmax())


def unlikely(shares: Float[np.ndarray, " n"], severity: float) -> Float[np.ndarray, " n"]:
    """The least likely of those that come at all, for sure."""
    return (np.arange(KINDS) == np.where(shares > 0, shares, 2).argmin()).astype(float)


def unsure(shares: Float[np.ndarray, " n"], severity: float) -> Float[np.ndarray, " n"]:
    """So much of the truth is given to all that come at all alike."""
    there = (shares > 0) / (shares > 0).sum()
    return (1 - severity) * shares + severity * there


def after(corrupt: Corrupt) -> Corrupt:
    """Honest, each sample corrupted as if it were the truth."""

    def answer(twins: Twins, severity: float, rng: np.random.Generator) -> list[Video]:
        films = said(honest)(twins, 0.0, rng)
        cases = [
            replace(case, truth=replace(case.truth, frames=film)) for case, film in zip(twins.cases, films, strict=True)
        ]
        return corrupt(replace(twins, cases=tuple(cases)), severity, rng)

    return answer


def of_the_other(twins: Twins, severity: float, rng: np.random.Generator) -> list[Video]:
    """What may come of the other arm."""
    return said(honest)(twins, severity, rng)[::-1]


def of_one(twins: Twins, severity: float, rng: np.random.Generator) -> list[Video]:
    """What may come of the first arm, told of both."""
    return said(honest)(twins, severity, rng)[:1] * len(twins.cases)


def blurred(twins: Twins, severity: float, rng: np.random.Generator) -> list[Video]:
    """The mean of all that may come, each time."""
    return [np.round(May.of(twins, case).mean()).astype(np.uint8) for case in twins.cases]


@dataclass(frozen=True)
class Dealt:
    """What may come, dealt so evenly that any few samples in a row are as near to it as they can be."""

    name: str = "what may come, dealt evenly"

    def answer(self, twins: Sequence[Twins], *, seed: int) -> list[list[Video]]:
        """One sample of each case: a step of the golden ratio further along all outcomes than the last seed's."""
        which = (0.5 + seed * (np.sqrt(5) - 1) / 2) % 1
        return [[_draw(May.of(each, case), honest, 0.0, which) for case in each.cases] for each in twins]


DEALT = Dealt()
DRAWN = Corrupted("what may come, through H.264", after(codec), 17.0)
