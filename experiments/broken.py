"""What the ladder says of broken judges: `python experiments/broken.py [NAME ...]`.

Each judge here is a benchmark with one reader or one formula replaced by a wrong one, as some have been published. Its
ladder is climbed on a few twins of the split `quick`. Printed as a table: which rows do not hold any more, with what
they score ("no scale" where the truth scores no more than the floor). A judge of whom every row holds would be a hole
in the ladder, and makes the exit status 1.
"""

import sys
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import replace
from itertools import islice
from typing import NamedTuple
from unittest.mock import patch

import numpy as np

from worldsim_benchmarks import camera, effects, futures, paths, permanence, readers, voe
from worldsim_benchmarks.catalogue import BENCHMARKS
from worldsim_benchmarks.ladder import climb

MOST = 6
"""Rows that are named."""


class Broken(NamedTuple):
    """A judge: of which benchmark, on how many twins, what is wrong with it, and what is put in whose place."""

    benchmark: str
    twins: int
    wrong: str
    places: tuple[tuple[object, str, Callable], ...]


read, pair, expectation = readers.ColourReader.read, permanence.Permanence._pair, voe.Voe.score
ends = futures.Futures._ends


def _blind_to_hue(self, frames):
    found = read(self, frames)
    return replace(found, hue=np.zeros_like(found.hue))


def _aside(self, frames):
    found = read(self, frames)
    return replace(found, centre=found.centre + 3 * np.sqrt(found.area / np.pi)[:, None])


def _without(name: str) -> Callable:
    """An object permanence that forgets one of its factors."""

    def forgetful(self, one, other):
        found = pair(self, one, other)
        return found | {"OP": (found["R"] - found["F"]) * (1 - found["X" if name == "L" else "L"])}

    return forgetful


def _near_its_own(truths, answers, asked, seen=None, where=None):
    """How near an answer is to its own twin, which the mean of both is, too."""
    off = np.mean(
        [np.abs(truth - answer.astype(float)).mean((1, 2, 3)) for truth, answer in zip(truths, answers, strict=True)], 0
    )
    return np.where(asked, 1 - off / 255, np.nan)


def _of_both(self, means):
    """A mean that one part can make up for."""
    return (np.maximum(0, means["OP"]) + np.maximum(0, means["TDS"])) / 2


def _ties_are_right(self, twins, answers):
    """Who says the same of all films is never wrong."""
    found = expectation(self, twins, answers)
    told = [answer[case.notes["cut"] :].mean() for case, answer in zip(twins.cases, answers, strict=True)]
    right = np.mean([told[no] >= told[yes] for yes, no in zip(voe.POSSIBLE, voe.IMPOSSIBLE, strict=True)])
    return found | {"VoE": replace(found["VoE"], value=float(2 * right - 1))}


def _mean_end(self, case, videos, by):
    """Where things are on average, each time."""
    found = ends(self, case, videos, by)
    return np.repeat(np.nanmean(found, 0, keepdims=True), len(found), 0)


def _direction(imagined, real, asked):
    """Whether an effect goes where the real one does, however far."""
    mean = np.where(np.isnan(imagined), -real, imagined).mean(0)[asked]
    size = np.linalg.norm(mean) * np.linalg.norm(real[asked])
    return float((mean * real[asked]).sum() / size) if size else 0.0


def _how_far(signed):
    """How far a camera went, whichever way."""
    return float(abs(signed) >= paths.DEAD)


def _by_length(part, own, real, fine):
    """How much of the length of a path was gone, whichever way."""
    gone, asked = (np.linalg.norm(getattr(each, part), axis=1).max() for each in (own, real))
    return float(min(gone, asked) / max(gone, asked))


JUDGES = {
    "hues": Broken("permanence", 4, "the reader is blind to hue", ((readers.ColourReader, "read", _blind_to_hue),)),
    "places": Broken("permanence", 4, "the reader is 1.5 diameters off", ((readers.ColourReader, "read", _aside),)),
    "leak": Broken("permanence", 4, "leaks are forgiven", ((permanence.Permanence, "_pair", _without("L")),)),
    "spurious": Broken("permanence", 4, "duplicates are forgiven", ((permanence.Permanence, "_pair", _without("X")),)),
    "mean": Broken("permanence", 4, "an arithmetic mean", ((permanence.Permanence, "headline", _of_both),)),
    "near": Broken(
        "permanence",
        4,
        "near its own twin, and never held against the other; alone",
        (
            (permanence, "twin_test", _near_its_own),
            (permanence.Permanence, "headline", lambda self, means: np.maximum(0, means["TDS"])),
        ),
    ),
    "local": Broken(
        "cause-effect-mujoco",
        3,
        "whatever a placebo does is forgiven",
        ((effects, "locality", lambda imagined, asked, active, noise=0.0: 1.0),),
    ),
    "direction": Broken(
        "cause-effect-mujoco", 3, "effects by their direction alone", ((effects, "concordance", _direction),)
    ),
    "length": Broken(
        "camera-voxel-bare",
        1,
        "how far a camera goes, whichever way",
        (
            (camera, "decided", _how_far),
            (paths, "_skill", _by_length),
        ),
    ),
    "best": Broken(
        "futures-mujoco",
        2,
        "the best of 16 samples",
        ((futures.Futures, "headline", lambda self, means: means["nearest"]),),
    ),
    "arms": Broken(
        "futures-mujoco",
        2,
        "outcomes alone, and not the difference that the arms make",
        ((futures.Futures, "headline", lambda self, means: np.maximum(0, means["overlap"])),),
    ),
    "spread": Broken(
        "futures-mujoco",
        2,
        "outcomes by the mean place of all samples",
        ((futures.Futures, "_ends", _mean_end),),
    ),
    "ties": Broken("voe-mujoco", 6, "a tie is right", ((voe.Voe, "score", _ties_are_right),)),
}


def main(*names: str) -> int:
    """Print what each of the judges, or all, are caught by."""
    print("| benchmark | what is wrong | rows that do not hold |\n|---|---|---|")
    missed = 0
    for name in names or JUDGES:
        judge = JUDGES[name]
        benchmark = BENCHMARKS[judge.benchmark]()
        asked = list(islice(benchmark.twins("quick", size=benchmark.sizes[0]), judge.twins))
        with ExitStack() as broken:
            for place in judge.places:
                broken.enter_context(patch.object(*place))
            fallen = [step for step in climb(benchmark, asked) if not step.holds]
        missed += not fallen
        said = [f"{step.name} ({step.score:.0f})".replace("nan", "no scale") for step in fallen]
        few = [*said[:MOST], *(["..."] if len(said) > MOST else [])]
        print(f"| {judge.benchmark} | {judge.wrong} | {len(fallen)}: {'; '.join(few)} |", flush=True)
    return missed and 1


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
