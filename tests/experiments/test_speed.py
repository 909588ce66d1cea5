"""What is said of speed: contenders take turns, equals are compared, and aims stand beside what was measured."""

import re
import time

import numpy as np
import pytest
import torch
from toy_episodes import write_noise

from experiments.questions import Asked, ask, episodes_of, table
from experiments.speed import model as report
from experiments.speed import peers, streaming
from experiments.speed.streaming import at_once, beside_recomputing, by_threads, past
from experiments.speed.turns import Took, in_turns, median, timed
from worldsim.models.diffusion_world import DiffusionWorld

TINY = {"side": 32, "patch": 16, "window": 4, "steps": 2}


@pytest.fixture(autouse=True)
def brief(monkeypatch):
    """Two frames a turn are enough to see that there are turns."""
    monkeypatch.setattr(streaming, "AHEAD", 2)


def test_contenders_take_turns_and_the_first_does_not_count():
    calls = []

    def work(name, first):
        calls.append(name)
        if calls.count(name) == 1:
            time.sleep(first)

    took = in_turns({"one": lambda: work("one", 0.2), "other": lambda: work("other", 0.0)}, repeats=3)
    assert calls == ["one", "other"] * 4
    assert took["one"].wall < 0.1


def test_waiting_is_wall_time_and_not_cpu_time():
    result, took = timed(lambda: time.sleep(0.1) or "done")
    assert result == "done" and took.wall >= 0.1 > 2 * took.cpu
    assert median([Took(1, 5), Took(9, 6), Took(2, 40)]) == (2, 6)
    assert Took(4.0, 6.0).each(2) == (2.0, 3.0)


def test_a_streamed_frame_is_the_recomputed_one_and_threads_are_put_back():
    before = past("micro", **TINY)
    streaming, whole, apart = beside_recomputing(before, repeats=1)
    assert apart < 1e-5 and min(*streaming, *whole) > 0
    assert set(by_threads(before, [1, 2], repeats=1)) == {1, 2} and torch.get_num_threads() == 1
    assert set(at_once(before, [1, 3], repeats=1)) == {1, 3}


@pytest.fixture(scope="module")
def noise(tmp_path_factory):
    return write_noise(tmp_path_factory.mktemp("speed") / "noise", steps=24)


def test_questions_are_asked_about_the_same_with_the_same_noise(noise):
    torch.manual_seed(0)
    tiny = DiffusionWorld(2, patch=16, width=32, depth=2, heads=2, kv_heads=1, window=4)
    for parameter in tiny.parameters():
        torch.nn.init.normal_(parameter, std=0.05)
    worlds = episodes_of(noise, most=3)
    assert [len(episodes) for _, episodes in worlds] == [3]
    found, again = ask(tiny, worlds, [1, 3]), ask(tiny, worlds, [3])
    assert np.array_equal(found[3].errors, again[3].errors)
    assert not np.array_equal(found[1].errors, found[3].errors)
    assert len(table(found).splitlines()) == 4


def test_episodes_that_are_too_short_are_said_so(tmp_path):
    with pytest.raises(ValueError, match=r"no episode in .* has 24 frames"):
        episodes_of(write_noise(tmp_path / "short", steps=20))


def asked(off, seconds=1.0):
    after = np.asarray(off, float)
    return Asked(Took(seconds, seconds), np.ones(len(after)), np.stack([after, after], 1))


def test_how_far_off_is_a_ratio_of_means_over_episodes_in_which_something_moved():
    many = asked([0.2, 0.4, np.nan, 0.6])
    assert many.beside(many) == (1, 1, 1)
    ratio, low, high = asked([0.1, 0.2, np.nan, 0.3]).beside(many)
    assert (ratio, low, high) == pytest.approx((0.5, 0.5, 0.5))


@pytest.mark.parametrize(
    ("few", "reached"),
    [
        ([0.5] * 20, "yes"),
        ([0.6] * 20, "no"),
        ([0.1, 0.92] * 10, "too few episodes to say"),
        ([np.nan] * 20, "too few episodes to say"),
    ],
)
def test_an_aim_is_reached_where_the_whole_interval_is_within(few, reached):
    aim = report.off_by(asked(few), asked([0.5] * 20, seconds=8.0), 4, 64)
    assert aim.reached == reached and "8.0 x as fast" in aim.what


def test_one_run_shows_all_of_it(monkeypatch, capsys):
    monkeypatch.setattr(peers, "USUAL", peers.Shape(width=32, blocks=2, head=16, side=16, frames=2, batch=1))
    monkeypatch.setattr(report, "FASTER", 1e9)
    monkeypatch.setattr(report, "BUSY", 1e9)
    few = {"threads": [1], "streams": [1, 2], "count": 2, "many": 3, "repeats": 1}
    report.main(sizes=["micro", "nano"], **{**TINY, "side": 64, "steps": 4}, **few)
    shown = capsys.readouterr().out
    parts = ["The next frame", "One stream", "Several streams at once", "Few questions beside many", "A training step"]
    assert re.findall("^## (.+?)(?:,.*)?$", shown, re.MULTILINE) == [*parts, "Aims"]
    aims = shown.split("## Aims")[1]
    assert aims.count("at least 1e+09 x") == 2, "what is wanted is said, of each size"
    assert len(re.findall(r"streaming beside recomputing .* \| no \|$", aims, re.MULTILINE)) == 2
    for sought in ("micro: one stream", "nano: one stream", "places of things, 4 questions", "a training step beside"):
        assert sought in aims
    assert "2 episodes of worldsim/Tabletop-v0" in shown


def test_an_aim_that_is_missed_beside_other_work_is_not_said_to_be_missed():
    assert [report.judged(reached, Took(1.0, 1.1)) for reached in (True, False)] == ["yes", "no"]
    assert report.judged(True, Took(1.0, 2.0)) == "yes"
    assert "2.0 x its CPU time" in report.judged(False, Took(1.0, 2.0))


def test_what_could_not_be_measured_is_said_so(monkeypatch):
    monkeypatch.setattr(report, "find_spec", lambda name: None)
    [aim] = report.learning(repeats=1)
    assert aim.measured == "" and "pip install diffusers" in aim.reached


def test_a_model_that_is_not_asked_in_steps_is_refused_before_anything_is_measured():
    with pytest.raises(ValueError, match=r"still is not asked.*worldsim/micro"):
        report.main(model="still")
