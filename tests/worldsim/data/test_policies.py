from itertools import islice

import gymnasium as gym
import numpy as np
import pytest
from gymnasium.spaces import flatten
from made_up import SPACES

from worldsim.data.policies import MIX, POLICIES, choose


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


def actions(policy, space, seed=0, count=40):
    world = Expert(space) if "expert" in policy else Room(space)
    return list(islice(POLICIES[policy](world, np.random.default_rng(seed)), count))


@pytest.mark.parametrize("space", SPACES, ids=str)
@pytest.mark.parametrize("policy", POLICIES)
def test_every_policy_acts_within_every_space_and_as_its_seed_says(policy, space):
    first, again = actions(policy, space), actions(policy, space)
    assert all(space.contains(action) for action in first)
    vectors = [np.stack([flatten(space, action) for action in taken]) for taken in (first, again)]
    assert vectors[0].tobytes() == vectors[1].tobytes()


@pytest.mark.parametrize("policy", [name for name in POLICIES if name != "noop"])
def test_another_seed_acts_otherwise(policy):
    space = gym.spaces.Box(-1, 1, (3,))
    assert not np.array_equal(actions(policy, space, 0), actions(policy, space, 1))


@pytest.mark.parametrize("policy", ["noop", "random", "walk"])
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


@pytest.mark.parametrize("world, known", [(Room, {"walk", "random", "noop"}), (Expert, set(MIX))])
def test_the_mix_draws_all_that_the_world_allows(world, known):
    rng = np.random.default_rng(0)
    drawn = [choose("mix", world(gym.spaces.Discrete(2)), rng) for _ in range(300)]
    assert set(drawn) == known


def test_the_mix_adds_up():
    assert set(MIX) == set(POLICIES) and np.isclose(sum(MIX.values()), 1)


def test_bad_names_and_missing_experts_are_one_sentence():
    world, rng = Room(gym.spaces.Discrete(2)), np.random.default_rng(0)
    with pytest.raises(ValueError, match="policy came as 'genius'; there are: mix, noop, random, walk, expert"):
        choose("genius", world, rng)
    for name in ("expert", "noisy_expert"):
        with pytest.raises(ValueError, match="has no expert; 'walk', 'random' and 'noop' act in any world"):
            next(POLICIES[name](world, rng))
