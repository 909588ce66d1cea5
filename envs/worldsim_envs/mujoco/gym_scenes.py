"""Any Gymnasium MuJoCo env, drawn by our renderer: the same contract, no GL.

## Description
`gymnasium.make("worldsim_envs:worldsim/MujocoGym-v0", env_id="HalfCheetah-v5")` is that env with pictures for
observations. Physics, actions and rewards are Gymnasium's. It can be saved and restored exactly, and drawn from
anywhere.

## Actions
Those of the env (torques, mostly).

## Observations
`pov` uint8 [size, size, 3] at the env's own rate, and where asked for `depth` (m) and `segmentation` (the index of
the body). Seen by the model's first camera (it tracks the body, in the walkers), or else from where Gymnasium's
viewer would look.

## Start
As the env starts, from the seed.

## End
As the env ends, and `gymnasium.make` cuts an episode after 1000 steps.

## Truth
`qpos`, `qvel`, and `simulator`, the exact state vector.

## Versions
- v0: the first.
"""

# pyright: reportAttributeAccessIssue=false
# MuJoCo's bindings are compiled and bring no stubs.

from collections.abc import Mapping
from functools import partial
from types import MappingProxyType
from typing import Any

import gymnasium
import mujoco
import numpy as np
from jaxtyping import Float64

from worldsim_envs.cameras import Camera
from worldsim_envs.env import SceneEnv
from worldsim_envs.mujoco.backend import STATE
from worldsim_envs.mujoco.render import choose
from worldsim_envs.scene import Arm, Picture, Scene, Truth
from worldsim_envs.variation import Variation


def make(env_id: str = "HalfCheetah-v5", **options: Any) -> SceneEnv:
    """A Gymnasium MuJoCo env as a SceneEnv; `options` are SceneEnv's.

    Raises:
        ValueError: Where there is no such env, or it is not one of MuJoCo.
    """
    if env_id not in gymnasium.registry:
        ours = [name for name, spec in gymnasium.registry.items() if "envs.mujoco" in str(spec.entry_point)]
        known = sorted(name for name in ours if name.endswith("-v5"))
        raise ValueError(f"env_id came as {env_id!r}, which Gymnasium does not know; there are: {', '.join(known)}")
    env: Any = gymnasium.make(env_id).unwrapped
    if not isinstance(getattr(env, "model", None), mujoco.MjModel):
        raise ValueError(f"{env_id} is no MuJoCo env; HalfCheetah-v5 is one. Record others by their own id")
    bodies = tuple(env.model.body(index).name or f"body {index}" for index in range(1, env.model.nbody))
    rate = 1 / (env.model.opt.timestep * env.frame_skip)
    scene = Scene(f"worldsim/MujocoGym-v0:{env_id}", rate, env.action_space, bodies, partial(GymBackend, env))
    return SceneEnv(scene, **options)


