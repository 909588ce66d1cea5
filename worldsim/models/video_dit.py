"""The video diffusion transformer: attention within each frame, and through time in some of the layers.

Read from the smallest part to the whole: `SwiGLU`, `Block`, `VideoDiT`, and at the end the sizes one can ask for.

Source: Peebles and Xie 2023, "DiT"; Hafner et al. 2025, "Dreamer 4" (factorised, causal, time in every few layers).
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import NamedTuple

import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn
from torch.utils.hooks import RemovableHandle

from worldsim.diffusion.shortcut import FINEST
from worldsim.nn.attention import KeyValues, Past, SpaceAttention, TimeAttention, Window, look_back
from worldsim.nn.camera import RayEmbedding
from worldsim.nn.modulation import Conditioner, Conditioning, LevelEmbedding, Modulation
from worldsim.nn.packing import Box, Layout
from worldsim.nn.rope import Rotation, in_space
from worldsim.nn.tokens import ActionEmbedding, Registers, patchify, unpatchify
from worldsim.nn.words import Words

SPACE, TIME, MLP, HEAD = range(4)
"""The kinds of layers, in the order in which the conditioner speaks to them."""


class SwiGLU(nn.Module):
    """The token-wise part of a block. Source: Shazeer 2020, "GLU Variants Improve Transformer"."""

    def __init__(self, width: int):
        super().__init__()
        hidden = -(-8 * width // (3 * 32)) * 32  # two thirds of 4 x width, rounded up: as many numbers as a plain MLP
        self.rise = nn.Linear(width, 2 * hidden, bias=False)
        self.fall = nn.Linear(hidden, width, bias=False)

    def forward(self, x: Float[Tensor, "b t g d"]) -> Float[Tensor, "b t g d"]:
        """Each token for itself."""
        gate, value = self.rise(x).chunk(2, dim=-1)
        return self.fall(F.silu(gate) * value)


class Block(nn.Module):
    """Attention in space, perhaps in time, then an MLP; the condition steers each.

    Args:
        width: Features d of a token.
        heads: Query heads.
        kv_heads: Key and value heads.
        time: Whether this block looks back in time.
    """

    def __init__(self, width: int, heads: int, kv_heads: int, time: bool):
        super().__init__()
        self.hear_space, self.space = Modulation(width), SpaceAttention(width, heads, kv_heads)
        self.hear_mlp, self.mlp = Modulation(width), SwiGLU(width)
        self.time = TimeAttention(width, heads, kv_heads) if time else None
        self.hear_time = Modulation(width) if time else None

    def forward(
        self,
        x: Float[Tensor, "b t g d"],
        proposed: Float[Tensor, "kinds b t 3*d"] | Float[Tensor, "kinds b t g 3*d"],
        places: Rotation,
        window: Window,
        past: KeyValues | None,
        layout: Layout | None = None,
    ) -> tuple[Float[Tensor, "b t g d"], KeyValues | None]:
        """Also returns the keys and values of the new frames, where the block looks back; of a pack there are none."""
        heard, gate = self.hear_space(x, proposed[SPACE])
        found = self.space(heard, places) if layout is None else self.space.packed(heard, places, layout.in_space)
        x = torch.addcmul(x, gate, found)
        new = None
        if self.time is not None and self.hear_time is not None:
            heard, gate = self.hear_time(x, proposed[TIME])
            if layout is None:
                found, new = self.time(heard, window, past)
            else:
                found = self.time.packed(heard, window.turns, layout.in_time)
            x = torch.addcmul(x, gate, found)
        heard, gate = self.hear_mlp(x, proposed[MLP])
        return torch.addcmul(x, gate, self.mlp(heard)), new


def looks_back(depth: int, every: int | None = None) -> list[bool]:
    """Which blocks look back in time: every 2nd in a shallow model, every 4th in a deep one, and always the last."""
    every = every or (2 if depth <= 8 else 4)
    return [block % every == 0 or block == depth for block in range(1, depth + 1)]


class VideoDiT(nn.Module):
    """Noisy frames, their levels and the actions that led to them, to a prediction a frame.

    Args:
        channels: Channels of what comes in.
        out_channels: Channels of what is predicted.
        actions: Components a of the flattened action.
        patch: Side of a token in latent cells.
        width: Features d of a token.
        depth: Blocks.
        heads: Query heads.
        kv_heads: Key and value heads.
        window: How many frames a block sees, the present one included. Blocks are stacked, so what reaches a frame goes
            back up to (window - 1) frames for each block that looks back in time.
        registers: Tokens a frame that belong to no place.
        time_every: Look back in time in every so manieth block; None chooses by depth.
        jumps: Whether it is told how far the sampler goes with its answer; see `worldsim.diffusion.shortcut`.
        conditioning: How the action steers the layers: "adaLN" as one condition with the noise level; "FiLM" and
            "additive" by an MLP of its own, beside that of the level, which may say less (see `nn.modulation`).
        camera: Whether it may be told where each token is seen from (see `nn.camera`).
        text: Features of the words that it may be told (see `nn.words`); 0 for none.

    Raises:
        ValueError: Where sizes do not divide, or the window is shorter than two frames.
    """

    def __init__(
        self,
        channels: int,
        out_channels: int,
        actions: int,
        patch: int = 8,
        width: int = 256,
        depth: int = 8,
        heads: int = 8,
        kv_heads: int = 2,
        window: int = 32,
        registers: int = 0,
        time_every: int | None = None,
        jumps: bool = False,
        conditioning: Conditioning = "adaLN",
        camera: bool = False,
        text: int = 0,
    ):
        super().__init__()
        if window < 2:
            raise ValueError(f"window came as {window}; it counts the present frame, so at least 2 would do")
        self.patch, self.window, self.width = patch, window, width
        self.embed = nn.Linear(channels * patch**2, width)
        self.registers = Registers(width, registers)
        self.level = LevelEmbedding(width)
        self.action = ActionEmbedding(actions, width)
        self.jump = nn.Embedding(FINEST + 1, width) if jumps else None
        if self.jump is not None:
            nn.init.zeros_(self.jump.weight)
        self.conditioner = Conditioner(width, kinds=4)
        self.steer = None if conditioning == "adaLN" else Conditioner(width, kinds=4, manner=conditioning)
        self.blocks = nn.ModuleList(Block(width, heads, kv_heads, time) for time in looks_back(depth, time_every))
        self.hear_head = Modulation(width)
        self.head = nn.Linear(width, out_channels * patch**2)
        nn.init.zeros_(self.head.weight)
        nn.init.zeros_(self.head.bias)
        self.ray = RayEmbedding(width) if camera else None
        self.words = Words(text, width, heads) if text else None

    @property
    def time_blocks(self) -> int:
        """How many blocks look back in time."""
        return sum(block.time is not None for block in self.blocks)

    def forward(
        self,
        frames: Float[Tensor, "b t z y x"],
        levels: Float[Tensor, "b t"],
        actions: Float[Tensor, "b t a"],
        known: Bool[Tensor, "b t"],
        past: Past | None = None,
        jumps: Int[Tensor, "b t"] | None = None,
        rays: Float[Tensor, "b t p 6"] | None = None,
        text: Float[Tensor, "b n e"] | None = None,
    ) -> tuple[Float[Tensor, "b t o y x"], list[KeyValues]]:
        """Predict.

        Args:
            frames: What comes in, at the levels given.
            levels: The noise level of each frame, from 0 (noise) to 1 (clean).
            actions: The action that led to each frame.
            known: Whether that action is known.
            past: What the blocks that look back remember of earlier frames, with room for these.
            jumps: How far the sampler goes with the answer, as an exponent of 1/2; as little as can be where not told.
            rays: Where each token is seen from, zeros where that is not known.
            text: The words that each clip is told in, zeros where there is no word.

        Returns:
            The prediction, and for each block that looks back the keys and values of these frames.
        """
        return self.through(frames, self.condition(levels, actions, known, jumps), past, rays, text)

    def condition(
        self,
        levels: Float[Tensor, "b t"],
        actions: Float[Tensor, "b t a"],
        known: Bool[Tensor, "b t"],
        jumps: Int[Tensor, "b t"] | None = None,
    ) -> Float[Tensor, "kinds b t m"]:
        """What is said to the layers of frames at these levels, after these actions, before these jumps."""
        said, done = self.level(levels), self.action(actions, known)
        if self.jump is not None:
            finest = torch.full(levels.shape, FINEST, dtype=torch.long, device=levels.device)
            said = said + self.jump(finest if jumps is None else jumps)
        return self.conditioner(said + done) if self.steer is None else self.conditioner(said) + self.steer(done)

    def condition_tokens(
        self,
        levels: Float[Tensor, "b t p"],
        actions: Float[Tensor, "b t a"],
        known: Bool[Tensor, "b t"],
        jumps: Int[Tensor, "b t"] | None = None,
    ) -> Float[Tensor, "kinds b t g m"]:
        """As `condition`, where each token has a level of its own; registers hear the mean of those of their frame."""
        own = len(self.registers.tokens)
        each = torch.cat([levels.mean(-1, keepdim=True).expand(-1, -1, own), levels], dim=-1)
        jumps = torch.full(known.shape, FINEST, device=known.device) if jumps is None else jumps
        actions, known, jumps = (part.repeat_interleave(each.shape[2], dim=1) for part in (actions, known, jumps))
        return self.condition(each.flatten(1), actions, known, jumps).unflatten(2, each.shape[1:])

    def through(
        self,
        frames: Float[Tensor, "b t z y x"],
        proposed: Float[Tensor, "kinds b t m"] | Float[Tensor, "kinds b t g m"],
        past: Past | None = None,
        rays: Float[Tensor, "b t p 6"] | None = None,
        text: Float[Tensor, "b n e"] | None = None,
    ) -> tuple[Float[Tensor, "b t o y x"], list[KeyValues]]:
        """Predict, for whoever knows already what `condition` (or `condition_tokens`) says; see `forward`."""
        height, wide = frames.shape[-2:]
        x = self.enter(frames, rays, text)
        first: Block = self.blocks[0]  # type: ignore[assignment]
        features, device = first.space.features, frames.device
        places = in_space(
            height // self.patch,
            wide // self.patch,
            features,
            registers=len(self.registers.tokens),
            device=device,
        )
        new, (written, since, slots) = frames.shape[1], past[2:] if past else (0, (), 0)
        window = look_back(new, features, window=self.window, written=written, since=since, slots=slots, device=device)
        memories, remembered = past.layers(new) if past else iter(()), []
        for block in self.blocks:
            x, kept = block(x, proposed, places, window, next(memories, None) if block.time is not None else None)
            if kept is not None:
                remembered.append(kept)
        return self.leave(x, proposed, height, wide), remembered

    def together(
        self,
        frames: Sequence[Float[Tensor, "_ _ z _ _"]],
        proposed: Float[Tensor, "kinds 1 f m"],
        spare: int = 0,
        rays: Sequence[Float[Tensor, "_ _ _ 6"] | None] | None = None,
        text: Sequence[Float[Tensor, "_ _ _"] | None] | None = None,
    ) -> list[Float[Tensor, "_ _ o _ _"]]:
        """Predict clips of several sizes and lengths at once, of which none sees another; see `worldsim.nn.packing`.

        Args:
            frames: The clips of each shape.
            proposed: What `condition` says to all frames, clip after clip, shape after shape; or to all tokens.
            spare: How many tokens of no clip are laid behind them, so that all packs are equally long.
            rays: Of the clips of each shape, where each token is seen from.
            text: Of the clips of each shape, the words.

        Returns:
            The predictions for the clips of each shape.
        """
        side, registers = self.patch, len(self.registers.tokens)
        shapes = [(*each.shape[:2], *each.shape[-2:]) for each in frames]
        boxes = [Box(rows, time, high // side, wide // side, registers) for rows, time, high, wide in shapes]
        first: Block = self.blocks[0]  # type: ignore[assignment]
        layout = Layout(boxes, spare, first.space.features, window=self.window, device=frames[0].device)
        window = Window(layout.times, None, causal=False)
        # From here on each token is a frame of its own: it hears what its frame is told.
        untold = [None] * len(frames)
        entered = [self.enter(*each) for each in zip(frames, rays or untold, text or untold, strict=True)]
        tokens = torch.cat([each.flatten(0, 2) for each in entered])
        x = F.pad(tokens, (0, 0, 0, spare))[None, :, None]
        fine = proposed.shape[2] == len(tokens)
        heard = list(proposed.split([box.size if fine else box.rows * box.frames for box in boxes], dim=2))
        times = [1 if fine else box.tokens for box in boxes]
        told = [part.repeat_interleave(count, dim=2) for part, count in zip(heard, times, strict=True)]
        told = torch.cat([*told, proposed[:, :, :1].expand(-1, -1, spare, -1)], dim=2)
        for block in self.blocks:
            x, _ = block(x, told, layout.places, window, None, layout)
        left = x[0, : len(tokens), 0].split([box.size for box in boxes])
        return [
            self.leave(
                part.view(box.rows, box.frames, box.tokens, -1),
                own.unflatten(2, (box.rows, box.frames, box.tokens) if fine else (box.rows, box.frames)).squeeze(1),
                height,
                wide,
            )
            for part, own, box, (_, _, height, wide) in zip(left, heard, boxes, shapes, strict=True)
        ]

    def enter(
        self,
        frames: Float[Tensor, "b t z y x"],
        rays: Float[Tensor, "b t p 6"] | None = None,
        text: Float[Tensor, "b n e"] | None = None,
    ) -> Float[Tensor, "b t g d"]:
        """Frames to tokens, registers before those of each frame."""
        x = self.embed(patchify(frames, self.patch))
        if self.ray is not None and rays is not None:
            x = x + self.ray(rays).to(x.dtype)
        x = self.registers(x) if len(self.registers.tokens) else x
        return x if self.words is None or text is None else x + self.words(x, text)

    def leave(
        self,
        x: Float[Tensor, "b t g d"],
        proposed: Float[Tensor, "kinds b t m"] | Float[Tensor, "kinds b t g m"],
        height: int,
        wide: int,
    ) -> Float[Tensor, "b t o {height} {wide}"]:
        """Tokens to what is predicted."""
        own, told = len(self.registers.tokens), proposed[HEAD]
        heard, _ = self.hear_head(x[:, :, own:], told if told.ndim == 3 else told[:, :, own:])
        return unpatchify(self.head(heard), self.patch, height, wide)

    @contextmanager
    def tapped(self, layers: Sequence[int]) -> Iterator[dict[int, Float[Tensor, "b t g d"]]]:
        """While this lasts, what goes through the network leaves its activations behind these blocks, registers apart.

        Args:
            layers: Numbers of blocks, from 0; negative ones count from the last.

        Raises:
            ValueError: Where there is no such block.
        """
        count, own = len(self.blocks), len(self.registers.tokens)
        if outside := [layer for layer in layers if not -count <= layer < count]:
            raise ValueError(f"there is no block {outside[0]}; there are {count}, from 0 to {count - 1}")
        found: dict[int, Tensor] = {}

        def tap(layer: int) -> RemovableHandle:
            return self.blocks[layer].register_forward_hook(
                lambda _, __, out: found.update({layer: out[0][:, :, own:]})
            )

        taps = [tap(layer) for layer in layers]
        try:
            yield found
        finally:
            for each in taps:
                each.remove()


class Size(NamedTuple):
    """Width, depth, query heads, and key and value heads."""

    width: int
    depth: int
    heads: int
    kv_heads: int


SIZES = {
    "micro": Size(128, 4, 4, 4),
    "nano": Size(256, 8, 8, 2),
    "S": Size(384, 12, 6, 2),
    "B": Size(768, 12, 12, 4),
    "L": Size(1024, 24, 16, 4),
    "XL": Size(2048, 20, 16, 4),
}
