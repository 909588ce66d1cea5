"""Who does the work: this process, or a pool of processes. Both give results back as they are ready.

The seam for more machines: whoever can map a picklable function over items is an Executor.
"""

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from itertools import islice
from typing import Any, Protocol, TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")


class Executor(Protocol):
    """Maps a function over items, in any order, perhaps elsewhere."""

    def map(self, function: Callable[[Item], Result], items: Iterable[Item]) -> Iterator[Result]:
        """The results, as they are ready."""
        ...


class Here:
    """One after the other, in this process."""

    def map(self, function: Callable[[Item], Result], items: Iterable[Item]) -> Iterator[Result]:
        """The results, in order."""
        return map(function, items)


class Pool:
    """Several processes on this machine, each with one thread and a copy of the function of its own.

    Args:
        workers: How many.
    """

    def __init__(self, workers: int):
        self.workers = workers

    def map(self, function: Callable[[Item], Result], items: Iterable[Item]) -> Iterator[Result]:
        """The results, as they are ready. When it is interrupted, what has begun is finished and the rest is left.

        Raises:
            ValueError: Where a worker dies.
        """
        for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
            os.environ.setdefault(name, "1")  # libraries read it as they are loaded, so before a worker starts
        todo = iter(items)
        pool = ProcessPoolExecutor(
            self.workers, multiprocessing.get_context("spawn"), initializer=_begin, initargs=(function,)
        )
        try:
            running: set[Future] = {pool.submit(_work, item) for item in islice(todo, 2 * self.workers)}
            while running:
                done, running = wait(running, return_when=FIRST_COMPLETED)
                for future in done:
                    yield future.result()
                    running |= {pool.submit(_work, item) for item in islice(todo, 1)}
        except BrokenProcessPool as error:
            raise ValueError(
                "a worker process died (killed, or out of memory?); what was finished is kept: "
                "run the same command again, with fewer workers if memory is short"
            ) from error
        finally:
            pool.shutdown(cancel_futures=True)


_function: Callable[[Any], Any]


def _begin(function: Callable[[Any], Any]) -> None:
    """A worker keeps its own copy of the function, and with it what is dear to build, such as an environment."""
    global _function
    _function = function
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the parent, which lets us finish
    parent = multiprocessing.parent_process()
    assert parent is not None
    threading.Thread(target=lambda: (parent.join(), os._exit(1)), daemon=True).start()  # no orphans


def _work(item: Any) -> Any:
    return _function(item)
