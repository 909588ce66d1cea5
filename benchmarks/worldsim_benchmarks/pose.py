"""Reader D: where a camera was, from the beacons that its pictures show.

A beacon is a post with two spots of colour, one above the other, and no two beacons have the same two hues in that
order; where the spots are is known. So a picture says where it was taken from, whatever the camera was told to do:

1. Spots are found by their hue. A spot over another, about as large, can be a beacon of those two hues, and how far
   apart they are says how far away it would be.
2. Two such posts say where the camera would be (Kabsch). That answer is taken with which most spots agree.
3. All spots that agree with it, and are as large as they should be, refine it: Gauss-Newton on their places in the
   picture, with Huber's weights. The middle of what is seen of a ball or a cube is not quite where its middle is seen;
   it is worked out where it is.
4. Then all frames together, with a weak pull towards going on as before; Huber's too, for a camera may turn back.

Nothing is taken from the plan, so pictures of the wrong way are read as the wrong way. A frame in which fewer than
`FEWEST` spots agree is not read.

Source: Kabsch 1976, "A solution for the best rotation to relate two sets of vectors"; Huber 1964, "Robust estimation of
a location parameter".
"""

from collections.abc import Iterator, Mapping
from itertools import combinations
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float, Float64, Int, UInt8
from scipy import ndimage
from scipy.spatial.transform import Rotation

from worldsim_benchmarks.readers import ColourReader
from worldsim_envs.variation import SHAPES

FEWEST = 4
"""Spots that must agree on where a frame was taken from."""

BLUR, TURN, SHIFT = 0.2, 0.03, 0.04
"""How far off a spot is seen (px), and by how much a turn (rad) and a way (m) differ from those of the frame before."""

HUBER = 1.5
"""From how many times as much on an error counts less."""

LEVEL = 0.25
"""The most that a camera leans to a side (rad)."""

ALIKE, ENOUGH = (0.06, 0.15), 6
"""By how much a spot's width can be off that is wholly seen (as a logarithm), and when fewer than so many are left."""

DIM = {"box": 0.01, "sphere": 0.08}
"""By how much spots look narrower than they are, since edges are dim (as a logarithm)."""

LEAST_AREA = 6
"""Of a spot (px); see `ColourReader`."""


class Spots(NamedTuple):
    """What a frame shows: hues, middles (px), and how wide a square as large would be (px)."""

    hue: Int[np.ndarray, " m"]
    pixel: Float64[np.ndarray, "m 2"]
    side: Float64[np.ndarray, " m"]


class Posts(NamedTuple):
    """What may be beacons: which, which spots are the lower and the upper, how far away they are (m)."""

    number: Int[np.ndarray, " k"]
    low: Int[np.ndarray, " k"]
    high: Int[np.ndarray, " k"]
    depth: Float64[np.ndarray, " k"]


class Matched(NamedTuple):
    """Spots that are known: where their middles are in the world (m), and in the picture (px)."""

    place: Float64[np.ndarray, "m 3"]
    pixel: Float64[np.ndarray, "m 2"]


class Poses(NamedTuple):
    """Where a camera was.

    Attributes:
        pose: Camera-to-world, OpenCV axes, metres; NaN where a frame could not be read.
        rests: The spots that each rests on.
    """

    pose: Float64[np.ndarray, "t 4 4"]
    rests: list[Matched]

    @property
    def spots(self) -> Int[np.ndarray, " t"]:
        """On how many spots each rests."""
        return np.array([len(known.place) for known in self.rests])


class Outline(NamedTuple):
    """How spots look from somewhere: the middle of each and of what is seen of it, how wide a square as large (px)."""

    centre: Float64[np.ndarray, "m 2"]
    seen: Float64[np.ndarray, "m 2"]
    side: Float64[np.ndarray, " m"]


