"""Reader D where there are no beacons: where pictures were taken from, by the picture before whose depth is known.

What the last frame of the context shows lies at known places. Seen from elsewhere it would look as it does there; the
pose from which it looks most like the picture is where that was taken from. Each frame is aligned with the context's by
itself, from coarse to fine, so errors do not add up; where it begins to look is where the frame before was found.

Then patches are looked for one by one, each near where the whole says that it is: where they are found is what the
pictures show, whether or not a camera could show it.

A change of brightness is let be, what does not agree counts less (Huber), and a frame whose picture is not like what it
should be, or shows too little of it, is not read. Nothing is taken from the plan.

Source: Steinbrücker, Sturm and Cremers 2011, "Real-Time Visual Odometry from Dense RGB-D Images"; Kerl, Sturm and
Cremers 2013, "Robust Odometry Estimation for RGB-D Cameras"; Lucas and Kanade 1981, "An Iterative Image Registration
Technique". Huber 1964, "Robust Estimation of a Location Parameter".
"""

from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float, Float64, UInt8
from scipy import ndimage
from scipy.spatial.transform import Rotation

from worldsim_benchmarks.pose import NOTHING, Matched, Poses

LEVELS = (16, 32, 64)
"""How many pixels across the pictures are that are aligned, one after the other."""

STEPS = 12
"""How often a pose is mended at each."""

HUBER = 8.0
"""From how many levels of 255 on a difference counts less."""

PATCH, FIRM = 8, 20.0
"""How large patches are (px), and the least square of a slope along any direction in one, of a pixel on average."""

ALIKE, SHOWN = 0.6, 0.25
"""How well a picture must correlate with what it should show, and what share of the context it must show."""


class Layer(NamedTuple):
    """The context at one size: its shades, where each pixel lies (m, in its camera's axes), and K."""

    shade: Float64[np.ndarray, " m"]
    point: Float64[np.ndarray, "m 3"]
    intrinsics: Float64[np.ndarray, "3 3"]


class Sloped(NamedTuple):
    """A picture's shades, and how they change down and to the right (levels a pixel)."""

    shade: Float64[np.ndarray, "y x"]
    down: Float64[np.ndarray, "y x"]
    aside: Float64[np.ndarray, "y x"]


