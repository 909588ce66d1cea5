"""A player goes about a yard and comes back: where one was is told by what was seen.

## Description
A walled yard of blocks under the sky, with a block of wool on a pillar in its middle, another at its side, grey blocks
around, and trees beyond the wall. Nothing moves but the player and the clouds. Before the wall stand 28 beacons, posts
of stone with two blocks of wool, whose pairs of hues and places are known: at least four are in every picture of the
paths, at 4 to 18 m, so a picture says where it was taken from. Four scenes share the yard:

- `worldsim/VoxelYard-v0` stands still for 16 frames, then goes a short way and back: more than half of each picture was
  seen before. What lies at the side of a path lies in three depths: blocks at 3 to 7 m, beacons at 8 to 11 m, the wall
  at 13 m and trees behind it.
- `worldsim/VoxelTour-v0` first shows the whole yard (64 frames: once around oneself, once around the middle), then goes
  farther through what was seen.
- `worldsim/VoxelMosaic-v0` is VoxelYard without beacons: floor and wall are laid of many kinds of block, for readers
  that find and follow corners.
- `worldsim/VoxelHold-v0` stands still while two mobs walk to and fro.

## Actions
The Dict of MineRL and VPT, held for the two ticks of a frame; see `worldsim/Overworld-v0`. `camera` is degrees a tick,
so a frame turns by twice as much. One walks at 4.32 m/s, sneaks at 1.30 m/s, and glides on when a key is let go, for
0.3 m at most; what lies in the way stops one.

## Observations
`pov` uint8 [size, size, 3] at 10 Hz with a field of view of 70 degrees, and where asked for `depth` (m) and
`segmentation`: things first, then the kinds of block, -1 for the sky. A block of a beacon is at least 5 pixels across
at 128 pixels. The truth also has `beacon` [28 2 3], where the middles of each post's lower and upper block are (m),
`beacon_hue` [28 2], `beacon_shape` (a box) and `beacon_size` (m); Mosaic has none. The camera's pose says exactly where
keys and mouse have led.

## Start
The player stands 4.5 m (Tour: 2.2 m) before the middle of the yard and looks at it. Hues, places and kinds of
everything, the time of day within the forenoon, and how far each path goes follow from the seed.

## End
The world does not end; `gymnasium.make` cuts an episode after 80 steps (8 s), in Tour after 128 (12.8 s).

## Changes
- `remove:<i>`: thing i is there no longer.
- `recolour:<i>`: thing i has a hue that nothing else here has; only in Mosaic, since beacons leave none.
- `time:noon`, `time:night`: the sun stands elsewhere.

## Arms
A path is a pair of arms, its twin being its mirror; both begin after the same frames and take 64 frames. One comes back
to within 2 cm and half a degree.

| family | arms | how far |
|---|---|---|
| V-YAW | `yaw:right`, `yaw:left` | 15 to 35 degrees; Tour: 60, 90, 180, or 360 without going back |
| V-PIT | `pit:down`, `pit:up` | 8 to 14 degrees |
| V-TRL | `trl:right`, `trl:left` | 1.4 to 2.2 m to the side, sneaking |
| V-DOL | `dol:in`, `dol:out` | 1.0 to 1.9 m ahead, or back, sneaking |
| V-ORB | `orb:right`, `orb:left` | 20 to 33 degrees around the middle, sneaking; Tour: 30 or 90 |
| V-SQR | `sqr:right`, `sqr:left` | Tour: around the middle along a square of 4.3 m, beginning to the right |
| V-RVS | `rvs:right`, `rvs:left` | Tour: a place 40 to 69 degrees to the right, an arc back there, that place again |
| V-STA | `hold` | Hold: nowhere |

Out of distribution they go less far or farther. On an arc the camera looks up to 2.4 degrees past the middle, and on
the circle of Tour 7, since the velocity lags behind the keys; at both ends it looks at it.

## Expert
Tells one of the arms, from beginning to end, then another.

## Versions
- v0: the first.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from itertools import permutations

import numpy as np

from worldsim_envs import cameras, palette
from worldsim_envs.cameras import Path
from worldsim_envs.minecraft import player as body
from worldsim_envs.minecraft import sky
from worldsim_envs.minecraft.actions import Action, noop
from worldsim_envs.minecraft.blocks import INDEX, WOOLS
from worldsim_envs.minecraft.terrain import LAWN, SHAPE, meadow, plant
from worldsim_envs.minecraft.walkers import walker
from worldsim_envs.minecraft.ways import FPS, MIDDLE, SNEAKING, TICKS, WALKING, act, circle, orbit, told
from worldsim_envs.minecraft.world import Mob, Recipe, Stage, VoxelBackend, Wool, scene_of
from worldsim_envs.scene import Arm, Scene
from worldsim_envs.variation import SHAPES, Draw

SHORT, LONG = 80, 128
"""Steps of an episode; the last is a rest."""

CONTEXT, QUERY = 16, 64
"""Frames that all arms share, and frames of a path; the first frame of a path is what came of its first command."""

LOOK_AROUND, AROUND, RESTING = 22, (32, 36), 5
"""Frames around oneself, walking around the middle and all in all, and at rest, before a path of Tour."""

AWAY = 4.5
"""How far from the middle the player stands (m), but for Tour."""

TURNS = {"ood": (45, 120, 150)}
ARCS = {"ood": (14, 22)}
"""How far YAW (degrees) and ORB (frames) go in Tour, where that is not what the benchmark asks for."""

WALL, HIGH = 13, 3
"""How far from the middle the wall is, and its height (cells)."""

POSTS = 28
"""How many beacons there are, of the 30 pairs of six hues."""

GROUNDS, WALLS = ("grass", "dirt"), ("stone", "cobblestone", "planks")
PIECES = ("grass", "dirt", "sand", "snow")
FORMS = ("cobblestone", "planks", "log", "leaves", "stone", "snow")
"""What the ground is, what the wall, what a mosaic is laid of, and what stands around."""

EAST, SOUTH = SHAPE[0] // 2, SHAPE[2] // 2
"""The cell in the middle."""


class Yard:
    """A yard that is being laid out: its blocks, and what the things have for hues.

    Args:
        draw: Of the world.
        bare: Whether it is a mosaic without beacons.
    """

    def __init__(self, draw: Draw, *, bare: bool = False):
        self.rng = rng = draw.rng
        self.blocks = meadow(top=str(rng.choice(GROUNDS)))
        self.hues = np.roll(np.arange(count := len(palette.NAMES)), rng.integers(count)).tolist()
        self.time = int(rng.integers(3500, sky.NOON + 1500))
        self.facts: dict[str, np.ndarray] = {}
        self._wall(str(rng.choice(WALLS)))
        self._trees()
        if bare:
            self._mosaic()
        else:
            self._beacons()

    def put(self, kind: str, east: int, up: int, south: int) -> tuple[int, int, int]:
        """Make a block, so many cells from the middle and above the ground; its cell."""
        cell = EAST + east, LAWN + up, SOUTH + south
        self.blocks[cell] = INDEX[kind]
        return cell

    def stage(self, away: float, things: Sequence[Wool | Mob], paths: Sequence[Path], before: Path) -> Stage:
        """The finished yard, with a player who stands so far (m) before its middle and goes one of these paths."""
        player = body.spawn(MIDDLE[0], LAWN, MIDDLE[1] - away)
        beyond = (float(LAWN), int(self.blocks[0, LAWN - 1, 0]))
        marks = {"paths": paths, "before": before}
        return Stage(self.blocks, player, things, (), self.time, beyond, marks, self.facts)

    def _wall(self, kind: str) -> None:
        around = [(along, side * WALL) for along in range(-WALL, WALL + 1) for side in (-1, 1)]
        for east, south in dict.fromkeys(around + [spot[::-1] for spot in around]):
            for up in range(HIGH + (self.rng.random() < 0.4)):
                self.put(kind, east, up, south)

    def _trees(self) -> None:
        """Beyond the wall, so that they are seen over it."""
        for turn in np.arange(14) / 14 * 2 * np.pi + self.rng.uniform(0, 0.3, 14):
            away = self.rng.uniform(19, 26)
            east, south = int(away * np.sin(turn)), int(away * np.cos(turn))
            plant(self.blocks, EAST + east, LAWN, SOUTH + south, int(self.rng.integers(5, 8)), self.rng)

    def _mosaic(self) -> None:
        """The floor and the wall are laid in squares two blocks wide, each of some kind."""
        inside = slice(EAST - WALL, EAST + WALL + 1), slice(LAWN - 1, LAWN + HIGH + 1), slice(SOUTH - WALL, None)
        patch = self.blocks[inside][:, :, : 2 * WALL + 1]
        pieces = self.rng.choice([INDEX[kind] for kind in PIECES], (WALL + 1, patch.shape[1], WALL + 1))
        laid = pieces.repeat(2, 0).repeat(2, 2)[: 2 * WALL + 1, :, : 2 * WALL + 1]
        patch[patch > 0] = laid[patch > 0]

    def _beacons(self) -> None:
        """Posts all around, the nearer ones before the gaps between the farther; the pairs of hues fall as they may."""
        rng = self.rng
        pairs = rng.permutation(np.array(list(permutations(self.hues[2:], 2))))[:POSTS]
        places = np.zeros((POSTS, 2, 3))
        for number, pair in enumerate(pairs.tolist()):
            turn = 2 * np.pi * (number + rng.uniform(-0.12, 0.12)) / POSTS
            away, low = (8.5 if number % 3 == 0 else rng.uniform(10.3, 11.2)), int(rng.integers(1, 3))
            east, south = round(away * np.sin(turn)), round(away * np.cos(turn))
            for up in range(low + 2):
                self.put("stone", east, up, south)
            for ball, hue in enumerate(pair):
                cell = EAST + east, LAWN + low + 2 * ball, SOUTH + south
                self.blocks[cell], places[number, ball] = WOOLS[hue], np.array(cell) + 0.5
        shape, size = np.array(SHAPES.index("box")), np.array(1.0)
        self.facts = {"beacon": places, "beacon_hue": pairs, "beacon_shape": shape, "beacon_size": size}

    def forms(self, first: float, last: float) -> Wool:
        """Grey blocks around the middle at angles (rad) between these, 0 being beyond it; on one of them a thing."""
        rng, found = self.rng, []
        for turn in np.linspace(first, last, 6) + rng.uniform(-0.2, 0.2, 6):
            away = rng.uniform(4.6, 6.8)
            east, south = round(away * np.sin(turn)), round(away * np.cos(turn))
            found.append(self.put(str(rng.choice(FORMS)), east, 0, south))
        east, up, south = found[int(rng.integers(1, len(found) - 1))]
        return Wool(self.hues[1], (east, up + 1, south))

    def pillar(self) -> Wool:
        """The thing in the middle, on what bears it."""
        self.put(str(self.rng.choice(FORMS)), 0, 0, 0)
        return Wool(self.hues[0], (EAST, LAWN + 1, SOUTH))


def _still(frames: int) -> Path:
    return cameras.hold(frames, FPS)


def _short(draw: Draw, *, bare: bool = False) -> Stage:
    turn, nod = draw.between(15, 35, least=8.0, most=35.0), draw.between(8, 14, least=4.0, most=16.0)
    aside, ahead = draw.between(11, 17, least=6.0, most=20.0), draw.between(8, 15, least=5.0, most=18.0)
    arc = draw.between(12, 20, least=6.0, most=24.0)
    yard = Yard(draw, bare=bare)
    things = [yard.pillar(), yard.forms(-1.6, 1.6)]
    paths = (
        cameras.yaw(np.deg2rad(turn), QUERY, FPS),
        cameras.pitch(np.deg2rad(nod), QUERY, FPS),
        cameras.strafe(SNEAKING * round(aside) / FPS, QUERY, FPS, QUERY // 2 - round(aside)),
        cameras.dolly(SNEAKING * round(ahead) / FPS, QUERY, FPS, QUERY // 2 - round(ahead)),
        orbit(round(arc), SNEAKING, AWAY, QUERY),
    )
    return yard.stage(AWAY, things, paths, _still(CONTEXT - 1))


def _tour(draw: Draw) -> Stage:
    turn = np.deg2rad(draw.rng.choice(TURNS.get(draw.ranges, (60, 90, 180, 360))))
    arc = int(draw.rng.choice(ARCS.get(draw.ranges, (9, 27))))
    place = draw.between(np.deg2rad(40), np.deg2rad(69))
    ring, radius = circle(*AROUND)
    yard = Yard(draw)
    things = [yard.pillar(), yard.forms(-np.pi, 2 * np.pi / 3)]
    paths = (
        cameras.yaw(turn, QUERY, FPS),
        orbit(arc, SNEAKING, radius, QUERY),
        cameras.square(10 * WALKING / FPS, 4, 10, FPS),
        cameras.revisit(place, orbit(10, SNEAKING, radius, 28).mirror(), 8, 6),
    )
    seen = cameras.tour(ring, LOOK_AROUND, RESTING)
    return yard.stage(radius, things, paths, seen if draw.rng.random() < 0.5 else seen.mirror())


def _hold(draw: Draw) -> Stage:
    """Two mobs, each on a lane across the picture whose ends are closed."""
    yard, things = Yard(draw), []
    for hue, lane, half in zip(yard.hues, (1, 4), (2, 4), strict=False):
        for end in (-half - 1, half + 1):
            yard.put(str(draw.rng.choice(FORMS)), end, 0, lane)
        east, turn = draw.rng.uniform(-half, half), draw.rng.choice([-1, 1]) * np.pi / 2
        pace = draw.between(0.05, 0.09, least=0.03, most=0.12)
        row = walker(MIDDLE[0] + east, LAWN, MIDDLE[1] + lane, turn=float(turn), pace=pace, wait=1e9, luck=0)
        things.append(Mob(hue, row))
    return yard.stage(AWAY, things, (), _still(CONTEXT - 1))


def _ways(world: VoxelBackend) -> dict[str, Path]:
    """What is gone in each arm, after its context: each path and its twin; where there is none, nothing."""
    paths = (world.stage.marks or {})["paths"]
    return {name: way for path in paths for name, way in path.twins().items()} or {"hold": _still(QUERY)}


def _arms(steps: int, world: VoxelBackend) -> dict[str, Arm]:
    before = (world.stage.marks or {})["before"]
    return {name: told(before, way, steps) for name, way in _ways(world).items()}


def _expert(steps: int, world: VoxelBackend, rng: np.random.Generator) -> Action:
    """Go one of the arms' ways, then another; which goes by seed and clock, so a restored world is treated alike."""
    turn, frame = divmod(world.rules.now // TICKS, steps)
    ways, before = list(_ways(world).values()), (world.stage.marks or {})["before"]
    way = ways[int(np.random.default_rng([world.seed, turn]).integers(len(ways)))]
    commands = np.concatenate([before.velocities, way.velocities])
    return act(commands[frame]) if frame < len(commands) else noop()


def _scene(name: str, steps: int, build: Callable[[Draw], Stage], families: Mapping[str, tuple[str, ...]]) -> Scene:
    recipe = Recipe(slots=2, fps=FPS, build=build, expert=partial(_expert, steps), arms=partial(_arms, steps))
    return scene_of(recipe, name, families)


NEARBY, FARTHER = (cameras.families("V", ways) for ways in (cameras.NEARBY, cameras.FARTHER))

YARD = _scene("VoxelYard", SHORT, _short, NEARBY)
TOUR = _scene("VoxelTour", LONG, _tour, FARTHER)
MOSAIC = _scene("VoxelMosaic", SHORT, partial(_short, bare=True), NEARBY)
HOLD = _scene("VoxelHold", SHORT, _hold, {"V-STA": ("hold",)})
