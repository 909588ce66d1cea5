import json

import gymnasium as gym
import pytest
from made_up import SPACES

from worldsim.data.spaces import space_from_json, space_to_json


@pytest.mark.parametrize("space", SPACES, ids=str)
def test_a_space_comes_back_from_json(space):
    assert space_from_json(json.loads(json.dumps(space_to_json(space), allow_nan=False))) == space


@pytest.mark.parametrize("space", SPACES, ids=str)
def test_what_is_flattened_keeps_its_order(space):
    """A mapping that is not ordered would be sorted, and each number would mean another button."""
    read, action = space_from_json(space_to_json(space)), space.sample()
    assert gym.spaces.flatten(read, action).tobytes() == gym.spaces.flatten(space, action).tobytes()


def test_a_space_of_no_fixed_length_is_refused():
    with pytest.raises(ValueError, match=r"Text.* cannot be stored; Box, Discrete"):
        space_to_json(gym.spaces.Text(5))
    with pytest.raises(ValueError, match="'Graph'"):
        space_from_json({"space": "Graph"})
