"""Two readers of one answer: where they say opposite things, the board says that neither is to be believed."""

from dataclasses import replace

import numpy as np
import pytest
import toy_twins
from toy_results import result

from worldsim_benchmarks import contestants as known
from worldsim_benchmarks.agreement import agreement, unreliable
from worldsim_benchmarks.board import markdown, tables
from worldsim_benchmarks.contestants import Corrupted
from worldsim_benchmarks.measure import measure
from worldsim_benchmarks.permanence import Permanence

PAIRS = [toy_twins.twins(number) for number in range(3)]


def pale(twins, severity, rng):
    """Where the thing is, so little of its hue that the wall is nearer; where it never was, a shadow as dark as it."""
    there, never = (case.truth.frames.astype(int) for case in twins.cases)
    square = np.abs(there - never).max(-1, keepdims=True) > 25
    return [
        np.where(square, never + (there - never) // 3, never).astype(np.uint8),
        np.where(square, 60, never).astype(np.uint8),
    ]


def scored(corrupt, severity=0.0):
    values = measure(Permanence(), PAIRS, Corrupted("it", corrupt, severity)).values
    cases = {each.name: {name: float(values[name][i]) for name in values} for i, each in enumerate(PAIRS)}
    means = {name: float(np.mean([case[name] for case in cases.values()])) for name in values}
    return replace(result(), metrics=means, cases=cases)


def test_colour_and_pixels_that_say_opposite_things_are_marked():
    found = scored(pale)
    assert found.metrics["OP"] > 0.1 and found.metrics["TDS"] < -0.1
    assert agreement(found) == (("TDS", "OP"), len(PAIRS), 1.0)
    text, [*parts] = markdown([found, scored(known.replay)]), tables([found])
    assert text.count("‡ |") == 2 and "opposite things" in text
    assert any("‡" in part for part in parts)


@pytest.mark.parametrize(
    ("corrupt", "severity"), [(known.replay, 0.0), (known.codec, 28.0), (known.exchanged, 0.0), (known.in_front, 0.0)]
)
def test_whatever_both_see_alike_is_believed_be_it_right_or_wrong(corrupt, severity):
    found = scored(corrupt, severity)
    assert agreement(found).judged == len(PAIRS)
    assert unreliable(found) == ()
    assert "‡" not in markdown([found])


def test_one_in_ten_may_differ_and_what_is_near_zero_does_not():
    cases = {str(number): {"TDS": 0.5, "OP": 0.5} for number in range(10)}
    one = replace(result(), metrics={"TDS": 0.5, "OP": 0.5}, cases=cases | {"0": {"TDS": -0.5, "OP": 0.5}})
    assert agreement(one).apart == 0.1 and not unreliable(one)
    two = replace(one, cases=one.cases | {"1": {"TDS": 0.5, "OP": -0.5}})
    assert unreliable(two) == ("TDS", "OP")
    small = replace(one, cases={"0": {"TDS": -0.05, "OP": 0.5}})
    assert agreement(small).apart == 0.0


def test_where_one_reader_is_silent_nothing_is_said():
    assert agreement(result()) is None
    assert agreement(replace(result(), benchmark="fidelity@3")) is None
    silent = {"a": {"TDS": None, "OP": 0.5}}
    assert agreement(replace(result(), metrics={"TDS": None, "OP": 0.5}, cases=silent)) is None
