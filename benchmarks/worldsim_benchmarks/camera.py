"""camera-mujoco@1, camera-voxel@1, and both bare: does a camera go where it is told, and is the world still there?

**Question.** A camera is told a path, and a model imagines what it shows. Where the pictures were taken from is read
from beacons in them, so it is not the plan that is judged but what is seen. Nearby paths (`Gallery`, `VoxelYard`) begin
after a few frames at rest and stay within half the field of view; far ones (`Tour`, `VoxelTour`) begin after a tour of
64 frames that showed everything, and go back through it.

**Arms.** Each path and its mirror twin: the same context, the opposite command.

| family | path | asked |
|---|---|---|
| YAW | turn to a side and back; far: up to once around | the turn |
| PIT | look down or up and back | the turn |
| TRL | step to a side and back | the way |
| DOL | step in or out and back | the way |
| ORB | an arc around the middle and back | both |
| SQR | far: a square, walked | both |
| RVS | far: look at a place, stray, look at it again | both |
| STA | stay, while things move (`Away`, `VoxelHold`) | nothing moves |

**Score.** The mean, on the means over the twins of a family, of

- skill: 1 less the error of where the camera is, as a share of that of one that stands still; of what is asked above.
  The truth has 1, a camera that stands 0, its mirror -1, half and one and a half as far 0.5;
- kappa: whether it goes the way that was asked (1) or its mirror's (-1), along what sets the two apart; less than
  0.15 of the request is neither;
- closure: whether it ends where it should be once more, as far as it had gone, *by sign*, where the twins are farthest
  apart: who never left does not come back. The worse of the arms counts;
- place: at ¼, ½, ¾ and the whole of its way, which of sixteen views of the simulator its picture is most like, where
  that was seen before, beyond chance; the last counts as far as it had gone. Both arms must show the right one;

and of TRL and DOL that mean counts as far as there is `parallax`, how much more what is near moves than what is far,
from half of what there should be on: a picture that is pushed aside or made larger as a whole goes nowhere.

Skill, kappa and place are clipped at 0 once averaged, and families are averaged. A frame that cannot be read counts as
one of a camera that never moved, and `exposure` says how many are. What shows as less than a pixel is no error. Of STA
there is only `hold`, which stands apart: it never raises the score, since a still picture would have it whole.

Not in the score: `rotation` and `translation`, skill by itself; `gain`, how far along its path, of 1; `lag` (s); `TSED`
(ORB), the share of pairs of frames whose spots lie on their epipolar lines, which says less than it seems, since of a
camera that stays upright a still picture often passes; `TDS`, the twin test, where what is shown was seen before.

camera-mujoco-bare@1 and camera-voxel-bare@1 ask the nearby paths where there are no beacons (`Frieze`, `VoxelMosaic`),
by aligning pictures with the last of the context, whose depth is known. They stand apart.

**Known limits.** Of beacons four spots must be seen; at 64 px they are too small to say how far a camera stepped, and
among blocks of the held-out template too few are read, so that it is not asked about. A model that paints beacons where
they should be, and nothing else, is told by place and TDS alone. A square's mirror also goes ahead, so one way,
whatever is asked, has a skill of 0.2 there, and 0.06 in all.

**Versions.** 1: the first.

**Source.** Mirror twins, the gate that has a sign, and places are ours. Errors of turn and way of cameras that are read
from generated video: He et al. 2024, "CameraCtrl: Enabling Camera Control for Text-to-Video Generation". TSED: Yu et
al. 2023, "Long-Term Photometric Consistent Novel View Synthesis with Diffusion Models".
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float64

from worldsim_benchmarks.alignment import AlignmentReader
from worldsim_benchmarks.benchmark import Case, Score, Twins, Video
from worldsim_benchmarks.cases import Question, at, in_turn, no_more
from worldsim_benchmarks.parallax import parallax, tsed
from worldsim_benchmarks.paths import ASKED, Grain, Journey, decided, follow, grain, held, journey
from worldsim_benchmarks.places import Shown, recognised, seen_from
from worldsim_benchmarks.pose import PoseReader, Poses
from worldsim_benchmarks.readers import twin_test
from worldsim_envs import SCENES, palette
from worldsim_envs.cameras import Camera
from worldsim_envs.env import SceneEnv
from worldsim_envs.scene import find

LAYERED = ("TRL", "DOL")
"""Paths on which what is near moves more than what is far, and nothing turns."""

DEEP = 0.5
"""How much of the parallax makes a way of it, and no picture that is moved as a whole."""

METRICS = ("skill", "kappa", "closure", "place", "rotation", "translation", "gain", "lag")
METRICS += ("parallax", "TSED", "TDS", "hold", "exposure")


REASONS = {
    "rotation": "the path asks for no turn",
    "translation": "the path asks for no way",
    "lag": "the camera did not go the way that was asked",
    "TDS": "the twins never differ by twenty pixels that were seen before",
}


class Suite(NamedTuple):
    """The worlds of a suite, each with how many frames are seen and asked for.

    Attributes:
        near: Where paths are near.
        others: Where the camera stays, and where paths go back through what was seen on a tour.
        fine: What is no error, as it shows (px).
        sizes: At which its readers can judge.
        looks: The templates in which they can.
    """

    near: tuple[str, int, int]
    others: tuple[tuple[str, int, int], ...] = ()
    fine: float = 1.0
    sizes: tuple[int, ...] = (128, 256)
    looks: tuple[str, ...] = ("palette", "held-out")


SUITES = {
    "mujoco": Suite(("Gallery", 8, 33), (("Away", 8, 33), ("Tour", 64, 65))),
    "voxel": Suite(("VoxelYard", 16, 65), (("VoxelHold", 16, 65), ("VoxelTour", 64, 65)), looks=("palette",)),
    "mujoco-bare": Suite(("Frieze", 8, 33), fine=0.25, sizes=(64, 128, 256)),
    "voxel-bare": Suite(("VoxelMosaic", 16, 65), fine=0.25, sizes=(64, 128, 256)),
}


def questions(suite: Suite) -> list[Question]:
    """What is asked, the short ones first."""
    found = []
    for name, context, future in (suite.near, *suite.others):
        world = f"worldsim/{name}-v0"
        families = find(SCENES[world].where).families
        also = marked if name == suite.near[0] else no_more
        found += [
            Question(code, world, arms, at(context, future), also=also)
            for code, arms in families.items()
            if code.partition("-")[2] in (*ASKED, "STA")
        ]
    return found


class CameraPaths:
    """Camera-trajectory consistency in one suite; the module's docstring is its page.

    Args:
        suite: A name of `SUITES`.
    """

    version = 1
    metrics: tuple[str, ...] = METRICS
    coloured: tuple[str, ...] = ()

    def __init__(self, suite: str):
        self.name = f"camera-{suite}"
        self._suite = SUITES[suite]
        self.sizes = self._suite.sizes
        self._truths: dict[str, Poses] = {}

    def twins(self, split: str, *, size: int) -> Iterator[Twins]:
        """Each family in turn; of nearby paths it is noted which pixels show what was seen before."""
        return in_turn(questions(self._suite), split, size=size, legible=self._legible)

    def score(self, twins: Twins, answers: Sequence[Video]) -> dict[str, Score]:
        """Every metric; those that a family does not ask are NaN."""
        read = [self._read(twins, answer) for answer in answers]
        exposure = float(np.mean([np.isfinite(each.pose[:, 0, 0]).mean() for each in read]))
        kind = twins.family.partition("-")[2]
        if kind == "STA":
            stays = [
                held(_way(case, each.pose), self._fine(case)) for case, each in zip(twins.cases, read, strict=True)
            ]
            numbers = {"hold": float(np.mean(stays)), "exposure": exposure}
        else:
            numbers = {**_moving(kind, twins, answers, read, self._fine(twins.cases[0])), "exposure": exposure}
        return {name: _scored(numbers.get(name), name, twins.family) for name in METRICS}

    def _legible(self, scene: str, template: str, size: int) -> bool:
        return template in self._suite.looks

    def _fine(self, case: Case) -> Grain:
        """What is no error."""
        return grain(self._suite.fine, float(case.truth.intrinsics[0, 0]), distance(case))

    def _read(self, twins: Twins, answer: Video) -> Poses:
        """Where pictures were taken from; the truth, which many answers are, and a still picture are read once."""
        if (answer == answer[0]).all():
            once = reader(twins.cases[0]).read(answer[:1])
            return Poses(once.pose.repeat(len(answer), 0), once.rests * len(answer))
        for case in twins.cases:
            if np.array_equal(answer, case.truth.frames):
                if case.name not in self._truths:
                    self._truths[case.name] = reader(case).read(answer)
                return self._truths[case.name]
        return reader(twins.cases[0]).read(answer)

    def headline(self, means: Mapping[str, np.ndarray | float]) -> np.ndarray | float:
        """The mean of skill, kappa, closure and place, as far as there is depth; NaN for STA, which has none."""
        parts = [np.maximum(0, means[name]) for name in ("skill", "kappa", "closure", "place")]
        depth = np.where(np.isnan(means["parallax"]), 1.0, np.clip(means["parallax"] / DEEP, 0, 1))
        return np.mean(np.stack(parts), 0) * depth


def _scored(number: float | None, name: str, family: str) -> Score:
    if number is None:
        return Score(float("nan"), f"{name} is not asked in {family}")
    return Score(number, REASONS.get(name, "") if np.isnan(number) else "")


def _moving(kind: str, twins: Twins, answers: Sequence[Video], read: Sequence[Poses], fine: Grain) -> dict[str, float]:
    """What is asked of a path and its mirror."""
    cases = twins.cases
    own = [_way(case, each.pose) for case, each in zip(cases, read, strict=True)]
    real = [_way(case, case.truth.pose) for case in cases]
    went = [follow(kind, own[i], real[i], real[1 - i], fine=fine, fps=cases[0].fps) for i in (0, 1)]
    shown = [
        Shown(way.start, way.pose, case.truth.frames, seen_of(case)) for case, way in zip(cases, real, strict=True)
    ]
    gate = min(each.gate for each in went)
    lags = [abs(each.lag) for each in went if not np.isnan(each.lag)]
    numbers = {
        "skill": _mean([each.skill for each in went]),
        "rotation": _mean([each.rotation for each in went]),
        "translation": _mean([each.translation for each in went]),
        "kappa": _mean([decided(each.signed) for each in went]),
        "closure": min(each.closure for each in went),
        "place": recognised(shown, answers, gate, distance=distance(cases[0]), fine=2 * fine.turn),
        "gain": _mean([each.gain for each in went]),
        "lag": _mean(lags) if lags else float("nan"),
        "TDS": _discrimination(cases, answers),
    }
    poses, lens = [case.truth.pose for case in cases], cases[0].truth.intrinsics
    if kind in LAYERED:
        start = Camera(real[0].start, lens)
        numbers["parallax"] = _mean(
            [parallax(kind, each.rests, start, pose) for each, pose in zip(read, poses, strict=True)]
        )
    if kind == "ORB":
        numbers["TSED"] = _mean([tsed(each.rests, lens, pose) for each, pose in zip(read, poses, strict=True)])
    return numbers


def _mean(values: Sequence[float]) -> float:
    return float(np.mean(values))


def _discrimination(cases: Sequence[Case], answers: Sequence[Video]) -> float:
    """The twin test where both arms show what was seen before."""
    both = np.logical_and(*[seen_of(case) for case in cases])
    found = twin_test([case.truth.frames for case in cases], answers, np.ones(len(both), bool), both)
    return float(np.nanmean(found)) if np.isfinite(found).any() else float("nan")


def _way(case: Case, poses: Float64[np.ndarray, "t 4 4"]) -> Journey:
    """A journey from where the context ends."""
    return journey(poses, case.before.pose[-1], find(SCENES[case.scene].where).up)


def reader(case: Case) -> PoseReader | AlignmentReader:
    """Who reads where pictures of a case's world were taken from: by its beacons, or by what the context showed."""
    if "beacon" not in case.truth.state:
        before = case.before
        return AlignmentReader(case.seen[-1], before.state["depth"][-1], before.pose[-1], before.intrinsics)
    told = {name: values[0] for name, values in case.truth.state.items()}
    return PoseReader(told, case.truth.intrinsics, palette.RGB, find(SCENES[case.scene].where).up)


