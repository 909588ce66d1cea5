"""What rays see: what is there, however it is skipped to; and what is derived from blocks, however they changed."""

import numpy as np
import pytest

from worldsim_envs.cameras import Camera
from worldsim_envs.minecraft import raycast, sky, textures
from worldsim_envs.minecraft.blocks import BLOCKS, INDEX, OPAQUE
from worldsim_envs.minecraft.fields import FAR, Fields
from worldsim_envs.minecraft.seen import Bodies, Seen
from worldsim_envs.minecraft.terrain import island
from worldsim_envs.minecraft.visibility import shares
from worldsim_envs.variation import TEMPLATES, Draw

IDS = np.arange(-1, len(BLOCKS) - 1, dtype=np.int32)


def seen(blocks, bodies=None, template="palette"):
    fields = Fields(blocks)
    bodies = bodies or Bodies(np.empty((0, 8)), np.empty((0, 2), np.int32))
    air, look = sky.air(sky.NOON, template), textures.look(template)
    return Seen(blocks, fields.room, fields.light, look, IDS, bodies, air, np.full(4, -1, np.int32))


def camera(eye, at, size=32):
    return Camera.look(eye, at, fov=70, size=size, up=(0.0, 1.0, 0.0))


def test_skipping_empty_cells_changes_nothing():
    blocks, spot = island(Draw(2))
    world = seen(blocks)
    slow = world._replace(
        room=np.tile(np.where(blocks > 0, 0, 1).astype(np.uint8), (8, 1, 1, 1))
    )  # looks into every cell
    for at in ((20, 18, 20), (40, 12, 10), (spot[0], 10, spot[1])):
        view = camera((spot[0] + 0.3, 24.4, spot[1] + 0.7), at)
        one, two = (raycast.draw(each, view, 32, depth=True, segmentation=True) for each in (world, slow))
        assert np.array_equal(one.segmentation, two.segmentation)
        assert np.allclose(one.depth, two.depth, atol=1e-5)
        assert np.array_equal(one.rgb, two.rgb)


def test_depth_and_ids_lie_on_the_faces_of_blocks():
    blocks, spot = island(Draw(3))
    view = camera((spot[0] + 0.3, 24.4, spot[1] + 0.7), (20, 15, 30))
    picture = raycast.draw(seen(blocks), view, 32, depth=True, segmentation=True)
    rows = np.argwhere(picture.segmentation >= 0)
    points = view.unproject(rows[:, ::-1] + 0.5, picture.depth[*rows.T])
    ahead = points - view.pose[:3, 3]
    cells = np.floor(points + 1e-4 * ahead / np.linalg.norm(ahead, axis=1, keepdims=True)).astype(int)
    assert len(rows) > 300
    assert (blocks[*cells.T] == picture.segmentation[*rows.T] + 1).mean() > 0.99  # float32 rounds at an edge
    assert (np.isinf(picture.depth) == (picture.segmentation < 0)).all()


def test_a_body_is_where_it_stands_and_hides_what_is_behind_it():
    blocks = np.zeros((16, 16, 16), np.uint8)
    blocks[:, :2] = INDEX["stone"]
    place = np.array([[8.0, 5.0, 8.0, 0.5, 0.5, 0.5, np.cos(0.4), np.sin(0.4)]])
    world = seen(blocks, Bodies(place, np.array([[textures.SKIN, 77]], np.int32)))
    picture = raycast.draw(world, camera((8.0, 5.0, 2.0), (8.0, 5.0, 8.0)), 32, depth=True, segmentation=True)
    assert picture.segmentation[16, 16] == 77
    assert 5.0 < picture.depth[16, 16] < 5.6
    shown = (np.cos(0.4) + np.sin(0.4)) * 1.0  # of a cube of 1 m, turned by 0.4 rad, m^2
    assert (picture.segmentation == 77).mean() == pytest.approx(
        shown / (2 * 5.6 * np.tan(np.deg2rad(35))) ** 2, rel=0.15
    )
    behind = place + np.array([0, 0, 4.0, 0, 0, 0, 0, 0])
    boxes, own = np.concatenate([place, behind]), np.array([[0, -1, -1, -1], [-1, -1, -1, -1]])
    eye = camera((8.0, 5.0, 2.0), (8.0, 5.0, 8.0))
    lit = (blocks, world.room, world.light, world.air, world.bodies.place)
    assert shares(*lit, boxes, own, eye, 32).tolist() == [1.0, 0.0]


def test_glass_lets_through_what_water_and_stone_hide():
    for kind, expected in (("glass", "snow"), ("stone", "stone"), ("water", "water")):
        blocks = np.zeros((9, 9, 9), np.uint8)
        blocks[:, :, 7] = INDEX["snow"]
        blocks[4, 4, 4] = INDEX[kind]
        picture = raycast.draw(seen(blocks), camera((4.5, 4.5, 1.5), (4.5, 4.5, 8.0)), 32, segmentation=True)
        assert picture.segmentation[15, 15] == INDEX[expected] - 1


def test_room_and_light_are_the_same_after_edits_as_anew():
    rng = np.random.default_rng(0)
    blocks, _ = island(Draw(1))
    fields = Fields(blocks)
    for _ in range(6):
        before = blocks.copy()
        for _ in range(3):
            blocks[tuple(rng.integers(0, blocks.shape))] = rng.choice([0, INDEX["stone"], INDEX["torch"]])
        fields.refresh(blocks, before)
        anew = Fields(blocks)
        assert np.array_equal(fields.room, anew.room) and np.array_equal(fields.light, anew.light)


def test_room_ahead_is_empty_and_no_larger_cube_is():
    blocks, _ = island(Draw(1))
    room = Fields(blocks).room
    assert np.array_equal(room == 0, np.broadcast_to(blocks > 0, room.shape)) and room.max() == FAR

    def ahead(octant, cell, side):
        edges = [
            slice(at, at + side) if octant >> axis & 1 else slice(max(at - side + 1, 0), at + 1)
            for axis, at in enumerate(cell)
        ]
        return blocks[*edges]

    for octant, *cell in np.argwhere((room > 0) & (room < FAR))[::9973].tolist():
        side = int(room[octant, *cell])
        assert not ahead(octant, cell, side).any() and ahead(octant, cell, side + 1).any()


def test_light_falls_straight_down_fades_sideways_and_torches_shine():
    blocks = np.zeros((12, 8, 12), np.uint8)
    blocks[:, 0] = blocks[:, 5] = INDEX["stone"]
    blocks[6, 5, 6] = 0
    light = Fields(blocks).light
    assert light[6, 1, 6] >> 4 == 15 and light[6, 6, 0] >> 4 == 15
    assert light[8, 2, 6] >> 4 == 13
    blocks[2, 1, 2] = INDEX["torch"]
    light = Fields(blocks).light
    assert [int(light[2 + step, 1, 2] & 15) for step in range(4)] == [14, 13, 12, 11]
    assert (light[OPAQUE[blocks]] == 0).all()


def test_terrain_in_a_palette_world_has_no_hue():
    look = textures.look("palette")
    terrain = np.array([block.hue < 0 for block in BLOCKS])
    chroma = np.linalg.norm(look - look.mean(-1, keepdims=True), axis=-1)
    assert 255 * chroma[: len(BLOCKS)][terrain].max() < 25
    assert len({textures.look(template).tobytes() for template in TEMPLATES}) == len(TEMPLATES)
