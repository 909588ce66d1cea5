"""A ball rolls down a board full of pegs, into one of five bins.

## Description
A grey board, tilted, in a case of glass, seen from straight above it by a camera that does not move. A coloured ball
rests on a bar across its upper end. When the bar sinks into the board the ball goes down, from peg to peg, and comes to
rest in one of five bins. Into which one cannot be foretold: it hangs on how the ball bounces and rubs, which nobody
sees, and on where it lies to less than a quarter of a pixel. How likely each bin is can be told: it follows from where
the ball starts, and from the pegs.

## Actions
`Box(-1, 1, (1,), float32)`: the speed of the bar, in units of 1 m/s, positive out of the board. 0 keeps it where it is.

## Observations
`pov` uint8 [size, size, 3] at 10 Hz, and where asked for `depth` (m) and `segmentation`. The ball is at least 7 pixels
across at 64 pixels. The truth tells in addition `divider` [6 3], the upper ends of the walls between and beside the
bins, from left to right (m).

## Start
Where the ball lies along the bar, its size, hue, weight, friction and how it bounces, how steep the board is, and the
lights and shades of grey follow from the seed. Everything is at rest.

## End
The world does not end; `gymnasium.make` cuts an episode after 40 steps (4 s), by when the ball mostly is in a bin.

## Changes
- `remove:0`, `recolour:0`: the ball is there no longer, or has a hue that nothing else here has.
- `left`, `right`: the ball lies 0.2 m further to that side.
- `gap`: the peg of the uppermost row that is nearest to the ball is there no longer.
- `chance:<number>`: all that the look of this world leaves open is drawn anew, by that number: how the ball bounces and
  rubs, and where it lies, by up to a quarter of a pixel of a picture 64 pixels across.

## Arms
In all of them the bar sinks after 8 steps. M-PEG: in `do:left` and `do:right` the ball lies further to that side.
M-GAP: in `do:gap` a peg is missing. M-NOP: `noop`.

## Expert
Lets the bar sink after a while, and raises it again.

## Versions
- v0: the first.
"""

# pyright: reportAttributeAccessIssue=false
# MuJoCo's bindings are compiled and bring no stubs.

from collections.abc import Callable
from functools import partial

import mujoco
import numpy as np
from gymnasium import spaces
from jaxtyping import Float64

from worldsim_envs import palette
from worldsim_envs.cameras import Camera
from worldsim_envs.mujoco.asking import removals
from worldsim_envs.mujoco.backend import MujocoBackend, Recipe
from worldsim_envs.mujoco.causes import CONTEXT, FPS
from worldsim_envs.mujoco.changes import shift
from worldsim_envs.mujoco.hands import hand
from worldsim_envs.mujoco.studio import studio
from worldsim_envs.mujoco.thing import Thing
from worldsim_envs.scene import Arm, Scene, Truth
from worldsim_envs.variation import RANGES, TEMPLATES, Draw

STEPS = 40
BINS, WIDE = 5, 0.4
"""How many bins there are, and how wide each is (m)."""

ROWS = (-0.28, 0.04, 0.36)
"""How far up the board each row of pegs is, from its middle (m); every other row is half a bin aside."""

BAR, FLOOR, EDGE = 0.62, -1.0, -0.6
"""How far up the board the bar is, and the lower and upper ends of the bins (m)."""

PEG, TALL = 0.05, 0.075
"""The radius of a peg, and half the height of pegs and walls (m)."""

GLASS = 0.29
"""How far off the board the glass above it is (m)."""

HIGH = 0.5
"""How high the middle of the board is (m)."""

ASIDE = 0.2
QUARTER = 0.008
"""How far a quarter of a pixel reaches, of a picture 64 pixels across (m)."""


def _steep(world: MujocoBackend) -> float:
    """How steep the board is (rad)."""
    return float(2 * np.arctan2(*world.model.body("board").quat[[1, 0]]))


