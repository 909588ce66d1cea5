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

CLEANEST = 0.95
"""Where 1 / (1 - tau)^2 stops to grow: at 400."""


def corrupt(
    clean: Float[Tensor, "b t z y x"], noise: Float[Tensor, "b t z y x"], levels: Float[Tensor, "b t"]
) -> Float[Tensor, "b t z y x"]:
    """Each frame at its level on the line from noise (0) to clean (1)."""
    return torch.lerp(noise, clean, levels[:, :, None, None, None].to(clean.dtype))


def clean_from(
    target: Target,
    output: Float[Tensor, "b t z y x"],
    noisy: Float[Tensor, "b t z y x"],
    levels: Float[Tensor, "b t"],
) -> Float[Tensor, "b t z y x"]:
    """The clean frames that a network's output stands for."""
    tau = levels[:, :, None, None, None].to(output.dtype)
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
    levels: Float[Tensor, "b t"],
    weight: Weight = "velocity",
) -> Float[Tensor, "b t"]:
    """How wrong each predicted clean frame is: a weighted mean square.

    Args:
        target: What the network predicted. For "flow" and "v" the error is that of the target itself.
        clean: The truth.
        predicted: The prediction, as a clean frame.
        levels: The level of each frame.
        weight: For the target "x": "velocity" takes the error of the velocity that the prediction implies, "ramp"
            weighs clean levels ten times as much as noisy ones (Dreamer 4), "none" is plain.
    """
    square = (predicted - clean).square().mean(dim=(2, 3, 4))
    noise_left = (1 - levels).clamp(min=1 - CLEANEST)
    match target:
        case "flow":
            return square / noise_left**2
        case "v":
            return square * ((levels**2 + (1 - levels) ** 2) / noise_left) ** 2
        case "x":
            return square * {"velocity": noise_left**-2, "ramp": 0.9 * levels + 0.1, "none": 1.0}[weight]
