"""What can be said of an episode, from what is true in it: what things do, how they lie, who meets, how a camera goes.

It knows arrays and names, and no simulator. `captions` puts it into words.
"""

from collections.abc import Mapping, Sequence
from itertools import pairwise

import numpy as np
from jaxtyping import Bool, Float, Float64

from worldsim_envs.captions import Event, Facts, Motion, Relation, one_of
from worldsim_envs.palette import NAMES
from worldsim_envs.variation import SHAPES

STILL = 0.05
"""Slower than this a thing is at rest (m/s)."""

TURN, STEP = np.deg2rad(0.5), 0.01
"""Less than this a frame and the camera stays (rad; m)."""


def observe(
    states: Mapping[str, np.ndarray],
    poses: Float64[np.ndarray, "t 4 4"],
    up: Sequence[float] = (0.0, 0.0, 1.0),
    names: Sequence[str] | None = None,
    more: Sequence[tuple[int, Event]] = (),
) -> Facts:
    """What can be said of an episode.

    Args:
        states: What `SceneEnv.truth` said at each frame.
        poses: Of the camera at each frame: camera-to-world, OpenCV axes, m.
        up: Against gravity.
        names: What each slot is called, where it is not by hue and shape.
        more: What else happens, and in which frame it has happened; things by slot. A thing that is said to be broken
            or placed is not said to vanish or to appear as well.
    """
    told = np.flatnonzero((states["present"] & (states["visible"] > 0)).any(0))
    truth = {key: states[key][:, told] for key in ("pos", "quat", "velocity", "present", "visible", "size")}
    touching = states["contact"][:, told][:, :, told]
    first, against = states["present"].argmax(0), np.asarray(up, float)
    if names is None:
        kinds = [states[key][first, np.arange(len(first))].tolist() for key in ("hue", "shape")]
        names = [_name(*kind) for kind in zip(*kinds, strict=True)]
    return Facts(
        things=tuple(names[slot] for slot in told.tolist()),
        motions=tuple(_motion(slot, truth, against) for slot in range(len(told))),
        camera=_moves(poses),
        relations=_relations(truth, touching[-1], poses[-1], against),
        events=_events(truth, touching, [(frame, _renumbered(event, told.tolist(), names)) for frame, event in more]),
    )


def _name(hue: int, shape: int) -> str:
    return f"{NAMES[hue] if hue >= 0 else 'grey'} {SHAPES[shape] if shape >= 0 else 'thing'}"


def _motion(slot: int, truth: Mapping[str, np.ndarray], up: Float[np.ndarray, "3"]) -> Motion:
    """Of what a thing does while it is there, the most telling: it falls, tips, rises, is pushed, rolls or slides."""
    there = np.flatnonzero(truth["present"][:, slot])
    place, velocity = truth["pos"][there, slot], truth["velocity"][there, slot]
    extent = 2 * truth["size"][there[0], slot]
    speed, high = np.linalg.norm(velocity[:, :3], axis=1), place @ up
    stops = bool(speed[-1] < STILL)
    if (speed < STILL).all():
        return Motion(slot, "rests")
    drop = high[0] - high.min()
    if drop > 0.75 * extent.max():
        return Motion(slot, "falls", stops)
    if speed[0] < STILL and _tilt(truth["quat"][there[[0, -1]], slot]) > np.deg2rad(50) and extent.std() > 0:
        return Motion(slot, "tips over", stops)
    if drop > 0.5 * extent.min():
        return Motion(slot, "falls", stops)
    if high.max() - high[0] > 0.5 * extent.min():
        return Motion(slot, "rises", stops)
    if speed[0] < STILL:
        return Motion(slot, "is pushed", stops)
    turning = np.linalg.norm(velocity[:, 3:], axis=1) * extent.min() / 2
    moving = speed >= STILL
    return Motion(slot, "rolls" if np.median(turning[moving] / speed[moving]) > 0.5 else "slides", stops)


def _tilt(quat: Float64[np.ndarray, "2 4"]) -> float:
    """The angle between a thing's own upright then and now (rad)."""
    w, x, y, z = quat.T
    one, other = np.stack([2 * (x * z + w * y), 2 * (y * z - w * x), 1 - 2 * (x**2 + y**2)], axis=1)
    return float(np.arccos(np.clip(one @ other, -1, 1)))


