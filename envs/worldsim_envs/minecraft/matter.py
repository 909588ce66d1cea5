"""Matter that moves by itself, a cell at a time: what falls, what flows, and what an explosion takes away.

These are the kernels of `rules`, which says what they do; here it is how. Each reads and writes `blocks[x, y, z]` and
the queue of what is still to come: rows of (tick, x, y, z, family, how far it has fallen), how many there are, which
family each cell's row speaks to, and what tick it is.
"""

import numpy as np
from jaxtyping import Int32

from worldsim_envs.minecraft.blocks import BLOCKS, FALLS, HARDNESS, INDEX, LIQUID, SOLID
from worldsim_envs.minecraft.kernel import kernel

FELL, LANDED, FLOWED, DRIED = range(4)
"""What a kernel can say has happened; the first of `rules.KINDS`."""

SAND, WATER, LAVA = 2, 5, 30
"""How long each waits from when it is woken (ticks)."""

SPREAD = (0, 4, 2)
"""How far water and lava look for an edge to flow over (cells)."""

POWER, STRIDE, FADE = 4.0, 0.3, 0.225
"""The strength of TNT, and each how many metres its rays lose how much of theirs."""

AIR, STONE, COBBLESTONE = INDEX["air"], INDEX["stone"], INDEX["cobblestone"]
TNT, TNT_LIT = INDEX["tnt"], INDEX["tnt_lit"]

FLUID = np.array([("water", "lava").index(b.name.split("_")[0]) + 1 if b.liquid else 0 for b in BLOCKS], np.uint8)
"""Of each block: 1 is water, 2 is lava, 0 is neither."""

SOURCE = np.array([0, INDEX["water"], INDEX["lava"]], np.uint8)
LEVELS = np.array([0, *(np.count_nonzero(fluid == FLUID) for fluid in (1, 2))], np.int64)
"""The number of the source of each liquid, and how many levels it has; they follow each other in the table."""

RESISTANCE = np.where(HARDNESS < 0, 1e9, HARDNESS)
"""What a block opposes to an explosion, from the page "Explosion": mostly its hardness."""
for _name, _value in {"air": 0, "stone": 6, "cobblestone": 6, "planks": 3}.items():
    RESISTANCE[INDEX[_name]] = _value
RESISTANCE[LIQUID > 0] = 100.0

FAMILY = np.where(FLUID > 0, FLUID, 10 + np.arange(len(BLOCKS))).astype(np.int32)
"""Who a row speaks to: a liquid at any level, or a block of just this kind."""

FALLING = 1000
"""Added to the family of a block that is falling."""


def _pace() -> Int32[np.ndarray, " n"]:
    """How many ticks a falling block needs until most of it is in each next cell: gravity 0.04, drag 0.98 a tick."""
    gone, speed, ticks, reached = 0.0, 0.0, 0, [0]
    while len(reached) <= 256:
        speed, ticks = speed + 0.04, ticks + 1
        gone, speed = gone + speed, speed * 0.98
        if gone >= len(reached) - 0.5:
            reached.append(ticks)
    return np.diff(np.array(reached)).astype(np.int32)


PACE = _pace()

SIDES = np.array([(1, 0, 0), (-1, 0, 0), (0, 0, 1), (0, 0, -1), (0, -1, 0), (0, 1, 0)], np.int64)
"""The six neighbours: four beside, below, above."""

TABLES = (FALLS, SOLID, LIQUID, FLUID, FAMILY, SOURCE, LEVELS, PACE)


@kernel
def _inside(blocks, x, y, z):
    """Whether there is such a cell."""
    return 0 <= x < blocks.shape[0] and 0 <= y < blocks.shape[1] and 0 <= z < blocks.shape[2]


@kernel
def schedule(queue, x, y, z, tick, family, fallen):
    """Note that this cell's block acts at that tick, unless that is noted already."""
    rows, count, queued, _ = queue
    if queued[x, y, z] % FALLING != family % FALLING:
        row = rows[count[0]]
        row[0], row[1], row[2], row[3], row[4], row[5] = tick, x, y, z, family, fallen
        count[0] += 1
        queued[x, y, z] = family


@kernel
def _note(events, number, kind, x, y, z):
    """Write down one event more; how many there are then."""
    event = events[number]
    event[0], event[1], event[2], event[3] = kind, x, y, z
    return number + 1


