"""What a benchmark on looking away needs: what goes on is not seen, and what may be believed of it looks unlike."""

from itertools import combinations

import gymnasium
import numpy as np
import pytest

CONTEXT, TURN = 8, 7


@pytest.fixture(scope="module")
def told():
    """What is true along each arm of twelve episodes, time first, and for how many steps nothing is looked at."""
    env = gymnasium.make("worldsim_envs:worldsim/Away-v0", renderer="warp-cpu", size=16).unwrapped
    episodes = []
    for seed in range(12):
        env.reset(seed=seed)
        gone, arms = int(env.backend.model.numeric("asked").data[1]), {}
        for name, arm in env.arms().items():
            env.reset(seed=seed)
            truths = [{name: truth[name].copy() for name in ("pos", "visible", "present")} for truth in along(env, arm)]
            arms[name] = {name: np.stack([truth[name] for truth in truths]) for name in truths[0]}
        episodes.append((gone, arms))
    return episodes


def along(env, arm):
    """What is true at each frame of an arm, drawing nothing."""
    world = env.backend
    for step, action in enumerate(arm.actions):
        for at, change in arm.changes:
            if at == step:
                world.intervene(change)
        yield world.truth(world.camera.resized(64), 64)
        world.step(action)
    yield world.truth(world.camera.resized(64), 64)


def test_it_is_seen_then_not_then_again(told):
    for gone, arms in told:
        seen = arms["present"]["visible"][:, 0]
        assert (seen[:CONTEXT] > 0.9).all()
        away = slice(CONTEXT - 1 + TURN, CONTEXT + TURN + gone)
        assert (seen[away] == 0).all()
        assert seen[CONTEXT - 1 + TURN + gone + TURN : CONTEXT + 2 * TURN + gone + 5].max() > 0.9
        assert (arms["hold"]["visible"][:CONTEXT, 0] == seen[:CONTEXT]).all()


def kind(way):
    """What goes on, from where thing 0 is along an episode."""
    if np.ptp(way[:, 2]) < 0.02:
        return "roll"
    rests = np.ptp(way[-5:], axis=0).max() < 0.02
    return "topple" if rests and way[-1, 2] < way[0, 2] - 0.2 else "swing"


def test_what_may_be_believed_of_it_looks_unlike(told):
    for gone, arms in told:
        back = CONTEXT + TURN + gone
        assert not arms["absent"]["present"][back:, 0].any()
        for one, other in combinations(("present", "frozen", "reset"), 2):
            assert np.array_equal(arms[one]["pos"][: back - 1], arms[other]["pos"][: back - 1])
            if kind(arms["present"]["pos"][:, 0]) == "topple" and one == "frozen":
                continue  # a slow ram had not touched it when it was last seen
            shown = (arms[one]["visible"][back:, 0] > 0) & (arms[other]["visible"][back:, 0] > 0)
            apart = np.linalg.norm(arms[one]["pos"][back:, 0] - arms[other]["pos"][back:, 0], axis=-1)
            assert apart[shown][:12].max() > 0.15, (one, other)


def test_it_does_not_stop_for_not_being_seen(told):
    """Looked away from or not, the world is the same; and all three kinds of it are there."""
    for _, arms in told:
        assert np.array_equal(arms["present"]["pos"], arms["hold"]["pos"])
    assert {kind(arms["hold"]["pos"][:, 0]) for _, arms in told} == {"roll", "swing", "topple"}
