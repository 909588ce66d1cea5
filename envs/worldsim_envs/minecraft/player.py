"""How a player moves: Minecraft's constants, tick by tick, over `blocks[x, y, z]`.

A player is an upright box, 0.6 m wide and 1.8 m high, whose place is the middle of its floor. Each tick (0.05 s) the
camera turns, keys add velocity, the box moves as far as blocks let it (up or down first, then along x, then along z),
and drag and gravity change the velocity for the next tick. Velocities are metres a tick. Yaw 0 looks along +z, yaw 90
along -x; pitch is positive downwards; both in degrees.

Everything outside of the world is solid but the sky above it. All solid blocks are whole cubes, so Minecraft's step of
0.6 m never finds anything to step on and is left out.

Checked against trajectories of prismarine-physics (Minecraft 1.16), see `tests/envs/minecraft/golden`. It differs from
them on purpose in four things: one sprints only forward and upright, as in the game; a wall beside a ledge is not taken
for ground by who sneaks there; water pulls over an edge into water below, which they test the wrong way round; and a
box that touches a block lies exactly on its face, where they lose up to a rounding a tick.

Source: the Minecraft Wiki's and mcpk.wiki's pages on entity motion, and the behaviour of prismarine-physics 1.11.
"""

from typing import Any

import numpy as np
from jaxtyping import Float64, UInt8

from worldsim_envs.minecraft.blocks import LIQUID, NAMES, SOLID
from worldsim_envs.minecraft.kernel import kernel

Player = Float64[np.ndarray, "13"]
"""Everything that decides how a player goes on: x y z (m), velocity x y z (m/tick), yaw, pitch (degrees), whether it
stands, stands in water, in lava, whether it runs into something sideways, and ticks until it may jump again."""

X, Y, Z, VX, VY, VZ, YAW, PITCH, GROUND, WATER, LAVA, BLOCKED, REST = range(13)
"""Where each of these lies."""

HALF, TALL, EYE = 0.3, 1.8, 1.62
"""Half the width, the height, and how high the eyes are (m)."""

GRAVITY, DRAG = 0.08, float(np.float32(0.98))
WALK, SPRINT, SNEAK, KEYS = 0.1, 1.3, 0.3, 0.98
"""Walking speed, what sprinting and sneaking make of it, and what a held key is worth."""

GRIP, AIR, STEER = 0.6, 0.91, 0.02
"""The ground's slipperiness, what the air leaves of a velocity, and what keys add in the air."""

JUMP, BOOST, PAUSE = float(np.float32(0.42)), 0.2, 10
"""Upward velocity of a jump, what sprinting adds ahead, and ticks between jumps while the key is held."""

SWIM, LEAP = 0.04, 0.3
"""What the jump key adds in a liquid, and the velocity that lifts one out of it at its edge."""

THICK = (0.8, 0.5)
"""What water and lava leave of a velocity."""

SINK = (GRAVITY / 16, GRAVITY / 4)
"""Gravity in water and in lava."""

CURRENT, REST_BELOW = 0.014, 0.003
"""How hard flowing water pulls, and below which velocity there is none."""

TOUCH = 1e-7
"""Boxes nearer than this touch and do not overlap (m)."""

_KIND = np.array([0 if not level else 1 if "water" in name else 2 for name, level in zip(NAMES, LIQUID, strict=True)])
"""Of each block: 1 is water, 2 is lava."""


def spawn(x: float | int, y: float | int, z: float | int, *, yaw: float | int = 0, pitch: float | int = 0) -> Player:
    """A player at rest whose feet are there (m), looking that way (degrees)."""
    return np.array([x, y, z, 0, 0, 0, yaw, pitch, 0, 0, 0, 0, 0], np.float64)


def eye(player: Player) -> Float64[np.ndarray, "3"]:
    """Where the player sees from (m)."""
    return player[:3] + np.array([0, EYE, 0])


def gaze(player: Player) -> Float64[np.ndarray, "3"]:
    """The unit vector along which the player looks."""
    yaw, pitch = np.deg2rad(player[YAW]), np.deg2rad(player[PITCH])
    return np.array([-np.sin(yaw) * np.cos(pitch), -np.sin(pitch), np.cos(yaw) * np.cos(pitch)])


def step(blocks: UInt8[np.ndarray, "x y z"], player: Player, action: dict[str, Any]) -> Player:
    """The player one tick later.

    Args:
        blocks: The world, which is not changed.
        player: As it is now; not changed.
        action: Of `actions.space`; of its buttons, those that move count.
    """
    down, right = action["camera"]
    after = player.copy()
    after[YAW] = (player[YAW] + right + 180) % 360 - 180
    after[PITCH] = min(max(player[PITCH] + down, -90.0), 90.0)
    ahead = int(action["forward"]) - int(action["back"])
    aside = int(action["right"]) - int(action["left"])
    sneak = bool(action["sneak"])
    sprint = bool(action["sprint"]) and ahead > 0 and not sneak
    _tick(blocks, SOLID, LIQUID, _KIND, after, ahead, aside, bool(action["jump"]), sprint, sneak)
    return after


