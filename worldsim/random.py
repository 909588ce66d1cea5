"""Where random numbers come from: a generator that is handed over, or one for each row of a batch."""

from collections.abc import Callable

import torch
from torch import Tensor

from worldsim.protocols import Noise


def draw(
    shape: tuple[int, ...],
    generator: Noise,
    *,
    device: torch.device | str | None = None,
    kind: Callable[..., Tensor] = torch.randn,
) -> Tensor:
    """Random numbers in fp32, from one generator or from one a row.

    With one generator a row (the first axis), each row is what it would be alone: a batch does not change its rows.

    Args:
        shape: What to draw; with a generator a row, `shape[0]` of them.
        generator: One generator, or one a row; they live on the device that draws.
        device: Where to put the result.
        kind: `torch.randn` or `torch.rand`.

    Raises:
        ValueError: Where there are not as many generators as rows.
    """
    if isinstance(generator, torch.Generator):
        return kind(shape, generator=generator, device=generator.device).to(device)
    if len(generator) != shape[0]:
        raise ValueError(
            f"{len(generator)} generators came for {shape[0]} rows; give one a row, or a single one for all"
        )
    return torch.stack([kind(shape[1:], generator=one, device=one.device) for one in generator]).to(device)
