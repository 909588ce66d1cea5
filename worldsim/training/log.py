"""The loss curve as a CSV file that a resumed run goes on with."""

import csv
from pathlib import Path
from typing import Any

from lightning.pytorch.loggers.logger import Logger
from lightning.pytorch.utilities import rank_zero_only


class Curve(Logger):
    """Appends a row for each logged step. Lightning's own CSV logger begins anew where a run is resumed.

    Args:
        path: The CSV file; rows after `step` are dropped, as they are about to be made again.
        step: The step from which the run goes on.
    """

    COLUMNS: tuple[str, ...] = (
        *("step", "loss", "lr", "steps_per_second", "minutes", "gflops", "mfu"),
        *("frames_per_second", "mib"),
    )

    def __init__(self, path: Path, step: int = 0):
        super().__init__()
        self.path = path
        rows = []
        if path.exists() and step:
            with path.open(newline="") as file:
                rows = [row for row in csv.DictReader(file) if int(row["step"]) <= step]
        with path.open("w", newline="") as file:
            writer = csv.DictWriter(file, self.COLUMNS)
            writer.writeheader()
            writer.writerows(rows)

    @property
    def name(self) -> str:
        """What Lightning calls it."""
        return "curve"

    @property
    def version(self) -> str:
        """There is one."""
        return ""

    @rank_zero_only
    def log_hyperparams(self, *_: Any, **__: Any) -> None:
        """The run's YAML has them."""

    @rank_zero_only
    def log_metrics(self, metrics: dict[str, float], step: int | None = None) -> None:
        """One row."""
        with self.path.open("a", newline="") as file:
            row = {name: f"{metrics[name]:.6g}" for name in self.COLUMNS if name in metrics}
            # Lightning counts steps from 0; here a row says how many there were.
            csv.DictWriter(file, self.COLUMNS).writerow({**row, "step": (step or 0) + 1})
