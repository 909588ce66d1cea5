"""Recorded Minecraft, with everything that is known to go wrong with it."""

import json

import numpy as np
import pytest
from gymnasium import spaces
from made_up import files, same

from worldsim.cli import main
from worldsim.data import vpt
from worldsim.data.record import record
from worldsim.data.segments import from_vpt, read_segment, segments, to_vpt
from worldsim.data.spaces import space_to_json
from worldsim.data.store import EpisodeStore
from worldsim.data.writer import write_episodes
from worldsim.types import Episode
from worldsim.video import write_mp4
from worldsim_envs.minecraft import actions as convention
from worldsim_envs.minecraft import player as body

rng = np.random.default_rng(0)


def line(keys=(), buttons=(), dx=0.0, dy=0.0, **said):
    """A tick as the recorder writes it."""
    mouse = {"x": 640.0, "y": 360.0, "dx": dx, "dy": dy, "buttons": list(buttons), "newButtons": said.pop("new", [])}
    keyboard = {"keys": [f"key.keyboard.{key}" for key in keys], "newKeys": [], "chars": ""}
    place = {"xpos": 1.0, "ypos": 64.0, "zpos": -3.5, "yaw": 10.0, "pitch": 5.0}
    return {"mouse": mouse, "keyboard": keyboard, "isGuiOpen": False, "hotbar": 0, **place, **said}


def segment(folder, lines, frames=None, name="one"):
    """A segment on disk; a line that is text is written as it is."""
    folder.mkdir(parents=True, exist_ok=True)
    frames = rng.integers(0, 256, (len(lines), 36, 64, 3), np.uint8) if frames is None else frames
    write_mp4(folder / f"{name}.mp4", frames, 20.0)
    text = [each if isinstance(each, str) else json.dumps(each) + "\n" for each in lines]
    (folder / f"{name}.jsonl").write_text("".join(text))
    return folder / f"{name}.mp4"


def played(tmp_path, *lines):
    """The actions by name that a segment of these lines, and one more, holds."""
    [one] = read_segment(segment(tmp_path, [*lines, line()]), (36, 64))
    return [spaces.unflatten(vpt.space(), action) for action in one.actions]


def held(action):
    return {name for name, value in action.items() if name != "camera" and value}


def test_the_convention_is_that_of_every_minecraft_here():
    assert (vpt.BUTTONS, vpt.MORE) == (convention.BUTTONS, convention.MORE)
    assert vpt.space() == convention.space() and list(vpt.space().spaces) == list(convention.space().spaces)
    assert {*vpt.KEYS.values(), *vpt.MOUSE} == {*vpt.BUTTONS, *vpt.MORE}


def test_n_lines_are_n_frames_and_one_action_less(tmp_path):
    frames = rng.integers(0, 256, (7, 36, 64, 3), np.uint8)
    [one] = read_segment(segment(tmp_path, [line(["w"]) for _ in range(7)], frames), (36, 64))
    assert len(one) == 6 and np.array_equal(one.frames, frames)
    assert (one.fps, one.scene, one.policy, one.notes) == (20.0, vpt.SCENE, "human", {"segment": "one"})


def test_keys_and_mouse_become_buttons(tmp_path):
    keys = {
        "w": "forward",
        "left.control": "sprint",
        "left.shift": "sneak",
        "space": "jump",
        "e": "inventory",
        "4": "hotbar.4",
    }
    got = played(tmp_path, line(keys, buttons=[0, 1, 7]), line(["s", "a", "d", "q", "j"], buttons=[1]))
    assert held(got[0]) == {*keys.values(), "attack", "use"}
    assert held(got[1]) == {"back", "left", "right", "drop", "use"}


def test_the_camera_keeps_what_is_below_one_degree(tmp_path):
    """0.15 degrees a pixel; the published loader makes an integer of it."""
    got = played(tmp_path, line(dx=1.0, dy=-2.0), line(dx=0.5))
    assert got[0]["camera"].dtype == np.float32
    assert np.allclose([each["camera"] for each in got], [[-0.3, 0.15], [0, 0.075]])


def test_ticks_in_which_nothing_is_done_are_kept(tmp_path):
    got = played(tmp_path, line(), line(), line(["w"]), line())
    assert [held(action) for action in got] == [set(), set(), {"forward"}, set()]


def test_an_attack_that_is_stuck_counts_once_it_is_pressed_anew(tmp_path):
    lines = [line(buttons=[0], new=[0]), line(buttons=[0, 1]), line(buttons=[0], new=[0]), line(buttons=[0])]
    assert [held(action) for action in played(tmp_path / "a", *lines)] == [set(), {"use"}, {"attack"}, {"attack"}]
    lines = [line(), line(buttons=[0], new=[0]), line(buttons=[0])]
    assert [held(action) for action in played(tmp_path / "b", *lines)] == [set(), {"attack"}, {"attack"}]


