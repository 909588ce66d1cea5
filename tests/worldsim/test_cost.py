"""What a model is said to cost is what it costs."""

import itertools

import pytest
import torch
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.flop_counter import FlopCounterMode

from worldsim.diffusion.noise import Levels
from worldsim.models.cost import forward_flops, peak_flops, training_flops, training_memory
from worldsim.models.diffusion_world import DiffusionWorld
from worldsim.models.video_dit import SIZES
from worldsim.training.prepare import recompute
from worldsim.types import Clip

TOKENS = Levels(by_token=1.0)

SHAPE = {"rows": 2, "frames": 6, "height": 32, "width": 48}
KINDS = {
    "micro": {"patch": 8, **SIZES["micro"]._asdict()},
    "grouped, registers": {"patch": 8, "width": 64, "depth": 6, "heads": 4, "kv_heads": 1, "registers": 3},
    "every block looks back": {"patch": 16, "width": 64, "depth": 2, "heads": 2, "kv_heads": 2, "time_every": 1},
    "FiLM": {"patch": 8, "width": 64, "depth": 2, "heads": 2, "kv_heads": 2, "conditioning": "FiLM"},
    "a level for each token": {"patch": 8, "width": 64, "depth": 2, "heads": 2, "kv_heads": 2, "levels": TOKENS},
}


def model_and_clip(kind):
    torch.manual_seed(0)
    rows, frames, height, width = SHAPE.values()
    mask = torch.ones(rows, frames, dtype=torch.bool)
    clip = Clip(torch.rand(rows, frames, 3, height, width), torch.rand(rows, frames - 1, 5), mask)
    return DiffusionWorld(5, window=6, **KINDS[kind]), clip


@pytest.mark.parametrize("kind", KINDS)
def test_operations_are_those_that_torch_counts(kind):
    model, clip = model_and_clip(kind)
    with FlopCounterMode(display=False) as forwards, sdpa_kernel(SDPBackend.MATH):
        loss = model.loss(clip, generator=torch.Generator())
    with FlopCounterMode(display=False) as backwards, sdpa_kernel(SDPBackend.MATH):
        loss.backward()
    assert forward_flops(model, **SHAPE) == forwards.get_total_flops()
    counted = forwards.get_total_flops() + backwards.get_total_flops()
    assert counted <= training_flops(model, **SHAPE) < 1.2 * counted, "the first layer passes nothing on"


@pytest.mark.parametrize("kind", KINDS)
def test_memory_is_nearly_what_is_kept(kind):
    model, clip = model_and_clip(kind)
    own, kept = {each.untyped_storage().data_ptr() for each in model.parameters()}, {}

    def keep(tensor):
        storage = tensor.untyped_storage()
        if storage.data_ptr() not in own:
            kept[storage.data_ptr()] = storage.nbytes()
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
        model.loss(clip, generator=torch.Generator())
    said = training_memory(model, **SHAPE)
    assert said.activations == pytest.approx(sum(kept.values()), rel=0.25)
    parameters = sum(each.numel() for each in model.parameters())
    assert 16 * parameters < said.weights < 20 * parameters, "the weight, its gradient, its average, one or two more"


def peak(model, clip) -> int:
    """Bytes at the most, from the beginning of a step to its end."""
    with torch.profiler.profile(activities=[torch.profiler.ProfilerActivity.CPU], profile_memory=True) as seen:
        model.loss(clip, generator=torch.Generator()).backward()
    events = [each for each in seen.profiler.kineto_results.events() if each.name() == "[memory]"]
    steps = [each.nbytes() for each in sorted(events, key=lambda each: each.start_ns())]
    return max(itertools.accumulate(steps))


def test_checkpointing_saves_what_it_is_said_to():
    torch.manual_seed(0)
    shape = {"rows": 4, "frames": 8, "height": 64, "width": 64}
    model = DiffusionWorld(5, patch=8, width=64, depth=8, heads=2, kv_heads=2, window=8)
    mask = torch.ones(4, 8, dtype=torch.bool)
    clip = Clip(torch.rand(4, 8, 3, 64, 64), torch.rand(4, 7, 5), mask)
    plain, said = peak(model, clip), training_memory(model, **shape).activations
    recompute(model)
    saved = plain - peak(model, clip)
    wanted = said - training_memory(model, **shape, checkpointing=True).activations
    assert wanted > said / 2 and saved == pytest.approx(wanted, rel=0.25)


def test_no_model_does_more_than_the_device_can():
    assert 1e8 < peak_flops(torch.device("cpu"), seconds=0.05) < 1e15
