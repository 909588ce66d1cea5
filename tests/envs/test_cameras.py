"""Laws of the ways a camera can go, in any world: it returns, it closes, its mirror's mirror is itself."""

import numpy as np
import pytest

from worldsim_envs.cameras import COMPONENTS, PATHS, Ground, dolly, hold, orbit, pitch, pose, square, strafe, tour, walk
from worldsim_envs.cameras import revisit as look_again
from worldsim_envs.cameras import yaw as turn

FPS = 10
START = np.array([0.3, -1.0, 1.25, 0.1, 0.4])
MINECRAFT = Ground(up=(0.0, 1.0, 0.0), ahead=(0.0, 0.0, 1.0))
MADE = {
    "STA": hold(32, FPS),
    "YAW": turn(0.5, 32, FPS),
    "YAW, closed": turn(2 * np.pi, 30, FPS),
    "PIT": pitch(0.3, 32, FPS),
    "TRL": strafe(0.6, 32, FPS),
    "DOL": dolly(0.4, 32, FPS),
    "ORB": orbit(np.pi / 2, 1.0, 32, FPS),
    "ORB, closed": orbit(2 * np.pi, 1.0, 31, FPS),
    "SQR": square(1.4, 4, 10, FPS),
    "RVS": look_again(1.0, orbit(1.0, 1.0, 28, FPS).mirror(), 8, 6),
    "tour": tour(orbit(2 * np.pi, 1.0, 32, FPS), 24, 7),
}


def poses(path, ground=Ground(), start=START):  # noqa: B008
    return np.stack([pose(stance, ground) for stance in walk(start, path.velocities, path.fps, ground)])


def test_there_is_one_of_each_kind():
    assert set(PATHS) == {name.split(",")[0] for name in MADE} - {"tour"}
    assert all(MADE[name].name == name for name in PATHS)


@pytest.mark.parametrize("name", MADE)
@pytest.mark.parametrize("ground", [Ground(), MINECRAFT])
def test_poses_are_rigid_and_a_frame_more_than_commands(name, ground):
    found = poses(MADE[name], ground)
    assert len(found) == len(MADE[name].velocities) + 1
    turns = found[:, :3, :3]
    assert np.allclose(turns @ turns.transpose(0, 2, 1), np.eye(3), atol=1e-12)
    assert np.allclose(np.linalg.det(turns), 1)
    assert np.allclose(turns[:, :, 0] @ ground.up, 0, atol=1e-12)  # the horizon is level


@pytest.mark.parametrize("name", [name for name in MADE if name != "RVS"])
def test_it_ends_where_it_began(name):
    for path in (MADE[name], MADE[name].mirror()):
        found = poses(path)
        assert np.abs(found[-1] - found[0]).max() < 1e-9
        if name != "STA":
            assert np.abs(found - found[0]).max() > 0.1


def test_the_place_that_is_looked_at_again_is_seen_from_the_same_pose():
    found = poses(MADE["RVS"])
    assert np.abs(found[8:15] - found[-1]).max() < 1e-9
    assert np.abs(found[22:50] - found[-1]).max(axis=(1, 2)).min() > 0.1  # and in between it is out of sight


@pytest.mark.parametrize("name", MADE)
def test_the_mirrors_mirror_is_itself(name):
    path = MADE[name]
    assert np.array_equal(path.mirror().mirror().velocities, path.velocities)
    assert path.mirror().mirror().ways == path.ways == path.mirror().ways[::-1]
    assert np.array_equal(path.mirror().velocities, path.velocities) == (name == "STA")


