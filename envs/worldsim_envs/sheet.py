"""A contact sheet of a scene: a row an episode, time to the right. `python -m worldsim_envs.sheet ID FILE.png`."""

import argparse

import gymnasium
import numpy as np
from jaxtyping import UInt8

import worldsim_envs  # noqa: F401  registers the scenes


def sheet(env: gymnasium.Env, *, episodes: int, frames: int, every: int) -> UInt8[np.ndarray, "h w 3"]:
    """Draw `episodes` episodes of the expert, each `every` steps, `frames` times."""
    rows = []
    world = env.unwrapped
    for seed in range(episodes):
        rng = np.random.default_rng(seed)
        env.reset(seed=seed)
        row = [env.render()]
        while len(row) < frames:
            for _ in range(every):
                env.step(world.expert(rng))
            row.append(env.render())
        rows.append(np.concatenate([np.pad(frame, ((1, 1), (1, 1), (0, 0)), constant_values=255) for frame in row], 1))
    return np.concatenate(rows, 0)


def main():
    """Write the sheet that the docs show."""
    from matplotlib.image import imsave

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("id")
    parser.add_argument("file")
    for name, default in (("size", 96), ("episodes", 4), ("frames", 8), ("every", 5)):
        parser.add_argument(f"--{name}", type=int, default=default)
    asked = parser.parse_args()
    env = gymnasium.make(asked.id, size=asked.size, renderer="warp-cpu")
    imsave(asked.file, sheet(env, episodes=asked.episodes, frames=asked.frames, every=asked.every))


if __name__ == "__main__":
    main()
