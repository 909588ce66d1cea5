"""A world to be served in tests: a plain, a player, logs for whoever attacks, and a goal to the west."""

import socket
import threading
from contextlib import contextmanager

import numpy as np

from worldsim_envs.minecraft.malmo.server import Player, listen, serve
from worldsim_envs.minecraft.malmo.tasks import Stack
from worldsim_envs.minecraft.malmo.wire import Wire, request


class Flatland:
    """Walks 0.2 m a tick where it looks; each tenth tick of attacking breaks a log, which is carried at once."""

    def begin(self, asked, seed):
        self.asked, self.seed, self.ticks = asked, seed, 0
        self.position = np.array([seed % 7, 4.0, 0.0])
        self.turn, self.pitch, self.attacks = 0.0, 0.0, 0
        self.slots = dict(asked.start)

    def act(self, commands):
        self.ticks += 1
        pitch, yaw = map(float, commands.get("camera", ("0", "0")))
        self.turn = (self.turn + yaw + 180) % 360 - 180
        self.pitch = float(np.clip(self.pitch + pitch, -90, 90))
        ahead = int(commands.get("forward", ["0"])[0]) - int(commands.get("back", ["0"])[0])
        yaw = np.deg2rad(self.turn)
        self.position += 0.2 * ahead * np.array([-np.sin(yaw), 0, np.cos(yaw)])
        if commands.get("attack") == ["1"]:
            self.attacks += 1
            if self.attacks % 10 == 0:
                self.slots[8] = Stack("log", self.attacks // 10)

    def picture(self, width, height, depth):
        """Sky above ground, the tick in the blue: so that a picture that stands on its head is seen to."""
        shown = np.zeros((height, width, 4 if depth else 3), np.uint8)
        shown[: height // 2, :, 1], shown[height // 2 :, :, 0] = 200, 100
        shown[..., 2] = self.ticks
        if depth:
            shown[..., 3] = np.arange(height)[:, None] * 255 // height
        return shown

    def player(self):
        return Player(tuple(map(float, self.position)), float(self.turn), self.pitch, self.slots)

    def goal(self):
        return (self.seed % 7 - 2.0, 4.0, 0.0) if self.asked.goal else None

    def touched(self):
        near = self.goal() is not None and np.abs(np.subtract(self.goal(), self.position)).max() < 0.5
        return [self.asked.goal] if near else []


@contextmanager
def served(world, *, seed=0):
    """The world behind a port of its own, in a thread; gives the port, and tells the server to end at the end."""
    with listen(port=0) as listening:
        port = listening.getsockname()[1]
        thread = threading.Thread(target=serve, args=(world, listening), kwargs={"timeout": 20, "seed": seed})
        thread.start()
        yield port
        leave = Wire(socket.create_connection(("127.0.0.1", port)), "the server", 20)
        leave.send(request("Exit", "NOW"))
        assert leave.number("goodbye") == 1
        thread.join(10)
    assert not thread.is_alive()