@pytest.mark.parametrize("name", MADE)
def test_the_mirrored_way_is_the_way_in_the_mirror(name):
    """The world reflected in the plane that the flipped components cross, the mirror's poses are the path's."""
    path, start = MADE[name], np.array([0.0, -1.0, 1.2, 0.0, 0.0])
    axes = {"right": 0, "yaw": 0, "pitch": 2, "forward": 1}
    (axis,) = {axes[COMPONENTS[component]] for component in path.flips} or {0}
    flip = np.eye(4)
    flip[axis, axis] = -1
    about = flip.copy()
    about[:3, 3] = start[:3] - flip[:3, :3] @ start[:3]  # the plane goes through where one stands
    seen, twin = poses(path, start=start), poses(path.mirror(), start=start)
    assert np.allclose((about @ seen)[:, :3, 3], twin[:, :3, 3], atol=1e-12)
    if axis == 0:  # forward, seen in a mirror to one's side
        assert np.allclose((flip @ seen)[:, :3, 2], twin[:, :3, 2], atol=1e-12)


@pytest.mark.parametrize(
    ("make", "amplitude", "far"),
    [
        (turn, 0.5, lambda found: np.arccos(np.minimum(found[:, :3, 0] @ found[0, :3, 0], 1))),
        (pitch, 0.3, lambda found: np.arccos(np.minimum(found[:, :3, 2] @ found[0, :3, 2], 1))),
        (strafe, 0.6, lambda found: (found[:, :3, 3] - found[0, :3, 3]) @ found[0, :3, 0]),
        (dolly, 0.4, lambda found: np.linalg.norm(found[:, :3, 3] - found[0, :3, 3], axis=1)),
    ],
)
def test_the_amplitude_is_what_was_asked_for_and_gain_is_linear(make, amplitude, far):
    assert far(poses(make(amplitude, 32, FPS))).max() == pytest.approx(amplitude)
    assert far(poses(make(amplitude / 2, 32, FPS))).max() == pytest.approx(amplitude / 2)
    assert np.allclose(2 * make(amplitude / 2, 32, FPS).velocities, make(amplitude, 32, FPS).velocities)


def test_plus_is_the_way_it_is_said_to_be():
    level = np.array([0.0, 0.0, 1.2, 0.0, 0.0])

    def after(component, ground):
        command = np.zeros((1, 5))
        command[0, COMPONENTS.index(component)] = 1.0
        return pose(walk(level, command, 2, ground)[-1], ground)

    for ground in (Ground(), MINECRAFT):
        before, up = pose(level, ground), np.array(ground.up)
        right, down, forward = before[:3, :3].T
        assert np.allclose(forward, ground.ahead) and np.allclose(down, -up)
        assert np.allclose(np.cross(right, down), forward)
        for component, way in (("forward", forward), ("right", right), ("up", up)):
            assert np.allclose(after(component, ground)[:3, 3] - before[:3, 3], way / 2)
        assert after("yaw", ground)[:3, 2] @ right == pytest.approx(np.sin(0.5))
        assert after("pitch", ground)[:3, 2] @ up == pytest.approx(-np.sin(0.5))


def test_an_orbit_keeps_its_point_ahead_and_its_distance():
    found = poses(orbit(np.pi / 2, 1.0, 32, FPS), start=np.array([0.0, -1.0, 1.2, 0.0, 0.0]))
    middle = np.array([0.0, 0.0, 1.2])
    assert np.allclose(found[:, :3, 3] + found[:, :3, 2], middle, atol=1e-12)
    assert np.allclose(found[16, :3, 3], [1.0, 0.0, 1.2])


def test_a_square_has_four_corners():
    found = poses(square(1.4, 4, 10, FPS), start=np.array([0.0, -0.7, 1.2, 0.0, 0.0]))
    assert np.allclose(np.abs(found[:, :2, 3]).max(), 0.7)
    for corner in ((0.7, -0.7), (0.7, 0.7), (-0.7, 0.7), (-0.7, -0.7)):
        assert np.linalg.norm(found[:, :2, 3] - corner, axis=1).min() < 1e-9


def test_a_tour_looks_every_way():
    forward = poses(MADE["tour"])[:, :2, 2]
    ways = np.sort(np.arctan2(*forward.T))
    assert np.diff(ways, append=ways[0] + 2 * np.pi).max() <= 2 * np.pi / 24 + 1e-9


def test_errors_help():
    with pytest.raises(ValueError, match="even"):
        turn(0.5, 31, FPS)
    with pytest.raises(ValueError, match="even"):
        square(1.0, 4, 9, FPS)
