"""Minecraft itself as a Gymnasium env: MineRL's tasks, in a game that the user has.

## Description
A client of the Malmo-env protocol. It gives the game a mission, looks, acts, and is told what came of it, tick by
tick: the game waits for every step. It needs nothing but numpy and Gymnasium; the game is Java, is not part of
worldsim, and is started by the user or by the `launch` command. The same env plays in our own voxel world where
`worldsim malmo-serve` stands behind the port.

## Actions
A Dict. `attack`, `back`, `forward`, `jump`, `left`, `right`, `sneak`, `sprint` (and `use`, in BASALT) are 0 or 1 for
one tick; `camera` float32 [2] is [d pitch, d yaw] in degrees a tick, positive down and right. In MineRL 0.4.4 `place`,
`equip`, `craft`, `nearbyCraft` and `nearbySmelt` are indices into `choices`, 0 for none; in MineRL 1.0 there are all
keys of `actions.space(more=True)` instead, and `ESC` ends the episode.

## Observations
`pov` uint8 [height, width, 3] at 20 Hz. Where the task has them: `compass.angle` (degrees to the goal, positive to the
right), `inventory` (how many of each item), `equipped_items.mainhand` (`type` is an index into `choices`, `damage`,
`maxDamage`). With `want_depth` also `depth8` uint8 [height, width]: the game's fourth byte, nearer is less, in a unit
that the game does not say. `info["malmo"]` is all that the game told, as it told it; `info["truth"]` has `position`
(m), `yaw` and `pitch` (degrees), NaN where the game does not tell them.

## Start
`reset(seed=...)` begins the task's mission; the seed decides the world where the game heeds it.

## End
When the task is fulfilled, the player dies, or the game says so; `gymnasium.make` cuts an episode after the task's
steps.

## Versions
- v0: the first. Of MineRL's tasks it leaves out the obfuscated and the test ones, those of high resolution (say `width`
  and `height`), 1.0's ObtainDiamondShovel and EquipWeapon, and HumanSurvival's observations beside the frame.
"""

import json
import socket
import time
import uuid
from collections import OrderedDict
from typing import Any

import gymnasium
import numpy as np
from gymnasium import spaces
from jaxtyping import UInt8

from worldsim_envs.minecraft import actions
from worldsim_envs.minecraft.malmo import mission
from worldsim_envs.minecraft.malmo.launcher import Game, start
from worldsim_envs.minecraft.malmo.tasks import find
from worldsim_envs.minecraft.malmo.wire import (
    HELLO,
    Gone,
    Outcome,
    Token,
    Wire,
    read_picture,
    request,
    write_commands,
)

SIMPLE = ("attack", "back", "forward", "jump", "left", "right", "sneak", "sprint")
"""The keys of MineRL 0.4.4's tasks."""

BUSY = 0.2
"""How long to wait before asking a busy game again (s)."""


