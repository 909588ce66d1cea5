"""Published autoencoders as codecs. A test fetches none: untrained ones are saved as published ones are."""

# pyright: reportArgumentType=false, reportPrivateImportUsage=false
# diffusers says of tuples of any length that they have one member.

import diffusers
import pytest
import torch

from worldsim.codec.published import Published
from worldsim.models import checkpoint
from worldsim.models.diffusion_world import DiffusionWorld
from worldsim.protocols import Codec

SMALL = {"block_out_channels": (8, 8, 8), "latent_channels": 4}
KINDS = {
    "kl": lambda: diffusers.AutoencoderKL(
        down_block_types=("DownEncoderBlock2D",) * 3,
        up_block_types=("UpDecoderBlock2D",) * 3,
        norm_num_groups=4,
        scaling_factor=0.5,
        shift_factor=0.1,
        **SMALL,
    ),
    "tiny": lambda: diffusers.AutoencoderTiny(
        encoder_block_out_channels=(8, 8, 8),
        decoder_block_out_channels=(8, 8, 8),
        num_encoder_blocks=(1, 1, 1),
        num_decoder_blocks=(1, 1, 1),
        latent_channels=4,
    ),
}


@pytest.fixture(params=KINDS, scope="module")
def folder(request, tmp_path_factory):
    torch.manual_seed(0)
    path = tmp_path_factory.mktemp(request.param) / "vae"
    KINDS[request.param]().save_pretrained(path)
    return path


def test_it_is_a_codec_that_says_how_large_its_latents_are(folder):
    codec = Published(str(folder)).eval()
    frames = torch.rand(2, 3, 3, 32, 48) * 2 - 1
    with torch.no_grad():
        latents = codec.encode(frames)
        back, kept = codec.decode_on(latents, ())
    assert isinstance(codec, Codec) and (codec.channels, codec.downscale) == (4, 4)
    assert latents.shape == (2, 3, 4, 8, 12) and back.shape == frames.shape and kept == ()
    assert back.abs().max() <= 1
    with torch.no_grad():
        alone = codec.encode(frames[:, 1:2])
    torch.testing.assert_close(latents[:, 1:2], alone, rtol=1e-4, atol=1e-5)


def test_latents_are_scaled_as_the_model_says(tmp_path):
    torch.manual_seed(0)
    KINDS["kl"]().save_pretrained(tmp_path / "vae")
    codec, picture = Published(str(tmp_path), subfolder="vae").eval(), torch.rand(1, 3, 32, 32) * 2 - 1
    with torch.no_grad():
        raw = codec.vae.encode(picture).latent_dist.mode()
        torch.testing.assert_close(codec.encode(picture[:, None])[:, 0], (raw - 0.1) * 0.5)
        torch.testing.assert_close(
            codec.decode(codec.encode(picture[:, None]))[:, 0], codec.vae.decode(raw).sample.clamp(-1, 1)
        )


def test_a_world_model_on_it_is_saved_and_loaded(folder, tmp_path):
    torch.manual_seed(1)
    model = DiffusionWorld(2, patch=2, width=32, heads=2, kv_heads=1, window=4, codec=Published(str(folder))).eval()
    loaded = checkpoint.load(checkpoint.save(model, tmp_path / "model", "a card"))
    seen, plan = torch.rand(1, 2, 3, 32, 32) * 2 - 1, torch.zeros(1, 2, 2)
    one, other = (
        each.imagine(each.watch(seen, plan[:, :1]), plan, generator=torch.Generator().manual_seed(0))[0]
        for each in (model, loaded)
    )
    assert torch.equal(one, other)


def test_what_is_no_codec_is_refused(tmp_path):
    with pytest.raises(ValueError, match="finds no model"):
        Published(str(tmp_path / "nothing"))
    torch.manual_seed(0)
    video = diffusers.AutoencoderKLCogVideoX(block_out_channels=(8, 8, 8, 8), norm_num_groups=4)
    video.save_pretrained(tmp_path / "video")
    with pytest.raises(ValueError, match="gives no latent to each frame"):
        Published(str(tmp_path / "video"))
