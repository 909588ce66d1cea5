"""mp4 and png <-> arrays, by PyAV; resize; side by side.

A lossless file gives back the very bytes it was given, and the same frames always make the same file.
"""

import os
from collections.abc import Mapping, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any, NamedTuple

import av
import numpy as np
from av.container import InputContainer
from av.error import FFmpegError
from av.video.reformatter import VideoReformatter
from jaxtyping import UInt8

Frames = UInt8[np.ndarray, "n h w 3"]
Picture = UInt8[np.ndarray, "h w 3"]

KEYFRAME_EVERY = 16


class Profile(NamedTuple):
    """How frames are coded: an encoder, the pixel format it takes, and its options."""

    encoder: str
    pixels: str
    options: Mapping[str, str]


_NO_B_FRAMES = {"bf": "0", "g": str(KEYFRAME_EVERY), "keyint_min": str(KEYFRAME_EVERY), "sc_threshold": "0"}

PROFILES: dict[str, Profile] = {
    # bit-exact; plays in mpv, VLC and ffmpeg, but not in browsers
    "lossless": Profile("libx264rgb", "rgb24", {"crf": "0", "preset": "ultrafast", **_NO_B_FRAMES}),
    # full colour resolution, 44-47 dB; for corpora of 256 px and more
    "fine": Profile("libx264", "yuv444p", {"crf": "12", "preset": "veryfast", **_NO_B_FRAMES}),
    # what every browser plays; 4:2:0 caps PSNR near 37 dB at 64 px, so look at it and do not learn from it
    "preview": Profile("libx264", "yuv420p", {"crf": "18", "preset": "veryfast", **_NO_B_FRAMES}),
}


def write_mp4(path: str | Path, frames: Frames, fps: float, profile: str | Profile = "lossless") -> None:
    """Write frames as an mp4 that begins with its index, has no B-frames and a keyframe every 16 frames.

    The file appears whole, by an atomic rename.

    Args:
        path: Where; its folder must exist.
        frames: One or more RGB pictures.
        fps: Frames a second (Hz).
        profile: A name of `PROFILES`, or one of your own.

    Raises:
        ValueError: Where there are no frames, or no such profile, or fps is not above zero.
    """
    if isinstance(profile, str) and profile not in PROFILES:
        raise ValueError(f"video profile came as {profile!r}; there are: {', '.join(PROFILES)}")
    if not len(frames):
        raise ValueError(f"no frames to write to {path}; a video has at least one")
    rate = frame_rate(fps)
    encoder, pixels, options = PROFILES[profile] if isinstance(profile, str) else profile
    if pixels == "yuv420p":  # colour at half resolution needs even sides
        frames = np.pad(frames, [(0, 0), (0, frames.shape[1] % 2), (0, frames.shape[2] % 2), (0, 0)], mode="edge")
    path = Path(path)
    unfinished = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    with av.open(str(unfinished), "w", format="mp4", options={"movflags": "faststart"}) as container:
        stream = container.add_stream(encoder, rate=rate, options=dict(options))
        assert isinstance(stream, av.VideoStream)
        stream.height, stream.width = frames.shape[1:3]
        stream.pix_fmt = pixels
        stream.time_base = tick = 1 / rate
        stream.codec_context.thread_count = 1  # more threads make other bytes
        reformatter = VideoReformatter()
        for index, picture in enumerate(frames):
            frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(picture), format="rgb24")
            frame = reformatter.reformat(frame, format=pixels, threads=1)
            frame.pts, frame.time_base = index, tick
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    os.replace(unfinished, path)


def read_mp4(path: str | Path, start: int = 0, stop: int | None = None) -> Frames:
    """Read the frames `start` to `stop` (to the end where that is None) of a file that `write_mp4` wrote.

    Raises:
        FileNotFoundError: Where there is no such file.
        ValueError: Where the file is cut short or damaged, or has fewer frames than asked for.
    """
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"there is no video {path}")
    try:
        with av.open(str(path)) as container:
            return _decode(path, container, start, stop)
    except FFmpegError as error:
        raise ValueError(
            f"{path} is no whole mp4 ({error.strerror}, {path.stat().st_size} bytes): it is cut short or damaged; "
            "copy it again from where it came from, or record it again"
        ) from error


def _decode(path: Path, container: InputContainer, start: int, stop: int | None) -> Frames:
    if not container.streams.video:
        raise ValueError(f"{path} has no video in it; an mp4 with one video stream would do")
    stream = container.streams.video[0]
    stream.codec_context.thread_count = 1  # threads of a decoder hang the forked workers of a DataLoader
    total = stream.frames
    stop = total if stop is None else stop
    if not 0 <= start < stop <= total:
        raise ValueError(f"frames {start} to {stop} were asked of {path}, which has {total}")
    ticks = (stream.duration or 0) // total  # of the stream's clock, one frame
    reformatter = VideoReformatter()
    frames = np.empty((stop - start, stream.height, stream.width, 3), np.uint8)
    found = 0
    container.seek(start * ticks, stream=stream)
    for packet in container.demux(stream):
        if packet.is_corrupt:
            break
        for frame in packet.decode():
            index = (frame.pts or 0) // ticks - start
            if index < 0:
                continue
            if index != found or frame.is_corrupt:
                break
            plane: Any = reformatter.reformat(frame, format="rgb24", threads=1).planes[0]
            rows = np.frombuffer(plane, np.uint8).reshape(plane.height, plane.line_size)
            frames[found] = rows[:, : 3 * plane.width].reshape(plane.height, plane.width, 3)
            found += 1
            if found == len(frames):
                return frames
    raise ValueError(
        f"{path} is cut short or damaged: its index names {total} frames, but frame {start + found} cannot be read; "
        "copy it again from where it came from, or record it again"
    )


