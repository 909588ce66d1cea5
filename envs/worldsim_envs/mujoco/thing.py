"""What a thing is as it starts, in one piece or several, and how it is put into a MuJoCo world.

An empty slot's thing is invisible, touches nothing and is parked far below the floor.
"""

# pyright: reportAttributeAccessIssue=false
# MuJoCo's bindings are compiled and bring no stubs.

from collections.abc import Sequence
from dataclasses import dataclass

import mujoco
import numpy as np
from jaxtyping import Float64

from worldsim_envs import palette

GEOMS = {
    "sphere": mujoco.mjtGeom.mjGEOM_SPHERE,
    "box": mujoco.mjtGeom.mjGEOM_BOX,
    "cylinder": mujoco.mjtGeom.mjGEOM_CYLINDER,
    "capsule": mujoco.mjtGeom.mjGEOM_CAPSULE,
    "ellipsoid": mujoco.mjtGeom.mjGEOM_ELLIPSOID,
}


@dataclass(frozen=True)
class Part:
    """A further piece of a thing, fixed to it.

    Attributes:
        shape: One of `SHAPES`.
        size: Half its extent along its own axes (m).
        position: In the thing's axes (m).
        turn: In the thing's axes, a quaternion (wxyz).
        shade: How grey it is, 0 to 1; None paints it in the thing's hue.
    """

    shape: str
    size: Sequence[float]
    position: Sequence[float] = (0.0, 0.0, 0.0)
    turn: Sequence[float] = (1.0, 0.0, 0.0, 0.0)
    shade: float | None = None


@dataclass(frozen=True)
class Thing:
    """An object of a scene as it starts.

    Attributes:
        shape: One of `SHAPES`. A box is a cube; a cylinder and a capsule stand upright.
        diameter: Across (m): of a box its edge.
        hue: Index into the palette.
        position: Of its centre (m).
        velocity: Linear (m/s).
        yaw: Turn about the vertical (rad).
        spin: Turning about world axes (rad/s).
        density: kg/m^3.
        friction: Sliding, torsional (m), rolling (m); all zero makes it glide.
        bounce: Damping ratio of a contact; 1 does not bounce.
        size: Half the extent along its own axes (m), where it is not as wide and as high as `diameter` says.
        parts: Further pieces.
        mount: The body, by its name in the spec, that it is fixed to, `position` then being in that body's axes; a
            thing without one is free. What is mounted has no place or speed of its own.
    """

    shape: str
    diameter: float
    hue: int
    position: Sequence[float]
    velocity: Sequence[float] = (0.0, 0.0, 0.0)
    yaw: float = 0.0
    spin: Sequence[float] = (0.0, 0.0, 0.0)
    density: float = 500.0
    friction: tuple[float, float, float] = (0.6, 0.01, 0.002)
    bounce: float = 1.0
    size: Sequence[float] | None = None
    parts: Sequence[Part] = ()
    mount: str = ""

    @property
    def half(self) -> tuple[float, float, float]:
        """Half the extent along its own axes (m)."""
        if self.size is None:
            slim = {"capsule": (0.3, 0.3, 0.5), "ellipsoid": (0.5, 0.38, 0.38)}.get(self.shape, (0.5, 0.5, 0.5))
            return self.diameter * slim[0], self.diameter * slim[1], self.diameter * slim[2]
        wide, deep, high = map(float, self.size)
        return wide, deep, high


def parking(slot: int) -> tuple[float, float, float]:
    """Where a slot's thing is while it is absent (m)."""
    return (2.0 * slot, 0.0, -20.0)


def add(spec: mujoco.MjSpec, slot: int, thing: Thing | None) -> None:
    """Put a thing, or an empty slot, into the world."""
    solid = thing is not None
    thing = thing or Thing("sphere", 0.1, -1, parking(slot))
    glides = not any(thing.friction)
    around = spec.body(thing.mount) if thing.mount else spec.worldbody
    body = around.add_body(
        name=f"thing {slot}",
        pos=np.asarray(thing.position, float),
        quat=[np.cos(thing.yaw / 2), 0.0, 0.0, np.sin(thing.yaw / 2)],
    )
    if not thing.mount:
        body.add_freejoint(name=f"thing {slot}")
    for number, piece in enumerate((Part(thing.shape, thing.half), *thing.parts)):
        body.add_geom(
            name=f"thing {slot}" + (f" part {number}" if number else ""),
            type=GEOMS[piece.shape],
            pos=piece.position,
            quat=piece.turn,
            size=_measures(piece),
            rgba=[*(palette.RGB[thing.hue] if piece.shade is None else [piece.shade] * 3), 1.0] if solid else [0.0] * 4,
            density=thing.density,
            condim=1 if glides else 6,
            friction=thing.friction if not glides else (1.0, 0.0, 0.0),
            solref=[0.02, thing.bounce],
            priority=1,  # what a thing is made of decides a contact, not the floor
            contype=int(solid),
            conaffinity=int(solid),
        )


def reach(thing: Thing) -> Float64[np.ndarray, " 3"]:
    """How far a thing and its parts reach from its centre along its own axes (m)."""
    reach, turn = np.array(thing.half), np.empty(9)
    for part in thing.parts:
        mujoco.mju_quat2Mat(turn, np.asarray(part.turn, float))
        reach = np.maximum(reach, np.abs(part.position) + np.abs(turn.reshape(3, 3)) @ np.asarray(part.size, float))
    return reach


def _measures(piece: Part) -> list[float]:
    """MuJoCo's numbers for half an extent."""
    wide, deep, high = map(float, piece.size)
    if piece.shape == "capsule":
        return [wide, high - wide, 0.0]
    return [wide, high, 0.0] if piece.shape == "cylinder" else [wide, deep, high]
