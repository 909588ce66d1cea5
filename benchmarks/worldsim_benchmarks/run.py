"""The one loop: twins to a contestant, answers to the scorer, scores to a Result between floor and ceiling."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from worldsim_benchmarks.benchmark import Benchmark, Contestant, Twins, title
from worldsim_benchmarks.cases import digest
from worldsim_benchmarks.contestants import CEILING, trivial
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


def measure(
    benchmark: Benchmark, twins: Sequence[Twins], contestant: Contestant, *, seed: int = 0, samples: int = 1
) -> tuple[dict[str, np.ndarray], dict[str, str]]:
    """Every metric of every one of the twins, the mean over samples, and the reasons for those that are NaN.

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
    return {name: values.mean(0) for name, values in table.items()}, reasons


def raw(benchmark: Benchmark, table: Mapping[str, np.ndarray]) -> float:
    """The family's number before calibration."""
    return float(benchmark.headline(means(table)))


def calibrate(benchmark: Benchmark, twins: Sequence[Twins]) -> Scale:
    """Measure floor and ceiling on these very twins."""
    floors = [raw(benchmark, measure(benchmark, twins, one)[0]) for one in trivial(twins)]
    return Scale(max(floors), raw(benchmark, measure(benchmark, twins, CEILING)[0]))


def run(
    benchmark: Benchmark,
    twins: Sequence[Twins],
    scale: Scale,
    contestant: Contestant,
    *,
    kind: str = "model",
    split: str,
    size: int,
    seed: int = 0,
    samples: int = 1,
    manifest: Mapping[str, str | int | float | bool | None] | None = None,
) -> Result:
    """One contestant on one benchmark."""
    table, reasons = measure(benchmark, twins, contestant, seed=seed, samples=samples)
    interval = bootstrap(table, [each.template for each in twins], benchmark.headline)
    return Result(
        benchmark=title(benchmark),
        split=split,
        size=size,
        contestant=contestant.name,
        kind=kind,
        score=scale(interval.value),
        low=scale(interval.low),
        high=scale(interval.high),
        raw=interval.value,
        floor=scale.floor,
        ceiling=scale.ceiling,
        metrics={name: float(value) for name, value in means(table).items()},
        cases={each.name: {name: float(table[name][i]) for name in table} for i, each in enumerate(twins)},
        reasons=reasons,
        manifest={
            "seed": seed,
            "samples": samples,
            "cases": digest([case.truth.frames for each in twins for case in each.cases]),
            **versions(),
            **(manifest or {}),
        },
    )
