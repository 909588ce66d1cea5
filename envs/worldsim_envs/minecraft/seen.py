"""What there is for a ray to meet: blocks and the light among them, bodies, the air; and how kernels read it."""

from typing import NamedTuple

import numpy as np
from jaxtyping import Float64, Int32, UInt8

from worldsim_envs import palette
from worldsim_envs.minecraft import blocks
from worldsim_envs.minecraft.blocks import BOX
from worldsim_envs.minecraft.textures import Look

MOST = 64
"""How many bodies can be drawn."""


class Bodies(NamedTuple):
    """What is there besides blocks: boxes that stand anywhere, turned about the vertical.

    Attributes:
        place: Centre x y z (m), half extent (m), cosine and sine of the turn.
        kind: Which row of the look covers it, and which index it has in the segmentation.
    """

    place: Float64[np.ndarray, "m 8"]
    kind: Int32[np.ndarray, "m 2"]


class Air(NamedTuple):
    """What light falls, and what is where no block is.

    Attributes:
        sun: The unit vector towards it.
        shades: How bright each face is in the open, in the order of `textures.FACES`.
        glare: The colour of sky light, by channel: day and night.
        warmth: The colour of block light, by channel.
        zenith, horizon: The sky's colours straight up and level.
        disc: The colour of the sun, or of the moon opposite to it.
        cloud: How much of the sky is covered, how high that is (m), and how far it has drifted (m).
        haze: From where on nothing is seen (m), and how opaque water is.
        beyond: How high the ground outside the world is (m), and of which kind it is.
    """

    sun: Float64[np.ndarray, " 3"]
    shades: Float64[np.ndarray, " 6"]
    glare: Float64[np.ndarray, " 3"]
    warmth: Float64[np.ndarray, " 3"]
    zenith: Float64[np.ndarray, " 3"]
    horizon: Float64[np.ndarray, " 3"]
    disc: Float64[np.ndarray, " 3"]
    cloud: Float64[np.ndarray, " 3"]
    haze: Float64[np.ndarray, " 2"]
    beyond: Float64[np.ndarray, " 2"]


class Seen(NamedTuple):
    """The world as a ray meets it.

    Attributes:
        blocks, room, light: See `blocks` and `fields`.
        look: See `textures`.
        ids: The index in the segmentation of each kind of block.
        bodies: What is no block.
        air: See `Air`.
        crack: The cell that is being broken, and how far (0 to 9; below 0 is none).
    """

    blocks: UInt8[np.ndarray, "x y z"]
    room: UInt8[np.ndarray, "8 x y z"]
    light: UInt8[np.ndarray, "x y z"]
    look: Look
    ids: Int32[np.ndarray, " k"]
    bodies: Bodies
    air: Air
    crack: Int32[np.ndarray, " 4"]


SUN, SHADES, GLARE, WARMTH, ZENITH, HORIZON, DISC, CLOUD, HAZE, BEYOND = 0, 3, 9, 12, 15, 18, 21, 24, 27, 29
"""Where each of `Air`'s attributes begins in the vector that the kernels read."""

FORMS = (WHOLE, PART, PANE, SURFACE) = (0, 1, 2, 3)
"""How a ray meets a kind: a whole cell, a box within it, a pane between its frame, the surface of a liquid."""


def _traits() -> Float64[np.ndarray, "k 9"]:
    """What rays need to know of each row of a look: its form, whether it is opaque and shines, its box in its cell."""
    form = np.where((BOX == blocks.WHOLE).all(1), WHOLE, PART)
    form[blocks.LIQUID > 0] = SURFACE
    form[blocks.INDEX["glass"]] = PANE
    kinds = np.column_stack([form, blocks.OPAQUE, blocks.LIGHT > 0, BOX / 16.0]).astype(float)
    return np.concatenate([kinds, np.zeros((2 * len(palette.RGB), kinds.shape[1]))])  # skins and carts do not shine


TRAITS = _traits()
FORM, OPAQUE, SHINES, LOW, HIGH = 0, 1, 2, 3, 6
"""What rays know of each row of a look, and where each of it begins."""
