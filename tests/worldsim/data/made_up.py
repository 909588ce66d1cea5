"""What the tests of data make up, and how they compare."""

from collections import OrderedDict
from pathlib import Path

import numpy as np
import torch
from gymnasium import spaces

from worldsim.types import Episode

TINY = "tiny_world:Tiny-v0"


def files(path):
    """All that a dataset holds: content by name."""
    return {str(part.relative_to(path)): part.read_bytes() for part in sorted(Path(path).rglob("*")) if part.is_file()}


def same(one, other):
    """Whether two episodes are equal to the byte, in every field."""
    for name, left in vars(one).items():
        right = getattr(other, name)
        if isinstance(left, np.ndarray):
            assert (left.dtype, left.shape) == (right.dtype, right.shape), name
            assert left.tobytes() == right.tobytes(), name
        elif name == "states":
            assert list(left) == list(right)
            for key, values in left.items():
                assert (values.dtype, values.shape) == (right[key].dtype, right[key].shape), key
                assert values.tobytes() == right[key].tobytes(), key
        else:
            assert left == right and type(left) is type(right), name
    return True


def episode(seed=0, steps=5, size=(16, 16), **fields):
    """An episode whose every frame and every action can be told from all others."""
    rng = np.random.default_rng(seed)
    frames = np.zeros((steps + 1, *size, 3), np.uint8)
    frames[..., 0], frames[..., 1] = seed, np.arange(steps + 1)[:, None, None]
    actions = np.stack([np.full(steps, seed), np.arange(steps)], axis=1).astype(np.float32)
    given = {"actions": actions, "frames": frames, "fps": 20.0, "scene": "Made-v0", "seed": seed, "policy": "walk"}
    return Episode(**{**given, "states": {"x": rng.normal(size=(steps + 1, 3))}, **fields})


def told(clip):
    """Which episode, and which frame of it, each frame of a clip shows."""
    pixels = torch.round((clip.frames[:, :, :2, 0, 0] + 1) * 127.5).long()
    return pixels[..., 0], pixels[..., 1]


def equal(one, other):
    """Whether clips are the same, to what they tell of cameras."""
    if one is None or isinstance(one, torch.Tensor):
        return one is other if one is None else torch.equal(one, other)
    return all(equal(left, right) for left, right in zip(one, other, strict=True))


SPACES = [
    spaces.Box(-1, 1, (6,)),
    spaces.Box(np.float32([-np.inf, 0]), np.float32([np.inf, 0.1])),
    spaces.Box(0, 255, (4, 4, 3), np.uint8),
    spaces.Box(-np.inf, np.inf, (2, 2), np.float64),
    spaces.Box(-1, 1, (0,)),
    spaces.Box(-1, 1, ()),
    spaces.Discrete(3, start=-1),
    spaces.MultiBinary(4),
    spaces.MultiBinary([2, 3]),
    spaces.MultiDiscrete([3, 4]),
    spaces.Dict({"camera": spaces.Box(-180, 180, (2,)), "attack": spaces.Discrete(2)}),
    spaces.Dict(
        OrderedDict([("use", spaces.Discrete(2)), ("back", spaces.Discrete(2)), ("forward", spaces.Discrete(2))])
    ),
    spaces.Tuple([spaces.Discrete(2), spaces.Box(0, 1, (2,))]),
]
