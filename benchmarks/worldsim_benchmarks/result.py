"""The record of one contestant on one benchmark version: appended, never edited.

What is measured lies in `result.json` and is the same to the byte whenever and wherever it is measured again; when, how
long and on what machine lies beside it in `made.json`.
"""

import csv
import hashlib
import io
import json
import math
import os
import platform
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float

from worldsim_benchmarks.benchmark import family

SCHEMA = "worldsim.result@1"

TIERS = {
    "T0": "frames",
    "T1": "frames and actions",
    "T2": "frames, actions and the camera's path",
    "T3": "one frame and a text",
    "T4": "all frames, to say how surprising they are",
    "truth": "the truth",
}
"""What a contestant is given, from least to most like a simulator."""


@dataclass(frozen=True)
class Result:
    """One contestant on one benchmark.

    Attributes:
        benchmark: With its version, such as `permanence@1`.
        split: `quick` results are never for ranking.
        size: Height and width of the frames in pixels.
        contestant: Its name on the board.
        kind: `model`, or `trivial` for a floor row, or `oracle` for one that knows the truth.
        score: Calibrated: 0 at the floor, 100 at the ceiling.
        low: Lower bound of the 95 % interval of `score`.
        high: Upper bound.
        raw: The family's number before calibration.
        floor: The best any trivial contestant got, raw.
        ceiling: What the real frames got after a video codec, raw.
        metrics: The mean of every metric over the twins.
        cases: Every metric of every one of the twins; null where unscored.
        families: The number of each family, raw; the mean of them is `raw`.
        columns: Other numbers on the scale of `score`, never for ranking: the best of K samples; in distribution, out
            of it and on held-out templates.
        intervals: The bounds of the 95 % intervals of those metrics that no bounds hold, by BCa.
        samples: Where there was more than one, every metric of every sample of every one of the twins.
        templates: The kind of scene of every one of the twins.
        tier: What the contestant was given, a name of `TIERS`.
        exposure: The share of answers that came and could be looked at; the others score what grey frames score.
        reasons: Why, for what is null, and for answers that did not count.
        manifest: How it was made: seeds, versions, digests of weights and cases, what the model was trained on.
    """

    benchmark: str
    split: str
    size: int
    contestant: str
    kind: str
    score: float
    low: float
    high: float
    raw: float
    floor: float
    ceiling: float
    metrics: Mapping[str, float | None]
    cases: Mapping[str, Mapping[str, float | None]]
    families: Mapping[str, float | None] = field(default_factory=dict)
    columns: Mapping[str, float | None] = field(default_factory=dict)
    intervals: Mapping[str, Sequence[float | None]] = field(default_factory=dict)
    samples: Mapping[str, Mapping[str, Sequence[float | None]]] = field(default_factory=dict)
    templates: Mapping[str, str] = field(default_factory=dict)
    tier: str = ""
    exposure: float = 1.0
    reasons: Mapping[str, str] = field(default_factory=dict)
    manifest: Mapping[str, str | int | float | bool | None] = field(default_factory=dict)

    def text(self) -> str:
        """As JSON, NaN as null, numbers to six digits after the point."""
        return json.dumps({"schema": SCHEMA, **_plain(asdict(self))}, indent=1) + "\n"

    @property
    def values(self) -> dict[str, Float[np.ndarray, "k m"]]:
        """Every metric that twins have alone, of every sample of every one of them, in the order of `cases`."""
        once = {name: {metric: [value] for metric, value in own.items()} for name, own in self.cases.items()}
        each = [self.samples.get(name, once[name]) for name in self.cases]
        return {metric: np.array([own[metric] for own in each], float).T for metric in next(iter(each), ())}

    @property
    def unanswered(self) -> dict[str, list[str]]:
        """By why, the twins of which an answer did not come or did not count; each stands with the first reason."""
        first: dict[str, str] = {}
        for key, why in self.reasons.items():
            asked, _, sample = key.rpartition("/")
            if re.fullmatch(r"s\d+", sample):
                first.setdefault(asked.rpartition("/")[0], why)
        return {why: [name for name, own in first.items() if own == why] for why in dict.fromkeys(first.values())}

    @property
    def silence(self) -> str:
        """Of which families how many sets of twins were not answered, and why; nothing where all were."""
        told = []
        for why, names in self.unanswered.items():
            codes = ", ".join(dict.fromkeys(map(family, names)))
            told.append(f"{len(names)} of {len(self.cases)} sets ({codes}), since {why.partition(';')[0]}")
        return "; ".join(told)

    @property
    def kinds(self) -> list[str]:
        """The template of every one of the twins, in the order of `cases`."""
        return [self.templates[name] for name in self.cases]


