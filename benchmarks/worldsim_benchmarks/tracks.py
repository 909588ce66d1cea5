"""The command `worldsim tracks`: does an imagined chair stay one chair, where it has no marks?

## Question
In M-RIG a chair with six coloured balls is thrown, and `Rig` reads whether the balls stay as far from each other as
they were. Points all over the chair say the same of its boards, which have no colour, and say it without a reader of
colours.

## Score
Points are placed on the chair in the last frame of the context, where it is known which point of the chair is seen at
each pixel. A tracker follows them through the real future, and those that it follows rightly, within 0.05 diameters of
where they truly are, are asked about, as long as there are six. It follows the same points through the imagined
future. `rigid` is the mean over points and frames of 1 less how far a point is from the best pose of the rigid chair,
in units of 0.2 diameters, and 0 where a point was lost. `kept` is the share of points that were not lost, `off` the
median of how far those are that were not (diameters), `frames` in how many frames a chair was asked about.

It is told, and never scored: no ladder holds it, and it tells of the few frames after the context alone, for a chair
that tumbles turns its points away.

## Known limits
A rigid chair that turns otherwise than the real one turns other points away, which are lost; one that never moves is
rigid. Pictures are of 128 pixels: at 64 too few points of a chair can be followed, and at 256 it goes too far from one
frame to the next.

Source: Lucas and Kanade 1981, "An Iterative Image Registration Technique"; which points, Shi and Tomasi 1994, "Good
Features to Track"; whether one was lost, Kalal et al. 2010, "Forward-Backward Error".
"""

import importlib
from collections.abc import Sequence
from dataclasses import replace
from itertools import islice
from typing import NamedTuple, Protocol, runtime_checkable

import numpy as np
from jaxtyping import Bool, Float, UInt8
from scipy.spatial.transform import Rotation

from worldsim_benchmarks import contestants as known
from worldsim_benchmarks.benchmark import SPLITS, Case, Contestant, Missing, Truth, Video
from worldsim_benchmarks.catalogue import listed
from worldsim_benchmarks.causes import FAMILIES
from worldsim_benchmarks.contestants import CEILING, REPLAY, Corrupted
from worldsim_benchmarks.entries import entry
from worldsim_benchmarks.miscaused import jelly
from worldsim_benchmarks.rigid import LOOSE, misfit
from worldsim_envs.mujoco.chair import BALLS, BOARDS, SEAT, WIDE

SIZE = 128
"""At how many pixels across points are followed."""

FEWEST = 6
"""Points that must be followed rightly in the real future before a frame is asked about."""

RIGHT = 0.05
"""How far from where it truly is a point of the real future may be found, in diameters of the chair."""

KNOWN = (
    REPLAY,
    CEILING,
    Corrupted("blur, px 0.7", known.blur, 0.7),
    Corrupted("grain, levels 4", known.grain, 4.0),
    *(Corrupted(f"jelly, diameters {severity:g}", jelly, severity) for severity in (0.25, 0.5, 1.0, 2.0)),
    Corrupted("copy-last", known.still),
    Corrupted("grey", known.grey),
)
"""Answers whose chairs are known to be rigid, or not."""


@runtime_checkable
class Tracker(Protocol):
    """Whoever follows points through a video; a network that has learned it may take the place of KLT."""

    def points(self, frame: UInt8[np.ndarray, "h w 3"], where: Bool[np.ndarray, "h w"]) -> Float[np.ndarray, "n 2"]:
        """Points (u, v) in pixels that can be followed, among some pixels of a frame; a pixel's middle is at 0.5."""
        ...

    def follow(
        self, frames: UInt8[np.ndarray, "t h w 3"], points: Float[np.ndarray, "n 2"]
    ) -> Float[np.ndarray, "t n 2"]:
        """Where points of the first frame are in each; NaN from when on a point is lost."""
        ...


