"""How fast a model imagines and learns, in one run, aims beside what was measured: `python experiments/speed/model.py`.

For each size: one frame with the memory beside one for which the whole window is recomputed; frames a second of one
stream, with one thread and with two; several streams at once. Of a trained model, on episodes of a world that it did
not learn from: how far things are from their place with few questions a frame beside many, and what both take. Last, a
training step beside those of diffusers' transformers of equal width, depth and tokens. Where no episodes are given, a
few are recorded first. Everything that is compared runs by turns, and medians are told. A few minutes on one core.

`streaming.py`, `../questions.py` and `peers.py` are what measures. Beside it: `../drift.py`, what becomes of a minute.
"""

import os
import sys
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import redirect_stdout
from importlib.util import find_spec
from pathlib import Path
from typing import Literal, NamedTuple

import torch
from jsonargparse import auto_cli

from experiments import questions
from experiments.questions import Asked, World, ask, episodes_of
from experiments.reference import IMAGINED, SEEN
from experiments.speed.streaming import Past, at_once, beside_recomputing, by_threads, past
from experiments.speed.turns import Took
from worldsim.data.record import record
from worldsim.models.checkpoint import load
from worldsim.models.diffusion_world import DiffusionWorld

if find_spec("diffusers"):
    from experiments.speed import peers

FASTER = 8.0
"""Times as fast as recomputing a memory shall be."""

FRAMES = {"micro": 30.0, "nano": 10.0}
"""Frames a second that a stream shall have on two cores, at 64 pixels and four questions a frame."""

WORSE = 1.05
"""How far off things may be with few questions, beside many."""

BUSY = 1.2
"""From how many times its CPU time on work has waited for other work, which makes all of it slower than it is."""

SEED = 2026
"""Of the recording: one that no dataset here has, so that no model has learned from it."""


class Aim(NamedTuple):
    """What was wanted beside what was measured.

    Attributes:
        what: Of what.
        wanted: As a sentence has it.
        measured: Likewise.
        reached: "yes", "no", or why that is not said.
    """

    what: str
    wanted: str
    measured: str
    reached: str


def judged(reached: bool, took: Took) -> str:
    """Whether an aim of speed is reached, measured beside work of one thread that took so long."""
    waited = took.wall / took.cpu
    beside = f"not beside other work, for which it waited: {waited:.1f} x its CPU time by the clock"
    return "yes" if reached else "no" if waited < BUSY else beside


def milliseconds(took: Took) -> str:
    """CPU time, and wall time behind it."""
    return f"{1e3 * took.cpu:.1f} ({1e3 * took.wall:.1f})"


def rows(head: Sequence[str], lines: Sequence[Sequence[str]]) -> str:
    """A table, all but its first column to the right."""
    return "\n".join(f"| {' | '.join(each)} |" for each in [head, ["---", *["--:"] * (len(head) - 1)], *lines])


def imagining(pasts: Mapping[str, Past], threads: list[int], streams: list[int], repeats: int) -> list[Aim]:
    """Show what a memory saves, how fast one stream is, and how fast several are, of each size."""
    beside, alone, several, aims = [], [], [], []
    for size, before in pasts.items():
        streaming, whole, apart = beside_recomputing(before, repeats)
        faster = whole.cpu / streaming.cpu
        beside.append([size, milliseconds(streaming), milliseconds(whole), f"{faster:.1f} x", f"{apart:.0e}"])
        reached = judged(faster >= FASTER, whole)
        aims.append(Aim(f"{size}: streaming beside recomputing", f"at least {FASTER:g} x", f"{faster:.1f} x", reached))
        frame = by_threads(before, threads, repeats)
        for count, took in frame.items():
            alone.append([size, str(count), milliseconds(took), f"{1 / took.wall:.0f}"])
        if size in FRAMES and (before.seen.shape[-1], before.model.steps) == (64, 4):
            best, wanted = max(1 / took.wall for took in frame.values()), f"at least {FRAMES[size]:g} frames/s"
            what, reached = f"{size}: one stream, up to {max(threads)} thread(s)", judged(best >= FRAMES[size], whole)
            aims.append(Aim(what, wanted, f"{best:.1f} frames/s", reached))
        every = at_once(before, streams, repeats)
        several.append([f"{size}: ms a frame of all", *(milliseconds(took) for took in every.values())])
        several.append([f"{size}: frames/s", *(f"{count / took.wall:.0f}" for count, took in every.items())])
    print("\n## The next frame, with the memory and without\n")
    print(rows(["size", "streaming, CPU ms (wall)", "recomputing", "faster", "largest difference"], beside))
    print("\n## One stream\n")
    print(rows(["size", "threads", "CPU ms a frame (wall)", "frames/s"], alone))
    print("\n## Several streams at once, one thread\n")
    print(rows(["streams", *map(str, streams)], several))
    return aims


