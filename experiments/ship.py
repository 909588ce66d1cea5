"""Make a trained model one that comes with the package: `python experiments/ship.py RUN/model NAME CARD.md`.

Its weights are written in bfloat16, half as large; the card is the run's own with CARD.md behind it.
"""

import sys
from pathlib import Path

import torch

from worldsim.models.checkpoint import CARD, SHIPPED, load, save

LARGEST = 6_000_000
"""Bytes that a package may grow by a model."""


def main(run: str, name: str, more: str) -> None:
    """Copy, halve, and describe."""
    card = (Path(run) / CARD).read_text() + "\n" + Path(more).read_text()
    written = save(load(run), SHIPPED / name, card, dtype=torch.bfloat16)
    size = sum(file.stat().st_size for file in written.iterdir())
    if size > LARGEST:
        raise SystemExit(f"{written} takes {size} bytes; at most {LARGEST} would do")
    print(f"written: {written}, {size / 1e6:.2f} MB; use it as worldsim/{name}")


if __name__ == "__main__":
    main(*sys.argv[1:])
