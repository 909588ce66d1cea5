"""The world model: a causal video diffusion transformer that imagines frame by frame.

Training hides every frame behind noise of its own amount and asks for what was there (`loss`). Imagining starts each
new frame as noise, asks a few times, and keeps what earlier frames left in the attention layers (`Stream`).

Source: Chen et al. 2024, "Diffusion Forcing"; Hafner et al. 2025, "Dreamer 4".
"""

from collections.abc import Sequence
from dataclasses import replace

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

from worldsim.diffusion import objective, sample
from worldsim.diffusion.shortcut import exponent
from worldsim.models.denoiser import Denoiser
from worldsim.models.hidden import hide
from worldsim.models.questions import Questions
from worldsim.models.stream import Stream, led_to
from worldsim.models.surprise import errors, marked
from worldsim.nn.camera import whence
from worldsim.protocols import Noise
from worldsim.random import draw
from worldsim.types import Camera, Clip, Pack

TEACHES_ITSELF = 0.25
"""The share of the training after which a network knows enough to teach itself large steps."""


class DiffusionWorld(Denoiser):
    """A denoiser that learns clips, imagines what comes of a plan, and says what surprises it.

    It is made as a `Denoiser` is.
    """

    # To learn

    def loss(self, clip: Clip | Pack, *, generator: Noise, done: float = 1.0) -> Float[Tensor, ""]:
        """How wrong the model is about a clip, at noise levels drawn for each frame.

        Args:
            clip: What happened; or a pack of clips, in which a frame counts as one whatever its size.
            generator: Decides the noise.
            done: The share of the training that is over.
        """
        clips = clip.clips if isinstance(clip, Pack) else (clip,)
        share = self.shortcut if done >= TEACHES_ITSELF else 0
        asked, rows = [], 0
        for each in clips:  # of all rows this share, though a few alone would round to none
            before, rows = rows, rows + len(each.frames)
            asked.append(hide(self, each, round(share * rows) - round(share * before), generator))
        if isinstance(clip, Pack):
            guesses = self.predict_packed(asked, clip.spare)
        else:
            [one] = asked
            given = (one.noisy, one.before, one.levels, one.actions, one.known)
            also = {"rays": one.rays, "text": one.text, "tokens": one.tokens}
            guesses = [self.predict(*given, jumps=one.jumps, **also)[0]]
        wrong = sum(
            (objective.error(self.target, one.clean, guess, self.taus(one), self.weight) * one.learn).sum()
            for one, guess in zip(asked, guesses, strict=True)
        )
        return wrong / torch.stack([one.learn.sum() for one in asked]).sum().clamp(min=1)

    # To be probed

    @torch.no_grad()
    def surprise(
        self,
        frames: Float[Tensor, "b t c h w"],
        actions: Float[Tensor, "b t-1 a"],
        *,
        generator: Noise,
        camera: Camera | None = None,
        text: Float[Tensor, "b n e"] | None = None,
    ) -> Float[Tensor, "b t"]:
        """How wrong the model is about each frame when it knows all before it; see `worldsim.models.surprise`.

        In standard deviations above what is usual for it, where it knows what is; or else the mean square error of its
        guesses, in which frames of different worlds, and the first frame and the others, are not comparable.

        Args:
            frames: What is seen, in [-1, 1].
            actions: What was done in between.
            generator: Decides the noise.
            camera: Where each frame is seen from, for a model with `camera`.
            text: The words that all of it is told in, for a model with `text`.

        Raises:
            ValueError: Where a model without is told.
        """
        self.check_told(camera, text)
        wrong = errors(self, frames, actions, generator, camera, text)
        return (wrong if self.usual is None else self.usual.standing(wrong, marked(self, actions))).mean(-1)

    @torch.no_grad()
    def features(
        self,
        frames: Float[Tensor, "b t c h w"],
        actions: Float[Tensor, "b t-1 a"],
        *,
        layers: Sequence[int],
        level: float | None = None,
        camera: Camera | None = None,
        text: Float[Tensor, "b n e"] | None = None,
    ) -> dict[int, Float[Tensor, "b t g d"]]:
        """The activations behind some of the blocks, one row a token.

        Args:
            frames: What is seen, in [-1, 1].
            actions: What was done in between.
            layers: Numbers of blocks, from 0; negative ones count from the last.
            level: The noise level that the frames are said to have; by default that of frames already seen.
            camera: Where each frame is seen from, for a model with `camera`.
            text: The words that all of it is told in, for a model with `text`.

        Raises:
            ValueError: Where there is no such block, or a model without is told.
        """
        self.check_told(camera, text)
        with self.transformer.tapped(layers) as found:
            clean = self.codec.encode(frames)
            said = torch.full(clean.shape[:2], self.context if level is None else level, device=clean.device)
            known = (torch.arange(clean.shape[1], device=clean.device) > 0).expand(len(clean), -1)
            rays = None if camera is None else self.rays(camera, whence(camera.poses[:, 0]), clean)
            self.predict(clean, self.beside(clean), said, led_to(actions), known, rays=rays, text=text)
        return found

    # To imagine

    @torch.no_grad()
    def watch(
        self,
        seen: Float[Tensor, "b t c h w"],
        taken: Float[Tensor, "b t-1 a"],
        *,
        camera: Camera | None = None,
        text: Float[Tensor, "b n e"] | None = None,
    ) -> Stream:
        """Take in what was seen, in [-1, 1], and the actions taken in between.

        Args:
            seen: The frames.
            taken: The actions.
            camera: Where they were seen from, for a model with `camera`.
            text: The words that all of it is told in, what is yet to come as well, for a model with `text`.

        Raises:
            ValueError: Where a model without is told.
        """
        self.check_told(camera, text)
        clean = self.codec.encode(seen)
        rows, frames, _, height, width = clean.shape
        # a copy, as a view would keep all that was seen alive
        recent = F.pad(clean, (0, 0) * 3 + (self.past, 0))[:, -(self.past + 1) :].clone()
        slots, features = self.window - 1, self.width // self.heads
        tokens = self.registers + (height // self.patch) * (width // self.patch)
        ring = clean.new_zeros(self.transformer.time_blocks, rows, tokens, self.kv_heads, slots + 2, features)
        action = taken[:, -1].clone() if frames > 1 else taken.new_zeros(rows, self.actions)
        stream = Stream(ring, ring.clone(), frames - 1, (0,) * rows, recent, action, self.codec.decode_on(clean, ())[1])
        stream, rays = replace(stream, text=text), None
        if camera is not None:
            origin = whence(camera.poses[:, 0])
            rays = self.rays(camera, origin, clean)
            stream = replace(stream, origin=origin, rays=rays[:, -1:].clone())
        if frames > 1:
            earlier = clean[:, :-1]
            known = (torch.arange(frames - 1, device=clean.device) > 0).expand(rows, -1)
            given = (earlier, self.beside(earlier), self.said_of(earlier), led_to(taken[:, :-1]), known)
            _, new = self.predict(*given, rays=None if rays is None else rays[:, :-1], text=text)
            for frame in range(max(0, frames - 1 - slots), frames - 1):
                for block, (keys, values) in enumerate(new):
                    stream.keys[block, ..., frame % slots, :] = keys[..., frame, :]
                    stream.values[block, ..., frame % slots, :] = values[..., frame, :]
        return stream

    @torch.no_grad()
    def imagine(
        self, memory: Stream, plan: Float[Tensor, "b n a"], *, generator: Noise, camera: Camera | None = None
    ) -> tuple[Float[Tensor, "b n c h w"], Stream]:
        """Imagine one frame, in [-1, 1], for each action of the plan.

        Args:
            memory: What came before.
            plan: The actions.
            generator: Decides the noise.
            camera: Where each imagined frame is to be seen from, where the memory knows that of the frames before.

        Raises:
            ValueError: Where a camera is told that has nothing to be told from.
        """
        self.check_told(camera)
        if not plan.shape[1]:
            rows, _, _, height, width = memory.recent.shape
            side = self.codec.downscale
            return memory.recent.new_zeros(rows, 0, 3, height * side, width * side), memory
        rays: Sequence[Tensor | None] = [None] * plan.shape[1]
        if camera is not None:
            if memory.origin is None:
                raise ValueError("a camera came to a memory that was told none; give `watch` that of the frames seen")
            rays = self.rays(camera, memory.origin, memory.recent).split(1, dim=1)
        stream = replace(memory, keys=memory.keys.clone(), values=memory.values.clone())
        imagined = []
        for action, seen_from in zip(plan.unbind(1), rays, strict=True):
            noise = draw(tuple(stream.recent[:, -1:].shape), generator, device=plan.device)
            stream = self.next(stream, action, noise, seen_from)
            imagined.append(stream.recent[:, -1:])
        frames, decoded = self.codec.decode_on(torch.cat(imagined, dim=1), memory.decoded)
        return frames, replace(stream, decoded=decoded)

    def next(
        self,
        stream: Stream,
        action: Float[Tensor, "b a"],
        noise: Float[Tensor, "b 1 z y x"],
        rays: Float[Tensor, "b 1 g 6"] | None = None,
    ) -> Stream:
        """One more frame. The keys and values are written where they lie: the stream given is used up."""
        ask = Questions(self, stream, action, sample.asked(self.sampler, self.steps), exponent(self.steps), rays)

        def guess(noisy: Float[Tensor, "b 1 z y x"], level: float) -> Float[Tensor, "b 1 z y x"]:
            clean = ask.heard(noisy, level)
            if self.action_guidance != 1:
                clean = torch.lerp(ask.unheard(noisy, level), clean, self.action_guidance)
            if self.history_guidance != 1:
                clean = torch.lerp(ask.alone(noisy, level), clean, self.history_guidance)
            return clean

        frame = sample.SAMPLERS[self.sampler](guess, noise, steps=self.steps).to(noise.dtype)
        return stream.then(frame, action, rays)

    def check_told(self, camera: Camera | None, text: Float[Tensor, "b n e"] | None = None) -> None:
        """Refuse to be told what would not be heard."""
        if text is not None and not self.text:
            raise ValueError(
                f"words came to a model that was built without; build one with text={text.shape[-1]}, as many features "
                "as these have, or leave them out"
            )
        if camera is not None and not self.camera:
            raise ValueError(
                "a camera came to a model that was built without; train one with camera=True (`worldsim fit --camera "
                "true`), or leave it out"
            )
