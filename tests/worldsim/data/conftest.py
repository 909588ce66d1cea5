import sys
from pathlib import Path

import pytest

# so that "tiny_world:Tiny-v0" can be made, in workers too, and that the tests share what they make up
sys.path.insert(0, str(Path(__file__).parent))

from made_up import TINY

from worldsim.data.record import record


@pytest.fixture(scope="session")
def recorded(tmp_path_factory):
    """A small recording that nobody changes."""
    path = tmp_path_factory.mktemp("recorded") / "tiny"
    record(TINY, str(path), episodes=12, steps=10, size=16, depth=True, segmentation=True)
    return path
