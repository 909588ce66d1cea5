"""In the open nothing is born and nothing is lost, and a reader of colours can count it."""

import gymnasium
import numpy as np
import pytest

from worldsim_benchmarks.readers import ColourReader
from worldsim_envs.mujoco.crowd import TABLE
from worldsim_envs.palette import RGB


def make(**options):
    return gymnasium.make("worldsim_envs:worldsim/Crowd-v0", renderer="warp-cpu", **options).unwrapped


def told(env, seed, arm):
    env.reset(seed=seed)
    return list(env.tell(env.arms()[arm]))


@pytest.mark.parametrize("template", ["palette", "held-out"])
@pytest.mark.parametrize("ranges", ["train", "id", "ood"])
def test_everything_stays_in_the_tray_and_in_the_picture(ranges, template):
    env = make(size=8, ranges=ranges, template=template)
    counts = set()
    for seed in range(4):
        for _, info in told(env, seed, "present"):
            truth, there = info["truth"], info["truth"]["present"]
            assert (np.abs(truth["pos"][there, :2]) < TABLE).all() and (truth["pos"][there, 2] > 0.05).all()
            assert ((truth["pixel"][there] > 0.3) & (truth["pixel"][there] < env.size - 0.3)).all()
            counts.add(int(truth["count"][0]))
            assert truth["count"] == there.sum()
    assert len(counts) >= 2 and min(counts) >= 6


def test_a_reader_of_colours_counts_by_hue():
    env, reader, shared, right = make(), ColourReader(RGB, least_area=10), 0, []
    for seed in range(12):
        observation, info = env.reset(seed=seed)
        hues = np.bincount(info["truth"]["hue"][info["truth"]["present"]], minlength=len(RGB))
        sighting = reader.read(observation["pov"][None])
        right.append((np.bincount(sighting.hue, minlength=len(RGB)) == hues).mean())
        shared += (hues > 1).sum()
    assert shared >= 3 and np.mean(right) >= 0.97


def test_twins_have_one_thing_more_and_less_from_the_first_frame_to_the_last():
    env = make(size=16)
    for seed in range(3):
        counts = [[int(info["truth"]["count"][0]) for _, info in told(env, seed, arm)] for arm in ("present", "absent")]
        assert all(len(set(count)) == 1 for count in counts) and counts[0][0] == counts[1][0] + 1
