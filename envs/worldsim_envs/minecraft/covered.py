"""Blocks that stay while they cannot be seen though one looks at them: something covers them, or it is dark.

A player stands still and looks; what it does with its hands, or the hour, hides thing 0 for a while. Twins and what is
asked are those of `unseen`; each scene's page is here beside its builder.
"""

from worldsim_envs.minecraft.actions import Action, press
from worldsim_envs.minecraft.blocks import BREAK, INDEX
from worldsim_envs.minecraft.causes import Set
from worldsim_envs.minecraft.stage import Stage
from worldsim_envs.minecraft.unseen import CONTEXT, FPS, IDLE, ask, grow, page, scene, with_arms
from worldsim_envs.variation import Draw, spell

STEPS = 100

WALLS = ("stone", "cobblestone", "planks")
"""What is built of."""

COVERS = ("snow", "leaves", "grass", "cobblestone", "planks", "log")
"""What hides a thing: the longer it is hidden, the harder that can be. Each breaks at the end of a frame."""

UP = 5
"""How fast the placebo looks up here (degrees a tick): over what is built."""


def _hidden(draw: Draw) -> int:
    """For how many frames."""
    return round(spell(draw.seed) * FPS)


def _frames(kind: str) -> int:
    """How many frames of attack break a kind of block."""
    return -(-int(BREAK[INDEX[kind]]) // 2)


def _cover(draw: Draw, wall: str = "") -> tuple[str, list[tuple[int, Action]]]:
    """A kind other than the wall's, and how it is put down and broken again after as many frames as the seed says."""
    hidden = _hidden(draw)
    kind = str(draw.rng.choice([name for name in COVERS if name != wall and _frames(name) <= hidden]))
    acts = [(1, press("use")), (hidden - _frames(kind), IDLE), (_frames(kind), press("attack"))]
    return kind, acts


# ---- buried ----------------------------------------------------------------------------------------------------------

BURY_PAGE = page(
    "V-BURY",
    STEPS,
    title="A block in a niche is walled up and laid bare again.",
    description="""\
A shrine of stone or wood on a meadow, with a niche at the height of the eyes, seen by a player who stands before it. In
the niche lies a coloured block, thing 0, one or two more stand beside the shrine or behind it, each in a hue that
nothing else has. After 1.6 s the player puts a block before it, which fills the niche, and later breaks that block.
What lies there then is known only by who remembers what was covered.""",
    start="""\
Hues, places, what the shrine is built of and what covers the niche, and the time of day follow from the seed. For how
long thing 0 is hidden, the seed says modulo five: 0.4, 0.8, 1.6, 3.2 or 6.4 s, to the frame, for the last of which the
player breaks the cover. Out of distribution the shrine is a metre nearer.""",
    acts="the player covers the niche and opens it",
)


def _bury(draw: Draw) -> Stage:
    there, wall = Set(draw), str(draw.rng.choice(WALLS))
    ahead = int(draw.between(4.0, 4.9, least=3.0, most=4.9))
    for side in (-1, 0, 1):
        for up in range(3):
            for deep in range(3):
                if side or up != 1 or deep == 2:
                    there.put(wall, side, up, ahead + deep)
    there.wool(0, 1, ahead + 1)
    for side in (-1, 1)[: int(draw.rng.integers(1, 3))]:
        if draw.rng.random() < 0.6:
            there.wool(side, 0, ahead - 1)
        else:
            there.put(wall, 4 * side, 0, ahead + 3)
            there.wool(4 * side, 1, ahead + 3)
    grow(there, draw)
    kind, acts = _cover(draw, wall)
    stage = there.stage((0, 1.0, float(ahead)), IDLE, 0, [(INDEX[kind], 1)])
    return with_arms(stage, ask(STEPS, acts, up=UP))


BURY = scene("VoxelBury", "V-BURY", _bury, BURY_PAGE)


# ---- in the dark -----------------------------------------------------------------------------------------------------

SIDES, LENGTH, HIGH = (-4, 4), (-3, 6), 4
"""Where a room's walls are, to the sides and ahead, and how high its ceiling is."""

SHELF = 4
"""From where on, ahead, the floor of a room is a step higher."""

LAVA_PAGE = page(
    "V-LAVA",
    STEPS,
    title="The only light in a room goes out and comes back.",
    description="""\
A room without windows, seen by a player who stands in it. On a step at its end lie two or three coloured blocks, each
in a hue that nothing else has. Before the step a torch stands on the floor, or lava glows in a hole of the floor:
there is no other light. After 1.6 s the player breaks the torch, or puts a block over the lava. Then it is dark: no
pixel has more than 8 levels of 255, and truth calls nothing visible. Later the player puts the torch back, or breaks
the cover. What lies there then is known only by who remembers.""",
    start="""\
Hues, places, the light and what covers it, and what the room is built of follow from the seed. For how long it is dark,
the seed says modulo five: 0.4, 0.8, 1.6, 3.2 or 6.4 s, to the frame. Out of distribution the ceiling is higher or
lower.""",
    acts="the player puts the light out and makes it again",
)


def _room(there: Set, draw: Draw) -> None:
    """A room around the player, with a step at its end, on which two or three blocks of wool lie; any is thing 0."""
    wall, high = str(draw.rng.choice(WALLS)), int(draw.between(HIGH, HIGH + 1, least=3.0, most=5.9))
    for side in range(SIDES[0], SIDES[1] + 1):
        for ahead in range(LENGTH[0], LENGTH[1] + 1):
            edge = side in SIDES or ahead in LENGTH
            for up in range(-1, high + 1):
                if edge or up in (-1, high) or (up == 0 and ahead >= SHELF):
                    there.put(wall, side, up, ahead)
    sides, deep = [([-1, 1], SHELF), ([-2, 0, 2], SHELF + 1)][draw.rng.integers(2)]
    for side in draw.rng.permutation(sides)[: int(draw.rng.integers(2, 4))].tolist():
        there.wool(side, 1, deep)


def _lava(draw: Draw) -> Stage:
    there, carried = Set(draw), []
    _room(there, draw)
    if draw.rng.random() < 0.5:
        there.put("torch", 0, 0, SHELF - 1)
        acts = [(1, press("attack")), (_hidden(draw) - 1, IDLE), (1, press("use"))]
    else:
        there.put("lava", 0, -1, SHELF - 1)
        kind, acts = _cover(draw)
        carried = [(INDEX[kind], 1)]
    stage = there.stage((0, 0.5, SHELF - 0.5), IDLE, 0, carried)
    return with_arms(stage, ask(STEPS, acts, up=UP))


LAVA = scene("VoxelLava", "V-LAVA", _lava, LAVA_PAGE)

NIGHT_PAGE = page(
    "V-NIGHT",
    STEPS,
    title="Night falls on a room with a window, and day comes again.",
    description="""\
A room with a window and a slit in its roof, seen by a player who stands in it. On a step at its end lie two or three
coloured blocks, each in a hue that nothing else has. After 1.6 s it is night, at once: no pixel has more than 15 levels
of 255, the sky in the window included, and truth calls nothing visible. Later it is day. What lies there then is known
only by who remembers.""",
    start="""\
Hues, places, what the room is built of and the hour follow from the seed. For how long it is night, the seed says
modulo five: 0.4, 0.8, 1.6, 3.2 or 6.4 s, to the frame. Out of distribution the ceiling is higher or lower.""",
    acts="the player watches while night falls and day comes again",
    expert="Watches; it has no say in when night falls, so where it is recorded it stays day.",
)


def _night(draw: Draw) -> Stage:
    there = Set(draw)
    _room(there, draw)
    for side in (-1, 0, 1):
        there.put("air", side, 2, LENGTH[1])
        for up in range(3, 7):
            there.put("air", side, up, 2)
    grow(there, draw)
    dusk = CONTEXT + 1
    changes = ((dusk, "time:night"), (dusk + _hidden(draw), "time:noon"))
    stage = there.stage((0, 0.5, SHELF - 0.5), IDLE, 0)
    return with_arms(stage, ask(STEPS, [], changes, up=UP))


NIGHT = scene("VoxelNight", "V-NIGHT", _night, NIGHT_PAGE)

SCENES = (BURY, LAVA, NIGHT)