class KLT:
    """Corners, each followed by how the pixels around it move; needs `pip install 'worldsim[tracks]'`.

    Args:
        window: Across what is compared (px).
        levels: Halvings of the picture for what moves far.
        back: How far from where it began a point may end that is followed on and back again (px).

    Raises:
        ValueError: Where OpenCV is not installed.
    """

    def __init__(self, window: int = 9, levels: int = 3, back: float = 1.0):
        self.window, self.levels, self.back = window, levels, back
        try:
            self._cv = importlib.import_module("cv2")
        except ModuleNotFoundError as error:
            raise ValueError(
                "points are followed with OpenCV, which is not installed: pip install 'worldsim[tracks]'"
            ) from error

    def points(self, frame: UInt8[np.ndarray, "h w 3"], where: Bool[np.ndarray, "h w"]) -> Float[np.ndarray, "n 2"]:
        """As a Tracker's."""
        grey = self._cv.cvtColor(frame, self._cv.COLOR_RGB2GRAY)
        found = self._cv.goodFeaturesToTrack(grey, 100, 0.01, 2.0, mask=255 * where.astype(np.uint8), blockSize=3)
        return np.zeros((0, 2)) if found is None else found[:, 0].astype(float) + 0.5

    def follow(
        self, frames: UInt8[np.ndarray, "t h w 3"], points: Float[np.ndarray, "n 2"]
    ) -> Float[np.ndarray, "t n 2"]:
        """As a Tracker's."""
        grey = [self._cv.cvtColor(frame, self._cv.COLOR_RGB2GRAY) for frame in frames]
        found = np.full((len(frames), *points.shape), np.nan)
        found[0] = points
        for t in range(1, len(frames)):
            there = np.flatnonzero(np.isfinite(found[t - 1]).all(1))
            if not len(there):
                break
            start = (found[t - 1, there] - 0.5).astype(np.float32)
            end, on = self._step(grey[t - 1], grey[t], start)
            again, back = self._step(grey[t], grey[t - 1], end)
            good = on & back & (np.linalg.norm(again - start, axis=1) < self.back)
            found[t, there[good]] = end[good] + 0.5
        return found

    def _step(self, one: np.ndarray, other: np.ndarray, points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Where points of one frame are in the other, and whether they were found."""
        window = (self.window, self.window)
        end, found, _ = self._cv.calcOpticalFlowPyrLK(
            one, other, points[:, None], None, winSize=window, maxLevel=self.levels
        )
        return end[:, 0], found[:, 0] > 0


class Tracked(NamedTuple):
    """What was followed of some chairs, in each frame that was asked about.

    Attributes:
        rigid: 1 less how far points are from a rigid chair in units of `LOOSE` diameters, 0 for those that were lost.
        kept: The share of points that were not lost.
        off: How far those are from a rigid chair, each (diameters).
    """

    rigid: Float[np.ndarray, " t"]
    kept: Float[np.ndarray, " t"]
    off: Float[np.ndarray, " m"]


def tracked(case: Case, answer: Video, tracker: Tracker) -> Tracked:
    """How rigid the chair of an answer is, by points on it.

    Args:
        case: Of M-RIG.
        answer: What was imagined.
        tracker: Who follows the points.
    """
    last, truth, size = case.before, case.truth, case.seen.shape[1]
    body = surface(last, -1, size)
    where = np.isfinite(body).all(-1)
    inside = where & np.roll(where, 1, 0) & np.roll(where, -1, 0) & np.roll(where, 1, 1) & np.roll(where, -1, 1)
    start = tracker.points(case.seen[-1], inside)
    rows, columns = np.floor(start).astype(int).T[::-1]
    body, none = body[rows, columns], np.zeros(0)
    if len(body) < FEWEST:
        return Tracked(none, none, none)
    places = np.stack([in_camera(truth, t, body) for t in range(len(truth.frames))])
    middle = seen_at(in_camera(last, -1, body), truth) - start  # a corner is not where its pixel's middle is
    wide = float(truth.intrinsics[0, 0]) * 2 * np.linalg.norm([WIDE, WIDE, SEAT]) / places[..., 2].mean(1)
    real, mine = (tracker.follow(np.stack([case.seen[-1], *video]), start)[1:] for video in (truth.frames, answer))
    apart = np.linalg.norm(real + middle - np.stack([seen_at(each, truth) for each in places]), axis=-1)
    asked = apart < RIGHT * wide[:, None]
    frames = np.flatnonzero(asked.sum(1) >= FEWEST)
    there = asked & np.isfinite(mine).all(-1)
    rigid, kept, off = np.zeros(len(frames)), np.zeros(len(frames)), []
    for row, t in enumerate(frames):
        kept[row] = there[t].sum() / asked[t].sum()
        if there[t].sum() >= FEWEST:
            seen = np.nan_to_num(mine[t] + middle)
            each = misfit(places[t][None], seen[None], there[t][None], truth.intrinsics).each[0]
            far = each[there[t]] / wide[t]
            off.append(far)
            rigid[row] = np.maximum(0, 1 - far / LOOSE).sum() / asked[t].sum()
    return Tracked(rigid, kept, np.concatenate(off) if off else none)


def surface(truth: Truth, at: int, size: int) -> Float[np.ndarray, "h w 3"]:
    """Which point of the chair is seen at each pixel, in its own axes (m); NaN where another thing is, or none.

    Rays meet its boards and its balls, whose places are known, so no depth has to be drawn.
    """
    turn, place = _chair(truth, at)
    v, u = np.mgrid[:size, :size] + 0.5
    focal, middle = truth.intrinsics[0, 0], truth.intrinsics[:2, 2]
    rays = np.stack([(u - middle[0]) / focal, (v - middle[1]) / focal, np.ones_like(u)], -1) @ turn
    eye, ids, near = -place @ turn, truth.state["ids"][at], np.full(u.shape, np.inf)
    for board, half in BOARDS:
        with np.errstate(divide="ignore", invalid="ignore"):
            sides = (np.array(board) - half - eye) / rays, (np.array(board) + half - eye) / rays
        first, last = np.fmin(*sides).max(-1), np.fmax(*sides).min(-1)
        near = np.where((first < last) & (first > 0), np.minimum(near, first), near)
    for slot, corner in enumerate(BALLS):
        away, radius = eye - np.array([WIDE, WIDE, SEAT]) * corner, truth.state["diameter"][at, slot] / 2
        a, b, c = (rays**2).sum(-1), (rays * away).sum(-1), (away**2).sum() - radius**2
        root = b**2 - a * c
        near = np.where(root > 0, np.minimum(near, (-b - np.sqrt(np.maximum(root, 0))) / a), near)
    own = np.isfinite(near) & (ids < len(BALLS))
    return np.where(own[..., None], eye + np.where(own, near, 0)[..., None] * rays, np.nan)


def in_camera(truth: Truth, at: int, body: Float[np.ndarray, "n 3"]) -> Float[np.ndarray, "n 3"]:
    """Points of the chair in the camera's axes (m)."""
    turn, place = _chair(truth, at)
    return body @ turn.T + place


def seen_at(points: Float[np.ndarray, "n 3"], truth: Truth) -> Float[np.ndarray, "n 2"]:
    """Where points are in the picture (px)."""
    return truth.intrinsics[0, 0] * points[:, :2] / points[:, 2:] + truth.intrinsics[:2, 2]


def _chair(truth: Truth, at: int) -> tuple[Float[np.ndarray, "3 3"], Float[np.ndarray, " 3"]]:
    """How the chair is turned, and where it is, in the camera's axes."""
    chair, eye = truth.state["chair"][at], truth.pose[at]
    turn = Rotation.from_quat(chair[[4, 5, 6, 3]]).as_matrix()
    return eye[:3, :3].T @ turn, eye[:3, :3].T @ (chair[:3] - eye[:3, 3])


def tracks(models: list[str] | str, split: str = "quick", twins: int = 12, seed: int = 0) -> None:
    """Tell how rigid imagined chairs are by points on them, without marks; reported, and never scored.

    Args:
        models: As of `worldsim bench`; what known answers get stands above them.
        split: `quick` or `dev`.
        twins: How many chairs are thrown, each in two ways.
        seed: Of the models' noise.

    Raises:
        ValueError: Where OpenCV is not installed, or there is no such split or model.
    """
    if split not in ("quick", "dev"):
        raise ValueError(f"split came as {split!r}; quick or dev would do: --twins says how many of it")
    tracker, who = KLT(), [*KNOWN, *(entry(name, 16).contestant for name in listed(models))]
    family = replace(FAMILIES["M-RIG"], placebos=())
    questions = family.questions("palette", "train")
    part = -(-twins // len(questions))
    asked = [each for one in questions for each in islice(one.all_twins(SPLITS[split][0], size=SIZE), part)][:twins]
    print(f"{len(asked)} chairs of M-RIG, each thrown in two ways, {SIZE} px\n\n{HEAD}")
    for contestant in who:
        print(row(contestant.name, told(contestant, asked, tracker, seed)), flush=True)


HEAD = "| contestant | rigid | kept | off, diameters | frames |\n|---|--:|--:|--:|--:|"


def told(contestant: Contestant, asked: Sequence, tracker: Tracker, seed: int = 0) -> Tracked:
    """What was followed of all chairs of a contestant; an answer that did not come is as grey."""
    found = []
    for twins, answers in zip(asked, contestant.answer(asked, seed=seed), strict=True):
        for case, answer in zip(twins.cases, answers, strict=True):
            video = np.full_like(case.truth.frames, 128) if isinstance(answer, Missing) else answer
            found.append(tracked(case, video, tracker))
    return Tracked(*(np.concatenate(part) for part in zip(*found, strict=True)))


def row(name: str, found: Tracked) -> str:
    """A line of the table."""
    off = f"{np.median(found.off):.3f}" if len(found.off) else "—"
    return f"| {name} | {found.rigid.mean():.2f} | {found.kept.mean():.2f} | {off} | {len(found.rigid)} |"
