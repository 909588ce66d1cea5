"""Readers of things read what truth calls well seen, in every scene; and the test of that can fail."""

import json
from pathlib import Path

import numpy as np
import pytest

from worldsim_benchmarks import admission as command
from worldsim_benchmarks.admission import admission, admitted, demand, judge, judges, keep, page, recorded, table
from worldsim_benchmarks.trial import CLEAN, DAMAGES, Admission, Reading, Seen, admit, play, read, things
from worldsim_envs import SCENES
from worldsim_envs.palette import RGB

PERFECT = Reading(120, 1.0, 1.0, 0.02)


def drawn(size=64, hues=(0, 4), truth=None, aside=0.0, visible=None, beacons=()) -> Seen:
    """Four frames of two discs on grey, of the hues given; truth may say something else of them."""
    v, u = np.mgrid[:size, :size] / size * 64 + 0.5
    frames, there = np.full((4, size, size, 3), 130, np.uint8), []
    for t in range(4):
        ids = np.full((size, size), -1)
        for i, hue in enumerate(hues):
            x, y = 14 + 5 * t, 20 + 24 * i
            frames[t, np.hypot(u - x - aside, v - y) < 7] = np.round(255 * RGB[hue])
            ids[np.hypot(u - x, v - y) < 7] = i
        there.append(things(ids, np.array(truth or hues), np.array(visible or (1.0,) * len(hues))))
    return Seen(frames, there, np.tile(np.reshape(np.array(beacons, float), (-1, 2, 2)), (4, 1, 1, 1)))


def judged(seen: Seen) -> Admission:
    return Admission("toy", 128, read(seen), {name: read(seen, damage) for name, damage in DAMAGES.items()})


def test_what_is_plainly_seen_is_read_clean_and_damaged(monkeypatch):
    row = judged(drawn(size=128))
    assert (row.clean.asked, row.clean.recall, row.clean.precision) == (8, 1, 1) and row.clean.error < 0.01
    assert row.faults == ["8 things well seen and large enough, of 100 at least"]
    monkeypatch.setattr("worldsim_benchmarks.trial.ENOUGH", 8)
    assert row.faults == []
    assert "| toy | palette | colour | 128 | 8 | 0.00 | 1.00 1.00 |" in table([row])


def test_damage_changes_every_frame_and_keeps_its_shape():
    frames = drawn().frames
    for damage in DAMAGES.values():
        damaged = damage(frames)
        assert damaged.shape == frames.shape and damaged.dtype == np.uint8
        assert all(not np.array_equal(one, other) for one, other in zip(damaged, frames, strict=True))


@pytest.mark.parametrize(
    ("seen", "says"),
    [
        (drawn(truth=(0, 5)), "recall 0.500, precision 0.500"),  # a thing of another hue than truth says
        (drawn(hues=(0, 4), truth=(0, -1)), "precision 0.500"),  # a thing that is not there
        (drawn(aside=3.5), "recall 0.000"),  # a quarter of a diameter aside
        (drawn(truth=(-1, -1)), "recall nan"),
    ],
    ids=["hue", "ghost", "place", "nothing"],
)
def test_a_reader_that_is_wrong_is_not_let_in(seen, says):
    _, fault = Admission("toy", 64, read(seen), {}).faults
    assert says in fault


def test_what_is_damaged_may_be_a_little_aside_and_no_more():
    assert read(drawn(aside=3.5), lambda frames: frames).recall == 1
    assert read(drawn(aside=7.5), lambda frames: frames).recall == 0


def test_a_thing_that_is_seen_twice_is_a_ghost_once():
    seen = drawn()
    frames = seen.frames.copy()
    for t in range(4):
        frames[t, 20, 6 + 5 * t : 24 + 5 * t] = 130  # the first disc is cut in two
    assert read(seen._replace(frames=frames)).precision == pytest.approx(2 / 3)


def test_what_is_hidden_or_small_is_not_asked_about():
    assert read(drawn(visible=(1.0, 0.8))).asked == 4
    assert read(drawn(visible=(1.0, 0.8))).precision == 1
    assert read(drawn(size=16)).asked == 0
    assert all(read(drawn(), damage).asked == 8 for damage in DAMAGES.values())  # whatever is done to the frame


def test_what_touches_another_of_its_hue_is_read_with_it():
    apart = read(drawn(hues=(0, 0)))
    assert (apart.asked, apart.recall, apart.precision) == (8, 1, 1)
    ids = np.full((32, 32), -1)
    ids[4:12, 4:12], ids[12:20, 12:20], ids[24:30, 4:10] = 0, 1, 2
    shown = np.ones(3)
    assert [len(thing.pixels) for thing in things(ids, np.array([5, 5, 5]), shown)] == [128, 36]
    assert [len(thing.pixels) for thing in things(ids, np.array([5, 6, 5]), shown)] == [64, 36, 64]


