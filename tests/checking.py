"""Every annotation is checked as tests run, and what was found right is not looked at again.

jaxtyping checks each call of each function, which took a third of the suite's time. Whether an annotation holds follows
from the types of the arguments and of the answer, and from the shapes and dtypes of their arrays: what has passed with
these passes again, and only what is new is checked. Where that is not so (lists and mappings, of which any element may
be wrong; what no class annotates; and tensors, for `torch.compile` looks into what it calls), each call is checked.
"""

import inspect
from collections.abc import Callable
from functools import partial, wraps
from types import UnionType
from typing import Any, Union, get_args, get_origin

import jaxtyping
import numpy as np

AT_EVERY_CALL = jaxtyping.jaxtyped
"""What jaxtyping's import hook decorates functions with."""

MOST = 1000
"""Kinds of calls of one function that are remembered."""


def begin() -> None:
    """Let the import hook decorate functions with `checked`; to be called before it imports them."""
    jaxtyping.jaxtyped = checked


def checked(function: Callable | None = None, *, typechecker: Callable) -> Callable:
    """A function whose calls are checked, each kind of them once."""
    if function is None:
        return partial(checked, typechecker=typechecker)
    if not inspect.isfunction(function):
        return AT_EVERY_CALL(function, typechecker=typechecker)
    hints = function.__annotations__.values()
    if not any(map(_has_shapes, hints)):
        return typechecker(function)
    whole = AT_EVERY_CALL(function, typechecker=typechecker)
    return _remembering(function, whole, typechecker) if all(map(_is_of_kinds, hints)) else whole


def _remembering(function: Callable, whole: Callable, typechecker: Callable) -> Callable:
    """A function that is called as it is where a call and an answer of these kinds have passed before."""
    passed: dict[tuple, set] = {}
    given: list[Any] = []

    @wraps(function)
    def answered(*args, **kwargs):
        return given[0]

    answer_alone = AT_EVERY_CALL(answered, typechecker=typechecker)

    @wraps(function)
    def remembering(*args, **kwargs):
        call = kind(args), *kwargs, *map(kind, kwargs.values())
        if (answers := passed.get(call)) is None:
            answer = whole(*args, **kwargs)
            if len(passed) < MOST:
                passed[call] = {kind(answer)}
            return answer
        answer = function(*args, **kwargs)
        if (what := kind(answer)) not in answers:
            given[:] = [answer]
            answer_alone(*args, **kwargs)
            given.clear()
            answers.add(what)
        return answer

    return remembering


def kind(value: Any) -> Any:
    """All of a value that its annotation can tell: its type, and an array's dtype and shape."""
    if isinstance(value, np.ndarray):
        return type(value), value.dtype, value.shape
    return (type(value), *map(kind, value)) if isinstance(value, tuple) else type(value)


def _has_shapes(hint: Any) -> bool:
    """Whether jaxtyping has anything to add to beartype: an array is in it, or a name that is not known yet."""
    if isinstance(hint, (str, list)) or _is_array(hint):
        return True
    return any(map(_has_shapes, get_args(hint)))


def _is_of_kinds(hint: Any) -> bool:
    """Whether `kind` tells all that decides about an annotation."""
    if hint in (None, Any):
        return True
    origin, inside = get_origin(hint), get_args(hint)
    if origin is None:
        if _is_array(hint):
            return hint.array_type is np.ndarray and "{" not in hint.dim_str
        return isinstance(hint, type) and not getattr(hint, "_is_protocol", False)
    if origin in (Union, UnionType, tuple):
        return ... not in inside and all(map(_is_of_kinds, inside))
    return origin is Callable


def _is_array(hint: Any) -> bool:
    return isinstance(hint, type) and issubclass(hint, jaxtyping.AbstractArray)
