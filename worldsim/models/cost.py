"""What a world model costs, by formula: operations of a step, and the memory that training takes."""

import time
from typing import NamedTuple

import torch
from torch import nn

from worldsim.models.diffusion_world import DiffusionWorld
from worldsim.models.video_dit import Block, SwiGLU
from worldsim.nn.attention import Attention
from worldsim.types import Clip, Pack


def forward_flops(model: DiffusionWorld, *, rows: int, frames: int, height: int, width: int) -> int:
    """Operations of one pass of a batch through the transformer; a multiplication and an addition count two.

    What is not a product of matrices (norms, activations, turns) is left out, as is usual, and so are the codec, which
    does not learn, and words, of which any number may be told. Attention through time counts all pairs of frames, as a
    mask saves no work on most devices.

    Args:
        model: Whose.
        rows: Clips of the batch.
        frames: Frames of a clip.
        height: Of a frame in pixels.
        width: Of a frame in pixels.
    """
    dit, side = model.transformer, model.patch * model.codec.downscale
    places = (height // side) * (width // side)
    tokens, d = places + model.registers, model.width
    conditions = sum(_linear(part) for part in (dit.level.mlp, dit.action.mlp, dit.conditioner, dit.steer) if part)
    if model.levels.by_token:  # each token is told by itself
        conditions *= tokens
    one = places * sum(_linear(part) for part in (dit.embed, dit.ray, dit.head) if part) + conditions
    for block in dit.blocks:
        assert isinstance(block, Block)
        one += tokens * (_linear(block.space) + _linear(block.mlp) + 4 * tokens * d)
        if block.time is not None:
            one += tokens * (_linear(block.time) + 4 * frames * d)
    return rows * frames * one


def _linear(part: nn.Module) -> int:
    """Operations of all linear layers of a part, for one row."""
    return sum(2 * each.weight.numel() for each in part.modules() if isinstance(each, nn.Linear))


def training_flops(model: DiffusionWorld, *, rows: int, frames: int, height: int, width: int) -> int:
    """Operations of a step of training: forwards, and backwards twice as many. Arguments as of `forward_flops`."""
    return 3 * forward_flops(model, rows=rows, frames=frames, height=height, width=width)


def step_flops(model: DiffusionWorld, batch: Clip | Pack) -> int:
    """Operations of a step of training on this batch, as of `training_flops`; tokens of no clip count nothing."""
    return sum(training_flops(model, **shape) for shape in shapes_of(batch))


def shapes_of(batch: Clip | Pack) -> list[dict[str, int]]:
    """Of each kind of clips in a batch, how many and how large they are: arguments as of `forward_flops`."""
    clips = batch.clips if isinstance(batch, Pack) else (batch,)
    names = ("rows", "frames", "height", "width")
    return [dict(zip(names, (*clip.frames.shape[:2], *clip.frames.shape[3:]), strict=True)) for clip in clips]


class Memory(NamedTuple):
    """What training holds at its peak, in bytes.

    Attributes:
        weights: Parameters, gradients, averaged weights, and what the optimiser keeps: one number a parameter of Muon,
            two of AdamW.
        activations: What the forward pass keeps for the backward pass.
    """

    weights: int
    activations: int


def training_memory(
    model: DiffusionWorld, *, rows: int, frames: int, height: int, width: int, checkpointing: bool = False
) -> Memory:
    """An estimate of the memory of training in 32 bits. Arguments as of `forward_flops`, and one more.

    Args:
        checkpointing: Whether only what goes into a block is kept; what is within it is there for one block at a time.
    """
    learned = [(name, each) for name, each in model.named_parameters() if each.requires_grad]
    numbers = sum(each.numel() * (4 if ".blocks." in name and each.ndim == 2 else 5) for name, each in learned)
    dit, side = model.transformer, model.patch * model.codec.downscale
    places = (height // side) * (width // side)
    tokens, d = places + model.registers, model.width
    a_frame = places * (dit.embed.in_features + 2 * dit.head.out_features)
    a_frame += 2 * 12 * d * (tokens if model.levels.by_token else 1)
    kept = []
    for block in dit.blocks:
        assert isinstance(block, Block)
        within = _kept_by_attention(block.space, d) + _kept_by_mlp(block.mlp, d)
        kept.append(tokens * (within if block.time is None else within + _kept_by_attention(block.time, d)))
    a_frame += tokens * d * len(kept) + max(kept) if checkpointing else sum(kept)
    return Memory(weights=4 * numbers, activations=4 * rows * frames * a_frame)


def step_memory(model: DiffusionWorld, batch: Clip | Pack, checkpointing: bool = False) -> Memory:
    """An estimate of the memory of a step on this batch, as of `training_memory`."""
    parts = [training_memory(model, **shape, checkpointing=checkpointing) for shape in shapes_of(batch)]
    return Memory(parts[0].weights, sum(part.activations for part in parts))


def _kept_by_attention(part: Attention, d: int) -> int:
    """Numbers a token: what comes in (normalised, shifted), what is projected, normalised and turned, found, gated."""
    projected = part.project.out_features
    return 2 * d + 3 * projected + 3 * d


def _kept_by_mlp(part: SwiGLU, d: int) -> int:
    """Numbers a token: what comes in, both halves of what rises, their product, and what falls."""
    return 2 * d + 2 * part.rise.out_features + part.fall.in_features


@torch.no_grad()
def peak_flops(device: torch.device, dtype: torch.dtype = torch.float32, seconds: float = 0.2) -> float:
    """Operations a second that this device reaches on a product of large matrices: what is to be had at best.

    A share of it says more than one of a number in a data sheet, and says it of any device.
    """
    side = 8192 if device.type == "cuda" else 1024
    one = torch.randn(side, side, device=device, dtype=dtype)
    best, ends = 0.0, time.monotonic() + seconds
    for again in range(1000):
        began = time.perf_counter()
        torch.mm(one, one)
        if device.type == "cuda":
            torch.cuda.synchronize(device)
        if again:  # the first one warms up
            best = max(best, 2 * side**3 / (time.perf_counter() - began))
            if time.monotonic() > ends:
                break
    return best
