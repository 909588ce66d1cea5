"""What became of things that could not be seen: which are asked about, and what an answer shows of them.

Two cases of one world are told apart by a thing that only one of them has, or by a hue, or by where a thing is. Such a
thing is asked about where it is wholly hidden for a while and well seen again; what is asked never hangs on an answer.
Frames are those of the future, counted from 0.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float
from scipy.optimize import linear_sum_assignment

from worldsim_benchmarks.benchmark import Case, Truth, Video
from worldsim_benchmarks.readers import DIFFERS, EXPOSED, Reader, Sighting, fit_colours

LEAST_AREA = 10
"""Pixels of the smallest patch that is read."""
NEAR = 1.0
"""Diameters within which a thing counts as found where it should be."""


class Asked(NamedTuple):
    """A thing of a case that is asked about: in which frames it is wholly hidden, and in which well seen again."""

    thing: int
    hidden: list[int]
    again: list[int]


# ---- which things are asked about ------------------------------------------------------------------------------------


def in_the_light(truth: Truth) -> Truth:
    """The truth of one who looks: what is too dark to be seen, or shows less than a ray would meet, has no pixels."""
    seen = truth.visible > 0
    return replace(truth, area=np.where(seen, truth.area, 0.0), centre=np.where(seen[..., None], truth.centre, np.nan))


def as_read(truth: Truth, reader: Reader) -> Truth:
    """The truth that also tells, as `read` [t o], of how many pixels a reader finds each thing to be, where it does."""
    sighting, read = reader.read(truth.frames), truth.area.copy()
    for t, thing in np.argwhere((truth.area > 0) & (truth.hue >= 0)).tolist():
        area = _near(sighting, truth, thing, t)
        read[t, thing] = area or read[t, thing]
    return replace(truth, state={**truth.state, "read": read})


def there(truth: Truth) -> Bool[np.ndarray, "t o"]:
    """Which things there are, seen or not."""
    absent = np.broadcast_to(truth.hue >= 0, truth.area.shape)
    return truth.state["present"].astype(bool) & absent if "present" in truth.state else absent


def well_seen(truth: Truth) -> Bool[np.ndarray, "t o"]:
    """Which things are seen so well that an answer must show them."""
    return (truth.visible >= 0.9) & (truth.area >= 2 * LEAST_AREA)


def windows(truth: Truth, target: int) -> tuple[list[int], list[int]]:
    """Frames in which the target is wholly hidden, and those after them in which it is well seen again."""
    hidden = np.flatnonzero(truth.area[:, target] == 0)
    well = well_seen(truth)[:, target]
    if not len(hidden) or not well[hidden[0] :].any():
        return [], []
    first_again = hidden[0] + int(np.argmax(well[hidden[0] :]))
    again = np.flatnonzero(well & (np.arange(len(well)) >= first_again))
    return hidden[hidden < first_again].tolist(), again.tolist()


def gone_on(case: Case, target: int) -> tuple[list[int], list[int]]:
    """For a thing in the open: no frame, and those in which it is well seen and no longer where it was last seen."""
    away = np.linalg.norm(case.truth.centre[:, target] - case.before.centre[-1, target], axis=-1)
    moved = away > NEAR * case.truth.diameter[target]
    return [], np.flatnonzero(well_seen(case.truth)[:, target] & moved).tolist()


def apart(one: Case, other: Case) -> tuple[list[Asked], list[Asked]]:
    """What is asked about in two cases of one world: what they are told apart by, in the one and in the other.

    That is what one of them has and the other has not; where there is no such thing, what has another hue; and else
    what is elsewhere. `notes` of the cases may name the one `target`, and say that all is in the `open`.
    """
    if (there(one.truth) != there(other.truth)).any():
        differs = _only_here
    else:
        differs = _of_another_hue if (one.truth.hue != other.truth.hue).any() else _elsewhere
    both = (one, other), (other, one)
    found = [[each for each in come_again(case) if differs(case.truth, twin.truth, each)] for case, twin in both]
    return found[0], found[1]


def come_again(case: Case) -> list[Asked]:
    """All things of a case that are seen in the context, and again after they were hidden, or moved in the open."""
    known = (case.truth.hue >= 0) & (case.before.area >= 2 * LEAST_AREA).any(0)
    things = [thing for thing in np.flatnonzero(known).tolist() if thing == case.notes.get("target", thing)]
    in_view = gone_on if case.notes.get("open") else lambda case, thing: windows(case.truth, thing)
    asked = [Asked(thing, *in_view(case, thing)) for thing in things]
    return [each for each in asked if each.again]


def _only_here(truth: Truth, twin: Truth, asked: Asked) -> bool:
    return not there(twin)[asked.again, asked.thing].any()


def _of_another_hue(truth: Truth, twin: Truth, asked: Asked) -> bool:
    """Whether the thing has another hue in the twin, and nothing that has its own there is taken for it."""
    own = truth.hue[asked.thing]
    others = np.flatnonzero(twin.hue == own)
    off = twin.centre[asked.again][:, others] - truth.centre[asked.again, asked.thing][:, None]
    near = np.linalg.norm(off, axis=-1) <= NEAR * truth.diameter[asked.thing]
    return bool(own != twin.hue[asked.thing] and not near.any())


def _elsewhere(truth: Truth, twin: Truth, asked: Asked) -> bool:
    off = truth.centre[asked.again, asked.thing] - twin.centre[asked.again, asked.thing]
    return bool(np.mean(np.linalg.norm(off, axis=-1) <= NEAR * truth.diameter[asked.thing]) < 0.5)


# ---- what an answer shows --------------------------------------------------------------------------------------------


def found(sighting: Sighting, truth: Truth, target: int, t: int) -> float:
    """How well the target is seen at its true place: 0, or the ratio of the smaller area to the larger.

    Its true area is what the reader finds it to be in the truth, where that is told (see `as_read`).
    """
    area = _near(sighting, truth, target, t)
    ratio = area / truth.state.get("read", truth.area)[t, target]
    return float(min(ratio, 1 / ratio)) if area else 0.0


def _near(sighting: Sighting, truth: Truth, thing: int, t: int) -> float:
    """The pixels of a thing's hue that are seen at its place."""
    area, centre = sighting.of(t, int(truth.hue[thing]))
    near = np.linalg.norm(centre - truth.centre[t, thing], axis=1) <= NEAR * truth.diameter[thing]
    return float(area[near].sum())


