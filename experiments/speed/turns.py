"""Time, measured in turns: other work on a machine slows whoever happens to run, so all run by turns, again and again.

What counts is the median of the turns, of CPU time, which neighbours disturb less, and of wall time, which one waits.
"""

import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple, TypeVar

Name = TypeVar("Name")
Result = TypeVar("Result")


class Took(NamedTuple):
    """What some work took.

    Attributes:
        cpu: CPU time (s), of all threads together.
        wall: Time by the clock (s).
    """

    cpu: float
    wall: float

    def each(self, count: float) -> "Took":
        """Of one where the work was on so many."""
        return Took(self.cpu / count, self.wall / count)


def timed(work: Callable[[], Result]) -> tuple[Result, Took]:
    """What comes of some work, and what it took."""
    cpu, wall = time.process_time(), time.perf_counter()
    result = work()
    return result, Took(time.process_time() - cpu, time.perf_counter() - wall)


def median(turns: Sequence[Took]) -> Took:
    """Of CPU time and of wall time, each by itself."""
    return Took(*map(statistics.median, zip(*turns, strict=True)))


def in_turns(contenders: Mapping[Name, Callable[[], object]], repeats: int) -> dict[Name, Took]:
    """The median turn of each contender; their first turns, which warm up, do not count."""
    took: dict[Name, list[Took]] = {name: [] for name in contenders}
    for work in contenders.values():
        work()
    for _ in range(repeats):
        for name, work in contenders.items():
            took[name].append(timed(work)[1])
    return {name: median(turns) for name, turns in took.items()}
