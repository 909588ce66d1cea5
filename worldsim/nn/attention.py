"""Attention within a frame and through time.

`Attention` is the shared part: grouped queries, normalised queries and keys, a gate on what comes out. `SpaceAttention`
lets the tokens of one frame see each other; `TimeAttention` lets each token see its own place in earlier frames. The
latter works on a whole clip at once, or frame by frame with the keys and values of earlier frames (`KeyValues`), and
the two agree: both see exactly the last `window` frames, no more.
"""

from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import NamedTuple

import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from worldsim.nn.rope import Rotation, in_time, rotate

Attend = Callable[
    [Float[Tensor, "b q n e"], Float[Tensor, "b kv n e"], Float[Tensor, "b kv n e"]], Float[Tensor, "b q n e"]
]
"""Takes queries, keys and values, and gives what each query finds."""


class KeyValues(NamedTuple):
    """What a layer remembers of some frames, token by token; the keys are turned by when they were."""

    keys: Float[Tensor, "b g q s e"]
    values: Float[Tensor, "b g q s e"]


class Past(NamedTuple):
    """What all layers remember of the frames before.

    Behind the frames that are kept lies room for new ones: a layer writes them there, and looks at all of it.

    Attributes:
        keys: For each layer that looks back.
        values: The same.
        written: How many frames there were, in all.
        since: Of each row, which of them was its first.
        slots: How many of them are kept at most: frame f lies in slot f % slots, and nothing is ever moved.
    """

    keys: Float[Tensor, "l b g q s e"]
    values: Float[Tensor, "l b g q s e"]
    written: int
    since: tuple[int, ...]
    slots: int

    def layers(self, new: int) -> Iterator[KeyValues]:
        """What each layer remembers, with room for `new` frames behind it."""
        end = min(self.written, self.slots) + new
        return map(KeyValues, self.keys[..., :end, :], self.values[..., :end, :])

    def settle(self) -> "Past":
        """The first of the new frames is past now: it takes the place of the oldest, where that has left the window."""
        held, slot = min(self.written, self.slots), self.written % self.slots
        for kept in (self.keys, self.values):
            kept[..., slot, :] = kept[..., held, :]
        return self._replace(written=self.written + 1)


class Window(NamedTuple):
    """Which frames see which: computed once for all layers.

    Attributes:
        turns: Of the new frames.
        visible: Whether a new frame (row) sees a frame, past or new (column); None where it sees all of them. Where
            some videos of a batch are younger than what is remembered, for each of them.
        causal: True where there is no past and each new frame sees itself and all earlier ones: the fast path.
    """

    turns: Rotation
    visible: Bool[Tensor, "t s"] | Bool[Tensor, "b t s"] | None
    causal: bool


def when(written: int, slots: int) -> Int[Tensor, " w"]:
    """When the frames of a ring were, counted from the next frame: the newest is -1."""
    return (torch.arange(min(written, slots)) - written) % slots - slots


@lru_cache(maxsize=256)
@torch.inference_mode(False)
def look_back(
    new: int,
    features: int,
    *,
    window: int,
    written: int = 0,
    since: tuple[int, ...] = (),
    slots: int = 0,
    device: torch.device | None = None,
) -> Window:
    """The window of `new` frames that follow `written` earlier ones. The questions about one frame share it.

    Args:
        new: How many frames are computed.
        features: Features of a head.
        window: How many frames a frame sees, itself included.
        written: How many frames came before, in all.
        since: Of each video of a batch, which of them was its first.
        slots: How many of those are kept at most.
        device: Where to put the result.
    """
    frames = torch.arange(new)
    turns = in_time(written + frames, features, device)
    if written == 0 and new <= window:
        return Window(turns, None, causal=True)
    young = max(since, default=0) > max(0, written - slots)
    if new == 1 and slots < window and not young:
        return Window(turns, None, causal=False)
    seen = torch.cat([when(written, slots), frames]) if written else frames
    apart = frames[:, None] - seen[None, :]
    visible = (apart >= 0) & (apart < window)
    if young:
        visible = visible & (seen + written >= torch.tensor(since)[:, None, None])
    return Window(turns, visible.to(device), causal=False)