def recorded(world: str, count: int) -> list[World]:
    """So many new episodes of a world."""
    with tempfile.TemporaryDirectory() as folder, redirect_stdout(sys.stderr):  # stdout is the report's alone
        path = str(Path(folder, "episodes"))
        record(world, path, count, SEEN + IMAGINED - 1, 64, SEED)
        return episodes_of(path, most=count)


def asking(model: DiffusionWorld, worlds: list[World], few: int, many: int) -> list[Aim]:
    """Show what few questions a frame cost."""
    found = ask(model, worlds, [few, many])
    total, names = sum(len(each) for _, each in worlds), ", ".join(store.scene for store, _ in worlds)
    print(f"\n## Few questions beside many, {total} episodes of {names}\n")
    print(questions.table(found))
    return [off_by(found[few], found[many], few, many)]


def off_by(few: Asked, many: Asked, less: int, more: int) -> Aim:
    """The aim that few questions put things about where many put them."""
    ratio, low, high = few.beside(many)
    reached = "too few episodes to say"
    if high <= WORSE or low > WORSE:
        reached = "yes" if high <= WORSE else "no"
    what = f"places of things, {less} questions a frame beside {more}, {many.took.cpu / few.took.cpu:.1f} x as fast"
    return Aim(what, f"off by at most {WORSE:g} x", f"{ratio:.2f} x [{low:.2f}, {high:.2f}]", reached)


def learning(repeats: int) -> list[Aim]:
    """Show a training step beside those of diffusers."""
    what, wanted = "a training step beside diffusers' nearest", "at most 1 x"
    if not find_spec("diffusers"):
        return [Aim(what, wanted, "", "not measured: pip install diffusers")]
    found = peers.compare(peers.USUAL, repeats)
    print(f"\n## A training step, {peers.USUAL}\n")
    print(peers.table(found))
    ours, nearest = found[peers.OURS].took, found[peers.NEAREST].took
    return [Aim(what, wanted, f"{ours.cpu / nearest.cpu:.2f} x", judged(ours.cpu <= nearest.cpu, ours))]


def main(
    sizes: list[Literal["micro", "nano", "S", "B", "L", "XL"]] = ["micro", "nano"],  # noqa: B006
    side: int = 64,
    patch: int = 16,
    window: int = 32,
    steps: int = 4,
    threads: list[int] = [1, 2],  # noqa: B006
    streams: list[int] = [1, 2, 4, 8, 16, 32],  # noqa: B006
    model: str = "worldsim/micro",
    world: str = "worldsim_envs:worldsim/Tabletop-v0",
    count: int = 32,
    episodes: str | None = None,
    many: int = 64,
    repeats: int = 5,
) -> None:
    """Measure.

    Args:
        sizes: How large transformers with random weights, whose speed is measured.
        side: Height and width of their frames in pixels.
        patch: Side of their tokens in pixels.
        window: Frames that they see.
        steps: Questions a frame.
        threads: CPU threads of one stream; all else is measured with one thread.
        streams: How many futures are imagined at once.
        model: A checkpoint's folder, or the name of a model that is shipped, of which it is asked where things are.
        world: What it is asked about, where no episodes are given.
        count: Episodes of a world at most; so many are recorded where none are given.
        episodes: A dataset or a mixture that the model did not learn from.
        many: Questions a frame that few are compared with.
        repeats: Turns of each contender.

    Raises:
        FileNotFoundError: Where there is no such model or dataset.
        ValueError: Where the model is no DiffusionWorld, or does not know the world.
    """
    torch.set_num_threads(1)
    asked = load(model)
    if not isinstance(asked, DiffusionWorld):
        raise ValueError(f"{model} is not asked for a frame in steps; a DiffusionWorld is, such as worldsim/micro")
    worlds = recorded(world, count) if episodes is None else episodes_of(episodes, most=count)
    pasts = {size: past(size, side=side, patch=patch, window=window, steps=steps) for size in sizes}
    print(f"# How fast models imagine and learn, on {os.cpu_count()} cores, with torch {torch.__version__}\n")
    print(
        f"{side} x {side} pixels, patch {patch}, {steps} questions a frame, decoding included; {window - 1} were seen."
    )
    aims = imagining(pasts, threads, streams, repeats)
    aims += asking(asked, worlds, steps, many)
    aims += learning(repeats)
    print("\n## Aims, and what was measured\n")
    print(rows(["aim", "wanted", "measured", "reached"], aims))


if __name__ == "__main__":
    auto_cli(main)
