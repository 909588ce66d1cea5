"""`raycast` in Warp: the same pictures on a CUDA device, a thread a pixel, of many cameras at once.

Warp's CPU device draws them too, for tests and for whoever has no CUDA; there `raycast` is faster. All of it is drawn,
and computed in float64 as there, so ids and depth are the same; colour may differ by a level, since an exponential may.
"""

# pyright: reportArgumentType=false, reportOperatorIssue=false
# pyright: reportIndexIssue=false, reportCallIssue=false, reportAttributeAccessIssue=false, reportReturnType=false
# Warp compiles these functions by rules of its own, of which Python's types know nothing.

from collections.abc import Sequence
from typing import no_type_check

import numpy as np
import warp as wp
from warp import float64 as real
from warp import mat33d, mat44d, vec2d, vec3d, vec3i

from worldsim_envs import devices
from worldsim_envs.cameras import Camera
from worldsim_envs.minecraft.raycast import CORNERS
from worldsim_envs.minecraft.rays_warp import NEVER, TINY, World, floored, meet, spot_on, walk
from worldsim_envs.minecraft.seen import BEYOND, HAZE, HORIZON, SHADES, SHINES, TRAITS, Seen
from worldsim_envs.minecraft.shading import CRACKS, CURVE
from worldsim_envs.minecraft.shading_warp import above, air, glow, mixed, paint, texel_at, turned
from worldsim_envs.scene import Picture

devices.begin()
# two operations made one round once, and a ray that grazes an edge would fall to the other side
wp.set_module_options({"fuse_fp": False, "enable_backward": False})

BODY, GROUND, WATER = (wp.constant(wp.int64(1 << bit)) for bit in (40, 41, 42))


@no_type_check
@wp.struct
class Sight:
    """Along one ray: colour, planar depth (`NEVER` for nothing), index, and which plane was met (for finding edges)."""

    colour: vec3d
    depth: real
    ident: int
    edge: wp.int64


@no_type_check
@wp.func
def see(world: World, pixel: real, eye: vec3d, way: vec3d):
    """What a ray shows; `pixel` is how wide one is, at a distance of 1 (m)."""
    for axis in range(3):
        if way[axis] == real(0.0):
            way[axis] = TINY
    # not NEVER: Warp writes to the constant itself where a variable that began as one changes in a loop
    far, body, bface, bspot = real(1e30), wp.int32(-1), wp.int32(0), vec2d()
    for each in range(world.place.shape[0]):
        t, face, spot = meet(world, each, eye, way)
        if t < far:
            far, body, bface, bspot = t, each, face, spot
    met = walk(world, eye, way, far)
    length = wp.sqrt(way[0] * way[0] + way[1] * way[1] + way[2] * way[2])
    depth, ident, edge = NEVER, wp.int32(-1), wp.int64(-1)
    colour = vec3d()
    if met.t < far:
        colour = paint(world, met.kind, met.face, met.cell, met.spot, met.t * length * pixel)
        depth = met.t
        ident = world.ids[met.kind]
        edge = wp.int64((met.kind * 8 + met.face) * 4096 + met.cell[met.face >> 1])
    elif body >= 0:
        depth = far
        ident = world.what[body, 1]
        # finer: a face is small
        texel = texel_at(bspot, real(5.0) * far * length * pixel / world.place[body, 4])
        middle = vec3d(world.place[body, 0], world.place[body, 1], world.place[body, 2])
        shade = turned(world, bface, world.place[body, 6], world.place[body, 7])
        light = wp.cw_mul(glow(world, floored(middle)), vec2d(shade, real(1.0)))
        colour = mixed(world, world.what[body, 0], bface, texel, light, real(1.0))
        edge = BODY + wp.int64(body * 8 + bface)
    else:
        sky, there = above(world, eye, way)
        colour, edge = sky, wp.int64(-1 - there)
        t = (world.air[BEYOND] - eye[1]) / way[1]
        kind = int(world.air[BEYOND + 1])
        if kind >= 0 and way[1] < real(0.0) and t > real(0.0):  # the ground outside of the world
            x, z = eye[0] + way[0] * t, eye[2] + way[2] * t
            texel = texel_at(vec2d(x - wp.floor(x), z - wp.floor(z)), real(16.0) * t * length * pixel)
            light = vec2d(world.curve[15] * world.air[SHADES + 3], real(0.0))
            colour = mixed(world, kind, 3, texel, light, real(1.0))
            depth = t
            ident = world.ids[kind]
            edge = GROUND
    haze, horizon = world.air[HAZE], air(world, HORIZON)
    if depth < NEVER:
        thick = wp.min(depth * length / haze, real(1.0))
        colour = colour + thick * thick * (horizon - colour)
    if met.water >= real(0.0) and met.water < depth:
        at = eye + way * met.water
        cell = floored(at)
        inside = at - vec3d(real(cell[0]), real(cell[1]), real(cell[2]))
        texel = texel_at(spot_on(met.wet, inside), real(16.0) * met.water * length * pixel)
        light = glow(world, cell + vec3i(0, 1 if met.wet == 3 else 0, 0))
        light = wp.cw_mul(light, vec2d(world.air[SHADES + met.wet], real(1.0)))
        surface = mixed(world, met.wetkind, met.wet, texel, light, real(1.0))
        opacity = world.air[HAZE + 1]
        if world.traits[met.wetkind, SHINES] > real(0.0):
            opacity = real(1.0)
        behind = wp.min(depth, real(1e6)) - met.water
        opacity = opacity + (real(1.0) - opacity) * (real(1.0) - wp.exp(real(-0.3) * behind * length))
        thick = wp.min(met.water * length / haze, real(1.0))
        colour = colour + opacity * (surface + thick * thick * (horizon - surface) - colour)
        depth = met.water
        ident = world.ids[met.wetkind]
        edge = edge ^ WATER
    return Sight(colour, depth, ident, edge)


