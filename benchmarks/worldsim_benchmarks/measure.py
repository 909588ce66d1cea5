"""One contestant, put to twins: its answers are looked at, scored, and forgotten.

Twins are asked a few at a time, those that look alike together, so that a model can imagine them side by side, and few
answers are held at once. Which are asked together follows from the twins alone; who asks, in what order and on how many
machines makes no difference to a single bit.

What is missing is never dropped: twins of which one answer did not come, or cannot be what was asked for, are scored
as if all of them had been answered with grey frames, or with no surprise at all. No benchmark has to say what the floor
of each metric is, for its ladder holds those to the floor.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float

from worldsim.data.executor import Executor, Here
from worldsim_benchmarks.benchmark import (
    Answer,
    Benchmark,
    Case,
    Contestant,
    Missing,
    Pooled,
    Several,
    Surprises,
    Twins,
    Video,
)
from worldsim_benchmarks.contestants import grey
from worldsim_benchmarks.kept import heads
from worldsim_benchmarks.startled import constant
from worldsim_benchmarks.stats import overall

TOGETHER = 16
"""Twins that are asked at once."""


class Measured(NamedTuple):
    """What a contestant got.

    Attributes:
        values: Every metric of every one of the twins, the mean over samples.
        reasons: Why, for those that are NaN, by `TWINS/METRIC`; and for answers that did not count, by `CASE/s0`.
        samples: Every metric of every sample, or of all at once where a benchmark scores several together.
        exposure: The share of twins and samples whose answers counted.
    """

    values: dict[str, Float[np.ndarray, " m"]]
    reasons: dict[str, str]
    samples: dict[str, Float[np.ndarray, "k m"]]
    exposure: float


def measure(
    benchmark: Benchmark,
    twins: Sequence[Twins],
    contestant: Contestant,
    *,
    seed: int = 0,
    samples: int = 1,
    executor: Executor = Here(),  # noqa: B008  it holds nothing
) -> Measured:
    """Let a contestant answer, and score its answers.

    Args:
        benchmark: Who scores.
        twins: What is asked.
        contestant: Who answers.
        seed: Of the first sample; each further one has the next.
        samples: Answers to each case; `times` says how many a benchmark wants.
        executor: Who does the work.

    Raises:
        ValueError: Where an answer is not of the type and shape that the case asks for; see `form`.
    """
    [measured] = measure_all(benchmark, twins, [contestant], seed=seed, samples=samples, executor=executor)
    return measured


def measure_all(
    benchmark: Benchmark,
    twins: Sequence[Twins],
    contestants: Sequence[Contestant],
    *,
    seed: int = 0,
    samples: int = 1,
    executor: Executor = Here(),  # noqa: B008  it holds nothing
) -> list[Measured]:
    """Several contestants, whose parts are work for the same hands; else as `measure`."""
    asking = Asking(benchmark, tuple(contestants), twins, seed, samples)
    todo = [(who, part) for who in range(len(contestants)) for part in parts(twins)]
    marks: list[list[Mark]] = [[] for _ in contestants]
    for who, some in executor.map(asking, todo):
        marks[who].extend(some)
    return [_measured(benchmark, sorted(own, key=lambda mark: mark.at), samples) for own in marks]


def _measured(benchmark: Benchmark, marks: Sequence["Mark"], samples: int) -> Measured:
    scored = 1 if isinstance(benchmark, Several) else samples
    table = {
        name: np.array([mark.scores[name] for mark in marks], float).reshape(-1, scored).T for name in benchmark.metrics
    }
    reasons = {name: why for mark in marks for name, why in mark.reasons.items()}
    counted = sum(mark.counted for mark in marks) / (samples * max(len(marks), 1))
    return Measured({name: _mean(each) for name, each in table.items()}, reasons, table, counted)


def parts(twins: Sequence[Twins]) -> Iterator[list[int]]:
    """Which twins are asked together: so many that are alike in world and shapes, in their order."""
    alike: dict[tuple, list[int]] = {}
    for number, head in enumerate(heads(twins)):
        alike.setdefault(head.alike, []).append(number)
    for numbers in alike.values():
        yield from (numbers[at : at + TOGETHER] for at in range(0, len(numbers), TOGETHER))


@dataclass
class Mark:
    """What one of the twins got: metrics by sample, reasons, and how many samples counted."""

    at: int
    scores: dict[str, list[float]] = field(default_factory=dict)
    reasons: dict[str, str] = field(default_factory=dict)
    counted: int = 0


@dataclass(frozen=True)
class Asking:
    """Puts some of the twins to one of the contestants, here or elsewhere; the arguments are those of `measure_all`."""

    benchmark: Benchmark
    contestants: tuple[Contestant, ...]
    twins: Sequence[Twins]
    seed: int
    samples: int

    def __call__(self, item: tuple[int, list[int]]) -> tuple[int, list[Mark]]:
        """Whose marks, and the marks: by the numbers of the contestant and of the twins."""
        who, part = item
        contestant, asked = self.contestants[who], [self.twins[number] for number in part]
        marks = [Mark(number) for number in part]
        kept: list[list[Sequence[Video]]] = [[] for _ in part]
        for sample in range(self.samples):
            answers = contestant.answer(asked, seed=self.seed + sample)
            for mark, twins, own, judged in zip(marks, asked, answers, kept, strict=True):
                judged.append(self._looked_at(contestant.name, mark, twins, own, sample))
        for mark, twins, judged in zip(marks, asked, kept, strict=True):
            self._score(mark, twins, judged)
        return who, marks

    def _score(self, mark: Mark, twins: Twins, samples: Sequence[Sequence[Any]]) -> None:
        """Note what all samples got."""
        benchmark = self.benchmark
        if isinstance(benchmark, Several):
            found = {name: [score] for name, score in benchmark.pool(twins, samples).items()}
        else:
            scores = [benchmark.score(twins, judged) for judged in samples]
            found = {name: [each[name] for each in scores] for name in benchmark.metrics}
            if len(samples) > 1 and isinstance(benchmark, Pooled):
                found |= {name: [score] * len(samples) for name, score in benchmark.pool(twins, samples).items()}
        for name, each in found.items():
            mark.scores[name] = [score.value for score in each]
            mark.reasons |= {f"{twins.name}/{name}": score.reason for score in each if np.isnan(score.value)}

    def _looked_at(self, name: str, mark: Mark, twins: Twins, answers: Sequence[Answer], sample: int) -> Sequence[Any]:
        """What is to be scored of a sample: it, or where a part of it is missing, grey."""
        there = [answer for answer in answers if not isinstance(answer, Missing)]
        for case, answer in zip(twins.cases, answers, strict=True):
            if isinstance(answer, Missing):
                mark.reasons[f"{case.name}/s{sample}"] = answer.reason
            elif (answer.dtype, answer.shape) != (wanted := form(case)):
                raise ValueError(
                    f"{name} answered {case.name} with {answer.dtype} {list(answer.shape)}; "
                    f"{wanted[0]} {list(wanted[1])} would do: {FORMS[case.asks]}"
                )
        whole = len(there) == len(answers)
        mark.counted += whole
        return there if whole else floor(twins)


FORMS = {
    "video": "one frame an action, as large as the context",
    "futures": "one frame an action, as large as the context",
    "surprise": "one number a frame that comes of the plan",
}
"""What an answer is, by what a case asks."""


def form(case: Case) -> tuple[np.dtype, tuple[int, ...]]:
    """Of which type and shape an answer is."""
    if case.asks == "surprise":
        return np.dtype(np.float64), (len(case.plan),)
    return np.dtype(np.uint8), case.truth.frames.shape


def floor(twins: Twins) -> list[Video] | list[Surprises]:
    """What stands in for answers that are missing."""
    blank = constant if twins.cases[0].asks == "surprise" else grey
    return blank(twins, 0.0, np.random.default_rng(0))


def _mean(values: Float[np.ndarray, "k m"]) -> Float[np.ndarray, " m"]:
    """Over samples, of those that were scored."""
    scored = ~np.isnan(values)
    return np.where(scored.any(0), np.where(scored, values, 0).sum(0) / np.maximum(scored.sum(0), 1), np.nan)


def raw(benchmark: Benchmark, twins: Sequence[Twins], measured: Measured) -> float:
    """The benchmark's number before calibration."""
    return overall(measured.samples, [head.template for head in heads(twins)], benchmark.headline)