def test_another_slot_between_ticks_is_its_button(tmp_path):
    got = played(tmp_path, line(hotbar=2), line(hotbar=2), line(hotbar=5), line(hotbar=5), line(["1"], hotbar=0))
    assert [held(action) for action in got] == [set(), set(), {"hotbar.6"}, set(), {"hotbar.1"}]


def test_a_turn_beyond_half_a_circle_is_none(tmp_path):
    got = played(tmp_path, line(dx=1201.0, dy=10.0), line(dx=1199.0), line(dy=-5000.0))
    assert np.allclose([each["camera"] for each in got], [[1.5, 0], [0, 179.85], [0, 0]])


def test_opposites_cancel_in_the_joint_space_alone(tmp_path):
    [action] = played(tmp_path, line(["w", "s", "a"]))
    assert held(action) == {"forward", "back", "left"}
    assert held(convention.from_vpt_joint(convention.to_vpt_joint(action))) == {"left"}


def test_the_cursor_is_drawn_where_a_window_is_open(tmp_path):
    frames = np.full((3, 360, 640, 3), 90, np.uint8)
    at = line(isGuiOpen=True)
    at["mouse"] |= {"x": 200.0, "y": 100.0}
    [one] = read_segment(segment(tmp_path, [line(), at, line()], frames), (360, 640))
    changed = np.argwhere((one.frames != 90).any(-1))
    assert set(changed[:, 0]) == {1} and one.states["gui"].tolist() == [False, True, False]
    assert changed[:, 1:].min(0).tolist() == [50, 100] and (changed[:, 1:].max(0) < [66, 116]).all()
    edge = vpt.with_cursor(frames[0], (1279.0, 719.0))  # what lies outside is left out
    assert edge[-1, -1].tolist() == [0, 0, 0] and (edge[:-1] == 90).all()


def test_what_is_no_button_of_an_action_is_still_told(tmp_path):
    [one] = read_segment(segment(tmp_path, [line(["f"]), line(["escape"], buttons=[2]), line()]))
    assert one.states["more"].tolist() == [[True, False, False], [False, True, True], [False, False, False]]
    assert one.states["place"][0].tolist() == [1.0, 64.0, -3.5, 10.0, 5.0]


def test_a_recording_without_places_has_none(tmp_path):
    bare = [{key: value for key, value in line().items() if key not in ("xpos", "yaw")} for _ in range(3)]
    [one] = read_segment(segment(tmp_path, bare))
    assert "place" not in one.states and set(one.states) == {"gui", "mouse", "held", "more"}


def test_a_long_segment_becomes_episodes_that_go_on_from_each_other(tmp_path):
    video = segment(tmp_path, [line(["w"] if index % 3 else []) for index in range(24)])
    whole, parts = list(read_segment(video, (36, 64))), list(read_segment(video, (36, 64), steps=10))
    assert [len(part) for part in parts] == [10, 10, 3] and [part.seed for part in parts] == [0, 10, 20]
    assert np.array_equal(parts[0].frames[-1], parts[1].frames[0])
    assert np.array_equal(np.concatenate([part.actions for part in parts]), whole[0].actions)


# ---- damage ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "broken", ['{"mouse": {"x": 1.0,', '{"mouse": {}}\n', "null\n", "\n"], ids=["cut", "empty", "null", "blank"]
)
def test_a_line_that_cannot_be_read_is_named_and_what_comes_before_can_be_kept(tmp_path, broken):
    video = segment(tmp_path, [*[line(["w"])] * 4, broken], np.zeros((9, 36, 64, 3), np.uint8))
    with pytest.raises(ValueError, match=r"one\.jsonl, line 5 is cut short or is no tick .* the 4 before it are whole"):
        list(read_segment(video))
    [one] = read_segment(video, partial=True)
    assert len(one) == 3


