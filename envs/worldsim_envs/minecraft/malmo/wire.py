"""What Minecraft's research mods speak: a TCP socket an agent; a message is its length (u32, big end first), its bytes.

    client                                              game
    <MalmoEnv0.37.0/>                                   (no answer)
    <Quit/>                                             u32
    <MissionInit ...>, then a Token                     u32: 1 it begins, 0 busy, ask again
    <Peek/>                                             picture, info, i8 whether it is over
    <StepClient0>forward 1 ...</StepClient0 >           picture, Outcome, info
    <StepServer></StepServer>                           (no answer; lets the world's own clock go on)
    <Find>token</Find>                                  u32 port of the game's server, 0 for none
    <Echo>text</Echo>                                   the text
    <Exit>NOW</Exit>                                    u32, and the game ends
    <Disconnect/>                                       (no answer)

A picture is raw bytes, its bottom row first; info is JSON. MineRL 0.4.4, MineRL 1.0 and MineStudio speak all of this.

Source: Malmo's MalmoEnv (Johnson et al. 2016, "The Malmo Platform for Artificial Intelligence Experimentation"), and
MineRL (Guss et al. 2019); what is sent was read off their clients.
"""

import re
import socket
import struct
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import UInt8

HELLO = b"<MalmoEnv0.37.0/>"
MOST = 64 * 2**20
"""No message is longer (bytes); a length beyond it was never a length."""


class Gone(ConnectionError, ValueError):
    """The other side is no longer there, or what it sends is not this protocol.

    A ValueError, too, so that a command ends with its sentence and a recording keeps the episodes it has.
    """


class HungUp(Gone):
    """The other side closed the line between two messages."""


class Wire:
    """One end of the line.

    Args:
        line: A connected socket.
        other: What the other end is called in errors.
        timeout: How long to wait for a message (s); None waits for ever.
    """

    def __init__(self, line: socket.socket, other: str, timeout: float | int | None = None):
        line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        line.settimeout(timeout)
        self.line, self.other, self.timeout = line, other, timeout

    def send(self, *messages: bytes) -> None:
        """Send messages, one after the other.

        Raises:
            Gone: Where the other end is.
        """
        try:
            self.line.sendall(b"".join(struct.pack("!I", len(message)) + message for message in messages))
        except OSError as error:
            raise Gone(f"{self.other} is gone: {error.strerror or error}") from error

    def receive(self, what: str) -> bytes:
        """The next message, `what` being its name in errors.

        Raises:
            Gone: Where it does not come in time, not whole, or is no message at all.
        """
        (length,) = struct.unpack("!I", self._bytes(4, what))
        if length > MOST:
            raise Gone(
                f"{self.other} announces {length} bytes for {what}, and none has more than {MOST}: it does not speak "
                "the Malmo-env protocol; is it the right port, and was the game started with -env?"
            )
        return self._bytes(length, what)

    def number(self, what: str) -> int:
        """The next message, which is a u32."""
        return int(self.unpack("!I", what)[0])

    def unpack(self, form: str, what: str) -> tuple[Any, ...]:
        """The next message, which has this form (of `struct`)."""
        message = self.receive(what)
        if len(message) != struct.calcsize(form):
            raise Gone(f"{self.other} sent {len(message)} bytes for {what}, which has {struct.calcsize(form)}")
        return struct.unpack(form, message)

    def close(self) -> None:
        """Hang up."""
        self.line.close()

    def _bytes(self, count: int, what: str) -> bytes:
        got = bytearray()
        while len(got) < count:
            try:
                more = self.line.recv(count - len(got))
            except TimeoutError as error:
                raise Gone(f"{self.other} said nothing for {self.timeout:g} s while {what} was awaited") from error
            except OSError as error:
                raise Gone(f"{self.other} died while {what} was awaited: {error.strerror or error}") from error
            if not more and got:
                raise Gone(f"{self.other} died in the middle of {what}: {len(got)} of {count} bytes came")
            if not more:
                raise HungUp(f"{self.other} hung up while {what} was awaited")
            got += more
        return bytes(got)


