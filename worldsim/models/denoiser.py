"""The network that a world model asks: frames behind noise, each of its own amount, to clean ones.

What it is shown beside the noisy frames, what it is told of them, and what its output stands for are decided here; how
it learns and how it imagines are the world model's (`DiffusionWorld`).

Source: Chen et al. 2024, "Diffusion Forcing"; Hafner et al. 2025, "Dreamer 4".
"""

from collections.abc import Sequence
from typing import NamedTuple

import torch
import torch.nn.functional as F
from einops import rearrange
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from worldsim.codec.pixel import Pixel
from worldsim.data.schema import Schema
from worldsim.diffusion import objective, sample
from worldsim.diffusion.noise import Levels
from worldsim.models.usual import Usual
from worldsim.models.video_dit import VideoDiT
from worldsim.nn.attention import KeyValues, Past
from worldsim.nn.camera import rays_of
from worldsim.nn.carry import carried
from worldsim.nn.modulation import Conditioning
from worldsim.protocols import Codec
from worldsim.types import Camera

REACH = 4.0
"""How many cells a shift of 1 is that the network predicts: things move by a few, a turning camera by more."""


class Hidden(NamedTuple):
    """A clip behind noise: what the network is shown and told, and what it should say.

    Attributes:
        clean: What it should say.
        noisy: The same frames at their levels.
        before: The frames before each, laid beside it.
        levels: How noisy each frame is, and is said to be.
        actions: What led to it.
        known: Whether that is told.
        jumps: How far the sampler goes with the answer.
        learn: Whether the answer counts.
        rays: Where each token is seen from, where that is told.
        text: The words it is told in, where it is.
        tokens: How noisy each token is, where those of a frame are not alike.
    """

    clean: Float[Tensor, "b t z y x"]
    noisy: Float[Tensor, "b t z y x"]
    before: Float[Tensor, "b t p y x"]
    levels: Float[Tensor, "b t"]
    actions: Float[Tensor, "b t a"]
    known: Bool[Tensor, "b t"]
    jumps: Int[Tensor, "b t"]
    learn: Bool[Tensor, "b t"]
    rays: Float[Tensor, "b t g 6"] | None = None
    text: Float[Tensor, "b n e"] | None = None
    tokens: Float[Tensor, "b t g"] | None = None


