"""Segments of recorded Minecraft on disk, to datasets and back: `worldsim data from-vpt` and `worldsim data to-vpt`.

Segments are files that are there, named one by one, by folder, or by an index as VPT publishes it; nothing is
downloaded. What their lines mean stands in `worldsim.data.vpt`.
"""

import json
import os
from collections.abc import Iterator, Sequence
from pathlib import Path

import av
import numpy as np
from av.error import FFmpegError
from av.video.reformatter import VideoReformatter
from gymnasium import spaces
from tqdm import tqdm

from worldsim.data import vpt
from worldsim.data.spaces import space_to_json
from worldsim.data.store import EpisodeStore
from worldsim.data.writer import write_episodes
from worldsim.types import Episode
from worldsim.video import Picture, resize, write_mp4


def pictures(path: Path) -> Iterator[Picture]:
    """The frames of a video from anywhere, one at a time.

    Raises:
        ValueError: Where it is cut short or damaged.
    """
    try:
        with av.open(str(path)) as container:
            stream, reformatter = container.streams.video[0], VideoReformatter()
            stream.codec_context.thread_count = 1
            for frame in container.decode(stream):
                yield reformatter.reformat(frame, format="rgb24", threads=1).to_ndarray()
    except (FFmpegError, IndexError) as error:
        raise ValueError(f"{path} is no whole video ({error}): it is cut short or damaged; copy it again") from error


# ---- segments to episodes --------------------------------------------------------------------------------------------


def read_segment(
    video: Path, size: tuple[int, int] = (64, 64), steps: int = 200, partial: bool = False
) -> Iterator[Episode]:
    """A segment as episodes, each going on from the last frame of the one before.

    Args:
        video: The mp4; its jsonl lies beside it.
        size: Height and width in pixels; frames are resized by area, whatever their aspect.
        steps: At most so many to an episode.
        partial: Whether to keep what comes before a line, or a frame, that is missing.

    Raises:
        FileNotFoundError: Where one of the two files is not there.
        ValueError: Where one of them is damaged, or they differ in length by more than a second.
    """
    lines = video.with_suffix(".jsonl")
    for path in (video, lines):
        if not path.is_file():
            raise FileNotFoundError(f"there is no {path}; a segment is an mp4 and a jsonl of one name, side by side")
    ticks, frames, begins, shown = vpt.read_ticks(lines, partial), [], 0, 0
    for tick, picture in zip(ticks, pictures(video), strict=False):
        frames.append(resize(vpt.with_cursor(picture, tick.mouse) if tick.gui else picture, size))
        shown += 1
        if len(frames) == steps + 1:
            yield _episode(video.stem, ticks, frames, begins)
            frames, begins = frames[-1:], begins + steps
    if len(ticks) - shown > vpt.FPS and not partial:
        raise ValueError(
            f"{video} has {shown} frames beside {len(ticks)} lines in {lines.name}: it is cut short; copy it again, "
            "or keep what there is with --partial true"
        )
    if len(frames) > 1:
        yield _episode(video.stem, ticks, frames, begins)


def _episode(name: str, ticks: Sequence[vpt.Tick], frames: Sequence[Picture], begins: int) -> Episode:
    mine = ticks[begins : begins + len(frames)]
    return Episode(
        actions=vpt.actions_of(mine[:-1]),
        frames=np.stack(frames),
        fps=vpt.FPS,
        scene=vpt.SCENE,
        seed=begins,
        policy="human",
        states=vpt.states_of(mine),
        notes={"segment": name},
    )


def segments(files: Sequence[str], root: str | None = None) -> list[Path]:
    """The videos that are meant by names of files.

    Args:
        files: Videos, folders of them, or indices: a JSON with `relpaths`.
        root: Where the files of an index are, in its folders or all in one; beside the index where it is not said.

    Raises:
        FileNotFoundError: Where something is not there.
        ValueError: Where an index is none.
    """
    found: list[Path] = []
    for name in files:
        path = Path(name)
        if path.is_dir():
            found += sorted(path.rglob("*.mp4"))
        elif path.suffix == ".json" and path.is_file():
            found += _indexed(path, Path(root or path.parent))
        elif path.is_file():
            found.append(path)
        else:
            raise FileNotFoundError(f"there is no {path}; an mp4, a folder of them, or an index.json would do")
    if not found:
        raise FileNotFoundError(f"there is no mp4 in {', '.join(files)}")
    return found


