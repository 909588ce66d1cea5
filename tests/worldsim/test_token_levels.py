"""Tokens of a frame that are not equally noisy: each hears its own level, and a part of a picture tells the rest."""

import pytest
import torch
import toy_models

from worldsim.diffusion.noise import Levels
from worldsim.diffusion.objective import clean_from, corrupt, error
from worldsim.models import checkpoint
from worldsim.models.diffusion_world import DiffusionWorld
from worldsim.models.hidden import hide
from worldsim.types import Clip

OWN = Levels(by_token=1.0)


def tiny(started: bool = True, **changes) -> DiffusionWorld:
    return toy_models.tiny(started, **{"depth": 2, "levels": OWN, **changes})


def clip(rows=2, frames=5, height=16, width=24) -> Clip:
    random = torch.Generator().manual_seed(rows + frames)
    shown = torch.rand(rows, frames, 3, height, width, generator=random) * 2 - 1
    return Clip(shown, torch.randn(rows, frames - 1, 2, generator=random), torch.ones(rows, frames, dtype=torch.bool))


def asked(model: DiffusionWorld, clip: Clip):
    hidden = hide(model, clip, 0, torch.Generator().manual_seed(0))
    return hidden, (hidden.noisy, hidden.before, hidden.levels, hidden.actions, hidden.known)


@pytest.mark.parametrize("changes", [{}, {"registers": 0}, {"conditioning": "FiLM"}, {"shortcut": 0.5}], ids=str)
def test_equal_levels_are_the_level_of_the_frame(changes):
    model = tiny(**changes)
    hidden, given = asked(model, clip())
    alike = hidden.levels[:, :, None].expand(-1, -1, 6)
    wanted, _ = model.predict(*given, jumps=hidden.jumps)
    found, _ = model.predict(*given, jumps=hidden.jumps, tokens=alike)
    torch.testing.assert_close(found, wanted, rtol=0, atol=1e-5)
    cells = model.cells(alike, hidden.clean)
    assert torch.equal(corrupt(hidden.clean, hidden.noisy, cells), corrupt(hidden.clean, hidden.noisy, hidden.levels))
    for target in ("x", "v", "flow"):
        one, other = (clean_from(target, hidden.noisy, hidden.clean, each) for each in (cells, hidden.levels))
        torch.testing.assert_close(one, other)
        one, other = (error(target, hidden.clean, hidden.noisy, each) for each in (cells, hidden.levels))
        torch.testing.assert_close(one, other)


def test_a_token_hears_its_own_level_and_its_noise_is_that():
    model = tiny()
    hidden, given = asked(model, clip())
    assert hidden.tokens is not None and (hidden.tokens.std(-1)[hidden.learn] > 0).all()
    assert not hidden.tokens.std(-1)[~hidden.learn].any(), "what is given is given whole"
    tau = hidden.tokens[0, -1, 4]  # the second row's second token: rows 8 to 15, columns 8 to 15
    noise = (hidden.noisy - tau * hidden.clean)[0, -1, :, 8:16, 8:16] / (1 - tau)
    assert abs(noise.mean()) < 0.3 and 0.8 < noise.std() < 1.2
    before, _ = model.predict(*given, tokens=hidden.tokens)
    other = hidden.tokens.clone()
    other[0, -1, 4] = 0.0
    after, _ = model.predict(*given, tokens=other)
    assert torch.equal(after[0, :-1], before[0, :-1]) and torch.equal(after[1], before[1])
    assert not torch.allclose(after[0, -1, :, 8:16, 8:16], before[0, -1, :, 8:16, 8:16], atol=1e-4)


def test_a_share_of_the_clips_has_them():
    levels, learn = Levels(clean_past=0.0).draw(400, 3, generator := torch.Generator().manual_seed(0))
    tokens = Levels(by_token=0.25).of_tokens(levels, learn, 5, generator)
    own = tokens.std(-1) > 0
    assert (own.all(1) | ~own.any(1)).all() and 0.18 < own[:, 0].float().mean() < 0.32
    assert torch.equal(tokens[~own], levels[~own][:, None].expand(-1, 5))
    with pytest.raises(ValueError, match=r"by_token came as 1.5"):
        Levels(by_token=1.5)


@pytest.mark.parametrize("changes", [{}, {"gate": True, "carry": True, "registers": 0}, {"target": "v"}], ids=str)
def test_packed_is_separate(changes):
    model = tiny(**changes)
    parts = clip(2, 5, 16, 24), clip(1, 7, 16, 8), clip(3, 1, 8, 8)
    toy_models.check_packed_is_separate(model, parts, spare=6)


def test_what_teaches_itself_has_the_level_of_its_frame():
    model = tiny(shortcut=0.5)
    hidden = hide(model, clip(4), 2, torch.Generator().manual_seed(0))
    assert not hidden.tokens[:2].std(-1).any() and hidden.tokens[2:].std(-1).any()
    assert model.loss(clip(4), generator=torch.Generator().manual_seed(0)).isfinite()


def test_it_comes_back_with_the_checkpoint(tmp_path):
    again = checkpoint.load(checkpoint.save(tiny(), tmp_path / "model", "# Tokens"))
    assert isinstance(again, DiffusionWorld) and again.levels.by_token == 1.0


def test_a_model_that_learned_so_goes_on_with_a_picture_from_a_part_of_it():
    """All of a picture has one colour: where one token is shown, the others are known."""
    model = tiny(started=False, past=0, registers=0, levels=Levels("uniform", clean_past=0.0, by_token=1.0))
    learns, random = torch.optim.AdamW(model.parameters(), lr=4e-3), torch.Generator().manual_seed(0)

    def pictures(rows: int) -> Clip:
        colour = torch.rand(rows, 1, 3, 1, 1, generator=random) * 2 - 1
        return Clip(colour.expand(-1, -1, -1, 16, 16), torch.zeros(rows, 0, 2), torch.ones(rows, 1, dtype=torch.bool))

    for _ in range(250):
        learns.zero_grad()
        model.loss(pictures(32), generator=random).backward()
        learns.step()
    clean = model.codec.encode(pictures(64).frames)
    noise = torch.randn(clean.shape, generator=random)
    unknown, action = torch.zeros(64, 1, dtype=torch.bool), torch.zeros(64, 1, 2)
    wrong = []
    for shown in (0.0, 1.0):
        tokens = torch.tensor([shown, 0.0, 0.0, 0.0]).expand(64, 1, 4)
        noisy = corrupt(clean, noise, model.cells(tokens, clean))
        with torch.no_grad():
            guess, _ = model.predict(noisy, model.beside(clean), tokens[..., 0], action, unknown, tokens=tokens)
        wrong.append((guess - clean)[..., 8:, 8:].square().mean())
    assert wrong[1] < 0.2 * wrong[0], wrong
