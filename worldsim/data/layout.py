"""How an episode lies on disk: rows of a table, chunks of ground truth, and the places where files are.

The layout is LeRobotDataset v3.0 and more. One row a frame; the last row of an episode has no action of its own, so its
`action` and `next.reward` are zeros and `is_last` marks them as padding (the convention of RLDS). Features are flat:
two-dimensional ones are slow, and viewers refuse them. What is large or must stay exact lies in `groundtruth/`.
"""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import yaml

from worldsim.types import Episode

SCHEMA_VERSION = 1
LEROBOT_VERSION = "v3.0"
VIDEO = "observation.images.pov"
STATE = "observation.state"
POSE = "observation.camera.pose"
INTRINSICS = "observation.camera.intrinsics"
FILES_PER_FOLDER = 1000
CHUNK_FRAMES = 16

STAGING = ".staging"
RECIPE = "recording.yaml"
INFO = "meta/info.json"
HASHED = ("meta", "data", "videos", "groundtruth", RECIPE)

PARQUET = {"compression": "zstd", "use_dictionary": False}  # a dictionary would make one NaN of all NaNs


def file_of(folder: str, index: int, suffix: str) -> str:
    """The place of the index-th file of a folder, from the root of the dataset."""
    return f"{folder}/chunk-{index // FILES_PER_FOLDER:03d}/file-{index % FILES_PER_FOLDER:03d}.{suffix}"


def worlds_of(path: Path) -> list[str]:
    """The names of the datasets in a folder that several worlds were recorded into; none where it is no such folder."""
    recipe = path / RECIPE
    env = yaml.safe_load(recipe.read_text()).get("env") if recipe.is_file() else None
    return list(env) if isinstance(env, dict) else []


def content_hash(path: Path, info: Mapping[str, Any]) -> str:
    """The sha256 of all that belongs to a dataset: every file by name and content, and `info` without its hash."""
    digest = hashlib.sha256()
    files = [part for top in HASHED for part in sorted([path / top, *(path / top).rglob("*")]) if part.is_file()]
    for part in files:
        if part != path / INFO:
            with open(part, "rb") as file:
                digest.update(f"{part.relative_to(path).as_posix()}\0".encode())
                digest.update(hashlib.file_digest(file, "sha256").digest())
    ours = {key: value for key, value in info["worldsim"].items() if key != "hash"}
    digest.update(json.dumps({**info, "worldsim": ours}, sort_keys=True).encode())
    return digest.hexdigest()


# ---- notes -----------------------------------------------------------------------------------------------------------

NOTE = "worldsim/"
"""What the columns of the table of episodes that are ours begin with."""

OURS = ("scene", "seed", "policy", "caption", "truth")
"""Such columns as are no notes."""


def columns_of(notes: Mapping[str, str]) -> dict[str, str]:
    """An episode's notes as columns of the table of episodes.

    Raises:
        ValueError: Where a note has a name that is taken, or is no text.
    """
    for name, text in notes.items():
        if name in OURS or not name or not isinstance(text, str):
            raise ValueError(
                f"the note {name!r} came as {text!r}; a note is text under a name that is not empty and not one of "
                f"{', '.join(OURS)}: write numbers as JSON"
            )
    return {f"{NOTE}{name}": notes[name] for name in sorted(notes)}


def notes_of(facts: Mapping[str, Any]) -> dict[str, str]:
    """The notes that a row of the table of episodes holds."""
    names = (column.removeprefix(NOTE) for column in facts if column.startswith(NOTE))
    return {name: facts[NOTE + name] for name in names if name not in OURS}


# ---- rows ------------------------------------------------------------------------------------------------------------


def rows_of(episode: Episode) -> pa.Table:
    """One row a frame: what robot-learning code and viewers read. Numbering within the dataset comes with packing."""
    steps, frames = len(episode), len(episode) + 1
    columns: dict[str, np.ndarray] = {}
    observation = episode.states.get("observation")
    if observation is not None and observation.ndim == 2 and observation.shape[1]:
        columns[STATE] = observation.astype(np.float32)  # the exact one lies in groundtruth/
    if episode.actions.shape[1]:
        columns["action"] = np.pad(episode.actions, [(0, 1), (0, 0)])
    if episode.poses is not None:
        columns[POSE] = episode.poses.reshape(frames, 16)
    if episode.intrinsics is not None:
        columns[INTRINSICS] = episode.intrinsics.reshape(frames, 9)
    if episode.rewards is not None:
        columns["next.reward"] = np.append(episode.rewards, np.float32(0))
    columns["next.done"] = np.arange(frames) >= steps - 1
    columns["is_last"] = np.arange(frames) == steps
    columns["timestamp"] = (np.arange(frames) / episode.fps).astype(np.float32)
    columns["frame_index"] = np.arange(frames)
    return pa.table({name: _column(values) for name, values in columns.items()})


def _column(values: np.ndarray) -> pa.Array:
    """A flat array as numbers, a two-dimensional one as lists of fixed length; LeRobot has lists of one as numbers."""
    if values.ndim == 1 or values.shape[1] == 1:
        return pa.array(values.reshape(-1))
    return pa.FixedSizeListArray.from_arrays(pa.array(values.reshape(-1)), values.shape[1])


def column(rows: pa.Table, name: str) -> np.ndarray | None:
    """A column back as an array `[frames, width]`, or None where the table has no such column."""
    if name not in rows.column_names:
        return None
    values = rows[name].combine_chunks()
    if pa.types.is_fixed_size_list(values.type):
        values = values.flatten()
    return np.array(values.to_numpy(zero_copy_only=False)).reshape(len(rows), -1)


