"""An episode in words, at three lengths, by a small grammar that reads back: `parse(render(facts, length))` is
`facts.at(length)`.

    short    Two things: a red sphere and a blue box.
    medium   ... The red sphere rolls and comes to rest. The blue box is pushed. The camera turns left, then looks up.
    long     ... The red sphere is left of the blue box. First the red sphere hits the blue box, then ...

What is no thing can be told of too: who acts, `the player`, and what nobody counts, `a block of sand`.

So words are truth in another form: what a caption says can be checked, and a model that is told it can be asked about
it. `observe` finds the facts in what a scene tells; whoever knows more makes `Facts` of its own. It knows arrays and
names, and no simulator.
"""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float, Float64

from worldsim_envs.palette import NAMES
from worldsim_envs.variation import SHAPES

LENGTHS = ("short", "medium", "long")

NUMBERS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")
ORDINALS = ("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth")

RELATIONS = ("left of", "behind", "on top of")
"""Where one thing is from another, seen from the camera, in the last frame."""

MOTIONS = ("rests", "rolls", "slides", "walks", "falls", "rises", "is pushed", "tips over")
"""What a thing does for most of the time in which it does something."""

STOPS = " and comes to rest"

VERBS = (
    *("hits", "vanishes", "appears", "breaks", "places", "presses", "falls", "lands", "flows", "opens", "closes"),
    *("comes up", "goes on", "goes off", "catches fire", "explodes"),
)
"""What happens in a moment."""

LIGHTS = ("dawn", "day", "dusk", "night")
"""The times of day, in worlds that have one."""

UNCOUNTED = r"the player|some [a-z]+|an? [a-z]+(?: of [a-z]+(?: [a-z]+)*?)?"
"""How that is called which is no thing of the inventory, as a pattern."""

MOVES = (
    *("turns left", "turns right", "looks up", "looks down"),
    *("moves forward", "moves back", "moves left", "moves right", "rises", "sinks"),
)
"""What a camera does."""


class Relation(NamedTuple):
    """Thing `one` is `where` from thing `other`; both are indices into `Facts.things`."""

    one: int
    where: str
    other: int


class Motion(NamedTuple):
    """What a thing does, and whether it has come to rest by the end."""

    thing: int
    does: str
    stops: bool = False


class Event(NamedTuple):
    """What happens in a moment.

    Attributes:
        one: The thing that does it; or how it is called, where it is none: `the player`, `a block of sand`.
        verb: Of `VERBS`.
        other: What it is done to, likewise; -1 where nothing else takes part.
    """

    one: int | str
    verb: str
    other: int | str = -1


@dataclass(frozen=True)
class Facts:
    """What a caption says.

    Attributes:
        things: What each is called, `red sphere`; alike ones are told apart as the first, the second.
        motions: At most one a thing.
        camera: What it does, one after the other; empty where it stays.
        lights: The times of day, one after the other; empty where the world has none.
        relations: In the last frame.
        events: In order.

    Raises:
        ValueError: Where a name or a word would not be read back.
    """

    things: tuple[str, ...] = ()
    motions: tuple[Motion, ...] = ()
    camera: tuple[str, ...] = ()
    lights: tuple[str, ...] = ()
    relations: tuple[Relation, ...] = ()
    events: tuple[Event, ...] = ()

    def __post_init__(self):
        for name in self.things:
            if not re.fullmatch(r"[a-z]+( [a-z]+)*", name) or {"a", "an", "and", *ORDINALS} & set(name.split()):
                raise ValueError(
                    f"a thing is called {name!r}; small letters, no article, no 'and', no 'first' would do: 'red box'"
                )
        for word, known in (
            *((motion.does, MOTIONS) for motion in self.motions),
            *((move, MOVES) for move in self.camera),
            *((light, LIGHTS) for light in self.lights),
            *((relation.where, RELATIONS) for relation in self.relations),
            *((event.verb, VERBS) for event in self.events),
        ):
            if word not in known:
                raise ValueError(f"{word!r} is not in the grammar; there are: {', '.join(known)}")
        for event in self.events:
            for who in (event.one, event.other):
                if isinstance(who, str) and not re.fullmatch(UNCOUNTED, who):
                    raise ValueError(f"what is no thing is called {who!r}; 'the player' or 'a block of sand' would do")

    def at(self, length: str) -> "Facts":
        """Those of the facts that a caption of this length tells."""
        if length == "long":
            return self
        return replace(self, relations=(), events=()) if length == "medium" else Facts(self.things)


# ---- to words --------------------------------------------------------------------------------------------------------


