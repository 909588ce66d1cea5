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
from worldsim_benchmarks.result import Result, versions
from worldsim_benchmarks.stats import bootstrap, means


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


def raw(benchmark: Benchmark, measured: Measured) -> float:
    """The family's number before calibration."""
    return float(benchmark.headline(means(measured.values)))


def run(
    benchmark: Benchmark,
    twins: Sequence[Twins],
    entries: Sequence[Entry] = (),
    *,
    split: str,
    size: int,
    seed: int = 0,
    samples: int = 1,
) -> Iterator[Result]:
    """The trivial contestants, which make the floor; the truth, which makes the ceiling; then everyone who takes part.

    Each result is yielded as soon as it is known; the first ones wait for the floor and the ceiling.
    """
    bounds = [Entry(one, "trivial") for one in trivial(twins)] + [Entry(one, "oracle") for one in ORACLES.values()]
    known = [measure(benchmark, twins, entry.contestant, seed=seed) for entry in bounds]
    numbers = {entry.contestant.name: raw(benchmark, measured) for entry, measured in zip(bounds, known, strict=True)}
    floor = max(number for entry, number in zip(bounds, numbers.values(), strict=True) if entry.kind == "trivial")
    scale = Scale(floor, numbers[CEILING.name])
    about = {
        "seed": seed,
        "cases": digest([case.truth.frames for each in twins for case in each.cases]),
        **versions(),
    }
    here = {"benchmark": benchmark, "twins": twins, "scale": scale, "split": split, "size": size}
    for entry, measured in zip(bounds, known, strict=True):
        yield rate(entry, measured, about, **here)
    for entry in entries:
        measured = measure(benchmark, twins, entry.contestant, seed=seed, samples=samples)
        yield rate(entry, measured, {**about, "samples": samples}, **here)


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
    interval = bootstrap(measured.values, [each.template for each in twins], benchmark.headline)
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
        metrics={name: float(value) for name, value in means(measured.values).items()},
        cases={
            each.name: {name: float(values[i]) for name, values in measured.values.items()}
            for i, each in enumerate(twins)
        },
        reasons=measured.reasons,
        manifest={**about, **entry.manifest},
    )
