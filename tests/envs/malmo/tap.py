"""What travels between a client and a server, to the byte; and the golden transcript, as such a recording.

With MineRL in an environment of its own, `python tests/envs/malmo/tap.py PYTHON_OF_IT` records the transcript anew:
MineRL 0.4.4's own client, two steps of Navigate in `Flatland`. Its mission is MineRL's text (CC BY-NC-SA) and says what
ours says, which `test_with_minerl.py` checks: ours is put in its place.
"""

import re
import socket
import struct
import subprocess
import sys
import threading
import zlib
from contextlib import contextmanager
from pathlib import Path

from flatland import Flatland, served

from worldsim_envs.minecraft.malmo import mission
from worldsim_envs.minecraft.malmo.tasks import find

GOLDEN = Path(__file__).parent / "golden"
PLAYER = Path(__file__).parent / "play_with_minerl.py"
EPISODE = re.compile(rb"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}")
SOME = b"00000000-0000-4000-8000-000000000000"
"""Each episode has a name of its own; in the transcript it is this one."""


@contextmanager
def tapped(port):
    """Stand between one client and the server at this port; gives another port, and what either said."""
    said = {"client": bytearray(), "game": bytearray()}

    def carry(source, sink, kept):
        while data := source.recv(2**16):
            kept += data
            sink.sendall(data)
        sink.shutdown(socket.SHUT_WR)

    def stand(listening):
        client, _ = listening.accept()
        with client, socket.create_connection(("127.0.0.1", port)) as game:
            back = threading.Thread(target=carry, args=(game, client, said["game"]))
            back.start()
            carry(client, game, said["client"])
            back.join()

    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=stand, args=(listening,))
        thread.start()
        yield listening.getsockname()[1], said
        thread.join(20)


def messages(stream):
    """What a side said, message by message."""
    said = []
    while stream:
        (length,) = struct.unpack("!I", stream[:4])
        said.append(stream[4 : 4 + length])
        stream = stream[4 + length :]
    return said


def listen_in(python):
    """MineRL's client in Flatland: what it said, and what it was told."""
    with served(Flatland()) as port, tapped(port) as (between, said):
        subprocess.run([python, str(PLAYER), str(between), "short"], check=True, capture_output=True)
    return [_general(message) for message in messages(bytes(said["client"]))], messages(bytes(said["game"]))


def golden():
    """The transcript: what the client said, and what it was told."""
    return [messages(zlib.decompress((GOLDEN / f"navigate.{side}").read_bytes())) for side in ("client", "game")]


def _general(message):
    """A message, but for what is of one episode alone, and for MineRL's mission, which is ours then."""
    if message.startswith(b"<MissionInit"):
        return mission.write(find("NavigateDense"), SOME.decode(), width=64, height=64).encode()
    return EPISODE.sub(SOME, message)


if __name__ == "__main__":
    GOLDEN.mkdir(exist_ok=True)
    for side, said in zip(("client", "game"), listen_in(sys.argv[1]), strict=True):
        stream = b"".join(struct.pack("!I", len(message)) + message for message in said)
        (GOLDEN / f"navigate.{side}").write_bytes(zlib.compress(stream, 9))
