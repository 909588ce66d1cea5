"""What becomes of a minute: `python experiments/drift.py MODEL DATA OUT.png`.

Episodes of a minute and more of one world are needed; this records four:

    worldsim record --env worldsim_envs:worldsim/Overworld-v0 --out runs/minute \\
        --episodes 4 --steps 1207 --policy expert --env_kwargs.max_episode_steps 1207

Of each the model sees the first 8 frames and imagines the rest from the actions alone, side by side in one memory. By
how long ago the last real frame was, printed and drawn: PSNR, beside the frozen frame's and that of real frames of
another moment of the same episode, which is all that one could reach who knows the place and not the moment; how sharp
a frame is beside the real one (the mean step between neighbouring pixels); how long a frame took and how large the
memory is, neither of which may grow.
"""

import time
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
import torch
from jaxtyping import Float64, UInt8
from jsonargparse import auto_cli

from worldsim.data.store import EpisodeStore
from worldsim.models.checkpoint import load
from worldsim.models.within import within
from worldsim.rollout import to_model, to_pictures
from worldsim.video import write_png

matplotlib.use("Agg")
from matplotlib import pyplot as plt

SEEN, CHUNK = 8, 20

Films = UInt8[np.ndarray, "b t h w 3"]


def decibels(one: Films, other: Films) -> Float64[np.ndarray, " t"]:
    """PSNR by frame, of the mean error over all episodes."""
    return -10 * np.log10(((one / 255.0 - other / 255.0) ** 2).mean((0, 2, 3, 4)) + 1 / 255**2 / 12)


def sharpness(films: Films) -> Float64[np.ndarray, " t"]:
    """How far neighbouring pixels are apart, by frame."""
    pixels = films / 255.0
    return np.abs(np.diff(pixels, axis=2)).mean((0, 2, 3, 4)) + np.abs(np.diff(pixels, axis=3)).mean((0, 2, 3, 4))


def size(memory: Any) -> int:
    """Bytes in the tensors of a memory."""
    tensors = [each for each in vars(memory).values() if isinstance(each, torch.Tensor)]
    return sum(each.nbytes for each in tensors)


def main(model: str, data: str, out: str, frames: int = 1200) -> None:
    """Measure.

    Args:
        model: A checkpoint's folder, or the name of a model that is shipped.
        data: Episodes of 8 + `frames` frames at least.
        out: The picture of the curves; a filmstrip of the first episode is written beside it.
        frames: To imagine.
    """
    torch.set_num_threads(1)
    store = EpisodeStore(data)
    episodes = [store[index] for index in range(len(store))]
    real = np.stack([each.frames[SEEN : SEEN + frames] for each in episodes])
    actions = torch.from_numpy(np.stack([each.actions for each in episodes]))
    imaginer = within(load(model), store.scene, store.action_space)
    seen = to_model(np.stack([each.frames[:SEEN] for each in episodes]))
    memory, imagined, took, held = imaginer.watch(seen, actions[:, : SEEN - 1]), [], [], []
    noise = [torch.Generator().manual_seed(row) for row in range(len(episodes))]
    for start in range(SEEN - 1, SEEN - 1 + frames, CHUNK):
        begin = time.process_time()
        made, memory = imaginer.imagine(
            memory, actions[:, start : min(start + CHUNK, SEEN - 1 + frames)], generator=noise
        )
        took.append((time.process_time() - begin) / made.shape[1])
        imagined.append(to_pictures(made))
        held.append(size(memory))
    films = np.concatenate(imagined, axis=1)
    frozen = np.repeat(np.stack([each.frames[SEEN - 1 : SEEN] for each in episodes]), frames, axis=1)
    curves = {
        model: decibels(films, real),
        "the frozen frame": decibels(frozen, real),
        "another moment": decibels(np.roll(real, frames // 2, axis=1), real),
    }
    sharp = sharpness(films) / sharpness(real)
    ends = [end for end in (8, 16, 32, 64, 128, 256, 512, 1200) if end < frames] + [frames]
    print(f"{len(episodes)} episodes of {store.scene}, {frames} frames ({frames / store.fps:.0f} s) after {SEEN}")
    print("| frames | " + " | ".join(f"PSNR, {name}" for name in curves) + " | sharpness |")
    print("|---" * (2 + len(curves)) + "|")
    for begin, end in zip([0, *ends[:-1]], ends, strict=True):
        means = [f"{curve[begin:end].mean():.1f}" for curve in curves.values()]
        print(f"| {begin + 1} to {end} | {' | '.join(means)} | {sharp[begin:end].mean():.2f} |")
    first, last = np.median(took[1:6]), np.median(took[-5:])
    print(
        f"a frame of all: {1e3 * first:.1f} CPU ms at first, {1e3 * last:.1f} at last; "
        f"memory {held[0]}, {held[-1]} bytes"
    )
    _, (above, below) = plt.subplots(2, 1, figsize=(7, 5), sharex=True, height_ratios=[3, 2])
    for name, curve in curves.items():
        above.semilogx(np.arange(1, frames + 1), smooth(curve), label=name)
    above.set_ylabel("PSNR (dB)")
    above.legend(frameon=False)
    below.semilogx(np.arange(1, frames + 1), smooth(sharp), color="C0")
    below.axhline(1, color="0.6", linewidth=0.8)
    below.set_ylabel("sharpness, real = 1")
    below.set_xlabel("frames since the last real one")
    for axes in (above, below):
        axes.spines[["top", "right"]].set_visible(False)
    plt.tight_layout()
    plt.savefig(out, dpi=120)
    shown = [end - 1 for end in ends]
    rows = [np.concatenate(list(film[0, shown]), axis=1) for film in (real, films)]
    write_png(Path(out).with_name(f"{Path(out).stem}-film.png"), np.concatenate(rows, axis=0))


def smooth(curve: np.ndarray) -> np.ndarray:
    """The mean over a neighbourhood that widens with time, as the axis does."""
    total = np.concatenate([[0.0], np.cumsum(curve)])
    at = np.arange(len(curve))
    low, high = (at * 0.9).astype(int), np.minimum((at * 1.1).astype(int) + 1, len(curve))
    return (total[high] - total[low]) / (high - low)


if __name__ == "__main__":
    auto_cli(main)
