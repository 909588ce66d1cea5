"""Laws of the parts: positions, attention, modulation, tokens."""

import pytest
import torch
from torch import nn

from worldsim.nn.attention import KeyValues, Past, TimeAttention, look_back
from worldsim.nn.carry import carried
from worldsim.nn.modulation import Conditioner, LevelEmbedding
from worldsim.nn.rope import in_space, in_time, rotate
from worldsim.nn.tokens import ActionEmbedding, patchify, symlog, unpatchify


def test_a_rotated_product_depends_on_the_distance_alone():
    draw = torch.Generator().manual_seed(0)
    query, key = torch.randn(2, 1, 1, 1, 16, generator=draw)
    near = [
        rotate(query, in_time(torch.tensor([t + 3]), 16)) @ rotate(key, in_time(torch.tensor([t]), 16)).mT
        for t in (-30, 0, 7)
    ]
    torch.testing.assert_close(near[0], near[1])
    torch.testing.assert_close(near[2], near[1])
    late = rotate(query, in_time(torch.tensor([10**7 + 3]), 16)) @ rotate(key, in_time(torch.tensor([10**7]), 16)).mT
    torch.testing.assert_close(late, near[0], rtol=0, atol=1e-5)  # a rollout that goes on for days
    far = rotate(query, in_time(torch.tensor([5]), 16)) @ rotate(key, in_time(torch.tensor([0]), 16)).mT
    assert not torch.allclose(far, near[1])


def test_every_place_of_a_frame_is_told_apart_and_registers_stand_nowhere():
    places = in_space(3, 5, 16, registers=2)
    assert places.cos.shape == (17, 16)
    assert (places.sin[:2] == 0).all()
    turns = torch.cat([places.cos, places.sin], dim=1)[2:]
    assert len(turns.unique(dim=0)) == 15


def test_what_is_carried_comes_from_where_it_is_told_to():
    frames = torch.rand(2, 3, 4, 8, 10, generator=torch.Generator().manual_seed(0))
    still = torch.zeros(2, 3, 2, 8, 10)
    torch.testing.assert_close(carried(frames, still), frames)
    right_and_down = carried(frames, still + torch.tensor([3.0, -2.0])[:, None, None])
    torch.testing.assert_close(right_and_down[..., 2:, :-3], frames[..., :-2, 3:])
    torch.testing.assert_close(right_and_down[..., 2:, -3:], frames[..., :-2, -1:].expand(-1, -1, -1, -1, 3))
    between = carried(frames, still + torch.tensor([0.25, 0.0])[:, None, None])
    torch.testing.assert_close(between[..., :-1], torch.lerp(frames[..., :-1], frames[..., 1:], 0.25))


def attention(heads=4, kv_heads=2) -> TimeAttention:
    torch.manual_seed(0)
    return TimeAttention(32, heads, kv_heads).eval()


def ring_of(new: KeyValues, frames: int, slots: int) -> KeyValues:
    """The last `slots` of `frames` frames, frame f in slot f % slots; zeros where there were none."""
    ring = KeyValues(*(torch.zeros(*part.shape[:-2], slots, part.shape[-1]) for part in new))
    for frame in range(max(0, frames - slots), frames):
        for part, stored in zip(new, ring, strict=True):
            stored[..., frame % slots, :] = part[..., frame, :]
    return ring


@pytest.mark.parametrize("frames", [1, 3, 4, 5, 9, 16])
@pytest.mark.parametrize("new", [1, 2])
@torch.no_grad()
def test_attention_with_a_ring_equals_attention_to_the_whole_past(frames, new):
    window = 5
    layer, x = attention(), torch.randn(2, frames + new, 3, 32, generator=torch.Generator().manual_seed(1))
    whole, kept = layer(x, look_back(frames + new, layer.features, window=window))
    ring = ring_of(kept, frames, window - 1)
    roomy = (torch.cat([part, part[..., :1, :].expand(-1, -1, -1, new, -1)], dim=-2)[None] for part in ring)
    past = Past(*roomy, frames, (0,) * len(x), slots=window - 1)
    view = look_back(new, layer.features, window=window, written=frames, slots=window - 1)
    streamed, _ = layer(x[:, frames:], view, next(past.layers(new)))
    torch.testing.assert_close(streamed, whole[:, frames:], rtol=0, atol=1e-5)


