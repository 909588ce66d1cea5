"""Two processes, with the weights spread over them or whole in each, end where one ends that does the work of both."""

import subprocess
import sys
from pathlib import Path

import pytest
import torch
import yaml
from safetensors.torch import load_file
from toy_episodes import write_noise

from worldsim.data.batches import Batches, Budget, Packs
from worldsim.data.module import ClipModule
from worldsim.models.diffusion_world import DiffusionWorld
from worldsim.models.video_dit import SIZES
from worldsim.training.optim import MuonAdamW, pace, split
from worldsim.training.task import seed_of

STEPS, RANKS, LR = 4, 2, 2e-4
"""Muon makes its updates orthogonal in bfloat16, so what rounds otherwise differs by some percent of an update."""

RUN = {
    "frames": 4,
    "batch": 2,
    "steps": STEPS,
    "window": 4,
    "patch": 16,
    "threads": 1,
    "ema": 0.5,
    "save_every": 2,
    "lr": LR,
}

PACKED = {"pack": 40, "singles": 0.3}
"""Clips of four frames of four tokens, and frames alone: other shapes in each process, and in each step."""

KINDS = {
    "clips": {},
    "packs": {**PACKED, "checkpointing": True},
    "compiled": {**PACKED, "checkpointing": True, "compile": "blocks"},
    "whole in each": {**PACKED, "strategy": "ddp"},
}


@pytest.fixture(scope="module")
def recorded(tmp_path_factory) -> Path:
    return write_noise(tmp_path_factory.mktemp("data") / "episodes", steps=7)


def by_one_process(path, pack: int | None = None, singles: float = 0.0, **_) -> dict[str, torch.Tensor]:
    """The averaged weights after the same steps, each with the mean of the gradients that the processes would have."""
    budget = None if pack is None else Budget(pack, side=16)
    clips = ClipModule(path, frames=4, batch=2, singles=singles, pack=budget)
    clips.setup("fit")
    torch.manual_seed(0)
    model = DiffusionWorld(clips.actions, patch=16, **SIZES["micro"]._asdict(), window=4)
    averages = {name: weight.clone() for name, weight in model.state_dict().items()}
    optimizer = MuonAdamW(*split(model), lr=LR, weight_decay=0.01)
    given = [
        iter(Batches(clips._draws, 0, rank, RANKS) if budget is None else Packs(clips._draws, budget, 0, rank, RANKS))
        for rank in range(RANKS)
    ]
    for step in range(STEPS):
        for group in optimizer.param_groups:
            group["lr"] = LR * pace(step / STEPS)
        optimizer.zero_grad()
        for rank in range(RANKS):
            noise = torch.Generator().manual_seed(seed_of(0, step, rank))
            (model.loss(next(given[rank]), generator=noise, done=step / STEPS) / RANKS).backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        keep = min(RUN["ema"], (2 + step) / (11 + step))
        for name, weight in model.state_dict().items():
            averages[name] = torch.lerp(averages[name], weight, 1 - keep)
    return averages


def farthest(one: dict[str, torch.Tensor], other: dict[str, torch.Tensor]) -> float:
    """The largest difference of any weight."""
    return max((one[name] - weight).abs().max().item() for name, weight in other.items() if weight.numel())


def length(one: dict[str, torch.Tensor], other: dict[str, torch.Tensor]) -> float:
    """The norm of the difference of all weights."""
    return sum((one[name] - weight).square().sum().item() for name, weight in other.items()) ** 0.5


@pytest.mark.parametrize(
    "kind", ["packs", *(pytest.param(kind, marks=pytest.mark.slow) for kind in KINDS if kind != "packs")]
)
def test_two_processes_end_where_one_does(kind, recorded, tmp_path):
    run = tmp_path / "run"
    settings = {"data": str(recorded), "out": str(run), "strategy": "fsdp", **RUN, **KINDS[kind]}
    (tmp_path / "run.yaml").write_text(yaml.safe_dump(settings))
    flags = [f"--devices={RANKS}", "--accelerator=cpu"]
    command = [sys.executable, "-m", "worldsim.cli", "fit", "--config", str(tmp_path / "run.yaml"), *flags]
    done = subprocess.run(command, capture_output=True, text=True, timeout=500, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    found, wanted = load_file(run / "model" / "model.safetensors"), by_one_process(recorded, **KINDS[kind])
    assert found.keys() == wanted.keys()
    torch.manual_seed(0)
    fresh = DiffusionWorld(2, patch=16, **SIZES["micro"]._asdict(), window=4).state_dict()
    assert farthest(found, wanted) < 1e-4
    assert farthest(fresh, wanted) > 4e-4, "they went somewhere"
    assert length(found, wanted) < 0.05 * length(fresh, wanted)
    if kind == "packs":
        again = subprocess.run([*command, "--steps=6"], capture_output=True, text=True, timeout=500, check=False)
        assert again.returncode == 0 and f"going on from step {STEPS}" in again.stdout, again.stderr[-3000:]
