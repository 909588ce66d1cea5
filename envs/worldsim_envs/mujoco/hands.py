"""What acts in a world: dark grey bodies on rails, each rail driven to the speed that an action asks for."""

# pyright: reportAttributeAccessIssue=false
# MuJoCo's bindings are compiled and bring no stubs.

from collections.abc import Sequence

import mujoco
import numpy as np

AXES = {"right": (1.0, 0.0, 0.0), "away": (0.0, 1.0, 0.0), "up": (0.0, 0.0, 1.0)}
"""The rails that there are: to the right and away from the camera along the table, and upwards."""


def hand(
    spec: mujoco.MjSpec,
    name: str,
    place: Sequence[float] | np.ndarray,
    rails: Sequence[str],
    *,
    gain: float = 300.0,
    force: float = 150.0,
    within: tuple[float, float] | None = None,
) -> mujoco.MjsBody:
    """A weightless body at `place` (m) with a driven rail for each name of `AXES`; its geoms are the caller's to add.

    Args:
        spec: The world it is added to.
        name: Of the body; its rails, and what drives them, are called "name rail".
        place: Where its rails are at zero (m).
        rails: Along which axes it moves.
        gain: How hard a rail is driven to its speed (N s/m).
        force: The most that drives a rail (N).
        within: Where along its rails it can go (m), if not anywhere.
    """
    body = spec.worldbody.add_body(name=name, pos=np.asarray(place, float), gravcomp=1.0)
    for rail in rails:
        joint = body.add_joint(name=f"{name} {rail}", type=mujoco.mjtJoint.mjJNT_SLIDE, axis=AXES[rail])
        if within is not None:
            joint.limited, joint.range = 1, within
        drive = spec.add_actuator(name=f"{name} {rail}", target=f"{name} {rail}", trntype=mujoco.mjtTrn.mjTRN_JOINT)
        drive.set_to_velocity(kv=gain)
        drive.forcelimited, drive.forcerange = True, [-force, force]
    return body


def pusher(spec: mujoco.MjSpec, place: Sequence[float] | np.ndarray, shade: float, *, radius: float = 0.11) -> None:
    """A dark cylinder, "pusher", that floats just above the table at `place` (m) and moves along it."""
    hand(spec, "pusher", (place[0], place[1], 0.135), ("right", "away")).add_geom(
        type=mujoco.mjtGeom.mjGEOM_CYLINDER,
        size=[radius, 0.13, 0],
        rgba=[shade] * 3 + [1],
        mass=4.0,
        friction=[0.2, 0, 0],
    )
