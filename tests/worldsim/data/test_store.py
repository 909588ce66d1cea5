import json
import os
import shutil

import numpy as np
import pyarrow.parquet as pq
import pytest
from made_up import episode, files, same

from worldsim.data import layout, writer
from worldsim.data.store import EpisodeStore
from worldsim.data.writer import Packer, stage, write_episodes
from worldsim.video import read_mp4

rng = np.random.default_rng(0)
strange = np.array([np.nan, -np.nan, 0.0, -0.0, np.inf, 5e-324], np.float64)

EPISODES = {
    "bare": {"states": {}},
    "one step": {"steps": 1},
    "longer than a chunk": {"steps": 40},
    "no actions": {"actions": np.zeros((5, 0), np.float32)},
    "one action": {"actions": rng.normal(size=(5, 1)).astype(np.float32)},
    "rewards": {"rewards": rng.normal(size=5).astype(np.float32)},
    "camera": {"poses": rng.normal(size=(6, 4, 4)), "intrinsics": rng.normal(size=(6, 3, 3))},
    "depth": {"depth": np.where(rng.random((6, 16, 16)) < 0.5, np.inf, 1.5).astype(np.float32)},
    "segmentation": {"segmentation": rng.integers(-1, 4, (6, 16, 16)).astype(np.int32)},
    "words": {"caption": "ein Ball fällt — 落ちる", "policy": "", "scene": "worldsim_envs:worldsim/Hidden-v0"},
    "notes": {"notes": {"caption.short": "ein Ball", "variation.changes": '[[3, "remove:0"]]', "variation.arm": ""}},
    "observation": {"states": {"observation": rng.normal(size=(6, 4))}},
    "strange numbers": {"states": {"x": strange}, "actions": np.tile(strange[:5, None], 2).astype(np.float32)},
    "types": {
        "states": {
            "flag": rng.random(6) < 0.5,
            "count": np.arange(6, dtype=np.int64) + 2**60,
            "small": np.arange(12, dtype=np.uint8).reshape(6, 2),
            "half": rng.normal(size=(6, 3, 2)).astype(np.float16),
            "big end": np.arange(6, dtype=">i4"),
            "empty": np.zeros((6, 0), np.float64),
        }
    },
    "names": {"states": {"ball/pos": np.zeros((6, 3)), "../up": np.ones(6), "ü": np.ones(6), "": np.zeros(6)}},
}


@pytest.mark.parametrize("case", EPISODES)
def test_an_episode_comes_back_to_the_byte(tmp_path, case):
    written = episode(**EPISODES[case])
    write_episodes(tmp_path, [written, episode(seed=3, **{**EPISODES[case], "caption": "the second"})])
    assert same(written, EpisodeStore(tmp_path)[0])


def test_episodes_of_different_truth_and_length_share_a_dataset(tmp_path):
    written = [
        episode(seed, steps=steps, states=states)
        for seed, (steps, states) in enumerate(
            [
                (5, {"x": np.zeros((6, 2))}),
                (9, {}),
                (1, {"y": np.ones(2)}),
                (20, {"x": np.ones((21, 3, 7))}),
            ]
        )
    ]
    write_episodes(tmp_path, written)
    store = EpisodeStore(tmp_path)
    assert len(store) == 4 and store.lengths.tolist() == [6, 10, 2, 21]
    assert all(same(one, store[index]) for index, one in enumerate(written))
    assert same(written[-1], store[-1])
    with pytest.raises(IndexError, match=r"episode 4 was asked of .* which has 4"):
        store[4]


def test_a_window_of_frames_is_read_alone(tmp_path):
    write_episodes(tmp_path, [episode(1, 20), episode(2, 30)])
    assert np.array_equal(EpisodeStore(tmp_path).frames(1, 5, 9), episode(2, 30).frames[5:9])


# ---- what other programs count on ------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def dataset(tmp_path_factory):
    path = tmp_path_factory.mktemp("dataset")
    made = [
        episode(seed, steps, rewards=np.ones(steps, np.float32), poses=np.ones((steps + 1, 4, 4)), caption=caption)
        for seed, (steps, caption) in enumerate([(5, "fall"), (17, "rise"), (3, "fall")])
    ]
    write_episodes(path, made)
    return path


def test_one_row_group_an_episode(dataset):
    table = pq.ParquetFile(dataset / layout.file_of("data", 0, "parquet"))
    assert [table.metadata.row_group(k).num_rows for k in range(table.num_row_groups)] == [6, 18, 4]


def test_features_are_flat_and_declared(dataset):
    info = json.loads((dataset / layout.INFO).read_text())
    schema = pq.read_schema(dataset / layout.file_of("data", 0, "parquet"))
    assert set(schema.names) == set(info["features"]) - {layout.VIDEO}
    for name in schema.names:
        assert len(info["features"][name]["shape"]) == 1, f"{name} has two dimensions, which breaks viewers"
    assert (info["codebase_version"], info["fps"], info["total_frames"]) == ("v3.0", 20, 28)