class Attention(nn.Module):
    """Grouped-query attention over one axis, with normalised queries and keys and a gate on each head.

    Args:
        width: Features d of a token.
        heads: Query heads; they divide the width.
        kv_heads: Key and value heads, each shared by heads / kv_heads query heads.

    Source: grouped queries, Ainslie et al. 2023; QK-norm, Henry et al. 2020; the gate, Qiu et al. 2025, "Gated
    Attention for Large Language Models" (head-wise form).
    """

    def __init__(self, width: int, heads: int, kv_heads: int):
        super().__init__()
        if width % heads or (width // heads) % 4:
            raise ValueError(
                f"width {width} and heads {heads} give {width / heads:g} features a head; a multiple of 4 would do, "
                f"such as heads={max(1, width // 32)}"
            )
        if heads % kv_heads:
            raise ValueError(f"kv_heads is {kv_heads}; it must divide heads, {heads}")
        self.heads, self.kv_heads, self.features = heads, kv_heads, width // heads
        self.project = nn.Linear(width, (heads + 2 * kv_heads) * self.features + heads, bias=False)
        self.merge = nn.Linear(width, width, bias=False)
        # Normalised queries and keys bound the logits; how sharply a head looks is left to it.
        self.sharpness = nn.Parameter(torch.ones(heads, 1, 1))

    def split(self, x: Float[Tensor, "b n d"]) -> tuple[Tensor, Tensor, Tensor]:
        """Queries and keys [b q+kv n e], values [b kv n e], gates [b q n 1]. Queries and keys are not turned yet."""
        projected = self.project(x)
        gates = projected[..., -self.heads :].sigmoid().mT[..., None]
        every = projected[..., : -self.heads].unflatten(-1, (-1, self.features)).transpose(1, 2)
        both = self.heads + self.kv_heads
        return F.rms_norm(every[:, :both], (self.features,), eps=1e-6), every[:, both:], gates

    def packed(self, x: Float[Tensor, "1 n 1 d"], turns: Rotation, attend: Attend) -> Float[Tensor, "1 n 1 d"]:
        """Attend within a pack, whose tokens lie one behind another; `worldsim.nn.packing` knows who sees whom."""
        queries_keys, values, gates = self.split(x[:, :, 0])
        queries, keys = rotate(queries_keys, turns).split([self.heads, self.kv_heads], dim=1)
        found = attend(queries * self.sharpness, keys, values)
        return self.merge((found * gates).transpose(1, 2).flatten(2))[:, :, None]

    def look(
        self,
        queries: Float[Tensor, "b q n e"],
        keys: Float[Tensor, "b kv s e"],
        values: Float[Tensor, "b kv s e"],
        gates: Float[Tensor, "b q n 1"],
        visible: Bool[Tensor, "*#b n s"] | None = None,
        causal: bool = False,
    ) -> Float[Tensor, "b n d"]:
        """Weigh the values, gate each head, and merge the heads. Queries and keys come turned."""
        found = F.scaled_dot_product_attention(
            queries * self.sharpness,
            keys.to(values.dtype),
            values,
            attn_mask=visible,
            is_causal=causal,
            enable_gqa=self.heads != self.kv_heads,
        )
        return self.merge((found * gates).transpose(1, 2).flatten(2))


class SpaceAttention(Attention):
    """Each token sees all tokens of its own frame."""

    def forward(self, x: Float[Tensor, "b t g d"], places: Rotation) -> Float[Tensor, "b t g d"]:
        """Attend within each frame."""
        queries_keys, values, gates = self.split(x.flatten(0, 1))
        queries, keys = rotate(queries_keys, places).split([self.heads, self.kv_heads], dim=1)
        return self.look(queries, keys, values, gates).view_as(x)


class TimeAttention(Attention):
    """Each token sees its own place in the frames of the window."""

    def forward(
        self, x: Float[Tensor, "b t g d"], window: Window, past: KeyValues | None = None
    ) -> tuple[Float[Tensor, "b t g d"], KeyValues]:
        """Attend through time; also returns the keys and values of the new frames.

        Args:
            x: The new frames.
            window: Which frames see which.
            past: What is remembered, with room behind it for just these frames; they are written there.
        """
        batch = len(x)
        queries_keys, values, gates = self.split(x.transpose(1, 2).flatten(0, 1))
        queries, keys = rotate(queries_keys, window.turns).split([self.heads, self.kv_heads], dim=1)
        new = KeyValues(keys.unflatten(0, (batch, -1)), values.unflatten(0, (batch, -1)))
        if past is not None:
            for kept, added in zip(past, new, strict=True):
                kept[..., -x.shape[1] :, :] = added
            keys, values = past.keys.flatten(0, 1), past.values.flatten(0, 1)
        visible = window.visible
        if visible is not None and visible.ndim == 3:  # each token of a frame sees what its frame does
            visible = visible.repeat_interleave(x.shape[2], dim=0)[:, None]
        found = self.look(queries, keys, values, gates, visible, window.causal)
        return found.unflatten(0, (batch, -1)).transpose(1, 2), new
