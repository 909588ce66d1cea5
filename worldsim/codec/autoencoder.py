"""The codec of larger pictures: a causal autoencoder that gives every frame a small latent of its own.

What it knows of time it knows from memory: some layers see, beside the features of a frame, those of the frame before.
So the same weights run over a whole clip at once or frame by frame, and the two agree; and an image is a video of one
frame. Latents are whitened, so that a diffusion model meets them with the variance its noise has.

Source: features remembered from one frame to the next, O. B. Bohan, TAEHV (2025); the squared error's company of image
gradients, Mathieu et al. 2016, "Deep multi-scale video prediction beyond mean square error".
"""

from collections.abc import Sequence
from itertools import pairwise

import torch
import torch.nn.functional as F
from einops import rearrange
from jaxtyping import Float
from torch import Tensor, nn

from worldsim.protocols import Noise, Recalled
from worldsim.random import draw
from worldsim.types import Clip


class Block(nn.Module):
    """A residual block that sees a frame's features beside those of the frame before it; zeros before the first.

    Each place is normalised by itself: statistics over time would let a frame know of those after it.
    """

    def __init__(self, width: int):
        super().__init__()
        self.scale = nn.Parameter(torch.ones(width, 1, 1))
        self.mix = nn.Conv2d(2 * width, width, 3, padding=1)
        self.fall = nn.Conv2d(width, width, 3, padding=1)
        nn.init.zeros_(self.fall.weight)  # at first a block changes nothing

    def forward(
        self, x: Float[Tensor, "b t d y x"], before: Float[Tensor, "b d y x"] | None
    ) -> tuple[Float[Tensor, "b t d y x"], Float[Tensor, "b d y x"]]:
        """The frames, and what to remember of the last of them."""
        normal = x * torch.rsqrt(x.square().mean(2, keepdim=True) + 1e-6) * self.scale
        first = torch.zeros_like(normal[:, 0]) if before is None else before
        shifted = torch.cat([first[:, None], normal[:, :-1]], dim=1)
        both = torch.cat([normal, shifted], dim=2).flatten(0, 1)
        return x + self.fall(F.silu(self.mix(both))).view_as(x), normal[:, -1]


class Tower(nn.Module):
    """Layers one after another: convolutions treat each frame for itself, blocks remember."""

    def __init__(self, layers: Sequence[nn.Module]):
        super().__init__()
        self.layers = nn.ModuleList(layers)

    def forward(self, x: Float[Tensor, "b t d y x"], recalled: Recalled) -> tuple[Tensor, Recalled]:
        """Go on from what was recalled: of the newest frame, for each block, [b d y x]."""
        left, kept = list(recalled), []
        for layer in self.layers:
            if isinstance(layer, Block):
                x, last = layer(x, left.pop(0) if left else None)
                kept.append(last)
            else:
                x = layer(x.flatten(0, 1)).unflatten(0, x.shape[:2])
        return x, tuple(kept)


