"""Who answers besides the models where surprise is asked for: those that look at pixels alone, and those that know.

An answer is one number a frame of the truth. Each is a function `(twins, severity, rng) -> answers`, as of videos.
"""

import numpy as np
from jaxtyping import UInt8

from worldsim_benchmarks.benchmark import Case, Surprises, Twins
from worldsim_benchmarks.contestants import Corrupted, through

# ---- trivial: each frame for its own sake, or as it differs from the one before --------------------------------------


def constant(twins: Twins, severity: float, rng: np.random.Generator) -> list[Surprises]:
    """Nothing is surprising."""
    return [np.zeros(len(case.plan)) for case in twins.cases]


def change(twins: Twins, severity: float, rng: np.random.Generator) -> list[Surprises]:
    """How far a frame is from the one before, in levels."""
    return [_change(np.concatenate([case.seen[-1:], case.truth.frames])) for case in twins.cases]


def change_through_codec(twins: Twins, severity: float, rng: np.random.Generator) -> list[Surprises]:
    """The same after H.264, at the constant rate factor `severity`, of each half alone: both leave the same trace."""
    answers = []
    for case in twins.cases:
        film = np.concatenate([case.seen[-1:], case.truth.frames])
        halves = np.split(film, [case.notes["cut"] + 1])
        answers.append(_change(np.concatenate([through(half, case.fps, severity) for half in halves])))
    return answers


def colour(twins: Twins, severity: float, rng: np.random.Generator) -> list[Surprises]:
    """How much colour there is."""
    return [np.ptp(case.truth.frames.astype(float), axis=-1).mean((1, 2)) for case in twins.cases]


def darkness(twins: Twins, severity: float, rng: np.random.Generator) -> list[Surprises]:
    """How dark it is."""
    return [255 - case.truth.frames.astype(float).mean((1, 2, 3)) for case in twins.cases]


def _change(film: UInt8[np.ndarray, "u h w 3"]) -> Surprises:
    return np.abs(np.diff(film.astype(float), axis=0)).mean((1, 2, 3))


# ---- those that know -------------------------------------------------------------------------------------------------


def knows(twins: Twins, severity: float, rng: np.random.Generator) -> list[Surprises]:
    """What cannot be is surprising from the cut on, to a mind that wavers by `severity`, alike for all its frames."""
    return [_known(case, ">" in case.arm) + severity * rng.normal() for case in twins.cases]


def knows_the_wrong_way(twins: Twins, severity: float, rng: np.random.Generator) -> list[Surprises]:
    """What can be is surprising."""
    return [_known(case, ">" not in case.arm) for case in twins.cases]


def misses_what_is_gone(twins: Twins, severity: float, rng: np.random.Generator) -> list[Surprises]:
    """That something is not there any more is surprising; that it is there at once is not."""
    return [_known(case, case.arm.startswith(f"{twins.cases[0].arm}>")) for case in twins.cases]


def is_startled(twins: Twins, severity: float, rng: np.random.Generator) -> list[Surprises]:
    """Every cut that can be seen is surprising, whatever it shows."""
    return [(answer > 8.0).astype(float) for answer in change(twins, severity, rng)]


def _known(case: Case, surprising: bool) -> Surprises:
    return (np.arange(len(case.plan)) >= case.notes["cut"]) * float(surprising)


# ---- the tables ------------------------------------------------------------------------------------------------------

KNOWS = Corrupted("knows what can be", knows)
BLANK = (
    Corrupted("constant", constant),
    Corrupted("change", change),
    Corrupted("change, through H.264", change_through_codec, 17.0),
    Corrupted("colour", colour),
    Corrupted("darkness", darkness),
)
