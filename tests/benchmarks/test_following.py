"""Whoever does what it is told can be read; whoever does not, cannot."""

import numpy as np
import pytest
import torch

from worldsim.models.baselines import Still
from worldsim.types import Episode
from worldsim_benchmarks.following import correlation, following, judge, train


def episode(seed: int, steps: int = 30) -> Episode:
    """A bright square that is pushed to the left or right, and around the edge; and an action that shows nowhere."""
    rng = np.random.default_rng(seed)
    actions = rng.integers(-2, 3, size=(steps, 2)).astype(np.float32)
    frames = np.full((steps + 1, 16, 16, 3), 60, np.uint8)
    frames[0, 5:10, 5:10] = 220
    for step, (push, _) in enumerate(actions):
        frames[step + 1] = np.roll(frames[step], int(push), axis=1)
    return Episode(actions, frames, 10.0, "Square-v0", seed)


class Obedient:
    """Pushes what it saw, `gain` times as far as it is told."""

    def __init__(self, gain: int = 1):
        self.gain = gain

    def watch(self, seen, taken):
        return seen[:, -1]

    def imagine(self, memory, plan, *, generator):
        frames = []
        for action in plan.unbind(1):
            shifts = (self.gain * action[:, 0]).int().tolist()
            memory = torch.stack([frame.roll(shift, dims=-1) for frame, shift in zip(memory, shifts, strict=True)])
            frames.append(memory)
        return torch.stack(frames, dim=1), memory


@pytest.fixture(scope="module")
def reader():
    return train([episode(seed) for seed in range(12)], steps=250)


def test_a_model_that_obeys_is_read_as_well_as_the_world(reader):
    held_out = [episode(seed) for seed in range(100, 112)]
    scores = judge(reader, Obedient(), held_out, seen=4, steps=16)
    assert scores["readable"] == 1, "the action that shows nowhere does not count"
    assert scores["real"] > 0.9 and scores["ratio"] == pytest.approx(1.0, abs=1e-6)
    assert abs(scores["control"]) < 0.4


def test_the_still_frame_follows_nothing_and_a_mirror_follows_against_the_sense(reader):
    held_out = [episode(seed) for seed in range(100, 112)]
    assert judge(reader, Still(), held_out, seen=4, steps=16)["ratio"] < 0.25
    assert judge(reader, Obedient(-1), held_out, seen=4, steps=16)["ratio"] < -0.8


def test_what_never_varies_has_no_correlation():
    said, done = np.arange(6.0).reshape(3, 2), np.array([[1.0, 5.0], [2.0, 5.0], [3.0, 5.0]])
    assert correlation(said, done).tolist() == [1.0, 0.0]


def test_bad_input_is_told(reader, tmp_path):
    with pytest.raises(ValueError, match="need 44; an episode has 31"):
        judge(reader, Still(), [episode(0)], seen=4, steps=40)
    unread = [
        Episode(each.actions * np.float32([[0, 1]]), each.frames, 10.0, "Square-v0", 0)
        for each in map(episode, range(200, 209))
    ]
    with pytest.raises(ValueError, match="no action of this world can be read"):
        judge(reader, Still(), [*unread], seen=4, steps=16)
    with pytest.raises(FileNotFoundError):
        following("still", str(tmp_path / "nothing"))
