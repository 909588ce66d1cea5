"""Minecraft as people played it: the contractor data of VPT, read into episodes, and episodes written in its form.

A segment is `NAME.mp4` and `NAME.jsonl`: at 20 Hz, each line is one tick, told as the frame of that tick was shown. So
of N lines there are N frames and N - 1 actions of which something came. What is known to go wrong, and does not here:

    camera     float32 degrees, 0.15 a pixel; the published loader writes into an int64 array and loses moves below 1
    nothing    ticks in which nothing was pressed are kept; to leave them out, as is done for cloning, tears time apart
    attack     a button that was down before the segment began is reported as down for all of it; it counts as up
               until it is pressed anew
    hotbar     a wheel turned between ticks shows as another slot, and becomes the button of that slot
    cursor     the screen was recorded without it; where a window is open it is drawn in
    jumps      a turn beyond 180 degrees in one tick is a glitch of the mouse, and no turn
    opposites  W and S held together are both held: only VPT's joint space has them cancel

The published code names factors for the mouse in windows, of recorders 5.7 and 5.8 (0.5) and 6.7 to 6.9 (2.0), and
never applies them; neither does this. What is made of files stands in `worldsim.data.segments`.

Source: Baker et al. 2022, "Video PreTraining"; openai/Video-Pre-Training at 095519f, `data_loader.py`, for its meaning.
"""

import json
from collections import OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from gymnasium import spaces
from jaxtyping import Float64

from worldsim.types import Episode
from worldsim.video import Picture

FPS = 20.0
SCENE = "recorded/Minecraft"
"""What the episodes of recorded segments have as their scene; nobody can make that one again."""

BUTTONS = (
    *("attack", "back", "forward", "jump", "left", "right", "sneak", "sprint", "use", "drop", "inventory"),
    *(f"hotbar.{slot}" for slot in range(1, 10)),
)
"""The buttons of an action, in VPT's order; the same as in every Minecraft of ours."""

MORE = ("swapHands", "pickItem", "ESC")
"""What people press besides; kept as the state `more`."""

KEYS = {
    **{"w": "forward", "s": "back", "a": "left", "d": "right", "space": "jump", "q": "drop", "e": "inventory"},
    **{"left.shift": "sneak", "left.control": "sprint", "f": "swapHands", "escape": "ESC"},
    **{str(slot): f"hotbar.{slot}" for slot in range(1, 10)},
}
"""Which key is which button; recordings write `key.keyboard.` before it."""

MOUSE = ("attack", "use", "pickItem")
"""Which mouse button is which."""

DEGREES = 360 / 2400
"""How far the camera turns for each pixel that the mouse moves (degrees)."""

SCREEN = 720
"""The height of the screen (px) that places of the mouse are given in."""

EYES = 1.62
"""How high above its feet a player looks from (m)."""


def space() -> spaces.Space:
    """The space of actions: twenty buttons, and the camera [down, right] in degrees a tick."""
    parts: list[tuple[str, spaces.Space]] = [(name, spaces.Discrete(2)) for name in BUTTONS]
    return spaces.Dict(OrderedDict([*parts, ("camera", spaces.Box(-180, 180, (2,), np.float32))]))


class Tick(NamedTuple):
    """What one line says.

    Attributes:
        held: The names of the buttons that are down, of `BUTTONS` and `MORE`.
        camera: [down, right] in degrees.
        gui: Whether a window is open.
        mouse: Where the mouse is, [x, y] on a screen 720 pixels high.
        hotbar: The slot in hand, 0 to 8.
        place: [x, y, z, yaw, pitch] of the player in m and degrees, where the recording has it.
    """

    held: frozenset[str]
    camera: tuple[float, float]
    gui: bool
    mouse: tuple[float, float]
    hotbar: int
    place: tuple[float, ...] | None


# ---- lines -----------------------------------------------------------------------------------------------------------


def read_ticks(path: Path, partial: bool = False) -> list[Tick]:
    """The ticks of a jsonl file.

    Args:
        path: The file.
        partial: Whether to keep what comes before a line that cannot be read, where there is one.

    Raises:
        ValueError: Where a line is cut short, or lacks what a tick needs.
    """
    ticks: list[Tick] = []
    stuck, slot = False, 0
    with open(path, encoding="utf-8") as file:
        for number, line in enumerate(file, 1):
            try:
                told = json.loads(line)
                stuck = _stuck(stuck, told, first=number == 1)
                slot = told["hotbar"] if number == 1 else slot
                ticks.append(_tick(told, stuck, slot))
                slot = told["hotbar"]
            except (ValueError, KeyError, TypeError) as error:
                if partial:
                    return ticks
                raise ValueError(
                    f"{path}, line {number} is cut short or is no tick ({type(error).__name__}: {error}); "
                    f"the {len(ticks)} before it are whole: copy the file again, or keep those with --partial true"
                ) from error
    return ticks


def _stuck(stuck: bool, told: Any, first: bool) -> bool:
    """Whether the attack button only seems to be down."""
    new = told["mouse"]["newButtons"]
    return new == [0] if first else stuck and 0 not in new


