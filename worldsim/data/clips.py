"""Windows of episodes to learn from, out of a decoded cache.

Decoding video while training would be most of the work. So the frames of a dataset are decoded once into one file of
raw bytes that is mapped into memory; it belongs to the hash of the dataset and is made anew when that changes.
"""

import os
import shutil
from collections.abc import Sequence
from copy import copy
from pathlib import Path
from typing import Protocol, runtime_checkable

import numpy as np
import torch
from jaxtyping import Int
from torch.utils.data import Dataset
from tqdm import tqdm

from worldsim.data import layout
from worldsim.data.store import EpisodeStore
from worldsim.types import Camera, Clip
from worldsim.video import read_mp4

DECODE_FRAMES = 1024


def decoded(store: EpisodeStore, cache: str | Path | None = None) -> Path:
    """The file of all frames of a dataset, uint8 `[frames, 3, h, w]`; decodes them where it is not there yet.

    Colours come first, as they do in a Clip: to turn them while training costs more than all the rest of reading.

    Args:
        store: The dataset.
        cache: The folder to keep it in; `.cache` within the dataset where none is said.

    Raises:
        ValueError: Where the disk has no room for it.
    """
    folder = Path(cache or store.path / ".cache")
    path = folder / f"frames-{store.hash[:16]}.u8"
    total, (height, width) = store.info["total_frames"], store.size
    size = total * height * width * 3
    if path.exists() and path.stat().st_size == size:
        return path
    folder.mkdir(parents=True, exist_ok=True)
    free = shutil.disk_usage(folder).free
    if free < size:
        raise ValueError(
            f"the decoded frames of {store.path} take {size / 2**20:.0f} MiB, and {folder} has {free / 2**20:.0f} MiB "
            "left; choose a folder on a larger disk as the cache"
        )
    unfinished = path.with_suffix(f".{os.getpid()}.tmp")
    with open(unfinished, "wb") as file, tqdm(total=total, unit="frame", desc=f"decode {store.path}") as progress:
        for number, count in enumerate(_frames_by_file(store)):
            video = store.path / layout.file_of(f"videos/{layout.VIDEO}", number, "mp4")
            for start in range(0, count, DECODE_FRAMES):
                frames = read_mp4(video, start, min(start + DECODE_FRAMES, count))
                file.write(np.moveaxis(frames, -1, 1).tobytes())
                progress.update(len(frames))
    os.replace(unfinished, path)
    return path


def _frames_by_file(store: EpisodeStore) -> list[int]:
    files = np.array([facts["data/file_index"] for facts in store.facts]) + layout.FILES_PER_FOLDER * np.array(
        [facts["data/chunk_index"] for facts in store.facts]
    )
    return np.bincount(files, weights=store.lengths).astype(int).tolist()


def cameras_of(store: EpisodeStore) -> tuple[np.ndarray, np.ndarray]:
    """Poses and intrinsics of all frames of a dataset; zeros where it does not know."""
    if store.all_cameras is not None:
        return store.all_cameras
    frames = store.info["total_frames"]
    return np.broadcast_to(np.zeros((4, 4)), (frames, 4, 4)), np.broadcast_to(np.zeros((3, 3)), (frames, 3, 3))


