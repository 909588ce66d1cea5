"""Teach reader C how things look: renders of the simulator, corrupted, and which pixel is of a thing of which hue.

    python experiments/probe.py runs/probe --minutes 40

draws every scene in every template and range, once, into `runs/probe/renders`; learns from these on one core; and
writes `probe.safetensors` there, beside a line every thousand steps in `log.csv`. The worlds are those of seeds that
no benchmark and no trial asks about. It goes on where it was stopped; `--after STATE` begins with what another run
learned, whose `state.pt` that is.

    python experiments/probe.py runs/probe --ship

puts the network into the package, and its digest into the reader.
"""

import argparse
import csv
import hashlib
import io
import math
import re
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image
from safetensors.torch import save_file
from scipy import ndimage
from torch import Tensor, nn

from worldsim.video import resize
from worldsim_benchmarks import probe
from worldsim_benchmarks.contestants import through
from worldsim_benchmarks.probe import EXACT, LAYERS, look
from worldsim_benchmarks.trial import Seen, gamma, play, turned
from worldsim_envs import SCENES
from worldsim_envs.scene import find

FIRST = 3_000_000
"""The first seed; benchmarks ask from 1,000,000 and 2,000,000 on and in secret from 2**48 on, trials below 100."""
SEEDS = {64: 6, 128: 4, 256: 3}
"""Of each scene and template, by how many pixels across the frames are."""
BATCH = {64: 16, 128: 4, 256: 4}
"""Crops in a step; those of 256 pixels show a quarter."""
CROP = 128
RATE, DECAY = 3e-3, 1e-4
HARD = 0.03
"""The share of pixels, the worst, whose loss counts once more by itself."""
SETTLED = 0.85
"""From which share of the steps on the statistics of activations stay as they are."""
RANGE = 4.0
"""Standard deviations between an activation of 0 and one of 255."""


# ---- what is seen ----------------------------------------------------------------------------------------------------


def gather(folder: Path) -> None:
    """Draw what is missing: a file for each scene and template, with frames and labels of each size."""
    folder.mkdir(parents=True, exist_ok=True)
    for scene, listed in SCENES.items():
        for template in find(listed.where).templates:
            path = folder / f"{scene.removeprefix('worldsim/')}-{template}.npz"
            if path.exists():
                continue
            arrays, first = {}, FIRST
            for size, seeds in SEEDS.items():
                seen = play(scene, [size], seeds=range(first, first + seeds), template=template)[size]
                arrays |= {f"frames{size}": seen.frames, f"labels{size}": labels(seen)}
                first += seeds
            np.savez(partial := path.with_name(f".{path.name}"), **arrays)
            partial.rename(path)
            print(path, flush=True)


def labels(seen: Seen) -> np.ndarray:
    """Of every pixel 0 where no thing is, or 1 and the index of its hue; uint8 `[t h w]`."""
    found = np.zeros(seen.frames.shape[:3], np.uint8)
    for label, there in zip(found, seen.things, strict=True):
        for thing in there:
            u, v = thing.pixels.astype(int).T
            label[v, u] = 1 + thing.hue
    return found


# ---- what is done to it ----------------------------------------------------------------------------------------------


