"""What was right once is not checked again, and what is wrong is still found: in the first call and in any other."""

import beartype
import jaxtyping
import numpy as np
import pytest
from checking import AT_EVERY_CALL, checked
from jaxtyping import Float

from worldsim_benchmarks.readers import fit_colours

Row = Float[np.ndarray, " n"]
WIDE, NARROW = np.zeros(4), np.zeros(3)


def held(function):
    return checked(function, typechecker=beartype.beartype)


def add(one: Row, other: Row) -> Row:
    return one + other


def first(row: Row, to: int) -> tuple[Row, float]:
    return row[:to], 0.0


def padded(row: Row, by: int) -> Row:
    return np.pad(row, (0, by))


def test_functions_of_ours_are_checked_so():
    assert jaxtyping.jaxtyped is checked
    with pytest.raises(jaxtyping.TypeCheckError):
        fit_colours(np.zeros((1, 8, 8, 3), np.uint8), np.zeros((1, 8, 8, 3)), np.zeros((1, 8, 7), bool))


@pytest.mark.parametrize("wrong", [(WIDE, NARROW), (WIDE, WIDE.astype(int)), (WIDE, WIDE[None]), (WIDE, [0.0] * 4)])
def test_a_wrong_call_is_refused_also_after_right_ones(wrong):
    function = held(add)
    for _ in range(3):
        assert function(WIDE, WIDE) is not None and function(NARROW, other=NARROW) is not None
        with pytest.raises(jaxtyping.TypeCheckError):
            function(*wrong)


def test_a_wrong_answer_is_refused_also_after_a_right_one():
    function = held(padded)
    function(WIDE, 0)
    for _ in range(2):
        with pytest.raises(jaxtyping.TypeCheckError, match="return value"):
            function(WIDE, 1)  # the same kinds of arguments, and an answer of another length
        function(WIDE, 0)


def test_answers_that_are_several_are_looked_into():
    function = held(first)
    function(WIDE, 4)
    with pytest.raises(jaxtyping.TypeCheckError, match="return value"):
        function(WIDE, 2)


def test_what_has_no_shapes_is_checked_too():
    def half(number: float) -> float:
        return number / 2 if number else 0  # an int

    assert held(half)(3.0) == 1.5
    for wrong in (1, "one", 0.0):
        with pytest.raises(beartype.roar.BeartypeCallHintViolation):
            held(half)(wrong)


def test_what_cannot_be_told_by_kinds_is_checked_at_every_call():
    def longest(rows: list[Row], size: int) -> Row:
        return max(rows, key=len)

    def sized(row: Float[np.ndarray, "{size}"], size: int) -> None:  # noqa: F821
        pass

    for function in (longest, sized):
        assert held(function).__code__ is AT_EVERY_CALL(function, typechecker=beartype.beartype).__code__
    held(sized)(WIDE, 4)
    with pytest.raises(jaxtyping.TypeCheckError):
        held(sized)(WIDE, 3)
