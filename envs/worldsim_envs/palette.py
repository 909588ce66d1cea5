"""The hues that things have. Eight, as far apart as eight can be, so that a colour names a thing.

Measured around the grey axis they stand 45 degrees apart; worlds paint everything else grey and light it in white,
which scales a colour but does not turn it. Each uses the whole range between the darkest and the lightest channel.
"""

import numpy as np
from jaxtyping import Float64

NAMES = ("red", "amber", "lime", "green", "cyan", "blue", "violet", "pink")
"""The hues' names, by palette index."""

DARK, LIGHT = 0.06, 0.94


def _wheel(count: int) -> Float64[np.ndarray, "n 3"]:
    degrees = np.arange(count) * 360 / count
    channels = np.cos(np.deg2rad(degrees[:, None] - np.array([0, 120, 240])))
    low, high = channels.min(1, keepdims=True), channels.max(1, keepdims=True)
    return DARK + (LIGHT - DARK) * (channels - low) / (high - low)


RGB = _wheel(len(NAMES))
"""Each hue in [0, 1], by palette index: the colour of the paint, before any light falls on it."""
