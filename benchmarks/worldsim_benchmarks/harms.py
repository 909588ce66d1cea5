"""Harm to things that were hidden: the truth of object permanence, corrupted for any scene and any number of arms.

A thing's pixels are those of its hue about its place, so nothing but the frames and the truth is needed. What is harmed
is what tells a case from its twins; see `objects.apart`.
"""

from collections.abc import Callable, Iterator

import numpy as np
from jaxtyping import Bool
from scipy import ndimage

from worldsim_benchmarks.benchmark import Case, Twins, Video
from worldsim_benchmarks.contestants import Corrupt
from worldsim_benchmarks.objects import Asked, apart, come_again, there, well_seen
from worldsim_envs.palette import DARK, LIGHT, RGB

Mask = Bool[np.ndarray, "h w"]
Change = Callable[[Video, Case, Asked], None]
"""Something done to frames, in place, about one thing that is asked about in a case."""

HIDDEN = (
    *("M-OCC", "M-TUN", "M-CUR", "M-CON", "M-SHL", "M-CNT", "M-CAM"),
    *("V-LOOK", "V-PLACE", "V-BREAK", "V-WALL", "V-BURY", "V-LAVA", "V-NIGHT", "V-LONG"),
)
SEVERAL = ("M-SHL", "V-LAVA", "V-NIGHT")
COUNTED, OPEN, GOES_ON = ("M-CNT",), ("M-CRD",), ("M-CAM",)
"""The families in which something is hidden, several things are, they are counted, none is, and something goes on."""


def told_apart(twins: Twins) -> list[list[Asked]]:
    """What each case is told from its twins by: the first from all others, each other from the first."""
    first, *others = twins.cases
    pairs = [apart(first, other) for other in others]
    own = {each.thing: each for pair in pairs for each in pair[0]}
    return [list(own.values()), *(pair[1] for pair in pairs)]


def harm(change: Callable[[float], Change], things: Callable[[Case], list[Asked]] | None = None) -> Corrupt:
    """The truth, with a change of some severity made to what each case is told apart by, or to other `things` of it."""

    def corrupt(twins: Twins, severity: float, rng: np.random.Generator) -> list[Video]:
        answers = []
        for case, asked in zip(twins.cases, told_apart(twins), strict=True):
            answers.append(case.truth.frames.copy())
            for each in asked if things is None else things(case):
                change(severity)(answers[-1], case, each)
        return answers

    return corrupt


def of_another(twins: Twins, severity: float, rng: np.random.Generator) -> list[Video]:
    """Each arm's true future, told of the next arm."""
    return [case.truth.frames for case in (*twins.cases[1:], twins.cases[0])]


def belief(name: str) -> Corrupt:
    """What one may wrongly believe of the first arm; of the others the truth."""
    return lambda twins, severity, rng: [twins.beliefs[name], *(case.truth.frames for case in twins.cases[1:])]


# ---- changes ---------------------------------------------------------------------------------------------------------


def gone(part: float) -> Change:
    """It is gone for good, after a part of the frames in which it should be seen again; or at once."""

    def change(frames: Video, case: Case, asked: Asked) -> None:
        start = asked.again[int(part * len(asked.again))] if part else 0
        for t, mask in _shown(frames, case, asked, start):
            _fill(frames[t], mask)

    return change


def forgotten(seconds: float) -> Change:
    """It does not come again where it was hidden for longer than that."""
    return lambda frames, case, asked: (
        gone(0.0)(frames, case, asked) if len(asked.hidden) > seconds * case.fps else None
    )


def aside(diameters: float, *, keep: bool = False) -> Change:
    """When it comes again it is so many of its diameters aside, up or down; `keep` leaves it where it is, too."""

    def change(frames: Video, case: Case, asked: Asked) -> None:
        for t, mask in _shown(frames, case, asked, _after(asked)):
            up = case.truth.centre[t, asked.thing, 1] > frames.shape[1] / 2
            rows = round(diameters * case.truth.diameter[asked.thing]) * (-1 if up else 1)
            there = frames[t].copy()
            if not keep:
                _fill(frames[t], mask)
            moved = np.roll(mask, rows, axis=0)
            frames[t][moved] = np.roll(there, rows, axis=0)[moved]

    return change


def duplicate(diameters: float) -> Change:
    """When it comes again there is a second one so many of its diameters aside."""
    return aside(diameters, keep=True)


def recoloured(hues: float) -> Change:
    """When it comes again it has a hue so many farther along the palette."""

    def change(frames: Video, case: Case, asked: Asked) -> None:
        hue = (int(case.truth.hue[asked.thing]) + round(hues)) % len(RGB)
        for t, mask in _shown(frames, case, asked, _after(asked)):
            _paint(frames[t], mask, hue)

    return change


