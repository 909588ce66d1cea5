"""Which differences are chance, who is tied with whom, and which metrics deserve a look."""

import warnings
from dataclasses import replace

import numpy as np
import pytest
from toy_results import result

from worldsim_benchmarks.board import markdown
from worldsim_benchmarks.catalogue import BENCHMARKS
from worldsim_benchmarks.comparison import (
    comparable,
    compare,
    differences,
    holm,
    intraclass,
    reliability,
    seed_reliabilities,
    standings,
)
from worldsim_benchmarks.permanence import Permanence
from worldsim_benchmarks.result import write

HARD = np.random.default_rng(0).normal(0, 0.4, 120)
"""What makes each of the twins hard, for everybody."""


def statistic(means):
    return means["TDS"]


def answered(name, mean, noise=0.1, samples=1, family="M-A", seed=0, **changes):
    """A result of some skill on 120 twins of two templates, whose worlds are as hard for all."""
    rng = np.random.default_rng((seed, *name.encode()))
    values = mean + HARD + rng.normal(0, noise, (samples, len(HARD)))
    names = [f"{family}/{number % 2}/{number}" for number in range(len(HARD))]
    cases = {one: {"TDS": float(value)} for one, value in zip(names, values.mean(0), strict=True)}
    return replace(
        result(name),
        raw=float(values.mean()),
        cases=cases,
        metrics={"TDS": float(values.mean())},
        samples={one: {"TDS": values[:, i].tolist()} for i, one in enumerate(names)} if samples > 1 else {},
        templates={one: one.rpartition("/")[0] for one in names},
        manifest={"cases": "these"},
        **changes,
    )


def test_holm_is_the_textbook_rule():
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([0.9, 0.8]).tolist() == [1.0, 1.0]


def test_pairing_shows_what_the_intervals_of_two_rows_do_not():
    better, worse = answered("better", 0.35, noise=0.05), answered("worse", 0.3, noise=0.05)
    [row] = differences([better, worse], statistic)
    assert (row.one, row.other, row.family) == ("better", "worse", "all")
    assert row.better > 0.99 and row.shown and row.low > 0
    assert row.high - row.low < 0.1  # unpaired, it would be 0.2 wide
    [same] = differences([better, replace(better, contestant="twin")], statistic)
    assert (same.value, same.better, same.p) == (0, 0.5, 1) and not same.shown


def test_of_many_comparisons_of_equals_few_are_called_a_difference():
    """Twelve boards of four equally good models: at 5 % for a whole board one may err, and surely not four."""
    wrong = 0
    for seed in range(12):
        board = [answered(name, 0.3, noise=0.4, seed=seed) for name in "wxyz"]
        wrong += any(row.shown for row in differences(board, statistic))
    assert wrong <= 3


def test_models_asked_once_and_four_times_are_compared_on_the_same_twins():
    once, often = answered("once", 0.3), answered("often", 0.3, samples=4)
    [row] = differences([once, often], statistic)
    assert row.high - row.low < 0.1


def test_places_and_ties():
    board = [answered("good", 0.6), answered("also good", 0.598, noise=0.3), answered("bad", 0.2)]
    places = standings(comparable(board), statistic)
    assert places["good"].group == places["also good"].group != places["bad"].group
    assert (places["bad"].best, places["bad"].worst) == (3, 3)
    assert (places["good"].best, places["good"].worst) == (1, 2)


def test_only_models_that_answered_the_same_twins_are_comparable():
    board = [
        answered("one", 0.5),
        replace(answered("one", 0.4), low=0.0),
        replace(answered("elsewhere", 0.45), manifest={"cases": "others"}),
        answered("oracle", 1.0, noise=0.0, seed=1),
    ]
    board[3] = replace(board[3], kind="oracle")
    assert [row.raw for row in comparable(board)] == [board[0].raw]


def test_a_metric_is_as_reliable_as_it_orders_contestants_alike_on_other_worlds():
    rng = np.random.default_rng(0)
    skill = np.linspace(0, 1, 6)[:, None]
    steady = skill + rng.normal(0, 0.5, (6, 100))
    noise = rng.normal(0, 0.5, (6, 100))
    kinds = [f"f/{number % 3}" for number in range(100)]
    assert reliability(steady, kinds) > 0.9
    assert reliability(noise, kinds) < 0.8
    assert np.isnan(reliability(np.ones((6, 100)), kinds))
    assert np.isnan(reliability(steady[:2], kinds))
    upside_down = np.array([[0.0, 1.0], [1.0, 0.0], [0.5, 0.5]])
    with warnings.catch_warnings(action="error"):
        assert np.isclose(reliability(upside_down, ["f", "f"]), -1), (
            "halves that contradict each other divide by nothing"
        )


