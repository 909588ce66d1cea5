"""From noise back to a picture, in a few steps."""

from collections.abc import Callable, Sequence
from typing import Literal

import torch
from jaxtyping import Float
from torch import Tensor

Sampler = Literal["euler", "heun"]

Denoiser = Callable[[Float[Tensor, "b t z y x"], float], Float[Tensor, "b t z y x"]]
"""Takes noisy frames and their level, gives its best guess of the clean ones."""


def levels(steps: int) -> list[float]:
    """The levels at which the network is asked, evenly from 0; the last step lands on 1."""
    if steps < 1:
        raise ValueError(f"steps came as {steps}; at least one is needed, and 4 is usual")
    return [step / steps for step in range(steps)]


def asked(sampler: Sampler, steps: int) -> Sequence[float]:
    """All levels at which a sampler asks: both of ours ask at the beginnings of its steps and nowhere else.

    Raises:
        ValueError: Where there is no such sampler, or no step.
    """
    if sampler not in SAMPLERS:
        raise ValueError(f"sampler came as {sampler!r}; there are {', '.join(SAMPLERS)}")
    return levels(steps)


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
    for here, there in _steps(steps):
        guess = denoise(frames, here).float()
        frames = torch.lerp(frames, guess, (there - here) / (1 - here))
    return frames


def heun(denoise: Denoiser, noise: Float[Tensor, "b t z y x"], *, steps: int = 4) -> Float[Tensor, "b t z y x"]:
    """As `euler`, but each step is taken with the mean of the velocities at its beginning and at its end.

    The network is asked 2 steps - 1 times: at level 1 there is no velocity to ask for, so the last step is Euler's.

    Source: Karras et al. 2022, "Elucidating the Design Space of Diffusion-Based Generative Models", algorithm 1.
    """
    frames = noise.float()
    for here, there in _steps(steps):
        velocity = (denoise(frames, here).float() - frames) / (1 - here)
        ahead = frames + (there - here) * velocity
        if there < 1:
            velocity = (velocity + (denoise(ahead, there).float() - ahead) / (1 - there)) / 2
        frames = frames + (there - here) * velocity
    return frames


def _steps(steps: int) -> list[tuple[float, float]]:
    """Where each step begins and ends."""
    begins = levels(steps)
    return list(zip(begins, [*begins[1:], 1.0], strict=True))


SAMPLERS = {"euler": euler, "heun": heun}
