"""What every world model promises. A new model is covered by one line in MODELS."""

import hashlib
import subprocess
import sys
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from worldsim.codec.autoencoder import Autoencoder
from worldsim.models import checkpoint
from worldsim.models.baselines import Drift, Still
from worldsim.models.diffusion_world import DiffusionWorld
from worldsim.protocols import WorldModel

ACTIONS = 3


def tiny(**changes) -> DiffusionWorld:
    """A transformer so small that it is quick, with weights that are not zero, so that everything has a say."""
    torch.manual_seed(0)
    sizes = {"patch": 8, "width": 32, "depth": 4, "heads": 2, "kv_heads": 1, "window": 4, "registers": 1, "steps": 2}
    model = DiffusionWorld(ACTIONS, **{**sizes, **changes})
    for parameter in model.parameters():
        nn.init.normal_(parameter, std=0.15)
    return model.eval()


MODELS: dict[str, Callable[[], WorldModel]] = {
    "still": Still,
    "drift": lambda: Drift(reach=3),
    "diffusion": tiny,
    "diffusion, changes": lambda: tiny(residual=True),
    "diffusion, gated": lambda: tiny(gate=True),
    "diffusion, carried": lambda: tiny(gate=True, carry=True),
    "diffusion, no past": lambda: tiny(past=0),
    "diffusion, autoencoder": lambda: tiny(codec=Autoencoder(channels=4, downscale=4, width=8), patch=2),
    "diffusion, guided": lambda: tiny(sampler="heun", action_guidance=1.5, history_guidance=1.25),
    "diffusion, shortcut": lambda: tiny(shortcut=0.25),
    "diffusion, flow": lambda: tiny(target="flow", registers=0, kv_heads=2),
}

HEAR_ACTIONS = [name for name in MODELS if name.startswith("diffusion")]


@pytest.fixture(params=MODELS)
def model(request) -> WorldModel:
    return MODELS[request.param]()


@pytest.fixture(params=HEAR_ACTIONS)
def listener(request) -> WorldModel:
    return MODELS[request.param]()


def scene(rows: int = 2, frames: int = 6, plan: int = 7, size: tuple[int, int] = (16, 24)) -> tuple[Tensor, ...]:
    """A square that moves to the right, and arbitrary actions."""
    draw = torch.Generator().manual_seed(5)
    seen = torch.full((rows, frames, 3, *size), -0.5)
    for frame in range(frames):
        seen[:, frame, :, 4:9, frame + 2 : frame + 7] = torch.rand(rows, 3, 1, 1, generator=draw)
    return (
        seen,
        torch.randn(rows, frames - 1, ACTIONS, generator=draw),
        torch.randn(rows, plan, ACTIONS, generator=draw),
    )


def seeded(*seeds: int) -> list[torch.Generator]:
    return [torch.Generator().manual_seed(seed) for seed in seeds]


def tensors(memory: object) -> dict[str, Tensor]:
    values = {field.name: getattr(memory, field.name) for field in fields(memory)}  # type: ignore[arg-type]
    return {name: value for name, value in values.items() if isinstance(value, Tensor)}


def test_it_is_a_world_model(model):
    assert isinstance(model, WorldModel)


@pytest.mark.parametrize("seen_frames", [1, 2, 3, 6])
def test_one_frame_an_action_finite_and_in_range(model, seen_frames):
    seen, taken, plan = scene(frames=seen_frames)
    imagined, _ = model.imagine(model.watch(seen, taken), plan, generator=seeded(0, 1))
    assert imagined.shape == (2, plan.shape[1], *seen.shape[2:])
    assert imagined.isfinite().all()
    assert imagined.abs().max() <= 1


def test_an_empty_plan_imagines_nothing(model):
    seen, taken, plan = scene()
    imagined, _ = model.imagine(model.watch(seen, taken), plan[:, :0], generator=seeded(0, 1))
    assert imagined.shape == (2, 0, *seen.shape[2:])


@pytest.mark.parametrize("half", [1, 3, 6])
def test_halves_imagined_in_turn_equal_the_whole(model, half):
    seen, taken, plan = scene()
    whole, _ = model.imagine(model.watch(seen, taken), plan, generator=seeded(0, 1))
    draws = seeded(0, 1)
    first, memory = model.imagine(model.watch(seen, taken), plan[:, :half], generator=draws)
    second, _ = model.imagine(memory, plan[:, half:], generator=draws)
    torch.testing.assert_close(torch.cat([first, second], dim=1), whole, rtol=0, atol=0)


