"""What can come of one beginning: the same telling many times over, with all that the world's look leaves open redrawn.

Physics alone, nothing is drawn: a few hundred futures cost about as much as a few pictures. And for how long a world
can be foretold: T*, until when what is half a pixel at first stays less than half a thing.
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


def chanced(arm: Arm, number: int, step: int) -> Arm:
    """The same telling, with what is open drawn anew before the action of a step."""
    return Arm(arm.actions, (*arm.changes, (step, f"{CHANCE}:{number}")))


def futures(
    world: MujocoBackend, seed: int, arm: Arm, numbers: Sequence[int], step: int
) -> Float64[np.ndarray, "m n o 3"]:
    """Where everything is (m) after each action from a step on, in each of the tellings `chanced(arm, number, step)`.

    Args:
        world: Of a scene whose look leaves something open; it is left at the end of the last telling.
        seed: Of the episode.
        arm: Whose changes are all made before that step.
        numbers: By which it is drawn.
        step: Before which it is drawn.

    Raises:
        ValueError: Where nothing is open here, or the arm changes something from that step on.
    """
    chance, frame = world.recipe.chance, round(1 / world.recipe.fps / world.recipe.timestep)
    if chance is None or any(at >= step for at, _ in arm.changes):
        raise ValueError(
            f"futures came of a world without the change {CHANCE!r}, or of an arm that changes it after step {step}; "
            "a scene that has it, such as worldsim/Pegs-v0, and an earlier change would do"
        )
    world.reset(seed)
    for at in range(step + 1):
        for change in arm.at(at):
            world.intervene(change)
        if at < step:
            world.step(arm.actions[at])
    start, draw, found = world.vector(), Draw(seed, world.variation), []
    for number in numbers:
        mujoco.mj_setState(world.model, world.data, start, STATE)
        chance(world, draw.again(number))  # all of it is drawn anew, so nothing is left of the last one
        places = []
        for action in arm.actions[step:]:
            world.recipe.act(world, action)
            mujoco.mj_step(world.model, world.data, frame)
            mujoco.mj_kinematics(world.model, world.data)
            places.append(world.data.xpos[world.bodies].copy())
        found.append(places)
    return np.array(found)


def nudged(
    world: MujocoBackend, seed: int, arm: Arm, runs: int, *, pixels: float = 0.5, size: int = 64
) -> Float64[np.ndarray, "m n o 3"]:
    """Where what is free is (m) after each action, in tellings that begin a little differently.

    Each thing begins elsewhere on the table, by up to so much of a pixel either way, of a picture `size` pixels across.

    Args:
        world: It is left at the end of the last telling.
        seed: Of the episode.
        arm: Its changes are made at the first frame.
        runs: How many tellings.
        pixels: How far each thing may be from where it was.
        size: Of the picture (px).
    """
    found = []
    for run in range(runs):
        world.reset(seed)
        for _, change in arm.changes:
            world.intervene(change)
        rng, free = np.random.default_rng([seed, run]), np.flatnonzero(world.free & world.present)
        for slot in free.tolist():
            _, depth = world.camera.project(world.place(slot)[None, :3])
            pixel = float(depth[0]) / world.camera.intrinsics[0, 0] / size
            world.place(slot)[:2] += rng.uniform(-pixels, pixels, 2) * pixel
        places = []
        for action in arm.actions:
            world.step(action)
            places.append(world.data.xpos[world.bodies[free]].copy())
        found.append(places)
    return np.array(found)


def dispersion(
    places: Float64[np.ndarray, "m n o 3"], diameters: Float64[np.ndarray, " o"]
) -> Float64[np.ndarray, "n o"]:
    """How far tellings are from their mean, by frame and thing, in its diameters."""
    return np.linalg.norm(places - places.mean(0), axis=-1).mean(0) / diameters


def horizon(spread: Float64[np.ndarray, "n o"], fps: float | int) -> float:
    """T*, the time (s) after which a thing's dispersion is more than half a diameter; infinite if none ever is."""
    over = (spread > 0.5).any(1)
    return float(over.argmax() / fps) if over.any() else float("inf")
