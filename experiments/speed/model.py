"""How fast a model imagines and learns: `python experiments/speed/model.py [--size micro] [--threads 1]`.

In one run, with the same weights: streaming with the memory beside sending the whole window through the network at
every question; the largest difference between the two; frames a second, of one stream and of several at once;
training steps a second. Times are the best of several, as other work on the machine only ever adds.

Beside it: `peers.py`, a training step next to those of diffusers' transformers; `../questions.py`, what it costs to ask
seldom; `../drift.py`, what becomes of a minute.
"""

import time
from collections.abc import Callable
from typing import Literal

import torch
from jsonargparse import auto_cli
from torch import Tensor, nn

from worldsim.diffusion.sample import euler
from worldsim.models.diffusion_world import DiffusionWorld
from worldsim.models.stream import branch, led_to
from worldsim.models.video_dit import SIZES
from worldsim.random import draw
from worldsim.training.optim import MuonAdamW, split
from worldsim.types import Clip

STREAMS = (1, 2, 4, 8, 16, 32)
"""How many futures are imagined at once."""


def best(work: Callable[[], object], repeats: int = 5) -> float:
    """Seconds of the fastest of several runs."""
    times = []
    for _ in range(repeats):
        begin = time.perf_counter()
        work()
        times.append(time.perf_counter() - begin)
    return min(times)


@torch.no_grad()
def recompute(model: DiffusionWorld, seen: Tensor, taken: Tensor, action: Tensor, noise: Tensor) -> Tensor:
    """The next frame without a memory: all that was seen goes through the network at each question."""
    clean = model.codec.encode(seen)
    actions = led_to(torch.cat([taken, action], dim=1))
    known = (torch.arange(clean.shape[1] + 1) > 0).expand(len(clean), -1)

    def guess(noisy: Tensor, level: float) -> Tensor:
        frames = torch.cat([clean, noisy], dim=1)
        levels = torch.cat([model.said_of(clean), torch.full((len(clean), 1), level)], dim=1)
        return model.predict(frames, model.beside(frames), levels, actions, known)[0][:, -1:]

    return model.codec.decode(euler(guess, noise, steps=model.steps))


def main(
    size: Literal["micro", "nano", "S"] = "micro",
    side: int = 64,
    patch: int = 16,
    window: int = 32,
    steps: int = 4,
    batch: int = 8,
    frames: int = 12,
    threads: int = 1,
) -> None:
    """Measure.

    Args:
        size: How large a transformer.
        side: Height and width of a frame in pixels.
        patch: Side of a token in pixels.
        window: Frames that a block sees.
        steps: Questions a frame.
        batch: Clips of a training step.
        frames: Frames of such a clip.
        threads: CPU threads.
    """
    torch.set_num_threads(threads)
    torch.manual_seed(0)
    model = DiffusionWorld(2, patch=patch, window=window, steps=steps, **SIZES[size]._asdict())
    for parameter in model.parameters():  # weights that have a say, where adaLN-zero would give nothing but zeros
        nn.init.normal_(parameter, std=0.05)
    print(
        f"{size}: {sum(p.numel() for p in model.parameters()) / 1e6:.2f} M parameters, {side} x {side}, "
        f"patch {patch}, {steps} questions a frame, {threads} thread(s)"
    )

    seen, taken = torch.rand(1, window - 1, 3, side, side) * 2 - 1, torch.randn(1, window - 2, 2)
    action = torch.randn(1, 1, 2)
    memory = model.watch(seen, taken)

    def streamed() -> Tensor:
        return model.imagine(memory, action, generator=torch.Generator().manual_seed(0))[0]

    noise = draw((1, 1, 3, side, side), torch.Generator().manual_seed(0))

    def whole() -> Tensor:
        return recompute(model, seen, taken, action, noise)

    apart = (streamed() - whole()).abs().max().item()
    fast, slow = best(streamed, 20), best(whole)
    print(
        f"one frame after {window - 1}: streaming {1e3 * fast:.1f} ms, recomputing {1e3 * slow:.1f} ms, "
        f"{slow / fast:.1f} x; largest difference {apart:.1e}"
    )

    plan = torch.randn(1, 50, 2)
    stream = best(lambda: model.imagine(memory, plan, generator=torch.Generator().manual_seed(0)), 3)
    print(f"a stream: {50 / stream:.1f} frames/s, decoding included")
    for streams in STREAMS:
        beside, plans = branch(memory, streams), torch.randn(streams, 5, 2)
        took = best(lambda: model.imagine(beside, plans, generator=torch.Generator().manual_seed(0)), 3)  # noqa: B023
        print(f"  {streams:3d} at once: {1e3 * took / 5:6.1f} ms a frame of all, {5 * streams / took:6.1f} frames/s")

    clip = Clip(
        torch.rand(batch, frames, 3, side, side) * 2 - 1,
        torch.randn(batch, frames - 1, 2),
        torch.ones(batch, frames, dtype=torch.bool),
    )
    optimizer = MuonAdamW(*split(model))

    def learn(update: bool) -> None:
        model.loss(clip, generator=torch.Generator().manual_seed(0)).backward()
        if update:
            optimizer.step()
        optimizer.zero_grad()

    learn(True)
    gradients, step = best(lambda: learn(False)), best(lambda: learn(True))
    print(
        f"training on {batch} clips of {frames} frames: {1 / step:.2f} steps/s "
        f"({1e3 * gradients:.0f} ms gradients, {1e3 * (step - gradients):.0f} ms update)"
    )


if __name__ == "__main__":
    auto_cli(main)
