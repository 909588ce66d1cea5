"""Object permanence: does what cannot be seen still exist, where it should be and as what it was, and nothing else?

**Question.** A thing is seen, then hidden (behind a screen, in a tunnel, a cup or a box, by a block or the dark, or
because one looks or walks away), then seen again. The model has seen it before, imagines the time in which it is
hidden, and what there is to be seen afterwards. Its twin is the same world without that thing, or with two exchanged.

`permanence-mujoco` and `permanence-voxel` ask so in all families of their suite, `permanence` of one world alone,
`Hidden`, for models that know but that: from eight frames the next 32 (3.2 s).

**Arms.** `present`, `absent`: one saved state, the thing removed in one of them. In some families there is a third, in
which two things have each other's place or hue (`do:exchange`, `swapped`), so that it matters which is which; in M-CNT
there is one more or one less (`do:more`, `do:less`). Several arms are judged in pairs, the first with each other one,
and the pairs of one world count alike.

**Score.** A family's is `sqrt(max(0, OP) · max(0, TDS))` on the means over its twins, a benchmark's the mean of its
families', where

- OP = (R - F)(1 - L)(1 - X), read by colour. What is asked about is what tells the pair apart: what only one of them
  has, or else what has another hue, or is elsewhere. R: how well it re-appears where, in the hue and as large as it
  truly does (in the suites: as large as the reader finds it in the truth); F: how well the answer to the twin shows it
  there; L: how often its hue is seen while it is wholly hidden; X: how often anything is seen that is not there, in the
  worse of the arms, and of the time in which the thing is seen again and the rest. In M-CNT the product is taken by how
  often just as many things are seen as there are: a miscount scores nothing.
- TDS, the twin test on the frames in which it is seen again; no reader involved.

The same answer to both twins has R = F and TDS = 0, so what is always or never shown scores nothing, and neither does a
wrong identity: in the pairs with an exchange F is how well the answer suits the other twin, so a swap has R = 0 and
F = 1. OP alone depends on a colour reader; TDS alone is blind to duplicates and to things drawn in front of what hides
them. The geometric mean lets neither make up for the other.

In M-CRD nothing is hidden. R and F are then of the frames in which the thing is no longer where it was seen last.

**Also told.** In the suites: `kappa`, which of the things that come again is which (1 all right, 0 by chance or unseen,
-1 for two exchanged); `count`, 1 - |n' - n| / n (M-CNT); `births`, how often in a hundred frames one more thing is seen
than there is (M-CRD); `advanced`, `frozen`, `reset`, `deleted`, in which share of the frames after looking away an
answer is nearest to what truly came, to what was last seen, to the beginning, and to a world without the thing (M-CAM);
and `hidden`, for how long the thing was hidden (s). Of a whole split `half-life`, after how long hidden OP has fallen
to a half (s), by a logistic curve in the logarithm of time, with its 95 % interval from `half-life low` to
`half-life high`; it is never said to be more than twice the longest time asked about, nor less than half the shortest.

**Known limits.** Only looks that a reader of things is admitted to; a thing must be at least ten pixels large. In
`permanence@3` X is of all the time in which the thing is not hidden, and counts what is displaced, too, of which R
knows already. M-CRD asks of one thing of many. In V-PLACE and V-BREAK a walker goes on unseen, and counts in TDS. Where
a camera turns, an answer whose camera is late leaks. A thing that rests looks alike whether it was frozen or went on
(M-CAM, after short times).

**Versions.** permanence 1: the trivial row `random-other` was shown the arm of another episode that goes by the same
name, so it knew which arm it was asked about, and put the floor at 0.025. 2: it is shown one future for both, and the
floor is 0; the reader no longer takes the seam of two things that touch for a third one. 3: nor that of two blurred
ones. It reports slivers again, which version 2 took for seams. permanence-mujoco 1: the first. permanence-voxel 1:
V-LONG asked about an exchange of two blocks that mostly stand within a diameter of one another in the picture, so the
truth itself scored 0.71. 2: it asks for presence alone, and nowhere is an exchange asked about that cannot be told.

**Source.** Violation-of-expectation designs with spliced twins follow Piloto et al., Intuitive physics learning in a
deep-learning model inspired by developmental psychology, Nature Human Behaviour 6 (2022); the formulas are ours.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np
from jaxtyping import Float

from worldsim_benchmarks import halflife
from worldsim_benchmarks.benchmark import SPLITS, Case, Score, Truth, Twins, Video
from worldsim_benchmarks.cases import case, happen, make, still_actions
from worldsim_benchmarks.objects import (
    LEAST_AREA,
    apart,
    as_read,
    believed,
    births,
    come_again,
    counted,
    identity,
    in_the_light,
    leaks,
    reappears,
    surplus,
    unmatched,
    windows,
)
from worldsim_benchmarks.readers import Sighting, twin_test
from worldsim_benchmarks.trial import reader

SCENE = "Hidden-v0"
CONTEXT = 8
FUTURE = 32

METRICS = ("R", "F", "L", "X", "OP", "TDS")
TOLD = ("kappa", "count", "births", "advanced", "frozen", "reset", "deleted", "hidden")
"""What the suites tell besides."""
BELIEFS = ("frozen", "reset", "deleted")

REASONS = {
    "TDS": "the twins never differ by twenty pixels after the thing was hidden",
    "kappa": "fewer than two things are seen again at once",
    "count": "nothing is to be counted here",
    "births": "nothing is in the open here",
    "hidden": "nothing is hidden here",
    **dict.fromkeys(("advanced", *BELIEFS), "nothing goes on unseen here"),
}


def of_hidden(split: str, *, size: int) -> Iterator[Twins]:
    """Worlds in which something is seen, then wholly hidden for 0.4 s or more, then seen for 0.5 s or more."""
    seed, wanted = SPLITS[split]
    env = make(SCENE, size=size)
    actions = still_actions(env, CONTEXT + FUTURE - 1)
    found = 0
    while found < wanted:
        seed += 1
        present = happen(env, seed=seed, actions=actions)
        target = choose(present[1])
        if target is None:
            continue
        absent = happen(env, seed=seed, actions=actions, change=f"remove:{target}")
        things = int((present[1].hue >= 0).sum())
        name = f"M-OCC/{things}/{seed}"
        about = {"scene": SCENE, "context": CONTEXT, "fps": env.metadata["render_fps"], "notes": {"target": target}}
        arms = (("present", present), ("absent", absent))
        cases = tuple(case(f"{name}/{arm}", arm, told, actions, **about) for arm, told in arms)
        yield Twins(name, f"M-OCC/{things}", cases)
        found += 1
    env.close()


def choose(truth: Truth) -> int | None:
    """The object to ask about in a whole episode: seen in the context, then hidden, then seen again; or none."""
    for i in np.flatnonzero(truth.hue >= 0):
        seen = truth.visible[:CONTEXT, i] > 0.9
        hidden, again = windows(truth.cut(CONTEXT), int(i))
        if seen.sum() >= 3 and truth.area[:CONTEXT, i].max() >= 3 * LEAST_AREA and len(hidden) >= 4 and len(again) >= 5:
            return int(i)
    return None


class Answered(NamedTuple):
    """A case, the answer to it, and what is read of that by colour."""

    case: Case
    video: Video
    sighting: Sighting


class Permanence:
    """Object permanence in any family; the module's docstring is its page.

    Args:
        name: On the board.
        version: Of what is asked and how it is scored.
        asked: The twins of a split at a picture size.
        coloured: The worlds that these are of.
        sizes: At which all of these are admitted.
        suite: Whether to tell all of `TOLD`, and to count as spurious what is too much and not what is displaced.
    """

    def __init__(
        self,
        name: str = "permanence",
        version: int = 3,
        asked: Callable[..., Iterator[Twins]] = of_hidden,
        coloured: tuple[str, ...] = (f"worldsim/{SCENE}",),
        sizes: tuple[int, ...] = (64, 128, 256),
        *,
        suite: bool = False,
    ):
        self.name, self.version, self.coloured, self.sizes, self.suite = name, version, coloured, sizes, suite
        self.metrics: tuple[str, ...] = METRICS + (TOLD if suite else ())
        self._asked = asked

    def twins(self, split: str, *, size: int) -> Iterator[Twins]:
        """The cases of a split, the families in turn."""
        for each in self._asked(split, size=size):
            yield self.seen(each) if self.suite else each

    def seen(self, twins: Twins) -> Twins:
        """Twins whose truths are those of one who looks, with the eyes of the reader."""
        by = reader(twins.reader)
        cases = [
            replace(case, truth=as_read(in_the_light(case.truth), by), before=in_the_light(case.before))
            for case in twins.cases
        ]
        return replace(twins, cases=tuple(cases))

    def score(self, twins: Twins, answers: Sequence[Video]) -> dict[str, Score]:
        """The mean, over the pairs of the first case with each other one, of all that is read of a pair."""
        by = reader(twins.reader)
        first, *others = [
            Answered(case, answer, by.read(answer)) for case, answer in zip(twins.cases, answers, strict=True)
        ]
        read = [self._pair(first, other) for other in others]
        if twins.beliefs:
            read[0] |= _beliefs(first, others[0], twins.beliefs)
        scores = {}
        for name in self.metrics:
            values = np.array([pair.get(name, np.nan) for pair in read])
            known = values[~np.isnan(values)]
            scores[name] = Score(float(known.mean())) if len(known) else Score(float("nan"), REASONS[name])
        return scores

    def headline(self, means: Mapping[str, np.ndarray | float]) -> np.ndarray | float:
        """`sqrt(max(0, OP) · max(0, TDS))`."""
        return np.sqrt(np.maximum(0, means["OP"]) * np.maximum(0, means["TDS"]))

    def whole(self, values: Mapping[str, Float[np.ndarray, " m"]]) -> dict[str, float]:
        """The half-life, over all twins in which something was hidden."""
        if not self.suite:
            return {}
        return halflife.told(values["hidden"], values["OP"])

    def _pair(self, one: Answered, other: Answered) -> dict[str, float]:
        """What is read of the answers to two cases."""
        both, asked = (one, other), apart(one.case, other.case)
        shown, false = [], []
        for own, twin, things in zip(both, both[::-1], asked, strict=True):
            if things:
                shown.append(reappears(own.sighting, own.case.truth, things))
                false.append(reappears(twin.sighting, own.case.truth, things))
        hidden = [{t for each in things for t in each.hidden} for things in asked]
        leak = [leaks(own.sighting, own.case.truth, things) for own, things in zip(both, asked, strict=True)]
        again = np.zeros(len(one.video), bool)
        again[[t for things in asked for each in things for t in each.again]] = True
        truths, videos = [own.case.truth.frames for own in both], [own.video for own in both]
        read = {
            "R": np.mean(shown),
            "F": np.mean(false),
            "L": np.nan_to_num(_mean(leak)),
            "X": max(self._spurious(own, again, behind) for own, behind in zip(both, hidden, strict=True)),
            "TDS": _mean(twin_test(truths, videos, again)),
        }
        read["OP"] = (read["R"] - read["F"]) * (1 - read["L"]) * (1 - read["X"])
        if self.suite:
            read |= _told(one, other, np.flatnonzero(again).tolist())
            if one.case.notes.get("count"):
                read["OP"] *= read["exact"]
        return {name: float(value) for name, value in read.items()}

    def _spurious(self, own: Answered, again: np.ndarray, hidden: set[int]) -> float:
        """How often anything is seen that is not there: in the suites in the worse of two times, `again` and else."""
        frames, truth = range(len(again)), own.case.truth
        if not self.suite:
            return _mean([unmatched(own.sighting, truth, t) for t in frames if t not in hidden])
        more = np.array([surplus(own.sighting, truth, t) > 0 for t in frames])
        return float(np.nanmax([_mean(more[again]), _mean(more[~again])]))


def _told(one: Answered, other: Answered, again: list[int]) -> dict[str, float]:
    """What is told of a pair besides its score; NaN where it is not asked."""
    both = (one, other)
    read = {"kappa": _mean([identity(each.sighting, each.case.truth, come_again(each.case)) for each in both])}
    hidden = [len(each.hidden) for things in apart(one.case, other.case) for each in things if each.hidden]
    read["hidden"] = _mean(hidden) / one.case.fps
    if one.case.notes.get("open"):
        read["births"] = _mean([births(each.sighting, each.case.truth) for each in both])
    if one.case.notes.get("count"):
        counts = [counted(each.sighting, each.case.truth, again) for each in both]
        read["count"], read["exact"] = (_mean(values) for values in zip(*counts, strict=True))
    return read


def _beliefs(first: Answered, other: Answered, renders: Mapping[str, Video]) -> dict[str, float]:
    """In which share of the frames an answer is nearest to the truth, and to each other belief."""
    things = apart(first.case, other.case)[0]
    frames = [t for each in things for t in each.again]
    shares = believed(first.video, first.case.truth, [renders[name] for name in BELIEFS], frames)
    return {} if shares is None else dict(zip(("advanced", *BELIEFS), shares.tolist(), strict=True))


def _mean(values: Sequence[float | int] | np.ndarray) -> float:
    """The mean of what is known; NaN where nothing is."""
    known = np.asarray(values, float)
    known = known[~np.isnan(known)]
    return float(known.mean()) if len(known) else float("nan")
