"""The ladder: before a benchmark judges a model, it is shown that it judges rightly.

The truth, corrupted in known ways, goes through the same scorer as any model. Each row states what its score must be;
a row that scores otherwise fails the command, the test suite and CI.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from itertools import pairwise

from tqdm import tqdm

from worldsim_benchmarks import contestants as known
from worldsim_benchmarks.benchmark import Benchmark, Contestant, Twins, title
from worldsim_benchmarks.catalogue import choose, listed
from worldsim_benchmarks.contestants import CEILING, REPLAY, Corrupt, Corrupted, trivial
from worldsim_benchmarks.measure import measure, raw
from worldsim_benchmarks.run import Scale

RULES = {
    "perfect": "raw at least 0.97",
    "ceiling": "at least 95",
    "trivial": "0, give or take 2",
    "wrong": "raw at most 0",
    "benign": "costs at most 10",
    "harmful": "at most 5",
    "costly": "costs at least 40",
    "graded": "falls with severity",
}


@dataclass(frozen=True)
class Rung:
    """A corruption, the severities to try, and the rule its scores must obey; in some families, or in all."""

    name: str
    corrupt: Corrupt
    severities: tuple[float, ...]
    rule: str
    families: tuple[str, ...] = ()


PICTURE = (
    Rung("codec, crf", known.codec, (17.0, 28.0), "benign"),
    Rung("grain, levels", known.grain, (4.0,), "benign"),
    Rung("shift, px of 128", known.shift, (1.0,), "benign"),
    Rung("shift, px of 128", known.shift, (1.0, 3.0, 8.0, 24.0), "graded"),
    Rung("delay, s", known.delay, (0.1, 0.3, 1.0), "graded"),
)
RUNGS: dict[str, tuple[Rung, ...]] = {
    "permanence": (
        *PICTURE,
        Rung("gamma", known.gamma, (0.1,), "benign"),
        Rung("exchanged twins", known.exchanged, (0.0,), "wrong"),
        Rung("vanish, of the time", known.vanish, (0.0,), "harmful"),
        Rung("vanish, of the time", known.vanish, (0.67, 0.5, 0.33), "graded"),
        Rung("teleport, diameters", known.teleport, (0.5, 1.0, 3.0), "graded"),
        Rung("teleport, diameters", known.teleport, (3.0,), "harmful"),
        Rung("another colour", known.recoloured, (0.0,), "harmful"),
        Rung("drawn in front", known.in_front, (0.0,), "harmful"),
        Rung("duplicate, diameters", known.duplicate, (3.0,), "costly"),
    ),
    "fidelity": (
        *PICTURE,
        Rung("left for right", known.mirrored, (0.0,), "harmful"),
        Rung("time reversed", known.reversed_time, (0.0,), "costly"),
    ),
}
"""By benchmark. What is harmful to one question can be no matter to another."""


@dataclass(frozen=True)
class Step:
    """One row of the finished ladder."""

    name: str
    rule: str
    raw: float
    score: float
    holds: bool


def climb(benchmark: Benchmark, twins: Sequence[Twins], *, progress: bool = False) -> list[Step]:
    """Every row of a benchmark's ladder, measured on these twins."""

    @cache  # some severities stand in two rungs
    def value(contestant: Contestant) -> float:
        return raw(benchmark, twins, measure(benchmark, twins, contestant))

    floors = {one.name: value(one) for one in trivial(twins)}
    scale = Scale(max(floors.values()), value(CEILING))
    steps = [_step("replay", "perfect", value(REPLAY), scale), _step(CEILING.name, "ceiling", scale.ceiling, scale)]
    steps += [_step(name, "trivial", number, scale) for name, number in floors.items()]
    for rung in tqdm(RUNGS[benchmark.name], desc=title(benchmark), disable=not progress):
        numbers = [value(Corrupted(rung.name, rung.corrupt, severity)) for severity in rung.severities]
        falls = _falls([scale(number) for number in numbers])
        for severity, number in zip(rung.severities, numbers, strict=True):
            step = _step(f"{rung.name} {severity:g}".removesuffix(" 0"), rung.rule, number, scale)
            steps.append(step if rung.rule != "graded" else Step(step.name, step.rule, step.raw, step.score, falls))
    return steps


def _step(name: str, rule: str, number: float, scale: Scale) -> Step:
    score = scale(number)
    holds = {
        "perfect": number >= 0.97,
        "ceiling": score >= 95,
        "trivial": abs(score) <= 2,
        "wrong": number <= 0,
        "benign": score >= 90,
        "harmful": score <= 5,
        "costly": score <= 60,
        "graded": True,
    }[rule]
    return Step(name, rule, number, score, bool(holds))


def _falls(scores: Sequence[float]) -> bool:
    """Whether each score is below the one before it; ties only at the floor."""
    return all(later < earlier or max(later, earlier) <= 2 for earlier, later in pairwise(scores))


def table(steps: Sequence[Step]) -> str:
    """The ladder as Markdown: the metric card of a benchmark."""
    lines = ["| contestant | raw | calibrated | must be | holds |", "|---|--:|--:|---|---|"]
    for step in steps:
        holds = "yes" if step.holds else "**NO**"
        lines.append(f"| {step.name} | {step.raw:.3f} | {step.score:.1f} | {RULES[step.rule]} | {holds} |")
    return "\n".join(lines)


def ladder(
    benchmarks: list[str] | str | None = None, split: str = "quick", size: int | None = None, twins: int | None = None
) -> int:
    """Show that the benchmarks judge rightly: trivial, wrong, harmful and benign answers get what they deserve.

    Args:
        benchmarks: One or several; all of them by default.
        split: `quick` or `dev`.
        size: Height and width of the frames in pixels; by default what each benchmark is usually asked at.
        twins: Use only so many of the split.

    Returns:
        0, or 1 where a row does not hold.
    """
    failed = 0
    for name in listed(benchmarks) or RUNGS:
        benchmark = choose(name)
        across = size or benchmark.sizes[0]
        chosen = [each for each, _ in zip(benchmark.twins(split, size=across), range(twins or 10**9), strict=False)]
        steps = climb(benchmark, chosen, progress=True)
        failed += sum(not step.holds for step in steps)
        print(f"\n## {title(benchmark)}, {len(chosen)} twins, {across} px\n\n{table(steps)}\n")
    print("every row holds" if not failed else f"{failed} rows do not hold")
    return 1 if failed else 0
