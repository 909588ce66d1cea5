"""Reader C: a small network that has learned how things look, for worlds in which colour alone cannot tell them.

Where the ground is brown, leaves are green and the sky is blue, a hue names no thing any more. The network says for
every pixel whether it is of a thing of one of the palette's hues, or of none; what touches is one thing, as for the
colour reader. It is a U-Net that has seen renders of the simulator, in all templates, and generic corruptions of them,
and nothing that a model made (`experiments/probe.py` makes it). A beacon is no thing.

Judges must not differ between machines, and sums of fractions do, by the order in which they are taken. So all that is
summed here is whole numbers: pictures and what layers say are 0 to 255, weights -127 to 127, and no sum of their
products reaches 2^24, up to where a float32 holds every whole number. What lies between is a product, a sum and a
rounding of single numbers, which IEEE 754 decides. So a picture is read alike on any machine, alone or among others.

Source: Ronneberger et al. 2015, "U-Net: Convolutional Networks for Biomedical Image Segmentation"; whole numbers that
stand for fractions: Jacob et al. 2018, "Quantization and Training of Neural Networks for Efficient Integer-Arithmetic-
Only Inference".
"""

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from einops import rearrange
from jaxtyping import Float, Int, UInt8
from safetensors.torch import load
from torch import Tensor

from worldsim_benchmarks.readers import Sighting, patches, sighted
from worldsim_envs.palette import RGB

WEIGHTS = Path(__file__).with_suffix(".safetensors")
SHA256 = "9bb72a5ab2516705a543fe7b703dcf487f51f9d25ae33a9d0f62cf10bc31acfd"
"""Of the weights that judge. Others are refused: what they read would go by the same name."""
EXACT = 2**24
"""Below it a float32 holds every whole number."""
TOGETHER = 2**17
"""Pixels that are looked at together, or one frame; it makes no difference to what is read."""


class Layer(NamedTuple):
    """A convolution: channels in and out, how wide its kernel is (px), and by how much its picture is smaller."""

    entering: int
    leaving: int
    kernel: int = 3
    stride: int = 1


LAYERS = {
    "1": Layer(3, 16),
    "down to 2": Layer(16, 32, stride=2),
    "2": Layer(32, 32),
    "down to 4": Layer(32, 48, stride=2),
    "4": Layer(48, 48),
    "down to 8": Layer(48, 64, stride=2),
    "8": Layer(64, 64),
    "down to 16": Layer(64, 64, stride=2),
    "16": Layer(64, 64),
    "up to 8": Layer(128, 64),
    "up to 4": Layer(112, 48),
    "fewer": Layer(48, 32, kernel=1),
    "up to 2": Layer(64, 32),
    "up to 1": Layer(48, 16, kernel=1),
    "last": Layer(16, 16),
    "say": Layer(16, 1 + len(RGB), kernel=1),
}
"""The network's parts, in the order in which a picture goes through them, named for how much smaller it is then."""
COARSEST = 16
"""Sides of what it looks at are multiples of this (px)."""

Apply = Callable[[str, Tensor], Tensor]


def look(apply: Apply, pictures: Float[Tensor, "n 3 h w"]) -> Float[Tensor, "n k h w"]:
    """How likely each pixel is of nothing, and of a thing of each hue, in no unit.

    Args:
        apply: What the layer of a name makes of what enters it.
        pictures: In the unit of the layers; sides are multiples of `COARSEST`.
    """
    whole = apply("1", pictures)
    half = apply("2", apply("down to 2", whole))
    quarter = apply("4", apply("down to 4", half))
    eighth = apply("8", apply("down to 8", quarter))
    sixteenth = apply("16", apply("down to 16", eighth))
    eighth = apply("up to 8", torch.cat([_twice(sixteenth), eighth], 1))
    quarter = apply("up to 4", torch.cat([_twice(eighth), quarter], 1))
    half = apply("up to 2", torch.cat([_twice(apply("fewer", quarter)), half], 1))
    whole = apply("up to 1", torch.cat([_twice(half), whole], 1))
    return apply("say", apply("last", whole))


