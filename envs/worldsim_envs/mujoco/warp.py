"""The ray caster: colour, depth and ids in one pass, shadows included, with no GL.

Preparing a model for mujoco-warp costs about a tenth of a second, so it is done once for each *kind* of model (as many
geoms, lights and bodies, the same assets) and each size; a new episode only writes its shapes, paints and poses into
the arrays that are there. Rays come from our own camera matrix, so a picture can be taken from anywhere.

Edges are smoothed where they are: rays through the pixel centres give the picture and its labels, then a pixel is
looked at once more on each side on which its neighbour differs from it.
"""

# pyright: reportAttributeAccessIssue=false
# MuJoCo's bindings are compiled and bring no stubs.

import mujoco
import numpy as np
import warp as wp
from jaxtyping import Bool, UInt8

from worldsim_envs import devices
from worldsim_envs.cameras import Camera
from worldsim_envs.scene import Picture

devices.begin()

import mujoco_warp as mjw  # noqa: E402  it must find Warp quiet

PAINTS = (
    *("geom_type", "geom_size", "geom_rgba", "geom_matid", "geom_dataid"),
    *("mat_rgba", "mat_emission", "mat_specular", "mat_shininess", "mat_texid", "mat_texrepeat"),
    *("light_type", "light_castshadow", "light_active", "light_ambient", "light_diffuse", "light_specular"),
)
"""What an episode may change about a model without its being another kind of model."""

POSES = ("geom_xpos", "geom_xmat", "light_xpos", "light_xdir")

PRIMITIVES = (0, 2, 3, 4, 5, 6)  # plane, sphere, capsule, ellipsoid, cylinder, box: the kernel is compiled for these

SIDES = np.array([(1, 0), (-1, 0), (0, 1), (0, -1)])
"""The neighbours of a pixel: right, left, below, above."""

ASIDE, SHARE = 0.35, 0.375
"""How far from a pixel's centre another ray goes (px), and the share of the pixel's width that it speaks for. Of many
such pairs of numbers this one came nearest to pictures of 64 rays a pixel."""

EDGE = 10
"""A step between neighbours of more than this in any channel (of 255) is an edge."""


class Warp:
    """Draws with mujoco-warp.

    Args:
        device: "cpu" or "cuda:0".
        shadows: Whether lights that cast shadows do.
    """

    def __init__(self, device: str, *, shadows: bool = True):
        self.name = f"warp-{device.split(':')[0]}"
        self.device, self.shadows = device, shadows
        self._stages: dict[tuple, _Stage] = {}
        self._model, self._kind = None, ()

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
        with wp.ScopedDevice(self.device):
            if model is not self._model:
                self._model, self._kind = model, _kind(model)
            stage = (size, *self._kind)
            if stage not in self._stages:
                self._stages[stage] = _Stage(model, size, self.shadows)
            return self._stages[stage].draw(model, data, camera, depth, segmentation)


def _kind(model: mujoco.MjModel) -> tuple:
    """What two models must share to be drawn with the same arrays and the same compiled kernel."""
    looks = (model.stat.extent, model.vis.map.zfar, model.vis.headlight.active)
    lamps = (*model.vis.headlight.ambient, *model.vis.headlight.diffuse, *model.vis.headlight.specular)
    assets = (
        model.tex_data.tobytes(),
        model.mesh_vert.tobytes(),
        model.hfield_data.tobytes(),
        model.geom_group.tobytes(),
    )
    spots = (model.light_type.tobytes(), model.light_attenuation.tobytes())
    return (model.nbody, model.ngeom, model.nlight, model.nmat, model.nq, *looks, *lamps, hash(assets), hash(spots))


