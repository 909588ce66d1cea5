"""From a scene to cases: one world, built once, its future told for each arm and read off the simulator."""

import hashlib
from collections.abc import Mapping, Sequence

import gymnasium
import numpy as np
from jaxtyping import Float32

from worldsim_benchmarks.benchmark import Case, Truth
from worldsim_envs.env import SceneEnv


def make(scene: str, *, size: int) -> SceneEnv:
    """A scene that draws object ids with every frame, so that the truth has masks."""
    env = gymnasium.make(f"worldsim_envs:worldsim/{scene}", size=size, segmentation=True).unwrapped
    assert isinstance(env, SceneEnv)
    return env


def happen(
    env: SceneEnv, *, seed: int, actions: Float32[np.ndarray, "n a"], change: str | None = None
) -> tuple[np.ndarray, Truth]:
    """What the world of this seed shows under these actions, with one change made before the first, and its truth.

    Returns:
        The frames `[n+1 h w 3]`, and the truth over all of them.
    """
    observation, info = env.reset(seed=seed)
    if change is not None:
        observation, info = env.intervene(change)
    steps = [(observation, info["truth"])]
    for action in actions:
        observation, _, _, _, info = env.step(action)
        steps.append((observation, info["truth"]))
    frames = np.stack([observation["pov"] for observation, _ in steps])
    ids = np.stack([observation["segmentation"] for observation, _ in steps])
    area, centre = _masks(ids, objects=len(steps[0][1]["hue"]))
    truth = Truth(
        frames=frames,
        hue=steps[0][1]["hue"],
        centre=centre,
        area=area,
        visible=np.stack([truth["visible"] for _, truth in steps]).astype(float),
        diameter=np.sqrt(4 * area.max(0) / np.pi),
    )
    return frames, truth


def _masks(ids: np.ndarray, *, objects: int) -> tuple[np.ndarray, np.ndarray]:
    """Area `[t o]` and centroid `[t o 2]` (u, v) of each object's visible pixels."""
    v, u = np.mgrid[: ids.shape[1], : ids.shape[2]] + 0.5
    area = np.zeros((len(ids), objects))
    centre = np.full((len(ids), objects, 2), np.nan)
    for i in range(objects):
        mask = ids == i
        area[:, i] = mask.sum((1, 2))
        seen = area[:, i] > 0
        centre[seen, i, 0] = (mask * u).sum((1, 2))[seen] / area[seen, i]
        centre[seen, i, 1] = (mask * v).sum((1, 2))[seen] / area[seen, i]
    return area, centre


def case(
    name: str,
    arm: str,
    told: tuple[np.ndarray, Truth],
    actions: Float32[np.ndarray, "n a"],
    *,
    scene: str,
    context: int,
    fps: float,
    notes: Mapping[str, int] | None = None,
) -> Case:
    """Cut what happened into a context of `context` frames and the future that is asked about."""
    frames, truth = told
    return Case(
        name=name,
        arm=arm,
        scene=f"worldsim/{scene}",
        seen=frames[:context],
        taken=actions[: context - 1],
        plan=actions[context - 1 :],
        fps=fps,
        truth=truth.cut(context),
        before=truth.cut(0, context),
        notes=notes or {},
    )


def still_actions(env: SceneEnv, steps: int) -> Float32[np.ndarray, "n a"]:
    """Doing nothing for so many steps."""
    assert env.action_space.shape is not None
    return np.zeros((steps, *env.action_space.shape), np.float32)


def digest(parts: Sequence[np.ndarray]) -> str:
    """A short name for what arrays hold, the same on every machine."""
    whole = hashlib.sha256()
    for part in parts:
        whole.update(np.ascontiguousarray(part).tobytes())
    return whole.hexdigest()[:16]
