"""A camera that goes as it was told is told from one that stands, goes the other way, half as far, or not back."""

from dataclasses import replace

import numpy as np
import pytest

from worldsim_benchmarks.detours import posed
from worldsim_benchmarks.paths import ASKED, Grain, decided, follow, grain, held, journey, stood
from worldsim_envs import cameras

FPS, UP = 10.0, (0.0, 0.0, 1.0)
START = np.array([0.0, -1.1, 1.25, 0.15, 0.0])
NONE = Grain(0.0, 0.0)
PATHS = {
    "YAW": cameras.yaw(np.deg2rad(20), 32, FPS),
    "YAW around": cameras.yaw(2 * np.pi, 64, FPS),
    "YAW half": cameras.yaw(np.pi, 64, FPS),
    "PIT": cameras.pitch(np.deg2rad(12), 32, FPS),
    "TRL": cameras.strafe(0.5, 32, FPS),
    "DOL": cameras.dolly(0.3, 32, FPS),
    "ORB": cameras.orbit(np.deg2rad(30), 1.1, 32, FPS),
    "SQR": cameras.square(1.2, 4, 10, FPS),
    "RVS": cameras.revisit(0.9, cameras.orbit(0.9, 0.6, 28, FPS).mirror(), 8, 6),
}


def gone(path):
    poses = np.stack([cameras.pose(stance) for stance in cameras.walk(START, path.velocities, FPS)])
    return journey(poses[1:], poses[0], UP)


def followed(name, own, fine=NONE):
    path = PATHS[name]
    return follow(name[:3], own, gone(path), gone(path.mirror()), fine=fine, fps=FPS)


def scaled(name, by):
    real = gone(PATHS[name])
    return journey(posed(real.start, by * real.turn, by * real.place, UP), real.start, UP)


@pytest.mark.parametrize("name", PATHS)
def test_the_truth_is_whole_and_standing_still_is_nothing(name):
    true, still = followed(name, gone(PATHS[name])), followed(name, stood(gone(PATHS[name])))
    assert (true.skill, true.signed, true.gain, true.gate, true.closure) == pytest.approx((1, 1, 1, 1, 1))
    assert true.lag == 0
    assert (still.skill, still.signed, still.gain, still.gate, still.closure) == pytest.approx((0, 0, 0, 0, 0))
    assert np.isnan(still.lag)


@pytest.mark.parametrize("name", PATHS)
def test_the_mirror_is_the_wrong_way_and_closes_nothing(name):
    wrong = followed(name, gone(PATHS[name].mirror()))
    assert decided(wrong.signed) == -1 and wrong.signed == pytest.approx(-1)
    assert wrong.closure == wrong.gate == 0
    assert wrong.skill < -0.9 if name != "SQR" else wrong.skill < 0  # a square's twin also goes ahead


@pytest.mark.parametrize("name", [name for name in PATHS if name != "SQR"])
def test_half_and_half_as_much_again_are_half_right(name):
    half, more = followed(name, scaled(name, 0.5)), followed(name, scaled(name, 1.5))
    assert (half.skill, more.skill) == pytest.approx((0.5, 0.5), abs=0.02)
    assert (half.gain, more.gain) == pytest.approx((0.5, 1.5))
    if name != "YAW around":  # half a turn has not closed
        assert (half.closure, more.closure) == pytest.approx((0.5, 1))
    assert decided(half.signed) == decided(more.signed) == 1


@pytest.mark.parametrize("name", ["YAW", "PIT", "TRL", "DOL", "ORB"])
def test_who_does_not_return_is_late_or_drifts_loses_as_much_as_that(name):
    real = gone(PATHS[name])
    frame = np.arange(len(real.pose))
    stays = followed(name, journey(real.pose[np.minimum(frame, 15)], real.start, UP))
    assert stays.skill == pytest.approx(0.28, abs=0.05) and stays.closure == 0 and stays.gate == 1
    late = followed(name, journey(np.concatenate([real.start[None], real.pose[:-1]]), real.start, UP))
    assert late.lag == pytest.approx(0.1)
    assert 0.85 < late.skill < 0.95 and 0.6 < late.closure < 0.8
    if "turn" in ASKED[name]:
        more = np.column_stack([frame + 1, 0 * frame]) * np.deg2rad(10) / len(frame)
        drift = followed(name, journey(posed(real.start, real.turn + more, real.place, UP), real.start, UP))
        assert drift.skill < late.skill and drift.closure < 0.35


def test_a_whole_turn_the_wrong_way_is_all_wrong_though_it_ends_alike():
    assert followed("YAW around", gone(PATHS["YAW around"].mirror())).skill == -1


def test_a_frame_that_cannot_be_read_is_one_that_never_moved():
    real = gone(PATHS["ORB"])
    unread = np.full_like(real.pose, np.nan)
    nothing = followed("ORB", journey(unread, real.start, UP))
    assert (nothing.skill, nothing.signed, nothing.closure) == (0, 0, 0)
    ending = real.pose.copy()
    ending[-1] = np.nan
    assert followed("ORB", journey(ending, real.start, UP)).closure == 0
    assert held(journey(unread, real.start, UP), NONE) == 0


def test_an_error_of_less_than_a_pixel_is_none_and_standing_still_stays_nothing():
    fine, real = grain(1.0, 64.0, 3.0), gone(PATHS["DOL"])
    rng = np.random.default_rng(0)
    noisy = real.pose.copy()
    noisy[:, :3, 3] += rng.normal(0, 0.4 * fine.place, (len(noisy), 3))
    assert followed("DOL", journey(noisy, real.start, UP), fine).skill == pytest.approx(1)
    assert followed("DOL", stood(real), fine).skill == pytest.approx(0)


def test_who_holds_is_told_from_who_strays():
    still = stood(gone(PATHS["YAW"]))
    assert held(still, NONE) == 1
    turned = journey(
        posed(still.start, np.full((32, 2), np.deg2rad(2.5)) * [1, 0], np.zeros((32, 3)), UP), still.start, UP
    )
    assert held(turned, NONE) == pytest.approx(0.5, abs=0.02)
    aside = journey(posed(still.start, np.zeros((32, 2)), np.full((32, 3), 0.3) * [1, 0, 0], UP), still.start, UP)
    assert held(aside, NONE) == 0


def test_a_journey_is_made_of_its_turns_and_ways_again():
    for path in (*PATHS.values(), replace(PATHS["ORB"], velocities=PATHS["ORB"].velocities * 2)):
        real = gone(path)
        assert np.allclose(posed(real.start, real.turn, real.place, UP), real.pose, atol=1e-9)
