"""The command `worldsim bench`: world models, between the floor of trivial contestants and the ceiling of the truth."""

import time
from collections.abc import Container, Mapping, Sequence
from functools import partial
from pathlib import Path
from types import MappingProxyType

from tqdm import tqdm

from worldsim.data.executor import Executor
from worldsim.data.executor import executor as hands_of
from worldsim_benchmarks.admission import demand
from worldsim_benchmarks.benchmark import SPLITS, Benchmark, Twins, times, title
from worldsim_benchmarks.catalogue import chosen, listed
from worldsim_benchmarks.entries import entry, returned
from worldsim_benchmarks.failures import failures
from worldsim_benchmarks.kept import kept
from worldsim_benchmarks.resized import at
from worldsim_benchmarks.result import machine, read_like, write
from worldsim_benchmarks.run import Entry, run
from worldsim_benchmarks.secret import whole


def bench(
    models: list[str] | str,
    benchmarks: list[str] | str | None = None,
    split: str = "quick",
    size: int | None = None,
    seen_at: int | None = None,
    out: str = "runs/results",
    seed: int = 0,
    samples: int | None = None,
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
            with the package, such as `worldsim/micro`; or `still`, `drift`, `replay`, `exchanged`, `replay-codec`; or
            `module:Class`, which makes a WorldModel without arguments.
        benchmarks: One or several, such as `permanence` or `permanence@3`, or `all`; by default the two that ask
            about one world.
        split: `quick` (32 twins, not for ranking), `dev` (200), or `test` (400, of worlds that the secret decides).
        size: Height and width of the frames in pixels; by default what each benchmark is usually asked at.
        seen_at: Height and width of the frames that the models are shown, where they have learned one size only; their
            answers are resized to the benchmark's, and the truth that went the same way stands beside them.
        out: Folder that results are appended to; `worldsim board` makes a leaderboard of it.
        seed: Of what the models imagine.
        samples: Futures a model imagines for each case; by default one, or as many as a benchmark of what may come
            wants. The score is of all of them, never of the best.
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
    if seen_at is not None and seen_at < 1:
        raise ValueError(f"seen_at came as {seen_at}; frames are at least one pixel across: 64, say")
    asked = chosen(benchmarks)
    splits = [whole(split, secret, benchmark) for benchmark in asked]
    hands = hands_of(workers, ray)
    across = [usable(benchmark, size) for benchmark in asked]
    entries = [entry(name, batch, training) for name in listed(models)]
    taking_turns = [each for each in entries if each.kind == "model"]  # the oracles take part in every run
    others = [row for each in taking_turns for row in (each, *returned(each))]
    for benchmark, seeds, wide in zip(asked, splits, across, strict=True):
        worlds = partial(tqdm, desc=f"{title(benchmark)}: worlds", total=SPLITS[seeds][1])
        twins = kept(benchmark, seeds, size=wide, folder=truth, progress=worlds)
        rows = others if seen_at in (None, wide) else at(seen_at, others, twins)
        append(
            benchmark,
            twins,
            rows,
            out=out,
            shown={each.contestant.name for each in (*entries, *rows)},
            split=split,
            size=wide,
            seed=seed,
            samples=samples or times(benchmark, split),
            executor=hands,
        )
    print(f"results are in {out}; `worldsim board --results {out}` makes a leaderboard of them")


def append(
    benchmark: Benchmark,
    twins: Sequence[Twins],
    entries: Sequence[Entry],
    *,
    out: str | Path,
    shown: Container[str],
    split: str,
    size: int,
    seed: int,
    samples: int,
    executor: Executor,
    trusted: bool = True,
    made: Mapping[str, str] = MappingProxyType({}),
) -> None:
    """Measure what is not measured yet, append each result as soon as it is known, and draw where models fail.

    Args:
        benchmark: Who scores.
        twins: What is asked.
        entries: Who takes part besides those that are always there.
        out: Folder that results are appended to.
        shown: Whose results are printed.
        split, size, seed, samples, executor: As for `worldsim_benchmarks.run.run`.
        trusted: Whether a model is who its manifest says, so that it need not be measured again.
        made: What else is to be told of how a result came about.
    """
    before = read_like(out, title(benchmark), split, size)
    paths = {id(result): path for path, result in before.items()}
    known = [result for result in before.values() if trusted or result.kind != "model"]
    here = {"split": split, "size": size, "seed": seed, "samples": samples, "executor": executor}
    models = {entry.contestant.name: entry.contestant for entry in entries if entry.kind == "model"}
    began = time.perf_counter()
    for result in run(benchmark, twins, entries, known=known, **here):
        ended = time.perf_counter()
        how = {"seconds": round(ended - began, 1), "at": time.strftime("%FT%TZ", time.gmtime()), **machine(), **made}
        path, began = paths.get(id(result)) or write(result, out, how), ended
        if result.kind == "model" and not (page := path.with_name("index.html")).exists():
            page.write_text(failures(benchmark, twins, models[result.contestant], result, seed=seed))
        if result.contestant in shown:
            interval = f"[{result.low:.1f}, {result.high:.1f}]"
            print(f"{result.benchmark:<16}{result.contestant:<24}{result.score:6.1f} {interval:<16}{path}")


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
