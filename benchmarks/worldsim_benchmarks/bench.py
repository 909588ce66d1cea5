"""The command `worldsim bench`: world models, between the floor of trivial contestants and the ceiling of the truth."""

import time
from functools import partial

from tqdm import tqdm

from worldsim.data.executor import executor
from worldsim_benchmarks.admission import demand
from worldsim_benchmarks.benchmark import SPLITS, Benchmark, title
from worldsim_benchmarks.catalogue import BENCHMARKS, choose, listed
from worldsim_benchmarks.entries import entry, returned
from worldsim_benchmarks.kept import kept
from worldsim_benchmarks.result import machine, read_like, write
from worldsim_benchmarks.run import run
from worldsim_benchmarks.secret import whole


def bench(
    models: list[str] | str,
    benchmarks: list[str] | str | None = None,
    split: str = "quick",
    size: int | None = None,
    out: str = "runs/results",
    seed: int = 0,
    samples: int = 1,
    batch: int = 16,
    truth: str = "runs/truth",
    training: str = "unstated",
    secret: str | None = None,
    workers: int = 1,
    ray: str | None = None,
) -> None:
    """Benchmark world models between the floor of trivial contestants and the ceiling of the replayed world.

    A model that imagines in latents is shown beside what its codec makes of the truth, which it cannot surpass.

    The same command again goes on where it was stopped: worlds are simulated once, and a result that is there already
    is not measured again.

    Args:
        models: One, or several as in `[still,runs/demo/fit/model]`. Each is a checkpoint's folder; or one that comes
            with the package, such as `worldsim/micro`; or `still`, `drift`, `replay`, `replay-codec`; or
            `module:Class`, which makes a WorldModel without arguments.
        benchmarks: One or several, such as `permanence` or `permanence@3`; all of them by default.
        split: `quick` (32 twins, not for ranking), `dev` (200), or `test` (400, of worlds that the secret decides).
        size: Height and width of the frames in pixels; by default what each benchmark is usually asked at.
        out: Folder that results are appended to; `worldsim board` makes a leaderboard of it.
        seed: Of what the models imagine.
        samples: Futures a model imagines for each case; the score is their mean, never the best.
        batch: Cases imagined at once.
        truth: Folder where the simulated worlds are kept; it can be deleted at any time.
        training: What the models have seen of these worlds: `in-domain` (episodes of other seeds), `zero-shot` (none),
            or `unstated`.
        secret: The file that decides the worlds of the split `test`.
        workers: Processes that ask and score at the same time; they make no difference to the result.
        ray: The address of a Ray cluster to work on, with so many workers, which share the folder `truth`; "auto" is
            the one that this machine belongs to, "local" one on this machine. It makes no difference to the result.

    Raises:
        ValueError: Where there is no such model, benchmark or split, or it cannot be judged at this size.
    """
    asked = [choose(name) for name in listed(benchmarks) or BENCHMARKS]
    splits = [whole(split, secret, benchmark) for benchmark in asked]
    hands = executor(workers, ray)
    across = [usable(benchmark, size) for benchmark in asked]
    entries = [entry(name, batch, training) for name in listed(models)]
    taking_turns = [each for each in entries if each.kind == "model"]  # the oracles take part in every run
    others = [row for each in taking_turns for row in (each, *returned(each))]
    taking_part = {each.contestant.name for each in (*entries, *others)}
    for benchmark, seeds, wide in zip(asked, splits, across, strict=True):
        worlds = partial(tqdm, desc=f"{title(benchmark)}: worlds", total=SPLITS[seeds][1])
        twins = kept(benchmark, seeds, size=wide, folder=truth, progress=worlds)
        before = read_like(out, title(benchmark), split, wide)
        paths = {id(result): path for path, result in before.items()}
        began = time.perf_counter()
        here = {"split": split, "size": wide, "seed": seed, "samples": samples, "executor": hands}
        for result in run(benchmark, twins, others, known=list(before.values()), **here):
            ended = time.perf_counter()
            made = {"seconds": round(ended - began, 1), "at": time.strftime("%FT%TZ", time.gmtime()), **machine()}
            path, began = paths.get(id(result)) or write(result, out, made), ended
            if result.contestant in taking_part:
                interval = f"[{result.low:.1f}, {result.high:.1f}]"
                print(f"{result.benchmark:<16}{result.contestant:<24}{result.score:6.1f} {interval:<16}{path}")
    print(f"results are in {out}; `worldsim board --results {out}` makes a leaderboard of them")


def usable(benchmark: Benchmark, size: int | None) -> int:
    """The size at which a benchmark is asked: this one, or what is usual.

    Raises:
        ValueError: Where its readers cannot judge pictures of this size.
    """
    wanted = size or benchmark.sizes[0]
    if wanted not in benchmark.sizes:
        there = ", ".join(map(str, benchmark.sizes))
        raise ValueError(f"{title(benchmark)} cannot be judged at {wanted} px; --size can be: {there}")
    demand(benchmark.coloured, wanted)
    return wanted