@kernel
def wake(blocks, x, y, z, queue, tables):
    """Wake a cell and its neighbours: what can fall or flow will look whether it does."""
    falls, fluid, family, now = tables[0], tables[3], tables[4], queue[3]
    for side in range(-1, 6):
        at = (x, y, z) if side < 0 else (x + SIDES[side, 0], y + SIDES[side, 1], z + SIDES[side, 2])
        if not _inside(blocks, *at):
            continue
        kind = blocks[at]
        if falls[kind]:
            schedule(queue, *at, now + SAND, family[kind], 0)
        elif fluid[kind] == 1:
            schedule(queue, *at, now + WATER, family[kind], 0)
        elif fluid[kind] == 2:
            schedule(queue, *at, now + LAVA, family[kind], 0)


@kernel
def fall(blocks, x, y, z, falling, fallen, queue, tables, events):
    """A block lets go, falls by a cell, or lies still; how many events that was."""
    fluid, family, pace, queued, now = tables[3], tables[4], tables[7], queue[2], queue[3]
    kind = blocks[x, y, z]
    mine = family[kind] + FALLING
    free = y > 0 and (blocks[x, y - 1, z] == AIR or fluid[blocks[x, y - 1, z]] > 0)
    leaves = y > 0 and queued[x, y - 1, z] >= FALLING  # what is below falls as well
    if not falling:
        if not (free or leaves):
            return 0
        schedule(queue, x, y, z, now + pace[0], mine, 0)
        wake(blocks, x, y, z, queue, tables)
        return _note(events, 0, FELL, x, y, z)
    if leaves:
        schedule(queue, x, y, z, now + 1, mine, fallen)
        return 0
    if not free:
        return _note(events, 0, LANDED, x, y, z) if fallen else 0
    blocks[x, y, z], blocks[x, y - 1, z] = AIR, kind
    queued[x, y - 1, z] = 0  # what was to happen to the liquid that it drives away
    schedule(queue, x, y - 1, z, now + pace[min(fallen + 1, len(pace) - 1)], mine, fallen + 1)
    wake(blocks, x, y, z, queue, tables)
    return 0


@kernel
def flow(blocks, x, y, z, queue, tables, events):
    """A liquid finds its level and spreads, down before sideways; how many events that was."""
    liquid, fluid, source, levels = tables[2], tables[3], tables[5], tables[6]
    kind = blocks[x, y, z]
    mine = fluid[kind]
    level = np.int64(liquid[kind]) - 1
    number = 0
    if mine == 2 and _beside(blocks, x, y, z, 1, fluid):
        blocks[x, y, z] = STONE if level == 0 else COBBLESTONE
        wake(blocks, x, y, z, queue, tables)
        return _note(events, 0, DRIED, x, y, z)
    if level > 0:
        fed = _fed(blocks, x, y, z, mine, tables)
        if fed >= levels[mine]:
            blocks[x, y, z] = AIR
            wake(blocks, x, y, z, queue, tables)
            return _note(events, 0, DRIED, x, y, z)
        if fed != level:
            level = fed
            blocks[x, y, z] = source[mine] + level
            wake(blocks, x, y, z, queue, tables)
    hole = _hole(blocks, x, y - 1, z, mine, fluid)
    if hole and blocks[x, y - 1, z] == AIR:
        blocks[x, y - 1, z] = source[mine] + 1
        number = _note(events, number, FLOWED, x, y - 1, z)
        wake(blocks, x, y - 1, z, queue, tables)
    if (hole and level > 0) or level + 1 >= levels[mine]:
        return number
    if hole and blocks[x, y - 1, z] != source[mine] and _sources(blocks, x, y, z, mine, source) < 3:
        return number  # it goes down alone
    best, ways = 1000, np.full(4, 1000, np.int64)
    for side in range(4):
        at = (x + SIDES[side, 0], y, z + SIDES[side, 2])
        if _passable(blocks, *at, mine, fluid, liquid):
            ways[side] = _edge(blocks, *at, mine, SPREAD[mine], side, fluid, liquid)
            best = min(best, ways[side])
    for side in range(4):
        at = (x + SIDES[side, 0], y, z + SIDES[side, 2])
        if ways[side] == best and best < 1000 and blocks[at] == AIR:
            blocks[at] = source[mine] + level + 1
            number = _note(events, number, FLOWED, at[0], at[1], at[2])
            wake(blocks, *at, queue, tables)
    return number


@kernel
def _beside(blocks, x, y, z, wanted, fluid):
    """Whether a liquid is beside or above."""
    for side in (0, 1, 2, 3, 5):
        at = (x + SIDES[side, 0], y + SIDES[side, 1], z + SIDES[side, 2])
        if _inside(blocks, *at) and fluid[blocks[at]] == wanted:
            return True
    return False


