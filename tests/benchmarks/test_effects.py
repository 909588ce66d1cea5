"""What is said of an effect, by formula alone: known answers get what they deserve."""

import numpy as np
import pytest

from worldsim_benchmarks import effects

RNG = np.random.default_rng(0)
REAL = RNG.normal(size=(16, 3, 2)) * 5
EVERY = np.ones((16, 3), bool)


@pytest.mark.parametrize(("times", "worth"), [(1, 1), (0, 0), (-1, -1), (0.5, 0.8), (2, 0.8)])
def test_concordance_of_an_effect_so_many_times_as_large(times, worth):
    assert effects.concordance(times * REAL[None], REAL, EVERY) == pytest.approx(worth)


def test_what_is_missing_is_worst():
    assert effects.concordance(np.full((1, *REAL.shape), np.nan), REAL, EVERY) == pytest.approx(-1)


def test_the_scatter_of_samples_is_not_taken_for_an_effect():
    noisy = REAL + RNG.normal(size=(4, *REAL.shape)) * 5
    alone = np.mean([effects.concordance(one[None], REAL, EVERY) for one in noisy])
    uncorrected = effects.concordance(noisy.mean(0)[None], REAL, EVERY)
    together = effects.concordance(noisy, REAL, EVERY)
    assert alone < uncorrected < together
    assert together == pytest.approx(1, abs=0.05)


def test_a_placebo_that_does_nothing_is_local_and_one_that_does_as_much_is_not():
    active = effects.strength(REAL, EVERY)
    assert effects.locality(np.zeros_like(REAL), EVERY, active) == 1
    assert effects.locality(REAL, EVERY, active) == pytest.approx(0)
    assert effects.locality(np.full_like(REAL, np.nan), EVERY, active) == pytest.approx(0)
    assert 0 < effects.locality(REAL / 2, EVERY, active) < 1


def test_an_effect_that_comes_late_or_never_costs_its_time():
    real = np.array([3.0, 8.0, np.inf])
    assert effects.timing(real, real, 10) == 1
    assert effects.timing(real + 2, real, 10) == pytest.approx(np.exp(-1))
    assert effects.timing(np.full(3, np.inf), real, 10) == 0
    assert np.isnan(effects.timing(real, np.full(3, np.inf), 10))


def test_the_order_of_events_is_kendalls():
    real = np.array([1.0, 2.0, 3.0, 4.0])
    assert effects.order(real, real) == 1
    assert effects.order(real[::-1], real) == -1
    assert effects.order(np.full(4, np.inf), real) == -1
    assert effects.order(np.array([2.0, 1.0, 3.0, 4.0]), real) == pytest.approx(4 / 6)


def test_the_answer_to_a_dose():
    doses, real = [0.0, 0.5, 1.0, 1.5], [0.0, 2.0, 5.0, 9.0]
    assert effects.response(doses, real, real) == pytest.approx((1, 1))
    assert effects.response(doses, [2 * each for each in real], real) == pytest.approx((1, 0.5))
    assert effects.response(doses, [4.0] * 4, real) == (0, 0)
    assert effects.response(doses, real[::-1], real) == pytest.approx((-1, 0))
    assert effects.response(doses, [np.nan] * 4, real) == (-1, 0)


def test_onsets_are_when_things_part():
    change = np.zeros((10, 2, 2))
    change[4:, 0, 0] = 5
    assert effects.onsets(change, np.array([10.0, 10.0])).tolist() == [4, np.inf]