def features_of(schema: pa.Schema) -> dict[str, dict[str, Any]]:
    """The features of a table as `info.json` declares them."""
    features = {}
    for field in schema:
        width, kind = 1, field.type
        if pa.types.is_fixed_size_list(kind):
            width, kind = kind.list_size, kind.value_type
        dtype = str(kind.to_pandas_dtype().__name__).rstrip("_")
        label = None if width == 1 else [f"{field.name}.{i}" for i in range(width)]
        features[field.name] = {"dtype": dtype, "shape": [width], "names": label}
    return features


# ---- ground truth ----------------------------------------------------------------------------------------------------

CHUNKS = pa.schema(
    {
        "kind": pa.string(),  # of ground truth, which is also its folder: depth, segmentation or states
        "name": pa.string(),  # of the state
        "frame_index": pa.int64(),  # of the first frame of the chunk
        "frames": pa.int64(),
        "dtype": pa.string(),  # as numpy writes it: "<f8"
        "shape": pa.list_(pa.int64()),  # of one frame
        "data": pa.binary(),  # zstd of the frames in C order
    }
)


def chunks_of(episode: Episode) -> pa.Table:
    """Ground truth as rows of 16 compressed frames each: any window is read without the rest.

    Raises:
        ValueError: Where a state is not made of numbers.
    """
    truth = [("depth", "", episode.depth), ("segmentation", "", episode.segmentation)]
    truth += [("states", name, values) for name, values in episode.states.items()]
    codec, rows = pa.Codec("zstd"), []
    for kind, name, values in truth:
        if values is None:
            continue
        if values.dtype.kind not in "biufc":
            raise ValueError(
                f"the state {name!r} came as {values.dtype}; booleans, integers and floats can be stored: "
                "code names as integers"
            )
        for start in range(0, len(values), CHUNK_FRAMES):
            part = np.ascontiguousarray(values[start : start + CHUNK_FRAMES])
            data = codec.compress(part.tobytes(), asbytes=True)
            rows.append((kind, name, start, len(part), part.dtype.str, list(part.shape[1:]), data))
    columns = [list(column) for column in zip(*rows, strict=True)] or [[] for _ in CHUNKS]
    return pa.table(columns, CHUNKS)  # by columns: by rows it takes three times as long


def truth_of(chunks: pa.Table) -> dict[str, np.ndarray]:
    """The chunks of one episode and one kind back as the arrays that were written, by name, in the same order."""
    codec, parts = pa.Codec("zstd"), {}
    for row in chunks.to_pylist():
        dtype, shape = np.dtype(row["dtype"]), (row["frames"], *row["shape"])
        size = int(np.prod(shape)) * dtype.itemsize
        part = np.frombuffer(codec.decompress(row["data"], size, asbytes=True), dtype).reshape(shape)
        parts.setdefault(row["name"], []).append(part)
    return {name: np.concatenate(values, dtype=values[0].dtype) for name, values in parts.items()}


# ---- statistics ------------------------------------------------------------------------------------------------------


def stats_of(episode: Episode, rows: pa.Table) -> dict[str, dict[str, Any]]:
    """Least, greatest, mean, deviation and count of each numeric feature, and of each colour in [0, 1].

    For colours every eighth frame will do, as it does for LeRobot: all of them would take as long as coding the video.
    """
    stats = {}
    for name in rows.column_names:
        values = column(rows, name)
        assert values is not None
        if values.dtype.kind == "f":
            stats[name] = _stats(values.T.astype(np.float64))
    colours = _stats(np.ascontiguousarray(episode.frames[::8].reshape(-1, 3).T) / np.float32(255))
    stats[VIDEO] = {key: np.reshape(value, (3, 1, 1)).tolist() for key, value in colours.items() if key != "count"}
    stats[VIDEO]["count"] = [len(episode.frames)]
    return stats


def _stats(values: np.ndarray) -> dict[str, list[float]]:
    return {
        "min": values.min(1).tolist(),
        "max": values.max(1).tolist(),
        "mean": values.mean(1).tolist(),
        "std": values.std(1).tolist(),
        "count": [values.shape[1]],
    }


def joint_stats(episodes: pa.Table) -> dict[str, dict[str, Any]]:
    """The statistics of the whole, from the columns `stats/FEATURE/STATISTIC` of the table of episodes."""

    def each(name: str, statistic: str) -> np.ndarray:
        return np.array(episodes[f"stats/{name}/{statistic}"].to_pylist(), np.float64)

    joint = {}
    for name in dict.fromkeys(key.split("/")[1] for key in episodes.column_names if key.startswith("stats/")):
        counts = each(name, "count")[:, 0]
        share = counts / counts.sum()
        means = each(name, "mean")
        mean = np.tensordot(share, means, 1)
        variance = np.tensordot(share, each(name, "std") ** 2 + (means - mean) ** 2, 1)
        joint[name] = {
            "min": each(name, "min").min(0).tolist(),
            "max": each(name, "max").max(0).tolist(),
            "mean": mean.tolist(),
            "std": np.sqrt(variance).tolist(),
            "count": [int(counts.sum())],
        }
    return joint


def write_table(path: Path, table: pa.Table) -> None:
    """A small table as one row group."""
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(table, path, **PARQUET)


def read_table(path: Path, columns: list[str] | None = None) -> pa.Table:
    """A whole table, in this thread alone."""
    with pq.ParquetFile(path) as file:
        return file.read(columns, use_threads=False)