@kernel
def _fed(blocks, x, y, z, mine, tables):
    """How far from its source a flowing liquid should be: 0 becomes one, the number of levels and more dries up."""
    solid, liquid, fluid, source = tables[1], tables[2], tables[3], tables[5]
    if _inside(blocks, x, y + 1, z) and fluid[blocks[x, y + 1, z]] == mine:
        return 1
    ground = y == 0 or solid[blocks[x, y - 1, z]] or blocks[x, y - 1, z] == source[mine]
    if mine == 1 and ground and _sources(blocks, x, y, z, mine, source) >= 2:
        return 0
    nearest = 1000
    for side in range(4):
        at = (x + SIDES[side, 0], y, z + SIDES[side, 2])
        if _inside(blocks, *at) and fluid[blocks[at]] == mine:
            nearest = min(nearest, np.int64(liquid[blocks[at]]))
    return nearest


@kernel
def _sources(blocks, x, y, z, mine, source):
    """How many of the four cells beside are sources."""
    found = 0
    for side in range(4):
        at = (x + SIDES[side, 0], y, z + SIDES[side, 2])
        found += _inside(blocks, *at) and blocks[at] == source[mine]
    return found


@kernel
def _hole(blocks, x, y, z, mine, fluid):
    """Whether a liquid goes down there: into air, or into its own kind."""
    return _inside(blocks, x, y, z) and (blocks[x, y, z] == AIR or fluid[blocks[x, y, z]] == mine)


@kernel
def _passable(blocks, x, y, z, mine, fluid, liquid):
    """Whether a liquid can go there sideways: into air, or where it flows already."""
    if not _inside(blocks, x, y, z):
        return False
    kind = blocks[x, y, z]
    return kind == AIR or (fluid[kind] == mine and liquid[kind] > 1)


@kernel
def _edge(blocks, x, y, z, mine, far, came, fluid, liquid):
    """How many cells from here the nearest edge is that one can flow over, 100 where none is that near."""
    seen = np.zeros((2 * far + 1, 2 * far + 1), np.bool_)
    spots = np.empty(((2 * far + 1) ** 2, 3), np.int64)
    spots[0] = (x, z, 0)
    seen[far, far] = True
    back = (SIDES[came, 0], SIDES[came, 2])
    if abs(back[0]) <= far and abs(back[1]) <= far:
        seen[far - back[0], far - back[1]] = True  # where it comes from is no way
    first, last = 0, 1
    while first < last:
        at_x, at_z, gone = spots[first]
        first += 1
        if _hole(blocks, at_x, y - 1, at_z, mine, fluid):
            return gone
        if gone >= far:
            continue
        for side in range(4):
            to_x, to_z = at_x + SIDES[side, 0], at_z + SIDES[side, 2]
            if abs(to_x - x) > far or abs(to_z - z) > far or seen[to_x - x + far, to_z - z + far]:
                continue
            seen[to_x - x + far, to_z - z + far] = True
            if _passable(blocks, to_x, y, to_z, mine, fluid, liquid):
                spots[last] = (to_x, to_z, gone + 1)
                last += 1
    return 100


@kernel
def blast(blocks, x, y, z, resistance):
    """Which cells an explosion reaches, along rays to the shell of a 16-cube, until what they cross stops them."""
    gone = np.zeros(blocks.shape, np.bool_)
    for i in range(16):
        for j in range(16):
            for k in range(16):
                if i != 0 and i != 15 and j != 0 and j != 15 and k != 0 and k != 15:
                    continue
                dx, dy, dz = i / 7.5 - 1, j / 7.5 - 1, k / 7.5 - 1
                length = np.sqrt(dx * dx + dy * dy + dz * dz)
                at_x, at_y, at_z, strength = x + 0.5, y + 0.5, z + 0.5, POWER
                while strength > 0:
                    cell = (int(np.floor(at_x)), int(np.floor(at_y)), int(np.floor(at_z)))
                    if not _inside(blocks, *cell):
                        break
                    if blocks[cell] != AIR:
                        strength -= (resistance[blocks[cell]] + 0.3) * STRIDE
                        if strength > 0:
                            gone[cell] = True
                    at_x += STRIDE * dx / length
                    at_y += STRIDE * dy / length
                    at_z += STRIDE * dz / length
                    strength -= FADE
    return gone
