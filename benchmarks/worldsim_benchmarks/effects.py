"""What came of a cause, in two videos of one world: where the things are in one arm and not in the other.

All of this is asked of an effect, the difference of what is seen in two arms, and not of either arm alone: an answer
that is wrong about both alike is no worse for it, and one that gives both the same has no effect at all.

What is seen of a thing is read by its hue. Its effect is counted from the last frame of the context on, so that what
the context told already is nobody's merit. Where a thing can be seen in both true arms and an answer lacks it, the
worst is assumed.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float
from scipy.stats import rankdata

from worldsim_benchmarks.benchmark import Truth
from worldsim_benchmarks.readers import Sighting

LEAST_AREA = 10
"""Pixels of a thing that the colour reader sees."""

SEEN = 0.2
"""The share of a thing that must be visible before it is asked where what is visible of it is."""

NOISE = 0.5
"""By how many pixels the reader may differ from itself before that is an effect."""

ONSET = 0.3
"""How far apart a thing must be in two arms before its effect has begun, in its diameters."""

PATIENCE = 0.2
"""By how many seconds an effect may come too early or too late before a mark of 1 becomes 1 / e."""


@dataclass(frozen=True, eq=False)
class Seen:
    """What is seen of some hues in a video.

    Attributes:
        centre: The middle (u, v) in pixels of all that has the hue; NaN where nothing has.
        area: How many pixels have it.
        well: Whether it is seen well enough to be asked about; an answer is not asked.
    """

    centre: Float[np.ndarray, "t h 2"]
    area: Float[np.ndarray, "t h"]
    well: Bool[np.ndarray, "t h"]

    def state(self, kind: str) -> Float[np.ndarray, "t h s"]:
        """Where it is, or how large it is."""
        return self.area[..., None] if kind == "area" else self.centre


def truly(truth: Truth, hues: Sequence[int]) -> Seen:
    """What is to be seen of some hues, by the simulator's masks."""
    paint = truth.state["hue"].max(0)
    owners = [np.flatnonzero(paint == hue) for hue in hues]
    area = np.stack([truth.area[:, own].sum(1) for own in owners], 1)
    weight = [truth.area[:, own, None] * np.nan_to_num(truth.centre[:, own]) for own in owners]
    visible = np.stack([truth.visible[:, own].max(1, initial=0) for own in owners], 1)
    centre = np.stack([each.sum(1) for each in weight], 1) / np.where(area > 0, area, np.nan)[..., None]
    return Seen(centre, area, (visible >= SEEN) & (area >= LEAST_AREA))


def read(sighting: Sighting, hues: Sequence[int], frames: int) -> Seen:
    """What a colour reader saw of some hues."""
    area, moment = np.zeros((frames, len(hues))), np.zeros((frames, len(hues), 2))
    for column, hue in enumerate(hues):
        rows = sighting.hue == hue
        np.add.at(area[:, column], sighting.frame[rows], sighting.area[rows])
        np.add.at(moment[:, column], sighting.frame[rows], sighting.area[rows, None] * sighting.centre[rows])
    centre = moment / np.where(area > 0, area, np.nan)[..., None]
    return Seen(centre, area, area > 0)


def concordance(
    imagined: Float[np.ndarray, "k t h s"], real: Float[np.ndarray, "t h s"], asked: Bool[np.ndarray, "t h"]
) -> float:
    """How well an imagined effect agrees with the real one: 1 is equal, 0 no effect, -1 its reverse.

    `2 <p, r> / (|p|² + |r|²)` with p the mean of k samples, of whose squared length what their scatter alone would
    bring is taken off. Half and twice the effect both get 0.8. What is missing in a sample is assumed to be reversed.
    """
    imagined = np.where(np.isnan(imagined), -real, imagined)[:, asked]
    real = real[asked]
    mean, samples = imagined.mean(0), len(imagined)
    scatter = imagined.var(0, ddof=1).sum() / samples if samples > 1 else 0.0
    return float(2 * (mean * real).sum() / (max((mean**2).sum() - scatter, 0.0) + (real**2).sum()))


def locality(
    imagined: Float[np.ndarray, "t h s"], asked: Bool[np.ndarray, "t h"], active: float, *, noise: float = NOISE
) -> float:
    """How little is changed by what makes no difference: 1 is not at all, 0 as much as by the cause.

    Both are root mean squares, the cause's is `active`; what the reader can be off by is no change.
    """
    size = np.linalg.norm(imagined, axis=-1)
    size = np.where(np.isnan(size), active, size)[asked]
    return float(1 - np.clip((np.sqrt((size**2).mean()) - noise) / (active - noise), 0, 1))


def strength(real: Float[np.ndarray, "t h s"], asked: Bool[np.ndarray, "t h"]) -> float:
    """The root mean square of an effect."""
    return float(np.sqrt((real[asked] ** 2).sum(-1).mean()))


def onsets(change: Float[np.ndarray, "t h s"], wide: Float[np.ndarray, " h"]) -> Float[np.ndarray, " h"]:
    """The frame in which each thing's effect begins; infinite where it never does."""
    begun = np.linalg.norm(change, axis=-1) > ONSET * wide
    return np.where(begun.any(0), begun.argmax(0), np.inf)


def timing(imagined: Float[np.ndarray, " h"], real: Float[np.ndarray, " h"], fps: float | int) -> float:
    """The mean of `exp(-|dt| / 0.2 s)` over the effects that there are, 0 for what does not come; NaN without any."""
    there = np.isfinite(real)
    return float(np.exp(-np.abs(imagined[there] - real[there]) / fps / PATIENCE).mean()) if there.any() else np.nan


def order(imagined: Float[np.ndarray, " h"], real: Float[np.ndarray, " h"]) -> float:
    """Kendall's tau of when effects begin, over those that there are; one that does not come is as if out of order.

    NaN where fewer than two begin at different times.
    """
    there = np.isfinite(real)
    mine, true = imagined[there], real[there]
    earlier = true[:, None] < true
    if not earlier.any():
        return np.nan
    right = (mine[:, None] < mine) & np.isfinite(mine[:, None]) & np.isfinite(mine)
    tied = np.isfinite(mine)[:, None] & (mine[:, None] == mine)
    return float(np.where(tied, 0, np.where(right, 1, -1))[earlier].mean())


def response(doses: Sequence[float], imagined: Sequence[float], real: Sequence[float]) -> tuple[float, float]:
    """How effects rise with their dose: Spearman's rho, and the ratio of the slopes, the smaller to the larger.

    The ratio is 0 where the slopes have different signs. An effect that cannot be read is as none, and both are at
    their worst where not two can be.
    """
    mine = np.array(imagined, float)
    if np.isnan(mine).any():
        return -1.0, 0.0
    if np.ptp(mine) == 0:
        return 0.0, 0.0
    rho = float(np.corrcoef(rankdata(doses), rankdata(mine))[0, 1])
    gain = float(np.polyfit(doses, mine, 1)[0] / np.polyfit(doses, real, 1)[0])
    return rho, max(0.0, min(gain, 1 / gain)) if gain else 0.0
