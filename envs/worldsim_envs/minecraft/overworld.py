"""An island to walk about on, to dig in and to build on.

## Description
An island of hills, woods, beaches and caves in a sea without end, seen through the eyes of a player who moves as in
Minecraft. Around a clearing stand two or three blocks of wool and one or two mobs wander, each in a hue that nothing
else has. Sand falls, water flows, TNT explodes, a door opens; the sun goes round in 20 minutes.

## Actions
The Dict of MineRL and VPT at 20 Hz: `forward back left right jump sneak sprint attack use drop inventory hotbar.1` to
`hotbar.9`, each 0 or 1, and `camera` float32 [d pitch, d yaw] in degrees a tick, positive down and right. Attack, held,
breaks the block in the middle of the picture if it is within 4.5 m, and what was broken goes to the hotbar; use
presses a button, moves a door, lights TNT, or puts down what is in hand. `drop` and `inventory` do nothing here.

## Observations
`pov` uint8 [size, size, 3] at 20 Hz with a field of view of 70 degrees, and where asked for `depth` (m) and
`segmentation`: things first, then the kinds of block, -1 for the sky. The truth also has `life`, from 20 to 0, which a
fall of more than 3 m, water over one's head and lava take and time gives back, and `air` (ticks of breath).

## Start
The land, where things stand and how mobs walk, the time of day within the forenoon, and where the player looks follow
from the seed. The hotbar holds planks, cobblestone, dirt, sand, TNT, a torch, glass, a lamp, and one block of wool.

## End
The world does not end, also for who has no life left; `gymnasium.make` cuts an episode after 200 steps (10 s).

## Changes
- `remove:<i>`: thing i is there no longer.
- `recolour:<i>`: thing i has a hue that nothing else here has.
- `time:noon`, `time:night`: the sun stands elsewhere.
- `break:<x>,<y>,<z>`: the block there is broken, and nobody has it.
- `set:<x>,<y>,<z>,<block>`: another block is there, of the kinds in `blocks`, "stone" or "air".

## Expert
Explores: for a second and a half at a time walks, sprints, looks around, digs or builds; jumps where something is in
the way, and turns back from the shore.

## Versions
- v0: the first.
"""

from functools import lru_cache

import numpy as np

from worldsim_envs import palette
from worldsim_envs.minecraft import actions, sky
from worldsim_envs.minecraft import player as body
from worldsim_envs.minecraft.blocks import INDEX, SOLID, WOOLS
from worldsim_envs.minecraft.terrain import SEA, island
from worldsim_envs.minecraft.walkers import walker
from worldsim_envs.minecraft.world import Mob, Recipe, Stage, VoxelBackend, Wool, scene_of
from worldsim_envs.variation import Draw

FPS = 20.0
SLOTS = 6
SPAN = 30
"""How long the expert keeps to one plan (ticks)."""

PLANS = ("walk", "walk", "walk", "sprint", "look", "dig", "build")
CARRIED = ("planks", "cobblestone", "dirt", "sand", "tnt", "torch", "glass", "lamp")


def _build(draw: Draw) -> Stage:
    rng = draw.rng
    blocks, spot = island(draw)
    hues = rng.permutation(len(palette.NAMES)).tolist()
    ahead = rng.uniform(0, 2 * np.pi)
    wools, mobs = int(rng.integers(2, 4)), int(rng.integers(1, 3))
    fan = ahead + np.linspace(-0.8, 0.8, wools + mobs)[rng.permutation(wools + mobs)]
    things: list[Wool | Mob] = []
    for number, angle in enumerate(fan):
        away = draw.between(3.6, 6.4, least=2.5, most=8.0)
        x, z = spot[0] + 0.5 - away * np.sin(angle), spot[1] + 0.5 + away * np.cos(angle)
        ground = _ground(blocks, int(x), int(z))
        if number < wools:
            things.append(Wool(hues[number], (int(x), ground, int(z))))
        else:
            row = walker(
                x,
                ground,
                z,
                turn=rng.uniform(0, 2 * np.pi),
                pace=draw.between(0.03, 0.06),
                wait=20,
                luck=int(rng.integers(2**31)),
            )
            things.append(Mob(hues[number], row))
    things.append(Wool(hues[len(fan)]))  # the one that is carried
    carried = [(INDEX[name], 16) for name in CARRIED] + [(WOOLS[hues[len(fan)]], 1)]
    x, z = map(int, spot)
    player = body.spawn(x + 0.5, _ground(blocks, x, z), z + 0.5, yaw=float(np.rad2deg(ahead)), pitch=rng.uniform(4, 12))
    time = int(rng.integers(2500, sky.NOON + 1000))
    return Stage(blocks, player, things, carried, time, beyond=(SEA - 0.125, INDEX["water"]), marks={"spot": spot})


def _ground(blocks: np.ndarray, x: int, z: int) -> int:
    """The lowest y above all that is solid there."""
    return int(np.flatnonzero(SOLID[blocks[x, :, z]]).max()) + 1


def _expert(world: VoxelBackend, rng: np.random.Generator) -> actions.Action:
    """Keep to one plan for a while; which one goes by the clock, so a restored world is treated alike."""
    plan, turn = _plan(world.seed, world.time // SPAN)
    player, (x, z) = world.player, world.stage.marks["spot"] if world.stage.marks else (0, 0)
    east, south = x + 0.5 - player[body.X], z + 0.5 - player[body.Z]
    homeward = (np.rad2deg(np.arctan2(-east, south)) - player[body.YAW] + 180) % 360 - 180
    held, pitch = [], 8.0
    right = {"walk": 1.2 * turn, "sprint": 0.6 * turn, "look": 6 * turn, "dig": 0.3 * turn, "build": 0.5 * turn}[plan]
    if np.hypot(east, south) > 11 or player[body.WATER]:
        plan, right = "walk", float(np.clip(homeward, -6, 6))
    if plan in ("walk", "sprint"):
        held = ["forward"] + ["sprint"] * (plan == "sprint")
        held += ["jump"] * bool(player[body.BLOCKED] or player[body.WATER])
    elif plan == "dig":
        held, pitch = ["attack"], 38.0
    elif plan == "build":
        held, pitch = ["use", f"hotbar.{1 + int(abs(turn) * 9) % 9}"], 32.0
    down = float(np.clip(pitch - player[body.PITCH], -4, 4))
    return actions.press(*held, camera=(down, right + rng.normal(0, 0.2)))


@lru_cache(maxsize=256)
def _plan(seed: int, turn: int) -> tuple[str, float]:
    """What the expert does in one stretch of time, and how far to the right."""
    chance = np.random.default_rng([seed, turn])
    return PLANS[chance.integers(len(PLANS))], chance.uniform(-1, 1)


RECIPE = Recipe(slots=SLOTS, fps=FPS, build=_build, expert=_expert)

OVERWORLD = scene_of(RECIPE, "Overworld")
