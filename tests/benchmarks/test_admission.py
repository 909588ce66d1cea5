"""The colour reader reads what truth calls well seen, in every scene; and the test of that can fail."""

import numpy as np
import pytest

from worldsim_benchmarks.admission import DAMAGES, Admission, Seen, admission, admit, play, read, table
from worldsim_envs import SCENES
from worldsim_envs.palette import RGB


def drawn(size=64, hues=(0, 4), truth=None, aside=0.0) -> Seen:
    """Four frames of two discs on grey, of the hues given; truth may say something else of them."""
    v, u = np.mgrid[:size, :size] / size * 64 + 0.5
    frames, ids = np.full((4, size, size, 3), 130, np.uint8), np.full((4, size, size), -1)
    for t in range(4):
        for i, hue in enumerate(hues):
            x, y = 14 + 5 * t, 20 + 24 * i
            frames[t, np.hypot(u - x - aside, v - y) < 7] = np.round(255 * RGB[hue])
            ids[t, np.hypot(u - x, v - y) < 7] = i
    return Seen(frames, ids, np.tile(truth or hues, (4, 1)), np.ones((4, len(hues))), np.zeros((4, 8), bool))


def test_what_is_plainly_seen_is_read_clean_and_damaged():
    seen = drawn(size=128)
    rows = [Admission("toy", 128, read(seen), {name: read(seen, damage) for name, damage in DAMAGES.items()})]
    assert rows[0].faults == [] and rows[0].clean == (8, 1.0, 1.0, pytest.approx(0, abs=0.01))
    assert "| toy | 128 | 8 | 1.000 | 1.000 | 0.00 |" in table(rows)


def test_damage_changes_every_frame_and_keeps_its_shape():
    frames = drawn().frames
    for damage in DAMAGES.values():
        damaged = damage.do(frames)
        assert damaged.shape == frames.shape and damaged.dtype == np.uint8
        assert all(not np.array_equal(one, other) for one, other in zip(damaged, frames, strict=True))


@pytest.mark.parametrize(
    ("seen", "says"),
    [
        (drawn(truth=(0, 5)), "recall 0.500, precision 0.500"),  # a thing of another hue than truth says
        (drawn(hues=(0, 4), truth=(0, -1)), "precision 0.500"),  # a thing that is not there
        (drawn(aside=3.5), "off by 0.2"),
        (drawn(truth=(-1, -1)), "nothing of a hue"),
    ],
    ids=["hue", "ghost", "place", "nothing"],
)
def test_a_reader_that_is_wrong_is_not_let_in(seen, says):
    [fault] = Admission("toy", 64, read(seen), {}).faults
    assert says in fault


def test_what_is_hidden_or_small_is_not_asked_about():
    seen = drawn()
    assert read(seen._replace(visible=np.tile([1.0, 0.8], (4, 1)))).asked == 4
    assert read(drawn(size=16)).asked == 0
    assert read(seen, DAMAGES["half"]).asked == 8
    assert read(seen, DAMAGES["quarter"]).asked == 0  # 154 pixels: not quite ten of the reduced picture
    assert read(drawn(size=128), DAMAGES["quarter"]).asked == 8


def test_what_touches_another_of_its_hue_is_read_with_it():
    apart = drawn(hues=(0, 0))
    assert read(apart) == (8, 1.0, 1.0, pytest.approx(0, abs=0.01))
    ids, frames = apart.ids.copy(), apart.frames.copy()
    between = np.zeros((64, 64), bool)
    between[20:44, 18:25] = True
    ids[between & (ids < 0)], frames[:, between] = 1, np.round(255 * RGB[0])
    joined = read(apart._replace(ids=ids, frames=frames))
    assert joined.asked == 4 and joined.recall == joined.precision == 1
    assert read(apart._replace(ids=ids, frames=frames, hue=np.tile((0, 4), (4, 1)))).recall < 1


def test_beacons_are_left_to_another_reader():
    seen, hues = drawn(truth=(0, -1)), np.arange(8)
    assert read(seen).precision == 0.5
    assert read(seen._replace(beacon=np.tile(hues == 4, (4, 1)))).precision == 1
    assert read(seen._replace(beacon=np.tile(hues == 3, (4, 1)))).precision == 0.5


def test_a_scene_that_is_not_there_is_named():
    with pytest.raises(ValueError, match="there is no scene 'worldsim/Hiden-v0'"):
        admission("worldsim/Hiden-v0")


@pytest.mark.parametrize("scene", SCENES)
def test_every_scene_is_read_as_it_is(scene):
    """Undamaged, of few episodes; the whole test takes minutes."""
    seen = play(scene, size=64, seeds=[1, 2], every=6)
    assert Admission(scene, 64, read(seen), {}).faults == []


@pytest.mark.slow
@pytest.mark.parametrize("size", [64, 128, 256])
@pytest.mark.parametrize("scene", SCENES)
def test_every_scene_is_admitted_at_every_size(scene, size):
    assert admit(scene, size=size).faults == []
