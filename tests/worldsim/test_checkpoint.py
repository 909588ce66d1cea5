"""A checkpoint says what is wrong with it, in one sentence."""

from pathlib import Path

import pytest
import torch
import yaml

from worldsim.codec.pixel import Pixel
from worldsim.diffusion.noise import Levels
from worldsim.models import checkpoint
from worldsim.models.baselines import Drift, Still
from worldsim.models.diffusion_world import DiffusionWorld


@pytest.fixture
def saved(tmp_path):
    model = DiffusionWorld(
        2, patch=4, width=16, depth=2, heads=2, kv_heads=1, levels=Levels(mean=0.5), codec=Pixel(2), context=0.8
    )
    return checkpoint.save(model, tmp_path / "model", "# A card")


def change(path, edit):
    recipe = yaml.safe_load((path / "model.yaml").read_text())
    edit(recipe)
    (path / "model.yaml").write_text(yaml.safe_dump(recipe))


def test_everything_it_was_built_with_comes_back(saved):
    model = checkpoint.load(saved)
    assert isinstance(model, DiffusionWorld)
    assert (model.patch, model.context, model.levels.mean, model.codec.downscale) == (4, 0.8, 0.5, 2)
    assert not model.training
    assert sorted(file.name for file in saved.iterdir()) == ["README.md", "model.safetensors", "model.yaml"]


def test_a_new_checkpoint_takes_the_place_of_the_old(saved):
    checkpoint.save(Drift(reach=5), saved, "# Another")
    model = checkpoint.load(saved)
    assert isinstance(model, Drift) and model.reach == 5
    assert [path.name for path in saved.parent.iterdir()] == ["model"]


@pytest.mark.parametrize(("name", "kind"), [("still", Still), ("drift", Drift)])
def test_baselines_are_there_by_name(name, kind):
    assert isinstance(checkpoint.load(name), kind)


def test_an_unknown_name_is_refused():
    with pytest.raises(FileNotFoundError, match=r"no model 'stil'.*still, drift"):
        checkpoint.load("stil")


@pytest.mark.parametrize("file", ["model.yaml", "model.safetensors"])
def test_a_missing_file_is_named(saved, file):
    (saved / file).unlink()
    with pytest.raises(FileNotFoundError, match=f"lacks {file}"):
        checkpoint.load(saved)


WRONG = {
    "a misspelt key": (lambda recipe: recipe["init_args"].update(depht=2), "depht"),
    "a wrong type": (lambda recipe: recipe["init_args"].update(depth="two"), "depth"),
    "a misspelt key within": (lambda recipe: recipe["init_args"]["levels"]["init_args"].update(meen=2), "meen"),
    "an unknown class": (lambda recipe: recipe.update(class_path="worldsim.models.Nothing"), "Nothing"),
    "no class": (lambda recipe: recipe.pop("class_path"), "class_path"),
    "no world model": (lambda recipe: recipe.update(class_path="torch.nn.Identity", init_args={}), "no world model"),
    "another shape": (lambda recipe: recipe["init_args"].update(width=32), "another shape.*'transformer"),
    "other weights": (lambda recipe: recipe["init_args"].update(depth=3), "do not belong together"),
}


@pytest.mark.parametrize("what", WRONG)
def test_a_yaml_that_does_not_fit_is_refused_in_one_sentence(saved, what):
    edit, says = WRONG[what]
    change(saved, edit)
    with pytest.raises(ValueError, match=says) as error:
        checkpoint.load(saved)
    assert "\n" not in str(error.value)


def test_no_yaml_at_all_is_refused(saved):
    (saved / "model.yaml").write_text("{")
    with pytest.raises(ValueError, match="is not YAML"):
        checkpoint.load(saved)


def test_weights_cut_short_are_refused(saved):
    weights = saved / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:1000])
    with pytest.raises(ValueError, match="cut short"):
        checkpoint.load(saved)


class Forgetful:
    def __init__(self, depth: int):
        pass


def test_a_model_that_forgets_its_arguments_cannot_be_saved():
    with pytest.raises(ValueError, match="'depth'"):
        checkpoint.recipe(Forgetful(2))


def test_weights_come_back_to_the_bit(saved):
    one, two = checkpoint.load(saved), checkpoint.load(saved)
    assert isinstance(one, DiffusionWorld) and isinstance(two, DiffusionWorld)
    assert all(torch.equal(a, b) for a, b in zip(one.parameters(), two.parameters(), strict=True))


def test_a_model_that_comes_with_the_package_is_loaded_by_name(tmp_path, monkeypatch):
    """Its weights are half as large on disk, and of 32 bits in memory."""
    monkeypatch.setattr(checkpoint, "SHIPPED", tmp_path)
    torch.manual_seed(0)
    model = DiffusionWorld(2, patch=8, width=32, heads=2, kv_heads=1, window=4)
    whole = checkpoint.save(model, tmp_path / "whole", "a card") / checkpoint.WEIGHTS
    halved = checkpoint.save(model, tmp_path / "small", "a card", dtype=torch.bfloat16) / checkpoint.WEIGHTS
    assert halved.stat().st_size < 0.6 * whole.stat().st_size
    loaded = checkpoint.load("worldsim/small")
    assert isinstance(loaded, DiffusionWorld)
    for before, after in zip(model.parameters(), loaded.parameters(), strict=True):
        assert after.dtype == torch.float32 and torch.equal(after, before.bfloat16().float())
    assert checkpoint.locate("runs/small") == Path("runs/small")
    with pytest.raises(FileNotFoundError, match=r"no model 'worldsim/large'.*worldsim/small, worldsim/whole"):
        checkpoint.load("worldsim/large")
