"""A model that may be told where frames are seen from hears that, and loses nothing where it is not told."""

import gymnasium as gym
import numpy as np
import pytest
import torch
import toy_models
from torch import nn

from worldsim.data.module import ClipModule
from worldsim.data.schema import Schema
from worldsim.data.store import EpisodeStore
from worldsim.data.writer import write_episodes
from worldsim.models import checkpoint
from worldsim.models.diffusion_world import DiffusionWorld
from worldsim.models.hidden import hide
from worldsim.models.stream import begin_anew, branch, led_to
from worldsim.models.surprise import PROBED, errors
from worldsim.models.within import Within, within
from worldsim.nn.camera import rays_of, whence
from worldsim.protocols import hears_camera
from worldsim.random import draw
from worldsim.rollout import imagine_batch, rollouts, to_model, to_pictures
from worldsim.training.fit import fit
from worldsim.types import Camera, Clip, Episode

ROWS, SEEN, PLAN = 2, 7, 3


def tiny(started: bool = True, **changes) -> DiffusionWorld:
    return toy_models.tiny(started, **{"camera": True, **changes})


def turn(*angles: float) -> torch.Tensor:
    """A rotation by so much about each axis in turn."""
    whole = torch.eye(3, dtype=torch.float64)
    for axis, angle in enumerate(angles):
        one, c, s = torch.eye(3, dtype=torch.float64), np.cos(angle), np.sin(angle)
        a, b = [other for other in range(3) if other != axis]
        one[a, a], one[a, b], one[b, a], one[b, b] = c, -s, s, c
        whole = whole @ one
    return whole


def pose(angles, place) -> torch.Tensor:
    found = torch.eye(4, dtype=torch.float64)
    found[:3, :3], found[:3, 3] = turn(*angles), torch.as_tensor(place, dtype=torch.float64)
    return found


def camera(frames: int = SEEN + PLAN, rows: int = ROWS) -> Camera:
    """Each row on a way of its own."""
    random = np.random.default_rng(0)
    poses = [
        torch.stack([pose(random.normal(size=3) * 0.3 + 0.1 * t, random.normal(size=3) + t) for t in range(frames)])
        for _ in range(rows)
    ]
    lens = torch.tensor([[20.0, 0, 8], [0, 24.0, 8], [0, 0, 1]], dtype=torch.float64)
    return Camera(torch.stack(poses), lens.expand(rows, frames, 3, 3))


def part(whole: Camera, start: int, stop: int | None = None) -> Camera:
    return Camera(whole.poses[:, start:stop], whole.intrinsics[:, start:stop])


def video() -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    return toy_models.video(ROWS, SEEN, PLAN)


def imagined(model: DiffusionWorld, told: Camera | None) -> torch.Tensor:
    seen, taken, plan = video()
    before, after = (None, None) if told is None else (part(told, 0, SEEN), part(told, SEEN))
    memory = model.watch(seen, taken, camera=before)
    return model.imagine(memory, plan, generator=torch.Generator().manual_seed(1), camera=after)[0]