def test_seeds_that_order_contestants_otherwise_make_a_metric_a_diagnostic():
    rng = np.random.default_rng(0)
    skill = np.linspace(0, 1, 6)[:, None]
    assert intraclass(skill + rng.normal(0, 0.01, (6, 4))) > 0.99
    assert intraclass(np.repeat(skill, 4, 1)) == 1  # seeds make no difference
    assert intraclass(rng.normal(0, 1, (6, 40))) < 0.3
    assert all(np.isnan(intraclass(values)) for values in (skill, skill[:2].repeat(4, 1), np.ones((6, 4))))
    once, often = (
        [answered(name, mean, noise=2.0, samples=samples) for name, mean in (("a", 0.30), ("b", 0.31), ("c", 0.32))]
        for samples in (1, 4)
    )
    assert seed_reliabilities(once) == {} and seed_reliabilities(often)["TDS"] < 0.8
    apart = [answered(name, mean, noise=0.01, samples=4) for name, mean in (("a", 0.1), ("b", 0.5), ("c", 0.9))]
    assert seed_reliabilities(apart)["TDS"] > 0.99


class Fake(Permanence):
    """A benchmark that is its metric's mean."""

    def __init__(self):
        super().__init__(version=1)
        self.metrics = ("TDS",)

    def headline(self, means):
        return means["TDS"]


@pytest.fixture
def fake(monkeypatch):
    monkeypatch.setitem(BENCHMARKS, "permanence", Fake)


def test_the_board_names_tiers_exposure_places_and_diagnostics(fake):
    """Resolutions stand apart, each with its own places."""
    board = [
        answered("good", 0.6, tier="T1"),
        answered("bad", 0.2, tier="T0", exposure=0.75),
        answered("good", 0.5, tier="T1"),
        answered("bad", 0.3, tier="T1"),
    ]
    large = [replace(row, size=128) for row in board[2:]]
    text = markdown(board[:2] + large)
    assert "at 64 px" in text and "at 128 px" in text
    assert "| T0 | 75 % |" in text and "T1: frames and actions" in text
    assert "| 1-1 a |" in text and "| 2-2 b |" in text
    assert "TDS †" in text  # of two contestants no reliability is known


def test_the_board_tells_what_was_not_answered_and_why(fake):
    board = [answered("good", 0.6), answered("bad", 0.2, exposure=1 - 2 / len(HARD))]
    whole = markdown(board)
    names = list(board[1].cases)[:2]
    why = "the model knows nothing of worldsim/Tower-v0; it learned worldsim/Hidden-v0: ask it about that"
    reasons = {f"{name}/{arm}/s{sample}": why for name in names for arm in ("factual", "noop") for sample in range(2)}
    silent = replace(board[1], reasons={**reasons, f"{names[0]}/slope": "M-A does not ask for it"})
    assert silent.unanswered == {why: names} and not board[0].unanswered
    told = f"Not answered by bad: 2 of {len(HARD)} sets (M-A), since the model knows nothing of worldsim/Tower-v0."
    assert told in markdown([board[0], silent]) and "Not answered" not in whole


def test_the_board_tells_what_seeds_would_order_otherwise(fake):
    shaky = [answered(name, mean, noise=2.0, samples=4) for name, mean in (("a", 0.30), ("b", 0.31), ("c", 0.32))]
    steady = [answered(name, mean, noise=0.01, samples=4) for name, mean in (("a", 0.1), ("b", 0.5), ("c", 0.9))]
    assert "TDS †" in markdown(shaky) and "other seeds would order the models otherwise" in markdown(shaky)
    assert "†" not in markdown(steady)


def test_the_command_compares_what_lies_in_a_folder(fake, tmp_path, capsys):
    for row in (answered("good", 0.6), answered("bad", 0.2)):
        write(row, tmp_path, {})
    compare(str(tmp_path))
    printed = capsys.readouterr().out
    assert "| good | bad | all | +0.39" in printed and "| yes |" in printed


def test_nothing_to_compare_is_said(tmp_path):
    write(result(), tmp_path, {})
    with pytest.raises(ValueError, match="no two models"):
        compare(str(tmp_path))
