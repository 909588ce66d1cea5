"""A model that may be told words hears them wherever it looks, and loses nothing where it is told none."""

import pytest
import torch
import toy_models
from torch import nn

from worldsim.models import checkpoint
from worldsim.models.diffusion_world import DiffusionWorld
from worldsim.models.hidden import hide
from worldsim.models.stream import begin_anew, branch
from worldsim.types import Clip

ROWS, SEEN, PLAN, FEATURES = 2, 7, 3, 12


def tiny(started: bool = True, **changes) -> DiffusionWorld:
    return toy_models.tiny(started, **{"text": FEATURES, **changes})


def video() -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    return toy_models.video(ROWS, SEEN, PLAN)


def words(rows: int = ROWS, count: int = 5, seed: int = 0) -> torch.Tensor:
    return torch.randn(rows, count, FEATURES, generator=torch.Generator().manual_seed(seed))


def clip(text: torch.Tensor | None) -> Clip:
    seen, taken, _ = video()
    return Clip(seen, taken, torch.ones(ROWS, SEEN, dtype=torch.bool), text=text)


def imagined(model: DiffusionWorld, text: torch.Tensor | None) -> torch.Tensor:
    seen, taken, plan = video()
    generators = [torch.Generator().manual_seed(row) for row in range(ROWS)]
    return model.imagine(model.watch(seen, taken, text=text), plan, generator=generators)[0]


def test_untold_it_is_the_model_that_was_built_without():
    model, plain = tiny(), tiny(text=0)
    plain.load_state_dict({name: weight for name, weight in model.state_dict().items() if ".words." not in name})
    assert torch.equal(imagined(model, None), imagined(plain, None))
    assert torch.equal(imagined(model, torch.zeros(ROWS, 4, FEATURES)), imagined(plain, None)), "zeros are no words"
    fresh, same = tiny(started=False), tiny(started=False, text=0)
    assert all(torch.equal(weight, fresh.state_dict()[name]) for name, weight in same.state_dict().items())


def test_at_first_words_change_nothing_and_are_learned_from():
    model, plain = tiny(action_dropout=0.0), tiny(action_dropout=0.0)
    nn.init.zeros_(model.transformer.words.merge.weight)
    plain.load_state_dict(model.state_dict())
    losses = [
        each.loss(clip(text), generator=torch.Generator().manual_seed(0))
        for each, text in ((model, words()), (plain, None))
    ]
    assert torch.equal(*losses)
    losses[0].backward()
    assert model.transformer.words.merge.weight.grad.abs().max() > 0
    tiny_text = words().requires_grad_()
    tiny(action_dropout=0.0).loss(clip(tiny_text), generator=torch.Generator().manual_seed(0)).backward()
    assert (tiny_text.grad.abs().sum((1, 2)) > 0).all(), "an encoder could learn with it"


def test_words_are_heard_by_their_own_row_whatever_their_number():
    model, told = tiny(), words()
    before = imagined(model, told)
    longer = torch.cat([told, torch.zeros(ROWS, 3, FEATURES)], dim=1)
    torch.testing.assert_close(imagined(model, longer), before, rtol=0, atol=1e-5)
    other = told.clone()
    other[1] = words(seed=9)[1]
    after = imagined(model, other)
    assert torch.equal(after[0], before[0]) and not torch.allclose(after[1], before[1], atol=1e-3)
    assert not torch.allclose(imagined(model, None), before, atol=1e-3)
    withheld = hide(tiny(action_dropout=1.0), clip(told), 0, torch.Generator().manual_seed(0))
    assert not withheld.text.any()


@torch.no_grad()
def test_streaming_equals_recomputing_all_that_was_seen():
    model, text, (seen, taken, plan) = tiny(), words(), video()
    generators = [torch.Generator().manual_seed(row) for row in range(ROWS)]
    again = toy_models.recomputed(model, seen, taken, plan, generators, text=text)
    torch.testing.assert_close(imagined(model, text), again, rtol=0, atol=1e-4)


def test_branches_and_rows_that_begin_anew_keep_their_words():
    model, (seen, taken, plan) = tiny(), video()
    memory = model.watch(seen, taken, text=words())

    def go_on(memory, plan, *seeds):
        return model.imagine(memory, plan, generator=[torch.Generator().manual_seed(seed) for seed in seeds])[0]

    alone = go_on(memory, plan, 1, 3)
    futures = go_on(branch(memory, 2), plan.repeat_interleave(2, dim=0), 0, 1, 2, 3)
    torch.testing.assert_close(futures[1::2], alone, rtol=0, atol=1e-5)
    fresh = model.watch(seen[:1, :2], taken[:1, :1], text=words(rows=1, count=9, seed=5))
    both = go_on(begin_anew(memory, [0], fresh), plan, 5, 3)
    torch.testing.assert_close(both[:1], go_on(fresh, plan[:1], 5), rtol=0, atol=1e-4)
    torch.testing.assert_close(both[1:], alone[1:], rtol=0, atol=1e-4)


def test_surprise_and_features_hear_them():
    model, (seen, taken, _), told = tiny(), video(), words()
    other = told.clone()
    other[1] = words(seed=9)[1]
    for asked in (
        lambda text: model.surprise(
            seen, taken, generator=[torch.Generator().manual_seed(row) for row in range(ROWS)], text=text
        ),
        lambda text: model.features(seen, taken, layers=[-1], text=text)[-1],
    ):
        assert torch.equal(asked(other)[0], asked(told)[0])
        assert not torch.allclose(asked(other)[1, :1], asked(told)[1, :1], atol=1e-3), "from the first frame on"
        assert torch.equal(asked(torch.zeros(ROWS, 4, FEATURES)), asked(None))
    with pytest.raises(ValueError, match="words came to a model that was built without"):
        tiny(text=0).surprise(seen, taken, generator=torch.Generator(), text=told)


def test_in_a_pack_each_clip_has_its_own_words():
    model = tiny(action_dropout=0.0)
    shapes = [(2, 5, 16, 24), (1, 3, 32, 16), (3, 1, 8, 8)]
    texts = [words(2, 4, 1), None, words(3, 7, 2)]
    parts = tuple(
        Clip(torch.rand(b, t, 3, h, w), torch.randn(b, t - 1, 2), torch.ones(b, t).bool(), text=text)
        for (b, t, h, w), text in zip(shapes, texts, strict=True)
    )
    toy_models.check_packed_is_separate(model, parts, spare=4)


def test_a_model_with_words_is_saved_and_what_would_not_be_heard_is_refused(tmp_path):
    seen, taken, _ = video()
    model = tiny()
    again = checkpoint.load(checkpoint.save(model, tmp_path / "model", "# Words"))
    assert isinstance(again, DiffusionWorld) and torch.equal(imagined(again, words()), imagined(model, words()))
    with pytest.raises(ValueError, match="words came to a model that was built without; build one with text=12"):
        tiny(text=0).watch(seen, taken, text=words())
    with pytest.raises(ValueError, match="words came with 3 features; this model was built for 12"):
        model.watch(seen, taken, text=words()[..., :3])
