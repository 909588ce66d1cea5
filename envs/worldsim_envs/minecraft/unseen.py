"""Blocks that stay while nobody looks: a player turns away from them, or walks away, and comes back.

What stays is a block of wool on a meadow. Twins are the same world without it, and the same with its hue and a
neighbour's exchanged; the player does the same in all of them, so what it sees before and after is what tells. Each
scene's page is here beside its builder; `page`, `ask` and `scene` are what they share, also with `covered`.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from itertools import product

import numpy as np

from worldsim_envs.minecraft import player as body
from worldsim_envs.minecraft.actions import Action, noop, press
from worldsim_envs.minecraft.blocks import WOOLS
from worldsim_envs.minecraft.causes import Set
from worldsim_envs.minecraft.terrain import LAWN, plant
from worldsim_envs.minecraft.world import FOV, Recipe, Stage, VoxelBackend, Wool, scene_of
from worldsim_envs.scene import Arm, Scene
from worldsim_envs.variation import Draw, spell

FPS, CONTEXT = 10.0, 16
"""Frames a second, and how many are seen before the player does anything."""

SLOTS = 5

IDLE = noop()
"""What is done while nothing is done."""

UP, GLANCE = 2, 5
"""How fast the placebo looks up (degrees a tick) and for how many frames; then it swings for as many."""

_PAGE = """{title}

## Description
{description}

## Actions
The Dict of MineRL and VPT, held for the two ticks of a frame; see `worldsim/Overworld-v0`. `camera` is degrees a tick,
so a frame turns by twice as much.

## Observations
`pov` uint8 [size, size, 3] at 10 Hz with a field of view of 70 degrees, and where asked for `depth` (m) and
`segmentation`: things first, then the kinds of block, -1 for the sky. Of the truth, `pos` says where each thing is,
`present` whether it exists, `visible` how much of it is seen, 0 while it is hidden.

## Start
{start}

## End
The world does not end; `gymnasium.make` cuts an episode after {steps} steps ({seconds:g} s).

## Changes
- `remove:<i>`: thing i is there no longer.
- `recolour:<i>`: thing i has a hue that nothing else here has.
- `swap:0:1`: things 0 and 1 have each other's hue, as if they had changed places.
- `time:noon`, `time:night`: the sun stands elsewhere.

## Arms
{code}: in `present` {acts}; in `absent` it does the same, and thing 0 was never there; in `swapped`, things 0 and 1
have each other's hue from the start. V-NOP: in `factual` the player only watches; `noop` is the same again. V-PLA: in
`placebo` it looks up after the context, swings at the air, and looks back.

## Expert
{expert}

## Versions
- v0: the first."""


def page(code: str, steps: int, *, expert: str = "Does as in `present`, again and again.", **said: str) -> str:
    """A scene's page: its `title`, its `description`, its `start`, and what the player `acts` in `present`."""
    return _PAGE.format(code=code, steps=steps, seconds=steps / FPS, expert=expert, **said)


def swap(world: VoxelBackend) -> None:
    """Things 0 and 1 have each other's hue."""
    world.paint[[0, 1]] = world.paint[[1, 0]]
    for slot in (0, 1):
        if world.present[slot]:
            world.blocks[tuple(world.cells[slot])] = WOOLS[world.paint[slot]]


def ask(
    steps: int, acts: Sequence[tuple[int, Action]], changes: tuple[tuple[int, str], ...] = (), *, up: int = UP
) -> dict[str, Arm]:
    """The arms of an episode in which the player, after the context, does each of `acts` for so many frames.

    `changes` are made in all arms but those in which the player only watches or looks `up` (degrees a tick).

    Raises:
        ValueError: Where that takes longer than `steps`.
    """
    glance = [(GLANCE, press(camera=(-up, 0))), (GLANCE, press("attack")), (GLANCE, press(camera=(up, 0)))]
    told, watch, looks = (_told(steps, parts) for parts in (acts, (), glance))
    return {
        "present": Arm(told, changes),
        "absent": Arm(told, ((0, "remove:0"), *changes)),
        "swapped": Arm(told, ((0, "swap:0:1"), *changes)),
        "factual": Arm(watch),
        "placebo": Arm(looks),
        "noop": Arm(watch),
    }