def _on(steep: float, across: float, up: float, off: float) -> Float64[np.ndarray, " 3"]:
    """Where a point of the board is in the world (m), and how far off its face."""
    cos, sin = np.cos(steep), np.sin(steep)
    return np.array([across, up * cos - off * sin, HIGH + up * sin + off * cos])


CAMERA = Camera.look(_on(np.deg2rad(28.5), 0.0, 0.0, 3.85), _on(np.deg2rad(28.5), 0.0, 0.0, 0.0), fov=30.0, size=1)


def _build(draw: Draw) -> tuple[mujoco.MjSpec, list[Thing]]:
    rng, spec = draw.rng, studio(draw.rng, wall=None, slant=0.2)
    steep = np.deg2rad(draw.between(27.0, 30.0, least=25.0, most=32.0))
    shade, hue, wide = rng.uniform(0.66, 0.76), int(rng.integers(len(palette.NAMES))), rng.uniform(0.235, 0.255)
    board = spec.worldbody.add_body(name="board", pos=[0, 0, HIGH], quat=[np.cos(steep / 2), np.sin(steep / 2), 0, 0])
    _solid(board, shade, (0.0, 0.0, -0.03), (BINS * WIDE / 2 + 0.03, 1.03, 0.03))
    for across in (np.arange(1, BINS) - BINS / 2) * WIDE:
        _solid(board, shade - 0.16, (across, (FLOOR + EDGE) / 2, TALL), (0.015, (EDGE - FLOOR) / 2, TALL))
    _case(board)
    for row, up in enumerate(ROWS):
        pegs = 3 + row % 2  # none so near to a wall that a ball could lie between them
        for across in (np.arange(pegs) - (pegs - 1) / 2) * WIDE:
            peg = mujoco.mjtGeom.mjGEOM_CYLINDER
            board.add_geom(
                name=f"peg {row} {across:.1f}",
                type=peg,
                pos=[across, up, TALL],
                size=[PEG, TALL, 0],
                rgba=[shade - 0.24] * 3 + [1],
            )
    bar = hand(spec, "bar", _on(steep, 0.0, BAR, 0.0), ("up",), gain=3000.0, force=300.0, within=(-0.3, 0.0))
    bar.add_geom(
        type=mujoco.mjtGeom.mjGEOM_BOX,
        pos=_on(steep, 0.0, 0.0, TALL) - [0, 0, HIGH],
        size=[BINS * WIDE / 2 - 0.02, 0.02, TALL],
        quat=[np.cos(steep / 2), np.sin(steep / 2), 0, 0],
        rgba=[rng.uniform(0.34, 0.4)] * 3 + [1],
        mass=4.0,
        contype=0,
    )
    bounce, friction = _stuff(draw)
    size = (0.5 * wide, 0.46 * wide, 0.42 * wide) if draw.template == "held-out" else (wide / 2,) * 3
    ball = Thing(
        "ellipsoid" if draw.template == "held-out" else "sphere",
        wide,
        hue,
        tuple(_on(steep, rng.uniform(-0.3, 0.3), BAR + 0.025 + size[1], size[2] + 1e-3)),
        density=draw.between(200.0, 400.0),
        friction=friction,
        bounce=bounce,
        size=size,
    )
    return spec, [ball]


def _stuff(draw: Draw) -> tuple[float, tuple[float, float, float]]:
    """How the ball bounces and rubs, which its look does not tell."""
    return draw.between(0.3, 0.7, least=0.28, most=0.9), (
        draw.between(0.04, 0.12, least=0.02, most=0.16),
        0.005,
        0.0005,
    )


