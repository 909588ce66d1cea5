"""Where pictures are taken from, and the ways a camera can go: paths as data, for any world that can be walked through.

A camera that is moved has a *stance*: where it stands (m), how far it is turned about the vertical and how far it looks
down (rad). It is commanded by five velocities, and + is always one way:

| component | unit | + is |
|---|---|---|
| forward | m/s | the way it is turned, along the ground |
| right | m/s | to its right, along the ground |
| up | m/s | against gravity |
| pitch | rad/s | looks further down |
| yaw | rad/s | turns to its right |

Looking up or down does not change where forward leads. Within a frame a camera walks along the direction in the middle
of its turn. So what is commanded backwards leads back the same way, and a strafe with the right turn stays on a circle.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Float64

COMPONENTS = ("forward", "right", "up", "pitch", "yaw")
"""What a camera can be told to do, in the order of a command."""

FORWARD, RIGHT, UP, PITCH, YAW = range(5)


_UPRIGHT = np.eye(3)


@dataclass(frozen=True, eq=False)
class Camera:
    """Where a picture is taken from.

    Attributes:
        pose: Camera-to-world, OpenCV axes, metres.
        intrinsics: The matrix K, in pixels of the picture it belongs to.

    Raises:
        ValueError: Where the pose is not a rigid motion.
    """

    pose: Float64[np.ndarray, "4 4"]
    intrinsics: Float64[np.ndarray, "3 3"]

    def __post_init__(self):
        turn = self.pose[:3, :3]
        (a, b, c), (d, e, f), (g, h, i) = turn.tolist()
        volume = a * (e * i - f * h) - b * (d * i - f * g) + c * (d * h - e * g)
        if not (np.abs(turn @ turn.T - _UPRIGHT) < 1e-5).all() or volume < 0:
            raise ValueError(
                "the camera's pose is no rigid motion; it is camera-to-world, its columns x right, y down, z forward, "
                "orthonormal and right-handed: Camera.look makes one"
            )

    @classmethod
    def look(cls, eye, at, *, fov: float | int, size: int, up: Sequence[float] = (0.0, 0.0, 1.0)) -> "Camera":
        """A camera at `eye` (m) looking at the point `at` (m), upright, with a vertical field of view in degrees."""
        eye, at = np.asarray(eye, np.float64), np.asarray(at, np.float64)
        forward = (at - eye) / np.linalg.norm(at - eye)
        right = np.cross(forward, up)
        right /= np.linalg.norm(right)
        pose = np.eye(4)
        pose[:3] = np.column_stack([right, np.cross(forward, right), forward, eye])
        return cls(pose, lens(fov, size))

    def resized(self, ratio: float | int) -> "Camera":
        """The same camera for a picture `ratio` times as large."""
        return Camera(self.pose, np.diag([ratio, ratio, 1.0]) @ self.intrinsics)

    def project(self, points: Float[np.ndarray, "n 3"]) -> tuple[Float64[np.ndarray, "n 2"], Float64[np.ndarray, " n"]]:
        """Where world points (m) fall in the picture (px), and their planar depth (m; not above 0 is behind)."""
        seen = (points - self.pose[:3, 3]) @ self.pose[:3, :3]
        depth = seen[:, 2]
        flat = seen @ self.intrinsics.T
        return flat[:, :2] / np.where(depth > 0, depth, np.nan)[:, None], depth

    def unproject(self, pixels: Float[np.ndarray, "n 2"], depth: Float[np.ndarray, " n"]) -> Float64[np.ndarray, "n 3"]:
        """The world points (m) that lie at these pixels (px) and planar depths (m)."""
        rays = np.column_stack([pixels, np.ones(len(pixels))]) @ np.linalg.inv(self.intrinsics).T
        return (rays * depth[:, None]) @ self.pose[:3, :3].T + self.pose[:3, 3]


def lens(fov: float | int, size: int) -> Float64[np.ndarray, "3 3"]:
    """The matrix K of a square picture `size` pixels across with a field of view of `fov` degrees."""
    focal = size / 2 / np.tan(np.deg2rad(fov) / 2)
    return np.array([[focal, 0, size / 2], [0, focal, size / 2], [0, 0, 1.0]])


class Ground(NamedTuple):
    """How a world lies: the unit vectors against gravity, and ahead of a camera with a yaw of 0."""

    up: tuple[float, float, float] = (0.0, 0.0, 1.0)
    ahead: tuple[float, float, float] = (0.0, 1.0, 0.0)


def pose(stance: Float64[np.ndarray, "5"], ground: Ground = Ground()) -> Float64[np.ndarray, "4 4"]:  # noqa: B008
    """The camera-to-world pose of a stance (x, y, z, pitch, yaw): m in world axes, rad."""
    *place, pitch, yaw = stance
    up, ahead = np.array(ground.up), np.array(ground.ahead)
    along, aside = _headings(yaw, up, ahead)
    forward = np.cos(pitch) * along - np.sin(pitch) * up
    found = np.eye(4)
    found[:3] = np.column_stack([aside, np.cross(forward, aside), forward, place])
    return found


def walk(
    stance: Float64[np.ndarray, "5"],
    velocities: Float[np.ndarray, "t 5"],
    fps: float | int,
    ground: Ground = Ground(),  # noqa: B008  it is immutable
) -> Float64[np.ndarray, "t+1 5"]:
    """The stances that commands lead through, from `stance` on, each command lasting 1 / fps seconds."""
    up, ahead = np.array(ground.up), np.array(ground.ahead)
    stances = [stance]
    for forward, right, rise, pitch, yaw in velocities.astype(np.float64) / fps:
        here = stances[-1]
        along, aside = _headings(here[4] + yaw / 2, up, ahead)
        step = forward * along + right * aside + rise * up
        stances.append(here + np.array([*step, pitch, yaw]))
    return np.stack(stances)


def _headings(yaw: float, up: np.ndarray, ahead: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Forward and right along the ground."""
    beside = np.cross(ahead, up)
    return np.cos(yaw) * ahead + np.sin(yaw) * beside, np.cos(yaw) * beside - np.sin(yaw) * ahead


