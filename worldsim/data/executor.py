"""Who does the work: this process, a pool of processes, or a Ray cluster. All give results back as they are ready.

Whoever can map a picklable function over items is an Executor.
"""

import logging
import multiprocessing
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from importlib import import_module
from itertools import islice
from typing import Any, Protocol, TypeVar, runtime_checkable

Item = TypeVar("Item")
Result = TypeVar("Result")


THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
"""What tells libraries how many threads to use."""

DIED = (
    "a worker process died (killed, or out of memory?); what was finished is kept: "
    "run the same command again, with fewer workers if memory is short"
)


@runtime_checkable
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
        for name in THREADS:
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
            raise ValueError(DIED) from error
        finally:
            pool.shutdown(cancel_futures=True)


class Ray:
    """Processes of a Ray cluster, each with one thread and a copy of the function of its own.

    What the function reads and writes lies in a folder that all machines share. Ray asks for a token by default (from
    2.60 on): where the cluster has one, RAY_AUTH_TOKEN or its file must be set here, too.

    Args:
        address: Of a cluster, as for `ray.init` ("auto" finds the one that this machine belongs to), or "local", which
            starts one on this machine for as long as it takes.
        workers: How many.

    Raises:
        ValueError: Where Ray is not here.
    """

    def __init__(self, address: str, workers: int):
        self.workers, self.address = workers, address
        try:
            self._ray = import_module("ray")
        except ModuleNotFoundError as error:
            raise ValueError("many machines need Ray: pip install 'worldsim[ray]'") from error

    def map(self, function: Callable[[Item], Result], items: Iterable[Item]) -> Iterator[Result]:
        """The results, as they are ready.

        Raises:
            ValueError: Where there is no such cluster, or a worker dies.
        """
        ray, todo = self._ray, iter(items)
        ours = not ray.is_initialized()
        if ours:
            self._begin()
        try:
            threads = {name: "1" for name in THREADS}
            hand = ray.remote(_Hand).options(num_cpus=1, runtime_env={"env_vars": threads})
            begun = {}
            for worker in [hand.remote(function, sys.path) for _ in range(self.workers)] * 2:
                begun |= {worker.work.remote(item): worker for item in islice(todo, 1)}
            while begun:
                [ready, *_], _ = ray.wait(list(begun))
                worker = begun.pop(ready)
                yield ray.get(ready)
                begun |= {worker.work.remote(item): worker for item in islice(todo, 1)}
        except ray.exceptions.RayTaskError as error:
            raise error.cause from error
        except ray.exceptions.RayActorError as error:
            raise ValueError(DIED) from error
        finally:
            if ours:
                ray.shutdown()

    def _begin(self) -> None:
        os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
        how = {"num_cpus": self.workers, "include_dashboard": False} if self.address == "local" else {}
        try:
            self._ray.init(self.address, log_to_driver=False, logging_level=logging.ERROR, **how)
        except ConnectionError as error:
            raise ValueError(
                f"there is no Ray cluster at {self.address!r} ({error}); `ray start --head` begins one, and "
                "--ray local needs none"
            ) from error


def executor(workers: int, ray: str | None) -> Executor:
    """Who is meant by these flags of a command.

    Args:
        workers: How many processes.
        ray: The address of a Ray cluster they run on; None is this machine.

    Raises:
        ValueError: Where there is no worker, or no Ray.
    """
    if workers < 1:
        raise ValueError(f"workers came as {workers}; 1 is the least")
    if ray is not None:
        return Ray(ray, workers)
    return Here() if workers == 1 else Pool(workers)


class _Hand:
    """A worker of a Ray cluster; it keeps its own copy of the function."""

    def __init__(self, function: Callable[[Any], Any], paths: list[str]):
        self.function = function
        sys.path.extend(path for path in paths if path not in sys.path)  # as a process of a pool has them

    def work(self, item: Any) -> Any:
        return self.function(item)


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
