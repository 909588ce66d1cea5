"""Where a model fails, in pictures: `index.html` beside its result. What happened, what it showed, where to look."""

from collections.abc import Mapping, Sequence

import numpy as np
from einops import repeat
from jaxtyping import Bool, UInt8

from worldsim.video import png, side_by_side
from worldsim_benchmarks.agreement import agreement
from worldsim_benchmarks.benchmark import Answer, Benchmark, Contestant, Missing, Surprises, Twins, Video
from worldsim_benchmarks.page import figure, page, text
from worldsim_benchmarks.readers import DIFFERS
from worldsim_benchmarks.result import TIERS, Result
from worldsim_benchmarks.stats import Statistic

SHOWN = 6
"""Twins on a page."""
COLUMNS = 10
"""Moments of each, evenly spread."""
GAP = 2
"""White pixels between pictures."""


def failures(benchmark: Benchmark, twins: Sequence[Twins], contestant: Contestant, result: Result, *, seed: int) -> str:
    """The page of a result: its numbers, and the twins on which it did worst, those of each family in turn.

    Args:
        benchmark: Who scored.
        twins: What was asked, in the order of the result's cases.
        contestant: Who answered; it is asked once more about the twins that are shown.
        result: What it got.
        seed: Of the answers.
    """
    interval = f"[{result.low:.1f}, {result.high:.1f}]"
    given = f"{result.tier} ({TIERS[result.tier]})" if result.tier else "not told"
    body = [
        f"<h1>{text(result.contestant)} on {text(result.benchmark)}</h1>",
        f'<div class="cards"><div class="card"><b>{result.score:.1f} <small>{interval}</small></b><span>0 is the best '
        f'trivial answer, 100 the world through a codec</span></div><div class="card"><b>{100 * result.exposure:.0f} %'
        f"</b><span>of the answers came and counted</span></div></div>",
        f"<p class='soft'>Split {text(result.split)}, {len(result.cases)} sets of twins at {result.size} px; given: "
        f"{text(given)}. Every number is in per_episode.csv and result.json beside this page.</p>",
        _numbers({**result.metrics, **{f"family {code}": number for code, number in result.families.items()}}),
        f"<p class='soft'>Not answered: {text(result.silence)}.</p>" if result.unanswered else "",
        _agree(result),
        "<h2>Where it did worst</h2>",
        "<p class='soft'>Of each arm: above, what happened; in the middle, what was answered; below, in white, the "
        "pixels that tell the arm from its twin, or where there is no twin those that were answered wrongly.</p>",
    ]
    for at in worst(result, benchmark.headline):
        each = twins[at]
        [answers] = contestant.answer([each], seed=seed)
        told = ", ".join(f"{name} {_number(value)}" for name, value in result.cases[each.name].items())
        body.append(f"<h3>{text(each.name)}</h3><p class='soft'>{text(told)}</p>")
        for arm, answer in enumerate(answers):
            silent = f": no answer, {answer.reason}" if isinstance(answer, Missing) else ""
            why = each.cases[arm].arm + silent
            body.append(figure(png(strip(each, arm, answer)), why, width=1000))
    return page(f"{result.contestant} on {result.benchmark}", body)


def _agree(result: Result) -> str:
    """Whether two readers agree about it."""
    found = agreement(result)
    if found is None:
        return ""
    one, other = found.metrics
    verdict = "<b>so neither is to be believed</b>" if found.unreliable else "so they are taken to agree"
    return (
        f"<p class='soft'>{text(one)} and {text(other)} are read in two ways. Of {found.judged} sets of twins that "
        f"both could judge they say opposite things of {100 * found.apart:.0f} %, {verdict}.</p>"
    )


def worst(result: Result, statistic: Statistic, shown: int = SHOWN) -> list[int]:
    """The places of the twins with the lowest number of their own, the lowest of each family first."""
    worth = np.asarray(statistic({name: values.mean(0) for name, values in result.values.items()}), float)
    families: dict[str, list[int]] = {}
    for at in np.argsort(np.where(np.isnan(worth), np.inf, worth), kind="stable").tolist():
        families.setdefault(result.kinds[at].partition("/")[0], []).append(at)
    turns = [at for turn in range(shown) for own in families.values() for at in own[turn : turn + 1]]
    return turns[:shown]


def strip(twins: Twins, arm: int, answer: Answer) -> UInt8[np.ndarray, "y x 3"]:
    """Three rows of moments: the truth of an arm, the answer, and where the two twins differ."""
    real = twins.cases[arm].truth.frames
    given = np.full_like(real, 128) if isinstance(answer, Missing) else _drawn(answer, real)
    moments = np.unique(np.linspace(0, len(real) - 1, COLUMNS).round().astype(int))
    mask = repeat(255 * _apart(twins, arm, given).astype(np.uint8), "t h w -> t h w c", c=3)
    rows = [side_by_side([video[moment][None] for moment in moments], GAP)[0] for video in (real, given, mask)]
    return np.concatenate([np.pad(row, [(0, GAP), (0, 0), (0, 0)], constant_values=255) for row in rows])[:-GAP]


def _drawn(answer: Video | Surprises, like: Video) -> Video:
    """A video as it is; surprises as frames, the brighter the more surprising."""
    if answer.ndim > 1:
        return answer
    high = max(float(answer.max() - answer.min()), 1e-12)
    levels = np.round(255 * (answer - answer.min()) / high).astype(np.uint8)
    return np.broadcast_to(levels[:, None, None, None], like.shape).copy()


def _apart(twins: Twins, arm: int, answer: Video) -> Bool[np.ndarray, "t h w"]:
    """The pixels that tell an arm from the next one; without a twin, those in which the answer is wrong."""
    real = twins.cases[arm].truth.frames.astype(int)
    other = twins.cases[(arm + 1) % len(twins.cases)].truth.frames if len(twins.cases) > 1 else answer
    shared = min(len(real), len(other))
    apart = np.zeros(real.shape[:3], bool)
    apart[:shared] = np.abs(real[:shared] - other[:shared]).max(-1) > DIFFERS
    return apart


def _numbers(numbers: Mapping[str, float | None]) -> str:
    heads = "".join(f'<th class="n">{text(name)}</th>' for name in numbers)
    cells = "".join(f'<td class="n">{_number(value)}</td>' for value in numbers.values())
    return f'<div class="scroll"><table><tr>{heads}</tr><tr>{cells}</tr></table></div>'


def _number(value: float | None) -> str:
    return "—" if value is None or np.isnan(value) else f"{round(value, 2) + 0.0:.2f}"
