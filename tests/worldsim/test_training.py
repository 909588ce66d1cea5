"""Training: the optimiser does what it says, and a run that was killed goes on as if it had not been."""

import copy
import csv
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import torch
import yaml
from safetensors.torch import load_file
from torch import nn
from toy_episodes import write_noise

from worldsim.cli import main
from worldsim.codec.autoencoder import Autoencoder
from worldsim.models import checkpoint
from worldsim.models.diffusion_world import DiffusionWorld
from worldsim.training.fit import fit
from worldsim.training.log import Curve
from worldsim.training.optim import MuonAdamW, optimiser, pace, split
from worldsim.types import Clip


def small() -> DiffusionWorld:
    torch.manual_seed(0)
    return DiffusionWorld(1, patch=8, width=16, depth=2, heads=2, kv_heads=1, window=4)


def test_the_schedule_rises_stays_and_falls_to_zero():
    rates = [pace(done) for done in np.linspace(0, 1, 101)]
    assert 0 < rates[0] < 0.1 and rates[-1] == 0
    assert max(rates) == 1 and rates[10] == rates[60] == 1
    assert (np.diff(rates[10:]) <= 0).all()
    assert {pace(done, warmup=0.0, decay=0.0) for done in (0.0, 0.5, 1.0)} == {1}


def test_matrices_inside_the_blocks_go_to_muon_and_nothing_is_left_out():
    model = small()
    hidden, others = split(model)
    assert {id(weight) for weight in hidden + others} == {id(weight) for weight in model.parameters() if weight.numel()}
    assert all(weight.ndim == 2 for weight in hidden)
    assert any(weight is model.transformer.embed.weight for weight in others)
    assert any(weight is model.transformer.head.weight for weight in others)


def step_by_step(optimizers, weights, steps=4):
    for step in range(steps):
        for index, weight in enumerate(weights):
            weight.grad = torch.randn(weight.shape, generator=torch.Generator().manual_seed(10 * step + index))
        for optimizer in optimizers:
            optimizer.step()
    return [weight.detach().clone() for weight in weights]


def weights_of_a_layer():
    torch.manual_seed(1)
    return [nn.Parameter(torch.randn(8, 12)), nn.Parameter(torch.randn(12))]


def test_the_two_in_one_do_what_torch_does_with_each():
    matrix, vector = weights_of_a_layer()
    ours = step_by_step([MuonAdamW([matrix], [vector], lr=0.01, weight_decay=0.1)], [matrix, vector])
    matrix, vector = weights_of_a_layer()
    apart = [
        torch.optim.Muon([matrix], lr=0.01, weight_decay=0.1, momentum=0.95, adjust_lr_fn="match_rms_adamw"),
        torch.optim.AdamW([vector], lr=0.01, weight_decay=0.0, betas=(0.9, 0.95)),
    ]
    for mine, theirs in zip(ours, step_by_step(apart, [matrix, vector]), strict=True):
        assert torch.equal(mine, theirs)


def test_adamw_learns_all_and_lets_the_same_decay():
    model = small()
    ours = {
        id(weight): group["weight_decay"]
        for group in optimiser("adamw", model, lr=0.01, weight_decay=0.1).param_groups
        for weight in group["params"]
    }
    hidden, others = split(model)
    assert ours == {id(weight): 0.1 for weight in hidden} | {id(weight): 0.0 for weight in others}
    assert isinstance(optimiser("muon", model, lr=0.01, weight_decay=0.1), MuonAdamW)


def test_a_saved_optimiser_goes_on_bit_by_bit_and_hears_its_schedule():
    matrix, vector = weights_of_a_layer()
    one = MuonAdamW([matrix], [vector])
    step_by_step([one], [matrix, vector])
    twins = [nn.Parameter(matrix.detach().clone()), nn.Parameter(vector.detach().clone())]
    two = MuonAdamW(twins[:1], twins[1:])
    two.load_state_dict(copy.deepcopy(one.state_dict()))
    for optimizer in (one, two):
        for group in optimizer.param_groups:
            group["lr"] = 0.005
    for a, b in zip(step_by_step([one], [matrix, vector]), step_by_step([two], twins), strict=True):
        assert torch.equal(a, b)
    before = [weight.clone() for weight in twins]
    for group in two.param_groups:
        group["lr"] = 0.0
    assert all(torch.equal(a, b) for a, b in zip(step_by_step([two], twins), before, strict=True))