@kernel
def _tick(blocks, solid, liquid, kind, player, ahead, aside, jump, sprint, sneak):
    """Move a player for a tick, in place; see `step`."""
    player[WATER] = _wade(blocks, solid, liquid, kind, player)
    player[LAVA] = _holds(blocks, kind, 2, player, 0.1, 0.4)
    for axis in (VX, VY, VZ):
        if abs(player[axis]) < REST_BELOW:
            player[axis] = 0.0
    yaw = np.deg2rad(player[YAW])
    sine, cosine = np.sin(yaw), np.cos(yaw)
    wet = player[WATER] > 0 or player[LAVA] > 0
    if jump:
        player[REST] = max(player[REST] - 1, 0)
        if wet:
            player[VY] += SWIM
        elif player[GROUND] > 0 and player[REST] == 0:
            player[VY] = JUMP
            if sprint:
                player[VX] -= sine * BOOST
                player[VZ] += cosine * BOOST
            player[REST] = PAUSE
    else:
        player[REST] = 0
    slow = KEYS * (SNEAK if sneak else 1.0)
    forward, strafe = ahead * slow, aside * slow

    if wet:
        push, left = STEER, THICK[0] if player[WATER] > 0 else THICK[1]
    elif player[GROUND] > 0:
        left = GRIP * AIR
        push = WALK * (SPRINT if sprint else 1.0) * 0.1627714 / (left * left * left)
    else:
        left, push = AIR, STEER * (SPRINT if sprint else 1.0)
    speed = np.sqrt(strafe * strafe + forward * forward)
    if speed >= 0.01:
        share = push / max(speed, 1.0)
        player[VX] -= share * (strafe * cosine + forward * sine)
        player[VZ] += share * (forward * cosine - strafe * sine)

    before = player[Y]
    _move(blocks, solid, player, sneak)
    if wet:
        player[VY] = player[VY] * left - (SINK[0] if player[WATER] > 0 else SINK[1])
    else:
        player[VY] = (player[VY] - GRAVITY) * DRAG
    player[VX] *= left
    player[VZ] *= left
    if wet and player[BLOCKED] > 0:
        ledge = player.copy()
        ledge[X] += player[VX]
        ledge[Y] = before + player[VY] + 0.6
        ledge[Z] += player[VZ]
        if _fits(blocks, solid, ledge) and _holds(blocks, kind, 1, ledge, 0.0, 0.0) == 0:
            player[VY] = LEAP


@kernel
def _move(blocks, solid, player, sneak):
    """Go as far as the velocity says and blocks allow, and lose the velocity that went against one."""
    dx, dy, dz = player[VX], player[VY], player[VZ]
    if sneak and player[GROUND] > 0:
        while dx != 0 and not _stands(blocks, solid, player, dx, 0.0):
            dx = _less(dx)
        while dz != 0 and not _stands(blocks, solid, player, 0.0, dz):
            dz = _less(dz)
        while dx != 0 and dz != 0 and not _stands(blocks, solid, player, dx, dz):
            dx, dz = _less(dx), _less(dz)
    fell = _slide(blocks, solid, player, Y, dy)
    ran = _slide(blocks, solid, player, X, dx)
    slid = _slide(blocks, solid, player, Z, dz)
    player[GROUND] = fell and dy < 0
    player[BLOCKED] = ran or slid
    if fell:
        player[VY] = 0.0
    if ran:
        player[VX] = 0.0
    if slid:
        player[VZ] = 0.0


@kernel
def _less(way):
    """A way that is a little shorter, for who feels for the edge."""
    if -0.05 <= way < 0.05:
        return 0.0
    return way - 0.05 if way > 0 else way + 0.05


@kernel
def _is_solid(blocks, solid, x, y, z):
    """Whether a cell stops who walks into it; all outside of the world does but the sky."""
    if y >= blocks.shape[1]:
        return False
    if y < 0 or x < 0 or z < 0 or x >= blocks.shape[0] or z >= blocks.shape[2]:
        return True
    return solid[blocks[x, y, z]]


@kernel
def _extent(player, axis):
    """Where the box begins and ends along an axis."""
    if axis == Y:
        return player[Y], player[Y] + TALL
    return player[axis] - HALF, player[axis] + HALF


@kernel
def _cells(low, high):
    """The first cell that a stretch reaches into, and the one after the last; touching is not reaching."""
    return int(np.floor(low + TOUCH)), int(np.ceil(high - TOUCH))


@kernel
def _any(blocks, solid, x0, x1, y0, y1, z0, z1):
    """Whether a cell of these is solid."""
    for x in range(x0, x1):
        for y in range(y0, y1):
            for z in range(z0, z1):
                if _is_solid(blocks, solid, x, y, z):
                    return True
    return False


