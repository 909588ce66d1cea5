"""The camera benchmarks on a few twins: what was never seen is never judged, and a picture that is moved is no way."""

from dataclasses import replace

import numpy as np
import pytest

from worldsim_benchmarks import contestants as known
from worldsim_benchmarks.camera import SUITES, CameraPaths, questions, reader, seen_of
from worldsim_benchmarks.cases import make
from worldsim_benchmarks.contestants import Corrupted
from worldsim_benchmarks.detours import blur, pushed
from worldsim_benchmarks.measure import measure, raw
from worldsim_benchmarks.paths import away, turned

SIZE = 128
BENCHMARK = CameraPaths("mujoco")


@pytest.fixture(scope="module")
def aside():
    """A step to a side and its mirror."""
    (question,) = (one for one in questions(SUITES["mujoco"]) if one.code == "M-TRL")
    return next(iter(question.all_twins(1_000_000, size=SIZE)))


def scores(twins, corrupt, severity=0.0):
    return {
        name: float(values[0])
        for name, values in measure(BENCHMARK, [twins], Corrupted("it", corrupt, severity)).values.items()
    }


def test_the_truth_has_all_of_it_and_a_still_picture_none(aside):
    true, still = scores(aside, known.replay), scores(aside, known.still)
    for name in ("skill", "kappa", "closure", "place", "parallax", "TDS"):
        assert true[name] == pytest.approx(1, abs=0.06), name
        assert still[name] <= 0.06, name
    assert still["exposure"] == true["exposure"] == 1
    assert np.isnan(true["hold"]) and np.isnan(true["TSED"]) and np.isnan(true["rotation"])


def test_a_picture_that_is_pushed_aside_goes_nowhere(aside):
    """It goes the right way, to the eye: by sign, by place, and nearly by how far."""
    fake = scores(aside, pushed, 3.0)
    assert fake["kappa"] == 1 and fake["place"] > 0.4
    assert fake["parallax"] < 0.1
    contestant = Corrupted("pushed", pushed, 3.0)
    assert raw(BENCHMARK, [aside], measure(BENCHMARK, [aside], contestant)) < 0.2


def test_what_was_never_seen_is_never_judged(aside):
    def made_up(twins, severity, rng):
        """Where the context showed nothing, anything; but not so that a beacon is hidden or made."""
        return [
            np.where(seen_of(case)[..., None], case.truth.frames, np.uint8(90)).astype(np.uint8) for case in twins.cases
        ]

    assert 0.5 < seen_of(aside.cases[0]).mean() < 0.999
    true, other = scores(aside, known.replay), scores(aside, made_up)
    assert other["TDS"] == pytest.approx(true["TDS"]) and other["place"] == pytest.approx(true["place"], abs=0.01)


def test_a_blurred_answer_can_be_read(aside):
    assert scores(aside, blur, 2.0)["exposure"] == 1
    assert scores(aside, blur, 2.0)["kappa"] == 1


@pytest.mark.parametrize("ranges", ["train", "ood"])
def test_the_depth_that_is_told_is_of_the_world_that_is_shown(ranges):
    (question,) = (one for one in questions(SUITES["voxel-bare"]) if one.code == "V-YAW")
    twins = next(iter(replace(question, ranges=ranges).all_twins(1_000_000, size=32)))
    env = make(question.scene, size=32, ranges=ranges)
    env.reset(seed=int(twins.name.rpartition("/")[2]))
    there = env.render_at(env.camera, depth=True)
    assert np.array_equal(there.rgb, twins.cases[0].seen[0])
    assert np.array_equal(there.depth, twins.cases[0].before.state["depth"][0])


def test_staying_never_raises_the_score():
    (question,) = (one for one in questions(SUITES["mujoco"]) if one.code == "M-STA")
    stays = next(iter(question.all_twins(1_000_000, size=SIZE)))
    values = scores(stays, known.still)
    assert values["hold"] == 1
    assert np.isnan(BENCHMARK.headline(values))
    assert scores(stays, known.grey)["hold"] == 0


def test_without_beacons_a_pose_is_read_from_what_was_seen_before():
    (question,) = (one for one in questions(SUITES["mujoco-bare"]) if one.code == "M-DOL")
    twins = next(iter(question.all_twins(1_000_000, size=64)))
    case = twins.cases[0]
    poses = reader(case).read(case.truth.frames)
    assert np.isfinite(poses.pose).all()
    assert np.rad2deg(turned(poses.pose, case.truth.pose)).max() < 0.4
    assert away(poses.pose, case.truth.pose).max() < 0.02
    for nothing in (np.full_like(case.truth.frames, 128), case.truth.frames[:, :, ::-1]):
        assert np.isnan(reader(case).read(nothing).pose).all()
    benchmark = CameraPaths("mujoco-bare")
    values = measure(benchmark, [twins], Corrupted("made larger", pushed, 3.0)).values
    assert values["skill"] > 0.5 and values["parallax"] < 0.3


def test_without_beacons_a_held_out_look_is_read_as_well():
    (question,) = (one for one in questions(SUITES["voxel-bare"]) if one.code == "V-YAW")
    twins = next(iter(replace(question, template="held-out").all_twins(1_000_000, size=64)))
    case = twins.cases[0]
    poses = reader(case).read(case.truth.frames)
    assert np.isfinite(poses.pose).all()
    assert np.rad2deg(turned(poses.pose, case.truth.pose)).max() < 1
    assert "held-out" in SUITES["voxel-bare"].looks and "held-out" not in SUITES["voxel"].looks


@pytest.mark.parametrize(("letter", "suite"), [("M", "mujoco"), ("V", "voxel")])
def test_each_kind_of_path_is_asked_in_both_suites(letter, suite):
    codes = [question.code for question in questions(SUITES[suite])]
    assert set(codes) == {f"{letter}-{kind}" for kind in ("YAW", "PIT", "TRL", "DOL", "ORB", "SQR", "RVS", "STA")}
    assert codes.count(f"{letter}-YAW") == codes.count(f"{letter}-ORB") == 2  # near and far
    assert {one.code for one in questions(SUITES[f"{suite}-bare"])} < set(codes)