def test_it_learns_which_way_an_action_moves_things():
    """A bar moves by what the action says. After a few dozen steps the model foresees it better than a still frame."""
    random = np.random.default_rng(0)

    def clip(rows):
        actions = random.choice([-1.0, 1.0], (rows, 5, 1))
        places = 3 + np.cumsum(np.concatenate([random.integers(0, 2, (rows, 1)), actions[..., 0]], axis=1), axis=1)
        frames = np.full((rows, 6, 3, 8, 8), -1.0)
        for row, frame in np.ndindex(rows, 6):
            frames[row, frame, :, :, int(places[row, frame]) % 8] = 1
        mask = torch.ones(rows, 6, dtype=torch.bool)
        return Clip(torch.from_numpy(frames).float(), torch.from_numpy(actions).float(), mask)

    torch.manual_seed(0)
    model = DiffusionWorld(1, patch=8, width=32, depth=2, heads=2, kv_heads=1, window=6)
    optimizer = MuonAdamW(*split(model), lr=1e-2)
    for step in range(100):
        optimizer.zero_grad()
        model.loss(clip(8), generator=torch.Generator().manual_seed(step)).backward()
        optimizer.step()
    test = clip(32)
    memory = model.watch(test.frames[:, :3], test.actions[:, :2])
    imagined, _ = model.imagine(memory, test.actions[:, 2:], generator=torch.Generator().manual_seed(0))
    wrong = (imagined - test.frames[:, 3:]).square().mean()
    still = (test.frames[:, 2:3] - test.frames[:, 3:]).square().mean()
    assert wrong < 0.5 * still


# A run


@pytest.fixture(scope="module")
def recorded(tmp_path_factory) -> Path:
    return write_noise(tmp_path_factory.mktemp("data") / "episodes", steps=12)


# One thread: sums in another order are other bits, and tests of one process share its number of threads.
RUN = {
    "frames": 4,
    "batch": 2,
    "steps": 8,
    "save_every": 3,
    "preview_every": 5,
    "log_every": 1,
    "window": 4,
    "threads": 1,
}


def weights(run: Path) -> dict[str, torch.Tensor]:
    return load_file(run / "model" / "model.safetensors")


def everything(run: Path) -> dict[str, torch.Tensor]:
    """All numbers of a run's last save: weights, averages, optimiser."""
    saved = torch.load(run / "last.ckpt", weights_only=True)
    found: dict[str, torch.Tensor] = {}

    def walk(name: str, value: object) -> None:
        if isinstance(value, torch.Tensor):
            found[name] = value
        elif isinstance(value, dict | list):
            for key, inner in value.items() if isinstance(value, dict) else enumerate(value):
                walk(f"{name}/{key}", inner)

    for part in ("state_dict", "callbacks", "optimizer_states"):
        walk(part, saved[part])
    return found


def assert_same(one: dict[str, torch.Tensor], two: dict[str, torch.Tensor]) -> None:
    assert one.keys() == two.keys() and len(one) > 20
    assert [name for name in one if not torch.equal(one[name], two[name])] == []


@pytest.fixture(scope="module")
def whole(recorded, tmp_path_factory) -> Path:
    """A run that nothing interrupted."""
    run = tmp_path_factory.mktemp("runs") / "whole"
    fit(str(recorded), str(run), **RUN)
    return run


def test_a_run_leaves_what_it_promises(whole):
    assert {path.name for path in whole.iterdir()} == {
        "config.yaml",
        "last.ckpt",
        "metrics.csv",
        "previews",
        "model",
        "tensorboard",
    }
    rows = (whole / "metrics.csv").read_text().splitlines()
    assert rows[0].startswith("step,loss,lr") and [row.split(",")[0] for row in rows[1:]] == [
        str(n) for n in range(1, 9)
    ]
    assert sorted(path.name for path in (whole / "previews").iterdir()) == [
        f"step-{step:06d}-0.{kind}" for step in (5, 8) for kind in ("mp4", "png")
    ]
    model = checkpoint.load(whole / "model")
    assert isinstance(model, DiffusionWorld) and model.actions == 2 and model.window == 4
    assert "test/Noise-v0" in (whole / "model" / "README.md").read_text()


