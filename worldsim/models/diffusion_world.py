"""The world model: a causal video diffusion transformer that imagines frame by frame.

Training hides every frame behind noise of its own amount and asks for what was there (`loss`). Imagining starts each
new frame as noise, asks a few times, and keeps what earlier frames left in the attention layers (`Stream`).

Source: Chen et al. 2024, "Diffusion Forcing"; Hafner et al. 2025, "Dreamer 4".
"""

from dataclasses import dataclass, replace

import torch
import torch.nn.functional as F
from einops import rearrange
from jaxtyping import Bool, Float
from torch import Tensor, nn

from worldsim.codec.pixel import Pixel
from worldsim.data.schema import Schema
from worldsim.diffusion import objective, sample
from worldsim.diffusion.noise import Levels
from worldsim.models.video_dit import VideoDiT
from worldsim.nn.attention import KeyValues, Past
from worldsim.protocols import Codec, Noise, Recalled
from worldsim.random import draw
from worldsim.types import Clip


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


class DiffusionWorld(nn.Module):
    """A video diffusion transformer over latents, with actions.

    Args:
        actions: Components a of the flattened action.
        patch: Side of a token, in latent cells.
        width: Features of a token.
        depth: Blocks.
        heads: Query heads.
        kv_heads: Key and value heads.
        window: Frames that a block sees, the present one included.
        registers: Tokens a frame that belong to no place.
        time_every: Look back in time in every so manieth block; None chooses by depth.
        past: How many frames before are laid beside each frame where it enters the network; 0 leaves the past to
            attention alone.
        residual: Predict the change since the frame before instead of the frame: what never moves need not be
            learned. Needs a past of at least 1.
        target: What the network predicts: the clean frame "x", or "v" or "flow" (see `diffusion.objective`).
        weight: How the error of "x" is weighed over noise levels. Plain, a small model learns motion several times
            sooner than with "velocity", which looks mostly at frames that are nearly clean.
        levels: How noisy frames are made in training.
        context: The noise level that frames already seen are said to have. They are given as they are; to be told that
            they are slightly noisy makes the model trust its own mistakes less.
        action_dropout: The share of training clips whose actions are withheld.
        steps: How often the network is asked for each imagined frame.
        codec: Pixels to latents and back: any module that is a `Codec`, which learns no more; the pixels themselves by
            default.
        schema: What the components of an action mean, for a model of several worlds. In the same share of clips as of
            `action_dropout`, it is withheld from what a model hears which world it is.

    Raises:
        ValueError: Where the arguments do not go together.

    Source: the context level, Chen et al. 2024, section 3.3.
    """

    def __init__(
        self,
        actions: int,
        patch: int = 16,
        width: int = 128,
        depth: int = 4,
        heads: int = 4,
        kv_heads: int = 4,
        window: int = 32,
        registers: int = 0,
        time_every: int | None = None,
        past: int = 2,
        residual: bool = False,
        target: objective.Target = "x",
        weight: objective.Weight = "none",
        levels: Levels | None = None,
        context: float = 0.95,
        action_dropout: float = 0.1,
        steps: int = 4,
        codec: nn.Module | None = None,
        schema: Schema | None = None,
    ):
        super().__init__()
        if residual and past < 1:
            raise ValueError(
                "residual predicts the change since the frame before, which past=0 does not show; "
                "give past=1 or more, or residual=False"
            )
        for name, value in (("context", context), ("action_dropout", action_dropout)):
            if not 0 <= value <= 1:
                raise ValueError(f"{name} came as {value}; it lies between 0 and 1")
        if schema is not None and schema.components != actions:
            raise ValueError(f"actions came as {actions} beside a schema of {schema.components} components")
        sample.levels(steps)  # refuses what is not at least one
        self.actions, self.patch, self.width, self.depth = actions, patch, width, depth
        self.heads, self.kv_heads, self.window, self.registers = heads, kv_heads, window, registers
        self.time_every, self.past, self.residual = time_every, past, residual
        self.target: objective.Target = target
        self.weight: objective.Weight = weight
        self.levels, self.context = levels or Levels(), context
        self.action_dropout, self.steps, self.schema = action_dropout, steps, schema
        codec = Pixel() if codec is None else codec
        if not isinstance(codec, Codec):
            raise ValueError(f"codec came as a {type(codec).__name__}, which does not encode and decode; see Codec")
        self.codec: Codec = codec.requires_grad_(False)
        self.transformer = VideoDiT(
            channels=self.codec.channels * (1 + past),
            out_channels=self.codec.channels,
            actions=actions,
            patch=patch,
            width=width,
            depth=depth,
            heads=heads,
            kv_heads=kv_heads,
            window=window,
            registers=registers,
            time_every=time_every,
        )

    # To learn

    def loss(self, clip: Clip, *, generator: Noise) -> Float[Tensor, ""]:
        """How wrong the model is about a clip, at noise levels drawn for each frame."""
        with torch.no_grad():
            clean = self.codec.encode(clip.frames)
        rows, frames = clean.shape[:2]
        levels, learn = self.levels.draw(rows, frames, generator, device=clean.device)
        noise = draw(tuple(clean.shape), generator, device=clean.device)
        withheld = draw((rows, 1), generator, kind=torch.rand, device=clean.device) < self.action_dropout
        known = ~withheld & (torch.arange(frames, device=clean.device) > 0)
        actions = led_to(self.unmarked(clip.actions, generator))
        noisy, before = objective.corrupt(clean, noise, levels), self.beside(clean)
        predicted, _ = self.predict(noisy, before, levels, actions, known)
        wrong = objective.error(self.target, clean, predicted, levels, self.weight)
        counted = learn & clip.mask
        return (wrong * counted).sum() / counted.sum().clamp(min=1)

    def unmarked(self, actions: Float[Tensor, "b n a"], generator: Noise) -> Float[Tensor, "b n a"]:
        """The actions, of some clips without the components that say which world it is."""
        if self.schema is None:
            return actions
        said = draw((len(actions), 1, 1), generator, kind=torch.rand, device=actions.device) >= self.action_dropout
        own = self.actions - self.schema.marks
        return torch.cat([actions[..., :own], actions[..., own:] * said], dim=-1)

    def beside(self, clean: Float[Tensor, "b t z y x"]) -> Float[Tensor, "b t p y x"]:
        """For each frame the `past` frames before it, the nearest first; zeros before the beginning."""
        shifted = [F.pad(clean, (0, 0) * 3 + (ago, 0))[:, : clean.shape[1]] for ago in range(1, self.past + 1)]
        return torch.cat([clean[:, :, :0], *shifted], dim=2)

    def predict(
        self,
        noisy: Float[Tensor, "b t z y x"],
        before: Float[Tensor, "b t p y x"],
        levels: Float[Tensor, "b t"],
        actions: Float[Tensor, "b t a"],
        known: Bool[Tensor, "b t"],
        past: Past | None = None,
    ) -> tuple[Float[Tensor, "b t z y x"], list[KeyValues]]:
        """The clean frames, as the model sees them; and what these frames leave in the attention layers."""
        output, new = self.transformer(torch.cat([noisy, before], dim=2), levels, actions, known, past)
        return self.clean_of(output, noisy, before, levels), new

    def clean_of(
        self,
        output: Float[Tensor, "b t z y x"],
        noisy: Float[Tensor, "b t z y x"],
        before: Float[Tensor, "b t p y x"],
        levels: Float[Tensor, "b t"],
    ) -> Float[Tensor, "b t z y x"]:
        """The clean frames that the network's output stands for."""
        clean = objective.clean_from(self.target, output, noisy, levels)
        return clean + before[:, :, : self.codec.channels] if self.residual else clean

    # To imagine

    @torch.no_grad()
    def watch(self, seen: Float[Tensor, "b t c h w"], taken: Float[Tensor, "b t-1 a"]) -> Stream:
        """Take in what was seen, in [-1, 1], and the actions taken in between."""
        clean = self.codec.encode(seen)
        rows, frames, _, height, width = clean.shape
        # a copy, as a view would keep all that was seen alive
        recent = F.pad(clean, (0, 0) * 3 + (self.past, 0))[:, -(self.past + 1) :].clone()
        slots, features = self.window - 1, self.width // self.heads
        tokens = self.registers + (height // self.patch) * (width // self.patch)
        ring = clean.new_zeros(self.transformer.time_blocks, rows, tokens, self.kv_heads, slots + 2, features)
        action = taken[:, -1].clone() if frames > 1 else taken.new_zeros(rows, self.actions)
        stream = Stream(ring, ring.clone(), frames - 1, recent, action, self.codec.decode_on(clean, ())[1])
        if frames > 1:
            earlier = clean[:, :-1]
            known = (torch.arange(frames - 1, device=clean.device) > 0).expand(rows, -1)
            _, new = self.predict(earlier, self.beside(earlier), self.said_of(earlier), led_to(taken[:, :-1]), known)
            for frame in range(max(0, frames - 1 - slots), frames - 1):
                for block, (keys, values) in enumerate(new):
                    stream.keys[block, ..., frame % slots, :] = keys[..., frame, :]
                    stream.values[block, ..., frame % slots, :] = values[..., frame, :]
        return stream

    def said_of(self, clean: Float[Tensor, "b t z y x"]) -> Float[Tensor, "b t"]:
        """The noise level that frames already seen are said to have."""
        return torch.full(clean.shape[:2], self.context, device=clean.device)

    @torch.no_grad()
    def imagine(
        self, memory: Stream, plan: Float[Tensor, "b n a"], *, generator: Noise
    ) -> tuple[Float[Tensor, "b n c h w"], Stream]:
        """Imagine one frame, in [-1, 1], for each action of the plan."""
        if not plan.shape[1]:
            rows, _, _, height, width = memory.recent.shape
            side = self.codec.downscale
            return memory.recent.new_zeros(rows, 0, 3, height * side, width * side), memory
        stream = replace(memory, keys=memory.keys.clone(), values=memory.values.clone())
        imagined = []
        for action in plan.unbind(1):
            noise = draw(tuple(stream.recent[:, -1:].shape), generator, device=plan.device)
            stream = self.next(stream, action, noise)
            imagined.append(stream.recent[:, -1:])
        frames, decoded = self.codec.decode_on(torch.cat(imagined, dim=1), memory.decoded)
        return frames, replace(stream, decoded=decoded)

    def next(self, stream: Stream, action: Float[Tensor, "b a"], noise: Float[Tensor, "b 1 z y x"]) -> Stream:
        """One more frame. The keys and values are written where they lie: the stream given is used up."""
        newest, before = stream.recent[:, -1:], self.past_of(stream.recent[:, 1:])
        both = torch.cat([self.past_of(stream.recent[:, :-1]), before], dim=1)
        rows, asked = len(newest), sample.levels(self.steps)
        past = Past(stream.keys, stream.values, stream.written, slots=self.window - 1)

        # The newest frame and every question about the next one are told at once what they will be told.
        levels = torch.tensor([self.context, *asked], device=newest.device).expand(rows, -1)
        actions = torch.stack([stream.action, *[action] * self.steps], dim=1)
        known = (torch.arange(1 + self.steps, device=newest.device) + stream.written > 0).expand(rows, -1)
        proposed = self.transformer.condition(levels, actions, known)

        def guess(noisy: Float[Tensor, "b 1 z y x"], level: float) -> Float[Tensor, "b 1 z y x"]:
            nonlocal past
            which = 1 + asked.index(level)
            if past.written > stream.written:
                shown, said = torch.cat([noisy, before], dim=2), slice(which, which + 1)
                output, _ = self.transformer.through(shown, proposed[:, :, said], past)
            else:
                shown, said = torch.cat([torch.cat([newest, noisy], dim=1), both], dim=2), slice(which + 1)
                output, _ = self.transformer.through(shown, proposed[:, :, said], past)
                past = past.settle()
            return self.clean_of(output[:, -1:], noisy, before, levels[:, which : which + 1])

        frame = sample.euler(guess, noise, steps=self.steps).to(newest.dtype)
        recent = torch.cat([stream.recent[:, 1:], frame], dim=1)
        # a copy, as a view would keep the whole plan alive
        return replace(stream, written=stream.written + 1, recent=recent, action=action.clone())

    def past_of(self, recent: Float[Tensor, "b r z y x"]) -> Float[Tensor, "b 1 p y x"]:
        """The frames laid beside the one that follows `recent`, the nearest first."""
        return rearrange(recent[:, recent.shape[1] - self.past :].flip(1), "b r z y x -> b 1 (r z) y x")


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
