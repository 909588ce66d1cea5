"""A mouth bites a piece out of a cookie, and the cookie stays bitten.

## Description
A grey room with a counter. On it stands a cookie of 3 x 3 x 3 cubes, all of one hue, and beside it a bystander. On an
arm at one side hangs a dark mouth, open. It can go in over an upper front corner of the cookie, its lower jaw a blade
that slips between two layers of cubes, and shut: then the cubes between its jaws are its own. They lie on its lower
jaw and go where it goes. What is left has a hole, and keeps it, whether anybody looks or not. Nothing here can fall.

## Actions
`Box(-1, 1, (4,), float32)`: the velocity of the mouth to the right and upwards in units of 2.5 m/s, how fast it opens
in units of 8 rad/s, and how fast the camera turns to its right in units of 4 rad/s. The mouth goes no farther than its
rails, and never through the cookie: over it only above it, and into it only open and at the height of its seam.

## Observations
`pov` uint8 [size, size, 3] at 10 Hz, and where asked for `depth` (m) and `segmentation`. A cube is about 9 pixels
across at 64 pixels. Thing 0 is the cookie, without the cubes that will be bitten; these are thing 1, whose `pos` is
the middle of the outermost of them; 2 is the bystander. The truth tells in addition `cubes` [3 3 3], from left to
right, from front to back and upwards: whether a cube is in the cookie; `bitten`, whether thing 1 was bitten off; and
`mouth` [4], where the middle of the seam is that it opens at (m) and how far it is open (rad).

## Start
Which corner is bitten and how many cubes of it (one or two; out of distribution four), from which side the camera
looks, both hues, the bystander, and the lights and shades of grey follow from the seed. All is at rest.

## End
The world does not end; `gymnasium.make` cuts an episode after 120 steps (12 s).

## Changes
- `remove:<i>`: thing i is there no longer.
- `recolour:0`: the cookie and its piece have a hue that nothing else here has; `recolour:2`: the bystander has.
- `dim`: the light that casts the shadows is halved.

## Arms
M-BITE: in `factual` the mouth waits for 8 steps, bites, and takes the piece out of the picture; in `do:miss` it does
the same above the cookie, and bites the air. Once it is gone the two differ by what was bitten alone. M-BITE-AWAY:
`away` and `do:miss-away`, in which the camera then turns away until nothing is seen of all this, and back: the seed,
modulo five, says for how long it stays so: 0.4, 0.8, 1.6, 3.2 or 6.4 s. M-NOP: `noop`. M-PLC: `placebo` repaints the
bystander, `placebo:light` dims the light.

## Expert
Does what one of the arms does, which one the seed says.

## Versions
- v0: the first.
"""

# pyright: reportAttributeAccessIssue=false
# MuJoCo's bindings are compiled and bring no stubs.

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import NamedTuple

import mujoco
import numpy as np
from gymnasium import spaces
from jaxtyping import Bool

from worldsim_envs import palette
from worldsim_envs.cameras import Camera, lens, pose
from worldsim_envs.mujoco.asking import slide
from worldsim_envs.mujoco.backend import MujocoBackend, Recipe
from worldsim_envs.mujoco.causes import CONTEXT, FPS, bystander, families, standing, tellings
from worldsim_envs.mujoco.changes import dim, each, recolour, remove
from worldsim_envs.mujoco.room import room, stance
from worldsim_envs.mujoco.thing import GEOMS, Part, Thing
from worldsim_envs.scene import Arm, Scene, Truth
from worldsim_envs.variation import RANGES, TEMPLATES, Draw, spell

STEPS = 120
FOV, AWAY, EYE, DOWN = 44.0, 2.25, 1.85, 0.43
"""The camera's field of view (degrees), its distance to the cookie and its height (m), how far it looks down (rad)."""

SPEED, SNAP, TURN = 2.5, 8.0, 4.0
"""What an action of 1 means (m/s, rad/s, rad/s)."""

CUBE, SEAM = 0.24, 0.02
"""From the middle of a cube to the next, and what is free between two (m)."""

COUNTER = (1.15, 0.85, 0.55)
"""Half the counter's width and depth, and its height (m)."""

