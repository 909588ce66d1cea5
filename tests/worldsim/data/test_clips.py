import pickle
import signal

import numpy as np
import pytest
import torch
from made_up import episode, equal, told
from torch.utils.data import DataLoader

from worldsim.data.batches import Batches, Draws
from worldsim.data.clips import ClipDataset, decoded
from worldsim.data.store import EpisodeStore
from worldsim.data.writer import write_episodes
from worldsim.video import read_mp4

LENGTHS = [9, 3, 30, 5, 17]
"""Steps of the episodes; red says which episode a frame is of, green which frame of it, and so do its actions."""


@pytest.fixture(scope="module")
def dataset(tmp_path_factory):
    path = tmp_path_factory.mktemp("clips")
    write_episodes(path, [episode(seed, steps) for seed, steps in enumerate(LENGTHS)])
    return path


@pytest.mark.parametrize("frames", [2, 6, 12])
def test_a_clip_is_one_stretch_of_one_episode(dataset, frames):
    clips = ClipDataset(dataset, frames)
    whole = clips.clips(np.arange(len(clips)))
    of, at = told(whole)
    assert whole.frames.shape == (len(clips), frames, 3, 16, 16) and whole.frames.dtype == torch.float32
    assert (of == of[:, :1]).all(), "a clip crosses from one episode to the next"
    assert (at[:, 1:] - at[:, :-1])[whole.mask[:, 1:]].eq(1).all()


@pytest.mark.parametrize("frames", [2, 6, 12])
def test_actions_lead_from_frame_to_frame(dataset, frames):
    clips = ClipDataset(dataset, frames)
    whole = clips.clips(np.arange(len(clips)))
    of, at = told(whole)
    real = whole.mask[:, 1:]
    assert torch.equal(whole.actions[..., 0][real].long(), of[:, :-1][real])
    assert torch.equal(whole.actions[..., 1][real].long(), at[:, :-1][real])


def test_every_window_is_there_once(dataset):
    clips = ClipDataset(dataset, 6)
    of, at = told(clips.clips(np.arange(len(clips))))
    expected = [(e, s) for e, steps in enumerate(LENGTHS) for s in range(max(steps + 1 - 6 + 1, 1))]
    assert list(zip(of[:, 0].tolist(), at[:, 0].tolist(), strict=True)) == expected


def test_a_short_episode_is_padded_and_masked(dataset):
    clips = ClipDataset(dataset, 6, episodes=[1])
    (clip,) = (clips[index] for index in range(len(clips)))
    assert clip.mask.tolist() == [[True] * 4 + [False] * 2]
    assert torch.equal(clip.frames[0, 4], clip.frames[0, 3]) and torch.equal(clip.frames[0, 5], clip.frames[0, 3])
    assert not clip.actions[0, 3:].any() and clip.actions[0, 1:3].any()


def test_only_the_chosen_episodes_are_read(dataset):
    clips = ClipDataset(dataset, 4, episodes=[0, 3])
    assert set(told(clips.clips(np.arange(len(clips))))[0].flatten().tolist()) == {0, 3}


def test_all_256_values_are_told_apart_in_minus_one_to_one(tmp_path):
    frames = np.arange(256, dtype=np.uint8).reshape(2, 8, 16)[..., None].repeat(3, -1)
    write_episodes(tmp_path, [episode(0, 1, frames=frames)])
    clip = ClipDataset(tmp_path, 2)[0]
    assert clip.frames.min() == -1 and clip.frames.max() == 1
    back = torch.round((clip.frames[0] + 1) * 127.5).to(torch.uint8).permute(0, 2, 3, 1)
    assert np.array_equal(back.numpy(), frames)


def test_frames_are_decoded_once_and_anew_for_another_dataset(tmp_path):
    write_episodes(tmp_path / "a", [episode(0)])
    write_episodes(tmp_path / "b", [episode(1)])
    a, b = EpisodeStore(tmp_path / "a"), EpisodeStore(tmp_path / "b")
    first = decoded(a, tmp_path / "cache")
    stamp = first.stat().st_mtime_ns
    assert decoded(a, tmp_path / "cache") == first and first.stat().st_mtime_ns == stamp
    assert decoded(b, tmp_path / "cache") != first
    assert decoded(a).parent == tmp_path / "a" / ".cache"
    a.check()  # what is decoded is no part of the dataset