@kernel
def _slide(blocks, solid, player, axis, way):
    """Move along one axis up to the first block; whether there was one."""
    if way == 0:
        return False
    low, high = _extent(player, axis)
    span = np.empty((3, 2), np.int64)
    for other in range(3):
        span[other, 0], span[other, 1] = _cells(*_extent(player, other))
    front = high if way > 0 else low
    cell = int(np.ceil(front - TOUCH)) if way > 0 else int(np.floor(front + TOUCH)) - 1
    while (cell < front + way) if way > 0 else (cell + 1 > front + way):
        span[axis, 0], span[axis, 1] = cell, cell + 1
        if _any(blocks, solid, span[0, 0], span[0, 1], span[1, 0], span[1, 1], span[2, 0], span[2, 1]):
            if way > 0:
                player[axis] = cell - (TALL if axis == Y else HALF)
            else:
                player[axis] = cell + 1 + (0.0 if axis == Y else HALF)
            return True
        cell += 1 if way > 0 else -1
    player[axis] += way
    return False


@kernel
def _stands(blocks, solid, player, dx, dz):
    """Whether something solid would be underfoot so far from here."""
    x0, x1 = _cells(player[X] + dx - HALF, player[X] + dx + HALF)
    z0, z1 = _cells(player[Z] + dz - HALF, player[Z] + dz + HALF)
    y = int(np.ceil(player[Y] - TOUCH)) - 1
    return _any(blocks, solid, x0, x1, y, y + 1, z0, z1)


@kernel
def _fits(blocks, solid, player):
    """Whether the box is in no block."""
    x0, x1 = _cells(*_extent(player, X))
    y0, y1 = _cells(*_extent(player, Y))
    z0, z1 = _cells(*_extent(player, Z))
    return not _any(blocks, solid, x0, x1, y0, y1, z0, z1)


@kernel
def _at(blocks, column, x, y, z):
    """A property of the block there; outside of the world, that of air."""
    if 0 <= x < blocks.shape[0] and 0 <= y < blocks.shape[1] and 0 <= z < blocks.shape[2]:
        return column[blocks[x, y, z]]
    return column[0]


@kernel
def _reach(player, aside, above):
    """The cells of the box shrunk by so much on each side, and above and below."""
    x0, x1 = int(np.floor(player[X] - HALF + aside)), int(np.floor(player[X] + HALF - aside))
    y0, y1 = int(np.floor(player[Y] + above)), int(np.floor(player[Y] + TALL - above))
    z0, z1 = int(np.floor(player[Z] - HALF + aside)), int(np.floor(player[Z] + HALF - aside))
    return x0, x1 + 1, y0, y1 + 1, z0, z1 + 1


@kernel
def _holds(blocks, kind, wanted, player, aside, above):
    """Whether the shrunk box has cells of a liquid."""
    x0, x1, y0, y1, z0, z1 = _reach(player, aside, above)
    for x in range(x0, x1):
        for y in range(y0, y1):
            for z in range(z0, z1):
                if _at(blocks, kind, x, y, z) == wanted:
                    return 1.0
    return 0.0


@kernel
def _wade(blocks, solid, liquid, kind, player):
    """Whether the player is in water; where it flows, it pulls."""
    x0, x1, y0, y1, z0, z1 = _reach(player, 0.001, 0.401)
    wet, pull_x, pull_z = 0.0, 0.0, 0.0
    for x in range(x0, x1):
        for y in range(y0, y1):
            for z in range(z0, z1):
                if _at(blocks, kind, x, y, z) == 1:
                    wet = 1.0
                    flow_x, flow_z = _flow(blocks, solid, liquid, kind, x, y, z)
                    pull_x += flow_x
                    pull_z += flow_z
    length = np.sqrt(pull_x * pull_x + pull_z * pull_z)
    if length > 0:
        player[VX] += CURRENT * pull_x / length
        player[VZ] += CURRENT * pull_z / length
    return wet


@kernel
def _flow(blocks, solid, liquid, kind, x, y, z):
    """The unit vector from high water to low, over an edge too."""
    here = np.int64(_at(blocks, liquid, x, y, z))  # signed, for what follows may be less
    flow_x, flow_z = 0.0, 0.0
    for dx, dz in ((0, 1), (-1, 0), (0, -1), (1, 0)):
        fall = 0
        if _at(blocks, kind, x + dx, y, z + dz) == 1:
            fall = np.int64(_at(blocks, liquid, x + dx, y, z + dz)) - here
        elif not _is_solid(blocks, solid, x + dx, y, z + dz) and _at(blocks, kind, x + dx, y - 1, z + dz) == 1:
            fall = np.int64(_at(blocks, liquid, x + dx, y - 1, z + dz)) - here + 8
        flow_x += dx * fall
        flow_z += dz * fall
    length = np.sqrt(flow_x * flow_x + flow_z * flow_z)
    return (flow_x / length, flow_z / length) if length > 0 else (0.0, 0.0)
