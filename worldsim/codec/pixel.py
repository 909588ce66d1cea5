"""The codec of small pictures: pixels are their own latents."""

from einops import rearrange
from jaxtyping import Float
from torch import Tensor, nn

from worldsim.protocols import Recalled


class Pixel(nn.Module):
    """Latents are pixels, several to a cell.

    Args:
        downscale: Pixels of height (and of width) that one latent cell covers; they become its channels.

    Attributes:
        channels: The channels z of a latent.
        downscale: As given.
    """

    SPREAD = 0.5
    """The usual deviation of pixels in [-1, 1]: dividing by it gives latents of about unit variance."""

    def __init__(self, downscale: int = 1):
        super().__init__()
        self.downscale = downscale
        self.channels = 3 * downscale**2

    def encode(self, frames: Float[Tensor, "b t c h w"]) -> Float[Tensor, "b t z y x"]:
        """Frames in [-1, 1] to latents."""
        fold = self.downscale
        if frames.shape[-2] % fold or frames.shape[-1] % fold:
            raise ValueError(
                f"frames of {frames.shape[-2]} x {frames.shape[-1]} cannot be folded by {fold}; "
                "both sides must be multiples of it"
            )
        return rearrange(frames, "b t c (y i) (x j) -> b t (c i j) y x", i=fold, j=fold) / self.SPREAD

    def decode(self, latents: Float[Tensor, "b t z y x"]) -> Float[Tensor, "b t c h w"]:
        """Latents back to frames in [-1, 1]; what lies outside is cut off."""
        fold = self.downscale
        frames = rearrange(latents, "b t (c i j) y x -> b t c (y i) (x j)", i=fold, j=fold)
        return (frames * self.SPREAD).clamp(-1, 1)

    def decode_on(
        self, latents: Float[Tensor, "b t z y x"], recalled: Recalled
    ) -> tuple[Float[Tensor, "b t c h w"], Recalled]:
        """Each frame is decoded for itself."""
        return self.decode(latents), ()
