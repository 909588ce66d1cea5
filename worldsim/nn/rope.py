"""Rotary positions: where a token stands in its frame (2-D), and when its frame was (1-D).

A pair of features is turned by an angle that grows with the position, so that the product of a query and a key depends
only on how far apart they stand. Nothing is learned, so any frame size and any length will do.

Source: Su et al. 2021, "RoFormer", eq. 34; Heo et al. 2024, "Rotary Position Embedding for Vision Transformer".
"""

from functools import lru_cache
from typing import NamedTuple

import torch
from jaxtyping import Float, Int
from torch import Tensor

SPACE_BASE = 100.0
"""The slowest wave of space is about this many times longer than the fastest: enough for a side of 100 tokens."""

TIME_BASE = 1000.0
"""The same for time: windows of up to some hundred frames."""


class Rotation(NamedTuple):
    """The turns of `n` tokens, in fp32: bf16 could not tell neighbouring positions apart.

    Both are as wide as what they turn, so that turning takes few operations: the cosine stands twice, and the sine once
    with each sign.
    """

    cos: Float[Tensor, "n e"]
    sin: Float[Tensor, "n e"]


def waves(features: int, base: float) -> Float[Tensor, " f"]:
    """One frequency for each pair of features, in radians a position, from 1 down to nearly 1 / base."""
    return base ** -torch.arange(0, features, 2, dtype=torch.float64).div(features)


def in_time(positions: Int[Tensor, " n"], features: int, device: torch.device | None = None) -> Rotation:
    """The turns of frames. Angles are in fp64, and so on the CPU: a rollout may go on for millions of frames.

    Args:
        positions: Frame numbers counted from anywhere: only how far two are apart is ever heard.
        features: Features of a head; even.
        device: Where to put the result.
    """
    return _turns(positions[:, None] * waves(features, TIME_BASE), device)


@lru_cache(maxsize=64)
@torch.inference_mode(False)
def in_space(
    rows: int, columns: int, features: int, *, registers: int = 0, device: torch.device | None = None
) -> Rotation:
    """The turns of a frame's tokens: half of the features tell the row, half the column. Computed once a size.

    Args:
        rows: Tokens from top to bottom.
        columns: Tokens from left to right.
        features: Features of a head; a multiple of four.
        registers: Tokens that stand nowhere; they come first and are not turned.
        device: Where to put the result.
    """
    wave = waves(features // 2, SPACE_BASE)
    y, x = torch.meshgrid(torch.arange(rows), torch.arange(columns), indexing="ij")
    angles = torch.cat([y.reshape(-1, 1) * wave, x.reshape(-1, 1) * wave], dim=-1)
    return _turns(torch.cat([angles.new_zeros(registers, angles.shape[-1]), angles]), device)


def _turns(angles: Float[Tensor, "n f"], device: torch.device | None) -> Rotation:
    cos, sin = angles.cos(), angles.sin()
    wide = torch.stack([torch.cat([cos, cos], dim=-1), torch.cat([-sin, sin], dim=-1)])
    return Rotation(*wide.to(device, torch.float32))


def rotate(x: Float[Tensor, "*b n e"], by: Rotation) -> Float[Tensor, "*b n e"]:
    """Turn each token's features: feature i and feature i + e/2 are a pair."""
    wide = x.float()
    return torch.addcmul(wide * by.cos, wide.roll(x.shape[-1] // 2, -1), by.sin).to(x.dtype)
