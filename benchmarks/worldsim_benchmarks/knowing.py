"""Between knowing and showing: a model may find the impossible surprising, and draw it all the same.

`voe-...` asks what a model knows and `permanence-...` what it shows, of the same worlds. The gap is VoE less OP on the
worlds of which both were asked.

Source: that infants look longer at what they cannot yet search for: Baillargeon, Spelke and Wasserman, Object
permanence in five-month-old infants, Cognition 20 (1985).
"""

import numpy as np

from worldsim_benchmarks.result import Result
from worldsim_benchmarks.stats import Interval, bootstrap


def gap(knows: Result, shows: Result, *, resamples: int = 10_000) -> Interval:
    """How much more one knows than shows, VoE - OP, with its interval over the worlds of which both were asked.

    Args:
        knows: Of a contestant on `voe-mujoco` or `voe-voxel`.
        shows: Of the same contestant on the permanence suite of the same worlds, split and size.
        resamples: How many.

    Raises:
        ValueError: Where they are of two contestants, or no world is in both.
    """
    if knows.contestant != shows.contestant:
        raise ValueError(
            f"one result is of {knows.contestant!r}, the other of {shows.contestant!r}; they must be of one"
        )
    op, voe = _by_world(shows, "OP"), _by_world(knows, "VoE")
    both = sorted(op.keys() & voe.keys())
    if not both:
        raise ValueError(
            f"no world is in {knows.benchmark} and in {shows.benchmark} ({knows.split}, {shows.split}); ask both of "
            "the same suite, split and size"
        )
    differences = np.array([np.mean(voe[world]) - np.mean(op[world]) for world in both])
    families = ["/".join(world[:2]) for world in both]
    return bootstrap({"gap": differences}, families, lambda means: means["gap"], resamples=resamples)


def _by_world(result: Result, metric: str) -> dict[tuple[str, str, str], list[float]]:
    """A metric of each of the twins, by the family, scene and seed that their names tell."""
    found: dict[tuple[str, str, str], list[float]] = {}
    for name, metrics in result.cases.items():
        code, scene, *_, seed = name.split("/")
        value = metrics[metric]
        if value is not None and not np.isnan(value):
            found.setdefault((code, scene, seed), []).append(value)
    return found
