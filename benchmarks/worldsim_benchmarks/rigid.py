"""How rigid a thing is that is known by marks: how far what is seen of them is from any pose that it could have.

Source: the pose of a known body from points, refined by Gauss-Newton on what they are off in the picture: Lowe 1991,
"Fitting Parameterized Three-Dimensional Models to Images".
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float
from scipy.spatial.transform import Rotation

from worldsim_benchmarks.benchmark import Truth

FEWEST = 5
"""Marks that must truly be seen, wholly, before a frame is asked about: ten numbers, against six of a pose."""

LOOSE = 0.2
"""How far off marks must be, on average and in diameters of the body, for a body to be none."""

ROUNDS = 12


def rigidity(
    truth: Truth, seen: Float[np.ndarray, "t m 2"], marks: Sequence[int], whole: float = 0.9
) -> Float[np.ndarray, " t"]:
    """How rigid a body is in each frame, in [0, 1]; NaN where too few of its marks can be seen.

    Args:
        truth: Of the frames: `pos` and `quat` of things whose hues are the marks'.
        seen: Where each mark was seen (px); NaN where it was not.
        marks: The hue of each.
        whole: The share of a mark that must truly be visible.

    Returns:
        1 less the root mean square of what marks are off by under the best pose, in `LOOSE` diameters of the body. 0
        where a mark is missing.
    """
    slots = [int(np.flatnonzero(truth.state["hue"].max(0) == hue)[0]) for hue in marks]
    place = truth.state["pos"][:, slots]
    asked = truth.visible[:, slots] >= whole
    frames = np.flatnonzero(asked.sum(1) >= FEWEST)
    scores = np.full(len(seen), np.nan)
    scores[frames] = 0.0
    there = frames[(np.isfinite(seen[frames]).all(-1) | ~asked[frames]).all(1)]
    if not len(there):
        return scores
    eye = truth.pose[there]
    here = np.einsum("t m i, t i j -> t m j", place[there] - eye[:, None, :3, 3], eye[:, :3, :3])
    found = misfit(here, np.nan_to_num(seen[there]), asked[there], truth.intrinsics)
    scores[there] = 1 - np.minimum(1, found.off / (LOOSE * found.wide))
    return scores


class Misfit(NamedTuple):
    """How far a body is from what is seen of it, under the pose that brings it nearest.

    Attributes:
        off: The root mean square of what its marks are off by (px).
        each: What each of them is off by (px), also those that are not asked about.
        wide: How wide the body is (px).
    """

    off: Float[np.ndarray, " t"]
    each: Float[np.ndarray, "t m"]
    wide: Float[np.ndarray, " t"]


def misfit(
    body: Float[np.ndarray, "t m 3"],
    seen: Float[np.ndarray, "t m 2"],
    asked: Bool[np.ndarray, "t m"],
    intrinsics: Float[np.ndarray, "3 3"],
) -> Misfit:
    """By how much marks of a body are off under the best pose.

    Args:
        body: The marks where they truly are, in the camera's axes (m); from there they are moved and turned as one.
        seen: Where they were seen (px).
        asked: Which of them count.
        intrinsics: Of the camera (px).
    """
    focal, middle, weight = float(intrinsics[0, 0]), intrinsics[:2, 2], asked[..., None].astype(float)
    heart = body.mean(1, keepdims=True)
    shape, depth = body - heart, heart[:, 0, 2]
    width = focal * np.linalg.norm(shape[:, :, None] - shape[:, None], axis=-1).max((1, 2)) / depth
    best, each = np.full(len(body), np.inf), np.full(asked.shape, np.inf)
    for start in _STARTS:
        turn = np.tile(start.as_matrix(), (len(body), 1, 1))
        way = heart[:, 0].copy()
        counted = weight.sum(1)
        way[:, :2] = ((seen - middle) * weight).sum(1) / counted * depth[:, None] / focal
        for _ in range(ROUNDS):
            turned = np.einsum("t i j, t m j -> t m i", turn, shape)
            x, y, z = np.moveaxis(turned + way[:, None], -1, 0)
            z = np.maximum(z, 0.2)
            away = np.stack([focal * x / z, focal * y / z], -1) + middle - seen
            error = away * weight
            none = np.zeros_like(z)
            across = focal * np.stack([1 / z, none, -x / z**2, none, 1 / z, -y / z**2], -1).reshape(*z.shape, 2, 3)
            a, b, c = np.moveaxis(turned, -1, 0)
            spin = np.stack([none, c, -b, -c, none, a, b, -a, none], -1).reshape(*z.shape, 3, 3)
            slope = np.concatenate([across @ spin, across], -1) * weight[..., None]
            bend = np.einsum("t m k i, t m k j -> t i j", slope, slope) + 1e-3 * np.eye(6)
            pull = np.einsum("t m k i, t m k -> t i", slope, error)
            step = -np.linalg.solve(bend, pull[..., None])[..., 0]
            step[:, :3] *= np.minimum(1, 0.5 / np.maximum(np.linalg.norm(step[:, :3], axis=1), 1e-9))[:, None]
            turn = Rotation.from_rotvec(step[:, :3]).as_matrix() @ turn
            way = way + step[:, 3:]
        off = np.sqrt((error**2).sum((1, 2)) / weight.sum((1, 2)))
        each = np.where((off < best)[:, None], np.linalg.norm(away, axis=-1), each)
        best = np.minimum(best, off)
    return Misfit(best, each, width)


_STARTS = (Rotation.identity(), *Rotation.from_euler("z", [[90], [180], [270]], degrees=True))
"""From how the body truly stands, and from where it would stand turned about the line of sight."""