def _number(value: float | None) -> float:
    return float("nan") if value is None else value


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _plain(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(inner) for inner in value]
    if isinstance(value, float):
        return None if math.isnan(value) else rounded(value)
    return value


def rounded(value: float) -> float:
    """As precise as a result is written."""
    return round(value, 6)


def write(result: Result, folder: str | Path, made: Mapping[str, str | float | int]) -> Path:
    """Append a result: `FOLDER/<benchmark>/<contestant>/<split>-<size>-<digest>/result.json`, a table beside it.

    The digest is of the content, so the same result written twice is one file and another result never covers it.
    """
    text = result.text()
    digest = hashlib.sha256(text.encode()).hexdigest()[:12]
    run = f"{result.split}-{result.size}-{digest}"
    path = Path(folder) / result.benchmark / re.sub(r"[^\w.,+-]+", "_", result.contestant) / run
    path.mkdir(parents=True, exist_ok=True)
    files = {"made.json": json.dumps(dict(made), indent=1) + "\n", "per_episode.csv": per_episode(result)}
    for name, content in (*files.items(), ("result.json", text)):
        partial = path / f".{name}.{os.getpid()}"
        partial.write_text(content)
        partial.replace(path / name)
    return path / "result.json"


def per_episode(result: Result) -> str:
    """A row for each sample of each of the twins, as CSV: family, template, metrics, and reasons where there are."""
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    values = result.values
    table.writerow(["twins", "family", "template", "sample", *values, "reasons"])
    for at, name in enumerate(result.cases):
        template = result.templates.get(name, "")
        why = "; ".join(f"{key}: {reason}" for key, reason in result.reasons.items() if key.startswith(f"{name}/"))
        for sample in range(next(iter(values.values())).shape[0]):
            numbers = [
                "" if math.isnan(each[sample, at]) else rounded(float(each[sample, at])) for each in values.values()
            ]
            table.writerow([name, template.partition("/")[0], template, sample, *numbers, why])
    return text.getvalue()


def read(path: str | Path) -> Result:
    """One result.

    Raises:
        ValueError: Where the file is no result of this schema.
    """
    try:
        fields = json.loads(Path(path).read_text())
    except json.JSONDecodeError as error:
        raise ValueError(f"{path} is not JSON ({error}); a result is written by `worldsim bench`") from error
    schema = fields.pop("schema", None) if isinstance(fields, dict) else None
    if schema != SCHEMA:
        raise ValueError(f"{path} has schema {schema!r}; this version reads {SCHEMA!r}: run `worldsim bench` again")
    for name in ("score", "low", "high", "raw", "floor", "ceiling"):
        fields[name] = _number(fields[name])
    for name in ("families", "columns", "metrics"):
        fields[name] = {key: _number(value) for key, value in fields.get(name, {}).items()}
    fields["intervals"] = {
        name: tuple(_number(end) for end in ends) for name, ends in fields.get("intervals", {}).items()
    }
    return Result(**fields)


def read_like(folder: str | Path, benchmark: str, split: str, size: int) -> dict[Path, Result]:
    """The results that a folder has of a benchmark version (such as `permanence@1`) on one split at one size."""
    return {path: read(path) for path in sorted((Path(folder) / benchmark).glob(f"*/{split}-{size}-*/result.json"))}


def read_all(folder: str | Path) -> list[Result]:
    """Every result below a folder, in the order of their paths.

    Raises:
        FileNotFoundError: Where there is none.
    """
    paths = sorted(Path(folder).glob("**/result.json"))
    if not paths:
        raise FileNotFoundError(f"no results below {folder}; `worldsim bench --out {folder} ...` writes them")
    return [read(path) for path in paths]


def machine() -> dict[str, str]:
    """On what a result was made, for `made.json`."""
    return {"system": platform.system(), "processor": platform.machine(), "cores": str(os.cpu_count())}


def versions() -> dict[str, str]:
    """What made it, for the manifest."""
    return {f"version.{name}": version(name) for name in ("worldsim", "mujoco", "mujoco-warp", "torch", "numpy")}
