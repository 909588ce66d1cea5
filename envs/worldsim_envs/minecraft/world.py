"""The voxel world as a Backend: from a recipe and a seed to a world that steps, draws, and says what is true.

A recipe says how the land lies, where the player stands, which things there are and what may be asked; everything else
is the same for every scene and written here once: `stage` is how a world begins, `things` what its slots hold, `sight`
what there is to be seen.

A tick is 0.05 s, Minecraft's. A frame is a tick, or a few in which the same action is held: its camera then turns by so
many degrees each tick.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any
from zlib import crc32

import numpy as np
from jaxtyping import Float64

from worldsim_envs.cameras import Camera, lens
from worldsim_envs.captions import captions
from worldsim_envs.minecraft import edits, hands, sky, words
from worldsim_envs.minecraft import player as body
from worldsim_envs.minecraft.actions import TICK, Action, space
from worldsim_envs.minecraft.blocks import NAMES
from worldsim_envs.minecraft.hands import EVENTS
from worldsim_envs.minecraft.life import Life
from worldsim_envs.minecraft.render import choose
from worldsim_envs.minecraft.rules import Rules
from worldsim_envs.minecraft.sight import Sight
from worldsim_envs.minecraft.stage import Mob, Stage, Wool
from worldsim_envs.minecraft.things import Things
from worldsim_envs.scene import Arm, Picture, Scene, Truth
from worldsim_envs.variation import RANGES, SHAPES, TEMPLATES, Draw, Variation

__all__ = ["EVENTS", "FOV", "STUFF", "Mob", "Recipe", "Stage", "VoxelBackend", "Wool", "no_arms", "scene_of"]

FOV = 70.0
"""The vertical field of view (degrees), as in Minecraft."""

TOLD = 8
"""Of how many different happenings in a frame truth tells which kind of block it was."""

VERSION = 3
"""Of saved states: raised where what they hold, or what it means, becomes another. Those of version 1 do not say it."""

STUFF = NAMES[1:]
"""What the segmentation numbers after the things: every kind of block but air."""


_NOBODY = np.empty((0, 6))


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
        renderer: One of `render.RENDERERS`.
        labels: Whether depth or ids will be observed; they cost nothing here.
        variation: How it looks, and from where its parameters are drawn.

    Attributes:
        stage: How this episode began.
        blocks, player, life, hands, rules, things: What there is now.
        sight: What there is to be seen of it.
        time: Of day (ticks).
        present, paint, cells: Those of `things`.
    """

    capabilities = frozenset({"depth", "segmentation", "camera", "save", "intervene", "expert"})
    forms: Mapping[str, str] = edits.FORMS

    def __init__(
        self,
        recipe: Recipe,
        renderer: str = "auto",
        labels: bool = False,
        variation: Variation = Variation(),  # noqa: B008  it is immutable
    ):
        self.recipe, self.variation = recipe, variation
        self._drawer = choose(renderer)
        self.renderer = self._drawer.name
        self.seed = -1  # of no episode yet
        self.applied: tuple[str, ...] = ()

    @property
    def camera(self) -> Camera:
        """What the player sees, for a picture one pixel across."""
        yaw, pose = np.deg2rad(self.player[body.YAW]), np.eye(4)
        (ax, ay, az), rx, rz = body.gaze(self.player).tolist(), -np.cos(yaw), -np.sin(yaw)
        pose[:3, 0], pose[:3, 1] = (rx, 0.0, rz), (ay * rz, az * rx - ax * rz, -ay * rx)  # right, and ahead x right
        pose[:3, 2], pose[:3, 3] = (ax, ay, az), body.eye(self.player)
        return Camera(pose, lens(FOV, 1))

    @property
    def changes(self) -> tuple[str, ...]:
        """The changes that are valid now."""
        if self.seed < 0:
            return ()
        verbs = ("remove", "recolour") if self.things.free else ("remove",)
        named = [f"{verb}:{slot}" for verb in verbs for slot in np.flatnonzero(self.things.present).tolist()]
        return (*named, "time:noon", "time:night", *(self.recipe.changes or {}))

    def reset(self, seed: int) -> None:
        """Build the world of this seed and begin it."""
        self.stage = stage = self.recipe.build(Draw(seed, self.variation))
        self.blocks, self.player, self.time = stage.blocks.copy(), stage.player.copy(), stage.time
        self.things = Things(self.recipe.slots, stage.things, self.blocks)
        carried = np.zeros((9, 2), np.int64)
        carried[: len(stage.carried)] = np.array(stage.carried, np.int64).reshape(-1, 2)
        self.hands, self.rules, self.life = hands.Hands(carried), Rules(self.blocks.shape), Life()
        self.sight = Sight(self.blocks, stage, self.variation.template)
        self._note([])
        self.seed, self.applied = seed, ()

    def step(self, action: Any) -> tuple[float, bool]:
        """Let one frame's time pass."""
        before = self.things.mobs[:, :3].copy()
        happened: list[tuple[str, int]] = []
        for _ in range(self.recipe.ticks):
            was, self.player = self.player, body.step(self.blocks, self.player, action)
            self.life.step(self.blocks, was, self.player)
            taken = self._taken() if action["use"] else _NOBODY
            if did := self.hands.act(self.blocks, self.rules, self.player, action, taken):
                happened.append(did)
            for kind, x, y, z in (event[1:] for event in self.rules.step(self.blocks)):
                happened.append((kind, int(self.blocks[x, y, z])))
            self.things.step(self.blocks, self.player)
            self.time += 1
        self._note(happened)
        self.things.speed = (self.things.mobs[:, :3] - before) * self.recipe.fps
        self._find()
        return 0.0, False

    def draw(self, camera: Camera, size: int, *, depth: bool = False, segmentation: bool = False) -> Picture:
        """Take a picture; its segmentation numbers the things, and after them the kinds of block."""
        seen = self.sight.seen(self.blocks, self.things, self.hands, self.time)
        return self._drawer.draw(seen, camera, size, depth=depth, segmentation=segmentation)

    def truth(self, camera: Camera, size: int) -> Truth:
        """What is true now; see `SceneEnv.truth`.

        Beside it: `player` (see `player.Player`), `life` (20 to 0) and `air` (ticks of breath), named as MineRL names
        them, `hotbar` [9 2] (kind, count), `held` (the slot in hand), `time` of day (ticks), `breaking` [4] (which
        cell, for how many ticks), `events` (how many of each of `EVENTS`), `happened` [8 2] (in order, each different
        one of those by its number, and the kind of block; -1 for none), and what the stage's facts tell.
        """
        things = self.things
        position, half, turn, there = things.middles(), things.half, things.turn, things.present
        pixel, depth = camera.project(position)
        nothing = np.zeros_like(turn)
        return {
            "pos": position,
            "quat": np.column_stack([np.cos(turn / 2), nothing, np.sin(turn / 2), nothing]),
            "velocity": np.hstack([things.speed * there[:, None], np.zeros((len(turn), 3))]),
            "present": there.copy(),
            "hue": things.hue,
            "shape": np.where(there, SHAPES.index("box"), -1),
            "size": half.copy(),
            "diameter": 2 * half.max(1),
            "pixel": np.where((there & (depth > 0))[:, None], pixel, -1.0),
            "visible": self.sight.visible(self.blocks, things, self.time, camera, size),
            "contact": things.contact(self.blocks),
            "simulator": self.vector(),
            "player": self.player.copy(),
            "life": np.array(self.life.life),
            "air": np.array(self.life.air),
            "hotbar": self.hands.carried.copy(),
            "held": np.array(self.hands.held),
            "time": np.array(self.time),
            "breaking": np.array([*self.hands.cell, self.hands.ticks]),
            "events": self._events.copy(),
            "happened": self._happened.copy(),
            **{name: fact.copy() for name, fact in self.stage.facts.items()},
        }

    @property
    def present(self) -> np.ndarray:
        """By slot, whether its thing is there."""
        return self.things.present

    @property
    def paint(self) -> np.ndarray:
        """By slot, the hue of its thing, there or not."""
        return self.things.paint

    @property
    def cells(self) -> np.ndarray:
        """By slot, where its wool is; -1 where it is none."""
        return self.things.cells

    def vector(self) -> Float64[np.ndarray, " s"]:
        """The exact state but for the blocks and what they are about to do, of which it holds a fingerprint."""
        marks = [self.sight.mark(self.blocks), crc32(self.rules.pending.data)]
        things = self.things
        small = [self.time, *marks, *things.present.tolist(), *things.paint.tolist(), *things.cells.ravel().tolist()]
        parts = [self.player, self.life.vector(), self.hands.vector(), things.mobs.ravel()]
        return np.concatenate([*parts, np.array(small, np.float64)])

    def save(self) -> dict[str, np.ndarray]:
        """Everything that decides the future, and what the last frame did."""
        rules = {f"rules {name}": value for name, value in self.rules.save().items()}
        return {
            "version": np.array(VERSION),
            "player": self.player.copy(),
            "life": self.life.vector(),
            "hands": self.hands.vector(),
            "blocks": self.blocks.copy(),
            "time": np.array(self.time),
            "events": self._events.copy(),
            "happened": self._happened.copy(),
            **self.things.save(),
            **rules,
        }

    def restore(self, seed: int, applied: tuple[str, ...], state: Mapping[str, np.ndarray]) -> None:
        """Begin the seed's episode, unless it is the one at hand, and return to the state.

        Raises:
            ValueError: Where another version of this world saved it.
        """
        came = int(state["version"]) if "version" in state else 1
        if came != VERSION:
            raise ValueError(
                f"the state is of version {came} of the voxel world, and this is version {VERSION}, whose states hold "
                f"something else: restore it with the worldsim that saved it, or play the episode anew from seed {seed}"
            )
        if seed != self.seed:
            self.reset(seed)
        self.player, self.blocks = state["player"].copy(), state["blocks"].copy()
        self.time, self._events, self._happened = int(state["time"]), state["events"].copy(), state["happened"].copy()
        self.things.restore(state)
        self.life.restore(state["life"])
        self.hands.restore(state["hands"])
        self.rules.restore({name.removeprefix("rules "): state[name] for name in state if name.startswith("rules ")})
        self.applied = applied

    def intervene(self, change: str) -> None:
        """Make one of the valid changes, or one of `edits.FORMS`.

        Raises:
            ValueError: Where an edit cannot be made; then nothing is changed.
        """
        verb, _, what = change.partition(":")
        if self.recipe.changes and change in self.recipe.changes:
            self.recipe.changes[change](self)
        elif verb == "time":
            self.time = {"noon": sky.NOON, "night": sky.NIGHT}[what]
        elif verb == "remove":
            self.take(int(what))
        elif verb in edits.FORMS:
            edit = edits.read(change, self.blocks)
            edits.check(change, edit, self._taken(), self.things.hue.tolist())
            self.put(edit.cell, edit.kind)
        else:
            self.things.recolour(int(what), self.blocks)
        self.things.find(self.blocks, anew=verb == "set" or bool(self._events.any()))
        self.applied = (*self.applied, change)

    def arms(self) -> Mapping[str, Arm]:
        """The tellings of the episode that was just reset; nothing is moved by asking."""
        kept, applied = self.save(), self.applied
        arms = dict(self.recipe.arms(self))
        self.restore(self.seed, applied, kept)
        return arms

    def describe(self, states: Mapping[str, np.ndarray], poses: Float64[np.ndarray, "t 4 4"]) -> Mapping[str, str]:
        """An episode in words, at three lengths; see `worldsim_envs.captions`."""
        return captions(words.observe(states, poses))

    def expert(self, rng: np.random.Generator) -> Any:
        """What someone who knows this world would do."""
        return self.recipe.expert(self, rng)

    def take(self, slot: int) -> None:
        """Take a thing out of the world."""
        if not self.things.is_mob[slot]:
            self.put(self.things.cells[slot], 0)
        self.things.take(slot)

    def put(self, cell: Sequence[int] | np.ndarray, kind: int) -> None:
        """Make a block another kind, as if a hand had done it."""
        x, y, z = map(int, cell)
        self.rules.put(self.blocks, x, y, z, kind)

    def _note(self, happened: Sequence[tuple[str, int]]) -> None:
        """Count what happened in a frame, and keep which kinds of block it was."""
        numbers = [(EVENTS.index(what), kind) for what, kind in happened]
        self._events = np.bincount([what for what, _ in numbers], minlength=len(EVENTS)).astype(np.int64)
        self._happened = np.full((TOLD, 2), -1)
        for row, number in enumerate(list(dict.fromkeys(numbers))[:TOLD]):
            self._happened[row] = number

    def _find(self) -> None:
        """Note which wool came, went or stayed: none comes in a frame in which nothing happened."""
        self.things.find(self.blocks, anew=bool(self._events.any()))

    def _taken(self) -> Float64[np.ndarray, "m 6"]:
        """The boxes in which no block may be put: the player's and the mobs'."""
        x, y, z = self.player[:3]
        mine = [x, y + body.TALL / 2, z, body.HALF, body.TALL / 2, body.HALF]
        there = self.things.bodies
        if not len(there):
            return np.array([mine])
        return np.vstack([mine, np.hstack([self.things.middles()[there], self.things.half[there]])])


def scene_of(recipe: Recipe, name: str, families: Mapping[str, tuple[str, ...]] | None = None, page: str = "") -> Scene:
    """A recipe as a scene: what a player does, every look and range, blocks as stuff, and y upwards.

    Args:
        recipe: What makes it.
        name: `Overworld` is registered as `worldsim/Overworld-v0`.
        families: As of `Scene`.
        page: As of `Scene`.
    """
    return Scene(
        name=f"worldsim/{name}-v0",
        fps=recipe.fps,
        action_space=space(),
        things=tuple(f"thing {slot}" for slot in range(recipe.slots)),
        backend=partial(VoxelBackend, recipe),
        families=families or {},
        templates=TEMPLATES,
        ranges=RANGES,
        stuff=STUFF,
        up=(0.0, 1.0, 0.0),
        page=page,
    )
