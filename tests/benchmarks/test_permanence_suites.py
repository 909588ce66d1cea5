"""Object permanence of many families: what is asked about, and what each number says, on worlds drawn by hand."""

from dataclasses import replace

import numpy as np
import pytest
import toy_twins

from worldsim_benchmarks import contestants as known
from worldsim_benchmarks import harms
from worldsim_benchmarks.benchmark import Truth
from worldsim_benchmarks.cases import Told
from worldsim_benchmarks.contestants import Corrupted
from worldsim_benchmarks.halflife import half_life
from worldsim_benchmarks.measure import measure
from worldsim_benchmarks.objects import (
    apart,
    believed,
    births,
    come_again,
    counted,
    identity,
    in_the_light,
    surplus,
)
from worldsim_benchmarks.permanence import Permanence
from worldsim_benchmarks.permanence_suites import AFTER, MUJOCO, VOXEL, until_seen_again
from worldsim_benchmarks.readers import ColourReader
from worldsim_envs.palette import RGB

SUITE = Permanence("toys", 1, suite=True)
PAIRS = [toy_twins.twins(number) for number in range(3)]
READER = ColourReader(RGB)


def drawn(*things: tuple[int, float, float], frames: int = 10) -> np.ndarray:
    """Squares of 8 px, each in a hue and about a place (u, v), on grey."""
    video = np.full((frames, 64, 64, 3), 140, np.uint8)
    for hue, u, v in things:
        video[:, int(v) - 4 : int(v) + 4, int(u) - 4 : int(u) + 4] = np.round(255 * RGB[hue])
    return video


def truth_of(*things: tuple[int, float, float], frames: int = 10) -> Truth:
    count = len(things)
    return Truth(
        frames=drawn(*things, frames=frames),
        hue=np.array([hue for hue, *_ in things]),
        centre=np.tile(np.array([place for _, *place in things], float), (frames, 1, 1)),
        area=np.full((frames, count), 64.0),
        visible=np.ones((frames, count)),
        diameter=np.full(count, 9.0),
        pose=np.repeat(np.eye(4)[None], frames, 0),
        intrinsics=np.eye(3),
    )


def scored(corrupt, severity=0.0):
    return measure(SUITE, PAIRS, Corrupted("it", corrupt, severity)).values


def test_all_families_of_both_suites_are_asked():
    codes = {question.code for question in (*MUJOCO, *VOXEL)}
    wanted = (
        "M-OCC M-TUN M-CUR M-CON M-SHL M-CNT M-CAM M-CRD V-LOOK V-PLACE V-BREAK V-WALL V-BURY V-LAVA V-NIGHT V-LONG"
    )
    assert codes == set(wanted.split())


def test_what_tells_twins_apart_is_asked_about_and_nothing_else():
    present, absent = PAIRS[0].cases
    (asked,), nothing = apart(present, absent)
    assert (asked.thing, nothing) == (0, [])
    assert max(asked.hidden) < min(asked.again)
    assert apart(absent, present) == ([], [asked])
    assert apart(present, present) == ([], [])


def test_a_future_ends_soon_after_the_thing_is_seen_again():
    told = [
        Told(toy_twins.told(present, 0, 20), np.zeros((toy_twins.CONTEXT + toy_twins.FUTURE - 1, 1), np.float32))
        for present in (True, False)
    ]
    where = until_seen_again(toy_twins.CONTEXT)(told)
    assert where is not None
    (asked,), _ = apart(*PAIRS[0].cases)
    assert (where.context, where.future) == (toy_twins.CONTEXT, min(asked.again[0] + AFTER, toy_twins.FUTURE))
    assert until_seen_again(toy_twins.CONTEXT)([told[0], told[0]]) is None  # nothing tells them apart


def test_what_is_too_dark_to_be_seen_is_hidden():
    truth = replace(truth_of((0, 20, 20)), visible=np.repeat([1.0, 0.0], 5)[:, None])
    lit = in_the_light(truth)
    assert lit.area[:, 0].tolist() == [64.0] * 5 + [0.0] * 5
    assert np.isnan(lit.centre[5:]).all()


