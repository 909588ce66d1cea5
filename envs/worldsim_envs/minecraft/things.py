"""The things of a voxel world by slot: which are there, in which hue, where, how fast, and what they touch.

Wool is a block in some cell; a mob is a body that stands anywhere. Wool that is carried becomes a thing where it is put
down, and is none any more where it is broken.
"""

from collections.abc import Mapping, Sequence

import numpy as np
from jaxtyping import Bool, Float64, UInt8

from worldsim_envs import palette
        self.gait = np.array([thing.gait if isinstance(thing, Mob) else -1 for thing in things] + [-1] * rest)
        self.is_mob = self.gait >= 0
        self.cells, self.mobs = np.full((slots, 3), -1), np.zeros((slots, mobs.WIDE))
