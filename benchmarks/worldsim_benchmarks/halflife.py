"""For how long something is remembered: the half-life of a score that falls with time."""

import numpy as np
from jaxtyping import Float

from worldsim_benchmarks.stats import Interval

STEEPNESS = np.geomspace(0.5, 16, 11)
"""How steep the curves are that are tried, as powers of time."""
STEPS = 121
RESAMPLES = 2_000


def told(seconds: Float[np.ndarray, " m"], scores: Float[np.ndarray, " m"]) -> dict[str, float]:
    """The half-life of a split and its bounds (s), by the names that results give them."""
    found = half_life(seconds, scores)
    return {"half-life": found.value, "half-life low": found.low, "half-life high": found.high}


def half_life(
    seconds: Float[np.ndarray, " m"], scores: Float[np.ndarray, " m"], *, seed: int = 0, resamples: int = RESAMPLES
) -> Interval:
    """After how long (s) a score has fallen to a half, with its 95 % bootstrap interval over twins.

    Of the curves 1 / (1 + (t / T)^k) the one is taken whose cross-entropy with the scores, clipped to [0, 1], is least:
    a logistic regression on the logarithm of time whose curve begins at 1. T is sought from half of the shortest to
    twice the longest time asked about, so a value at either end means "less" or "more" than was asked. Where no score
    is known, all is NaN.

    Args:
        seconds: For how long each was hidden; NaN where nothing was.
        scores: What each scored, NaN where nothing.
        seed: Of the resampling.
        resamples: How many.
    """
    known = ~(np.isnan(seconds) | np.isnan(scores))
    if not known.any():
        return Interval(float("nan"), float("nan"), float("nan"))
    times, values = seconds[known], np.clip(scores[known], 0, 1)
    halves = np.geomspace(times.min() / 2, times.max() * 2, STEPS)
    odds = STEEPNESS[:, None, None] * np.log(times / halves[:, None])
    loss = np.logaddexp(0, odds) - (1 - values) * odds  # of each curve, for each of the twins
    best = loss.reshape(-1, len(times)).T

    def fitted(weights):
        return halves[np.argmin(weights @ best, -1) % STEPS]

    rng = np.random.default_rng(seed)
    drawn = rng.multinomial(len(times), np.full(len(times), 1 / len(times)), size=resamples)
    low, high = np.percentile(fitted(drawn), [2.5, 97.5])
    return Interval(float(fitted(np.ones(len(times)))), float(low), float(high))
