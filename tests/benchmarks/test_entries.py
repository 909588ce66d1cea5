"""What a model is told and shown as a contestant: where frames are seen from, where it hears that; and its own size."""

from dataclasses import replace

import numpy as np
import pytest
import torch
import toy_models
import toy_twins

from worldsim.models import checkpoint
from worldsim.models.baselines import Drift
from worldsim.rollout import imagine_batch
from worldsim.types import Camera
from worldsim.video import resize
from worldsim_benchmarks.bench import bench
from worldsim_benchmarks.benchmark import Case, Truth, Twins
from worldsim_benchmarks.contestants import REPLAY
from worldsim_benchmarks.entries import Modelled, entry
from worldsim_benchmarks.permanence import Permanence
from worldsim_benchmarks.resized import Resized, at
from worldsim_benchmarks.run import run


def small(asks: str = "video", to: float = 1.0, size: int = 16) -> Twins:
    """Twins of noise on a way that ends somewhere, with actions of two components."""

    def case(arm: str) -> Case:
        random = np.random.default_rng(len(arm))
        frames = random.integers(0, 256, (9, size, size, 3), np.uint8)
        poses = np.repeat(np.eye(4)[None], 9, 0)
        poses[:, 0, 3] = np.arange(9)
        poses[-1, 2, 3] = to
        none = np.zeros((9, 0))
        lens = np.array([[1.0 * size, 0, size / 2], [0, 1.0 * size, size / 2], [0, 0, 1]])
        truth = Truth(frames, np.zeros(0), np.zeros((9, 0, 2)), none, none, np.zeros(0), poses, lens)
        actions = random.normal(size=(8, 2)).astype(np.float32)
        parts = (frames[:6], actions[:5], actions[5:], 10.0, truth.cut(6), truth.cut(0, 6))
        return Case(f"small/{arm}", arm, "Toy-v0", *parts, asks=asks)

    return Twins("small", "small", (case("one"), case("other")))


@pytest.mark.parametrize("asks", ["video", "surprise"])
def test_a_model_that_hears_cameras_is_told_those_of_the_case(asks):
    model = toy_models.tiny(camera=True)
    [answers], [elsewhere] = (Modelled("m", model).answer([small(asks, to)], seed=0) for to in (1.0, 5.0))
    for one, other in zip(answers, elsewhere, strict=True):
        assert np.array_equal(one[:-1], other[:-1]) and not np.array_equal(one[-1], other[-1])
    plain = toy_models.tiny(camera=False)
    [here], [there] = (Modelled("m", plain).answer([small(asks, to)], seed=0) for to in (1.0, 5.0))
    assert all(np.array_equal(*pair) for pair in zip(here, there, strict=True))


def test_what_it_is_told_are_the_poses_of_context_and_plan(monkeypatch):
    """As by hand, with the model asked alone and about one row."""
    monkeypatch.setattr("worldsim_benchmarks.entries._seed", lambda seed, name: 7)
    model, twins = toy_models.tiny(camera=True), small()
    case = twins.cases[0]
    alone = Twins("small", "small", (case,))
    heard = []
    watch, imagine = model.watch, model.imagine
    model.watch = lambda *given, camera: heard.append(camera) or watch(*given, camera=camera)
    model.imagine = lambda *given, generator, camera: (
        heard.append(camera) or imagine(*given, generator=generator, camera=camera)
    )
    [[answer]] = Modelled("m", model).answer([alone], seed=3)
    before, after = heard
    assert np.array_equal(before.poses[0], case.before.pose) and np.array_equal(after.poses[0], case.truth.pose)
    assert all(np.array_equal(lens, case.truth.intrinsics) for lens in (*before.intrinsics[0], *after.intrinsics[0]))
    told = Camera(*(torch.cat(each, dim=1) for each in zip(before, after, strict=True)))
    [by_hand] = imagine_batch(model, case.seen[None], case.taken[None], case.plan[None], seeds=[7], camera=told)
    assert np.array_equal(answer, by_hand)


def test_the_board_says_who_is_told_the_path(tmp_path):
    for camera in (True, False):
        checkpoint.save(toy_models.tiny(camera=camera), tmp_path / str(camera), "a card")
    tiers = [entry(str(tmp_path / name), 4).tier for name in ("True", "False")]
    assert tiers == ["T2", "T1"] and entry("still", 4).tier == "T1"


def test_who_is_asked_at_another_size_is_shown_that_and_answers_at_the_one_asked_for():
    twins, shown = small(size=32), []

    class Watcher:
        name = "watcher"

        def answer(self, twins, *, seed):
            shown.extend(twins)
            return [[case.seen[[-1] * len(case.plan)] for case in each.cases] for each in twins]

    [answers] = Resized(Watcher(), 16).answer([twins], seed=0)
    for case, small_case, answer in zip(twins.cases, shown[0].cases, answers, strict=True):
        assert np.array_equal(small_case.seen, resize(case.seen, (16, 16)))
        assert np.array_equal(small_case.truth.intrinsics[:2], case.truth.intrinsics[:2] / 2)
        assert small_case.truth.intrinsics[2].tolist() == [0, 0, 1]
        assert answer.shape == case.truth.frames.shape
        assert np.array_equal(answer[0], resize(small_case.seen[-1], (32, 32)))
    same = Resized(Modelled("drift", Drift()), 32).answer([twins], seed=0)[0]
    alone = Modelled("drift", Drift()).answer([twins], seed=0)[0]
    assert all(np.array_equal(*pair) for pair in zip(same, alone, strict=True)), "its own size changes nothing"
    told = [replace(twins, cases=tuple(replace(case, asks="surprise") for case in twins.cases))]
    model = toy_models.tiny()
    [wondered] = Resized(Modelled("m", model), 16).answer(told, seed=0)
    assert [each.shape for each in wondered] == [(3,), (3,)], "how surprising frames are has no size"


def test_the_truth_that_went_the_same_way_stands_beside_it():
    twins = [toy_twins.twins(number) for number in range(2)]
    rows = at(32, [entry("drift", 4)], twins)
    found = {each.contestant: each for each in run(Permanence(), twins, rows, split="toy", size=64)}
    back = found["replay, at 32 px"]
    assert back.kind == "oracle" and back.tier == "truth" and back.manifest["seen_at"] == 32
    assert found["replay"].raw > back.raw > found["drift, at 32 px"].raw
    assert Resized(REPLAY, 64).answer(twins, seed=0)[0][0].tobytes() == twins[0].cases[0].truth.frames.tobytes()


def test_no_picture_is_less_than_a_pixel_across(tmp_path):
    with pytest.raises(ValueError, match="seen_at came as 0; frames are at least one pixel across"):
        bench("still", "permanence", seen_at=0, out=str(tmp_path), truth=str(tmp_path))


def test_a_model_is_another_where_the_code_is_that_it_inherits(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "mine").mkdir()
    files = {
        "__init__": "",
        "base": "class Base:\n    def watch(self, seen, taken):\n        return seen\n",
        "model": "from mine.base import Base\n\n\n"
        "class Model(Base):\n    def imagine(self, memory, plan, *, generator): ...\n",
    }
    digests = []
    for comment in ("", "# one\n", "# one\n"):
        for name, code in files.items():
            (tmp_path / "mine" / f"{name}.py").write_text(code + comment * (name == "base"))
        digests.append(entry("mine.model:Model", 4).manifest["source"])
    assert digests[0] != digests[1] == digests[2]
