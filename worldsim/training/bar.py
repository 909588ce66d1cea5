"""Lightning's progress bar, which does not promise a number of steps where the clock decides."""

from lightning.pytorch.callbacks import TQDMProgressBar


class Bar(TQDMProgressBar):
    """A progress bar for training.

    Args:
        endless: Whether the number of steps is not known, as the training is limited in minutes.
        refresh_rate: Steps between redraws.
    """

    def __init__(self, endless: bool, refresh_rate: int = 1):
        super().__init__(refresh_rate=refresh_rate)
        self.endless = endless

    @property
    def total_train_batches(self) -> int | float:
        """The number of steps; infinite where it is not known."""
        return float("inf") if self.endless else super().total_train_batches
