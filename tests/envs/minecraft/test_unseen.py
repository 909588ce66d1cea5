"""Blocks stay while they are hidden, and nothing tells then whether they are there."""

import numpy as np
import pytest

from worldsim_envs.minecraft import unseen
from worldsim_envs.minecraft.unseen import CONTEXT
from worldsim_envs.scene import SceneEnv
from worldsim_envs.variation import RANGES, SPELLS

SIZE = 32


def tell(scene, arm, seed, ranges="train"):
    """An arm's frames, and its truth as a dict of arrays, time first."""
    env = SceneEnv(scene, size=SIZE, ranges=ranges)
    env.reset(seed=seed)
    seen = [(observation["pov"], info["truth"]) for observation, info in env.tell(env.arms()[arm])]
    frames, truths = zip(*seen, strict=True)
    return np.stack(frames), {name: np.stack([truth[name] for truth in truths]) for name in truths[0]}


def spans(flags):
    """Where each run of true begins and ends."""
    edges = np.flatnonzero(np.diff(np.pad(flags.astype(int), 1)))
    return edges.reshape(-1, 2).tolist()


@pytest.mark.parametrize("ranges", RANGES)
@pytest.mark.parametrize("seed", range(len(SPELLS)))
def test_what_is_looked_away_from_is_hidden_for_as_long_as_the_seed_says(ranges, seed):
    _, truth = tell(unseen.LOOK, "present", seed, ranges)
    [(start, end)] = spans(truth["visible"][:, 0] == 0)
    assert start > CONTEXT and end - start == round(10 * SPELLS[seed])
    assert (truth["visible"][: CONTEXT + 1, 0] == 1).all() and truth["visible"][-1, 0] == 1


@pytest.mark.parametrize("scene", unseen.SCENES, ids=lambda scene: scene.name)
def test_while_it_is_hidden_nothing_tells_whether_it_is_there(scene):
    for seed in range(2):
        (present, there), (absent, gone) = (tell(scene, arm, seed) for arm in ("present", "absent"))
        hidden = there["visible"][:, 0] == 0
        assert hidden.sum() >= 4
        assert np.array_equal(present[hidden], absent[hidden])
        assert (present[~hidden] != absent[~hidden]).any((1, 2, 3)).all()
        assert there["present"][:, 0].all() and not gone["present"][:, 0].any()


@pytest.mark.parametrize("scene", unseen.SCENES, ids=lambda scene: scene.name)
def test_it_is_where_it_was_and_so_is_the_player(scene):
    for arm in ("present", "placebo"):
        _, truth = tell(scene, arm, 1)
        assert (truth["pos"] == truth["pos"][0]).all() and (truth["hue"] == truth["hue"][0]).all()
        assert np.abs(truth["player"][-1] - truth["player"][1])[:8].max() < 1e-4
    _, other = tell(scene, "swapped", 1)
    assert (other["pos"] == truth["pos"][0]).all()
    assert other["hue"][0].tolist() == truth["hue"][0][[1, 0, 2, 3, 4]].tolist()