def test_what_a_step_costs_is_printed_and_how_fast_it_goes_is_logged_to_any_logger(recorded, tmp_path, capsys):
    """The logger comes from the YAML of a run; MiB are the estimate for the batch."""
    described = {"class_path": "lightning.pytorch.loggers.CSVLogger", "init_args": {"save_dir": str(tmp_path / "own")}}
    (tmp_path / "run.yaml").write_text(yaml.safe_dump({**RUN, "logger": described, "log_every": 2}))
    fit_command = ["fit", str(recorded), str(tmp_path / "run"), "--config", str(tmp_path / "run.yaml")]
    main(fit_command)
    said = capsys.readouterr().out
    assert re.search(r"a step: [\d.]+ GFLOP, about \d+ MiB for weights, .* and \d+ MiB for activations", said)
    [theirs] = (tmp_path / "own").rglob("metrics.csv")
    with (tmp_path / "run" / "metrics.csv").open() as ours, theirs.open() as other:
        rows, same = list(csv.DictReader(ours)), list(csv.DictReader(other))
    assert len(rows) == len(same) == 4
    for row, one in zip(rows, same, strict=True):
        for name in ("loss", "lr", "steps_per_second", "frames_per_second", "gflops", "mfu", "mib"):
            assert float(row[name]) > 0 and float(row[name]) == pytest.approx(float(one[name]), rel=1e-4)
        clips = float(row["frames_per_second"]) / float(row["steps_per_second"])
        assert clips == pytest.approx(RUN["frames"] * RUN["batch"], rel=1e-3)
        assert 0 < float(row["mfu"]) < 1.5


def test_the_exported_weights_are_the_averages(whole):
    saved = everything(whole)
    exported = weights(whole)
    for name, weight in exported.items():
        assert torch.equal(weight, next(value for key, value in saved.items() if key.endswith(f"weights/{name}")))
    assert any(not torch.equal(weight, saved[f"state_dict/model.{name}"]) for name, weight in exported.items())


def test_a_run_killed_goes_on_to_the_same_bits(recorded, whole, tmp_path):
    """Killed without warning, in a process of its own, after a save; what it did since then is done again."""
    run = tmp_path / "killed"
    settings = {"data": str(recorded), "out": str(run), **RUN}
    code = f"from worldsim.training.fit import fit; fit(**{settings!r})"
    process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    curve = run / "metrics.csv"
    while not (curve.exists() and len(curve.read_text().splitlines()) > 5):
        assert process.poll() is None, f"the run ended before it could be killed: {process.communicate()}"
        time.sleep(0.002)
    process.kill()
    process.communicate()
    stood = torch.load(run / "last.ckpt", weights_only=True)["global_step"]
    assert stood in (3, 6) and not (run / "model").exists()
    fit(str(recorded), str(run), **RUN)
    assert_same(everything(run), everything(whole))
    assert_same(weights(run), weights(whole))
    columns = [[row.split(",")[:3] for row in (path / "metrics.csv").read_text().splitlines()] for path in (run, whole)]
    assert columns[0] == columns[1]


def test_a_run_interrupted_saves_and_goes_on_to_the_same_bits(recorded, whole, tmp_path, monkeypatch):
    run, settings = tmp_path / "interrupted", {**RUN, "save_every": 1000}
    log = Curve.log_metrics

    def press_ctrl_c(curve, metrics, step=None):
        log(curve, metrics, step)
        if step == 3:
            signal.raise_signal(signal.SIGINT)

    with monkeypatch.context() as patch:
        patch.setattr(Curve, "log_metrics", press_ctrl_c)
        with pytest.raises(KeyboardInterrupt):
            fit(str(recorded), str(run), **settings)
    stood = torch.load(run / "last.ckpt", weights_only=True)["global_step"]
    assert stood in (4, 5) and not (run / "model").exists()
    fit(str(recorded), str(run), **settings)
    assert_same(weights(run), weights(whole))


def test_the_yaml_of_a_run_runs_it_again(recorded, whole, tmp_path):
    settings = yaml.safe_load((whole / "config.yaml").read_text())
    fit(**{**settings, "out": str(tmp_path / "again"), "levels": None, "codec": None})
    assert_same(weights(tmp_path / "again"), weights(whole))


def test_a_finished_run_is_left_alone(recorded, whole, capsys):
    before = (whole / "last.ckpt").read_bytes()
    fit(str(recorded), str(whole), **RUN)
    assert "finished" in capsys.readouterr().out
    assert (whole / "last.ckpt").read_bytes() == before


def test_a_run_begun_otherwise_is_not_gone_on_with(recorded, whole):
    with pytest.raises(ValueError, match=r"begun with lr=.*now lr=0.5"):
        fit(str(recorded), str(whole), **RUN, lr=0.5)


