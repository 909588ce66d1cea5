"""Intervals: a bootstrap over twins within templates, because frames of one world are no independent evidence."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from worldsim_benchmarks.benchmark import family

RESAMPLES = 10_000

Statistic = Callable[[Mapping[str, np.ndarray | float]], np.ndarray | float]


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


def overall(
    metrics: Mapping[str, Float[np.ndarray, " m"]],
    templates: Sequence[str],
    statistic: Statistic,
    weights: Float[np.ndarray, "r m"] | None = None,
) -> np.ndarray | float:
    """The mean over families of the statistic of each family's means; a family without any is left out."""
    numbers = np.stack([np.asarray(number) for number in by_family(metrics, templates, statistic, weights).values()])
    known = ~np.isnan(numbers)
    return np.where(known.any(0), np.where(known, numbers, 0).sum(0) / np.maximum(known.sum(0), 1), np.nan)


def by_family(
    metrics: Mapping[str, Float[np.ndarray, " m"]],
    templates: Sequence[str],
    statistic: Statistic,
    weights: Float[np.ndarray, "r m"] | None = None,
) -> dict[str, np.ndarray | float]:
    """The statistic of each family's means, once, or once for each row of weights."""
    families = np.array([family(template) for template in templates])
    numbers = {}
    for code in np.unique(families):
        own = families == code
        averages = means(
            {name: values[own] for name, values in metrics.items()}, None if weights is None else weights[:, own]
        )
        numbers[str(code)] = statistic(averages)
    return numbers


def bootstrap(
    metrics: Mapping[str, Float[np.ndarray, " m"]],
    templates: Sequence[str],
    statistic: Statistic,
    *,
    seed: int = 0,
    resamples: int = RESAMPLES,
) -> Interval:
    """What is `overall`, with its hierarchical bootstrap interval: in each family its templates, then twins in them.

    Args:
        metrics: One value for each of the twins, by metric; NaN where unscored.
        templates: The template of each of the twins.
        statistic: From means (arrays of any leading shape) to the number of a family.
        seed: Of the resampling.
        resamples: How many.

    Source:
        Efron and Tibshirani, An Introduction to the Bootstrap (1993), chapters 8 and 13.
    """
    value = float(overall(metrics, templates, statistic))
    rng = np.random.default_rng(seed)
    names, template = np.unique(np.array(templates), return_inverse=True)
    families = np.array([family(name) for name in names])
    weights = np.zeros((resamples, len(templates)))
    for code in np.unique(families):
        own = np.flatnonzero(families == code)
        drawn = rng.multinomial(len(own), np.full(len(own), 1 / len(own)), size=resamples)
        for column, i in enumerate(own):
            members = np.flatnonzero(template == i)
            weights[:, members] = rng.multinomial(
                drawn[:, column] * len(members), np.full(len(members), 1 / len(members)), size=resamples
            )
    low, high = np.nanpercentile(overall(metrics, templates, statistic, weights), [2.5, 97.5])
    return Interval(value, float(low), float(high))
