"""The voxel world as a Backend: from a recipe and a seed to a world that steps, draws, and says what is true.

A recipe says how the land lies, where the player stands, which things there are and what may be asked; everything else
is the same for every scene and written here once. A thing is a block of wool, or a mob, in a hue that nothing else has.
Each has a slot, present or not: wool that is carried becomes a thing where it is put down, and is none any more where
it is broken.

A tick is 0.05 s, Minecraft's. A frame is a tick, or a few in which the same action is held: its camera then turns by so
many degrees each tick.
"""

import functools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from zlib import crc32

import numpy as np
from jaxtyping import Float64, UInt8

from worldsim_envs import palette
from worldsim_envs.cameras import Camera, lens
from worldsim_envs.captions import captions, observe
from worldsim_envs.minecraft import hands, raycast, sky, walkers
from worldsim_envs.minecraft import player as body
from worldsim_envs.minecraft.actions import TICK, Action
from worldsim_envs.minecraft.blocks import BREAK, NAMES, SOLID, WOOLS
from worldsim_envs.minecraft.fields import Fields
from worldsim_envs.minecraft.rules import KINDS, Rules
from worldsim_envs.minecraft.seen import Air, Bodies, Seen
from worldsim_envs.minecraft.textures import SKIN, look
from worldsim_envs.minecraft.visibility import open_share
from worldsim_envs.scene import Arm, Picture, Truth
from worldsim_envs.variation import SHAPES, Draw, Variation

RENDERERS = ("auto", "numba")

FOV = 70.0
"""The vertical field of view (degrees), as in Minecraft."""

EVENTS = ("broke", "placed", *KINDS)
"""What truth counts in `events`, in this order: what hands did, and what blocks did by themselves."""

STUFF = NAMES[1:]
"""What the segmentation numbers after the things: every kind of block but air."""


@dataclass(frozen=True)
class Wool:
    """A block of wool, a thing; without a cell it is not there yet."""

    hue: int
    cell: tuple[int, int, int] | None = None


@dataclass(frozen=True, eq=False)
class Mob:
    """A mob, a thing: its hue, and how it starts; see `walkers.walker`."""

    hue: int
    row: Float64[np.ndarray, "9"]


@dataclass(frozen=True, eq=False)
class Stage:
    """A world as it begins.

    Attributes:
        blocks: The land; wool is put into it as the things say.
        player: See `player.spawn`.
        things: At most one a slot; no two of one hue.
        carried: What is in the hotbar: by slot a kind's number and a count.
        time: Of day (ticks).
        beyond: How high the ground outside of the world is (m), and its kind's number, -1 for none.
        marks: Places that the recipe's arms and expert want to know, by name.
    """

    blocks: UInt8[np.ndarray, "x y z"]
    player: body.Player
    things: Sequence[Wool | Mob]
    carried: Sequence[tuple[int, int]] = ()
    time: int = sky.NOON
    beyond: tuple[float, int] = (0.0, -1)
    marks: Mapping[str, Any] | None = None


def no_arms(world: "VoxelBackend") -> Mapping[str, Arm]:
    """Nothing is asked of this world."""
    return {}


@dataclass(frozen=True)
class Recipe:
    """What makes a voxel scene.

    Attributes:
        slots: How many things there can be.
        fps: Frames a second (Hz): 20, or a whole part of it.
        build: From a draw, how the world begins.
        expert: What someone who knows the world would do.
        arms: The tellings of an episode that was just reset, by name.
        changes: Further changes, by name, each a function that makes it.
    """

    slots: int
    fps: float
    build: Callable[[Draw], Stage]
    expert: "Callable[[VoxelBackend, np.random.Generator], Action]"
    arms: "Callable[[VoxelBackend], Mapping[str, Arm]]" = no_arms
    changes: "Mapping[str, Callable[[VoxelBackend], None]] | None" = None

    def __post_init__(self):
        if abs(1 / self.fps / TICK - self.ticks) > 1e-9:
            raise ValueError(f"a frame's time of {1 / self.fps} s is no multiple of a tick of {TICK} s")

    @property
    def ticks(self) -> int:
        """How many ticks a frame has."""
        return round(1 / self.fps / TICK)


