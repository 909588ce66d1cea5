"""Day and night: where the sun is, what light falls, and which colours the sky has, by the time of day.

A day has 24,000 ticks (20 minutes) and begins at sunrise, as in Minecraft: 6,000 is noon, 12,000 sunset.
"""

import numpy as np

from worldsim_envs.minecraft.seen import Air

DAY = 24_000
"""Ticks a day."""

NOON, NIGHT = 5_000, 17_000
"""Times of day that are wholly light and wholly dark."""

DRIFT = 0.03
"""How far clouds go in a tick (m)."""

LEAN = 0.45
"""How far the sun's way leans from overhead (rad)."""

VIEW = 72.0
"""From how far on nothing is seen for haze (m)."""


def air(time: int, template: str, beyond: tuple[float, int] = (0.0, -1)) -> Air:
    """What the light and the sky are at a time of day (ticks); the palette's light is white, so that hues stay.

    `beyond` is the height and the kind of the ground outside of the world, -1 for none.
    """
    angle = 2 * np.pi * time / DAY
    sun = np.array([np.cos(angle), np.sin(angle) * np.cos(LEAN), np.sin(angle) * np.sin(LEAN)])
    day = float(np.clip(2.2 * sun[1] + 0.35, 0, 1))
    dusk = float(np.clip(1 - abs(sun[1] + 0.02) * 4, 0, 1)) * (1 - 0.3 * (1 - day))
    white = template == "palette"
    light = 0.12 + 0.88 * day
    glare = light * (np.ones(3) if white else np.array([1, 1, 1]) - (1 - day) * np.array([0.30, 0.22, 0.0]))
    zenith = day * np.array([0.32, 0.55, 0.92]) + (1 - day) * np.array([0.015, 0.02, 0.06])
    horizon = day * np.array([0.74, 0.85, 0.95]) + (1 - day) * np.array([0.05, 0.06, 0.12])
    horizon = horizon + 0.6 * dusk * (np.array([0.95, 0.55, 0.30]) - horizon)
    if template == "held-out":
        zenith, horizon = zenith[[1, 1, 2]] * [0.9, 0.8, 0.85], horizon * [1.0, 0.93, 0.90]
    disc = np.array([1.0, 0.97, 0.80]) if sun[1] > 0 else np.array([0.86, 0.88, 0.92])
    warmth = np.array([1.0, 0.86, 0.64])
    if white:
        zenith, horizon, disc, warmth = (_pale(colour) for colour in (zenith, horizon, disc, warmth))
    high = max(float(sun[1]), 0.0)
    fill = 0.62 + 0.04 * np.array([0.5, -0.5, 0.0, 0.0, -1.0, 1.0])
    normals = np.array([[-1, 0, 0], [1, 0, 0], [0, -1, 0], [0, 1, 0], [0, 0, -1], [0, 0, 1.0]])
    shades = fill + 0.30 * np.clip(normals @ sun, 0, 1) * (0.3 + 0.7 * high)
    shades[2], shades[3] = 0.46, 0.90 + 0.10 * high
    cover = {"palette": 0.22, "textured": 0.30, "held-out": 0.45}[template]
    return Air(
        sun=sun,
        shades=shades,
        glare=glare,
        warmth=warmth,
        zenith=zenith,
        horizon=horizon,
        disc=disc,
        cloud=np.array([cover, 60.0, DRIFT * time]),
        haze=np.array([VIEW, 0.90 if white else 0.62]),
        beyond=np.array(beyond, float),
    )


def phase(time: int) -> str:
    """The time of day in a word of `captions.LIGHTS`: day while the sun's light is whole, night without any."""
    height, rising = np.sin(2 * np.pi * time / DAY), np.cos(2 * np.pi * time / DAY) > 0
    day = 2.2 * np.cos(LEAN) * height + 0.35
    return "day" if day >= 1 else "night" if day <= 0 else "dawn" if rising else "dusk"


def _pale(colour: np.ndarray) -> np.ndarray:
    """Nearly grey: no hue that a reader of colours would see."""
    grey = float(np.dot(colour, (0.3, 0.55, 0.15)))
    return grey + 0.06 * (colour - grey)
