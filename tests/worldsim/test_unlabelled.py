"""Videos of which nobody knows what was done are learned from beside labelled ones, through the null action."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
import yaml
from toy_episodes import write_noise

from worldsim.data import layout
from worldsim.data.mixture import open_data
from worldsim.data.module import ClipModule
from worldsim.data.store import EpisodeStore
from worldsim.data.writer import write_episodes
from worldsim.models import checkpoint
from worldsim.models.diffusion_world import DiffusionWorld
from worldsim.models.within import within
from worldsim.training.fit import fit


@pytest.fixture(scope="module")
def mixed(tmp_path_factory) -> Path:
    """A world of two actions, and videos of another without any."""
    folder = tmp_path_factory.mktemp("data")
    labelled = EpisodeStore(write_noise(folder / "labelled", steps=7))
    videos = [replace(each, actions=np.zeros((7, 0), np.float32), scene="test/Seen-v0") for each in labelled]
    write_episodes(folder / "videos", videos)
    (folder / layout.RECIPE).write_text(yaml.safe_dump({"env": {"labelled": {}, "videos": {}}}))
    return folder


@pytest.fixture(scope="module")
def learned(mixed, tmp_path_factory) -> DiffusionWorld:
    out = tmp_path_factory.mktemp("run")
    fit(str(mixed), str(out), frames=4, batch=4, steps=3, window=4, patch=16, threads=1)
    model = checkpoint.load(out / "model")
    assert isinstance(model, DiffusionWorld)
    return model


def clips(mixed: Path):
    """One batch of each kind."""
    module = ClipModule(mixed, frames=4, batch=32)
    module.setup("fit")
    clip = next(iter(module.train_dataloader()))
    unknown = clip.actions.isnan().any(-1).all(-1)
    return tuple(
        clip._replace(**{name: part[chosen] for name, part in zip(clip._fields[:3], clip[:3], strict=True)})
        for chosen in (~unknown, unknown)
    )


def test_what_was_done_is_told_as_unknown_and_which_world_it_is_is_told(mixed):
    labelled, videos = clips(mixed)
    assert len(labelled.frames) > 4 and len(videos.frames) > 4
    assert labelled.actions.isfinite().all() and videos.actions[..., :-2].isnan().all()
    assert (videos.actions[..., -2:] == torch.tensor([0.0, 1.0])).all()
    assert open_data(mixed).actions == 4


def test_videos_teach_the_null_action_and_no_other(mixed, learned):
    def gradients(clip):
        learned.zero_grad()
        loss = learned.loss(clip, generator=torch.Generator().manual_seed(0))
        loss.backward()
        action = learned.transformer.action
        learns = [weight.grad for weight in learned.transformer.parameters() if weight.grad is not None]
        assert loss.isfinite() and all(each.isfinite().all() for each in learns)
        return action.null.grad.abs().sum(), action.mlp[0].weight.grad.abs().sum()

    labelled, videos = clips(mixed)
    null, told = gradients(videos)
    assert null > 0 and told == 0
    null, told = gradients(labelled)
    assert null > 0 and told > 0


def test_there_a_model_imagines_without_being_told_what_is_done(learned):
    there = within(learned, "test/Seen-v0")
    seen = torch.rand(1, 3, 3, 32, 32, generator=torch.Generator().manual_seed(0)) * 2 - 1
    memory = there.watch(seen, torch.zeros(1, 2, 0))
    imagined, _ = there.imagine(memory, torch.zeros(1, 2, 0), generator=torch.Generator().manual_seed(1))
    assert imagined.isfinite().all()
    deaf = torch.full((1, 2, learned.actions), torch.nan)
    same, _ = learned.imagine(learned.watch(seen, deaf), deaf, generator=torch.Generator().manual_seed(1))
    assert torch.equal(imagined, same)
    acted = torch.zeros(1, 2, learned.actions)
    other, _ = learned.imagine(learned.watch(seen, acted), acted, generator=torch.Generator().manual_seed(1))
    assert not torch.equal(imagined, other)
