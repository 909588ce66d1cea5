from itertools import islice
from typing import NamedTuple

import gymnasium as gym
import numpy as np
import pytest
from gymnasium.spaces import flatten
from made_up import SPACES

from worldsim.data.policies import MIX, POLICIES, TURN, Aside, choose, shares


class Room(gym.Env):
    """Nothing but a space to act in; `Expert` knows what to do there."""

    def __init__(self, space):
        self.action_space = space
        self.action_space.seed(7)


class Expert(Room):
    def expert(self, rng):
        space = self.action_space
        space.seed(int(rng.integers(2**31)))
        return space.sample()


class Arm(NamedTuple):
    actions: list
    changes: tuple


class Told(Expert):
    def arms(self):
        self.action_space.seed(3)
        told = [self.action_space.sample() for _ in range(6)]
        return {"factual": Arm(told, ()), "do:open": Arm(told, ((0, "open"), (4, "shut")))}


def moves(policy, space, seed=0, count=40):
    world = Told(space) if policy in ("expert", "noisy_expert", "arms") else Room(space)
    return list(islice(POLICIES[policy](world, np.random.default_rng(seed)), count))


def actions(policy, space, seed=0, count=40):
    return [move for move in moves(policy, space, seed, count) if not isinstance(move, Aside)]


@pytest.mark.parametrize("space", SPACES, ids=str)
@pytest.mark.parametrize("policy", POLICIES)
def test_every_policy_acts_within_every_space_and_as_its_seed_says(policy, space):
    first, again = actions(policy, space), actions(policy, space)
    assert all(space.contains(action) for action in first)
    vectors = [np.stack([flatten(space, action) for action in taken]) for taken in (first, again)]
    assert vectors[0].tobytes() == vectors[1].tobytes()


@pytest.mark.parametrize("policy", [name for name in POLICIES if name not in ("noop", "arms")])
def test_another_seed_acts_otherwise(policy):
    space = gym.spaces.Box(-1, 1, (3,))
    assert not np.array_equal(actions(policy, space, 0), actions(policy, space, 1))


@pytest.mark.parametrize("policy", [name for name in POLICIES if name not in ("expert", "noisy_expert", "arms")])
def test_the_environments_own_randomness_is_left_alone(policy):
    world = Room(gym.spaces.MultiDiscrete([1000, 1000]))
    untouched = Room(gym.spaces.MultiDiscrete([1000, 1000])).action_space.sample()
    list(islice(POLICIES[policy](world, np.random.default_rng(0)), 5))
    assert np.array_equal(world.action_space.sample(), untouched)


def test_doing_nothing_is_zero_where_zero_is_allowed():
    assert np.array_equal(actions("noop", gym.spaces.Box(-1, 1, (2,)))[0], [0, 0])
    assert np.array_equal(actions("noop", gym.spaces.Box(2, 3, (2,)))[0], [2, 2])


def test_a_walk_wanders_and_random_jumps():
    space = gym.spaces.Box(-1, 1, (8,))
    steps = {name: np.abs(np.diff(actions(name, space, count=400), axis=0)).mean() for name in ("walk", "random")}
    spread = np.std(actions("walk", space, count=400))
    assert steps["walk"] < steps["random"] / 2
    assert 0.4 < spread < 0.8, "a walk uses the range that it has"


def test_choices_are_held():
    held = np.array(actions("walk", gym.spaces.Discrete(50), count=600))
    assert 60 < np.count_nonzero(np.diff(held)) < 160, "about every sixth step another one"


MINECRAFT = gym.spaces.Dict(
    {
        **{name: gym.spaces.Discrete(2) for name in ("forward", "back", "left", "right", "use", "attack")},
        "camera": gym.spaces.Box(-180, 180, (2,), np.float32),
    }
)