class _Stage:
    """One kind of model at one size: its arrays on the device."""

    def __init__(self, model: mujoco.MjModel, size: int, shadows: bool):
        self.size = size
        self.model = mjw.put_model(model)
        data = mujoco.MjData(model)
        mujoco.mj_forward(model, data)
        self.data = mjw.put_data(model, data, nworld=1)

        def rays(width: int, height: int, labels: bool):
            context = mjw.create_render_context(
                model,
                nworld=1,
                cam_res=(width, height),
                cam_active=[0],
                render_rgb=True,
                render_depth=labels,
                render_seg=labels,
                use_shadows=shadows,
                shadow_light_fraction=0.0,
                render_skybox=True,
                background_color=(0.72, 0.74, 0.77, 1.0),
            )
            # A slot may hold a sphere in one episode and a box in the next.
            context.geom_ray_types = tuple(sorted({*PRIMITIVES, *context.geom_ray_types}))
            return context

        self.all = rays(size, size, labels=True)
        self.edges = rays(len(SIDES), size * size, labels=False)
        self._painted = self._aimed = b""

    def draw(self, model: mujoco.MjModel, data: mujoco.MjData, camera: Camera, depth: bool, ids: bool) -> Picture:
        size = self.size
        self._paint(model)
        self._aim(camera)
        for name in POSES:
            _write(getattr(self.data, name), getattr(data, name))
        mjw.refit_bvh(self.model, self.data, self.all)
        mjw.render(self.model, self.data, self.all)
        rgb = _colours(self.all.rgb_data.numpy()[0]).reshape(size, size, 3)

        apart = _apart(rgb).reshape(len(SIDES), -1)
        side, pixel = np.nonzero(apart)
        if len(pixel):
            edges = self.edges
            _write(edges.ray[: len(pixel)], self._aside[side, pixel])
            edges.total_rays = len(pixel)  # as many as there are, of the many that there could be
            edges.bvh_id, edges.group_root = self.all.bvh_id, self.all.group_root
            mjw.render(self.model, self.data, edges)
            flat = rgb.reshape(-1, 3)
            aside = np.zeros((*apart.shape, 3), np.int16)
            aside[side, pixel] = _colours(edges.rgb_data.numpy()[0, : len(pixel)]).astype(np.int16) - flat[pixel]
            # across and down are two opinions about one pixel; where both have something to say, the mean counts
            across, down = apart[:2].any(0), apart[2:].any(0)
            mixed = np.flatnonzero(across | down)
            share = np.where(across & down, SHARE / 2, SHARE)[mixed, None]
            flat[mixed] = np.round(flat[mixed] + share * aside.sum(0, dtype=np.int16)[mixed]).astype(np.uint8)
        far = self.all.depth_data.numpy().reshape(size, size) if depth else None
        return Picture(
            rgb,
            None if far is None else np.where(far > 0, far, np.float32(np.inf)),
            self.all.seg_data.numpy().reshape(size, size, 2)[..., 0].astype(np.int32) if ids else None,
        )

    def _paint(self, model: mujoco.MjModel):
        values = [getattr(model, name) for name in PAINTS]
        if (paint := b"".join(value.tobytes() for value in values)) != self._painted:
            for name, value in zip(PAINTS, values, strict=True):
                if value.size:
                    _write(getattr(self.model, name), value)
            self._painted = paint

    def _aim(self, camera: Camera):
        """Point the rays: along the camera's own, in MuJoCo's camera axes (x right, y up, z backward)."""
        aim = camera.pose.tobytes() + camera.intrinsics.tobytes()
        if aim == self._aimed:
            return
        size, flip = self.size, np.array([1.0, -1.0, -1.0])
        centres = np.stack(np.meshgrid(np.arange(size), np.arange(size)), -1).reshape(-1, 2) + 0.5

        def directions(pixels):
            seen = np.column_stack([pixels, np.ones(len(pixels))]) @ np.linalg.inv(camera.intrinsics).T * flip
            return (seen / np.linalg.norm(seen, axis=1, keepdims=True)).astype(np.float32)

        _write(self.all.ray, directions(centres))
        self._aside = np.stack([directions(centres + ASIDE * side) for side in SIDES])
        eyes = np.tile(camera.pose[:3, 3], (self.model.ncam, 1))
        _write(self.data.cam_xpos, eyes)
        _write(self.data.cam_xmat, np.tile(camera.pose[:3, :3] * flip, (self.model.ncam, 1, 1)))
        self._aimed = aim


def _write(array: wp.array, values: np.ndarray):
    """Copy values into a device array, whatever leading axis of worlds it has."""
    if array.device is not None and array.device.is_cpu:
        view = array.numpy()
        view[...] = np.reshape(values, view.shape)
    else:
        like = array.numpy()
        array.assign(np.ascontiguousarray(np.reshape(values, like.shape), like.dtype))


def _colours(packed: np.ndarray) -> UInt8[np.ndarray, "n 3"]:
    """Blue, green, red and a spare byte of each uint32, as red, green, blue."""
    return packed.view(np.uint8).reshape(-1, 4)[:, 2::-1].copy()


def _apart(rgb: UInt8[np.ndarray, "h w 3"]) -> Bool[np.ndarray, "4 h w"]:
    """Whether each pixel differs from its neighbour on each of `SIDES`."""
    wide = rgb.astype(np.int16)
    apart = np.zeros((len(SIDES), *rgb.shape[:2]), bool)
    across, down = np.abs(wide[:, 1:] - wide[:, :-1]) > EDGE, np.abs(wide[1:] - wide[:-1]) > EDGE
    # three planes one by one, as numpy is slow along a short axis
    apart[0, :, :-1] = apart[1, :, 1:] = across[..., 0] | across[..., 1] | across[..., 2]
    apart[2, :-1] = apart[3, 1:] = down[..., 0] | down[..., 1] | down[..., 2]
    return apart
