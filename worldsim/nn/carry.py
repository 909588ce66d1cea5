"""Copying from elsewhere: each place of a frame takes what was at another place of the frame before.

Source: Jaderberg et al. 2015, "Spatial Transformer Networks" (the bilinear sampler).
"""

import torch
import torch.nn.functional as F
from einops import rearrange
from jaxtyping import Float
from torch import Tensor


def carried(frames: Float[Tensor, "b t z y x"], shifts: Float[Tensor, "b t 2 y x"]) -> Float[Tensor, "b t z y x"]:
    """Frames whose places hold what lies `shifts` away in `frames`, between four places in proportion.

    Args:
        frames: What is copied.
        shifts: How far right and how far down from each place that lies which it takes, in places. What lies outside
            is as the edge is.
    """
    rows, _, _, height, width = frames.shape
    kind = {"device": shifts.device, "dtype": shifts.dtype}
    right, down = torch.meshgrid(torch.arange(width, **kind), torch.arange(height, **kind), indexing="xy")
    places = torch.stack([right, down]) + shifts
    size = torch.tensor([width, height], **kind)
    grid = rearrange((2 * rearrange(places, "b t c y x -> b t y x c") + 1) / size - 1, "b t y x c -> (b t) y x c")
    found = F.grid_sample(
        rearrange(frames, "b t z y x -> (b t) z y x"), grid, padding_mode="border", align_corners=False
    )
    return rearrange(found, "(b t) z y x -> b t z y x", b=rows)
