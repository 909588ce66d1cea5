"""Episodes to disk: each is staged alone, and staged ones are packed, in order, into files of many.

    stage     any process, any order: one folder an episode, made whole by an atomic rename
    pack      one process, in order: packets and row groups are renumbered and moved, nothing is coded again
    finish    tasks, statistics and `info.json`, which comes last: a dataset that has one is whole

What is packed depends on the episodes alone, never on who staged them or when. So many workers may record, a killed
recording loses nothing that was finished, and the dataset that is resumed equals the uninterrupted one to the byte.
"""

import json
import os
import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from worldsim.data import layout
from worldsim.types import Episode
from worldsim.video import frame_rate, join_mp4, write_mp4

FILE_BYTES = 64 * 2**20
"""Episodes are packed into files of about this size; small enough that staging doubles little of a large dataset."""


def write_episodes(
    path: str | Path, episodes: Iterable[Episode], profile: str = "lossless", about: Mapping[str, Any] | None = None
) -> None:
    """Write a whole dataset from Python.

    Args:
        path: A folder, new or with an unfinished dataset of the same episodes.
        episodes: In order; taken one at a time.
        profile: A name of `worldsim.video.PROFILES`; only `lossless` gives the frames back to the byte.
        about: What `info.json` says under `worldsim`, beside what the episodes say.

    Raises:
        FileExistsError: Where there is a finished dataset already.
        ValueError: Where the episodes do not belong into one dataset.
    """
    path = Path(path)
    if (path / layout.INFO).exists():
        raise FileExistsError(f"there is a finished dataset in {path}; choose another folder, or delete that one")
    packer = Packer(path)
    for index, episode in enumerate(episodes):
        if index >= packer.episodes and not staged(path, index).exists():
            stage(path, index, episode, profile)
        packer.pack()
    packer.finish({"profile": profile, **(about or {})})


# ---- stage -----------------------------------------------------------------------------------------------------------


def staged(path: Path, index: int) -> Path:
    """Where the index-th episode lies until it is packed."""
    return path / layout.STAGING / f"episode-{index:06d}"


def stage(path: Path, index: int, episode: Episode, profile: str = "lossless") -> None:
    """Write one episode to a folder of its own, in any process and in any order.

    Raises:
        ValueError: Where the episode has no step, or a state that cannot be stored.
    """
    if not len(episode):
        raise ValueError(f"episode {index} has no step; an episode to learn from has at least one")
    chunks = layout.chunks_of(episode)
    folder = staged(path, index)
    unfinished = folder.with_name(f"unfinished-{os.getpid()}-{folder.name}")
    unfinished.mkdir(parents=True, exist_ok=True)  # a killed process of the same number may have left it
    write_mp4(unfinished / "frames.mp4", episode.frames, episode.fps, profile)
    rows = layout.rows_of(episode)
    facts = {
        "frames": len(episode.frames),
        "size": list(episode.frames.shape[1:3]),
        "fps": float(episode.fps),
        "actions": episode.actions.shape[1],
        "scene": episode.scene,
        "seed": int(episode.seed),
        "policy": episode.policy,
        "caption": episode.caption,
        "notes": layout.columns_of(episode.notes),
        "truth": list(dict.fromkeys(chunks["kind"].to_pylist())),
        "stats": layout.stats_of(episode, rows),
    }
    for name, table in (("rows", rows), ("truth", chunks)):
        with pa.OSFile(str(unfinished / f"{name}.arrow"), "wb") as file, pa.ipc.new_file(file, table.schema) as writer:
            writer.write_table(table)
    (unfinished / "episode.json").write_text(json.dumps(facts))
    os.rename(unfinished, folder)


def _read_staged(folder: Path, name: str) -> pa.Table:
    with pa.memory_map(str(folder / f"{name}.arrow")) as file, pa.ipc.open_file(file) as reader:
        return reader.read_all()


# ---- pack and finish -------------------------------------------------------------------------------------------------