def reappears(sighting: Sighting, truth: Truth, asked: Sequence[Asked]) -> float:
    """How well, in the mean, what is asked about is seen again; NaN where nothing is."""
    return _mean([found(sighting, truth, each.thing, t) for each in asked for t in each.again])


def leaks(sighting: Sighting, truth: Truth, asked: Sequence[Asked]) -> float:
    """How often a hue is seen though all of the thing that has it is hidden; NaN where nothing is ever hidden."""
    return _mean([len(sighting.of(t, int(truth.hue[each.thing]))[0]) > 0 for each in asked for t in each.hidden])


def unmatched(sighting: Sighting, truth: Truth, t: int) -> float:
    """1 where anything is seen at frame t that is not there, else 0."""
    for hue in np.unique(sighting.hue[sighting.frame == t]).tolist():
        _, centre = sighting.of(t, hue)
        owners = np.flatnonzero((truth.hue == hue) & (truth.area[t] > 0))
        if not len(owners):
            return 1.0
        far = np.linalg.norm(centre[:, None] - truth.centre[t, owners], axis=-1) > NEAR * truth.diameter[owners]
        if far.all(1).any():
            return 1.0
    return 0.0


def surplus(sighting: Sighting, truth: Truth, t: int) -> int:
    """How many more things are seen at frame t than there are.

    One that is seen where none of its hue is counts, unless one of its hue is missing: then it may be that one, and
    is no more than displaced. Beacons are no things, and their hues are left out.
    """
    beacons = np.unique(truth.state["beacon_hue"]) if "beacon_hue" in truth.state else ()
    exist, more = there(truth)[t], 0
    for hue in np.unique(sighting.hue[sighting.frame == t]).tolist():
        if hue in beacons:
            continue
        _, centre = sighting.of(t, hue)
        owners = np.flatnonzero((truth.hue == hue) & exist)
        near = np.linalg.norm(centre[:, None] - truth.centre[t, owners], axis=-1) <= NEAR * truth.diameter[owners]
        more += max(0, int((~near.any(1)).sum() - (~near.any(0)).sum()))
    return more


