"""Intervals: a bootstrap over templates, twins and samples, because frames of one world are no independent evidence.

Values come one for each of the twins, `[m]`, or one for each sample of them, `[k m]`: a contestant that was asked K
times has K numbers for the same twins, and the mean over them is what counts.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from scipy.stats import norm

from worldsim_benchmarks.benchmark import family

RESAMPLES = 10_000
AT_ONCE = 1_000
"""Resamples that are held in memory together."""

Statistic = Callable[[Mapping[str, np.ndarray | float]], np.ndarray | float]
"""From the means of metrics, arrays of any leading shape, to the number of a family."""


@dataclass(frozen=True)
class Interval:
    """A value and the bounds of its 95 % percentile interval."""

    value: float
    low: float
    high: float


# ---- numbers of families ---------------------------------------------------------------------------------------------


def means(
    metrics: Mapping[str, Float[np.ndarray, "*k m"]], weights: Float[np.ndarray, "r *k m"] | None = None
) -> dict[str, np.ndarray | float]:
    """Each metric's mean over what was scored, once, or once for each row of weights; all unscored is NaN."""
    result = {}
    for name, each in metrics.items():
        values = each.reshape(-1)
        scored = ~np.isnan(values)
        heavy = np.ones(len(values)) if weights is None else weights.reshape(len(weights), -1)
        counted = heavy @ scored.astype(float)
        total = heavy @ np.where(scored, values, 0.0)
        result[name] = np.where(counted > 0, total / np.where(counted > 0, counted, 1), np.nan)
    return result


def by_family(
    metrics: Mapping[str, Float[np.ndarray, "*k m"]], templates: Sequence[str], statistic: Statistic
) -> dict[str, float]:
    """The statistic of each family's means."""
    return {code: float(statistic(means(own))) for code, own, _ in _families(metrics, templates)}


def overall(metrics: Mapping[str, Float[np.ndarray, "*k m"]], templates: Sequence[str], statistic: Statistic) -> float:
    """The mean over families of the statistic of each family's means; a family without any is left out."""
    return float(_mean(np.array(list(by_family(metrics, templates, statistic).values()))))


def _families(
    metrics: Mapping[str, Float[np.ndarray, "*k m"]], templates: Sequence[str]
) -> Iterator[tuple[str, dict[str, Float[np.ndarray, "*k m"]], list[str]]]:
    """Each family's code, values and templates."""
    families = np.array([family(template) for template in templates])
    for code in np.unique(families).tolist():
        own = families == code
        yield code, {name: values[..., own] for name, values in metrics.items()}, np.array(templates)[own].tolist()


def _mean(numbers: Float[np.ndarray, " f *r"]) -> np.ndarray:
    """Over the first axis, without what is NaN; NaN where all is."""
    known = ~np.isnan(numbers)
    return np.where(known.any(0), np.where(known, numbers, 0).sum(0) / np.maximum(known.sum(0), 1), np.nan)


# ---- and how sure they are -------------------------------------------------------------------------------------------


def bootstrap(
    metrics: Mapping[str, Float[np.ndarray, "*k m"]],
    templates: Sequence[str],
    statistic: Statistic,
    *,
    seed: int = 0,
    resamples: int = RESAMPLES,
) -> Interval:
    """What is `overall`, with its hierarchical bootstrap interval.

    Args:
        metrics: One value for each of the twins, or each sample of them, by metric; NaN where unscored.
        templates: The template of each of the twins.
        statistic: Makes the number of a family.
        seed: Of the resampling.
        resamples: How many.

    Source:
        Efron and Tibshirani, An Introduction to the Bootstrap (1993), chapters 8 and 13.
    """
    spread = overall_of(replicates(metrics, templates, statistic, seed=seed, resamples=resamples))
    return Interval(overall(metrics, templates, statistic), *percentiles(spread))


def replicates(
    metrics: Mapping[str, Float[np.ndarray, "*k m"]],
    templates: Sequence[str],
    statistic: Statistic,
    *,
    seed: int = 0,
    resamples: int = RESAMPLES,
) -> dict[str, Float[np.ndarray, " r"]]:
    """Each family's number in each resample: its templates are drawn anew, twins within them, samples within these.

    Families are no sample: each resample holds all of them. Whoever answered the same twins is resampled alike, however
    many samples each has, so that two contestants can be compared resample by resample.
    """
    found: dict[str, list[np.ndarray]] = {}
    for code, own, drawn, _ in _resampled(metrics, templates, seed, resamples):
        found.setdefault(code, []).append(np.asarray(statistic(means(own, drawn))))
    return {code: np.concatenate(parts) for code, parts in found.items()}