class AlignmentReader:
    """Reads where frames were taken from that follow on one whose depth is known.

    Args:
        frame: The last of the context.
        depth: Its depth (planar z, m).
        pose: Where it was taken from: camera-to-world, OpenCV axes, metres.
        intrinsics: K, in pixels of the frame.
    """

    def __init__(
        self,
        frame: UInt8[np.ndarray, "h w 3"],
        depth: Float[np.ndarray, "h w"],
        pose: Float[np.ndarray, "4 4"],
        intrinsics: Float[np.ndarray, "3 3"],
    ):
        self._pose = pose.astype(np.float64)
        self._layers = [_layer(frame, depth, intrinsics, across) for across in LEVELS if across <= len(frame)]

    def read(self, frames: UInt8[np.ndarray, "t h w 3"]) -> Poses:
        """Where each frame was taken from; what it rests on are the middles of patches."""
        poses, move, rests = np.full((len(frames), 4, 4), np.nan), np.eye(4), [NOTHING] * len(frames)
        for t, frame in enumerate(frames):
            found, seen = move, None
            for layer in self._layers:
                found, seen = _aligned(found, layer, _sloped(frame, round(2 * layer.intrinsics[0, 2])))
            if seen is not None:
                poses[t], move = self._pose @ np.linalg.inv(found), found
                rests[t] = self._patches(seen, len(frame))
        return Poses(poses, rests)

    def _patches(self, seen: "Seen", size: int) -> Matched:
        """Where patches of the context are in a frame (px): a step of Lucas and Kanade from where they would be."""
        layer = self._layers[-1]
        across = round(2 * layer.intrinsics[0, 2])
        error, slope = np.zeros(seen.inside.shape), np.zeros((*seen.inside.shape, 2))
        error[seen.inside], slope[seen.inside] = seen.error, np.stack([seen.slope_u, seen.slope_v], 1)
        number = (np.arange(across) // PATCH)[:, None] * (across // PATCH) + np.arange(across) // PATCH
        number, count = number.ravel(), (across // PATCH) ** 2
        bend = np.stack([np.bincount(number, slope[:, i] * slope[:, j], count) for i in (0, 1) for j in (0, 1)], 1)
        pull = np.stack([np.bincount(number, slope[:, i] * error, count) for i in (0, 1)], 1)
        bend = bend.reshape(-1, 2, 2)
        firm = np.linalg.eigvalsh(bend)[:, 0] > FIRM * PATCH**2
        shift = -np.linalg.solve(bend[firm], pull[firm][..., None])[..., 0]
        middle = (np.arange(PATCH // 2, across, PATCH)[:, None] * across + np.arange(PATCH // 2, across, PATCH)).ravel()
        middle, near = middle[firm], (np.linalg.norm(shift, axis=1) < PATCH / 4) & seen.inside[middle[firm]]
        pixel = np.stack([seen.u, seen.v], 1)[middle] + 0.5 + shift
        place = layer.point[middle] @ self._pose[:3, :3].T + self._pose[:3, 3]
        return Matched(place[near], pixel[near] * size / across)


def _shrunk(picture: Float[np.ndarray, "h w"], across: int) -> Float64[np.ndarray, "y x"]:
    """A picture at a lower resolution, by the mean of what each pixel covers."""
    by = len(picture) // across
    return picture.reshape(across, by, across, by).mean((1, 3)).astype(np.float64)


def _sloped(frame: UInt8[np.ndarray, "h w 3"], across: int) -> Sloped:
    """A frame at a lower resolution."""
    shade = _shrunk(frame.mean(-1), across)
    return Sloped(shade, *np.gradient(shade))


def _layer(
    frame: UInt8[np.ndarray, "h w 3"],
    depth: Float[np.ndarray, "h w"],
    intrinsics: Float[np.ndarray, "3 3"],
    across: int,
) -> Layer:
    lens = np.diag([across / len(frame), across / len(frame), 1.0]) @ intrinsics
    by = len(depth) // across
    middle = depth[by // 2 :: by, by // 2 :: by].astype(np.float64)  # no mean of two surfaces
    v, u = np.mgrid[:across, :across] + 0.5
    near = np.minimum(middle, 1e4).ravel()
    rays = np.column_stack([u.ravel(), v.ravel(), np.ones(u.size)]) @ np.linalg.inv(lens).T
    return Layer(_shrunk(frame.mean(-1), across).ravel(), rays * near[:, None], lens)


class Seen(NamedTuple):
    """What of the context is in a frame under a move, and how it differs there.

    Attributes:
        u, v: Where each pixel of the context would be, counted from the middle of the first (px).
        inside: Which of them are in the picture; the others below are of these alone.
        point: Where they are in the frame's axes (m).
        error: By how much the frame is lighter than it should be (levels of 255), but for gain and offset.
        slope_u, slope_v: How that changes to the right and down (levels a pixel).
        there, wanted: The shades that are there, and those that should be.
    """

    u: Float64[np.ndarray, " m"]
    v: Float64[np.ndarray, " m"]
    inside: Bool[np.ndarray, " m"]
    point: Float64[np.ndarray, "k 3"]
    error: Float64[np.ndarray, " k"]
    slope_u: Float64[np.ndarray, " k"]
    slope_v: Float64[np.ndarray, " k"]
    there: Float64[np.ndarray, " k"]
    wanted: Float64[np.ndarray, " k"]

    @property
    def alike(self) -> float:
        """The correlation of what is there with what should be."""
        return float(np.corrcoef(self.there, self.wanted)[0, 1])


def _seen(move: Float64[np.ndarray, "4 4"], layer: Layer, picture: Sloped) -> Seen | None:
    """What is in a picture; None where that is too little, or of one shade."""
    lens, (height, width) = layer.intrinsics, picture.shade.shape
    point = layer.point @ move[:3, :3].T + move[:3, 3]
    ahead = point[:, 2] > 0.1
    depth = np.where(ahead, point[:, 2], 1)
    u, v = (lens[i, i] * point[:, i] / depth + lens[i, 2] - 0.5 for i in (0, 1))
    inside = ahead & (u >= 0) & (v >= 0) & (u <= width - 1) & (v <= height - 1)
    if inside.mean() < SHOWN:
        return None
    at = np.stack([v[inside], u[inside]])
    there, slope_v, slope_u = (ndimage.map_coordinates(each, at, order=1) for each in picture)
    wanted = layer.shade[inside]
    contrast, due = there.std(), wanted.std()
    if not contrast or not due:
        return None
    gain = due / contrast
    error = (there - there.mean()) * gain - (wanted - wanted.mean())
    return Seen(u, v, inside, point[inside], error, gain * slope_u, gain * slope_v, there, wanted)


def _aligned(
    move: Float64[np.ndarray, "4 4"], layer: Layer, picture: Sloped
) -> tuple[Float64[np.ndarray, "4 4"], Seen | None]:
    """The move (from the context's axes to the frame's) under which the context looks most like the frame.

    And what is seen under it; None where that is not alike.
    """
    lens, seen = layer.intrinsics, _seen(move, layer, picture)
    for _ in range(STEPS):
        if seen is None:
            return move, None
        x, y, z = seen.point.T
        by_u, by_v = seen.slope_u * lens[0, 0] / z, seen.slope_v * lens[1, 1] / z
        along = -(by_u * x + by_v * y) / z
        slope = np.stack([y * along - z * by_v, z * by_u - x * along, x * by_v - y * by_u, by_u, by_v, along], 1)
        slope *= np.sqrt(weight := HUBER / np.maximum(np.abs(seen.error), HUBER))[:, None]
        bend = slope.T @ slope + 1e-3 * np.eye(6)
        change = -np.linalg.solve(bend, slope.T @ (seen.error * np.sqrt(weight)))
        turn = np.eye(4)
        turn[:3, :3], turn[:3, 3] = Rotation.from_rotvec(change[:3]).as_matrix(), change[3:]
        move = turn @ move
        seen = _seen(move, layer, picture)
        if np.linalg.norm(change) < 1e-5:
            break
    return move, seen if seen is not None and seen.alike >= ALIKE else None