def join_mp4(path: str | Path, parts: Sequence[Path]) -> None:
    """Put files of equal size, rate and profile end to end, without coding them again.

    Each part begins with a keyframe, so each can still be reached alone. Does not rename: the caller does.

    Raises:
        ValueError: Where a part is damaged or of another kind than the first.
    """
    with av.open(str(path), "w", format="mp4", options={"movflags": "faststart"}) as container:
        stream, start, kind = None, 0, None
        for part in parts:
            try:
                with av.open(str(part)) as source:
                    track = source.streams.video[0]
                    this = (track.width, track.height, track.average_rate, track.codec_context.extradata)
                    if stream is None:
                        stream, kind = container.add_stream_from_template(track), this
                        stream.time_base = track.time_base
                    if this != kind:
                        raise ValueError(f"{part} is {this[:3]} beside {kind and kind[:3]}: one size and rate a file")
                    ticks = (track.duration or 0) // track.frames
                    for packet in source.demux(track):
                        if packet.size == 0:  # the demuxer's way to say that it is through
                            continue
                        packet.pts = packet.dts = (packet.pts or 0) + start
                        packet.duration = ticks
                        packet.stream = stream
                        container.mux(packet)
                    start += ticks * track.frames
            except FFmpegError as error:
                raise ValueError(f"{part} is cut short or damaged ({error.strerror}); record it again") from error


def frame_rate(fps: float) -> Fraction:
    """The frame rate as the fraction that a video file keeps.

    Raises:
        ValueError: Where it is not above zero.
    """
    if not fps > 0:
        raise ValueError(f"fps came as {fps}; it is in Hz and above zero")
    return Fraction(fps).limit_denominator(1001)


def png(picture: Picture) -> bytes:
    """One picture as the content of a png file."""
    height, width, _ = picture.shape
    codec = av.CodecContext.create("png", "w")
    assert isinstance(codec, av.VideoCodecContext)
    codec.width, codec.height, codec.pix_fmt, codec.time_base = width, height, "rgb24", Fraction(1)
    frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(picture), format="rgb24")
    return b"".join(bytes(packet) for packet in [*codec.encode(frame), *codec.encode(None)])


def write_png(path: str | Path, picture: Picture) -> None:
    """Write one picture; the file appears whole, by an atomic rename."""
    path = Path(path)
    unfinished = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    unfinished.write_bytes(png(picture))
    os.replace(unfinished, path)


def resize(frames: UInt8[np.ndarray, "*n h w 3"], size: tuple[int, int]) -> UInt8[np.ndarray, "*n y x 3"]:
    """Resize to (height, width) by area: a new pixel is the mean of what it covers, rounded to the nearest.

    The aspect ratio is not kept: what is asked for is what comes.
    """
    height, width = frames.shape[-3:-1]
    if (height, width) == tuple(size):
        return frames
    rows, columns = _coverage(height, size[0]), _coverage(width, size[1])
    squeezed = np.moveaxis(np.tensordot(rows, frames.astype(np.float32), axes=(1, frames.ndim - 3)), 0, -3)
    means = np.moveaxis(np.tensordot(columns, squeezed, axes=(1, frames.ndim - 2)), 0, -2)
    return np.clip(np.rint(means), 0, 255).astype(np.uint8)


def _coverage(old: int, new: int) -> np.ndarray:
    """`[new, old]`: the share of each old pixel in each new one; every row sums to one."""
    edges = np.arange(new + 1) * (old / new)
    pixels = np.arange(old)
    covered = np.minimum(edges[1:, None], pixels + 1) - np.maximum(edges[:-1, None], pixels)
    return (np.clip(covered, 0, None) * (new / old)).astype(np.float32)


def side_by_side(videos: Sequence[UInt8[np.ndarray, "_ _ _ 3"]], gap: int = 2) -> Frames:
    """Videos of equal length and height from left to right, `gap` white pixels between them.

    Raises:
        ValueError: Where they differ in length or height.
    """
    first = videos[0]
    for video in videos:
        if video.shape[:2] != first.shape[:2]:
            raise ValueError(
                f"videos of {len(first)} frames of height {first.shape[1]} and of {len(video)} frames of height "
                f"{video.shape[1]} do not stand side by side; cut or resize them first"
            )
    white = np.full((len(first), first.shape[1], gap, 3), 255, np.uint8)
    parts = [part for video in videos for part in (video, white)]
    return np.concatenate(parts[:-1], axis=2)


def filmstrip(frames: Frames, every: int = 1, gap: int = 2) -> UInt8[np.ndarray, "h _ 3"]:
    """Every so many-th frame from left to right, in one picture."""
    return side_by_side([frame[None] for frame in frames[::every]], gap)[0]