def test_the_last_row_is_marked_as_padding(dataset):
    rows = pq.read_table(dataset / layout.file_of("data", 0, "parquet"))
    last = np.array(rows["is_last"])
    assert np.flatnonzero(last).tolist() == [5, 23, 27]
    assert not np.any([rows["action"][int(index)].as_py() for index in np.flatnonzero(last)])
    assert rows["index"].to_pylist() == list(range(28))
    assert rows["frame_index"].to_pylist() == [*range(6), *range(18), *range(4)]
    assert rows["task_index"].to_pylist() == [0] * 6 + [1] * 18 + [0] * 4


def test_tasks_are_indexed_by_name_for_pandas(dataset):
    schema = pq.read_schema(dataset / "meta/tasks.parquet")
    assert json.loads(schema.metadata[b"pandas"])["index_columns"] == ["task"]
    assert pq.read_table(dataset / "meta/tasks.parquet")["task"].to_pylist() == ["fall", "rise"]


def test_each_episode_begins_with_a_keyframe_at_its_timestamp(dataset):
    import av

    video = dataset / layout.file_of(f"videos/{layout.VIDEO}", 0, "mp4")
    with av.open(str(video)) as container:
        keyframes = [float(packet.pts * packet.time_base) for packet in container.demux(video=0) if packet.is_keyframe]
    begins = [facts[f"videos/{layout.VIDEO}/from_timestamp"] for facts in EpisodeStore(dataset).facts]
    assert begins == [0.0, 6 / 20, 24 / 20] and set(begins) <= set(keyframes)


def test_statistics_of_the_whole_are_those_of_all_rows(dataset):
    stats, store = json.loads((dataset / "meta/stats.json").read_text()), EpisodeStore(dataset)
    actions = store.all_actions.astype(np.float64)
    assert np.allclose(stats["action"]["mean"], actions.mean(0)) and np.allclose(stats["action"]["std"], actions.std(0))
    assert stats["action"]["min"] == actions.min(0).tolist() and stats["action"]["max"] == actions.max(0).tolist()
    assert np.shape(stats[layout.VIDEO]["mean"]) == (3, 1, 1) and stats["action"]["count"] == [28]


# ---- staging and packing ---------------------------------------------------------------------------------------------


def pack(path, order, file_bytes=writer.FILE_BYTES):
    made = [episode(seed, 4 + seed) for seed in range(len(order))]
    packer = Packer(path, file_bytes)
    for index in order:
        stage(path, index, made[index])
        packer.pack()
    packer.finish({})
    return made


@pytest.mark.parametrize("order", [range(6), [5, 4, 3, 2, 1, 0], [2, 0, 5, 1, 4, 3]])
@pytest.mark.parametrize("file_bytes", [1, 20_000])
def test_the_order_of_staging_makes_no_difference(tmp_path, order, file_bytes):
    pack(tmp_path / "straight", range(6), file_bytes)
    made = pack(tmp_path / "shuffled", list(order), file_bytes)
    assert files(tmp_path / "straight") == files(tmp_path / "shuffled")
    store = EpisodeStore(tmp_path / "shuffled")
    assert all(same(one, store[index]) for index, one in enumerate(made))
    assert (
        len(list((tmp_path / "shuffled/data").glob("*/*"))) == {1: 6, 20_000: len(set(store_files(store)))}[file_bytes]
    )


def store_files(store):
    return [facts["data/file_index"] for facts in store.facts]


@pytest.mark.parametrize("survives", range(10))
def test_a_packing_that_is_killed_at_any_rename_goes_on(tmp_path, monkeypatch, survives):
    """Each rename is a moment at which power may fail; before it nothing is lost, after it nothing is done twice."""
    pack(tmp_path / "whole", range(6), 20_000)
    left = [survives]

    def rename(*arguments):
        left[0] -= 1
        if left[0] < 0:
            raise KeyboardInterrupt
        os.rename(*arguments)

    made = [episode(seed, 4 + seed) for seed in range(6)]
    for index, one in enumerate(made):
        stage(tmp_path / "killed", index, one)
    with monkeypatch.context() as patch:
        patch.setattr(writer.os, "replace", rename)
        with pytest.raises(KeyboardInterrupt):
            Packer(tmp_path / "killed", 20_000).finish({})
    packer = Packer(tmp_path / "killed", 20_000)
    assert packer.missing(6) == []
    packer.finish({})
    assert files(tmp_path / "whole") == files(tmp_path / "killed")


def test_a_dataset_that_was_written_in_part_goes_on(tmp_path):
    made = [episode(seed) for seed in range(4)]

    def breaks_off():
        yield from made[:2]
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_episodes(tmp_path / "a", breaks_off())
    with pytest.raises(FileNotFoundError, match="is not finished"):
        EpisodeStore(tmp_path / "a")
    write_episodes(tmp_path / "a", made)
    write_episodes(tmp_path / "b", made)
    assert files(tmp_path / "a") == files(tmp_path / "b")