@dataclass(frozen=True, eq=False)
class Path:
    """A way for a camera to go, without where it begins.

    Attributes:
        name: Of the kind of path, as in `PATHS`.
        velocities: A command a frame, in m/s and rad/s, in the order of `COMPONENTS`.
        fps: Commands a second (Hz).
        ways: What this way is called and what its mirror twin's is; a path that is its own mirror has none.
        flips: Which components are of the other sign in the mirror.
    """

    name: str
    velocities: Float64[np.ndarray, "t 5"]
    fps: float
    ways: tuple[str, ...] = ()
    flips: tuple[int, ...] = ()

    def mirror(self) -> "Path":
        """The twin: the opposite command, from the same beginning."""
        signs = np.ones(5)
        signs[list(self.flips)] = -1
        return replace(self, velocities=self.velocities * signs, ways=self.ways[::-1])

    def twins(self) -> "dict[str, Path]":
        """This way and its mirror twin by the names of their arms: "yaw:right" and "yaw:left"."""
        return {f"{one.name.lower()}:{one.ways[0]}": one for one in (self, self.mirror())}


SIDEWAYS = (("right", "left"), (RIGHT, YAW))
"""The names and components of what goes to one side or the other."""


def hold(frames: int, fps: float | int) -> Path:
    """STA: stay."""
    return Path("STA", np.zeros((frames, 5)), float(fps))


def yaw(amplitude: float | int, frames: int, fps: float | int) -> Path:
    """YAW: turn right by `amplitude` (rad) and back; by a full turn, which closes without going back."""
    return Path("YAW", _returning([(YAW, amplitude)], frames, fps, closed=_full(amplitude)), float(fps), *SIDEWAYS)


def pitch(amplitude: float | int, frames: int, fps: float | int) -> Path:
    """PIT: look down by `amplitude` (rad) and back up."""
    return Path("PIT", _returning([(PITCH, amplitude)], frames, fps), float(fps), ("down", "up"), (PITCH,))


def strafe(amplitude: float | int, frames: int, fps: float | int, resting: int = 0) -> Path:
    """TRL: go right by `amplitude` (m) and back, looking ahead; each way ends with so many frames at rest."""
    moves = _returning([(RIGHT, amplitude)], frames, fps, resting=resting)
    return Path("TRL", moves, float(fps), *SIDEWAYS)


def dolly(amplitude: float | int, frames: int, fps: float | int, resting: int = 0) -> Path:
    """DOL: go forward by `amplitude` (m) and back; each way ends with so many frames at rest."""
    moves = _returning([(FORWARD, amplitude)], frames, fps, resting=resting)
    return Path("DOL", moves, float(fps), ("in", "out"), (FORWARD,))