def _told(steps: int, acts: Sequence[tuple[int, Action]]) -> list[Action]:
    """What is done in each step: nothing in the context, then the acts, then nothing."""
    told = [IDLE] * CONTEXT + [action for frames, action in acts for _ in range(frames)]
    if len(told) > steps:
        raise ValueError(f"an episode of {steps} steps is asked to hold {len(told)}")
    return told + [IDLE] * (steps - len(told))


def with_arms(stage: Stage, arms: Mapping[str, Arm]) -> Stage:
    """A stage that knows what can be told of it."""
    return replace(stage, marks={"arms": arms})


def _arms(world: VoxelBackend) -> Mapping[str, Arm]:
    return (world.stage.marks or {})["arms"]


def _expert(world: VoxelBackend, rng: np.random.Generator) -> Action:
    """Do as in `present` and begin again; which frame it is the rules know, so a restored world is treated alike."""
    told = _arms(world)["present"].actions
    busy = [step for step, action in enumerate(told) if action is not IDLE]
    return told[world.rules.now // 2 % (busy[-1] + 1 if busy else len(told))]


def scene(name: str, code: str, build: Callable[[Draw], Stage], text: str) -> Scene:
    """A scene of object permanence among blocks, with the code of its family and its page."""
    changes = {"swap:0:1": swap}
    recipe = Recipe(slots=SLOTS, fps=FPS, build=build, expert=_expert, arms=_arms, changes=changes)
    families = {code: ("present", "absent", "swapped"), "V-NOP": ("factual", "noop"), "V-PLA": ("factual", "placebo")}
    return scene_of(recipe, name, families, text)


# ---- what stands there -----------------------------------------------------------------------------------------------

CLEAR, TREES = 9, 14
"""Nothing grows nearer to the player than the one (m); how often a tree is tried."""

PATH = 4
"""Nor that near to the line along which it looks and walks (m)."""


def _landmarks(there: Set, draw: Draw) -> None:
    """Two or three blocks of wool ahead, side by side, each on the ground or on a post; any of them is thing 0."""
    sides = draw.rng.permutation([-2, 0, 2])[: int(draw.rng.integers(2, 4))]
    for side in sides.tolist():
        _stand(there, draw, side, int(draw.between(5, 7, least=5.0, most=8.0)))


def _stand(there: Set, draw: Draw, side: int, ahead: int) -> None:
    """A block of wool on the ground, or on a post."""
    high = int(draw.rng.integers(2))
    if high:
        there.put("cobblestone", side, 0, ahead)
    there.wool(side, high, ahead)


def grow(there: Set, draw: Draw) -> None:
    """Trees all about, each its own, so that one knows where one looks."""
    wide, _, deep = there.blocks.shape
    for _ in range(TREES):
        x, z, tall = (int(draw.rng.integers(low, high)) for low, high in ((4, wide - 4), (4, deep - 4), (4, 7)))
        aside, ahead = x - there.spot[0], z - there.spot[1]
        if np.hypot(aside, ahead) >= CLEAR and abs(aside) >= PATH and there.blocks[x, LAWN, z] == 0:
            plant(there.blocks, x, LAWN, z, tall, draw.rng)


# ---- looking away ----------------------------------------------------------------------------------------------------

LOOK_STEPS = 120

LOOK_PAGE = page(
    "V-LOOK",
    LOOK_STEPS,
    title="Blocks stand on a meadow; a player looks away from them and back.",
    description="""\
A meadow with trees, seen through the eyes of a player who stands still. Two or three coloured blocks stand ahead, one
or two behind, each in a hue that nothing else has. After 1.6 s the player turns until thing 0, which is one of those
ahead, is out of the picture, looks elsewhere, and turns back. What stands there then is known only by who remembers
what stood there, and that blocks stay.""",
    start="""\
Hues, places, trees, the time of day, to which side the player turns, how fast (8 to 12 degrees a frame) and how far (90
to 180 degrees, if there is time for it) follow from the seed. For how long thing 0 is hidden, the seed says modulo
five: 0.4, 0.8, 1.6, 3.2 or 6.4 s, to the frame. Out of distribution blocks stand farther away and turns are slower or
faster.""",
    acts="the player turns away and back",
)

OUT = float(np.tan(np.deg2rad(FOV / 2)))
"""How far to the side the picture reaches (m, a metre ahead)."""


def _look(draw: Draw) -> Stage:
    there = Set(draw)
    _landmarks(there, draw)
    for side in draw.rng.permutation([-3, 3])[: int(draw.rng.integers(1, 3))].tolist():
        _stand(there, draw, side, -int(draw.rng.integers(4, 7)))
    grow(there, draw)
    stage = there.stage((0, float(draw.rng.uniform(0.4, 1.0)), 6.0), IDLE, 0)
    turn = 2 * round(draw.between(4, 6, least=3.0, most=8.0), 1) * int(draw.rng.choice([-1, 1]))
    return with_arms(
        stage, ask(LOOK_STEPS, _away(stage, turn, draw.rng.uniform(90, 180), round(spell(draw.seed) * FPS)))
    )


def _away(stage: Stage, turn: float, far: float, hidden: int) -> list[tuple[int, Action]]:
    """Turn by so many degrees a frame, up to `far`, wait, and turn back: thing 0 is hidden for just so many frames."""
    leaves = _leaves(stage, turn)
    beyond = int(np.clip(far // abs(turn) - leaves + 1, 1, (hidden + 1) // 2))  # frames of turning while it is hidden
    turns = leaves + beyond - 1
    wait = hidden - 2 * beyond + 1
    return [(turns, press(camera=(0, turn / 2))), (wait, IDLE), (turns, press(camera=(0, -turn / 2)))]


def _leaves(stage: Stage, turn: float) -> int:
    """After how many frames of turning all of thing 0 is out of the picture: on the far side of its edge."""
    asked = stage.things[0]
    assert isinstance(asked, Wool)
    corners = np.array(asked.cell) + np.array(list(product((0, 1), repeat=3)))
    toward, player = corners - body.eye(stage.player), stage.player.copy()
    frames = 0
    while True:
        frames, player[body.YAW] = frames + 1, player[body.YAW] + turn
        yaw = np.deg2rad(player[body.YAW])
        right = toward @ np.array([-np.cos(yaw), 0, -np.sin(yaw)])
        if (np.sign(turn) * right < -OUT * (toward @ body.gaze(player))).all():
            return frames


LOOK = scene("VoxelLook", "V-LOOK", _look, LOOK_PAGE)


# ---- walking away ----------------------------------------------------------------------------------------------------

LONG_STEPS = 390

LONG_PAGE = page(
    "V-LONG",
    LONG_STEPS,
    title="Blocks stand on a meadow; a player walks away from them, up to 69 m, and comes back.",
    description="""\
A long meadow with trees, seen through the eyes of a player. Two or three coloured blocks stand ahead, two more beside
the way behind it, each in a hue that nothing else has. After 1.6 s the player turns round, walks straight away, turns
round again and comes back to where it was. Thing 0, one of those ahead, is hidden from the first turn to the second,
and then comes nearer: at 64 pixels it is a pixel wide at 45 m, and in the haze beyond.""",
    start="""\
Hues, places, trees, the time of day and how fast the player turns (10 to 15 degrees a frame) follow from the seed. For
how long it walks away, the seed says modulo three: 20, 80 or 320 ticks (4, 17 or 69 m); out of distribution 40, 160 or
240 ticks, and blocks stand farther away. 320 ticks are the most that the episode and the meadow hold.""",
    acts="the player walks away and back",
)

WALKS = {"train": (20, 80, 320), "id": (20, 80, 320), "ood": (40, 160, 240)}
"""For how long the player walks away (ticks), by range."""

LAND, SPOT = (41, 32, 112), (20, 84)
"""How large the long meadow is, and where the player starts."""

ROUND, COAST = (12, 15, 18), 4
"""In how many frames the player may turn round, and how many it takes to stand still."""


def _long(draw: Draw) -> Stage:
    there = Set(draw, LAND, SPOT)
    _landmarks(there, draw)
    for side, ahead in zip(draw.rng.permutation([-3, 3]).tolist(), (-7, -11), strict=True):
        _stand(there, draw, side, ahead - int(draw.rng.integers(3)))
    grow(there, draw)
    stage = there.stage((0, float(draw.rng.uniform(0.4, 1.0)), 6.0), IDLE, 0)
    walks, frames = WALKS[draw.ranges], int(draw.rng.choice(ROUND))
    turn = (frames, press(camera=(0, float(draw.rng.choice([-1, 1])) * 90 / frames)))
    walk = (walks[draw.seed % len(walks)] // 2, press("forward"))
    return with_arms(stage, ask(LONG_STEPS, [turn, walk, (COAST, IDLE), turn, walk]))


LONG = scene("VoxelLong", "V-LONG", _long, LONG_PAGE)

SCENES = (LOOK, LONG)
