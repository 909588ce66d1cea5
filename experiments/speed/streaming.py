"""What a memory saves, and how fast frames are imagined: one stream beside recomputing, and several at once.

Weights are random, as they make no difference to time. `model.py` shows what this measures.
"""

from functools import partial
from typing import NamedTuple

import torch
from torch import Tensor, nn

from experiments.speed.turns import Took, in_turns
from worldsim.diffusion.sample import euler
from worldsim.models.diffusion_world import DiffusionWorld
from worldsim.models.stream import Stream, branch, led_to
from worldsim.models.video_dit import SIZES
from worldsim.random import draw

AHEAD = 10
"""Frames that are imagined in a turn."""

ACTIONS = 2
"""Components of an action."""


class Past(NamedTuple):
    """A model, and what it has seen: as many frames as it can look back on.

    Attributes:
        model: With random weights.
        seen: Frames, `[1, window - 1, 3, side, side]`.
        taken: The actions between them.
        memory: What the model makes of both.
    """

    model: DiffusionWorld
    seen: Tensor
    taken: Tensor
    memory: Stream


def past(size: str, *, side: int, patch: int, window: int, steps: int) -> Past:
    """A model of a size that has seen a full window of noise."""
    torch.manual_seed(0)
    model = DiffusionWorld(ACTIONS, patch=patch, window=window, steps=steps, **SIZES[size]._asdict())
    for parameter in model.parameters():  # weights that have a say, where adaLN-zero would give nothing but zeros
        nn.init.normal_(parameter, std=0.05)
    seen, taken = torch.rand(1, window - 1, 3, side, side) * 2 - 1, torch.randn(1, window - 2, ACTIONS)
    return Past(model, seen, taken, model.watch(seen, taken))


@torch.no_grad()
def recompute(before: Past, action: Tensor, noise: Tensor) -> Tensor:
    """The next frame without a memory: all that was seen goes through the network at each question."""
    model = before.model
    clean = model.codec.encode(before.seen)
    actions = led_to(torch.cat([before.taken, action], dim=1))
    known = (torch.arange(clean.shape[1] + 1) > 0).expand(len(clean), -1)

    def guess(noisy: Tensor, level: float) -> Tensor:
        frames = torch.cat([clean, noisy], dim=1)
        levels = torch.cat([model.said_of(clean), torch.full((len(clean), 1), level)], dim=1)
        return model.predict(frames, model.beside(frames), levels, actions, known)[0][:, -1:]

    return model.codec.decode(euler(guess, noise, steps=model.steps))


def go_on(model: DiffusionWorld, memory: Stream, plan: Tensor) -> Tensor:
    """The next frames with the memory, decoding included."""
    return model.imagine(memory, plan, generator=torch.Generator().manual_seed(0))[0]


def beside_recomputing(before: Past, repeats: int) -> tuple[Took, Took, float]:
    """One frame with the memory and without, and the largest difference between the two frames, in [-1, 1]."""
    action = torch.randn(1, 1, ACTIONS)
    noise = draw((1, 1, *before.seen.shape[2:]), torch.Generator().manual_seed(0))
    streamed, whole = partial(go_on, before.model, before.memory, action), partial(recompute, before, action, noise)
    apart = (streamed() - whole()).abs().max().item()
    took = in_turns({"streaming": streamed, "recomputing": whole}, repeats)
    return took["streaming"], took["recomputing"], apart


def by_threads(before: Past, threads: list[int], repeats: int) -> dict[int, Took]:
    """A frame of one stream, with so many threads."""
    plan, usual = torch.randn(1, AHEAD, ACTIONS), torch.get_num_threads()

    def turn(count: int) -> None:
        torch.set_num_threads(count)
        go_on(before.model, before.memory, plan)

    took = in_turns({count: partial(turn, count) for count in threads}, repeats)
    torch.set_num_threads(usual)
    return {count: each.each(AHEAD) for count, each in took.items()}


def at_once(before: Past, streams: list[int], repeats: int) -> dict[int, Took]:
    """The next frame of all, of so many streams that are imagined at once."""
    work = {
        count: partial(go_on, before.model, branch(before.memory, count), torch.randn(count, AHEAD, ACTIONS))
        for count in streams
    }
    took = in_turns(work, repeats)
    return {count: each.each(AHEAD) for count, each in took.items()}