@no_type_check
@wp.func
def through(world: World, pose: mat44d, lens: mat33d, column: real, row: real):
    """What the ray through a point of the picture shows."""
    a, b = (column - lens[0, 2]) / lens[0, 0], (row - lens[1, 2]) / lens[0, 0]
    right, down = vec3d(pose[0, 0], pose[1, 0], pose[2, 0]), vec3d(pose[0, 1], pose[1, 1], pose[2, 1])
    ahead, eye = vec3d(pose[0, 2], pose[1, 2], pose[2, 2]), vec3d(pose[0, 3], pose[1, 3], pose[2, 3])
    return see(world, real(1.0) / lens[0, 0], eye, ahead + a * right + b * down)


@no_type_check
@wp.kernel
def middles(
    world: World,
    poses: wp.array(dtype=mat44d),
    lenses: wp.array(dtype=mat33d),
    colours: wp.array3d(dtype=vec3d),
    edges: wp.array3d(dtype=wp.int64),
    far: wp.array3d(dtype=wp.float32),
    idents: wp.array3d(dtype=wp.int32),
):
    """Each pixel through its middle."""
    camera, row, column = wp.tid()
    one = through(world, poses[camera], lenses[camera], real(column) + real(0.5), real(row) + real(0.5))
    colours[camera, row, column] = one.colour
    edges[camera, row, column] = one.edge
    far[camera, row, column] = wp.float32(one.depth) if one.depth < NEVER else wp.float32(wp.inf)
    idents[camera, row, column] = one.ident


@no_type_check
@wp.func
def rough(colours: wp.array3d(dtype=vec3d), edges: wp.array3d(dtype=wp.int64), camera: int, row: int, column: int):
    """Whether a pixel lies at an edge that shows: a neighbour saw another face, in another colour."""
    size = edges.shape[1]
    for near in range(4):
        a = row + (1 if near == 0 else 0) - (1 if near == 1 else 0)
        b = column + (1 if near == 2 else 0) - (1 if near == 3 else 0)
        if a >= 0 and a < size and b >= 0 and b < size and edges[camera, a, b] != edges[camera, row, column]:
            apart = wp.abs(colours[camera, a, b] - colours[camera, row, column])
            if apart[0] + apart[1] + apart[2] > real(0.08):
                return True
    return False


