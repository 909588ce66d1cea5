"""One convention of actions: nothing is lost on the way to an array and back; what VPT cannot say is known."""

import numpy as np
import pytest

from worldsim_envs.minecraft import actions
from worldsim_envs.minecraft.actions import (
    BINS,
    BUTTONS,
    CHOICES,
    DEGREES,
    INVENTORY,
    Joint,
    from_vector,
    from_vpt_joint,
    noop,
    press,
    space,
    to_bins,
    to_vector,
    to_vpt_joint,
)

STILL = 60


def same(one, other):
    return one.keys() == other.keys() and all(np.array_equal(one[name], other[name]) for name in one)


def test_the_space_holds_what_is_pressed_and_keeps_its_order():
    for more in (False, True):
        assert space(more=more).contains(noop(more=more))
        names = (*BUTTONS, *(actions.MORE if more else ()), "camera")
        assert tuple(space(more=more)) == names == tuple(noop(more=more))
    assert space().contains(press("attack", "forward", camera=(-180, 180)))
    assert not space().contains(press(camera=(0, 181)))
    with pytest.raises(ValueError, match=r"hotbar\.9"):
        press("hotbar.0")


def test_an_array_says_all_that_the_dict_says():
    drawn = space()
    drawn.seed(0)
    for _ in range(200):
        action = drawn.sample()
        vector = to_vector(action)
        assert vector.shape == (22,) and vector.dtype == np.float32
        assert same(from_vector(vector), action)
    assert to_vector({"jump": 1})[BUTTONS.index("jump")] == 1 and to_vector({"jump": 1}).sum() == 1


def test_the_camera_has_the_published_bins():
    published = [-10, -5.809, -3.215, -1.609, -0.615, 0, 0.615, 1.609, 3.215, 5.809, 10]
    assert np.allclose(DEGREES, published, atol=1e-3)
    assert np.array_equal(to_bins(np.stack([DEGREES, DEGREES[::-1]], 1))[:, 0], np.arange(BINS))
    assert to_bins(np.array([-50.0, 50.0])).tolist() == [0, 10]
    fine = np.linspace(-10, 10, 2001)
    bins = to_bins(np.stack([fine, -fine], 1))
    assert (np.diff(bins[:, 0]) >= 0).all() and np.array_equal(bins[:, 0], 10 - bins[:, 1])


def test_every_joint_action_comes_back():
    """All 8641 button choices with a still and a moved camera, and all 121 cameras: the two do not mix."""
    assert len(CHOICES) == INVENTORY == 8640
    moved = Joint(1, 0)
    assert from_vpt_joint(moved)["camera"].tolist() == [-10, -10]
    for buttons in range(INVENTORY):
        turns = CHOICES[buttons][-1] == "camera"
        joint = Joint(buttons, 3 * BINS + 7 if turns else STILL)
        assert to_vpt_joint(from_vpt_joint(joint)) == joint
        action = from_vpt_joint(joint)
        assert sum(int(action[name]) for name in BUTTONS) == sum(name is not None for name in CHOICES[buttons]) - turns
    assert to_vpt_joint(from_vpt_joint(Joint(INVENTORY, STILL))) == Joint(INVENTORY, STILL)
    for camera in range(BINS**2):
        joint = Joint(8639 if camera != STILL else 8638, camera)
        assert to_vpt_joint(from_vpt_joint(joint)) == joint
    assert to_vpt_joint(noop()) == Joint(0, STILL)


def test_all_pairs_of_buttons_and_camera_come_back():
    """The product of both: the camera's bins do not depend on the buttons, so each factor is exhausted on its own."""
    back = {camera: from_vpt_joint(Joint(1, camera))["camera"] for camera in range(BINS**2)}
    rng = np.random.default_rng(0)
    for buttons in rng.choice(INVENTORY, 60, replace=False).tolist():
        turns = CHOICES[buttons][-1] == "camera"
        for camera in range(BINS**2):
            action = from_vpt_joint(Joint(buttons, camera))
            assert np.array_equal(action["camera"], back[camera] if turns else np.zeros(2))
            said = to_vpt_joint(action)
            # a camera that is said to move by nothing is still; a still one has no bin but the middle
            still = not turns or camera == STILL
            assert said == (Joint(buttons - turns, STILL) if still else Joint(buttons, camera))


def test_what_the_joint_space_cannot_say_is_decided():
    def through(*buttons, camera=(0.0, 0.0)):
        action = from_vpt_joint(to_vpt_joint(press(*buttons, camera=camera)))
        return {name for name in BUTTONS if action[name]}, action["camera"].tolist()

    assert through("forward", "back", "left", "jump")[0] == {"left", "jump"}
    assert through("left", "right", "attack")[0] == {"attack"}
    assert through("sprint", "sneak")[0] == {"sneak"}
    assert through("hotbar.2", "hotbar.7")[0] == {"hotbar.7"}
    assert through("inventory", "forward", camera=(5, 5)) == ({"inventory"}, [0, 0])
    assert through("forward", camera=(0.2, -0.2)) == ({"forward"}, [0, 0])
    with pytest.raises(ValueError, match="8640"):
        from_vpt_joint(Joint(8641, 0))