def _tick(told: Any, stuck: bool, slot: int) -> Tick:
    mouse = told["mouse"]
    keys = [key.removeprefix("key.keyboard.") for key in told["keyboard"]["keys"]]
    held = {KEYS[key] for key in keys if key in KEYS}
    held |= {MOUSE[button] for button in mouse["buttons"] if button < len(MOUSE) and not (stuck and button == 0)}
    if told["hotbar"] != slot:
        held.add(f"hotbar.{told['hotbar'] + 1}")
    down, right = (DEGREES * float(mouse[way]) for way in ("dy", "dx"))
    place = [told.get(name) for name in ("xpos", "ypos", "zpos", "yaw", "pitch")]
    return Tick(
        held=frozenset(held),
        camera=(down if abs(down) <= 180 else 0.0, right if abs(right) <= 180 else 0.0),
        gui=bool(told["isGuiOpen"]),
        mouse=(float(mouse["x"]), float(mouse["y"])),
        hotbar=int(told["hotbar"]),
        place=None if None in place else tuple(map(float, place)),
    )


def actions_of(ticks: Sequence[Tick]) -> np.ndarray:
    """The flattened actions of these ticks."""
    kind, flat = space(), []
    for tick in ticks:
        held = {name: np.int64(name in tick.held) for name in BUTTONS}
        flat.append(spaces.flatten(kind, {**held, "camera": np.array(tick.camera, np.float32)}))
    return np.array(flat, np.float32).reshape(len(ticks), spaces.flatdim(kind))


def states_of(ticks: Sequence[Tick]) -> dict[str, np.ndarray]:
    """What else is true at each frame; `held` is the slot in hand, 0 to 8, as in every Minecraft of ours."""
    states = {
        "gui": np.array([tick.gui for tick in ticks]),
        "mouse": np.array([tick.mouse for tick in ticks], np.float64),
        "held": np.array([tick.hotbar for tick in ticks], np.int8),
        "more": np.array([[name in tick.held for name in MORE] for tick in ticks]),
    }
    if all(tick.place for tick in ticks):
        states["place"] = np.array([tick.place for tick in ticks], np.float64)
    return states


# ---- back to lines ---------------------------------------------------------------------------------------------------


def lines_of(episode: Episode, taken: Sequence[Mapping[str, Any]]) -> Iterator[dict[str, Any]]:
    """One line a frame; that of the last frame, of which no action is known, presses nothing.

    Args:
        episode: Of a Minecraft.
        taken: Its actions, by name.
    """
    buttons = {name: index for index, name in enumerate(MOUSE)}
    keys = {name: f"key.keyboard.{key}" for key, name in KEYS.items()}
    windows = episode.states.get("gui", np.zeros(len(episode.frames), bool))
    mice = episode.states.get("mouse", np.full((len(episode.frames), 2), SCREEN / 2))
    slot = int(episode.states["held"][0]) if "held" in episode.states else 0
    before: set[str] = set()
    for tick, action in enumerate([*taken, {}]):
        held = {name for name, value in action.items() if name != "camera" and value}
        if pressed := sorted(name for name in held if name.startswith("hotbar.")):
            slot = int(pressed[-1].removeprefix("hotbar.")) - 1
        down, right = (float(turn) / DEGREES for turn in action.get("camera", (0, 0)))
        # a button that is down on the first line, and new, would be taken for one that is stuck
        new = held - before if tick else set()
        yield {
            "mouse": {
                **{"x": float(mice[tick][0]), "y": float(mice[tick][1]), "dx": right, "dy": down, "dwheel": 0.0},
                "buttons": sorted(buttons[name] for name in held & buttons.keys()),
                "newButtons": sorted(buttons[name] for name in new & buttons.keys()),
            },
            "keyboard": {
                "keys": sorted(keys[name] for name in held & keys.keys()),
                "newKeys": sorted(keys[name] for name in new & keys.keys()),
                "chars": "",
            },
            "isGuiOpen": bool(windows[tick]),
            "isGuiInventory": bool(windows[tick]),
            "hotbar": slot,
            "tick": tick,
            "milli": round(1000 * tick / episode.fps),
            **({} if episode.poses is None else _place(episode.poses[tick])),
        }
        before = held


def _place(pose: Float64[np.ndarray, "4 4"]) -> dict[str, float]:
    """Where the player of this camera stands, in Minecraft's terms: y up; yaw 0 looks along z, 90 against x."""
    x, y, z = pose[:3, 3].tolist()
    ahead = pose[:3, 2]
    yaw, pitch = np.arctan2(-ahead[0], ahead[2]), np.arcsin(np.clip(-ahead[1], -1, 1))
    return {"xpos": x, "ypos": y - EYES, "zpos": z, "yaw": float(np.rad2deg(yaw)), "pitch": float(np.rad2deg(pitch))}


# ---- the cursor ------------------------------------------------------------------------------------------------------

CURSOR = """
#...............
##..............
#o#.............
#oo#............
#ooo#...........
#oooo#..........
#ooooo#.........
#oooooo#........
#ooooooo#.......
#oooooooo#......
#oooooo###......
#ooo#oo#........
#oo#.#oo#.......
#o#..#oo#.......
##....#oo#......
#.....####......
"""
"""A pointer of 16 x 16 pixels: # dark, o light, . clear."""

_CURSOR = np.array([list(row) for row in CURSOR.split()])


def with_cursor(picture: Picture, mouse: tuple[float, float]) -> Picture:
    """The picture with a pointer whose tip is where the mouse is (px of a screen 720 high)."""
    scale = picture.shape[0] / SCREEN
    left, top = (int(place * scale) for place in mouse)
    drawn = picture.copy()
    rows, columns = np.nonzero(_CURSOR != ".")
    inside = (rows + top < picture.shape[0]) & (columns + left < picture.shape[1]) & (rows + top >= 0)
    rows, columns = rows[inside & (columns + left >= 0)], columns[inside & (columns + left >= 0)]
    drawn[rows + top, columns + left] = np.where(_CURSOR[rows, columns] == "o", 255, 0)[:, None]
    return drawn