def test_a_run_begins_with_what_another_model_learned(recorded, whole, tmp_path):
    fit(str(recorded), str(tmp_path / "on"), **{**RUN, "lr": 0.0, "init": str(whole / "model")})
    kept = weights(tmp_path / "on")
    assert all(torch.allclose(weight, kept[name], atol=1e-7) for name, weight in weights(whole).items())
    assert f"begun with the weights of `{whole / 'model'}`" in (tmp_path / "on" / "model" / "README.md").read_text()
    with pytest.raises(ValueError, match=r"cannot be begun with: its .* is .* says how it was built"):
        fit(str(recorded), str(tmp_path / "other"), **RUN, patch=8, init=str(whole / "model"))
    assert not (tmp_path / "other").exists()


def test_a_limit_in_minutes_ends_a_run_in_time_and_whole(recorded, tmp_path):
    fit(str(recorded), str(tmp_path / "run"), **{**RUN, "steps": 100_000, "preview_every": 100_000}, minutes=0.02)
    rows = (tmp_path / "run" / "metrics.csv").read_text().splitlines()[1:]
    assert 0 < len(rows) < 100_000
    checkpoint.load(tmp_path / "run" / "model")


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"steps": 0}, "above zero"),
        ({"minutes": -1.0}, "above zero"),
        ({"patch": 24}, "patch"),
        ({"save_every": 0}, "save_every"),
        ({"preview_every": 0}, "preview_every=0"),
        ({"log_every": 0}, "log_every=0"),
        ({"warmup": 1.5}, "warmup=1.5"),
        ({"decay": -0.1}, "decay=-0.1"),
        ({"ema": 1.0}, "ema"),
        ({"logger": {"class_path": "lightning.pytorch.loggers.CSVLogger", "init_args": {"save_dri": "x"}}}, "save_dri"),
    ],
    ids=lambda value: str(value)[:20],
)
def test_impossible_runs_are_refused_before_anything_is_written(recorded, tmp_path, wrong, says):
    with pytest.raises(ValueError, match=says):
        fit(str(recorded), str(tmp_path / "run"), **{**RUN, **wrong})
    assert not (tmp_path / "run").exists()


def test_a_run_begun_before_there_was_an_argument_goes_on(recorded, whole, tmp_path, capsys):
    run = shutil.copytree(whole, tmp_path / "old")
    old = yaml.safe_load((run / "config.yaml").read_text())
    del old["optimiser"]
    (run / "config.yaml").write_text(yaml.safe_dump(old))
    with pytest.raises(ValueError, match=r"begun with optimiser=muon, and now optimiser=adamw"):
        fit(str(recorded), str(run), **RUN, optimiser="adamw")
    fit(str(recorded), str(run), **RUN)
    assert "finished" in capsys.readouterr().out


def test_missing_data_is_said_so(tmp_path):
    with pytest.raises(FileNotFoundError, match="no dataset"):
        fit(str(tmp_path / "nowhere"), str(tmp_path / "run"))


def test_the_curve_of_a_resumed_run_has_each_step_once(tmp_path):
    path = tmp_path / "metrics.csv"
    curve = Curve(path)
    for step in range(5):
        curve.log_metrics({"loss": 1.0, "lr": 0.1}, step)
    again = Curve(path, step=3)
    for step in range(3, 6):
        again.log_metrics({"loss": 2.0, "lr": 0.1}, step)
    rows = [row.split(",")[:2] for row in path.read_text().splitlines()[1:]]
    assert rows == [["1", "1"], ["2", "1"], ["3", "1"], ["4", "2"], ["5", "2"], ["6", "2"]]


def test_a_codec_learns_by_the_same_command_and_a_world_stands_on_it(recorded, tmp_path):
    short = {**RUN, "steps": 4}
    fit(str(recorded), str(tmp_path / "codec"), **short, model=Autoencoder(channels=4, width=8))
    codec = checkpoint.load_codec(tmp_path / "codec" / "model")
    assert isinstance(codec, Autoencoder) and not torch.equal(codec.whiten, torch.eye(4))
    assert len(list((tmp_path / "codec" / "previews").glob("*.png"))) == 1
    with pytest.raises(ValueError, match="--codec"):
        checkpoint.load(tmp_path / "codec" / "model")

    fit(str(recorded), str(tmp_path / "world"), **{**short, "patch": 1}, codec=str(tmp_path / "codec" / "model"))
    world = checkpoint.load(tmp_path / "world" / "model")
    assert isinstance(world, DiffusionWorld) and isinstance(world.codec, Autoencoder)
    for name, weight in codec.state_dict().items():  # it learns no more
        assert torch.equal(world.codec.state_dict()[name], weight), name
    with pytest.raises(ValueError, match="no codec"):
        checkpoint.load_codec(tmp_path / "world" / "model")
