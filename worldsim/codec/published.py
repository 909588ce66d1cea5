"""Autoencoders that others trained and published, as codecs: those of diffusers that encode each frame by itself."""

import importlib

import torch
from jaxtyping import Float
from torch import Tensor, nn

from worldsim.protocols import Recalled

PROBE = 64
"""The side in pixels of the picture that shows how large an autoencoder's latents are."""


class Published(nn.Module):
    """A published autoencoder of pictures; needs `pip install 'worldsim[diffusers]'`.

    Args:
        name: A folder or a name that `diffusers.AutoModel.from_pretrained` takes, such as "madebyollin/taesd".
        subfolder: Where in it the autoencoder lies, such as "vae".

    Attributes:
        channels: The channels z of a latent.
        downscale: Pixels of height (and of width) that one latent cell covers.

    Raises:
        ValueError: Where diffusers is not installed, there is no such model, or it is no autoencoder of pictures.
    """

    def __init__(self, name: str, subfolder: str | None = None):
        super().__init__()
        try:
            diffusers = importlib.import_module("diffusers")
        except ModuleNotFoundError as error:
            raise ValueError(
                f"the codec {name!r} needs diffusers, which is not installed: pip install 'worldsim[diffusers]'"
            ) from error
        self.name, self.subfolder = name, subfolder
        try:
            self.vae = diffusers.AutoModel.from_pretrained(name, subfolder=subfolder)
        except (OSError, ValueError) as error:
            raise ValueError(
                f"diffusers finds no model {name!r} (subfolder {subfolder}): {' '.join(str(error).split())[:200]}"
            ) from error
        if not hasattr(self.vae, "encode") or "temporal_compression_ratio" in self.vae.config:
            raise ValueError(
                f"{name} is a {type(self.vae).__name__}, which gives no latent to each frame; an AutoencoderKL or an "
                "AutoencoderTiny would do, or `worldsim fit --model Autoencoder`, which knows of time"
            )
        config = self.vae.config
        self.scale = float(config.get("scaling_factor") or 1.0)
        self.shift = float(config.get("shift_factor") or 0.0)
        with torch.no_grad():
            latent = self.encode(torch.zeros(1, 1, 3, PROBE, PROBE))
        self.channels, self.downscale = latent.shape[2], PROBE // latent.shape[-1]

    def encode(self, frames: Float[Tensor, "b t c h w"]) -> Float[Tensor, "b t z y x"]:
        """Frames in [-1, 1] to latents, of about unit variance for the pictures it was trained on."""
        found = self.vae.encode(frames.flatten(0, 1))
        latents = found.latents if hasattr(found, "latents") else found.latent_dist.mode()
        return ((latents - self.shift) * self.scale).unflatten(0, frames.shape[:2])

    def decode(self, latents: Float[Tensor, "b t z y x"]) -> Float[Tensor, "b t c h w"]:
        """Latents back to frames in [-1, 1]."""
        frames = self.vae.decode(latents.flatten(0, 1) / self.scale + self.shift).sample
        return frames.unflatten(0, latents.shape[:2]).clamp(-1, 1)

    def decode_on(
        self, latents: Float[Tensor, "b t z y x"], recalled: Recalled
    ) -> tuple[Float[Tensor, "b t c h w"], Recalled]:
        """Each frame is decoded for itself."""
        return self.decode(latents), ()
