"""What finished runs say: the page `docs/ablations.md`, its tables and its figure."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import matplotlib
import numpy as np
from scipy.stats import t as student

from experiments.reference import decibels

matplotlib.use("Agg")
from matplotlib import pyplot as plt

DEFAULT, FROZEN = "default", "the frozen frame"

USUAL, ASKED = 4, (2, 4, 16)
"""How often a model is asked for each imagined frame: by default, and for the sake of few steps."""

INK, GREY = "#3f51b5", "#9e9e9e"

Run = dict[str, Any]
"""A line: question, arm, seed, data and given, which say what it is; cpu (s) and found, which say what came of it."""


def finished(path: Path) -> list[Run]:
    """The runs that are over."""
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def what(run: Run) -> Run:
    """What a run is, without what came of it."""
    return {name: run[name] for name in ("question", "arm", "seed", "data", "given")}


def absent(planned: list[Run], done: list[Run]) -> list[Run]:
    """What is planned and not over."""
    over = [what(run) for run in done]
    return [run for run in planned if run not in over]


class Interval(NamedTuple):
    """A mean over seeds, and how far its 95 % interval goes either way; NaN below three seeds."""

    mean: float
    half: float

    @staticmethod
    def of(values: list[float]) -> "Interval":
        """Student's."""
        count = len(values)
        half = student.ppf(0.975, count - 1) * np.std(values, ddof=1) / np.sqrt(count) if count > 2 else np.nan
        return Interval(float(np.mean(values)), float(half))

    def __str__(self) -> str:
        """With its sign; bold where zero is not within."""
        if np.isnan(self.half):
            return f"{self.mean:+.2f}"
        text = f"{self.mean:+.2f} [{self.mean - self.half:+.2f}, {self.mean + self.half:+.2f}]"
        return f"**{text}**" if abs(self.mean) > self.half else text


def psnr(run: Run, frames: int, asked: int = USUAL) -> float:
    """PSNR (dB) of the mean square error over all episodes."""
    return float(decibels(np.array([run["found"][str(asked)][f"mse{frames}"]])))


def misplaced(run: Run, asked: int = USUAL) -> float:
    """How far off what moved is, in its diameters, at most 1."""
    return run["found"][str(asked)]["misplaced"]


class Table:
    """The runs by arm, and each beside the default.

    Args:
        planned: The runs that there should be.
        done: The runs that are over.
    """

    def __init__(self, planned: list[Run], done: list[Run]):
        self.missing = absent(planned, done)
        self.arms = list(dict.fromkeys((run["question"], run["arm"]) for run in planned))
        self.runs: dict[tuple[str, str], dict[int | None, Run]] = {arm: {} for arm in self.arms}
        for run in done:
            if what(run) in planned:
                self.runs[run["question"], run["arm"]][run["seed"]] = run
        self.default = self.runs["", DEFAULT]

    def mean(self, arm: tuple[str, str], value: Callable[[Run], float]) -> float:
        """The mean over seeds; NaN where there is no run."""
        runs = self.runs[arm].values()
        return float(np.mean([value(run) for run in runs])) if runs else float("nan")

    def gains(self, arm: tuple[str, str], value: Callable[[Run], float]) -> list[float]:
        """What an arm has more than the default, seed by seed."""
        return [value(run) - value(self.default[seed]) for seed, run in self.runs[arm].items() if seed in self.default]

    def rows(self) -> list[str]:
        """As Markdown."""
        lines = [
            "| question | arm | runs | PSNR 8 | PSNR 16 | misplaced | PSNR 16 less the default's | misplaced less the "
            "default's | CPU s |",
            "|---|---|--:|--:|--:|--:|---|---|--:|",
        ]
        asked = ""
        for arm in self.arms:
            if not self.runs[arm]:
                continue
            question, name = arm
            means = [self.mean(arm, value) for value in (lambda run: psnr(run, 8), psnr16, misplaced)]
            beside = ["", ""]
            if question:
                beside = [str(Interval.of(self.gains(arm, value))) for value in (psnr16, misplaced)]
            cells = [
                question if question != asked else "",
                name,
                str(len(self.runs[arm])),
                *(f"{x:.2f}" for x in means),
            ]
            cpu = self.mean(arm, lambda run: run["cpu"])
            lines.append("| " + " | ".join([*cells, *beside, f"{cpu:.0f}" if cpu else ""]) + " |")
            asked = question
        return lines

    def few(self) -> list[str]:
        """How good some arms are by how often they are asked, as Markdown; none where there are no runs."""
        shown = [arm for arm in self.arms if (arm[0] == FEW or arm[1] == DEFAULT) and self.runs[arm]]
        lines = [
            "| | "
            + " | ".join(f"PSNR 16, {asked} questions" for asked in ASKED)
            + " | "
            + " | ".join(f"misplaced, {asked}" for asked in ASKED)
            + " |",
            "|---|" + "--:|" * 2 * len(ASKED),
        ]
        for arm in shown:
            cells = [self.mean(arm, lambda run, asked=asked: psnr(run, 16, asked)) for asked in ASKED]
            cells += [self.mean(arm, lambda run, asked=asked: misplaced(run, asked)) for asked in ASKED]
            lines.append(f"| {arm[1]} | " + " | ".join(f"{cell:.2f}" for cell in cells) + " |")
        return lines

    def told(self) -> str:
        """Which runs are missing, in words."""
        if not self.missing:
            return "Every run there should be is there."
        seeds: dict[str, list[str]] = {}
        for run in self.missing:
            seeds.setdefault(": ".join(filter(None, (run["question"], run["arm"]))), []).append(str(run["seed"]))
        names = "\n".join(f"- {name}, seed {', '.join(missing)}" for name, missing in seeds.items())
        return f"{len(self.missing)} runs are missing, and the same command does them:\n\n{names}"


