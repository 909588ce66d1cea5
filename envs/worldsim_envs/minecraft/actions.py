"""What can be done in every Minecraft here: one convention for the voxel world, the real game and recordings.

Buttons have the names that MineRL and VPT gave them, each 0 or 1 for one tick (0.05 s). `camera` is float32 [d pitch,
d yaw] in degrees a tick, positive down and right. An action is a dict of these; as an array it is the 20 buttons in
the order of `BUTTONS`, and the camera.

VPT's joint space says the same in two numbers: which buttons are held (8641 choices), and which of 11 x 11 bins the
camera's move falls into (121). It knows no opposites (forward and back held together are neither), one hotbar key, one
of sprint and sneak, and of the inventory key nothing beside it; so it can say less than the dict can.

Source: Baker et al. 2022, "Video PreTraining", appendix on the action space.
"""

from collections import OrderedDict
from collections.abc import Mapping
from itertools import product
from typing import Any, NamedTuple

import numpy as np
from gymnasium import spaces
from jaxtyping import Float, Float32, Float64, Int64

HOTBAR = tuple(f"hotbar.{slot}" for slot in range(1, 10))
BUTTONS = (
    *("attack", "back", "forward", "jump", "left", "right", "sneak", "sprint", "use", "drop", "inventory"),
    *HOTBAR,
)
"""The twenty buttons, in VPT's order."""

MORE = ("swapHands", "pickItem", "ESC")
"""Buttons that people have and VPT's policies have not."""

TICK = 0.05
"""How long a tick lasts (s)."""

Action = dict[str, Any]
"""By name: each button 0 or 1, and `camera` [d pitch, d yaw] in degrees a tick."""


def space(*, more: bool = False) -> spaces.Dict:
    """The Gymnasium space of actions: the twenty buttons and the camera; with `more`, three buttons between them."""
    names = (*BUTTONS, *(MORE if more else ()))
    parts = [(name, spaces.Discrete(2)) for name in names]
    return spaces.Dict(OrderedDict([*parts, ("camera", spaces.Box(-180, 180, (2,), np.float32))]))


def press(*buttons: str, camera: tuple[float | int, float | int] = (0.0, 0.0), more: bool = False) -> Action:
    """The action that holds these buttons and turns the camera by so many degrees [down, right].

    Raises:
        ValueError: Where a button is none.
    """
    names = (*BUTTONS, *(MORE if more else ()))
    if unknown := set(buttons) - set(names):
        raise ValueError(f"there is no button {', '.join(sorted(unknown))}; there are: {', '.join(names)}")
    return {**{name: np.int64(name in buttons) for name in names}, "camera": np.array(camera, np.float32)}


def noop(*, more: bool = False) -> Action:
    """The action that does nothing."""
    return press(more=more)


def to_vector(action: Mapping[str, Any]) -> Float32[np.ndarray, "22"]:
    """An action as an array: the twenty buttons, then the camera (degrees). What a dict leaves out is not held."""
    held = [float(action.get(name, 0)) for name in BUTTONS]
    return np.array([*held, *np.asarray(action.get("camera", (0, 0)), np.float32).tolist()], np.float32)


def from_vector(vector: Float[np.ndarray, "22"]) -> Action:
    """The action that an array says; a button is held from 0.5 on."""
    held = [name for name, value in zip(BUTTONS, vector, strict=False) if value >= 0.5]
    return press(*held, camera=(float(vector[-2]), float(vector[-1])))


MOST, BIN, MU = 10.0, 2.0, 10.0
"""VPT's camera: the furthest move (degrees a tick), the width of a bin once the move is compressed, how much it is."""

BINS = 11
"""How many bins the camera has about either axis."""

_decoded = (np.arange(BINS) * BIN - MOST) / MOST
DEGREES: Float64[np.ndarray, "11"] = np.sign(_decoded) * MOST * ((1 + MU) ** np.abs(_decoded) - 1) / MU
"""What each bin of the camera means (degrees a tick): mu-law, fine near 0 and coarse far from it."""


def to_bins(camera: Float[np.ndarray, "*b 2"]) -> Int64[np.ndarray, "*b 2"]:
    """The bins that moves of the camera (degrees) fall into; moves beyond the last bin fall into it."""
    move = np.clip(camera, -MOST, MOST).astype(np.float64) / MOST
    compressed = np.sign(move) * np.log1p(MU * np.abs(move)) / np.log1p(MU)
    return np.round((compressed + 1) * MOST / BIN).astype(np.int64)


GROUPS = {
    "hotbar": HOTBAR,
    "ahead": ("forward", "back"),
    "aside": ("left", "right"),
    "pace": ("sprint", "sneak"),
    "use": ("use",),
    "drop": ("drop",),
    "attack": ("attack",),
    "jump": ("jump",),
    "camera": ("camera",),
}
"""What excludes each other in VPT's joint buttons, slowest first; "camera" is whether the camera moves at all."""

CHOICES = tuple(product(*((None, *names) for names in GROUPS.values())))
"""Every way to hold buttons, by joint index, but for the last index, which is the inventory key alone."""

INVENTORY = len(CHOICES)
"""The joint index of the inventory key: 8640."""

_INDEX = {choice: index for index, choice in enumerate(CHOICES)}
_STILL = BINS // 2


class Joint(NamedTuple):
    """An action in VPT's joint space.

    Attributes:
        buttons: 0 to 8640.
        camera: 0 to 120, eleven times the pitch's bin and the yaw's; 60 is still.
    """

    buttons: int
    camera: int


def to_vpt_joint(action: Mapping[str, Any]) -> Joint:
    """The nearest action of VPT's joint space: of a group the later name wins, and opposites cancel."""
    if action.get("inventory", 0):
        return Joint(INVENTORY, _STILL * BINS + _STILL)
    pitch, yaw = map(int, to_bins(np.asarray(action.get("camera", (0, 0)), np.float64)))
    chosen: list[str | None] = []
    for group, names in GROUPS.items():
        held = [name for name in names if group != "camera" and action.get(name, 0)]
        cancel = group in ("ahead", "aside") and len(held) == 2
        chosen.append(None if cancel or not held else held[-1])
    chosen[-1] = None if pitch == yaw == _STILL else "camera"
    return Joint(_INDEX[tuple(chosen)], pitch * BINS + yaw)


def from_vpt_joint(joint: Joint) -> Action:
    """The action that the joint space's two numbers mean; a camera that is not said to move stays still.

    Raises:
        ValueError: Where a number is out of its range.
    """
    if not (0 <= joint.buttons <= INVENTORY and 0 <= joint.camera < BINS**2):
        raise ValueError(
            f"the joint action came as {tuple(joint)}; buttons are 0 to {INVENTORY}, the camera is 0 to {BINS**2 - 1}"
        )
    if joint.buttons == INVENTORY:
        return press("inventory")
    *held, turns = CHOICES[joint.buttons]
    pitch, yaw = divmod(joint.camera, BINS) if turns else (_STILL, _STILL)
    return press(*(name for name in held if name), camera=(float(DEGREES[pitch]), float(DEGREES[yaw])))