def render(facts: Facts, length: str = "long") -> str:
    """The caption of one length.

    Raises:
        ValueError: Where there is no such length.
    """
    if length not in LENGTHS:
        raise ValueError(f"length came as {length!r}; there are: {', '.join(LENGTHS)}")
    sentences = [_inventory(facts.things)]
    called = [f"the {label}" for label in labels(facts.things)]
    if length != "short":
        sentences += [
            f"{called[motion.thing]} {motion.does}{STOPS if motion.stops else ''}." for motion in facts.motions
        ]
        sentences.append(f"the camera {', then '.join(facts.camera) or 'stays'}.")
        if facts.lights:
            sentences.append(f"it is {', then '.join(facts.lights)}.")
    if length == "long":
        sentences += [f"{called[one]} is {where} {called[other]}." for one, where, other in facts.relations]
        if told := [_happened(event, called) for event in facts.events]:
            sentences.append(f"first {', then '.join(told)}.")
    return " ".join(sentence[0].upper() + sentence[1:] for sentence in sentences)


def _happened(event: Event, called: Sequence[str]) -> str:
    """An event in words, its things by what they are called."""
    one, other = (called[who] if isinstance(who, int) and who >= 0 else who for who in (event.one, event.other))
    return f"{one} {event.verb}" + ("" if other == -1 else f" {other}")


def captions(facts: Facts) -> dict[str, str]:
    """The captions of all three lengths."""
    return {length: render(facts, length) for length in LENGTHS}


def labels(things: Sequence[str]) -> list[str]:
    """What each thing is called so that no two are called the same."""
    total, seen, unlike = Counter(things), Counter(), []
    for name in things:
        unlike.append(f"{_ordinal(seen[name])} {name}" if total[name] > 1 else name)
        seen[name] += 1
    return unlike


def _inventory(things: Sequence[str]) -> str:
    count = NUMBERS[len(things)] if len(things) < len(NUMBERS) else str(len(things))
    named = [_one(name) for name in things]
    listed = " and ".join([", ".join(named[:-1]), named[-1]] if len(named) > 1 else named)
    return f"{count} thing{'' if len(things) == 1 else 's'}" + (f": {listed}." if listed else ".")


def _one(name: str) -> str:
    return f"{'an' if name[0] in 'aeiou' else 'a'} {name}"


def _ordinal(index: int) -> str:
    return ORDINALS[index] if index < len(ORDINALS) else f"{index + 1}th"


# ---- back from words -------------------------------------------------------------------------------------------------


def parse(caption: str) -> Facts:
    """The facts that a caption tells.

    Raises:
        ValueError: Where a sentence is not of the grammar.
    """
    first, *sentences = re.findall(r"[^.]+\.", caption)
    things = _things(first.strip())
    called = {f"the {label}": index for index, label in enumerate(labels(things))}
    named = "|".join(sorted(map(re.escape, called), key=len, reverse=True)) or r"(?!)"
    motion = re.compile(rf"({named}) ({'|'.join(MOTIONS)})({STOPS})?")
    relation = re.compile(rf"({named}) is ({'|'.join(RELATIONS)}) ({named})")
    event = re.compile(rf"({named}|{UNCOUNTED}) ({'|'.join(VERBS)})(?: ({named}|{UNCOUNTED}))?")
    motions, camera, lights, relations, events = [], (), (), [], []
    for sentence in sentences:
        said = sentence.strip().removesuffix(".")
        said = said[0].lower() + said[1:]
        if said.startswith("the camera "):
            moves = said.removeprefix("the camera ")
            camera = () if moves == "stays" else tuple(moves.split(", then "))
        elif said.startswith("it is "):
            lights = tuple(said.removeprefix("it is ").split(", then "))
        elif said.startswith("first "):
            for part in said.removeprefix("first ").split(", then "):
                one, verb, other = _read(event, part)
                events.append(Event(called.get(one, one), verb, called.get(other, other) if other else -1))
        elif found := relation.fullmatch(said):
            relations.append(Relation(called[found[1]], found[2], called[found[3]]))
        else:
            one, does, stops = _read(motion, said)
            motions.append(Motion(called[one], does, bool(stops)))
    return Facts(things, tuple(motions), camera, lights, tuple(relations), tuple(events))


def _read(pattern: re.Pattern[str], said: str) -> tuple[str, str, str | None]:
    found = pattern.fullmatch(said)
    if found is None:
        raise ValueError(f"{said!r} is no sentence of the grammar; worldsim_envs.captions.render writes those that are")
    return found[1], found[2], found[3]


def _things(inventory: str) -> tuple[str, ...]:
    count, _, listed = inventory.removesuffix(".").partition(": ")
    things = tuple(re.sub(r"^an? ", "", name) for name in re.split(r", | and ", listed) if name)
    if _inventory(things) != inventory[0].lower() + inventory[1:]:
        raise ValueError(f"{count!r} does not count {len(things)} things, in {inventory!r}")
    return things


# ---- from what is true -----------------------------------------------------------------------------------------------

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
        who if isinstance(who, str) or who < 0 else told.index(who) if who in told else _one(names[who])
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
