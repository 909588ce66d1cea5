"""What a network can be asked about the next frame: with all it knows, without the action, or without the past."""

from collections.abc import Sequence
from functools import cached_property

import torch
from jaxtyping import Float
from torch import Tensor

from worldsim.diffusion.shortcut import FINEST
from worldsim.models.denoiser import Denoiser
from worldsim.models.stream import Stream
from worldsim.nn.attention import Past


class Questions:
    """Questions about the frame after a stream. Asking writes into the keys and values of the stream.

    Each takes the frame as noisy as its level says, and answers with the clean one. `heard` is asked first: with the
    first question, the newest frame of the stream enters the network.

    Args:
        world: Who is asked.
        stream: What came before.
        action: What leads to the frame.
        levels: The noise levels at which will be asked.
        jump: How far one goes with an answer, as an exponent of 1/2; see `worldsim.diffusion.shortcut`.
        rays: Whence each token of the frame is seen, where that is told.
    """

    def __init__(
        self,
        world: Denoiser,
        stream: Stream,
        action: Float[Tensor, "b a"],
        levels: Sequence[float],
        jump: int = FINEST,
        rays: Float[Tensor, "b 1 g 6"] | None = None,
    ):
        self.world, self.asked = world, list(levels)
        self.newest, self.before = stream.recent[:, -1:], world.past_of(stream.recent[:, 1:])
        self.shown = world.past_of(stream.recent[:, :-1])
        self.text = stream.text
        self.rays, self.both = rays, _told_of_both(stream.rays, rays)
        self.written = stream.written
        self.past = Past(stream.keys, stream.values, stream.written, stream.since, slots=world.window - 1)
        rows, device = len(self.newest), self.newest.device
        # The newest frame and every question about the next one are told at once what they will be told.
        self.levels = torch.tensor([world.context, *levels], device=device).expand(rows, -1)
        self.actions = torch.stack([stream.action, *[action] * len(levels)], dim=1)
        after = torch.tensor([stream.written - first for first in stream.since], device=device)
        self.known = torch.arange(1 + len(levels), device=device) + after[:, None] > 0
        self.jumps = torch.tensor([FINEST, *[jump] * len(levels)], device=device).expand(rows, -1)
        self.told = world.transformer.condition(self.levels, self.actions, self.known, self.jumps)

    def heard(self, noisy: Float[Tensor, "b 1 z y x"], level: float) -> Float[Tensor, "b 1 z y x"]:
        """What comes of the action."""
        which = 1 + self.asked.index(level)
        if self.past.written > self.written:
            return self._answer(noisy, self.before, self.told, which, self.past, self.rays)
        frames, before = torch.cat([self.newest, noisy], dim=1), torch.cat([self.shown, self.before], dim=1)
        output, _ = self.world.transformer.through(
            torch.cat([frames, before], dim=2), self.told[:, :, [0, which]], self.past, self.both, self.text
        )
        self.past = self.past.settle()
        return self.world.clean_of(output[:, -1:], noisy, self.before, self.levels[:, which : which + 1])

    def unheard(self, noisy: Float[Tensor, "b 1 z y x"], level: float) -> Float[Tensor, "b 1 z y x"]:
        """What comes where it is not known what is done."""
        return self._answer(noisy, self.before, self._untold, 1 + self.asked.index(level), self.past, self.rays)

    def alone(self, noisy: Float[Tensor, "b 1 z y x"], level: float) -> Float[Tensor, "b 1 z y x"]:
        """What is there where nothing is known of the past."""
        return self._answer(noisy, torch.zeros_like(self.before), self._untold, 1 + self.asked.index(level), None)

    @cached_property
    def _untold(self) -> Float[Tensor, "kinds b l m"]:
        return self.world.transformer.condition(self.levels, self.actions, torch.zeros_like(self.known), self.jumps)

    def _answer(
        self,
        noisy: Float[Tensor, "b 1 z y x"],
        before: Float[Tensor, "b 1 p y x"],
        told: Float[Tensor, "kinds b l m"],
        which: int,
        past: Past | None,
        rays: Float[Tensor, "b 1 g 6"] | None = None,
    ) -> Float[Tensor, "b 1 z y x"]:
        one = slice(which, which + 1)
        output, _ = self.world.transformer.through(
            torch.cat([noisy, before], dim=2), told[:, :, one], past, rays, self.text
        )
        return self.world.clean_of(output, noisy, before, self.levels[:, one])


def _told_of_both(
    newest: Float[Tensor, "b 1 g 6"] | None, rays: Float[Tensor, "b 1 p 6"] | None
) -> Float[Tensor, "b 2 g 6"] | None:
    """Rays of the newest frame and the next, of which one may not have been told."""
    like = newest if rays is None else rays
    if like is None:
        return None
    return torch.cat([torch.zeros_like(like) if each is None else each for each in (newest, rays)], dim=1)
