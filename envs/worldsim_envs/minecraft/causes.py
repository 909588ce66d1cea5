"""Causes among blocks: a hand acts or does not, and something else happens or does not.

On a meadow a player stands still and looks at what matters. In each of these worlds one act of the hand, 1.8 s after
the beginning, has consequences for things that the hand does not touch. `Set` is how a scene is set up; what all share
beside it, the arms above all, is in `acts`.
"""

from collections.abc import Sequence

import numpy as np

from worldsim_envs import palette
from worldsim_envs.minecraft import player as body
from worldsim_envs.minecraft import sky
from worldsim_envs.minecraft.actions import Action, press
from worldsim_envs.minecraft.acts import START, scene
from worldsim_envs.minecraft.blocks import BREAK, INDEX, WOOLS
from worldsim_envs.minecraft.terrain import LAWN, SHAPE, meadow
from worldsim_envs.minecraft.walkers import walker
from worldsim_envs.minecraft.world import Mob, Stage, Wool
from worldsim_envs.variation import Draw

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


BREAKING = scene(
    "VoxelBreak",
    "V-BRK",
    "break",
    _break,
    {
        "title": "A block in a walker's way is broken, or not.",
        "description": """\
A block of wool stands four metres ahead, and a cube with a face walks towards it from one side. Broken, the block lets
it pass, and it goes on; else it turns back where they meet. One to three more blocks stand on posts behind.""",
        "told": "`broke` says when the block is gone; it is not `present` then.",
        "start": "from where the walker comes and how fast it walks: it would meet the block after 3.6 to 4.2 s",
        "acts": "the player holds attack until the block is broken, for 1.2 s.",
    },
    "V-BREAK",
)
PLACING = scene(
    "VoxelPlace",
    "V-PLC",
    "place",
    _place,
    {
        "title": "A block is put in a walker's way, or not.",
        "description": """\
A cube with a face walks across the picture, four metres ahead, and nothing is in its way. A block of wool that the
player carries, put there, turns it back. One to three more blocks stand on posts behind.""",
        "told": "`placed` says when the block is there; until then it is not `present`.",
        "start": "from where the walker comes and how fast it walks: it comes to the place after 3 to 4 s",
        "acts": "the player uses what is in hand, once.",
    },
    "V-PLACE",
)
SAND = scene(
    "VoxelSand",
    "V-GRV",
    "break",
    _sand,
    {
        "title": "What holds the sand is taken away, or not.",
        "description": """\
A block juts out from a pillar of cobblestone; one or two blocks of sand or gravel lie on it, and on these stands a cube
with a face. Without the block that holds them all fall, by one cell or two; with it nothing moves. One to three more
blocks stand on posts behind.""",
        "told": "`fell` and `landed` say when sand let go and when it lay still.",
        "start": "what the block that holds is made of, how high it is, and how much lies on it",
        "acts": "the player holds attack until the block that holds is broken, for 0.3 to 0.8 s.",
    },
)
WATER = scene(
    "VoxelWater",
    "V-WAT",
    "break",
    _water,
    {
        "title": "Water is let into a trench, or not.",
        "description": """\
A trench, one cell wide and deep, leads away from the player, and a cube with a face walks in it. A plug holds a spring
back from it. Without the plug the trench fills, a cell in 5 ticks (0.25 s), and what the cube does then follows. One or
two blocks stand on posts beside.""",
        "told": "`flowed` says how many cells the water took.",
        "start": "what the plug is made of, how long the trench is, and how fast the cube walks, 0.24 to 0.44 m/s",
        "acts": "the player holds attack until the plug is broken, for 0.3 to 0.9 s.",
    },
)
BUTTON = scene(
    "VoxelButton",
    "V-BTN",
    "press",
    _button,
    {
        "title": "A button opens a door and lights a lamp.",
        "description": """\
A button on a block of glass stands between a lamp and a door, two cells high. Pressed, it opens the door and lights the
lamp, for 20 ticks (1 s). A cube with a face walks towards the door from behind: it comes there while the door can be
open, and passes, or turns back where it is closed. One or two blocks of wool stand by.""",
        "told": "`pressed` and `released`, `opened` and `closed` say when.",
        "start": "how fast the cube walks, 1.6 to 1.9 m/s, from where, and how many blocks stand by",
        "acts": "the player presses the button, once.",
    },
)
TNT = scene(
    "VoxelTNT",
    "V-TNT",
    "light",
    _tnt,
    {
        "title": "TNT is lit, or not.",
        "description": """\
A block of TNT lies four metres ahead, and near it a block of wool and a cube with a face that stands. Once lit, the TNT
burns for 80 ticks (4 s) and explodes: it tears blocks and the ground away. One to three more blocks stand on posts
farther off, and the player on cobblestone, which holds.""",
        "told": "`lit` and `exploded` say when; what was blown up is not `present`.",
        "start": "how far away the block of wool and the cube are, and where the others stand",
        "acts": "the player uses the TNT, once, which lights it.",
    },
)

SCENES = (BREAKING, PLACING, SAND, WATER, BUTTON, TNT)
