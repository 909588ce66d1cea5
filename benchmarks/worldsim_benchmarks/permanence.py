"""permanence@3: does a thing that passes behind a screen come out again, and only then?

**Question.** A coloured thing enters, in sight for eight frames, passes behind an opaque grey screen and comes out on
the other side. Its twin is the same world without that thing. From eight frames the model imagines the next 32 (3.2 s).

**Arms.** `present`, `absent`: one saved state, the thing removed in one of them.

**Score.** `sqrt(max(0, OP) · max(0, TDS))` on the means over twins, where

- OP = (R - F)(1 - L)(1 - X), read by colour. R: how well the thing re-appears where and as large as it truly does; F:
  the same on the absent twin; L: how often it is seen while it is wholly hidden; X: how often anything is seen that is
  not there, in the worse of the arms, while the thing is not hidden (then L counts it).
- TDS, the twin test on the frames after the thing has been hidden; no reader involved.

OP alone depends on a colour reader; TDS alone is blind to duplicates and to things drawn in front of the screen. The
geometric mean lets neither make up for the other.

**Known limits.** Palette scenes only; a thing must be at least ten pixels large.

**Versions.** 1: the trivial row `random-other` was shown the arm of another episode that goes by the same name, so it
knew which arm it was asked about, and put the floor at 0.025. 2: it is shown one future for both, and the
floor is 0; the reader no longer takes the seam of two things that touch for a third one. 3: nor that of two blurred
ones. It reports slivers again, which version 2 took for seams.

**Source.** Violation-of-expectation designs with spliced twins follow Piloto et al., Intuitive physics learning in a
deep-learning model inspired by developmental psychology, Nature Human Behaviour 6 (2022); the formulas are ours.
"""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from worldsim_benchmarks.benchmark import SPLITS, Score, Truth, Twins, Video
from worldsim_benchmarks.cases import case, happen, make, still_actions
from worldsim_benchmarks.readers import ColourReader, Sighting, twin_test
from worldsim_envs.palette import RGB

SCENE = "Hidden-v0"
CONTEXT = 8
FUTURE = 32
LEAST_AREA = 10
NEAR = 1.0
"""Diameters within which a thing counts as found where it should be."""


class Permanence:
    """Object permanence on `Hidden`; the module's docstring is its page."""

    name = "permanence"
    version = 3
    metrics = ("R", "F", "L", "X", "OP", "TDS")
    coloured = ("worldsim/Hidden-v0",)
    sizes = (64, 128, 256)

    def __init__(self):
        self.reader = ColourReader(RGB, least_area=LEAST_AREA)

    def twins(self, split: str, *, size: int) -> Iterator[Twins]:
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
            fps, notes = env.metadata["render_fps"], {"target": target}
            yield Twins(
                name,
                f"M-OCC/{things}",
                tuple(
                    case(
                        f"{name}/{arm}",
                        arm,
                        told,
                        actions,
                        scene=SCENE,
                        context=CONTEXT,
                        fps=fps,
                        notes=notes,
                    )
                    for arm, told in (("present", present), ("absent", absent))
                ),
            )
            found += 1
        env.close()

    def score(self, twins: Twins, answers: Sequence[Video]) -> dict[str, Score]:
        """R, F, L, X and OP by colour, TDS by the twin test."""
        present, absent = twins.cases
        target = present.notes["target"]
        hidden, again = windows(present.truth, target)
        sightings = [self.reader.read(answer) for answer in answers]
        reappears = np.mean([found(sightings[0], present.truth, target, t) for t in again])
        false = np.mean([found(sightings[1], present.truth, target, t) for t in again])
        hue = int(present.truth.hue[target])
        leak = np.mean([len(sightings[0].of(t, hue)[0]) > 0 for t in hidden])
        spurious = max(
            np.mean([unmatched(sighting, told.truth, t) for t in range(FUTURE) if t not in excused])
            for sighting, told, excused in zip(sightings, (present, absent), (hidden, ()), strict=True)
        )
        asked = np.zeros(FUTURE, bool)
        asked[again] = True
        discrimination = twin_test([told.truth.frames for told in twins.cases], answers, asked)
        exposed = ~np.isnan(discrimination)
        return {
            "R": Score(float(reappears)),
            "F": Score(float(false)),
            "L": Score(float(leak)),
            "X": Score(float(spurious)),
            "OP": Score(float((reappears - false) * (1 - leak) * (1 - spurious))),
            "TDS": Score(float(discrimination[exposed].mean()))
            if exposed.any()
            else Score(float("nan"), "the twins never differ by twenty pixels after the thing was hidden"),
        }

    def headline(self, means: Mapping[str, np.ndarray | float]) -> np.ndarray | float:
        """`sqrt(max(0, OP) · max(0, TDS))`."""
        return np.sqrt(np.maximum(0, means["OP"]) * np.maximum(0, means["TDS"]))


def choose(truth: Truth) -> int | None:
    """The object to ask about in a whole episode: seen in the context, then hidden, then seen again; or none."""
    for i in np.flatnonzero(truth.hue >= 0):
        seen = truth.visible[:CONTEXT, i] > 0.9
        hidden, again = windows(truth.cut(CONTEXT), int(i))
        if seen.sum() >= 3 and truth.area[:CONTEXT, i].max() >= 3 * LEAST_AREA and len(hidden) >= 4 and len(again) >= 5:
            return int(i)
    return None


def windows(truth: Truth, target: int) -> tuple[list[int], list[int]]:
    """Frames in which the target is wholly hidden, and those after them in which it is well seen again."""
    hidden = np.flatnonzero(truth.area[:, target] == 0)
    well = (truth.visible[:, target] >= 0.9) & (truth.area[:, target] >= 2 * LEAST_AREA)
    if not len(hidden) or not well[hidden[0] :].any():
        return [], []
    first_again = hidden[0] + int(np.argmax(well[hidden[0] :]))
    again = np.flatnonzero(well & (np.arange(len(well)) >= first_again))
    return hidden[hidden < first_again].tolist(), again.tolist()


def found(sighting: Sighting, truth: Truth, target: int, t: int) -> float:
    """How well the target is seen at its true place: 0, or the ratio of the smaller area to the larger."""
    area, centre = sighting.of(t, int(truth.hue[target]))
    near = np.linalg.norm(centre - truth.centre[t, target], axis=1) <= NEAR * truth.diameter[target]
    if not near.any():
        return 0.0
    ratio = area[near].sum() / truth.area[t, target]
    return float(min(ratio, 1 / ratio))


def unmatched(sighting: Sighting, truth: Truth, t: int) -> float:
    """1 where anything is seen at frame t that is not there, else 0."""
    for hue in np.unique(sighting.hue[sighting.frame == t]).tolist():
        _, centre = sighting.of(t, hue)
        owners = np.flatnonzero((truth.hue == hue) & (truth.area[t] > 0))
        if not len(owners):
            return 1.0
        far = np.linalg.norm(centre[:, None] - truth.centre[t, owners], axis=-1) > NEAR * truth.diameter[owners]
        if far.all(1).any():
            return 1.0
    return 0.0
