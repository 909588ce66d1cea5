"""Intervals: a bootstrap over twins within templates, because frames of one world are no independent evidence."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

RESAMPLES = 10_000


@dataclass(frozen=True)
class Interval:
    """A value and the bounds of its 95 % percentile interval."""

    value: float
    low: float
    high: float


def means(
    metrics: Mapping[str, Float[np.ndarray, " m"]], weights: Float[np.ndarray, "r m"] | None = None
) -> dict[str, np.ndarray | float]:
    """Each metric's mean over what was scored, once, or once for each row of weights; all unscored is NaN."""
    result = {}
    for name, values in metrics.items():
        scored = ~np.isnan(values)
        heavy = scored.astype(float) if weights is None else weights * scored
        counted = heavy.sum(-1)
        total = (heavy * np.where(scored, values, 0.0)).sum(-1)
        result[name] = np.where(counted > 0, total / np.maximum(counted, 1), np.nan)
    return result


def bootstrap(
    metrics: Mapping[str, Float[np.ndarray, " m"]],
    templates: Sequence[str],
    statistic: Callable[[Mapping[str, np.ndarray | float]], np.ndarray | float],
    *,
    seed: int = 0,
    resamples: int = RESAMPLES,
) -> Interval:
    """The statistic of the metrics' means, with its hierarchical bootstrap interval: template, then twins in it.

    Args:
        metrics: One value for each of the twins, by metric; NaN where unscored.
        templates: The template of each of the twins.
        statistic: From means (arrays of any leading shape) to the family's number.
        seed: Of the resampling.
        resamples: How many.

    Source:
        Efron and Tibshirani, An Introduction to the Bootstrap (1993), chapters 8 and 13.
    """
    value = float(statistic(means(metrics)))
    rng = np.random.default_rng(seed)
    names, template = np.unique(np.array(templates), return_inverse=True)
    drawn = rng.multinomial(len(names), np.full(len(names), 1 / len(names)), size=resamples)
    weights = np.zeros((resamples, len(templates)))
    for i in range(len(names)):
        members = np.flatnonzero(template == i)
        weights[:, members] = rng.multinomial(
            drawn[:, i] * len(members), np.full(len(members), 1 / len(members)), size=resamples
        )
    low, high = np.nanpercentile(statistic(means(metrics, weights)), [2.5, 97.5])
    return Interval(value, float(low), float(high))
