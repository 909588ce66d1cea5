"""Every benchmark there is, by name. A new one is covered by the contract suite and the ladder by standing here."""

from collections.abc import Callable
from functools import partial
from typing import Any

from worldsim_benchmarks import cause_effect, futures, permanence_suites, voe
from worldsim_benchmarks.benchmark import Benchmark, title
from worldsim_benchmarks.camera import CameraPaths
from worldsim_benchmarks.fidelity import Fidelity
from worldsim_benchmarks.permanence import Permanence

BENCHMARKS: dict[str, Callable[[], Any]] = {
    "permanence": Permanence,
    "cause-effect-mujoco": cause_effect.mujoco,
    "cause-effect-voxel": cause_effect.voxel,
    "permanence-mujoco": permanence_suites.mujoco,
    "permanence-voxel": permanence_suites.voxel,
    "voe-mujoco": voe.mujoco,
    "voe-voxel": voe.voxel,
    "futures-mujoco": futures.mujoco,
    "fidelity": Fidelity,
    "camera-mujoco": partial(CameraPaths, "mujoco"),
    "camera-voxel": partial(CameraPaths, "voxel"),
    "camera-mujoco-bare": partial(CameraPaths, "mujoco-bare"),
    "camera-voxel-bare": partial(CameraPaths, "voxel-bare"),
}
"""Name -> what makes the Benchmark."""


USUAL = ("permanence", "fidelity")
"""What is asked where nothing is said: of one world, so that a model of one world has answers. The suites ask many."""


def listed(names: list[str] | str) -> list[str]:
    """One name or several, as a list."""
    return [names] if isinstance(names, str) else names


def chosen(names: list[str] | str | None) -> list[Benchmark]:
    """The benchmarks of these names; without any, the usual ones, and for `all` every one there is."""
    return [choose(name) for name in (USUAL if names is None else BENCHMARKS if names == "all" else listed(names))]


def choose(name: str) -> Benchmark:
    """The benchmark of a name, with or without its version.

    Raises:
        ValueError: Where there is none of that name or version.
    """
    stem, _, version = name.partition("@")
    if stem in BENCHMARKS:
        benchmark: Benchmark = BENCHMARKS[stem]()
        if not version or version == str(benchmark.version):
            return benchmark
    there = ", ".join(title(make()) for make in BENCHMARKS.values())
    raise ValueError(f"there is no benchmark {name!r}; there are: {there}")