def test_a_video_that_is_cut_short_is_named(tmp_path):
    video = segment(tmp_path, [line()] * 60, np.zeros((30, 36, 64, 3), np.uint8))
    with pytest.raises(ValueError, match=r"one\.mp4 has 30 frames beside 60 lines in one\.jsonl: it is cut short"):
        list(read_segment(video))
    [one] = read_segment(video, partial=True)
    assert len(one) == 29
    video.write_bytes(video.read_bytes()[: video.stat().st_size // 2])
    with pytest.raises(ValueError, match=r"one\.mp4 is no whole video"):
        list(read_segment(video))
    video.with_suffix(".jsonl").unlink()
    with pytest.raises(FileNotFoundError, match=r"there is no .*one\.jsonl; a segment is an mp4 and a jsonl"):
        list(read_segment(video))


def test_finished_episodes_are_kept_and_the_same_command_goes_on(tmp_path):
    """A damaged segment stops the reading; once it is mended, all comes out as if nothing had been."""
    good = [segment(tmp_path / "in", [line(["w"])] * 5, name=name) for name in ("a", "b")]
    whole = good[1].with_suffix(".jsonl").read_text()
    good[1].with_suffix(".jsonl").write_text(whole[:-50])
    with pytest.raises(ValueError, match=r"b\.jsonl, line 5"):
        from_vpt([str(tmp_path / "in")], str(tmp_path / "out"))
    assert len(list((tmp_path / "out" / ".staging").glob("episode-*"))) == 1
    good[1].with_suffix(".jsonl").write_text(whole)
    from_vpt([str(tmp_path / "in")], str(tmp_path / "out"))
    from_vpt([str(tmp_path / "in")], str(tmp_path / "straight"))
    assert files(tmp_path / "out") == files(tmp_path / "straight")


# ---- commands and the way back ---------------------------------------------------------------------------------------


def test_an_index_names_segments_wherever_they_are(tmp_path):
    segment(tmp_path / "data" / "8.0", [line()] * 2, name="tree")
    segment(tmp_path / "data", [line()] * 2, name="cave")
    index = tmp_path / "index.json"
    index.write_text(json.dumps({"basedir": "https://example.org/data/", "relpaths": ["8.0/tree", "10.0/cave"]}))
    found = segments([str(index)], root=str(tmp_path / "data"))
    assert found == [tmp_path / "data/8.0/tree.mp4", tmp_path / "data/cave.mp4"]
    with pytest.raises(FileNotFoundError, match=r"names 2 segments, of which 2 are not in .* nothing is downloaded"):
        segments([str(index)])
    index.write_text("[]")
    with pytest.raises(ValueError, match="is no index"):
        segments([str(index)])


def minecraft(seed, steps=30):
    """An episode of a Minecraft with every kind of action, at random."""
    draw, space = np.random.default_rng(seed), convention.space()
    slots = draw.integers(0, 10, steps)  # one key of the hotbar at a time, as fingers have it
    flat = []
    for tick in range(steps):
        pressed = [name for name in convention.BUTTONS[:11] if draw.random() < 0.3]
        pressed += [f"hotbar.{slots[tick]}"] if slots[tick] else []
        turn = tuple(map(float, draw.normal(0, 8, 2).astype(np.float32)))
        flat.append(spaces.flatten(space, convention.press(*pressed, camera=turn)))
    frames = draw.integers(0, 256, (steps + 1, 32, 32, 3), np.uint8)
    poses = np.tile(np.eye(4), (steps + 1, 1, 1))
    return Episode(np.array(flat, np.float32), frames, 20.0, "worldsim/Overworld-v0", seed, poses=poses)


def test_an_episode_comes_back_through_vpt_style_data(tmp_path, capsys):
    """All of its actions and frames, to the byte, and with them VPT's joint actions."""
    made = [minecraft(seed) for seed in range(3)]
    write_episodes(tmp_path / "data", made, about={"action_space": space_to_json(convention.space())})
    assert main(["data", "to-vpt", str(tmp_path / "data"), str(tmp_path / "vpt")]) == 0
    assert (
        main(["data", "from-vpt", str(tmp_path / "vpt/index.json"), "--out", str(tmp_path / "b"), "--size", "32"]) == 0
    )
    store = EpisodeStore(tmp_path / "b")
    assert store.action_space == convention.space() and len(store) == 3
    for one, other in zip(made, (store[index] for index in range(3)), strict=True):
        assert one.frames.tobytes() == other.frames.tobytes() and one.actions.tobytes() == other.actions.tobytes()
        pairs = [[spaces.unflatten(convention.space(), action) for action in each.actions] for each in (one, other)]
        joint = [[convention.to_vpt_joint(action) for action in each] for each in pairs]
        assert joint[0] == joint[1] and len(set(joint[0])) > 10
        for index in joint[0]:
            assert convention.to_vpt_joint(convention.from_vpt_joint(index)) == index
        assert other.states["place"][0].tolist() == [0.0, -vpt.EYES, 0.0, 0.0, 0.0]


@pytest.fixture(scope="module")
def overworld(tmp_path_factory):
    """Episodes of the voxel world: one who explores, and one who presses whatever."""
    path = tmp_path_factory.mktemp("vpt") / "overworld"
    env = "worldsim_envs:worldsim/Overworld-v0"
    record(env, str(path), episodes=2, steps=60, size=48, policy="mix", mix={"expert": 1.0, "walk": 1.0}, seed=1)
    return path


@pytest.mark.parametrize("profile, loss", [("lossless", 0.0), ("preview", 5.0)])
def test_a_recording_of_the_voxel_world_comes_back_through_vpt_style_data(overworld, tmp_path, profile, loss):
    """Actions to the bit, frames within what the codec loses (levels of 255, on average), and where the player was."""
    to_vpt(str(overworld), str(tmp_path / "vpt"), profile)
    from_vpt([str(tmp_path / "vpt/index.json")], str(tmp_path / "b"), size=48)
    made, read = EpisodeStore(overworld), EpisodeStore(tmp_path / "b")
    assert read.action_space == made.action_space and len(read) == len(made) == 2
    assert {facts["worldsim/policy"] for facts in made.facts} == {"expert", "walk"}
    for one, other in zip(made, read, strict=True):
        assert one.actions.tobytes() == other.actions.tobytes() and one.fps == other.fps
        assert one.actions.any(0).sum() > 2, "something was done"
        assert np.abs(one.frames.astype(float) - other.frames).mean() <= loss
        place, player = other.states["place"], one.states["player"]
        assert np.allclose(place[:, :3], player[:, :3], atol=0.3)  # whoever sneaks has its eyes lower
        assert np.allclose(place[:, 4], player[:, body.PITCH], atol=1e-3)
        assert np.allclose((place[:, 3] - player[:, body.YAW] + 180) % 360, 180, atol=1e-3)


def test_a_jsonl_of_the_voxel_world_that_is_cut_short_is_named_and_what_was_read_is_kept(overworld, tmp_path):
    to_vpt(str(overworld), str(tmp_path / "vpt"))
    last = tmp_path / "vpt/overworld-000001.jsonl"
    whole = last.read_text()
    last.write_text(whole[: len(whole) // 2])
    with pytest.raises(ValueError, match=r"overworld-000001\.jsonl, line \d+ is cut short .* --partial true"):
        from_vpt([str(tmp_path / "vpt")], str(tmp_path / "b"), size=48)
    assert [each.name for each in (tmp_path / "b/.staging").glob("episode-*")] == ["episode-000000"]
    last.write_text(whole)
    from_vpt([str(tmp_path / "vpt")], str(tmp_path / "b"), size=48)
    assert [len(one) for one in EpisodeStore(tmp_path / "b")] == [len(one) for one in EpisodeStore(overworld)]


def test_read_and_written_again_a_segment_says_the_same(tmp_path):
    lines = [line(["w", "3"], hotbar=2), line(["w"], [0], 3.0, -1.5, hotbar=2, new=[0]), line(hotbar=7), line(hotbar=7)]
    lines[0]["hotbar"] = lines[1]["hotbar"] = 2
    segment(tmp_path / "in", lines)
    from_vpt([str(tmp_path / "in")], str(tmp_path / "a"), size=32)
    to_vpt(str(tmp_path / "a"), str(tmp_path / "vpt"))
    from_vpt([str(tmp_path / "vpt")], str(tmp_path / "b"), size=32)
    one, other = EpisodeStore(tmp_path / "a")[0], EpisodeStore(tmp_path / "b")[0]
    assert one.actions.tobytes() == other.actions.tobytes() and one.frames.tobytes() == other.frames.tobytes()


def test_several_files_follow_the_command(tmp_path, capsys):
    named = [str(segment(tmp_path / "in", [line()] * 3, name=name)) for name in ("a", "b")]
    assert main(["data", "from-vpt", *named, "--out", str(tmp_path / "out"), "--licence", "MIT"]) == 0
    assert len(EpisodeStore(tmp_path / "out")) == 2


def test_bad_input_is_one_sentence(tmp_path, capsys):
    assert main(["data", "from-vpt", str(tmp_path / "none.mp4"), "--out", str(tmp_path / "out")]) == 2
    assert "there is no" in capsys.readouterr().err
    one = minecraft(0)
    write_episodes(tmp_path / "data", [one], about={"action_space": space_to_json(spaces.Box(-1, 1, (42,)))})
    assert main(["data", "to-vpt", str(tmp_path / "data"), str(tmp_path / "vpt")]) == 2
    assert "VPT-style data has Minecraft's" in capsys.readouterr().err
    assert same(one, EpisodeStore(tmp_path / "data")[0])
