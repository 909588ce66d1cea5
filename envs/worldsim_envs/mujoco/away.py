"""A camera looks away while something goes on, and looks again.

## Description
The room of `Gallery`, beacons and all, with an empty middle. Before the camera one thing goes on by
itself, as the seed decides: a ball rolls past; a bob swings on a rod; or a ram slowly pushes the upper of two boxes
off the lower. A second thing is at rest. The camera watches for 8 frames, turns away until nothing of it is seen, stays
turned away for 0.4, 0.8, 1.6, 3.2 or 6.4 s, and turns back. What goes on is to be known without being seen.

## Actions
`Box(-1, 1, (5,), float32)`: the camera's velocities, forward and right in units of 1.5 m/s, up of 0.5 m/s, pitch of
1.5 rad/s (+ looks down) and yaw of 4 rad/s (+ turns right), as in Gallery. The camera stays within 1.6 m of the middle
of the room.

## Observations
`pov` uint8 [size, size, 3] at 10 Hz, and where asked for `depth` (m) and `segmentation`. The truth also has `beacon`
and what else Gallery tells of beacons.

## Start
What goes on, how fast, from which side, where to and for how long the camera turns away, and the room follow from the
seed. Thing 0 is what goes on; what it does is seen from the first frame.

## End
The world does not end; `gymnasium.make` cuts an episode after 96 steps (9.6 s), at least 1 s after the camera is back.

## Changes
- `remove:<i>`: thing i is there no longer.
- `remember`: nothing is changed, but how things are now is kept.
- `recall`: things are again as they were when they were remembered, and move as they did then; not valid before.

## Expert
Looks away and back, or keeps looking.

## Arms
M-CAM: the camera looks away and back in all of them; but for `never` they are what a model may believe of the unseen.

- `present`: what goes on goes on.
- `never`: thing 0 never was there.
- `absent`: thing 0 is taken away while it is not seen.
- `frozen`: when the camera turns back, all is as when thing 0 was last seen, and goes on from there.
- `reset`: when the camera turns back, all is as in the beginning, and goes on from there. A slow ram may not have
  touched its box by when that was last seen; then these two look alike but for the ram.

M-STA has one arm, `hold`: the camera keeps looking.

Out of distribution the camera turns farther, for 0.6, 1.2, 2.4 or 4.8 s.

## Versions
- v0: the first.
"""

# pyright: reportAttributeAccessIssue=false
# MuJoCo's bindings are compiled and bring no stubs.

from collections.abc import Callable
from dataclasses import replace
from functools import partial

import mujoco
import numpy as np

from worldsim_envs import cameras
from worldsim_envs.mujoco import changes
from worldsim_envs.mujoco.backend import MujocoBackend, Recipe
from worldsim_envs.mujoco.room import ACTIONS, EYE, FPS, HIGH, beacons, camera, expert, room, steer, told
from worldsim_envs.mujoco.thing import GEOMS, Thing
from worldsim_envs.scene import Arm, Scene
from worldsim_envs.variation import RANGES, TEMPLATES, Draw

STEPS = 96
WATCH, TURNING = 7, 7
"""Steps before the camera turns, and of the turn."""

GONE = (4, 8, 16, 32, 64)
GONE_OOD = (6, 12, 24, 48)
"""For how many steps it stays turned away."""

START = np.array([0.0, -0.8, EYE, 0.2, 0.0])
BEFORE = 1.3
"""Where it goes on: so far beyond the middle of the room (m)."""

HANGS = 0.75
"""How high the bob hangs when it is still (m)."""

RIM = 0.38
"""How wide the boxes are that one is pushed off (m)."""

KEPT = 30
"""How many numbers `remember` keeps: positions and velocities of two things, a rod and a ram."""


def _build(draw: Draw) -> tuple[mujoco.MjSpec, list[Thing]]:
    rng = draw.rng
    spec, hues = room(draw, START)
    spec.nuserdata += KEPT
    turn = draw.between(np.deg2rad(95), np.deg2rad(125), least=np.deg2rad(95)) * rng.choice([-1, 1])
    gone = int(rng.choice(GONE_OOD if draw.ranges == "ood" else GONE))
    spec.add_numeric(name="asked", size=2, data=np.array([turn, gone], float))
    side = float(rng.choice([-1, 1]))
    things, rod, ram = (_roll, _swing, _topple)[int(rng.integers(3))](draw, hues, gone / FPS, side)
    _rod(spec, *(rod or (1.0, 0.0)), used=rod is not None)
    _ram(spec, *(ram or (0.0, 0.3, 0.0)), used=ram is not None)
    return spec, things


