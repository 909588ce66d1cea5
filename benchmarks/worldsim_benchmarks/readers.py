"""Reading state from pixels: the twin test, which needs no reader of things, and the colour reader.

Readers look at frames and never at who made them; they are tuned on simulator renders and generic corruptions only.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np
from jaxtyping import Bool, Float, Int, UInt8
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from scipy.spatial import KDTree

DIFFERS = 25
"""Levels of 255 by which two renders must differ somewhere in RGB for a pixel to tell them apart."""
EXPOSED = 20
"""Pixels that must tell twins apart before a frame is asked about."""
MIXED = 1.3
"""How much more vivid than a mixture of two hues a seam may be: what meets there may be lit better than around it."""


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
    seen: Bool[np.ndarray, "t h w"] | None = None,
    where: Bool[np.ndarray, "t h w"] | None = None,
) -> Float[np.ndarray, " t"]:
    """The twin discrimination score of each frame, in [-1, 1]; NaN where the twins cannot be told apart.

    With a, b the renders of twins A and B, and M the pixels where they differ, an answer to A earns by how much it is
    nearer to a than to b on M, and likewise B: `½ [clip((d(x̂ᴬ,b) − d(x̂ᴬ,a)) / D) + clip((d(x̂ᴮ,a) − d(x̂ᴮ,b)) / D)]`
    with d the mean absolute difference on M and D = d(a, b). The same answer to both earns exactly 0; the twins
    exchanged earn -1. Where `seen` is given, no other pixels are looked at, and only those `where` it is asked are M.
    """
    a, b = (truth.astype(float) for truth in truths)
    apart = np.abs(a - b).max(-1)
    tells, same = apart > DIFFERS, apart <= 2
    if seen is not None:
        tells, same = tells & seen, same & seen
    if where is not None:
        tells = tells & where
    middle = (a + b) / 2
    fitted = [fit_colours(answer, middle, same) for answer in answers]
    scores = np.full(len(a), np.nan)
    for t in np.flatnonzero(asked & (tells.sum((1, 2)) >= EXPOSED)):
        one, other, to_one, to_other = (frames[t][tells[t]] for frames in (a, b, *fitted))
        between = np.abs(one - other).mean()
        own = (np.abs(to_one - other).mean() - np.abs(to_one - one).mean()) / between
        twin = (np.abs(to_other - one).mean() - np.abs(to_other - other).mean()) / between
        scores[t] = (np.clip(own, -1, 1) + np.clip(twin, -1, 1)) / 2
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


@runtime_checkable
class Reader(Protocol):
    """Finds coloured things in frames; no state of it changes."""

    def read(self, frames: UInt8[np.ndarray, "t h w 3"]) -> Sighting:
        """Every thing in every frame."""
        ...


class ColourReader:
    """Finds things by hue: pixels with enough chroma, near a palette hue, in connected patches.

    Where two things touch, or a blur runs over both, their hues mix, at times to a third one of the palette, as green
    and blue to cyan. A patch is such a seam, and no thing, where its hue lies between those of two larger patches, at
    least half of it is within `seam` pixels of both, and it is no more vivid than a mixture of them can be.

    Args:
        palette: RGB of each hue, on any scale; hues at least 40 degrees apart, on grey backgrounds.
        chroma: Least distance from grey, in levels of 255.
        alike: Least cosine between a pixel's chroma and its hue's.
        least_area: Smallest patch in pixels.
        seam: From how far away colours mix, in pixels.
    """

    def __init__(
        self,
        palette: Float[np.ndarray, "p 3"],
        chroma: float = 30,
        alike: float = 0.93,
        least_area: int = 10,
        seam: int = 4,
    ):
        towards = palette - palette.mean(1, keepdims=True)
        self.directions = towards / np.linalg.norm(towards, axis=1, keepdims=True)
        self.chroma = chroma
        self.alike = alike
        self.least_area = least_area
        self.seam = seam
        self.mixtures = [_mixtures(hue, self.directions) for hue in range(len(palette))]

    def read(self, frames: UInt8[np.ndarray, "t h w 3"]) -> Sighting:
        """Everything coloured in every frame."""
        pixels, hues, vivid = self._coloured(frames)
        patch, count = patches(pixels, hues, frames.shape[1:3])
        # a pixel on an edge is half the thing's colour: it belongs where it is more than half
        middling = np.bincount(patch, vivid, count) / np.bincount(patch, minlength=count)
        inside = np.flatnonzero(vivid > 0.5 * middling[patch])
        inside = inside[np.argsort(patch[inside], kind="stable")]  # patch by patch, and still frame by frame
        patch, pixels, hues, vivid = patch[inside], pixels[inside], hues[inside], vivid[inside]
        starts = np.searchsorted(patch, np.arange(count + 1))
        turns = np.searchsorted(pixels[:, 0], np.arange(len(frames) + 1))
        areas = np.diff(starts)
        sizes, things = areas[patch], []
        for i in np.flatnonzero(areas >= self.least_area).tolist():
            own, t = slice(*starts[i : i + 2]), pixels[starts[i], 0]
            here = slice(*turns[t : t + 2])
            larger = sizes[here] > areas[i]
            others = pixels[here, 1:][larger], hues[here][larger], vivid[here][larger]
            if not self._is_seam(pixels[own, 1:], int(hues[starts[i]]), float(vivid[own].mean()), *others):
                things.append(i)
        return sighted(pixels, hues, patch, np.array(things, int))

    def _coloured(
        self, frames: UInt8[np.ndarray, "t h w 3"]
    ) -> tuple[Int[np.ndarray, "n 3"], Int[np.ndarray, " n"], Float[np.ndarray, " n"]]:
        """The pixels (t, v, u) that have a hue, in order; which, and how far from grey they are."""
        red, green, blue = (frames[..., channel] for channel in range(3))
        spread = np.maximum(np.maximum(red, green), blue) - np.minimum(np.minimum(red, green), blue)
        at = np.flatnonzero(spread > self.chroma)  # the distance from grey is less than that
        away = frames.reshape(-1, 3)[at].astype(np.float32)
        away -= away.mean(1, keepdims=True)
        strength = np.linalg.norm(away, axis=1)
        along = away @ self.directions.T.astype(np.float32)
        chosen = (strength > self.chroma) & (along.max(1) > self.alike * strength)
        pixels = np.stack(np.unravel_index(at[chosen], frames.shape[:3]), 1)
        return pixels, along[chosen].argmax(1), strength[chosen]

    def _is_seam(
        self,
        own: Int[np.ndarray, "n 2"],
        hue: int,
        strength: float,
        others: Int[np.ndarray, "m 2"],
        hues: Int[np.ndarray, " m"],
        vivid: Float[np.ndarray, " m"],
    ) -> bool:
        """Whether a patch of some hue and strength is a mixture of two others, which are among these pixels."""
        close = ((others >= own.min(0) - self.seam) & (others <= own.max(0) + self.seam)).all(1)
        there = set(hues[close].tolist())
        for pair in self.mixtures[hue]:
            if not there.issuperset(pair):
                continue
            sides = [close & (hues == side) for side in pair]
            away = [KDTree(others[side]).query(own, p=np.inf)[0] for side in sides]
            # mixtures of two lie on the line between them; so much of the one, and of the other, points towards the hue
            parts = np.linalg.lstsq(self.directions[list(pair)].T, self.directions[hue])[0]
            most = 1 / sum(part / vivid[side].max() for part, side in zip(parts, sides, strict=True))
            if np.mean(np.maximum(*away) <= self.seam) >= 0.5 and strength <= MIXED * most:
                return True
        return False


def _mixtures(hue: int, directions: Float[np.ndarray, "p 3"]) -> list[tuple[int, int]]:
    """The pairs of hues between which one lies: light of both, mixed, can look like it."""
    angles = np.arccos(np.clip(directions @ directions.T, -1, 1))
    count = len(directions)
    pairs = [(a, b) for a in range(count) for b in range(a + 1, count) if hue not in (a, b)]
    return [(a, b) for a, b in pairs if np.isclose(angles[a, hue] + angles[hue, b], angles[a, b]) and angles[a, b] < 3]


def patches(
    pixels: Int[np.ndarray, "n 3"], hues: Int[np.ndarray, " n"], shape: tuple[int, ...]
) -> tuple[Int[np.ndarray, " n"], int]:
    """Which patch each pixel belongs to: those of one hue that touch, if only at a corner; and how many patches."""
    height, width = shape
    place = (pixels[:, 0] * (height + 1) + pixels[:, 1]) * (width + 1) + pixels[:, 2]  # a margin keeps rows apart
    which = np.full(int(place.max(initial=0)) + width + 3, -1, np.int32)
    which[place] = np.arange(len(place))
    pairs = []
    for step in (1, width, width + 1, width + 2):
        other = which[place + step]
        touch = np.flatnonzero((other >= 0) & (hues[other] == hues))
        pairs.append(np.stack([touch, other[touch]]))
    one, other = np.concatenate(pairs, 1)
    graph = coo_array((np.ones(len(one), bool), (one, other)), shape=(len(place), len(place)))
    count, patch = connected_components(graph, directed=False)
    return patch.astype(np.int64), count


def sighted(
    pixels: Int[np.ndarray, "n 3"],
    hues: Int[np.ndarray, " n"],
    patch: Int[np.ndarray, " n"],
    things: Int[np.ndarray, " m"],
) -> Sighting:
    """The patches that are things: how large they are, and where their middles are.

    Args:
        pixels: Frame, row and column of each pixel of any patch; patch by patch.
        hues: Which each has.
        patch: To which it belongs.
        things: The patches that are things.
    """
    starts, stops = np.searchsorted(patch, things), np.searchsorted(patch, things, side="right")
    frame, hue, area = pixels[starts, 0], hues[starts], (stops - starts).astype(float)
    u, v = (np.bincount(patch, pixels[:, axis])[things] / area + 0.5 for axis in (2, 1))
    order = np.lexsort((v, u, area, hue, frame))
    return Sighting(frame[order], hue[order], area[order], np.stack([u, v], 1)[order])
