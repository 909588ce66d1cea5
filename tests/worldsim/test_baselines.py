"""What the frozen frame and the straight line must get right."""

import pytest
import torch

from worldsim.models.baselines import Drift, Still


def moving(frames: int, speed: tuple[int, int], start=(6, 4), size=(32, 48)) -> torch.Tensor:
    """A bright square on a dark, uneven ground, at constant speed in pixels a frame."""
    ground = torch.rand(3, *size, generator=torch.Generator().manual_seed(0)) * 0.1 - 0.8
    video = ground.repeat(1, frames, 1, 1, 1)
    for frame in range(frames):
        y, x = start[0] + frame * speed[0], start[1] + frame * speed[1]
        video[:, frame, :, max(y, 0) : max(y + 8, 0), max(x, 0) : max(x + 8, 0)] = torch.tensor([0.9, 0.1, -0.3])[
            :, None, None
        ]
    return video


def imagine(model, seen, frames):
    taken, plan = torch.zeros(len(seen), seen.shape[1] - 1, 1), torch.zeros(len(seen), frames, 1)
    return model.imagine(model.watch(seen, taken), plan, generator=torch.Generator())[0]


def test_still_is_the_last_frame():
    seen = moving(6, (0, 2))
    assert torch.equal(imagine(Still(), seen, 4), seen[:, -1:].expand(1, 4, -1, -1, -1))


def errors(speed, start) -> tuple[float, float]:
    """The mean square error of Drift and of Still."""
    video = moving(12, speed, start)
    real = video[:, 7:]
    imagined = imagine(Drift(), video[:, :7], 5)
    return (imagined - real).square().mean().item(), (video[:, 6:7] - real).square().mean().item()


@pytest.mark.parametrize("speed", [(0, 2), (1, 2), (2, 0), (-1, 2)], ids=str)
def test_drift_is_exact_about_what_moves_straight(speed):
    drift, still = errors(speed, start=(14, 4) if speed[0] <= 0 else (0, 4))
    assert still > 0.001 and drift == 0


@pytest.mark.parametrize("speed", [(0, 1), (-1, 1)], ids=str)
def test_drift_of_what_is_too_slow_to_uncover_itself_is_better_than_none(speed):
    drift, still = errors(speed, start=(14, 4))
    assert drift < 0.8 * still


def test_drift_of_what_does_not_move_is_still():
    seen = moving(6, (0, 0))
    assert torch.equal(imagine(Drift(), seen, 4), imagine(Still(), seen, 4))


def test_drift_of_a_single_frame_is_still():
    seen = moving(1, (0, 2))
    assert torch.equal(imagine(Drift(), seen, 4), imagine(Still(), seen, 4))


def test_what_drifts_out_of_the_picture_is_gone():
    video = moving(6, (0, 3), start=(6, 20))
    far = imagine(Drift(reach=10), video, 30)[:, -1]
    assert far.max() < 0


@pytest.mark.parametrize("wrong", [{"over": 0}, {"reach": 0}, {"least": 0}], ids=str)
def test_impossible_drifts_are_refused(wrong):
    with pytest.raises(ValueError, match="at least 1"):
        Drift(**wrong)
