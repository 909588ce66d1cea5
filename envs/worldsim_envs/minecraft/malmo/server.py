"""A world of blocks behind the Malmo-env protocol, so that code written for MineRL and VPT plays in it unchanged.

What plays is a `World`: small, and knowing nothing of sockets or missions' rewards. What a mission rewards and when it
is over follows from what the world says about its player, by `Judge`, and is the same for every world.
"""

import json
import socket
import sys
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, Protocol, runtime_checkable

import numpy as np
from jaxtyping import UInt8

from worldsim_envs.minecraft.malmo import mission
from worldsim_envs.minecraft.malmo.mission import Mission
from worldsim_envs.minecraft.malmo.tasks import Stack
from worldsim_envs.minecraft.malmo.wire import (
    HELLO,
    HungUp,
    Outcome,
    Request,
    Token,
    Wire,
    read_commands,
    write_picture,
)


class Player(NamedTuple):
    """What a world says about its player.

    Attributes:
        position: Of the feet (m; y is up).
        yaw, pitch: Degrees; at yaw 0 one looks along +z, and both grow to the right and down, as in Minecraft.
        slots: What is carried, by slot, 0 to 8 being the hotbar.
        slot: Which slot is in hand.
        life: What is left of it, 20 to 0; with none the mission is over.
    """

    position: tuple[float, float, float]
    yaw: float
    pitch: float
    slots: Mapping[int, Stack]
    slot: int = 0
    life: float = 20.0


@runtime_checkable
class World(Protocol):
    """What can be served: it is begun from a seed, acts, draws, and says what is true of its player."""

    def begin(self, asked: Mission, seed: int) -> None:
        """Begin an episode; the seed and the mission decide everything."""
        ...

    def act(self, commands: Mapping[str, Sequence[str]]) -> None:
        """Let a tick pass under commands: the words after each one's name, as `forward` ["1"]."""
        ...

    def picture(self, width: int, height: int, depth: bool) -> UInt8[np.ndarray, "h w c"]:
        """What the player sees; where depth is asked for its fourth byte is the depth, nearer being less."""
        ...

    def player(self) -> Player:
        """Who and where the player is."""
        ...

    def goal(self) -> tuple[float, float, float] | None:
        """Where the compass points (m), if it points anywhere."""
        ...

    def touched(self) -> Sequence[str]:
        """The kinds of blocks that the player touches."""
        ...


class Judge:
    """Rewards what a mission rewards, and ends it when it is over.

    Args:
        asked: The mission.
        world: The world, at the beginning of the episode.
    """

    def __init__(self, asked: Mission, world: World):
        self.asked, self.steps = asked, 0
        self.far = _far(world)
        self.most = dict.fromkeys(asked.possess, 0)
        self.touched: set[str] = set()
        self.most.update(self._carried(world))

    def after_a_step(self, world: World) -> tuple[float, bool]:
        """The reward for the step just made, and whether the mission is over."""
        self.steps += 1
        asked, reward = self.asked, 0.0
        far, self.far = self.far, _far(world)
        reward += asked.per_block * (far - self.far)
        for block in {*world.touched()} & {*asked.touch} - self.touched:
            self.touched.add(block)
            reward += asked.touch[block]
        carried = self._carried(world)
        for item, count in carried.items():
            gained = max(0, count - self.most[item])
            if asked.once:
                gained = int(gained > 0 and self.most[item] == 0)
            reward += asked.possess[item] * gained
            self.most[item] = max(self.most[item], count)
        counts = _counts(world.player())
        got = bool(asked.until) and all(counts.get(item, 0) >= count for item, count in asked.until.items())
        late = asked.steps is not None and self.steps >= asked.steps
        return reward, got or late or bool(self.touched) or world.player().life <= 0

    def _carried(self, world: World) -> dict[str, int]:
        counts = _counts(world.player())
        return {item: counts.get(item, 0) for item in self.asked.possess}


