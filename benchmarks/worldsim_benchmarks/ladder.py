"""The ladder: before a benchmark judges a model, it is shown that it judges rightly.

The truth, corrupted in known ways, goes through the same scorer as any model. Each row states what its score must be;
a row that scores otherwise fails the command, the test suite and CI.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from itertools import islice, pairwise
from operator import itemgetter

import numpy as np
from tqdm import tqdm

from worldsim_benchmarks import contestants as known
from worldsim_benchmarks import dealt, detours, harms, miscaused, startled
from worldsim_benchmarks.benchmark import Benchmark, Contestant, Twins, times, title
from worldsim_benchmarks.bounds import floors, oracles
from worldsim_benchmarks.catalogue import chosen
from worldsim_benchmarks.contestants import Corrupt, Corrupted
from worldsim_benchmarks.measure import Measured, measure
from worldsim_benchmarks.run import Scale
from worldsim_benchmarks.stats import by_family, overall

RULES = {
    "perfect": "raw at least 0.97",
    "ceiling": "at least 95",
    "trivial": "0, give or take 2",
    "wrong": "at most 0",
    "benign": "costs at most 10",
    "harmful": "at most 5",
    "costly": "costs at least 40",
    "graded": "falls with severity",
}


@dataclass(frozen=True)
class Rung:
    """A corruption, the severities to try, and the rule its scores must obey.

    Attributes:
        name: What is done.
        corrupt: Who does it.
        severities: How much.
        rule: One of `RULES`.
        families: In which; all by default.
        of: The metric that is scored in place of the benchmark's number: another one can fall where this one should.
    """

    name: str
    corrupt: Corrupt
    severities: tuple[float, ...]
    rule: str
    families: tuple[str, ...] = ()
    of: str = ""


PICTURE = (
    Rung("codec, crf", known.codec, (17.0, 28.0), "benign"),
    Rung("grain, levels", known.grain, (4.0,), "benign"),
    Rung("shift, px of 128", known.shift, (1.0,), "benign"),
    Rung("shift, px of 128", known.shift, (1.0, 3.0, 8.0, 24.0), "graded"),
    Rung("delay, s", known.delay, (0.1, 0.3, 1.0), "graded"),
)
UNSEEN = (
    *PICTURE,
    Rung("gamma", known.gamma, (0.1,), "benign"),
    Rung("told of another arm", harms.of_another, (0.0,), "wrong"),
    Rung("gone for good", harms.harm(harms.gone), (0.0,), "harmful"),
    Rung("gone after, of the time seen again", harms.harm(harms.gone), (0.67, 0.5, 0.33), "graded"),
    Rung("aside, diameters", harms.harm(harms.aside), (0.5, 1.0, 2.0), "graded"),
    Rung("aside, diameters", harms.harm(harms.aside), (2.0,), "harmful"),
    Rung("another colour", harms.harm(harms.recoloured), (3.0,), "harmful"),
    Rung("drawn in front", harms.harm(harms.drawn_in_front), (0.0,), "harmful", harms.HIDDEN),
    Rung("duplicate, diameters", harms.harm(harms.duplicate), (2.0,), "harmful"),
    Rung("two exchanged", harms.exchanged, (0.0,), "harmful", harms.SEVERAL),
)
COUNTED = (
    Rung("one less", harms.one_less, (0.0,), "harmful", harms.COUNTED),
    Rung("one more", harms.one_more, (0.0,), "harmful", harms.COUNTED),
    Rung("appears in the open, of the time", harms.one_more, (0.67, 0.33, 0.0), "graded", harms.OPEN),
    Rung("deleted while unseen", harms.belief("deleted"), (0.0,), "harmful", harms.GOES_ON),
    Rung("as in the beginning", harms.belief("reset"), (0.0,), "costly", harms.GOES_ON),
    Rung("as last seen", harms.belief("frozen"), (0.0,), "costly", harms.GOES_ON),
)
CAMERA = (
    Rung("codec, crf", known.codec, (17.0, 28.0), "benign"),
    Rung("grain, levels", known.grain, (4.0,), "benign"),
    Rung("blur, px of 128", detours.blur, (1.0,), "benign"),
    Rung("blur, px of 128", detours.blur, (1.0, 4.0), "graded"),
    Rung("the wrong way", known.exchanged, (0.0,), "wrong"),
    Rung("no return", detours.stays, (0.0,), "costly"),
    Rung("as far, times", detours.gain, (0.5,), "costly"),
    Rung("as far, times", detours.gain, (1.5, 2.5), "graded"),
    Rung("drift, degrees", detours.drift, (5.0, 20.0), "graded"),
    Rung("late, s", known.delay, (0.1, 0.5), "graded"),
    Rung("frozen, of the time", detours.freezes, (0.67, 0.33), "graded"),
)
"""A shift of the picture is none of them: it is a camera that is turned."""

BARE = (
    Rung("codec, crf", known.codec, (28.0,), "benign"),
    Rung("blur, px of 128", detours.blur, (2.0,), "benign"),
    Rung("the wrong way", known.exchanged, (0.0,), "wrong"),
    Rung("no return", detours.stays, (0.0,), "costly"),
    Rung("as far, times", detours.gain, (0.5,), "costly"),
    Rung("drift, degrees", detours.drift, (5.0, 20.0), "graded"),
)
"""The same formulas, by another reader."""

MOVED = ("M-COL", "M-DOM", "M-SUP", "M-RMP", "M-LEV", "M-PSH", "M-DOSE", "V-BRK", "V-PLC")
"""The families in which things are moved, and nothing else is; among blocks sand and water are moved, too."""

KEPT = ("M-BITE", "M-BITE-AWAY", "V-BREAK", "V-PLACE")
CAUSES = (
    *PICTURE,
    Rung("blur, px", known.blur, (0.7,), "benign"),
    Rung("gamma", known.gamma, (0.1,), "benign"),
    Rung("effects exchanged", known.exchanged, (0.0,), "wrong"),
    Rung("effects reversed", miscaused.gain, (-1.0,), "wrong", MOVED),
    Rung("effects, times", miscaused.gain, (0.75, 0.5, 0.25), "graded", MOVED),
    Rung("effects, times", miscaused.gain, (1.5, 2.0), "graded", MOVED),
    Rung("kappa alone, effects, times", miscaused.gain, (0.75, 0.5, 0.25), "graded", MOVED, of="kappa"),
    Rung("kappa alone, effects, times", miscaused.gain, (0.25,), "costly", MOVED, of="kappa"),
    Rung("late effect, s", miscaused.late, (0.1, 0.2, 0.5, 1.0), "graded", MOVED),
    Rung(
        "the placebo works", miscaused.reacts, (0.0,), "harmful", (*MOVED, "M-BITE", "M-RIG", "V-GRV", "V-WAT", "V-TNT")
    ),
    Rung("what was done heals", miscaused.healed, (0.0,), "harmful", KEPT),
)
ORDERED = (
    Rung("out of order", miscaused.out_of_order, (0.0,), "harmful", ("M-DOM",)),
    Rung("jelly, diameters", miscaused.jelly, (0.25, 0.5, 1.0, 2.0), "graded", ("M-RIG",)),
    Rung("jelly, diameters", miscaused.jelly, (2.0,), "harmful", ("M-RIG",)),
)
EXPECTED = (
    Rung("expects the impossible", startled.knows_the_wrong_way, (0.0,), "wrong"),
    Rung("startled by cuts", startled.is_startled, (0.0,), "harmful"),
    Rung("misses what is gone, not what is there", startled.misses_what_is_gone, (0.0,), "costly"),
    Rung("knows, and wavers by", startled.knows, (0.01,), "benign"),
    Rung("knows, and wavers by", startled.knows, (0.01, 1.0), "graded"),
)
CHANCES = (
    Rung("codec, crf", dealt.after(known.codec), (17.0, 28.0), "benign"),
    Rung("grain, levels", dealt.after(known.grain), (4.0,), "benign"),
    Rung("shift, px of 128", dealt.after(known.shift), (1.0,), "benign"),
    Rung("blur, px", dealt.after(known.blur), (0.7,), "benign"),
    Rung("gamma", dealt.after(known.gamma), (0.1,), "benign"),
    Rung("told of the other arm", dealt.of_the_other, (0.0,), "wrong"),
    Rung("told of both arms", dealt.of_one, (0.0,), "harmful"),
    Rung("the least likely, each time", dealt.said(dealt.unlikely), (0.0,), "harmful"),
    Rung("the mean of all, each time", dealt.blurred, (0.0,), "costly"),
    Rung("the likeliest, each time", dealt.said(dealt.surer), (1.0,), "costly"),
    Rung("the one that came, each time", known.replay, (0.0,), "costly"),
    Rung("too sure, by", dealt.said(dealt.surer), (0.25, 0.5, 0.75, 1.0), "graded"),
    Rung("too unsure, by", dealt.said(dealt.unsure), (0.5, 1.0), "graded"),
)
RUNGS: dict[str, tuple[Rung, ...]] = {
    "permanence-mujoco": (*UNSEEN, *COUNTED),
    "permanence-voxel": UNSEEN,
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
    "voe-mujoco": EXPECTED,
    "voe-voxel": EXPECTED,
    "futures-mujoco": CHANCES,
    "fidelity": (
        *PICTURE,
        Rung("left for right", known.mirrored, (0.0,), "harmful"),
        Rung("time reversed", known.reversed_time, (0.0,), "costly"),
    ),
    "camera-mujoco": CAMERA,
    "camera-voxel": CAMERA,
    "camera-mujoco-bare": BARE,
    "camera-voxel-bare": BARE,
    "cause-effect-mujoco": (*CAUSES, *ORDERED),
    "cause-effect-voxel": CAUSES,
}
"""By benchmark. What is harmful to one question can be no matter to another."""


@dataclass(frozen=True)
class Step:
    """One row of the finished ladder; `families` has the calibrated score of each family that was asked."""

    name: str
    rule: str
    raw: float
    score: float
    holds: bool
    families: Mapping[str, float] = field(default_factory=dict)


ALL = "all"


def climb(benchmark: Benchmark, twins: Sequence[Twins], *, progress: bool = False) -> list[Step]:
    """Every row of a benchmark's ladder, measured on these twins; rungs of families without any are left out."""

    @cache  # some severities stand in two rungs, and the ceiling in one
    def asked(contestant: Contestant, families: tuple[str, ...]) -> tuple[list[str], Measured]:
        some = [each for each in twins if not families or each.family in families]
        measured = measure(benchmark, some, contestant, samples=times(benchmark, "dev"))
        return [each.template for each in some], measured

    def numbers(contestant: Contestant, families: tuple[str, ...] = (), of: str = "") -> Mapping[str, float]:
        templates, measured = asked(contestant, families)
        number = itemgetter(of) if of else benchmark.headline
        own = by_family(measured.samples, templates, number)
        return {ALL: overall(measured.samples, templates, number), **own}

    @cache
    def scales(families: tuple[str, ...] = (), of: str = "") -> Mapping[str, Scale]:
        lowest = [among(numbers(one, of=of), families) for one in floors(twins)]
        highest = among(numbers(oracles(twins)[-1], of=of), families)
        return {code: Scale(max(floor[code] for floor in lowest), number) for code, number in highest.items()}

    def among(found: Mapping[str, float], families: tuple[str, ...]) -> Mapping[str, float]:
        own = {code: number for code, number in found.items() if code in families}
        return {ALL: float(np.nanmean(list(own.values()))), **own} if own else found

    ends = [(oracles(twins)[0], "perfect"), (oracles(twins)[-1], "ceiling")]
    ends += [(one, "trivial") for one in floors(twins)]
    steps = [_step(one.name, rule, numbers(one), scales()) for one, rule in ends]
    there = {each.family for each in twins}
    for rung in tqdm(RUNGS[benchmark.name], desc=title(benchmark), disable=not progress):
        if rung.families and not there.intersection(rung.families):
            continue
        scale, part = scales(rung.families, rung.of), []
        for severity in rung.severities:
            found = numbers(Corrupted(rung.name, rung.corrupt, severity), rung.families, rung.of)
            part.append(_step(f"{rung.name} {severity:g}".removesuffix(" 0"), rung.rule, found, scale))
        falls = rung.rule != "graded" or _falls([step.score for step in part])
        steps += [replace(step, holds=step.holds and falls) for step in part]
    return steps