class PoseReader:
    """Reads where frames were taken from, in a world of these beacons.

    Args:
        truth: A scene's, which tells of its beacons: `beacon` [b 2 3], where the middles of each one's lower and upper
            spot are (m), `beacon_hue` [b 2], `beacon_shape` (index into `SHAPES`: balls or cubes), `beacon_size` (m).
        intrinsics: The camera's K, in pixels of the frames.
        palette: RGB of each hue, on any scale.
        up: The unit vector against gravity.
    """

    def __init__(
        self,
        truth: Mapping[str, np.ndarray],
        intrinsics: Float[np.ndarray, "3 3"],
        palette: Float[np.ndarray, "p 3"],
        up: tuple[float, float, float] = (0.0, 0.0, 1.0),
    ):
        beacon, hue = truth["beacon"], truth["beacon_hue"]
        self._beacon, self._place, self._hue = beacon, beacon.reshape(-1, 3), hue.ravel()
        self._wide, self._cube = float(truth["beacon_size"]), SHAPES[int(truth["beacon_shape"])] == "box"
        self._dim = DIM[SHAPES[int(truth["beacon_shape"])]]
        self._focal, self._middle, self._up = float(intrinsics[0, 0]), intrinsics[:2, 2], np.array(up)
        self._colours = ColourReader(palette, least_area=LEAST_AREA)
        self._number = np.full((len(palette), len(palette)), -1)
        self._number[tuple(hue.T)] = np.arange(len(hue))

    def read(self, frames: UInt8[np.ndarray, "t h w 3"]) -> Poses:
        """Where each frame was taken from."""
        seen = self._colours.read(frames)
        rows = [np.flatnonzero(seen.frame == t) for t in range(len(frames))]
        spots = [
            self._measured(frames[t], seen.hue[row], seen.centre[row], seen.area[row]) for t, row in enumerate(rows)
        ]
        size = np.array(frames.shape[2:0:-1])
        poses, matched = np.full((len(frames), 4, 4), np.nan), [NOTHING] * len(frames)
        for t in range(len(frames)):
            guesses = self._guesses(spots[t], self._posts(spots[t]))
            if t and matched[t - 1] is not NOTHING:
                guesses = np.concatenate([guesses, poses[t - 1 : t]])
            if not len(guesses):
                continue
            pose = guesses[self._agreement(guesses, spots[t]).argmax()]
            for _ in range(4):
                known = self._match(pose, spots[t], size)
                if len(known.place) < FEWEST:
                    break
                pose = self._refined(pose, known)
            else:
                poses[t], matched[t] = pose, known
        for first, end in _runs(np.isfinite(poses[:, 0, 0])):
            poses[first:end] = self._together(poses[first:end], matched[first:end])
        return Poses(poses, matched)

    def _measured(
        self, frame: UInt8[np.ndarray, "h w 3"], hue: np.ndarray, centre: np.ndarray, area: np.ndarray
    ) -> Spots:
        """Spots to a part of a pixel: one at an edge counts by how much of a spot's colour it has.

        What all else shows is grey, or of another hue; and a spot's colour is that of the most coloured pixel beside.
        """
        away = frame - frame.mean(-1, keepdims=True)
        strength, found, sides = np.linalg.norm(away, axis=-1), centre.copy(), np.sqrt(area)
        for number, (u, v) in enumerate(centre.tolist()):
            reach = 0.7 * sides[number] + 1.5
            top, left = max(int(v - reach), 0), max(int(u - reach), 0)
            window = slice(top, int(v + reach) + 1), slice(left, int(u + reach) + 1)
            along = away[window] @ self._colours.directions[hue[number]]
            own = along > 0.8 * strength[window]
            most = np.quantile(along[own], 0.8) if own.any() else np.inf
            share = np.where(own, along / np.maximum(ndimage.maximum_filter(along, 3), 0.6 * most), 0)
            patches = np.zeros(share.shape, np.int32)
            ndimage.label(share > 0.1, output=patches)
            share[patches != patches[int(v) - top, int(u) - left]] = 0
            total = share.sum() if share[int(v) - top, int(u) - left] else 0
            if total > 0:
                rows, columns = np.indices(share.shape) + 0.5
                found[number] = left + (share * columns).sum() / total, top + (share * rows).sum() / total
                sides[number] = np.sqrt(total)
        return Spots(hue, found, sides)

    def _posts(self, spots: Spots) -> Posts:
        """Every spot over another that can be the two of one beacon."""
        hue, pixel, side = spots
        number = self._number[hue[:, None], hue]
        apart = pixel[:, None] - pixel
        over = (apart[..., 1] > 0) & (np.abs(apart[..., 0]) < 0.35 * apart[..., 1])
        low, high = np.nonzero((number >= 0) & over)
        which = number[low, high]
        gap = np.linalg.norm(self._beacon[which, 1] - self._beacon[which, 0], axis=-1)
        depth = self._focal * gap / np.linalg.norm(apart[low, high], axis=-1)
        large = np.abs(np.log(side[np.stack([low, high])] * depth / self._focal / self._wide)).max(0, initial=0) < 0.7
        return Posts(which[large], low[large], high[large], depth[large])

    def _guesses(self, spots: Spots, posts: Posts) -> Float64[np.ndarray, "n 4 4"]:
        """Where the camera would be if two of the posts were what they may be, for each two of different beacons."""
        two = [(i, j) for i, j in combinations(range(len(posts.number)), 2) if posts.number[i] != posts.number[j]]
        pairs = np.array(two, int).reshape(-1, 2)
        place = self._beacon[posts.number][pairs].reshape(-1, 4, 3)
        pixel = spots.pixel[np.stack([posts.low, posts.high], 1)]
        rays = np.concatenate([(pixel - self._middle) / self._focal, np.ones((*pixel.shape[:2], 1))], -1)
        points = (rays * posts.depth[:, None, None])[pairs].reshape(-1, 4, 3)
        here, there = points.mean(1), place.mean(1)
        left, _, right = np.linalg.svd((points - here[:, None]).transpose(0, 2, 1) @ (place - there[:, None]))
        left[:, :, 2] *= np.linalg.det(left @ right)[:, None]  # a turn and no mirror
        poses = np.tile(np.eye(4), (len(pairs), 1, 1))
        poses[:, :3, :3] = (left @ right).transpose(0, 2, 1)
        poses[:, :3, 3] = there - (poses[:, :3, :3] @ here[:, :, None])[:, :, 0]
        upright = (np.abs(self._up @ poses[:, :3, 0].T) < np.sin(LEVEL)) & (self._up @ poses[:, :3, 1].T < 0)
        return poses[upright]

    def _project(self, poses: Float64[np.ndarray, "n 4 4"]) -> tuple[np.ndarray, np.ndarray]:
        """Where all of the beacons' spots would be in the picture (px), and how far away (m; not above 0 is behind)."""
        points = np.einsum("n b i, n i j -> n b j", self._place - poses[:, None, :3, 3], poses[:, :3, :3])
        depth = points[..., 2]
        pixel = self._focal * points[..., :2] / np.where(depth > 0.1, depth, np.nan)[..., None] + self._middle
        return pixel, depth

    def _agreement(self, poses: Float64[np.ndarray, "n 4 4"], spots: Spots) -> Float64[np.ndarray, " n"]:
        """How many spots are about where each pose says that one of their hue should be, the nearer the more."""
        pixel, depth = self._project(poses)
        off = np.linalg.norm(pixel[:, :, None] - spots.pixel, axis=-1)
        reach = np.maximum(0.7 * self._wide * self._focal / np.maximum(depth, 0.1), 3)[..., None]
        near = np.where((self._hue[:, None] == spots.hue) & (off < reach), 1 - (off / reach) ** 2, 0)
        return near.max(1).sum(-1)

    def _outline(self, pose: Float64[np.ndarray, "4 4"], place: Float64[np.ndarray, "m 3"]) -> Outline:
        """How spots at these places, all of them ahead, look from a pose."""
        half, here = self._wide / 2, (place - pose[:3, 3]) @ pose[:3, :3]
        centre = here[:, :2] / here[:, 2:]
        if self._cube:
            toward = np.sign(pose[:3, 3] - place)[:, :, None, None] * half * np.eye(3)[:, None]
            faces = place[:, None, None] + toward + half * _FACES
            corner = (faces - pose[:3, 3]) @ pose[:3, :3]
            corner = corner[..., :2] / np.maximum(corner[..., 2:], 0.1)
            following = np.roll(corner, 1, 2)
            cross = corner[..., 0] * following[..., 1] - corner[..., 1] * following[..., 0]
            area = cross.sum(2) / 2
            middle = ((corner + following) * cross[..., None]).sum(2) / 6  # times its area, which has its sign
            shown = (np.abs(pose[:3, 3] - place) > half) & (np.abs(self._up) < 0.5)  # none under or above another
            sign = np.sign(area) * shown
            large = (sign * area).sum(1)
            seen = (sign[..., None] * middle).sum(1) / large[:, None]
        else:
            far = (here**2).sum(1)
            aside = (here[:, :2] ** 2).sum(1) / far  # the squared sine of how far from ahead it is, and of its radius
            round_ = half**2 / far
            seen = centre * ((1 - aside) / (1 - aside - round_))[:, None]
            large = np.pi * round_ * np.sqrt(1 - round_) / (1 - aside - round_) ** 1.5
        scale = self._focal
        return Outline(centre * scale + self._middle, seen * scale + self._middle, np.sqrt(large) * scale)

    def _match(self, pose: Float64[np.ndarray, "4 4"], spots: Spots, size: np.ndarray) -> Matched:
        """The spots that are where one of their hue should be, as large as it should be and wholly in the picture."""
        ahead = (self._place - pose[:3, 3]) @ pose[:3, 2] > 2 * self._wide
        place, hue = self._place[ahead], self._hue[ahead]
        if not len(place) or not len(spots.hue):
            return NOTHING
        outline = self._outline(pose, place)
        off = np.linalg.norm(outline.seen[:, None] - spots.pixel, axis=-1)
        whole = ((spots.pixel > 0.6 * spots.side[:, None]) & (spots.pixel < size - 0.6 * spots.side[:, None])).all(1)
        off[~((hue[:, None] == spots.hue) & whole)] = np.inf
        off[off > np.maximum(0.6 * outline.side, 2.5)[:, None]] = np.inf
        plain, nearest = outline.side * np.exp(-self._dim), off.argmin(1)
        there = np.isfinite(off.min(1))
        wider = spots.side[nearest[there]] ** 2 - plain[there] ** 2  # by how much a blur has spread them, all alike
        spread = max(0.0, float(np.median(wider))) if there.any() else 0.0
        narrow = np.abs(np.log(spots.side / np.sqrt(plain**2 + spread)[:, None]))
        known = NOTHING
        for alike in ALIKE:
            near = np.where(narrow < alike, off, np.inf)
            best = near.argmin(1)
            sure = np.isfinite(near.min(1)) & (near.argmin(0)[best] == np.arange(len(best)))
            known = Matched(place[sure], (spots.pixel[best] + outline.centre - outline.seen)[sure])
            if len(known.place) >= ENOUGH:
                break
        return known

    def _refined(self, pose: Float64[np.ndarray, "4 4"], known: Matched) -> Float64[np.ndarray, "4 4"]:
        """The pose from which the spots would be seen most nearly where they are."""
        for _ in range(4):
            bend, pull = self._bent(pose, known)
            pose = _moved(pose, -np.linalg.solve(bend + 1e-6 * np.eye(6), pull))
        return pose

    def _bent(self, pose: np.ndarray, known: Matched) -> tuple[Float64[np.ndarray, "6 6"], Float64[np.ndarray, " 6"]]:
        """How the error of the spots, in units of `BLUR` and by Huber's weights, curves and slopes along `_moved`."""
        x, y, z = ((known.place - pose[:3, 3]) @ pose[:3, :3]).T
        none, focal = np.zeros_like(z), self._focal / BLUR
        error = np.stack([focal * x / z, focal * y / z], 1) - (known.pixel - self._middle) / BLUR
        to_pixel = focal * np.stack([1 / z, none, -x / z**2, none, 1 / z, -y / z**2], 1).reshape(-1, 2, 3)
        turned = np.stack([none, -z, y, z, none, -x, -y, x, none], 1).reshape(-1, 3, 3)
        slope = np.concatenate([to_pixel @ turned, -to_pixel], 2)
        weight = HUBER / np.maximum(np.linalg.norm(error, axis=1), HUBER)
        return np.einsum("m, m a i, m a j -> i j", weight, slope, slope), np.einsum(
            "m, m a i, m a -> i", weight, slope, error
        )

    def _together(self, poses: Float64[np.ndarray, "t 4 4"], matched: list[Matched]) -> Float64[np.ndarray, "t 4 4"]:
        """The poses of following frames, each pulled by its spots, and a little towards going on as before."""
        count = len(poses)
        for _ in range(4):
            bend, pull = 1e-6 * np.eye(6 * count), np.zeros(6 * count)
            for t, known in enumerate(matched):
                own = slice(6 * t, 6 * t + 6)
                more, slope = self._bent(poses[t], known)
                bend[own, own] += more
                pull[own] += slope
            for t in range(1, count - 1):
                three = slice(6 * t - 6, 6 * t + 12)
                for error, slope in _swerve(*poses[t - 1 : t + 2]):
                    weight = HUBER / max(float(np.linalg.norm(error)), HUBER)
                    bend[three, three] += weight * slope.T @ slope
                    pull[three] += weight * slope.T @ error
            steps = -np.linalg.solve(bend, pull).reshape(count, 6)
            poses = np.stack([_moved(pose, step) for pose, step in zip(poses, steps, strict=True)])
        return poses


