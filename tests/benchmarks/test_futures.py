"""What may come: the formulas against sums done by hand and by sampling, and what one sample and several are worth."""

from itertools import islice

import numpy as np
import pytest
from toy_results import result

from worldsim_benchmarks import dealt
from worldsim_benchmarks.benchmark import Several, times
from worldsim_benchmarks.board import markdown
from worldsim_benchmarks.catalogue import BENCHMARKS
from worldsim_benchmarks.contestants import REPLAY, TRIVIAL_ON_TWINS, Corrupted
from worldsim_benchmarks.futures import KINDS, Futures, May, mujoco, outcome
from worldsim_benchmarks.measure import measure
from worldsim_benchmarks.outcomes import (
    coverage,
    energy_distance,
    energy_score,
    expected_variation,
    overlap,
    shares,
    total_variation,
)
from worldsim_benchmarks.run import run
from worldsim_benchmarks.trial import reader

TRUTH = np.array([0.5, 0.3, 0.2])


@pytest.mark.parametrize("samples", [1, 4, 16])
def test_who_draws_from_the_truth_is_right_on_average_however_few_the_samples(samples):
    rng = np.random.default_rng(0)
    said = [shares(rng.choice(3, samples, p=TRUTH), 3) for _ in range(4000)]
    assert np.mean([total_variation(one, TRUTH) for one in said]) == pytest.approx(
        expected_variation(TRUTH, samples), abs=0.01
    )
    assert np.mean([overlap(one, TRUTH, samples) for one in said]) == pytest.approx(1, abs=0.03)


def test_a_sure_answer_beats_an_honest_one_with_one_sample_and_not_with_many():
    sure = np.array([1.0, 0.0, 0.0])
    worth = [overlap(sure, TRUTH, samples) for samples in (1, 4, 16, 256)]
    assert worth[0] > 1 > worth[1] > worth[2] > worth[3]


def test_what_cannot_be_read_is_an_outcome_of_its_own():
    nothing = shares(np.array([-1, -1]), 3)
    assert total_variation(nothing, TRUTH) == 1 and overlap(nothing, TRUTH, 16) == 0
    assert total_variation(shares(np.array([0, 0, 1, -1]), 3), TRUTH) == pytest.approx(0.25)


def test_modes_count_and_rare_outcomes_do_not():
    assert coverage(np.array([1.0, 0.0, 0.0]), np.array([0.6, 0.36, 0.04])) == 0.5


def test_energy_is_least_for_the_truth_and_zero_between_equal_clouds():
    rng = np.random.default_rng(0)
    real = rng.normal(size=(400, 2))
    honest, wide, off = real[:200], 3 * real[:200], real[:200] + 2
    scores = [energy_score(cloud, real[200:]) for cloud in (honest, wide, off, np.zeros((200, 2)))]
    assert scores[0] == min(scores)
    assert abs(energy_distance(honest, real[200:])) < 0.02 < energy_distance(off, real[200:])
    assert energy_score(real[:1], real[1:2]) == np.linalg.norm(real[0] - real[1])  # of one sample nothing is taken off


FEWER = 96


@pytest.fixture(scope="module")
def asked():
    benchmark = mujoco()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("worldsim_benchmarks.futures.FUTURES", FEWER)
        return benchmark, list(islice(benchmark.twins("quick", size=64), 2))


def metrics(asked, contestant, samples):
    benchmark, twins = asked
    values = measure(benchmark, twins, contestant, samples=samples).values
    return {name: float(np.nanmean(each)) for name, each in values.items()}


def test_what_is_drawn_is_what_is_counted(asked):
    benchmark, twins = asked
    for each in twins:
        for case in each.cases:
            may = May.of(each, case)
            assert len(may.ends) == FEWER and may.shares.sum() == pytest.approx(1)
            assert may.drawn.keys() == set(np.flatnonzero(may.shares))
            films = [[film] for film in may.drawn.values()]
            read = [outcome(case, benchmark._ends(case, film, reader(each.reader)))[0] for film in films]
            assert read == list(may.drawn)  # the pixels tell which


def test_one_sample_several_and_what_is_sure(asked):
    benchmark, _ = asked
    honest, sure = Corrupted("honest", dealt.said(dealt.honest)), Corrupted("sure", dealt.said(dealt.surer), 1.0)
    many, one = (metrics(asked, sure, samples) for samples in (16, 1))
    assert one["overlap"] > many["overlap"] and many["coverage"] < 0.6
    drawn = metrics(asked, honest, 16)
    assert drawn["coverage"] > 0.8 and drawn["skill"] > 0.5 and drawn["overlap"] > 0.85
    assert drawn["nearest"] > metrics(asked, honest, 1)["nearest"]  # the best of more is better, and no score
    assert drawn["TDS"] > 0.5 and 0.6 < drawn["apart"] <= 1
    assert metrics(asked, honest, 4).keys() == set(benchmark.metrics)


def test_one_future_told_of_both_arms_has_no_concordance_at_all(asked):
    for contestant in TRIVIAL_ON_TWINS:
        assert metrics(asked, contestant, 4)["kappa"] == 0
    assert metrics(asked, REPLAY, 4)["coverage"] < 0.6


def test_everyone_is_asked_as_often_as_it_takes_and_who_was_not_is_named(asked):
    benchmark, twins = asked
    several = [name for name, make in BENCHMARKS.items() if isinstance(make(), Several)]
    assert several == ["futures-mujoco"] and isinstance(benchmark, Futures)
    assert (times(benchmark, "dev-60"), times(benchmark, "quick")) == (16, 4)
    first = next(run(benchmark, twins, split="quick", size=64))
    assert first.manifest["samples"] == 4 and not first.samples
    row = result("micro", benchmark="futures-mujoco@2")
    assert "Fewer than the 16 samples" in markdown([row]) and "micro 1" in markdown([row])


def test_each_outcome_is_one_of_those_there_are(asked):
    _, twins = asked
    case = twins[0].cases[0]
    high, nowhere = np.array([[32.0, 5.0]]), np.full((1, 2), np.nan)
    assert outcome(case, high) == KINDS - 1 and outcome(case, nowhere) == -1
    assert outcome(case, np.array([[float(u), 62.0] for u in (5, 18, 32, 46, 60)])).tolist() == [0, 1, 2, 3, 4]
