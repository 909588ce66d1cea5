"""Laws of noise: independent rows, levels where they belong, targets that mean the same, a sampler that lands."""

import math

import pytest
import torch

from worldsim.diffusion.noise import Levels
from worldsim.diffusion.objective import clean_from, corrupt, error
from worldsim.diffusion.sample import SAMPLERS, euler
from worldsim.random import draw


def seeded(*seeds):
    return [torch.Generator().manual_seed(seed) for seed in seeds]


def clips(seed=0, shape=(2, 3, 4, 5, 6)):
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


def test_with_a_generator_a_row_each_row_is_what_it_would_be_alone():
    together = draw((3, 4), seeded(1, 2, 3))
    for row, seed in enumerate((1, 2, 3)):
        assert torch.equal(together[row : row + 1], draw((1, 4), seeded(seed)))


def test_too_few_generators_are_refused():
    with pytest.raises(ValueError, match="2 generators came for 3 rows"):
        draw((3, 4), seeded(1, 2))


@pytest.mark.parametrize("distribution", ["logit-normal", "uniform"])
@pytest.mark.parametrize("shift", [0.5, 1.0, 4.0])
def test_levels_lie_between_noise_and_clean_and_shift_moves_them_to_noise(distribution, shift):
    levels, learn = Levels(distribution, shift=shift, clean_past=0.0).draw(64, 32, seeded(0)[0])
    plain, _ = Levels(distribution, clean_past=0.0).draw(64, 32, seeded(0)[0])
    assert learn.all()
    assert levels.min() >= 0 and levels.max() <= 1
    assert torch.equal(levels < plain, torch.full_like(learn, shift > 1)) or shift <= 1
    # Esser et al. 2024, eq. 23, written for the amount of noise
    noise = shift * (1 - plain) / (1 + (shift - 1) * (1 - plain))
    torch.testing.assert_close(1 - levels, noise, rtol=0, atol=1e-5)


def test_a_clean_past_comes_first_is_nearly_clean_and_is_not_learned():
    levels, learn = Levels(clean_past=1.0, nearly=0.9).draw(256, 8, seeded(0)[0])
    assert (levels[~learn] >= 0.9).all()
    assert not learn[:, 0].any() and learn[:, -1].all()
    assert (learn.int().diff(dim=1) >= 0).all()
    assert len(learn.sum(dim=1).unique()) == 7  # every beginning occurs


@pytest.mark.parametrize("wrong", [{"clean_past": 1.5}, {"nearly": -1.0}, {"shift": 0.0}, {"spread": 0.0}])
def test_impossible_levels_are_refused(wrong):
    with pytest.raises(ValueError, match=next(iter(wrong))):
        Levels(**wrong)


def test_the_line_runs_from_noise_to_clean():
    clean, noise = clips(0), clips(1)
    assert torch.equal(corrupt(clean, noise, torch.zeros(2, 3)), noise)
    assert torch.equal(corrupt(clean, noise, torch.ones(2, 3)), clean)


TRUE_OUTPUT = {
    "x": lambda clean, noise, tau: clean,
    "flow": lambda clean, noise, tau: clean - noise,
    "v": lambda clean, noise, tau: tau * noise - (1 - tau) * clean,
}


@pytest.mark.parametrize("target", TRUE_OUTPUT)
def test_every_target_stands_for_the_clean_frame(target):
    clean, noise, levels = clips(0), clips(1), torch.rand(2, 3, generator=seeded(2)[0])
    output = TRUE_OUTPUT[target](clean, noise, levels[:, :, None, None, None])
    found = clean_from(target, output, corrupt(clean, noise, levels), levels)
    torch.testing.assert_close(found, clean, rtol=0, atol=1e-5)


@pytest.mark.parametrize("target", TRUE_OUTPUT)
def test_the_error_is_that_of_the_target(target):
    clean, noise = clips(0), clips(1)
    levels = torch.rand(2, 3, generator=seeded(2)[0]) * 0.9
    tau = levels[:, :, None, None, None]
    output = clips(3)
    space = "flow" if target == "x" else target  # x is judged by the velocity it implies
    truth = TRUE_OUTPUT[space](clean, noise, tau)
    noisy = corrupt(clean, noise, levels)
    said = (output - noisy) / (1 - tau) if target == "x" else output
    wanted = (said - truth).square().mean(dim=(2, 3, 4))
    found = error(target, clean, clean_from(target, output, noisy, levels), levels)
    torch.testing.assert_close(found, wanted, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("steps", [1, 2, 4, 7])
def test_the_exact_denoiser_lands_on_the_data(steps):
    clean, noise = clips(0), clips(1)
    asked = []

    def exact(noisy, level):
        asked.append(level)
        torch.testing.assert_close(noisy, corrupt(clean, noise, torch.full((2, 3), level)), rtol=0, atol=1e-5)
        return clean

    torch.testing.assert_close(euler(exact, noise, steps=steps), clean, rtol=0, atol=1e-6)
    assert asked == [step / steps for step in range(steps)]


@pytest.mark.parametrize("steps", [1, 2, 5])
def test_each_sampler_asks_as_often_as_it_says_and_lands_on_the_data(steps):
    clean, noise, asked = torch.ones(1, 2, 3, 4, 4), torch.zeros(1, 2, 3, 4, 4), []

    def exact(noisy, level):
        asked.append(level)
        return clean

    for sampler, times in (("euler", steps), ("heun", 2 * steps - 1)):
        torch.testing.assert_close(SAMPLERS[sampler](exact, noise, steps=steps), clean, rtol=0, atol=1e-6)
        assert len(asked) == times and max(asked) < 1
        asked.clear()


def test_heun_follows_a_curve_more_closely_than_euler():
    """Guesses that make the velocity equal to what is there: it grows to e times as much."""
    start = torch.ones(1, 1, 1, 1, 1)
    ends = {
        name: abs(float(sampler(lambda noisy, level: (2 - level) * noisy, start, steps=8)) - math.e)
        for name, sampler in SAMPLERS.items()
    }
    assert ends["heun"] < ends["euler"] / 4


def test_no_steps_are_refused():
    with pytest.raises(ValueError, match="at least one"):
        euler(lambda noisy, level: noisy, clips(), steps=0)
