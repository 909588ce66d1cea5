"""Metrics of several samples at once: scored once all are there, and of one sample as ever."""

from typing import Any

import numpy as np
import toy_twins

from worldsim_benchmarks.benchmark import Score
from worldsim_benchmarks.contestants import Corrupted, grain
from worldsim_benchmarks.measure import measure
from worldsim_benchmarks.permanence import Permanence

PAIRS = [toy_twins.twins(number) for number in range(2)]


class Together(Permanence):
    """Asks of all samples how far their mean is from the truth."""

    def pool(self, twins, samples):
        mean = np.mean([answers[0] for answers in samples], 0)
        return {"R": Score(float(np.abs(mean - twins.cases[0].truth.frames).mean()))}


BOTH: tuple[Any, Any] = (Permanence(), Together())


def test_samples_are_pooled_where_a_benchmark_says_so():
    noisy = Corrupted("noisy", grain, 20.0)
    apart, together = (measure(benchmark, PAIRS, noisy, samples=4) for benchmark in BOTH)
    assert np.ptp(together.samples["R"], axis=0).tolist() == [0, 0]
    assert (together.samples["L"] == apart.samples["L"]).all()
    alone = np.abs(
        np.subtract(grain(PAIRS[0], 20.0, np.random.default_rng(0))[0], PAIRS[0].cases[0].truth.frames, dtype=float)
    )
    assert together.values["R"][0] < 0.7 * alone.mean()  # the mean of four is nearer than any


def test_one_sample_is_scored_as_ever():
    noisy = Corrupted("noisy", grain, 20.0)
    one, other = (measure(benchmark, PAIRS, noisy).samples for benchmark in BOTH)
    assert all(np.array_equal(one[name], other[name], equal_nan=True) for name in one)
