"""What asking seldom costs: `python experiments/questions.py MODEL DATA [--questions 1,2,4,8,64]`.

Held-out episodes of each world, as in `reference.py`: 8 frames are seen, 16 are imagined, with the same noise however
often the network is asked for each frame. Printed: PSNR and how far things that moved are off, in diameters, after 8
and 16 frames, over all worlds; the time of a frame, in turns; and how much worse the place is than at the most
questions, with a 95 % interval by bootstrap over episodes.
"""

from collections.abc import Iterable, Sequence
from functools import partial
from typing import Annotated, NamedTuple

import numpy as np
import torch
from jaxtyping import Float64
from jsonargparse import auto_cli

from experiments.reference import HALF, IMAGINED, MOST, SEEN, decibels, error, mean, misplaced
from experiments.speed.turns import Took, median, timed
from worldsim.data.mixture import Mixture, open_data
from worldsim.data.module import ClipModule
from worldsim.data.store import EpisodeStore
from worldsim.models.checkpoint import load
from worldsim.models.diffusion_world import DiffusionWorld
from worldsim.models.within import within
from worldsim.rollout import rollouts
from worldsim.types import Episode

BATCH = 32
"""Episodes that are imagined at once."""

World = tuple[EpisodeStore, list[Episode]]
"""The episodes of a world that are asked about, and the dataset that they are from."""


class Asked(NamedTuple):
    """What came of so many questions a frame.

    Attributes:
        took: A frame of one episode, of up to 32 at once: the median over batches.
        errors: The mean square error over all frames of each episode, in [0, 1].
        off: How far things that moved are from their place after 8 and 16 frames, in diameters; NaN where none moved.
    """

    took: Took
    errors: Float64[np.ndarray, " e"]
    off: Float64[np.ndarray, "e 2"]

    def beside(self, other: "Asked") -> tuple[float, float, float]:
        """How far off things are after 16 frames beside the other, as a ratio, and its interval of 95 %."""
        draws = np.random.default_rng(0).integers(len(self.off), size=(2000, len(self.off)))
        drawn = [mean(self.off[draw, 1]) / mean(other.off[draw, 1]) for draw in draws]
        low, high = np.nanpercentile(drawn, [2.5, 97.5]) if not np.isnan(drawn).all() else (np.nan, np.nan)
        return mean(self.off[:, 1]) / mean(other.off[:, 1]), float(low), float(high)


def episodes_of(data: str, episodes: Iterable[int] | None = None, most: int = MOST) -> list[World]:
    """Of each world the first episodes that are long enough.

    Args:
        data: A dataset or a mixture.
        episodes: Which of them may be taken; all where none are said.
        most: How many a world.

    Raises:
        FileNotFoundError: Where there are no data.
        ValueError: Where no episode is long enough.
    """
    store = open_data(data)
    stores = store.stores if isinstance(store, Mixture) else [store]
    worlds: list[World] = [(each, []) for each in stores]
    for index in range(len(store)) if episodes is None else episodes:
        which, own = store.locate(index) if isinstance(store, Mixture) else (0, index)
        if len(worlds[which][1]) < most and len(episode := stores[which][own]) + 1 >= SEEN + IMAGINED:
            worlds[which][1].append(episode)
    if not any(some for _, some in worlds):
        raise ValueError(f"no episode in {data} has {SEEN + IMAGINED} frames, {SEEN} to see and {IMAGINED} to imagine")
    return [world for world in worlds if world[1]]


def ask(model: DiffusionWorld, worlds: Sequence[World], questions: Sequence[int]) -> dict[int, Asked]:
    """Let a model imagine all episodes, batch by batch, with so many questions a frame by turns."""
    turns: dict[int, list[Took]] = {count: [] for count in questions}
    errors: dict[int, list[float]] = {count: [] for count in questions}
    off: dict[int, list[list[float]]] = {count: [] for count in questions}
    for store, episodes in worlds:
        imaginer = within(model, store.scene, store.action_space)
        for at in range(0, len(episodes), BATCH):
            some = episodes[at : at + BATCH]
            for count in questions:
                model.steps = count
                made, took = timed(partial(rollouts, imaginer, some, seen=SEEN, steps=IMAGINED, seed=at))
                turns[count].append(took.each(len(some) * IMAGINED))
                errors[count] += [error(each, IMAGINED) for each in made]
                off[count] += [[misplaced(each, HALF), misplaced(each, IMAGINED)] for each in made]
    return {count: Asked(median(turns[count]), np.array(errors[count]), np.array(off[count])) for count in questions}


def table(found: dict[int, Asked]) -> str:
    """A line a number of questions."""
    most = found[max(found)]
    lines = [
        "| questions a frame | CPU ms a frame | wall ms | PSNR (dB) | off at 8 | off at 16 | beside the most |",
        "|--:|--:|--:|--:|--:|--:|---|",
    ]
    for count, asked in found.items():
        ratio, low, high = asked.beside(most)
        beside = "" if asked is most else f"{ratio:.3f} [{low:.3f}, {high:.3f}]"
        near, far = (mean(column) for column in asked.off.T)
        took = f"{1e3 * asked.took.cpu:.1f} | {1e3 * asked.took.wall:.1f}"
        lines.append(f"| {count} | {took} | {decibels(asked.errors):.2f} | {near:.3f} | {far:.3f} | {beside} |")
    return "\n".join(lines)


def main(model: str, data: str, questions: Annotated[list[int], "of a frame"] = [1, 2, 4, 8, 64]) -> None:  # noqa: B006
    """Measure.

    Args:
        model: A checkpoint's folder, or the name of a model that is shipped.
        data: What it learned from: the tenth that training holds out is used.
        questions: How often the network is asked for a frame.
    """
    torch.set_num_threads(1)
    clips = ClipModule(data)
    clips.setup("fit")
    asked = load(model)
    assert isinstance(asked, DiffusionWorld)
    worlds = episodes_of(data, clips.held_out_episodes)
    print(f"{sum(len(episodes) for _, episodes in worlds)} episodes of {len(worlds)} worlds")
    print(table(ask(asked, worlds, questions)))


if __name__ == "__main__":
    auto_cli(main)
