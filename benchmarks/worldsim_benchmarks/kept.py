"""Truth is simulated once: the twins of a benchmark's split, kept on disk and found again by what made them.

A folder of kept twins is named by a digest of everything that decides them: the benchmark's title, the split, the size,
the versions of the simulators, the source of all worlds and of all benchmarks, and who was admitted to judge. Whatever
of that changes, they are simulated again; they can be deleted at any time.
"""

import hashlib
import inspect
import json
import os
import shutil
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import fields, is_dataclass, replace
from functools import cache, cached_property
from importlib.metadata import version
from pathlib import Path
from typing import Any, NamedTuple, overload

import numpy as np

import worldsim_benchmarks
import worldsim_envs
from worldsim_benchmarks.admission import RECORD
from worldsim_benchmarks.benchmark import Benchmark, Case, Truth, Twins, title
from worldsim_envs.mujoco.render import choose

LAYOUT = 2
"""Of the files; raised when it changes."""

SIMULATORS = ("mujoco", "mujoco-warp", "warp-lang", "numba", "numpy", "gymnasium")

NOUNS = {noun.__name__: noun for noun in (Twins, Case, Truth)}


class Head(NamedTuple):
    """What can be said of twins without their frames: `alike` is equal for those that may be asked side by side."""

    name: str
    template: str
    variation: str
    arms: int
    alike: tuple
    asks: str = "video"
    reader: str = "colour"


class Kept(Sequence[Twins]):
    """Twins that lie on disk, read when they are asked for; as light to hand over as their paths.

    Args:
        paths: One for each of the twins.
    """

    def __init__(self, paths: Sequence[Path]):
        self.paths = tuple(paths)

    def __len__(self) -> int:
        return len(self.paths)

    @overload
    def __getitem__(self, at: int) -> Twins: ...
    @overload
    def __getitem__(self, at: slice) -> "Kept": ...
    def __getitem__(self, at: int | slice) -> "Twins | Kept":
        return Kept(self.paths[at]) if isinstance(at, slice) else read(self.paths[at])

    @cached_property
    def heads(self) -> list[Head]:
        """Their heads, for which all are read once."""
        return [_head(each) for each in self]


def heads(twins: Sequence[Twins]) -> list[Head]:
    """What can be said of each of the twins without its frames."""
    return twins.heads if isinstance(twins, Kept) else [_head(each) for each in twins]


def asked_of(twins: Sequence[Twins]) -> str:
    """What an answer to any of these twins is, as of `Case.asks`; no benchmark asks for two kinds."""
    (asks,) = {head.asks for head in heads(twins)}
    return asks


def _head(twins: Twins) -> Head:
    alike = tuple(sorted((case.scene, case.seen.shape, case.plan.shape) for case in twins.cases))
    asks = twins.cases[0].asks
    return Head(twins.name, twins.template, twins.variation, len(twins.cases), alike, asks, twins.reader)


def kept(
    benchmark: Benchmark, split: str, *, size: int, folder: str | Path, progress: Callable[[Iterable], Iterable] = iter
) -> Kept:
    """All twins of a split where they are kept; simulated, and kept from now on, where they are not yet.

    Args:
        benchmark: Whose.
        split: `quick`, `dev` or `test:SEED`.
        size: Height and width of the frames in pixels.
        folder: Where twins are kept.
        progress: Wraps what yields them one by one, such as `tqdm`.
    """
    name = split.partition(":")[0]
    home = Path(folder).absolute() / f"{title(benchmark)}-{name}-{size}-{made_by(benchmark, split, size)}"
    if home.exists():
        return Kept(sorted(home.glob("*.npz")))
    unfinished = home.with_name(f".{home.name}.{os.getpid()}")
    shutil.rmtree(unfinished, ignore_errors=True)  # of a process of the same number, killed
    unfinished.mkdir(parents=True)
    for number, each in enumerate(progress(benchmark.twins(split, size=size))):
        write(each if name == split else unnamed(each, number), unfinished / f"{number:06d}.npz")
    if home.exists():  # another process was faster; it kept the same
        shutil.rmtree(unfinished)
    else:
        unfinished.rename(home)
    return Kept(sorted(home.glob("*.npz")))


def unnamed(twins: Twins, number: int) -> Twins:
    """Twins whose names tell nothing of the seed that made them, which a secret split must not."""
    name = f"{twins.template}/{number:06d}"
    return replace(twins, name=name, cases=tuple(replace(case, name=f"{name}/{case.arm}") for case in twins.cases))


def made_by(benchmark: Benchmark, split: str, size: int) -> str:
    """A digest of all that decides the twins of a split."""
    module = inspect.getsourcefile(type(benchmark))
    own = Path(module).read_bytes() if module else b""  # it may lie outside of ours
    decisive = [LAYOUT, title(benchmark), split, size, _drawn_by(), *(f"{name} {version(name)}" for name in SIMULATORS)]
    return hashlib.sha256(json.dumps(decisive).encode() + _source().encode() + own).hexdigest()[:16]


@cache
def _drawn_by() -> str:
    """The renderer that `auto` stands for on this machine, now."""
    return choose("auto", labels=True, shadows=True).name


@cache
def _source() -> str:
    """A digest of the source of all worlds and benchmarks, and of the record that says who judges."""
    whole = hashlib.sha256(RECORD.read_bytes())
    for package in (worldsim_envs, worldsim_benchmarks):
        root = Path(package.__path__[0])
        for path in sorted(root.rglob("*.py")):
            whole.update(f"{path.relative_to(root)}\0".encode() + path.read_bytes())
    return whole.hexdigest()


def write(twins: Twins, path: Path) -> None:
    """One set of twins as an npz: its arrays, and a text that says how they hang together."""
    arrays: list[np.ndarray] = []
    text = json.dumps(_apart(twins, arrays))
    np.savez_compressed(path, np.array(text), *arrays)


def read(path: Path) -> Twins:
    """What `write` wrote, equal to the byte."""
    with np.load(path, allow_pickle=False) as file:
        text, *arrays = (file[f"arr_{number}"] for number in range(len(file.files)))
    return _together(json.loads(str(text)), arrays)


def _apart(value: Any, arrays: list[np.ndarray]) -> Any:
    """A value as JSON, its arrays put aside."""
    match value:
        case np.ndarray() | np.generic():
            arrays.append(np.asarray(value))
            return {"array": len(arrays) - 1, "one": isinstance(value, np.generic)}
        case None | bool() | int() | float() | str():
            return value
        case Mapping():
            return {"mapping": [[key, _apart(inner, arrays)] for key, inner in value.items()]}
        case Sequence():
            return {"tuple": [_apart(inner, arrays) for inner in value]}
    if is_dataclass(value) and NOUNS.get(type(value).__name__) is type(value):
        inside = {one.name: _apart(getattr(value, one.name), arrays) for one in fields(value)}
        return {"noun": type(value).__name__, "fields": inside}
    raise ValueError(
        f"a case holds a {type(value).__name__}, which cannot be kept; arrays, numbers, text, and mappings and tuples "
        "of them would do"
    )


def _together(value: Any, arrays: Sequence[np.ndarray]) -> Any:
    match value:
        case {"array": int(number), "one": one}:
            return arrays[number][()] if one else arrays[number]
        case {"mapping": items}:
            return {key: _together(inner, arrays) for key, inner in items}
        case {"tuple": items}:
            return tuple(_together(inner, arrays) for inner in items)
        case {"noun": name, "fields": inside}:
            return NOUNS[name](**{key: _together(inner, arrays) for key, inner in inside.items()})
    return value
