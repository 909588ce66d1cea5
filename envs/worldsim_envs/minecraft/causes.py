"""Causes among blocks: a hand acts or does not, and something else happens or does not.

## Description
A meadow, seen through the eyes of a player who stands still and looks at what matters. Coloured cubes walk or stand
about, coloured blocks stand around, each in a hue that nothing else has. In each of these worlds one act of the hand,
1.8 s after the beginning, has consequences for things that the hand does not touch:

- `VoxelBreak`: a block of wool stands in a walker's way. Broken, it lets it pass; else the walker turns back.
- `VoxelPlace`: a walker's way is free. A block of wool put into it turns it back.
- `VoxelSand`: sand lies on a block that juts out from a pillar, and a cube on the sand. Without the block all fall.
- `VoxelWater`: a plug holds a spring back from a trench in which a cube walks. Without it the trench fills, a cell in 5
  ticks.
- `VoxelButton`: a button opens a door in a walker's way and lights a lamp, for 20 ticks. A closed door turns the
  walker back.
- `VoxelTNT`: TNT, once lit, explodes after 80 ticks, and tears blocks and the ground away.

## Actions
The Dict of MineRL and VPT, held for the two ticks of a frame; see `worldsim/Overworld-v0`. `camera` is degrees a tick,
so a frame turns by twice as much.

## Observations
`pov` uint8 [size, size, 3] at 10 Hz with a field of view of 70 degrees, and where asked for `depth` (m) and
`segmentation`: things first, then the kinds of block, -1 for the sky. The truth's `events` say what happened to how
many blocks in this frame, in the order of `world.EVENTS`: that sand fell and landed, the door opened, the TNT exploded,
how many cells the water took. Things that are not `present` were broken, blown up, or are still carried.

## Start
Hues, sides, where things stand, how fast walkers walk, what the ground is made of and the time of day follow from the
seed. The first 1.8 s are alike in all arms and show what there is.

## End
The world does not end; `gymnasium.make` cuts an episode after 80 steps (8 s).

## Changes
- `remove:<i>`: thing i is there no longer.
- `recolour:<i>`: thing i has a hue that nothing else here has.
- `time:noon`, `time:night`: the sun stands elsewhere.

## Arms
- `factual`: the player only watches; `noop` is the same again.
- `do:<act>`: the hand acts: `do:break`, `do:place`, `do:press`, `do:light`. `do:late` does so 0.8 s later.
- `placebo`: the player looks up at the same moment, swings at the air, and looks back.
- `away`, `do:away`: the player watches or acts, then turns away and back.

## Expert
Tells one of the arms, which one the seed says.

## Versions
- v0: the first.
"""

from collections.abc import Callable, Sequence
from functools import partial

import numpy as np

from worldsim_envs import palette
from worldsim_envs.minecraft import actions, sky
from worldsim_envs.minecraft import player as body
from worldsim_envs.minecraft.actions import Action, noop, press
from worldsim_envs.minecraft.blocks import BREAK, INDEX, WOOLS
from worldsim_envs.minecraft.terrain import LAWN, SHAPE, meadow
from worldsim_envs.minecraft.walkers import walker
from worldsim_envs.minecraft.world import STUFF, Mob, Recipe, Stage, VoxelBackend, Wool
from worldsim_envs.scene import Arm, Scene
from worldsim_envs.variation import RANGES, TEMPLATES, Draw

FPS, STEPS, START = 10.0, 80, 18
"""Frames a second, frames an episode, and the frame in which the hand begins to act."""

LATE = 8
"""How many frames later `do:late` acts."""

SLOTS = 5
EAST, SOUTH = 32, 20
"""The cell on which the player stands; it looks south."""

TOPS = ("grass", "dirt")
"""What the meadow is covered with."""

AHEAD = 1e9
"""How long a walker keeps its way: until something blocks it."""


