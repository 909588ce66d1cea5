"""Clips of several sizes and lengths in one pack are what each of them is alone."""

import numpy as np
import pytest
import torch
from torch import nn

from worldsim.models import diffusion_world
from worldsim.models.diffusion_world import DiffusionWorld
from worldsim.models.hidden import hide
from worldsim.models.video_dit import VideoDiT
from worldsim.nn import packing
from worldsim.types import Clip, Pack


def transformer(**changes) -> VideoDiT:
    torch.manual_seed(0)
    model = VideoDiT(
        5, 3, 2, **{"patch": 4, "width": 32, "depth": 4, "heads": 4, "kv_heads": 2, "window": 4, **changes}
    )
    for weight in model.parameters():
        nn.init.normal_(weight, std=0.2)
    return model.eval()


def clips(seed: int) -> list[torch.Tensor]:
    """Any mix: one to five shapes, from a single frame to more than the window sees, tall, wide, and equal ones."""
    draw, random = np.random.default_rng(seed), torch.Generator().manual_seed(seed)
    shapes = [(*draw.integers(1, (4, 10)), 5, *(4 * draw.integers(1, 6, 2))) for _ in range(draw.integers(1, 6))]
    return [torch.randn(*map(int, shape), generator=random) for shape in shapes]


def told(model: VideoDiT, frames: list[torch.Tensor], seed: int = 0) -> list[torch.Tensor]:
    """What each clip's frames are told, each of a noise level of its own."""
    random = torch.Generator().manual_seed(seed)
    said = []
    for each in frames:
        rows = each.shape[:2]
        known = torch.rand(rows, generator=random) < 0.7
        said.append(model.condition(torch.rand(rows, generator=random), torch.randn(*rows, 2, generator=random), known))
    return said


def row(said: list[torch.Tensor]) -> torch.Tensor:
    return torch.cat([each.flatten(1, 2) for each in said], dim=1)[:, None]


@pytest.mark.parametrize("changes", [{}, {"registers": 3, "kv_heads": 4}, {"window": 16, "time_every": 1}], ids=str)
@pytest.mark.parametrize("seed", range(8))
def test_packed_is_separate(seed, changes):
    """Outputs and gradients; and tokens of no clip make no difference."""
    model, frames = transformer(**changes), clips(seed)
    weights = [torch.randn(len(each), each.shape[1], 3, *each.shape[3:]) for each in frames]

    def learned(outputs):
        model.zero_grad()
        sum((out * weight).sum() for out, weight in zip(outputs, weights, strict=True)).backward()
        return [weight.grad.clone() for weight in model.parameters() if weight.grad is not None]

    def alone():
        return [model.through(each, said)[0] for each, said in zip(frames, told(model, frames), strict=True)]

    wanted, gradients = alone(), learned(alone())
    for spare in (0, 7):
        found = model.together(frames, row(told(model, frames)), spare)
        for one, other in zip(found, wanted, strict=True):
            torch.testing.assert_close(one, other, rtol=1e-5, atol=1e-5)
        for one, other in zip(learned(found), gradients, strict=True):
            torch.testing.assert_close(one, other, rtol=1e-4, atol=1e-4 * float(other.abs().max()))


def test_no_clip_hears_of_another():
    model, frames = transformer(), [torch.randn(2, 3, 5, 8, 8), torch.randn(1, 6, 5, 8, 12), torch.randn(3, 1, 5, 4, 8)]
    said = told(model, frames)
    before = model.together(frames, row(said), spare=5)
    frames[1], said[1] = torch.randn(1, 6, 5, 8, 12), -said[1]
    after = model.together(frames, row(said), spare=5)
    assert torch.equal(before[0], after[0]) and torch.equal(before[2], after[2])
    assert not torch.allclose(before[1], after[1])


