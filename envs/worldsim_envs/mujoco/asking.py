"""What the scenes of object permanence share: the view, and what to ask about.

A thing can be asked about where it is seen in the context, then wholly hidden, then seen again. Which thing that is,
is found by letting the episode happen once, which `MujocoBackend.arms` takes back.
"""

# pyright: reportAttributeAccessIssue=false
# MuJoCo's bindings are compiled and bring no stubs.

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from jaxtyping import Float

from worldsim_envs import palette
from worldsim_envs.cameras import Camera
from worldsim_envs.mujoco.backend import MujocoBackend
from worldsim_envs.mujoco.changes import each, recolour, remove
from worldsim_envs.scene import Arm

FPS = 10.0
EYE = np.array([0.0, -3.6, 2.15])
CAMERA = Camera.look(EYE, (0.0, 0.35, 0.24), fov=34.0, size=1)

CONTEXT = 8
"""How many frames are seen before anything is asked."""


def watch(world: MujocoBackend, actions: Sequence[Any]) -> Float[np.ndarray, "t o"]:
    """How visible each thing is at each frame, now and while the actions are taken."""
    view = world.camera.resized(64)
    seen = [world.truth(view, 64)["visible"]]
    for action in actions:
        world.step(action)
        seen.append(world.truth(view, 64)["visible"])
    return np.stack(seen)


def asked(visible: Float[np.ndarray, "t o"]) -> int:
    """The thing to ask about: seen in 3 frames of the context, then hidden in 4, then seen in 5, or nearest to that."""
    scores = []
    for seen in visible.T:
        hidden = CONTEXT + np.flatnonzero(seen[CONTEXT:] == 0)
        before = (seen[:CONTEXT] > 0.9).sum()
        after = (seen[hidden[0] :] >= 0.9).sum() if len(hidden) else 0
        scores.append(min(before / 3, 1) * min(len(hidden) / 4, 1) * min(after / 5, 1))
    return int(np.argmax(scores))


def present_absent(world: MujocoBackend, actions: Sequence[Any]) -> dict[str, Arm]:
    """The arms in which the thing to ask about is there, and never was."""
    target = asked(watch(world, actions))
    return {"present": Arm(actions), "absent": Arm(actions, ((0, f"remove:{target}"),))}


def slide(world: MujocoBackend, rail: str, speed: float, low: float, high: float) -> None:
    """Give what is on a rail a speed (m/s), or the one with which the frame ends at the end of the rail (m)."""
    joint = world.data.joint(rail)
    joint.qvel[0] = np.clip(speed, (low - joint.qpos[0]) * FPS, (high - joint.qpos[0]) * FPS)


def removals(world: MujocoBackend) -> dict[str, Callable[[MujocoBackend], None]]:
    """Each thing can be taken away, and repainted while there is a hue that nothing has."""
    spare = len(set(world.hue[world.present].tolist())) < len(palette.NAMES)
    return {**each(world, "remove", remove), **(each(world, "recolour", recolour) if spare else {})}
