"""A training step of our transformer beside those of diffusers: `python experiments/speed/peers.py [--threads 1]`.

Equal in width, heads, tokens and blocks; a step is forward, backward and AdamW, on the same batch, in turns. All are
asked for their defaults otherwise, and told nothing but the noise level (ours also the actions).

- Latte, the nearest: half of its blocks look within a frame, half through time. Ours looks within the frame in every
  block and back in time in every second, so it does more.
- Wan: every block looks at all tokens of all frames, and at a text, here of one token.

Needs `pip install diffusers`.
"""

import statistics
import time
from collections.abc import Callable

import torch
from diffusers import LatteTransformer3DModel, WanTransformer3DModel
from jsonargparse import auto_cli
from torch import Tensor, nn

from worldsim.models.video_dit import VideoDiT


def steps(network: nn.Module, forward: Callable[[], Tensor]) -> Callable[[], float]:
    """A training step; it gives the CPU seconds that it took."""
    optimiser = torch.optim.AdamW(network.parameters(), lr=1e-4)

    def step() -> float:
        begin = time.process_time()
        forward().square().mean().backward()
        optimiser.step()
        optimiser.zero_grad()
        return time.process_time() - begin

    return step


def main(
    width: int = 256,
    blocks: int = 8,
    head: int = 32,
    side: int = 64,
    patch: int = 8,
    frames: int = 16,
    batch: int = 2,
    repeats: int = 8,
    threads: int = 1,
) -> None:
    """Measure.

    Args:
        width: Features of a token.
        blocks: How many; even.
        head: Features of a head.
        side: Height and width of a frame in pixels.
        patch: Side of a token in pixels.
        frames: Frames of a clip.
        batch: Clips of a step.
        repeats: Steps of each.
        threads: CPU threads.
    """
    torch.set_num_threads(threads)
    torch.manual_seed(0)
    heads = width // head
    video = torch.randn(batch, 3, frames, side, side)
    level = torch.randint(0, 1000, (batch,))

    ours = VideoDiT(
        channels=3, out_channels=3, actions=2, patch=patch, width=width, depth=blocks, heads=heads, kv_heads=heads,
        window=frames, time_every=2,
    )  # fmt: skip
    told = torch.rand(batch, frames), torch.randn(batch, frames, 2), torch.ones(batch, frames, dtype=torch.bool)
    theirs = LatteTransformer3DModel(
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
    contenders = {
        "ours": (ours, lambda: ours(video.transpose(1, 2), *told)[0]),
        "diffusers' Latte": (theirs, lambda: theirs(video, level, text).sample),
        "diffusers' Wan": (wan, lambda: wan(video, level, text).sample),
    }
    turns = {name: steps(*each) for name, each in contenders.items()}
    took: dict[str, list[float]] = {name: [] for name in turns}
    for turn in turns.values():
        turn()  # the first makes the optimiser's state, and does not count
    for _ in range(repeats):
        for name, turn in turns.items():
            took[name].append(turn())
    tokens = batch * frames * (side // patch) ** 2
    print(
        f"{blocks} blocks of width {width}, {tokens} tokens a step, {threads} thread(s): CPU ms a step, median (best)"
    )
    base = statistics.median(took["ours"])
    for name, each in took.items():
        count = sum(weight.numel() for weight in contenders[name][0].parameters()) / 1e6
        middle = statistics.median(each)
        print(
            f"  {name:<18}{1e3 * middle:7.0f} ({1e3 * min(each):.0f})  {middle / base:4.2f} x  {count:5.2f} M weights"
        )


if __name__ == "__main__":
    auto_cli(main)
