"""What a causal codec must obey, whatever it has learned."""

import pytest
import torch

from worldsim.codec.autoencoder import Autoencoder
from worldsim.protocols import Codec
from worldsim.types import Clip


@pytest.fixture(scope="module")
def codec():
    torch.manual_seed(0)
    made = Autoencoder(channels=4, width=8)
    for parameter in made.parameters():  # weights that have a say, where a block would change nothing at first
        torch.nn.init.normal_(parameter, std=0.1)
    return made.eval()


def frames(rows=2, count=5, side=32, seed=0):
    return torch.rand(rows, count, 3, side, side, generator=torch.Generator().manual_seed(seed)) * 2 - 1


def test_it_is_a_codec_of_the_shape_it_says(codec):
    assert isinstance(codec, Codec)
    latents = codec.encode(frames())
    assert latents.shape == (2, 5, 4, 4, 4)
    assert codec.decode(latents).shape == (2, 5, 3, 32, 32)


@torch.no_grad()
def test_frame_by_frame_is_the_same_as_all_at_once(codec):
    clip = frames()
    whole = codec.encode(clip)
    recalled, pieces = (), []
    for frame in clip.split([1, 3, 1], dim=1):
        latent, recalled = codec.encode_on(frame, recalled)
        pieces.append(latent)
    assert torch.allclose(torch.cat(pieces, 1), whole, atol=1e-5)
    recalled, pieces = (), []
    for latent in whole.split([2, 1, 2], dim=1):
        back, recalled = codec.decode_on(latent, recalled)
        pieces.append(back)
    assert torch.allclose(torch.cat(pieces, 1), codec.decode(whole), atol=1e-5)


@torch.no_grad()
def test_a_frame_knows_nothing_of_those_after_it_and_something_of_those_before(codec):
    clip = frames()
    later, earlier = clip.clone(), clip.clone()
    later[:, 3:] *= -1
    earlier[:, 0] *= -1
    assert torch.equal(codec.encode(later)[:, :3], codec.encode(clip)[:, :3])
    assert not torch.allclose(codec.encode(earlier)[:, 1], codec.encode(clip)[:, 1])


@torch.no_grad()
def test_an_image_is_a_video_of_one_frame_and_rows_do_not_mix(codec):
    clip = frames()
    assert torch.allclose(codec.encode(clip[:, :1]), codec.encode(clip)[:, :1], atol=1e-6)
    assert torch.allclose(codec.encode(clip[:1]), codec.encode(clip)[:1], atol=1e-5)


def test_settled_latents_are_white():
    torch.manual_seed(0)
    codec = Autoencoder(channels=4, width=8)
    seen = frames(rows=4, side=64)
    codec.settle(seen)
    flat = codec.encode(seen).detach().movedim(2, 0).flatten(1)
    assert torch.allclose(flat.mean(1), torch.zeros(4), atol=1e-4)
    assert torch.allclose(torch.cov(flat), torch.eye(4), atol=1e-2)


def test_it_learns_to_give_back_what_it_was_given():
    torch.manual_seed(0)
    codec = Autoencoder(channels=8, width=16)
    v, u = torch.meshgrid(torch.linspace(-1, 1, 32), torch.linspace(-1, 1, 32), indexing="ij")
    discs = [((u - x) ** 2 + v**2 < 0.2).float() * 2 - 1 for x in torch.linspace(-0.6, 0.6, 4)]
    clip = Clip(torch.stack(discs)[None, :, None].repeat(2, 1, 3, 1, 1), torch.zeros(2, 3, 1), torch.ones(2, 4) > 0)
    optimizer = torch.optim.AdamW(codec.parameters(), lr=1e-3)
    for step in range(250):
        optimizer.zero_grad()
        codec.loss(clip, generator=torch.Generator().manual_seed(step)).backward()
        torch.nn.utils.clip_grad_norm_(codec.parameters(), 1.0)
        optimizer.step()
    codec.settle(clip.frames)
    error = (codec.decode(codec.encode(clip.frames)) - clip.frames).square().mean()
    assert error < 0.03 < clip.frames.var() / 10


def test_what_cannot_be_is_refused(codec):
    with pytest.raises(ValueError, match="multiples"):
        codec.encode(frames(side=36))
    with pytest.raises(ValueError, match="16"):
        Autoencoder(downscale=6)
