"""futures-mujoco@2: where nobody can foretell what comes, does a model know what may come, and how likely it is?

**Question.** A ball lies above a board full of pegs, and is let go. Into which bin it falls hangs on what nobody can
see: how it bounces, and where it lies to a quarter of a pixel. So the answer is not a video but many, as different as
what may come: `K` samples, 16 at full strength, drawn from different seeds. The truth is the simulator's own: 256
futures of the same beginning, in each of which all that its look leaves open is drawn anew, by physics alone.

**Arms.** M-PEG: the ball lies further to the left, or to the right. M-GAP: all pegs are there, or one is missing. All
is seen in the context. The arms of a pair differ by 0.3 at least in how likely the outcomes are (their total
variation), of each at least two are likely, and of one three.

**Score.** The outcome of a sample is read by colour in its last three frames: one of five bins, or still on its way. A
family's number is `max(0, overlap) · max(0, kappa)`, on the means over its twins:

- overlap: `(1 - TV) / (1 - E TV)`, with TV the total variation of the samples' outcomes from the truth's, and E TV that
  of as many samples of the truth: 1 on average for who draws from the truth, 0 where no outcome is to be read.
- kappa, concordance: `2 <p, r> / (|p|² + |r|²)` of the difference that the arm makes to how likely each outcome is,
  imagined and real, from whose squared length is taken what the scatter of few samples brings. One future, or one cloud
  of futures, told of both arms has exactly 0.

**Also told.** `TV`: the total variation less its expectation, 0 for the truth. `coverage`: the share of outcomes more
likely than 0.05 that came at all. `ES`: the energy score of where the ball is at the end, in its diameters; `skill`: 1
less its ratio to that of the last frame held. `apart`: the energy distance between the arms' ends, the smaller to the
larger of the imagined and the real. `TDS`: the twin test of the mean of all samples on the mean of what may come.
`nearest`: how much nearer to the one future that truly came the best of the K samples ends than the last frame held; a
column, and never the score.

**Known limits.** One scene, and outcomes of one ball. Only the end is judged: `fidelity` asks about the way. Whoever
reads the context finer than a quarter of a pixel may know more than the 256 futures do. With one sample a sure answer
beats an honest one, whatever the formula: K below 16 is flagged, and `quick` asks 4.

**Versions.** 1: one arm could be sure, and its likeliest outcome was its least likely, too. 2: both are open.

**Source.** Sampled futures against a simulator's own distribution: total variation and coverage as in PAWBench; the
energy score, Gneiting and Raftery 2007. The board: Galton, Natural Inheritance (1889).
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
from jaxtyping import Float, Int, UInt8

from worldsim_benchmarks import effects
from worldsim_benchmarks.benchmark import Case, Score, Twins, Video
from worldsim_benchmarks.cases import Question, at, in_turn
from worldsim_benchmarks.outcomes import (
    MODE,
    coverage,
    energy_distance,
    energy_score,
    expected_variation,
    overlap,
    shares,
    total_variation,
)
from worldsim_benchmarks.readers import Reader, twin_test
from worldsim_benchmarks.trial import reader
from worldsim_envs.cameras import Camera
from worldsim_envs.env import SceneEnv
from worldsim_envs.mujoco.backend import MujocoBackend
from worldsim_envs.mujoco.chances import chanced, futures
from worldsim_envs.scene import Arm

CONTEXT, FUTURE = 8, 33
FUTURES, FIRST = 256, 32
"""Simulated futures of each arm, and how many of them say whether it is asked about."""
LAST = 3
"""In how many frames at the end an outcome is read."""
UNLIKE, OPEN = 0.3, (2, 3)
"""By how much, as total variation, the arms must differ, and how many modes each and one of them must have."""
BALL, BINS = 0, 5
KINDS = BINS + 1
"""A bin, or still on its way."""


# ---- what may come ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class May:
    """What may come of a case, by the simulator.

    Attributes:
        ends: Where each future ends (u, v).
        outcomes: As which one it counts.
        drawn: The video of the first of them that has each outcome.
    """

    ends: Float[np.ndarray, "m 2"]
    outcomes: Int[np.ndarray, " m"]
    drawn: Mapping[int, Video]

    @classmethod
    def of(cls, twins: Twins, case: Case) -> "May":
        """What was kept of it with the twins."""
        ends = case.truth.state["futures"][-LAST:].mean(0).astype(float)
        own = {kind: film for kind in range(KINDS) if (film := twins.beliefs.get(f"{case.arm}/{kind}")) is not None}
        return cls(ends, outcome(case, ends), own)

    @property
    def shares(self) -> Float[np.ndarray, " n"]:
        """How likely each outcome is."""
        return shares(self.outcomes, KINDS)

    def mean(self) -> Float[np.ndarray, "t h w 3"]:
        """The mean of all that may come, as far as it is drawn: of each outcome as much as it is likely."""
        films = np.stack([film.astype(float) for film in self.drawn.values()])
        return np.tensordot(self.shares[list(self.drawn)], films, 1)


def outcome(case: Case, ends: Float[np.ndarray, "k 2"]) -> Int[np.ndarray, " k"]:
    """Into which bin (u, v) is; after all bins, still on its way; -1 where nothing is to be seen."""
    lens = Camera(case.truth.pose[-1], case.truth.intrinsics)
    edges, _ = lens.project(case.truth.state["divider"][-1])
    bins = np.searchsorted(edges[1:-1, 0], ends[:, 0])
    return np.where(np.isnan(ends[:, 0]), -1, np.where(ends[:, 1] < edges[:, 1].mean(), BINS, bins))


def opened(question: Question, env: SceneEnv, seed: int, twins: Twins) -> Twins | None:
    """The same twins, with what may come of each arm; None where that is too sure, or the same for both."""
    world = env.backend
    assert isinstance(world, MujocoBackend)
    env.reset(seed=seed)
    arms = {name: arm._replace(actions=arm.actions[: question.steps]) for name, arm in env.arms().items()}

    def ahead(case: Case, numbers: range) -> Case:
        """With some of its futures, in pixels."""
        lens = Camera(case.truth.pose[-1], case.truth.intrinsics)
        places = futures(world, seed, arms[case.arm], numbers, len(case.seen) - 1)[:, :, BALL]
        pixels = lens.project(places.reshape(-1, 3))[0].reshape(*places.shape[:2], 2)
        state = {**case.truth.state, "futures": np.moveaxis(pixels, 0, 1).astype(np.float32)}
        return replace(case, truth=replace(case.truth, state=state), asks="futures")

    one, other = (May.of(twins, ahead(case, range(FIRST))).shares for case in twins.cases)
    modes = sorted(int((each > MODE).sum()) for each in (one, other))
    if total_variation(one, other) < UNLIKE or any(np.less(modes, OPEN)):
        return None
    cases, films = [ahead(case, range(FUTURES)) for case in twins.cases], {}
    for case in cases:
        may = May.of(twins, case)
        for kind, first in zip(*np.unique(may.outcomes, return_index=True), strict=True):
            arm = chanced(arms[case.arm], int(first), len(case.seen) - 1)
            films[f"{case.arm}/{kind}"] = _drawn(env, seed, arm, len(case.seen))
    return replace(twins, cases=tuple(cases), beliefs=films)


def _drawn(env: SceneEnv, seed: int, arm: Arm, context: int) -> Video:
    """What one telling shows after its context."""
    world, frames = env.backend, []
    world.reset(seed)
    for step, action in enumerate(arm.actions):
        for change in arm.at(step):
            world.intervene(change)
        world.step(action)
        if step + 1 >= context:
            frames.append(world.draw(env.camera, env.size).rgb.copy())
    return np.stack(frames)


# ---- the benchmark ---------------------------------------------------------------------------------------------------

_PEGS = partial(Question, scene="worldsim/Pegs-v0", cut=at(CONTEXT, FUTURE), steps=CONTEXT + FUTURE - 1, also=opened)
MUJOCO = (_PEGS("M-PEG", arms=("do:left", "do:right")), _PEGS("M-GAP", arms=("factual", "do:gap")))


class Futures:
    """What may come; the module's docstring is its page.

    Args:
        name: On the board.
        questions: What is asked, in turn.
    """

    version = 2
    metrics: tuple[str, ...] = ("overlap", "kappa", "TV", "coverage", "ES", "skill", "apart", "TDS", "nearest")
    unbounded: tuple[str, ...] = ("ES", "skill")
    sizes: tuple[int, ...] = (64, 128)
    samples, few = 16, 4

    def __init__(self, name: str, questions: Sequence[Question]):
        self.name, self.questions = name, questions
        self.coloured = tuple(dict.fromkeys(question.scene for question in questions))

    def twins(self, split: str, *, size: int) -> Iterator[Twins]:
        """Pairs of which it is open what comes, each family in turn."""
        return in_turn(self.questions, split, size=size)

    def score(self, twins: Twins, answers: Sequence[Video]) -> dict[str, Score]:
        """Every metric of one sample alone."""
        return self.pool(twins, [answers])

    def pool(self, twins: Twins, samples: Sequence[Sequence[Video]]) -> dict[str, Score]:
        """Every metric of all samples together."""
        may = [May.of(twins, case) for case in twins.cases]
        by = reader(twins.reader)
        ends = [self._ends(case, [own[at] for own in samples], by) for at, case in enumerate(twins.cases)]
        held = [_held(case) for case in twins.cases]
        said = [outcome(case, each) for case, each in zip(twins.cases, ends, strict=True)]
        ends = [np.where(np.isnan(each), still, each) for each, still in zip(ends, held, strict=True)]
        wide = [case.before.diameter[BALL] for case in twins.cases]
        here = list(zip(may, (shares(each, KINDS) for each in said), strict=True))
        scores = [energy_score(each / by, one.ends / by) for each, one, by in zip(ends, may, wide, strict=True)]
        floor = [energy_score(each / by, one.ends / by) for each, one, by in zip(held, may, wide, strict=True)]
        found = {
            "overlap": np.mean([overlap(own, each.shares, len(samples)) for each, own in here]),
            "kappa": concordance(said, [each.shares for each in may]),
            "TV": np.mean(
                [
                    total_variation(own, each.shares) - expected_variation(each.shares, len(samples))
                    for each, own in here
                ]
            ),
            "coverage": np.mean([coverage(own, each.shares) for each, own in here]),
            "ES": np.mean(scores),
            "skill": 1 - np.mean(scores) / np.mean(floor),
            "apart": _as_far(energy_distance(*ends), energy_distance(*(each.ends for each in may))),
            "TDS": _told_apart(twins, may, samples),
            "nearest": np.mean([_nearest(case, each) for case, each in zip(twins.cases, ends, strict=True)]),
        }
        return {
            name: Score(float(value)) if np.isfinite(value) else Score(np.nan, f"these twins do not show {name}")
            for name, value in found.items()
        }

    def headline(self, means: Mapping[str, np.ndarray | float]) -> np.ndarray | float:
        """`max(0, overlap) · max(0, kappa)` of a family."""
        return np.maximum(0, means["overlap"]) * np.maximum(0, means["kappa"])

    def _ends(self, case: Case, videos: Sequence[Video], by: Reader) -> Float[np.ndarray, "k 2"]:
        """Where the ball is in the last frames of each video; NaN where it is in none of them."""
        hue, lasts = int(case.truth.hue[BALL]), [video[-LAST:] for video in videos]
        found: dict[bytes, np.ndarray] = {}
        for last in lasts:
            if (key := last.tobytes()) not in found:  # a sure answer is the same each time
                found[key] = self._end(last, hue, by)
        return np.stack([found[last.tobytes()] for last in lasts])

    def _end(self, frames: UInt8[np.ndarray, "t h w 3"], hue: int, by: Reader) -> Float[np.ndarray, " 2"]:
        centre = effects.read(by.read(frames), [hue], len(frames)).centre[:, 0]
        seen = ~np.isnan(centre[:, 0])
        return centre[seen].mean(0) if seen.any() else np.full(2, np.nan)


def mujoco() -> Futures:
    """futures-mujoco@2."""
    return Futures("futures-mujoco", MUJOCO)


def _held(case: Case) -> Float[np.ndarray, "1 2"]:
    """Where the ball is in the last frame of the context."""
    return case.before.centre[None, -1, BALL]


def concordance(said: Sequence[Int[np.ndarray, " k"]], real: Sequence[Float[np.ndarray, " n"]]) -> float:
    """Of the difference between the arms in how likely each outcome is; what is none of them is one more."""
    one, other = (np.eye(KINDS + 1)[each] for each in said)  # -1 is the last
    wanted = np.append(real[0] - real[1], 0.0)
    return effects.concordance((one - other)[:, None, None], wanted[None, None], np.ones((1, 1), bool))


def _as_far(mine: float, real: float) -> float:
    """The smaller to the larger of two distances; 0 where the first is none."""
    return min(mine / real, real / mine) if mine > 0 else 0.0


def _told_apart(twins: Twins, may: Sequence[May], samples: Sequence[Sequence[Video]]) -> float:
    """The twin test of the mean sample of each arm, on the mean of what may come of it."""
    wanted = [np.round(each.mean()).astype(np.uint8) for each in may]
    mine = [np.round(np.mean([own[at] for own in samples], 0)).astype(np.uint8) for at in range(len(may))]
    alike = np.abs(twins.cases[0].seen.astype(int) - twins.cases[1].seen).max((0, -1)) <= 2
    seen = np.broadcast_to(alike, wanted[0].shape[:3])
    scores = twin_test(wanted, mine, np.ones(len(wanted[0]), bool), seen)
    return float(scores[~np.isnan(scores)].mean()) if not np.isnan(scores).all() else np.nan


def _nearest(case: Case, ends: Float[np.ndarray, "k 2"]) -> float:
    """How much nearer the best of some samples ends to what truly came than the last frame held."""
    real = case.truth.state["pixel"][-LAST:, BALL].mean(0)
    missed = np.linalg.norm(ends - real, axis=1).min()
    return float(1 - missed / np.linalg.norm(_held(case) - real))