def _case(board: mujoco.MjsBody) -> None:
    """Glass over the board and around it, which nobody sees."""
    half = BINS * WIDE / 2
    for place, size in (
        ((0.0, 0.0, GLASS + 0.02), (half, 1.0, 0.02)),
        *(((side * half, 0.0, GLASS / 2), (0.015, 1.0, GLASS / 2)) for side in (-1, 1)),
        *(((0.0, up, GLASS / 2), (half, 0.015, GLASS / 2)) for up in (FLOOR, 1.0)),
    ):
        board.add_geom(type=mujoco.mjtGeom.mjGEOM_BOX, pos=place, size=size, rgba=[0.0] * 4, contype=0)


def _solid(body: mujoco.MjsBody, shade: float, place, half) -> None:
    """A grey box that only things can touch."""
    body.add_geom(type=mujoco.mjtGeom.mjGEOM_BOX, pos=place, size=half, rgba=[shade] * 3 + [1], contype=0)


def _act(world: MujocoBackend, action: np.ndarray) -> None:
    world.data.ctrl[0] = float(action[0])


def _expert(world: MujocoBackend, rng: np.random.Generator) -> np.ndarray:
    """It goes by the clock, so a restored world is treated alike."""
    plan = np.random.default_rng([world.seed, 11])
    step, sinks = round(world.data.time * FPS), int(plan.integers(3, 10))
    speed = -plan.uniform(0.6, 1.0) if sinks <= step < sinks + 5 else 0.3 if step > sinks + 25 else 0.0
    return np.array([speed], np.float32)


def _chance(world: MujocoBackend, draw: Draw) -> None:
    """Another ball that looks the same, and lies there as far as one can see."""
    bounce, friction = _stuff(draw)
    world.model.geom_solref[world.geoms[0], 1] = bounce
    world.model.geom_friction[world.geoms[0]] = friction
    world.place(0)[0] += draw.rng.uniform(-QUARTER, QUARTER)


def _gap(world: MujocoBackend) -> None:
    """Take the nearest of the uppermost pegs away."""
    top = [geom for geom in range(world.model.ngeom) if world.model.geom(geom).name.startswith(f"peg {len(ROWS) - 1} ")]
    away = np.abs(world.model.geom_pos[top, 0] - world.place(0)[0])
    world.hide([top[int(away.argmin())]])


def _changes(world: MujocoBackend) -> dict[str, Callable[[MujocoBackend], None]]:
    sides = {
        name: partial(shift, slots=[0], by=(side * ASIDE, 0.0, 0.0)) for name, side in (("left", -1), ("right", 1))
    }
    return {**removals(world), **(sides if world.present[0] else {}), "gap": _gap}


def _arms(world: MujocoBackend) -> dict[str, Arm]:
    script = [np.array([-1.0 * (CONTEXT <= step < CONTEXT + 4)], np.float32) for step in range(STEPS)]
    return {
        "factual": Arm(script),
        "noop": Arm(script),
        "do:left": Arm(script, ((0, "left"),)),
        "do:right": Arm(script, ((0, "right"),)),
        "do:gap": Arm(script, ((0, "gap"),)),
    }


def _facts(world: MujocoBackend) -> Truth:
    steep, walls = _steep(world), (np.arange(BINS + 1) - BINS / 2) * WIDE
    return {"divider": np.stack([_on(steep, across, EDGE, 2 * TALL) for across in walls])}


RECIPE = Recipe(
    slots=1,
    fps=FPS,
    camera=CAMERA,
    build=_build,
    act=_act,
    expert=_expert,
    changes=_changes,
    arms=_arms,
    facts=_facts,
    chance=_chance,
)

PEGS = Scene(
    name="worldsim/Pegs-v0",
    fps=FPS,
    action_space=spaces.Box(-1, 1, (1,), np.float32),
    things=("ball",),
    backend=partial(MujocoBackend, RECIPE),
    families={
        "M-PEG": ("factual", "do:left", "do:right"),
        "M-GAP": ("factual", "do:gap"),
        "M-NOP": ("factual", "noop"),
    },
    templates=TEMPLATES,
    ranges=RANGES,
)
