"""Few steps, learned: a network that is told how far it will go with an answer learns to answer for large steps.

What one step of a size should do is what two of half the size do, so a network can teach itself: it takes two half
steps and learns to arrive there in one. At the finest size nothing is to be learned of it: denoising teaches that.

Source: Frans et al. 2024, "One Step Diffusion via Shortcut Models"; Hafner et al. 2025, "Dreamer 4" (x-prediction).
"""

import math
from collections.abc import Callable

import torch
from jaxtyping import Float, Int
from torch import Tensor

from worldsim.protocols import Noise
from worldsim.random import draw

FINEST = 7
"""Sizes of steps are 1, 1/2, 1/4 ... down to 1 / 2**FINEST, and are told by their exponent."""

Guess = Callable[[Float[Tensor, "b t z y x"], Float[Tensor, "b t"], Int[Tensor, "b t"]], Float[Tensor, "b t z y x"]]
"""Takes noisy frames, their levels and the sizes of the steps to come; gives the clean frames."""


def exponent(steps: int) -> int:
    """The size that a sampler of so many equal steps tells: the nearest that is not larger."""
    return min(FINEST, math.ceil(math.log2(steps)))


def draw_jumps(
    rows: int, frames: int, generator: Noise, device: torch.device | str | None = None
) -> tuple[Float[Tensor, "b t"], Int[Tensor, "b t"]]:
    """A size for each frame, any but the finest, and a level at which a step of it may begin."""
    chance = draw((rows, 2, frames), generator, kind=torch.rand, device=device)
    sizes = (chance[:, 0] * FINEST).long()
    parts = 2.0**sizes
    return (chance[:, 1] * parts).floor() / parts, sizes


def two_halves(
    guess: Guess, noisy: Float[Tensor, "b t z y x"], levels: Float[Tensor, "b t"], sizes: Int[Tensor, "b t"]
) -> Float[Tensor, "b t z y x"]:
    """The clean frames that one step must guess in order to arrive where two half steps do.

    Frames of the finest size stay where they are: they are the past, and only looked at.
    """
    half = torch.where(sizes < FINEST, 0.5 ** (sizes + 1).float(), 0.0)
    left, finer = (1 - levels).clamp(min=0.5**FINEST), (sizes + 1).clamp(max=FINEST)
    step, way, rest = (each[:, :, None, None, None] for each in (half, left, left - half))
    first = (guess(noisy, levels, finer) - noisy) / way
    ahead = noisy + step * first
    second = (guess(ahead, levels + half, finer) - ahead) / rest
    return noisy + way * (first + second) / 2