def corrupted(frame: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A frame uint8 `[h w 3]` after a few generic corruptions, none in one of four."""
    for number in rng.permutation(len(CORRUPTIONS))[: rng.choice(4, p=(0.25, 0.4, 0.25, 0.1))]:
        frame = CORRUPTIONS[number](frame, rng)
    return frame


def _smaller(frame: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    side, by = len(frame), rng.choice((1.5, 2, 3, 4, 4))
    small = resize(frame, (int(side / by), int(side / by)))
    if rng.random() < 0.5:
        return resize(small, (side, side))
    return np.asarray(Image.fromarray(small).resize((side, side), Image.Resampling.BILINEAR))


def _jpeg(frame: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    file = io.BytesIO()
    Image.fromarray(frame).save(file, "JPEG", quality=int(rng.integers(20, 80)), subsampling=0)
    return np.asarray(Image.open(file))


def _h264(frame: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    return through(frame[None], 10.0, int(rng.integers(17, 34)))[0]


def _blurred(frame: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    sigma = rng.uniform(0, 2 * len(frame) / 128)
    return ndimage.gaussian_filter(frame, (sigma, sigma, 0))


def _noisy(frame: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    grains = rng.uniform(0, 10) * rng.standard_normal(frame.shape, np.float32)
    return np.clip(np.round(frame + grains), 0, 255).astype(np.uint8)


def _gamma(frame: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    return gamma(rng.uniform(0.8, 1.25))(frame)


def _turned(frame: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    return turned(rng.uniform(-12, 12))(frame[None])[0]


def _gained(frame: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    gain, offset = rng.uniform(0.8, 1.2, 3) ** rng.choice((0.3, 1)) * rng.uniform(0.85, 1.15), rng.uniform(-12, 12)
    return np.clip(np.round(frame * gain + offset), 0, 255).astype(np.uint8)


def _aside(frame: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    shift = rng.uniform(-0.5, 0.5, 2)
    return ndimage.shift(frame, (*shift, 0), order=1, mode="nearest")


CORRUPTIONS = (
    *(_smaller,) * 4,
    *(_jpeg,) * 2,
    _h264,
    _blurred,
    *(_noisy,) * 2,
    _gamma,
    *(_turned,) * 2,
    _gained,
    _aside,
)
"""Each as often as it stands here."""


class Renders:
    """What `gather` drew, in memory.

    Args:
        folder: Where.
        seed: Decides what is drawn from it, and how it is corrupted.
    """

    def __init__(self, folder: Path, seed: int):
        self.rng = np.random.default_rng(seed)
        files = [np.load(path) for path in sorted(folder.glob("*.npz"))]
        self.frames = {size: [file[f"frames{size}"] for file in files] for size in SEEDS}
        self.labels = {size: [file[f"labels{size}"] for file in files] for size in SEEDS}

    def batches(self) -> Iterator[tuple[Tensor, Tensor]]:
        """Pictures `[n 3 h w]` in [0, 1], and labels, of one size in turn."""
        while True:
            for size in (64, 128, 64, 256):
                pairs = [self._one(size) for _ in range(BATCH[size])]
                pictures, told = (np.stack(each) for each in zip(*pairs, strict=True))
                yield torch.from_numpy(pictures).permute(0, 3, 1, 2) / 255, torch.from_numpy(told.astype(np.int64))

    def _one(self, size: int) -> tuple[np.ndarray, np.ndarray]:
        rng = self.rng
        which = rng.integers(len(self.frames[size]))
        at = rng.integers(len(self.frames[size][which]))
        frame, label = self.frames[size][which][at], self.labels[size][which][at]
        frame = corrupted(frame, rng)
        if size > CROP:
            there, middle = np.argwhere(label), rng.integers(size, size=2)
            if len(there) and rng.random() < 0.5:
                middle = there[rng.integers(len(there))]
            top, left = np.clip(middle - rng.integers(CROP, size=2), 0, size - CROP)
            frame, label = (each[top : top + CROP, left : left + CROP] for each in (frame, label))
        if rng.random() < 0.5:
            frame, label = frame[:, ::-1], label[:, ::-1]
        return np.ascontiguousarray(frame), np.ascontiguousarray(label)


# ---- who learns ------------------------------------------------------------------------------------------------------


class Learner(nn.Module):
    """The network as it learns: fractions, rounded as the whole numbers will be; gradients go through the rounding."""

    def __init__(self):
        super().__init__()
        self.convolve = nn.ModuleDict({name: self._convolution(name, *each) for name, each in LAYERS.items()})
        self.settle = nn.ModuleDict({name: nn.BatchNorm2d(LAYERS[name].leaving) for name in LAYERS if name != "say"})

    @staticmethod
    def _convolution(name: str, entering: int, leaving: int, kernel: int, stride: int) -> nn.Conv2d:
        return nn.Conv2d(entering, leaving, kernel, stride, kernel // 2, bias=name == "say")

    def forward(self, pictures: Tensor) -> Tensor:
        return look(self._through_layer, pictures)

    def _through_layer(self, name: str, entering: Tensor) -> Tensor:
        layer = self.convolve[name]
        scale = _scale(layer.weight)
        weight = _through(layer.weight / scale, torch.round) * scale
        sums = F.conv2d(entering, weight, layer.bias, layer.stride, layer.padding)
        if name == "say":
            return sums
        return _through(255 * (self.settle[name](sums) / RANGE).clamp(0, 1), torch.round) / 255

    @torch.no_grad()
    def whole(self) -> dict[str, Tensor]:
        """The weights of `probe.Network`."""
        found = {}
        for name, layer in self.convolve.items():
            scale = _scale(layer.weight)
            found[f"{name}.weight"] = (layer.weight / scale).round().to(torch.int8).contiguous()
            assert 255 * found[f"{name}.weight"].abs().int().sum((1, 2, 3)).max() < EXACT
            gain, bias = scale.flatten() / 255, layer.bias
            if name != "say":
                norm = self.settle[name]
                spread = norm.weight / torch.sqrt(norm.running_var + norm.eps)
                gain = scale.flatten() * spread / RANGE
                bias = 255 / RANGE * (norm.bias - norm.running_mean * spread)
            found |= {f"{name}.gain": gain.contiguous(), f"{name}.bias": bias.contiguous()}
        return found


def _scale(weight: Tensor) -> Tensor:
    """What a weight of 1 stands for, channel by channel."""
    return weight.detach().abs().amax((1, 2, 3), keepdim=True) / 127


def _through(values: Tensor, rounding) -> Tensor:
    return values + (rounding(values) - values).detach()


def loss(said: Tensor, told: Tensor) -> Tensor:
    """Cross entropy, and once more that of the worst pixels."""
    each = F.cross_entropy(said, told, reduction="none").flatten()
    return each.mean() + each.topk(int(HARD * len(each))).values.mean()


def learn(folder: Path, minutes: float, after: Path | None, seed: int = 0) -> None:
    """Learn for so long, and write the network."""
    torch.set_num_threads(1)
    torch.manual_seed(seed)
    learner = Learner().to(memory_format=torch.channels_last)
    optimiser = torch.optim.AdamW(learner.parameters(), lr=RATE, weight_decay=DECAY)
    state, done = folder / "state.pt", 0.0
    if after is not None:
        learner.load_state_dict(torch.load(after)["learner"])
    if state.exists():
        kept = torch.load(state)
        learner.load_state_dict(kept["learner"])
        optimiser.load_state_dict(kept["optimiser"])
        done = kept["done"]
    renders, began, mean = Renders(folder / "renders", seed + int(1000 * done)), time.monotonic(), 0.0
    began -= 60 * minutes * done
    for step, (pictures, told) in enumerate(renders.batches(), 1):
        done = (time.monotonic() - began) / 60 / minutes
        for group in optimiser.param_groups:
            group["lr"] = RATE * min(1, step / 200) * max(0.5 * (1 + math.cos(math.pi * min(done, 1))), 0.003)
        learner.train()
        if done > SETTLED:
            learner.settle.eval()
        value = loss(learner(pictures.contiguous(memory_format=torch.channels_last)), told)
        optimiser.zero_grad()
        value.backward()
        optimiser.step()
        mean += (value.item() - mean) / min(step, 200)
        if step % 1000 == 0 or done >= 1:
            torch.save({"learner": learner.state_dict(), "optimiser": optimiser.state_dict(), "done": done}, state)
            save_file(learner.whole(), folder / "probe.safetensors")
            with (folder / "log.csv").open("a", newline="") as file:
                csv.writer(file).writerow([step, f"{done:.4f}", f"{mean:.5f}"])
        if done >= 1:
            return


def ship(folder: Path) -> None:
    """Put the network into the package."""
    shutil.copyfile(folder / "probe.safetensors", probe.WEIGHTS)
    source, digest = Path(probe.__file__), hashlib.sha256(probe.WEIGHTS.read_bytes()).hexdigest()
    source.write_text(re.sub(r'SHA256 = "\w*"', f'SHA256 = "{digest}"', source.read_text()))
    print(f"{probe.WEIGHTS}: {digest}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--minutes", type=float, default=40)
    parser.add_argument("--after", type=Path)
    parser.add_argument("--ship", action="store_true")
    given = parser.parse_args()
    if given.ship:
        ship(given.folder)
    else:
        gather(given.folder / "renders")
        learn(given.folder, given.minutes, given.after)