def _beside(draw: Draw, hue: int, side: float) -> Thing:
    """What stands still, farther back."""
    shape, diameter = draw.shapes("box", "cylinder")[-1], draw.rng.uniform(0.36, 0.42)
    lying = Thing(shape, diameter, hue, position=(0.0, 0.0, 0.0))
    return replace(lying, position=(-0.9 * side, BEFORE + 0.75, lying.half[2]))


def _roll(draw: Draw, hues: list[int], gone: float, side: float) -> tuple:
    """A ball, or what glides instead of it, that is on its way until the camera is back."""
    diameter, speed = draw.rng.uniform(0.36, 0.42), 2.8 / (2.6 + gone)
    ball = Thing(
        draw.shapes("sphere")[-1],
        diameter,
        hues[0],
        position=(-1.5 * side, BEFORE, 0.0),
        velocity=(speed * side, 0.0, 0.0),
        spin=(0.0, speed * side / (diameter / 2), 0.0),
        friction=(0.6, 0.005, 1e-5),
    )
    if ball.shape != "sphere":
        ball = replace(ball, friction=(0.0, 0.0, 0.0), spin=(0.0, 0.0, 0.0))
    ball = replace(ball, position=(*ball.position[:2], ball.half[2]))
    return [ball, _beside(draw, hues[1], side)], None, None


def _swing(draw: Draw, hues: list[int], gone: float, side: float) -> tuple:
    """A bob on a rod, of a length that lets it be elsewhere, when the camera turns back, than before."""
    tilt, longs = draw.rng.uniform(0.55, 0.72), draw.rng.uniform(0.6, 1.35, 24)
    periods = 2 * np.pi * np.sqrt(longs / 9.81) * (1 + tilt**2 / 16)  # to second order in how far it swings
    back = (WATCH + TURNING) / FPS + gone
    since = np.array([[back], [back - 1.0]]) / periods  # the beginning, and about when it was last seen
    long = float(longs[np.abs(since - np.round(since)).min(0).argmax()])
    bob = Thing(
        draw.shapes("sphere")[-1],
        draw.rng.uniform(0.34, 0.38),
        hues[0],
        position=(-side * long * np.sin(tilt), BEFORE, HANGS + long * (1 - np.cos(tilt))),
    )
    return [bob, _beside(draw, hues[1], side)], (long, side * tilt), None


def _topple(draw: Draw, hues: list[int], gone: float, side: float) -> tuple:
    """One box on another, and a ram that pushes it over the edge in the middle of the time in which nobody looks."""
    low = Thing("box", RIM, hues[1], position=(0.0, BEFORE, RIM / 2), density=900.0)
    shape = draw.shapes("box")[-1]
    high = Thing(shape, 0.9 * RIM, hues[0], position=(0.0, BEFORE, 0.0), density=150.0)
    high = replace(high, position=(0.0, BEFORE, RIM + high.half[2]))
    gap = draw.rng.uniform(0.3, 0.45)
    speed = (gap + RIM / 2) / ((WATCH + TURNING) / FPS + gone / 2)
    return [high, low], None, (-side * (high.half[0] + gap), float(high.position[2]), side * speed)


def _rod(spec: mujoco.MjSpec, long: float, tilt: float, *, used: bool) -> None:
    """What the bob hangs on, from a beam; where nothing hangs it is below the floor, so that all worlds have one."""
    shade, down = ([0.3] * 3 + [1], 0.0) if used else ([0.0] * 4, -20.0)
    pivot = HANGS + long
    spec.worldbody.add_geom(
        type=GEOMS["box"],
        pos=[0, BEFORE, (HIGH + pivot) / 2 + down],
        size=[0.03, 0.03, (HIGH - pivot) / 2],
        rgba=shade,
        contype=0,
        conaffinity=0,
    )
    rod = spec.worldbody.add_body(
        name="rod", pos=[0, BEFORE, pivot + down], quat=[np.cos(tilt / 2), 0, np.sin(tilt / 2), 0]
    )
    rod.add_joint(name="rod", type=mujoco.mjtJoint.mjJNT_HINGE, axis=[0, 1, 0])
    rod.add_geom(
        type=GEOMS["cylinder"],
        pos=[0, 0, -long / 2],
        size=[0.018, long / 2, 0],
        rgba=shade,
        mass=0.05,
        contype=0,
        conaffinity=0,
    )
    spec.add_equality(
        name="rod",
        type=mujoco.mjtEq.mjEQ_CONNECT,
        objtype=mujoco.mjtObj.mjOBJ_BODY,
        name1="thing 0",
        name2="rod",
        active=used,
        data=[0.0] * 12,  # at the bob's middle
    )


