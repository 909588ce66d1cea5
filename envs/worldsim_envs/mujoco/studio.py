"""The room that our MuJoCo scenes stand in: grey, lit in white, so that colour belongs to things alone."""

# pyright: reportAttributeAccessIssue=false
# MuJoCo's bindings are compiled and bring no stubs.

import mujoco
import numpy as np
from jaxtyping import UInt8

REACH = 4.0
"""The size of a scene (m), the same for all: the renderers derive their near and far planes from it."""


def blank() -> mujoco.MjSpec:
    """A world with nothing in it, seen as far and as near as all ours are; nothing shines by the viewer's own light."""
    spec = mujoco.MjSpec()
    spec.stat.extent, spec.stat.center = REACH, [0.0, 0.0, 0.0]
    spec.visual.map.znear, spec.visual.map.zfar = 0.01, 10.0
    spec.visual.headlight.specular = [0.0] * 3
    return spec


def studio(rng: np.random.Generator, *, wall: float | None = 2.4, slant: float = 0.6) -> mujoco.MjSpec:
    """A table top at z = 0 with, `wall` metres behind its middle, a wall; shades of grey and lights vary a little.

    Shadows fall away from the camera, and to one side by up to `slant` of a thing's height; at least half of that.
    Together the lights never exceed 1, so no paint is clipped and every hue keeps its direction.
    """
    spec = blank()
    spec.visual.headlight.ambient = [0.30] * 3
    spec.visual.headlight.diffuse = [0.16] * 3
    world = spec.worldbody
    top = rng.uniform(0.56, 0.70)
    world.add_geom(name="table", type=mujoco.mjtGeom.mjGEOM_PLANE, size=[8, 8, 1], rgba=[top, top, top, 1])
    if wall is not None:
        shade = top + rng.uniform(0.06, 0.14)
        world.add_geom(
            name="wall",
            type=mujoco.mjtGeom.mjGEOM_BOX,
            pos=[0, wall + 0.1, 2],
            size=[8, 0.1, 2],
            rgba=[shade] * 3 + [1],
            contype=0,
            conaffinity=0,
        )
    key, side = rng.uniform(0.40, 0.48), rng.choice([-1, 1])
    for strength, lean, casts in ((key, side * rng.uniform(slant / 2, slant), True), (0.54 - key, side * -0.8, False)):
        world.add_light(
            type=mujoco.mjtLightType.mjLIGHT_DIRECTIONAL,
            pos=[0, 0, 4],
            dir=[lean, rng.uniform(0.6, 0.9), -1],
            diffuse=[strength] * 3,
            ambient=[0.0] * 3,
            specular=[0.12] * 3 if casts else [0.0] * 3,
            castshadow=casts,
        )
    return spec


def tray(spec: mujoco.MjSpec, wide: float, deep: float, *, high: float, shade: float) -> None:
    """Four walls around the middle of the table: inside `wide` and `deep` metres to either side, `high` metres high."""
    thick = 0.03
    for name, x, y, half in (
        ("left", -wide - thick, 0.0, (thick, deep + 2 * thick)),
        ("right", wide + thick, 0.0, (thick, deep + 2 * thick)),
        ("front", 0.0, -deep - thick, (wide, thick)),
        ("back", 0.0, deep + thick, (wide, thick)),
    ):
        spec.worldbody.add_geom(
            name=f"{name} wall",
            type=mujoco.mjtGeom.mjGEOM_BOX,
            pos=[x, y, high / 2],
            size=[*half, high / 2],
            rgba=[shade] * 3 + [1],
        )


PATTERNS = ("plain", "checker", "stripes", "clouds", "grain")
"""The textures that there are, all shades of grey: a geom's own colour is multiplied by them."""


def _pattern(name: str, side: int = 64) -> UInt8[np.ndarray, "s s 3"]:
    """A texture that joins to itself at its edges."""
    v, u = np.mgrid[:side, :side] / side
    rng = np.random.default_rng(PATTERNS.index(name))
    waves = rng.integers(-5, 6, (24, 2))
    shade = {
        "plain": np.ones((side, side)),
        "checker": 0.55 + 0.45 * ((np.floor(4 * u) + np.floor(4 * v)) % 2),
        "stripes": 0.75 + 0.25 * np.sign(np.sin(2 * np.pi * 6 * u)),
        "clouds": 0.75 + 0.05 * sum(np.sin(2 * np.pi * (a * u + b * v) + rng.uniform(0, 6.3)) for a, b in waves),
        "grain": rng.uniform(0.5, 1.0, (side // 4, side // 4)).repeat(4, 0).repeat(4, 1),
    }[name]
    return np.repeat(np.round(255 * shade.clip(0.4, 1.0)).astype(np.uint8)[..., None], 3, -1)


def cover(spec: mujoco.MjSpec, template: str, seed: int) -> None:
    """Lay textures over a finished world.

    `textured` gives every thing a pattern and the room a pattern and a tint, so that colour no longer tells what is a
    thing; `held-out` gives the room a grey checker that no other template has, and leaves the things as they are.
    Every world has the same textures and one material a geom, so a renderer takes them all for the same kind.
    """
    rng = np.random.default_rng([seed, 7])
    for name in PATTERNS:
        texture = spec.add_texture(name=name, type=mujoco.mjtTexture.mjTEXTURE_2D, width=64, height=64, nchannel=3)
        texture.data = _pattern(name).tobytes()
    for number, geom in enumerate(spec.geoms):
        room = geom.name.split(" ")[0] in ("table", "wall")
        pattern = PATTERNS[int(rng.integers(1, len(PATTERNS)))]
        tint = 1 - rng.uniform(0, 0.35, 3)
        if template == "held-out":
            pattern, tint = "checker" if room else "plain", np.ones(3)
        elif not room:
            tint = np.ones(3)
        rgba = np.append(geom.rgba[:3] * tint, geom.rgba[3])
        material = spec.add_material(name=f"coat {number}", rgba=rgba, specular=0.5, shininess=0.5)
        material.textures[mujoco.mjtTextureRole.mjTEXROLE_RGB] = pattern
        material.texuniform, material.texrepeat = room, ([1.5, 1.5] if room else [2.0, 2.0])
        if geom.rgba[3]:
            geom.rgba, geom.material = rgba, material.name
