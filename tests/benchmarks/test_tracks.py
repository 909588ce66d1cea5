"""Points on a chair say whether it is one: of the truth they say yes, of a chair of jelly no, whoever follows them."""

import sys
from dataclasses import dataclass, replace
from itertools import islice

import numpy as np
import pytest
from scipy import ndimage
from scipy.spatial.transform import Rotation

from worldsim_benchmarks.causes import FAMILIES
from worldsim_benchmarks.contestants import CEILING, REPLAY, Corrupted
from worldsim_benchmarks.contestants import grey as all_grey
from worldsim_benchmarks.miscaused import jelly
from worldsim_benchmarks.tracks import KLT, SIZE, in_camera, seen_at, surface, told, tracked, tracks
from worldsim_envs.mujoco.chair import BALLS, SEAT, WIDE


@pytest.fixture(scope="module")
def thrown():
    """Two chairs, each thrown in two ways."""
    [question, _] = replace(FAMILIES["M-RIG"], placebos=()).questions("palette", "train")
    return list(islice(question.all_twins(2_000_000, size=SIZE), 2))


@pytest.mark.parametrize("by", [(0.0, 0.0), (2.5, -1.25), (6.0, 4.0)])
def test_what_moves_is_followed_and_what_vanishes_is_lost(by):
    texture = ndimage.gaussian_filter(np.random.default_rng(0).uniform(0, 255, (64, 64, 1)), (1.5, 1.5, 0))
    first = np.clip(128 + 3 * (texture - texture.mean()), 0, 255).repeat(3, -1).astype(np.uint8)
    second = ndimage.shift(first, (by[1], by[0], 0), order=1, mode="nearest")
    klt, inside = KLT(), np.zeros((64, 64), bool)
    inside[16:48, 16:48] = True
    points = klt.points(first, inside)
    assert len(points) > 20 and inside[*np.floor(points).astype(int).T[::-1]].all()
    found = klt.follow(np.stack([first, second, np.full_like(first, 128), second]), points)
    assert np.array_equal(found[0], points) and np.isnan(found[2:]).all()
    off = np.linalg.norm(found[1] - points - by, axis=1)
    assert np.isfinite(off).mean() > 0.9 and np.nanmedian(off) < 0.1


def test_nothing_can_be_followed_where_nothing_is_to_be_seen():
    plain = np.full((32, 32, 3), 90, np.uint8)
    assert KLT().points(plain, np.ones((32, 32), bool)).shape == (0, 2)


def test_the_surface_of_a_chair_is_where_its_pixels_show_it(thrown):
    truth = thrown[0].cases[0].before
    body = surface(truth, -1, SIZE)
    own = np.isfinite(body).all(-1)
    rows, columns = np.nonzero(own)
    back = seen_at(in_camera(truth, -1, body[own]), truth)
    assert np.abs(back - np.stack([columns, rows], 1) - 0.5).max() < 1e-6
    ids = truth.state["ids"][-1]
    assert (own & (ids >= 0)).sum() > 0.98 * np.isin(ids, range(len(BALLS))).sum() > 0
    for slot, corner in enumerate(BALLS):
        far = np.linalg.norm(body[own & (ids == slot)] - np.array([WIDE, WIDE, SEAT]) * corner, axis=-1)
        assert np.median(far) == pytest.approx(truth.state["diameter"][-1, slot] / 2, abs=1e-3)
    grey = own & (ids < 0)
    assert grey.sum() > 50 and np.ptp(truth.frames[-1][grey].astype(int), axis=-1).mean() < 25  # it has no colour


@dataclass
class Knows:
    """Follows points by what is true of them, in the real future; elsewhere what `moves` makes of that."""

    case: object
    moves: object

    def points(self, frame, where):
        """A grid."""
        rows, columns = np.nonzero(where)
        return np.stack([columns, rows], 1)[::7] + 0.5

    def follow(self, frames, points):
        """By the surface of the first frame."""
        truth, rows = self.case.truth, np.floor(points).astype(int).T[::-1]
        body = surface(self.case.before, -1, SIZE)[*rows]
        real = np.array_equal(frames[1:], truth.frames)
        places = [in_camera(truth, t, body) for t in range(len(truth.frames))]
        return np.stack(
            [points, *(seen_at(each if real else self.moves(each, t), truth) for t, each in enumerate(places))]
        )


def turned(places, t):
    """As one body, otherwise than the real one."""
    heart, turn = places.mean(0), Rotation.from_rotvec([0.2, -0.1, 0.3]).as_matrix()
    return (places - heart) @ turn.T + heart + (0.1, -0.05, 0.2)


def swaying(places, t):
    """Each point for itself, by a tenth of the chair."""
    return places + np.random.default_rng(t).normal(size=places.shape) * 0.1


def test_any_tracker_will_do_and_any_rigid_motion_is_rigid(thrown):
    case = thrown[0].cases[0]
    black = np.zeros_like(case.truth.frames)
    alike = tracked(case, black, Knows(case, lambda places, t: places))
    other = tracked(case, black, Knows(case, turned))
    loose = tracked(case, black, Knows(case, swaying))
    assert len(alike.rigid) == len(black) and alike.kept.min() == other.kept.min() == 1
    assert alike.rigid.min() > 0.999 and other.rigid.min() > 0.99 and loose.rigid.max() < 0.7


def test_the_truth_is_rigid_and_jelly_is_not(thrown):
    def rigid(contestant):
        return told(contestant, thrown, KLT()).rigid.mean()

    true, film = rigid(REPLAY), rigid(CEILING)
    falling = [rigid(Corrupted("jelly", jelly, severity)) for severity in (0.1, 0.25, 0.5)]
    assert true > 0.8 and film > 0.75
    assert true > falling[0] > falling[1] > falling[2] and falling[1] < 0.5
    assert rigid(Corrupted("grey", all_grey)) == 0
    assert rigid(REPLAY) == true


def test_who_lacks_opencv_is_told_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "cv2", None)
    with pytest.raises(ValueError, match=r"pip install 'worldsim\[tracks\]'"):
        KLT()


def test_a_split_that_is_none_is_refused():
    with pytest.raises(ValueError, match="split came as 'nightly'; quick or dev would do"):
        tracks("still", split="nightly")
