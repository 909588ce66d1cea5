"""Surprise is told in a unit of its own: frames of an easy and of a hard world are as surprising as each other."""

import numpy as np
import pytest
import torch
import yaml
from torch import nn
from toy_episodes import write_noise

from worldsim.data import layout
from worldsim.data.schema import Schema
from worldsim.models import checkpoint
from worldsim.models.diffusion_world import DiffusionWorld
from worldsim.models.surprise import errors, usual
from worldsim.models.usual import Usual
from worldsim.training.fit import fit
from worldsim.types import Clip

WORLDS = 2
BOX = {"space": "Box", "low": -1.0, "high": 1.0, "shape": [2], "dtype": "float32"}


def model(known: Usual | None = None) -> DiffusionWorld:
    """Of two worlds with the same actions."""
    torch.manual_seed(0)
    schema = Schema([BOX], {"dull": 0, "lively": 0})
    sizes = {"patch": 8, "width": 32, "depth": 2, "heads": 2, "kv_heads": 1, "window": 4}
    built = DiffusionWorld(schema.components, **sizes, schema=schema, usual=known)
    for parameter in built.parameters():
        nn.init.normal_(parameter, std=0.05)
    return built.eval()


def clips(seed: int, rows: int = 24) -> tuple[Clip, Clip]:
    """Of the dull world, which is nearly grey, and of the lively one, which is noise; each other clip is cut short."""
    random = torch.Generator().manual_seed(seed)
    found = []
    for world, contrast in enumerate((0.05, 1.0)):
        shades = contrast * torch.rand(rows, 1, 1, 1, 1, generator=random)
        frames = shades * torch.randn(rows, 6, 3, 16, 16, generator=random)
        mark = torch.eye(WORLDS)[world].expand(rows, 5, -1)
        mask = torch.ones(rows, 6, dtype=torch.bool)
        mask[::2, 4:] = False
        found.append(Clip(frames, torch.cat([torch.randn(rows, 5, 2, generator=random), mark], dim=2), mask))
    return found[0], found[1]


def felt(world: DiffusionWorld, clip: Clip) -> torch.Tensor:
    return world.surprise(clip.frames, clip.actions, generator=torch.Generator().manual_seed(3))


def test_what_is_usual_is_zero_and_a_unit_is_how_much_it_varies_in_each_world_first_frames_and_later_ones():
    plain, given = model(), clips(1)
    known = model(usual(plain, given, torch.Generator().manual_seed(3)))
    for clip in given:
        standing = felt(known, clip)
        for part, there in ((standing[:, :1], clip.mask[:, :1]), (standing[:, 1:], clip.mask[:, 1:])):
            assert abs(part[there].mean()) < 0.2 and 0.5 < part[there].std() < 1.2
    dull, lively = (felt(plain, clip)[clip.mask] for clip in given)
    assert lively.mean() > dull.mean() + 3 * dull.std(), "without it one world is always more surprising"


def test_fresh_frames_of_either_world_are_as_often_among_the_most_surprising():
    known, fresh = model(usual(model(), clips(1, rows=64), torch.Generator().manual_seed(3))), clips(2, rows=64)
    dull, lively = (felt(known, clip)[clip.mask] for clip in fresh)
    bar = torch.cat([dull, lively]).quantile(0.9)
    assert 0.03 < (dull > bar).float().mean() < 0.2 and 0.03 < (lively > bar).float().mean() < 0.2


def test_within_a_world_the_order_of_frames_stays():
    """At each level it is a shift and a scale."""
    plain, (_, lively) = model(), clips(1)
    found = usual(plain, clips(1), torch.Generator().manual_seed(3))
    wrong = errors(plain, lively.frames, lively.actions, torch.Generator().manual_seed(3))
    standing = found.standing(wrong, torch.tensor([[0.0, 1.0]]).expand(len(wrong), -1))
    for level in range(wrong.shape[2]):
        for before, after in (
            (wrong[:, :1, level], standing[:, :1, level]),
            (wrong[:, 1:, level], standing[:, 1:, level]),
        ):
            assert torch.equal(before.flatten().argsort(), after.flatten().argsort())


def test_a_world_that_is_not_known_is_held_against_all_of_them():
    plain, given = model(), clips(1)
    found = usual(plain, given, torch.Generator().manual_seed(3))
    wrong = errors(plain, given[0].frames, given[0].actions, torch.Generator().manual_seed(3))
    unknown = found.standing(wrong, torch.zeros(len(wrong), WORLDS))
    wanted = (wrong[:, 1:] - torch.tensor(found.means[0][1])) / torch.tensor(found.spreads[0][1])
    torch.testing.assert_close(unknown[:, 1:], wanted)


def test_too_few_clips_say_nothing_and_a_world_without_any_is_as_all_are():
    plain, (dull, _) = model(), clips(1)
    one = Clip(*(each[:1] for each in dull[:3]))
    assert usual(plain, [one], torch.Generator()) is None
    found = usual(plain, [dull], torch.Generator().manual_seed(3))
    assert found.means[2] == found.means[0] == found.means[1] and np.isfinite(found.spreads).all()


@pytest.mark.parametrize("several", [False, True])
def test_a_run_measures_it_on_what_was_held_out_and_keeps_it_with_the_model(several, tmp_path):
    data = tmp_path / "data"
    for name in ("one", "other")[: 1 + several]:
        write_noise(data / name, steps=7)
    if several:
        (data / layout.RECIPE).write_text(yaml.safe_dump({"env": {"one": {}, "other": {}}}))
    run = {"frames": 4, "batch": 2, "steps": 2, "window": 4, "patch": 16, "threads": 1}
    fit(str(data if several else data / "one"), str(tmp_path / "run"), **run)
    learned = checkpoint.load(tmp_path / "run" / "model")
    assert isinstance(learned, DiffusionWorld) and isinstance(learned.usual, Usual)
    shape = np.array(learned.usual.means).shape
    assert shape == np.array(learned.usual.spreads).shape == (1 + (learned.schema.marks if several else 0), 2, 3)


def test_the_shipped_model_says_what_it_said_where_it_knows_nothing_of_the_usual():
    known = checkpoint.load("worldsim/micro")
    assert isinstance(known, DiffusionWorld)
    frames, actions = torch.zeros(1, 3, 3, 64, 64), torch.zeros(1, 2, known.actions)
    known.usual = None
    told = known.surprise(frames, actions, generator=torch.Generator().manual_seed(0))
    wrong = errors(known, frames, actions, torch.Generator().manual_seed(0))
    assert torch.equal(told, wrong.mean(-1)) and (told > 0).all()
