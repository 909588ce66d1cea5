"""Attention within a frame and through time.

`Attention` is the shared part: grouped queries, normalised queries and keys, a gate on what comes out. `SpaceAttention`
lets the tokens of one frame see each other; `TimeAttention` lets each token see its own place in earlier frames. The
latter works on a whole clip at once, or frame by frame with the keys and values of earlier frames (`KeyValues`), and
the two agree: both see exactly the last `window` frames, no more.
"""

from typing import NamedTuple

import torch
import torch.nn.functional as F
from einops import rearrange
from jaxtyping import Bool, Float
from torch import Tensor, nn

from worldsim.nn.rope import Rotation, in_time, rotate


class KeyValues(NamedTuple):
    """What a layer remembers of some frames. Keys are not yet turned: their age, and so their angle, still grows."""

    keys: Float[Tensor, "b g q w e"]
    values: Float[Tensor, "b g q w e"]


class Window(NamedTuple):
    """Which frames see which: computed once for all layers.

    Attributes:
        queries: Turns of the new frames.
        keys: Turns of the past frames in the order in which they are stored, then of the new ones.
        visible: Whether a new frame (row) sees a frame (column); None where it sees all of them.
        causal: True where there is no past and each new frame sees itself and all earlier ones: the fast path.
    """

    queries: Rotation
    keys: Rotation
    visible: Bool[Tensor, "t s"] | None
    causal: bool


def look_back(
    new: int, features: int, *, window: int, past: int = 0, slots: int = 0, device: torch.device | None = None
) -> Window:
    """The window of `new` frames that follow `past` earlier ones.

    Args:
        new: How many frames are computed.
        features: Features of a head.
        window: How many frames a frame sees, itself included.
        past: How many frames came before, in all.
        slots: How many of those are stored at most: frame f lies in slot f % slots.
        device: Where to put the result.
    """
    queries = torch.arange(new, device=device)
    keys = queries
    if past:
        slot = torch.arange(min(past, slots), device=device)
        # The frames lie in a ring: the age of a slot follows from the number of frames written, and nothing is moved.
        keys = torch.cat([(slot - past) % slots - slots, queries])
    turns = in_time(keys, features)
    own = Rotation(turns.cos[-new:], turns.sin[-new:])
    if past == 0 and new <= window:
        return Window(own, turns, None, causal=True)
    if new == 1 and slots < window:
        return Window(own, turns, None, causal=False)
    apart = queries[:, None] - keys[None, :]
    return Window(own, turns, (apart >= 0) & (apart < window), causal=False)


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

    def split(self, x: Float[Tensor, "b n d"]) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Queries [b q n e], keys and values [b kv n e], gates [b q n 1]. Keys are normalised but not turned."""
        projected = self.project(x)
        gates = rearrange(projected[..., -self.heads :], "b n q -> b q n 1").sigmoid()
        every = rearrange(projected[..., : -self.heads], "b n (q e) -> b q n e", e=self.features)
        queries_keys = F.rms_norm(every[:, : self.heads + self.kv_heads], (self.features,), eps=1e-6)
        queries, keys = queries_keys.split([self.heads, self.kv_heads], dim=1)
        return queries * self.sharpness, keys, every[:, self.heads + self.kv_heads :], gates

    def look(
        self,
        queries: Float[Tensor, "b q n e"],
        keys: Float[Tensor, "b kv s e"],
        values: Float[Tensor, "b kv s e"],
        gates: Float[Tensor, "b q n 1"],
        visible: Bool[Tensor, "n s"] | None = None,
        causal: bool = False,
    ) -> Float[Tensor, "b n d"]:
        """Weigh the values, gate each head, and merge the heads. Queries and keys come turned."""
        found = F.scaled_dot_product_attention(
            queries,
            keys.to(values.dtype),
            values,
            attn_mask=visible,
            is_causal=causal,
            enable_gqa=self.heads != self.kv_heads,
        )
        return self.merge(rearrange(found * gates, "b q n e -> b n (q e)"))


class SpaceAttention(Attention):
    """Each token sees all tokens of its own frame."""

    def forward(self, x: Float[Tensor, "b t g d"], places: Rotation) -> Float[Tensor, "b t g d"]:
        """Attend within each frame."""
        queries, keys, values, gates = self.split(x.flatten(0, 1))
        return self.look(rotate(queries, places), rotate(keys, places), values, gates).view_as(x)


class TimeAttention(Attention):
    """Each token sees its own place in the frames of the window."""

    def forward(
        self, x: Float[Tensor, "b t g d"], window: Window, past: KeyValues | None = None
    ) -> tuple[Float[Tensor, "b t g d"], KeyValues]:
        """Attend through time; also returns the keys and values of the new frames."""
        batch = len(x)
        queries, keys, values, gates = self.split(rearrange(x, "b t g d -> (b g) t d"))
        new = KeyValues(keys.unflatten(0, (batch, -1)), values.unflatten(0, (batch, -1)))
        if past is not None:
            keys = torch.cat([past.keys.flatten(0, 1), keys], dim=2)
            values = torch.cat([past.values.flatten(0, 1), values], dim=2)
        found = self.look(
            rotate(queries, window.queries), rotate(keys, window.keys), values, gates, window.visible, window.causal
        )
        return rearrange(found, "(b g) t d -> b t g d", b=batch), new
