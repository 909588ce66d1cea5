"""What is said of an episode of the voxel world is what its arrays say."""

from collections import Counter
from fnmatch import fnmatch

import gymnasium
import numpy as np
import pytest

from worldsim_envs.captions import Event, parse
from worldsim_envs.minecraft import sky, words
from worldsim_envs.minecraft.actions import noop, press
from worldsim_envs.minecraft.blocks import NAMES, WOOLS
from worldsim_envs.minecraft.hands import EVENTS
from worldsim_envs.palette import NAMES as HUES


def stacked(infos):
    states = {key: np.stack([info["truth"][key] for info in infos]) for key in infos[0]["truth"]}
    return states, np.stack([info["camera"]["pose"] for info in infos])


def told(name, arm, seed=1, size=16):
    """Facts, states and what is said of an arm of a scene."""
    env = gymnasium.make(f"worldsim/{name}-v0", size=size).unwrapped
    env.reset(seed=seed)
    states, poses = stacked([info for _, info in env.tell(env.arms()[arm])])
    facts = words.observe(states, poses)
    assert parse(env.describe(states, poses)["long"]) == facts
    return facts, states


PRESSED = ["the player presses a button", "a door opens", "a lamp goes on"]
RELEASED = ["a button comes up", "a door closes", "a lamp goes off"]


@pytest.mark.parametrize(
    "name, act, events",
    [
        ("VoxelSand", "do:break", ["the player breaks a block of *", "a block of * falls", "a block of * lands"]),
        ("VoxelWater", "do:break", ["the player breaks a block of *", "some water flows"]),
        ("VoxelTNT", "do:light", ["a block of tnt catches fire", "a block of tnt explodes"]),
        ("VoxelButton", "do:press", [*PRESSED, *RELEASED]),
    ],
)
def test_causes_and_consequences_are_told_in_order_and_only_where_they_are(name, act, events):
    said = [f"{one} {verb}{'' if other == -1 else f' {other}'}" for one, verb, other in uncounted(told(name, act)[0])]
    assert len(said) == len(events)
    for text, wanted in zip(said, events, strict=True):
        assert fnmatch(text, wanted)
    assert uncounted(told(name, "factual")[0]) == []


def uncounted(facts):
    return [event for event in facts.events if isinstance(event.one, str)]


@pytest.mark.parametrize(
    "name, act, verb", [("VoxelBreak", "do:break", "breaks"), ("VoxelPlace", "do:place", "places")]
)
def test_a_thing_that_is_broken_or_placed_is_called_as_it_is_everywhere(name, act, verb):
    """And is not said to vanish or to appear as well."""
    facts, states = told(name, act)
    [event] = facts.events
    assert (event.one, event.verb) == ("the player", verb)
    [slot] = np.flatnonzero(states["present"][0] != states["present"][-1]).tolist()
    hue = states["hue"][:, slot].max()
    assert facts.things[event.other] == f"block of {HUES[hue]} wool"


def test_things_are_wool_or_mobs_and_mobs_walk():
    facts, states = told("VoxelBreak", "factual")
    slots = np.flatnonzero((states["present"] & (states["visible"] > 0)).any(0))
    mobs = states["size"][0, slots, 0] < 0.5
    assert 0 < mobs.sum() < len(slots)
    for thing, slot, mob in zip(facts.things, slots.tolist(), mobs.tolist(), strict=True):
        hue = HUES[states["hue"][0, slot]]
        assert thing == (f"{hue} mob" if mob else f"block of {hue} wool")
    assert {motion.does for motion in facts.motions if mobs[motion.thing]} == {"walks"}
    assert {motion.does for motion in facts.motions if not mobs[motion.thing]} == {"rests"}


def test_every_block_that_a_player_breaks_or_places_is_told_by_its_kind():
    """Breaking what is before one's feet, and putting it back, in an order that is known."""
    env = gymnasium.make("worldsim/Overworld-v0", size=16).unwrapped
    infos = [env.reset(seed=2)[1]]
    plan = [press(camera=(40.0, 0.0)), *[press("attack")] * 30, noop()]
    plan += [*[press("use", "hotbar.1")] * 9, *[press("use", "hotbar.5")] * 9, *[press("attack")] * 70]
    infos += [env.step(action)[-1] for action in plan]
    states, poses = stacked(infos)
    counts = dict(zip(EVENTS, states["events"].sum(0).tolist(), strict=True))
    assert counts["broke"] >= 2 and counts["placed"] >= 1
    said = Counter(
        (event.verb, event.other) for event in words.observe(states, poses).events if event.one == "the player"
    )
    assert sum(said.values()) == counts["broke"] + counts["placed"]
    before, after = states["hotbar"][0], states["hotbar"][-1]
    for kind in {*before[:, 0].tolist(), *after[:, 0].tolist()} - {0, *WOOLS}:
        gained = sum(int(each[each[:, 0] == kind, 1].sum()) * sign for each, sign in ((after, 1), (before, -1)))
        name = f"a {NAMES[kind]}" if NAMES[kind] in words.SINGLE else f"a block of {NAMES[kind].replace('_', ' ')}"
        assert said["breaks", name] - said["places", name] == gained, name


def test_day_and_night_are_told_as_they_follow():
    env = gymnasium.make("worldsim/Overworld-v0", size=16).unwrapped
    infos = [env.reset(seed=0)[1], env.step(noop())[-1], env.intervene("time:night")[1], env.step(noop())[-1]]
    facts = words.observe(*stacked(infos))
    assert facts.lights == ("day", "night")
    assert "It is day, then night." in env.describe(*stacked(infos))["medium"]
    assert "It is" not in env.describe(*stacked(infos))["short"]


def test_the_word_for_the_light_is_the_light():
    """Day is as bright as it gets, night as dark as it gets, and between them it changes."""
    times = range(0, sky.DAY, 250)
    glare = {time: float(sky.air(time, "palette").glare[0]) for time in times}
    for time in times:
        assert {"day": glare[time] == 1.0, "night": abs(glare[time] - 0.12) < 1e-9}.get(
            sky.phase(time), 0.12 < glare[time] < 1
        ), time
    phases = [sky.phase(time) for time in times]
    order = [phase for index, phase in enumerate(phases) if phase != phases[index - 1]]
    assert sorted(order) == ["dawn", "day", "dusk", "night"]
    assert order[(order.index("dawn") + 1) % 4] == "day" and order[(order.index("dusk") + 1) % 4] == "night"


def test_a_restored_moment_tells_the_same():
    env = gymnasium.make("worldsim/VoxelBreak-v0", size=16).unwrapped
    env.reset(seed=1)
    for _, info in env.tell(env.arms()["do:break"]):
        if info["truth"]["events"][0]:
            kept = env.save()
            break
    other = gymnasium.make("worldsim/VoxelBreak-v0", size=16).unwrapped
    other.reset(seed=5)
    assert np.array_equal(other.restore(kept)[1]["truth"]["happened"], info["truth"]["happened"])
    assert (
        info["truth"]["happened"][0] == [EVENTS.index("broke"), *np.intersect1d(WOOLS, info["truth"]["happened"])]
    ).all()


def test_what_blocks_go_on_doing_is_told_once():
    facts, states = told("VoxelWater", "do:break")
    assert (states["events"][:, EVENTS.index("flowed")] > 0).sum() > 5
    assert facts.events.count(Event("some water", "flows")) == 1
