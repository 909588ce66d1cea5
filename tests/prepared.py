"""A loss and its gradients, plain and prepared, of a clip and of packs; what is prepared must agree.

    python prepared.py BACKEND DATA RUNS

Run in a process of its own: what checks the shapes of the tests is not to be compiled with the rest.
"""

import contextlib
import copy
import functools
import signal
import sys
from pathlib import Path

import torch
from safetensors.torch import load_file
from torch import nn

from worldsim.models.diffusion_world import DiffusionWorld
from worldsim.training.fit import fit
from worldsim.training.log import Curve
from worldsim.training.prepare import compile_blocks, recompute
from worldsim.types import Clip, Pack

ROOM = 100
"""Tokens of a pack."""

RUN = {
    **{"frames": 4, "batch": 4, "patch": 8, "pack": ROOM, "singles": 0.3, "shortcut": 0.25},
    **{"steps": 7, "lr": 2e-4, "log_every": 1, "threads": 1},
}


def learned(model: DiffusionWorld, clip: Clip | Pack) -> tuple[torch.Tensor, dict[str, torch.Tensor]]:
    model.zero_grad()
    loss = model.loss(clip, generator=torch.Generator().manual_seed(0))
    loss.backward()
    return loss.detach(), {name: weight.grad for name, weight in model.named_parameters() if weight.grad is not None}


def example() -> DiffusionWorld:
    torch.manual_seed(0)
    model = DiffusionWorld(2, patch=8, width=32, depth=3, heads=2, kv_heads=1, window=4, registers=1, shortcut=0.5)
    for weight in model.parameters():
        nn.init.normal_(weight, std=0.15)
    return model


def clip(rows: int, frames: int, height: int, width: int) -> Clip:
    mask = torch.ones(rows, frames, dtype=torch.bool)
    return Clip(torch.rand(rows, frames, 3, height, width) * 2 - 1, torch.randn(rows, frames - 1, 2), mask)


def pack(*shapes: tuple[int, int, int, int]) -> Pack:
    tokens = sum(b * t * (1 + h * w // 64) for b, t, h, w in shapes)
    return Pack(tuple(clip(*each) for each in shapes), ROOM - tokens)


def batches() -> list[Clip | Pack]:
    """Packs of no two shapes alike, of as many tokens, and a clip."""
    torch.manual_seed(1)
    packs = [pack((2, 5, 16, 16), (1, 3, 32, 16)), pack((3, 4, 8, 16), (4, 1, 16, 24)), pack((2, 5, 32, 16))]
    return [*packs, clip(2, 4, 16, 16)]


def graphs() -> int:
    """How many were compiled."""
    return torch._dynamo.utils.counters["stats"]["unique_graphs"]


def compare(backend: str) -> None:
    torch._dynamo.config.automatic_dynamic_shapes = False  # the clip's shape is no kind of pack
    model, given = example(), batches()
    wanted = [learned(model, each) for each in given]
    for again in (False, True):
        torch._dynamo.reset()
        torch._dynamo.utils.counters.clear()
        prepared = copy.deepcopy(model)
        compile_blocks(prepared, backend)
        if again:
            recompute(prepared)
        compiled = []
        for each, (loss, gradients) in zip(given, wanted, strict=True):
            same, found = learned(prepared, each)
            torch.testing.assert_close(same, loss, rtol=1e-5, atol=1e-6)
            assert found.keys() == gradients.keys()
            for name, one in gradients.items():
                torch.testing.assert_close(found[name], one, rtol=1e-3, atol=1e-5, msg=name)
            compiled.append(graphs())
        assert 0 < compiled[0] == compiled[1] == compiled[2] < compiled[3], f"a pack was compiled again: {compiled}"


def run(backend: str, data: str, runs: Path) -> None:
    """A run that is compiled and recomputed, and stopped between, ends where a plain one does."""
    log = Curve.log_metrics

    def press_ctrl_c(curve: Curve, metrics: dict[str, float], step: int | None = None) -> None:
        log(curve, metrics, step)
        if step == 2:
            Curve.log_metrics = log
            signal.raise_signal(signal.SIGINT)

    fit(data, str(runs / "plain"), **RUN)
    torch.compile = functools.partial(torch.compile, backend=backend)
    Curve.log_metrics = press_ctrl_c
    with contextlib.suppress(KeyboardInterrupt):
        fit(data, str(runs / "prepared"), **RUN, compile="blocks", checkpointing=True)
    assert not (runs / "prepared" / "model").exists() and graphs() > 0, "something was compiled before it was stopped"
    fit(data, str(runs / "prepared"), **RUN, compile="blocks", checkpointing=True)
    plain, prepared = (load_file(runs / each / "model" / "model.safetensors") for each in ("plain", "prepared"))
    for name, weight in plain.items():
        torch.testing.assert_close(prepared[name], weight, rtol=0, atol=1e-4, msg=name)


if __name__ == "__main__":
    backend, data, runs = sys.argv[1:]
    run(backend, data, Path(runs))
    compare(backend)
