"""A checkpoint is a folder: the weights, the YAML that rebuilds the model, and a model card.

    model.safetensors   the weights
    model.yaml          class_path and init_args
    README.md           the card: what it learned from, and how

A constructor is the configuration, so a model that keeps its arguments as attributes of the same name (as ours do) says
by itself what rebuilds it.
"""

import importlib
import inspect
import shutil
from pathlib import Path
from typing import Any

import torch
import yaml
from jsonargparse import ArgumentError, ArgumentParser
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from worldsim.models.baselines import Drift, Still
from worldsim.protocols import Codec, WorldModel

WEIGHTS, RECIPE, CARD = "model.safetensors", "model.yaml", "README.md"

BASELINES = {"still": Still, "drift": Drift}
"""The models that need no folder, by name."""

SHIPPED = Path(__file__).parents[1] / "weights"
"""Where the models lie that come with the package: `worldsim/NAME` is the folder NAME in it."""


def locate(name: str | Path) -> Path:
    """The folder of a checkpoint: of one that comes with the package, such as "worldsim/micro", or the one named."""
    first, _, rest = str(name).partition("/")
    shipped = SHIPPED / rest
    return shipped if first == "worldsim" and rest and shipped.is_dir() else Path(name)


def recipe(built: object) -> dict[str, Any]:
    """What rebuilds an object: its class and the arguments it was built with, read from its attributes."""
    names = list(inspect.signature(type(built)).parameters)
    if lost := [name for name in names if not hasattr(built, name)]:
        raise ValueError(
            f"{type(built).__name__} does not keep its argument {lost[0]!r}: keep each argument of the constructor as "
            "an attribute of the same name, so that a checkpoint can say what rebuilds the model"
        )
    arguments = {name: getattr(built, name) for name in names}
    plain = (int, float, str, bool, type(None), list, dict)
    return {
        "class_path": f"{type(built).__module__}.{type(built).__qualname__}",
        "init_args": {name: value if isinstance(value, plain) else recipe(value) for name, value in arguments.items()},
    }


def save(model: WorldModel | Codec, path: str | Path, card: str, *, dtype: torch.dtype | None = None) -> Path:
    """Write a checkpoint; an older one at the same place is replaced once the new one is whole.

    Args:
        model: Any model or codec that keeps its constructor's arguments as attributes.
        path: The folder.
        card: The model card, in Markdown.
        dtype: Of the weights on disk, such as torch.bfloat16; as they are where it is not said. They are loaded into a
            model of 32 bits in any case.
    """
    path = Path(path)
    partial = path.with_name(path.name + ".partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    weights = {name: tensor.detach().cpu().contiguous() for name, tensor in weights_of(model).items()}
    if dtype is not None:
        weights = {name: each.to(dtype) if each.is_floating_point() else each for name, each in weights.items()}
    save_file(weights, partial / WEIGHTS)
    (partial / RECIPE).write_text(yaml.safe_dump(recipe(model), sort_keys=False))
    (partial / CARD).write_text(card)
    if path.exists():
        shutil.rmtree(path)
    partial.rename(path)
    return path


def load(name: str | Path) -> WorldModel:
    """Rebuild a model, ready to imagine.

    Args:
        name: "still", "drift", a checkpoint's folder, or one that comes with the package, such as "worldsim/micro".

    Raises:
        FileNotFoundError: Where there is no such folder, or it lacks a file.
        ValueError: Where the YAML does not describe a model, or the weights are not this model's.
    """
    if str(name) in BASELINES:
        return BASELINES[str(name)]()
    model = rebuild(name, WorldModel)
    assert isinstance(model, WorldModel)
    return model


def load_codec(name: str | Path) -> nn.Module:
    """Rebuild a codec, ready to encode and decode.

    Args:
        name: The folder that `worldsim fit --model` wrote.

    Raises:
        FileNotFoundError: Where there is no such folder, or it lacks a file.
        ValueError: Where it holds no codec, or the weights are not this codec's.
    """
    codec = rebuild(name, Codec)
    assert isinstance(codec, nn.Module)
    return codec


def rebuild(name: str | Path, kind: type) -> object:
    """What a checkpoint's folder holds, with its weights; it must keep the contract of its kind."""
    path = locate(name)
    if not path.is_dir():
        shipped = [f"worldsim/{each.name}" for each in sorted(SHIPPED.glob("*/"))]
        raise FileNotFoundError(
            f"there is no model '{name}': give a checkpoint's folder, such as the one `worldsim fit` writes, "
            f"or one of {', '.join([*BASELINES, *shipped])}"
        )
    for needed in (RECIPE, WEIGHTS):
        if not (path / needed).is_file():
            raise FileNotFoundError(f"{path} lacks {needed}; a checkpoint holds {RECIPE}, {WEIGHTS} and {CARD}")
    model = build(path / RECIPE)
    if not isinstance(model, kind):
        wanted = "no world model: it has no watch and imagine" if kind is WorldModel else "no codec: it lacks encode"
        hint = "; a codec is given to `worldsim fit --codec`" if isinstance(model, Codec) else ""
        raise ValueError(f"{path} describes a {type(model).__name__}, which is {wanted}{hint}")
    try:
        weights = load_file(path / WEIGHTS)
    except SafetensorError as error:
        raise ValueError(
            f"{path / WEIGHTS} cannot be read ({error}); it is cut short or no safetensors file"
        ) from error
    wanted = weights_of(model)
    if differ := sorted(wanted.keys() ^ weights.keys()):
        raise ValueError(
            f"{path / WEIGHTS} and {RECIPE} do not belong together: '{differ[0]}' is in only one of them "
            f"({len(differ)} such)"
        )
    for key, tensor in wanted.items():
        if tensor.shape != weights[key].shape:
            raise ValueError(
                f"{path / WEIGHTS} is of another shape than {RECIPE} says: '{key}' is {list(weights[key].shape)}, "
                f"and the model built has {list(tensor.shape)}"
            )
    if isinstance(model, nn.Module):
        model.load_state_dict(weights)
        model.eval()
    return model


def build(path: Path) -> object:
    """What a YAML describes, with fresh weights."""
    try:
        described = yaml.safe_load(path.read_text())
    except yaml.YAMLError as error:
        raise ValueError(f"{path} is not YAML: {' '.join(str(error).split())}") from error
    if not isinstance(described, dict) or set(described) != {"class_path", "init_args"}:
        raise ValueError(f"{path} must hold class_path and init_args, and nothing else")
    try:
        module, _, name = described["class_path"].rpartition(".")
        kind = getattr(importlib.import_module(module), name)
    except (ImportError, AttributeError, ValueError) as error:
        raise ValueError(f"{path} names the class {described['class_path']!r}, which is not installed here") from error
    parser = ArgumentParser(exit_on_error=False)
    parser.add_class_arguments(kind, "model")
    try:
        arguments = parser.parse_object({"model": described["init_args"] or {}})
    except ArgumentError as error:
        raise ValueError(f"{path} does not describe a {name}: {' '.join(str(error).split())}") from error
    return parser.instantiate(arguments)["model"]


def weights_of(model: object) -> dict[str, Tensor]:
    """The weights by name; a model that is no torch module has none."""
    return model.state_dict() if isinstance(model, nn.Module) else {}
