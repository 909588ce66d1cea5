"""Who answers besides the models: trivial contestants, which make the floor, and the truth, whole and corrupted.

A corruption is a function `(twins, severity, rng) -> answers` in one of the tables at the end. Those that need to know
which pixels a thing covers take them from the twins, so they work on every scene that has twins.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from einops import rearrange
from jaxtyping import UInt8
from scipy import ndimage

from worldsim.video import PROFILES, read_mp4, write_mp4
from worldsim_benchmarks.benchmark import Contestant, Twins, Video
from worldsim_benchmarks.kept import heads
from worldsim_benchmarks.readers import DIFFERS

Corrupt = Callable[[Twins, float, np.random.Generator], list[Any]]
"""Answers to all cases of twins: videos, or where these are asked for surprises."""


@dataclass(frozen=True)
class Corrupted:
    """The truth as a contestant, after one corruption at one severity: the same one, whatever it is called."""

    name: str = field(compare=False)
    corrupt: Corrupt
    severity: float = 0.0

    def answer(self, twins: Sequence[Twins], *, seed: int) -> list[list[Any]]:
        """One answer a case; the same seed, the same bytes."""
        return [self.corrupt(each, self.severity, np.random.default_rng((seed, *each.name.encode()))) for each in twins]


@dataclass(frozen=True, eq=False)
class OtherEpisode:
    """One future of the next twins in line, shown to all arms alike: plausible frames, and no idea of what is asked.

    Attributes:
        line: All the twins that there are, of which some may be asked about; where it is empty, those that are.
        name: On the board.
    """

    line: Sequence[Twins] = ()
    name: str = "random-other"

    def answer(self, twins: Sequence[Twins], *, seed: int) -> list[list[Video]]:
        """One video a case, cut or held to the length of its plan."""
        line = self.line or twins
        place = {head.name: number for number, head in enumerate(heads(line))}
        others = [line[(place[each.name] + 1) % len(line)] for each in twins]
        return [
            [_held(other.cases[0].truth.frames, len(own.plan)) for own in each.cases]
            for each, other in zip(twins, others, strict=True)
        ]


def _held(frames: Video, length: int) -> UInt8[np.ndarray, "n h w 3"]:
    return frames[np.minimum(np.arange(length), len(frames) - 1)]


def _each(function: Callable[[Video], np.ndarray]) -> Corrupt:
    """A corruption that treats the truth of every case alike."""
    return lambda twins, severity, rng: [function(case.truth.frames) for case in twins.cases]


# ---- trivial: they know nothing, or one future where two are asked for -----------------------------------------------


def still(twins: Twins, severity: float, rng: np.random.Generator) -> list[Video]:
    """The last frame of the context, for ever."""
    return [np.repeat(case.seen[-1:], len(case.plan), 0) for case in twins.cases]


def mean_frame(twins: Twins, severity: float, rng: np.random.Generator) -> list[Video]:
    """The mean of the context, for ever."""
    return [np.repeat(case.seen.mean(0, keepdims=True).astype(np.uint8), len(case.plan), 0) for case in twins.cases]


def grey(twins: Twins, severity: float, rng: np.random.Generator) -> list[Video]:
    """Grey."""
    return [np.full_like(case.truth.frames, 128) for case in twins.cases]


def noise(twins: Twins, severity: float, rng: np.random.Generator) -> list[Video]:
    """Noise, evenly spread."""
    return [rng.integers(0, 256, case.truth.frames.shape, dtype=np.uint8) for case in twins.cases]


def agnostic(arm: int) -> Corrupt:
    """The true future of one arm, whatever was asked; where there is but one, of that."""
    return partial(_one_arm, arm=arm)


def _one_arm(twins: Twins, severity: float, rng: np.random.Generator, *, arm: int) -> list[Video]:
    return [_held(twins.cases[: arm + 1][-1].truth.frames, len(case.plan)) for case in twins.cases]


def hedge(twins: Twins, severity: float, rng: np.random.Generator) -> list[Video]:
    """The mean of the arms' true futures."""
    mean = np.mean([case.truth.frames for case in twins.cases], 0).astype(np.uint8)
    return [mean for _ in twins.cases]


