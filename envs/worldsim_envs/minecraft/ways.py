"""The ways of a camera, gone by a player: which keys are held and how the mouse turns, so that a path comes of it.

A path says velocities; a player has two, walking and sneaking, and glides on for a while when a key is let go. So a
path is gone in these two paces, and rests before it turns back: as much as a key moved the player one way, as much its
opposite moves it back, to within a centimetre. Where the player truly was, the camera's pose says in every frame.

Whoever strafes along a circle moves ahead of where the camera looks, since the velocity lags behind the keys. An arc
here leads by just as much as makes it end as far from its middle as it began, and looks at the middle at both ends.
"""

import functools
from collections.abc import Callable

import numpy as np
from jaxtyping import Float, Float64
from scipy.optimize import root_scalar

from worldsim_envs.cameras import RIGHT, SIDEWAYS, YAW, Path
from worldsim_envs.minecraft import player as body
from worldsim_envs.minecraft.actions import TICK, Action, noop, press
from worldsim_envs.minecraft.terrain import LAWN, SHAPE, meadow
from worldsim_envs.scene import Arm

FPS = 10.0
TICKS = round(1 / FPS / TICK)
"""Frames a second, and ticks a frame."""

WALKING = body.WALK * body.KEYS / (1 - body.GRIP * body.AIR) / TICK
SNEAKING = body.SNEAK * WALKING
"""How fast one goes (m/s); so far, in the end, a key brings one for each second that it is held."""

_HELD = {round(WALKING, 6): (), round(SNEAKING, 6): ("sneak",)}

SETTLE = 4
"""Frames until one who walked is at rest."""

MIDDLE = SHAPE[0] / 2 + 0.5, SHAPE[2] / 2 + 0.5
"""The x and z of the middle of the cell in the middle of the world (m)."""


def act(command: Float[np.ndarray, "5"]) -> Action:
    """What a player does to move for a frame as a command says; see `cameras`.

    Raises:
        ValueError: Where it goes up or down, or at a pace that is neither walking nor sneaking.
    """
    forward, right, up, pitch, yaw = command.tolist()
    paces = {abs(round(pace, 6)) for pace in (forward, right, up)} - {0.0}
    if up or len(paces) > 1 or not paces <= _HELD.keys():
        raise ValueError(
            f"the path goes forward, right and up at {forward:.3f}, {right:.3f} and {up:.3f} m/s; on foot one goes "
            f"along the ground, at {WALKING:.3f} m/s, or sneaking at {SNEAKING:.3f}"
        )
    held = [name for pace in paces for name in _HELD[pace]]
    held += ["forward"] * (forward > 0) + ["back"] * (forward < 0) + ["right"] * (right > 0) + ["left"] * (right < 0)
    down, aside = np.rad2deg([pitch, yaw]) / FPS / TICKS
    return press(*held, camera=(float(down), float(aside)))


def told(before: Path, path: Path, steps: int) -> Arm:
    """The arm in which a player goes one way, then another, and rests until the episode has `steps` steps."""
    actions = [act(command) for command in (*before.velocities, *path.velocities)]
    return Arm(actions + [noop() for _ in range(steps - len(actions))])


@functools.cache
def orbit(moving: int, pace: float, radius: float, frames: int) -> Path:
    """ORB: an arc to the right around a point `radius` (m) ahead, and back, for `moving` of the frames of each way.

    `pace` is `WALKING` or `SNEAKING`; how far that leads, the frames decide.
    """
    there = _arc(_stand(radius), moving, pace, radius, frames // 2)
    back = _arc(_gone(_stand(radius), there), moving, -pace, radius, frames // 2)
    return Path("ORB", np.concatenate([there, back]), FPS, *SIDEWAYS)


@functools.cache
def circle(moving: int, frames: int) -> tuple[Path, float]:
    """Once around a point ahead, to the right, walking for so many of the frames; how far away that point is (m)."""
    around = moving * WALKING / FPS / (2 * np.pi)

    def beyond(radius: float) -> float:
        start = _stand(radius)
        east, south = _ahead(_gone(start, _arc(start, moving, WALKING, radius, frames)))
        return float(np.arctan2(east, south))  # how much farther around than once

    radius = _root(beyond, 0.9 * around, 1.1 * around)
    return Path("ORB", _arc(_stand(radius), moving, WALKING, radius, frames), FPS, *SIDEWAYS), radius


def _arc(start: body.Player, moving: int, pace: float, radius: float, frames: int) -> Float64[np.ndarray, "t 5"]:
    """The commands of an arc, to the right or with a negative pace to the left.

    From both its ends, which are `radius` (m) away, one looks at its middle.
    """

    def commands(lead: float) -> np.ndarray:
        player, found = start, np.zeros((frames, 5))
        found[:moving, RIGHT] = pace
        for frame, command in enumerate(found):
            after, aim = player, lead * np.sign(pace) * (frame < moving)
            for _ in range(4):  # how one turns bends the way, a little
                east, south = _ahead(after)
                toward = np.rad2deg(np.arctan2(-east, south)) - aim
                command[YAW] = np.deg2rad((toward - player[body.YAW] + 180) % 360 - 180) * FPS
                after = _gone(player, command[None])
            player = after
        return found

    def off(lead: float) -> float:
        return float(np.hypot(*_ahead(_gone(start, commands(lead)))) - radius)

    low = 0.0 if off(0.0) > 0 else -5.0  # on a short arc it is the glide that is left over which decides
    return commands(_root(off, low, 25.0))


def _root(of: Callable[[float], float], low: float, high: float) -> float:
    """Where a function of one number, of different signs at the two, is 0."""
    return float(root_scalar(of, bracket=(low, high), xtol=1e-6).root)


def _stand(radius: float) -> body.Player:
    """A player who stands so far (m) before the middle of a meadow and looks at it."""
    player = body.spawn(MIDDLE[0], LAWN, MIDDLE[1] - radius)
    for _ in range(2):  # one who has just come is not yet on the ground
        player = body.step(_FLAT, player, noop())
    return player


def _ahead(player: body.Player) -> Float64[np.ndarray, "2"]:
    """How far east and south of the player the middle is (m)."""
    return np.array(MIDDLE) - player[[body.X, body.Z]]


def _gone(player: body.Player, commands: Float64[np.ndarray, "t 5"]) -> body.Player:
    """The player after these commands."""
    for command in commands:
        for _ in range(TICKS):
            player = body.step(_FLAT, player, act(command))
    return player


_FLAT = meadow()
