"""Who is asked how often: families alike, and in the secret split what was never seen in training as well."""

from collections import Counter
from itertools import islice

import pytest

from worldsim_benchmarks import cases
from worldsim_benchmarks.benchmark import SPLITS
from worldsim_benchmarks.cases import Cut, Question, anyhow, at, in_turn

OCC = Question("M-OCC", "worldsim/Hidden-v0", ("present",), at(2, 2))
TUN = Question("M-TUN", "worldsim/Tunnel-v0", ("present",), at(2, 2))


def test_a_part_of_a_split_is_its_beginning():
    assert SPLITS["dev-60"] == (SPLITS["dev"][0], 60)
    for name in ("huge", "huge-3", "dev-x", "test:x"):
        with pytest.raises(KeyError):
            SPLITS[name]


def test_each_family_is_asked_as_often_however_many_questions_it_has(monkeypatch):
    monkeypatch.setitem(SPLITS, "dev", (2_000_000, 2))
    asked = list(in_turn([OCC, TUN, OCC], "dev", size=16))
    assert Counter(each.family for each in asked) == {"M-OCC": 2, "M-TUN": 2}
    assert {each.family for each in asked[:2]} == {"M-OCC", "M-TUN"}
    assert {each.variation for each in asked} == {"id"}
    assert [each.name for each in in_turn([OCC, TUN, OCC], "dev-3", size=16)] == [each.name for each in asked[:3]]


def test_the_secret_split_has_what_was_never_seen():
    asked = list(islice(in_turn([OCC], "test:300000000000000", size=16, legible=anyhow), 8))
    assert Counter(each.variation for each in asked) == {"id": 4, "ood": 2, "held-out": 2}
    assert len({each.name for each in asked}) == 8
    for each in asked:
        assert each.template == "M-OCC/Hidden-v0/present" + ("" if each.variation == "id" else f"/{each.variation}")


def test_no_held_out_template_is_asked_about_which_nobody_could_read(monkeypatch):
    look = Question("V-LOOK", "worldsim/VoxelLook-v0", ("present",), at(2, 2))
    for who, times in ([], {"id": 4, "ood": 2}), (["learned"], {"id": 4, "ood": 2, "held-out": 2}):
        monkeypatch.setattr(cases, "admitted", lambda scene, template, size, who=who: who)
        monkeypatch.setattr(
            cases, "judge", lambda scene, template, size: "learned" if template == "held-out" else "colour"
        )
        asked = list(islice(in_turn([look], "test:300000000000000", size=16), sum(times.values())))
        assert Counter(each.variation for each in asked) == times
        assert {each.reader for each in asked if each.variation == "held-out"} == set(who)


def test_a_question_that_no_world_answers_is_named(monkeypatch):
    monkeypatch.setattr(cases, "PATIENCE", 3)
    never = Question("M-OCC", "worldsim/Hidden-v0", ("present",), lambda told: None)
    with pytest.raises(ValueError, match="of 3 seeds in a row none answers"):
        next(never.all_twins(0, size=16))
    seldom = Question("M-OCC", "worldsim/Hidden-v0", ("present",), _every_third())
    assert len(list(islice(seldom.all_twins(0, size=16), 3))) == 3


def _every_third():
    asked = iter(range(100))
    return lambda told: Cut(2, 2) if next(asked) % 3 == 2 else None
