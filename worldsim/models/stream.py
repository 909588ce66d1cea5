"""The memory of a DiffusionWorld, and how one past becomes several."""

from dataclasses import dataclass, replace

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

from worldsim.protocols import Recalled


@dataclass(frozen=True, eq=False)
class Stream:
    """The memory of a DiffusionWorld. Its size does not depend on how much was seen.

    The newest frame is not in the attention layers yet: it enters together with the first question about the frame
    after it, which saves a pass through the network.

    Attributes:
        keys: Of earlier frames, for each block that looks back; frame f lies in slot f % (window - 1). Behind those
            slots are two in which new frames are tried; what lies there means nothing.
        values: The same.
        written: How many frames have entered, in all.
        recent: The newest frames as latents, the newest last; zeros where there were none.
        action: The action that led to the newest frame; zeros where `written` is 0, as nothing led to the first.
        decoded: What the codec keeps of the frames decoded so far.
    """

    keys: Float[Tensor, "l b g q s e"]
    values: Float[Tensor, "l b g q s e"]
    written: int
    recent: Float[Tensor, "b r z y x"]
    action: Float[Tensor, "b a"]
    decoded: Recalled = ()

    def then(self, frame: Float[Tensor, "b 1 z y x"], action: Float[Tensor, "b a"]) -> "Stream":
        """One frame later: the frame before entered with the first question about this one."""
        recent = torch.cat([self.recent[:, 1:], frame], dim=1)
        # a copy, as a view would keep the whole plan alive
        return replace(self, written=self.written + 1, recent=recent, action=action.clone())


def led_to(taken: Float[Tensor, "b n a"]) -> Float[Tensor, "b n+1 a"]:
    """The action that led to each frame: a_{t-1} for frame t; zeros, to be taken for unknown, for the first."""
    return F.pad(taken, (0, 0, 1, 0))


def branch(memory: Stream, n: int) -> Stream:
    """One past, n futures: each row n times, side by side."""
    return replace(
        memory,
        keys=memory.keys.repeat_interleave(n, dim=1),
        values=memory.values.repeat_interleave(n, dim=1),
        recent=memory.recent.repeat_interleave(n, dim=0),
        action=memory.action.repeat_interleave(n, dim=0),
        decoded=tuple(kept.repeat_interleave(n, dim=0) for kept in memory.decoded),
    )
