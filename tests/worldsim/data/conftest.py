import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parent))  # so that "tiny_world:Tiny-v0" can be made, in workers too

from worldsim.data.record import record
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


@pytest.fixture(scope="session")
def recorded(tmp_path_factory):
    """A small recording that nobody changes."""
    path = tmp_path_factory.mktemp("recorded") / "tiny"
    record(TINY, str(path), episodes=12, steps=10, size=16, depth=True, segmentation=True)
    return path
