"""Several datasets as one to learn from: what a recording of several worlds makes, and what a trainer may be given.

Worlds differ in their actions and in their rate, and a dataset has one of each: so that every program that reads
LeRobotDataset reads it. A mixture is therefore a folder of datasets, one a world. To a learner its actions are one
vector; `worldsim.data.schema` says where in it those of each world lie.
"""

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any

import gymnasium as gym
import numpy as np
import torch
from jaxtyping import Float32, Int
from torch import Tensor
from torch.utils.data import Dataset

from worldsim.data import layout
from worldsim.data.clips import ClipDataset
from worldsim.data.schema import Schema
from worldsim.data.store import EpisodeStore
from worldsim.types import Camera, Clip, Episode


def open_data(path: str | Path) -> "EpisodeStore | Mixture":
    """A dataset, or the mixture of those that a recording of several worlds made.

    Raises:
        FileNotFoundError: Where there is none, or one of a mixture is not finished.
    """
    names = layout.worlds_of(Path(path))
    return Mixture([Path(path) / name for name in names]) if names else EpisodeStore(path)


class Mixture:
    """Datasets as one, in order; to a learner it is what an `EpisodeStore` is.

    Args:
        paths: The folders of the datasets.

    Attributes:
        stores: The datasets.
        schema: Where in the vector the actions of each world lie.
        actions: The components of the vector.
        sizes: Heights and widths in pixels, each once.
        rates: Frames a second (Hz) of the datasets, each once; an episode knows its own.

    Raises:
        FileNotFoundError: Where a dataset is not there, or not finished.
    """

    def __init__(self, paths: Sequence[str | Path]):
        self.stores = [EpisodeStore(path) for path in paths]
        self.sizes = sorted({store.size for store in self.stores})
        self.rates = sorted({store.fps for store in self.stores})
        self.worlds = [store.scene for store in self.stores]
        self.schema = Schema.of({world: space_of(store) for world, store in zip(self.worlds, self.stores, strict=True)})
        self.actions = self.schema.components

    def __len__(self) -> int:
        """The number of episodes."""
        return sum(map(len, self.stores))

    def __getitem__(self, index: int) -> Episode:
        """One episode, with its actions in their place of the vector."""
        which, own = self.locate(index)
        episode = self.stores[which][own]
        return replace(episode, actions=self.placed(which, episode.actions))

    def locate(self, index: int) -> tuple[int, int]:
        """Which dataset an episode is in, and its number there.

        Raises:
            IndexError: Where there is no such episode.
        """
        if not 0 <= index < len(self):
            raise IndexError(f"episode {index} was asked of a mixture of {len(self)}")
        ends = np.cumsum([len(store) for store in self.stores])
        which = int(np.searchsorted(ends, index, side="right"))
        return which, index - int(ends[which]) + len(self.stores[which])

    def placed(self, which: int, actions: Float32[np.ndarray, "*n a"]) -> Float32[np.ndarray, "*n z"]:
        """Actions of one dataset as the vector of all."""
        return self.schema.placed(actions, self.worlds[which])

    @cached_property
    def facts(self) -> list[dict[str, Any]]:
        """One row an episode, as `EpisodeStore.facts`."""
        return [facts for store in self.stores for facts in store.facts]

    @property
    def hash(self) -> str:
        """Of all that the datasets hold, in order."""
        return hashlib.sha256("".join(store.hash for store in self.stores).encode()).hexdigest()

    @property
    def info(self) -> dict[str, Any]:
        """How much there is, in total."""
        keys = ("total_episodes", "total_frames")
        return {key: sum(store.info[key] for store in self.stores) for key in keys}

    def clips(
        self, frames: int, episodes: Sequence[int], cache: str | Path | None = None, camera: bool = False
    ) -> "MixedClips":
        """The windows of so many frames within these episodes; with cameras where asked for."""
        chosen: list[list[int]] = [[] for _ in self.stores]
        for index in episodes:
            which, own = self.locate(index)
            chosen[which].append(own)
        parts = {
            which: ClipDataset(self.stores[which].path, frames, mine, cache, camera)
            for which, mine in enumerate(chosen)
            if mine
        }
        return MixedClips(list(parts.values()), [self.worlds[which] for which in parts], self.schema)


def space_of(store: EpisodeStore) -> gym.Space:
    """The action space of a dataset; one that does not tell holds numbers of no known meaning."""
    unknown = gym.spaces.Box(-np.inf, np.inf, (store.actions,), np.float32)
    return unknown if store.action_space is None else store.action_space


class MixedClips(Dataset):
    """The windows of several datasets, one after the other; see `ClipDataset`.

    Args:
        parts: Windows of equally many frames.
        worlds: The world of each part.
        schema: Where in the vector its actions lie.
    """

    def __init__(self, parts: Sequence[ClipDataset], worlds: Sequence[str], schema: Schema):
        self.parts, self.worlds, self.schema = parts, worlds, schema
        self.frames = parts[0].frames
        self._ends = np.cumsum([len(part) for part in parts])

    def __len__(self) -> int:
        """The number of windows."""
        return int(self._ends[-1])

    def __getitem__(self, index: int) -> Clip:
        """One window, as a batch of one."""
        return self.clips(np.array([index]))

    def cut(self, frames: int) -> "MixedClips":
        """The same episodes in windows of another length."""
        return MixedClips([part.cut(frames) for part in self.parts], self.worlds, self.schema)

    def shapes(self, windows: Int[np.ndarray, " b"]) -> Int[np.ndarray, "b 3"]:
        """How many real frames each of these windows has, and their height and width in pixels."""
        found = np.empty((len(windows), 3), np.int64)
        for part, mine, own in self._by_part(windows):
            found[mine] = self.parts[part].shapes(own)
        return found

    def clips(self, windows: Int[np.ndarray, " b"], frames: int | None = None) -> Clip:
        """These windows, all of one size, as a batch, in this order; of each the first `frames` frames."""
        found: list[Clip] = []
        order: list[np.ndarray] = []
        for part, mine, own in self._by_part(windows):
            clip = self.parts[part].clips(own, frames)
            placed = self.schema.placed(clip.actions.numpy(), self.worlds[part])
            found.append(clip._replace(actions=torch.from_numpy(placed)))
            order.append(mine)
        back = torch.from_numpy(np.argsort(np.concatenate(order)))

        def one(parts: Iterable[Tensor]) -> Tensor:
            return torch.cat(list(parts))[back]

        told = [clip.camera for clip in found if clip.camera is not None]
        return Clip(
            one(clip.frames for clip in found),
            one(clip.actions for clip in found),
            one(clip.mask for clip in found),
            Camera(one(each.poses for each in told), one(each.intrinsics for each in told)) if told else None,
        )

    def _by_part(self, windows: Int[np.ndarray, " b"]) -> Iterator[tuple[int, np.ndarray, np.ndarray]]:
        """Of each part that has some of these windows: which of them, and their numbers there."""
        which = np.searchsorted(self._ends, windows, side="right")
        for part in map(int, np.unique(which)):
            mine = np.flatnonzero(which == part)
            yield part, mine, windows[mine] - self._ends[part] + len(self.parts[part])

    def apart(self) -> np.ndarray:
        """The windows that do not overlap."""
        starts = self._ends - [len(part) for part in self.parts]
        return np.concatenate([part.apart() + start for part, start in zip(self.parts, starts, strict=True)])