class Outcome(NamedTuple):
    """What came of a step, as ten bytes: the reward, whether it is over, and whether the commands were taken."""

    reward: float
    done: bool
    sent: bool = True

    FORM = "!dbb"

    def pack(self) -> bytes:
        """As bytes."""
        return struct.pack(self.FORM, *self)


class Token(NamedTuple):
    """Which part of which episode a mission is for: `uid:role:resets:agents:synchronous`, and perhaps a seed."""

    uid: str
    role: int = 0
    resets: int = 0
    agents: int = 1
    seed: int | None = None

    def __str__(self):
        said = [self.uid, self.role, self.resets, self.agents, "true", *([] if self.seed is None else [self.seed])]
        return ":".join(map(str, said))

    @classmethod
    def read(cls, text: str) -> "Token":
        """What a token says.

        Raises:
            ValueError: Where it says it otherwise.
        """
        found = re.fullmatch(r"([^:]*):(\d+):(\d+):(\d+):(?:true|false)(?::(-?\d+))?", text)
        if not found:
            raise ValueError(f"the token came as {text!r}; it is uid:role:resets:agents:true, or that and :seed")
        uid, role, resets, agents, seed = found.groups()
        return cls(uid, int(role), int(resets), int(agents), None if seed is None else int(seed))


class Request(NamedTuple):
    """What a client wants: a verb such as Peek, and what stands between its tags."""

    verb: str
    body: str = ""

    @classmethod
    def read(cls, message: bytes) -> "Request":
        """What a message wants.

        Raises:
            ValueError: Where it is none of this protocol.
        """
        text = message.decode("utf-8", "replace")
        found = re.match(r"\s*(?:<\?xml[^>]*>\s*)?<([A-Za-z]+)", text)
        if not found:
            raise ValueError(f"a message came that begins {text[:40]!r}; all begin with a tag such as <Peek/>")
        verb = found[1]
        body = re.fullmatch(rf"<{verb}\d*>(.*)</{verb}\d*\s*>", text.strip(), re.DOTALL)
        return cls(verb, body[1] if body else "")


def request(verb: str, body: str = "") -> bytes:
    """A request as bytes, to the character as MineRL's client writes it."""
    if verb == "StepClient":
        return f"<StepClient0>{body}</StepClient0 >".encode()
    return (f"<{verb}>{body}</{verb}>" if body or verb == "StepServer" else f"<{verb}/>").encode()


def write_commands(commands: Mapping[str, Any]) -> str:
    """Commands by name, a line each: a number or a word, or several for an array."""
    lines = []
    for name, value in commands.items():
        parts = value.tolist() if isinstance(value, np.ndarray) and value.ndim else [value]
        lines.append(" ".join([name, *map(str, parts)]))
    return "\n".join(lines)


def read_commands(text: str) -> dict[str, list[str]]:
    """What commands say: the words after each name."""
    words = [line.split() for line in text.splitlines() if line.strip()]
    return {name: rest for name, *rest in words}


def write_picture(picture: UInt8[np.ndarray, "h w c"]) -> bytes:
    """A picture as it travels: its bottom row first."""
    return picture[::-1].tobytes()


def read_picture(data: bytes, height: int, width: int, channels: int) -> UInt8[np.ndarray, "h w c"]:
    """A picture as it is seen: its top row first.

    Raises:
        Gone: Where it has another size than was asked for.
    """
    if len(data) != height * width * channels:
        raise Gone(
            f"the picture came as {len(data)} bytes; {width} x {height} pixels of {channels} bytes were asked for, "
            f"which is {height * width * channels}: is the game of the version that the mission is for?"
        )
    return np.frombuffer(data, np.uint8).reshape(height, width, channels)[::-1].copy()
