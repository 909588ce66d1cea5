"""How well reader D says where pictures were taken from: by scene, look, size, and damage to the pictures.

    python experiments/pose_reader.py Gallery orb:right

prints a table in Markdown: of 40 frames of one arm the share that is read, and the median and 95th percentile of how
far off that is, in degrees and metres.
"""

import argparse
import time

import numpy as np

from worldsim_benchmarks import contestants as known
from worldsim_benchmarks.benchmark import Twins
from worldsim_benchmarks.camera import reader
from worldsim_benchmarks.cases import Question, at, make
from worldsim_benchmarks.detours import blur
from worldsim_benchmarks.paths import away, turned

DAMAGES = {
    "clean": (known.replay, 0.0),
    "H.264, crf 17": (known.codec, 17.0),
    "H.264, crf 28": (known.codec, 28.0),
    "blur, 1 px of 128": (blur, 1.0),
    "blur, 2 px of 128": (blur, 2.0),
}


def row(twins: Twins, size: int, look: str, name: str) -> str:
    """One line of the table."""
    (case,), (corrupt, severity) = twins.cases, DAMAGES[name]
    (frames,) = corrupt(twins, severity, np.random.default_rng(0))
    began = time.process_time()
    poses = reader(case).read(frames).pose
    cost = 1000 * (time.process_time() - began) / len(frames)
    there = np.isfinite(poses[:, 0, 0])
    off = np.rad2deg(turned(poses[there], case.truth.pose[there])), away(poses[there], case.truth.pose[there])
    cells = [f"{np.median(each):.2f} {np.quantile(each, 0.95):.2f}" for each in off] if there.any() else ["", ""]
    scene = case.scene.removeprefix("worldsim/")
    return f"| {scene} | {look} | {size} | {name} | {there.mean():.2f} | {cells[0]} | {cells[1]} | {cost:.0f} |"


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("scene")
    parser.add_argument("arm")
    parser.add_argument("--seed", type=int, default=1_000_001)
    parser.add_argument("--sizes", type=int, nargs="+", default=[64, 128, 256])
    parser.add_argument("--looks", nargs="+", default=["palette", "textured"])
    given = parser.parse_args()
    print("| scene | look | px | pictures | read | degrees | m | ms a frame |\n|---|---|--:|---|--:|--:|--:|--:|")
    for look in given.looks:
        for size in given.sizes:
            question = Question("D", f"worldsim/{given.scene}-v0", (given.arm,), at(1, 40), look)
            twins = question.twins(given.seed, make(question.scene, size=size, template=look))
            assert twins is not None
            for name in DAMAGES:
                print(row(twins, size, look, name), flush=True)
