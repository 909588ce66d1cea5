import json

import gymnasium as gym
import numpy as np
import pytest
from gymnasium import spaces

from worldsim.data.spaces import space_from_json, space_to_json

SPACES = [
    spaces.Box(-1, 1, (6,)),
    spaces.Box(np.float32([-np.inf, 0]), np.float32([np.inf, 0.1])),
    spaces.Box(0, 255, (4, 4, 3), np.uint8),
    spaces.Box(-np.inf, np.inf, (2, 2), np.float64),
    spaces.Box(-1, 1, (0,)),
    spaces.Box(-1, 1, ()),
    spaces.Discrete(3, start=-1),
    spaces.MultiBinary(4),
    spaces.MultiBinary([2, 3]),
    spaces.MultiDiscrete([3, 4]),
    spaces.Dict({"camera": spaces.Box(-180, 180, (2,)), "attack": spaces.Discrete(2)}),
    spaces.Tuple([spaces.Discrete(2), spaces.Box(0, 1, (2,))]),
]


@pytest.mark.parametrize("space", SPACES, ids=str)
def test_a_space_comes_back_from_json(space):
    assert space_from_json(json.loads(json.dumps(space_to_json(space), allow_nan=False))) == space


def test_a_space_of_no_fixed_length_is_refused():
    with pytest.raises(ValueError, match=r"Text.* cannot be stored; Box, Discrete"):
        space_to_json(gym.spaces.Text(5))
    with pytest.raises(ValueError, match="'Graph'"):
        space_from_json({"space": "Graph"})
