"""Clips of several sizes and lengths as one row of tokens, in which each token sees its own clip alone.

Clips of one shape are a box `[b t g]`. A pack is boxes laid one behind another, token after token, frame after frame,
clip after clip, and behind them tokens of no clip, so that all packs are equally long: to layers that take each token
for itself, every pack is one tensor of one shape. `Layout` is what attention has to know besides: where the boxes lie,
and where in its frame, and when in its clip, each token stands.

Source: Krell et al. 2021, "Efficient Sequence Packing without Cross-contamination"; Dehghani et al. 2023, "Patch n'
Pack" (pictures of several sizes in one row).
"""

from collections.abc import Callable, Sequence
from functools import cached_property
from typing import NamedTuple, TypeVar

import torch
import torch.nn.functional as F
from einops import rearrange, repeat
from jaxtyping import Float, Int
from torch import Tensor
from torch.nn.attention.varlen import varlen_attn

from worldsim.nn.attention import look_back
from worldsim.nn.rope import Rotation, in_space

Method = TypeVar("Method", bound=Callable)


def eager(method: Method) -> Method:
    """Not to be compiled: `torch.compiler.disable`, which does not say that the type stays what it was."""
    return torch.compiler.disable(method)  # pyright: ignore[reportReturnType]


class Box(NamedTuple):
    """Clips of one shape.

    Attributes:
        rows: How many clips.
        frames: Of each clip.
        high: Tokens of a frame from top to bottom.
        wide: Tokens of a frame from left to right.
        registers: Tokens of a frame that stand nowhere; they come first.
    """

    rows: int
    frames: int
    high: int
    wide: int
    registers: int = 0

    @property
    def tokens(self) -> int:
        """Of a frame."""
        return self.registers + self.high * self.wide

    @property
    def size(self) -> int:
        """Tokens in all."""
        return self.rows * self.frames * self.tokens

    @property
    def axes(self) -> dict[str, int]:
        """For einops."""
        return {"b": self.rows, "t": self.frames, "g": self.tokens}


class Stretches(NamedTuple):
    """A row of tokens, cut into stretches within which tokens see each other.

    Attributes:
        starts: Where each begins, and where the last one ends.
        most: Tokens of the longest.
    """

    starts: Int[Tensor, " s"]
    most: int


