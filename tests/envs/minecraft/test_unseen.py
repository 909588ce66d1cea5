"""Blocks stay while they are hidden, and nothing tells then whether they are there."""

from functools import cache

import numpy as np
import pytest

from worldsim_envs.env import SceneEnv
from worldsim_envs.minecraft import covered, unseen
from worldsim_envs.minecraft.unseen import CONTEXT
from worldsim_envs.variation import RANGES, SPELLS

SIZE = 32
SCENES = (*unseen.SCENES, *covered.SCENES)
DARK = {"worldsim/VoxelLava-v0": 8, "worldsim/VoxelNight-v0": 15}
"""Where it is darkness that hides: the brightest that any pixel is then, of 255."""

each = pytest.mark.parametrize("scene", SCENES, ids=lambda scene: scene.name)
timed = pytest.mark.parametrize("scene", (unseen.LOOK, *covered.SCENES), ids=lambda scene: scene.name)


def tell(scene, arm, seed, ranges="train"):
    """An arm's frames, and its truth as a dict of arrays, time first; each is told once."""
    return _tell(scene.name, arm, seed, ranges)


@cache
def _tell(name, arm, seed, ranges):
    env = SceneEnv(next(scene for scene in SCENES if scene.name == name), size=SIZE, ranges=ranges)
    env.reset(seed=seed)
    seen = [(observation["pov"], info["truth"]) for observation, info in env.tell(env.arms()[arm])]
    frames, truths = zip(*seen, strict=True)
    return np.stack(frames), {name: np.stack([truth[name] for truth in truths]) for name in truths[0]}


def spans(flags):
    """Where each run of true begins and ends."""
    edges = np.flatnonzero(np.diff(np.pad(flags.astype(int), 1)))
    return edges.reshape(-1, 2).tolist()


@timed
@pytest.mark.parametrize("seed", range(len(SPELLS)))
def test_it_is_hidden_for_as_long_as_the_seed_says(scene, seed):
    ranges = RANGES[seed % len(RANGES)]
    _, truth = tell(scene, "present", seed, ranges)
    [(start, end)] = spans(truth["visible"][:, 0] == 0)
    assert start > CONTEXT and end - start == round(10 * SPELLS[seed])
    assert (truth["visible"][: CONTEXT + 1, 0] == 1).all() and truth["visible"][-1, 0] == 1


@pytest.mark.parametrize("seed", range(3))
def test_what_is_walked_away_from_is_hidden_on_the_way_out_and_seen_on_the_way_back(seed):
    _, truth = tell(unseen.LONG, "present", seed)
    [(start, end)] = spans(truth["visible"][:, 0] == 0)
    away = np.linalg.norm(truth["player"][:, [0, 2]] - truth["player"][0, [0, 2]], axis=1)
    walk = (20, 80, 320)[seed]
    assert walk / 2 <= end - start <= walk / 2 + 36 and away[end] == away.max()
    assert away.max() == pytest.approx(0.2158 * walk, abs=0.5)  # 4.32 m/s, as in Minecraft
    assert away[-1] < 1e-3 and (truth["visible"][end + 6 :, 0] == 1).all()


@each
def test_while_it_is_hidden_nothing_tells_whether_it_is_there(scene):
    (present, there), (absent, gone) = (tell(scene, arm, 1) for arm in ("present", "absent"))
    hidden = there["visible"][:, 0] == 0
    assert hidden.sum() >= 4
    if scene.name in DARK:
        assert max(frames[hidden].max() for frames in (present, absent)) <= DARK[scene.name]
    else:
        assert np.array_equal(present[hidden], absent[hidden])
    assert (present[[0, -1]] != absent[[0, -1]]).any((1, 2, 3)).all()
    assert there["present"][:, 0].all() and not gone["present"][:, 0].any()


@each
def test_it_is_where_it_was_and_so_is_the_player(scene):
    for arm in ("present", "placebo"):
        _, truth = tell(scene, arm, 1)
        assert (truth["pos"] == truth["pos"][0]).all() and (truth["hue"] == truth["hue"][0]).all()
        assert np.abs(truth["player"][-1] - truth["player"][1])[:8].max() < 1e-4
    _, other = tell(scene, "swapped", 1)
    assert (other["pos"] == truth["pos"][0]).all()
    assert other["hue"][0].tolist() == truth["hue"][0][[1, 0, 2, 3, 4]].tolist()
