"""What blocks do by themselves: sand falls, liquids flow, TNT explodes, buttons open doors and light lamps.

A block that something happened to or beside is woken, and what it does comes some ticks (0.05 s) later: a grain of sand
falls after 2, water flows after 5, lava after 30, TNT explodes 80 after it was lit, a button lets go after 20. All that
is still to come is a list of rows, which is all the state there is beside the blocks.

As in Minecraft, but for what follows. A falling block is a block in some cell all the time: it changes cells when
Minecraft's falling block would have fallen that far, one cell a tick at most. It rests on whatever is not air or a
liquid. Falling water and what it becomes where it lands count as one step from a source, since water knows no further
state. Rays of an explosion have all the mean strength, so craters follow from the blocks alone; nothing is dropped.
A lit TNT stays where it is. Lava that meets water becomes stone where it was a source and else cobblestone.

Source: the Minecraft Wiki's pages "Falling Block", "Water", "Lava", "TNT", "Explosion", "Button" (Java Edition 1.16).
"""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from jaxtyping import Int32, UInt8

from worldsim_envs.minecraft.blocks import BLOCKS, INDEX
from worldsim_envs.minecraft.matter import (
    AIR,
    FALLING,
    FAMILY,
    FLUID,
    RESISTANCE,
    SIDES,
    TABLES,
    TNT,
    TNT_LIT,
    blast,
    fall,
    flow,
    schedule,
    wake,
)

Grid = UInt8[np.ndarray, "x y z"]

KINDS = ("fell", "landed", "flowed", "dried", "lit", "exploded", "pressed", "released", "opened", "closed")
"""What can happen to a block; see `Event`."""

LIT, EXPLODED, PRESSED, RELEASED, OPENED, CLOSED = range(4, len(KINDS))  # what comes before, matter says itself

FUSE, CHAIN, HELD = 80, 20, 20
"""How long TNT burns, TNT that another lit, and how long a button stays down (ticks)."""


class Event(NamedTuple):
    """Something that happened to a block.

    Attributes:
        tick: When; the first step's is 1.
        kind: One of `KINDS`: a block began to fall, or lay still after falling; a liquid came into a cell, or went; TNT
            was lit, or exploded; a button was pressed, or came up; a door opened or a lamp went on, or the reverse.
        x, y, z: Which cell.
    """

    tick: int
    kind: str
    x: int
    y: int
    z: int


BUTTON, BUTTON_PRESSED = INDEX["button"], INDEX["button_pressed"]

_TURNS = {"door_closed": "door_open", "lamp": "lamp_on"}
ON, OFF = np.arange(len(BLOCKS), dtype=np.uint8), np.arange(len(BLOCKS), dtype=np.uint8)
"""What becomes of each block where power comes, and where it goes."""
for _off, _on in _TURNS.items():
    ON[INDEX[_off]], OFF[INDEX[_on]] = INDEX[_on], INDEX[_off]

DOOR = np.array([block.name.startswith("door") for block in BLOCKS])


