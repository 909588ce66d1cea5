"""Starts a game that the user has, waits until it listens, and stops it with all that it started.

    start("./launchClient.sh -port {port} -env")            MineRL 0.4.4 and 1.0, in their Minecraft folder
    start("java -jar mcprec-6.13.jar --envPort={port}")     MineStudio

On a machine without a display put `xvfb-run -a` before the command.
"""

import atexit
import contextlib
import os
import shlex
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path
from typing import IO

from worldsim_envs.minecraft.malmo.wire import Gone

PATIENCE = 10.0
"""How long a game may take to stop when it is asked to (s); then it is killed."""


class Game:
    """A game that runs, in a process group of its own, so that it goes with its children.

    Args:
        process: The command's process, the leader of its group.
        port: Where it listens.
        log: Where it writes to.
    """

    def __init__(self, process: subprocess.Popen[bytes], port: int, log: Path):
        self.process, self.port, self.log = process, port, log
        atexit.register(self.stop)

    def alive(self) -> bool:
        """Whether it still runs."""
        return self.process.poll() is None

    def stop(self) -> None:
        """End it, and whatever it started."""
        atexit.unregister(self.stop)
        for what in (signal.SIGTERM, signal.SIGKILL):
            with contextlib.suppress(ProcessLookupError):  # the group is empty: it is done
                os.killpg(self.process.pid, what)
            end = time.monotonic() + PATIENCE
            while _group_lives(self.process) and time.monotonic() < end:
                time.sleep(0.02)
        self.process.wait()


def start(command: str, *, port: int = 0, timeout: float | int = 300, log: Path | None = None) -> Game:
    """Start a game and wait until it listens.

    Args:
        command: What starts it; "{port}" stands for the port.
        port: Where it shall listen; 0 has a free port chosen.
        timeout: How long that may take (s).
        log: What it says goes there; None for a temporary file.

    Raises:
        ValueError: Where the command does not say the port, or is not there.
        Gone: Where it ends, or does not listen in time.
    """
    if "{port}" not in command:
        raise ValueError(f"launch came as {command!r}; it says with '{{port}}' where the game is told its port")
    port = port or _free_port()
    if _listens(port):
        raise ValueError(f"something listens at port {port} already; leave launch out to play there, or take port=0")
    words = shlex.split(command.replace("{port}", str(port)))
    if log is None:
        handle, name = tempfile.mkstemp(prefix="worldsim-game-", suffix=".log")
        os.close(handle)
        log = Path(name)
    with log.open("wb") as out:
        game = Game(_run(words, out), port, log)
    end = time.monotonic() + timeout
    while not _listens(port):
        if not game.alive():
            raise Gone(f"the game ended before it listened (exit code {game.process.returncode}): {_last(log)}")
        if time.monotonic() > end:
            game.stop()
            raise Gone(f"the game did not listen at port {port} within {timeout:g} s: {_last(log)}")
        time.sleep(0.05)
    return game


def _run(words: list[str], out: IO[bytes]) -> subprocess.Popen[bytes]:
    try:
        return subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=out, stderr=out, start_new_session=True)
    except OSError as error:
        raise ValueError(f"the game could not be started by {shlex.join(words)!r}: {error.strerror}") from error


def _group_lives(process: subprocess.Popen[bytes]) -> bool:
    process.poll()  # a child that has ended still counts until one has asked for it
    try:
        os.killpg(process.pid, 0)
    except ProcessLookupError:
        return False
    return True


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


def _listens(port: int) -> bool:
    with socket.socket() as line:
        line.settimeout(1.0)
        return line.connect_ex(("127.0.0.1", port)) == 0


def _last(log: Path) -> str:
    lines = log.read_text(errors="replace").split("\n")
    said = [line.strip() for line in lines if line.strip()]
    return f"{said[-1]!r} was its last line; the rest is in {log}" if said else f"it said nothing ({log} is empty)"
