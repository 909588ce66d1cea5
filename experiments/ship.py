"""Make a trained model one that comes with the package: `python experiments/ship.py RUN/model NAME CARD.md`.

Its weights are written in bfloat16, half as large; the card is the run's own with CARD.md behind it; `loss.csv` beside
them is the run's loss curve, behind those of the runs that it went on from.
"""

import csv
import sys
from pathlib import Path

import torch
import yaml

from worldsim.models.checkpoint import CARD, SHIPPED, load, save

LARGEST = 6_000_000
"""Bytes that a package may grow by a model."""


def main(run: str, name: str, more: str) -> None:
    """Copy, halve, and describe."""
    card = (Path(run) / CARD).read_text() + "\n" + Path(more).read_text()
    written = save(load(run), SHIPPED / name, card, dtype=torch.bfloat16)
    rows = losses(Path(run).parent)
    with (written / "loss.csv").open("w", newline="") as file:
        table = csv.DictWriter(file, dict.fromkeys(name for row in rows for name in row), lineterminator="\n")
        table.writeheader()
        table.writerows(rows)
    size = sum(file.stat().st_size for file in written.iterdir())
    if size > LARGEST:
        raise SystemExit(f"{written} takes {size} bytes; at most {LARGEST} would do")
    print(f"written: {written}, {size / 1e6:.2f} MB; use it as worldsim/{name}")


def losses(run: Path) -> list[dict[str, str]]:
    """What a run logged, its steps and minutes counted on from the run that it began with."""
    begun = yaml.safe_load((run / "config.yaml").read_text()).get("init")
    before = losses(Path(begun).parent) if begun else []
    step, minutes = (int(before[-1]["step"]), float(before[-1]["minutes"])) if before else (0, 0.0)
    with (run / "metrics.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    return before + [
        {**row, "step": str(step + int(row["step"])), "minutes": f"{minutes + float(row['minutes']):.6g}"}
        for row in rows
    ]


if __name__ == "__main__":
    main(*sys.argv[1:])
