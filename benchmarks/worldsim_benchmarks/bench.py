"""The command `worldsim bench`: world models, between the floor of trivial contestants and the ceiling of the truth."""

import hashlib
import importlib
import inspect
import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import gymnasium
import numpy as np
import torch
from tqdm import tqdm

from worldsim.codec.pixel import Pixel
from worldsim.models.checkpoint import RECIPE, WEIGHTS, load, locate
from worldsim.models.within import within
from worldsim.protocols import Codec, WorldModel
from worldsim.rollout import imagine_batch, to_model, to_pictures
from worldsim_benchmarks.admission import demand
from worldsim_benchmarks.benchmark import SPLITS, Benchmark, Case, Twins, Video, title
from worldsim_benchmarks.catalogue import BENCHMARKS, choose, listed
from worldsim_benchmarks.contestants import ORACLES
from worldsim_benchmarks.kept import kept
from worldsim_benchmarks.result import machine, read_like, write
from worldsim_benchmarks.run import Entry, run


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
        self._within: dict[str, WorldModel] = {}

    def answer(self, twins: Sequence[Twins], *, seed: int) -> list[list[Video]]:
        """One video a case. Twins draw the same noise, so that they differ by what they were shown alone."""
        cases = [(case, each.name) for each in twins for case in each.cases]
        alike: dict[tuple, list[int]] = {}
        for number, (case, _) in enumerate(cases):
            alike.setdefault((case.scene, case.seen.shape, case.plan.shape), []).append(number)
        parts = [rows[at : at + self.batch] for rows in alike.values() for at in range(0, len(rows), self.batch)]
        answers: dict[int, Video] = {}
        for numbers in tqdm(parts, desc=f"{self.name} imagines", leave=False):
            rows = [cases[number] for number in numbers]
            frames = imagine_batch(
                self.within(rows[0][0].scene),
                np.stack([case.seen for case, _ in rows]),
                np.stack([case.taken for case, _ in rows]),
                np.stack([case.plan for case, _ in rows]),
                seeds=[_seed(seed, name) for _, name in rows],
            )
            answers.update(zip(numbers, frames, strict=True))
        in_order = (answers[number] for number in range(len(cases)))
        return [[next(in_order) for _ in each.cases] for each in twins]

    def within(self, scene: str) -> WorldModel:
        """The model in the world of a case."""
        if getattr(self.model, "schema", None) is None:
            return self.model
        if scene not in self._within:
            self._within[scene] = within(self.model, scene, gymnasium.make(f"worldsim_envs:{scene}").action_space)
        return self._within[scene]


class Returned:
    """The truth through a model's codec: no model that imagines in its latents can do better.

    Args:
        name: The model's, on the board.
        codec: The model's.
    """

    def __init__(self, name: str, codec: Codec):
        self.name = f"replay, through the codec of {name}"
        self.codec = codec

    @torch.no_grad()
    def answer(self, twins: Sequence[Twins], *, seed: int) -> list[list[Video]]:
        """What comes back of the context and the truth, without the context."""
        return [[self._back(case) for case in each.cases] for each in twins]

    def _back(self, case: Case) -> Video:
        frames = to_model(np.concatenate([case.seen, case.truth.frames])[None])
        return to_pictures(self.codec.decode(self.codec.encode(frames)))[0, len(case.seen) :]


def returned(entry: Entry) -> list[Entry]:
    """The codec of who takes part, as another row; none where there is no codec, or pixels are latents."""
    model = entry.contestant.model if isinstance(entry.contestant, Modelled) else None
    codec = getattr(model, "codec", None)
    if not isinstance(codec, Codec) or isinstance(codec, Pixel):
        return []
    return [Entry(Returned(entry.contestant.name, codec), "oracle", entry.manifest)]


def _seed(seed: int, name: str) -> int:
    return int.from_bytes(hashlib.sha256(f"{seed}/{name}".encode()).digest()[:7], "big")


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
        split: `quick` (32 twins, not for ranking) or `dev` (200).
        size: Height and width of the frames in pixels; by default what each benchmark is usually asked at.
        out: Folder that results are appended to; `worldsim board` makes a leaderboard of it.
        seed: Of what the models imagine.
        samples: Futures a model imagines for each case; the score is their mean, never the best.
        batch: Cases imagined at once.
        truth: Folder where the simulated worlds are kept; it can be deleted at any time.

    Raises:
        ValueError: Where there is no such model, benchmark or split, or it cannot be judged at this size.
    """
    asked = [choose(name) for name in listed(benchmarks) or BENCHMARKS]
    if split not in SPLITS:
        raise ValueError(f"there is no split {split!r}; there are: {', '.join(SPLITS)}")
    across = {title(benchmark): usable(benchmark, size) for benchmark in asked}
    entries = [entry(name, batch) for name in listed(models)]
    taking_turns = [each for each in entries if each.kind == "model"]  # the oracles take part in every run
    others = [row for each in taking_turns for row in (each, *returned(each))]
    taking_part = {each.contestant.name for each in (*entries, *others)}
    for benchmark in asked:
        wide = across[title(benchmark)]
        worlds = partial(tqdm, desc=f"{title(benchmark)}: worlds", total=SPLITS[split][1])
        twins = kept(benchmark, split, size=wide, folder=truth, progress=worlds)
        before = read_like(out, title(benchmark), split, wide)
        paths = {id(result): path for path, result in before.items()}
        began = time.perf_counter()
        here = {"split": split, "size": wide, "seed": seed, "samples": samples}
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


def entry(name: str, batch: int) -> Entry:
    """Who is meant by a name on the command line: a checkpoint, a baseline, an oracle, or a class."""
    if name in ORACLES:
        return Entry(ORACLES[name], "oracle")
    module, colon, attribute = name.partition(":")
    if colon:
        model = made(module, attribute)
        if not isinstance(model, WorldModel):
            raise ValueError(f"{name} is no WorldModel: it needs the methods `watch` and `imagine`")
        return Entry(Modelled(name, model, batch), "model", _source(model))
    model, files = load(name), {"weights": locate(name) / WEIGHTS, "recipe": locate(name) / RECIPE}
    digests = {part: _digest(path) for part, path in files.items() if path.exists()}
    return Entry(Modelled(on_the_board(name), model, batch), "model", {**digests, **_source(model)})


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _source(model: WorldModel) -> dict[str, str]:
    """The digest of the file that a model's class was read from: with other code it is another model."""
    file = inspect.getsourcefile(type(model))
    return {"source": _digest(Path(file))} if file else {}


def made(module: str, attribute: str) -> object:
    """What a class of some module makes without arguments.

    Raises:
        ValueError: Where there is no such module or class.
    """
    try:
        return getattr(importlib.import_module(module), attribute)()
    except ModuleNotFoundError as error:
        if error.name != module:
            raise
        raise ValueError(f"there is no module {module!r}; run this where {module}.py lies, or install it") from error
    except AttributeError as error:
        raise ValueError(f"the module {module!r} has no {attribute!r}") from error


def on_the_board(path: str) -> str:
    """A short name for a checkpoint: its folder's, or that of the run which wrote it as `RUN/model`.

    One that comes with the package keeps its whole name: a run of one's own may be called `micro`, too.
    """
    if locate(path) != Path(path):
        return path
    parts = [part for part in Path(path).parts if part != "model"]
    return parts[-1] if parts else "model"
