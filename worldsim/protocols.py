"""The contracts: what a world model promises, what a codec promises, and two abilities a model may have besides.

Each is a protocol: whoever has the methods is one. A still frame, a straight-line drift and a diffusion transformer
are all WorldModels, and no code asks which.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol, TypeGuard, TypeVar, runtime_checkable

import torch
from jaxtyping import Float
from torch import Tensor

from worldsim.types import Camera

Memory = TypeVar("Memory")

Noise = torch.Generator | Sequence[torch.Generator]
"""Where randomness comes from: one generator for the batch, or one a row, which makes rows independent."""


@runtime_checkable
class WorldModel(Protocol[Memory]):
    """A world that can be watched and then imagined.

    Memory is handed over and never hidden: `imagine` leaves the memory it is given as it was and returns another. So
    branching a future, replaying it and playing in it are all the same call. Imagining two halves of a plan in turn
    equals imagining the whole.
    """

    def watch(self, seen: Float[Tensor, "b t c h w"], taken: Float[Tensor, "b t-1 a"]) -> Memory:
        """Take in what was seen, in [-1, 1], and the actions taken in between."""
        ...

    def imagine(
        self, memory: Memory, plan: Float[Tensor, "b n a"], *, generator: Noise
    ) -> tuple[Float[Tensor, "b n c h w"], Memory]:
        """Imagine one frame, in [-1, 1], for each action of the plan; the first leads on from the last one seen."""
        ...


@runtime_checkable
class Surprise(Protocol):
    """A model that can say how unexpected it finds each frame."""

    def surprise(
        self, frames: Float[Tensor, "b t c h w"], actions: Float[Tensor, "b t-1 a"], *, generator: Noise
    ) -> Float[Tensor, "b t"]:
        """How unexpected each frame is given all before it; higher is more so. The unit is the model's own."""
        ...


@runtime_checkable
class Features(Protocol):
    """A model whose activations can be probed."""

    def features(
        self, frames: Float[Tensor, "b t c h w"], actions: Float[Tensor, "b t-1 a"], *, layers: Sequence[int]
    ) -> Mapping[int, Float[Tensor, "b t g d"]]:
        """The activations behind each of the given layers."""
        ...


@runtime_checkable
class CameraConditioned(Protocol):
    """A world model that can be told where frames are seen from: in every method that takes frames, or imagines them.

    Attributes:
        camera: Whether this one can: a class may have both kinds.
    """

    camera: bool

    def watch(
        self, seen: Float[Tensor, "b t c h w"], taken: Float[Tensor, "b t-1 a"], *, camera: Camera | None = None
    ) -> Any:
        """As a WorldModel's; and where each frame was seen from."""
        ...

    def imagine(
        self, memory: Any, plan: Float[Tensor, "b n a"], *, generator: Noise, camera: Camera | None = None
    ) -> tuple[Float[Tensor, "b n c h w"], Any]:
        """As a WorldModel's; and where each imagined frame is to be seen from."""
        ...


def hears_camera(model: object) -> TypeGuard[CameraConditioned]:
    """Whether a model hears where frames are seen from."""
    return isinstance(model, CameraConditioned) and model.camera


Recalled = tuple[Tensor, ...]
"""What a codec keeps of the frames before, each tensor one row a video; () at the beginning, or where it keeps none."""


@runtime_checkable
class Codec(Protocol):
    """Pixels to latents and back, frame by frame in time order, each frame knowing at most those before it.

    Attributes:
        channels: The channels z of a latent.
        downscale: How many pixels of height (and of width) one latent cell covers.
    """

    channels: int
    downscale: int

    def encode(self, frames: Float[Tensor, "b t c h w"]) -> Float[Tensor, "b t z y x"]:
        """Frames in [-1, 1] to latents of about unit variance."""
        ...

    def decode(self, latents: Float[Tensor, "b t z y x"]) -> Float[Tensor, "b t c h w"]:
        """Latents back to frames in [-1, 1], from the beginning of a video."""
        ...

    def decode_on(
        self, latents: Float[Tensor, "b t z y x"], recalled: Recalled
    ) -> tuple[Float[Tensor, "b t c h w"], Recalled]:
        """Decode what follows the latents after which this was recalled: in pieces it is the same as at once."""
        ...
