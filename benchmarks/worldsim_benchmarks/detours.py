"""Cameras that go wrong in known ways: the true world, drawn from elsewhere than was asked.

A detour is a corruption `(twins, severity, rng) -> answers`, as in `contestants`. Those that only change when the
camera is where take the frames that there are; the others tell the arm again and draw each of its frames from another
pose, so what moves by itself moves as it did.
"""

from collections.abc import Callable
from functools import cache

import numpy as np
from jaxtyping import Float, Float64
from scipy import ndimage
from scipy.spatial.transform import Rotation

from worldsim_benchmarks import contestants
from worldsim_benchmarks.benchmark import Case, Twins, Video
from worldsim_benchmarks.cases import make
from worldsim_benchmarks.paths import Journey, ground, journey
from worldsim_envs import SCENES
from worldsim_envs.cameras import Camera
from worldsim_envs.env import SceneEnv
from worldsim_envs.scene import find

Bend = Callable[[Journey], tuple[np.ndarray, np.ndarray]]
"""From a journey to another's `turn` and `place`."""


# ---- another time ----------------------------------------------------------------------------------------------------


def stays(twins: Twins, severity: float, rng: np.random.Generator) -> list[Video]:
    """No return: from half of its way on, the camera stays where it is."""
    return [case.truth.frames[np.minimum(np.arange(len(case.plan)), _halfway(case))] for case in twins.cases]


def freezes(twins: Twins, severity: float, rng: np.random.Generator) -> list[Video]:
    """From the fraction `severity` of the time on, the picture stands still."""
    return [
        case.truth.frames[np.minimum(np.arange(len(case.plan)), int(severity * len(case.plan)))] for case in twins.cases
    ]


def _halfway(case: Case) -> int:
    """The frame farthest from the start: of a path that goes around, the one in the middle of its time."""
    way = way_of(case)
    off = np.linalg.norm(way.place, axis=1) + np.abs(way.turn).sum(1)
    farthest = int(off.argmax())
    return farthest if farthest < 0.8 * len(off) else len(off) // 2


# ---- another way -----------------------------------------------------------------------------------------------------


def gain(twins: Twins, severity: float, rng: np.random.Generator) -> list[Video]:
    """Everything `severity` times as far."""
    return [_drawn(case, lambda way: (severity * way.turn, severity * way.place)) for case in twins.cases]


def drift(twins: Twins, severity: float, rng: np.random.Generator) -> list[Video]:
    """The camera turns to its right by and by, by `severity` degrees in the end."""

    def bend(way: Journey) -> tuple[np.ndarray, np.ndarray]:
        more = np.deg2rad(severity) * np.arange(1, len(way.turn) + 1) / len(way.turn)
        return way.turn + np.column_stack([more, 0 * more]), way.place

    return [_drawn(case, bend) for case in twins.cases]


def way_of(case: Case) -> Journey:
    """How the camera of a case truly goes."""
    return journey(case.truth.pose, case.before.pose[-1], find(SCENES[case.scene].where).up)


def _drawn(case: Case, bend: Bend) -> Video:
    """The case's future from other poses."""
    up = find(SCENES[case.scene].where).up
    turn, place = bend(way_of(case))
    poses = posed(case.before.pose[-1], turn, place, up)
    env = _world(case.scene, case.seen.shape[1])
    env.reset(seed=int(case.name.split("/")[-2]))
    frames, arm = [], env.arms()[case.arm]
    assert not arm.changes
    for step, action in enumerate(arm.actions[: len(case.taken) + len(poses)]):
        env.backend.step(action)
        if step >= len(case.taken):
            frames.append(env.render_at(Camera(poses[step - len(case.taken)], case.truth.intrinsics)).rgb)
    return np.stack(frames)


@cache
def _world(scene: str, size: int) -> SceneEnv:
    return make(scene, size=size)


def posed(
    start: Float[np.ndarray, "4 4"],
    turn: Float[np.ndarray, "t 2"],
    place: Float[np.ndarray, "t 3"],
    up: tuple[float, float, float],
) -> Float64[np.ndarray, "t 4 4"]:
    """The poses of a journey, from its `turn` and `place`."""
    axes, poses = ground(start, up), np.tile(start.astype(np.float64), (len(turn), 1, 1))
    for pose, (heading, pitch), gone in zip(poses, turn, place, strict=True):
        about_up = Rotation.from_rotvec(-heading * np.array(up)).as_matrix()
        about_right = Rotation.from_rotvec([-pitch, 0, 0]).as_matrix()
        pose[:3, :3] = about_up @ start[:3, :3] @ about_right
        pose[:3, 3] += axes @ gone
    return poses


# ---- another picture -------------------------------------------------------------------------------------------------


def blur(twins: Twins, severity: float, rng: np.random.Generator) -> list[Video]:
    """A Gaussian of `severity` pixels of 128: the same part of a picture at every size."""
    return contestants.blur(twins, severity * twins.cases[0].seen.shape[2] / 128, rng)


# ---- a picture that is moved and no world ----------------------------------------------------------------------------


def pushed(twins: Twins, severity: float, rng: np.random.Generator) -> list[Video]:
    """The last frame of the context, moved aside or larger as a whole, as what is `severity` (m) away would be."""
    return [_pushed(case, severity) for case in twins.cases]


def _pushed(case: Case, distance: float) -> Video:
    frame, lens = case.seen[-1].astype(float), case.truth.intrinsics
    middle, frames = lens[1::-1, 2] - 0.5, []
    for right, _, ahead in way_of(case).place:
        from_there = np.diag([1 - ahead / distance] * 2 + [1.0])  # where each pixel (row, column, 1) comes from
        from_there[:2, 2] = middle * ahead / distance + np.array([0.0, lens[0, 0] * right / distance])
        channels = [
            ndimage.affine_transform(frame[..., channel], from_there, order=1, mode="nearest") for channel in range(3)
        ]
        frames.append(np.stack(channels, -1))
    return np.round(frames).astype(np.uint8)