class Session:
    """One client at the other end of the line, from its hello to its goodbye.

    Args:
        wire: The line.
        world: What is played in.
        seed: Of the next episode whose token has none; each has the next.
    """

    def __init__(self, wire: Wire, world: World, seed: int = 0):
        self.wire, self.world, self.seed = wire, world, seed
        self.asked: Mission | None = None
        self.judge: Judge | None = None
        self.done = False

    def run(self) -> bool:
        """Answer until the client hangs up; whether the server shall go on.

        Raises:
            ValueError: Where a message is not of this protocol, a mission cannot be played, or the line breaks.
        """
        while True:
            message = self.wire.receive("a request")
            wanted = Request.read(message)
            match wanted.verb:
                case "MalmoEnv":
                    if message != HELLO:
                        raise ValueError(
                            f"the client said {message[:40].decode(errors='replace')!r}, not {HELLO.decode()!r}"
                        )
                case "MissionInit":
                    self._begin(message)
                case "Peek":
                    self.wire.send(self._picture(), self._info(), bytes([self.done]))
                case "StepClient":
                    self._step(wanted.body)
                case "StepServer":
                    pass  # the world's clock went on with the step
                case "Quit":
                    self.asked = self.judge = None
                    self.wire.send(_u32(1))
                case "Find":
                    self.wire.send(_u32(0))  # one player, so no server that others could join
                case "Echo":
                    self.wire.send(wanted.body.encode())
                case "Disconnect":
                    return True
                case "Exit":
                    self.wire.send(_u32(1))
                    return False
                case other:
                    raise ValueError(f"the client asks for {other!r}, which this server has not")

    def _begin(self, document: bytes) -> None:
        token = Token.read(self.wire.receive("a token").decode(errors="replace"))
        if token.agents != 1 or token.role != 0:
            raise ValueError(f"the mission is for {token.agents} players; here is room for one")
        self.asked = mission.read(document)
        self.world.begin(self.asked, self.seed if token.seed is None else token.seed)
        self.seed += token.seed is None
        self.judge, self.done = Judge(self.asked, self.world), False
        self.wire.send(_u32(1))

    def _step(self, body: str) -> None:
        judge, reward = self._playing()[1], 0.0
        if not self.done:
            self.world.act(read_commands(body))
            reward, self.done = judge.after_a_step(self.world)
        self.wire.send(self._picture(), Outcome(reward, self.done).pack(), self._info())

    def _playing(self) -> tuple[Mission, Judge]:
        if self.asked is None or self.judge is None:
            raise ValueError("the client looks or acts before it has sent a mission")
        return self.asked, self.judge

    def _picture(self) -> bytes:
        asked = self._playing()[0]
        return write_picture(self.world.picture(asked.width, asked.height, asked.depth))

    def _info(self) -> bytes:
        self._playing()
        player, goal = self.world.player(), self.world.goal()
        told: dict[str, Any] = dict(zip(("xpos", "ypos", "zpos"), player.position, strict=True))
        told |= {"yaw": player.yaw, "pitch": player.pitch, "isGuiOpen": False, "is_alive": player.life > 0}
        told |= {"life": player.life, "food": 20}
        told["inventory"] = [
            {"index": slot, "type": stack.item, "metadata": stack.kind or 0, "quantity": stack.count}
            for slot, stack in sorted(player.slots.items())
        ]
        hand = player.slots.get(player.slot, Stack("air", 0))
        wear = {"currentDamage": -1, "damage": -1, "maxDamage": -1}
        told["equipped_items"] = {
            "mainhand": {"type": hand.item, "metadata": hand.kind or 0, "quantity": hand.count, **wear}
        }
        if goal is not None:
            told |= {"compassAngle": compass(player, goal), "distanceToCompassTarget": _far(self.world)}
        return json.dumps(told).encode()


def listen(host: str = "127.0.0.1", port: int = 9000) -> socket.socket:
    """A socket that clients can come to; port 0 takes a free one.

    Raises:
        ValueError: Where one cannot listen there.
    """
    try:
        return socket.create_server((host, port))
    except OSError as error:
        raise ValueError(
            f"cannot listen at {host}:{port}: {error.strerror}; take another port, or 0 for any"
        ) from error


def serve(world: World, listening: socket.socket, *, timeout: float | int | None = None, seed: int = 0) -> None:
    """Play with one client after the other, until one asks the server to end.

    What a client does wrong ends its line and is said in one sentence; the next is served as if it had not been.

    Args:
        world: What is played in.
        listening: Where clients come to.
        timeout: How long a client may say nothing (s); None for ever.
        seed: Of the first episode whose token has none.
    """
    going = True
    while going:
        line, _ = listening.accept()
        with line:
            session = Session(Wire(line, "the client", timeout), world, seed)
            try:
                going = session.run()
            except HungUp:
                pass  # many clients say no goodbye
            except ValueError as error:
                print(f"malmo-serve: {error}", file=sys.stderr, flush=True)
            seed = session.seed


def compass(player: Player, goal: tuple[float, float, float]) -> float:
    """By how many degrees one has to turn to look at the goal, -180 to 180, positive to the right."""
    east, south = goal[0] - player.position[0], goal[2] - player.position[2]
    bearing = np.rad2deg(np.arctan2(-east, south))  # at yaw 0 one looks along +z, and yaw 90 is along -x
    return float((bearing - player.yaw + 180) % 360 - 180)


def _far(world: World) -> float:
    """How far the goal is (m); 0 where there is none."""
    goal = world.goal()
    return 0.0 if goal is None else float(np.linalg.norm(np.subtract(goal, world.player().position)))


def _counts(player: Player) -> dict[str, int]:
    counts: dict[str, int] = {}
    for stack in player.slots.values():
        counts[stack.item] = counts.get(stack.item, 0) + stack.count
    return counts


def _u32(number: int) -> bytes:
    return number.to_bytes(4, "big")
