"""How much noise each frame gets.

A noise level tau runs from 0 (nothing but noise) to 1 (clean). Every frame has a level of its own: so one model learns
to imagine a frame from clean ones before it, from noisy ones, or from none (diffusion forcing).

Source: Chen et al. 2024, "Diffusion Forcing"; Esser et al. 2024, "Scaling Rectified Flow Transformers" (logit-normal
levels, eq. 19, and their shift, eq. 23).
"""

from typing import Literal

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from worldsim.protocols import Noise
from worldsim.random import draw


class Levels:
    """How noisy each frame of a training clip is made.

    Args:
        distribution: How the levels of the frames to learn are spread.
        mean: Of the logit-normal's logit; below zero means noisier frames, from which the past has to be consulted.
        spread: Of the logit-normal's logit.
        shift: Above 1 moves all levels towards noise: a large picture needs more of it to be hidden. 1 leaves them.
        clean_past: The share of clips that have a beginning that is nearly clean, as it is when a model imagines;
            in the others, all frames are noisy.
        nearly: The least level of a nearly clean frame.

    Raises:
        ValueError: Where a share or a level is not within [0, 1].
    """

    def __init__(
        self,
        distribution: Literal["logit-normal", "uniform"] = "logit-normal",
        mean: float = -1.0,
        spread: float = 1.0,
        shift: float = 1.0,
        clean_past: float = 0.8,
        nearly: float = 0.9,
    ):
        for name, value in (("clean_past", clean_past), ("nearly", nearly)):
            if not 0 <= value <= 1:
                raise ValueError(f"{name} came as {value}; it lies between 0 and 1")
        if not (shift > 0 and spread > 0):
            raise ValueError(f"shift and spread came as {shift} and {spread}; both are above zero")
        self.distribution, self.mean, self.spread, self.shift = distribution, mean, spread, shift
        self.clean_past, self.nearly = clean_past, nearly

    def draw(
        self, rows: int, frames: int, generator: Noise, device: torch.device | str | None = None
    ) -> tuple[Float[Tensor, "b t"], Bool[Tensor, "b t"]]:
        """Draw the level of each frame, and whether it is one to learn: what is given clean is not.

        A clip of a single frame has no beginning: it is always learned.
        """
        if self.distribution == "uniform":
            levels = draw((rows, frames), generator, kind=torch.rand, device=device)
        else:
            levels = (self.mean + self.spread * draw((rows, frames), generator, device=device)).sigmoid()
        levels = levels / (self.shift - (self.shift - 1) * levels)
        chance = draw((rows, 3, frames), generator, kind=torch.rand, device=device)
        begins = ((chance[:, 0, :1] * (frames - 1)).floor() + 1).clamp(max=frames - 1)
        begins = torch.where(chance[:, 1, :1] < self.clean_past, begins, 0.0)
        given = torch.arange(frames, device=device) < begins
        return torch.where(given, self.nearly + (1 - self.nearly) * chance[:, 2], levels), ~given