BITES = ((1, 1, 1), (2, 1, 1), (1, 2, 1), (1, 1, 2))
BITES_OOD = ((2, 2, 1), (2, 1, 2), (1, 2, 2))
"""How many cubes are bitten off from side to side, from front to back, and downwards; never the one in the middle."""

FREE = 0.06
"""How far from the cookie the mouth is clear of it, to the side and above (m)."""

HOME, GONE = 0.16, 2.0
"""How far from the cookie its jaws wait, and how far they go in the end (m)."""

OPEN = 0.55
"""How far the mouth opens (rad)."""


class Bite(NamedTuple):
    """What is bitten, as the model keeps it.

    Attributes:
        side: 1 where the mouth is to the right of the cookie, -1 where it is to the left.
        wide, deep, high: How many cubes are bitten off.
        turn: How far the camera turns away (rad, to the right).
    """

    side: float
    wide: float
    deep: float
    high: float
    turn: float

    @property
    def inside(self) -> float:
        """How far into the cookie the mouth goes (m)."""
        return self.wide * CUBE

    @property
    def above(self) -> float:
        """How far above the seam a mouth is clear of the cookie (m)."""
        return self.high * CUBE + FREE

    @property
    def cubes(self) -> Bool[np.ndarray, "3 3 3"]:
        """Which cubes are bitten off: from left to right, from front to back, upwards."""
        left, front, low = np.indices((3, 3, 3))
        from_side = left if self.side < 0 else 2 - left
        return (from_side < self.wide) & (front < self.deep) & (2 - low < self.high)


def asked(world: MujocoBackend) -> Bite:
    """What is bitten in this world."""
    return Bite(*world.model.numeric("bite").data)


def _build(draw: Draw) -> tuple[mujoco.MjSpec, list[Thing]]:
    rng = draw.rng
    side, view = rng.choice([-1, 1], 2)
    aside = float(view) * draw.between(np.deg2rad(20), np.deg2rad(32), least=np.deg2rad(14), most=np.deg2rad(38))
    to_right, to_eye = np.array([np.cos(aside), np.sin(aside)]), np.array([np.sin(aside), -np.cos(aside)])
    spec, hues = room(draw, np.array([*AWAY * to_eye, EYE, DOWN, -aside]), posts=False)
    spec.option.gravity = [0.0] * 3
    spec.nuserdata += 1
    size = (BITES_OOD if draw.ranges == "ood" else BITES)[int(rng.integers(3 if draw.ranges == "ood" else 4))]
    turn = -side * rng.uniform(np.deg2rad(70), np.deg2rad(95))  # not to where the mouth is gone
    wide, deep, high = map(float, size)
    bite = Bite(float(side), wide, deep, high, float(turn))
    spec.add_numeric(name="bite", size=len(bite), data=np.array(bite))

    wide, deep, high = COUNTER
    counter = spec.worldbody.add_body(name="counter", pos=[0.0, 0.0, high])
    counter.add_geom(
        name="table counter",
        type=GEOMS["box"],
        pos=[0.0, 0.0, -high / 2],
        size=[wide, deep, high / 2],
        rgba=[rng.uniform(0.42, 0.52)] * 3 + [1],
    )
    piece = spec.worldbody.add_body(name="piece", pos=[0.0, 0.0, high])
    _rails(piece, "piece", bite.side, (0.0, 0.0))
    _mouth(spec, bite, rng.uniform(0.15, 0.21))

    shape, places = draw.shapes("box")[-1], CUBE * (np.argwhere(np.ones((3, 3, 3))) - 1) + [0.0, 0.0, 1.5 * CUBE]
    corner = CUBE * np.array([bite.side, -1.0, 2.5])
    inner, outer = places[~bite.cubes.ravel()], places[bite.cubes.ravel()]
    cookie = _crumbs(shape, hues[0], np.array([0.0, 0.0, 1.5 * CUBE]), inner, "counter")
    beside = rng.uniform(0.3, 0.4) * to_eye - side * 0.58 * to_right
    other = standing(bystander(draw, hues[1], beside.tolist(), diameter=0.25))
    return spec, [cookie, _crumbs(shape, hues[0], corner, outer, "piece"), replace(other, mount="counter")]


