"""The memory of a DiffusionWorld, and how one past becomes several."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

from worldsim.nn.rope import in_time, rotate
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
        since: Of each row, which of them was its first: 0, but for rows that began anew while others went on.
        recent: The newest frames as latents, the newest last; zeros where there were none.
        action: The action that led to the newest frame; zeros where that is the first.
        decoded: What the codec keeps of the frames decoded so far.
        origin: World to the camera that the first frame was seen from, where that was told.
        rays: Whence each token of the newest frame is seen; none where that was not told.
        text: The words that it is told in, of past and future; none where it is not.
    """

    keys: Float[Tensor, "l b g q s e"]
    values: Float[Tensor, "l b g q s e"]
    written: int
    since: tuple[int, ...]
    recent: Float[Tensor, "b r z y x"]
    action: Float[Tensor, "b a"]
    decoded: Recalled = ()
    origin: Float[Tensor, "b 4 4"] | None = None
    rays: Float[Tensor, "b 1 p 6"] | None = None
    text: Float[Tensor, "b n f"] | None = None

    def then(
        self,
        frame: Float[Tensor, "b 1 z y x"],
        action: Float[Tensor, "b a"],
        rays: Float[Tensor, "b 1 p 6"] | None = None,
    ) -> "Stream":
        """One frame later: the frame before entered with the first question about this one."""
        recent = torch.cat([self.recent[:, 1:], frame], dim=1)
        # a copy, as a view would keep the whole plan alive
        return replace(self, written=self.written + 1, recent=recent, action=action.clone(), rays=rays)


def led_to(taken: Float[Tensor, "b n a"]) -> Float[Tensor, "b n+1 a"]:
    """The action that led to each frame: a_{t-1} for frame t; zeros, to be taken for unknown, for the first."""
    return F.pad(taken, (0, 0, 1, 0))


def branch(memory: Stream, n: int) -> Stream:
    """One past, n futures: each row n times, side by side."""
    return replace(
        memory,
        keys=memory.keys.repeat_interleave(n, dim=1),
        values=memory.values.repeat_interleave(n, dim=1),
        since=tuple(first for first in memory.since for _ in range(n)),
        recent=memory.recent.repeat_interleave(n, dim=0),
        action=memory.action.repeat_interleave(n, dim=0),
        decoded=tuple(kept.repeat_interleave(n, dim=0) for kept in memory.decoded),
        origin=None if memory.origin is None else memory.origin.repeat_interleave(n, dim=0),
        rays=None if memory.rays is None else memory.rays.repeat_interleave(n, dim=0),
        text=None if memory.text is None else memory.text.repeat_interleave(n, dim=0),
    )


def begin_anew(memory: Stream, rows: Sequence[int], fresh: Stream) -> Stream:
    """Some rows forget what they were and go on from another memory, while the others go on as they are.

    That is what a vector of worlds needs, of which each ends when it ends.

    Args:
        memory: Of all rows.
        rows: Which of them begin anew.
        fresh: The memory that they begin with, such as `watch` of their first frames; one row each.

    Raises:
        ValueError: Where rows are not as many, or they saw more frames than have entered the memory of all.
    """
    if len(rows) != len(fresh.since):
        raise ValueError(f"{len(rows)} rows are to begin anew with a memory of {len(fresh.since)}; one row each")
    later, slots = memory.written - fresh.written, memory.keys.shape[-2] - 2
    if later < 0:
        raise ValueError(
            f"rows that saw {fresh.written + 1} frames came to rows that go on after {memory.written + 1}; a row that "
            f"begins anew has seen at most as many: show it the last {memory.written + 1}"
        )
    keys, values, own = memory.keys.clone(), memory.values.clone(), list(rows)
    turns = in_time(torch.tensor([later]), keys.shape[-1], keys.device)
    for frame in range(max(0, fresh.written - slots), fresh.written):
        here, there = frame % slots, (frame + later) % slots
        keys[:, own, ..., there, :] = rotate(fresh.keys[..., here, None, :], turns).squeeze(-2)
        values[:, own, ..., there, :] = fresh.values[..., here, :]
    text, own_text = _as_long(memory.text, fresh.text)
    since = list(memory.since)
    for row, first in zip(own, fresh.since, strict=True):
        since[row] = first + later
    return replace(
        memory,
        keys=keys,
        values=values,
        since=tuple(since),
        recent=_with(memory.recent, own, fresh.recent),
        action=_with(memory.action, own, fresh.action),
        decoded=tuple(
            _with(*kept) for kept in zip(memory.decoded, [own] * len(fresh.decoded), fresh.decoded, strict=True)
        ),
        origin=_told(memory.origin, own, fresh.origin, len(since)),
        rays=_told(memory.rays, own, fresh.rays, len(since)),
        text=_told(text, own, own_text, len(since)),
    )


def _with(whole: Float[Tensor, "b ..."], rows: list[int], part: Float[Tensor, "r ..."]) -> Float[Tensor, "b ..."]:
    """A copy of a tensor with some rows replaced."""
    changed = whole.clone()
    changed[rows] = part
    return changed


def _told(
    whole: Float[Tensor, "b ..."] | None, rows: list[int], part: Float[Tensor, "r ..."] | None, count: int
) -> Float[Tensor, "b ..."] | None:
    """The same of what some rows, of so many, may not have been told; zeros stand for that."""
    like = part if whole is None else whole
    if like is None:
        return None
    mine = like.new_zeros(count, *like.shape[1:]) if whole is None else whole
    return _with(mine, rows, like.new_zeros(len(rows), *like.shape[1:]) if part is None else part)


def _as_long(
    one: Float[Tensor, "b n f"] | None, other: Float[Tensor, "r m f"] | None
) -> tuple[Float[Tensor, "b k f"] | None, Float[Tensor, "r k f"] | None]:
    """Both texts with as many words as the longer; zeros are no words."""
    if one is None or other is None:
        return one, other
    most = max(one.shape[1], other.shape[1])
    return F.pad(one, (0, 0, 0, most - one.shape[1])), F.pad(other, (0, 0, 0, most - other.shape[1]))
