"""The one loop: twins to a contestant, answers to the scorer, scores to a Result between floor and ceiling."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np

from worldsim.data.executor import Executor, Here
from worldsim_benchmarks.benchmark import Benchmark, Contestant, Several, Twins, Unbounded, Whole, times, title
from worldsim_benchmarks.bounds import CEILINGS, floors, oracles
from worldsim_benchmarks.cases import digest
from worldsim_benchmarks.contestants import TRIVIAL_ON_TWINS
from worldsim_benchmarks.kept import Head, heads
from worldsim_benchmarks.measure import Measured, measure_all, raw
from worldsim_benchmarks.probe import SHA256
from worldsim_benchmarks.result import Result, rounded, versions
from worldsim_benchmarks.stats import bca, bootstrap, by_family, means, overall

COLUMNS = {"id": "in distribution", "ood": "out of distribution", "held-out": "held-out templates"}
"""What the board calls each variation."""


@dataclass(frozen=True)
class Scale:
    """The raw numbers that calibrate a family: 0 is the best trivial contestant, 100 the truth through a codec."""

    floor: float
    ceiling: float

    def __call__(self, raw):
        """Calibrated score of a raw number; NaN where the floor reaches the ceiling, so that there is no scale."""
        if self.ceiling <= self.floor:
            return float("nan")
        return 100 * (raw - self.floor) / (self.ceiling - self.floor)

    def rated(self, result: Result) -> bool:
        """Whether a result was calibrated by these numbers."""
        return (result.floor, result.ceiling) == (self.floor, self.ceiling)


class Entry(NamedTuple):
    """Who takes part: a contestant, its kind (`model`, `trivial`, `oracle`), how it was made, and what it is given."""

    contestant: Contestant
    kind: str
    manifest: Mapping[str, str | int | float | bool | None] = MappingProxyType({})
    tier: str = "T1"


def tier_of(tier: str, asks: str) -> str:
    """What a contestant of a tier is given where this is asked: who tells how surprising frames are sees them all."""
    return "T4" if asks == "surprise" and tier != "truth" else tier


def run(
    benchmark: Benchmark,
    twins: Sequence[Twins],
    entries: Sequence[Entry] = (),
    *,
    split: str,
    size: int,
    seed: int = 0,
    samples: int | None = None,
    known: Sequence[Result] = (),
    executor: Executor = Here(),  # noqa: B008  it holds nothing
) -> Iterator[Result]:
    """The trivial contestants, which make the floor; the truth, which makes the ceiling; then everyone who takes part.

    Each result is yielded as soon as it is known; the first ones wait for the floor and the ceiling. A result that is
    among `known` (same contestant, made alike of the same cases on the same scale) is not measured again but yielded as
    it is; to the byte it is what would have come, and so it is whoever does the work. Where a benchmark asks for
    several answers, all give `samples` of them, by default as many as it wants; elsewhere those always there give one.
    """
    samples = samples or times(benchmark, split)
    about = {
        "seed": seed,
        "cases": digest(case.truth.frames for each in twins for case in each.cases),
        **versions(),
    }
    if benchmark.coloured and any(head.reader == "learned" for head in heads(twins)):
        about |= {"reader.learned": SHA256}
    each = samples if isinstance(benchmark, Several) else 1
    about |= {"samples": samples} if isinstance(benchmark, Several) else {}
    found = {_who(one): one for one in known if (one.benchmark, one.split, one.size) == (title(benchmark), split, size)}
    bounds = [Entry(one, "trivial", tier="truth" if one in TRIVIAL_ON_TWINS else "T0") for one in floors(twins)]
    bounds += [Entry(one, "oracle", tier="truth") for one in oracles(twins)]
    there = {entry.contestant.name: found[who] for entry in bounds if (who := _who_would(entry, about)) in found}
    here = {"benchmark": benchmark, "heads": heads(twins), "split": split, "size": size}
    how = {"seed": seed, "samples": each, "executor": executor}
    measured = _measured(benchmark, twins, [one for one in bounds if one.contestant.name not in there], **how)
    numbers = {name: one.raw for name, one in there.items()}
    numbers |= {name: raw(benchmark, twins, one) for name, one in measured.items()}
    scale = _scale(bounds, numbers)
    there = {name: one for name, one in there.items() if scale.rated(one)}
    stale = [one for one in bounds if one.contestant.name not in there | measured]
    measured |= _measured(benchmark, twins, stale, **how)
    for entry in bounds:
        name = entry.contestant.name
        yield there[name] if name in there else rate(entry, measured[name], about, scale=scale, **here)
    about |= {"samples": samples}
    for entry in entries:
        before = found.get(_who_would(entry, about))
        if before is not None and scale.rated(before):
            yield before
        else:
            [one] = measure_all(benchmark, twins, [entry.contestant], seed=seed, samples=samples, executor=executor)
            yield rate(entry, one, about, scale=scale, **here)


def _measured(
    benchmark: Benchmark, twins: Sequence[Twins], entries: Sequence[Entry], **how: Any
) -> dict[str, Measured]:
    """What some of those who take part are worth, by name."""
    if not entries:
        return {}
    who = [entry.contestant for entry in entries]
    return dict(zip((one.name for one in who), measure_all(benchmark, twins, who, **how), strict=True))


def _scale(bounds: Sequence[Entry], numbers: Mapping[str, float]) -> Scale:
    """From those always there, and the raw number of each by name: the best trivial one, and the ceiling."""
    floor = max(rounded(numbers[entry.contestant.name]) for entry in bounds if entry.kind == "trivial")
    return Scale(floor, next(rounded(numbers[name]) for name in CEILINGS if name in numbers))


def _who(result: Result) -> tuple:
    return result.contestant, result.kind, frozenset(result.manifest.items())


def _who_would(entry: Entry, about: Mapping[str, str | int | float | bool | None]) -> tuple:
    """What `_who` would say of the result of an entry."""
    return entry.contestant.name, entry.kind, frozenset({**about, **entry.manifest}.items())


def rate(
    entry: Entry,
    measured: Measured,
    about: Mapping[str, str | int | float | bool | None],
    *,
    benchmark: Benchmark,
    heads: Sequence[Head],
    scale: Scale,
    split: str,
    size: int,
) -> Result:
    """What was measured as a Result: calibrated, with its interval."""
    templates = [head.template for head in heads]
    interval = bootstrap(measured.samples, templates, benchmark.headline)
    several = next(iter(measured.samples.values())).shape[0] > 1
    unbounded = benchmark.unbounded if isinstance(benchmark, Unbounded) else ()
    whole = benchmark.whole(measured.values) if isinstance(benchmark, Whole) else {}
    return Result(
        benchmark=title(benchmark),
        split=split,
        size=size,
        contestant=entry.contestant.name,
        kind=entry.kind,
        score=scale(interval.value),
        low=scale(interval.low),
        high=scale(interval.high),
        raw=interval.value,
        floor=scale.floor,
        ceiling=scale.ceiling,
        metrics={**{name: float(value) for name, value in means(measured.samples).items()}, **whole},
        cases={
            head.name: {name: float(values[i]) for name, values in measured.values.items()}
            for i, head in enumerate(heads)
        },
        families=by_family(measured.samples, templates, benchmark.headline),
        columns={name: scale(number) for name, number in columns(benchmark, measured, heads).items()},
        intervals={name: bca(measured.samples[name], templates) for name in unbounded},
        samples={
            head.name: {name: values[:, i].tolist() for name, values in measured.samples.items()}
            for i, head in enumerate(heads if several else ())
        },
        templates={head.name: head.template for head in heads},
        tier=tier_of(entry.tier, heads[0].asks),
        exposure=measured.exposure,
        reasons=measured.reasons,
        manifest={**about, **entry.manifest},
    )


def columns(benchmark: Benchmark, measured: Measured, heads: Sequence[Head]) -> dict[str, float]:
    """Raw numbers that stand beside the score and are never it: of each variation, and of the best of K samples."""
    templates, variations = np.array([head.template for head in heads]), np.array([head.variation for head in heads])
    found = {}
    for variation in COLUMNS if len(set(variations)) > 1 else ():
        own = variations == variation
        part = {name: values[:, own] for name, values in measured.samples.items()}
        found[COLUMNS[variation]] = overall(part, templates[own].tolist(), benchmark.headline)
    several = next(iter(measured.samples.values())).shape[0]
    if several > 1:
        worth = np.asarray(benchmark.headline(measured.samples))  # of each sample of each of the twins alone
        best = np.where(np.isnan(worth), -np.inf, worth).argmax(0)
        chosen = {name: values[best, np.arange(len(best))] for name, values in measured.samples.items()}
        found[f"best of {several}"] = overall(chosen, templates.tolist(), benchmark.headline)
    return found
