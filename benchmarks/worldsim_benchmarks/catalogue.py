"""Every benchmark there is, by name. A new one is covered by the contract suite and the ladder by standing here."""

from worldsim_benchmarks.benchmark import Benchmark, title
from worldsim_benchmarks.fidelity import Fidelity
from worldsim_benchmarks.permanence import Permanence

BENCHMARKS: dict[str, type] = {"permanence": Permanence, "fidelity": Fidelity}


def listed(names: list[str] | str | None) -> list[str]:
    """One name or several, as a list."""
    return [names] if isinstance(names, str) else names or []


def choose(name: str) -> Benchmark:
    """The benchmark of a name, with or without its version.

    Raises:
        ValueError: Where there is none of that name or version.
    """
    stem, _, version = name.partition("@")
    if stem not in BENCHMARKS or (version and int(version) != BENCHMARKS[stem].version):
        there = ", ".join(title(each()) for each in BENCHMARKS.values())
        raise ValueError(f"there is no benchmark {name!r}; there are: {there}")
    return BENCHMARKS[stem]()