class VoxelBackend:
    """A running voxel world; see `Backend`.

    Args:
        recipe: What the world is.
        renderer: One of `RENDERERS`; both are the ray-caster on the CPU.
        labels: Whether depth or ids will be observed; they cost nothing here.
        variation: How it looks, and from where its parameters are drawn.

    Attributes:
        stage: How this episode began.
        blocks, player, hands, rules, mobs: What there is now; mobs by slot, as `walkers` has them.
        time: Of day (ticks).
        present, hue: By slot.
        cells: By slot, where its wool is; -1 where it is none.
    """

    capabilities = frozenset({"depth", "segmentation", "camera", "save", "intervene", "expert"})

    def __init__(
        self,
        recipe: Recipe,
        renderer: str = "auto",
        labels: bool = False,
        variation: Variation = Variation(),  # noqa: B008  it is immutable
    ):
        if renderer not in RENDERERS:
            raise ValueError(f"renderer came as {renderer!r}; a voxel world has: {', '.join(RENDERERS)}")
        self.recipe, self.variation = recipe, variation
        self.renderer = "numba"
        self.seed = -1  # of no episode yet
        self.applied: tuple[str, ...] = ()

    @property
    def camera(self) -> Camera:
        """What the player sees, for a picture one pixel across."""
        ahead, yaw = body.gaze(self.player), np.deg2rad(self.player[body.YAW])
        right = np.array([-np.cos(yaw), 0.0, -np.sin(yaw)])
        pose = np.eye(4)
        pose[:3] = np.column_stack([right, np.cross(ahead, right), ahead, body.eye(self.player)])
        return Camera(pose, lens(FOV, 1))

    @property
    def changes(self) -> tuple[str, ...]:
        """The changes that are valid now."""
        if self.seed < 0:
            return ()
        there = np.flatnonzero(self.present).tolist()
        named = [f"{verb}:{slot}" for verb in ("remove", "recolour") for slot in there]
        return (*named, "time:noon", "time:night", *(self.recipe.changes or {}))

    def reset(self, seed: int) -> None:
        """Build the world of this seed and begin it."""
        self.stage = stage = self.recipe.build(Draw(seed, self.variation))
        slots, things = self.recipe.slots, stage.things
        if len(things) > slots or len({thing.hue for thing in things}) < len(things):
            raise ValueError(f"the recipe put {len(things)} things, each with a hue of its own, into {slots} slots")
        self.blocks, self.player, self.time = stage.blocks.copy(), stage.player.copy(), stage.time
        self.paint = np.array([thing.hue for thing in things] + [-1] * (slots - len(things)))
        self.is_mob = np.array([isinstance(thing, Mob) for thing in things] + [False] * (slots - len(things)))
        self.cells = np.full((slots, 3), -1)
        self.mobs = np.zeros((slots, 9))
        for slot, thing in enumerate(things):
            if isinstance(thing, Mob):
                self.mobs[slot] = thing.row
            elif thing.cell is not None:
                self.cells[slot] = thing.cell
                self.blocks[thing.cell] = WOOLS[thing.hue]
        self.present = self.is_mob | (self.cells[:, 0] >= 0)
        carried = np.zeros((9, 2), np.int64)
        carried[: len(stage.carried)] = np.array(stage.carried, np.int64).reshape(-1, 2)
        self.hands, self.rules = hands.Hands(carried), Rules(self.blocks.shape)
        self.fields, self._drawn = Fields(self.blocks), self.blocks.copy()
        self._speed = np.zeros((slots, 3))
        self._events = np.zeros(len(EVENTS), np.int64)
        self.seed, self.applied = seed, ()

    def step(self, action: Any) -> tuple[float, bool]:
        """Let one frame's time pass."""
        before = self.mobs[:, :3].copy()
        self._events[:] = 0
        self.hands.broke = self.hands.placed = 0
        for _ in range(self.recipe.ticks):
            self.player = body.step(self.blocks, self.player, action)
            self.hands.act(self.blocks, self.rules, self.player, action, self._taken())
            for event in self.rules.step(self.blocks):
                self._events[2 + KINDS.index(event.kind)] += 1
            walkers.step(self.blocks, self.mobs, self.present & self.is_mob)
            self.time += 1
        self._events[:2] = self.hands.broke, self.hands.placed
        self._speed = (self.mobs[:, :3] - before) * self.recipe.fps
        self._find()
        return 0.0, False

    def draw(self, camera: Camera, size: int, *, depth: bool = False, segmentation: bool = False) -> Picture:
        """Take a picture; its segmentation numbers the things, and after them the kinds of block."""
        return raycast.draw(self._seen(), camera, size, depth=depth, segmentation=segmentation)

    def truth(self, camera: Camera, size: int) -> Truth:
        """What is true now; see `SceneEnv.truth`.

        Beside it: `player` (see `player.Player`), `hotbar` [9 2] (kind, count), `held` (the slot in hand), `time` of
        day (ticks), `breaking` [4] (which cell, for how many ticks), `events` (how many of each of `EVENTS`).
        """
        position, half = self._middles(), self._half()
        turn = np.where(self.is_mob, self.mobs[:, walkers.TURN], 0.0)
        pixel, depth = camera.project(position)
        nothing = np.zeros_like(turn)
        return {
            "pos": position,
            "quat": np.column_stack([np.cos(turn / 2), nothing, np.sin(turn / 2), nothing]),
            "velocity": np.hstack([self._speed * self.present[:, None], np.zeros((len(turn), 3))]),
            "present": self.present.copy(),
            "hue": self.hue,
            "shape": np.where(self.present, SHAPES.index("box"), -1),
            "size": np.repeat(half[:, None], 3, 1),
            "diameter": 2 * half,
            "pixel": np.where((self.present & (depth > 0))[:, None], pixel, -1.0),
            "visible": self._visible(camera, size, position, half, turn),
            "contact": self._contact(position, half),
            "simulator": self.vector(),
            "player": self.player.copy(),
            "hotbar": self.hands.carried.copy(),
            "held": np.array(self.hands.held),
            "time": np.array(self.time),
            "breaking": np.array([*self.hands.cell, self.hands.ticks]),
            "events": self._events.copy(),
        }

    @property
    def hue(self) -> np.ndarray:
        """By slot, -1 where nothing is."""
        return np.where(self.present, self.paint, -1)

    def vector(self) -> Float64[np.ndarray, " s"]:
        """The exact state but for the blocks and what they are about to do, of which it holds a fingerprint."""
        marks = [crc32(self.blocks.tobytes()), crc32(self.rules.pending.tobytes())]
        small = [self.time, *marks, *self.present.tolist(), *self.paint.tolist(), *self.cells.ravel().tolist()]
        return np.concatenate([self.player, self.hands.vector(), self.mobs.ravel(), np.array(small, np.float64)])

    def save(self) -> dict[str, np.ndarray]:
        """Everything that decides the future, and what the last frame did."""
        rules = {f"rules {name}": value for name, value in self.rules.save().items()}
        return {
            "player": self.player.copy(),
            "hands": self.hands.vector(),
            "mobs": self.mobs.copy(),
            "blocks": self.blocks.copy(),
            "time": np.array(self.time),
            "present": self.present.copy(),
            "paint": self.paint.copy(),
            "cells": self.cells.copy(),
            "speed": self._speed.copy(),
            "events": self._events.copy(),
            **rules,
        }

    def restore(self, seed: int, applied: tuple[str, ...], state: Mapping[str, np.ndarray]) -> None:
        """Begin the seed's episode, unless it is the one at hand, and return to the state."""
        if seed != self.seed:
            self.reset(seed)
        self.player, self.mobs = state["player"].copy(), state["mobs"].copy()
        self.blocks, self.time = state["blocks"].copy(), int(state["time"])
        self.present, self.paint, self.cells = (state[name].copy() for name in ("present", "paint", "cells"))
        self._speed, self._events = state["speed"].copy(), state["events"].copy()
        self.hands.restore(state["hands"])
        self.rules.restore({name.removeprefix("rules "): state[name] for name in state if name.startswith("rules ")})
        self.applied = applied

    def intervene(self, change: str) -> None:
        """Make one of the valid changes."""
        verb, _, what = change.partition(":")
        if self.recipe.changes and change in self.recipe.changes:
            self.recipe.changes[change](self)
        elif verb == "time":
            self.time = {"noon": sky.NOON, "night": sky.NIGHT}[what]
        elif verb == "remove":
            self.take(int(what))
        else:
            self._recolour(int(what))
        self._find()
        self.applied = (*self.applied, change)

    def arms(self) -> Mapping[str, Arm]:
        """The tellings of the episode that was just reset; nothing is moved by asking."""
        kept, applied = self.save(), self.applied
        arms = dict(self.recipe.arms(self))
        self.restore(self.seed, applied, kept)
        return arms

    def describe(self, states: Mapping[str, np.ndarray], poses: Float64[np.ndarray, "t 4 4"]) -> Mapping[str, str]:
        """An episode in words, at three lengths; see `worldsim_envs.captions`."""
        return captions(observe(states, poses, (0.0, 1.0, 0.0)))

    def expert(self, rng: np.random.Generator) -> Any:
        """What someone who knows this world would do."""
        return self.recipe.expert(self, rng)

    def take(self, slot: int) -> None:
        """Take a thing out of the world."""
        if not self.is_mob[slot]:
            self.put(self.cells[slot], 0)
        self.present[slot], self.cells[slot] = False, -1

    def put(self, cell: Sequence[int] | np.ndarray, kind: int) -> None:
        """Make a block another kind, as if a hand had done it."""
        x, y, z = map(int, cell)
        self.rules.put(self.blocks, x, y, z, kind)

    def _recolour(self, slot: int) -> None:
        """Give a thing the next hue that no slot has."""
        hues = len(palette.NAMES)
        free = [hue for on in range(1, hues) if (hue := (self.paint[slot] + on) % hues) not in self.paint]
        self.paint[slot] = free[0]
        if not self.is_mob[slot]:
            self.blocks[tuple(self.cells[slot])] = WOOLS[free[0]]

    def _find(self) -> None:
        """Note which wool came, went or stayed."""
        for slot in np.flatnonzero(~self.is_mob & (self.paint >= 0)).tolist():
            kind = WOOLS[self.paint[slot]]
            if self.present[slot]:
                if self.blocks[tuple(self.cells[slot])] == kind:
                    continue
                self.present[slot], self.cells[slot] = False, -1
            if self._events.any() and len(found := np.argwhere(self.blocks == kind)):
                self.present[slot], self.cells[slot] = True, found[0]

    def _middles(self) -> Float64[np.ndarray, "o 3"]:
        """By slot where the thing's middle is (m); what is nowhere is below the world."""
        middles = np.where(self.is_mob[:, None], self.mobs[:, :3] + [0, walkers.SIDE / 2, 0], self.cells + 0.5)
        parked = np.column_stack([np.arange(len(middles)) * 2.0, np.full(len(middles), -20.0), np.zeros(len(middles))])
        return np.where(self.present[:, None], middles, parked)

    def _half(self) -> Float64[np.ndarray, " o"]:
        return np.where(self.is_mob, walkers.SIDE / 2, 0.5)

    def _taken(self) -> Float64[np.ndarray, "m 6"]:
        """The boxes in which no block may be put: the player's and the mobs'."""
        x, y, z = self.player[:3]
        mine = [x, y + body.TALL / 2, z, body.HALF, body.TALL / 2, body.HALF]
        there = self.present & self.is_mob
        if not there.any():
            return np.array([mine])
        mobs = self._middles()[there]
        return np.vstack([mine, np.hstack([mobs, np.full_like(mobs, walkers.SIDE / 2)])])

    def _seen(self) -> Seen:
        if not np.array_equal(self._drawn, self.blocks):
            self.fields.refresh(self.blocks, self._drawn)
            self._drawn = self.blocks.copy()
        slots = len(self.present)
        ids = np.arange(slots - 1, slots - 1 + len(NAMES), dtype=np.int32)
        ids[0] = -1
        for slot in np.flatnonzero(self.present & ~self.is_mob).tolist():
            ids[WOOLS[self.paint[slot]]] = slot
        there = np.flatnonzero(self.present & self.is_mob)
        place = np.empty((len(there), 8))
        place[:, :3] = self._middles()[there]
        place[:, 3:6] = walkers.SIDE / 2
        place[:, 6], place[:, 7] = np.cos(self.mobs[there, walkers.TURN]), np.sin(self.mobs[there, walkers.TURN])
        kinds = np.column_stack([SKIN + self.paint[there], there]).astype(np.int32)
        air = _air(self.time // 20, self.variation.template, self.stage.beyond)
        drifted = np.array([0, 0, sky.DRIFT * (self.time % 20)])
        air = air._replace(cloud=air.cloud + drifted)
        x, y, z = self.hands.cell
        stage = -1
        if self.hands.ticks and (needed := int(BREAK[self.blocks[x, y, z]])) > 0:
            stage = min(10 * self.hands.ticks // needed, 9)
        crack = np.array([x, y, z, stage], np.int32)
        fields = self.fields
        bodies = Bodies(place, kinds)
        return Seen(self.blocks, fields.distance, fields.light, look(self.variation.template), ids, bodies, air, crack)

    def _visible(self, camera: Camera, size: int, position, half, turn) -> Float64[np.ndarray, " o"]:
        """For each thing the share of points all over it that are in the picture with nothing before them."""
        visible = np.zeros(len(half))
        seen = self._seen() if self.present.any() else None
        bodies = np.cumsum(self.present & self.is_mob) - 1
        for slot in np.flatnonzero(self.present).tolist():
            cos, sin = np.cos(turn[slot]), np.sin(turn[slot])
            spin = np.array([[cos, 0, sin], [0, 1, 0], [-sin, 0, cos]])
            toward = (camera.pose[:3, 3] - position[slot]) @ spin
            points = _POINTS[np.abs(toward) > half[slot], (toward > 0).astype(int)[np.abs(toward) > half[slot]]]
            points = points.reshape(-1, 3) * half[slot] @ spin.T + position[slot]
            pixel, depth = camera.project(points)
            inside = (depth > 0) & ((pixel >= 0) & (pixel <= size)).all(1)
            if seen is not None and inside.any():
                own = {"body": int(bodies[slot])} if self.is_mob[slot] else {"cell": self.cells[slot]}
                share = open_share(seen, camera.pose[:3, 3].copy(), points[inside], **own)
                visible[slot] = share * inside.mean()
        return visible

    def _contact(self, position: np.ndarray, half: np.ndarray) -> np.ndarray:
        """Which things touch each other, and which touch anything else: a block is never alone, a mob may fall."""
        slots = len(half)
        touch = np.zeros((slots, slots + 1), bool)
        gap = np.abs(position[:, None] - position[None]).max(-1) - (half[:, None] + half[None])
        touch[:, :slots] = (gap < 1e-3) & self.present[:, None] & self.present[None] & ~np.eye(slots, dtype=bool)
        for slot in np.flatnonzero(self.present).tolist():
            x, y, z = np.floor(position[slot] - [0, half[slot] + 0.01, 0]).astype(int)
            inside = 0 <= x < self.blocks.shape[0] and 0 <= y < self.blocks.shape[1] and 0 <= z < self.blocks.shape[2]
            touch[slot, slots] = inside and bool(SOLID[self.blocks[x, y, z]])
        return touch


@functools.lru_cache(maxsize=64)
def _air(second: int, template: str, beyond: tuple[float, int]) -> Air:
    """The sky is worked out once a second."""
    return sky.air(20 * second, template, beyond)


def _surface() -> Float64[np.ndarray, "3 2 n 3"]:
    """Points all over a cube that is 2 across: by axis and side, a little within."""
    ticks = np.linspace(-0.98, 0.98, 6)
    u, v = (each.ravel() for each in np.meshgrid(ticks, ticks))
    sides = [np.column_stack([np.full_like(u, way), u, v]) for way in (-0.98, 0.98)]
    return np.stack([np.roll(sides, axis, 2) for axis in range(3)])


_POINTS = _surface()