def test_rays_go_from_the_camera_through_the_middle_of_each_token():
    told = camera(frames=2)
    found = rays_of(told, whence(told.poses[:, 0]), 2, 4, side=8).double()
    relative = torch.linalg.inv(told.poses[:, :1]) @ told.poses
    directions, moments = found.split(3, dim=-1)
    torch.testing.assert_close(directions.norm(dim=-1), torch.ones_like(directions[..., 0]))
    for row, time, token, depth in ((0, 0, 0, 1.0), (0, 1, 5, 3.0), (1, 1, 7, 2.0)):
        x, y = 8 * (token % 4 + 0.5), 8 * (token // 4 + 0.5)
        pixel = torch.tensor([x, y, 1.0], dtype=torch.float64)
        ahead = torch.cat([depth * torch.linalg.inv(told.intrinsics[row, time]) @ pixel, torch.ones(1).double()])
        point = (relative[row, time] @ ahead)[:3]
        moment = torch.linalg.cross(point, directions[row, time, token])
        torch.testing.assert_close(moment, moments[row, time, token], rtol=1e-5, atol=1e-5)
    assert not moments[:, 0].any(), "the first camera is where rays are told from"


def test_to_move_the_whole_world_changes_nothing():
    told, model = camera(), tiny()
    moved = Camera(pose((0.4, -1.0, 2.0), (30.0, -7.0, 100.0)) @ told.poses, told.intrinsics)
    torch.testing.assert_close(imagined(model, moved), imagined(model, told), rtol=0, atol=1e-5)
    other = Camera(told.poses.clone(), told.intrinsics)
    other.poses[:, -1] = other.poses[:, 0]
    assert not torch.allclose(imagined(model, other)[:, -1], imagined(model, told)[:, -1], atol=1e-3)
    assert torch.equal(imagined(model, other)[:, :-1], imagined(model, told)[:, :-1]), "and not the past"


def test_untold_it_is_the_model_that_was_built_without():
    model, plain = tiny(), tiny(camera=False)
    plain.load_state_dict({name: weight for name, weight in model.state_dict().items() if ".ray." not in name})
    assert torch.equal(imagined(model, None), imagined(plain, None))
    unknown = Camera(*(torch.zeros_like(each) for each in camera()))
    assert torch.equal(imagined(model, unknown), imagined(plain, None)), "zeros stand for what is not known"
    fresh, same = tiny(started=False), tiny(started=False, camera=False)
    assert all(torch.equal(weight, fresh.state_dict()[name]) for name, weight in same.state_dict().items())


def test_at_first_it_changes_nothing_and_is_learned_from():
    seen, taken, _ = video()
    told = Clip(seen, taken, torch.ones(ROWS, SEEN, dtype=torch.bool), part(camera(), 0, SEEN))
    model, plain = tiny(action_dropout=0.0), tiny(action_dropout=0.0)
    nn.init.zeros_(model.transformer.ray.project.weight)
    plain.load_state_dict(model.state_dict())
    losses = [
        each.loss(clip, generator=torch.Generator().manual_seed(0))
        for each, clip in ((model, told), (plain, told._replace(camera=None)))
    ]
    assert torch.equal(*losses)
    losses[0].backward()
    assert (model.transformer.ray.project.weight.grad.abs().sum(0) > 0).all(), "each of six numbers is heard"


def test_it_is_withheld_as_often_as_actions_are():
    seen, taken, _ = video()
    clip = Clip(seen, taken, torch.ones(ROWS, SEEN, dtype=torch.bool), part(camera(), 0, SEEN))
    never, always = (
        hide(tiny(action_dropout=share), clip, 0, torch.Generator().manual_seed(0)) for share in (0.0, 1.0)
    )
    assert never.rays.abs().sum((1, 2, 3)).min() > 0 and not always.rays.any()


@torch.no_grad()
def test_streaming_equals_recomputing_all_that_was_seen():
    model, told, (seen, taken, plan) = tiny(), camera(), video()
    again = toy_models.recomputed(model, seen, taken, plan, torch.Generator().manual_seed(1), camera=told)
    torch.testing.assert_close(imagined(model, told), again, rtol=0, atol=1e-4)


def test_branches_and_rows_that_begin_anew_keep_their_cameras():
    model, told, (seen, taken, plan) = tiny(), camera(), video()
    memory = model.watch(seen, taken, camera=part(told, 0, SEEN))
    seeds = [torch.Generator().manual_seed(seed) for seed in (0, 1, 2, 3)]
    after = Camera(*(each.repeat_interleave(2, dim=0) for each in part(told, SEEN)))
    futures, _ = model.imagine(branch(memory, 2), plan.repeat_interleave(2, dim=0), generator=seeds, camera=after)
    own = [torch.Generator().manual_seed(seed) for seed in (1, 3)]
    alone, _ = model.imagine(memory, plan, generator=own, camera=part(told, SEEN))
    torch.testing.assert_close(futures[1::2], alone, rtol=0, atol=1e-5)
    fresh = model.watch(seen[:1, :2], taken[:1, :1], camera=Camera(*(each[1:, 4:6] for each in told)))
    mixed = begin_anew(memory, [0], fresh)
    ahead = Camera(*(torch.cat([each[1:, 6 : 6 + PLAN], each[1:, SEEN:]]) for each in told))
    seeds = [torch.Generator().manual_seed(seed) for seed in (5, 3)]
    both, _ = model.imagine(mixed, plan, generator=seeds, camera=ahead)
    seeds = [torch.Generator().manual_seed(5)]
    anew, _ = model.imagine(fresh, plan[:1], generator=seeds, camera=Camera(*(each[:1] for each in ahead)))
    torch.testing.assert_close(both[:1], anew, rtol=0, atol=1e-4)
    torch.testing.assert_close(both[1:], alone[1:], rtol=0, atol=1e-4)


def test_in_a_pack_each_clip_has_its_own_cameras():
    model = tiny(action_dropout=0.0)
    shapes = [(2, 5, 16, 24), (1, 3, 32, 16)]
    parts = tuple(
        Clip(torch.rand(b, t, 3, h, w), torch.randn(b, t - 1, 2), torch.ones(b, t).bool(), camera(t, b))
        for b, t, h, w in shapes
    )
    parts = (parts[0], parts[1]._replace(camera=None))
    toy_models.check_packed_is_separate(model, parts, spare=4)


@torch.no_grad()
def test_surprise_and_features_hear_it_frame_by_frame():
    (seen, taken, _), told, model = video(), part(camera(), 0, SEEN), tiny()

    def surprised(at: Camera | None) -> torch.Tensor:
        return model.surprise(seen, taken, generator=torch.Generator().manual_seed(1), camera=at)

    def active(at: Camera | None) -> torch.Tensor:
        return model.features(seen, taken, layers=[-1], camera=at)[-1]

    other = Camera(told.poses.clone(), told.intrinsics)
    other.poses[:, -1] = other.poses[:, 0]
    moved = Camera(pose((0.4, -1.0, 2.0), (30.0, -7.0, 100.0)) @ told.poses, told.intrinsics)
    unknown = Camera(*(torch.zeros_like(each) for each in told))
    for asked in (surprised, active):
        torch.testing.assert_close(asked(moved), asked(told), rtol=0, atol=1e-4)
        assert torch.equal(asked(other)[:, :-1], asked(told)[:, :-1]), "a pose says nothing of the frames before it"
        assert not torch.allclose(asked(other)[:, -1], asked(told)[:, -1], atol=1e-3)
        assert not torch.allclose(asked(None)[:, 0], asked(told)[:, 0], atol=1e-3), "the first is told as well"
        torch.testing.assert_close(asked(unknown), asked(None), rtol=0, atol=1e-6)
    blind = tiny(camera=False)
    with pytest.raises(ValueError, match="a camera came to a model that was built without"):
        blind.surprise(seen, taken, generator=torch.Generator(), camera=told)
    with pytest.raises(ValueError, match="a camera came to a model that was built without"):
        blind.features(seen, taken, layers=[0], camera=told)


@torch.no_grad()
def test_what_surprises_is_what_would_not_have_been_imagined_from_there():
    """Each frame of a stream that is told where it is has the errors of a single look from there."""
    (seen, taken, _), told, model = video(), part(camera(), 0, SEEN), tiny()
    found = errors(model, seen, taken, torch.Generator().manual_seed(1), told)
    clean, generator = model.codec.encode(seen), torch.Generator().manual_seed(1)
    rays, known = model.rays(told, whence(told.poses[:, 0]), clean), torch.arange(SEEN) > 0
    for time in range(SEEN):
        noise = draw(tuple(clean[:, :1].shape), generator)
        now = slice(0, time + 1)
        for number, level in enumerate(PROBED):
            frames = torch.cat([clean[:, :time], torch.lerp(noise, clean[:, time : time + 1], level)], dim=1)
            levels = torch.cat([model.said_of(clean[:, :time]), torch.full((ROWS, 1), level)], dim=1)
            given = (frames, model.beside(clean[:, now]), levels, led_to(taken)[:, now], known[now].expand(ROWS, -1))
            guess = model.predict(*given, rays=rays[:, now])[0][:, -1:]
            wrong = (guess - clean[:, time : time + 1]).square().mean((1, 2, 3, 4))
            torch.testing.assert_close(found[:, time, number], wrong, rtol=1e-4, atol=1e-4)


def test_rollouts_tell_it_where_every_episode_knows():
    told, model, random = camera(), tiny(), np.random.default_rng(0)
    frames = random.integers(0, 256, (ROWS, SEEN + PLAN, 16, 16, 3), np.uint8)
    actions = random.normal(size=(ROWS, SEEN + PLAN - 1, 2)).astype(np.float32)

    def imagined_by(model, knows: int) -> np.ndarray:
        """Of episodes of which so many know where they are seen from."""
        cameras = [
            {"poses": told.poses[row].numpy(), "intrinsics": told.intrinsics[row].numpy()} if row < knows else {}
            for row in range(ROWS)
        ]
        episodes = [Episode(actions[row], frames[row], 10.0, "test", row, **known) for row, known in enumerate(cameras)]
        return np.stack([each.imagined for each in rollouts(model, episodes, seen=SEEN)])

    before, after = part(told, 0, SEEN), part(told, SEEN)
    memory = model.watch(to_model(frames[:, :SEEN]), torch.from_numpy(actions[:, : SEEN - 1]), camera=before)
    plan, generators = torch.from_numpy(actions[:, SEEN - 1 :]), [torch.Generator().manual_seed(row) for row in (0, 1)]
    by_hand, _ = model.imagine(memory, plan, generator=generators, camera=after)
    assert np.array_equal(imagined_by(model, knows=2), to_pictures(by_hand))
    assert not np.array_equal(imagined_by(model, knows=1), imagined_by(model, knows=2))
    assert np.array_equal(imagined_by(model, knows=1), imagined_by(model, knows=0))
    blind = tiny(camera=False)
    assert np.array_equal(imagined_by(blind, knows=2), imagined_by(blind, knows=0))
    with pytest.raises(ValueError, match="a camera came beside a DiffusionWorld, which hears none"):
        seen, taken = frames[:, :SEEN], actions[:, : SEEN - 1]
        imagine_batch(blind, seen, taken, actions[:, SEEN - 1 :], seeds=[0, 1], camera=told)


def test_a_model_of_several_worlds_hears_it_in_each():
    schema = Schema.of(dict.fromkeys(("one", "other"), gym.spaces.Box(-1, 1, (2,), np.float32)))
    told, (seen, taken, plan) = camera(), video()
    model = tiny(actions=schema.components, schema=schema)
    here = within(model, "other")
    assert hears_camera(here) and not hears_camera(
        within(tiny(actions=schema.components, schema=schema, camera=False), "other")
    )
    assert isinstance(here, Within)
    before, after = part(told, 0, SEEN), part(told, SEEN)
    noise = torch.Generator().manual_seed(1)
    own, _ = here.imagine(here.watch(seen, taken, camera=before), plan, generator=noise, camera=after)
    noise = torch.Generator().manual_seed(1)
    memory = model.watch(seen, here.placed(taken), camera=before)
    assert torch.equal(own, model.imagine(memory, here.placed(plan), generator=noise, camera=after)[0])
    asked = [each.surprise for each in (here, model)]
    one, other = (
        ask(seen, actions, generator=torch.Generator().manual_seed(1), camera=before)
        for ask, actions in zip(asked, (taken, here.placed(taken)), strict=True)
    )
    assert torch.equal(one, other)


def test_a_camera_that_would_not_be_heard_is_refused():
    seen, taken, plan = video()
    with pytest.raises(ValueError, match="a camera came to a model that was built without"):
        tiny(camera=False).watch(seen, taken, camera=part(camera(), 0, SEEN))
    model = tiny()
    with pytest.raises(ValueError, match="a camera came to a memory that was told none"):
        model.imagine(model.watch(seen, taken), plan, generator=torch.Generator(), camera=part(camera(), SEEN))


def recorded(path, cameras: bool):
    random, told = np.random.default_rng(0), camera(frames=8, rows=4)
    episodes = []
    for seed in range(4):
        poses, lenses = (each[seed].numpy().copy() for each in told)
        episodes.append(
            Episode(
                *(random.normal(size=(7, 2)).astype(np.float32), random.integers(0, 256, (8, 32, 32, 3), np.uint8)),
                *(10.0, "test/Seen-v0", seed),
                poses=poses if cameras else None,
                intrinsics=lenses if cameras else None,
            )
        )
    write_episodes(path, episodes)
    return path


def test_clips_tell_what_the_dataset_recorded(tmp_path):
    data = recorded(tmp_path / "data", cameras=True)
    clips = ClipModule(data, frames=4, batch=3, camera=True)
    clips.setup("fit")
    batch, store = next(iter(clips.train_dataloader())), EpisodeStore(data)
    told = [np.stack([store[index].poses[at : at + 4] for index in range(4) for at in range(5)])]
    for poses in batch.camera.poses.numpy():
        assert (np.abs(told[0] - poses).max((1, 2, 3)) == 0).any()
    assert batch.camera.intrinsics.shape == (3, 4, 3, 3)
    plain = ClipModule(data, frames=4, batch=3)
    plain.setup("fit")
    assert next(iter(plain.train_dataloader())).camera is None
    with pytest.raises(ValueError, match="does not tell where its frames were seen from"):
        ClipModule(recorded(tmp_path / "blind", cameras=False), frames=4, camera=True).setup("fit")


@pytest.mark.parametrize("changes", [{}, {"pack": 40}], ids=str)
def test_a_run_learns_from_cameras_and_what_it_wrote_hears_them(changes, tmp_path):
    data = recorded(tmp_path / "data", cameras=True)
    run = {"frames": 4, "batch": 2, "steps": 3, "window": 4, "patch": 16, "threads": 1}
    fit(str(data), str(tmp_path / "run"), **run, **changes, camera=True)
    model = checkpoint.load(tmp_path / "run" / "model")
    assert isinstance(model, DiffusionWorld) and model.camera and model.transformer.ray.project.weight.any()
