"""Other ways to draw blocks, timed beside ours: in Warp on the CPU, with no skipping, and all rays at once in numpy."""

import gymnasium
import numpy as np

from worldsim_envs.minecraft.render import Renderer, choose

DDA = "drawn with no skipping"
FRAMES = 10
"""Of how many moments of an episode pictures are taken, one every fourth frame."""


def moments(scene: str, size: int) -> list:
    """What there is to be seen at moments of an episode of the expert, and from where."""
    env, rng = gymnasium.make(scene, size=size).unwrapped, np.random.default_rng(0)
    env.reset(seed=0)
    found = []
    for step in range(4 * FRAMES):
        env.step(env.expert(rng))
        if step % 4 == 0:
            world = env.backend
            seen = world.sight.seen(world.blocks, world.things, world.hands, world.time)
            found.append((seen._replace(blocks=seen.blocks.copy(), room=seen.room.copy()), env.camera))
    return found


def at_once(seen, camera, size):
    """Depth and ids, and of colours each face's mean under the sun: every ray a row, a cell further in every turn."""
    rows, columns = np.mgrid[:size, :size] + 0.5
    pixels = np.stack([columns, rows, np.ones_like(rows)], -1).reshape(-1, 3)
    way = pixels @ np.linalg.inv(camera.intrinsics).T @ camera.pose[:3, :3].T
    way = np.where(way == 0, 1e-12, way)
    eye, sides = camera.pose[:3, 3], np.array(seen.blocks.shape)
    cell, sign = np.tile(np.floor(eye).astype(int), (len(way), 1)), np.where(way > 0, 1, -1)
    pace = 1 / np.abs(way)
    ahead = np.where(way > 0, cell + 1 - eye, eye - cell) * pace
    depth, ids = np.full(len(way), np.inf, np.float32), np.full(len(way), -1, np.int32)
    rgb, live = np.ones((len(way), 3), np.float32), np.arange(len(way))
    mean, shades = seen.look[:, :, -1], seen.air.shades
    while len(live):
        axis = ahead[live].argmin(1)
        far = ahead[live, axis]
        ahead[live, axis] += pace[live, axis]
        cell[live, axis] += sign[live, axis]
        inside = ((cell[live] >= 0) & (cell[live] < sides)).all(1)
        live, axis, far = live[inside], axis[inside], far[inside]
        kind = seen.blocks[tuple(cell[live].T)]
        hit = kind > 0
        met, face = live[hit], 2 * axis[hit] + (sign[live, axis][hit] < 0)
        depth[met], ids[met] = far[hit], seen.ids[kind[hit]]
        rgb[met] = mean[kind[hit], face] * shades[face, None]
        live = live[~hit]
    shape = (size, size)
    return (255 * rgb).astype(np.uint8).reshape(*shape, 3), depth.reshape(shape), ids.reshape(shape)


def turns(scene: str, size: int) -> dict:
    """What is timed, by name: each takes `FRAMES` pictures with depth and ids, again and again."""
    seen = moments(scene, size)
    plain = [(world._replace(room=np.minimum(world.room, 1)), camera) for world, camera in seen]

    def cast(views, renderer: Renderer):
        def turn(frames: int):
            for frame in range(frames):
                world, camera = views[frame % FRAMES]
                renderer.draw(world, camera, size, depth=True, segmentation=True)

        return turn

    def numpy(frames: int):
        for frame in range(frames):
            at_once(*seen[frame % FRAMES], size)

    return {
        "drawn alone": cast(seen, choose("numba")),
        "drawn alone, in Warp on the CPU": cast(seen, choose("warp-cpu")),
        DDA: cast(plain, choose("numba")),
        "all rays at once in numpy, no textures": numpy,
    }
