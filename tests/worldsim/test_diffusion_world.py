"""Laws of the transformer and of its stream."""

from dataclasses import fields

import pytest
import torch
from torch import nn
from toy_models import recomputed, tiny, video

from worldsim.codec.pixel import Pixel
from worldsim.diffusion.noise import Levels
from worldsim.models.stream import begin_anew, branch, led_to
from worldsim.models.surprise import PROBED
from worldsim.models.video_dit import SIZES, VideoDiT, looks_back
from worldsim.protocols import Features, Surprise
from worldsim.random import draw
from worldsim.types import Clip


@pytest.mark.parametrize("seen_frames", [1, 2, 4, 10])
@pytest.mark.parametrize(
    "changes",
    [
        *(
            {},
            {"window": 2},
            {"window": 32},
            {"past": 0},
            {"past": 1, "residual": True},
            {"steps": 1},
            {"gate": True, "carry": True},
        ),
        *({"registers": 0}, {"conditioning": "FiLM"}, {"conditioning": "additive", "time_every": 1}),
    ],
    ids=str,
)
def test_streaming_equals_recomputing_all_that_was_seen(changes, seen_frames):
    """With 10 frames seen and 6 imagined, a window of 4 has gone round several times."""
    model, (seen, taken, plan) = tiny(**changes), video(frames=seen_frames)
    streamed, _ = model.imagine(model.watch(seen, taken), plan, generator=torch.Generator().manual_seed(0))
    again = recomputed(model, seen, taken, plan, torch.Generator().manual_seed(0))
    torch.testing.assert_close(streamed, again, rtol=0, atol=1e-4)
    assert streamed.std() > 0.1  # equal, and not because nothing happens


def test_what_left_every_window_is_forgotten():
    """Blocks are stacked, so a frame reaches as far as all their windows together, and not beyond."""
    model, (seen, taken, plan) = tiny(), video(frames=12)
    reach = model.transformer.time_blocks * (model.window - 1) + model.past + 1
    one, _ = model.imagine(model.watch(seen, taken), plan[:, :1], generator=torch.Generator().manual_seed(0))
    for frame, heard in ((12 - reach - 1, False), (12 - model.window, True)):
        other = seen.clone()
        other[:, frame] *= -1
        two, _ = model.imagine(model.watch(other, taken), plan[:, :1], generator=torch.Generator().manual_seed(0))
        assert torch.equal(one, two) != heard


def test_guidance_of_one_adds_nothing_and_of_zero_takes_away_what_it_guides():
    seen, taken, plan = video()
    plain = imagined(tiny(), seen, taken, plan)
    assert torch.equal(imagined(tiny(action_guidance=1.0, history_guidance=1.0), seen, taken, plan), plain)
    deaf, blind = tiny(action_guidance=0.0), tiny(history_guidance=0.0)
    one, other = (imagined(deaf, seen, taken, given[:, :1]) for given in (plan, plan + 1))
    assert torch.equal(one, other) and not torch.equal(one, plain[:, :1]), "the action is not heard"
    one, other = (imagined(blind, past, taken, plan) for past in (seen, -seen))
    assert torch.equal(one, other), "the past is not heard"
    away = imagined(tiny(action_guidance=2.0), seen, taken, plan[:, :1])
    assert not torch.equal(away, plain[:, :1])


def imagined(model, seen, taken, plan):
    return model.imagine(model.watch(seen, taken), plan, generator=torch.Generator().manual_seed(1))[0]


@pytest.mark.parametrize("changes", [{}, {"past": 0}, {"window": 3, "registers": 0}], ids=str)
def test_surprise_is_what_recomputing_all_that_was_seen_says(changes):
    model, (seen, taken, _) = tiny(**changes), video()
    assert isinstance(model, Surprise) and isinstance(model, Features)
    found = model.surprise(seen, taken, generator=torch.Generator().manual_seed(2))
    assert found.shape == (2, 10) and (found > 0).all()
    clean, generator = model.codec.encode(seen), torch.Generator().manual_seed(2)
    draw((2, 1, 3, 16, 16), generator)
    for time in range(1, 10):
        noise, truth, wrong = draw((2, 1, 3, 16, 16), generator), clean[:, time : time + 1], []
        for level in PROBED:
            frames = torch.cat([clean[:, :time], torch.lerp(noise, truth, level)], dim=1)
            levels = torch.cat([model.said_of(clean[:, :time]), torch.full((2, 1), level)], dim=1)
            known = (torch.arange(time + 1) > 0).expand(2, -1)
            with torch.no_grad():
                guess = model.predict(frames, model.beside(frames), levels, led_to(taken[:, :time]), known)[0][:, -1:]
            wrong.append((guess - truth).square().mean((2, 3, 4)))
        torch.testing.assert_close(found[:, time : time + 1], torch.stack(wrong).mean(0), rtol=1e-4, atol=1e-6)


