"""Saving, so that a run can be stopped at any moment and go on."""

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

import lightning as L


class Keeper(L.Callback):
    """Saves every so many steps, at the end, and when Ctrl-C is pressed. The file appears whole, by atomic rename.

    It must be the last of the callbacks, so that what it saves is what the others have left.

    Args:
        path: The file.
        every: Steps between saves.

    Attributes:
        stopped: Whether Ctrl-C was pressed.
    """

    def __init__(self, path: Path, every: int):
        if every < 1:
            raise ValueError(f"save_every came as {every}; it counts steps, at least 1")
        self.path, self.every = path, every
        self.stopped = False
        self.saved = -1

    def save(self, trainer: L.Trainer) -> None:
        """Save, unless this very step is saved already."""
        if self.saved == trainer.global_step:
            return
        partial = self.path.with_name(self.path.name + ".partial")
        trainer.save_checkpoint(partial, weights_only=False)
        if trainer.is_global_zero:
            os.replace(partial, self.path)
        self.saved = trainer.global_step

    def on_train_batch_end(self, trainer: L.Trainer, *_: Any) -> None:
        """Save when it is time, and stop when asked to."""
        if trainer.global_step % self.every == 0:
            self.save(trainer)
        if self.stopped:
            trainer.should_stop = True

    def on_train_end(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """Save the end."""
        self.save(trainer)

    @contextmanager
    def ctrl_c(self) -> Iterator[None]:
        """Within this, Ctrl-C finishes the step and saves; a second one does not wait."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return

        def stop(_: int, __: FrameType | None) -> None:
            self.stopped = True
            signal.signal(signal.SIGINT, before)

        before = signal.signal(signal.SIGINT, stop)
        try:
            yield
        finally:
            signal.signal(signal.SIGINT, before)
