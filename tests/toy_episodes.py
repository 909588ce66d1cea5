"""Episodes of nothing but noise, for whoever has to train on something."""

from pathlib import Path

import numpy as np

from worldsim.data.writer import write_episodes
from worldsim.types import Episode


def write_noise(path: Path, steps: int) -> Path:
    """A dataset of six episodes of 32 x 32 pixels, with two actions."""
    random = np.random.default_rng(0)
    episodes = [
        Episode(
            random.normal(size=(steps, 2)).astype(np.float32),
            random.integers(0, 256, (steps + 1, 32, 32, 3), dtype=np.uint8),
            10.0,
            "test/Noise-v0",
            seed,
        )
        for seed in range(6)
    ]
    write_episodes(path, episodes)
    return path
