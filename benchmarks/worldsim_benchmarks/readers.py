"""Reading state from pixels: the twin test, which needs no reader at all, and the colour reader.

Readers look at frames and never at who made them; they are tuned on simulator renders and generic corruptions only.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

import numpy as np
from jaxtyping import Bool, Float, Int, UInt8
from scipy import ndimage

DIFFERS = 25
"""Levels of 255 by which two renders must differ somewhere in RGB for a pixel to tell them apart."""
EXPOSED = 20
"""Pixels that must tell twins apart before a frame is asked about."""


def fit_colours(
    frames: UInt8[np.ndarray, "t h w 3"], target: Float[np.ndarray, "t h w 3"], where: Bool[np.ndarray, "t h w"]
) -> Float[np.ndarray, "t h w 3"]:
    """Undo a global change of colour: the affine map of RGB that brings `frames` nearest to `target` where asked.

    First one gain and one offset for all channels, then a matrix, held to that gain by a ridge: a grey background alone
    cannot tell how colours changed. An exposure that is off by a tenth is no mistake about the world, and the twin test
    would count it as one.
    """
    where = where & (np.arange(where.size).reshape(where.shape) % 7 == 0)  # a seventh of the pixels tell as much
    pixels, wanted = frames[where] / 255.0, target[where] / 255.0
    if not len(pixels):
        return frames.astype(float)
    centred = pixels - pixels.mean()
    ridge = 1e-5
    gain = max(0.0, ((centred * (wanted - wanted.mean())).mean() + ridge) / ((centred**2).mean() + ridge))
    prior = np.vstack([gain * np.eye(3), np.full((1, 3), wanted.mean() - gain * pixels.mean())])
    inputs = np.concatenate([pixels, np.ones((len(pixels), 1))], axis=1)
    pull = 1000 * ridge * len(pixels) * np.eye(4)
    affine = np.linalg.solve(inputs.T @ inputs + pull, inputs.T @ wanted + pull @ prior)
    return (frames / 255.0 @ affine[:3] + affine[3]) * 255.0


def twin_test(
    truths: Sequence[UInt8[np.ndarray, "t h w 3"]],
    answers: Sequence[UInt8[np.ndarray, "t h w 3"]],
    asked: Bool[np.ndarray, " t"],
) -> Float[np.ndarray, " t"]:
    """The twin discrimination score of each frame, in [-1, 1]; NaN where the twins cannot be told apart.

    With a, b the renders of twins A and B, and M the pixels where they differ, an answer to A earns by how much it is
    nearer to a than to b on M, and likewise B: `½ [clip((d(x̂ᴬ,b) − d(x̂ᴬ,a)) / D) + clip((d(x̂ᴮ,a) − d(x̂ᴮ,b)) / D)]`
    with d the mean absolute difference on M and D = d(a, b). The same answer to both earns exactly 0; the twins
    exchanged earn -1.
    """
    a, b = (truth.astype(float) for truth in truths)
    apart = np.abs(a - b).max(-1)
    tells, same = apart > DIFFERS, apart <= 2
    middle = (a + b) / 2
    fitted = [fit_colours(answer, middle, same) for answer in answers]
    scores = np.full(len(a), np.nan)
    for t in np.flatnonzero(asked & (tells.sum((1, 2)) >= EXPOSED)):
        mask = tells[t]

        def distance(p, q, mask=mask, t=t):
            return np.abs(p[t][mask] - q[t][mask]).mean()

        between = distance(a, b)
        own = (distance(fitted[0], b) - distance(fitted[0], a)) / between
        other = (distance(fitted[1], a) - distance(fitted[1], b)) / between
        scores[t] = (np.clip(own, -1, 1) + np.clip(other, -1, 1)) / 2
    return scores


@dataclass(frozen=True, eq=False)
class Sighting:
    """Coloured things found in a clip, one row each: in which frame, of which hue, how large, where."""

    frame: Int[np.ndarray, " m"]
    hue: Int[np.ndarray, " m"]
    area: Float[np.ndarray, " m"]
    centre: Float[np.ndarray, "m 2"]

    def of(self, frame: int, hue: int) -> tuple[Float[np.ndarray, " j"], Float[np.ndarray, "j 2"]]:
        """Areas (px) and centres (u, v) of the things of one hue in one frame."""
        rows = (self.frame == frame) & (self.hue == hue)
        return self.area[rows], self.centre[rows]


class ColourReader:
    """Finds things by hue: pixels with enough chroma, near a palette hue, in connected patches.

    A patch as thin as a pixel is none: where two things touch, their hues mix along the seam, at times to a third.

    Args:
        palette: RGB of each hue, on any scale; hues at least 40 degrees apart, on grey backgrounds.
        chroma: Least distance from grey, in levels of 255.
        alike: Least cosine between a pixel's chroma and its hue's.
        least_area: Smallest patch in pixels.
        least_width: Smallest area over longest side, in pixels.
    """

    def __init__(
        self,
        palette: Float[np.ndarray, "p 3"],
        chroma: float = 30,
        alike: float = 0.93,
        least_area: int = 10,
        least_width: float = 1.5,
    ):
        towards = palette - palette.mean(1, keepdims=True)
        self.directions = towards / np.linalg.norm(towards, axis=1, keepdims=True)
        self.chroma = chroma
        self.alike = alike
        self.least_area = least_area
        self.least_width = least_width

    def read(self, frames: UInt8[np.ndarray, "t h w 3"]) -> Sighting:
        """Everything coloured in every frame."""
        away = frames.astype(np.float32) - frames.mean(-1, keepdims=True, dtype=np.float32)
        strength = np.linalg.norm(away, axis=-1)
        coloured = strength > self.chroma
        cosines = away[coloured] @ self.directions.T.astype(np.float32) / strength[coloured, None]
        hues = np.full(strength.shape, -1)
        hues[coloured] = np.where(cosines.max(-1) > self.alike, cosines.argmax(-1), -1)
        in_plane = np.zeros((3, 3, 3), int)
        in_plane[1] = 1
        rows: list[tuple[int, int, float, float, float]] = []
        for hue in np.unique(hues[hues >= 0]).tolist():
            patches = np.zeros(hues.shape, np.int32)
            count = cast(int, ndimage.label(hues == hue, in_plane, output=patches))
            pixels = np.argwhere(patches)
            patch, vivid = patches[tuple(pixels.T)], strength[tuple(pixels.T)]
            # a pixel on an edge is half the thing's colour: it belongs where it is more than half
            middling = np.bincount(patch, vivid, count + 1) / np.maximum(np.bincount(patch, minlength=count + 1), 1)
            inside = vivid > 0.5 * middling[patch]
            areas = np.bincount(patch[inside], minlength=count + 1)
            t, v, u = (np.bincount(patch[inside], axis[inside], count + 1) for axis in pixels.T)
            boxes = ndimage.find_objects(patches)
            for i in np.flatnonzero(areas >= self.least_area):
                area = float(areas[i])
                _, high, wide = boxes[i - 1]
                if area < self.least_width * max(high.stop - high.start, wide.stop - wide.start):
                    continue
                rows.append((round(t[i] / area), hue, area, u[i] / area + 0.5, v[i] / area + 0.5))
        table = np.array(sorted(rows)).reshape(-1, 5)
        return Sighting(table[:, 0].astype(int), table[:, 1].astype(int), table[:, 2], table[:, 3:])
