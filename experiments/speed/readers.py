"""What it takes to find things in a frame: `python experiments/speed/readers.py`.

The colour reader beside the learned one, in ms of CPU time a frame on one thread, the best of several, on frames of a
scene of blocks in each template and size.
"""

import time

import torch

from worldsim_benchmarks.trial import SIZES, play, reader
from worldsim_envs.variation import TEMPLATES


def cost(name: str, frames) -> float:
    """The least that a frame took (ms)."""
    took = []
    for _ in range(5):
        began = time.process_time()
        reader(name).read(frames)
        took.append(time.process_time() - began)
    return 1000 * min(took) / len(frames)


if __name__ == "__main__":
    torch.set_num_threads(1)
    print("| template | px | colour | learned |\n|---|--:|--:|--:|")
    for template in TEMPLATES:
        for size, seen in play("worldsim/VoxelLook-v0", SIZES, seeds=range(1), template=template).items():
            print(f"| {template} | {size} | {cost('colour', seen.frames):.1f} | {cost('learned', seen.frames):.1f} |")