def drawn_in_front(severity: float) -> Change:
    """It is drawn over whatever hides it, where it was seen best before."""

    def change(frames: Video, case: Case, asked: Asked) -> None:
        best = int(case.before.area[:, asked.thing].argmax())
        source = case.seen[best]
        mask = blob(
            source, int(case.before.hue[asked.thing]), case.before.centre[best, asked.thing], _wide(case, asked)
        )
        for t in asked.hidden:
            frames[t][mask] = source[mask]

    return change


def exchanged(twins: Twins, severity: float, rng: np.random.Generator) -> list[Video]:
    """Of the things that come again, each has the next one's hue."""
    answers = []
    for case in twins.cases:
        frames, things = case.truth.frames.copy(), come_again(case)
        shown = [list(_shown(case.truth.frames, case, each, _after(each))) for each in things]
        for masks, other in zip(shown, [*things[1:], *things[:1]], strict=True):
            for t, mask in masks:
                _paint(frames[t], mask, int(case.truth.hue[other.thing]))
        answers.append(frames)
    return answers


def one_less(twins: Twins, severity: float, rng: np.random.Generator) -> list[Video]:
    """One of the things that come again does not."""
    return harm(gone, lambda case: come_again(case)[:1])(twins, 0.0, rng)


def one_more(twins: Twins, severity: float, rng: np.random.Generator) -> list[Video]:
    """One more thing, in a hue that few have, appears after a part `severity` of the time, away from all others."""
    answers = []
    for case in twins.cases:
        frames, size = case.truth.frames.copy(), case.seen.shape[1]
        hue = int(np.bincount(case.truth.hue[case.truth.hue >= 0], minlength=len(RGB)).argmin())
        known = case.truth.diameter[case.truth.diameter > 0]
        radius = (np.median(known) if len(known) else size / 8) / 2
        v, u = np.mgrid[:size, :size] + 0.5
        middle = _room(case, size, 1.5 * radius)
        disc = np.hypot(u - middle[0], v - middle[1]) < radius
        frames[int(severity * len(frames)) :, disc] = np.round(200 * RGB[hue])
        answers.append(frames)
    return answers


def _room(case: Case, size: int, margin: float) -> tuple[float, float]:
    """The place (u, v) in the picture that stays farthest from all that is seen."""
    places = np.stack(np.meshgrid(*[np.linspace(margin, size - margin, 12)] * 2), -1).reshape(-1, 2)
    taken = case.truth.centre[well_seen(case.truth)]
    away = np.linalg.norm(places[:, None] - taken, axis=-1).min(1) if len(taken) else np.zeros(len(places))
    u, v = places[int(away.argmax())]
    return float(u), float(v)


# ---- pixels of a thing -----------------------------------------------------------------------------------------------


def blob(frame: np.ndarray, hue: int, centre: np.ndarray, wide: float) -> Mask:
    """The pixels of a hue that are not farther than `wide` from a centre, and those at their edge."""
    v, u = np.mgrid[: frame.shape[0], : frame.shape[1]] + 0.5
    pixels = frame.astype(float) - frame.mean(-1, keepdims=True)
    strength = np.linalg.norm(pixels, axis=-1)
    towards = (RGB[hue] - RGB[hue].mean()) / np.linalg.norm(RGB[hue] - RGB[hue].mean())
    alike = (strength > 12) & (pixels @ towards > 0.85 * strength)
    near = np.hypot(u - centre[0], v - centre[1]) <= wide
    return ndimage.binary_dilation(alike & near) & near


def _shown(frames: Video, case: Case, asked: Asked, start: int) -> Iterator[tuple[int, Mask]]:
    """The frames from `start` on in which some of a thing is seen, and its pixels in them."""
    truth, thing = case.truth, asked.thing
    for t in range(start, len(frames)):
        if truth.area[t, thing] and there(truth)[t, thing]:
            yield t, blob(frames[t], int(truth.hue[thing]), truth.centre[t, thing], _wide(case, asked))


def _after(asked: Asked) -> int:
    """From when on a thing comes again."""
    return asked.hidden[-1] + 1 if asked.hidden else 0


def _wide(case: Case, asked: Asked) -> float:
    return 0.9 * float(case.truth.diameter[asked.thing]) + 1


def _fill(frame: np.ndarray, mask: Mask) -> None:
    """Paint over with what is nearest around."""
    if mask.any() and not mask.all():
        nearest = np.asarray(ndimage.distance_transform_edt(mask, return_distances=False, return_indices=True))
        rows, columns = nearest[:, mask]
        frame[mask] = frame[rows, columns]


def _paint(frame: np.ndarray, mask: Mask, hue: int) -> None:
    """Give pixels another hue, as bright and as vivid as they are."""
    low, high = frame[mask].min(-1, keepdims=True).astype(float), frame[mask].max(-1, keepdims=True).astype(float)
    frame[mask] = np.round(low + (high - low) * (RGB[hue] - DARK) / (LIGHT - DARK)).astype(np.uint8)