_FACES = np.array(
    [
        [[0, -1, -1], [0, 1, -1], [0, 1, 1], [0, -1, 1]],
        [[-1, 0, -1], [1, 0, -1], [1, 0, 1], [-1, 0, 1]],
        [[-1, -1, 0], [1, -1, 0], [1, 1, 0], [-1, 1, 0]],
    ]
)
"""The corners of a cube's faces across each axis, in order, from the face's middle."""

NOTHING = Matched(np.empty((0, 3)), np.empty((0, 2)))


def _moved(pose: Float64[np.ndarray, "4 4"], step: Float64[np.ndarray, " 6"]) -> Float64[np.ndarray, "4 4"]:
    """The pose turned (rad) and shifted (m) about its own axes."""
    moved = pose.copy()
    moved[:3, :3] = pose[:3, :3] @ Rotation.from_rotvec(step[:3]).as_matrix()
    moved[:3, 3] += pose[:3, :3] @ step[3:]
    return moved


def _swerve(before: np.ndarray, now: np.ndarray, after: np.ndarray) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """How turn and way differ from those before, in units of `TURN` and `SHIFT`; their slopes along each `_moved`."""
    first, second = before[:3, :3].T @ now[:3, :3], now[:3, :3].T @ after[:3, :3]
    error = Rotation.from_matrix(second).as_rotvec() - Rotation.from_matrix(first).as_rotvec()
    slope = np.zeros((3, 3, 6))
    slope[:, 0, :3], slope[:, 1, :3], slope[:, 2, :3] = first.T, -second.T - np.eye(3), np.eye(3)
    yield error / TURN, slope.reshape(3, 18) / TURN
    slope = np.zeros((3, 3, 6))
    slope[:, 0, 3:], slope[:, 1, 3:], slope[:, 2, 3:] = before[:3, :3], -2 * now[:3, :3], after[:3, :3]
    yield (before - 2 * now + after)[:3, 3] / SHIFT, slope.reshape(3, 18) / SHIFT


def _runs(there: Bool[np.ndarray, " t"]) -> Iterator[tuple[int, int]]:
    """Where each stretch of True begins and ends."""
    edges = np.flatnonzero(np.diff(there, prepend=False, append=False))
    yield from zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True)
