"""How a camera went, against how it was told to go. Poses in, numbers out: nothing here looks at a picture.

Every path has a mirror twin, which begins alike and is commanded the opposite. What sets the two apart says which way
is which, so a number that is signed is taken along it: the truth has 1, a camera that stands still 0, its mirror -1.

A pose that could not be read stands for a camera that did not move. What shows as less than a pixel is no error.

Source: the numbers are ours; the angle between two orientations is the geodesic distance on SO(3), Huynh 2009, "Metrics
for 3D rotations".
"""

from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float, Float64
from scipy.spatial.transform import Rotation

ASKED = {
    "YAW": ("turn",),
    "PIT": ("turn",),
    "TRL": ("place",),
    "DOL": ("place",),
    "ORB": ("turn", "place"),
    "SQR": ("turn", "place"),
    "RVS": ("turn", "place"),
}
"""What moves on each kind of path: how the camera is turned, where it is, or both."""

DEAD = 0.15
"""What share of a request is too little to be a way at all."""

CLOSED = 0.25
"""How far from where it should end a path ends that is not closed at all, as a share of how far it went."""

STEADY = np.deg2rad(5.0), 0.25
"""How far a camera strays that does not hold at all (rad, m)."""

LATEST = 1.0
"""The most that a camera is looked for late or early (s)."""


class Grain(NamedTuple):
    """What is no error: a turn (rad), and a way (m), that show as less than some pixels."""

    turn: float
    place: float


def grain(pixels: float, focal: float, distance: float) -> Grain:
    """So many pixels, for a focal length in pixels and what is so far away (m)."""
    return Grain(pixels / focal, pixels / focal * distance)


class Journey(NamedTuple):
    """A camera's way from where it began; where it could not be read, it stands as it began.

    Attributes:
        start: Its pose before: camera-to-world, OpenCV axes, metres.
        pose: Its poses, a frame each.
        read: Which of them are known.
        turn: How far it is turned to its right and looks further down (rad); more than once around is more.
        place: How far to the right, up and ahead of its start it is (m), along the ground as it stood.
    """

    start: Float64[np.ndarray, "4 4"]
    pose: Float64[np.ndarray, "t 4 4"]
    read: Bool[np.ndarray, " t"]
    turn: Float64[np.ndarray, "t 2"]
    place: Float64[np.ndarray, "t 3"]


def journey(
    poses: Float[np.ndarray, "t 4 4"], start: Float[np.ndarray, "4 4"], up: tuple[float, float, float]
) -> Journey:
    """The way through these poses, NaN where unknown, in a world with this unit vector against gravity."""
    read = np.isfinite(poses[:, 0, 0])
    pose = np.where(read[:, None, None], poses, start)
    axes = ground(start, up)
    looks, before = pose[:, :3, 2] @ axes, start[:3, 2] @ axes
    turn = np.zeros((len(pose), 2))
    heading = np.arctan2(looks[read, 0], looks[read, 2])
    turn[read, 0] = np.unwrap(np.concatenate([[0.0], heading]))[1:]
    turn[:, 1] = np.arcsin(np.clip(before[1], -1, 1)) - np.arcsin(np.clip(looks[:, 1], -1, 1))
    return Journey(start, pose, read, turn, (pose[:, :3, 3] - start[:3, 3]) @ axes)


def ground(start: Float[np.ndarray, "4 4"], up: tuple[float, float, float]) -> Float64[np.ndarray, "3 3"]:
    """Right, up and ahead along the ground, as columns, for a camera that stands so."""
    above = np.array(up)
    ahead = start[:3, 2] - (start[:3, 2] @ above) * above
    ahead /= np.linalg.norm(ahead)
    return np.column_stack([np.cross(ahead, above), above, ahead])


def turned(one: Float[np.ndarray, "*#t 4 4"], other: Float[np.ndarray, "*#t 4 4"]) -> Float64[np.ndarray, "..."]:
    """By what angle orientations differ (rad)."""
    between = np.swapaxes(one[..., :3, :3], -1, -2) @ other[..., :3, :3]
    return np.asarray(Rotation.from_matrix(between.reshape(-1, 3, 3)).magnitude()).reshape(between.shape[:-2])


def away(one: Float[np.ndarray, "*#t 4 4"], other: Float[np.ndarray, "*#t 4 4"]) -> Float64[np.ndarray, "..."]:
    """How far apart places are (m)."""
    return np.asarray(np.linalg.norm(one[..., :3, 3] - other[..., :3, 3], axis=-1))


_OFF = {"turn": turned, "place": away}


def _wound(one: Journey, other: Journey) -> Float64[np.ndarray, " t"]:
    """By what angle two journeys' orientations differ (rad); where one is more than half around ahead, by all of it.

    The geodesic distance alone forgets whole turns: a turn of 360 degrees the wrong way was half right.
    """
    return np.maximum(turned(one.pose, other.pose), np.abs(one.turn[:, 0] - other.turn[:, 0]))