# ---- the hash --------------------------------------------------------------------------------------------------------


def test_the_hash_is_of_the_content(tmp_path):
    for name, seed in (("a", 0), ("b", 0), ("c", 1)):
        write_episodes(tmp_path / name, [episode(seed)])
    a, b, c = (EpisodeStore(tmp_path / name).hash for name in "abc")
    assert a == b != c


@pytest.mark.parametrize("folder", ["data", "videos", "groundtruth", "meta/episodes", "meta/info.json"])
def test_a_changed_byte_is_found(tmp_path, folder):
    write_episodes(tmp_path, [episode()])
    EpisodeStore(tmp_path).check()
    victim = next(part for part in [tmp_path / folder, *(tmp_path / folder).rglob("*.*")] if part.is_file())
    data = bytearray(victim.read_bytes())
    if folder == "meta/info.json":
        data = data.replace(b'"total_tasks": 1', b'"total_tasks": 2')
    else:
        data[len(data) // 2] ^= 1
    victim.write_bytes(data)
    with pytest.raises(ValueError, match="has changed: its files hash to"):
        EpisodeStore(tmp_path).check()


# ---- bad input -------------------------------------------------------------------------------------------------------


def damaged(path, folder, change):
    victim = next((path / folder).rglob("file-000.*"))
    change(victim)
    return EpisodeStore(path)[1]


def halved(path):
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def a_row_too_few(path):
    table = pq.ParquetFile(path)
    groups = [table.read_row_group(index) for index in range(table.num_row_groups)]
    with pq.ParquetWriter(path, table.schema_arrow) as out:
        for group in groups:
            out.write_table(group.slice(1))


@pytest.mark.parametrize(
    "folder, change, says",
    [
        ("videos", halved, r"file-000\.mp4 is cut short or damaged: its index names 12 frames, but frame \d+ cannot"),
        ("data", halved, r"file-000\.parquet is cut short or damaged"),
        ("groundtruth/states", halved, r"file-000\.parquet is cut short or damaged"),
        ("data", a_row_too_few, r"file-000\.parquet has 5 rows for episode 1, which has 6 frames"),
        ("groundtruth/depth", a_row_too_few, r"groundtruth/depth.* has 0 rows for episode 1, which has 6 frames"),
        ("data", os.remove, r"lacks .*file-000\.parquet"),
    ],
)
def test_a_damaged_dataset_says_which_file(tmp_path, folder, change, says):
    noise = np.random.default_rng(0).integers(0, 256, (6, 16, 16, 3), np.uint8)
    depth = np.ones((6, 16, 16), np.float32)
    write_episodes(tmp_path, [episode(seed, frames=noise, depth=depth) for seed in range(2)])
    with pytest.raises((ValueError, FileNotFoundError), match=says):
        damaged(tmp_path, folder, change)


@pytest.mark.parametrize(
    "second, says",
    [
        ({"size": (16, 24)}, r"episode 1 has size \[16, 24\] beside \[16, 16\] of episode 0"),
        ({"fps": 10.0}, "episode 1 has fps 10.0 beside 20.0"),
        ({"actions": np.zeros((5, 3), np.float32)}, "episode 1 has actions 3 beside 2"),
        ({"rewards": np.zeros(5, np.float32)}, "episode 1 has columns .*next.reward"),
        ({"steps": 0}, "episode 1 has no step"),
        ({"states": {"name": np.array(["a"] * 6)}}, "the state 'name' came as <U1"),
    ],
)
def test_an_episode_of_another_kind_is_refused(tmp_path, second, says):
    with pytest.raises(ValueError, match=says):
        write_episodes(tmp_path, [episode(0), episode(1, **second)])


def test_a_finished_dataset_is_not_written_over(tmp_path):
    write_episodes(tmp_path, [episode()])
    with pytest.raises(FileExistsError, match="choose another folder"):
        write_episodes(tmp_path, [episode()])


def test_what_is_no_dataset_of_ours_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match="there is no dataset in"):
        EpisodeStore(tmp_path)
    write_episodes(tmp_path / "new", [episode()])
    info = tmp_path / "new" / layout.INFO
    told = json.loads(info.read_text())
    info.write_text(json.dumps({**told, "worldsim": {**told["worldsim"], "schema": 99}}))
    with pytest.raises(ValueError, match="has schema 99; this worldsim reads up to 1"):
        EpisodeStore(tmp_path / "new")
    info.write_text(json.dumps({key: value for key, value in told.items() if key != "worldsim"}))
    with pytest.raises(ValueError, match="was not recorded by worldsim"):
        EpisodeStore(tmp_path / "new")


def test_a_dataset_may_be_moved(tmp_path):
    write_episodes(tmp_path / "here", [episode()])
    shutil.move(tmp_path / "here", tmp_path / "there")
    EpisodeStore(tmp_path / "there").check()
    assert np.array_equal(read_mp4(next((tmp_path / "there").rglob("*.mp4"))), episode().frames)
