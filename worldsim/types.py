"""The nouns that every part shares: Episode, Clip and Rollout, and the one legend of axis letters.

    b      rows of a batch                    n      actions of an episode (which has n+1 frames)
    t      frames of a clip                   a      components of a flattened action
    h w    height and width in pixels         c      channels of a picture
    y x    height and width of a latent       z      channels of a latent
    g      tokens of one frame                d      features of a token
    o      objects of a scene                 k      samples of one future
    q      attention heads

The off-by-one of every rollout is written down here and nowhere else: an episode has one more frame than
actions, and `frames[i + 1]` is what came of `actions[i]`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float, Float32, Float64, Int32, UInt8
from torch import Tensor


@dataclass(frozen=True, eq=False)
class Episode:
    """What happened once in a world, and what was true while it happened.

    Attributes:
        actions: The flattened actions (`gymnasium.spaces.utils.flatten`), one row a step.
        frames: RGB pictures; `frames[0]` is what the reset showed, `frames[i + 1]` what came of `actions[i]`.
        fps: Frames a second (Hz), constant.
        scene: The Gymnasium id of the world, as `gymnasium.make` takes it.
        seed: The seed the world was reset with.
        policy: Who acted: the name of the policy.
        rewards: One a step, where the world gives any.
        poses: Camera-to-world in OpenCV axes (x right, y down, z forward), metres; where the world knows it.
        intrinsics: The matrix K of each frame's camera, in pixels.
        depth: Planar z in metres; +inf where nothing is.
        segmentation: Object ids; -1 is background.
        states: What is true at each frame, by name: object poses, velocities, visibility, contacts. Each has
            one row a frame.
        caption: What happens, in words.
        notes: What else is to be remembered of it, by name, in words: captions of other lengths as `caption.short` and
            `caption.long`, what was varied or changed as `variation.*`.

    Raises:
        ValueError: Where the parts do not belong together: a frame too few, another length, a frame rate of zero.
    """

    actions: Float32[np.ndarray, "n a"]
    frames: UInt8[np.ndarray, "n+1 h w 3"]
    fps: float
    scene: str
    seed: int
    policy: str = ""
    rewards: Float32[np.ndarray, " n"] | None = None
    poses: Float64[np.ndarray, "n+1 4 4"] | None = None
    intrinsics: Float64[np.ndarray, "n+1 3 3"] | None = None
    depth: Float32[np.ndarray, "n+1 h w"] | None = None
    segmentation: Int32[np.ndarray, "n+1 h w"] | None = None
    states: Mapping[str, np.ndarray] = field(default_factory=dict)
    caption: str = ""
    notes: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self):
        if self.frames.ndim != 4 or self.frames.shape[-1] != 3 or self.frames.dtype != np.uint8:
            raise ValueError(
                f"frames came as {self.frames.dtype} {list(self.frames.shape)}; an episode holds uint8 "
                "[n+1, height, width, 3]: drop an alpha channel, and scale floats to 0..255"
            )
        if self.actions.ndim != 2:
            raise ValueError(
                f"actions came with shape {list(self.actions.shape)}; an episode holds [n, a]: "
                "flatten each with gymnasium.spaces.utils.flatten"
            )
        if not self.fps > 0:
            raise ValueError(f"fps came as {self.fps}; it is in Hz and above zero")
        steps = len(self.actions)
        per_frame = {
            "frames": self.frames,
            "poses": self.poses,
            "intrinsics": self.intrinsics,
            "depth": self.depth,
            "segmentation": self.segmentation,
            **{f"states[{name!r}]": values for name, values in self.states.items()},
        }
        for name, values in per_frame.items():
            if values is not None and len(values) != steps + 1:
                raise ValueError(
                    f"{name} has {len(values)} rows beside {steps} actions; an episode has one more frame than "
                    f"actions, so {steps + 1} would do: keep what the reset showed as the first"
                )
        if self.rewards is not None and len(self.rewards) != steps:
            raise ValueError(f"rewards has {len(self.rewards)} rows beside {steps} actions; one a step would do")

    def __len__(self) -> int:
        """The number of steps, n."""
        return len(self.actions)


class Camera(NamedTuple):
    """Where frames were seen from; zeros where that is not known.

    Attributes:
        poses: Camera-to-world in OpenCV axes, metres.
        intrinsics: The matrix K, in pixels.
    """

    poses: Float[Tensor, "b t 4 4"]
    intrinsics: Float[Tensor, "b t 3 3"]


class Clip(NamedTuple):
    """A batch to learn from.

    Attributes:
        frames: In [-1, 1].
        actions: `actions[:, i]` led from `frames[:, i]` to `frames[:, i + 1]`; NaN where it is not known what was done.
        mask: True where a frame is real and not padding.
        camera: Where they were seen from, where that is told.
        text: The words that each is told in, as features; zeros where there is no word. None where nothing is told.
    """

    frames: Float[Tensor, "b t c h w"]
    actions: Float[Tensor, "b t-1 a"]
    mask: Bool[Tensor, "b t"]
    camera: Camera | None = None
    text: Float[Tensor, "b n e"] | None = None


class Pack(NamedTuple):
    """Clips of several sizes and lengths, to be learned from at once.

    Attributes:
        clips: Those of each shape are a Clip of their own.
        spare: Tokens that the clips leave empty, so that each pack is equally large to whoever cuts it into tokens.
    """

    clips: tuple[Clip, ...]
    spare: int = 0


@dataclass(frozen=True, eq=False)
class Rollout:
    """What was seen, what a model imagined came of a plan, and what really did.

    Attributes:
        seen: The frames given to the model.
        imagined: One frame an action of the plan.
        real: What the world did under the same plan, where that is known.
        plan: The actions; `plan[0]` leads from `seen[-1]` to `imagined[0]`.
        fps: Frames a second (Hz).

    Raises:
        ValueError: Where a plan and its frames are not equally long.
    """

    seen: UInt8[np.ndarray, "s h w 3"]
    imagined: UInt8[np.ndarray, "n h w 3"]
    real: UInt8[np.ndarray, "n h w 3"] | None
    plan: Float32[np.ndarray, "n a"]
    fps: float

    def __post_init__(self):
        for name, frames in (("imagined", self.imagined), ("real", self.real)):
            if frames is not None and len(frames) != len(self.plan):
                raise ValueError(
                    f"{name} has {len(frames)} frames beside a plan of {len(self.plan)} actions; one frame an action"
                )
