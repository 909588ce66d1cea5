"""Which place a picture shows: of sixteen views that the simulator draws, the one that it is most like.

Views are compared where they show what was seen before, and nowhere else: what nobody has seen, a model may make up.
How alike two views are is their correlation, so a picture that is a little darker shows the same place. An answer that
is the same to both arms of a path is right about one of them at most, so both must be.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float, Float64, Int, UInt8
from scipy import ndimage

from worldsim_benchmarks.paths import away, turned
from worldsim_envs.cameras import Camera

VIEWS = 16
"""How many places there are to choose from."""

QUANTILES = (0.25, 0.5, 0.75, 1.0)
"""At what share of the way a place is asked for."""

ALIKE = 0.5
"""How well a picture must correlate with a view to show that place and not just none of the others."""

NEAR = 0.05
"""By what share of its distance a surface can be off that is the same one, seen again."""

FARAWAY = 1e4
"""Where the sky is, for whoever moves by metres (m)."""


def apart(
    one: Float[np.ndarray, "*#t 4 4"], other: Float[np.ndarray, "*#t 4 4"], distance: float
) -> Float64[np.ndarray, "..."]:
    """How differently two poses look (rad), at what is `distance` (m) away."""
    return turned(one, other) + away(one, other) / distance


def asked(poses: Float[np.ndarray, "t 4 4"], start: Float[np.ndarray, "4 4"], distance: float) -> list[int]:
    """The frames at which each of `QUANTILES` of the way has been gone."""
    whole = np.concatenate([start[None], poses])
    gone = np.cumsum(apart(whole[1:], whole[:-1], distance))
    return [int(np.argmax(gone >= share * gone[-1] - 1e-9)) for share in QUANTILES]


def views(
    poses: Float[np.ndarray, "n 4 4"], first: Sequence[int], distance: float, fine: float
) -> Int[np.ndarray, " k"]:
    """The places to choose from: those of `first` that differ by `fine` (rad), then whichever is farthest from all."""
    chosen: list[int] = []
    off = np.full(len(poses), np.inf)
    for number in (*first, *[None] * VIEWS):
        if len(chosen) == VIEWS:
            break
        best = int(off.argmax()) if number is None else number
        if off[best] > fine:
            chosen.append(best)
            off = np.minimum(off, apart(poses, poses[best], distance))
    return np.array(chosen)


def alike(
    frame: UInt8[np.ndarray, "h w 3"], there: UInt8[np.ndarray, "k h w 3"], seen: Bool[np.ndarray, "k h w"]
) -> Float64[np.ndarray, " k"]:
    """The correlation of a frame with each view, where that was seen; none with a frame of one shade."""
    found = np.zeros(len(there))
    for number, (view, where) in enumerate(zip(there, seen, strict=True)):
        own, other = frame[where].astype(float), view[where].astype(float)
        own, other = own - own.mean(0), other - other.mean(0)
        both = np.linalg.norm(own) * np.linalg.norm(other)
        found[number] = (own * other).sum() / both if both > 0 else 0.0
    return found


class Shown(NamedTuple):
    """One arm of a path, as the simulator shows it.

    Attributes:
        start: Where the camera was before.
        pose: Where it is in each frame.
        frames: What it shows.
        seen: Which pixels show what was seen before.
    """

    start: Float[np.ndarray, "4 4"]
    pose: Float[np.ndarray, "t 4 4"]
    frames: UInt8[np.ndarray, "t h w 3"]
    seen: Bool[np.ndarray, "t h w"]


def recognised(
    arms: Sequence[Shown],
    answers: Sequence[UInt8[np.ndarray, "t h w 3"]],
    gate: float,
    *,
    distance: float,
    fine: float,
) -> float:
    """At how many of their places all answers show the right one, beyond chance, among views of all arms' paths.

    Args:
        arms: The arms.
        answers: One to each.
        gate: What the last place is worth: a camera that never left is there, too.
        distance: Of what is looked at (m).
        fine: By what angle places must differ to be two (rad).
    """
    pose, frames, seen = (np.concatenate([getattr(arm, name) for arm in arms]) for name in ("pose", "frames", "seen"))
    times = [asked(arm.pose, arm.start, distance) for arm in arms]
    begins = np.cumsum([0, *[len(arm.pose) for arm in arms]])
    wanted = np.concatenate([begin + np.array(own) for begin, own in zip(begins, times, strict=False)])
    there = views(pose, wanted.tolist(), distance, fine)
    right = apart(pose[wanted][:, None], pose[there], distance).argmin(1).reshape(len(arms), -1)
    scores = np.array(
        [
            [alike(answer[t], frames[there], seen[there]) for t in own]
            for answer, own in zip(answers, times, strict=True)
        ]
    )
    hits = ((scores.argmax(2) == right) & (scores.max(2) >= ALIKE)).all(0)
    worth, chance = np.array([1.0] * (len(QUANTILES) - 1) + [gate]), 1 / len(there)
    return float(((hits * worth).mean() - chance) / (1 - chance))


def seen_from(
    before: Camera,
    depth: Float[np.ndarray, "h w"],
    after: Camera,
    depth_after: Float[np.ndarray, "h w"],
) -> Bool[np.ndarray, "h w"]:
    """Which pixels of the view `after` show what the view `before` shows, by the depths of both (m)."""
    height, width = depth_after.shape
    v, u = np.mgrid[:height, :width] + 0.5
    depth, depth_after = (np.minimum(each.astype(float), FARAWAY) for each in (depth, depth_after))
    points = after.unproject(np.column_stack([u.ravel(), v.ravel()]), depth_after.ravel())
    pixel, away_from = before.project(points)
    inside = (away_from > 0) & (pixel >= 0).all(1) & (pixel < (width, height)).all(1)
    column, row = np.where(inside[:, None], pixel, 0).astype(int).T
    away_from, depth = np.minimum(away_from, FARAWAY / 10), np.minimum(depth, FARAWAY / 10)  # the sky is one surface
    nearest, farthest = ndimage.minimum_filter(depth, 3), ndimage.maximum_filter(depth, 3)
    same = (away_from > (1 - NEAR) * nearest[row, column]) & (away_from < (1 + NEAR) * farthest[row, column])
    return (inside & same).reshape(height, width)
