"""What can come of one beginning: the same telling many times over, with all that the world's look leaves open redrawn.

Physics alone, nothing is drawn: a few hundred futures cost about as much as a few pictures.
"""

# pyright: reportAttributeAccessIssue=false
# MuJoCo's bindings are compiled and bring no stubs.

from collections.abc import Sequence

import mujoco
import numpy as np
from jaxtyping import Float64

from worldsim_envs.mujoco.backend import CHANCE, STATE, MujocoBackend
from worldsim_envs.scene import Arm
from worldsim_envs.variation import Draw


def chanced(arm: Arm, number: int) -> Arm:
    """The same telling, with what is open drawn anew after what is changed at first."""
    at_first = [each for each in arm.changes if each[0] == 0]
    return Arm(arm.actions, (*at_first, (0, f"{CHANCE}:{number}"), *arm.changes[len(at_first) :]))


def futures(world: MujocoBackend, seed: int, arm: Arm, numbers: Sequence[int]) -> Float64[np.ndarray, "m n+1 o 3"]:
    """Where everything is (m) in each frame of each of the tellings `chanced(arm, number)`.

    Args:
        world: Of a scene whose look leaves something open; it is left at the end of the last telling.
        seed: Of the episode.
        arm: Whose changes are all made at the first frame.
        numbers: By which it is drawn.

    Raises:
        ValueError: Where nothing is open here, or the arm changes something later.
    """
    chance = world.recipe.chance
    if chance is None or any(step for step, _ in arm.changes):
        raise ValueError(
            "the world has no chance, or the arm changes it on the way; a scene with the change "
            f"{CHANCE!r} and an arm whose changes are made at its first frame would do"
        )
    world.reset(seed)
    for _, change in arm.changes:
        world.intervene(change)
    start, draw, found = world.vector(), Draw(seed, world.variation), []
    for number in numbers:
        mujoco.mj_setState(world.model, world.data, start, STATE)
        chance(world, draw.again(number))  # all of it is drawn anew, so nothing is left of the last one
        places = []
        for step in range(len(arm.actions) + 1):
            if step:
                world.recipe.act(world, arm.actions[step - 1])
                mujoco.mj_step(world.model, world.data, round(1 / world.recipe.fps / world.recipe.timestep))
            mujoco.mj_kinematics(world.model, world.data)
            places.append(world.data.xpos[world.bodies].copy())
        found.append(places)
    return np.array(found)
