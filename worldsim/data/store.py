"""Reading episodes back: what `EpisodeStore` returns is what was written, to the byte."""

import json
from functools import cached_property
from pathlib import Path
from typing import Any

import gymnasium as gym
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from worldsim.data import layout
from worldsim.data.spaces import space_from_json
from worldsim.types import Episode
from worldsim.video import Frames, read_mp4


class EpisodeStore:
    """The episodes of a finished dataset.

    Args:
        path: The folder that `worldsim record` or `write_episodes` wrote.

    Attributes:
        path: That folder.
        info: All that `meta/info.json` says; `info["worldsim"]` is ours: the world, versions, spaces, policy, licence.
        fps: Frames a second (Hz).
        size: Height and width in pixels.
        actions: The components of a flattened action.

    Raises:
        FileNotFoundError: Where there is no dataset, or its recording is not finished.
        ValueError: Where a dataset is of another kind than ours, or of a version still unknown here.
    """

    def __init__(self, path: str | Path):
        self.path = Path(path)
        if not (self.path / layout.INFO).exists():
            if several := layout.worlds_of(self.path):
                raise ValueError(f"{path} holds the datasets of several worlds, {', '.join(several)}; name one of them")
            if (self.path / layout.STAGING).exists():
                raise FileNotFoundError(f"the recording in {path} is not finished; the command that began it goes on")
            raise FileNotFoundError(f"there is no dataset in {path}: it has no {layout.INFO}; record one into it")
        self.info: dict[str, Any] = json.loads((self.path / layout.INFO).read_text())
        ours = self.info.get("worldsim")
        if ours is None:
            raise ValueError(f"{path} was not recorded by worldsim: its {layout.INFO} has no key 'worldsim'")
        if ours["schema"] > layout.SCHEMA_VERSION:
            raise ValueError(
                f"{path} has schema {ours['schema']}; this worldsim reads up to {layout.SCHEMA_VERSION}: update it"
            )
        self.fps = float(ours["fps"])
        height, width, _ = self.info["features"][layout.VIDEO]["shape"]
        self.size: tuple[int, int] = (height, width)
        self.actions: int = ours["actions"]
        self._footers: dict[Path, pq.FileMetaData] = {}  # parsed once: they are long where a file has many episodes

    def __len__(self) -> int:
        """The number of episodes."""
        return self.info["total_episodes"]

    def __getitem__(self, index: int) -> Episode:
        """One episode, exactly as it was written.

        Raises:
            IndexError: Where there is no such episode.
            ValueError: Where a file is damaged, or has a frame too few.
        """
        if not -len(self) <= index < len(self):
            raise IndexError(f"episode {index} was asked of {self.path}, which has {len(self)}")
        index %= len(self)
        facts = self.facts[index]
        rows, frames = self._rows(index), self.frames(index)
        length = len(rows)
        actions, rewards = layout.column(rows, "action"), layout.column(rows, "next.reward")
        poses, intrinsics = layout.column(rows, layout.POSE), layout.column(rows, layout.INTRINSICS)
        truth = {kind: self.truth(index, kind) for kind in self._truth_groups[index]}
        return Episode(
            actions=np.zeros((length - 1, 0), np.float32) if actions is None else actions[:-1],
            frames=frames,
            fps=self.fps,
            scene=facts["worldsim/scene"],
            seed=facts["worldsim/seed"],
            policy=facts["worldsim/policy"],
            rewards=None if rewards is None else rewards[:-1, 0],
            poses=None if poses is None else poses.reshape(length, 4, 4),
            intrinsics=None if intrinsics is None else intrinsics.reshape(length, 3, 3),
            depth=truth.get("depth", {}).get(""),
            segmentation=truth.get("segmentation", {}).get(""),
            states=truth.get("states", {}),
            caption=facts["worldsim/caption"],
            notes=layout.notes_of(facts),
        )

    def frames(self, index: int, start: int = 0, stop: int | None = None) -> Frames:
        """Frames `start` to `stop` of one episode, and nothing else of it."""
        facts = self.facts[index]
        first = facts["dataset_from_index"] - self._first_of_file[self._file(index)]["dataset_from_index"]
        stop = facts["length"] if stop is None else stop
        return read_mp4(self._path(f"videos/{layout.VIDEO}", index, "mp4"), first + start, first + stop)

    def truth(self, index: int, kind: str = "states") -> dict[str, np.ndarray]:
        """The ground truth of one episode by name: its `states`, or its `depth` or `segmentation` under the name "".

        Raises:
            ValueError: Where the episode has no such truth, or a chunk of it is missing.
        """
        if kind not in self._truth_groups[index]:
            known = ", ".join(self._truth_groups[index]) or "none"
            raise ValueError(f"episode {index} of {self.path} has no truth of kind {kind!r}; it has: {known}")
        path = self._path(f"groundtruth/{kind}", index, "parquet")
        truth = layout.truth_of(self._group(path, self._truth_groups[index][kind]))
        for frames in {len(values) for values in truth.values()} or {0}:
            self._whole(path, index, frames)
        return truth

    def kinds(self, index: int) -> list[str]:
        """The kinds of ground truth that an episode has: of `depth`, `segmentation`, `states`."""
        return list(self._truth_groups[index])

    @cached_property
    def lengths(self) -> np.ndarray:
        """The number of frames of each episode, `[episodes]`."""
        return np.array([facts["length"] for facts in self.facts])

    @cached_property
    def episodes(self) -> pa.Table:
        """One row an episode: its length, seed, policy, caption, and where its parts lie."""
        files = sorted((self.path / "meta/episodes").glob("*/*.parquet"))
        tables = [layout.read_table(file) for file in files]
        table = pa.concat_tables(tables)
        return table.select([name for name in table.column_names if not name.startswith("stats/")])

    @cached_property
    def all_actions(self) -> np.ndarray:
        """The actions of all episodes, one row a frame, `[frames, a]` float32; the last of an episode is padding."""
        if not self.actions:
            return np.zeros((self.info["total_frames"], 0), np.float32)
        files = sorted((self.path / "data").glob("*/*.parquet"))
        tables = [layout.read_table(file, ["action"]) for file in files]
        actions = layout.column(pa.concat_tables(tables), "action")
        assert actions is not None
        return actions

    @cached_property
    def all_cameras(self) -> tuple[np.ndarray, np.ndarray] | None:
        """Poses `[frames, 4, 4]` and intrinsics `[frames, 3, 3]` of all episodes; None where the dataset has none."""
        files = sorted((self.path / "data").glob("*/*.parquet"))
        rows = pa.concat_tables([layout.read_table(file, [layout.POSE, layout.INTRINSICS]) for file in files])
        poses, intrinsics = layout.column(rows, layout.POSE), layout.column(rows, layout.INTRINSICS)
        if poses is None or intrinsics is None:
            return None
        return poses.reshape(-1, 4, 4), intrinsics.reshape(-1, 3, 3)

    @property
    def scene(self) -> str:
        """The world that the episodes are of, by its id without the module that registers it."""
        return self.facts[0]["worldsim/scene"].rpartition(":")[2]

    @property
    def sizes(self) -> list[tuple[int, int]]:
        """Heights and widths in pixels, each once; see `Mixture`."""
        return [self.size]

    @property
    def rates(self) -> list[float]:
        """Frames a second (Hz), each rate once; see `Mixture`."""
        return [self.fps]

    @property
    def action_space(self) -> gym.Space | None:
        """The space of which the actions were taken, before they were flattened; None where it was not told."""
        return self._space("action_space")

    @property
    def observation_space(self) -> gym.Space | None:
        """The space of what the environment observed; None where it was not told."""
        return self._space("observation_space")

    @property
    def hash(self) -> str:
        """The sha256 of all that the dataset holds, as it was when the dataset was finished."""
        return self.info["worldsim"]["hash"]

    def check(self) -> None:
        """Read every byte and compare with the hash.

        Raises:
            ValueError: Where they differ.
        """
        found = layout.content_hash(self.path, self.info)
        if found != self.hash:
            raise ValueError(
                f"{self.path} has changed: its files hash to {found[:12]}, and it was finished as {self.hash[:12]}; "
                "copy it again, or record it again"
            )

    def _space(self, key: str) -> gym.Space | None:
        written = self.info["worldsim"].get(key)
        return None if written is None else space_from_json(written)

    @cached_property
    def facts(self) -> list[dict[str, Any]]:
        """`episodes` as a list: `store.facts[i]["worldsim/policy"]`."""
        return self.episodes.to_pylist()

    @cached_property
    def _first_of_file(self) -> dict[int, dict[str, Any]]:
        """The facts of the first episode in each file."""
        return {self._file(facts["episode_index"]): facts for facts in reversed(self.facts)}

    @cached_property
    def _truth_groups(self) -> list[dict[str, int]]:
        """For each episode, which row group of its file holds which truth."""
        groups, counts = [], {}
        for facts in self.facts:
            file = self._file(facts["episode_index"])
            mine = {}
            for key in json.loads(facts["worldsim/truth"]):
                mine[key] = counts.get((file, key), 0)
                counts[file, key] = mine[key] + 1
            groups.append(mine)
        return groups

    def _file(self, index: int) -> int:
        facts = self.facts[index]
        return facts["data/chunk_index"] * layout.FILES_PER_FOLDER + facts["data/file_index"]

    def _path(self, folder: str, index: int, suffix: str) -> Path:
        return self.path / layout.file_of(folder, self._file(index), suffix)

    def _rows(self, index: int) -> pa.Table:
        path = self._path("data", index, "parquet")
        rows = self._group(path, index - self._first_of_file[self._file(index)]["episode_index"])
        self._whole(path, index, len(rows))
        return rows

    def _whole(self, path: Path, index: int, rows: int) -> None:
        if rows != self.lengths[index]:
            raise ValueError(
                f"{path} has {rows} rows for episode {index}, which has {self.lengths[index]} frames; "
                "copy the dataset again, or record it again"
            )

    def _group(self, path: Path, group: int) -> pa.Table:
        if not path.is_file():
            raise FileNotFoundError(f"the dataset {self.path} lacks {path}; copy it again, or record it again")
        try:
            with pq.ParquetFile(path, metadata=self._footers.get(path), memory_map=True) as file:
                self._footers[path] = file.metadata
                return file.read_row_group(group, use_threads=False)
        except (pa.ArrowInvalid, OSError) as error:
            raise ValueError(f"{path} is cut short or damaged; copy it again, or record it again: {error}") from error