class Followed(NamedTuple):
    """How well one arm's path was followed; see the page of the benchmark.

    Attributes:
        skill: Of what is asked: the means of the two that follow.
        rotation: 1 less the error of the turn as a share of that of standing still; NaN where it is not asked.
        translation: The same of the way.
        signed: How far the camera went the way that sets its path apart from the mirror's, as a share of the request.
        gain: How far it went along its path, as a share of the request.
        lag: By how much it is late (s); NaN where it did not go that way.
        gate: `signed` where the twins are farthest apart, between 0 and 1.
        closure: Whether it is, at the end, where it was when it was there first; nothing without having gone.
    """

    skill: float
    rotation: float
    translation: float
    signed: float
    gain: float
    lag: float
    gate: float
    closure: float


def follow(kind: str, own: Journey, real: Journey, twin: Journey, *, fine: Grain, fps: float) -> Followed:
    """Hold a journey against the one that was asked, and its twin's.

    Args:
        kind: Of path, as in `ASKED`.
        own: How the camera went.
        real: How it should have gone.
        twin: How it should have gone in the mirror.
        fine: What is no error.
        fps: Frames a second (Hz).
    """
    skills = {part: _skill(part, own, real, getattr(fine, part)) for part in ASKED[kind]}
    scale = {part: _rms(np.linalg.norm(getattr(real, part), axis=1)) for part in ASKED[kind]}
    moved, asked, other = (
        np.concatenate([getattr(one, part) / scale[part] for part in ASKED[kind]], 1) for one in (own, real, twin)
    )
    apart = asked - other
    signed = float((moved * apart).sum() / (asked * apart).sum())
    farthest = int(np.linalg.norm(apart, axis=1).argmax())
    along = apart[farthest] / np.linalg.norm(apart[farthest])
    gate = float(np.clip(moved[farthest] @ along / (asked[farthest] @ along), 0, 1))
    late = _lag(moved @ along, asked @ along, fps) if signed >= DEAD else float("nan")
    return Followed(
        skill=float(np.mean(list(skills.values()))),
        rotation=skills.get("turn", float("nan")),
        translation=skills.get("place", float("nan")),
        signed=signed,
        gain=float((moved * asked).sum() / (asked**2).sum()),
        lag=late,
        gate=gate,
        closure=gate * _closed(kind, own, real, fine),
    )


def _skill(part: str, own: Journey, real: Journey, fine: float) -> float:
    """1 less the error as a share of that of standing still, and never below -1, which the mirror has."""
    apart = {"turn": _wound, "place": lambda one, other: away(one.pose, other.pose)}[part]
    off, still = (_beyond(apart(one, real), fine) for one in (own, stood(real)))
    return float(max(-1.0, 1 - off / still))


def stood(like: Journey) -> Journey:
    """A journey as long as another, from the same start, that leads nowhere."""
    poses = np.broadcast_to(like.start, like.pose.shape)
    return Journey(like.start, poses, np.ones(len(poses), bool), np.zeros_like(like.turn), np.zeros_like(like.place))


def _rms(values: Float[np.ndarray, " t"]) -> float:
    return float(np.sqrt((values**2).mean()))


def _beyond(errors: Float[np.ndarray, " t"], fine: float) -> float:
    """The root of the mean square of errors, less that of what is none."""
    return float(np.sqrt(max(0.0, (errors**2).mean() - fine**2)))


def _lag(moved: Float[np.ndarray, " t"], asked: Float[np.ndarray, " t"], fps: float) -> float:
    """By how much later `moved` is most like `asked` (s)."""
    most = round(LATEST * fps)
    alike = {}
    for late in range(-most, most + 1):
        there = moved[max(late, 0) : len(moved) + min(late, 0)]
        wanted = asked[max(-late, 0) : len(asked) + min(-late, 0)]
        both = np.linalg.norm(there) * np.linalg.norm(wanted)
        alike[late] = float(there @ wanted / both) if both > 0 else -1.0
    return max(alike, key=lambda late: (round(alike[late], 9), -abs(late))) / fps


def _closed(kind: str, own: Journey, real: Journey, fine: Grain) -> float:
    """1 where a camera is at the end just where it was when it was there first, 0 where it is far from there."""
    if not own.read[-1]:
        return 0.0
    whole, gone = (np.concatenate([one.start[None], one.pose]) for one in (real, own))
    known = np.concatenate([[True], own.read])
    there, far = np.ones(len(whole), bool), {}
    for part in ASKED[kind]:
        far[part] = _OFF[part](real.start, real.pose).max()
        there &= _OFF[part](whole, whole[-1]) <= 0.05 * far[part]
    first = int(there.argmax())
    if not known[first]:
        return 0.0
    off = max(
        max(0.0, float(_OFF[part](gone[first], gone[-1])) - getattr(fine, part)) / (CLOSED * far[part])
        for part in ASKED[kind]
    )
    return max(0.0, 1 - off)


def held(own: Journey, fine: Grain) -> float:
    """How well a camera that was told to stay stays: 0 where it strays by `STEADY`, or is not read."""
    off = np.stack(
        [
            np.maximum(0, _OFF[part](own.pose, own.start) - getattr(fine, part)) / most
            for part, most in zip(("turn", "place"), STEADY, strict=True)
        ]
    ).max(0)
    return float(np.where(own.read, 1 - np.minimum(1, off), 0).mean())


def decided(signed: float) -> float:
    """Which way was gone: 1 for the one that was asked, -1 for its mirror, 0 where that is not to be told."""
    return float(np.sign(signed)) if abs(signed) >= DEAD else 0.0
