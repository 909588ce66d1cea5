"""The model that comes with the package is there, small, described, and knows more than the frozen frame."""

import numpy as np
import pytest

from worldsim.data.record import World, record
from worldsim.metrics.frames import mse
from worldsim.models.baselines import Still
from worldsim.models.checkpoint import CARD, load, locate
from worldsim.models.diffusion_world import DiffusionWorld
from worldsim.models.within import within
from worldsim.rollout import rollouts

NAME = "worldsim/micro"
WORLDS = ("Hidden-v0", "Tabletop-v0", "Overworld-v0")


@pytest.fixture(scope="module")
def episodes(tmp_path_factory):
    """Episodes of seeds that it did not learn from."""
    path = tmp_path_factory.mktemp("fresh") / "worlds"
    worlds = {name: World(f"worldsim_envs:worldsim/{name}", episodes=6, steps=24) for name in WORLDS}
    return record(worlds, str(path), size=64, seed=777, policy="mix")


def test_it_is_small_and_says_what_it_is():
    folder, model = locate(NAME), load(NAME)
    assert isinstance(model, DiffusionWorld) and sum(each.numel() for each in model.parameters()) <= 3_000_000
    assert sum(file.stat().st_size for file in folder.iterdir()) <= 6_000_000
    card = (folder / CARD).read_text()
    assert "worldsim fit --config experiments/micro-reference.yaml" in card and model.schema is not None
    assert all(f"worldsim/{world}" in model.schema.worlds for world in WORLDS)


def test_it_foresees_more_than_the_frozen_frame_in_every_world(episodes):
    model = load(NAME)
    for store in episodes.stores:
        real = [store[index] for index in range(len(store))]
        asked = within(model, store.scene, store.action_space)
        errors = [
            np.mean([mse(one.imagined, one.real) for one in rollouts(each, real, seen=8, steps=16)])
            for each in (asked, Still())
        ]
        assert errors[0] < errors[1], store.scene
