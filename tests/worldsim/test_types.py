"""The nouns refuse what does not belong together, and say what would do."""

import numpy as np
import pytest

from worldsim.types import Episode, Rollout


def episode(**other):
    parts = {
        "actions": np.zeros((3, 2), np.float32),
        "frames": np.zeros((4, 8, 8, 3), np.uint8),
        "fps": 10.0,
        "scene": "test",
        "seed": 0,
    }
    return Episode(**{**parts, **other})


def test_an_episode_has_one_more_frame_than_actions():
    assert len(episode()) == 3


@pytest.mark.parametrize(
    ("other", "says"),
    [
        ({"frames": np.zeros((3, 8, 8, 3), np.uint8)}, "frames has 3 rows beside 3 actions"),
        ({"frames": np.zeros((4, 8, 8, 4), np.uint8)}, "drop an alpha channel"),
        ({"frames": np.zeros((4, 8, 8, 3), np.float32)}, "frames came as float32"),
        ({"actions": np.zeros(3, np.float32)}, "flatten each with gymnasium"),
        ({"fps": 0.0}, "fps came as 0.0"),
        ({"poses": np.zeros((3, 4, 4))}, "poses has 3 rows"),
        ({"states": {"pos": np.zeros((5, 2))}}, r"states\['pos'\] has 5 rows"),
        ({"rewards": np.zeros(4, np.float32)}, "rewards has 4 rows"),
    ],
)
def test_what_does_not_belong_together_is_refused(other, says):
    with pytest.raises(ValueError, match=says):
        Episode.__post_init__(unchecked(Episode, **{**vars(episode()), **other}))


def test_a_rollout_has_one_frame_an_action():
    frames = np.zeros((4, 8, 8, 3), np.uint8)
    rollout = unchecked(Rollout, seen=frames, imagined=frames, real=None, plan=np.zeros((3, 1), np.float32), fps=10.0)
    with pytest.raises(ValueError, match="imagined has 4 frames beside a plan of 3 actions"):
        Rollout.__post_init__(rollout)


def unchecked(kind, **parts):
    """Made past the constructor, where the shape checker of the tests would speak before the noun itself."""
    made = object.__new__(kind)
    vars(made).update(parts)
    return made
