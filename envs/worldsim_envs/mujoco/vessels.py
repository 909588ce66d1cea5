"""Opaque vessels without a bottom, two cups or a box, on a carriage that is let down, lifted, slid or turned."""

# pyright: reportAttributeAccessIssue=false
# MuJoCo's bindings are compiled and bring no stubs.

import mujoco
import numpy as np

from worldsim_envs.mujoco.backend import MujocoBackend
from worldsim_envs.scene import Truth

LINE = 0.3
"""How far behind the middle of the table the carriage's middle is (m)."""

APART = 0.5
"""How far a cup is from the carriage's middle (m)."""

CUP = (0.235, 0.46)
"""A cup's radius inside, and its height (m)."""

SIDES = 10
"""How many flat pieces a cup's wall has."""

BOX = (0.86, 0.25, 0.74)
"""Half the box's width and depth inside, and its height (m)."""

THIN = 0.012
"""Half the thickness of all walls (m)."""

GAP = 0.006
"""How far above the table a vessel stops (m)."""

LIFT, SLIDE, TURN = 1.2, 0.8, 3.0
"""What an action of 1 means (m/s, m/s, rad/s)."""

HEIGHT = {"cups": 0.68, "box": 0.6}
"""How far vessels can be lifted (m)."""


def carriage(spec: mujoco.MjSpec, kind: str, *, turns: bool, start: float) -> mujoco.MjsBody:
    """What holds vessels: two joints, each driven to a speed; the cups' begins lifted, the box's on the table."""
    spec.compiler.degree = False
    low = 0.0 if kind == "box" else HEIGHT[kind]
    angle = start if turns else 0.0
    body = spec.worldbody.add_body(
        name="carriage",
        pos=[0.0 if turns else start, LINE, GAP + low],
        quat=[np.cos(angle / 2), 0.0, 0.0, np.sin(angle / 2)],
        gravcomp=1.0,
    )
    hinge, rail = mujoco.mjtJoint.mjJNT_HINGE, mujoco.mjtJoint.mjJNT_SLIDE
    sideways = (hinge, (0, 0, 1), (-8.0, 8.0)) if turns else (rail, (1, 0, 0), (-0.4, 0.4))
    for name, ref, (joint, axis, span) in (
        ("lift", low, (rail, (0, 0, 1), (0.0, HEIGHT[kind]))),
        ("aside", start, sideways),
    ):
        made = body.add_joint(name=name, type=joint, axis=axis, ref=ref, range=span)
        made.limited = mujoco.mjtLimited.mjLIMITED_TRUE
        made.solref_limit = [0.01, 1.0]
        drive = spec.add_actuator(name=name, target=name, trntype=mujoco.mjtTrn.mjTRN_JOINT)
        drive.set_to_velocity(kv=300.0)
        drive.forcelimited, drive.forcerange = True, [-150.0, 150.0]
    return body


def cup(body: mujoco.MjsBody, middle: float, shade: float) -> None:
    """A round wall of flat pieces and a lid."""
    radius, high = CUP[0] + THIN, CUP[1]
    for turn in np.arange(SIDES) * 2 * np.pi / SIDES:
        at = (middle + radius * np.cos(turn), radius * np.sin(turn), high / 2)
        half = radius * np.tan(np.pi / SIDES) + THIN / 2
        wall(body, at, (THIN, half, high / 2), shade, turn=turn)
    body.add_geom(
        type=mujoco.mjtGeom.mjGEOM_CYLINDER,
        pos=[middle, 0.0, high + THIN],
        size=[radius + 1.5 * THIN, THIN, 0.0],
        rgba=[shade] * 3 + [1],
        mass=0.1,
    )


def wall(body: mujoco.MjsBody, at, size, shade: float, *, turn: float = 0.0, solid: bool = True) -> None:
    """A grey box, its middle at a place on the body and `size` to either side of it (m), turned to the left (rad)."""
    body.add_geom(
        type=mujoco.mjtGeom.mjGEOM_BOX,
        pos=at,
        quat=[np.cos(turn / 2), 0.0, 0.0, np.sin(turn / 2)],
        size=size,
        rgba=[shade] * 3 + [1],
        mass=0.2,
        friction=[0.2, 0.0, 0.0],
        contype=int(solid),
        conaffinity=int(solid),
    )


def box(body: mujoco.MjsBody, shade: float) -> None:
    """Four walls; neither bottom nor lid."""
    wide, deep, high = BOX
    for x, y, size in (
        (0.0, -deep - THIN, (wide + 2 * THIN, THIN, high / 2)),
        (0.0, deep + THIN, (wide + 2 * THIN, THIN, high / 2)),
        (-wide - THIN, 0.0, (THIN, deep, high / 2)),
        (wide + THIN, 0.0, (THIN, deep, high / 2)),
    ):
        wall(body, (x, y, high / 2), size, shade)


def act(world: MujocoBackend, action: np.ndarray) -> None:
    """Let the carriage try to keep these speeds: sideways or turning, and upwards."""
    world.data.actuator("aside").ctrl[0] = float(action[0]) * unit(world)
    world.data.actuator("lift").ctrl[0] = float(action[1]) * LIFT


def unit(world: MujocoBackend) -> float:
    """What an action of 1 means sideways (m/s), or turning where the carriage turns (rad/s)."""
    turns = int(world.model.joint("aside").type[0]) == int(mujoco.mjtJoint.mjJNT_HINGE)
    return TURN if turns else SLIDE


def holds_cups(world: MujocoBackend) -> bool:
    """Whether it is cups that the carriage holds, or a box."""
    return int(world.model.body_geomnum[world.model.body("carriage").id]) > 4  # the box has but four walls


def facts(world: MujocoBackend) -> Truth:
    """Where the vessels are, and what is in them: within the wall, and no higher than its upper edge."""
    hung = world.data.body("carriage")
    cups = holds_cups(world)
    middles = np.array([[-APART, 0.0, 0.0], [APART, 0.0, 0.0]] if cups else [[0.0, 0.0, 0.0]])
    vessels = middles @ hung.xmat.reshape(3, 3).T + hung.xpos
    away = world.data.xpos[world.bodies][:, None] - vessels
    flat = np.abs(away[..., :2])
    within = np.linalg.norm(flat, axis=-1) < CUP[0] if cups else (flat < BOX[:2]).all(-1)
    inside = within & (away[..., 2] > 0) & (away[..., 2] < (CUP[1] if cups else BOX[2])) & world.present[:, None]
    return {"vessel": vessels, "holder": np.where(inside.any(1), inside.argmax(1), -1)}