def orbit(amplitude: float | int, radius: float | int, frames: int, fps: float | int) -> Path:
    """ORB: an arc of `amplitude` (rad) to the right around a point `radius` (m) ahead, which stays there, and back.

    A full turn closes without going back.
    """
    closed = _full(amplitude)
    steps = frames if closed else frames // 2
    chord = 2 * radius * np.sin(amplitude / steps / 2) * steps
    moves = [(RIGHT, chord), (YAW, -amplitude)]
    return Path("ORB", _returning(moves, frames, fps, closed=closed), float(fps), *SIDEWAYS)


def square(side: float | int, turning: int, walking: int, fps: float | int) -> Path:
    """SQR: walk along a square of `side` (m) whose near side's middle is where one stands, looking where one goes.

    A quarter turn takes `turning` frames, a side `walking`. First to the right, then left at every corner; at the end
    one stands and looks as at the beginning.
    """
    if walking % 2:
        raise ValueError(f"walking came as {walking} frames a side; the first and last are halves, so it is even")
    turn = _steady(YAW, np.pi / 2, turning, fps)
    along, half = (_steady(FORWARD, share * side, int(share * walking), fps) for share in (1, 0.5))
    legs = [turn, half, *[-turn, along] * 3, -turn, half, -turn]
    return Path("SQR", np.concatenate(legs), float(fps), ("right", "left"), (YAW,))


def revisit(amplitude: float | int, stray: Path, turning: int, watching: int) -> Path:
    """RVS: look at a place `amplitude` (rad) to the right, stray, and look at it again.

    Turning there takes `turning` frames, and `watching` are spent there, both times; between lies `stray`, which comes
    back to where it began.
    """
    there, stay = _steady(YAW, amplitude, turning, stray.fps), np.zeros((watching, 5))
    return Path("RVS", np.concatenate([there, stay, -there, stray.velocities, there, stay]), stray.fps, *SIDEWAYS)


PATHS = {
    "STA": hold,
    "YAW": yaw,
    "PIT": pitch,
    "TRL": strafe,
    "DOL": dolly,
    "ORB": orbit,
    "SQR": square,
    "RVS": revisit,
}
"""The kinds of path, by the names that benchmarks give them."""


NEARBY = {"YAW": ("right", "left"), "PIT": ("down", "up"), "TRL": ("right", "left"), "DOL": ("in", "out")}
NEARBY |= {"ORB": ("right", "left")}
FARTHER = {name: ("right", "left") for name in ("YAW", "ORB", "SQR", "RVS")}
"""Which paths, and which ways, are asked of who has seen little, and of who was shown around."""


def families(suite: str, ways: Mapping[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
    """The families of a suite ("M" or "V") and their arms, as a scene lists them: "M-YAW" and so on."""
    return {f"{suite}-{name}": tuple(f"{name.lower()}:{way}" for way in pair) for name, pair in ways.items()}


def tour(circle: Path, turning: int, resting: int) -> Path:
    """All there is to see, before it is asked for: once around oneself, once along a circle, a rest.

    It ends where it begins; the frames around oneself and at rest are `turning` and `resting`.
    """
    parts = [yaw(2 * np.pi, turning, circle.fps), circle, hold(resting, circle.fps)]
    return Path("tour", np.concatenate([part.velocities for part in parts]), circle.fps, *SIDEWAYS)


def _full(amplitude: float | int) -> bool:
    return bool(np.isclose(amplitude, 2 * np.pi))


def _steady(component: int, amount: float | int, frames: int, fps: float | int) -> Float64[np.ndarray, "t 5"]:
    """Commands that move one component by `amount` in that many frames."""
    velocities = np.zeros((frames, 5))
    velocities[:, component] = amount * fps / frames
    return velocities


def _returning(
    moves: Sequence[tuple[int, float | int]], frames: int, fps: float | int, *, closed: bool = False, resting: int = 0
) -> Float64[np.ndarray, "t 5"]:
    """Commands that move components by amounts at once, and back in as many frames, unless the path closes itself.

    Of each way's frames, the last ones can be at rest.
    """
    if frames % 2 and not closed:
        raise ValueError(f"frames came as {frames}; a path that goes back the way it came has an even number")
    moving = (frames if closed else frames // 2) - resting
    there = sum(_steady(component, amount, moving, fps) for component, amount in moves)
    there = np.concatenate([there, np.zeros((resting, 5))])
    return there if closed else np.concatenate([there, -there])
