"""Laws of the frame metrics."""

import numpy as np
import pytest

from worldsim.metrics.frames import mse, psnr, ssim


def frames(seed=0, count=3, size=24):
    return np.random.default_rng(seed).integers(0, 200, (count, size, size, 3), dtype=np.uint8)


def test_equal_frames():
    real = frames()
    assert (mse(real, real) == 0).all()
    assert (psnr(real, real) == np.inf).all()
    assert ssim(real, real) == pytest.approx(np.ones(3))


def test_a_known_distance():
    real = frames()
    assert psnr(real + np.uint8(51), real) == pytest.approx(np.full(3, 10 * np.log10(25)))  # a fifth of the range


@pytest.mark.parametrize("metric", [psnr, ssim])
def test_more_noise_scores_lower_and_frames_do_not_mix(metric):
    real = frames()
    noise = np.random.default_rng(1).normal(size=real.shape)
    scores = [metric(np.clip(real + strength * noise, 0, 255).astype(np.uint8), real) for strength in (5, 20, 60)]
    assert (np.diff(scores, axis=0) < 0).all()
    changed = real.copy()
    changed[1] = 255 - changed[1]
    assert (metric(changed, real) < metric(real, real)).tolist() == [False, True, False]


def test_ssim_is_symmetric_and_forgives_a_shift_in_brightness():
    real, other = frames(0), frames(1)
    assert ssim(real, other) == pytest.approx(ssim(other, real))
    assert (ssim(real + np.uint8(20), real) > 0.9).all()
    assert (ssim(other, real) < 0.1).all()


def test_ssim_by_its_definition():
    """One window, written out."""
    x, y = frames(0, 1, 11)[0], frames(1, 1, 11)[0]
    line = np.exp(-(np.arange(-5, 6.0) ** 2) / (2 * 1.5**2))
    weight = np.outer(line, line) / line.sum() ** 2
    scores = []
    for channel in range(3):
        a, b = x[..., channel].astype(float), y[..., channel].astype(float)
        mean_a, mean_b = (weight * a).sum(), (weight * b).sum()
        spread_a, spread_b = (weight * (a - mean_a) ** 2).sum(), (weight * (b - mean_b) ** 2).sum()
        both = (weight * (a - mean_a) * (b - mean_b)).sum()
        c1, c2 = 2.55**2, 7.65**2
        scores.append(
            (2 * mean_a * mean_b + c1) * (2 * both + c2) / (mean_a**2 + mean_b**2 + c1) / (spread_a + spread_b + c2)
        )
    assert ssim(x[None], y[None]) == pytest.approx([np.mean(scores)])


def test_frames_too_small_for_ssim_are_refused():
    with pytest.raises(ValueError, match="11 x 11"):
        ssim(frames(size=8), frames(size=8))
