"""Damaged files, as a user meets them: one sentence, exit code 2, and nothing that was there is lost."""

import numpy as np
import pytest
import yaml
from made_up import episode, files
from test_store import a_row_too_few, halved

from worldsim.cli import main
from worldsim.data.writer import write_episodes
from worldsim.models import checkpoint
from worldsim.models.diffusion_world import DiffusionWorld


@pytest.fixture
def data(tmp_path):
    noise = np.random.default_rng(0).integers(0, 256, (12, 16, 16, 3), np.uint8)
    write_episodes(tmp_path / "data", [episode(seed, steps=11, frames=noise) for seed in range(2)])
    return tmp_path / "data"


@pytest.fixture
def model(tmp_path):
    return checkpoint.save(
        DiffusionWorld(2, patch=8, width=16, depth=2, heads=2, kv_heads=1), tmp_path / "model", "# A card"
    )


def refused(capsys, *arguments):
    assert main([str(each) for each in arguments]) == 2
    error = capsys.readouterr().err.strip()
    assert "Traceback" not in error
    return error


@pytest.mark.parametrize(
    ("folder", "damage", "says"),
    [("videos", halved, "file-000.mp4 is cut short or damaged"), ("data", a_row_too_few, "which has 12 frames")],
)
def test_a_damaged_dataset(data, tmp_path, capsys, folder, damage, says):
    damage(next((data / folder).rglob("file-000.*")))
    before = files(data)
    assert says in refused(capsys, "imagine", "still", data, tmp_path / "out", "--episode", 1)
    assert files(data) == before
    assert not (tmp_path / "out").exists()


def test_a_checkpoint_of_another_shape(data, model, tmp_path, capsys):
    recipe = yaml.safe_load((model / "model.yaml").read_text())
    recipe["init_args"]["width"] = 32
    (model / "model.yaml").write_text(yaml.safe_dump(recipe))
    assert "is of another shape" in refused(capsys, "imagine", model, data, tmp_path / "out")
    assert "is of another shape" in refused(capsys, "bench", model)


def test_a_model_of_another_world(data, tmp_path, capsys):
    other = checkpoint.save(
        DiffusionWorld(3, patch=8, width=16, depth=2, heads=2, kv_heads=1), tmp_path / "other", "# A card"
    )
    assert "2 components" in refused(capsys, "imagine", other, data, tmp_path / "out")
