"""How loops over blocks are compiled: once a machine, kept beside the source or in the user's cache.

Nothing here is compiled with fast maths, so the same machine code gives the same bytes each time.
"""

from collections.abc import Callable
from inspect import unwrap
from typing import Any

import numba


def kernel(function: Callable[..., Any]) -> Callable[..., Any]:
    """Compile a function; it holds no lock while it runs.

    The compiled code is kept where numba finds a folder to write to, which `NUMBA_CACHE_DIR` names. Where there is
    none, as in a read-only install without a home, each process compiles anew, and the bytes are the same.
    """
    plain = unwrap(function)  # where annotations are checked, a checker is wrapped around it that cannot be compiled
    how = {"nogil": True, "error_model": "numpy"}
    try:
        return numba.njit(cache=True, **how)(plain)
    except RuntimeError:  # numba found nowhere to write to
        return numba.njit(**how)(plain)


def part(function: Callable[..., Any]) -> Callable[..., Any]:
    """Compile a part of kernels, which makes no arrays and so need not count who holds those that it is given.

    That counting, for each array at each call, took half of the time of a picture.
    """
    how: dict[str, Any] = {"nogil": True, "error_model": "numpy", "_nrt": False}
    return numba.njit(**how)(unwrap(function))
