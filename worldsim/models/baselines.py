"""What can be had without learning: the frozen frame, and the straight line. Every score stands beside theirs."""

from dataclasses import dataclass, replace

import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float, Int
from torch import Tensor

from worldsim.protocols import Noise


@dataclass(frozen=True, eq=False)
class Frozen:
    """The memory of Still: the last frame seen."""

    last: Float[Tensor, "b 1 c h w"]


class Still:
    """Nothing ever moves: every imagined frame is the last one seen."""

    def watch(self, seen: Float[Tensor, "b t c h w"], taken: Float[Tensor, "b t-1 a"]) -> Frozen:
        """Remember the last frame."""
        return Frozen(seen[:, -1:].clone())

    def imagine(
        self, memory: Frozen, plan: Float[Tensor, "b n a"], *, generator: Noise
    ) -> tuple[Float[Tensor, "b n c h w"], Frozen]:
        """Show it again and again; the plan is not heard and nothing is drawn."""
        return memory.last.repeat(1, plan.shape[1], 1, 1, 1), memory


@dataclass(frozen=True, eq=False)
class Flight:
    """The memory of Drift.

    Attributes:
        last: The last frame seen.
        stage: The same without what moves: behind it lies what was mostly there before.
        moving: Which pixels of the last frame move.
        motion: How many pixels down and to the right each went in `over` frames.
        over: The frames over which motion was measured.
        flown: Frames imagined since.
    """

    last: Float[Tensor, "b c h w"]
    stage: Float[Tensor, "b c h w"]
    moving: Bool[Tensor, "b h w"]
    motion: Int[Tensor, "b 2 h w"]
    over: int
    flown: int


class Drift:
    """What moves goes on as it did, straight ahead at its speed; everything else stays.

    Motion is measured by block matching between the last frame and one a few frames earlier, and what a moving thing
    uncovers is the median of what was seen there. The actions are not heard.

    Args:
        over: Frames between the two that are compared: more tell slow motion better, fewer follow a turn sooner.
        reach: The farthest that a thing is looked for, in pixels over all of those frames.
        block: Side of the square by which pixels are compared, odd.
        threshold: How much a pixel must change to count as moving, in [-1, 1] units summed over its channels.

    Raises:
        ValueError: Where an argument is not at least 1, or the block is even.
    """

    def __init__(self, over: int = 3, reach: int = 8, block: int = 7, threshold: float = 0.2):
        if min(over, reach, block) < 1 or block % 2 == 0:
            raise ValueError(f"over={over}, reach={reach}, block={block}: all are at least 1, and the block is odd")
        self.over, self.reach, self.block, self.threshold = over, reach, block, threshold

    def watch(self, seen: Float[Tensor, "b t c h w"], taken: Float[Tensor, "b t-1 a"]) -> Flight:
        """Measure what moves, and whereto."""
        last, over = seen[:, -1], min(self.over, seen.shape[1] - 1)
        usual = seen.median(dim=1).values
        if over == 0:  # a single frame tells of no motion
            nothing = torch.zeros_like(last[:, 0], dtype=torch.bool)
            return Flight(last, last, nothing, torch.zeros_like(last[:, :2], dtype=torch.long), 1, 0)
        before = seen[:, -1 - over]
        moving = ((last - before).abs().sum(1) > self.threshold) & ((last - usual).abs().sum(1) > self.threshold)
        motion = self.match(before, last)
        moving &= motion.ne(0).any(dim=1)
        stage = torch.where(moving[:, None], usual, last)
        return Flight(last, stage, moving, motion, over, 0)

    def match(self, before: Float[Tensor, "b c h w"], last: Float[Tensor, "b c h w"]) -> Int[Tensor, "b 2 h w"]:
        """For each pixel of the last frame the way, in pixels, by which its surroundings came there."""
        best = torch.full_like(last[:, 0], torch.inf)
        motion = torch.zeros_like(last[:, :2], dtype=torch.long)
        ways = range(-self.reach, self.reach + 1)
        for down, right in sorted(((y, x) for y in ways for x in ways), key=lambda way: (way[0] ** 2 + way[1] ** 2, way)):
            apart = (last - shift(before, down, right)).abs().sum(1, keepdim=True)
            cost = F.avg_pool2d(apart, self.block, stride=1, padding=self.block // 2, count_include_pad=False)[:, 0]
            # Nearer ways come first and win where a farther one is not clearly better: flat areas fit everywhere.
            better = cost < best - 1e-3
            best = torch.where(better, cost, best)
            motion[:, 0] = torch.where(better, down, motion[:, 0])
            motion[:, 1] = torch.where(better, right, motion[:, 1])
        return motion

    def imagine(
        self, memory: Flight, plan: Float[Tensor, "b n a"], *, generator: Noise
    ) -> tuple[Float[Tensor, "b n c h w"], Flight]:
        """Move on what moves; the plan is not heard and nothing is drawn."""
        ahead = range(memory.flown + 1, memory.flown + 1 + plan.shape[1])
        frames = [fly(memory, frame) for frame in ahead]
        imagined = torch.stack(frames, dim=1) if frames else memory.last[:, None][:, :0]
        return imagined, replace(memory, flown=memory.flown + plan.shape[1])


def fly(memory: Flight, frames: int) -> Float[Tensor, "b c h w"]:
    """The stage with all that moves put where it is so many frames later."""
    picture = memory.stage
    ways = memory.motion.permute(0, 2, 3, 1)[memory.moving].unique(dim=0)
    for down, right in ways.tolist():
        these = memory.moving & (memory.motion[:, 0] == down) & (memory.motion[:, 1] == right)
        by = [round(way * frames / memory.over) for way in (down, right)]
        there = shift(these[:, None], *by)
        picture = torch.where(there, shift(memory.last, *by), picture)
    return picture


def shift(x: Tensor, down: int, right: int) -> Tensor:
    """Move a picture; what comes in at the edge is zero."""
    height, width = x.shape[-2:]
    down, right = max(-height, min(height, down)), max(-width, min(width, right))
    moved = F.pad(x, (max(right, 0), max(-right, 0), max(down, 0), max(-down, 0)))
    return moved[..., max(-down, 0) :, max(-right, 0) :][..., :height, :width]
