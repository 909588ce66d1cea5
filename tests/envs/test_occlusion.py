"""What is behind a screen, in a tunnel or behind a curtain goes on being there, for as long as the seed says."""

import gymnasium
import numpy as np
import pytest

SPELLS = (0.4, 0.8, 1.6, 3.2, 6.4)
CONTEXT = 8


def make(name, **options):
    return gymnasium.make(f"worldsim_envs:worldsim/{name}-v0", renderer="warp-cpu", size=32, **options).unwrapped


def told(env, seed, arm="present"):
    """An arm's truth, time first, and its actions."""
    env.reset(seed=seed)
    chosen = env.arms()[arm]
    truths = [info["truth"] for _, info in env.tell(chosen)]
    return {name: np.stack([truth[name] for truth in truths]) for name in truths[0]}, chosen


def first_spell(visible):
    """The frames after the context of the first time that a thing is wholly hidden."""
    gone = np.flatnonzero(visible[CONTEXT:] == 0) + CONTEXT
    return gone[: 1 + np.argmax(np.append(np.diff(gone), 99) > 1)] if len(gone) else gone


@pytest.mark.parametrize("name", ["Longer", "Tunnel", "Curtain"])
@pytest.mark.parametrize("seed", range(5))
def test_it_is_seen_then_hidden_for_as_long_as_the_seed_says_then_seen_again(name, seed):
    truth, _ = told(make(name), seed)
    gone = first_spell(truth["visible"][:, 0])
    assert (truth["visible"][:CONTEXT, 0] > 0.9).sum() >= 3
    assert 0.75 * SPELLS[seed] <= len(gone) / 10 <= 1.25 * SPELLS[seed] + 0.4
    assert (truth["visible"][gone[-1] + 1 :, 0] >= 0.9).sum() >= 5


@pytest.mark.parametrize("name", ["Hidden", "Tunnel", "Curtain"])
def test_the_absent_twin_lacks_one_thing_and_all_else_is_equal(name):
    env = make(name, ranges="id")
    for seed in range(3):
        present, _ = told(env, seed)
        absent, arm = told(env, seed, "absent")
        ((step, change),) = arm.changes
        slot = int(change.removeprefix("remove:"))
        others = np.arange(len(env.things)) != slot
        assert step == 0 and present["present"][0, slot] and not absent["present"][:, slot].any()
        for key in ("pos", "quat", "velocity", "hue"):
            assert np.array_equal(present[key][:, others], absent[key][:, others]), key


def test_things_keep_their_speed_in_the_tunnel_and_balls_roll():
    env, rolled = make("Tunnel"), 0
    for seed in range(6):
        truth, _ = told(env, seed)
        for slot in np.flatnonzero(truth["present"][0]):
            assert np.ptp(truth["velocity"][:, slot, 0]) < 0.02
            assert truth["inside"][:, slot].any() and not truth["inside"][0, slot]
            if truth["shape"][0, slot] == 0:
                rolled += 1
                rim = truth["velocity"][:, slot, 4] * truth["diameter"][0, slot] / 2
                assert np.allclose(rim, truth["velocity"][:, slot, 0], atol=0.02)
        assert not truth["contact"][:, :, :-1].any()
        assert (truth["visible"][truth["inside"] & (np.abs(truth["pos"][..., 0]) < 0.05)] == 0).all()
    assert rolled


def test_the_curtain_obeys_and_what_stands_behind_it_stands_still():
    env = make("Curtain")
    truth, arm = told(env, 1)
    assert np.ptp(truth["curtain"]) == pytest.approx(0.97) and truth["curtain"][-1] == pytest.approx(0.97)
    moved = np.diff(truth["curtain"][:, 0]) * 10
    asked = np.array([action[0] for action in arm.actions])
    assert (np.sign(moved)[np.abs(moved) > 1e-6] == asked[np.abs(moved) > 1e-6]).all()
    assert np.ptp(truth["pos"][:, truth["present"][0]], axis=0).max() < 1e-3
    down = truth["curtain"][:, 0] < 1e-6
    assert down.any() and (truth["visible"][down] == 0).all()
    assert (truth["visible"][truth["curtain"][:, 0] > 0.96][:, truth["present"][0]] == 1).all()


def test_out_of_distribution_the_numbers_are_others():
    for name in ("Hidden", "Tunnel", "Curtain"):
        sizes = {}
        for ranges in ("train", "ood"):
            env = make(name, ranges=ranges)
            truths = [env.reset(seed=seed)[1]["truth"] for seed in range(8)]
            sizes[ranges] = np.concatenate(
                [(truth["diameter"] / (1 + 0.22 * truth["pos"][:, 1]))[truth["present"]] for truth in truths]
            )
        assert sizes["train"].max() < sizes["ood"].min()
