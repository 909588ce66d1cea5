"""How loops over blocks are compiled: once a machine, kept beside the source or in the user's cache.

Nothing here is compiled with fast maths, so the same machine code gives the same bytes each time.

numba keeps compiled code for as long as the file of the kernel stays as it is, and would not see that a part of it, or
a table that it bakes in, was changed in another. So a kernel is kept under a name that all of these have a say in.
"""

import dis
from collections.abc import Callable
from hashlib import sha256
from inspect import unwrap
from types import ModuleType
from typing import Any

import numba
import numpy as np
from numba.core.registry import CPUDispatcher


def kernel(function: Callable[..., Any]) -> Callable[..., Any]:
    """Compile a function; it holds no lock while it runs.

    The compiled code is kept where numba finds a folder to write to, which `NUMBA_CACHE_DIR` names. Where there is
    none, as in a read-only install without a home, each process compiles anew, and the bytes are the same.
    """
    plain = unwrap(function)  # where annotations are checked, a checker is wrapped around it that cannot be compiled
    plain.__qualname__ += "_" + sha256(b"".join(_baked(plain))).hexdigest()[:12]
    how = {"nogil": True, "error_model": "numpy"}
    try:
        return numba.njit(cache=True, **how)(plain)
    except RuntimeError:  # numba found nowhere to write to
        return numba.njit(**how)(plain)


def part(function: Callable[..., Any]) -> Callable[..., Any]:
    """Compile a part of kernels, which makes no arrays and so need not count who holds those that it is given.

    That counting, for each array at each call, took half of the time of a picture; and handing a dozen arrays on by
    value a third, so a part becomes one with whoever calls it.
    """
    how: dict[str, Any] = {"nogil": True, "error_model": "numpy", "_nrt": False, "forceinline": True}
    return numba.njit(**how)(unwrap(function))


def _baked(function: Callable[..., Any]) -> list[bytes]:
    """All that is compiled into a function: its own code, and its parts', and what they read from their modules."""
    code = function.__code__
    told = [code.co_code, repr(code.co_consts).encode()]
    for name in sorted({each.argval for each in dis.get_instructions(code) if each.opname == "LOAD_GLOBAL"}):
        value = function.__globals__.get(name)
        if isinstance(value, CPUDispatcher):
            told += _baked(value.py_func)
        elif isinstance(value, np.ndarray):
            told += [str(value.dtype).encode(), repr(value.shape).encode(), value.tobytes()]
        elif not isinstance(value, ModuleType):
            told.append(f"{name}={value!r}".encode())
    return told
