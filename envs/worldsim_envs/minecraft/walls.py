"""A mob or a minecart passes behind a wall and comes out.

## Description
A meadow, seen through the eyes of a player who stands still. A wall of blocks stands ahead, and behind it, from one
side of the picture to the other, goes a coloured thing: a minecart on rails, or a mob that has somewhere to go. It is
seen, then wholly hidden, then seen again, and stops in the picture. One to three coloured blocks stand around, each in
a hue that nothing else has.

## Actions
The Dict of MineRL and VPT, held for the two ticks of a frame; see `worldsim/Overworld-v0`. `camera` is degrees a tick,
so a frame turns by twice as much.

## Observations
`pov` uint8 [size, size, 3] at 10 Hz with a field of view of 70 degrees, and where asked for `depth` (m) and
`segmentation`: things first, then the kinds of block, -1 for the sky. Of the truth, `pos` and `velocity` say where
thing 0, which is the one that passes, is and how fast, `visible` how much of it is seen, 0 while it is hidden.

## Start
Hues, the wall's width and place, from which side thing 0 comes, whether it rides or walks, what else stands there, what
the ground is made of and the time of day follow from the seed. For how long thing 0 is hidden is said by the seed,
modulo five: 0.4, 0.8, 1.6, 3.2 or 6.4 s; its speed, 0.7 to 1.6 m/s, follows from that and from the wall. It is seen for
1.6 s before. Out of distribution it begins to be hidden earlier or later.

## End
The world does not end; `gymnasium.make` cuts an episode after 120 steps (12 s).

## Changes
- `remove:<i>`: thing i is there no longer.
- `recolour:<i>`: thing i has a hue that nothing else here has.
- `time:noon`, `time:night`: the sun stands elsewhere.
- `break:<x>,<y>,<z>`: the block there is broken, and nobody has it.
- `set:<x>,<y>,<z>,<block>`: another block is there, of the kinds in `blocks`, "stone" or "air".

## Arms
V-WALL: in `present` the player only watches; in `absent` too, and thing 0 was never there, though its rails are. V-NOP:
`factual` is as `present`; `noop` is the same again. V-PLA: in `placebo` the player looks up after 1.6 s, swings at the
air, and looks back.

## Expert
Does as in `present` or as in `placebo`; which, the seed says.

## Versions
- v0: the first.
"""

import numpy as np

from worldsim_envs.minecraft import mobs
from worldsim_envs.minecraft.actions import Action, noop, press
from worldsim_envs.minecraft.carts import HALF, cart
from worldsim_envs.minecraft.causes import Set
from worldsim_envs.minecraft.followers import follower
from worldsim_envs.minecraft.world import Mob, Recipe, Stage, VoxelBackend, scene_of
from worldsim_envs.scene import Arm
from worldsim_envs.variation import Draw, spell

FPS, STEPS, CONTEXT = 10.0, 120, 16
"""Frames a second, frames an episode, and how many of them are seen before anything is asked."""

SLOTS = 4

LANE = 7
"""How many cells ahead the lane is."""

WALLS = {0.4: (5, 1), 0.8: (4, 1), 1.6: (5, 2), 3.2: (5, 3), 6.4: (4, 3)}
"""How many cells ahead the wall is, and how many wide, by for how long it is to hide (s).

So a thing is at a speed at which it is wholly seen before, in the picture, and comes out of it within the episode.
"""

STOP = 4
"""How many cells to the side a thing that has passed stops: in the picture, and not behind any wall."""

UP, GLANCE = 2, 5
"""How fast the placebo looks up (degrees a tick) and for how many frames; then it swings for as many."""


