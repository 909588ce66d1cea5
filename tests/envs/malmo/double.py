"""A double of the game, which knows the protocol by its bytes alone and none of our code, and can fail in many ways."""

import json
import socket
import struct
import threading
from contextlib import contextmanager


def frame(message):
    return struct.pack("!I", len(message)) + message


class Double:
    """Shows one colour all over, the number of the step; heeds `width`, `height` and `bytes a pixel` and no mission.

    Args:
        busy: How often it is, before it takes a mission.
        blank: How often it has no picture yet, when it is asked for the first.
        fault: How the third step goes wrong: "die", "truncate", "size", "garbage", "silence", or "json".
        healthy: In how many episodes it does not.
        done: After which step it is over.
    """

    def __init__(self, *, width=64, height=64, depth=3, busy=0, blank=0, fault=None, healthy=0, done=None):
        self.width, self.height, self.depth = width, height, depth
        self.busy, self.blank, self.fault, self.healthy, self.done = busy, blank, fault, healthy, done
        self.heard = []

    def answer(self, line):
        """Serve one client; every message that it sends is kept in `heard`."""
        step = 0
        while True:
            head = self._read(line, 4)
            if head is None:
                return
            message = self._read(line, struct.unpack("!I", head)[0])
            self.heard.append(message)
            if message.startswith(b"<Quit"):
                line.sendall(frame(struct.pack("!I", 0)))
            elif message.startswith((b"<MissionInit", b"<?xml")):
                self.heard.append(self._read(line, struct.unpack("!I", self._read(line, 4))[0]))
                line.sendall(frame(struct.pack("!I", int(self.busy == 0))))
                self.busy = max(0, self.busy - 1)
                step = 0
            elif message.startswith(b"<Peek"):
                self.healthy -= 1
                line.sendall(frame(b"" if self.blank else self._picture(0)) + frame(self._told(0)) + frame(b"\0"))
                self.blank = max(0, self.blank - 1)
            elif message.startswith(b"<StepClient"):
                step += 1
                if step == 3 and self.fault and self.healthy < 0 and self._fail(line):
                    return
                outcome = struct.pack("!dbb", step / 2, step == self.done, 1)
                told = b"{" if step == 3 and self.fault == "json" else self._told(step)
                line.sendall(frame(self._picture(step)) + frame(outcome) + frame(told))

    def _fail(self, line):
        whole = self.width * self.height * self.depth
        if self.fault == "truncate":
            line.sendall(frame(self._picture(3))[:100])
        if self.fault == "size":
            line.sendall(frame(b"\3" * (whole + 1)) + frame(struct.pack("!dbb", 0, 0, 1)) + frame(b"{}"))
        if self.fault == "garbage":
            line.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        if self.fault == "silence":
            self._read(line, 1)
        return self.fault != "json"

    def _picture(self, step):
        return bytes([step]) * (self.width * self.height * self.depth)

    def _told(self, step):
        stacks = [{"type": "dirt", "metadata": 0, "quantity": step}, {"type": "log", "metadata": 1, "quantity": 2}]
        hand = {"type": "iron_axe", "metadata": 0, "quantity": 1, "currentDamage": 3, "maxDamage": 250}
        where = {"xpos": 1.5, "ypos": 64.0, "zpos": -2.25, "yaw": 90.0, "pitch": -10.0}
        told = {"compassAngle": -12.5, "inventory": stacks, "equipped_items": {"mainhand": hand}, **where}
        return json.dumps(told).encode()

    @staticmethod
    def _read(line, count):
        got = b""
        while len(got) < count:
            more = line.recv(count - len(got))
            if not more:
                return None
            got += more
        return got


@contextmanager
def playing(double):
    """The double behind a port of its own, in a thread; gives the port."""
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve():
            while True:
                try:
                    line, _ = listening.accept()
                except OSError:
                    return
                with line:
                    double.answer(line)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield listening.getsockname()[1]
        listening.shutdown(socket.SHUT_RDWR)
        thread.join(10)
    assert not thread.is_alive()
