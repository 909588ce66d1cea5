"""Pictures of what a model has learned so far, made while it learns: what it imagines, or what it gives back."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import lightning as L
import torch
from torch import nn

from worldsim.protocols import Codec
from worldsim.rollout import filmstrip, rollouts, side_by_side_video, to_model, to_pictures
from worldsim.training.ema import EMA
from worldsim.types import Episode, Rollout
from worldsim.video import write_mp4, write_png


class Preview(L.Callback):
    """Every so many steps, lets the averaged model imagine held-out episodes.

    Writes `step-000500-0.mp4` and `.png`, one each an episode.

    Args:
        folder: Where to.
        episodes: Episodes that are not learned from.
        ema: Holds the averaged model.
        every: Steps between previews; the last step has one too.
        seen: Frames that the model is shown.
        steps: Frames that it imagines.
    """

    def __init__(self, folder: Path, episodes: Sequence[Episode], ema: EMA, every: int, seen: int = 8, steps: int = 24):
        self.folder, self.ema, self.every, self.seen = folder, ema, every, seen
        self.steps = min([steps, *(len(episode) + 1 - seen for episode in episodes)])
        self.episodes = [episode for episode in episodes if self.steps > 0]

    def on_train_batch_end(self, trainer: L.Trainer, *_: Any) -> None:
        """Make a preview when it is time."""
        if trainer.global_step % self.every == 0:
            self.make(trainer)

    def on_train_end(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """Make the last one."""
        if trainer.global_step % self.every:
            self.make(trainer)

    def make(self, trainer: L.Trainer) -> None:
        """Imagine and write."""
        model = self.ema.gathered()
        if not (self.episodes and trainer.is_global_zero):
            return
        self.folder.mkdir(parents=True, exist_ok=True)
        for index, episode in enumerate(self.episodes):  # one by one, as they may be of several sizes
            [rollout] = rollouts(model, [episode], seen=self.seen, steps=self.steps, seed=index)  # type: ignore[arg-type]
            name = self.folder / f"step-{trainer.global_step:06d}-{index}"
            write_mp4(name.with_suffix(".mp4"), side_by_side_video(rollout), rollout.fps)
            write_png(name.with_suffix(".png"), filmstrip(rollout))


class Returned(Preview):
    """Every so many steps, lets the averaged codec encode and decode held-out episodes; files as of `Preview`."""

    @torch.no_grad()
    def make(self, trainer: L.Trainer) -> None:
        """Encode, decode and write."""
        codec = self.ema.gathered()
        assert isinstance(codec, nn.Module) and isinstance(codec, Codec)
        if not trainer.is_global_zero:
            return
        self.folder.mkdir(parents=True, exist_ok=True)
        for index, episode in enumerate(self.episodes):
            frames = episode.frames[: self.seen + self.steps]
            given = to_model(frames[None]).to(next(codec.parameters()).device)
            back = to_pictures(codec.decode(codec.encode(given)))[0]
            shown = Rollout(frames[:1], back[1:], frames[1:], episode.actions[: len(frames) - 1], episode.fps)
            name = self.folder / f"step-{trainer.global_step:06d}-{index}"
            write_mp4(name.with_suffix(".mp4"), side_by_side_video(shown), episode.fps)
            write_png(name.with_suffix(".png"), filmstrip(shown))
