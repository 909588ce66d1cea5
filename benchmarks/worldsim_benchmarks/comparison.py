"""The command `worldsim compare`: is one model better than another, or is it chance?

Two models that answered the same twins are compared on them: both are resampled alike, so that what makes a world hard
for both drops out of the difference. Many comparisons find something by chance alone; Holm's rule holds the risk of one
such find among all pairs of models and all families to 5 %.

The same resamples say between which places of the board a model may truly stand. Models that cannot be told from
the best of their group, all families taken together, are tied with it.

A metric deserves to be looked at only where it would say the same of other worlds: its reliability is the correlation,
over contestants, of its means on two halves of the twins, stepped up to the whole. And only where it would say the same
under other seeds: its agreement is the intraclass correlation of the models' means, one a seed, where three models or
more were asked several times. Below 0.8 in either it is a diagnostic.

Source: Holm, A simple sequentially rejective multiple test procedure (1979). Spearman (1910) and Brown (1910) for the
step from half to whole. Goldstein and Spiegelhalter, League tables and their limitations (1996), for ranks.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import combinations, groupby
from typing import NamedTuple

import numpy as np
from jaxtyping import Float

from worldsim_benchmarks.benchmark import Benchmark, title
from worldsim_benchmarks.catalogue import BENCHMARKS
from worldsim_benchmarks.result import Result, read_all
from worldsim_benchmarks.stats import Statistic, by_family, overall_of, percentiles, replicates

ALPHA = 0.05
RELIABLE = 0.8
HALVES = 200
"""Random ways to halve the twins."""
ALL = "all"
"""What stands for the mean over families, beside them."""


@dataclass(frozen=True)
class Difference:
    """One model against another on the twins that both answered, in one family or in all.

    Attributes:
        one: The first model.
        other: The second.
        family: Its code, or `all`.
        value: The raw number of the first less that of the second.
        low: Lower bound of its 95 % interval.
        high: Upper bound.
        better: The share of resamples in which the first is ahead, ties as halves.
        p: That there is no difference, two-sided.
        holm: The same, adjusted for all comparisons beside which this one stands.
    """

    one: str
    other: str
    family: str
    value: float
    low: float
    high: float
    better: float
    p: float
    holm: float

    @property
    def shown(self) -> bool:
        """Whether there is a difference beyond chance."""
        return self.holm < ALPHA


class Standing(NamedTuple):
    """Between which places a model may stand, 1 being the best, and the letter of those it is tied with."""

    best: int
    worst: int
    group: str


# ---- two models ------------------------------------------------------------------------------------------------------


def holm(p: Sequence[float] | Float[np.ndarray, " m"]) -> Float[np.ndarray, " m"]:
    """P-values adjusted so that one below 0.05 among all of them is chance in at most 5 % of cases."""
    values = np.asarray(p, float)
    order = np.argsort(values, kind="stable")
    stepped = np.maximum.accumulate(values[order] * np.arange(len(values), 0, -1))
    adjusted = np.empty(len(values))
    adjusted[order] = np.minimum(stepped, 1.0)
    return adjusted


def differences(results: Sequence[Result], statistic: Statistic) -> list[Difference]:
    """Every model against every other, in all families together and in each, the better one first.

    Args:
        results: Of one benchmark, split and size, made of the same cases; see `comparable`.
        statistic: The benchmark's headline.
    """
    resampled = {one.contestant: _numbers(one, statistic) for one in results}
    rows = []
    for one, other in combinations(sorted(results, key=lambda each: (-each.raw, each.contestant)), 2):
        for family, (value, spread) in resampled[one.contestant].items():
            value_other, spread_other = resampled[other.contestant][family]
            apart = spread - spread_other
            names = (one.contestant, other.contestant, family)
            rows.append(Difference(*names, value - value_other, *percentiles(apart), *_chance(apart), holm=np.nan))
    adjusted = holm([row.p for row in rows])
    return [replace(row, holm=float(number)) for row, number in zip(rows, adjusted, strict=True)]


def _numbers(result: Result, statistic: Statistic) -> dict[str, tuple[float, Float[np.ndarray, " r"]]]:
    """The raw number and its resamples, over all families and of each where there are several."""
    spreads = replicates(result.values, result.kinds, statistic)
    numbers = {ALL: (result.raw, overall_of(spreads))}
    for code, number in by_family(result.values, result.kinds, statistic).items() if len(spreads) > 1 else ():
        numbers[code] = number, spreads[code]
    return numbers


def _chance(apart: Float[np.ndarray, " r"]) -> tuple[float, float]:
    """The share of resamples above zero, ties as halves; and the two-sided p-value of no difference."""
    above, below, resamples = (apart > 0).sum(), (apart < 0).sum(), len(apart)
    tail = (1 + resamples - max(above, below)) / (resamples + 1)
    return float((above + (resamples - above - below) / 2) / resamples), float(min(1.0, 2 * tail))


# ---- the board -------------------------------------------------------------------------------------------------------


def comparable(results: Sequence[Result]) -> list[Result]:
    """The models among results that answered the same twins as the best of them, each once, the best first.

    Where a model is there twice, made in two ways, its better result stays.
    """
    models = sorted((one for one in results if one.kind == "model"), key=lambda one: (-one.raw, one.contestant))
    alike = [one for one in models if one.templates and one.manifest.get("cases") == models[0].manifest.get("cases")]
    return list({one.contestant: one for one in reversed(alike)}.values())[::-1]


def standings(results: Sequence[Result], statistic: Statistic) -> dict[str, Standing]:
    """Where each model may stand, and with whom it is tied.

    Args:
        results: As from `comparable`: the best first.
        statistic: The benchmark's headline.
    """
    numbers = np.stack([_numbers(one, statistic)[ALL][1] for one in results])
    ranks = 1 + (numbers[:, None] < numbers[None]).sum(1) + ((numbers[:, None] == numbers[None]).sum(1) - 1) / 2
    low, high = np.percentile(ranks, [2.5, 97.5], axis=1)
    told = {(each.one, each.other): each.shown for each in differences(results, statistic) if each.family == ALL}
    groups, leader, letter = {}, results[0].contestant, "a"
    for one in results:
        if told.get((leader, one.contestant), False):
            leader, letter = one.contestant, chr(ord(letter) + 1)
        groups[one.contestant] = letter
    return {
        one.contestant: Standing(int(np.floor(low[i])), int(np.ceil(high[i])), groups[one.contestant])
        for i, one in enumerate(results)
    }


# ---- metrics ---------------------------------------------------------------------------------------------------------


def reliability(values: Float[np.ndarray, "c m"], templates: Sequence[str], *, seed: int = 0) -> float:
    """Whether a metric orders contestants alike on other worlds: its split-half correlation, stepped up to the whole.

    Args:
        values: Of each contestant on each of the twins; NaN where unscored.
        templates: Of each of the twins; each template is halved.
        seed: Of the halving.

    Returns:
        The mean over random halves; NaN where fewer than three contestants were scored in both halves, or all alike.
    """
    rng = np.random.default_rng(seed)
    kinds = [np.flatnonzero(np.array(templates) == name) for name in sorted(set(templates))]
    found = []
    for _ in range(HALVES):
        first = np.zeros(len(templates), bool)
        for members in kinds:  # an odd one goes to either half by chance
            first[rng.permutation(members)[: (len(members) + rng.integers(2)) // 2]] = True
        halves = np.stack([_mean(values[:, first]), _mean(values[:, ~first])])
        there = halves[:, ~np.isnan(halves).any(0)]
        if there.shape[1] >= 3 and (there.std(1) > 1e-9).all():
            found.append(np.corrcoef(there)[0, 1])
    if not found:
        return float("nan")
    half = np.array(found)
    stepped_up = 2 * half / (1 + np.abs(half))  # where it is above zero; elsewhere this only must not divide by it
    return float(np.mean(np.where(half > 0, stepped_up, half)))


def _mean(values: Float[np.ndarray, "c m"]) -> Float[np.ndarray, " c"]:
    """Row means over what was scored."""
    scored = ~np.isnan(values)
    return np.where(scored.any(1), np.where(scored, values, 0).sum(1) / np.maximum(scored.sum(1), 1), np.nan)


def reliabilities(results: Sequence[Result]) -> dict[str, float]:
    """The reliability of each metric, over all results that answered the same twins but those that know the truth."""
    rows = [one for one in results if one.kind != "oracle" and one.templates]
    rows = [one for one in rows if one.manifest.get("cases") == rows[0].manifest.get("cases")]
    if not rows:
        return {}
    return {
        name: reliability(
            np.array([[case.get(name) for case in one.cases.values()] for one in rows], float), rows[0].kinds
        )
        for name in dict.fromkeys(name for one in rows for name in one.values)
    }


def intraclass(values: Float[np.ndarray, "c k"]) -> float:
    """Whether other seeds would order contestants alike: the intraclass correlation of their means, one a seed.

    The share of the variance between contestants in all variance, 1 where seeds make no difference; NaN for fewer than
    three contestants or two seeds, or where all are alike.

    Source: ICC(1, 1) of Shrout and Fleiss, Intraclass correlations (1979).
    """
    contestants, seeds = values.shape
    if contestants < 3 or seeds < 2 or np.isnan(values).any():
        return float("nan")
    between, within = seeds * values.mean(1).var(ddof=1), values.var(1, ddof=1).mean()
    both = between + (seeds - 1) * within
    return float((between - within) / both) if both > 1e-18 else float("nan")


def seed_reliabilities(results: Sequence[Result]) -> dict[str, float]:
    """The agreement between seeds of each metric, over all who answered the same twins several times; NaN if untold."""
    rows = [one for one in results if one.kind == "model" and one.templates and one.samples]
    rows = [one for one in rows if one.manifest.get("cases") == rows[0].manifest.get("cases")]
    if not rows:
        return {}
    values = [one.values for one in rows]
    seeds = min(len(next(iter(own.values()))) for own in values)
    names = [name for name in values[0] if all(name in own for own in values)]
    return {name: intraclass(np.stack([_mean(own[name][:seeds]) for own in values])) for name in names}


# ---- the command -----------------------------------------------------------------------------------------------------


def compare(results: str = "runs/results") -> None:
    """Compare all models on the twins that they share, and say which differences are beyond chance.

    Args:
        results: Folder that `worldsim bench --out` wrote to.

    Raises:
        FileNotFoundError: Where there are no results.
        ValueError: Where no two models answered the same twins of a benchmark that there still is.
    """

    def key(one: Result) -> tuple[str, str, int]:
        return one.benchmark, one.split, one.size

    tables = []
    for (name, split, size), group in groupby(sorted(read_all(results), key=key), key=key):
        statistic, rows = headline(name), comparable(list(group))
        if statistic is None or len(rows) < 2:
            continue
        tables.append(f"## {name}, split `{split}`, {size} px\n\n{table(differences(rows, statistic))}\n")
    if not tables:
        raise ValueError(f"no two models below {results} answered the same twins of a benchmark of today's version")
    print("\n".join(tables))


def headline(name: str) -> Statistic | None:
    """What makes the number of a benchmark version from means; None where there is no such version any more."""
    benchmark = of_today(name)
    return benchmark.headline if benchmark is not None else None


def of_today(name: str) -> Benchmark | None:
    """The benchmark of a version; None where there is none any more."""
    stem = name.partition("@")[0]
    if stem not in BENCHMARKS:
        return None
    benchmark: Benchmark = BENCHMARKS[stem]()
    return benchmark if title(benchmark) == name else None


def table(rows: Sequence[Difference]) -> str:
    """Differences as Markdown."""
    lines = [
        "| one | other | family | difference, raw | 95 % | P(one > other) | p | p, Holm | beyond chance |",
        "|---|---|---|--:|--:|--:|--:|--:|---|",
    ]
    for row in rows:
        lines.append(
            f"| {row.one} | {row.other} | {row.family} | {row.value:+.3f} | [{row.low:+.3f}, {row.high:+.3f}] "
            f"| {row.better:.3f} | {row.p:.4f} | {row.holm:.4f} | {'yes' if row.shown else 'no'} |"
        )
    return "\n".join(lines)
