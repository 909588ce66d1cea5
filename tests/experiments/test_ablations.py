"""The runner of ablations: each run once, compared seed by seed, and what is missing is said so."""

import json

import pytest
import yaml
from toy_episodes import write_noise

from experiments.ablations.page import DEFAULT, FROZEN, Interval, Table, finished
from experiments.ablations.run import HERE, arms, main, planned


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A plan of two arms, one of which has been done."""
    folder = tmp_path_factory.mktemp("ablations")
    usual = {"size": "micro", "frames": 4, "batch": 1, "steps": 1, "threads": 1}
    plan = {
        "data": str(write_noise(folder / "data", steps=24)),
        "all": usual,
        "seeds": [0],
        "questions": {"few steps": {"shortcut": {"shortcut": 1.0}}},
    }
    (folder / "arms.yaml").write_text(yaml.safe_dump(plan))
    go(folder, most=2)
    return folder


def go(folder, most=None):
    files = {name: str(folder / name) for name in ("results", "docs")}
    main(str(folder / "arms.yaml"), **files, most=most)


def test_runs_go_on_where_they_stopped_and_the_page_says_what_is_missing(folder):
    done, page = finished(folder / "results"), (folder / "docs" / "ablations.md").read_text()
    assert [run["arm"] for run in done] == [FROZEN, DEFAULT] and "few steps: shortcut, seed 0" in page
    go(folder)
    again = finished(folder / "results")
    assert again[:2] == done and [run["arm"] for run in again[2:]] == ["shortcut"]
    assert again[2]["given"]["shortcut"] == 1.0 and set(again[2]["found"]) == {"2", "4", "16"}
    assert "Every run" in (folder / "docs" / "ablations.md").read_text()
    assert (folder / "docs" / "images" / "ablations.svg").stat().st_size > 1000
    go(folder)
    assert finished(folder / "results") == again, "nothing is done twice"


def test_arms_are_compared_with_the_default_of_the_same_seed():
    plan = {"data": "", "all": {}, "seeds": [0, 1, 2], "questions": {"gate": {"on": {"gate": True}}}}
    runs, gate = planned(plan, "hash"), ("gate", "on")
    done = [{**run, "score": score} for run, score in zip(runs, [0, 10, 20, 30, 11, 22, 33], strict=True)]
    assert Table(runs, done).gains(gate, lambda run: run["score"]) == [1, 2, 3]
    del done[5], done[1]  # of the default the first seed, and of the arm the second
    table = Table(runs, done)
    assert table.gains(gate, lambda run: run["score"]) == [3]
    assert [(run["arm"], run["seed"]) for run in table.missing] == [(DEFAULT, 0), ("on", 1)]


def test_an_interval_is_students_and_two_seeds_have_none():
    assert Interval.of([1.0, 2.0, 3.0]).half == pytest.approx(2.484, abs=1e-3)
    assert str(Interval.of([1.0, 2.0, 3.0])) == "+2.00 [-0.48, +4.48]"
    assert str(Interval.of([2.0, 2.0, 2.1])) == "**+2.03 [+1.89, +2.18]**"
    assert str(Interval.of([2.0, 2.1])) == "+2.05"


def test_the_arms_that_are_published_can_be_asked_for_and_no_others():
    plan = yaml.safe_load((HERE / "arms.yaml").read_text())
    assert len(plan["seeds"]) >= 3
    assert [arm.question for arm in arms(plan, ["target"])] == ["", "target", "target"]
    with pytest.raises(ValueError, match=r"no question 'targte'.*target, optimiser"):
        arms(plan, ["targte"])


def test_results_that_are_kept_are_of_the_arms_there_are():
    plan = yaml.safe_load((HERE / "arms.yaml").read_text())
    done = [json.loads(line) for line in (HERE / "results.jsonl").read_text().splitlines()]
    there = planned(plan, done[0]["data"])
    assert all({name: run[name] for name in there[0]} in there for run in done)
