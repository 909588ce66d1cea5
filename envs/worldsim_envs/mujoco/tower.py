"""A tower stands on two posts, and a post is pulled away.

## Description
A grey table, seen by a camera that does not move. A plank lies across two coloured posts, and two blocks stand on it,
one on the other. Each post can be pulled away from the camera, from under the plank; then the plank tips, and what
stands on it slides or falls. A third post stands beside the tower and bears nothing.

## Actions
`Box(-1, 1, (3,), float32)`: the speeds of the left, the right and the third post, in units of 2 m/s, positive away
from the camera; each has a rail of 0.45 m. 0 keeps a post still.

## Observations
`pov` uint8 [size, size, 3] at 10 Hz, and where asked for `depth` (m) and `segmentation`. Each thing is at least 7
pixels wide at 64 pixels, and the plank 4 high. Things 0 and 1 are the left and the right post, 2 is the plank, 3 and 4
are the lower and the upper block, 5 is the third post, the bystander. The truth tells in addition `fell` [o]: whether
a thing that began above the posts is now lower than their tops.

## Start
Sizes, the side of the third post, the place of the blocks along the plank, friction, all hues, and the lights and
shades of grey follow from the seed. Everything is at rest, and stays so as long as nothing is pulled.

## End
The world does not end; `gymnasium.make` cuts an episode after 40 steps (4 s), by when all that falls is at rest.

## Changes
- `remove:<i>`, `recolour:<i>`: thing i is there no longer, or has a hue that nothing else here has.
- `dim`: the light that casts the shadows is halved.

## Arms
M-SUP: in `factual` nothing is pulled and the tower stands; in `do:left` and `do:right` that post is pulled away after
8 steps. M-NOP: `noop`. M-PLC: `placebo` repaints the third post, `placebo:light` dims the light, and in
`placebo:beside` the third post is pulled.

## Expert
Every second, draws one of the posts and pulls it, or pushes it back, at a random speed.

## Versions
- v0: the first.
"""

# pyright: reportAttributeAccessIssue=false
# MuJoCo's bindings are compiled and bring no stubs.

from functools import partial

import mujoco
import numpy as np
from gymnasium import spaces

from worldsim_envs import palette
from worldsim_envs.cameras import Camera
from worldsim_envs.mujoco.backend import MujocoBackend, Recipe
from worldsim_envs.mujoco.causes import CONTEXT, FPS, families, standing, tellings, usual
from worldsim_envs.mujoco.hands import hand
from worldsim_envs.mujoco.studio import studio
from worldsim_envs.mujoco.thing import Thing
from worldsim_envs.scene import Arm, Scene, Truth
from worldsim_envs.variation import RANGES, TEMPLATES, Draw

CAMERA = Camera.look((0.0, -4.2, 2.3), (0.0, 0.1, 0.55), fov=30.0, size=1)
STEPS = 40
SPEED, RAIL = 2.0, 0.45
"""What an action of 1 means (m/s), and how far a post can go (m)."""

POSTS = ("left", "right", "third")
LEFT, RIGHT, PLANK, LOWER, UPPER, THIRD = range(6)


def _build(draw: Draw) -> tuple[mujoco.MjSpec, list[Thing]]:
    rng, spec = draw.rng, studio(draw.rng)
    hues = [int(hue) for hue in rng.choice(len(palette.NAMES), 6, replace=False)]
    high, wide = draw.between(0.54, 0.62, least=0.48, most=0.68), rng.uniform(0.24, 0.28)
    apart, slide = rng.uniform(0.33, 0.37), draw.between(0.22, 0.34, least=0.16, most=0.42)
    side = rng.choice([-1, 1])
    grip = (slide, 0.005, 0.02)

    def post(name: str, place: float, hue: int) -> Thing:
        hand(spec, name, (place, 0.0, 0.002 + high / 2), ("away",), gain=2000.0, force=2000.0, within=(0.0, RAIL))
        size = (wide / 2, wide / 2, high / 2)
        return Thing("box", high, hue, (0.0, 0.0, 0.0), friction=grip, size=size, mount=name)

    plank = Thing("box", 1.1, hues[PLANK], (0.0, 0.0, 0.0), friction=grip, size=(0.55, 0.15, rng.uniform(0.055, 0.065)))
    middle = rng.uniform(-0.10, 0.10)
    things, floor = [post("left", -apart, hues[LEFT]), post("right", apart, hues[RIGHT])], 0.002 + high
    for thing in (
        plank,
        _block(draw, hues[LOWER], middle, grip),
        _block(draw, hues[UPPER], middle + rng.uniform(-0.03, 0.03), grip),
    ):
        things.append(standing(thing, floor))
        floor += 2 * thing.half[2]
    return spec, [*things, post("third", side * 0.95, hues[THIRD])]


def _block(draw: Draw, hue: int, place: float, grip: tuple[float, float, float]) -> Thing:
    """A box or a cylinder; where the template is held out a slab, since no ellipsoid would bear another."""
    across = draw.rng.uniform(0.25, 0.29)
    shape = str(draw.rng.choice(["box", "cylinder"]))
    size = (0.7 * across, 0.5 * across, 0.35 * across) if draw.template == "held-out" else None
    return Thing("box" if size else shape, across, hue, (place, 0.0, 0.0), friction=grip, size=size)


def _act(world: MujocoBackend, action: np.ndarray) -> None:
    world.data.ctrl[:] = SPEED * np.asarray(action, float)


def _expert(world: MujocoBackend, rng: np.random.Generator) -> np.ndarray:
    """Which post, and how fast, goes by seed and clock, so a restored world is treated alike."""
    plan = np.random.default_rng([world.seed, round(world.data.time * FPS) // 10])
    action = np.zeros(len(POSTS), np.float32)
    action[plan.integers(len(POSTS))] = plan.uniform(-0.5, 1)
    return action


def _arms(world: MujocoBackend) -> dict[str, Arm]:
    def pull(*posts: str) -> list[np.ndarray]:
        pulled = np.array([post in posts for post in POSTS], np.float32)
        return [pulled * (CONTEXT <= step < CONTEXT + 3) for step in range(STEPS)]

    does = {"do:left": Arm(pull("left")), "do:right": Arm(pull("right")), "placebo:beside": Arm(pull("third"))}
    return tellings(world, pull(), does)


def _facts(world: MujocoBackend) -> Truth:
    fell = np.zeros(len(world.present), bool)
    above = [PLANK, LOWER, UPPER]
    fell[above] = world.data.xpos[world.bodies[above], 2] < 2 * world.extent[LEFT, 2]
    return {"fell": fell & world.present}


RECIPE = Recipe(
    slots=6,
    fps=FPS,
    camera=CAMERA,
    build=_build,
    act=_act,
    expert=_expert,
    changes=usual,
    timestep=0.0025,
    arms=_arms,
    facts=_facts,
)

TOWER = Scene(
    name="worldsim/Tower-v0",
    fps=FPS,
    action_space=spaces.Box(-1, 1, (3,), np.float32),
    things=("left post", "right post", "plank", "lower block", "upper block", "third post"),
    backend=partial(MujocoBackend, RECIPE),
    families=families(["placebo:beside"], M_SUP=("do:left", "do:right")),
    templates=TEMPLATES,
    ranges=RANGES,
)
