"""A caption is truth in another form: it reads back, and it says what the arrays say."""

import gymnasium
import numpy as np
import pytest

from worldsim_envs import SCENES
from worldsim_envs.captions import (
    LENGTHS,
    LIGHTS,
    MOTIONS,
    MOVES,
    RELATIONS,
    VERBS,
    Event,
    Facts,
    Motion,
    Relation,
    captions,
    labels,
    parse,
    render,
)
from worldsim_envs.minecraft import words as voxel
from worldsim_envs.observe import observe
from worldsim_envs.palette import NAMES
from worldsim_envs.variation import SHAPES


def told(name, seed, steps=30, **made):
    """The truth and the camera's poses along an episode of the expert."""
    env = gymnasium.make(name, size=16, **made).unwrapped
    rng, infos = np.random.default_rng(seed), [env.reset(seed=seed)[1]]
    infos += [env.step(env.expert(rng))[-1] for _ in range(steps)]
    states = {key: np.stack([info["truth"][key] for info in infos]) for key in infos[0]["truth"]}
    return env, states, np.stack([info["camera"]["pose"] for info in infos])


def made_up(seed):
    """Facts of any kind and number, alike things among them."""
    rng = np.random.default_rng(seed)
    nouns = [f"{hue} {shape}" for hue in NAMES[:3] for shape in SHAPES[:2]] + ["pig", "oak log", "block of red wool"]
    others = ["the player", "a block of sand", "a block of diamond ore", "some water", "a door", "a block of red wool"]
    things = tuple(rng.choice(nouns, rng.integers(0, 17)).tolist())
    some = [int(slot) for slot in rng.permutation(len(things))[: rng.integers(0, 5)]]

    def of(words):
        return str(rng.choice(words))

    pairs = [(one, other) for one in some for other in some if one != other]
    events = [Event(one, "hits", other) for one, other in pairs] + [Event(one, of(VERBS)) for one in some]
    events += [Event(of(others), of(VERBS), who) for who in (*some, of(others), -1)]
    return Facts(
        things,
        tuple(Motion(slot, of(MOTIONS), bool(rng.integers(2))) for slot in some),
        tuple(of(MOVES) for _ in range(rng.integers(0, 4))),
        tuple(of(LIGHTS) for _ in range(rng.integers(0, 3))),
        tuple(Relation(one, of(RELATIONS), other) for one, other in pairs),
        tuple(events[at] for at in rng.permutation(len(events))),
    )


@pytest.mark.parametrize("length", LENGTHS)
def test_any_facts_read_back(length):
    seen = [made_up(seed) for seed in range(150)]
    assert max(len(facts.things) for facts in seen) > 12 and any(facts.things == () for facts in seen)
    for facts in seen:
        assert parse(render(facts, length)) == facts.at(length), render(facts, length)


@pytest.mark.parametrize("name", SCENES)
def test_every_scene_is_told_at_three_lengths_that_read_back(name):
    for seed in range(3):
        env, states, poses = told(name, seed)
        minecraft = "happened" in states
        facts = voxel.observe(states, poses) if minecraft else observe(states, poses, env.scene.up)
        words = env.describe(states, poses)
        assert tuple(words) == LENGTHS and facts.things
        assert words == captions(facts)
        for length in LENGTHS:
            assert parse(words[length]) == facts.at(length)
        assert words["long"].startswith(words["medium"]) and words["medium"].startswith(words["short"])


def test_each_kind_of_fact_is_found_somewhere():
    """So that no part of the grammar is true of nothing."""
    found = set()
    for name in ("worldsim/Falling-v0", "worldsim/Hidden-v0", "worldsim/Tabletop-v0"):
        for seed in range(5):
            facts = observe(*told(name, seed)[1:])
            found |= {motion.does for motion in facts.motions} | {relation.where for relation in facts.relations}
            found |= {event.verb for event in facts.events}
    assert found >= {"falls", "slides", "rests", "is pushed", "left of", "behind", "hits"}


def test_words_say_what_the_arrays_say():
    for seed in range(4):
        _, states, poses = told("worldsim/Falling-v0", seed)
        facts = observe(states, poses)
        slots = np.flatnonzero(states["present"][0])
        assert facts.things == tuple(f"{NAMES[states['hue'][0, i]]} {SHAPES[states['shape'][0, i]]}" for i in slots)
        for one, where, other in facts.relations:
            (left, far, high), (right, near, low) = states["pos"][-1, slots[[one, other]]]
            assert {"left of": left < right, "behind": far > near, "on top of": high > low}[where]
        for one, verb, other in facts.events:
            assert verb == "hits" and states["contact"][1:, slots[one], slots[other]].any()


