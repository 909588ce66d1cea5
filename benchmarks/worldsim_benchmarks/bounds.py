"""Who is always there: the trivial contestants that make the floor of what is asked, and those that know the truth."""

from collections.abc import Sequence

from worldsim_benchmarks.benchmark import Contestant, Twins
from worldsim_benchmarks.contestants import CEILING, EXCHANGED, REPLAY, paired, trivial
from worldsim_benchmarks.dealt import DEALT, DRAWN
from worldsim_benchmarks.kept import asked_of
from worldsim_benchmarks.startled import BLANK, KNOWS

CEILINGS = (CEILING.name, DRAWN.name, KNOWS.name)
"""The names of the oracles that make the ceiling."""


def floors(twins: Sequence[Twins]) -> tuple[Contestant, ...]:
    """The trivial contestants that make sense for these twins."""
    return BLANK if asked_of(twins) == "surprise" else trivial(twins)


def oracles(twins: Sequence[Twins]) -> tuple[Contestant, ...]:
    """Those that know the truth of these twins; the first must be perfect, the last makes the ceiling.

    In between stands who knows it and tells it of the wrong twin, where all have one: a mirror, at its worst.
    """
    match asked_of(twins):
        case "surprise":
            return (KNOWS,)
        case "futures":
            return (DEALT, DRAWN)
        case _:
            return (REPLAY, EXCHANGED, CEILING) if paired(twins) else (REPLAY, CEILING)
