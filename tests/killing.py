"""A process that is killed in the middle of its work."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path


def kill_python(*arguments: object, when: Path) -> None:
    """Run Python with these arguments and kill it, by SIGKILL, as soon as a file is there."""
    process = subprocess.Popen([sys.executable, *map(str, arguments)], stderr=subprocess.DEVNULL)
    while process.poll() is None and not when.exists():
        time.sleep(0.005)
    os.kill(process.pid, signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL, "it was through before it could be killed"
