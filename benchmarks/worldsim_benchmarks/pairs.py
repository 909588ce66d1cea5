"""What a family of causes asks: which arms are compared, of which things, in which frames, at which pixels."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float

from worldsim_benchmarks import effects
from worldsim_benchmarks.benchmark import Truth
from worldsim_benchmarks.cases import Cut, Question, Told
from worldsim_benchmarks.effects import LEAST_AREA, Seen
from worldsim_benchmarks.readers import DIFFERS, EXPOSED

EFFECT = 0.4
"""By how many of its diameters something must be elsewhere for an effect to be asked about."""

FACTUAL = "factual"
"""The arm in which all goes as it usually does."""

CARRIED = -1
"""Stands for the slot of what is carried at first, and is put down."""

LASTS = 4
"""In how many frames the arms must be told apart by their pixels."""


class Event(NamedTuple):
    """Something that happens in one arm and not in another.

    Attributes:
        fact: By what name truth tells of it; `went`, where a thing is elsewhere than in the other arm.
        slot: Of the thing at which it is read by its hue.
        kinds: Or of the blocks at which it is read, by the twin test.
    """

    fact: str
    slot: int = 0
    kinds: tuple[str, ...] = ()


@dataclass(frozen=True)
class Family:
    """One kind of cause.

    Attributes:
        code: Such as `M-COL`.
        scene: Its world.
        pairs: What is compared: the names of two arms.
        things: The slots of what may be affected.
        context, future: Frames that are seen, and asked about.
        own: The slots of what is the cause, or in its hands: its pixels do not count. Neither do those of what is put
            down, but where it is asked whether it stays.
        placebos: Arms in which nothing is affected.
        state: What is read of the things: their `centre` or their `area`, or nothing, where they are hidden in one arm.
        pixels: Those of the `things` alone count, or of `all`.
        events: What can happen.
        kept: What is asked for is what is left, after a thing was taken `out` of sight or the camera was turned `away`.
        doses: The strength of each further arm, by name.
        alike: The arm that a placebo is like, by its name, where that is not the factual one.
        extra: What its own number is besides: the name of a metric.
    """

    code: str
    scene: str
    pairs: tuple[tuple[str, str], ...]
    things: tuple[int, ...]
    context: int = 8
    future: int = 32
    own: tuple[int, ...] = ()
    placebos: tuple[str, ...] = ("placebo", "placebo:light")
    state: str = "centre"
    pixels: str = "things"
    events: tuple[Event, ...] = ()
    kept: str = ""
    doses: Mapping[str, float] | None = None
    alike: Mapping[str, str] = field(default_factory=dict)
    extra: str = ""

    def like(self, control: str) -> str:
        """The arm of whose affected things a placebo, or doing nothing else, changes nothing."""
        return self.alike.get(control, FACTUAL)

    def questions(self, template: str, ranges: str) -> list[Question]:
        """Each of the pairs with each of the placebos, in turn."""
        rounds = np.lcm(len(self.pairs), max(len(self.placebos), 1))
        found = []
        for turn in range(rounds):
            pair = self.pairs[turn % len(self.pairs)]
            controls = [self.placebos[turn % len(self.placebos)], "noop"] if self.placebos else []
            doses = [arm for arm in self.doses or () if arm not in pair]
            likes = dict.fromkeys(self.like(control) for control in controls)
            others = [arm for arm in likes if arm not in (*pair, *doses)]
            arms = (*pair, *others, *doses, *controls)
            steps = None if self.kept == "away" else self.context + self.future - 1
            found.append(Question(self.code, self.scene, arms, self.cut, template, ranges, steps=steps))
        return found

    def cut(self, told: Sequence[Told]) -> Cut | None:
        """Where an episode is cut; None where its pair does not show the effect plainly."""
        one, other = (each.truth for each in told[:2])
        future = self.future
        if self.kept == "away":
            back = int(np.flatnonzero(_away(one))[-1]) + 1
            future = min(back + 8, len(one.frames)) - self.context
        parts = [(truth.cut(0, self.context), truth.cut(self.context, self.context + future)) for truth in (one, other)]
        pair = Pair(self, *parts[0], *parts[1])
        if not pair.shows():
            return None
        if self.doses:
            arms = [*self.pairs[0], *(arm for arm in self.doses if arm not in self.pairs[0])]
            futures = [each.truth.cut(self.context, self.context + future) for each in told[: len(arms)]]
            reached = [pair.reached(pair.truly(truth)) for truth in futures]
            rising = [reached[i] for i in np.argsort([self.doses[arm] for arm in arms])]
            if not (np.diff(rising) > 0).all():
                return None
        return Cut(self.context, future)


def elsewhere(pose: Float[np.ndarray, "t 4 4"], other: Float[np.ndarray, "u 4 4"]) -> Bool[np.ndarray, " t"]:
    """In which frames a camera is not where the other is."""
    return np.abs(pose - other).max((1, 2)) > 1e-6


def _away(truth: Truth) -> Bool[np.ndarray, " t"]:
    """In which frames the camera is elsewhere than at first."""
    return elsewhere(truth.pose, truth.pose[:1])


class Pair:
    """What is true of two arms, and what about it is asked.

    Args:
        family: Of what kind they are.
        before_one, one, before_other, other: The truth of the context and of the future of each arm.

    Attributes:
        hues: Of the things that may be affected.
        frames: In which frames anything is asked.
        asked: In which frames each hue's effect is.
        pixels: At which pixels of which frames the twin test asks.
        told: Which pixels the context told apart.
        real: The effect, by frame and hue.
        wide: The diameter of what has each hue (px).
    """

    def __init__(self, family: Family, before_one: Truth, one: Truth, before_other: Truth, other: Truth):
        self.family, self.truths, self.befores = family, (one, other), (before_one, before_other)
        there = [before.state["present"][-1] for before in self.befores]
        came = ~there[0] & ~there[1] & (one.state["present"].any(0) | other.state["present"].any(0))
        self.carried = int(np.flatnonzero(came)[0]) if came.any() else -1
        self.changed = np.flatnonzero(there[0] != there[1]).tolist()
        self.own = [*family.own, *self.changed, *([] if family.kept else np.flatnonzero(came).tolist())]
        self.paint = np.maximum(one.state["hue"].max(0), other.state["hue"].max(0)).tolist()
        self.hues = list(dict.fromkeys(self.paint[slot] for slot in family.things if slot not in self.own))
        self.frames = self._frames()
        seen = [self.truly(truth) for truth in self.truths]
        starts = [self.truly(before).state(family.state)[-1] for before in self.befores]
        self.start, self.apart = starts[0], np.nan_to_num(starts[0] - starts[1])
        self.asked = seen[0].well & seen[1].well & self.frames[:, None]
        self.real = np.nan_to_num(self.change(*seen))
        widths = [
            [truth.diameter[truth.state["hue"].max(0) == hue].max() for hue in self.hues] for truth in self.truths
        ]
        self.wide = np.max(widths, 0)
        self.told = np.abs(before_one.frames.astype(int) - before_other.frames).max((0, -1)) > 2
        self.pixels = self._pixels()

    def truly(self, truth: Truth) -> Seen:
        """What is to be seen of the things, by the simulator's masks."""
        return effects.truly(truth, self.hues)

    def change(self, one: Seen, other: Seen) -> np.ndarray:
        """The effect in what was seen of two arms, `[t h s]`: since the context ended, by how much more one changed."""
        return one.state(self.family.state) - other.state(self.family.state) - self.apart

    def agreement(self, changes: Float[np.ndarray, "k t h s"]) -> float:
        """kappa of some samples: the worse of both ways to count, from the end of the context on and in all."""
        both = (np.zeros_like(self.apart), self.apart)
        return min(effects.concordance(changes + start, self.real + start, self.asked) for start in both)

    def shows(self) -> bool:
        """Whether the effect is plain to see: something is elsewhere, and enough pixels tell the arms apart."""
        size = np.where(self.asked, np.linalg.norm(self.real, axis=-1), 0)
        least = {"centre": EFFECT * self.wide, "area": 2.0 * LEAST_AREA, "": 0.0}[self.family.state]
        apart = np.abs(self.truths[0].frames.astype(int) - self.truths[1].frames).max(-1) > DIFFERS
        told = (apart & self.pixels).sum((1, 2)) >= EXPOSED
        return bool((size >= least).any() and (told & self.frames).sum() >= LASTS)

    def reached(self, seen: Seen) -> float:
        """How far the first thing has gone in the last quarter of the future (px); NaN where it is not seen."""
        way = np.linalg.norm(seen.centre[:, 0] - self.start[0], axis=-1)
        return float(way[-len(way) // 4 :].mean())

    def _frames(self) -> Bool[np.ndarray, " t"]:
        one = self.truths[0]
        if self.family.kept == "away":
            away = elsewhere(one.pose, self.befores[0].pose[:1])
            return np.arange(len(away)) > np.flatnonzero(away)[-1]
        if self.family.kept == "out":
            there = one.area[:, self.family.things[-1]] > 0
            return np.arange(len(there)) > np.flatnonzero(there)[-1]
        return np.ones(len(one.frames), bool)

    def _pixels(self) -> Bool[np.ndarray, "t h w"]:
        """Where the affected things are in either arm and no cause is, and the context did not tell the arms apart."""
        one, other = (truth.state["ids"] for truth in self.truths)
        cause = np.isin(one, self.own) | np.isin(other, self.own)
        affected = np.isin(one, self.family.things) | np.isin(other, self.family.things)
        return (affected | (self.family.pixels == "all")) & ~cause & ~self.told
