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
        stage: The same without what moves: in its place, what was first seen there.
        motion: How many pixels down and to the right each pixel of the last frame went in `over` frames; zero is rest.
        over: The frames over which motion was measured.
        flown: Frames imagined since.
    """

    last: Float[Tensor, "b c h w"]
    stage: Float[Tensor, "b c h w"]
    motion: Int[Tensor, "b 2 h w"]
    over: int
    flown: int


class Drift:
    """What moves goes on as it did, straight ahead at its speed; everything else stays.

    A thing is an island of pixels that differ from the first frame seen and stand out from what lies around them more
    than they did there. It is looked for, as a whole, in a frame a
    little earlier; where it fits best tells its speed. What it uncovers is what was first seen there. Actions are not
    heard.

    Args:
        over: Frames back to where a thing is looked for: more tell slow motion better, fewer follow a turn sooner.
        reach: How far away it is looked for, in pixels.
        threshold: How much a pixel must differ to have changed, in [-1, 1] units summed over its channels.
        least: Pixels of the smallest thing.

    Raises:
        ValueError: Where a number is not at least 1, or the threshold is not above zero.
    """

    def __init__(self, over: int = 3, reach: int = 10, threshold: float = 0.3, least: int = 6):
        if min(over, reach, least) < 1 or not threshold > 0:
            raise ValueError(
                f"over={over}, reach={reach}, least={least} are at least 1, and threshold={threshold} is above zero"
            )
        self.over, self.reach, self.threshold, self.least = over, reach, threshold, least

    def watch(self, seen: Float[Tensor, "b t c h w"], taken: Float[Tensor, "b t-1 a"]) -> Flight:
        """Find what moves, and whereto."""
        first, last = seen[:, 0], seen[:, -1].clone()
        over = max(1, min(self.over, seen.shape[1] - 1))
        before = seen[:, max(0, seen.shape[1] - 1 - over)]
        things = islands((last - first).abs().sum(1) > self.threshold)
        motion = torch.zeros_like(last[:, :2], dtype=torch.long)
        for row in range(len(last)):
            names, sizes = things[row].unique(return_counts=True)
            for name in names[(names > 0) & (sizes >= self.least)]:
                thing = things[row] == name
                if contrast(last[row], thing) <= contrast(first[row], thing):
                    continue  # a place that a thing has left
                motion[row, :, thing] = self.way(before[row], last[row], thing)[:, None]
        stage = torch.where(motion.ne(0).any(dim=1, keepdim=True), first, last)
        return Flight(last, stage, motion, over, 0)

    def way(
        self, before: Float[Tensor, "c h w"], last: Float[Tensor, "c h w"], thing: Bool[Tensor, "h w"]
    ) -> Int[Tensor, "2"]:
        """The way, in pixels, by which a thing came to where it is; the shortest of those that fit."""
        line = torch.arange(-self.reach, self.reach + 1, device=last.device)
        ways = torch.cartesian_prod(line, line)
        ways = ways[ways.square().sum(1).argsort(stable=True)]
        source = thing.nonzero()[None] - ways[:, None]
        height, width = thing.shape
        y, x = source.unbind(-1)
        inside = (y >= 0) & (y < height) & (x >= 0) & (x < width)
        apart = (before[:, y.clamp(0, height - 1), x.clamp(0, width - 1)] - last[:, None, thing]).abs().sum(0)
        # A thing that would have come in from outside cannot be compared there; half of it must be.
        misfit = (apart * inside).sum(1) / inside.sum(1).clamp(min=1)
        misfit = torch.where(2 * inside.sum(1) >= inside.shape[1], misfit, torch.inf)
        return ways[(misfit <= misfit.min() + 1e-3).nonzero()[0, 0]]

    def imagine(
        self, memory: Flight, plan: Float[Tensor, "b n a"], *, generator: Noise
    ) -> tuple[Float[Tensor, "b n c h w"], Flight]:
        """Move on what moves; the plan is not heard and nothing is drawn."""
        ahead = range(memory.flown + 1, memory.flown + 1 + plan.shape[1])
        frames = [fly(memory, frame) for frame in ahead]
        imagined = torch.stack(frames, dim=1) if frames else memory.last[:, None][:, :0]
        return imagined, replace(memory, flown=memory.flown + plan.shape[1])


def islands(land: Bool[Tensor, "b h w"]) -> Int[Tensor, "b h w"]:
    """A number above zero for each island of pixels that touch, corners included; zero elsewhere."""
    numbers = torch.arange(1, land[0].numel() + 1, dtype=torch.float64, device=land.device).view(1, *land.shape[1:])
    names = numbers * land
    while True:  # the highest number of an island spreads over it
        spread = F.max_pool2d(names, 3, stride=1, padding=1) * land
        if torch.equal(spread, names):
            return names.long()
        names = spread


def contrast(frame: Float[Tensor, "c h w"], thing: Bool[Tensor, "h w"]) -> Float[Tensor, ""]:
    """How much a thing's border stands out: the differences between neighbours across it, added up."""
    down = (frame.diff(dim=1).abs().sum(0) * (thing[1:] != thing[:-1])).sum()
    right = (frame.diff(dim=2).abs().sum(0) * (thing[:, 1:] != thing[:, :-1])).sum()
    return down + right


def fly(memory: Flight, frames: int) -> Float[Tensor, "b c h w"]:
    """The stage with all that moves put where it is so many frames later."""
    rows, _, height, width = memory.last.shape
    source = torch.arange(height * width, device=memory.last.device).view(height, width)
    moved = (memory.motion * frames / memory.over).round().long()
    y, x = source // width + moved[:, 0], source % width + moved[:, 1]
    there = memory.motion.ne(0).any(dim=1) & (y >= 0) & (y < height) & (x >= 0) & (x < width)
    # Where two things meet, the lower one in the picture is shown; all that stays lands in a place past the end.
    target = torch.where(there, y * width + x, height * width).flatten(1)
    winner = torch.full((rows, height * width + 1), -1, device=target.device)
    winner = winner.scatter_reduce(1, target, source.flatten().expand(rows, -1), "amax")[:, None, :-1]
    carried = memory.last.flatten(2).gather(2, winner.clamp(min=0).expand(-1, memory.last.shape[1], -1))
    return torch.where(winner >= 0, carried, memory.stage.flatten(2)).view_as(memory.last)
