"""How good a model of several worlds is: `python experiments/reference.py MODEL DATA [OUT.json]`.

Held-out episodes of each world of a mixture (the same tenth that `worldsim fit` holds out): 8 frames are seen, 16 are
imagined. Printed as a table: PSNR over the first 8 and over all 16 imagined frames, of the model, of the still frame
and of the straight line; and how far each thing in a hue of the palette that has moved is from where it should be
after 8 and 16 frames, in its diameters, at most 1, which is also what a thing that is not there is given.

PSNR is that of the mean square error over all episodes: in some nothing moves, the still frame is perfect, and a mean
of decibels would be a count of those. Last come all episodes of MuJoCo, and all among blocks: in one world few things
have moved and are seen. Leads over the better of the two have 95 % intervals, by bootstrap over episodes.
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
MOST = 64
"""Episodes a world at most."""
BLOCKS = "Overworld"
"""The world among blocks."""

GAP = 6
"""Pixels between pictures."""

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


def means(scores: np.ndarray) -> list[float]:
    """PSNR after 8 and 16 frames, and how far off things are then, of episodes."""
    return [*decibels(scores[:, :2].T).tolist(), *(mean(column) for column in scores[:, 2:].T)]


def leads(scores: dict[str, np.ndarray]) -> list[str]:
    """By how much the model is ahead of the better of the others in each of the four, as intervals."""
    count = len(scores["model"])
    draws = np.random.default_rng(0).integers(count, size=(2000, count))
    drawn = {name: np.array([means(each[draw]) for draw in draws]) for name, each in scores.items()}
    apart = drawn["model"] - np.where(
        np.arange(4) < 2, np.maximum(drawn["still"], drawn["drift"]), np.fmin(drawn["still"], drawn["drift"])
    )
    low, high = np.nanpercentile(apart, [2.5, 97.5], axis=0)
    return [f"[{one:+.2f}, {other:+.2f}]" for one, other in zip(low, high, strict=True)]


def row(world: str, scores: dict[str, np.ndarray]) -> str:
    """A line of the table."""
    told = {name: means(each) for name, each in scores.items()}
    columns = [" / ".join(f"{told[name][column]:.2f}" for name in scores) for column in range(4)]
    ahead = leads(scores)
    cells = [f"{value} {lead}" for value, lead in zip(columns, ahead, strict=True)]
    return f"| {world} | {len(scores['model'])} | {' | '.join(cells)} |"


def below_one_another(strips: list[np.ndarray]) -> np.ndarray:
    """Pictures of one width, white between them."""
    return np.concatenate([np.pad(strip, [(0, GAP), (0, 0), (0, 0)], constant_values=255) for strip in strips])[:-GAP]


def main(model: str, data: str, out: str | None = None) -> None:
    """Print the table, write it, and a picture of one episode of each world beside it."""
    torch.set_num_threads(1)
    clips = ClipModule(data)
    clips.setup("fit")
    mixture = clips.store
    assert isinstance(mixture, Mixture)
    worlds: dict[str, list[int]] = {}
    for index in clips.held_out_episodes:
        worlds.setdefault(mixture.worlds[mixture.locate(index)[0]], []).append(index)
    contestants = {"model": load(model), "still": Still(), "drift": Drift()}
    print("| world | episodes | PSNR 8: model / still / drift, lead | PSNR 16 | misplaced 8 | misplaced 16 |")
    print("|---|---|---|---|---|---|")
    table, found, strips = {}, {}, []
    for world, indices in worlds.items():
        episodes = [mixture[index] for index in indices[:MOST]]
        episodes = [each for each in episodes if len(each.frames) >= SEEN + IMAGINED]
        if not episodes:
            continue
        scores = {}
        for name, contestant in contestants.items():
            made = rollouts(contestant, episodes, seen=SEEN, steps=IMAGINED)
            if name == "model":
                strips.append(filmstrip(made[0]))
            scores[name] = np.array(
                [
                    [error(one, HALF), error(one, IMAGINED), misplaced(one, HALF), misplaced(one, IMAGINED)]
                    for one in made
                ]
            )
        print(row(world, scores), flush=True)
        found[world] = scores
        table[world] = {"episodes": len(episodes), **{name: means(each) for name, each in scores.items()}}
    for kind, among in {"MuJoCo": False, "blocks": True}.items():
        own = [scores for world, scores in found.items() if (BLOCKS in world) == among]
        if own:
            print(row(f"all of {kind}", {name: np.concatenate([each[name] for each in own]) for name in contestants}))
    if out:
        write_png(Path(out).with_suffix(".png"), below_one_another(strips))
        Path(out).write_text(json.dumps({"model": model, "data": mixture.hash, "worlds": table}, indent=2) + "\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
