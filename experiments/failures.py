"""What is known to go wrong in imagined causes, each shown on a case beside the truth, with what it is worth.

Writes docs/images/cause-*.png and docs/images/failure-*.png: above what was seen and what is real, below it the answer.
Of each set of twins the arms that are compared are shown, one after the other.
"""

from itertools import islice
from pathlib import Path

import numpy as np

from worldsim.rollout import filmstrip
from worldsim.types import Rollout
from worldsim.video import write_png
from worldsim_benchmarks import contestants as known
from worldsim_benchmarks import miscaused
from worldsim_benchmarks.cause_effect import CauseEffect
from worldsim_benchmarks.causes import FAMILIES
from worldsim_benchmarks.contestants import Corrupted, replay

IMAGES = Path(__file__).parents[1] / "docs" / "images"
COLUMNS, ENLARGED = 12, 2
SHOWN = {
    "M-BITE": ("bites without bite marks", miscaused.healed, 0.0),
    "M-PSH": ("left for right", known.exchanged, 0.0),
    "M-DOM": ("events out of order", miscaused.out_of_order, 0.0),
    "M-RIG": ("a chair of jelly", miscaused.jelly, 1.0),
    "M-COL": ("the placebo works", miscaused.reacts, 0.0),
    "V-BREAK": ("a broken block heals", miscaused.healed, 0.0),
    "V-WAT": ("effects exchanged", known.exchanged, 0.0),
}
"""By family: what goes wrong, how, and how badly."""

IMAGES.mkdir(exist_ok=True)
for code, (name, wrong, severity) in SHOWN.items():
    benchmark = CauseEffect("cause-effect", [FAMILIES[code]])
    [twins] = islice(benchmark.twins("quick", size=64), 1)
    answers = {"cause": replay(twins, 0.0, np.random.default_rng(0))}
    answers["failure"] = Corrupted(name, wrong, severity).answer([twins], seed=0)[0]
    for kind, videos in answers.items():
        scores = {metric: score.value for metric, score in benchmark.score(twins, videos).items()}
        told = {metric: round(value, 2) for metric, value in scores.items() if np.isfinite(value)}
        print(
            f"{code:8} {name if kind == 'failure' else 'the truth':28} {float(benchmark.headline(scores)):.3f} {told}"
        )
        last = 3 if name == "the placebo works" else 2
        strips = []
        for case, video in list(zip(twins.cases, videos, strict=True))[:last]:
            shown = Rollout(seen=case.seen, imagined=video, real=case.truth.frames, plan=case.plan, fps=case.fps)
            strip = filmstrip(shown, COLUMNS)
            strips.append(strip if kind == "failure" else strip[: len(strip) // 2])
        wide = max(strip.shape[1] for strip in strips)
        strips = [np.pad(each, [(0, 4), (0, wide - each.shape[1]), (0, 0)], constant_values=255) for each in strips]
        picture = np.concatenate(strips)[:-4].repeat(ENLARGED, 0).repeat(ENLARGED, 1)
        write_png(IMAGES / f"{kind}-{code.lower()}.png", picture)