@torch.no_grad()
def test_time_attention_sees_neither_the_future_nor_beyond_the_window():
    layer, x = attention(), torch.randn(1, 9, 2, 32, generator=torch.Generator().manual_seed(1))
    view = look_back(9, layer.features, window=4)
    before, _ = layer(x, view)
    x[:, 4] += 1
    after, _ = layer(x, view)
    changed = (before != after).flatten(2).any(dim=2)[0]
    assert changed.tolist() == [False] * 4 + [True] * 4 + [False]


@pytest.mark.parametrize(("width", "heads", "kv_heads"), [(30, 4, 2), (32, 4, 3), (24, 4, 4)])
def test_sizes_that_do_not_divide_are_refused(width, heads, kv_heads):
    with pytest.raises(ValueError, match="heads"):
        TimeAttention(width, heads, kv_heads)


def test_levels_near_one_are_told_apart_even_under_autocast():
    embed = LevelEmbedding(32)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        near = embed(torch.tensor([[0.9990, 0.9995]]))
    assert near.dtype == torch.float32
    assert (near[0, 0] - near[0, 1]).abs().max() > 1e-4


@pytest.mark.parametrize(("manner", "says"), [("adaLN", "111"), ("FiLM", "110"), ("additive", "100")])
def test_a_condition_proposes_of_shift_scale_and_gate_what_it_may(manner, says):
    speaks = Conditioner(8, kinds=4, manner=manner)
    assert (speaks(torch.randn(2, 3, 8)) == 0).all(), "a new one says nothing"
    nn.init.normal_(speaks.out.weight)
    proposed = speaks(torch.randn(2, 3, 8)).chunk(3, dim=-1)
    assert [bool(part.all()) for part in proposed] == [each == "1" for each in says]
    assert [bool(part.any()) for part in proposed] == [each == "1" for each in says]


@pytest.mark.parametrize("patch", [1, 2, 8])
def test_patches_put_back_are_the_picture(patch):
    frames = torch.randn(2, 3, 4, 16, 24)
    assert torch.equal(unpatchify(patchify(frames, patch), patch, 16, 24), frames)


def test_a_patch_that_does_not_fit_is_refused_with_a_size_that_would():
    with pytest.raises(ValueError, match="resize to 64 x 48"):
        patchify(torch.zeros(1, 1, 3, 60, 50), 16)


def test_symlog_leaves_small_numbers_and_tames_large_ones():
    assert symlog(torch.tensor([0.0, 1e-4])).tolist() == pytest.approx([0, 1e-4], abs=1e-6)
    assert symlog(torch.tensor([-1e6])).item() == pytest.approx(-13.8, abs=0.1)


def test_an_unknown_action_is_not_heard():
    embed, known = ActionEmbedding(3, 8), torch.tensor([[True, False]])
    one, two = embed(torch.zeros(1, 2, 3), known), embed(torch.ones(1, 2, 3), known)
    assert not torch.equal(one[:, 0], two[:, 0])
    assert torch.equal(one[:, 1], two[:, 1])
    assert torch.equal(one[0, 1], embed.null)


def test_actions_of_another_world_are_refused():
    with pytest.raises(ValueError, match=r"4 components.*built for 3"):
        ActionEmbedding(3, 8)(torch.zeros(1, 2, 4), torch.ones(1, 2, dtype=torch.bool))


def test_a_world_without_actions_has_an_embedding_too():
    embed = ActionEmbedding(0, 8)
    assert isinstance(embed, nn.Module)
    assert embed(torch.zeros(1, 2, 0), torch.ones(1, 2, dtype=torch.bool)).shape == (1, 2, 8)
