import av
import numpy as np
import pytest

from worldsim.video import (
    PROFILES,
    filmstrip,
    join_mp4,
    read_mp4,
    resize,
    side_by_side,
    write_mp4,
    write_png,
)


def noise(frames=20, height=16, width=16, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (frames, height, width, 3), np.uint8)


def scene(frames=20, size=64):
    """What a simulator draws: flat colours, and something that moves."""
    video = np.full((frames, size, size, 3), (90, 120, 150), np.uint8)
    for index in range(frames):
        video[index, 20:40, index : index + 20] = (200, 60, 30)
    return video


@pytest.mark.parametrize("fps", [20.0, 12.5, 50.0, 30000 / 1001])
@pytest.mark.parametrize("frames, height, width", [(1, 16, 16), (17, 33, 47), (40, 8, 64)])
def test_lossless_gives_back_every_byte(tmp_path, frames, height, width, fps):
    video = noise(frames, height, width)
    write_mp4(tmp_path / "a.mp4", video, fps)
    assert np.array_equal(read_mp4(tmp_path / "a.mp4"), video)


@pytest.mark.parametrize("start, stop", [(0, 1), (0, 50), (15, 17), (16, 33), (49, 50)])
def test_a_window_is_that_part_of_the_whole(tmp_path, start, stop):
    video = noise(50)
    write_mp4(tmp_path / "a.mp4", video, 20.0)
    assert np.array_equal(read_mp4(tmp_path / "a.mp4", start, stop), video[start:stop])


def test_same_frames_same_bytes(tmp_path):
    for name in "ab":
        write_mp4(tmp_path / f"{name}.mp4", scene(), 20.0)
    assert (tmp_path / "a.mp4").read_bytes() == (tmp_path / "b.mp4").read_bytes()


@pytest.mark.parametrize("profile", PROFILES)
def test_files_can_be_sought_and_streamed(tmp_path, profile):
    write_mp4(tmp_path / "a.mp4", scene(40), 20.0, profile)
    with av.open(str(tmp_path / "a.mp4")) as container:
        packets = [packet for packet in container.demux(video=0) if packet.size]
    assert all(packet.pts == packet.dts for packet in packets), "B-frames"
    assert [index for index, packet in enumerate(packets) if packet.is_keyframe] == [0, 16, 32]
    data = (tmp_path / "a.mp4").read_bytes()
    assert data.index(b"moov") < data.index(b"mdat"), "the index comes first, so that a browser can begin at once"


def test_fine_keeps_what_is_to_be_learned_from(tmp_path):
    video = scene(20, 256)
    write_mp4(tmp_path / "a.mp4", video, 20.0, "fine")
    error = np.mean((read_mp4(tmp_path / "a.mp4").astype(float) - video) ** 2)
    assert 10 * np.log10(255**2 / error) > 40


def test_preview_is_what_browsers_play_whatever_the_size(tmp_path):
    write_mp4(tmp_path / "a.mp4", scene(5, 63), 20.0, "preview")
    with av.open(str(tmp_path / "a.mp4")) as container:
        stream = container.streams.video[0]
        assert (stream.codec_context.name, stream.pix_fmt, stream.width, stream.height) == ("h264", "yuv420p", 64, 64)


def test_joined_files_hold_all_frames_and_each_part_can_be_reached(tmp_path):
    parts = [noise(frames, seed=frames) for frames in (21, 1, 40)]
    for index, part in enumerate(parts):
        write_mp4(tmp_path / f"{index}.mp4", part, 12.5)
    join_mp4(tmp_path / "all.mp4", [tmp_path / f"{index}.mp4" for index in range(3)])
    whole = np.concatenate(parts)
    assert np.array_equal(read_mp4(tmp_path / "all.mp4"), whole)
    for start, stop in ((0, 21), (21, 22), (22, 62), (20, 23)):
        assert np.array_equal(read_mp4(tmp_path / "all.mp4", start, stop), whole[start:stop])


def test_files_of_two_sizes_are_not_joined(tmp_path):
    write_mp4(tmp_path / "a.mp4", noise(3, 16, 16), 20.0)
    write_mp4(tmp_path / "b.mp4", noise(3, 16, 32), 20.0)
    with pytest.raises(ValueError, match=r"b\.mp4 is .*32.* beside .*16"):
        join_mp4(tmp_path / "all.mp4", [tmp_path / "a.mp4", tmp_path / "b.mp4"])


@pytest.mark.parametrize("kept", [0.0, 0.01, 0.3, 0.7, 0.999])
def test_a_file_cut_short_is_named_and_never_read_as_whole(tmp_path, kept):
    path = tmp_path / "cut.mp4"
    write_mp4(path, noise(40), 20.0)
    data = path.read_bytes()
    path.write_bytes(data[: int(kept * len(data))])
    with pytest.raises(ValueError, match=r"cut\.mp4 is .*cut short or damaged.* again"):
        read_mp4(path)


@pytest.mark.parametrize(
    "change, error, says",
    [
        (lambda path: write_mp4(path, noise(), 20.0, "best"), ValueError, "'best'; there are: lossless, fine, preview"),
        (lambda path: write_mp4(path, noise(), 0.0), ValueError, "fps came as 0"),
        (lambda path: write_mp4(path, noise()[:0], 20.0), ValueError, "no frames"),
        (lambda path: read_mp4(path), FileNotFoundError, "there is no video"),
        (lambda path: side_by_side([noise(3), noise(4)]), ValueError, "do not stand side by side"),
    ],
)
def test_bad_input_is_one_sentence(tmp_path, change, error, says):
    with pytest.raises(error, match=says):
        change(tmp_path / "a.mp4")
    assert not list(tmp_path.iterdir()), "nothing half-written is left behind"


def test_a_picture_comes_back(tmp_path):
    picture = noise(1, 21, 34)[0]
    write_png(tmp_path / "a.png", picture)
    with av.open(str(tmp_path / "a.png")) as container:
        assert np.array_equal(next(container.decode(video=0)).to_ndarray(format="rgb24"), picture)


def test_resizing_by_area_is_the_mean_of_what_is_covered():
    video = noise(3, 12, 20)
    blocks = video.reshape(3, 4, 3, 5, 4, 3).mean(axis=(2, 4))
    assert np.abs(resize(video, (4, 5)) - blocks).max() <= 0.5


@pytest.mark.parametrize("size", [(7, 9), (64, 64), (16, 16)])
def test_resizing_keeps_a_flat_colour(size):
    flat = np.full((2, 16, 24, 3), (10, 100, 255), np.uint8)
    assert np.array_equal(resize(flat, size), np.broadcast_to(np.uint8([10, 100, 255]), (2, *size, 3)))


def test_videos_and_strips_stand_side_by_side():
    left, right = noise(3, 8, 8), noise(3, 8, 12, seed=1)
    both = side_by_side([left, right], gap=2)
    assert both.shape == (3, 8, 22, 3)
    assert np.array_equal(both[:, :, :8], left) and np.array_equal(both[:, :, 10:], right)
    assert (both[:, :, 8:10] == 255).all()
    assert np.array_equal(filmstrip(left, every=2, gap=0), np.concatenate([left[0], left[2]], axis=1))