class Autoencoder(nn.Module):
    """Frames to whitened latents and back.

    Args:
        channels: The channels z of a latent.
        downscale: Pixels of height (and of width) that one latent cell covers: 4, 8 or 16.
        width: Features at the highest resolution that convolutions see, half that of the frames.
        depth: Blocks at each resolution.
        noise: The deviation of the noise that training adds to raw latents, so that near latents mean near pictures.

    Raises:
        ValueError: Where the downscale is no power of two from 4 to 16.
    """

    mean: Tensor
    whiten: Tensor

    def __init__(self, channels: int = 8, downscale: int = 8, width: int = 32, depth: int = 1, noise: float = 0.05):
        super().__init__()
        if downscale not in (4, 8, 16):
            raise ValueError(f"downscale came as {downscale}; 4, 8 and 16 are possible")
        self.channels, self.downscale, self.width, self.depth, self.noise = channels, downscale, width, depth, noise
        halvings = downscale.bit_length() - 2  # the first is the unshuffling of pixels
        widths = [width * 2 ** min(step, 2) for step in range(halvings + 1)]
        down: list[nn.Module] = [nn.PixelUnshuffle(2), nn.Conv2d(12, width, 3, padding=1)]
        up: list[nn.Module] = [nn.Conv2d(channels, widths[-1], 3, padding=1)]
        for step, (here, there) in enumerate(pairwise(widths)):
            down += [*(Block(here) for _ in range(depth)), nn.Conv2d(here, there, 4, stride=2, padding=1)]
            up += [
                *(Block(widths[-1 - step]) for _ in range(depth)),
                nn.Upsample(scale_factor=2.0),
                nn.Conv2d(widths[-1 - step], widths[-2 - step], 3, padding=1),
            ]
        down += [*(Block(widths[-1]) for _ in range(depth)), nn.Conv2d(widths[-1], channels, 1)]
        up += [*(Block(width) for _ in range(depth)), nn.Conv2d(width, 12, 3, padding=1), nn.PixelShuffle(2)]
        self.down, self.up = Tower(down), Tower(up)
        self.register_buffer("mean", torch.zeros(channels))
        self.register_buffer("whiten", torch.eye(channels))

    # To use

    def encode(self, frames: Float[Tensor, "b t c h w"]) -> Float[Tensor, "b t z y x"]:
        """Frames in [-1, 1] to latents of unit variance, from the beginning of a video."""
        return self.encode_on(frames, ())[0]

    def decode(self, latents: Float[Tensor, "b t z y x"]) -> Float[Tensor, "b t c h w"]:
        """Latents back to frames in [-1, 1], from the beginning of a video."""
        return self.decode_on(latents, ())[0]

    def encode_on(
        self, frames: Float[Tensor, "b t c h w"], recalled: Recalled
    ) -> tuple[Float[Tensor, "b t z y x"], Recalled]:
        """Encode the frames that follow those after which this was recalled.

        Raises:
            ValueError: Where a side of the frames is no multiple of the downscale.
        """
        if frames.shape[-2] % self.downscale or frames.shape[-1] % self.downscale:
            raise ValueError(
                f"frames of {frames.shape[-2]} x {frames.shape[-1]} do not fill cells of {self.downscale} pixels; "
                "both sides must be multiples of it"
            )
        raw, kept = self.down(frames, recalled)
        return torch.einsum("ij,btjyx->btiyx", self.whiten, raw - self.mean[:, None, None]), kept

    def decode_on(
        self, latents: Float[Tensor, "b t z y x"], recalled: Recalled
    ) -> tuple[Float[Tensor, "b t c h w"], Recalled]:
        """Decode the latents that follow those after which this was recalled."""
        colour = torch.linalg.inv(self.whiten)
        raw = torch.einsum("ij,btjyx->btiyx", colour, latents) + self.mean[:, None, None]
        frames, kept = self.up(raw, recalled)
        return frames.clamp(-1, 1), kept

    # To learn

    def loss(self, clip: Clip, *, generator: Noise, done: float = 1.0) -> Float[Tensor, ""]:
        """How far the frames that come back are from those that went in: squares, and steps between neighbours."""
        raw, _ = self.down(clip.frames, ())
        hazy = raw + self.noise * draw(tuple(raw.shape), generator, device=raw.device)
        back, _ = self.up(hazy, ())
        apart = back - clip.frames
        steps = apart.diff(dim=-1).abs().mean((2, 3, 4)) + apart.diff(dim=-2).abs().mean((2, 3, 4))
        wrong = apart.square().mean((2, 3, 4)) + 0.1 * steps + 1e-2 * raw.square().mean((2, 3, 4))
        return (wrong * clip.mask).sum() / clip.mask.sum().clamp(min=1)

    @torch.no_grad()
    def settle(self, frames: Float[Tensor, "b t c h w"]) -> None:
        """Set the whitening from frames: afterwards their latents have zero mean and unit covariance."""
        raw = rearrange(self.down(frames, ())[0], "b t z y x -> z (b t y x)")
        self.mean.copy_(raw.mean(1))
        values, vectors = torch.linalg.eigh(torch.cov(raw))
        self.whiten.copy_(vectors @ torch.diag(values.clamp(min=1e-6).rsqrt()) @ vectors.T)
