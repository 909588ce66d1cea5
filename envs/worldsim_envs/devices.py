"""Warp, begun without its narration, and whether there is a CUDA device for it."""

import ctypes
import functools
import os
import sys

import warp as wp


@functools.cache
def begin() -> None:
    """Start Warp without its narration, and without its warning that a machine without a CUDA driver has none.

    The warning is written to the process's standard error by compiled code, so that is where it is stopped; where there
    is a driver, whatever Warp has to say about it is heard.
    """
    wp.config.log_level = wp.LOG_ERROR
    try:
        ctypes.CDLL("libcuda.so.1")
    except OSError:
        sys.stderr.flush()
        spoken, silence = os.dup(2), os.open(os.devnull, os.O_WRONLY)
        os.dup2(silence, 2)
        try:
            wp.init()
        finally:
            os.dup2(spoken, 2)
            os.close(spoken)
            os.close(silence)


def cuda() -> bool:
    """Whether there is a CUDA device to draw on."""
    begin()
    return wp.is_cuda_available()