def _twice(pictures: Float[Tensor, "n c h w"]) -> Float[Tensor, "n c y x"]:
    """Twice as high and wide."""
    return F.interpolate(pictures, scale_factor=2.0, mode="nearest")


class LearnedReader:
    """Finds things as its network does, in connected patches.

    Args:
        least_area: Smallest patch in pixels.
        weights: Of the network: of each layer `weight` int8 [out in k k], and `gain` and `bias` float32 [out].

    Raises:
        ValueError: Where the weights are not those that this version judges with.
    """

    def __init__(self, least_area: int = 10, weights: Path = WEIGHTS):
        self.least_area = least_area
        content = weights.read_bytes()
        found = hashlib.sha256(content).hexdigest()
        if found != SHA256:
            raise ValueError(
                f"the weights {weights} have the SHA-256 {found}, and this version of worldsim reads with {SHA256}: "
                "the file was changed or cut short; `pip install --force-reinstall worldsim` brings it back"
            )
        self._network = Network({name: tensor.float() for name, tensor in load(content).items()})

    def read(self, frames: UInt8[np.ndarray, "t h w 3"]) -> Sighting:
        """Every thing in every frame."""
        some = max(1, TOGETHER // (frames.shape[1] * frames.shape[2]))
        which = np.concatenate([self._network.hues(frames[t : t + some]) for t in range(0, len(frames), some)])
        pixels = np.argwhere(which >= 0)
        hues = which[which >= 0]
        patch, count = patches(pixels, hues, frames.shape[1:3])
        order = np.argsort(patch, kind="stable")
        patch, pixels, hues = patch[order], pixels[order], hues[order]
        large = np.flatnonzero(np.bincount(patch, minlength=count) >= self.least_area)
        return sighted(pixels, hues, patch, large)


class Network:
    """The network in whole numbers.

    Args:
        weights: By the name of a layer and `weight`, `gain` or `bias`; see `LearnedReader`.

    Raises:
        ValueError: Where sums of it would not be exact.
    """

    def __init__(self, weights: dict[str, Tensor]):
        last = torch.channels_last
        self._weight = {name: weights[f"{name}.weight"].contiguous(memory_format=last) for name in LAYERS}
        self._gain = {name: rearrange(weights[f"{name}.gain"], "c -> c 1 1") for name in LAYERS}
        self._bias = {name: rearrange(weights[f"{name}.bias"], "c -> c 1 1") for name in LAYERS}
        for name, weight in self._weight.items():
            if (most := 255 * float(weight.abs().sum((1, 2, 3)).max())) >= EXACT:
                raise ValueError(f"sums of the layer {name!r} reach {most:.0f}, and a float32 is exact up to {EXACT}")

    @torch.no_grad()
    def hues(self, frames: UInt8[np.ndarray, "t h w 3"]) -> Int[np.ndarray, "t h w"]:
        """Of which hue the thing is that each pixel shows; -1 where there is none."""
        height, width = frames.shape[1:3]
        pictures = torch.from_numpy(frames).permute(0, 3, 1, 2).float()  # in memory channels come last
        right, below = -width % COARSEST, -height % COARSEST
        said = look(self._apply, F.pad(pictures, (0, right, 0, below)))
        return said[:, :, :height, :width].argmax(1).numpy() - 1

    def _apply(self, name: str, entering: Float[Tensor, "n c h w"]) -> Float[Tensor, "n d y x"]:
        kernel, stride = LAYERS[name].kernel, LAYERS[name].stride
        sums = F.conv2d(entering, self._weight[name], stride=stride, padding=kernel // 2)
        leaving = sums.mul_(self._gain[name]).add_(self._bias[name])
        return leaving if name == "say" else leaving.round_().clamp_(0, 255)
