"""An episode in, a rollout out: the right frames beside the right actions."""

import numpy as np
import pytest
import torch

from worldsim.models.baselines import Still
from worldsim.rollout import filmstrip, imagine, rollouts, side_by_side_video, to_model, to_pictures
from worldsim.types import Episode


class Counter:
    """Shows, as grey, the number of the action that it hears: 10 for the first of the episode, 11 for the next."""

    def watch(self, seen, taken):
        return seen[:, -1:] * 0

    def imagine(self, memory, plan, *, generator):
        return memory + (plan[:, :, 0] / 127.5 - 1)[:, :, None, None, None], memory


def episode(steps=9, size=(8, 12)) -> Episode:
    frames = np.random.default_rng(0).integers(0, 256, (steps + 1, *size, 3), dtype=np.uint8)
    return Episode(np.arange(10, 10 + steps, dtype=np.float32)[:, None], frames, 10.0, "test", 0)


def test_pictures_become_numbers_and_back_to_the_byte():
    frames = np.arange(256, dtype=np.uint8).reshape(1, 1, 16, 16, 1).repeat(3, axis=-1)
    numbers = to_model(frames)
    assert numbers.min() == -1 and numbers.max() == 1
    assert np.array_equal(to_pictures(numbers), frames)
    assert to_pictures(torch.full((1, 1, 3, 2, 2), 1.7)).max() == 255


def test_each_imagined_frame_stands_beside_the_real_one_and_the_action_that_led_to_it():
    real = episode()
    [rollout] = rollouts(Counter(), [real], seen=4)
    assert np.array_equal(rollout.seen, real.frames[:4])
    assert np.array_equal(rollout.real, real.frames[4:])
    assert rollout.imagined[:, 0, 0, 0].tolist() == rollout.plan[:, 0].tolist() == [13, 14, 15, 16, 17, 18]


def test_a_batch_is_what_its_episodes_are_alone():
    one, two = episode(), episode(7)
    both = rollouts(Still(), [one, two], seen=3, steps=4)
    [alone] = rollouts(Still(), [two], seen=3, steps=4)
    assert np.array_equal(both[1].imagined, alone.imagined)


def test_one_frame_may_be_enough():
    real = episode()
    imagined = imagine(Still(), real.frames[:1], real.actions[:0], real.actions[:3], seed=0)
    assert np.array_equal(imagined, real.frames[:1].repeat(3, axis=0))


@pytest.mark.parametrize(
    ("asked", "says"),
    [
        ({"seen": 0}, "at least one"),
        ({"seen": 10}, "10 frames"),
        ({"seen": 4, "steps": 7}, "need 11; the shortest episode has 10"),
    ],
    ids=str,
)
def test_too_short_an_episode_is_refused(asked, says):
    with pytest.raises(ValueError, match=says):
        rollouts(Still(), [episode()], **asked)


def test_episodes_that_are_not_alike_are_refused():
    with pytest.raises(ValueError, match="say how many"):
        rollouts(Still(), [episode(9), episode(8)])
    with pytest.raises(ValueError, match="frame sizes"):
        rollouts(Still(), [episode(), episode(size=(16, 16))])


def test_what_is_shown_begins_alike_and_then_shows_both():
    [rollout] = rollouts(Still(), [episode()], seen=4)
    video = side_by_side_video(rollout)
    assert video.shape == (10, 8, 12 + 2 + 12, 3)
    assert np.array_equal(video[:4, :, :12], video[:4, :, -12:])
    assert np.array_equal(video[4:, :, :12], rollout.real)
    strip = filmstrip(rollout, columns=5)
    assert strip.shape == (8 + 2 + 8, 5 * 12 + 3 * 2 + 8, 3)