def test_imagining_leaves_the_memory_as_it_was(model):
    seen, taken, plan = scene()
    memory = model.watch(seen, taken)
    before = {name: value.clone() for name, value in tensors(memory).items()}
    once, _ = model.imagine(memory, plan, generator=seeded(0, 1))
    for name, value in tensors(memory).items():
        assert torch.equal(value, before[name]), name
    again, _ = model.imagine(memory, plan, generator=seeded(0, 1))
    assert torch.equal(once, again)


def test_watching_leaves_what_was_seen_as_it_was(model):
    seen, taken, plan = scene()
    kept = seen.clone()
    memory = model.watch(seen, taken)
    model.imagine(memory, plan, generator=seeded(0, 1))
    assert torch.equal(seen, kept)


def test_an_action_cannot_change_the_past(model):
    seen, taken, plan = scene()
    other = plan.clone()
    other[:, 4] += 1
    memory = model.watch(seen, taken)
    one, _ = model.imagine(memory, plan, generator=seeded(0, 1))
    two, _ = model.imagine(memory, other, generator=seeded(0, 1))
    assert torch.equal(one[:, :4], two[:, :4])


def test_a_frame_hears_the_action_that_led_to_it(listener):
    """imagined[i] is what came of plan[i]: it is the first frame that a change of plan[i] changes."""
    seen, taken, plan = scene(plan=4)
    memory = listener.watch(seen, taken)
    one, _ = listener.imagine(memory, plan, generator=seeded(0, 1))
    for index in range(plan.shape[1]):
        other = plan.clone()
        other[:, index] += 1
        two, _ = listener.imagine(memory, other, generator=seeded(0, 1))
        changed = (one != two).flatten(2).any(dim=2).any(dim=0)
        assert changed.nonzero()[0].item() == index


def test_what_was_done_while_watching_is_heard(listener):
    seen, taken, plan = scene()
    one, _ = listener.imagine(listener.watch(seen, taken), plan, generator=seeded(0, 1))
    for index in (-1, -2):
        other = taken.clone()
        other[:, index] += 1
        two, _ = listener.imagine(listener.watch(seen, other), plan, generator=seeded(0, 1))
        assert not torch.equal(one[:, 0], two[:, 0])


def test_rows_do_not_hear_each_other(model):
    """With a generator a row, a row imagines in a batch what it imagines alone."""
    seen, taken, plan = scene(rows=3)
    together, _ = model.imagine(model.watch(seen, taken), plan, generator=seeded(7, 8, 9))
    for row in range(3):
        one = slice(row, row + 1)
        alone, _ = model.imagine(model.watch(seen[one], taken[one]), plan[one], generator=seeded(7 + row))
        torch.testing.assert_close(alone, together[one], rtol=0, atol=2e-5)


@pytest.mark.parametrize("size", [(8, 8), (16, 40), (32, 24)])
def test_any_size_that_the_patch_divides(model, size):
    seen, taken, plan = scene(size=(16, 24))
    seen = torch.nn.functional.interpolate(seen.flatten(0, 1), size).unflatten(0, seen.shape[:2])
    imagined, _ = model.imagine(model.watch(seen, taken), plan, generator=seeded(0, 1))
    assert imagined.shape[-2:] == size


def test_saved_and_loaded_it_imagines_the_same(model, tmp_path):
    seen, taken, plan = scene()
    again = checkpoint.load(checkpoint.save(model, tmp_path / "model", "A test."))
    one, _ = model.imagine(model.watch(seen, taken), plan, generator=seeded(0, 1))
    two, _ = again.imagine(again.watch(seen, taken), plan, generator=seeded(0, 1))
    assert torch.equal(one, two)


def digest(name: str) -> str:
    """What a model imagines, as a number to compare between processes."""
    seen, taken, plan = scene()
    one = MODELS[name]()
    imagined, _ = one.imagine(one.watch(seen, taken), plan, generator=seeded(0, 1))
    return hashlib.sha256(np.ascontiguousarray(imagined.numpy()).tobytes()).hexdigest()


def test_the_same_seed_imagines_the_same_bytes_in_another_process():
    code = "import test_models as t; print(*[t.digest(name) for name in t.MODELS], sep='\\n')"
    command = [sys.executable, "-c", f"import torch; torch.set_num_threads({torch.get_num_threads()}); {code}"]
    answer = subprocess.run(command, cwd=Path(__file__).parent, capture_output=True, text=True, check=True)
    assert answer.stdout.split() == [digest(name) for name in MODELS]


def test_another_seed_imagines_something_else():
    seen, taken, plan = scene()
    model = tiny()
    memory = model.watch(seen, taken)
    one, _ = model.imagine(memory, plan, generator=seeded(0, 1))
    two, _ = model.imagine(memory, plan, generator=seeded(2, 3))
    assert not torch.equal(one, two)