def test_what_comes_later_changes_no_surprise_and_no_feature_before():
    model, (seen, taken, _) = tiny(), video()
    later, done = seen.clone(), taken.clone()
    later[:, 6:], done[:, 5:] = -1.0, 2.0

    def felt(frames, actions):
        return model.surprise(frames, actions, generator=torch.Generator().manual_seed(2))

    def active(frames, actions):
        return model.features(frames, actions, layers=[0, -1])

    assert torch.equal(felt(seen, taken)[:, :6], felt(later, done)[:, :6])
    assert not torch.equal(felt(seen, taken)[:, 6:], felt(later, done)[:, 6:])
    one, other = active(seen, taken), active(later, done)
    assert list(one) == [0, -1] and one[-1].shape == (2, 10, 4, 32), "registers are not among them"
    for layer in one:
        torch.testing.assert_close(one[layer][:, :6], other[layer][:, :6])
        assert not torch.allclose(one[layer][:, 6:], other[layer][:, 6:])
    assert not any(block._forward_hooks for block in model.transformer.blocks), "nothing is left behind"
    with pytest.raises(ValueError, match="there is no block 4; there are 4"):
        model.features(seen, taken, layers=[4])


def test_the_memory_stays_as_large_as_it_was_for_1200_frames():
    model, (seen, taken, _) = tiny(depth=1, steps=1, patch=16), video(rows=1, frames=3)
    memory = model.watch(seen, taken)
    sizes = {field.name: getattr(memory, field.name) for field in fields(memory)}
    random = torch.Generator().manual_seed(0)
    for _ in range(12):
        imagined, memory = model.imagine(memory, torch.zeros(1, 100, 2), generator=random)
        assert imagined.isfinite().all()
        for name, before in sizes.items():
            now = getattr(memory, name)
            if isinstance(before, torch.Tensor):
                assert now.shape == before.shape and now.untyped_storage().nbytes() <= before.untyped_storage().nbytes()
    assert memory.written == 2 + 1200