FEW = "few steps"
"""The question whose arms are compared by how often they are asked."""


def psnr16(run: Run) -> float:
    """Over all 16 imagined frames."""
    return psnr(run, 16)


def draw(table: Table, path: Path) -> None:
    """Each arm beside the default: a point a seed, their mean, and its interval."""
    arms = [arm for arm in table.arms if arm[0] and table.runs[arm]]
    plt.rcParams.update({"font.size": 9, "svg.hashsalt": "ablations", "svg.fonttype": "none"})
    places, place, asked = [], 0.0, ""
    for question, _ in arms:
        place += 1.7 if question != asked else 1.0
        places.append(place)
        asked = question
    figure, axes = plt.subplots(1, 2, sharey=True, figsize=(8.5, 0.8 + 0.24 * place), layout="constrained")
    for axis, value, title in (
        (axes[0], psnr16, "PSNR over 16 frames, dB more than the default"),
        (axes[1], lambda run: -misplaced(run), "things nearer to their place, diameters"),
    ):
        axis.axvline(0, color=GREY, linewidth=0.8)
        for at, arm in zip(places, arms, strict=True):
            gains = table.gains(arm, value)
            middle, half = Interval.of(gains)
            sure = abs(middle) > half
            colour = INK if sure else GREY
            if not np.isnan(half):
                axis.plot([middle - half, middle + half], [at, at], color=colour, linewidth=1.6, solid_capstyle="round")
            axis.plot(gains, [at] * len(gains), "|", color=colour, markersize=7, markeredgewidth=1)
            axis.plot(middle, at, "o", color=colour, markersize=5)
        axis.set_title(title, fontsize=9, loc="left")
        axis.spines[["top", "right", "left"]].set_visible(False)
        axis.tick_params(axis="y", length=0)
    for at, (question, _), before in zip(places, arms, ["", *(question for question, _ in arms)], strict=False):
        if question != before:
            axes[0].annotate(
                question, (0, at - 0.75), xycoords=("axes fraction", "data"), ha="right", va="center", fontsize=8,
                color=GREY, xytext=(-6, 0), textcoords="offset points",
            )  # fmt: skip
    axes[0].set_xscale("symlog", linthresh=1)  # an arm that fails leaves room for those that do not
    axes[0].xaxis.set_major_formatter("{x:g}")
    axes[1].locator_params(axis="x", nbins=5)
    axes[0].set_yticks(places, [name for _, name in arms])
    axes[0].set_ylim(place + 0.6, 0.4)
    figure.savefig(path, metadata={"Date": None})
    plt.close(figure)


def write(planned: list[Run], done: list[Run], docs: Path) -> None:
    """Write the page and its figure, from the runs that are over; nothing where the default has none."""
    table = Table(planned, done)
    if not table.default:
        return
    (docs / "images").mkdir(parents=True, exist_ok=True)
    draw(table, docs / "images" / "ablations.svg")
    given = next(iter(table.default.values()))["given"]
    all_of_it = ", ".join(f"`{name}: {value}`" for name, value in given.items() if name in SHOWN)
    (docs / "ablations.md").write_text(f"""# Ablations

What each choice of the [model](model.md) is worth where it is small. One command does the runs that are missing and
writes this page; what was concluded stands in the [log](log.md).

```bash no-run
worldsim record --config experiments/ablations/data.yaml
python experiments/ablations/run.py
```

Each arm is `worldsim fit` with {all_of_it} on
[Hidden](worlds/hidden.md) at 32 pixels, and another argument than the default, as `experiments/ablations/arms.yaml`
says. The default predicts x, learns by Muon, looks back in time in every 2nd of its four blocks, hears actions
through adaLN, teaches itself no large steps, is given a nearly clean beginning in most clips and told that frames
seen are at a level of 0.95, copies nothing, and weighs all errors alike. Steps are equal, compute is not: CPU s is
what training took. Of held-out episodes 8 frames are seen and 16 imagined, with {USUAL} questions a frame. PSNR
(dB) is that of the mean square error over all of them; misplaced is how far off things that moved are in the 4th,
8th, 12th and 16th frame, in their diameters, at most 1. Arms are compared with the default seed by seed: first
weights (where the network is the same), clips and noise are equal. Intervals are of 95 % (Student's, over seeds,
from three on), and bold where zero is not within. They say nothing of other episodes, of longer training or of
larger models.

{chr(10).join(table.rows())}

![Each arm beside the default: seeds, mean and interval](images/ablations.svg)

How often a model is asked for each frame:

{chr(10).join(table.few())}

{table.told()}
""")


SHOWN = ("size", "patch", "frames", "batch", "steps")
"""What of the arguments common to all arms the page says."""