def _relations(
    truth: Mapping[str, np.ndarray],
    touching: Bool[np.ndarray, "o o"],
    pose: Float64[np.ndarray, "4 4"],
    up: Float[np.ndarray, "3"],
) -> tuple[Relation, ...]:
    """For each two that are seen in the last frame, how they lie, where they lie clearly one way."""
    seen = np.flatnonzero(truth["present"][-1] & (truth["visible"][-1] > 0))
    place, wide = truth["pos"][-1], 2 * truth["size"][-1].max(1)
    found = []
    for index, one in enumerate(seen.tolist()):
        for other in seen[index + 1 :].tolist():
            apart = place[other] - place[one]
            near = (wide[one] + wide[other]) / 2
            right, _, away = apart @ pose[:3, :3]
            above = apart @ up
            aside = np.linalg.norm(apart - above * up)
            if touching[one, other] and abs(above) > 0.35 * near and aside < 0.5 * near:
                found.append(Relation(*((other, "on top of", one) if above > 0 else (one, "on top of", other))))
            elif abs(right) > max(0.75 * near, abs(away)):
                found.append(Relation(*((one, "left of", other) if right > 0 else (other, "left of", one))))
            elif abs(away) > max(0.75 * near, abs(right)):
                found.append(Relation(*((other, "behind", one) if away > 0 else (one, "behind", other))))
    return tuple(found)


def _renumbered(event: Event, told: Sequence[int], names: Sequence[str]) -> Event:
    """An event of slots as one of the things that are told; a thing that is not is called by its name alone."""
    one, other = (
        who if isinstance(who, str) or who < 0 else told.index(who) if who in told else one_of(names[who])
        for who in (event.one, event.other)
    )
    return Event(one, event.verb, other)


def _events(
    truth: Mapping[str, np.ndarray], touching: Bool[np.ndarray, "t o o"], more: Sequence[tuple[int, Event]]
) -> tuple[Event, ...]:
    """Each two that meet, the first time they do, the faster one hitting the other; who comes, who goes; and more."""
    found: list[tuple[int, Event]] = list(more)
    moved = {(frame, event.other) for frame, event in more}
    speed = np.linalg.norm(truth["velocity"][..., :3], axis=-1)
    present = truth["present"]
    for frame in range(1, len(present)):
        met = touching[frame] & ~touching[:frame].any(0)
        for one, other in np.argwhere(np.triu(met, 1)).tolist():
            if speed[frame - 1, other] > speed[frame - 1, one]:
                one, other = other, one
            found.append((frame, Event(one, "hits", other)))
        for slot in np.flatnonzero(present[frame] != present[frame - 1]).tolist():
            if (frame, slot) not in moved:
                found.append((frame, Event(slot, "appears" if present[frame, slot] else "vanishes")))
    return tuple(event for _, event in sorted(found, key=lambda pair: pair[0]))


def _moves(poses: Float64[np.ndarray, "t 4 4"]) -> tuple[str, ...]:
    """What the camera does, stretch by stretch: in each frame what it does most; what lasts one frame is not told."""
    said: list[str] = []
    for before, after in pairwise(poses):
        ahead, shift = before[:3, :3].T @ after[:3, 2], before[:3, :3].T @ (after[:3, 3] - before[:3, 3])
        turns = {"turns right": np.arctan2(ahead[0], ahead[2]), "looks down": np.arctan2(ahead[1], ahead[2])}
        steps = {"moves right": shift[0], "sinks": shift[1], "moves forward": shift[2]}
        much = {name: value / TURN for name, value in turns.items()}
        much |= {name: value / STEP for name, value in steps.items()}
        name = max(much, key=lambda name: abs(much[name]))
        said.append("" if abs(much[name]) < 1 else name if much[name] > 0 else _OPPOSITE[name])
    runs = [part for index, part in enumerate(said) if index and part == said[index - 1] and part]
    return tuple(part for index, part in enumerate(runs) if not index or part != runs[index - 1])


_OPPOSITE = {
    "turns right": "turns left",
    "looks down": "looks up",
    "moves right": "moves left",
    "sinks": "rises",
    "moves forward": "moves back",
}
