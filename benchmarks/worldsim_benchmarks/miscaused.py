"""Answers that are wrong about causes: the true futures, changed at the things that are affected and at them alone.

Each is a corruption as in `contestants`: `(twins, severity, rng) -> answers`. Things are drawn anew: taken out of a
frame, where what is behind them is seen in another, and put back elsewhere or as they are at another time.
"""

import numpy as np
from jaxtyping import Bool, Float, Int, UInt8
from scipy import ndimage

from worldsim_benchmarks import effects
from worldsim_benchmarks.benchmark import Case, Twins, Video
from worldsim_benchmarks.causes import FAMILIES
from worldsim_benchmarks.pairs import FACTUAL, Pair


def pair_of(twins: Twins) -> Pair:
    """What is true of the two arms that are compared."""
    one, other = twins.cases[:2]
    return Pair(FAMILIES[twins.family], one.before, one.truth, other.before, other.truth)


def affected(pair: Pair) -> list[int]:
    """The slots of what may be affected."""
    return [slot for slot in pair.family.things if slot not in pair.own]


def like(twins: Twins, case: Case) -> str:
    """The arm in which the same is done, as far as it matters: its own, but of placebos and of doing nothing else."""
    control = case.arm.startswith(("placebo", "noop"))
    return FAMILIES[twins.family].like(case.arm) if control else case.arm


def usual(twins: Twins) -> int:
    """The case in which nothing is done that the others differ by."""
    arms = [case.arm for case in twins.cases]
    return arms.index(FACTUAL) if FACTUAL in arms else 0


def done(twins: Twins) -> list[int]:
    """The cases in which something is."""
    idle = twins.cases[usual(twins)].arm
    return [i for i, case in enumerate(twins.cases) if like(twins, case) != idle]


def truths(twins: Twins) -> list[Video]:
    """What really happens, case by case."""
    return [case.truth.frames for case in twins.cases]


# ---- what is done makes the wrong difference -------------------------------------------------------------------------


def gain(twins: Twins, severity: float, rng: np.random.Generator) -> list[Video]:
    """Everything is moved `severity` times as far as what is done moves it; negative is the other way."""
    slots, answers = affected(pair_of(twins)), truths(twins)
    idle = twins.cases[usual(twins)].truth.centre[:, slots]
    for i in done(twins):
        way = np.nan_to_num(twins.cases[i].truth.centre[:, slots] - idle)
        now = np.arange(len(way))[:, None].repeat(len(slots), 1)
        answers[i] = redrawn(twins, twins.cases[i], slots, now, (severity - 1) * way)
    return answers


def late(twins: Twins, severity: float, rng: np.random.Generator) -> list[Video]:
    """What is done is done `severity` seconds late."""
    answers, by = truths(twins), max(1, round(severity * twins.cases[0].fps))
    idle = answers[usual(twins)]
    for i in done(twins):
        answers[i] = np.concatenate([idle[:by], answers[i][: max(0, len(idle) - by)]])
    return answers


def healed(twins: Twins, severity: float, rng: np.random.Generator) -> list[Video]:
    """While nobody looks, or once the mouth is gone, what was done is undone."""
    answers = truths(twins)
    whole = next((i for i, case in enumerate(twins.cases[:2]) if "miss" in case.arm), 0)
    later = pair_of(twins).frames[:, None, None, None]
    answers[1 - whole] = np.where(later, answers[whole], answers[1 - whole])
    return answers


def reacts(twins: Twins, severity: float, rng: np.random.Generator) -> list[Video]:
    """The placebo has the effect of what is done: all is as in the arm of the pair that it is not like."""
    answers, arms = truths(twins), [case.arm for case in twins.cases]
    for i, case in enumerate(twins.cases):
        if case.arm.startswith("placebo"):
            answers[i] = answers[0] if like(twins, case) == arms[1] else answers[1]
    return answers


# ---- what happens, happens wrongly -----------------------------------------------------------------------------------


def out_of_order(twins: Twins, severity: float, rng: np.random.Generator) -> list[Video]:
    """What is affected first is affected last, and so on."""
    pair, answers = pair_of(twins), truths(twins)
    slots = affected(pair)
    begun = effects.onsets(np.where(pair.asked[..., None], pair.real, 0), pair.wide)
    order = np.flatnonzero(np.isfinite(begun))[np.argsort(begun[np.isfinite(begun)])]
    wait = np.zeros(len(slots), int)
    wait[order] = (begun[order[::-1]] - begun[order]).astype(int)
    for i, case in enumerate(twins.cases):
        frames = len(case.plan)
        then = np.clip(np.arange(frames)[:, None] - wait, 0, frames - 1)
        answers[i] = redrawn(twins, case, slots, then, np.zeros((*then.shape, 2)))
    return answers


def jelly(twins: Twins, severity: float, rng: np.random.Generator) -> list[Video]:
    """What is one body comes apart: each of its marks sways by `severity` of its diameters, each in its own way."""
    slots, answers = affected(pair_of(twins)), truths(twins)
    phase = 2 * np.pi * np.arange(len(slots)) / len(slots)
    for i in (0, 1):
        case = twins.cases[i]
        moment = np.arange(len(case.plan))[:, None]
        wide = severity * case.truth.diameter[slots]
        turn = 2 * np.pi * moment / case.fps + phase
        sway = np.stack([wide * np.sin(turn), wide * np.cos(1.7 * turn)], -1)
        answers[i] = redrawn(twins, case, slots, moment.repeat(len(slots), 1), sway)
    return answers


def redrawn(
    twins: Twins, case: Case, slots: list[int], then: Int[np.ndarray, "t o"], by: Float[np.ndarray, "t o 2"]
) -> Video:
    """A true future whose things are as they are at the frame `then`, and elsewhere `by` so many pixels (u, v)."""
    ids, frames = case.truth.state["ids"], case.truth.frames
    answer, height, width = frames.copy(), *frames.shape[1:3]
    own = covered(ids, slots)
    behind = np.broadcast_to(plate(twins, slots), frames.shape)
    answer[own] = behind[own]
    steps = np.rint(by).astype(int)
    for t in range(len(frames)):
        for column, slot in enumerate(slots):
            at = then[t, column]
            v, u = np.nonzero(ids[at] == slot)
            there = v + steps[t, column, 1], u + steps[t, column, 0]
            inside = (there[0] >= 0) & (there[0] < height) & (there[1] >= 0) & (there[1] < width)
            answer[t, there[0][inside], there[1][inside]] = frames[at, v[inside], u[inside]]
    return answer


def plate(twins: Twins, slots: list[int]) -> UInt8[np.ndarray, "h w 3"]:
    """What is behind things, as it is seen of the pair when none of them is before it."""
    found = twins.cases[0].seen[0].copy()
    for case in twins.cases[:2]:
        for truth in (case.before, case.truth):
            for frame, ids in zip(truth.frames, truth.state["ids"], strict=True):
                free = ~covered(ids, slots)
                found[free] = frame[free]
    return found


def covered(ids: Int[np.ndarray, "*t h w"], slots: list[int]) -> Bool[np.ndarray, "*t h w"]:
    """Where things are, and a pixel around them: the edge of what moves is a little of its colour."""
    own = np.isin(ids, slots)
    return ndimage.maximum_filter(own, (1,) * (own.ndim - 2) + (3, 3))
