"""fidelity@3: are the imagined frames, and the things in them, where the plan really takes them?

**Question.** Things cross a table behind a screen that the agent slides. From eight frames and the actions to come, the
model imagines the next 32 frames (3.2 s).

**Arms.** One, `factual`: what really happened.

**Score.** `sqrt(max(0, S) · max(0, P))` on the means over cases, where

- S = (E₀ - E) / (E₀ + E), in [-1, 1], with E the mean squared error of the imagined frames and E₀ that of the frozen
  last frame: 1 for the truth, 0 for a still, below 0 for worse than standing still.
- P: of the things that can be seen and have moved by a diameter since the context ended, how near to its true place a
  thing of that hue is imagined: 1 at the place, 0 from one diameter away on, 0 where it is missing.

A blur earns S and no P; things in their places on a wrong background earn P and no S.

**Also told.** PSNR (dB) over the first 8 and 16 frames and over all.

**Known limits.** One future per case: where a world is chancy, use a benchmark of outcomes. Palette scenes only.

**Versions.** 1: the reader took the seam of two things that touch for a third one. 2: it no longer does.
3: nor does it take that of two blurred ones for one, and it reports slivers, which version 2 took for seams.

**Source.** S is a skill score against persistence (Murphy, Skill scores based on the mean square error, Monthly Weather
Review 116, 1988) in its bounded, antisymmetric form.
"""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from worldsim_benchmarks.benchmark import SPLITS, Case, Score, Truth, Twins, Video
from worldsim_benchmarks.cases import case, happen, make, still_actions
from worldsim_benchmarks.readers import ColourReader, Sighting
from worldsim_envs.palette import RGB

SCENE = "Hidden-v0"
CONTEXT = 8
FUTURE = 32
LEAST_AREA = 10
HORIZONS = (8, 16, 32)


class Fidelity:
    """Pixels and places on `Hidden`; the module's docstring is its page."""

    name = "fidelity"
    version = 3
    metrics = ("S", "P", "psnr@8", "psnr@16", "psnr@32")
    unbounded = ("psnr@8", "psnr@16", "psnr@32")
    coloured = ("worldsim/Hidden-v0",)
    sizes = (64, 128, 256)

    def __init__(self):
        self.reader = ColourReader(RGB, least_area=LEAST_AREA)

    def twins(self, split: str, *, size: int) -> Iterator[Twins]:
        """Worlds in which something moves by a diameter in sight, under an agent that slides the screen at times."""
        seed, wanted = SPLITS[split]
        env = make(SCENE, size=size)
        found = 0
        while found < wanted:
            seed += 1
            actions = held_actions(np.random.default_rng(seed), still_actions(env, 1).shape[1:])
            told = happen(env, seed=seed, actions=actions)
            name = f"M-OCC/{seed}"
            fps = env.metadata["render_fps"]
            asked = case(f"{name}/factual", "factual", told, actions, scene=SCENE, context=CONTEXT, fps=fps)
            if len(moved(asked)) < FUTURE // 4:
                continue
            things = int((told[1].hue >= 0).sum())
            yield Twins(name, f"M-OCC/{things}", (asked,))
            found += 1
        env.close()

    def score(self, twins: Twins, answers: Sequence[Video]) -> dict[str, Score]:
        """S and PSNR from pixels, P by colour."""
        (asked,), (answer,) = twins.cases, answers
        real = asked.truth.frames / 255.0
        error = ((answer / 255.0 - real) ** 2).mean((1, 2, 3))
        still = ((asked.seen[-1] / 255.0 - real) ** 2).mean()
        sighting = self.reader.read(answer)
        places = [nearness(sighting, asked.truth, t, i) for t, i in moved(asked)]
        floor = 1 / 255**2 / 12  # rounding to whole levels: no frame of bytes can be told to be nearer than that
        psnr = {f"psnr@{n}": Score(float(-10 * np.log10(error[:n].mean() + floor))) for n in HORIZONS}
        return {
            "S": Score(float((still - error.mean()) / (still + error.mean()))),
            "P": Score(float(np.mean(places))),
            **psnr,
        }

    def headline(self, means: Mapping[str, np.ndarray | float]) -> np.ndarray | float:
        """`sqrt(max(0, S) · max(0, P))`."""
        return np.sqrt(np.maximum(0, means["S"]) * np.maximum(0, means["P"]))


def held_actions(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    """Actions held for about a second each, half of them nothing at all; float32 `[n a]`."""
    steps = CONTEXT + FUTURE - 1
    choices = rng.uniform(-1, 1, (steps, *shape)) * (rng.random((steps, 1)) < 0.5)
    switch = np.flatnonzero(np.append(True, rng.random(steps - 1) < 0.1))
    return choices[switch[np.searchsorted(switch, np.arange(steps), side="right") - 1]].astype(np.float32)


def moved(asked: Case) -> list[tuple[int, int]]:
    """Every (frame, object) at which the object is well seen, and not within a diameter of where it was seen last."""
    truth, last = asked.truth, asked.before.centre[-1]
    well = (truth.hue >= 0) & (truth.visible >= 0.5) & (truth.area >= LEAST_AREA)
    away = ~(np.linalg.norm(truth.centre - last, axis=-1) < truth.diameter)
    return [(int(t), int(i)) for t, i in np.argwhere(well & away)]


def nearness(sighting: Sighting, truth: Truth, t: int, i: int) -> float:
    """1 where a thing of the right hue is at its true place, falling to 0 at one diameter."""
    _, centre = sighting.of(t, int(truth.hue[i]))
    if not len(centre):
        return 0.0
    off = np.linalg.norm(centre - truth.centre[t, i], axis=1).min() / truth.diameter[i]
    return float(1 - min(1.0, off))