@pytest.mark.parametrize("policy", ["away_and_back", "place_and_return"])
def test_who_goes_away_comes_back(policy):
    """Over each excursion the camera's turns cancel, and each step forward is met by one back."""
    taken = actions(policy, MINECRAFT, count=400)
    turned = np.cumsum([action["camera"] for action in taken], axis=0)
    walked = np.cumsum([action["forward"] - action["back"] for action in taken])
    assert np.abs(turned).max() > 20 and np.abs(walked).max() >= 4
    assert (np.abs(turned).max(1) < 1e-3).mean() > 0.3 and (walked == 0).mean() > 0.3
    pressed = {name for name in ("use", "attack") if any(action[name] for action in taken)}
    assert pressed == ({"use", "attack"} if policy == "place_and_return" else set())


def test_who_pushes_waits_for_longer():
    taken = np.stack(actions("push_and_wait", gym.spaces.Box(-1, 1, (3,)), count=600))
    still = (taken == 0).all(1)
    assert 0.6 < still.mean() < 0.9 and np.count_nonzero(np.diff(still)) > 20


@pytest.mark.parametrize("policy", ["random", "walk", "away_and_back"])
def test_nobody_spins(policy):
    turns = np.abs([action["camera"] for action in actions(policy, MINECRAFT, count=400)])
    assert 5 < turns.max() <= TURN


def test_a_walk_leaves_buttons_up_most_of_the_time():
    taken = actions("walk", MINECRAFT, count=1500)
    assert 0.1 < np.mean([action["attack"] for action in taken]) < 0.3


def test_an_arm_is_told_with_its_changes_at_their_steps():
    told = [moves("arms", gym.spaces.Discrete(5), seed) for seed in range(12)]
    names = {tuple(each[0]) for each in told}
    assert names == {("arm", "factual"), ("arm", "do:open")}
    changed = next(each for each in told if each[0].what == "do:open")
    assert [move.what if isinstance(move, Aside) else "act" for move in changed[1:]] == [
        *("open", "act", "act", "act", "act", "shut", "act", "act")
    ]


@pytest.mark.parametrize(
    "world, known", [(Room, set(MIX) - {"expert", "noisy_expert", "arms"}), (Told, set(MIX))], ids=["room", "told"]
)
def test_the_mix_draws_all_that_the_world_allows(world, known):
    rng = np.random.default_rng(0)
    drawn = [choose("mix", world(gym.spaces.Discrete(2)), rng) for _ in range(400)]
    assert set(drawn) == known


def test_the_mix_adds_up():
    assert set(MIX) == set(POLICIES) and np.isclose(sum(MIX.values()), 1)


def test_a_mix_of_ones_own_is_drawn_in_its_shares():
    world, rng = Expert(gym.spaces.Discrete(2)), np.random.default_rng(0)
    assert shares(world, {"expert": 6.0, "walk": 2.0}) == {"expert": 0.75, "walk": 0.25}
    drawn = [choose("mix", world, rng, {"expert": 6.0, "walk": 2.0}) for _ in range(400)]
    assert 0.68 < drawn.count("expert") / 400 < 0.82 and set(drawn) == {"expert", "walk"}


@pytest.mark.parametrize(
    "mix, says",
    [
        ({"genius": 1.0}, "the mix came with 'genius': 1.0; it gives shares above 0 to: noop"),
        ({"walk": -1.0}, "the mix came with 'walk': -1.0"),
        ({}, "the mix came empty"),
        ({"expert": 1.0}, "the mix names 'expert', and .* has no expert"),
        ({"arms": 1.0}, "the mix names 'arms', and .* has no arms"),
    ],
)
def test_what_is_no_mix_is_one_sentence(mix, says):
    with pytest.raises(ValueError, match=says):
        shares(Room(gym.spaces.Discrete(2)), mix)


def test_bad_names_and_missing_abilities_are_one_sentence():
    world, rng = Room(gym.spaces.Discrete(2)), np.random.default_rng(0)
    with pytest.raises(ValueError, match="policy came as 'genius'; there are: mix, noop, random, walk, expert"):
        choose("genius", world, rng)
    for name in ("expert", "noisy_expert"):
        with pytest.raises(ValueError, match="has no expert; 'walk', 'random' and 'noop' act in any world"):
            next(POLICIES[name](world, rng))
    with pytest.raises(ValueError, match="has no arms; 'away_and_back' and 'push_and_wait' probe any world"):
        next(POLICIES["arms"](world, rng))
