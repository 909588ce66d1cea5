"""What can be said of an episode of the voxel world, in the grammar of `captions`.

    Two things: a block of red wool and a pink mob. The block of red wool rests. The pink mob walks. The camera stays.
    It is day. First the player breaks a block of dirt, then a block of sand falls, then a block of sand lands.

What the player does is told each time; what blocks do by themselves goes on for a while, so it is told anew only where
something else was told in between. That liquids dry is not told.
"""

from collections.abc import Mapping

import numpy as np
from jaxtyping import Float64

from worldsim_envs import palette
from worldsim_envs.captions import Event, Facts
from worldsim_envs.minecraft import carts, mobs, sky
from worldsim_envs.minecraft.blocks import NAMES, WOOLS
from worldsim_envs.minecraft.hands import EVENTS
from worldsim_envs.observe import observe as of_any_world

UP = (0.0, 1.0, 0.0)

THINGS = (
    (0.5, "block of {} wool", "slides"),
    (mobs.SIDE / 2, "{} mob", "walks"),
    (carts.HALF[0], "{} minecart", "rolls"),
)
"""The kinds of thing: half of how wide it is (m), what it is called, and what it does as it moves along the ground."""

ALONG = ("is pushed", "rolls", "slides")
"""What would be said of any body that moves along the ground."""

DEEDS = {"broke": "breaks", "placed": "places", "pressed": "presses"}
"""What the player does to a block."""

TURNS = {
    **{"fell": "falls", "landed": "lands", "flowed": "flows", "lit": "catches fire", "exploded": "explodes"},
    **{"released": "comes up", "door opened": "opens", "door closed": "closes"},
    **{"lamp opened": "goes on", "lamp closed": "goes off"},
}
"""What blocks do; of a door and of a lamp the same is told in other words."""

SINGLE = ("button", "door", "lamp", "rail", "torch")
"""What is called by its name alone and not a block of something."""


def observe(states: Mapping[str, np.ndarray], poses: Float64[np.ndarray, "t 4 4"]) -> Facts:
    """What can be said; arguments as of `worldsim_envs.observe`."""
    first = states["present"].argmax(0)
    slots = np.arange(len(first))
    kinds = np.abs(states["size"][first, slots, :1] - [half for half, _, _ in THINGS]).argmin(1).tolist()
    hues = [palette.NAMES[hue] if hue >= 0 else "grey" for hue in states["hue"][first, slots].tolist()]
    names = [THINGS[kind][1].format(hue) for kind, hue in zip(kinds, hues, strict=True)]
    slot_of = {
        WOOLS[hue]: slot
        for slot in slots.tolist()
        for hue in set(states["hue"][:, slot].tolist())
        if hue >= 0 and not kinds[slot]
    }
    facts = of_any_world(states, poses, UP, names, _happened(states["happened"], slot_of))
    goes = {name: THINGS[kind][2] for kind, name in zip(kinds, names, strict=True)}
    motions = [
        motion._replace(does=goes[facts.things[motion.thing]]) if motion.does in ALONG else motion
        for motion in facts.motions
    ]
    phases = [sky.phase(time) for time in states["time"].tolist()]
    lights = tuple(phase for index, phase in enumerate(phases) if not index or phase != phases[index - 1])
    return Facts(facts.things, tuple(motions), facts.camera, lights, facts.relations, facts.events)


def _happened(happened: np.ndarray, slot_of: Mapping[int, int]) -> list[tuple[int, Event]]:
    """The events of all frames: what was done to blocks, and what they did."""
    found: list[tuple[int, Event]] = []
    for frame, rows in enumerate(happened.tolist()):
        for what, kind in ((EVENTS[number], kind) for number, kind in rows if number >= 0):
            called = slot_of.get(kind, _block(what, kind))
            if what in DEEDS:
                found.append((frame, Event("the player", DEEDS[what], called)))
                continue
            verb = TURNS.get(what) or TURNS.get(f"{NAMES[kind].split('_')[0]} {what}")
            if verb and (not found or found[-1][1] != Event(called, verb)):
                found.append((frame, Event(called, verb)))
    return found


def _block(what: str, kind: int) -> str:
    """What a block is called that is no thing."""
    name = "tnt" if what in ("lit", "exploded") else NAMES[kind]
    first = name.split("_")[0]
    if first in ("water", "lava"):
        return f"some {first}"
    return f"a {first}" if first in SINGLE else f"a block of {name.replace('_', ' ')}"
