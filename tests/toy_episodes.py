"""Episodes of nothing but noise, for whoever has to train on something."""

from pathlib import Path

import numpy as np

from worldsim.data.writer import write_episodes
from worldsim.types import Episode


def write_noise(path: Path, steps: int, size: tuple[int, int] = (32, 32)) -> Path:
    """A dataset of six episodes, with two actions."""
    random = np.random.default_rng(0)
    episodes = [
        Episode(
            random.normal(size=(steps, 2)).astype(np.float32),
            random.integers(0, 256, (steps + 1, *size, 3), dtype=np.uint8),
            10.0,
            "test/Noise-v0",
            seed,
        )
        for seed in range(6)
    ]
    write_episodes(path, episodes)
    return path
