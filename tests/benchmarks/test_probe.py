"""Reader C: its weights are the ones that were tried, its arithmetic is exact, and it reads what colour cannot tell."""

from dataclasses import replace
from functools import cache

import numpy as np
import pytest
import torch
import torch.nn.functional as F
import toy_twins
from safetensors.torch import load_file

from worldsim_benchmarks import probe
from worldsim_benchmarks.permanence import Permanence
from worldsim_benchmarks.probe import EXACT, LAYERS, SHA256, WEIGHTS, LearnedReader, Network, look
from worldsim_benchmarks.run import run
from worldsim_benchmarks.trial import CLEAN, DAMAGED, DAMAGES, Seen, play, read

READER = LearnedReader()


@cache
def seen(scene: str, template: str, size: int = 64) -> Seen:
    return play(f"worldsim/{scene}-v0", [size], seeds=range(3), template=template, moments=4)[size]


def weights() -> dict[str, torch.Tensor]:
    return {name: tensor.float() for name, tensor in load_file(WEIGHTS).items()}


def same(one, other) -> bool:
    return all(np.array_equal(getattr(one, name), getattr(other, name)) for name in ("frame", "hue", "area", "centre"))


def test_other_weights_are_refused(tmp_path):
    content = WEIGHTS.read_bytes()
    assert len(content) <= 1_000_000
    other = tmp_path / "probe.safetensors"
    for changed in (content[:-1], content[:-1] + bytes([content[-1] ^ 1]), b""):
        other.write_bytes(changed)
        with pytest.raises(ValueError, match=rf"probe\.safetensors have the SHA-256 \w+.*reads with {SHA256}"):
            LearnedReader(weights=other)
    other.write_bytes(content)
    assert same(
        LearnedReader(weights=other).read(seen("VoxelLook", "textured").frames),
        READER.read(seen("VoxelLook", "textured").frames),
    )


def test_sums_are_exact_in_whatever_order_they_are_taken():
    """As much wider numbers say, to the bit, and with the channels of every layer in another order."""
    frames, given, wide = seen("VoxelLook", "textured").frames[:2], weights(), {}

    def apply(name, entering):
        layer, weight = LAYERS[name], given[f"{name}.weight"].double()
        sums = F.conv2d(entering.double(), weight, stride=layer.stride, padding=layer.kernel // 2)
        assert torch.equal(sums, sums.round()) and sums.abs().max() < EXACT
        leaving = sums.float() * given[f"{name}.gain"][:, None, None] + given[f"{name}.bias"][:, None, None]
        wide[name] = leaving if name == "say" else leaving.round().clamp(0, 255)
        return wide[name]

    network, found = Network(given), {}
    own = network._apply
    network._apply = lambda name, entering: found.setdefault(name, own(name, entering).clone())
    hues = network.hues(frames)
    look(apply, torch.from_numpy(frames).permute(0, 3, 1, 2).float())
    assert list(wide) == list(found) and all(torch.equal(wide[name], found[name]) for name in LAYERS)
    assert np.array_equal(hues, wide["say"].argmax(1).numpy() - 1) and (hues >= 0).any()


def test_weights_whose_sums_would_not_be_exact_are_refused():
    given = weights()
    given["8.weight"] = torch.full_like(given["8.weight"], 127)
    with pytest.raises(ValueError, match="sums of the layer '8' reach 18653760, and a float32 is exact up to 16777216"):
        Network(given)


def test_a_frame_is_read_alike_alone_and_among_others():
    frames = seen("VoxelLook", "textured").frames
    whole, again = READER.read(frames), READER.read(frames)
    assert same(whole, again) and len(whole.frame) > len(frames) / 2
    for t in range(len(frames)):
        alone = READER.read(frames[t : t + 1])
        for hue in range(8):
            for one, other in zip(whole.of(t, hue), alone.of(0, hue), strict=True):
                assert np.array_equal(one, other)


@pytest.mark.parametrize("size", [(64, 64), (50, 71)])
def test_grey_frames_of_any_size_show_nothing(size):
    assert len(READER.read(np.full((2, *size, 3), 128, np.uint8)).frame) == 0


@pytest.mark.parametrize(
    ("scene", "template"),
    [("Crowd", "palette"), ("Crowd", "textured"), ("VoxelLook", "textured"), ("VoxelBreak", "held-out")],
)
def test_it_reads_scenes_as_the_trial_asks(scene, template):
    """Of few episodes; `worldsim admission` is the trial."""
    there = seen(scene, template, 128 if template == "held-out" else 64)
    clean = read(there, by="learned")
    assert clean.asked >= 20 and clean.least >= CLEAN
    for name in ("quarter", "noise 6", "hue +8"):
        assert read(there, DAMAGES[name], "learned").least >= DAMAGED, name
    if scene.startswith("Voxel"):
        assert read(there).precision < 0.9  # to a reader of colours the ground is a thing


def test_a_beacon_is_no_thing():
    there = seen("Gallery", "textured", 128)
    shown = [beacon for t in range(len(there.frames)) for beacon in there.beacons[t].reshape(-1, 2)]
    assert sum(bool(((each > 4) & (each < 124)).all()) for each in shown) > 50
    sighting = READER.read(there.frames)
    taken = 0
    for t, balls in enumerate(there.beacons):
        things = np.concatenate([thing.pixels for thing in there.things[t]])
        for centre in sighting.centre[sighting.frame == t]:
            at_a_ball = np.linalg.norm(balls.reshape(-1, 2) - centre, axis=1).min() < 2
            taken += at_a_ball and np.linalg.norm(things - centre, axis=1).min() > 4
    assert taken <= 2


def test_a_result_names_the_weights_that_judged():
    """And none where colours were read by hue."""
    pair = toy_twins.twins()
    by_hue, learned = (
        next(iter(run(Permanence(), [replace(pair, reader=reader)], split="toy", size=64)))
        for reader in ("colour", "learned")
    )
    assert learned.manifest["reader.learned"] == probe.SHA256
    assert "reader.learned" not in by_hue.manifest
