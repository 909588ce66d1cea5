"""What asking seldom costs: `python experiments/questions.py MODEL DATA [--questions 1,2,4,8,64]`.

Held-out episodes of each world of a mixture, as in `reference.py`: 8 frames are seen, 16 are imagined, with the same
noise however often the network is asked for each frame. Printed: PSNR and how far things that moved are off, in
diameters, after 8 and 16 frames, over all worlds; the time of a frame; and how much worse the place is than at the most
questions, with a 95 % interval by bootstrap over episodes.
"""

import time
from typing import Annotated

import numpy as np
import torch
from jsonargparse import auto_cli
from reference import HALF, IMAGINED, MOST, SEEN, decibels, error, misplaced

from worldsim.data.mixture import Mixture
from worldsim.data.module import ClipModule
from worldsim.models.checkpoint import load
from worldsim.models.diffusion_world import DiffusionWorld
from worldsim.rollout import rollouts


def main(model: str, data: str, questions: Annotated[list[int], "of a frame"] = [1, 2, 4, 8, 64]) -> None:  # noqa: B006
    """Measure.

    Args:
        model: A checkpoint's folder, or the name of a model that is shipped.
        data: A mixture; the tenth that training holds out is used.
        questions: How often the network is asked for a frame.
    """
    torch.set_num_threads(1)
    clips = ClipModule(data)
    clips.setup("fit")
    mixture, asked = clips.store, load(model)
    assert isinstance(mixture, Mixture) and isinstance(asked, DiffusionWorld)
    worlds: dict[str, list] = {}
    for index in clips.held_out_episodes:
        world = mixture.worlds[mixture.locate(index)[0]]
        if len(worlds.setdefault(world, [])) < MOST and len(mixture[index].frames) >= SEEN + IMAGINED:
            worlds[world].append(mixture[index])
    found = {}
    for count in questions:
        asked.steps, begin = count, time.process_time()
        made = [each for some in worlds.values() for each in rollouts(asked, some, seen=SEEN, steps=IMAGINED)]
        took = (time.process_time() - begin) / len(made) / IMAGINED
        off = np.array([[misplaced(each, HALF), misplaced(each, IMAGINED)] for each in made])
        found[count] = took, decibels(np.array([error(each, IMAGINED) for each in made])), off
    most = found[max(questions)][2]
    draws = np.random.default_rng(0).integers(len(most), size=(2000, len(most)))
    print(f"{len(most)} episodes of {len(worlds)} worlds")
    print("| questions | CPU ms a frame | PSNR | off at 8 | off at 16 | off at 16 beside the most questions |")
    print("|---|---|---|---|---|---|")
    for count, (took, psnr, off) in found.items():
        ratios = np.nanmean(off[draws, 1], axis=1) / np.nanmean(most[draws, 1], axis=1)
        low, high = np.percentile(ratios, [2.5, 97.5])
        near, far = np.nanmean(off, axis=0)
        ratio = far / np.nanmean(most[:, 1])
        beside = f"{ratio:.3f} [{low:.3f}, {high:.3f}]"
        print(f"| {count} | {1e3 * took:.1f} | {psnr:.2f} | {near:.3f} | {far:.3f} | {beside} |")


if __name__ == "__main__":
    auto_cli(main)
