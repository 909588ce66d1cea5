"""Small diffusion models, so that laws of them are tested in moments; and what any of them holds in a pack."""

from collections.abc import Sequence

import torch
from torch import nn

from worldsim.models.diffusion_world import DiffusionWorld
from worldsim.models.hidden import hide
from worldsim.types import Clip, Pack


def tiny(started: bool = True, **changes) -> DiffusionWorld:
    """A model of actions of two components; started, it says something of everything that it is told."""
    torch.manual_seed(0)
    sizes = {"patch": 8, "width": 32, "depth": 4, "heads": 2, "kv_heads": 1, "window": 4, "registers": 1, "steps": 2}
    model = DiffusionWorld(2, **{**sizes, **changes})
    if started:
        for parameter in model.parameters():
            nn.init.normal_(parameter, std=0.15)
    return model.eval()


def check_packed_is_separate(model: DiffusionWorld, parts: Sequence[Clip], spare: int) -> None:
    """The loss of a pack is that of its clips one by one, each counting by what it has to learn."""
    whole = model.loss(Pack(tuple(parts), spare=spare), generator=torch.Generator().manual_seed(1))
    same, wrong, counted = torch.Generator().manual_seed(1), torch.zeros(()), 0
    for one in parts:
        learn = hide(model, one, 0, torch.Generator().set_state(same.get_state())).learn.sum()
        wrong, counted = wrong + model.loss(one, generator=same) * learn, counted + learn
    torch.testing.assert_close(whole, wrong / counted, rtol=1e-5, atol=1e-6)