def test_a_cache_that_was_cut_short_is_made_again(tmp_path):
    write_episodes(tmp_path, [episode(0)])
    file = decoded(EpisodeStore(tmp_path))
    whole = file.read_bytes()
    file.write_bytes(whole[:-1])
    assert decoded(EpisodeStore(tmp_path)).read_bytes() == whole


def test_a_full_disk_is_said_before_it_is_full(tmp_path, monkeypatch):
    write_episodes(tmp_path, [episode(0)])
    monkeypatch.setattr("shutil.disk_usage", lambda _: type("Disk", (), {"free": 1})())
    with pytest.raises(ValueError, match="choose a folder on a larger disk as the cache"):
        decoded(EpisodeStore(tmp_path))


def test_bad_input_is_one_sentence(dataset):
    with pytest.raises(ValueError, match="frames came as 1; a clip shows what came of an action"):
        ClipDataset(dataset, 1)
    with pytest.raises(ValueError, match=r"no episode of .* was chosen; it has 5"):
        ClipDataset(dataset, 4, episodes=[])


# ---- order -----------------------------------------------------------------------------------------------------------


def test_a_batch_is_a_function_of_seed_and_step(dataset):
    clips = ClipDataset(dataset, 4)
    assert equal(Batches(Draws(clips, 8, seed=1))[7], Batches(Draws(ClipDataset(dataset, 4), 8, seed=1))[7])
    assert not equal(Batches(Draws(clips, 8, seed=1))[7], Batches(Draws(clips, 8, seed=1))[8])
    assert not equal(Batches(Draws(clips, 8, seed=1))[7], Batches(Draws(clips, 8, seed=2))[7])


def test_going_on_is_as_never_having_stopped(dataset):
    clips = ClipDataset(dataset, 4)
    straight, later = iter(Batches(Draws(clips, 8))), iter(Batches(Draws(clips, 8), start=3))
    assert all(equal(one, next(later)) for index, one in zip(range(6), straight, strict=False) if index >= 3)


def test_processes_that_train_together_share_out_the_batches(dataset):
    clips = ClipDataset(dataset, 4)
    alone = [Batches(Draws(clips, 8))[step] for step in range(6)]
    for rank in range(2):
        assert all(
            equal(Batches(Draws(clips, 8), rank=rank, ranks=2)[step], alone[2 * step + rank]) for step in range(3)
        )


@pytest.mark.filterwarnings("ignore:This DataLoader will create")
@pytest.mark.parametrize("workers", [1, 2, 3])
def test_workers_make_no_difference_and_do_not_hang(dataset, workers):
    """They are forked after a video was decoded here, which hangs where a decoder has threads."""
    read_mp4(next(dataset.rglob("*.mp4")))
    clips = ClipDataset(dataset, 4)
    expected = [Batches(Draws(clips, 8), start=2)[step] for step in range(2, 8)]
    signal.signal(signal.SIGALRM, lambda *_: pytest.fail("the workers hang"))
    signal.alarm(60)
    loader = DataLoader(
        Batches(Draws(clips, 8), start=2), batch_size=None, num_workers=workers, multiprocessing_context="fork"
    )
    found = [batch for _, batch in zip(range(6), loader, strict=False)]
    signal.alarm(0)
    assert all(equal(one, other) for one, other in zip(expected, found, strict=True))


def test_a_worker_is_not_sent_the_frames(dataset):
    clips = ClipDataset(dataset, 4)
    expected = clips[3]
    sent = pickle.dumps(clips)
    assert len(sent) < 20_000 < EpisodeStore(dataset).info["total_frames"] * 16 * 16 * 3
    assert equal(pickle.loads(sent)[3], expected)