def test_the_truth_scores_and_what_was_harmed_does_not():
    whole = scored(known.replay)
    assert (whole["OP"] > 0.95).all() and (whole["TDS"] > 0.999).all()
    for change in (harms.gone, harms.recoloured, harms.drawn_in_front):
        assert (scored(harms.harm(change), 3.0 if change is harms.recoloured else 0.0)["OP"] < 0.02).all()
    assert (scored(harms.harm(harms.duplicate), 2.0)["OP"] < 0.05).all()
    assert (scored(harms.harm(harms.aside), 2.0)["R"] == 0).all()


def test_identity_is_1_if_right_less_than_0_if_exchanged_and_0_if_unseen():
    truth, asked = truth_of((0, 16, 30), (4, 48, 30)), [(0, [], list(range(10))), (1, [], list(range(10)))]
    asked = [type(come_again(PAIRS[0].cases[0])[0])(*each) for each in asked]
    for answer, kappa in ((truth.frames, 1), (drawn((4, 16, 30), (0, 48, 30)), -1), (drawn(), 0)):
        assert identity(READER.read(answer), truth, asked) == kappa
    assert identity(READER.read(drawn((0, 16, 30))), truth, asked) == 0.5  # the one that is seen is right
    assert np.isnan(identity(READER.read(truth.frames), truth, asked[:1]))


def test_more_than_there_is_counts_and_what_is_displaced_does_not():
    truth = truth_of((0, 16, 30), (4, 48, 30))
    for answer, more in (
        (truth.frames, 0),
        (drawn((0, 30, 12), (4, 48, 30)), 0),
        (drawn((0, 16, 30), (0, 30, 12), (4, 48, 30)), 1),
        (drawn((0, 16, 30), (4, 48, 30), (2, 30, 12)), 1),
        (drawn((0, 16, 30)), 0),
    ):
        assert surplus(READER.read(answer), truth, 3) == more


def test_births_are_counted_once_and_again_after_they_are_gone():
    truth, answer = truth_of((0, 16, 30)), drawn((0, 16, 30))
    for t in (3, 4, 5, 8):
        answer[t] = drawn((0, 16, 30), (4, 48, 30))[0]
    assert births(READER.read(answer), truth) == 20.0  # two in ten frames
    assert births(READER.read(truth.frames), truth) == 0.0


def test_a_miscount_is_near_by_one_number_and_wrong_by_the_other():
    truth = truth_of((0, 12, 30), (4, 32, 30), (2, 52, 30))
    assert counted(READER.read(truth.frames), truth, range(10)) == (1, 1)
    near, exact = counted(READER.read(drawn((0, 12, 30), (4, 32, 30))), truth, range(10))
    assert (near, exact) == (pytest.approx(2 / 3), 0)


def test_what_is_believed_is_the_nearest_render_and_equal_ones_share():
    truth, frozen, gone = truth_of((0, 40, 30)), drawn((0, 16, 30)), drawn()
    every = list(range(10))
    for answer, shares in ((truth.frames, [1, 0, 0]), (frozen, [0, 1, 0]), (gone, [0, 0, 1])):
        assert (believed(answer, truth, [frozen, gone], every) == np.array(shares)).all()
    assert (believed(frozen, truth, [frozen, frozen], every) == np.array([0, 0.5, 0.5])).all()
    assert believed(frozen, truth, [truth.frames], every) is None


def test_the_half_life_is_found_and_covered_by_its_interval():
    rng = np.random.default_rng(0)
    seconds = np.tile([0.4, 0.8, 1.6, 3.2, 6.4], 40)
    remembered = (rng.random(200) < 1 / (1 + (seconds / 2.0) ** 3)).astype(float)
    found = half_life(seconds, remembered)
    assert found.low < 2.0 < found.high
    assert found.value == pytest.approx(2.0, rel=0.2)
    assert half_life(seconds, np.ones(200)).value == pytest.approx(12.8)  # more than was asked
    assert half_life(seconds, np.zeros(200)).value == pytest.approx(0.2)
    assert np.isnan(half_life(np.full(3, np.nan), np.ones(3)).value)


def test_who_forgets_after_a_while_has_about_that_half_life():
    (asked,), _ = apart(*PAIRS[0].cases)
    seconds = len(asked.hidden) / PAIRS[0].cases[0].fps
    assert (scored(harms.harm(harms.forgotten), seconds + 0.1)["OP"] > 0.95).all()
    assert (scored(harms.harm(harms.forgotten), seconds - 0.3)["OP"] < 0.02).all()
    told = SUITE.whole(scored(harms.harm(harms.forgotten), seconds - 0.3))
    assert told["half-life"] < seconds
