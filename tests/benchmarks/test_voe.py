"""Violation of expectation, on films drawn by hand: only who remembers tells what cannot be."""

from typing import Any

import numpy as np
import pytest
import toy_twins

from worldsim_benchmarks import startled
from worldsim_benchmarks.benchmark import Twins
from worldsim_benchmarks.cases import Cut, Question, Told, at
from worldsim_benchmarks.contestants import Corrupted
from worldsim_benchmarks.entries import Modelled
from worldsim_benchmarks.knowing import gap
from worldsim_benchmarks.measure import measure
from worldsim_benchmarks.result import Result
from worldsim_benchmarks.voe import MUJOCO_FILMS, VOXEL_FILMS, Voe, films, where_alike

WHERE = Cut(toy_twins.CONTEXT, toy_twins.FUTURE)
VOE = Voe("toys", ())


def told(number: int) -> list[Told]:
    actions = np.zeros((toy_twins.CONTEXT + toy_twins.FUTURE - 1, 1), np.float32)
    return [Told(toy_twins.told(present, number % 5, 10 + 13 * (number % 4)), actions) for present in (True, False)]


def twins(number: int) -> Twins:
    question = Question("T-OCC", "Toy-v0", ("present", "absent"), at(*WHERE[:2]))
    name = f"T-OCC/Toy-v0/absent/{number}"
    cases = films(where_alike, question, name, told(number), WHERE, 10.0)
    assert cases is not None
    return Twins(name, "T-OCC/Toy-v0/absent", cases)


FILMS = [twins(number) for number in range(3)]


def scored(answer, severity=0.0):
    return measure(VOE, FILMS, Corrupted("it", answer, severity)).values


@pytest.mark.parametrize("each", FILMS)
def test_possible_and_impossible_films_hold_the_same_pictures_and_no_seam(each):
    a, b, ab, ba = (np.concatenate([case.seen, case.truth.frames]) for case in each.cases)
    join = len(each.cases[0].seen) + each.cases[0].notes["cut"]
    possible, impossible = ({frame.tobytes() for film in pair for frame in film} for pair in ((a, b), (ab, ba)))
    assert possible == impossible
    assert (a[join - 1 : join + 1] == b[join - 1 : join + 1]).all()
    assert not (a == b).all((1, 2, 3))[[toy_twins.CONTEXT - 1, -1]].any()  # but before and after they are unlike
    assert (ab[join:] == b[join:]).all() and (ba[join:] == a[join:]).all()


def test_who_knows_is_right_and_who_is_wrong_is_wrong_each_time():
    assert (scored(startled.knows)["VoE"] == 1).all()
    assert (scored(startled.knows_the_wrong_way)["VoE"] == -1).all()
    assert (scored(startled.misses_what_is_gone)["VoE"] == 0.5).all()


@pytest.mark.parametrize("blank", [each.corrupt for each in startled.BLANK], ids=[each.name for each in startled.BLANK])
def test_who_looks_at_pixels_alone_ties_exactly(blank):
    assert (scored(blank, 17.0)["VoE"] == 0).all()


def test_what_never_looks_alike_is_not_asked():
    assert where_alike(told(0), Cut(toy_twins.CONTEXT, 3)) is None


def test_a_model_without_surprise_is_missing_and_scores_nothing():
    class Mute:
        def watch(self, seen, taken):
            return None

        def imagine(self, memory, plan, *, generator):
            raise AssertionError("nobody asked for pictures")

    measured = measure(VOE, FILMS, Modelled("mute", Mute()))
    assert (measured.values["VoE"] == 0).all() and measured.exposure == 0
    assert any("surprise" in why for why in measured.reasons.values())


def test_a_surprise_is_asked_of_each_frame_that_comes():
    class Startled:
        """Surprised by white."""

        def watch(self, seen, taken) -> None:
            raise AssertionError("nobody asked it to watch")

        def imagine(self, memory, plan, *, generator) -> Any:
            raise AssertionError("nobody asked for pictures")

        def surprise(self, frames, actions, *, generator):
            assert frames.shape[1] == actions.shape[1] + 1
            return frames.mean((2, 3, 4))

    measured = measure(VOE, FILMS, Modelled("startled", Startled()))
    assert measured.exposure == 1 and (measured.values["VoE"] == 0).all()


def test_the_suites_have_films_of_each_family_that_can_be_cut():
    codes = {question.code for question in (*MUJOCO_FILMS, *VOXEL_FILMS)}
    wanted = "M-VAN M-CUT M-OCC M-TUN M-CUR M-CON M-SHL M-CNT M-CAM V-LOOK V-PLACE V-BREAK V-WALL V-BURY V-LONG"
    assert codes == set(wanted.split())


def result(benchmark: str, cases: dict[str, dict[str, float]]) -> Result:
    numbers = dict.fromkeys(("score", "low", "high", "raw", "floor", "ceiling"), 0.0)
    return Result(
        benchmark=benchmark, split="dev", size=64, contestant="it", kind="model", metrics={}, cases=cases, **numbers
    )


def test_the_gap_is_of_the_worlds_that_both_were_asked_about():
    shows = result("permanence-mujoco@1", {f"M-OCC/Hidden-v0/absent/{seed}": {"OP": 0.25} for seed in range(9)})
    knows = result("voe-mujoco@1", {f"M-OCC/Hidden-v0/absent/{seed}": {"VoE": 1.0} for seed in range(3, 12)})
    found = gap(knows, shows)
    assert (found.value, found.low, found.high) == (0.75, 0.75, 0.75)
    with pytest.raises(ValueError, match="no world is in"):
        gap(knows, result("permanence-voxel@2", {"V-LOOK/VoxelLook-v0/absent/1": {"OP": 1.0}}))
