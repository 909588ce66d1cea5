"""Laws of large steps that a network teaches itself."""

import pytest
import torch

from worldsim.diffusion.noise import Levels
from worldsim.diffusion.shortcut import FINEST, draw_jumps, exponent, two_halves
from worldsim.models.diffusion_world import DiffusionWorld
from worldsim.types import Clip


def test_sizes_are_all_but_the_finest_and_steps_begin_where_a_sampler_is():
    levels, sizes = draw_jumps(500, 8, torch.Generator().manual_seed(0))
    assert set(sizes.unique().tolist()) == set(range(FINEST))
    assert (levels >= 0).all() and (levels + 0.5**sizes <= 1).all(), "a step never leads beyond the clean frame"
    assert torch.equal((levels * 2.0**sizes).round(), levels * 2.0**sizes)


@pytest.mark.parametrize(("steps", "size"), [(1, 0), (2, 1), (3, 2), (4, 2), (64, 6), (1000, FINEST)])
def test_a_sampler_tells_the_nearest_size_that_is_not_larger(steps, size):
    assert exponent(steps) == size


def test_a_network_that_is_right_has_nothing_to_learn_and_one_that_curves_learns_to_cut_the_corner():
    noise, clean = torch.zeros(2, 3, 3, 4, 4), torch.ones(2, 3, 3, 4, 4)
    levels, sizes = torch.zeros(2, 3), torch.tensor([[0, 1, FINEST]] * 2)
    straight = two_halves(lambda noisy, levels, sizes: clean, noise, levels, sizes)
    torch.testing.assert_close(straight, clean)
    asked = []

    def curving(noisy, levels, sizes):
        asked.append((levels.clone(), sizes.clone()))
        return clean * (1 + levels[:, :, None, None, None])

    found = two_halves(curving, noise, levels, sizes)
    # of a whole step: (1 + (1.5 - 0.5) / 0.5) / 2; of a half one: (1 + (1.25 - 0.25) / 0.75) / 2; the past stays 1
    torch.testing.assert_close(found[0, :, 0, 0, 0], torch.tensor([1.5, 7 / 6, 1.0]))
    assert asked[0][1][0].tolist() == [1, 2, FINEST] and asked[1][0][0].tolist() == [0.5, 0.25, 0.0]


def test_a_model_teaches_itself_once_a_quarter_of_the_training_is_over():
    torch.manual_seed(0)
    levels = Levels(distribution="uniform", clean_past=0.0)
    model = DiffusionWorld(
        0, patch=4, width=32, heads=2, kv_heads=2, depth=2, window=2, past=0, shortcut=0.5, levels=levels
    )
    for parameter in model.parameters():
        torch.nn.init.normal_(parameter, std=0.15)
    mask = torch.ones(4, 2, dtype=torch.bool)
    clip = Clip(torch.rand(4, 2, 3, 4, 4) * 2 - 1, torch.zeros(4, 1, 0), mask)
    early, late = (model.loss(clip, generator=torch.Generator().manual_seed(1), done=done) for done in (0.1, 0.5))
    assert early != late
    late.backward()
    jump = model.transformer.jump
    assert jump is not None and jump.weight.grad is not None
    told = jump.weight.grad.abs().sum(1) > 0
    assert told[FINEST] and told[:FINEST].any(), "it hears the size of what it is to learn"
