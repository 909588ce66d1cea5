"""How much of a thing is seen: the share of rays, cast at points all over and inside it, that meet it first."""

# pyright: reportAttributeAccessIssue=false
# MuJoCo's bindings are compiled and bring no stubs.

import mujoco
import numpy as np
from jaxtyping import Bool, Float64, Int32

from worldsim_envs.cameras import Camera
from worldsim_envs.mujoco.thing import GEOMS


def visible(
    model: mujoco.MjModel,
    data: mujoco.MjData,
    owner: Int32[np.ndarray, " g"],
    present: Bool[np.ndarray, " o"],
    camera: Camera,
    size: int,
) -> Float64[np.ndarray, " o"]:
    """The visible share of each thing's silhouette, in a picture `size` pixels across.

    Args:
        model: What is there.
        data: Where it is.
        owner: Of each geom, and at last of none, which thing it is of, -1 for none.
        present: Which things are there.
        camera: Who looks.
        size: Of the picture (px).
    """
    shares = np.zeros(len(present))
    eye, nothing = camera.pose[:3, 3].copy(), np.int32(-1)
    for slot in np.flatnonzero(present).tolist():
        points = np.concatenate([_points(model, data, geom) for geom in np.flatnonzero(owner[:-1] == slot).tolist()])
        pixel, depth = camera.project(points)
        inside = (depth > 0) & ((pixel >= 0) & (pixel <= size)).all(1)
        if inside.any():
            rays = points[inside] - eye
            met, far = np.full(len(rays), nothing), np.empty(len(rays))
            every = (None, True, -1)
            mujoco.mj_multiRay(model, data, eye, rays.ravel(), *every, met, far, None, len(rays), mujoco.mjMAXVAL)
            shares[slot] = np.mean(owner[met] == slot) * inside.mean()
    return shares


def _points(model: mujoco.MjModel, data: mujoco.MjData, geom: int) -> Float64[np.ndarray, "n 3"]:
    """Points all over and inside a geom (m)."""
    kind, size = int(model.geom_type[geom]), model.geom_size[geom]
    if kind == int(GEOMS["sphere"]):
        half = size[[0, 0, 0]]
    elif kind == int(GEOMS["cylinder"]):
        half = size[[0, 0, 1]]
    elif kind == int(GEOMS["capsule"]):
        half = size[[0, 0, 1]] + [0, 0, size[0]]
    else:
        half = size
    return (_POINTS[kind] * half) @ data.geom_xmat[geom].reshape(3, 3).T + data.geom_xpos[geom]


def _spread(count: int) -> Float64[np.ndarray, "n 3"]:
    """Points on the unit ball, half of them on its surface and half inside: a golden spiral (Vogel, 1979)."""
    index = np.arange(count)
    height = 1 - (2 * index + 1) / count
    turn = index * np.pi * (3 - np.sqrt(5))
    around = np.sqrt(1 - height**2)
    points = np.column_stack([around * np.cos(turn), around * np.sin(turn), height])
    depth = np.where(index % 2, 1.0, ((index // 2 * 0.618) % 1) ** (1 / 3))
    return points * depth[:, None]


def _fill(shape: str) -> Float64[np.ndarray, "n 3"]:
    """The same points, pulled to the walls of a shape one half across, a little within them."""
    ball = _spread(80)
    length = np.linalg.norm(ball, axis=1)
    wall = {
        "sphere": length,
        "box": np.abs(ball).max(1),
        "cylinder": np.maximum(np.hypot(ball[:, 0], ball[:, 1]), np.abs(ball[:, 2])),
        "capsule": length,
        "ellipsoid": length,
    }[shape]
    return 0.98 * ball * (length / np.maximum(wall, 1e-9))[:, None]


_POINTS = {int(kind): _fill(shape) for shape, kind in GEOMS.items()}