def distance(case: Case) -> float:
    """How far away what is looked at is where a path begins, in the middle (m): the beacons, or all there is."""
    if "beacon" not in case.truth.state:
        return float(np.median(case.before.state["depth"][-1]))
    beacons = case.truth.state["beacon"][0].reshape(-1, 3)
    return float(np.median(np.linalg.norm(beacons - case.before.pose[-1, :3, 3], axis=1)))


def seen_of(case: Case) -> Bool[np.ndarray, "t h w"]:
    """Which pixels of the truth show what the context did: after a tour, all."""
    frames = case.truth.frames
    return case.truth.state.get("seen", np.ones(frames.shape[:3], bool))


def marked(question: Question, env: SceneEnv, seed: int, twins: Twins) -> Twins:
    """Twins that also tell `seen` [t h w], which pixels of the truth show what the context did, and its `depth` (m).

    The camera is at rest in the context.

    Args:
        question: Of a scene where nothing moves but the camera.
        env: That scene, as it looks and from where its parameters are drawn.
        seed: Of the world.
        twins: What is asked about it.
    """
    env.reset(seed=seed)

    def look(pose: Float64[np.ndarray, "4 4"], lens: Float64[np.ndarray, "3 3"]) -> tuple[Camera, np.ndarray]:
        camera = Camera(pose, lens)
        picture = env.render_at(camera, depth=True)
        assert picture.depth is not None
        return camera, picture.depth

    cases = []
    for case in twins.cases:
        lens, before = case.truth.intrinsics, look(case.before.pose[-1], case.truth.intrinsics)
        seen = np.stack([seen_from(*before, *look(pose, lens)) for pose in case.truth.pose])
        depth = np.repeat(before[1][None], len(case.seen), 0)
        parts = {"truth": {"seen": seen}, "before": {"depth": depth}}
        told = {name: getattr(case, name) for name in parts}
        told = {name: replace(one, state={**one.state, **parts[name]}) for name, one in told.items()}
        cases.append(replace(case, **told))
    return replace(twins, cases=tuple(cases))
