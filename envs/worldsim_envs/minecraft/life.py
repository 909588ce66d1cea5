"""How a player fares: falls hurt, water drowns, lava burns, and time heals.

As in Minecraft, of someone who is well fed and wears nothing: 20 points of life, two a heart; 300 ticks of breath. Who
is hurt is spared for half a second, but for what hurts more, and that then hurts by the difference. It differs in this:
a fall is as long as the way down, where the game leaves out the last tick's. TNT and mobs hurt nobody.

Nothing comes of it but that it is told: a player whose life is 0 goes on, since a world here does not end.

Source: the Minecraft Wiki's pages "Damage", sections "Fall damage" and "Immunity", "Drowning", "Lava", "Fire", and
"Healing" (Java Edition 1.16).
"""

import math

import numpy as np
from jaxtyping import Float64, UInt8

from worldsim_envs.minecraft import player as body
from worldsim_envs.minecraft.blocks import LIQUID, NAMES

MOST, BREATH = 20.0, 300
"""All of life, and for how many ticks one can hold one's breath."""

SOFT = 3.0
"""How far one falls without being hurt (m); each further metre, whole or not, takes a point."""

CHOKE, RECOVER, DROWN = 20, 4, 2.0
"""Ticks between two points of drowning, ticks of breath regained in each out of water, and how much drowning takes."""

SCALD, BURN, FIRE = 4.0, 1.0, 300
"""What lava takes, what fire takes each second, and how long one burns after lava (ticks)."""

SPARED, HEAL = 10, 80
"""For how long one who was hurt is spared, and how long it takes to regain a point (ticks)."""

_WATER = np.array([bool(level) and "water" in name for name, level in zip(NAMES, LIQUID, strict=True)])


class Life:
    """What a player has left.

    Attributes:
        life: From `MOST` to 0.
        air: Ticks of breath; below 0 one is about to be hurt.
        fallen: How far down since one last stood (m).
        fire: For how long one goes on burning (ticks).
        spared, hurt: Ticks until one can be hurt by anything again, and by how much one was.
        healing: Ticks since a point was regained.
    """

    def __init__(self):
        self.life, self.air, self.fallen, self.fire = MOST, BREATH, 0.0, 0
        self.spared, self.hurt, self.healing = 0, 0.0, 0

    def step(self, blocks: UInt8[np.ndarray, "x y z"], before: body.Player, player: body.Player) -> None:
        """Let a tick pass in which a player went from `before` to where one is now."""
        self.spared = max(self.spared - 1, 0)
        landed, wet, hot = (bool(player[at]) for at in (body.GROUND, body.WATER, body.LAVA))
        self._fall(float(before[body.Y] - player[body.Y]), landed=landed, wet=wet, hot=hot)
        self._breathe(_under(blocks, player))
        if self.fire > 0:
            if self.fire % 20 == 0 and not hot:
                self._take(BURN)
            self.fire -= 1
        if hot:
            self._take(SCALD)
            self.fire = FIRE
        if wet:
            self.fire = 0
        self.healing = self.healing + 1 if 0 < self.life < MOST else 0
        if self.healing == HEAL:
            self.life, self.healing = min(self.life + 1, MOST), 0

    def _fall(self, down: float, *, landed: bool, wet: bool, hot: bool) -> None:
        self.fallen = 0.0 if wet else self.fallen + max(down, 0.0)
        if hot:
            self.fallen /= 2
        if landed:
            if (points := math.ceil(self.fallen - SOFT - 1e-6)) > 0:
                self._take(float(points))
            self.fallen = 0.0

    def _breathe(self, under: bool) -> None:
        self.air = self.air - 1 if under else min(self.air + RECOVER, BREATH)
        if self.air == -CHOKE:
            self.air = 0
            self._take(DROWN)

    def _take(self, points: float) -> None:
        """Hurt by so many points, or where one is spared by what they are more than the last."""
        more = points - self.hurt if self.spared else points
        if more <= 0 or self.life <= 0:
            return
        self.life, self.hurt = max(self.life - more, 0.0), points
        if not self.spared:
            self.spared = SPARED

    def vector(self) -> Float64[np.ndarray, "7"]:
        """All of it as numbers."""
        return np.array([self.life, self.air, self.fallen, self.fire, self.spared, self.hurt, self.healing], np.float64)

    def restore(self, vector: Float64[np.ndarray, "7"]) -> None:
        """Return to those numbers."""
        self.life, air, self.fallen, fire, spared, self.hurt, healing = vector.tolist()
        self.air, self.fire, self.spared, self.healing = int(air), int(fire), int(spared), int(healing)


def _under(blocks: np.ndarray, player: body.Player) -> bool:
    """Whether the eyes are in water."""
    x, y, z = math.floor(player[body.X]), math.floor(player[body.Y] + body.EYE), math.floor(player[body.Z])
    inside = 0 <= x < blocks.shape[0] and 0 <= y < blocks.shape[1] and 0 <= z < blocks.shape[2]
    return inside and bool(_WATER[blocks[x, y, z]])