class Layout:
    """Who sees whom in a pack: computed once for all layers.

    On CUDA, in 16 bits, one kernel does all boxes at once (`torch.nn.attention.varlen`); elsewhere it is done box
    by box. Neither is compiled: what is compiled around them knows nothing of what lies in a pack.

    Args:
        boxes: What lies in it, in order.
        spare: Tokens behind them that belong to no clip; each sees itself.
        features: Features of a head.
        window: How many frames a frame sees, itself included.
        device: Where the tokens are.

    Attributes:
        places: The turns of all tokens by where they stand in their frame.
        times: The turns of all tokens by when their frame was in its clip.
    """

    def __init__(
        self, boxes: Sequence[Box], spare: int, features: int, *, window: int, device: torch.device | None = None
    ):
        self.boxes = [*boxes, *([Box(spare, 1, 1, 1)] if spare else [])]
        self.window, self.device = window, device
        self.views = [look_back(box.frames, features, window=window, device=device) for box in self.boxes]
        where = [in_space(box.high, box.wide, features, registers=box.registers, device=device) for box in self.boxes]
        self.places = self._said_of_each(where, "g e -> (b t g) e")
        self.times = self._said_of_each([view.turns for view in self.views], "t e -> (b t g) e")

    def _said_of_each(self, turns: Sequence[Rotation], how: str) -> Rotation:
        parts = [[repeat(each, how, **box.axes) for each in part] for part, box in zip(turns, self.boxes, strict=True)]
        return Rotation(*map(torch.cat, zip(*parts, strict=True)))

    @eager
    def in_space(
        self, queries: Float[Tensor, "1 q n e"], keys: Float[Tensor, "1 kv n e"], values: Float[Tensor, "1 kv n e"]
    ) -> Float[Tensor, "1 q n e"]:
        """Each token sees those of its own frame."""
        if at_once(values):
            return attend_at_once(queries, keys, values, self._frames, (-1, -1))
        everything = [(None, False)] * len(self.boxes)
        return self._box_by_box(queries, keys, values, "(b t) q g e", everything)

    @eager
    def in_time(
        self, queries: Float[Tensor, "1 q n e"], keys: Float[Tensor, "1 kv n e"], values: Float[Tensor, "1 kv n e"]
    ) -> Float[Tensor, "1 q n e"]:
        """Each token sees its own place in the frames of the window."""
        if at_once(values):
            by_place, back = self._by_place
            queries, keys, values = queries[:, :, by_place], keys[:, :, by_place], values[:, :, by_place]
            return attend_at_once(queries, keys, values, self._places, (self.window - 1, 0))[:, :, back]
        before = [(view.visible, view.causal) for view in self.views]
        return self._box_by_box(queries, keys, values, "(b g) q t e", before)

    def _box_by_box(
        self, queries: Tensor, keys: Tensor, values: Tensor, batch: str, sees: Sequence[tuple[Tensor | None, bool]]
    ) -> Tensor:
        found, sizes = [], [box.size for box in self.boxes]
        parts = zip(*(whole.split(sizes, dim=2) for whole in (queries, keys.to(values.dtype), values)), strict=True)
        for box, part, (visible, causal) in zip(self.boxes, parts, sees, strict=True):
            seen = F.scaled_dot_product_attention(
                *(rearrange(each, f"1 q (b t g) e -> {batch}", **box.axes) for each in part),
                attn_mask=visible,
                is_causal=causal,
                enable_gqa=queries.shape[1] != keys.shape[1],
            )
            found.append(rearrange(seen, f"{batch} -> 1 q (b t g) e", **box.axes))
        return torch.cat(found, dim=2)

    @cached_property
    def _frames(self) -> Stretches:
        return stretches([(box.rows * box.frames, box.tokens) for box in self.boxes], self.device)

    @cached_property
    def _places(self) -> Stretches:
        return stretches([(box.rows * box.tokens, box.frames) for box in self.boxes], self.device)

    @cached_property
    def _by_place(self) -> tuple[Int[Tensor, " n"], Int[Tensor, " n"]]:
        """The tokens in the order place by place of each clip, and the order that undoes it."""
        tokens = torch.arange(sum(box.size for box in self.boxes)).split([box.size for box in self.boxes])
        order = torch.cat(
            [rearrange(own, "(b t g) -> (b g t)", **box.axes) for own, box in zip(tokens, self.boxes, strict=True)]
        )
        return order.to(self.device), order.argsort().to(self.device)


def stretches(counted: Sequence[tuple[int, int]], device: torch.device | None = None) -> Stretches:
    """So many stretches of so many tokens each, one kind behind another."""
    lengths = torch.cat([torch.full((count,), length, dtype=torch.int32) for count, length in counted])
    return Stretches(F.pad(lengths.cumsum(0, dtype=torch.int32), (1, 0)).to(device), int(lengths.max()))


def at_once(values: Tensor) -> bool:
    """Whether there is a kernel for stretches of several lengths: on CUDA, in 16 bits."""
    return values.is_cuda and values.dtype in (torch.bfloat16, torch.float16)


def attend_at_once(
    queries: Float[Tensor, "1 q n e"],
    keys: Float[Tensor, "1 kv n e"],
    values: Float[Tensor, "1 kv n e"],
    within: Stretches,
    window: tuple[int, int],
) -> Float[Tensor, "1 q n e"]:
    """Attention within each stretch, to so many tokens before and after; -1 for all."""
    queries, keys, values = (each[0].transpose(0, 1).to(values.dtype) for each in (queries, keys, values))
    starts, most = within
    grouped = queries.shape[1] != keys.shape[1]
    found = varlen_attn(queries, keys, values, starts, starts, most, most, window_size=window, enable_gqa=grouped)
    assert isinstance(found, Tensor)
    return found.transpose(0, 1)[None]
