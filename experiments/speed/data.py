"""How fast episodes are written and read at 64 pixels, on one core, and how many times as fast as a micro transformer
learns from them: `python experiments/speed/data.py`.

The world is a fake whose frames were painted before, so what is measured is the store. The share of a recording that
goes to disk follows from the time of the world's own frame, which is given in frames a second. Seconds are of CPU time:
neighbours on the machine do not count.
"""

import tempfile
import time
from pathlib import Path

import numpy as np
import torch

from worldsim.data.batches import Batches, Budget, Draws, Packs
from worldsim.data.clips import ClipDataset, decoded
from worldsim.data.store import EpisodeStore
from worldsim.data.writer import Packer, stage
from worldsim.models.diffusion_world import DiffusionWorld
from worldsim.models.video_dit import SIZES
from worldsim.training.optim import MuonAdamW, split
from worldsim.types import Episode
from worldsim.video import read_mp4, write_mp4

STATES = {"pos": (5, 3), "quat": (5, 4), "velocity": (5, 6), "visible": (5,), "contact": (5, 6), "simulator": (71,)}


def fake(seed: int, steps: int = 40, size: int = 64) -> Episode:
    """Six boxes that slide over a plain, with the truth that a small MuJoCo scene tells."""
    rng, n = np.random.default_rng(seed), steps + 1
    frames = np.full((n, size, size, 3), 90, np.uint8)
    for _ in range(6):
        at, speed, colour = rng.integers(0, size - 14, 2), rng.integers(-1, 2, 2), rng.integers(0, 255, 3)
        for index in range(n):
            y, x = np.clip(at + speed * index, 0, size - 10)
            frames[index, y : y + 10, x : x + 10] = colour
    return Episode(
        actions=rng.normal(size=(steps, 2)).astype(np.float32),
        frames=frames,
        fps=20.0,
        scene="Fake-v0",
        seed=seed,
        policy="walk",
        rewards=np.zeros(steps, np.float32),
        poses=np.tile(np.eye(4), (n, 1, 1)),
        intrinsics=np.tile(np.eye(3), (n, 1, 1)),
        states={key: rng.normal(size=(n, *shape)).cumsum(0) for key, shape in STATES.items()},
    )


def seconds(work, items) -> float:
    begun = time.process_time()
    for item in items:
        work(item)
    return time.process_time() - begun


def main(episodes: int = 200, batches: int = 300):
    torch.set_num_threads(1)
    made = [fake(seed) for seed in range(episodes)]
    frames = sum(len(one.frames) for one in made)
    with tempfile.TemporaryDirectory() as folder:
        path, video = Path(folder, "fake"), Path(folder, "one.mp4")
        spent = seconds(lambda one: write_mp4(video, one.frames, 20.0), made)
        print(f"mp4: {frames / spent:,.0f} frames/s written, {video.stat().st_size / 41:,.0f} bytes a frame")
        spent = seconds(lambda _: read_mp4(video), made)
        print(f"mp4: {41 * episodes / spent:,.0f} frames/s read")

        packer = Packer(path)
        staging = seconds(lambda index: stage(path, index, made[index]), range(episodes))
        packing = seconds(packer.finish, [{}])
        whole = staging + packing
        print(f"store: {frames / whole:,.0f} frames/s written with truth ({staging / whole:.0%} of it in the workers)")
        for rate in (200, 500, 1000, 3000):
            share = whole / (whole + frames / rate)
            print(f"  a world of {rate:,} frames/s spends {share:.0%} of recording on disk")
        store = EpisodeStore(path)
        spent = seconds(store.__getitem__, range(episodes))
        print(f"store: {episodes / spent:,.0f} whole episodes/s read, of 41 frames with truth")

        spent = seconds(decoded, [store])
        print(f"cache: {frames / spent:,.0f} frames/s decoded, once")
        clips = ClipDataset(path, frames=12)
        order = Batches(Draws(clips, batch=16))
        windows = [np.random.default_rng(step).integers(len(clips), size=16) for step in range(batches)]
        memory = clips._mapped()
        spent = seconds(lambda chosen: memory[clips.starts[chosen, None] + np.arange(12)], windows)
        print(f"cache: {16 * batches / spent:,.0f} clips/s as bytes, of 12 frames in batches of 16")
        spent = seconds(order.__getitem__, range(batches))
        print(f"cache: {16 * batches / spent:,.0f} clips/s as float32 tensors in [-1, 1]")
        learns(clips, 16 * batches / spent)


def learns(clips: ClipDataset, given: float, steps: int = 8) -> None:
    """How many clips a second micro learns from, beside what the loader gives; and the same of packs."""
    for patch in (16, 8):
        torch.manual_seed(0)
        model = DiffusionWorld(2, patch=patch, window=12, **SIZES["micro"]._asdict())
        optimizer = MuonAdamW(*split(model))
        draws = Draws(clips, 16, singles=0.3, long=36)
        packs = iter(Packs(draws, Budget(16 * 12 * (64 // patch) ** 2, side=patch)))
        read = seconds(lambda _, packs=packs: next(packs), range(50)) / 50

        def learn(batch, model=model, optimizer=optimizer):
            model.loss(batch, generator=torch.Generator().manual_seed(0)).backward()
            optimizer.step()
            optimizer.zero_grad()

        taken = 16 * steps / seconds(learn, [Batches(Draws(clips, 16))[step] for step in range(steps)])
        packed = seconds(learn, [next(packs) for _ in range(steps)]) / steps
        print(
            f"micro, patch {patch}: learns {taken:,.0f} clips/s, the loader gives {given / taken:,.0f} times as many; "
            f"packs of clips of 12 and 36 frames and single frames {packed / read:,.0f} times"
        )


if __name__ == "__main__":
    main()
