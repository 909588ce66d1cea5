"""Pictures of what the camera benchmarks ask, and of answers that fail, with what they score.

    python experiments/camera_failures.py --out docs/images

writes `camera-mujoco.png` and `camera-voxel.png`: for two paths each, both arms as they truly are, and two answers that
are wrong in the way that video models are said to be: left taken for right, and a path that is not followed.
`camera-micro.png` has a turn to each side as the shipped model imagines it, below the truth.
"""

import argparse
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

from worldsim.rollout import filmstrip
from worldsim.types import Rollout
from worldsim.video import write_png
from worldsim_benchmarks import contestants as known
from worldsim_benchmarks.benchmark import Twins, Video
from worldsim_benchmarks.camera import SUITES, CameraPaths, questions
from worldsim_benchmarks.contestants import Corrupted
from worldsim_benchmarks.entries import entry
from worldsim_benchmarks.measure import measure, raw
from worldsim_benchmarks.resized import Resized

SIZE, SHOWN, SEED = 128, 8, 1_000_000
PATHS = {"mujoco": ("M-TRL", "M-SQR"), "voxel": ("V-YAW", "V-ORB")}
FAILURES = {
    "left for right": Corrupted("left for right", known.exchanged),
    "one way, whatever is asked": Corrupted("one way", known.agnostic(0)),
}


def asked(suite: str, code: str) -> Twins:
    """The first twins of a family; of its nearby path, where there is one."""
    question = next(one for one in questions(SUITES[suite]) if one.code == code)
    return next(iter(question.all_twins(SEED, size=SIZE)))


def rows(suite: str, code: str) -> list[tuple[str, Video]]:
    """The truth of both arms, and the answers that fail, each with what it is and scores."""
    benchmark, twins = CameraPaths(suite), asked(suite, code)
    found = [
        (f"{code}\n{case.arm}\nthe truth", np.concatenate([case.seen[-1:], case.truth.frames])) for case in twins.cases
    ]
    for name, contestant in FAILURES.items():
        measured = measure(benchmark, [twins], contestant)
        skill, kappa = (float(measured.values[metric][0]) for metric in ("skill", "kappa"))
        says = f"{name}\nskill {skill:.2f}, kappa {kappa:.0f}\nraw {raw(benchmark, [twins], measured):.2f}"
        print(f"{code} {says!r}")
        case, frames = twins.cases[1], contestant.answer([twins], seed=0)[0][1]
        found.append((f"asked {case.arm}:\n{says}", np.concatenate([case.seen[-1:], frames])))
    return found


def draw(suite: str, path: Path) -> None:
    """One picture of all rows, evenly spread over their time."""
    lines = [row for code in PATHS[suite] for row in rows(suite, code)]
    figure, axes = plt.subplots(len(lines), SHOWN, figsize=(1.15 * SHOWN + 1.6, 1.17 * len(lines)), squeeze=False)
    for own, (says, frames) in zip(axes, lines, strict=True):
        for axis, t in zip(own, np.linspace(0, len(frames) - 1, SHOWN).round().astype(int), strict=True):
            axis.imshow(frames[t])
            axis.set(xticks=[], yticks=[])
            axis.set_xlabel(f"{t / 10:.1f} s", fontsize=6, labelpad=1)
        own[0].set_ylabel(says, rotation=0, ha="right", va="center", fontsize=7)
    figure.subplots_adjust(left=0.16, right=0.995, top=0.995, bottom=0.015, wspace=0.04, hspace=0.16)
    figure.savefig(path, dpi=90)


def imagined(path: Path, columns: int = 10, gap: int = 8) -> None:
    """Both arms of a turn: above, what happened; below, what the shipped model imagined, which has learned 64 px."""
    model, twins = Resized(entry("worldsim/micro", 4).contestant, 64), asked("mujoco", "M-YAW")
    measured = measure(CameraPaths("mujoco"), [twins], model)
    print(twins.name, {name: round(float(value[0]), 2) for name, value in measured.values.items()})
    [answers] = model.answer([twins], seed=0)
    shown = [
        filmstrip(Rollout(case.seen, answer, case.truth.frames, case.plan, case.fps), columns)
        for case, answer in zip(twins.cases, answers, strict=True)
    ]
    apart = [np.pad(one, [(0, gap), (0, 0), (0, 0)], constant_values=255) for one in shown]
    write_png(path, np.concatenate(apart)[:-gap])


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=Path("docs/images"))
    parser.add_argument("--suite", choices=sorted(PATHS), action="append")
    given = parser.parse_args()
    for one in given.suite or PATHS:
        draw(one, given.out / f"camera-{one}.png")
    imagined(given.out / "camera-micro.png")
