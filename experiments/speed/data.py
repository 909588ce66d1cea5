"""How fast episodes are written and read at 64 pixels, on one core: `python experiments/speed/data.py`.

The world is a fake whose frames were painted before, so what is measured is the store. The share of a recording that
goes to disk follows from the time of the world's own frame, which is given in frames a second. Seconds are of CPU time:
neighbours on the machine do not count.
"""

import tempfile
import time
from pathlib import Path

import numpy as np
import torch

from worldsim.data.batches import Batches, Draws
from worldsim.data.clips import ClipDataset, decoded
from worldsim.data.store import EpisodeStore
from worldsim.data.writer import Packer, stage
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


if __name__ == "__main__":
    main()