class Packer:
    """Packs staged episodes, in order, into the files of a dataset. There is one at a time.

    Args:
        path: The dataset; what was packed before is found and kept.
        file_bytes: Episodes are gathered until their files hold this much.

    Attributes:
        episodes: How many are packed.
    """

    def __init__(self, path: str | Path, file_bytes: int = FILE_BYTES):
        self.path = Path(path)
        self.file_bytes = file_bytes
        self.episodes = self.frames = self.files = 0
        self.tasks: dict[str, int] = {}
        self._waiting: list[Path] = []
        self._waiting_bytes = 0
        self._kind_file = self.path / layout.STAGING / "kind.json"
        self._kind_file.parent.mkdir(parents=True, exist_ok=True)
        self._kind: dict[str, Any] = json.loads(self._kind_file.read_text()) if self._kind_file.exists() else {}
        while (packed := self.path / layout.file_of("meta/episodes", self.files, "parquet")).exists():
            table = layout.read_table(packed)
            self.episodes += len(table)
            self.frames = table["dataset_to_index"][-1].as_py()
            self.files += 1
            for (task,) in table["tasks"].to_pylist():
                self.tasks.setdefault(task, len(self.tasks))
        for index in range(self.episodes):  # packed, but the process ended before it cleared them away
            shutil.rmtree(staged(self.path, index), ignore_errors=True)

    def missing(self, total: int) -> list[int]:
        """Which of so many episodes are neither packed nor staged."""
        return [index for index in range(self.episodes, total) if not staged(self.path, index).exists()]

    def pack(self, all_of_them: bool = False) -> None:
        """Pack those staged ones that fill a file; with `all_of_them` the last, smaller file too.

        Raises:
            ValueError: Where an episode does not fit to those before it.
        """
        while (folder := staged(self.path, self.episodes + len(self._waiting))).exists():
            self._waiting.append(folder)
            self._waiting_bytes += sum(part.stat().st_size for part in folder.iterdir())
            if self._waiting_bytes >= self.file_bytes:
                self._pack_file()
        if all_of_them and self._waiting:
            self._pack_file()

    def _pack_file(self) -> None:
        folders, draft = self._waiting, self.path / layout.STAGING / "draft"
        shutil.rmtree(draft, ignore_errors=True)
        facts = [json.loads((folder / "episode.json").read_text()) for folder in folders]
        for offset, fact in enumerate(facts):
            self._check(self.episodes + offset, fact)
            self.tasks.setdefault(_task(fact), len(self.tasks))

        video = layout.file_of(f"videos/{layout.VIDEO}", self.files, "mp4")
        (draft / video).parent.mkdir(parents=True)
        join_mp4(draft / video, [folder / "frames.mp4" for folder in folders])
        self._pack_rows(draft, folders, facts)
        self._pack_truth(draft, folders)
        episodes = layout.file_of("meta/episodes", self.files, "parquet")
        layout.write_table(draft / episodes, self._episode_table(facts))

        # The table of episodes says that the rest is there, so it comes last.
        written = sorted(part.relative_to(draft) for part in draft.rglob("*.*") if part.is_file())
        for part in [*(part for part in written if part != Path(episodes)), Path(episodes)]:
            (self.path / part).parent.mkdir(parents=True, exist_ok=True)
            os.replace(draft / part, self.path / part)
        for folder in folders:
            shutil.rmtree(folder)
        shutil.rmtree(draft)
        self.episodes += len(folders)
        self.frames += sum(fact["frames"] for fact in facts)
        self.files += 1
        self._waiting, self._waiting_bytes = [], 0

    def _check(self, index: int, fact: Mapping[str, Any]) -> None:
        """One dataset has one picture size, one frame rate, one kind of action, and the same columns and notes."""
        kind = {key: fact[key] for key in ("size", "fps", "actions")}
        kind |= {"columns": sorted(fact["stats"]), "notes": list(fact["notes"])}
        if not self._kind:
            self._kind = kind
            _write_json(self._kind_file, kind)
        for key, value in kind.items():
            if value != self._kind[key]:
                raise ValueError(
                    f"episode {index} has {key} {value} beside {self._kind[key]} of episode 0; "
                    "the episodes of a dataset are of one kind: write it to another folder"
                )

    def _pack_rows(self, draft: Path, folders: list[Path], facts: list[dict[str, Any]]) -> None:
        """One row group an episode, with its place in the dataset."""
        path = draft / layout.file_of("data", self.files, "parquet")
        path.parent.mkdir(parents=True)
        writer, start = None, self.frames
        for offset, (folder, fact) in enumerate(zip(folders, facts, strict=True)):
            rows, frames = _read_staged(folder, "rows"), fact["frames"]
            rows = rows.append_column("episode_index", pa.array([self.episodes + offset] * frames, pa.int64()))
            rows = rows.append_column("index", pa.array(range(start, start + frames), pa.int64()))
            rows = rows.append_column("task_index", pa.array([self.tasks[_task(fact)]] * frames, pa.int64()))
            writer = writer or pq.ParquetWriter(path, rows.schema, **layout.PARQUET)
            writer.write_table(rows, row_group_size=frames)
            start += frames
        assert writer is not None
        writer.close()

    def _pack_truth(self, draft: Path, folders: list[Path]) -> None:
        """One file a kind, one row group an episode that has the kind."""
        writers: dict[str, pq.ParquetWriter] = {}
        for offset, folder in enumerate(folders):
            chunks = _read_staged(folder, "truth")
            kinds = np.array(chunks["kind"].to_pylist())
            for kind in dict.fromkeys(kinds.tolist()):
                rows = chunks.filter(pa.array(kinds == kind)).drop_columns("kind")
                rows = rows.add_column(0, "episode_index", pa.array([self.episodes + offset] * len(rows), pa.int64()))
                if kind not in writers:
                    path = draft / layout.file_of(f"groundtruth/{kind}", self.files, "parquet")
                    path.parent.mkdir(parents=True)
                    # the chunks are compressed already
                    writers[kind] = pq.ParquetWriter(path, rows.schema, compression="none", use_dictionary=False)
                writers[kind].write_table(rows, row_group_size=len(rows))
        for writer in writers.values():
            writer.close()

    def _episode_table(self, facts: list[dict[str, Any]]) -> pa.Table:
        """One row an episode: where its parts lie, how it came about, and its statistics."""
        chunk, file = divmod(self.files, layout.FILES_PER_FOLDER)
        rate, rows, start, video_start = frame_rate(facts[0]["fps"]), [], self.frames, 0
        for offset, fact in enumerate(facts):
            frames = fact["frames"]
            rows.append(
                {
                    "episode_index": self.episodes + offset,
                    "tasks": [_task(fact)],
                    "length": frames,
                    "dataset_from_index": start,
                    "dataset_to_index": start + frames,
                    "data/chunk_index": chunk,
                    "data/file_index": file,
                    f"videos/{layout.VIDEO}/chunk_index": chunk,
                    f"videos/{layout.VIDEO}/file_index": file,
                    f"videos/{layout.VIDEO}/from_timestamp": float(video_start / rate),
                    f"videos/{layout.VIDEO}/to_timestamp": float((video_start + frames) / rate),
                    "meta/episodes/chunk_index": chunk,
                    "meta/episodes/file_index": file,
                    "worldsim/scene": fact["scene"],
                    "worldsim/seed": fact["seed"],
                    "worldsim/policy": fact["policy"],
                    "worldsim/caption": fact["caption"],
                    "worldsim/truth": json.dumps(fact["truth"]),
                    **fact["notes"],
                    **{f"stats/{name}/{key}": v for name, stats in fact["stats"].items() for key, v in stats.items()},
                }
            )
            start += frames
            video_start += frames
        return pa.Table.from_pylist(rows)

    def finish(self, about: Mapping[str, Any]) -> None:
        """Pack what is left, and write what concerns the whole; then the dataset can be read.

        Args:
            about: What `info.json` says under `worldsim`: the world, versions, spaces, policy, licence.

        Raises:
            ValueError: Where there is no episode.
        """
        self.pack(all_of_them=True)
        if not self.episodes:
            raise ValueError(f"there is no episode in {self.path} to finish a dataset with")
        tables = [
            layout.read_table(self.path / layout.file_of("meta/episodes", k, "parquet")) for k in range(self.files)
        ]
        _write_json(self.path / "meta/stats.json", layout.joint_stats(pa.concat_tables(tables)))
        self._write_tasks()
        info = self._info(about)
        info["worldsim"]["hash"] = layout.content_hash(self.path, info)
        _write_json(self.path / layout.INFO, info)
        shutil.rmtree(self.path / layout.STAGING)

    def _write_tasks(self) -> None:
        """A table that pandas reads with the task as its index, which LeRobot counts on."""
        table = pa.table({"task_index": pa.array(self.tasks.values(), pa.int64()), "task": list(self.tasks)})
        pandas = {
            "index_columns": ["task"],
            "column_indexes": [],
            "columns": [
                {"name": n, "field_name": n, "pandas_type": kind, "numpy_type": numpy_type, "metadata": None}
                for n, kind, numpy_type in (("task_index", "int64", "int64"), ("task", "unicode", "object"))
            ],
        }
        layout.write_table(
            self.path / "meta/tasks.parquet", table.replace_schema_metadata({"pandas": json.dumps(pandas)})
        )

    def _info(self, about: Mapping[str, Any]) -> dict[str, Any]:
        """What `info.json` says, all but the hash."""
        first = pq.read_schema(self.path / layout.file_of("data", 0, "parquet"))
        height, width = self._kind["size"]
        fps = self._kind["fps"]
        picture = {
            "dtype": "video",
            "shape": [height, width, 3],
            "names": ["height", "width", "channels"],
            "info": {
                "video.height": height,
                "video.width": width,
                "video.channels": 3,
                "video.fps": _whole(fps),
                "video.codec": "h264",
                "video.is_depth_map": False,
                "has_audio": False,
            },
        }
        return {
            "codebase_version": layout.LEROBOT_VERSION,
            "robot_type": None,
            "fps": _whole(fps),
            "total_episodes": self.episodes,
            "total_frames": self.frames,
            "total_tasks": len(self.tasks),
            "chunks_size": layout.FILES_PER_FOLDER,
            "data_files_size_in_mb": self.file_bytes // 2**20,
            "video_files_size_in_mb": self.file_bytes // 2**20,
            "splits": {"train": f"0:{self.episodes}"},
            "data_path": "data/chunk-{chunk_index:03d}/file-{file_index:03d}.parquet",
            "video_path": "videos/{video_key}/chunk-{chunk_index:03d}/file-{file_index:03d}.mp4",
            "features": {layout.VIDEO: picture, **layout.features_of(first)},
            "worldsim": {"schema": layout.SCHEMA_VERSION, "actions": self._kind["actions"], "fps": fps, **about},
        }


def _task(fact: Mapping[str, Any]) -> str:
    return fact["caption"] or fact["scene"]


def _whole(value: float) -> float | int:
    return int(value) if value == int(value) else value


def _write_json(path: Path, value: Any) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(f".{path.name}.tmp")
    unfinished.write_text(json.dumps(value, indent=2) + "\n")
    os.replace(unfinished, path)