def _indexed(index: Path, root: Path) -> list[Path]:
    try:
        names = [Path(name).with_suffix(".mp4") for name in json.loads(index.read_text())["relpaths"]]
    except (ValueError, KeyError, TypeError) as error:
        raise ValueError(f"{index} is no index: a JSON with a list of names under 'relpaths' would do") from error
    found = [next((at for at in (root / name, root / name.name) if at.is_file()), None) for name in names]
    if missing := [str(name) for name, at in zip(names, found, strict=True) if at is None]:
        raise FileNotFoundError(
            f"{index} names {len(names)} segments, of which {len(missing)} are not in {root}, the first {missing[0]}; "
            "nothing is downloaded here: fetch them, or say --root"
        )
    return [at for at in found if at is not None]


def from_vpt(
    files: list[str],
    out: str,
    size: int = 64,
    steps: int = 200,
    root: str | None = None,
    partial: bool = False,
    profile: str = "lossless",
    licence: str = "unstated",
) -> None:
    """Make a dataset of recorded Minecraft: VPT's contractor data, or whatever else has its form.

    Args:
        files: Videos with their jsonl beside them, folders of such, or indices as VPT publishes them.
        out: The folder of the dataset.
        size: Height and width of a frame in pixels.
        steps: At most so many steps to an episode; a longer segment becomes several.
        root: Where the segments of an index are; beside the index where it is not said.
        partial: Keep what comes before a line or frame that cannot be read, instead of stopping there.
        profile: How frames are coded: lossless, fine or preview.
        licence: Of the data, as an SPDX name.

    Raises:
        FileNotFoundError: Where a file is not there.
        ValueError: Where a file is damaged.
    """
    if size < 8 or steps < 1:
        raise ValueError(f"size={size} and steps={steps}; 8 and 1 are the least")
    videos = segments(files, root)
    about = {
        "world": {"id": vpt.SCENE, "kwargs": {}, "renderer": "Minecraft"},
        "action_space": space_to_json(vpt.space()),
        "policy": "human",
        "licence": licence,
    }
    with tqdm(videos, unit="segment", desc=f"read into {out}") as progress:
        episodes = (episode for video in progress for episode in read_segment(video, (size, size), steps, partial))
        write_episodes(out, episodes, profile, about)
    print(f"{out}: {len(EpisodeStore(out))} episodes; look: worldsim data show {out}")


# ---- episodes to segments --------------------------------------------------------------------------------------------


def write_segment(folder: Path, name: str, episode: Episode, kind: spaces.Space | None, profile: str) -> None:
    """An episode as `NAME.mp4` and `NAME.jsonl`, which comes last.

    Args:
        folder: Where; it exists.
        name: Of both files.
        episode: Of a Minecraft.
        kind: The space of its actions.
        profile: How frames are coded.

    Raises:
        ValueError: Where its actions are not those of a Minecraft.
    """
    known = {*vpt.BUTTONS, *vpt.MORE, "camera"}
    if not (isinstance(kind, spaces.Dict) and "camera" in kind.spaces and set(kind.spaces) <= known):
        raise ValueError(f"{name} has actions of {kind}; VPT-style data has Minecraft's: twenty buttons and the camera")
    taken = [spaces.unflatten(kind, action) for action in episode.actions]
    write_mp4(folder / f"{name}.mp4", episode.frames, episode.fps, profile)
    lines = "".join(json.dumps(line) + "\n" for line in vpt.lines_of(episode, taken))
    unfinished = folder / f".{name}.jsonl.tmp"
    unfinished.write_text(lines)
    os.replace(unfinished, folder / f"{name}.jsonl")


def to_vpt(path: str, out: str, profile: str = "lossless") -> None:
    """Write a dataset of a Minecraft as VPT-style data: an mp4 and a jsonl an episode, and an index of all.

    Args:
        path: The dataset.
        out: The folder to write to; what is there already is left.
        profile: How frames are coded: lossless, to the byte; fine; or preview, which plays anywhere.

    Raises:
        FileNotFoundError: Where there is no dataset.
        ValueError: Where its actions are not those of a Minecraft.
    """
    store, folder = EpisodeStore(path), Path(out)
    folder.mkdir(parents=True, exist_ok=True)
    names = [f"{Path(path).name}-{index:06d}" for index in range(len(store))]
    for index, name in enumerate(tqdm(names, unit="episode", desc=f"write {out}")):
        if not (folder / f"{name}.jsonl").exists():
            write_segment(folder, name, store[index], store.action_space, profile)
    (folder / "index.json").write_text(json.dumps({"basedir": str(folder), "relpaths": names}, indent=2) + "\n")
    print(f"{out}: {len(names)} segments; read them again: worldsim data from-vpt {out}/index.json --out ELSEWHERE")
