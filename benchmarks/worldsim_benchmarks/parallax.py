"""Whether pictures show depth: what is near moves more than what is far, and everything along its epipolar line.

Both look at spots whose places in the world are known, wherever the pictures show them. A picture that is pushed aside
or made larger moves as a whole, which looks like a turn or a step forward to the eye and has no parallax.

Source: Yu et al. 2023, "Long-Term Photometric Consistent Novel View Synthesis with Diffusion Models" (thresholded
symmetric epipolar distance, TSED); Hartley and Zisserman, Multiple View Geometry (2004), sections 9.2 and 11.4.
"""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float, Float64

from worldsim_benchmarks.pose import Matched
from worldsim_envs.cameras import Camera

LEAST = 4
"""Spots that a slope needs."""

MOVED = 0.5
"""From what share of its farthest a camera has moved enough to ask (and between two frames of a pair)."""

PAIRED, WITHIN = 6, 2.0
"""Spots that a pair of frames must share, and how far from its line their median may be (px of 128)."""


def parallax(
    kind: str,
    rests: Sequence[Matched],
    start: Camera,
    poses: Float[np.ndarray, "t 4 4"],
) -> float:
    """How far what is near moves beyond what is far, against how far it should: the smaller by the larger.

    A slope is that of how far spots have moved in the picture, over one by their depth as it was; on the way in or out
    they move from the middle, by a share of how far they are from it. A frame without spots has none.

    Args:
        kind: `TRL`, across the picture, or `DOL`, along the view.
        rests: The spots of each frame.
        start: The camera before.
        poses: Where it should be.
    """
    off = np.linalg.norm(poses[:, :3, 3] - start.pose[:3, 3], axis=1)
    own, real = [], []
    for t in np.flatnonzero(off >= MOVED * off.max()).tolist():
        known = rests[t]
        before, depth = start.project(known.place)
        ahead = depth > 0.3
        if ahead.sum() < LEAST:
            own.append(0.0)
            real.append(np.nan)
            continue
        before, inverse = before[ahead], 1 / depth[ahead]
        after, _ = Camera(poses[t], start.intrinsics).project(known.place[ahead])
        own.append(_slope(kind, known.pixel[ahead] - before, before - start.intrinsics[:2, 2], inverse))
        real.append(_slope(kind, after - before, before - start.intrinsics[:2, 2], inverse))
    slopes, wanted = np.array(own), np.array(real)
    if np.isnan(wanted).all():
        return 0.0
    wanted = np.where(np.isnan(wanted), np.nanmean(wanted), wanted)
    ratio = float((slopes * wanted).sum() / (wanted**2).sum())
    return min(ratio, 1 / ratio) if ratio > 0 else 0.0


def _slope(
    kind: str, moved: Float[np.ndarray, "m 2"], aside: Float[np.ndarray, "m 2"], inverse: Float[np.ndarray, " m"]
) -> float:
    """Of what moves with depth, over one by depth; a constant is let be, as any turn or zoom adds one."""
    far = (aside**2).sum(1)
    weight, amount = (np.ones(len(far)), moved[:, 0]) if kind == "TRL" else (far, (moved * aside).sum(1) / far)
    centred = inverse - np.average(inverse, weights=weight)
    return float((weight * centred * amount).sum() / (weight * centred**2).sum())


def tsed(rests: Sequence[Matched], intrinsics: Float[np.ndarray, "3 3"], poses: Float[np.ndarray, "t 4 4"]) -> float:
    """The share of pairs of frames whose spots lie along the epipolar lines of where the camera should have been.

    Pairs are frames between which it should have gone `MOVED` of its farthest, each with the first such after it.
    """
    right, pairs = 0, 0
    limit = WITHIN * 2 * intrinsics[0, 2] / 128
    most = np.linalg.norm(poses[:, :3, 3] - poses[0, :3, 3], axis=1).max()
    for first in range(len(poses)):
        gone = np.linalg.norm(poses[first:, :3, 3] - poses[first, :3, 3], axis=1) >= MOVED * most
        if not gone.any():
            continue
        second = first + int(gone.argmax())
        one, other = _shared(rests[first], rests[second])
        pairs += 1
        if len(one) >= PAIRED:
            right += float(np.median(_off_line(one, other, intrinsics, poses[first], poses[second]))) < limit
    return right / pairs


def _shared(one: Matched, other: Matched) -> tuple[Float64[np.ndarray, "m 2"], Float64[np.ndarray, "m 2"]]:
    """Where the spots that are in both frames are in each (px)."""
    there = {tuple(place): number for number, place in enumerate(other.place.tolist())}
    both = [(i, there[key]) for i, place in enumerate(one.place.tolist()) if (key := tuple(place)) in there]
    rows = np.array(both, int).reshape(-1, 2).T
    return one.pixel[rows[0]], other.pixel[rows[1]]


def _off_line(
    one: np.ndarray, other: np.ndarray, intrinsics: np.ndarray, first: np.ndarray, second: np.ndarray
) -> Float64[np.ndarray, " m"]:
    """How far points are from each other's epipolar lines, on average of the two pictures (px)."""
    move = np.linalg.inv(second) @ first
    x, y, z = move[:3, 3]
    inverse = np.linalg.inv(intrinsics)
    bond = inverse.T @ np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]]) @ move[:3, :3] @ inverse
    here, there = (np.column_stack([each, np.ones(len(each))]) for each in (one, other))
    lines, back = here @ bond.T, there @ bond
    error = np.abs((there * lines).sum(1))
    return (error / np.linalg.norm(lines[:, :2], axis=1) + error / np.linalg.norm(back[:, :2], axis=1)) / 2