class Rules:
    """What is still to come in one world of blocks.

    Whoever changes a block does so through `put`, which wakes what is around it.

    Args:
        shape: The world's.

    Attributes:
        now: How many ticks have passed.
    """

    def __init__(self, shape: tuple[int, ...]):
        self.now = 0
        cells = int(np.prod(shape))
        self._rows = np.empty((2 * cells, 6), np.int32)  # tick, x, y, z, family, how far it has fallen
        self._queued = np.zeros(shape, np.int32)  # the family that a cell's row speaks to
        self._count = np.zeros(1, np.int64)
        self._happened: list[tuple[int, int, int, int]] = []

    def put(self, blocks: Grid, x: int, y: int, z: int, kind: int) -> None:
        """Make this block that kind, and wake it and what is around it."""
        blocks[x, y, z] = kind
        self._wake(blocks, x, y, z)

    def use(self, blocks: Grid, x: int, y: int, z: int) -> bool:
        """Press the button, light the TNT, or move the door that is there; whether there was any."""
        kind = int(blocks[x, y, z])
        if kind == BUTTON:
            self.put(blocks, x, y, z, BUTTON_PRESSED)
            self._schedule(blocks, x, y, z, HELD)
            self._happened.append((PRESSED, x, y, z))
            self._power(blocks, x, y, z, ON)
        elif kind == TNT:
            self._light(blocks, x, y, z, FUSE)
        elif DOOR[kind]:
            self._turn(blocks, x, y, z, ON if ON[kind] != kind else OFF)
        else:
            return False
        return True

    def step(self, blocks: Grid) -> list[Event]:
        """Let one tick pass, in place; what happened since the step before."""
        self.now += 1
        rows = self._rows[: self._count[0]]
        due = rows[rows[:, 0] <= self.now].copy() if len(rows) else rows
        if len(due):
            later = rows[rows[:, 0] > self.now].copy()
            self._rows[: len(later)] = later
            self._count[0] = len(later)
            for _, x, y, z, family, fallen in due.tolist():
                if self._queued[x, y, z] != family:
                    continue  # the cell has been spoken to anew since
                self._queued[x, y, z] = 0
                kind = int(blocks[x, y, z])
                if FAMILY[kind] == family % FALLING:
                    self._act(blocks, x, y, z, kind, family >= FALLING, fallen)
        happened, self._happened = self._happened, []
        return [Event(self.now, KINDS[kind], x, y, z) for kind, x, y, z in happened]

    @property
    def pending(self) -> Int32[np.ndarray, "n 6"]:
        """What is still to come, in order: tick, x, y, z, of which family a block must be, how far it has fallen."""
        return self._rows[: self._count[0]].copy()

    def save(self) -> dict[str, np.ndarray]:
        """Everything that, with the blocks, decides what blocks do next."""
        rows = self.pending
        return {
            "now": np.array(self.now),
            "pending": rows,
            "spoken": self._queued[rows[:, 1], rows[:, 2], rows[:, 3]],
            "happened": np.array(self._happened, np.int32),
        }

    def restore(self, state: Mapping[str, np.ndarray]) -> None:
        """Return to what was saved."""
        rows = state["pending"]
        self.now = int(state["now"])
        self._rows[: len(rows)] = rows
        self._count[0] = len(rows)
        self._queued[:] = 0
        self._queued[rows[:, 1], rows[:, 2], rows[:, 3]] = state["spoken"]
        self._happened = [(int(a), int(b), int(c), int(d)) for a, b, c, d in state["happened"].reshape(-1, 4)]

    @property
    def _queue(self) -> tuple[np.ndarray, np.ndarray, np.ndarray, int]:
        return self._rows, self._count, self._queued, self.now

    def _act(self, blocks: Grid, x: int, y: int, z: int, kind: int, falling: bool, fallen: int) -> None:
        """What a block does when its time has come."""
        if kind == TNT_LIT:
            self._explode(blocks, x, y, z)
        elif kind == BUTTON_PRESSED:
            self.put(blocks, x, y, z, BUTTON)
            self._happened.append((RELEASED, x, y, z))
            self._power(blocks, x, y, z, OFF)
        else:
            events = np.empty((16, 4), np.int32)
            if FLUID[kind]:
                number = flow(blocks, x, y, z, self._queue, TABLES, events)
            else:
                number = fall(blocks, x, y, z, falling, fallen, self._queue, TABLES, events)
            self._happened.extend((int(a), int(b), int(c), int(d)) for a, b, c, d in events[:number])

    def _wake(self, blocks: Grid, x: int, y: int, z: int) -> None:
        wake(blocks, x, y, z, self._queue, TABLES)

    def _schedule(self, blocks: Grid, x: int, y: int, z: int, ticks: int) -> None:
        schedule(self._queue, x, y, z, self.now + ticks, int(FAMILY[blocks[x, y, z]]), 0)

    def _light(self, blocks: Grid, x: int, y: int, z: int, fuse: int) -> None:
        self.put(blocks, x, y, z, TNT_LIT)
        self._schedule(blocks, x, y, z, fuse)
        self._happened.append((LIT, x, y, z))

    def _turn(self, blocks: Grid, x: int, y: int, z: int, becomes: UInt8[np.ndarray, " k"]) -> None:
        """Open or close, switch on or off; of a door, the part above and below with it."""
        kind = int(blocks[x, y, z])
        if becomes[kind] == kind:
            return
        self.put(blocks, x, y, z, int(becomes[kind]))
        self._happened.append((OPENED if becomes is ON else CLOSED, x, y, z))
        for other in (y - 1, y + 1) if DOOR[kind] else ():
            if 0 <= other < blocks.shape[1] and blocks[x, other, z] == kind:
                self._turn(blocks, x, other, z, becomes)

    def _power(self, blocks: Grid, x: int, y: int, z: int, becomes: UInt8[np.ndarray, " k"]) -> None:
        """Give power to what is beside a button or beside the block that it sits on, or take it away."""
        for height in (y, y - 1):
            for dx, dy, dz in SIDES.tolist():
                i, j, k = x + dx, height + dy, z + dz
                if 0 <= i < blocks.shape[0] and 0 <= j < blocks.shape[1] and 0 <= k < blocks.shape[2]:
                    self._turn(blocks, i, j, k, becomes)
                    if becomes is ON and blocks[i, j, k] == TNT:
                        self._light(blocks, i, j, k, FUSE)

    def _explode(self, blocks: Grid, x: int, y: int, z: int) -> None:
        blocks[x, y, z] = AIR
        self._happened.append((EXPLODED, x, y, z))
        gone = np.argwhere(blast(blocks, x, y, z, RESISTANCE)).tolist()
        for i, j, k in gone:
            if blocks[i, j, k] == TNT:
                self._light(blocks, i, j, k, CHAIN)
            elif blocks[i, j, k] != TNT_LIT:
                blocks[i, j, k] = AIR
        for i, j, k in [[x, y, z], *gone]:
            self._wake(blocks, i, j, k)