def _ram(spec: mujoco.MjSpec, front: float, level: float, speed: float, *, used: bool) -> None:
    """A grey arm at a height, driven along at a speed; where nothing is pushed it is below the floor and still."""
    shade, down = ([0.26] * 3 + [1], 0.0) if used else ([0.0] * 4, -20.0)
    way, half = np.copysign(1.0, speed), 0.35
    ram = spec.worldbody.add_body(name="ram", pos=[front - way * half, BEFORE, level + down])
    ram.add_joint(
        name="ram",
        type=mujoco.mjtJoint.mjJNT_SLIDE,
        axis=[way, 0, 0],
        limited=True,
        range=[-0.01, abs(front) + RIM / 4],
    )
    solid = {"contype": int(used), "conaffinity": int(used), "friction": [0.2, 0, 0], "rgba": shade}
    ram.add_geom(type=GEOMS["box"], size=[half, 0.07, 0.06], **solid)
    ram.add_geom(
        type=GEOMS["box"], pos=[-way * (half - 0.06), 0, -level / 2], size=[0.05, 0.05, level / 2 - 0.01], **solid
    )
    drive = spec.add_actuator(name="ram", target="ram", trntype=mujoco.mjtTrn.mjTRN_JOINT)
    drive.biastype = mujoco.mjtBias.mjBIAS_AFFINE
    drive.gainprm[0], drive.biasprm[:3] = 0.0, [2000.0 * abs(speed), 0.0, -2000.0]  # a force that holds this speed


def _ways(world: MujocoBackend) -> dict[str, Arm]:
    """Looking away and back, and keeping looking."""
    turn, gone = world.model.numeric("asked").data
    there = cameras.yaw(turn, 2 * TURNING, FPS)
    away = replace(there, velocities=np.insert(there.velocities, TURNING, np.zeros((int(gone), 5)), axis=0))
    still = cameras.hold(WATCH, FPS)
    return {"away": told(still, away, STEPS), "hold": told(still, still, STEPS)}


def _arms(world: MujocoBackend) -> dict[str, Arm]:
    away, hold = _ways(world).values()
    turned = WATCH + TURNING
    back, last = turned + int(world.model.numeric("asked").data[1]), 0
    for step in range(turned):
        if world.truth(world.camera.resized(64), 64)["visible"][0] > 0:
            last = step
        world.step(away.actions[step])
    return {
        "present": away,
        "never": away._replace(changes=((0, "remove:0"),)),
        "absent": away._replace(changes=((turned, "remove:0"),)),
        "frozen": away._replace(changes=((last, "remember"), (back, "recall"))),
        "reset": away._replace(changes=((0, "remember"), (back, "recall"))),
        "hold": hold,
    }


def _remove(world: MujocoBackend, slot: int) -> None:
    """Take a thing out of the world, and off the rod that it hangs on."""
    if slot == 0:
        world.data.eq_active[0] = 0
    changes.remove(world, slot)


def _remember(world: MujocoBackend) -> None:
    world.data.userdata[5:] = np.concatenate([world.data.qpos, world.data.qvel])


def _recall(world: MujocoBackend) -> None:
    world.data.qpos[:], world.data.qvel[:] = np.split(world.data.userdata[5:], [world.model.nq])
    for slot in np.flatnonzero(~world.present).tolist():
        world.park(slot)


def _changes(world: MujocoBackend) -> dict[str, Callable[[MujocoBackend], None]]:
    recall = {"recall": _recall} if "remember" in world.applied else {}
    return {**changes.each(world, "remove", _remove), "remember": _remember, **recall}


RECIPE = Recipe(
    slots=2,
    fps=FPS,
    camera=camera,
    build=_build,
    act=partial(steer, near=0.0),
    expert=partial(expert, _ways),
    changes=_changes,
    arms=_arms,
    facts=beacons,
)

AWAY = Scene(
    name="worldsim/Away-v0",
    fps=FPS,
    action_space=ACTIONS,
    things=("thing 0", "thing 1"),
    backend=partial(MujocoBackend, RECIPE),
    families={"M-CAM": ("present", "never", "absent", "frozen", "reset"), "M-STA": ("hold",)},
    templates=TEMPLATES,
    ranges=RANGES,
)