class GymBackend:
    """A Gymnasium MuJoCo env as a `Backend`.

    What is drawn is a copy of its model, compiled from the same file for a renderer that wants a camera and knows fewer
    solvers; the poses are the env's own.
    """

    capabilities = frozenset({"depth", "segmentation", "camera", "save"})
    changes: tuple[str, ...] = ()
    forms: Mapping[str, str] = MappingProxyType({})
    applied: tuple[str, ...] = ()

    def __init__(self, env: Any, renderer: str, labels: bool, variation: Variation):
        self._env = env
        self._renderer = choose(renderer, labels=labels, shadows=True)
        self.renderer = self._renderer.name
        spec = mujoco.MjSpec.from_file(env.fullpath)
        spec.option.solver = mujoco.mjtSolver.mjSOL_NEWTON
        spec.compiler.settotalmass = -1  # nothing here moves by its mass, and MuJoCo warns of this attribute
        spec.worldbody.add_camera(name="worldsim eye")
        self._looks = spec.compile()
        self._owner = np.append(self._looks.geom_bodyid - 1, -1).astype(np.int32)

    @property
    def camera(self) -> Camera:
        """The model's first camera now; without one, where Gymnasium's viewer would look from."""
        model, data = self._env.model, self._env.data
        if model.ncam:
            pose = np.eye(4)
            pose[:3, :3] = data.cam_xmat[0].reshape(3, 3) * [1, -1, -1]  # MuJoCo's cameras look along -z, y up
            pose[:3, 3] = data.cam_xpos[0]
            focal = 0.5 / np.tan(np.deg2rad(model.cam_fovy[0]) / 2)
            return Camera(pose, np.array([[focal, 0, 0.5], [0, focal, 0.5], [0, 0, 1.0]]))
        asked = {"azimuth": 90.0, "elevation": -45.0, "distance": 1.5 * model.stat.extent, "lookat": model.stat.center}
        asked |= self._env.mujoco_renderer.default_cam_config or {}
        if asked.get("trackbodyid", -1) >= 0:
            asked["lookat"] = data.xpos[asked["trackbodyid"]]
        turn, tilt = np.deg2rad(asked["azimuth"]), np.deg2rad(asked["elevation"])
        forward = np.array([np.cos(tilt) * np.cos(turn), np.cos(tilt) * np.sin(turn), np.sin(tilt)])
        at = np.asarray(asked["lookat"], float)
        return Camera.look(at - asked["distance"] * forward, at, fov=float(model.vis.global_.fovy), size=1)

    def reset(self, seed: int) -> None:
        """Begin as the env begins."""
        self._env.reset(seed=seed)
        self._derive()

    def step(self, action: Any) -> tuple[float, bool]:
        """One step of the env."""
        _, reward, ended, _, _ = self._env.step(action)
        self._derive()
        return float(reward), bool(ended)

    def draw(self, camera: Camera, size: int, *, depth: bool = False, segmentation: bool = False) -> Picture:
        """Take a picture; its segmentation numbers the bodies."""
        seen = self._renderer.draw(self._looks, self._env.data, camera, size, depth=depth, segmentation=segmentation)
        return seen if seen.segmentation is None else seen._replace(segmentation=self._owner[seen.segmentation])

    def truth(self, camera: Camera, size: int) -> Truth:
        """Positions and velocities of the joints, and the exact state."""
        return {"qpos": self._env.data.qpos.copy(), "qvel": self._env.data.qvel.copy(), **self.save()}

    def save(self) -> dict[str, np.ndarray]:
        """The exact state."""
        state = np.empty(mujoco.mj_stateSize(self._env.model, STATE))
        mujoco.mj_getState(self._env.model, self._env.data, state, STATE)
        return {"simulator": state}

    def restore(self, seed: int, applied: tuple[str, ...], state: Mapping[str, np.ndarray]) -> None:
        """Return to a state."""
        self._env.reset(seed=seed)
        mujoco.mj_setState(self._env.model, self._env.data, state["simulator"], STATE)
        self._derive()

    def intervene(self, change: str) -> None:
        """Nobody calls this: there are no changes."""
        raise ValueError(f"there is no change {change!r} in a Gymnasium env")

    def arms(self) -> Mapping[str, Arm]:
        """Nothing is asked of a Gymnasium env."""
        return {}

    def describe(self, states: Mapping[str, np.ndarray], poses: Float64[np.ndarray, "t 4 4"]) -> Mapping[str, str]:
        """Nobody here finds words."""
        return {}

    def expert(self, rng: np.random.Generator) -> Any:
        """Nobody here knows how to run."""
        raise ValueError("a Gymnasium env comes with no expert; 'expert' is in `capabilities` where there is one")

    def _derive(self) -> None:
        """Bring poses up to the state, at each step alike, so that a restored env goes on as the first one did."""
        mujoco.mj_fwdPosition(self._env.model, self._env.data)
        mujoco.mj_fwdVelocity(self._env.model, self._env.data)
