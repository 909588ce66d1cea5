"""The record of one contestant on one benchmark version: appended, never edited.

What is measured lies in `result.json` and is the same to the byte whenever and wherever it is measured again; when, how
long and on what machine lies beside it in `made.json`.
"""

import hashlib
import json
import math
import os
import platform
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any

SCHEMA = "worldsim.result@1"


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
        reasons: Why, for those.
        manifest: How it was made: seeds, versions, digests of weights and cases.
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
    reasons: Mapping[str, str] = field(default_factory=dict)
    manifest: Mapping[str, str | int | float | bool | None] = field(default_factory=dict)

    def text(self) -> str:
        """As JSON, NaN as null, numbers to six digits after the point."""
        return json.dumps({"schema": SCHEMA, **_plain(asdict(self))}, indent=1) + "\n"


def _number(value: float | None) -> float:
    return float("nan") if value is None else value


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _plain(inner) for key, inner in value.items()}
    if isinstance(value, float):
        return None if math.isnan(value) else rounded(value)
    return value


def rounded(value: float) -> float:
    """As precise as a result is written."""
    return round(value, 6)


def write(result: Result, folder: str | Path, made: Mapping[str, str | float | int]) -> Path:
    """Append a result: `FOLDER/<benchmark>/<contestant>/<split>-<size>-<digest>/result.json`.

    The digest is of the content, so the same result written twice is one file and another result never covers it.
    """
    text = result.text()
    digest = hashlib.sha256(text.encode()).hexdigest()[:12]
    run = f"{result.split}-{result.size}-{digest}"
    path = Path(folder) / result.benchmark / re.sub(r"[^\w.,+-]+", "_", result.contestant) / run
    path.mkdir(parents=True, exist_ok=True)
    for name, content in (("made.json", json.dumps(dict(made), indent=1) + "\n"), ("result.json", text)):
        partial = path / f".{name}.{os.getpid()}"
        partial.write_text(content)
        partial.replace(path / name)
    return path / "result.json"


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
    for name in ("families", "metrics"):
        fields[name] = {key: _number(value) for key, value in fields.get(name, {}).items()}
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
