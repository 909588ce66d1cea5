"""cause-effect-mujoco@2 and cause-effect-voxel@1: does what is done make the difference that it truly makes?

**Question.** One world, told in several arms that differ by one cause: a striker that is there or is not, a post pulled
away, a gate open or closed, a push to the left or to the right, a bite; or a block broken, sand undermined, water let
in, a button pressed, TNT lit. From the context the model imagines every arm, and what is judged is the difference
between them, at things other than the cause itself.

**Arms.** Of each of the twins a pair, which has the cause and has not; `placebo`, in which something else is done that
makes no difference; and `noop`, in which nothing is. Most placebos are held against the factual arm; the finger that
pushes the air instead of the first domino, against the one that stays where it is. Where the arms differ by a change of
the world, all of the context shows it; where they differ by actions, it ends before them.

**Score.** The mean over families of `max(0, ½ (kappa + TDS)) · max(0, Loc) · own`, on the means over a family's twins:

- kappa, interventional concordance, read by colour: `2 <p, r> / (|p|² + |r|²)` of the imagined and the real effect, the
  difference between the arms in where things are (of a bitten cookie: how much of it is to be seen). 1 is equal, 0 no
  effect, -1 reversed; half and twice the effect get 0.8. Over several samples it is taken of their mean.
- TDS, the twin test, on the pixels of the things that are affected (where sand, water, doors or the ground are, on all
  pixels). Pixels that the context told apart already do not count. Where a family asks for what stays (a bite, a block,
  after they were out of sight) only the frames thereafter count, for kappa and TDS both.
- Loc, locality: 1 less the size of what the placebo does to the affected things, in units of what the cause does.
- own: what a family asks besides, 1 where it asks nothing. `Rig` (M-RIG): 1 less how far six marks of the imagined
  chair are from any rigid one. `order` (M-DOM): Kendall's tau of when dominoes fall that are 0.4 of their diameters
  elsewhere. M-DOSE: the mean of `rho`, Spearman's, and `slope`, the smaller to the larger, of effect over dose.

**Also told.** `J`: of what happens in one arm of a pair alone (fell, moved, passed, broke, opened, lit, flowed), hits
in the one plus rejections in the other, less 1. `onset`: exp(-|dt| / 0.2 s) of when effects begin, 0 where none does.
`noop`: whether the same question gets the same answer. `away`: for how long the camera looked elsewhere (s); of a whole
split `half-life`, after how long of that the TDS of what was done has fallen to a half (s), with its 95 % interval from
`half-life low` to `half-life high`, by the curve of `permanence`: a bite that heals where nobody looks has a short one.

**Known limits.** A tower, and a ball past its gate, are asked about only as long as half a pixel at first stays half a
thing (T*, `experiments/chaos.py`). Families that look away have no placebo, and V-BTN, whose walker is hidden behind
the closed door, is judged by TDS alone: a placebo that has an effect costs nothing there.

**Versions.** cause-effect-mujoco 2: of M-DOM, the finger that pushes the air is held against the one that stays (it was
held against the row that falls, and the truth had Loc 0 in a third of these twins), and only what is plainly elsewhere
has a place in the order (the truth had 0 where a domino leans just enough). 1: the first. On the way to it, kappa
counted from the end of the context on alone gave one future told of two arms up to 0.6 where these began apart (a
thrown chair), and counted without regard to it, a frozen picture: the worse of both is taken. Colours are fitted
without what the context told apart, which gave a frozen picture 0.09.

**Source.** Counterfactual pairs from one state: Baradel et al. 2020, "CoPhy: Counterfactual Learning of Physical
Dynamics". kappa is Lin's concordance of two effects with the mean of each known to be zero under no cause (Lin 1989, "A
Concordance Correlation Coefficient to Evaluate Reproducibility"). J: Youden 1950, "Index for rating diagnostic tests".
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import cycle, islice

import numpy as np
from jaxtyping import Float

from worldsim_benchmarks import effects, halflife
from worldsim_benchmarks.benchmark import SPLITS, Score, Twins, Video
from worldsim_benchmarks.causes import MUJOCO, VOXEL
from worldsim_benchmarks.effects import LEAST_AREA
from worldsim_benchmarks.pairs import CARRIED, EFFECT, Event, Family, Pair, elsewhere
from worldsim_benchmarks.readers import DIFFERS, Reader, twin_test
from worldsim_benchmarks.rigid import rigidity
from worldsim_benchmarks.trial import reader
from worldsim_envs.minecraft.blocks import INDEX
from worldsim_envs.variation import spell

UNDECIDED = 0.2
"""By how much of their distance an answer must be nearer to one arm than to the other to be like it."""


class CauseEffect:
    """Cause and effect in one kind of world; the module's docstring is its page.

    Args:
        name: Of the benchmark.
        families: What is asked.
        version: Of what is asked and how it is scored.
        sizes: At how many pixels across it can be read.
        template: How the worlds look.
        ranges: From where their parameters are drawn.
    """

    metrics = ("kappa", "TDS", "Loc", "Rig", "order", "rho", "slope", "J", "onset", "noop", "away")

    def __init__(
        self,
        name: str,
        families: Sequence[Family],
        *,
        version: int = 1,
        sizes: tuple[int, ...] = (64, 128, 256),
        template: str = "palette",
        ranges: str = "train",
    ):
        self.version, self.sizes = version, sizes
        self.name, self.families = name, {family.code: family for family in families}
        self.template, self.ranges = template, ranges
        self.coloured = tuple(dict.fromkeys(family.scene for family in families))

    def twins(self, split: str, *, size: int) -> Iterator[Twins]:
        """Worlds in which the cause shows, each family in turn."""
        first, wanted = SPLITS[split]
        streams = [self._of(family, first, size) for family in self.families.values()]
        yield from (next(stream) for stream in islice(cycle(streams), wanted))

    def _of(self, family: Family, first: int, size: int) -> Iterator[Twins]:
        """The twins of a family, of each of its questions in turn."""
        questions = family.questions(self.template, self.ranges)
        for each in (
            next(stream) for stream in cycle([question.all_twins(first, size=size) for question in questions])
        ):
            seed = int(each.name.rpartition("/")[2])
            yield replace(each, template=f"{each.template}/{spell(seed)} s") if family.kept == "away" else each

    def score(self, twins: Twins, answers: Sequence[Video]) -> dict[str, Score]:
        """Every metric of one answer."""
        found = {name: Score(np.nan, f"{twins.family} does not ask for it") for name in self.metrics}
        for name, value in self._asked(twins, answers).values().items():
            found[name] = Score(value) if np.isfinite(value) else Score(np.nan, f"these twins do not show {name}")
        return found

    def pool(self, twins: Twins, samples: Sequence[Sequence[Video]]) -> dict[str, Score]:
        """kappa of several answers together, which is that of their mean effect."""
        asked = [self._asked(twins, answers) for answers in samples]
        if not asked[0].family.state:
            return {}
        return {"kappa": Score(asked[0].pair.agreement(np.stack([each.change for each in asked])))}

    def whole(self, values: Mapping[str, Float[np.ndarray, " m"]]) -> dict[str, float]:
        """The half-life of what was done, over all twins in which the camera looks away."""
        if not any(family.kept == "away" for family in self.families.values()):
            return {}
        return halflife.told(values["away"], values["TDS"])

    def _asked(self, twins: Twins, answers: Sequence[Video]) -> "Asked":
        return Asked(self.families[twins.family], twins, answers, reader(twins.reader))

    def headline(self, means: Mapping[str, np.ndarray | float]) -> np.ndarray | float:
        """`max(0, ½ (kappa + TDS)) · max(0, Loc) · own` of a family."""
        skill = np.where(np.isnan(means["kappa"]), means["TDS"], (means["kappa"] + means["TDS"]) / 2)
        own = [means["Loc"], means["Rig"], means["order"], (means["rho"] + means["slope"]) / 2]
        return np.maximum(0, skill) * np.prod([np.where(np.isnan(one), 1, np.maximum(0, one)) for one in own], 0)


def mujoco() -> CauseEffect:
    """The causes of MuJoCo's scenes."""
    return CauseEffect("cause-effect-mujoco", MUJOCO, version=2)


