"""What packing saves: `python experiments/speed/packing.py [--tokens 16384] [--patch 8]`.

First by counting alone: how many tokens of a step are of no clip, on a mix of sizes and lengths, when clips are packed,
and when each is padded to the largest. Then by the clock: a training step of micro on a pack, beside the same clips one
shape after another, and attention box by box beside one mask over all tokens. Seconds are of CPU time, the median of
several turns, and all in one run: what counts is the ratio.
"""

import time
from itertools import islice

import numpy as np
import torch
import torch.nn.functional as F
from jsonargparse import auto_cli

from experiments.speed.turns import in_turns
from worldsim.data.batches import Budget, Draws, Packs
from worldsim.models.diffusion_world import DiffusionWorld
from worldsim.models.video_dit import SIZES
from worldsim.nn.packing import Box, Layout
from worldsim.types import Clip, Pack

MIX = {(64, 64): 5, (96, 96): 2, (128, 128): 2, (72, 128): 2, (128, 72): 1, (64, 160): 1}
"""Height and width in pixels, and how often of so many in all: square, wide and tall."""

EPISODES = (6, 9, 30, 40, 120)
"""Frames of the episodes, each length equally often: some are shorter than a clip."""

TURNS = 3
"""Of each of those that are timed."""


class Mix:
    """Windows of the mix, of which only shapes are known."""

    def __init__(self, frames: int):
        self.frames = frames
        sizes = np.repeat(list(MIX), list(MIX.values()), axis=0)
        self.kinds = np.array([(min(frames, length), *size) for size in sizes for length in EPISODES])

    def __len__(self) -> int:
        return len(self.kinds)

    def cut(self, frames: int) -> "Mix":
        return Mix(frames)

    def shapes(self, windows: np.ndarray) -> np.ndarray:
        return self.kinds[windows]

    def clips(self, windows: np.ndarray, frames: int | None = None) -> Clip:
        rows, (real, height, width) = len(windows), self.kinds[windows[0]].tolist()
        frames = frames or real
        video = torch.rand(rows, frames, 3, height, width) * 2 - 1
        return Clip(video, torch.randn(rows, frames - 1, 2), torch.ones(rows, frames, dtype=torch.bool))


def wasted(draws: Draws, budget: Budget, packs: int) -> tuple[float, float]:
    """The share of tokens of no clip: packed, and each clip padded to the largest of all."""
    plan = list(islice(Packs(draws, budget).plan(), packs))
    used = np.array([sum(piece.tokens for piece in pieces) for pieces in plan])
    most = max(piece.tokens for pieces in plan for piece in pieces)
    return 1 - used.mean() / budget.tokens, 1 - used.sum() / (most * sum(map(len, plan)))


def main(tokens: int = 16384, patch: int = 8, packs: int = 500, learn: int = 4096) -> None:
    """Measure.

    Args:
        tokens: Of a pack, where they are counted.
        patch: Side of a token in pixels.
        packs: How many packs are counted.
        learn: Tokens of the pack that is learned from.
    """
    torch.set_num_threads(1)
    for settings in ({}, {"singles": 0.3}, {"singles": 0.3, "long": 36}):
        draws, begun = Draws(Mix(12), 16, **settings), time.process_time()
        packed, padded = wasted(draws, Budget(tokens, patch), packs)
        spent = (time.process_time() - begun) / packs
        print(
            f"{settings or 'clips of 12'}: {packed:.2%} wasted packed, {padded:.0%} padded; {1e6 * spent:.0f} us a plan"
        )

    torch.manual_seed(0)
    model = DiffusionWorld(2, patch=patch, window=12, **SIZES["micro"]._asdict())
    pack = next(iter(Packs(Draws(Mix(12), 16, singles=0.3), Budget(learn, patch))))

    def step(batch: Clip | Pack) -> None:
        model.loss(batch, generator=torch.Generator().manual_seed(0)).backward()
        model.zero_grad()

    took = in_turns({"packed": lambda: step(pack), "one by one": lambda: [step(clip) for clip in pack.clips]}, TURNS)
    told = ", ".join(f"{name} {each.cpu:.2f} s" for name, each in took.items())
    print(f"a step on {learn} tokens of {len(pack.clips)} shapes: {told}")
    print(attention(pack, patch))


def attention(pack: Pack, patch: int, heads: int = 4, features: int = 32) -> str:
    """Attention within frames: box by box, and with one mask over all tokens."""
    shapes = [(*clip.frames.shape[:2], *clip.frames.shape[3:]) for clip in pack.clips]
    boxes = [Box(rows, frames, high // patch, wide // patch) for rows, frames, high, wide in shapes]
    layout = Layout(boxes, pack.spare, features, window=12)
    lengths = [box.tokens for box in layout.boxes for _ in range(box.rows * box.frames)]
    frame = torch.repeat_interleave(torch.tensor(lengths))
    visible = frame[:, None] == frame
    parts = torch.randn(3, 1, heads, len(frame), features)
    ways = {
        "box by box": lambda: layout.in_space(*parts),
        "one mask": lambda: F.scaled_dot_product_attention(*parts, attn_mask=visible),
    }
    apart = (ways["box by box"]() - ways["one mask"]()).abs().max()
    told = ", ".join(f"{name} {1e3 * each.cpu:.1f} ms" for name, each in in_turns(ways, TURNS).items())
    return f"attention within frames: {told}; largest difference {apart:.0e}"


if __name__ == "__main__":
    auto_cli(main)