def test_branches_of_one_past_are_what_each_would_be_alone():
    model, (seen, taken, plan) = tiny(), video(rows=2)
    memory = model.watch(seen, taken)
    seeds = [torch.Generator().manual_seed(seed) for seed in range(6)]
    futures, _ = model.imagine(branch(memory, 3), plan.repeat_interleave(3, dim=0), generator=seeds)
    for row in range(6):
        past = slice(row // 3, row // 3 + 1)
        alone, _ = model.imagine(
            model.watch(seen[past], taken[past]), plan[past], generator=[torch.Generator().manual_seed(row)]
        )
        torch.testing.assert_close(alone, futures[row : row + 1], rtol=0, atol=2e-5)


@pytest.mark.parametrize("changes", [{}, {"window": 8}, {"past": 0, "registers": 0}], ids=str)
@pytest.mark.parametrize("before", [3, 9])
@pytest.mark.parametrize("shown", [1, 2, 3])
def test_rows_that_begin_anew_are_what_a_fresh_stream_is_and_the_others_go_on(changes, before, shown):
    """Whatever entered before, however often the ring went round, and the angles of positions included."""
    model, (seen, taken, plan) = tiny(**changes), video(rows=3, frames=3, plan=12)
    begun, done, _ = video(rows=2, frames=4)
    begun, done = begun[:, :shown], done[:, : shown - 1]
    generators = [torch.Generator().manual_seed(row) for row in range(3)]
    _, memory = model.imagine(model.watch(seen, taken), plan[:, :before], generator=generators)
    wanted = [
        model.imagine(
            model.watch(begun[row : row + 1], done[row : row + 1]) if row < 2 else model.watch(seen[2:], taken[2:]),
            plan[row : row + 1, before:] if row < 2 else plan[2:],
            generator=[torch.Generator().manual_seed(row + (100 if row < 2 else 0))],
        )[0][:, -(12 - before) :]
        for row in range(3)
    ]
    kept = memory.keys.clone()
    anew = begin_anew(memory, [0, 1], model.watch(begun, done))
    assert torch.equal(memory.keys, kept) and memory.since == (0, 0, 0), "the memory given stays as it was"
    generators[:2] = [torch.Generator().manual_seed(100 + row) for row in range(2)]
    middle, going_on = model.imagine(anew, plan[:, before : before + 1], generator=generators)
    rest, _ = model.imagine(going_on, plan[:, before + 1 :], generator=generators)
    found = torch.cat([middle, rest], dim=1)
    torch.testing.assert_close(found, torch.cat(wanted), rtol=1e-4, atol=2e-5)


def test_a_row_cannot_begin_with_more_than_the_others_have_seen():
    model, (seen, taken, _) = tiny(), video()
    with pytest.raises(ValueError, match="saw 10 frames came to rows that go on after 2"):
        begin_anew(model.watch(seen[:, :2], taken[:, :1]), [0, 1], model.watch(seen, taken))
    with pytest.raises(ValueError, match="1 rows are to begin anew with a memory of 2"):
        begin_anew(model.watch(seen, taken), [0], model.watch(seen, taken))


def test_at_the_start_the_transformer_says_zero_and_a_model_of_changes_says_still():
    model, (seen, taken, plan) = tiny(started=False, residual=True), video()
    output, _ = model.transformer(
        torch.randn(2, 3, 9, 16, 16), torch.rand(2, 3), torch.randn(2, 3, 2), torch.ones(2, 3, dtype=torch.bool)
    )
    assert (output == 0).all()
    imagined, _ = model.imagine(model.watch(seen, taken), plan, generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(imagined, seen[:, -1:].expand_as(imagined), rtol=0, atol=1e-6)


def test_each_block_begins_by_changing_nothing():
    model = tiny(started=False).transformer
    nn.init.normal_(model.head.weight)
    frames, levels = torch.randn(1, 2, 9, 16, 16), torch.rand(1, 2)
    known = torch.ones(1, 2, dtype=torch.bool)
    before, _ = model(frames, levels, torch.randn(1, 2, 2), known)
    model.blocks = nn.ModuleList([model.blocks[0]])
    after, _ = model(frames, levels, torch.randn(1, 2, 2), known)
    assert torch.equal(before, after)


@pytest.mark.parametrize("conditioning", ["adaLN", "FiLM", "additive"])
def test_every_weight_learns_and_every_action_is_heard(conditioning):
    model, (seen, taken, _) = tiny(conditioning=conditioning), video()
    plan, draw = torch.zeros(2, 1, 2), torch.Generator()
    one, two = (
        model.imagine(model.watch(seen, taken), each, generator=draw.manual_seed(0)) for each in (plan, plan + 1)
    )
    assert not torch.equal(one[0], two[0])
    clip = Clip(seen, taken, torch.ones(seen.shape[:2], dtype=torch.bool))
    model.loss(clip, generator=torch.Generator().manual_seed(0)).backward()
    assert [name for name, weight in model.named_parameters() if weight.grad is None or not weight.grad.any()] == []


def test_padding_and_what_is_given_clean_are_not_learned_from():
    model, (seen, taken, _) = tiny(levels=Levels(clean_past=0.0)), video()
    mask = torch.ones(seen.shape[:2], dtype=torch.bool)
    mask[:, 7:] = False
    one = model.loss(Clip(seen, taken, mask), generator=torch.Generator().manual_seed(0))
    seen[:, 7:] = 0
    two = model.loss(Clip(seen, taken, mask), generator=torch.Generator().manual_seed(0))
    assert torch.equal(one, two)


def test_the_loss_depends_on_the_generator_alone():
    model, (seen, taken, _) = tiny(), video()
    clip = Clip(seen, taken, torch.ones(seen.shape[:2], dtype=torch.bool))
    losses = [model.loss(clip, generator=torch.Generator().manual_seed(seed)).item() for seed in (1, 1, 2)]
    assert losses[0] == losses[1] != losses[2]


def test_bfloat16_autocast_stays_near():
    model, (seen, taken, plan) = tiny(), video()
    one, _ = model.imagine(model.watch(seen, taken), plan[:, :1], generator=torch.Generator().manual_seed(0))
    with torch.autocast("cpu", dtype=torch.bfloat16):
        two, _ = model.imagine(model.watch(seen, taken), plan[:, :1], generator=torch.Generator().manual_seed(0))
    assert (one - two).abs().mean() < 0.05


@pytest.mark.parametrize("depth", [1, 2, 4, 8, 12, 20, 24])
def test_the_last_block_always_looks_back(depth):
    assert looks_back(depth)[-1]
    assert looks_back(depth).count(True) < max(2, depth)


@pytest.mark.parametrize("size", ["micro", "nano", "S"])
def test_the_named_sizes_can_be_built(size):
    with torch.device("meta"):
        model = VideoDiT(9, 3, 2, patch=8, **SIZES[size]._asdict())
    assert sum(parameter.numel() for parameter in model.parameters()) > 1e6


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"past": 0, "residual": True}, "residual"),
        ({"window": 1}, "window"),
        ({"carry": True}, "carry=True came without the gate"),
        ({"context": 1.5}, "context"),
        ({"steps": 0}, "steps"),
        ({"heads": 3}, "heads"),
        ({"codec": nn.Identity()}, "codec"),
    ],
    ids=lambda value: str(value)[:20],
)
def test_impossible_models_are_refused(wrong, says):
    with pytest.raises(ValueError, match=says):
        tiny(**wrong)


@pytest.mark.parametrize("downscale", [1, 2, 4])
def test_the_pixel_codec_gives_back_what_it_was_given(downscale):
    codec, frames = Pixel(downscale), torch.rand(2, 3, 3, 16, 24) * 2 - 1
    latents = codec.encode(frames)
    assert latents.shape == (2, 3, codec.channels, 16 // downscale, 24 // downscale)
    torch.testing.assert_close(codec.decode(latents), frames)
    assert codec.decode(latents * 9).abs().max() <= 1


def test_folded_latents_stream_as_well():
    model, (seen, taken, plan) = tiny(codec=Pixel(2), patch=4), video()
    streamed, _ = model.imagine(model.watch(seen, taken), plan, generator=torch.Generator().manual_seed(0))
    again = recomputed(model, seen, taken, plan, torch.Generator().manual_seed(0))
    torch.testing.assert_close(streamed, again, rtol=0, atol=1e-4)
