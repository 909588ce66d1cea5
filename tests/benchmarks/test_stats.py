import numpy as np
import pytest
import scipy.stats

from worldsim_benchmarks.stats import bca, bootstrap, means, overall


def mean(averages):
    return averages["m"]


def test_the_interval_covers_the_true_mean_about_as_often_as_it_says():
    rng = np.random.default_rng(0)
    covered = 0
    for trial in range(200):
        values = rng.normal(0.3, 0.4, 60)
        interval = bootstrap({"m": values}, ["one"] * 60, mean, seed=trial, resamples=500)
        covered += interval.low <= 0.3 <= interval.high
    assert 0.88 <= covered / 200 <= 0.99


def test_templates_that_disagree_widen_the_interval():
    rng = np.random.default_rng(0)
    values = np.concatenate([rng.normal(centre, 0.1, 30) for centre in (-1, 0, 1)])
    clustered = bootstrap({"m": values}, np.repeat(["f/a", "f/b", "f/c"], 30).tolist(), mean)
    pooled = bootstrap({"m": values}, ["f/a"] * 90, mean)
    assert clustered.high - clustered.low > 2 * (pooled.high - pooled.low)


def test_families_count_alike_and_are_clipped_before_they_are_averaged():
    values, templates = np.array([1.0, 1.0, 1.0, -1.0]), ["f/a", "f/a", "f/b", "g/a"]
    assert overall({"m": values}, templates, lambda averages: np.maximum(0, averages["m"])) == 0.5
    assert overall({"m": values}, templates, mean) == 0
    interval = bootstrap({"m": values}, templates, mean)
    assert (interval.low, interval.high) == (0, 0)  # families are no sample: each resample holds all of them


def test_a_family_without_any_score_is_left_out():
    assert overall({"m": np.array([0.4, np.nan])}, ["f/a", "g/a"], mean) == 0.4
    assert np.isnan(overall({"m": np.array([np.nan])}, ["f/a"], mean))


def test_what_was_not_scored_is_left_out_and_not_zero():
    assert means({"m": np.array([1.0, np.nan, 3.0])})["m"] == 2
    assert np.isnan(means({"m": np.array([np.nan])})["m"])


def test_the_same_seed_is_the_same_interval():
    values = {"m": np.random.default_rng(1).random(20)}
    assert bootstrap(values, ["a"] * 20, mean) == bootstrap(values, ["a"] * 20, mean)


def test_a_constant_has_no_width():
    interval = bootstrap({"m": np.full(10, 0.7)}, ["a"] * 10, mean)
    assert (interval.value, interval.low, interval.high) == pytest.approx((0.7, 0.7, 0.7))


def test_samples_of_one_world_count_as_one_world():
    """Four samples that agree tell nothing new; four that scatter narrow the interval, if only of their own noise."""
    rng = np.random.default_rng(0)
    world = rng.normal(0, 0.4, 100)
    once = bootstrap({"m": world[None]}, ["f/a"] * 100, mean)
    agreeing = bootstrap({"m": np.repeat(world[None], 4, 0)}, ["f/a"] * 100, mean)
    assert agreeing.high - agreeing.low == pytest.approx(once.high - once.low, rel=0.05)
    noise = rng.normal(0, 0.4, (4, 100))
    scattered = bootstrap({"m": world + noise}, ["f/a"] * 100, mean)
    alone = bootstrap({"m": (world + noise)[:1]}, ["f/a"] * 100, mean)
    assert once.high - once.low < scattered.high - scattered.low < alone.high - alone.low


def test_the_interval_over_templates_twins_and_samples_covers_as_often_as_it_says():
    rng = np.random.default_rng(1)
    covered = 0
    for trial in range(100):
        world = np.repeat(rng.normal(0, 0.2, 12), 10) + rng.normal(0.3, 0.3, 120)
        values = world + rng.normal(0, 0.3, (3, 120))
        kinds = [f"f/{number // 10}" for number in range(120)]
        interval = bootstrap({"m": values}, kinds, mean, seed=trial, resamples=400)
        covered += interval.low <= 0.3 <= interval.high
    assert 84 <= covered <= 99


def test_a_long_tail_makes_one_end_longer_and_covers_more_often():
    rng, missed, plainly, longer = np.random.default_rng(0), 0, 0, 0
    true = float(np.exp(0.5))
    for trial in range(150):
        values = rng.lognormal(0, 1, 40)
        low, high = bca(values[None], ["f/a"] * 40, seed=trial, resamples=600)
        plain = bootstrap({"m": values}, ["f/a"] * 40, mean, seed=trial, resamples=600)
        longer += high > plain.high
        missed += not low <= true <= high
        plainly += not plain.low <= true <= plain.high
    assert longer > 135 and missed < plainly


def test_it_agrees_with_the_reference_where_there_is_one_template_and_one_sample():
    values = np.random.default_rng(1).lognormal(0, 1, 60)
    reference = scipy.stats.bootstrap((values,), np.mean, method="BCa", n_resamples=20_000, rng=0).confidence_interval
    low, high = bca(values[None], ["f/a"] * 60)
    assert (low, high) == pytest.approx((reference.low, reference.high), rel=0.03)


def test_without_a_tail_it_is_the_percentile_interval():
    values = np.random.default_rng(0).normal(0, 1, 400)
    values -= values.mean()
    both = np.concatenate([values, -values])
    plain = bootstrap({"m": both}, ["f/a"] * 800, mean)
    assert bca(both[None], ["f/a"] * 800) == pytest.approx((plain.low, plain.high), abs=0.01)
    assert bca(np.full((1, 5), 0.5), ["f/a"] * 5) == pytest.approx((0.5, 0.5))
    assert np.isnan(bca(np.full((1, 5), np.nan), ["f/a"] * 5)).all()
