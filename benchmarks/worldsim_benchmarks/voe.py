"""Violation of expectation: does a model find more surprising what cannot be?

**Question.** A thing is seen, then hidden, then seen again; or is not, though it must be there; or is another one. The
model is shown all of it, and says of each frame how unexpected it is given all before. It draws nothing, so this asks
what it knows, where `permanence` asks what it shows, of the same episodes: `voe-mujoco` of those of
`permanence-mujoco`, and of Impossible (M-VAN: vanish, teleport, identity, colour and shape changed behind a screen);
`voe-voxel` of those of `permanence-voxel`.

**Arms.** Two tellings A and B of one world, in which the thing is there and never was, or two are exchanged, look alike
to the byte while all that tells them apart is hidden. There they are cut and joined anew: `A`, `B` are possible, `A>B`
and `B>A`, which begin as the one and end as the other, are not. The possible two and the impossible two hold the same
pictures, each once, and at the cut the same picture stands on both sides. So no picture, and no change from one to the
next, tells which film is impossible: only memory does.

**Score.** Films are compared two by two that end alike, `A>B` with `B` and `B>A` with `A`, by the mean surprise of the
frames from the cut on, which are the same frames in both. `accuracy` is how often the impossible one is the more
surprising, a tie counting half; `VoE` = 2 · accuracy - 1. A family's score is max(0, VoE) on the mean over its twins,
a benchmark's the mean of its families'. Whoever is surprised by each frame for its own sake, or by how it differs from
the one before, ties and has 0.

**Also told.** `possible`, `impossible`: the mean surprise from the cut on, in the model's own unit; of a whole split
`AUC`, how often an impossible film of any twins is more surprising than a possible one of any. `cut`, in the family
M-CUT alone, which is no part of the score: 2 · accuracy - 1 where at the cut the light is dimmed, or the dimmed light
made full again, which breaks no law but can be seen; who has more there than in VoE is startled by change. The gap
between knowing and showing, VoE less OP on the same worlds, is told by `knowing.gap`.

**Known limits.** A world is asked about where two frames or more are equal in A and B: not in the dark (V-LAVA,
V-NIGHT), whose shades differ by a few levels; not where another thing stays in sight (V-BURY's `swapped`); not where
the arms do something else (M-SHL's `do:return`). Films are never encoded; whoever sends them through a codec must
encode each half alone, before it is joined, so that a join leaves the same trace in all four.

**Versions.** 1: the first.

**Source.** The same pictures in possible and impossible films: Piloto et al., Intuitive physics learning in a
deep-learning model inspired by developmental psychology, Nature Human Behaviour 6 (2022). Relative accuracy of pairs:
Riochet et al., IntPhys (2018).
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial

import numpy as np
from jaxtyping import Float

from worldsim_benchmarks.benchmark import Case, Score, Surprises, Truth, Twins
from worldsim_benchmarks.cases import Cut, Question, Told, anyhow, at, in_turn
from worldsim_benchmarks.permanence_suites import MUJOCO, VOXEL

POSSIBLE, IMPOSSIBLE = (0, 1), (3, 2)
"""Which of the cases A, B, A>B, B>A are possible, and which impossible one ends as each of them."""
ALIKE = 2
"""Frames in a row, at least, in which both tellings look the same, for them to be cut there."""

Join = Callable[[Sequence[Told], Cut], int | None]
"""From what two tellings show, and where they are asked about, to the frame from which on they change places."""


def films(
    join: Join, question: Question, name: str, told: Sequence[Told], where: Cut, fps: float
) -> tuple[Case, ...] | None:
    """The films A, B, A>B and B>A of two tellings; None where they cannot be joined."""
    (one, other), (a, b), at = question.arms, told, join(told, where)
    if at is None:
        return None
    end, context, cases = where.context + where.future, where.context, []
    for arm, first, then in ((one, a, a), (other, b, b), (f"{one}>{other}", a, b), (f"{other}>{one}", b, a)):
        truth = _joined(first.truth.cut(0, at), then.truth.cut(at, end))
        actions = np.concatenate([first.actions[: at - 1], then.actions[at - 1 : end - 1]])
        cases.append(
            Case(
                name=f"{name}/{arm}",
                arm=arm,
                scene=question.scene,
                seen=truth.frames[:context],
                taken=actions[: context - 1],
                plan=actions[context - 1 :],
                fps=fps,
                truth=truth.cut(context),
                before=truth.cut(0, context),
                notes={"cut": at - context},
                asks="surprise",
            )
        )
    return tuple(cases)


def _joined(first: Truth, then: Truth) -> Truth:
    """One truth after another; of what does not change in time, the first's."""
    each = ("frames", "centre", "area", "visible", "pose")
    state = {name: np.concatenate([first.state[name], then.state[name]]) for name in first.state}
    return replace(
        first, **{name: np.concatenate([getattr(first, name), getattr(then, name)]) for name in each}, state=state
    )