class Set:
    """A meadow on which a scene is set up, in the player's terms: so many cells to the side, up, and ahead.

    Args:
        draw: Of the world.
        shape: How large the meadow is (cells).
        spot: On which cell of it the player stands, east and south.

    Attributes:
        way: Which side is positive: 1 is the player's right.
        things: What was added, in order. The first two hues are neighbours, so where the things touch in the picture
            they do not mix to the hue of a third.
    """

    def __init__(self, draw: Draw, shape: tuple[int, int, int] = SHAPE, spot: tuple[int, int] = (EAST, SOUTH)):
        rng = draw.rng
        self.blocks, self.spot = meadow(shape, top=str(rng.choice(TOPS))), spot
        self.way = int(rng.choice([-1, 1]))
        one, count = int(rng.integers(len(palette.NAMES))), len(palette.NAMES)
        other = (one + int(rng.choice([-1, 1]))) % count
        rest = [hue for hue in rng.permutation(count).tolist() if hue not in (one, other)]
        self._hues = iter([one, other, *rest])
        self.time = int(rng.integers(3500, sky.NOON + 1500))
        self.things: list[Wool | Mob] = []

    def cell(self, side: int, up: int, ahead: int) -> tuple[int, int, int]:
        """The cell there; the player stands in (0, 0, 0)."""
        return self.spot[0] - self.way * side, LAWN + up, self.spot[1] + ahead

    def put(self, kind: str, side: int, up: int, ahead: int) -> None:
        """Make a block."""
        self.blocks[self.cell(side, up, ahead)] = INDEX[kind]

    def hue(self) -> int:
        """The hue of the next thing."""
        return next(self._hues)

    def wool(self, side: int, up: int, ahead: int) -> None:
        """Add a thing that stands there."""
        self.things.append(Wool(self.hue(), self.cell(side, up, ahead)))

    def mob(self, side: float | int, up: int, ahead: float | int, *, aside: int = 0, pace: float = 0.0) -> None:
        """Add a thing that walks that many metres a tick to the side (`aside` 1 or -1), or towards the player.

        Where it cannot go on it turns round.
        """
        turn = float(np.pi / 2 * self.way * aside)
        x, y, z = self.spot[0] + 0.5 - self.way * side, float(LAWN + up), self.spot[1] + 0.5 + ahead
        row = walker(x, y, z, turn=turn, pace=float(pace), wait=AHEAD, luck=0)
        self.things.append(Mob(self.hue(), row))

    def stage(self, look: tuple[float | int, float, float], act: Action, frames: int, carried: Sequence = ()) -> Stage:
        """The finished set, whose player looks at a point and may act on what is there for so many frames."""
        side, up, ahead = look
        yaw = np.rad2deg(np.arctan2(self.way * side, ahead))
        pitch = np.rad2deg(np.arctan2(body.EYE - up, np.hypot(side, ahead)))
        x, z = self.spot
        player = body.spawn(x + 0.5, LAWN, z + 0.5, yaw=float(yaw), pitch=float(pitch))
        beyond = (float(LAWN), int(self.blocks[0, LAWN - 1, 0]))
        marks = {"act": act, "frames": frames, "way": self.way}
        return Stage(self.blocks, player, self.things, carried, self.time, beyond, marks)

    def stand_by(self, draw: Draw, ahead: tuple[int, int], sides: Sequence[int], most: int) -> None:
        """Add some blocks of wool that nothing happens to, each on a post, behind what matters."""
        count = int(draw.rng.integers(1, most + 1))
        for side in draw.rng.permutation(list(sides))[:count].tolist():
            away = int(draw.rng.integers(*ahead))
            self.put("cobblestone", side, 0, away)
            self.wool(side, 1, away)


def _break(draw: Draw) -> Stage:
    there = Set(draw)
    there.wool(0, 0, 4)
    arrives, start = draw.between(36, 42, least=33.0, most=46.0), draw.between(-2.5, -2.2, least=-2.6, most=-2.0)
    there.mob(start, 0, 4, aside=1, pace=(-0.5 - 0.55 - start) / (2 * arrives))
    there.stand_by(draw, (7, 9), (-3, -1, 1, 3), 3)
    return there.stage((0, 0.5, 3.6), press("attack"), _frames("red_wool"))


def _place(draw: Draw) -> Stage:
    there = Set(draw)
    arrives, start = draw.between(30, 40, least=26.0, most=46.0), draw.between(-2.5, -2.2, least=-2.6, most=-2.0)
    there.mob(start, 0, 4, aside=1, pace=(-0.5 - 0.55 - start) / (2 * arrives))
    carried = there.hue()
    there.stand_by(draw, (7, 9), (-3, -1, 1, 3), 3)
    there.things.append(Wool(carried))
    return there.stage((0, 0.0, 4.0), press("use"), 1, [(WOOLS[carried], 1)])


def _sand(draw: Draw) -> Stage:
    rng, there = draw.rng, Set(draw)
    prop, grain = str(rng.choice(["dirt", "glass", "leaves"])), str(rng.choice(["sand", "gravel"]))
    height, grains = [(1, 1), (1, 2), (2, 1)][rng.integers(3)]
    for up in range(height + 1):
        there.put("cobblestone", 1, up, 4)
    there.put(prop, 0, height, 4)
    for up in range(height + 1, height + 1 + grains):
        there.put(grain, 0, up, 4)
    there.mob(0, height + 1 + grains, 4)
    there.stand_by(draw, (6, 9), (-4, -2), 2)
    there.stand_by(draw, (8, 10), (4,), 1)
    return there.stage((0, 1.95 if height == 1 else 2.1, 3.6), press("attack"), _frames(prop))


def _water(draw: Draw) -> Stage:
    rng, there = draw.rng, Set(draw)
    plug = str(rng.choice(["gravel", "leaves", "glass"]))
    far = int(rng.integers(9, 12))
    for ahead in range(4, far + 1):
        there.put("air", 0, -1, ahead)
    there.put("water", 0, -1, 2)
    there.put(plug, 0, -1, 3)
    there.mob(0, -1, far, pace=draw.between(0.012, 0.022, least=0.008, most=0.03))
    there.stand_by(draw, (5, 8), (-2, 2), 2)
    return there.stage((0, 0.0, 3.0), press("attack"), _frames(plug))


