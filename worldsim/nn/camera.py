"""Where each token is seen from, and in which direction: the rays of a moving camera.

A ray is six numbers, its direction and its moment: where it starts crossed with where it goes, which is the same from
wherever on the ray one starts. Rays are told from where the first frame was seen, so to move the whole world changes
nothing. Zeros stand for a camera that is not known: they add nothing to a token.

Source: Pluecker 1865; Sitzmann et al. 2021, "Light Field Networks"; He et al. 2024, "CameraCtrl" (as a condition of
video).
"""

import torch
from jaxtyping import Float
from torch import Tensor, nn

from worldsim.nn.tokens import symlog
from worldsim.types import Camera


def whence(poses: Float[Tensor, "b 4 4"]) -> Float[Tensor, "b 4 4"]:
    """World to camera, for cameras that are rigid; zeros where a camera is not known, and so is zeros."""
    turned = poses[:, :3, :3].mT
    back = torch.zeros_like(poses)
    back[:, :3, :3], back[:, :3, 3:], back[:, 3, 3] = turned, -turned @ poses[:, :3, 3:], poses[:, 3, 3]
    return back


def rays_of(
    camera: Camera, origin: Float[Tensor, "b 4 4"], high: int, wide: int, side: int
) -> Float[Tensor, "b t {high}*{wide} 6"]:
    """The ray through the middle of each token of each frame, direction before moment.

    Args:
        camera: Poses and intrinsics of the frames; pixels are square to the axes (K has no skew).
        origin: World to the camera that rays are told from, as of `whence`.
        high: Tokens of a frame from top to bottom.
        wide: From left to right.
        side: Of a token in pixels.
    """
    poses, lenses = camera.poses.double(), camera.intrinsics.double()
    known = (origin[:, None, 3, 3] * poses[..., 3, 3] * lenses[..., 2, 2])[..., None, None] > 0
    y, x = torch.meshgrid(
        *(side * (torch.arange(count, device=poses.device, dtype=poses.dtype) + 0.5) for count in (high, wide)),
        indexing="ij",
    )
    lenses = torch.where(known, lenses, torch.eye(3, device=poses.device, dtype=poses.dtype))
    spread = torch.stack([lenses[..., 0, 0], lenses[..., 1, 1]], dim=-1)[:, :, None]
    from_middle = torch.stack([x.flatten(), y.flatten()], dim=-1) - lenses[:, :, None, :2, 2]
    ahead = torch.cat([from_middle / spread, torch.ones_like(from_middle[..., :1])], dim=-1)
    seen_from = origin[:, None].double() @ poses
    directions = nn.functional.normalize(ahead @ seen_from[..., :3, :3].mT, dim=-1)
    starts = seen_from[..., None, :3, 3].expand_as(directions)
    return torch.where(known, torch.cat([directions, torch.linalg.cross(starts, directions)], dim=-1), 0.0).float()


class RayEmbedding(nn.Module):
    """Rays to features that are added to tokens; nothing is added before something is learned.

    Args:
        width: Features d of a token.
    """

    def __init__(self, width: int):
        super().__init__()
        self.project = nn.Linear(6, width, bias=False)
        nn.init.zeros_(self.project.weight)

    def forward(self, rays: Float[Tensor, "b t g 6"]) -> Float[Tensor, "b t g d"]:
        """Embed one ray a token. Moments are in metres from the first camera, and may be large."""
        directions, moments = rays.split(3, dim=-1)
        return self.project(torch.cat([directions, symlog(moments)], dim=-1))