def where_alike(told: Sequence[Told], where: Cut) -> int | None:
    """The middle of the longest time after the context in which both look the same to the byte."""
    one, other = (each.truth.frames[where.context : where.context + where.future] for each in told)
    same = np.concatenate([[False], (one == other).all((1, 2, 3)), [False]])
    starts, stops = np.flatnonzero(~same[:-1] & same[1:]), np.flatnonzero(same[:-1] & ~same[1:])
    inside = stops < len(one)  # what comes at last must differ
    if not inside.any():
        return None
    longest = int((stops - starts)[inside].argmax())
    start, long = int(starts[inside][longest]), int((stops - starts)[inside][longest])
    return where.context + start + (long + 1) // 2 if long >= ALIKE else None


def at_the_cut(told: Sequence[Told], where: Cut) -> int:
    """Where the world itself says."""
    return int(told[0].truth.state["cut"][0, 0])


# ---- what is asked ---------------------------------------------------------------------------------------------------

OTHERS = ("absent", "never", "do:exchange", "swapped", "do:more", "do:away")
"""The arms that differ from the first by what there is, and not by what is done while it is hidden."""
UNLIKE = {
    "M-CRD": ("absent",),
    "V-LAVA": ("absent", "swapped"),
    "V-NIGHT": ("absent", "swapped"),
    "V-BURY": ("swapped",),
}
"""Families, and which of their arms never looks like the first."""
CHANGES = ("vanish", "teleport", "identity", "colour", "shape")


def _of(questions: Sequence[Question]) -> tuple[Question, ...]:
    """The pairs of an object permanence suite."""
    return tuple(
        replace(question, arms=(question.arms[0], other), beliefs={}, cases=partial(films, where_alike))
        for question in questions
        for other in question.arms[1:]
        if other in OTHERS and other not in UNLIKE.get(question.code, ())
    )


def _behind_the_screen(code: str, change: str, join: Join) -> Question:
    return Question(code, "worldsim/Impossible-v0", ("factual", change), at(8, 33), cases=partial(films, join))


MUJOCO_FILMS = (
    *(_behind_the_screen("M-VAN", f"do:{change}-always", where_alike) for change in CHANGES),
    _behind_the_screen("M-CUT", "placebo-always", at_the_cut),
    *_of(MUJOCO),
)
VOXEL_FILMS = _of(VOXEL)


class Voe:
    """Violation of expectation; the module's docstring is its page.

    Args:
        name: On the board.
        questions: What is asked, in turn.
    """

    version = 1
    metrics: tuple[str, ...] = ("VoE", "accuracy", "possible", "impossible", "cut")
    unbounded: tuple[str, ...] = ("possible", "impossible")
    coloured: tuple[str, ...] = ()
    sizes: tuple[int, ...] = (64, 128, 256)

    def __init__(self, name: str, questions: Sequence[Question]):
        self.name, self.questions = name, questions

    def twins(self, split: str, *, size: int) -> Iterator[Twins]:
        """The films of a split, each kind in turn."""
        return in_turn(self.questions, split, size=size, legible=anyhow)

    def score(self, twins: Twins, answers: Sequence[Surprises]) -> dict[str, Score]:
        """How much more surprising the impossible films are than the possible ones that end alike."""
        told = [float(answer[case.notes["cut"] :].mean()) for case, answer in zip(twins.cases, answers, strict=True)]
        possible, impossible = np.array(told)[list(POSSIBLE)], np.array(told)[list(IMPOSSIBLE)]
        right = float(np.mean((impossible > possible) + 0.5 * (impossible == possible)))
        broken = twins.family != "M-CUT"
        lawful, unseen = "no law is broken here", "what is cut here cannot be seen"
        return {
            "VoE": Score(2 * right - 1) if broken else Score(float("nan"), lawful),
            "accuracy": Score(right) if broken else Score(float("nan"), lawful),
            "possible": Score(float(possible.mean())),
            "impossible": Score(float(impossible.mean())),
            "cut": Score(float("nan"), unseen) if broken else Score(2 * right - 1),
        }

    def headline(self, means: Mapping[str, np.ndarray | float]) -> np.ndarray | float:
        """`max(0, VoE)`."""
        return np.maximum(0, means["VoE"])

    def whole(self, values: Mapping[str, Float[np.ndarray, " m"]]) -> dict[str, float]:
        """The area under the curve of telling any impossible film from any possible one."""
        broken = ~np.isnan(values["VoE"])
        possible, impossible = values["possible"][broken], values["impossible"][broken]
        above = impossible[:, None] > possible
        return {"AUC": float(np.mean(above + 0.5 * (impossible[:, None] == possible))) if above.size else float("nan")}


def mujoco() -> Voe:
    """voe-mujoco@1."""
    return Voe("voe-mujoco", MUJOCO_FILMS)


def voxel() -> Voe:
    """voe-voxel@1."""
    return Voe("voe-voxel", VOXEL_FILMS)