def _button(draw: Draw) -> Stage:
    there = Set(draw)
    for up in (0, 1):
        there.put("door_closed", 2, up, 3)
    there.put("glass", 1, 0, 3)
    there.put("button", 1, 1, 3)
    there.put("lamp", 0, 0, 3)
    there.put("cobblestone", 3, 0, 3)
    pace, arrives = draw.between(0.08, 0.095, least=0.075, most=0.1), int(draw.rng.integers(1, 4))
    there.mob(2, 0, 4.05 + 2 * pace * (START + arrives), pace=pace)
    for side in (0, 3)[: int(draw.rng.integers(1, 3))]:
        there.wool(side, 1, 3)
    return there.stage((1.0, 1.1, 3.0), press("use"), 1)


def _tnt(draw: Draw) -> Stage:
    there = Set(draw)
    for side in (-1, 0, 1):
        for ahead in (-1, 0, 1):
            there.put("cobblestone", side, -1, ahead)  # the player is to stay where it is
    there.put("tnt", 0, 0, 4)
    there.wool(2, 0, int(draw.rng.integers(4, 6)))
    there.mob(-1.2, 0, draw.between(5.0, 6.0, least=4.6, most=6.4))
    there.stand_by(draw, (10, 12), (-4, -1, 2, 5), 3)
    return there.stage((0, 0.5, 3.6), press("use"), 1)


def _frames(kind: str) -> int:
    """How many frames of attack break a kind of block."""
    return -(-int(BREAK[INDEX[kind]]) // 2)


UP, GLANCE = 4, 5
"""How fast the placebo looks up (degrees a tick) and for how many frames; then it swings for as many."""

TURN, TURNS, AFTER, GONE = 5, 12, 34, 12
"""How fast the player turns away (degrees a tick), for how many frames, from when on, and how long it looks away."""


def _telling(*parts: tuple[int, int, Action]) -> Arm:
    """Watch, and from such a frame on do this for so many frames."""
    told = [noop() for _ in range(STEPS)]
    for start, frames, action in parts:
        told[start : start + frames] = [action] * frames
    return Arm(told)


def _arms(act: str, world: VoxelBackend) -> dict[str, Arm]:
    """What can be told of any of these scenes."""
    marks = world.stage.marks or {}
    hand, frames, way = marks["act"], marks["frames"], marks["way"]
    leave, back = press(camera=(0, TURN * way)), press(camera=(0, -TURN * way))
    gone = [(AFTER, TURNS, leave), (AFTER + TURNS + GONE, TURNS, back)]
    glance = [
        (START, GLANCE, press(camera=(-UP, 0))),
        (START + GLANCE, GLANCE, press("attack")),
        (START + 2 * GLANCE, GLANCE, press(camera=(UP, 0))),
    ]
    return {
        f"do:{act}": _telling((START, frames, hand)),
        "factual": _telling(),
        "do:late": _telling((START + LATE, frames, hand)),
        "do:away": _telling((START, frames, hand), *gone),
        "placebo": _telling(*glance),
        "away": _telling(*gone),
        "noop": _telling(),
    }


def _expert(act: str, world: VoxelBackend, rng: np.random.Generator) -> Action:
    """Tell an arm; which frame it is the rules know, so a restored world is treated alike."""
    arms = list(_arms(act, world).values())
    frame = world.rules.now // 2
    return arms[world.seed % len(arms)].actions[frame] if frame < STEPS else noop()


def _scene(name: str, code: str, act: str, build: Callable[[Draw], Stage], kept: str = "") -> Scene:
    """A scene of the kind, with the code of its family, and of the one that asks what is left after looking away."""
    recipe = Recipe(slots=SLOTS, fps=FPS, build=build, expert=partial(_expert, act), arms=partial(_arms, act))
    families = {
        code: ("factual", f"do:{act}", "do:late"),
        "V-NOP": ("factual", "noop"),
        "V-PLA": ("factual", "placebo"),
        **({kept: ("away", "do:away")} if kept else {}),
    }
    return Scene(
        name=f"worldsim/{name}-v0",
        fps=FPS,
        action_space=actions.space(),
        things=tuple(f"thing {slot}" for slot in range(SLOTS)),
        backend=partial(VoxelBackend, recipe),
        families=families,
        templates=TEMPLATES,
        ranges=RANGES,
        stuff=STUFF,
        up=(0.0, 1.0, 0.0),
    )


BREAKING = _scene("VoxelBreak", "V-BRK", "break", _break, "V-BREAK")
PLACING = _scene("VoxelPlace", "V-PLC", "place", _place, "V-PLACE")
SAND = _scene("VoxelSand", "V-GRV", "break", _sand)
WATER = _scene("VoxelWater", "V-WAT", "break", _water)
BUTTON = _scene("VoxelButton", "V-BTN", "press", _button)
TNT = _scene("VoxelTNT", "V-TNT", "light", _tnt)

SCENES = (BREAKING, PLACING, SAND, WATER, BUTTON, TNT)
