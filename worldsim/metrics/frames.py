"""How far an imagined frame is from the real one, pixel by pixel: MSE, PSNR, SSIM. One number a frame."""

import numpy as np
import torch
import torch.nn.functional as F
from einops import rearrange
from jaxtyping import Float64, UInt8
from torch import Tensor

Frames = UInt8[np.ndarray, "n h w 3"]
PerFrame = Float64[np.ndarray, " n"]


def mse(imagined: Frames, real: Frames) -> PerFrame:
    """Mean squared error of each frame; pixels count from 0 to 1."""
    apart = (imagined.astype(np.float64) - real.astype(np.float64)) / 255
    return np.square(apart).mean(axis=(1, 2, 3))


def psnr(imagined: Frames, real: Frames) -> PerFrame:
    """Peak signal-to-noise ratio of each frame, in dB; infinite where the two are equal.

    Take means over `mse` rather than over this: one perfect frame makes a mean infinite.
    """
    with np.errstate(divide="ignore"):
        return -10 * np.log10(mse(imagined, real))


def ssim(imagined: Frames, real: Frames) -> PerFrame:
    """Structural similarity of each frame: 1 where the two are equal.

    Source: Wang et al. 2004, "Image Quality Assessment", with its Gaussian window of 11 pixels (deviation 1.5),
    K1 = 0.01 and K2 = 0.03, over each channel, where the window lies within the frame.

    Raises:
        ValueError: Where a frame is smaller than the window.
    """
    if min(imagined.shape[1:3]) < 11:
        raise ValueError(f"frames came as {imagined.shape[1]} x {imagined.shape[2]}; SSIM looks through 11 x 11 pixels")
    x, y = (
        rearrange(torch.from_numpy(np.ascontiguousarray(video)), "n h w c -> (n c) 1 h w").double()
        for video in (imagined, real)
    )
    offsets = torch.arange(-5, 6, dtype=torch.float64)
    window = torch.exp(-offsets.square() / (2 * 1.5**2))
    window /= window.sum()

    def mean(values: Tensor) -> Tensor:
        return F.conv2d(F.conv2d(values, window.view(1, 1, -1, 1)), window.view(1, 1, 1, -1))

    mean_x, mean_y = mean(x), mean(y)
    spread_x, spread_y = mean(x * x) - mean_x**2, mean(y * y) - mean_y**2
    together = mean(x * y) - mean_x * mean_y
    c1, c2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
    similar = (2 * mean_x * mean_y + c1) * (2 * together + c2)
    similar /= (mean_x**2 + mean_y**2 + c1) * (spread_x + spread_y + c2)
    return rearrange(similar, "(n c) 1 h w -> n (c h w)", n=len(imagined)).mean(dim=1).numpy()
