"""What a network is asked to predict, and how wrong it was: rectified flow.

A noisy frame lies on the straight line from noise to the clean one, `noisy = tau * clean + (1 - tau) * noise`. Any of
three targets says the same thing, and `clean_from` turns each into the clean frame:

    x       the clean frame itself
    flow    the velocity along the line, clean - noise
    v       tau * noise - (1 - tau) * clean, at right angles to the noisy frame

Source: Liu et al. 2022, "Rectified Flow"; Salimans and Ho 2022 (v); Hafner et al. 2025, "Dreamer 4", and Li and He
2025, "Back to Basics" (x-prediction with the loss taken in velocity space).
"""

from typing import Literal

import torch
from jaxtyping import Float
from torch import Tensor

Target = Literal["x", "v", "flow"]
Weight = Literal["velocity", "ramp", "none"]

Taus = Float[Tensor, "b t"] | Float[Tensor, "b t y x"]
"""How noisy frames are: a level for each, or one for each of its cells."""

CLEANEST = 0.95
"""Where 1 / (1 - tau)^2 stops to grow: at 400."""


def corrupt(
    clean: Float[Tensor, "b t z y x"], noise: Float[Tensor, "b t z y x"], levels: Taus
) -> Float[Tensor, "b t z y x"]:
    """Each frame at its level on the line from noise (0) to clean (1)."""
    return torch.lerp(noise, clean, over(levels).to(clean.dtype))


def clean_from(
    target: Target,
    output: Float[Tensor, "b t z y x"],
    noisy: Float[Tensor, "b t z y x"],
    levels: Taus,
) -> Float[Tensor, "b t z y x"]:
    """The clean frames that a network's output stands for."""
    tau = over(levels).to(output.dtype)
    match target:
        case "x":
            return output
        case "flow":
            return noisy + (1 - tau) * output
        case "v":
            return (tau * noisy - (1 - tau) * output) / (tau**2 + (1 - tau) ** 2)


def error(
    target: Target,
    clean: Float[Tensor, "b t z y x"],
    predicted: Float[Tensor, "b t z y x"],
    levels: Taus,
    weight: Weight = "velocity",
) -> Float[Tensor, "b t"]:
    """How wrong each predicted clean frame is: a weighted mean square.

    Args:
        target: What the network predicted. For "flow" and "v" the error is that of the target itself.
        clean: The truth.
        predicted: The prediction, as a clean frame.
        levels: The level of each frame, or of each of its cells.
        weight: For the target "x": "velocity" takes the error of the velocity that the prediction implies, "ramp"
            weighs clean levels ten times as much as noisy ones (Dreamer 4), "none" is plain.
    """
    square, by_frame = (predicted - clean).square(), levels.ndim == 2
    square = square.mean((2, 3, 4) if by_frame else 2)
    noise_left = (1 - levels).clamp(min=1 - CLEANEST)
    match target:
        case "flow":
            found = square / noise_left**2
        case "v":
            found = square * ((levels**2 + (1 - levels) ** 2) / noise_left) ** 2
        case "x":
            found = square * {"velocity": noise_left**-2, "ramp": 0.9 * levels + 0.1, "none": 1.0}[weight]
    return found if by_frame else found.mean((2, 3))


def over(levels: Taus) -> Float[Tensor, "b t 1 _ _"]:
    """Levels as they lie over frames."""
    return levels[:, :, None, None, None] if levels.ndim == 2 else levels[:, :, None]