def _build(draw: Draw) -> Stage:
    rng, there = draw.rng, Set(draw)
    gone = spell(draw.seed)
    ahead, wide = WALLS[gone]
    way, rides = int(rng.choice([-1, 1])), bool(rng.random() < 0.5)
    first = [way * int(rng.integers(2)), -int(rng.integers(2)), -1][wide - 1]
    kind = str(rng.choice(["cobblestone", "planks", "stone"]))
    for side in range(first, first + wide):
        for up in (0, 1):
            there.put(kind, side, up, ahead)
    edges = (first + wide - 0.5, 0.5 - first)[::way]  # how far the wall reaches the way that the thing goes, and back
    leaves, enters = (_behind(edge, ahead, rides) for edge in edges)
    frames, begins = round(gone * FPS), int(draw.between(17, 19, least=16.0, most=20.9))
    pace = (leaves + enters) / frames / 2
    start = -enters - 2 * pace * (begins - 0.5)  # half a frame more, and it is hidden for just so many frames
    there.things.append((_riding if rides else _walking)(there, way, start, pace))
    there.stand_by(draw, (9, 11), (-6, -5, 5, 6), 3)
    return there.stage((0, 0.6, float(LANE)), noop(), 0)


def _behind(edge: float, ahead: int, rides: bool) -> float:
    """How far to a side a thing's middle may be for all of it to be hidden, where the wall reaches so far there (m).

    The wall hides by its nearer corner where that is to this side of the player, and else by its farther one.
    """
    long, deep = (HALF[2], HALF[0]) if rides else (mobs.SIDE / 2, mobs.SIDE / 2)
    near = edge > 0
    return edge * (LANE - deep if near else LANE + deep) / (ahead - 0.5 if near else ahead + 0.5) - long


def _riding(there: Set, way: int, start: float, pace: float) -> Mob:
    """A minecart, and rails from before where it starts to where it stops."""
    for side in range(-STOP - 2, STOP + 1):
        there.put("rail_east_west", way * side, 0, LANE)
    cell = int(np.floor(start + 0.5))
    x, y, z = there.cell(way * cell, 0, LANE)
    toward = "west" if way * there.way > 0 else "east"
    row = cart(x, y, z, rail="rail_east_west", toward=toward, pace=pace, done=start + 0.5 - cell)
    return Mob(there.hue(), row, mobs.RIDE)


def _walking(there: Set, way: int, start: float, pace: float) -> Mob:
    """A mob that goes to where it stops."""
    (x, y, z), (goal, _, _) = there.cell(0, 0, LANE), there.cell(way * STOP, 0, LANE)
    east = -way * there.way
    turn = float(np.arctan2(-east, 0.0) % (2 * np.pi))
    row = follower(x + 0.5 + east * start, y, z + 0.5, turn=turn, pace=pace, keep=0.0, goal=(goal + 0.5, z + 0.5))
    return Mob(there.hue(), row, mobs.FOLLOW)


def _arms(world: VoxelBackend) -> dict[str, Arm]:
    watch = [noop()] * STEPS
    glance = [press(camera=(-UP, 0))] * GLANCE + [press("attack")] * GLANCE + [press(camera=(UP, 0))] * GLANCE
    looks = watch[:CONTEXT] + glance + watch[CONTEXT + len(glance) :]
    return {
        "present": Arm(watch),
        "absent": Arm(watch, ((0, "remove:0"),)),
        "factual": Arm(watch),
        "placebo": Arm(looks),
        "noop": Arm(watch),
    }


def _expert(world: VoxelBackend, rng: np.random.Generator) -> Action:
    """Watch or glance, as the seed says; which frame it is the rules know, so a restored world is treated alike."""
    arm = _arms(world)["present" if world.seed // 5 % 2 == 0 else "placebo"]
    frame = world.rules.now // 2
    return arm.actions[frame] if frame < STEPS else noop()


RECIPE = Recipe(slots=SLOTS, fps=FPS, build=_build, expert=_expert, arms=_arms)

FAMILIES = {"V-WALL": ("present", "absent"), "V-NOP": ("factual", "noop"), "V-PLA": ("factual", "placebo")}

WALL = scene_of(RECIPE, "VoxelWall", FAMILIES)