# ---- wrong by sign ---------------------------------------------------------------------------------------------------


def exchanged(twins: Twins, severity: float, rng: np.random.Generator) -> list[Video]:
    """Of a pair, each arm's true future is told of the other; any further arms have their own."""
    videos = [case.truth.frames for case in twins.cases]
    return [*videos[1::-1], *videos[2:]]


def mirrored(twins: Twins, severity: float, rng: np.random.Generator) -> list[Video]:
    """Left for right."""
    return [case.truth.frames[:, :, ::-1] for case in twins.cases]


def reversed_time(twins: Twins, severity: float, rng: np.random.Generator) -> list[Video]:
    """From the end to the beginning."""
    return [case.truth.frames[::-1] for case in twins.cases]


# ---- benign and graded damage to the picture -------------------------------------------------------------------------


def replay(twins: Twins, severity: float, rng: np.random.Generator) -> list[Video]:
    """The truth itself."""
    return [case.truth.frames for case in twins.cases]


def codec(twins: Twins, severity: float, rng: np.random.Generator) -> list[Video]:
    """H.264, yuv444p, at the constant rate factor `severity`: what a submitted video goes through."""
    return [through(case.truth.frames, case.fps, severity) for case in twins.cases]


def through(frames: Video, fps: float, factor: float) -> Video:
    """Frames after H.264, yuv444p, at a constant rate factor."""
    fine = PROFILES["fine"]  # without B-frames, whose bytes x264 makes differently from run to run
    with TemporaryDirectory() as folder:
        write_mp4(f"{folder}/film.mp4", frames, fps, fine._replace(options={**fine.options, "crf": f"{factor:g}"}))
        return read_mp4(f"{folder}/film.mp4")


def shift(twins: Twins, severity: float, rng: np.random.Generator) -> list[Video]:
    """The whole picture to the right by `severity` pixels of 128: the same part of a picture at every size."""
    by = severity * twins.cases[0].seen.shape[2] / 128
    return [_aside(case.truth.frames, by) for case in twins.cases]


def _aside(frames: Video, by: float) -> Video:
    """Row by row, which is several times as fast as along one of four axes."""
    sizes = dict(zip("thwc", frames.shape, strict=True))
    rows = ndimage.shift(rearrange(frames, "t h w c -> (t h c) w"), (0, by), order=1, mode="nearest")
    return np.ascontiguousarray(rearrange(rows, "(t h c) w -> t h w c", **sizes))


def blur(twins: Twins, severity: float, rng: np.random.Generator) -> list[Video]:
    """A Gaussian of `severity` pixels."""
    sigma = (0, severity, severity, 0)
    return [ndimage.gaussian_filter(case.truth.frames, sigma) for case in twins.cases]


def grain(twins: Twins, severity: float, rng: np.random.Generator) -> list[Video]:
    """Gaussian noise of `severity` levels of 255."""
    return [
        np.clip(case.truth.frames + rng.normal(0, severity, case.truth.frames.shape), 0, 255).astype(np.uint8)
        for case in twins.cases
    ]


def gamma(twins: Twins, severity: float, rng: np.random.Generator) -> list[Video]:
    """Brightness by the power 1 + `severity`."""
    return [np.round(255 * (case.truth.frames / 255.0) ** (1 + severity)).astype(np.uint8) for case in twins.cases]


# ---- harm to the world -----------------------------------------------------------------------------------------------


def delay(twins: Twins, severity: float, rng: np.random.Generator) -> list[Video]:
    """Everything `severity` seconds late."""
    answers = []
    for case in twins.cases:
        late = np.arange(len(case.plan)) - max(1, round(severity * case.fps))
        answers.append(
            np.where((late >= 0)[:, None, None, None], case.truth.frames[np.maximum(late, 0)], case.seen[-1])
        )
    return answers


def vanish(twins: Twins, severity: float, rng: np.random.Generator) -> list[Video]:
    """The thing is gone for good from the fraction `severity` of the time on."""
    present, absent = (case.truth.frames for case in twins.cases)
    kept = np.arange(len(present)) < severity * len(present)
    return [np.where(kept[:, None, None, None], present, absent), absent]


