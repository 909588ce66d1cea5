"""What draws a voxel world: the ray-caster on the CPU, or the same in Warp, and the choice between them.

They draw from the same tables in the same arithmetic. Yet a level of a colour may differ from device to device, so a
recording writes down which one drew.
"""

import functools
import importlib
from typing import Protocol, runtime_checkable

from worldsim_envs.cameras import Camera
from worldsim_envs.minecraft import raycast
from worldsim_envs.minecraft.seen import Seen
from worldsim_envs.scene import Picture

RENDERERS = ("auto", "numba", "warp", "warp-cpu", "warp-cuda")


@runtime_checkable
class Renderer(Protocol):
    """What takes pictures of a voxel world.

    Attributes:
        name: Which renderer it is, and on what it draws.
    """

    name: str

    def draw(
        self, seen: Seen, camera: Camera, size: int, *, depth: bool = False, segmentation: bool = False
    ) -> Picture:
        """Take a square picture; see `raycast.draw`."""
        ...


class Numba:
    """Draws on one core of the CPU."""

    name = "numba"

    def draw(
        self, seen: Seen, camera: Camera, size: int, *, depth: bool = False, segmentation: bool = False
    ) -> Picture:
        """Take a square picture."""
        return raycast.draw(seen, camera, size, depth=depth, segmentation=segmentation)


@functools.cache
def choose(name: str = "auto") -> Renderer:
    """The renderer of that name, one a process.

    "auto" is Warp where there is CUDA, else numba; "warp" is Warp on CUDA where there is some, else on the CPU.

    Raises:
        ValueError: Where there is no such renderer, or this machine cannot run it.
    """
    if name not in RENDERERS:
        raise ValueError(f"renderer came as {name!r}; a voxel world has: {', '.join(RENDERERS)}")
    cuda = name not in ("numba", "warp-cpu") and importlib.import_module("worldsim_envs.devices").cuda()
    if name == "warp-cuda" and not cuda:
        raise ValueError("renderer='warp-cuda' found no CUDA device; renderer='numba' takes the CPU")
    if name == "numba" or (name == "auto" and not cuda):
        return Numba()
    return importlib.import_module("worldsim_envs.minecraft.raycast_warp").Warp("cuda:0" if cuda else "cpu")
