"""Behind the screen the impossible happens, and nobody sees it happen."""

import gymnasium
import numpy as np
import pytest

IMPOSSIBLE = ("vanish", "teleport", "identity", "colour", "shape")


def told(env, seed, arm):
    """An arm's pictures and truth, time first."""
    env.reset(seed=seed)
    seen = [(observation["pov"], info["truth"]) for observation, info in env.tell(env.arms()[arm])]
    truth = {name: np.stack([truth[name] for _, truth in seen]) for name in seen[0][1]}
    return np.stack([picture for picture, _ in seen]), truth


@pytest.fixture(scope="module")
def env():
    return gymnasium.make("worldsim_envs:worldsim/Impossible-v0", renderer="warp-cpu").unwrapped


@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize("change", IMPOSSIBLE)
def test_possible_and_impossible_clips_are_made_of_the_same_pictures(env, change, seed):
    arms = [told(env, seed, name) for name in ("factual", f"do:{change}", f"do:{change}-always", f"do:{change}-back")]
    (plain, truth), (there, _), (always, other), (back, _) = arms
    cut = int(truth["cut"][0, 0])
    assert (truth["visible"][cut] == 0).all() and (other["visible"][cut] == 0).all()
    assert (truth["visible"][:8] > 0.9).sum(0).min() >= 3 and (truth["visible"][cut:] > 0.9).sum(0).min() >= 3
    for one, same in ((there[:cut], plain[:cut]), (there[cut:], always[cut:]), (back[:cut], always[:cut])):
        assert np.abs(one.astype(int) - same).max() <= 4
    assert np.abs(back[cut:].astype(int) - plain[cut:]).max() <= 4
    for one, same in ((plain[cut - 1], always[cut - 1]), (plain[cut], always[cut])):
        assert np.abs(one.astype(int) - same).max() <= 4  # nobody sees where the films are joined
    apart = (np.abs(plain.astype(int) - always).max(-1) > 25).sum((1, 2))
    assert apart[:8].max() >= 20 and apart[cut:].max() >= 20


def test_a_placebo_changes_the_light_and_nothing_else(env):
    plain, truth = told(env, 0, "factual")
    dimmed, same = told(env, 0, "placebo")
    cut = int(truth["cut"][0, 0])
    assert all(np.array_equal(truth[name], same[name]) for name in truth)
    assert np.array_equal(plain[:cut], dimmed[:cut]) and plain[cut:].mean() > dimmed[cut:].mean() + 3


def test_each_thing_is_seen_hidden_at_the_cut_and_seen_again_in_every_range():
    for ranges in ("train", "id", "ood"):
        env = gymnasium.make(
            "worldsim_envs:worldsim/Impossible-v0", renderer="warp-cpu", size=8, ranges=ranges
        ).unwrapped
        for seed in range(4):
            _, truth = told(env, seed, "factual")
            cut, clear = int(truth["cut"][0, 0]), truth["visible"] > 0.9
            assert clear[:8].sum(0).min() >= 3 and clear[cut:].sum(0).min() >= 3, (ranges, seed)
            assert (truth["visible"][cut - 1 : cut + 1] == 0).all(), (ranges, seed)
