"""Contestants that are shown smaller or larger pictures than a benchmark asks about, as a model has learned one size.

Pictures are resized by area on their way to it, and its answers on their way back. The truth, sent the same way, stands
beside it: that is the most such an answer can be worth.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from jaxtyping import UInt8

from worldsim.video import resize
from worldsim_benchmarks.benchmark import Answer, Case, Contestant, Truth, Twins, Video
from worldsim_benchmarks.bounds import oracles
from worldsim_benchmarks.contestants import REPLAY
from worldsim_benchmarks.run import Entry


class Resized:
    """A contestant that is asked at a size of its own.

    Args:
        contestant: Who looks at frames, cameras and actions, and at nothing else of a case.
        size: Height and width of the frames that it is shown, in pixels.
    """

    def __init__(self, contestant: Contestant, size: int):
        self.name = f"{contestant.name}, at {size} px"
        self.contestant, self.size = contestant, size

    def answer(self, twins: Sequence[Twins], *, seed: int) -> list[list[Answer]]:
        """What it answers, at the size that was asked for."""
        shown = [replace(each, cases=tuple(map(self._shown, each.cases)), beliefs={}) for each in twins]
        answers = self.contestant.answer(shown, seed=seed)
        return [
            [
                _back(answer, case) if isinstance(answer, np.ndarray) and answer.ndim == 4 else answer
                for answer, case in zip(own, each.cases, strict=True)
            ]
            for own, each in zip(answers, twins, strict=True)
        ]

    def _shown(self, case: Case) -> Case:
        seen = resize(case.seen, (self.size, self.size))
        return replace(case, seen=seen, truth=self._told(case.truth), before=self._told(case.before))

    def _told(self, truth: Truth) -> Truth:
        height, width = truth.frames.shape[1:3]
        by = np.array([[self.size / width], [self.size / height], [1.0]])
        return replace(truth, frames=resize(truth.frames, (self.size, self.size)), intrinsics=by * truth.intrinsics)


def _back(video: UInt8[np.ndarray, "t y x 3"], case: Case) -> Video:
    """A video at the size of what was seen."""
    return resize(video, (case.seen.shape[1], case.seen.shape[2]))


def at(size: int, entries: Sequence[Entry], twins: Sequence[Twins]) -> list[Entry]:
    """Those who take part, each asked at this size; and the truth of these twins as it comes back from there."""
    truth = [Entry(one, "oracle", tier="truth") for one in oracles(twins) if one is REPLAY]
    return [
        each._replace(contestant=Resized(each.contestant, size), manifest={**each.manifest, "seen_at": size})
        for each in (*entries, *truth)
    ]