def test_what_is_removed_vanishes_in_words_too():
    env = gymnasium.make("worldsim/Falling-v0", size=16).unwrapped
    infos = [env.reset(seed=0)[1]]
    infos += [env.step(0)[-1] for _ in range(4)]
    infos += [env.intervene("remove:0")[1], *(env.step(0)[-1] for _ in range(4))]
    states = {key: np.stack([info["truth"][key] for info in infos]) for key in infos[0]["truth"]}
    assert Event(0, "vanishes") in observe(states, np.stack([info["camera"]["pose"] for info in infos])).events


def path(*moves):
    """Poses of a camera that makes these moves in its own axes: turns about y and x (rad) and a shift (m)."""
    poses = [np.eye(4)]
    for yaw, pitch, shift in moves:
        turn = np.array([[np.cos(yaw), 0, np.sin(yaw)], [0, 1, 0], [-np.sin(yaw), 0, np.cos(yaw)]])
        nod = np.array([[1, 0, 0], [0, np.cos(pitch), np.sin(pitch)], [0, -np.sin(pitch), np.cos(pitch)]])
        move = np.eye(4)
        move[:3, :3], move[:3, 3] = turn @ nod, shift
        poses.append(poses[-1] @ move)
    return np.stack(poses)


def test_a_camera_is_told_stretch_by_stretch():
    none = (0.0, 0.0, 0.0)
    away = [(-0.1, 0.0, none)] * 5 + [(0.0, 0.0, none)] * 3 + [(0.1, 0.0, none)] * 5
    empty = {
        "present": np.ones((14, 0), bool),
        "visible": np.ones((14, 0)),
        **{key: np.zeros((14, 0, width)) for key, width in (("pos", 3), ("quat", 4), ("velocity", 6), ("size", 3))},
        "contact": np.zeros((14, 0, 1), bool),
        "hue": np.zeros((14, 0), int),
        "shape": np.zeros((14, 0), int),
    }
    assert observe(empty, path(*away)).camera == ("turns left", "turns right")
    ahead = [(0.0, 0.0, (0, 0, 0.2))] * 6 + [(0.0, 0.1, none)] * 4 + [(0.0, 0.0, (-0.2, 0, 0))] * 3
    facts = observe(empty, path(*ahead))
    assert facts.camera == ("moves forward", "looks down", "moves left")
    assert render(facts, "medium") == "No things. The camera moves forward, then looks down, then moves left."
    assert observe(empty, path(*[(0.0, 0.0, none)] * 13)).camera == ()


def test_alike_things_are_told_apart():
    assert labels(["red box", "pig", "red box"]) == ["first red box", "pig", "second red box"]
    assert render(Facts(("red box", "pig", "amber box")), "short") == "Three things: a red box, a pig and an amber box."


@pytest.mark.parametrize(
    "wrong, says",
    [
        (lambda: Facts(("Red Box",)), "a thing is called 'Red Box'"),
        (lambda: Facts(("salt and pepper",)), "no 'and'"),
        (lambda: Facts(("pig",), (Motion(0, "flies"),)), "'flies' is not in the grammar; there are: rests, rolls"),
        (lambda: Facts(lights=("noon",)), "'noon' is not in the grammar; there are: dawn, day, dusk, night"),
        (
            lambda: Facts(events=(Event("sand", "falls"),)),
            "what is no thing is called 'sand'; 'the player' or 'a block",
        ),
        (lambda: parse("No things. It is noon."), "'noon' is not in the grammar"),
        (lambda: render(Facts(), "huge"), "length came as 'huge'; there are: short, medium, long"),
        (lambda: parse("Two things: a pig."), "'Two things' does not count 1"),
        (lambda: parse("One thing: a pig. The pig flies."), "'the pig flies' is no sentence of the grammar"),
        (lambda: parse("One thing: a pig. The cow rests."), "'the cow rests' is no sentence"),
    ],
)
def test_what_is_no_caption_is_one_sentence(wrong, says):
    with pytest.raises(ValueError, match=says):
        wrong()
