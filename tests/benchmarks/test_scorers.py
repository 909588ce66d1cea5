"""The scorers alone, on a world drawn by hand: known answers get what they deserve."""

import numpy as np
import pytest
import toy_twins

from worldsim_benchmarks import contestants as known
from worldsim_benchmarks.benchmark import Score
from worldsim_benchmarks.contestants import Corrupted
from worldsim_benchmarks.ladder import climb
from worldsim_benchmarks.measure import measure, raw
from worldsim_benchmarks.permanence import Permanence, windows
from worldsim_benchmarks.readers import ColourReader, fit_colours, twin_test
from worldsim_envs.palette import RGB

PAIRS = [toy_twins.twins(number) for number in range(3)]


def permanence(corrupt, severity=0.0):
    return measure(Permanence(), PAIRS, Corrupted("it", corrupt, severity)).values


def test_the_replayed_world_is_perfect():
    table = permanence(known.replay)
    assert table["R"] == pytest.approx(1, abs=0.02)
    assert table["TDS"] == pytest.approx(1, abs=1e-6)
    assert not table["F"].any() and not table["L"].any() and not table["X"].any()


def test_the_same_answer_to_both_twins_earns_exactly_nothing():
    for arm in (0, 1):
        table = permanence(known.agnostic(arm))
        assert not table["TDS"].any()
        assert (table["OP"] <= 0).all()


def test_exchanged_twins_earn_the_negative():
    assert permanence(known.exchanged)["TDS"] == pytest.approx(-1, abs=1e-6)


def test_a_thing_drawn_in_front_of_the_wall_is_a_leak():
    assert permanence(known.in_front)["L"] == pytest.approx(1)


def test_a_duplicate_is_spurious():
    assert (permanence(known.duplicate, 3.0)["X"] > 0.3).all()


def test_every_row_of_the_ladder_holds_on_the_toy():
    assert [step for step in climb(Permanence(), PAIRS) if not step.holds] == []


def test_a_broken_formula_is_caught_by_the_ladder():
    class Forgiving(Permanence):
        """Looks at re-appearance alone, as many published scores do."""

        def headline(self, means):
            return np.maximum(0, means["R"])

    assert {step.name for step in climb(Forgiving(), PAIRS) if not step.holds} >= {"always", "drawn in front"}


def test_windows_are_hidden_then_seen_again():
    truth = PAIRS[0].cases[0].truth
    hidden, again = windows(truth, 0)
    assert len(hidden) and len(again)
    assert max(hidden) < min(again)
    assert (truth.area[hidden, 0] == 0).all() and (truth.visible[again, 0] >= 0.9).all()


def test_a_change_of_exposure_is_forgiven_by_the_twin_test():
    truths = [case.truth.frames for case in PAIRS[0].cases]
    darker = [(0.8 * frames + 9).astype(np.uint8) for frames in truths]
    asked = np.ones(len(truths[0]), bool)
    assert np.nanmean(twin_test(truths, darker, asked)) > 0.97


def test_fitted_colours_of_a_single_grey_stay_finite_and_grey():
    grey = np.full((2, 8, 8, 3), 128, np.uint8)
    fitted = fit_colours(grey, grey.astype(float) + 20, np.ones((2, 8, 8), bool))
    assert np.isfinite(fitted).all()
    assert np.ptp(fitted) < 1e-6


@pytest.mark.parametrize("hue", range(len(RGB)))
def test_each_hue_is_read_as_itself_in_light_and_shade(hue):
    frames = np.full((3, 32, 32, 3), 140, np.uint8)
    for t, light in enumerate((1.0, 0.7, 0.45)):
        frames[t, 8:16, 10:20] = (255 * light * RGB[hue]).astype(np.uint8)
    sighting = ColourReader(RGB).read(frames)
    assert sighting.hue.tolist() == [hue] * 3
    assert sighting.area.tolist() == [80.0] * 3
    assert np.allclose(sighting.centre, [15, 12])


def test_grey_pictures_hold_nothing():
    rng = np.random.default_rng(0)
    grey = np.repeat(rng.integers(0, 256, (4, 32, 32, 1), dtype=np.uint8), 3, axis=-1)
    assert len(ColourReader(RGB).read(grey).frame) == 0


def test_an_unscored_number_says_why():
    with pytest.raises(ValueError, match="reason"):
        Score(float("nan"))


def test_an_answer_of_another_length_is_named():
    class Short:
        name = "short"

        def answer(self, twins, *, seed):
            return [[case.truth.frames[:-1] for case in each.cases] for each in twins]

    with pytest.raises(ValueError, match=r"short answered toy/0/present with uint8 \[31"):
        measure(Permanence(), PAIRS, Short())


@pytest.mark.parametrize("width", [1, 2, 4])
def test_the_seam_of_two_things_is_no_third_one(width):
    frames = np.full((1, 64, 64, 3), 140, np.uint8)
    green, cyan, blue = (np.round(255 * RGB[hue]) for hue in (3, 4, 5))
    frames[0, 20:40, 20:32] = green
    frames[0, 30 : 30 + width, 20:32] = (green + blue) / 2
    frames[0, 30 + width : 40 + width, 20:32] = blue
    assert ColourReader(RGB).read(frames).hue.tolist() == [3, 5]
    assert ColourReader(RGB, seam=0).read(frames).hue.tolist() == [3, 4, 5]
    frames[0, 30 : 30 + width, 20:32] = cyan  # but what is too vivid for a mixture is a thing
    assert ColourReader(RGB).read(frames).hue.tolist() == [3, 4, 5]


def test_a_thing_between_two_others_is_read_also_where_it_is_dim():
    frames = np.full((1, 64, 64, 3), 140, np.uint8)
    for place, (hue, light) in enumerate(((3, 1.0), (4, 0.5), (5, 1.0))):
        frames[0, 20 + 8 * place : 28 + 8 * place, 20:30] = np.round(255 * light * RGB[hue])
    assert ColourReader(RGB).read(frames).area.tolist() == [80.0, 80.0, 80.0]


def test_the_order_of_the_twins_does_not_matter():
    there, back = (
        raw(Permanence(), order, measure(Permanence(), order, Corrupted("noisy", known.grain, 20.0)))
        for order in (PAIRS, PAIRS[::-1])
    )
    assert there == pytest.approx(back, abs=1e-12)
