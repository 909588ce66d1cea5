"""What is pushed moves, what is heavy moves less, what falls comes to rest."""

import gymnasium
import numpy as np
import pytest


def make(name):
    return gymnasium.make(f"worldsim_envs:worldsim/{name}-v0", renderer="warp-cpu", size=32).unwrapped


@pytest.fixture(scope="module")
def falling():
    return make("Falling")


@pytest.fixture(scope="module")
def tabletop():
    return make("Tabletop")


def run(env, steps, seed=0):
    rng = np.random.default_rng(seed)
    return [env.step(env.expert(rng))[4]["truth"] for _ in range(steps)]


def test_things_start_in_the_air_and_end_at_rest(falling):
    resting = []
    for seed in range(6):
        _, info = falling.reset(seed=seed)
        there = info["truth"]["present"]
        assert not info["truth"]["contact"].any()
        assert (info["truth"]["visible"][there] > 0.5).all()
        truths = run(falling, 40)
        assert all(truth["contact"][there].any(1).all() for truth in truths[-1:])
        resting += np.linalg.norm(truths[-1]["velocity"][there, :3], axis=1).tolist()
        assert (truths[-1]["pos"][there, 2] > 0.05).all()
    assert np.median(resting) < 0.05


def test_some_things_turn_as_they_are_let_go(falling):
    turning = []
    for seed in range(12):
        truth = falling.reset(seed=seed)[1]["truth"]
        turning += np.linalg.norm(truth["velocity"][truth["present"], 3:], axis=1).tolist()
    assert 0.2 < np.mean(np.array(turning) > 0.5) < 0.7


def test_a_fall_is_a_fall(falling):
    before = falling.reset(seed=0)[1]["truth"]
    after = falling.step(np.int64(0))[4]["truth"]
    free = before["present"] & ~after["contact"].any(1)
    assert free.any()
    assert np.allclose((after["velocity"] - before["velocity"])[free, 2], -9.81 * 0.1, atol=0.01)


def test_pushed_up_it_comes_down_later(falling):
    falling.reset(seed=0)
    kept = falling.save()
    plain = run(falling, 3)[-1]["pos"][0, 2]
    falling.restore(kept)
    falling.intervene("push:0:up")
    assert run(falling, 3)[-1]["pos"][0, 2] > plain + 0.3


def test_the_expert_makes_things_move(tabletop):
    moved = 0
    for seed in range(6):
        before = tabletop.reset(seed=seed)[1]["truth"]
        touched = [truth["contact"][:, -1].any() for truth in run(tabletop, 60, seed)]
        assert any(touched)
        moved += np.linalg.norm(tabletop.truth()["pos"] - before["pos"], axis=1).max() > 0.2
    assert moved >= 4


def test_the_pusher_does_as_it_is_told(tabletop):
    tabletop.reset(seed=1)
    start = tabletop.backend.data.body("pusher").xpos[:2].copy()
    way = -np.sign(start)
    for _ in range(2):
        tabletop.step(np.asarray(0.5 * way, np.float32))
    assert (np.sign(tabletop.backend.data.body("pusher").xpos[:2] - start) == way).all()


def test_heavy_things_move_less(tabletop):
    ratios = []
    for seed in range(4):
        tabletop.reset(seed=seed)
        kept = tabletop.save()
        ways = {}
        for change in ("mass:{}:light", "mass:{}:heavy"):
            tabletop.restore(kept)
            before = tabletop.truth()
            for slot in np.flatnonzero(before["present"]):
                tabletop.intervene(change.format(slot))
            mass = tabletop.backend.model.body_mass[tabletop.backend.bodies].copy()
            run(tabletop, 30)
            ways[change] = np.linalg.norm(tabletop.truth()["pos"] - before["pos"], axis=1).sum()
        ratios.append(ways["mass:{}:heavy"] / max(ways["mass:{}:light"], 1e-6))
        assert mass.max() > 8
    assert np.median(ratios) < 0.7
