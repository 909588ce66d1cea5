"""The command `worldsim demo`: the whole line, from a simulator to a leaderboard, and a report of one page.

Each step is the command of the same name with the arguments written here, so whatever the demo does can be done again
by hand, and a demo that was stopped goes on where it was.
"""

import csv
import time
from pathlib import Path

import numpy as np

from worldsim.data.module import ClipModule
from worldsim.data.record import record
from worldsim.models.checkpoint import load
from worldsim.rollout import filmstrip, rollouts
from worldsim.training.fit import fit
from worldsim.video import write_png
from worldsim_benchmarks.bench import bench
from worldsim_benchmarks.board import board
from worldsim_benchmarks.report import Chapter, report
from worldsim_benchmarks.result import read_all

WORLD = "worldsim_envs:worldsim/Hidden-v0"
SHARE = {"record": 0.15, "fit": 0.6}
"""Of the minutes given; the rest is for imagining and benchmarking."""
EPISODES_A_MINUTE = 330
"""Of recording, about, on two cores; what is recorded depends on the minutes asked for and never on the machine."""
SHOWN = 4
REFERENCE, SIZE = ("worldsim/micro",), 64
"""The model that comes with the package, and the size of the frames it knows."""
ASKED = ["permanence", "fidelity"]
"""The benchmarks of the one world that is recorded."""


def demo(out: str = "runs/demo", minutes: float = 12.0, size: int = 64, seed: int = 0) -> None:
    """Record a world, train a small world model on it, let it imagine, and benchmark it: from nothing to a leaderboard.

    Args:
        out: Folder for everything. The same command goes on where it was stopped.
        minutes: About how long it may take on two cores, installation not counted; 3 is for the impatient.
        size: Height and width of the frames in pixels.
        seed: Of the world, the training and the imagination.

    Raises:
        ValueError: Where the minutes are too few to show anything.
    """
    if minutes < 1:
        raise ValueError(f"minutes came as {minutes}; from 1 on there is something to see, and 12 is the default")
    began = time.perf_counter()
    folder = Path(out)
    data, run, results = folder / "data", folder / "micro", folder / "results"
    chapters: list[Chapter] = []

    def chapter(title: str, command: str) -> None:
        print(f"\n-- {len(chapters) + 1}/5 {title}\n   {command}\n", flush=True)
        chapters.append(Chapter(title, command, time.perf_counter() - began))

    episodes = max(40, round(SHARE["record"] * minutes * EPISODES_A_MINUTE))
    chapter(
        "record what happens",
        f"worldsim record {WORLD} --out {data} --episodes {episodes} --size {size} --policy expert --workers 2",
    )
    record(WORLD, out=str(data), episodes=episodes, size=size, seed=seed, policy="expert", workers=2)

    training = SHARE["fit"] * minutes
    chapter("fit a world model", f"worldsim fit --data {data} --out {run} --minutes {training:.1f}")
    fit(str(data), str(run), minutes=training, seed=seed, steps=1_000_000)

    chapter("imagine", f"worldsim imagine --model {run / 'model'} --data {data} --out {folder / 'imagined'}")
    clips = ClipModule(data, seed=seed)
    clips.setup("fit")
    held_out = [clips.store[index] for index in clips.held_out_episodes[:SHOWN]]
    imagined = rollouts(load(run / "model"), held_out, seed=seed)
    (folder / "imagined").mkdir(exist_ok=True)
    for index, rollout in zip(clips.held_out_episodes, imagined, strict=False):
        write_png(folder / "imagined" / f"episode-{index}.png", filmstrip(rollout))

    models, truth = [str(run / "model"), *(REFERENCE if size == SIZE else ()), "still", "drift"], str(folder / "truth")
    chapter("benchmark", f"worldsim bench '[{','.join(models)}]' --benchmarks '[{','.join(ASKED)}]' --out {results}")
    bench(models, ASKED, out=str(results), size=size, seed=seed, truth=truth)

    chapter("rank", f"worldsim board --results {results}")
    board(str(results))

    page = report(
        folder / "report.html",
        minutes=minutes,
        seconds=time.perf_counter() - began,
        chapters=chapters,
        rollouts=imagined,
        loss=curve(run / "metrics.csv"),
        results=read_all(results),
        world=WORLD,
        frames=int(clips.store.info["total_frames"]),
    )
    print(
        f"\nfinished in {(time.perf_counter() - began) / 60:.1f} minutes\n"
        f"  report      {page}\n  leaderboard {results / 'board.html'}\n"
        f"  model       {run / 'model'}\n  episodes    {data}"
    )


def curve(path: Path) -> np.ndarray:
    """Steps and losses of a run, `[m 2]`, as `worldsim fit` wrote them."""
    with path.open() as file:
        rows = [(float(row["step"]), float(row["loss"])) for row in csv.DictReader(file) if row.get("loss")]
    return np.array(rows).reshape(-1, 2)
