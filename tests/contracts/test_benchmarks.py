"""What every benchmark promises. A new one is covered by standing in the catalogue."""

import inspect
import os
import subprocess
import sys
from itertools import islice

import numpy as np
import pytest

from worldsim_benchmarks.benchmark import Benchmark
from worldsim_benchmarks.bounds import oracles
from worldsim_benchmarks.catalogue import BENCHMARKS
from worldsim_benchmarks.ladder import RUNGS, climb, table
from worldsim_benchmarks.measure import measure
from worldsim_benchmarks.run import run

TWINS, FEW = 6, 2
"""How many twins are asked, and how many of a camera's long clips."""

EACH = {"cause-effect-mujoco": 10, "cause-effect-voxel": 8, "futures-mujoco": 2}
"""Where corruptions are of single families, one of each."""


SLOW = ("camera-mujoco", "camera-voxel")
"""Those that read poses at 128 pixels; CI runs them by name, after the suite."""


@pytest.fixture(
    scope="module",
    params=[pytest.param(name, marks=[pytest.mark.slow] * (name in SLOW)) for name in sorted(BENCHMARKS)],
)
def asked(request):
    """A benchmark and a few of its twins."""
    benchmark = BENCHMARKS[request.param]()
    size = benchmark.sizes[0]
    number = FEW if benchmark.name.startswith("camera") else EACH.get(benchmark.name, max(3, TWINS * 64 // size))
    return benchmark, list(islice(benchmark.twins("quick", size=size), number))


def test_it_is_a_benchmark_with_a_page_and_a_ladder(asked):
    benchmark, _ = asked
    assert isinstance(benchmark, Benchmark)
    assert benchmark.name in RUNGS
    page = inspect.getmodule(type(benchmark)).__doc__
    for heading in ("**Question.**", "**Arms.**", "**Score.**", "**Known limits.**", "**Source.**"):
        assert heading in page


def test_every_row_of_its_ladder_holds(asked):
    benchmark, twins = asked
    steps = climb(benchmark, twins)
    assert all(step.holds for step in steps), "\n" + table(steps)


def test_contexts_and_truths_belong_together(asked):
    _, twins = asked
    assert len({each.name for each in twins}) == len(twins)
    for each in twins:
        for case in each.cases:
            assert len(case.taken) == len(case.seen) - 1
            assert len(case.plan) == len(case.truth.frames)
            assert case.seen.shape[1:] == case.truth.frames.shape[1:]


def test_twins_differ_in_what_comes(asked):
    _, twins = asked
    for each in twins:
        for one, other in zip(each.cases, each.cases[1:], strict=False):
            assert not np.array_equal(one.truth.frames, other.truth.frames)


def test_another_process_makes_the_same_result(asked):
    benchmark, twins = asked
    few = twins[: len(twins) // 2]
    size = benchmark.sizes[0]
    here = "".join(result.text() for result in run(benchmark, few, split="quick", size=size))
    code = f"""
from itertools import islice
from worldsim_benchmarks.catalogue import BENCHMARKS
from worldsim_benchmarks.run import run
benchmark = BENCHMARKS[{benchmark.name!r}]()
few = list(islice(benchmark.twins("quick", size={size}), {len(few)}))
print("".join(result.text() for result in run(benchmark, few, split="quick", size={size})), end="")
"""
    there = subprocess.check_output([sys.executable, "-c", code], text=True, env={**os.environ, "PYTHONHASHSEED": "7"})
    assert there == here


def test_metrics_are_named_and_on_the_truth_finite_or_not_asked(asked):
    benchmark, twins = asked
    values, reasons, *_ = measure(benchmark, twins, oracles(twins)[0])
    assert tuple(values) == benchmark.metrics
    assert any(np.isfinite(each).all() for each in values.values())
    unscored = {
        f"{each.name}/{name}"
        for name, numbers in values.items()
        for each, number in zip(twins, numbers, strict=True)
        if np.isnan(number)
    }
    assert unscored == set(reasons)
