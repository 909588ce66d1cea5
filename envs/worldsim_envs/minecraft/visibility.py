"""How much of a thing can be seen: the share of points all over it that nothing hides from the eye."""

import numpy as np
from jaxtyping import Float64

from worldsim_envs.minecraft.kernel import kernel
from worldsim_envs.minecraft.rays import TINY, meet, walk
from worldsim_envs.minecraft.seen import TRAITS, Seen


def open_share(
    seen: Seen, eye: Float64[np.ndarray, " 3"], points: Float64[np.ndarray, "n 3"], *, body: int = -1, cell=(-1, -1, -1)
) -> float:
    """The share of points with nothing between them and the eye but their own body, by its index, or their own cell."""
    own = (int(cell[0]), int(cell[1]), int(cell[2]))
    return float(_open(seen.blocks, seen.room, TRAITS, seen.bodies.place, body, own, eye, points))


@kernel
def _open(cells, room, traits, place, body, own, eye, points):
    """The share of points that the eye sees through the air, glass and water being none."""
    seen = 0
    for point in range(len(points)):
        dx, dy, dz = points[point, 0] - eye[0], points[point, 1] - eye[1], points[point, 2] - eye[2]
        dx, dy, dz = dx if dx else TINY, dy if dy else TINY, dz if dz else TINY
        hit = walk(cells, room, traits, eye[0], eye[1], eye[2], dx, dy, dz, 1.0)
        met = hit[0] < 1 and not (hit[3] == own[0] and hit[4] == own[1] and hit[5] == own[2])
        if met or hit[8] >= 0:
            continue
        hidden = False
        for other in range(len(place)):
            if other != body and meet(place, other, eye[0], eye[1], eye[2], dx, dy, dz)[0] < 1:
                hidden = True
                break
        seen += not hidden
    return seen / len(points)