class ClipDataset(Dataset):
    """Every window of so many frames within the given episodes, from the first to the last.

    A window never leaves its episode. An episode that is shorter gives one window, in which its last frame is repeated,
    its further actions are zeros, and `mask` is False.

    Args:
        path: A dataset.
        frames: Frames of a clip.
        episodes: Which episodes; all where none are said.
        cache: Where the decoded frames are kept; `.cache` within the dataset where it is not said.
        camera: Whether clips tell where they were seen from; zeros where the dataset does not know.

    Attributes:
        starts: The frame (of the dataset) at which each window begins.

    Raises:
        ValueError: Where a clip would have fewer than two frames, or there are no episodes.
    """

    def __init__(
        self,
        path: str | Path,
        frames: int = 12,
        episodes: Sequence[int] | None = None,
        cache: str | Path | None = None,
        camera: bool = False,
    ):
        if frames < 2:
            raise ValueError(f"frames came as {frames}; a clip shows what came of an action, so it has at least two")
        store = EpisodeStore(path)
        chosen = np.arange(len(store)) if episodes is None else np.asarray(episodes, np.int64)
        if not len(chosen):
            raise ValueError(f"no episode of {path} was chosen; it has {len(store)}")
        self._file, self._shape = decoded(store, cache), (store.info["total_frames"], 3, *store.size)
        self._memory: np.ndarray | None = None
        self._actions = store.all_actions
        self._cameras = cameras_of(store) if camera else None
        self._first = (np.cumsum(store.lengths) - store.lengths)[chosen]
        self._lengths = store.lengths[chosen]
        self._lay(frames)

    def _lay(self, frames: int) -> None:
        """Find the windows of so many frames."""
        self.frames = frames
        windows = np.maximum(self._lengths - frames + 1, 1)
        offsets = np.arange(windows.sum()) - np.repeat(np.cumsum(windows) - windows, windows)
        self.starts = np.repeat(self._first, windows) + offsets
        # the last frame of the episode that a window is in
        self._lasts = np.repeat(self._first + self._lengths - 1, windows)
        self._offsets = offsets

    def cut(self, frames: int) -> "ClipDataset":
        """The same episodes in windows of another length; one of a single frame has no action."""
        other = copy(self)
        other._lay(frames)
        return other

    def __len__(self) -> int:
        """The number of windows; neighbours overlap."""
        return len(self.starts)

    def __getitem__(self, index: int) -> Clip:
        """One window, as a batch of one."""
        return self.clips(np.array([index]))

    def shapes(self, windows: Int[np.ndarray, " b"]) -> Int[np.ndarray, "b 3"]:
        """How many real frames each of these windows has, and their height and width in pixels."""
        real = np.minimum(self.frames, self._lasts[windows] - self.starts[windows] + 1)
        return np.stack([real, *(np.full(len(windows), side) for side in self._shape[2:])], axis=1)

    def clips(self, windows: Int[np.ndarray, " b"], frames: int | None = None) -> Clip:
        """These windows as a batch; of each the first `frames` frames, all where it is not said."""
        wanted = self.starts[windows, None] + np.arange(self.frames if frames is None else frames)
        last = self._lasts[windows, None]
        there = np.minimum(wanted, last)
        pictures = torch.from_numpy(self._mapped()[there]).float().div_(127.5).sub_(1)
        # the last frame of an episode has no action of its own; its row holds zeros
        actions = torch.from_numpy(self._actions[there[:, :-1]])
        camera = None if self._cameras is None else Camera(*(torch.from_numpy(each[there]) for each in self._cameras))
        return Clip(pictures, actions, torch.from_numpy(wanted <= last), camera)

    def apart(self) -> np.ndarray:
        """The windows that do not overlap: every so many-th of an episode, from its first."""
        return np.flatnonzero(self._offsets % self.frames == 0)

    def _mapped(self) -> np.ndarray:
        if self._memory is None:
            self._memory = np.memmap(self._file, np.uint8, "r", shape=self._shape)
        return self._memory

    def __getstate__(self) -> dict:
        return {**vars(self), "_memory": None}  # or a worker process would be sent all frames


@runtime_checkable
class Windows(Protocol):
    """Windows of one dataset, or of several.

    Attributes:
        frames: Of a window.
    """

    frames: int

    def __len__(self) -> int:
        """The number of windows."""
        ...

    def cut(self, frames: int) -> "Windows":
        """The same episodes in windows of another length."""
        ...

    def shapes(self, windows: Int[np.ndarray, " b"]) -> Int[np.ndarray, "b 3"]:
        """How many real frames each of these windows has, and their height and width in pixels."""
        ...

    def clips(self, windows: Int[np.ndarray, " b"], frames: int | None = None) -> Clip:
        """These windows, all of one size, as a batch; of each the first `frames` frames."""
        ...