@pytest.mark.parametrize(
    "changes", [{}, {"gate": True, "carry": True, "registers": 2}, {"residual": True, "target": "v"}], ids=str
)
def test_what_is_learned_of_a_pack_is_what_is_learned_of_its_clips(changes):
    """The loss counts each learned frame of each clip once, at equal noise; padding and spare tokens count nothing."""
    torch.manual_seed(0)
    model = DiffusionWorld(2, patch=4, width=32, depth=2, heads=2, kv_heads=1, window=4, **changes)
    for weight in model.parameters():
        nn.init.normal_(weight, std=0.1)
    shapes = [(2, 5, 8, 12), (1, 7, 16, 8), (3, 1, 8, 8)]
    parts = [
        Clip(torch.rand(b, t, 3, h, w), torch.randn(b, t - 1, 2), torch.ones(b, t).bool()) for b, t, h, w in shapes
    ]
    parts[0].mask[1, 3:] = False
    whole = model.loss(Pack(tuple(parts), spare=6), generator=torch.Generator().manual_seed(1))
    same, wrong, counted = torch.Generator().manual_seed(1), torch.zeros(()), 0
    for part in parts:
        learn = hide(model, part, 0, torch.Generator().set_state(same.get_state())).learn.sum()
        wrong, counted = wrong + model.loss(part, generator=same) * learn, counted + learn
    torch.testing.assert_close(whole, wrong / counted, rtol=1e-5, atol=1e-6)
    assert hide(model, parts[2], 0, same).learn.all(), "a frame that stands alone is never given"


def test_in_a_pack_too_a_share_of_the_rows_teaches_itself(monkeypatch):
    """However few rows each shape has."""
    taught = []

    def counted(world, clip, rows, generator):
        taught.append(rows)
        return hide(world, clip, rows, generator)

    monkeypatch.setattr(diffusion_world, "hide", counted)
    torch.manual_seed(0)
    model = DiffusionWorld(2, patch=4, width=16, depth=1, heads=1, kv_heads=1, window=3, shortcut=0.25)
    parts = [Clip(torch.rand(1, t, 3, 4, 8), torch.randn(1, t - 1, 2), torch.ones(1, t).bool()) for t in range(2, 10)]
    loss = model.loss(Pack(tuple(parts)), generator=torch.Generator().manual_seed(0))
    assert loss.isfinite() and sum(taught) == 2 and max(taught) == 1
    taught.clear()
    model.loss(Pack(tuple(parts)), generator=torch.Generator().manual_seed(0), done=0.1)
    assert not any(taught)


def attention_by_stretches(queries, keys, values, starts, also, most, longest, *, window_size, enable_gqa):
    """What torch says of `varlen_attn`: query i of a stretch sees keys from i - left to i + right, and -1 is all."""
    assert starts is also and most == longest == int(starts.diff().max())
    assert starts.dtype == torch.int32 and enable_gqa == (queries.shape[1] != keys.shape[1])
    left, right = window_size
    found = torch.empty_like(queries)
    for begin, end in zip(starts[:-1].tolist(), starts[1:].tolist(), strict=True):
        apart = torch.arange(end - begin)[:, None] - torch.arange(end - begin)
        seen = ((apart <= left) | (left < 0)) & ((-apart <= right) | (right < 0))
        part = (each[begin:end].transpose(0, 1)[None] for each in (queries, keys, values))
        found[begin:end] = nn.functional.scaled_dot_product_attention(*part, attn_mask=seen, enable_gqa=enable_gqa)[
            0
        ].transpose(0, 1)
    return found


@pytest.mark.parametrize("seed", range(4))
def test_one_kernel_for_all_boxes_is_asked_for_the_same(seed, monkeypatch):
    """There is no CUDA here: the kernel is played by its description."""
    model, frames = transformer(registers=1), clips(seed)
    wanted = model.together(frames, row(told(model, frames)), spare=3)
    monkeypatch.setattr(packing, "at_once", lambda values: True)
    monkeypatch.setattr(packing, "varlen_attn", attention_by_stretches)
    found = model.together(frames, row(told(model, frames)), spare=3)
    for one, other in zip(found, wanted, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-5, atol=1e-5)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="asks the kernel itself, which is CUDA's")
def test_packed_is_separate_on_cuda_in_bfloat16():
    model, frames = transformer(heads=2, kv_heads=1).cuda(), [each.cuda() for each in clips(3)]
    said = [each.cuda() for each in told(model.cpu(), frames)]
    with torch.autocast("cuda", dtype=torch.bfloat16):
        found = model.cuda().together(frames, row(said), spare=3)
        wanted = [model.through(each, own)[0] for each, own in zip(frames, said, strict=True)]
    for one, other in zip(found, wanted, strict=True):
        assert (one - other).abs().mean() < 0.02 * other.abs().mean()