def _crumbs(shape: str, hue: int, middle: np.ndarray, places: np.ndarray, mount: str) -> Thing:
    """Cubes at these places (m), as one thing whose middle is one of them."""
    half = (CUBE / 2 - SEAM / 2,) * 3
    others = [place - middle for place in places if np.abs(place - middle).max() > CUBE / 2]
    parts = [Part(shape, half, position=other.tolist()) for other in others]
    return Thing(shape, CUBE, hue, middle.tolist(), size=half, parts=parts, mount=mount)


def _rails(body: mujoco.MjsBody, name: str, side: float, start: tuple[float, float]) -> None:
    """What the mouth and its piece move along: outwards from the cookie, and upwards (m)."""
    for rail, axis, at in (("out", (side, 0, 0), start[0]), ("up", (0, 0, 1), start[1])):
        body.add_joint(name=f"{name} {rail}", type=mujoco.mjtJoint.mjJNT_SLIDE, axis=axis, ref=at)
    _weigh(body)


def _weigh(body: mujoco.MjsBody) -> None:
    """A mass where the body's joints are: what turns there pulls at nothing."""
    body.explicitinertial, body.mass, body.ipos, body.inertia = True, 1.0, [0.0] * 3, [0.1] * 3


def _mouth(spec: mujoco.MjSpec, bite: Bite, shade: float) -> None:
    """A blade and a jaw that opens upwards from it, on a long arm; its middle is where the seam meets the outside."""
    start = (bite.inside + HOME, bite.above / 2)
    place = np.array([1.5 * bite.side * CUBE, 0.0, COUNTER[2] + (3 - bite.high) * CUBE])
    place += (bite.side * start[0], (bite.deep - 3) / 2 * CUBE, start[1])
    mouth = spec.worldbody.add_body(name="mouth", pos=place)
    _rails(mouth, "mouth", bite.side, start)
    thick, high = 0.42 * bite.deep * CUBE, bite.high * CUBE
    jaw = mouth.add_body(name="jaw", pos=[0.17 * bite.side, 0.0, high + 0.02])
    jaw.add_joint(name="jaw", type=mujoco.mjtJoint.mjJNT_HINGE, axis=[0, bite.side, 0], ref=OPEN)
    jaw.quat = [np.cos(OPEN / 2), 0.0, bite.side * np.sin(OPEN / 2), 0.0]
    _weigh(jaw)
    for body, near, far, low, top, half, light in (
        (mouth, -bite.inside, 0.05, -0.008, 0.008, thick, 0.0),
        (mouth, 0.02, 0.24, -0.06, -0.008, thick, 0.0),
        (mouth, 0.12, 0.28, -0.05, high + 0.05, thick, 0.0),
        (mouth, 0.28, 2.0, high / 2 - 0.05, high / 2 + 0.05, 0.05, 0.1),
        (jaw, -bite.inside - 0.17, 0.0, -0.02, 0.05, thick, 0.0),
    ):
        body.add_geom(
            type=GEOMS["box"],
            pos=[bite.side * (near + far) / 2, 0.0, (low + top) / 2],
            size=[(far - near) / 2, half, (top - low) / 2],
            rgba=[shade + light] * 3 + [1],
            contype=0,
            conaffinity=0,
        )


def _camera(world: MujocoBackend) -> Camera:
    return Camera(pose(stance(world)), lens(FOV, 1))


NEAR = 1e-3
"""What is nearer than this is there (m, rad)."""


def _act(world: MujocoBackend, action: np.ndarray) -> None:
    """Move the mouth where it may go, and with it what it has bitten off; turn the camera."""
    right, up, opens, turn = map(float, action)
    bite = asked(world)
    out, level = (float(world.data.joint(f"mouth {rail}").qpos[0]) for rail in ("out", "up"))
    over, held = level > bite.above - NEAR, bool(world.data.userdata[5])
    clear = bite.inside + FREE
    slide(
        world,
        "mouth out",
        bite.side * SPEED * right,
        0.0 if over or level < NEAR or out < clear - NEAR else clear,
        bite.inside + GONE,
    )
    there = out + float(world.data.joint("mouth out").qvel[0]) / FPS
    beside = min(out, there) > clear - NEAR
    low, high = (0.0, 1.2 * bite.above) if beside else (bite.above, 1.2 * bite.above) if over else (level, level)
    slide(world, "mouth up", SPEED * up, low, high)
    slide(world, "jaw", SNAP * opens, 0.0, OPEN)
    for rail in ("out", "up"):
        world.data.joint(f"piece {rail}").qvel[0] = held * world.data.joint(f"mouth {rail}").qvel[0]
    ends = [world.data.joint(name).qpos[0] + world.data.joint(name).qvel[0] / FPS for name in _MOUTH]
    world.data.userdata[5] = held or max(ends) < NEAR
    world.data.userdata[4] += TURN * turn / FPS