class Denoiser(nn.Module):
    """A video diffusion transformer over latents, with actions: noisy frames in, clean ones out.

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
        gate: Predict, beside the frame, how much of each place of it is new; the rest is copied from the frame before.
            What stands still stays sharp, and what moves need not be told as a change. Needs a past of at least 1 and
            the target "x".
        carry: Predict as well from where in the frame before each place is copied: what moves need not be drawn anew,
            and does not melt. Needs the gate.
        conditioning: How actions steer the layers: "adaLN" by shift, scale and gate, "FiLM" by shift and scale,
            "additive" by a shift. The noise level has all three in any case.
        target: What the network predicts: the clean frame "x", or "v" or "flow" (see `diffusion.objective`).
        weight: How the error of "x" is weighed over noise levels. Plain, a small model learns motion several times
            sooner than with "velocity", which looks mostly at frames that are nearly clean.
        levels: How noisy frames are made in training.
        context: The noise level that frames already seen are said to have. They are given as they are; to be told that
            they are slightly noisy makes the model trust its own mistakes less.
        action_dropout: The share of training clips whose actions are withheld.
        shortcut: The share of clips from which the network teaches itself large steps, once a quarter of the training
            is over; 0 for none, 0.25 is usual. Such a clip costs two more passes through the network.
        steps: How often the network is asked for each imagined frame.
        sampler: How its answers are followed: "euler", or "heun", which looks ahead and asks almost twice as often.
        action_guidance: How much more than its own the difference counts that an action makes. At 1 nothing is added,
            and nothing asked; above, the network is asked once more each time, without the action.
        history_guidance: The same of the difference that the past makes.
        codec: Pixels to latents and back: any module that is a `Codec`, which learns no more; the pixels themselves by
            default.
        camera: Whether the model may be told where frames are seen from. In the same share of clips as of
            `action_dropout` it is withheld, so it may also go untold.
        text: Features of the words that the model may be told, by whatever encoder; 0 for none. They are withheld as
            often.
        schema: What the components of an action mean, for a model of several worlds. In the same share of clips as of
            `action_dropout`, it is withheld from what a model hears which world it is.
        usual: How wrong the model usually is, which `worldsim fit` measures at its end: the unit of its surprise.

    Raises:
        ValueError: Where the arguments do not go together.

    Source: the gate, and whence it copies, Finn et al. 2016, "Unsupervised Learning for Physical Interaction through
    Video Prediction" (what they mask they copy), and Zhou et al. 2016, "View Synthesis by Appearance Flow"; the context
    level, Chen et al. 2024, section 3.3; guidance, Ho and Salimans 2022; by history, Song et al. 2025, "History-Guided
    Video Diffusion".
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
        gate: bool = False,
        carry: bool = False,
        conditioning: Conditioning = "adaLN",
        target: objective.Target = "x",
        weight: objective.Weight = "none",
        levels: Levels | None = None,
        context: float = 0.95,
        action_dropout: float = 0.1,
        shortcut: float = 0.0,
        steps: int = 4,
        sampler: sample.Sampler = "euler",
        action_guidance: float = 1.0,
        history_guidance: float = 1.0,
        codec: nn.Module | None = None,
        camera: bool = False,
        text: int = 0,
        schema: Schema | None = None,
        usual: Usual | None = None,
    ):
        super().__init__()
        if residual and past < 1:
            raise ValueError(
                "residual predicts the change since the frame before, which past=0 does not show; "
                "give past=1 or more, or residual=False"
            )
        if carry and not gate:
            raise ValueError("carry=True came without the gate that says what is copied; gate=True would do")
        if gate and (residual or past < 1 or target != "x"):
            raise ValueError(
                f"gate=True came with residual={residual}, past={past} and target={target!r}; it copies from the frame "
                "before what is not new, so residual=False, past=1 or more and target='x' would do"
            )
        for name, value in (("context", context), ("action_dropout", action_dropout), ("shortcut", shortcut)):
            if not 0 <= value <= 1:
                raise ValueError(f"{name} came as {value}; it lies between 0 and 1")
        if schema is not None and schema.components != actions:
            raise ValueError(f"actions came as {actions} beside a schema of {schema.components} components")
        sample.asked(sampler, steps)  # refuses what is not at least one
        self.actions, self.patch, self.width, self.depth = actions, patch, width, depth
        self.heads, self.kv_heads, self.window, self.registers = heads, kv_heads, window, registers
        self.time_every, self.past, self.residual = time_every, past, residual
        self.gate, self.carry = gate, carry
        self.conditioning: Conditioning = conditioning
        self.target: objective.Target = target
        self.weight: objective.Weight = weight
        self.levels, self.context = levels or Levels(), context
        self.action_dropout, self.shortcut, self.steps, self.schema = action_dropout, shortcut, steps, schema
        self.camera, self.text, self.usual = camera, text, usual
        self.sampler: sample.Sampler = sampler
        self.action_guidance, self.history_guidance = action_guidance, history_guidance
        codec = Pixel() if codec is None else codec
        if not isinstance(codec, Codec):
            raise ValueError(f"codec came as a {type(codec).__name__}, which does not encode and decode; see Codec")
        self.codec: Codec = codec.requires_grad_(False)
        self.transformer = VideoDiT(
            channels=self.codec.channels * (1 + past),
            out_channels=self.codec.channels + gate + 2 * carry,
            actions=actions,
            patch=patch,
            width=width,
            depth=depth,
            heads=heads,
            kv_heads=kv_heads,
            window=window,
            registers=registers,
            time_every=time_every,
            jumps=shortcut > 0,
            conditioning=conditioning,
            camera=camera,
            text=text,
        )

    # What it is shown and told

    def beside(self, clean: Float[Tensor, "b t z y x"]) -> Float[Tensor, "b t p y x"]:
        """For each frame the `past` frames before it, the nearest first; zeros before the beginning."""
        shifted = [F.pad(clean, (0, 0) * 3 + (ago, 0))[:, : clean.shape[1]] for ago in range(1, self.past + 1)]
        return torch.cat([clean[:, :, :0], *shifted], dim=2)

    def past_of(self, recent: Float[Tensor, "b r z y x"]) -> Float[Tensor, "b 1 p y x"]:
        """The frames laid beside the one that follows `recent`, the nearest first."""
        return rearrange(recent[:, recent.shape[1] - self.past :].flip(1), "b r z y x -> b 1 (r z) y x")

    def said_of(self, clean: Float[Tensor, "b t z y x"]) -> Float[Tensor, "b t"]:
        """The noise level that frames already seen are said to have."""
        return torch.full(clean.shape[:2], self.context, device=clean.device)

    def rays(
        self, camera: Camera, origin: Float[Tensor, "b 4 4"], clean: Float[Tensor, "b _ z y x"]
    ) -> Float[Tensor, "b t g 6"]:
        """Where each token of frames like these is seen from; see `worldsim.nn.camera`."""
        high, wide = (side // self.patch for side in clean.shape[3:])
        return rays_of(camera, origin, high, wide, self.patch * self.codec.downscale)

    def cells(self, tokens: Float[Tensor, "b t g"], like: Float[Tensor, "b t z y x"]) -> Float[Tensor, "b t y x"]:
        """The level of each token at all of its cells."""
        whole = tokens.unflatten(2, (like.shape[3] // self.patch, like.shape[4] // self.patch))
        return whole.repeat_interleave(self.patch, dim=2).repeat_interleave(self.patch, dim=3)

    def taus(self, hidden: Hidden) -> objective.Taus:
        """How noisy frames are: as little as says it."""
        return hidden.levels if hidden.tokens is None else self.cells(hidden.tokens, hidden.clean)

    # What it says

    def predict(
        self,
        noisy: Float[Tensor, "b t z y x"],
        before: Float[Tensor, "b t p y x"],
        levels: Float[Tensor, "b t"],
        actions: Float[Tensor, "b t a"],
        known: Bool[Tensor, "b t"],
        past: Past | None = None,
        jumps: Int[Tensor, "b t"] | None = None,
        rays: Float[Tensor, "b t g 6"] | None = None,
        text: Float[Tensor, "b n e"] | None = None,
        tokens: Float[Tensor, "b t g"] | None = None,
    ) -> tuple[Float[Tensor, "b t z y x"], list[KeyValues]]:
        """The clean frames, as the model sees them; and what these frames leave in the attention layers.

        Where tokens of a frame are not equally noisy, `tokens` says how noisy each is, and `levels` is not heard.
        """
        shown = torch.cat([noisy, before], dim=2)
        if tokens is not None:
            told = self.transformer.condition_tokens(tokens, actions, known, jumps)
            output, new = self.transformer.through(shown, told, past, rays, text)
            return self.clean_of(output, noisy, before, self.cells(tokens, noisy)), new
        output, new = self.transformer(shown, levels, actions, known, past, jumps, rays, text)
        return self.clean_of(output, noisy, before, levels), new

    def predict_packed(self, asked: Sequence[Hidden], spare: int) -> list[Float[Tensor, "_ _ z _ _"]]:
        """As `predict`, of clips of several sizes and lengths at once, of which none sees another."""

        def row(name: str) -> Tensor:
            return torch.cat([getattr(one, name).flatten(0, 1) for one in asked])[None]

        if self.levels.by_token:
            said = [
                self.transformer.condition_tokens(one.tokens, one.actions, one.known, one.jumps).flatten(1, 3)
                for one in asked
                if one.tokens is not None
            ]
            told = torch.cat(said, dim=1)[:, None]
        else:
            told = self.transformer.condition(row("levels"), row("actions"), row("known"), row("jumps"))
        shown = [torch.cat([one.noisy, one.before], dim=2) for one in asked]
        outputs = self.transformer.together(
            shown, told, spare, [one.rays for one in asked], [one.text for one in asked]
        )
        return [
            self.clean_of(output, one.noisy, one.before, self.taus(one))
            for output, one in zip(outputs, asked, strict=True)
        ]

    def clean_of(
        self,
        output: Float[Tensor, "b t o y x"],
        noisy: Float[Tensor, "b t z y x"],
        before: Float[Tensor, "b t p y x"],
        levels: objective.Taus,
    ) -> Float[Tensor, "b t z y x"]:
        """The clean frames that the network's output stands for."""
        newest = before[:, :, : self.codec.channels]
        if self.gate:
            new, share, shifts = output.split([self.codec.channels, 1, 2 * self.carry], dim=2)
            copied = carried(newest, REACH * shifts) if self.carry else newest
            return torch.lerp(copied, new, share.sigmoid())
        clean = objective.clean_from(self.target, output, noisy, levels)
        return clean + newest if self.residual else clean
