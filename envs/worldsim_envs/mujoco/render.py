"""What draws a MuJoCo world: two renderers behind one contract, and the choice between them.

`warp` casts rays (mujoco-warp): one pass gives colour, depth and ids, with shadows, on a CUDA device or on a bare
CPU; it needs no GL. `classic` rasterises with MuJoCo's own GL through EGL or OSMesa: as fast without shadows, slow
with them. Two renderers do not draw the same bytes, so a recording writes down which one drew.
"""

# pyright: reportAttributeAccessIssue=false
# MuJoCo's bindings are compiled and bring no stubs.

import functools
import importlib
import os
import subprocess
import sys
from typing import Protocol, runtime_checkable

import mujoco

from worldsim_envs.cameras import Camera
from worldsim_envs.scene import Picture

CHOICES = ("auto", "warp", "warp-cpu", "warp-cuda", "classic")


@runtime_checkable
class Renderer(Protocol):
    """What takes pictures of a MuJoCo world.

    Attributes:
        name: Which renderer it is, and on what it draws.
    """

    name: str

    def draw(
        self,
        model: mujoco.MjModel,
        data: mujoco.MjData,
        camera: Camera,
        size: int,
        *,
        depth: bool = False,
        segmentation: bool = False,
    ) -> Picture:
        """A square picture of `data`'s current poses; its segmentation holds geom ids, -1 where nothing is."""
        ...


@functools.cache
def choose(name: str = "auto", *, labels: bool = False, shadows: bool = True) -> Renderer:
    """The renderer of that name, one a process.

    "auto" is mujoco-warp where there is CUDA; else classic where there is GL and neither labels (depth or ids) nor
    shadows are wanted; else mujoco-warp on the CPU.

    Raises:
        ValueError: Where there is no such renderer, or this machine cannot run it.
    """
    if name not in CHOICES:
        raise ValueError(f"renderer came as {name!r}; there are: {', '.join(CHOICES)}")
    if name == "classic" or (name == "auto" and not labels and not shadows and not _cuda() and gl()):
        if (platform := gl()) is None:
            raise ValueError(
                "the classic renderer found no GL; `apt install libosmesa6` (or `libegl1 libgl1`) brings it, "
                "renderer='warp' needs none"
            )
        return importlib.import_module("worldsim_envs.mujoco.classic").Classic(platform, shadows=shadows)
    if name == "warp-cuda" and not _cuda():
        raise ValueError("renderer='warp-cuda' found no CUDA device; renderer='warp' takes the CPU then")
    cuda = name == "warp-cuda" or (name != "warp-cpu" and _cuda())
    return importlib.import_module("worldsim_envs.mujoco.warp").Warp("cuda:0" if cuda else "cpu", shadows=shadows)


@functools.cache
def gl() -> str | None:
    """The GL platform that works here ("egl", "osmesa") or None.

    Each is tried in a process of its own: an import of PyOpenGL that fails poisons the process it fails in.
    """
    asked = os.environ.get("MUJOCO_GL", "").lower()
    for platform in (asked,) if asked in ("egl", "osmesa") else ("egl", "osmesa"):
        probe = f"from mujoco.{platform} import GLContext; c = GLContext(8, 8); c.make_current(); c.free()"
        environment = {**os.environ, "MUJOCO_GL": platform, "PYOPENGL_PLATFORM": platform}
        if subprocess.run([sys.executable, "-c", probe], env=environment, capture_output=True).returncode == 0:
            return platform
    return None


def _cuda() -> bool:
    return importlib.import_module("worldsim_envs.devices").cuda()