_MOUTH = ("mouth out", "mouth up", "jaw")


def _script(world: MujocoBackend, *, miss: bool = False, away: bool = False) -> list[np.ndarray]:
    """Wait, go to the height, go in, shut, go out of the picture; then, if it is asked, look away and back."""
    bite, told = asked(world), np.zeros((STEPS, 4))
    goes = [  # which component, by how much in all (m, rad), in how many steps
        (1, (bite.above / 2 if miss else -bite.above / 2) / SPEED, 2),
        (0, -bite.side * (bite.inside + HOME) / SPEED, 4),
        (2, -OPEN / SNAP, 2),
        (0, 0.0, 1),
        (0, bite.side * (bite.inside + GONE) / SPEED, 10),
        (0, 0.0, 3),
    ]
    if away:
        goes += [(3, bite.turn / TURN, 6), (3, 0.0, round(spell(world.seed) * FPS)), (3, -bite.turn / TURN, 6)]
    step = CONTEXT
    for component, much, steps in goes:
        told[step : step + steps, component] = much * FPS / steps
        step += steps
    return list(told.astype(np.float32))


def _ways(world: MujocoBackend) -> dict[str, Arm]:
    """To bite or to miss, and to look away then or not."""
    return {
        "factual": Arm(_script(world)),
        "away": Arm(_script(world, away=True)),
        "do:miss": Arm(_script(world, miss=True)),
        "do:miss-away": Arm(_script(world, miss=True, away=True)),
    }


def _arms(world: MujocoBackend) -> dict[str, Arm]:
    ways = _ways(world)
    return tellings(world, ways["factual"].actions, ways)


def _expert(world: MujocoBackend, rng: np.random.Generator) -> np.ndarray:
    """Which way goes by the seed, and what to do by the clock, so a restored world is treated alike."""
    ways, step = list(_ways(world).values()), round(world.data.time * FPS)
    return ways[world.seed % len(ways)].actions[step] if step < STEPS else np.zeros(4, np.float32)


def _repaint(world: MujocoBackend) -> None:
    """The cookie and what is bitten off it are of one hue."""
    recolour(world, 0)
    if world.present[1]:
        world.hue[1] = world.hue[0]
        world.paint(world.pieces[1], palette.RGB[world.hue[0]])


def _changes(world: MujocoBackend) -> dict[str, Callable[[MujocoBackend], None]]:
    paints = {"recolour:0": _repaint, "recolour:2": partial(recolour, slot=2)}
    there = {name: paint for name, paint in paints.items() if world.present[int(name[-1])]}
    return {**each(world, "remove", remove), **there, "dim": dim}


def _facts(world: MujocoBackend) -> Truth:
    bite, bitten = asked(world), bool(world.data.userdata[5])
    gone = bite.cubes & (bitten or not world.present[1])
    return {
        "cubes": ~gone & world.present[0],
        "bitten": np.array(bitten),
        "mouth": np.append(world.data.body("mouth").xpos, world.data.joint("jaw").qpos),
    }


RECIPE = Recipe(
    slots=3,
    fps=FPS,
    camera=_camera,
    build=_build,
    act=_act,
    expert=_expert,
    changes=_changes,
    arms=_arms,
    facts=_facts,
)

BITE = Scene(
    name="worldsim/Bite-v0",
    fps=FPS,
    action_space=spaces.Box(-1, 1, (4,), np.float32),
    things=("cookie", "piece", "bystander"),
    backend=partial(MujocoBackend, RECIPE),
    families={**families(M_BITE=("do:miss",)), "M-BITE-AWAY": ("away", "do:miss-away")},
    templates=TEMPLATES,
    ranges=RANGES,
)
