"""What comes back is looked at before it is scored: each video that is not what was asked for is named, and why.

A video is refused where it is missing or damaged; where its frames are too many or too few, of another size, of another
rate, not bytes or not numbers; where it is frozen, though the world is not; where each second frame repeats the one
before; where bars run along its edges that the context does not have; and where the same video answers two questions
about two worlds. What is refused scores at the floor, like what never came, and is never left out.
"""

import hashlib
import zipfile
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import av
import numpy as np
from av.error import FFmpegError
from jaxtyping import UInt8

from worldsim_benchmarks.benchmark import Case, Missing, Video

RATE = 0.01
"""How far a frame rate may be off, as a share of it."""
STILL = 12
"""The largest difference of any pixel, in levels of 255, up to which two frames are the same one through a codec."""
BAR = 0.04
"""The share of the height or width from which a band along both edges is a bar."""
FLAT, DARK, LIGHT = 2.0, 24, 231
"""A bar varies by at most so many levels over all frames, and is at most so dark or at least so light."""


class Place(NamedTuple):
    """Where a video of a submission belongs: the episode it answers, and which sample it is."""

    episode: str
    sample: int

    def __str__(self) -> str:
        return f"{self.episode}/s{self.sample}"


@dataclass(frozen=True)
class Wanted:
    """What would do as an answer to one episode.

    Attributes:
        shape: Frames, height and width.
        fps: Frames a second (Hz).
        group: The twins that it belongs to, which may be answered alike.
        bars: How wide the context's own bars are: above and below, left and right, as a share.
        stands: Whether the world itself stands still; whoever does not know the truth says no.
    """

    shape: tuple[int, int, int]
    fps: float
    group: str
    bars: tuple[float, float]
    stands: bool = False

    @classmethod
    def of(cls, case: Case, group: str) -> "Wanted":
        """What a case asks for, by its truth where it has one."""
        height, width = case.seen.shape[1:3]
        real = case.truth.frames
        stands = len(real) > 0 and frozen(np.concatenate([case.seen[-1:], real]))
        return cls((len(case.plan), height, width), case.fps, group, bars(case.seen), stands)


# ---- one video -------------------------------------------------------------------------------------------------------


def find(folder: Path, place: Place) -> Path | None:
    """The file of a video, `episodes/<episode>/s<k>.mp4` or `.npz`; None where there is none."""
    there = (folder / "episodes" / f"{place}{ending}" for ending in (".mp4", ".npz"))
    return next((path for path in there if path.is_file()), None)


def look(folder: Path, place: Place, wanted: Wanted) -> Video | Missing:
    """A video of a submission, or what is wrong with it."""
    path = find(folder, place)
    if path is None:
        return Missing(f"there is no episodes/{place}.mp4 or .npz")
    try:
        frames, fps = _mp4(path) if path.suffix == ".mp4" else _npz(path)
    except (FFmpegError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
        return Missing(f"it cannot be read, and is damaged or cut short ({type(error).__name__})")
    wrong = fault(frames, fps, wanted)
    return Missing(wrong) if wrong else frames


def _mp4(path: Path) -> tuple[np.ndarray, float]:
    with av.open(str(path)) as container:
        stream = container.streams.video[0] if container.streams.video else None
        if stream is None:
            raise ValueError("it has no video in it")
        stream.codec_context.thread_count = 1
        frames = [frame.to_ndarray(format="rgb24") for frame in container.decode(stream)]
        if len({frame.shape for frame in frames}) != 1:
            raise ValueError("it has frames of several sizes, or none")
        return np.stack(frames), float(stream.average_rate or 0)


def _npz(path: Path) -> tuple[np.ndarray, float]:
    with np.load(path, allow_pickle=False) as file:
        return file["frames"], float(file["fps"])


def fault(frames: np.ndarray, fps: float, wanted: Wanted) -> str:
    """What is wrong with a video, in a sentence; nothing where it would do."""
    length, height, width = wanted.shape
    if frames.ndim != 4 or frames.shape[-1] != 3:
        return f"its frames are {list(frames.shape)}; [{length}, {height}, {width}, 3] would do"
    if np.issubdtype(frames.dtype, np.floating) and np.isnan(frames).any():
        return "it holds NaN"
    if frames.dtype != np.uint8:
        return f"its frames are {frames.dtype}; uint8, 0 to 255, would do"
    if len(frames) != length:
        return f"it has {len(frames)} frames; {length} were asked for"
    if frames.shape[1:3] != (height, width):
        return f"it is {frames.shape[2]} x {frames.shape[1]} pixels; {width} x {height} were asked for"
    if not abs(fps - wanted.fps) <= RATE * wanted.fps:
        return f"it runs at {fps:g} Hz; {wanted.fps:g} were asked for"
    if length > 1 and frozen(frames):
        return "" if wanted.stands else "it is frozen: all of its frames are the same"
    rests = np.abs(np.diff(frames.astype(np.int16), axis=0)).max((1, 2, 3)) <= STILL
    if length > 3 and any(rests[first::2].all() and not rests[1 - first :: 2].any() for first in (0, 1)):
        return "each second frame repeats the one before"
    names = ("above and below", "on the left and right")
    for own, usual, where in zip(bars(frames), wanted.bars, names, strict=True):
        if own >= BAR > usual:
            return f"it is letterboxed: there are bars {where}"
    return ""


def frozen(frames: Video) -> bool:
    """Whether all frames are the first one, give or take a codec."""
    return bool(np.abs(frames.astype(np.int16) - frames[0]).max() <= STILL)


def bars(frames: Video) -> tuple[float, float]:
    """How wide plain dark or light bars are: above and below, left and right; the narrower of each two, as a share."""
    low, high = frames.min((0, 3)).astype(int), frames.max((0, 3)).astype(int)
    found = []
    for axis in (1, 0):
        least, most = low.min(axis), high.max(axis)
        plain = (most - least <= FLAT) & ((most <= DARK) | (least >= LIGHT))
        edges = [len(plain) if side.all() else int(np.argmin(side)) for side in (plain, plain[::-1])]
        found.append(0.0 if plain.all() else min(edges) / len(plain))
    return found[0], found[1]


# ---- a whole submission ----------------------------------------------------------------------------------------------


def faults(folder: Path, wanted: Mapping[str, Wanted], samples: int) -> dict[Place, str]:
    """What is wrong with a submission, video by video, in the order of the episodes.

    Args:
        folder: The submission.
        wanted: What would do, by episode.
        samples: Answers to each.
    """
    wrong: dict[Place, str] = {}
    same: defaultdict[bytes, list[Place]] = defaultdict(list)
    for place in (Place(episode, sample) for episode in wanted for sample in range(samples)):
        video = look(folder, place, wanted[place.episode])
        if isinstance(video, Missing):
            wrong[place] = video.reason
        elif not wanted[place.episode].stands:
            same[_digest(video)].append(place)
    for places in same.values():
        for place in places:
            others = [each for each in places if wanted[each.episode].group != wanted[place.episode].group]
            if others:
                wrong[place] = f"it is a duplicate: the same video answers {others[0]}"
    order = {episode: number for number, episode in enumerate(wanted)}
    return dict(sorted(wrong.items(), key=lambda item: (order[item[0].episode], item[0].sample)))


def _digest(video: UInt8[np.ndarray, "t h w 3"]) -> bytes:
    return hashlib.sha256(np.ascontiguousarray(video).tobytes()).digest()
