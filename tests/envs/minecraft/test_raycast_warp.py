"""Two ray-casters draw one world: what Warp draws is what numba draws."""

import gymnasium
import numpy as np
import pytest

from worldsim_envs.cameras import Camera
from worldsim_envs.minecraft import render, sky, textures
from worldsim_envs.minecraft.blocks import BLOCKS, INDEX, LIQUID
from worldsim_envs.minecraft.fields import Fields
from worldsim_envs.minecraft.raycast_warp import Warp
from worldsim_envs.minecraft.seen import Bodies, Seen

SIZE = 32
SCENES = ("Overworld", "VoxelWater", "VoxelNight")


@pytest.fixture(scope="module")
def warp():
    return render.choose("warp-cpu")


def agree(warp, world, cameras):
    """Draw each camera's picture both ways, and all of them at once; what numba drew."""
    labels = {"depth": True, "segmentation": True}
    drawn = [render.choose("numba").draw(world, camera, SIZE, **labels) for camera in cameras]
    at_once, again = (warp.draw_all(world, cameras, SIZE, **labels) for _ in range(2))
    for ours, theirs, same, camera in zip(drawn, at_once, again, cameras, strict=True):
        assert np.array_equal(ours.segmentation, theirs.segmentation)
        np.testing.assert_allclose(theirs.depth, ours.depth, rtol=1e-4, atol=1e-4)
        assert np.abs(ours.rgb.astype(int) - theirs.rgb).max() <= 1
        one = warp.draw(world, camera, SIZE, **labels)
        for field, copy, alone in zip(theirs, same, one, strict=True):
            assert field.tobytes() == copy.tobytes() == alone.tobytes()
    return drawn


def test_every_kind_of_block_and_a_turned_body_look_the_same(warp):
    rng = np.random.default_rng(0)
    blocks = np.zeros((24, 16, 24), np.uint8)
    blocks[:, :2] = INDEX["stone"]
    blocks[2:8, 1, 2:8] = INDEX["water"]
    kinds = np.arange(1, len(BLOCKS))
    spots = rng.permutation([(x, y, z) for x in range(24) for y in (2, 4) for z in range(24)])[: 4 * len(kinds)]
    blocks[tuple(spots.T)] = np.tile(kinds, 4)
    fields, turn = Fields(blocks), np.array([0.4, 2.5])
    place = np.column_stack([[9.0, 15.5], [6.5, 3.1], [8.0, 15.5], np.full((2, 3), 0.6), np.cos(turn), np.sin(turn)])
    bodies = Bodies(place, np.array([[textures.SKIN, 77], [textures.CART + 2, 78]], np.int32))
    ids = np.arange(-1, len(BLOCKS) - 1, dtype=np.int32)
    seen, kinds_seen = [], set()
    for template, time in (("textured", sky.NOON), ("held-out", sky.NIGHT)):
        air, look = sky.air(time, template, (1.0, INDEX["grass"])), textures.look(template)
        crack = np.array([*spots[0], 6], np.int32)
        world = Seen(blocks, fields.room, fields.light, look, ids, bodies, air, crack)
        eyes = [
            (12.0, 8.0, 0.5),
            (2.2, 3.4, 2.1),
            (-3.0, 9.0, 12.0),
            (9.0, 6.5, 6.0),
            (5.0, 1.5, 5.0),
            (20.5, 14.0, 20.0),
        ]
        at = [(12, 2, 12), (10, 3, 12), (12, 2, 12), (9.0, 6.5, 8.0), (12, 20, 14), (21.0, -3.0, 20.2)]
        cameras = [
            Camera.look(eye, to, fov=70, size=SIZE, up=(0.0, 1.0, 0.0)) for eye, to in zip(eyes, at, strict=True)
        ]
        seen += agree(warp, world, cameras)
    for picture in seen:
        kinds_seen |= set(picture.segmentation.ravel().tolist())
    assert {-1, 77} <= kinds_seen and len(kinds_seen) > 30
    assert any(LIQUID[kind + 1] for kind in kinds_seen if 0 <= kind < len(BLOCKS) - 1)


@pytest.mark.parametrize("name", SCENES)
def test_scenes_look_the_same(warp, name):
    env = gymnasium.make(f"worldsim_envs:worldsim/{name}-v0", size=SIZE, renderer="numba").unwrapped
    env.reset(seed=3)
    rng = np.random.default_rng(0)
    for _ in range(3):
        for _ in range(6):
            env.step(env.expert(rng))
        world = env.backend
        seen = world.sight.seen(world.blocks, world.things, world.hands, world.time)
        agree(warp, seen, [env.camera])


def test_which_renderer_draws_is_an_argument_and_is_told():
    name = "worldsim_envs:worldsim/VoxelBreak-v0"
    pictures = {}
    for renderer in ("numba", "warp-cpu"):
        env = gymnasium.make(name, size=16, renderer=renderer).unwrapped
        assert env.renderer == renderer
        pictures[renderer] = env.reset(seed=0)[0]["pov"].astype(int)
    assert np.abs(pictures["numba"] - pictures["warp-cpu"]).max() <= 1
    cuda = render.choose("warp").name == "warp-cuda"
    assert render.choose("auto").name == ("warp-cuda" if cuda else "numba")
    assert isinstance(render.choose("warp"), Warp) and isinstance(render.choose("numba"), render.Renderer)
    if not cuda:
        with pytest.raises(ValueError, match="renderer='numba'"):
            render.choose("warp-cuda")