def _resampled(
    metrics: Mapping[str, Float[np.ndarray, "*k m"]], templates: Sequence[str], seed: int, resamples: int
) -> Iterator[tuple[str, dict[str, Float[np.ndarray, "k m"]], Float[np.ndarray, "r k m"], slice]]:
    """Of each family, part by part: its code, its metrics by sample, how often each is drawn, in which resamples."""
    for code, own, kinds in _families(metrics, templates):
        rngs = [np.random.default_rng((seed, level, *code.encode())) for level in range(2)]
        by_sample = {name: values.reshape(-1, len(kinds)) for name, values in own.items()}
        samples = len(next(iter(by_sample.values())))
        for at in range(0, resamples, AT_ONCE):
            count = min(AT_ONCE, resamples - at)
            yield code, by_sample, _draw(kinds, samples, count, *rngs), slice(at, at + count)


def overall_of(spreads: Mapping[str, Float[np.ndarray, " r"]]) -> Float[np.ndarray, " r"]:
    """The mean over families in each resample."""
    return _mean(np.stack(list(spreads.values())))


def percentiles(spread: Float[np.ndarray, " r"]) -> tuple[float, float]:
    """The bounds of the 95 % percentile interval; NaN where nothing was scored."""
    known = spread[~np.isnan(spread)]
    low, high = np.percentile(known, [2.5, 97.5]) if len(known) else (np.nan, np.nan)
    return float(low), float(high)


# ---- means that no bounds hold ---------------------------------------------------------------------------------------


def bca(
    values: Float[np.ndarray, "k m"], templates: Sequence[str], *, seed: int = 0, resamples: int = RESAMPLES
) -> tuple[float, float]:
    """The bounds of the 95 % interval of a mean, bias-corrected and accelerated: for numbers that no bounds hold.

    Resampled as by `replicates`. How far the resamples lie to one side of the mean, and how their spread changes with
    it, which leaving out each of the twins in turn tells, moves both percentiles: a long tail makes one end longer.

    Args:
        values: One a sample of each of the twins; NaN where unscored.
        templates: The template of each of the twins.
        seed: Of the resampling.
        resamples: How many.

    Source:
        Efron, Better bootstrap confidence intervals (1987); Efron and Tibshirani (1993), chapter 14.
    """
    (value,) = means({"it": values}).values()
    if np.isnan(value):
        return float("nan"), float("nan")
    spread = _mean_in_each(values, templates, seed=seed, resamples=resamples)
    scored = ~np.isnan(values)
    counts, totals = scored.sum(0), np.where(scored, values, 0.0).sum(0)
    left = counts.sum() - counts
    without = ((totals.sum() - totals) / np.where(left > 0, left, 1))[(counts > 0) & (left > 0)]
    off = without.mean() - without if len(without) else np.zeros(1)
    if not (off**2).sum() > 0 or np.ptp(spread) == 0:
        return percentiles(spread)
    bias = norm.ppf(
        np.clip(np.mean(spread < value) + np.mean(spread == value) / 2, 1 / len(spread), 1 - 1 / len(spread))
    )
    acceleration = (off**3).sum() / (6 * (off**2).sum() ** 1.5)
    ends = bias + norm.ppf([0.025, 0.975])
    low, high = np.percentile(spread, 100 * norm.cdf(bias + ends / (1 - acceleration * ends)))
    return float(low), float(high)


def _mean_in_each(
    values: Float[np.ndarray, "k m"], templates: Sequence[str], *, seed: int, resamples: int
) -> Float[np.ndarray, " r"]:
    """The mean over all that was scored, in each resample."""
    sums = np.zeros((2, resamples))
    for _, own, drawn, part in _resampled({"it": values}, templates, seed, resamples):
        sums[0, part] += (drawn * np.nan_to_num(own["it"])).sum((1, 2))
        sums[1, part] += (drawn * ~np.isnan(own["it"])).sum((1, 2))
    return sums[0][sums[1] > 0] / sums[1][sums[1] > 0]


def _draw(
    templates: Sequence[str], samples: int, resamples: int, rng: np.random.Generator, within: np.random.Generator
) -> Float[np.ndarray, "r k m"]:
    """How often each sample of each of the twins of one family comes up in each resample, in units of 1/k twins."""
    names, template = np.unique(np.array(templates), return_inverse=True)
    drawn = rng.multinomial(len(names), np.full(len(names), 1 / len(names)), size=resamples)
    twins = np.zeros((resamples, len(templates)), int)
    for i in range(len(names)):
        members = np.flatnonzero(template == i)
        each = np.full(len(members), 1 / len(members))
        twins[:, members] = rng.multinomial(drawn[:, i] * len(members), each, size=resamples)
    if samples == 1:
        return twins[:, None].astype(float)
    return np.moveaxis(within.multinomial(twins * samples, np.full(samples, 1 / samples)), -1, 1).astype(float)
