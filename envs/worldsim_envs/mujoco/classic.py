"""MuJoCo's own GL renderer, off screen through EGL or OSMesa.

One pass gives colour and depth, a second the ids. Shadows are off unless asked for: they cost several times the rest.
"""

# pyright: reportAttributeAccessIssue=false
# MuJoCo's bindings are compiled and bring no stubs.

import importlib

import mujoco
import numpy as np

from worldsim_envs.cameras import Camera
from worldsim_envs.scene import Picture

LARGEST = 1024
"""The largest picture, in pixels across: how large the buffer off screen is."""


class Classic:
    """Draws with MuJoCo's GL.

    Args:
        platform: "egl" or "osmesa".
        shadows: Whether lights that cast shadows do.
    """

    def __init__(self, platform: str, *, shadows: bool = False):
        self.name = f"classic-{platform}"
        self.shadows = shadows
        self._window = importlib.import_module(f"mujoco.{platform}").GLContext(LARGEST, LARGEST)
        self._option = mujoco.MjvOption()
        self._view = mujoco.MjvCamera()
        self._view.type = int(mujoco.mjtCamera.mjCAMERA_FREE)
        self._model: mujoco.MjModel | None = None
        self._kind: tuple | None = None

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
        """A square picture; see `Renderer`."""
        self._window.make_current()
        self._prepare(model)
        scene = self._scene
        mujoco.mjv_updateScene(model, data, self._option, None, self._view, int(mujoco.mjtCatBit.mjCAT_ALL), scene)
        near, far = (float(np.float32(edge * model.stat.extent)) for edge in (model.vis.map.znear, model.vis.map.zfar))
        self._aim(camera, size, near, far)
        frame = mujoco.MjrRect(0, 0, size, size)
        scene.flags[int(mujoco.mjtRndFlag.mjRND_SHADOW)] = self.shadows
        scene.flags[int(mujoco.mjtRndFlag.mjRND_REFLECTION)] = False

        rgb = np.empty((size, size, 3), np.uint8)
        mujoco.mjr_render(frame, scene, self._context)
        mujoco.mjr_readPixels(rgb, None, frame, self._context)
        if not (depth or segmentation):
            return Picture(rgb[::-1].copy())

        # Ids are drawn as flat colours, unsmoothed; depth is read from the same pass, so that the two agree.
        coded, near_is_one = np.empty_like(rgb), np.empty((size, size), np.float32)
        flags = [int(mujoco.mjtRndFlag.mjRND_SEGMENT), int(mujoco.mjtRndFlag.mjRND_IDCOLOR)]
        scene.flags[flags] = True
        mujoco.mjr_render(frame, scene, self._context)
        mujoco.mjr_readPixels(coded, near_is_one, frame, self._context)
        scene.flags[flags] = False
        return Picture(
            rgb[::-1].copy(),
            _metres(near_is_one[::-1].astype(np.float64), near, far) if depth else None,
            self._geoms(coded[::-1].astype(np.int32)) if segmentation else None,
        )

    def _prepare(self, model: mujoco.MjModel):
        """What is on the graphics card: it holds a kind of model (its assets, its capacity), not an episode."""
        if model is self._model:
            return
        self._model = model
        kind = (model.ngeom, model.tex_data.tobytes(), model.mesh_vert.tobytes(), model.hfield_data.tobytes())
        if kind == self._kind:
            return
        quality = (model.vis.quality.offsamples, model.vis.quality.shadowsize)
        window = (model.vis.global_.offwidth, model.vis.global_.offheight)
        model.vis.quality.offsamples, model.vis.quality.shadowsize = 4, 1024 if self.shadows else 0
        model.vis.global_.offwidth = model.vis.global_.offheight = LARGEST
        self._context = mujoco.MjrContext(model, int(mujoco.mjtFontScale.mjFONTSCALE_100))
        model.vis.quality.offsamples, model.vis.quality.shadowsize = quality
        model.vis.global_.offwidth, model.vis.global_.offheight = window
        mujoco.mjr_setBuffer(int(mujoco.mjtFramebuffer.mjFB_OFFSCREEN), self._context)
        self._context.readDepthMap = int(mujoco.mjtDepthMap.mjDEPTH_ZEROFAR)
        self._scene = mujoco.MjvScene(model, maxgeom=model.ngeom + 100)
        self._kind = kind

    def _aim(self, camera: Camera, size: int, near: float, far: float):
        """Give both eyes of MuJoCo's viewer our pose and a frustum with our intrinsics."""
        (fx, _, cx), (_, fy, cy), _ = camera.intrinsics
        for eye in self._scene.camera:
            eye.pos, eye.forward, eye.up = camera.pose[:3, 3], camera.pose[:3, 2], -camera.pose[:3, 1]
            eye.orthographic = 0
            eye.frustum_near, eye.frustum_far = near, far
            eye.frustum_center = near * (size / 2 - cx) / fx
            eye.frustum_width = near * size / 2 / fx
            eye.frustum_bottom, eye.frustum_top = -near * (size - cy) / fy, near * cy / fy

    def _geoms(self, coded):
        number = coded[..., 0] + (coded[..., 1] << 8) + (coded[..., 2] << 16)
        geoms = np.full(self._scene.ngeom + 1, -1, np.int32)
        for shape in self._scene.geoms[: self._scene.ngeom]:
            if shape.segid >= 0 and int(shape.objtype) == int(mujoco.mjtObj.mjOBJ_GEOM):
                geoms[shape.segid + 1] = shape.objid
        return geoms[number]


def _metres(near_is_one: np.ndarray, near: float, far: float) -> np.ndarray:
    """Planar depth from a reversed depth buffer, which holds 1 at the near plane and 0 at the far one."""
    metres = near * far / (near + near_is_one * (far - near))
    return np.where(near_is_one > 0, metres, np.inf).astype(np.float32)