def voxel() -> CauseEffect:
    """The causes among blocks; at 256 pixels what JPEG leaves of two of the scenes is not admitted."""
    return CauseEffect("cause-effect-voxel", VOXEL, sizes=(64, 128))


class Asked:
    """One set of twins, and what was answered to it.

    Args:
        family: Of what kind they are.
        twins: The cases; the first two are the pair.
        answers: One video for each of them.
        by: Who finds things in them.
    """

    def __init__(self, family: Family, twins: Twins, answers: Sequence[Video], by: Reader):
        one, other = twins.cases[:2]
        self.family, self.cases, self.answers = family, twins.cases, answers
        self.arms = [case.arm for case in self.cases]
        self.pair = Pair(family, one.before, one.truth, other.before, other.truth)
        self.sightings = {i: by.read(answers[i]) for i, arm in enumerate(self.arms) if arm != "noop"}
        self.seen = {
            i: effects.read(sighting, self.pair.hues, len(answers[i])) for i, sighting in self.sightings.items()
        }
        self.change = self.pair.change(self.seen[0], self.seen[1])

    def values(self) -> dict[str, float]:
        """Every metric that the family asks for."""
        pair = self.pair
        found = {"TDS": self._told_apart(), "J": self._events()}
        if self.family.state:
            found["kappa"] = pair.agreement(self.change[None])
        if self.family.placebos:
            found["noop"] = self._same()
        if self.family.kept == "away":
            one = self.cases[0]
            found["away"] = elsewhere(one.truth.pose, one.before.pose[:1]).sum() / one.fps
        if self.family.placebos and self.family.state:
            found["Loc"] = self._local()
        if self.family.state == "centre" and not self.family.kept:
            plain = np.where(pair.asked[..., None], pair.real, 0)
            real = effects.onsets(plain, pair.wide)
            mine = effects.onsets(np.nan_to_num(self.change), pair.wide)
            found["onset"] = effects.timing(mine, real, self.cases[0].fps)
            if self.family.extra == "order":
                well = np.linalg.norm(plain, axis=-1).max(0) >= EFFECT * pair.wide
                found["order"] = effects.order(mine, np.where(well, real, np.inf))
        if self.family.doses:
            found["rho"], found["slope"] = self._response(self.family.doses)
        if self.family.extra == "Rig":
            found["Rig"] = self._rigid()
        return found

    def _told_apart(self) -> float:
        """The twin test of the pair."""
        frames = [truth.frames for truth in self.pair.truths]
        seen = np.broadcast_to(~self.pair.told, self.pair.pixels.shape)
        scores = twin_test(frames, self.answers[:2], self.pair.frames, seen, self.pair.pixels)
        return float(scores[~np.isnan(scores)].mean())

    def _like(self, control: int) -> int:
        """The case that a placebo, or doing nothing else, is like."""
        return self.arms.index(self.family.like(self.arms[control]))

    def _local(self) -> float:
        """Locality on the placebo."""
        placebo = next(i for i, arm in enumerate(self.arms) if arm.startswith("placebo"))
        like = self._like(placebo)
        truths = [self.cases[i].truth for i in (like, placebo)]
        well = [self.pair.truly(truth) for truth in truths]
        real = (
            self.pair.real
            if like < 2
            else np.nan_to_num(self.pair.change(self.pair.truly(self.pair.truths[1]), well[0]))
        )
        held = ~elsewhere(truths[0].pose, truths[1].pose)
        acting = self.pair.asked & (np.linalg.norm(real, axis=-1) > effects.NOISE)
        asked = acting & well[0].well & well[1].well & held[:, None]
        one, other = (self.seen[i].state(self.family.state) for i in (like, placebo))
        return effects.locality(other - one, asked, effects.strength(real, acting))

    def _same(self) -> float:
        """Whether the same question got the same answer, give or take a rounding."""
        idle = self.arms.index("noop")
        like, again = (self.answers[i].astype(int) for i in (self._like(idle), idle))
        return float(np.abs(like - again).max() <= 2)

    def _response(self, doses: Mapping[str, float]) -> tuple[float, float]:
        """How the effect rises with its dose."""
        rows = [i for i, arm in enumerate(self.arms) if arm in doses]
        real = [self.pair.reached(self.pair.truly(self.cases[i].truth)) for i in rows]
        mine = [self.pair.reached(self.seen[i]) for i in rows]
        return effects.response([doses[self.arms[i]] for i in rows], mine, real)

    def _rigid(self) -> float:
        """How rigid the pair's marked body is, over the frames in which that can be told."""
        pair = self.cases[:2]
        scores = np.concatenate(
            [rigidity(case.truth, self.seen[i].centre, self.pair.hues) for i, case in enumerate(pair)]
        )
        asked = scores[~np.isnan(scores)]
        return float(asked.mean()) if len(asked) else np.nan

    def _events(self) -> float:
        """Youden's J over what happens in one arm alone; NaN where nothing does."""
        marks = [mark for event in self.family.events if (mark := self._event(event)) is not None]
        return float(np.mean(marks)) if marks else np.nan

    def _event(self, event: Event) -> float | None:
        """1 where an event is read in the arm in which it happens and in no other; None where both arms are alike."""
        return self._of_blocks(event) if event.kinds else self._of_thing(event)

    def _of_thing(self, event: Event) -> float | None:
        """By its hue: is the thing nearer to where it is in this arm than to where it is in the other?"""
        pair = self.pair
        slot = pair.carried if event.slot == CARRIED else event.slot
        if slot in pair.changed:
            return None
        at, hues = int(np.flatnonzero(pair.frames)[-1]), [pair.paint[slot]]
        real = [effects.truly(truth, hues).state(self.family.state)[at, 0] for truth in pair.truths]
        if event.fact == "went":
            happens = _apart(*real) > EFFECT * pair.truths[0].diameter[slot]
        else:
            told = [truth.state[event.fact][at] for truth in pair.truths]
            one, other = (bool(fact[slot] if np.ndim(fact) else fact) for fact in told)
            happens = one != other
        if not happens or _apart(*real) == 0:
            return None
        rights = []
        for i in range(2):
            sighting, frames = self.sightings[i], len(pair.truths[i].frames)
            mine = effects.read(sighting, hues, frames).state(self.family.state)[at, 0]
            own, other = _apart(mine, real[i]), _apart(mine, real[1 - i])
            rights.append(0.5 if own == other and np.isfinite(own) else float(own < other))
        return sum(rights) - 1

    def _of_blocks(self, event: Event) -> float | None:
        """By the twin test, where blocks of the kinds are in either arm: do the pixels look like this arm's?"""
        one, other = self.pair.truths
        numbers = [one.state["present"].shape[1] - 1 + INDEX[kind] for kind in event.kinds]
        apart = np.abs(one.frames.astype(int) - other.frames).max(-1) > DIFFERS
        where = apart & (np.isin(one.state["ids"], numbers) | np.isin(other.state["ids"], numbers))
        at = int(where.sum((1, 2)).argmax())
        if where[at].sum() < LEAST_AREA:
            return None
        a, b = (truth.frames[at][where[at]].astype(float) for truth in (one, other))
        mine = [self.answers[i][at][where[at]].astype(float) for i in range(2)]
        between = np.abs(a - b).mean()
        nearer = [np.abs(mine[0] - b).mean() - np.abs(mine[0] - a).mean()]
        nearer.append(np.abs(mine[1] - a).mean() - np.abs(mine[1] - b).mean())
        return sum(0.5 + 0.5 * np.sign(near) * (abs(near) > UNDECIDED * between) for near in nearer) - 1


def _apart(one: np.ndarray, other: np.ndarray) -> float:
    """How far apart two states are: infinitely where but one of them is there, not at all where neither is."""
    missing = np.isnan(one).any(), np.isnan(other).any()
    return float(np.linalg.norm(one - other)) if not any(missing) else 0.0 if all(missing) else float("inf")
