"""From noise back to a picture, in a few steps."""

from collections.abc import Callable

import torch
from jaxtyping import Float
from torch import Tensor

Denoiser = Callable[[Float[Tensor, "b t z y x"], float], Float[Tensor, "b t z y x"]]
"""Takes noisy frames and their level, gives its best guess of the clean ones."""


def levels(steps: int) -> list[float]:
    """The levels at which the network is asked, evenly from 0; the last step lands on 1."""
    if steps < 1:
        raise ValueError(f"steps came as {steps}; at least one is needed, and 4 is usual")
    return [step / steps for step in range(steps)]


def euler(denoise: Denoiser, noise: Float[Tensor, "b t z y x"], *, steps: int = 4) -> Float[Tensor, "b t z y x"]:
    """Follow the straight line to the guess for a little, ask again, and so on; in fp32.

    The last step goes all the way: the result is the last guess.

    Args:
        denoise: The network.
        noise: Standard normal: where all frames begin.
        steps: How often the network is asked.

    Source: Liu et al. 2022, "Rectified Flow", algorithm 1.
    """
    frames = noise.float()
    asked = levels(steps)
    for here, there in zip(asked, [*asked[1:], 1.0], strict=True):
        guess = denoise(frames, here).float()
        frames = torch.lerp(frames, guess, (there - here) / (1 - here))
    return frames
