"""The command `worldsim bench`: world models, between the floor of trivial contestants and the ceiling of the truth."""

import hashlib
import importlib
import time
from collections.abc import Sequence

import numpy as np
from tqdm import tqdm

from worldsim.models.checkpoint import load
from worldsim.protocols import WorldModel
from worldsim.rollout import imagine_batch
from worldsim_benchmarks.benchmark import SPLITS, Contestant, Twins, Video, title
from worldsim_benchmarks.catalogue import BENCHMARKS, choose, listed
from worldsim_benchmarks.contestants import ORACLES, trivial
from worldsim_benchmarks.result import machine, write
from worldsim_benchmarks.run import calibrate, run


class Modelled:
    """A world model as a contestant: it is shown contexts and plans, and nothing else.

    Args:
        name: On the board.
        model: Any WorldModel.
        batch: Cases imagined at once.
    """

    def __init__(self, name: str, model: WorldModel, batch: int = 16):
        self.name = name
        self.model = model
        self.batch = batch

    def answer(self, twins: Sequence[Twins], *, seed: int) -> list[list[Video]]:
        """One video a case. Twins draw the same noise, so that they differ by what they were shown alone."""
        cases = [(case, each.name) for each in twins for case in each.cases]
        frames: list[Video] = []
        for start in tqdm(range(0, len(cases), self.batch), desc=f"{self.name} imagines", leave=False):
            rows = cases[start : start + self.batch]
            frames.extend(
                imagine_batch(
                    self.model,
                    np.stack([case.seen for case, _ in rows]),
                    np.stack([case.taken for case, _ in rows]),
                    np.stack([case.plan for case, _ in rows]),
                    seeds=[_seed(seed, name) for _, name in rows],
                )
            )
        answers = iter(frames)
        return [[next(answers) for _ in each.cases] for each in twins]


def _seed(seed: int, name: str) -> int:
    return int.from_bytes(hashlib.sha256(f"{seed}/{name}".encode()).digest()[:7], "big")


def bench(
    models: list[str] | str,
    benchmarks: list[str] | str | None = None,
    split: str = "quick",
    size: int = 64,
    out: str = "runs/results",
    seed: int = 0,
    samples: int = 1,
    batch: int = 16,
) -> None:
    """Benchmark world models between the floor of trivial contestants and the ceiling of the replayed world.

    Args:
        models: One, or several as in `[still,runs/demo/fit/model]`. Each is a checkpoint's folder; or `still`, `drift`,
            `replay`, `replay-codec`; or `module:Class`, which makes a WorldModel without arguments.
        benchmarks: One or several, such as `permanence` or `permanence@1`; all of them by default.
        split: `quick` (32 twins, not for ranking) or `dev` (200).
        size: Height and width of the frames in pixels.
        out: Folder that results are appended to; `worldsim board` makes a leaderboard of it.
        seed: Of what the models imagine.
        samples: Futures a model imagines for each case; the score is their mean, never the best.
        batch: Cases imagined at once.
    """
    asked = [choose(name) for name in listed(benchmarks) or BENCHMARKS]
    if split not in SPLITS:
        raise ValueError(f"there is no split {split!r}; there are: {', '.join(SPLITS)}")
    entries = [contestant(name, batch) for name in listed(models)]
    for benchmark in asked:
        twins = list(
            tqdm(benchmark.twins(split, size=size), desc=f"{title(benchmark)}: worlds", total=SPLITS[split][1])
        )
        scale = calibrate(benchmark, twins)
        floors = [(one, "trivial") for one in trivial(twins)]
        ceilings = [(one, "oracle") for one in ORACLES.values()]
        for one, kind in [*floors, *ceilings, *entries]:
            if kind != "model" and any(one.name == other.name for other, _ in entries):
                continue
            began = time.perf_counter()
            result = run(benchmark, twins, scale, one, kind=kind, split=split, size=size, seed=seed, samples=samples)
            seconds = time.perf_counter() - began
            made = {"seconds": round(seconds, 1), "at": time.strftime("%FT%TZ", time.gmtime()), **machine()}
            path = write(result, out, made)
            if (one, kind) in entries:
                interval = f"[{result.low:.1f}, {result.high:.1f}]"
                print(f"{result.benchmark:<16}{one.name:<28}{result.score:6.1f} {interval}  {path}")
    print(f"results are in {out}; `worldsim board --results {out}` makes a leaderboard of them")


def contestant(name: str, batch: int) -> tuple[Contestant, str]:
    """Who is meant by a name on the command line, and of which kind: a checkpoint, a baseline, an oracle, a class."""
    if name in ORACLES:
        return ORACLES[name], "oracle"
    module, colon, attribute = name.partition(":")
    if colon:
        model = getattr(importlib.import_module(module), attribute)()
        if not isinstance(model, WorldModel):
            raise ValueError(f"{name} is no WorldModel: it needs the methods `watch` and `imagine`")
        return Modelled(name, model, batch), "model"
    return Modelled(name.rstrip("/").rsplit("/", 1)[-1], load(name), batch), "model"
