"""An episode in words, at three lengths, by a small grammar that reads back: `parse(render(facts, length))` is
`facts.at(length)`.

    short    Two things: a red sphere and a blue box.
    medium   ... The red sphere rolls and comes to rest. The blue box is pushed. The camera turns left, then looks up.
    long     ... The red sphere is left of the blue box. First the red sphere hits the blue box, then ...

What is no thing can be told of too: who acts, `the player`, and what nobody counts, `a block of sand`.

So words are truth in another form: what a caption says can be checked, and a model that is told it can be asked about
it. `observe.observe` finds the facts in what a scene tells; whoever knows more makes `Facts` of its own.
"""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

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
    named = [one_of(name) for name in things]
    listed = " and ".join([", ".join(named[:-1]), named[-1]] if len(named) > 1 else named)
    return f"{count} thing{'' if len(things) == 1 else 's'}" + (f": {listed}." if listed else ".")


def one_of(name: str) -> str:
    """A thing that was not told of before."""
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