def _step(name: str, rule: str, numbers: Mapping[str, float], scales: Mapping[str, Scale]) -> Step:
    scores, number = {code: float(scales[code](found)) for code, found in numbers.items()}, numbers[ALL]
    score = scores.pop(ALL)
    holds = {
        "perfect": number >= 0.97,
        "ceiling": score >= 95,
        "trivial": abs(score) <= 2,
        "wrong": score <= 0,
        "benign": score >= 90,
        "harmful": score <= 5,
        "costly": score <= 60,
        "graded": True,
    }[rule]
    return Step(name, rule, number, score, bool(holds), scores)


def _falls(scores: Sequence[float]) -> bool:
    """Whether each score is below the one before it; ties only at the floor."""
    return all(later < earlier or max(later, earlier) <= 2 for earlier, later in pairwise(scores))


def table(steps: Sequence[Step]) -> str:
    """The ladder as Markdown: the metric card of a benchmark, with a column for each family where there are several."""
    families = [*steps[0].families] if len(steps[0].families) > 1 else []
    heads = "".join(f" {code} |" for code in families)
    lines = [
        f"| contestant | raw | calibrated | must be | holds |{heads}",
        f"|---|--:|--:|---|---|{'--:|' * len(families)}",
    ]
    for step in steps:
        holds = "yes" if step.holds else "**NO**"
        each = "".join(
            f" {step.families[code]:.0f} |".replace("nan", "") if code in step.families else " |" for code in families
        )
        lines.append(f"| {step.name} | {step.raw:.3f} | {step.score:.1f} | {RULES[step.rule]} | {holds} |{each}")
    return "\n".join(lines)


def ladder(
    benchmarks: list[str] | str | None = None, split: str = "quick", size: int | None = None, twins: int | None = None
) -> int:
    """Show that the benchmarks judge rightly: trivial, wrong, harmful and benign answers get what they deserve.

    Args:
        benchmarks: One or several, or `all`; by default the two that ask about one world.
        split: `quick` or `dev`.
        size: Height and width of the frames in pixels; by default what each benchmark is usually asked at.
        twins: Use only so many of the split.

    Returns:
        0, or 1 where a row does not hold.
    """
    failed = 0
    for benchmark in chosen(benchmarks):
        across = size or benchmark.sizes[0]
        asked = list(islice(benchmark.twins(split, size=across), twins))
        steps = climb(benchmark, asked, progress=True)
        failed += sum(not step.holds for step in steps)
        print(f"\n## {title(benchmark)}, {len(asked)} twins, {across} px\n\n{table(steps)}\n")
    print("every row holds" if not failed else f"{failed} rows do not hold")
    return 1 if failed else 0