class MalmoEnv(gymnasium.Env[dict[str, Any], dict[str, Any]]):
    """A MineRL task in a game that listens on a port; the module's docstring says what one sees and does.

    Args:
        task: Of `tasks.NAMES`: "NavigateDense".
        game: "0.4.4" or "1.0", by the version of MineRL; None for the newest that has the task.
        host, port: Where the game listens.
        launch: The command that starts a game, where none is running, "{port}" standing for the port:
            "./launchClient.sh -port {port} -env". Port 0 has a free one chosen.
        width, height: Of a frame in pixels; None for the task's own.
        want_depth: Whether to ask for the game's depth.
        timeout: How long the game may think about one message (s), and how long it may be busy before it begins.
        launch_timeout: How long it may take to start (s).
        render_mode: "rgb_array", or None.

    Attributes:
        choices: What the indices mean: of each action that is neither key nor camera, and of `equipped_items`.

    Raises:
        ValueError: Where there is no such task, game, size or render mode.
    """

    metadata: dict[str, Any] = {"render_modes": ["rgb_array"], "render_fps": 1 / actions.TICK}  # noqa: RUF012

    def __init__(
        self,
        task: str,
        *,
        game: str | None = None,
        host: str = "127.0.0.1",
        port: int = 9000,
        launch: str | None = None,
        width: int | None = None,
        height: int | None = None,
        want_depth: bool = False,
        timeout: float | int = 60,
        launch_timeout: float | int = 300,
        render_mode: str | None = "rgb_array",
    ):
        if render_mode not in ("rgb_array", None):
            raise ValueError(f"render_mode came as {render_mode!r}; the game can only be drawn as 'rgb_array'")
        if port == 0 and launch is None:
            raise ValueError("port came as 0, which is for a game that `launch` starts; say where the game listens")
        self.task = find(task, game)
        self.width, self.height = width or self.task.width, height or self.task.height
        if not (8 <= self.width <= 1024 and 8 <= self.height <= 1024):
            raise ValueError(f"frames of {self.width} x {self.height} were asked for; a side is 8 to 1024 pixels")
        self.host, self.port, self.launch, self.want_depth = host, port, launch, want_depth
        self.timeout, self.launch_timeout, self.render_mode = timeout, launch_timeout, render_mode
        self.choices = {**self.task.choices, **({"equipped_items": self.task.held} if self.task.held else {})}
        self.action_space = self._actions()
        self.observation_space = self._observations()  # pyright: ignore[reportAttributeAccessIssue]
        self._game: Game | None = None
        self._wire: Wire | None = None
        self._frame: UInt8[np.ndarray, "h w 3"] | None = None
        self._resets = 0

    @property
    def renderer(self) -> str:
        """What draws, by name."""
        return f"minecraft-{self.task.game}"

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None):
        """Begin an episode of the task; where a game has to be started, it is.

        Raises:
            Gone: Where the game is not there, or dies.
        """
        super().reset(seed=seed)
        wire = self._connect()
        uid = str(uuid.UUID(bytes=self.np_random.bytes(16), version=4))
        asked = mission.write(self.task, uid, width=self.width, height=self.height, depth=self.want_depth)
        token = Token(uid, resets=self._resets, seed=seed)
        begun = time.monotonic()
        while True:
            wire.send(asked.encode(), str(token).encode())
            if wire.number("the answer to the mission"):
                break
            self._wait(begun, "was busy")
        self._resets += 1
        while True:
            wire.send(request("Peek"))
            picture, told = wire.receive("the first picture"), wire.receive("what the game tells")
            (done,) = wire.unpack("!b", "whether it is over")
            if done:
                raise Gone(f"the episode of {self.task.title} was over before it began; see the game's log")
            if picture:
                return self._look(picture, told)
            self._wait(begun, "showed nothing")

    def step(self, action: dict[str, Any]):
        """Let one tick (0.05 s) pass under an action.

        Raises:
            ValueError: Where the action is none, or there is no episode.
            Gone: Where the game dies; the episode is lost, and `reset` begins another.
        """
        if self._wire is None:
            raise ValueError(f"{self.task.title} has not begun; call reset(seed=...) first")
        if not self.action_space.contains(action):
            raise ValueError(f"the action came as {action!r}; {self.task.title} takes {self.action_space}")
        wire = self._wire
        said = {name: self._word(name, value) for name, value in action.items()}
        try:
            wire.send(request("StepClient", write_commands(said)))
            picture = wire.receive("a picture")
            outcome = Outcome(*wire.unpack(Outcome.FORM, "the reward"))
            told = wire.receive("what the game tells")
            wire.send(request("StepServer"))
        except Gone:
            self._hang_up()
            raise
        observation, info = self._look(picture, told)
        ended = bool(outcome.done) or bool(action.get("ESC", 0))
        return observation, float(outcome.reward), ended, False, info

    def render(self) -> UInt8[np.ndarray, "h w 3"] | None:  # type: ignore[override]
        """The frame that the last reset or step showed."""
        if self._frame is None:
            raise ValueError(f"{self.task.title} has not begun; call reset(seed=...) first")
        return self._frame.copy() if self.render_mode else None

    def close(self) -> None:
        """Hang up, and stop the game if this env started it."""
        self._hang_up()
        if self._game is not None:
            self._game.stop()
            self._game = None

    def _actions(self) -> spaces.Dict:
        if self.task.game == "1.0":
            return actions.space(more=True)
        keys = [(name, spaces.Discrete(2)) for name in (*SIMPLE, *(["use"] if self.task.use else []))]
        more = [(name, spaces.Discrete(len(words))) for name, words in self.task.choices.items()]
        return spaces.Dict(OrderedDict([*keys, *more, ("camera", spaces.Box(-180, 180, (2,), np.float32))]))

    def _observations(self) -> spaces.Dict:
        seen: dict[str, spaces.Space] = {"pov": spaces.Box(0, 255, (self.height, self.width, 3), np.uint8)}
        if self.want_depth:
            seen["depth8"] = spaces.Box(0, 255, (self.height, self.width), np.uint8)
        if self.task.compass:
            seen["compass"] = spaces.Dict({"angle": spaces.Box(-180, 180, (), np.float32)})
        if self.task.items:
            seen["inventory"] = spaces.Dict({item: spaces.Box(0, 2304, (), np.int32) for item in self.task.items})
        if self.task.held:
            wear = spaces.Box(-1, 1562, (), np.int32)
            hand = {"type": spaces.Discrete(len(self.task.held)), "damage": wear, "maxDamage": wear}
            seen["equipped_items"] = spaces.Dict({"mainhand": spaces.Dict(hand)})
        return spaces.Dict(seen)

    def _connect(self) -> Wire:
        """A new line to the game, which has been told to let go of whatever it did."""
        self._hang_up()
        if self.launch is not None and (self._game is None or not self._game.alive()):
            self._game = start(self.launch, port=self.port, timeout=self.launch_timeout)
        port = self.port if self._game is None else self._game.port
        where = f"the game at {self.host}:{port}"
        try:
            line = socket.create_connection((self.host, port), timeout=self.timeout)
        except OSError as error:
            raise Gone(
                f"no game listens at {self.host}:{port} ({error.strerror or error}): start one, such as "
                f"'./launchClient.sh -port {port} -env' or 'worldsim malmo-serve --port {port}', or use launch="
            ) from error
        self._wire = Wire(line, where, self.timeout)
        self._wire.send(HELLO, request("Quit"))
        self._wire.number("the answer to Quit")
        return self._wire

    def _hang_up(self) -> None:
        if self._wire is None:
            return
        wire, self._wire = self._wire, None
        try:
            wire.send(request("Disconnect"))
        except Gone:
            pass  # that is what was wanted
        finally:
            wire.close()

    def _wait(self, begun: float, what: str) -> None:
        if time.monotonic() - begun > self.timeout:
            self._hang_up()
            raise Gone(f"the game at {self.host}:{self.port} {what} for {self.timeout:g} s; see its log")
        time.sleep(BUSY)

    def _word(self, name: str, value: Any) -> Any:
        return self.task.choices[name][int(value)] if name in self.task.choices else value

    def _look(self, picture: bytes, told: bytes) -> tuple[dict[str, Any], dict[str, Any]]:
        try:
            info = json.loads(told) if told else {}
        except ValueError as error:
            raise Gone(f"what the game tells came as {told[:40]!r}, which is no JSON ({error})") from error
        seen = read_picture(picture, self.height, self.width, 3 + self.want_depth)
        self._frame = np.ascontiguousarray(seen[..., :3])
        observation: dict[str, Any] = {"pov": self._frame.copy()}
        if self.want_depth:
            observation["depth8"] = seen[..., 3].copy()
        if self.task.compass:
            observation["compass"] = {"angle": np.array(info.get("compassAngle", 0.0), np.float32)}
        if self.task.items:
            observation["inventory"] = self._counted(info.get("inventory", []))
        if self.task.held:
            observation["equipped_items"] = {"mainhand": self._in_hand(info.get("equipped_items", {}))}
        where = [info.get(name, np.nan) for name in ("xpos", "ypos", "zpos")]
        turned = {name: np.array(info.get(name, np.nan), np.float64) for name in ("yaw", "pitch")}
        truth = {"position": np.array(where, np.float64), **turned}
        return observation, {"malmo": info, "truth": truth}

    def _counted(self, stacks: list[dict[str, Any]]) -> dict[str, np.ndarray]:
        counts = dict.fromkeys(self.task.items, 0)
        for stack in stacks:
            name = _known(stack, self.task.items)
            if name is not None:
                counts[name] += int(stack["quantity"])
        return {item: np.array(count, np.int32) for item, count in counts.items()}

    def _in_hand(self, equipped: dict[str, Any]) -> dict[str, Any]:
        hand = equipped.get("mainhand", {})
        name = _known(hand, self.task.held) or "other" if hand else "none"
        wear = {"damage": hand.get("currentDamage", hand.get("damage", 0)), "maxDamage": hand.get("maxDamage", 0)}
        return {
            "type": np.int64(self.task.held.index(name)),
            **{key: np.array(value, np.int32) for key, value in wear.items()},
        }


def _known(stack: dict[str, Any], names: tuple[str, ...]) -> str | None:
    """By which of these names a stack goes: the item's own, or the item's with its kind."""
    for name in (stack["type"], f"{stack['type']}#{stack.get('metadata', 0)}"):
        if name in names:
            return name
    return None
