"""Batches of clips for a Lightning trainer, which a resumed run goes on with where it stopped."""

from pathlib import Path
from typing import Any

import lightning as L
import numpy as np
import torch
from torch.utils.data import DataLoader, Dataset

from worldsim.data.batches import Batches, Budget, Draws, Packs
from worldsim.data.clips import ClipDataset, Windows
from worldsim.data.mixture import MixedClips, Mixture, open_data
from worldsim.data.schema import Schema
from worldsim.data.store import EpisodeStore
from worldsim.types import Clip, Pack


class ClipModule(L.LightningDataModule):
    """Clips of a dataset, drawn at random to train with, and fixed ones of held-out episodes to validate with.

    Training batches have no end: say `max_steps` to the trainer, and `val_check_interval` with
    `check_val_every_n_epoch=None`. The i-th batch is a pure function of (seed, i), whatever the number of workers.

    Args:
        path: What `worldsim record` wrote: a dataset, or the datasets of several worlds, which are learned as one; see
            `worldsim.data.mixture`.
        frames: Frames of a clip.
        batch: Clips of a batch.
        seed: Decides which windows are drawn.
        held_out: The share of episodes that is never trained on; spread evenly over the dataset, at least one.
        val_clips: At most so many windows are validated with.
        workers: Processes that read; 0 reads in this one, which is fast enough for small frames.
        cache: Where decoded frames are kept; `.cache` within the dataset where it is not said.
        singles: The share of frames that stand alone; see `worldsim.data.batches`.
        long: Frames of the clips of every second batch.
        camera: Whether clips tell where they were seen from; zeros in those of a dataset that does not know.
        pack: Clips come at their own sizes and lengths, as many at a time as this holds; by default a batch is clips of
            one size and length.

    Attributes (after `setup`):
        store: The dataset.
        sizes: Heights and widths in pixels, each once.
        actions: The components of an action.
        schema: What they mean, where there are several worlds.
        rates: Frames a second (Hz), each rate once.
        held_out_episodes: The episodes that are not trained on; look at predictions of these.

    Raises:
        ValueError: Where a setting cannot be, there are too few episodes to hold one out, or they are of several sizes
            and not to be packed.
    """

    store: EpisodeStore | Mixture
    sizes: list[tuple[int, int]]
    actions: int
    schema: Schema | None
    rates: list[float]
    held_out_episodes: list[int]

    def __init__(
        self,
        path: str | Path,
        frames: int = 12,
        batch: int = 16,
        seed: int = 0,
        held_out: float = 0.1,
        val_clips: int = 64,
        workers: int = 0,
        cache: str | Path | None = None,
        singles: float = 0.0,
        long: int | None = None,
        pack: Budget | None = None,
        camera: bool = False,
    ):
        super().__init__()
        if batch < 1:
            raise ValueError(f"batch came as {batch}; it has at least one clip")
        if not 0 < held_out < 1:
            raise ValueError(
                f"held_out came as {held_out}; it is a share of the episodes, between 0 and 1: 0.1 is usual"
            )
        self.path, self.frames, self.batch, self.seed = Path(path), frames, batch, seed
        self.held_out, self.val_clips, self.workers, self.cache = held_out, val_clips, workers, cache
        self.singles, self.long, self.pack, self.camera = singles, long, pack, camera
        self._step = 0  # batches trained with so far

    def setup(self, stage: str | None = None) -> None:
        """Open the dataset, decode it where that was not done, and split it by episode."""
        self._step = 0  # a checkpoint is loaded after this
        if hasattr(self, "store"):
            return
        store = open_data(self.path)
        if len(store) < 2:
            raise ValueError(f"{self.path} has {len(store)} episode; one to train with and one to hold out are needed")
        if self.pack is None and len(store.sizes) > 1:
            raise ValueError(
                f"{self.path} has frames of {' and '.join(f'{h} x {w}' for h, w in store.sizes)} pixels; those of a "
                "batch are equally large: pack them, as with `worldsim fit --pack 2048`, or record them at one size"
            )
        if self.camera and all(each.all_cameras is None for each in getattr(store, "stores", [store])):
            raise ValueError(
                f"camera=True came with {self.path}, which does not tell where its frames were seen from: record a "
                "world that does, as those of worldsim_envs do, or leave camera out"
            )
        count = min(max(1, round(self.held_out * len(store))), len(store) - 1)
        self.held_out_episodes = np.linspace(0, len(store) - 1, count, dtype=int).tolist()
        kept = sorted(set(range(len(store))) - set(self.held_out_episodes))
        train, self._val = (self._clips(store, chosen) for chosen in (kept, self.held_out_episodes))
        self._draws = Draws(train, self.batch, self.seed, self.singles, self.long)
        if self.pack is not None:
            Packs(self._draws, self.pack)  # refuses what does not fit
        self.store, self.sizes, self.actions, self.rates = store, store.sizes, store.actions, store.rates
        self.schema = store.schema if isinstance(store, Mixture) else None

    def _clips(self, store: EpisodeStore | Mixture, episodes: list[int]) -> ClipDataset | MixedClips:
        if isinstance(store, Mixture):
            return store.clips(self.frames, episodes, self.cache, self.camera)
        return ClipDataset(self.path, self.frames, episodes, self.cache, self.camera)

    def train_dataloader(self) -> DataLoader:
        """Batches from where training is now, without end."""
        rank, ranks = (self.trainer.global_rank, self.trainer.world_size) if self.trainer else (0, 1)
        if self.pack is not None:
            return self._loader(Packs(self._draws, self.pack, self._step, rank, ranks))
        return self._loader(Batches(self._draws, self._step, rank, ranks))

    def val_dataloader(self) -> DataLoader:
        """The same windows each time: apart from each other, spread evenly over the held-out episodes."""
        apart = self._val.apart()
        chosen = apart[np.linspace(0, len(apart) - 1, min(self.val_clips, len(apart)), dtype=int)]
        return self._loader(FixedBatches(self._val, chosen, self.batch))

    def _loader(self, batches: Dataset) -> DataLoader:
        pinned = torch.cuda.is_available()
        return DataLoader(
            batches, batch_size=None, num_workers=self.workers, pin_memory=pinned, persistent_workers=self.workers > 0
        )

    def on_before_batch_transfer(self, batch: Clip | Pack, dataloader_idx: int) -> Clip | Pack:
        """Count what is trained with; what a worker has read ahead does not count."""
        if self.trainer and self.trainer.training:
            self._step += 1
        return batch

    def state_dict(self) -> dict[str, Any]:
        """How far training is in the order of batches, and which order that is."""
        order = {"data": self.store.hash, "held_out": self.held_out, "frames": self.frames}
        order |= {"batch": self.batch, "seed": self.seed}
        pack = None if self.pack is None else list(self.pack)
        return {"step": self._step, **order, "singles": self.singles, "long": self.long, "pack": pack}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Go on from there.

        Raises:
            ValueError: Where the order was another: other data, clips of another length, another seed.
        """
        mine = self.state_dict()
        older = {"singles": 0.0, "long": None, "pack": None}  # what runs were that knew none of these
        before = {**older, "held_out": self.held_out, "frames": self.frames, **state_dict}  # or did not tell
        for name in mine:
            if name != "step" and before[name] != mine[name]:
                raise ValueError(
                    f"the run was trained with {name} {before[name]}, and goes on with {name} {mine[name]}; "
                    "use the same to resume, or begin a new run"
                )
        self._step = state_dict["step"]


class FixedBatches(Dataset):
    """These windows, in batches, in order; where they are of several sizes, one after another."""

    def __init__(self, clips: Windows, windows: np.ndarray, batch: int):
        sizes = clips.shapes(windows)[:, 1:]
        alike = [windows[(sizes == size).all(1)] for size in np.unique(sizes, axis=0)]
        self.clips = clips
        self.parts = [some[at : at + batch] for some in alike for at in range(0, len(some), batch)]

    def __len__(self) -> int:
        """The number of batches; the last may be smaller."""
        return len(self.parts)

    def __getitem__(self, index: int) -> Clip:
        """One batch."""
        return self.clips.clips(self.parts[index])
