"""A training step of our transformer beside those of diffusers: `python experiments/speed/peers.py [--threads 1]`.

Equal in width, heads, tokens and blocks; a step is forward, backward and AdamW, on the same batch, in turns. All are
asked for their defaults otherwise, and told nothing but the noise level (ours also the actions).

- Latte, the nearest: half of its blocks look within a frame, half through time. Ours looks within the frame in every
  block and back in time in every second, so it does more.
- Wan: every block looks at all tokens of all frames, and at a text, here of one token.

Needs `pip install diffusers`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

import torch
from diffusers import LatteTransformer3DModel, WanTransformer3DModel
from jsonargparse import auto_cli
from torch import Tensor, nn

from experiments.speed.turns import Took, in_turns
from worldsim.models.video_dit import VideoDiT

OURS, NEAREST = "ours", "diffusers' Latte"


@dataclass(frozen=True)
class Shape:
    """What is equal in all of them.

    Attributes:
        width: Features of a token.
        blocks: How many; even.
        head: Features of a head.
        side: Height and width of a frame in pixels.
        patch: Side of a token in pixels.
        frames: Frames of a clip.
        batch: Clips of a step.
    """

    width: int = 256
    blocks: int = 8
    head: int = 32
    side: int = 64
    patch: int = 8
    frames: int = 16
    batch: int = 2

    def __str__(self) -> str:
        tokens = self.batch * self.frames * (self.side // self.patch) ** 2
        return f"{self.blocks} blocks of width {self.width}, {tokens:,} tokens a step"


USUAL = Shape()


class Step(NamedTuple):
    """A training step of one of them.

    Attributes:
        took: The median turn.
        weights: How many it has.
    """

    took: Took
    weights: int


def step(optimiser: torch.optim.Optimizer, forward: Callable[[], Tensor]) -> None:
    """Learn once from the batch."""
    forward().square().mean().backward()
    optimiser.step()
    optimiser.zero_grad()


def compare(shape: Shape, repeats: int) -> dict[str, Step]:
    """A step of each, in turns."""
    torch.manual_seed(0)
    width, blocks, patch, side = shape.width, shape.blocks, shape.patch, shape.side
    frames, batch, head, heads = shape.frames, shape.batch, shape.head, shape.width // shape.head
    video = torch.randn(batch, 3, frames, side, side)
    level = torch.randint(0, 1000, (batch,))

    ours = VideoDiT(
        channels=3, out_channels=3, actions=2, patch=patch, width=width, depth=blocks, heads=heads, kv_heads=heads,
        window=frames, time_every=2,
    )  # fmt: skip
    told = torch.rand(batch, frames), torch.randn(batch, frames, 2), torch.ones(batch, frames, dtype=torch.bool)
    latte = LatteTransformer3DModel(
        num_attention_heads=heads, attention_head_dim=head, in_channels=3, out_channels=3, num_layers=blocks // 2,
        sample_size=side, patch_size=patch, num_embeds_ada_norm=1000, norm_type="ada_norm_single",
        norm_elementwise_affine=False, norm_eps=1e-6, caption_channels=width, video_length=frames,
        cross_attention_dim=width,
    )  # fmt: skip
    wan = WanTransformer3DModel(
        patch_size=(1, patch, patch), num_attention_heads=heads, attention_head_dim=head, in_channels=3, out_channels=3,
        text_dim=width, ffn_dim=4 * width, num_layers=blocks,
    )  # fmt: skip
    text = torch.zeros(batch, 1, width)
    contenders: dict[str, tuple[nn.Module, Callable[[], Tensor]]] = {
        OURS: (ours, lambda: ours(video.transpose(1, 2), *told)[0]),
        NEAREST: (latte, lambda: latte(video, level, text).sample),
        "diffusers' Wan": (wan, lambda: wan(video, level, text).sample),
    }
    steps = {
        name: partial(step, torch.optim.AdamW(network.parameters(), lr=1e-4), forward)
        for name, (network, forward) in contenders.items()
    }
    took = in_turns(steps, repeats)
    weights = {
        name: sum(weight.numel() for weight in network.parameters()) for name, (network, _) in contenders.items()
    }
    return {name: Step(took[name], weights[name]) for name in contenders}


def table(found: dict[str, Step]) -> str:
    """A line each."""
    lines = ["| transformer | CPU ms a step | wall ms | beside ours | weights |", "|---|--:|--:|--:|--:|"]
    for name, (took, weights) in found.items():
        beside = took.cpu / found[OURS].took.cpu
        lines.append(
            f"| {name} | {1e3 * took.cpu:,.0f} | {1e3 * took.wall:,.0f} | {beside:.2f} x | {weights / 1e6:.2f} M |"
        )
    return "\n".join(lines)


def main(shape: Shape = USUAL, repeats: int = 8, threads: int = 1) -> None:
    """Measure.

    Args:
        shape: What is equal in all of them.
        repeats: Steps of each.
        threads: CPU threads.
    """
    torch.set_num_threads(threads)
    print(f"{shape}, {threads} thread(s), median of {repeats} steps")
    print(table(compare(shape, repeats)))


if __name__ == "__main__":
    auto_cli(main)