def births(sighting: Sighting, truth: Truth) -> float:
    """How often, in a hundred frames, one more thing is seen than there was a frame before, and than there is."""
    more = np.array([0, *(surplus(sighting, truth, t) for t in range(len(truth.frames)))])
    return float(100 * np.maximum(0, np.diff(more)).sum() / len(truth.frames))


def counted(sighting: Sighting, truth: Truth, frames: Sequence[int]) -> tuple[float, float]:
    """How near the number of things seen is to how many there are, 1 - |n' - n| / n, and how often it is just that.

    Frames in which a thing is seen, but not well, are left out; (NaN, NaN) where that leaves none.
    """
    clear = [t for t in frames if (well_seen(truth)[t] | (truth.area[t] == 0)).all()]
    true = np.array([(truth.area[t] > 0).sum() for t in clear])
    seen = np.array([(sighting.frame == t).sum() for t in clear])
    off = np.abs(seen - true)
    return _mean(1 - np.minimum(1, off / np.maximum(true, 1))), _mean(off == 0)


def identity(sighting: Sighting, truth: Truth, asked: Sequence[Asked]) -> float:
    """Which of the things that come again is which: 1 all right, 0 by chance or unseen, below 0 where they changed.

    In each frame in which all n are well seen, hues are assigned to places (Kuhn, 1955), and the share that is right
    of those assigned, less 1/n for chance, counts by the share of things that are seen at all. NaN where fewer than
    two things are seen again at once.
    """
    things = [each.thing for each in asked]
    if len(things) < 2:
        return float("nan")
    chance, values = 1 / len(things), []
    for t in sorted(set.intersection(*(set(each.again) for each in asked))):
        away = np.full((len(things), len(things)), np.inf)
        for column, thing in enumerate(things):
            _, centre = sighting.of(t, int(truth.hue[thing]))
            if len(centre):
                to = np.linalg.norm(truth.centre[t, things][:, None] - centre, axis=-1).min(1)
                away[:, column] = to / truth.diameter[things]
        places, hues = linear_sum_assignment(np.minimum(away, 1e3))
        seen = away[places, hues] <= NEAR
        right = (places == hues)[seen].mean() if seen.any() else chance
        values.append(seen.mean() * (right - chance) / (1 - chance))
    return _mean(values)


def believed(
    answer: Video, truth: Truth, beliefs: Sequence[Video], frames: Sequence[int]
) -> Float[np.ndarray, " r"] | None:
    """In which share of the frames an answer is nearest to the truth, and to each of the other renders.

    Only pixels count that tell the renders apart; those that are equal share a frame. None where no frame has `EXPOSED`
    such pixels.
    """
    renders = np.stack([truth.frames, *beliefs]).astype(float)
    spread = (renders.max(0) - renders.min(0)).max(-1)
    fitted = fit_colours(answer, renders.mean(0), spread <= 2)
    shares = []
    for t in frames:
        mask = spread[t] > DIFFERS
        if mask.sum() >= EXPOSED:
            away = np.abs(renders[:, t][:, mask] - fitted[t][mask]).mean((1, 2))
            nearest = away <= away.min() + 1e-9
            shares.append(nearest / nearest.sum())
    return np.mean(shares, 0) if shares else None


def _mean(values: Sequence[float | int] | np.ndarray) -> float:
    return float(np.mean(values)) if len(values) else float("nan")
