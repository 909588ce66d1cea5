"""The one loop: twins to a contestant, answers to the scorer, scores to a Result between floor and ceiling."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import NamedTuple

import numpy as np
from jaxtyping import Float

from worldsim_benchmarks.benchmark import Benchmark, Contestant, Twins, title
from worldsim_benchmarks.cases import digest
from worldsim_benchmarks.contestants import CEILING, ORACLES, trivial
from worldsim_benchmarks.result import Result, rounded, versions
from worldsim_benchmarks.stats import bootstrap, by_family, means, overall


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


class Measured(NamedTuple):
    """Every metric of every one of the twins, the mean over samples; and the reasons for those that are NaN."""

    values: dict[str, Float[np.ndarray, " m"]]
    reasons: dict[str, str]


class Entry(NamedTuple):
    """Who takes part: a contestant, its kind (`model`, `trivial`, `oracle`), and what to say of how it was made."""

    contestant: Contestant
    kind: str
    manifest: Mapping[str, str | int | float | bool | None] = MappingProxyType({})


def measure(
    benchmark: Benchmark, twins: Sequence[Twins], contestant: Contestant, *, seed: int = 0, samples: int = 1
) -> Measured:
    """Let a contestant answer, and score its answers.

    Raises:
        ValueError: Where an answer is not a uint8 video of the plan's length and the truth's size.
    """
    table = {name: np.zeros((samples, len(twins))) for name in benchmark.metrics}
    reasons: dict[str, str] = {}
    for sample in range(samples):
        for i, (each, answers) in enumerate(zip(twins, contestant.answer(twins, seed=seed + sample), strict=True)):
            for case, answer in zip(each.cases, answers, strict=True):
                if answer.shape != case.truth.frames.shape or answer.dtype != np.uint8:
                    raise ValueError(
                        f"{contestant.name} answered {case.name} with {answer.dtype} {list(answer.shape)}; "
                        f"uint8 {list(case.truth.frames.shape)} would do: one frame an action, as large as the context"
                    )
            for name, score in benchmark.score(each, answers).items():
                table[name][sample, i] = score.value
                if np.isnan(score.value):
                    reasons[f"{each.name}/{name}"] = score.reason
    return Measured({name: values.mean(0) for name, values in table.items()}, reasons)


def raw(benchmark: Benchmark, twins: Sequence[Twins], measured: Measured) -> float:
    """The benchmark's number before calibration."""
    return float(overall(measured.values, [each.template for each in twins], benchmark.headline))


def run(
    benchmark: Benchmark,
    twins: Sequence[Twins],
    entries: Sequence[Entry] = (),
    *,
    split: str,
    size: int,
    seed: int = 0,
    samples: int = 1,
    known: Sequence[Result] = (),
) -> Iterator[Result]:
    """The trivial contestants, which make the floor; the truth, which makes the ceiling; then everyone who takes part.

    Each result is yielded as soon as it is known; the first ones wait for the floor and the ceiling. A result that is
    among `known` (same contestant, made alike of the same cases on the same scale) is not measured again but yielded as
    it is; to the byte it is what would have come.
    """
    about = {
        "seed": seed,
        "cases": digest([case.truth.frames for each in twins for case in each.cases]),
        **versions(),
    }
    found = {_who(one): one for one in known if (one.benchmark, one.split, one.size) == (title(benchmark), split, size)}
    bounds = [Entry(one, "trivial") for one in trivial(twins)] + [Entry(one, "oracle") for one in ORACLES.values()]
    there = [found.get(_who_would(entry, about)) for entry in bounds]
    here = {"benchmark": benchmark, "twins": twins, "split": split, "size": size}
    if (scale := _scale_of(there)) is not None:
        yield from (one for one in there if one is not None)
    else:
        measured = [measure(benchmark, twins, entry.contestant, seed=seed) for entry in bounds]
        numbers = [rounded(raw(benchmark, twins, one)) for one in measured]
        kinds = [(entry.kind, entry.contestant.name) for entry in bounds]
        scale = _scale(kinds, numbers)
        for entry, one in zip(bounds, measured, strict=True):
            yield rate(entry, one, about, scale=scale, **here)
    about |= {"samples": samples}
    for entry in entries:
        before = found.get(_who_would(entry, about))
        if before is not None and (before.floor, before.ceiling) == (scale.floor, scale.ceiling):
            yield before
        else:
            one = measure(benchmark, twins, entry.contestant, seed=seed, samples=samples)
            yield rate(entry, one, about, scale=scale, **here)


def _scale(kinds: Sequence[tuple[str, str]], numbers: Sequence[float]) -> Scale:
    """From the kind and name of each of the bounds, and its raw number: the best trivial one, and the ceiling."""
    pairs = list(zip(kinds, numbers, strict=True))
    floor = max(number for (kind, _), number in pairs if kind == "trivial")
    return Scale(floor, next(number for (_, name), number in pairs if name == CEILING.name))


def _scale_of(bounds: Sequence[Result | None]) -> Scale | None:
    """The scale of bounds that were all measured before; None where one is missing, or was rated on another."""
    whole = [one for one in bounds if one is not None]
    if len(whole) < len(bounds):
        return None
    scale = _scale([(one.kind, one.contestant) for one in whole], [one.raw for one in whole])
    return scale if all((one.floor, one.ceiling) == (scale.floor, scale.ceiling) for one in whole) else None


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
    twins: Sequence[Twins],
    scale: Scale,
    split: str,
    size: int,
) -> Result:
    """What was measured as a Result: calibrated, with its interval."""
    templates = [each.template for each in twins]
    interval = bootstrap(measured.values, templates, benchmark.headline)
    families = by_family(measured.values, templates, benchmark.headline)
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
        families={code: float(number) for code, number in families.items()},
        metrics={name: float(value) for name, value in means(measured.values).items()},
        cases={
            each.name: {name: float(values[i]) for name, values in measured.values.items()}
            for i, each in enumerate(twins)
        },
        reasons=measured.reasons,
        manifest={**about, **entry.manifest},
    )