@no_type_check
@wp.kernel
def finished(
    world: World,
    poses: wp.array(dtype=mat44d),
    lenses: wp.array(dtype=mat33d),
    colours: wp.array3d(dtype=vec3d),
    edges: wp.array3d(dtype=wp.int64),
    points: wp.array(dtype=vec2d),
    rgb: wp.array4d(dtype=wp.uint8),
):
    """The picture: pixels at edges that show are drawn once more, through points of them that lie apart."""
    camera, row, column = wp.tid()
    colour = colours[camera, row, column]
    if rough(colours, edges, camera, row, column):
        colour = vec3d()
        share = real(1.0) / real(points.shape[0])
        for point in range(points.shape[0]):
            right, down = points[point][0], points[point][1]
            one = through(world, poses[camera], lenses[camera], real(column) + right, real(row) + down)
            colour += share * one.colour
    for channel in range(3):
        level = wp.clamp(colour[channel], real(0.0), real(1.0)) * real(255.0) + real(0.5)
        rgb[camera, row, column, channel] = wp.uint8(int(level))


class Warp:
    """Draws blocks with Warp.

    Args:
        device: "cpu" or "cuda:0".

    Attributes:
        name: "warp-cpu" or "warp-cuda".
    """

    def __init__(self, device: str):
        self.name, self.device = f"warp-{device.split(':')[0]}", device
        self._tables = {"traits": self._there(TRAITS), "curve": self._there(CURVE), "cracks": self._there(CRACKS)}
        self._points = wp.array(np.array(CORNERS), dtype=vec2d, device=device)
        self._look, self._faces = None, None

    def draw(
        self, seen: Seen, camera: Camera, size: int, *, depth: bool = False, segmentation: bool = False
    ) -> Picture:
        """Take a square picture."""
        return self.draw_all(seen, (camera,), size, depth=depth, segmentation=segmentation)[0]

    def draw_all(
        self, seen: Seen, cameras: Sequence[Camera], size: int, *, depth: bool = False, segmentation: bool = False
    ) -> list[Picture]:
        """Take a square picture of one moment from each of some cameras, all at once."""
        shape, device = (len(cameras), size, size), self.device
        world = self._world(seen)
        poses = wp.array(np.stack([camera.pose for camera in cameras]), dtype=mat44d, device=device)
        lenses = wp.array(np.stack([camera.intrinsics for camera in cameras]), dtype=mat33d, device=device)
        colours, edges = wp.empty(shape, vec3d, device=device), wp.empty(shape, wp.int64, device=device)
        far, ids = wp.empty(shape, wp.float32, device=device), wp.empty(shape, wp.int32, device=device)
        rgb = wp.empty((*shape, 3), wp.uint8, device=device)
        wp.launch(middles, shape, [world, poses, lenses, colours, edges, far, ids], device=device)
        wp.launch(finished, shape, [world, poses, lenses, colours, edges, self._points, rgb], device=device)
        pictures, fars, idents = rgb.numpy(), far.numpy(), ids.numpy()
        return [
            Picture(pictures[view], fars[view] if depth else None, idents[view] if segmentation else None)
            for view in range(len(cameras))
        ]

    def _world(self, seen: Seen):
        """What is seen, on the device; on a CPU it lies where it lay."""
        if seen.look is not self._look:
            self._look, self._faces = seen.look, self._there(seen.look)
        world = World()
        fields = {"cells": seen.blocks, "room": seen.room, "light": seen.light, "ids": seen.ids, "crack": seen.crack}
        fields |= {"place": seen.bodies.place, "what": seen.bodies.kind, "air": np.concatenate(seen.air)}
        for name, field in fields.items():
            setattr(world, name, self._there(field))
        for name, table in self._tables.items():
            setattr(world, name, table)
        world.look = self._faces
        return world

    def _there(self, values: np.ndarray) -> wp.array:
        """An array on the device."""
        return wp.array(np.ascontiguousarray(values), device=self.device, copy=False)