def teleport(twins: Twins, severity: float, rng: np.random.Generator) -> list[Video]:
    """The thing `severity` of its diameters aside from where it should be."""
    by = severity * _diameter(twins)
    return [_pasted(twins, _moved(twins, by), keep=False), twins.cases[1].truth.frames]


def duplicate(twins: Twins, severity: float, rng: np.random.Generator) -> list[Video]:
    """The thing, and a second one `severity` of its diameters aside."""
    by = severity * _diameter(twins)
    return [_pasted(twins, _moved(twins, by), keep=True), twins.cases[1].truth.frames]


def recoloured(twins: Twins, severity: float, rng: np.random.Generator) -> list[Video]:
    """The thing in another colour: red, green and blue exchanged in turn."""
    present, absent = (case.truth.frames for case in twins.cases)
    return [np.where(_thing(twins)[..., None], np.roll(present, 1, axis=-1), present), absent]


def in_front(twins: Twins, severity: float, rng: np.random.Generator) -> list[Video]:
    """The thing drawn over whatever hides it, wherever it was seen last."""
    present, absent = (case.truth.frames for case in twins.cases)
    target = twins.cases[0].notes["target"]
    area = np.concatenate([twins.cases[0].before.area[:, target], twins.cases[0].truth.area[:, target]])
    frames = np.concatenate([twins.cases[0].seen, present])
    without = np.concatenate([twins.cases[1].seen, absent])
    context = len(twins.cases[0].seen)
    answer = present.copy()
    best = int(np.argmax(area[:context]))
    mask = np.abs(frames[best].astype(int) - without[best]).max(-1) > DIFFERS
    for t in np.flatnonzero(area[context:] == 0):
        answer[t][mask] = frames[best][mask]
    return [answer, absent]


def _thing(twins: Twins) -> np.ndarray:
    """The pixels that the thing covers in each frame `[t h w]`: where the twins differ."""
    present, absent = (case.truth.frames.astype(int) for case in twins.cases)
    return np.abs(present - absent).max(-1) > DIFFERS


def _diameter(twins: Twins) -> float:
    return float(twins.cases[0].truth.diameter[twins.cases[0].notes["target"]])


def _moved(twins: Twins, by: float) -> tuple[np.ndarray, np.ndarray]:
    """The thing's pixels, moved upwards by so many pixels, and its mask there."""
    rows = -round(by)
    return np.roll(twins.cases[0].truth.frames, rows, axis=1), np.roll(_thing(twins), rows, axis=1)


def _pasted(twins: Twins, thing: tuple[np.ndarray, np.ndarray], *, keep: bool) -> Video:
    pixels, mask = thing
    present, absent = (case.truth.frames for case in twins.cases)
    return np.where(rearrange(mask, "t h w -> t h w 1"), pixels, present if keep else absent)


# ---- the tables ------------------------------------------------------------------------------------------------------

REPLAY = Corrupted("replay", replay)
EXCHANGED = Corrupted("twins exchanged", exchanged)
CEILING = Corrupted("replay, through H.264", codec, 17.0)

TRIVIAL: tuple[Contestant, ...] = (
    Corrupted("copy-last", still),
    Corrupted("mean-frame", mean_frame),
    Corrupted("grey", grey),
    Corrupted("noise", noise),
    OtherEpisode(),
)
TRIVIAL_ON_TWINS: tuple[Contestant, ...] = (
    Corrupted("always", agnostic(0)),
    Corrupted("never", agnostic(1)),
    Corrupted("hedge", hedge),
)
ORACLES = {"replay": REPLAY, "exchanged": EXCHANGED, "replay-codec": CEILING}


def paired(twins: Sequence[Twins]) -> bool:
    """Whether any of these have a twin."""
    return any(head.arms >= 2 for head in heads(twins))


def trivial(twins: Sequence[Twins]) -> tuple[Contestant, ...]:
    """The trivial contestants that make sense for these twins."""
    alone = [OtherEpisode(twins) if isinstance(one, OtherEpisode) else one for one in TRIVIAL]
    return (*alone, *(TRIVIAL_ON_TWINS if paired(twins) else ()))
