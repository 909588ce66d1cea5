"""Pictures for the pages of object permanence: what really comes, and below it an answer that fails, with its score.

From the root of the repository:

    python -m worldsim_benchmarks.pictures docs/benchmarks/images
"""

import argparse
from itertools import count
from pathlib import Path
from typing import NamedTuple

import numpy as np

from worldsim.rollout import filmstrip
from worldsim.types import Rollout
from worldsim.video import png
from worldsim_benchmarks import harms
from worldsim_benchmarks import permanence_suites as suites
from worldsim_benchmarks.benchmark import SPLITS, Twins
from worldsim_benchmarks.cases import Question, make
from worldsim_benchmarks.contestants import Corrupt, Corrupted
from worldsim_benchmarks.measure import measure, raw
from worldsim_benchmarks.permanence import Permanence

SIZE, COLUMNS = 64, 14


class Failure(NamedTuple):
    """A way to fail: in which family, what is done to the truth, and how much of it."""

    code: str
    corrupt: Corrupt
    severity: float = 0.0


FAILURES = {
    "vanished": Failure("M-OCC", harms.harm(harms.gone)),
    "swapped": Failure("M-SHL", harms.exchanged),
    "miscounted": Failure("M-CNT", harms.one_less),
    "deleted": Failure("M-CAM", harms.belief("deleted")),
    "appeared": Failure("M-CRD", harms.one_more, 0.5),
}
"""By the name of the picture."""


def first_twins(question: Question, judge: Permanence) -> Twins:
    """The first twins of `quick` that answer a question."""
    env = make(question.scene, size=SIZE)
    found = (question.twins(seed, env) for seed in count(SPLITS["quick"][0] + 1))
    return judge.seen(next(each for each in found if each is not None))


def strip(twins: Twins, failure: Failure) -> np.ndarray:
    """The first case: above what was seen and what came, below the answer."""
    case = twins.cases[0]
    answer = failure.corrupt(twins, failure.severity, np.random.default_rng(0))[0]
    return filmstrip(Rollout(case.seen, answer, case.truth.frames, case.plan, case.fps), COLUMNS)


def main() -> None:
    """Write every picture into a folder, and print what its answer scores."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    folder = parser.parse_args().folder
    folder.mkdir(parents=True, exist_ok=True)
    judge, questions = suites.mujoco(), {question.code: question for question in reversed(suites.MUJOCO)}
    for name, failure in FAILURES.items():
        twins = first_twins(questions[failure.code], judge)
        scored = measure(judge, [twins], Corrupted(name, failure.corrupt, failure.severity))
        (folder / f"{name}.png").write_bytes(png(strip(twins, failure)))
        told = ", ".join(f"{key} {scored.values[key][0]:.2f}" for key in ("R", "F", "L", "X", "OP", "TDS"))
        print(f"{name:<18} {failure.code:<7} {raw(judge, [twins], scored):.2f}  ({told})", flush=True)


if __name__ == "__main__":
    main()
