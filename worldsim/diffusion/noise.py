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
        by_token: The share of clips in which each token of a frame to learn has a level of its own, so that it is
            learned to go on from any part of a picture, too.

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
        by_token: float = 0.0,
    ):
        for name, value in (("clean_past", clean_past), ("nearly", nearly), ("by_token", by_token)):
            if not 0 <= value <= 1:
                raise ValueError(f"{name} came as {value}; it lies between 0 and 1")
        if not (shift > 0 and spread > 0):
            raise ValueError(f"shift and spread came as {shift} and {spread}; both are above zero")
        self.distribution, self.mean, self.spread, self.shift = distribution, mean, spread, shift
        self.clean_past, self.nearly, self.by_token = clean_past, nearly, by_token

    def draw(
        self, rows: int, frames: int, generator: Noise, device: torch.device | str | None = None
    ) -> tuple[Float[Tensor, "b t"], Bool[Tensor, "b t"]]:
        """Draw the level of each frame, and whether it is one to learn: what is given clean is not.

        A clip of a single frame has no beginning: it is always learned.
        """
        levels = self._spread((rows, frames), generator, device)
        chance = draw((rows, 3, frames), generator, kind=torch.rand, device=device)
        begins = ((chance[:, 0, :1] * (frames - 1)).floor() + 1).clamp(max=frames - 1)
        begins = torch.where(chance[:, 1, :1] < self.clean_past, begins, 0.0)
        given = torch.arange(frames, device=device) < begins
        return torch.where(given, self.nearly + (1 - self.nearly) * chance[:, 2], levels), ~given

    def of_tokens(
        self, levels: Float[Tensor, "b t"], learn: Bool[Tensor, "b t"], tokens: int, generator: Noise
    ) -> Float[Tensor, "b t g"]:
        """The level of each token of frames that were drawn: its frame's, or in a share of the clips one of its own."""
        own = self._spread((*levels.shape, tokens), generator, levels.device)
        chosen = draw((len(levels), 1, 1), generator, kind=torch.rand, device=levels.device) < self.by_token
        return torch.where(chosen & learn[..., None], own, levels[..., None])

    def _spread(
        self, shape: tuple[int, ...], generator: Noise, device: torch.device | str | None
    ) -> Float[Tensor, "..."]:
        if self.distribution == "uniform":
            levels = draw(shape, generator, kind=torch.rand, device=device)
        else:
            levels = (self.mean + self.spread * draw(shape, generator, device=device)).sigmoid()
        return levels / (self.shift - (self.shift - 1) * levels)
