"""How good a model of several worlds is: `python experiments/reference.py MODEL DATA [OUT.json]`.

Held-out episodes of each world of a mixture (the same tenth that `worldsim fit` holds out): 8 frames are seen, 16 are
imagined. Printed as a table: PSNR over the first 8 and over all 16 imagined frames, of the model, of the still frame
and of the straight line; and how far each thing in a hue of the palette that has moved is from where it should be
after 8 and 16 frames, in its diameters, at most 1, which is also what a thing that is not there is given.

PSNR is that of the mean square error over all episodes: in some nothing moves, the still frame is perfect, and a mean
of decibels would be a count of those. The lead over the better of the two has a 95 % interval, by bootstrap.
"""

import json
import sys
from pathlib import Path

import numpy as np
import torch

from worldsim.data.mixture import Mixture
from worldsim.data.module import ClipModule
from worldsim.models.baselines import Drift, Still
from worldsim.models.checkpoint import load
from worldsim.rollout import filmstrip, rollouts
from worldsim.types import Rollout
from worldsim.video import write_png
from worldsim_benchmarks.readers import ColourReader
from worldsim_envs.palette import RGB

SEEN, IMAGINED, HALF = 8, 16, 8
MOST = 32
"""Episodes a world at most."""

READER = ColourReader(RGB)


def error(rollout: Rollout, frames: int) -> float:
    """The mean square error over the first frames, in [0, 1]."""
    assert rollout.real is not None
    return float(((rollout.imagined[:frames] / 255.0 - rollout.real[:frames] / 255.0) ** 2).mean())


def decibels(errors: np.ndarray) -> np.ndarray:
    """PSNR of the mean over the last axis; rounding to bytes is the least error there is."""
    return -10 * np.log10(errors.mean(-1) + 1 / 255**2 / 12)


def misplaced(rollout: Rollout, frame: int, reader: ColourReader = READER) -> float:
    """The mean over coloured things that moved of how far off they are, in diameters; NaN where none moved."""
    assert rollout.real is not None
    truth, last = reader.read(rollout.real[frame - 1 : frame]), reader.read(rollout.seen[-1:])
    found = reader.read(rollout.imagined[frame - 1 : frame])
    off = []
    for hue in np.unique(truth.hue).tolist():
        areas, centres = truth.of(0, hue)
        diameter = np.sqrt(4 * areas / np.pi)
        before, now = last.of(0, hue)[1], found.of(0, hue)[1]
        for centre, size in zip(centres, diameter, strict=True):
            if len(before) and np.linalg.norm(before - centre, axis=1).min() < size / 2:
                continue
            off.append(min(1.0, np.linalg.norm(now - centre, axis=1).min() / size) if len(now) else 1.0)
    return float(np.mean(off)) if off else float("nan")


def mean(values: np.ndarray) -> float:
    """Over those that are known; NaN where none is."""
    known = values[~np.isnan(values)]
    return float(known.mean()) if len(known) else float("nan")


def main(model: str, data: str, out: str | None = None) -> None:
    """Print the table, write it, and a filmstrip of each world beside it."""
    torch.set_num_threads(1)
    clips = ClipModule(data)
    clips.setup("fit")
    mixture = clips.store
    assert isinstance(mixture, Mixture)
    worlds: dict[str, list[int]] = {}
    for index in clips.held_out_episodes:
        worlds.setdefault(mixture.worlds[mixture.locate(index)[0]], []).append(index)
    contestants = {"model": load(model), "still": Still(), "drift": Drift()}
    print("| world | episodes | PSNR 8: model / still / drift | PSNR 16 | lead at 16 | misplaced 8 | misplaced 16 |")
    print("|---|---|---|---|---|---|---|")
    table = {}
    for world, indices in worlds.items():
        episodes = [mixture[index] for index in indices[:MOST]]
        episodes = [each for each in episodes if len(each.frames) >= SEEN + IMAGINED]
        if not episodes:
            continue
        scores = {}
        for name, contestant in contestants.items():
            made = rollouts(contestant, episodes, seen=SEEN, steps=IMAGINED)
            if name == "model" and out:
                write_png(Path(out).with_name(f"{world.rpartition('/')[2]}.png"), filmstrip(made[0]))
            scores[name] = np.array(
                [
                    [error(one, HALF), error(one, IMAGINED), misplaced(one, HALF), misplaced(one, IMAGINED)]
                    for one in made
                ]
            )
        means = {name: [*decibels(each[:, :2].T), *map(mean, each[:, 2:].T)] for name, each in scores.items()}
        draws = np.random.default_rng(0).integers(len(episodes), size=(2000, len(episodes)))
        own, still, drift = (decibels(scores[name][:, 1][draws]) for name in contestants)
        low, high = np.percentile(own - np.maximum(still, drift), [2.5, 97.5])
        columns = [" / ".join(f"{means[name][column]:.2f}" for name in contestants) for column in range(4)]
        print(
            f"| {world} | {len(episodes)} | {columns[0]} | {columns[1]} | [{low:+.1f}, {high:+.1f}] | {columns[2]} | "
            f"{columns[3]} |",
            flush=True,
        )
        table[world] = {"episodes": len(episodes), **{name: list(map(float, each)) for name, each in means.items()}}
    if out:
        Path(out).write_text(json.dumps({"model": model, "data": mixture.hash, "worlds": table}, indent=2) + "\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
