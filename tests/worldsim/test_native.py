"""Runs on clips of several sizes and lengths: they learn, and one that was stopped goes on to the same bits."""

import signal
from pathlib import Path

import numpy as np
import pytest
import torch
import yaml
from safetensors.torch import load_file
from toy_episodes import write_noise

from worldsim.data import layout
from worldsim.models import checkpoint
from worldsim.models.diffusion_world import DiffusionWorld
from worldsim.training.fit import fit
from worldsim.training.log import Curve

RUN = {"frames": 4, "batch": 4, "steps": 6, "save_every": 1000, "preview_every": 5, "log_every": 1, "threads": 1}

KINDS = {
    "long": {"long": 8},
    "singles, in 16 bits": {"singles": 0.3, "precision": "bf16-mixed"},
    "packed": {"pack": 100, "patch": 8, "registers": 1},
    "all": {"pack": 200, "patch": 8, "long": 8, "singles": 0.3, "shortcut": 0.25, "gate": True, "carry": True},
}


@pytest.fixture(scope="module")
def recorded(tmp_path_factory) -> Path:
    """Two worlds, of 32 x 32 and of 16 x 48 pixels."""
    folder = tmp_path_factory.mktemp("data")
    write_noise(folder / "square", steps=12)
    write_noise(folder / "wide", steps=7, size=(16, 48))
    (folder / layout.RECIPE).write_text(yaml.safe_dump({"env": {"square": {}, "wide": {}}}))
    return folder


def of(kind: str, recorded: Path) -> str:
    return str(recorded if "pack" in KINDS[kind] else recorded / "square")


@pytest.mark.parametrize("kind", KINDS)
def test_a_run_interrupted_goes_on_to_the_same_bits(kind, recorded, tmp_path, monkeypatch):
    settings = {**RUN, **KINDS[kind]}
    fit(of(kind, recorded), str(tmp_path / "whole"), **settings)
    log = Curve.log_metrics

    def press_ctrl_c(curve, metrics, step=None):
        log(curve, metrics, step)
        if step == 2:
            signal.raise_signal(signal.SIGINT)

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(Curve, "log_metrics", press_ctrl_c)
        fit(of(kind, recorded), str(tmp_path / "stopped"), **settings)
    assert not (tmp_path / "stopped/model").exists()
    fit(of(kind, recorded), str(tmp_path / "stopped"), **settings)
    one, other = (load_file(tmp_path / run / "model/model.safetensors") for run in ("whole", "stopped"))
    assert all(torch.equal(weight, other[name]) for name, weight in one.items())
    curves = [(tmp_path / run / "metrics.csv").read_text().splitlines() for run in ("whole", "stopped")]
    assert [row.split(",")[:3] for row in curves[0]] == [row.split(",")[:3] for row in curves[1]]
    assert len(curves[0]) == 7 and len({row.split(",")[1] for row in curves[0]}) == 7


def test_a_model_of_several_sizes_imagines_each(recorded, tmp_path):
    fit(str(recorded), str(tmp_path), **{**RUN, **KINDS["packed"]})
    model = checkpoint.load(tmp_path / "model")
    assert isinstance(model, DiffusionWorld)
    for height, width in ((32, 32), (16, 48)):
        seen, taken, plan = torch.zeros(1, 2, 3, height, width), torch.zeros(1, 1, 3), torch.zeros(1, 3, 3)
        imagined, _ = model.imagine(model.watch(seen, taken), plan, generator=torch.Generator().manual_seed(0))
        assert imagined.shape == (1, 3, 3, height, width)
    assert "16 x 48 and 32 x 32 pixels" in (tmp_path / "model/README.md").read_text()


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({}, "frames of 16 x 48 and 32 x 32 pixels; those of a batch are equally large: pack them"),
        ({"pack": 60, "patch": 32}, "16 x 48, which pieces of 32 pixels do not fill"),
        ({"pack": 20, "patch": 8}, "has 64 tokens, and a pack holds 20: give pack=64 or more"),
        ({"pack": 60, "patch": 8, "singles": 1.0}, "singles came as 1.0"),
        ({"pack": 60, "patch": 8, "long": 3}, "long came as 3"),
    ],
    ids=str,
)
def test_impossible_runs_are_refused_before_anything_is_written(recorded, tmp_path, wrong, says):
    with pytest.raises(ValueError, match=says):
        fit(str(recorded), str(tmp_path / "run"), **{**RUN, **wrong})
    assert not (tmp_path / "run").exists()


def test_a_run_of_before_there_were_packs_goes_on(recorded, tmp_path):
    """What its YAML does not name is as by default; said otherwise, it is refused."""
    run = tmp_path / "run"
    fit(str(recorded / "square"), str(run), **{**RUN, "steps": 2})
    settings = yaml.safe_load((run / "config.yaml").read_text())
    kept = {name: value for name, value in settings.items() if name not in ("long", "singles", "pack")}
    (run / "config.yaml").write_text(yaml.safe_dump(kept))
    with pytest.raises(ValueError, match=r"begun with singles=0.0, and now singles=0.3"):
        fit(str(recorded / "square"), str(run), **{**RUN, "steps": 3, "singles": 0.3})
    fit(str(recorded / "square"), str(run), **{**RUN, "steps": 3})
    assert np.loadtxt(run / "metrics.csv", delimiter=",", skiprows=1, usecols=0)[-1] == 3