def test_what_stands_where_a_beacon_does_is_left_to_another_reader():
    assert read(drawn(truth=(0, -1))).precision == 0.5
    assert read(drawn(truth=(0, -1), beacons=[[[14, 44], [29, 44]]])).precision == 1
    assert read(drawn(truth=(0, -1), beacons=[[[14, 4], [29, 4]]])).precision == 0.5
    assert read(drawn(truth=(0, -1), beacons=[[[np.nan, np.nan], [np.nan, np.nan]]])).precision == 0.5


@pytest.mark.parametrize(("enough", "episodes"), [(1, 2), (10**6, 3)])
def test_further_episodes_are_played_until_enough_is_asked_about(monkeypatch, enough, episodes):
    monkeypatch.setattr("worldsim_benchmarks.trial.ENOUGH", enough)
    seen = play("worldsim/Falling-v0", [32, 64], seeds=range(3), least=2, moments=2)
    assert {size: len(each.frames) for size, each in seen.items()} == {32: 2 * episodes, 64: 2 * episodes}


def test_a_scene_that_is_not_there_is_named():
    with pytest.raises(ValueError, match="there is no scene 'worldsim/Hiden-v0'"):
        admission("worldsim/Hiden-v0")
    with pytest.raises(ValueError, match="there is no template 'texture'; there are: palette, textured, held-out"):
        admission(templates="texture")
    with pytest.raises(ValueError, match="there is no reader 'B'; there are: colour, learned"):
        admission(readers="B")


def test_only_what_was_tested_and_admitted_is_judged(monkeypatch, tmp_path):
    blind = Reading(120, 0.5, 1.0, 0.02)
    rows = [Admission("worldsim/Tower-v0", 64, blind, {}), Admission("worldsim/Tower-v0", 128, PERFECT, {})]
    record = tmp_path / "benchmarks" / "worldsim_benchmarks" / "admission.json"
    for folder in (record.parent, tmp_path / "docs" / "benchmarks"):
        folder.mkdir(parents=True)
    record.write_text("[]")
    keep(rows, tmp_path)
    keep(rows[1:], tmp_path)
    assert recorded(record) == rows and len(json.loads(record.read_text())) == 2
    monkeypatch.setattr(command, "known", lambda: rows)
    demand(["worldsim/Tower-v0"], 128)
    refused = r"Tower-v0 at 64 px is not admitted \(colour: clean: recall 0.500.*admitted: 128\."
    with pytest.raises(ValueError, match=refused):
        demand(["worldsim/Tower-v0"], 64)
    with pytest.raises(ValueError, match=r"Hidden-v0 at 64 px was not tested.*admitted: none\."):
        demand(["worldsim/Tower-v0", "worldsim/Hidden-v0"][1:], 64)


def test_the_first_judges_that_is_admitted_to_how_a_scene_looks(monkeypatch):
    blind, scene = Reading(120, 0.5, 1.0, 0.02), "worldsim/Tower-v0"
    rows = [
        Admission(scene, 64, PERFECT, {}, "palette", "colour"),
        Admission(scene, 64, PERFECT, {}, "palette", "learned"),
        Admission(scene, 64, blind, {}, "textured", "colour"),
        Admission(scene, 64, PERFECT, {}, "textured", "learned"),
        Admission(scene, 64, blind, {}, "held-out", "learned"),
    ]
    monkeypatch.setattr(command, "known", lambda: rows)
    who = {template: admitted(scene, template, 64) for template in ("palette", "textured", "held-out")}
    assert who == {"palette": ["colour", "learned"], "textured": ["learned"], "held-out": []}
    assert [judge(scene, template, 64) for template in who] == ["colour", "learned", "colour"]
    assert admitted(scene, "textured", 128) == []
    assert judges(rows).splitlines()[2] == "| Tower-v0 | colour | learned | **none** |"


def test_the_page_is_the_record():
    written = (Path(__file__).parents[2] / "docs" / "benchmarks" / "admission.md").read_text()
    assert written == page(recorded()), "worldsim admission --write . writes it again"
    assert {row.scene for row in recorded()} <= SCENES.keys()


@pytest.mark.parametrize("scene", SCENES)
def test_every_scene_is_read_as_it_is(scene):
    """Undamaged, of few episodes; the whole test takes minutes."""
    clean = read(play(scene, [64], seeds=range(3), moments=6)[64])
    assert clean.asked >= 5
    assert clean.least >= CLEAN


@pytest.mark.slow
@pytest.mark.parametrize("scene", SCENES)
def test_what_was_recorded_is_so(scene):
    rows = {(row.template, row.reader, row.size): row for row in recorded() if row.scene == scene}
    for template, reader in dict.fromkeys(key[:2] for key in rows):
        sizes = [key[2] for key in rows if key[:2] == (template, reader)]
        for row in admit(scene, sizes=sizes, template=template, readers=[reader]):
            assert bool(row.faults) == bool(rows[template, reader, row.size].faults), (template, reader, row.faults)
