import json
import os
from pathlib import Path

import gymnasium as gym
import mujoco
import numpy as np
import pytest
import yaml
from jsonargparse import auto_cli
from killing import kill_python
from made_up import TINY, files, same

from worldsim.data import episodes, layout
from worldsim.data.record import alone, record
from worldsim.data.store import EpisodeStore

SMALL = {"episodes": 6, "steps": 8, "size": 16}


def command(*arguments):
    return auto_cli(record, args=[*map(str, arguments)], as_positional=True)


def test_a_recording_holds_what_the_world_showed_and_said(recorded):
    store = EpisodeStore(recorded)
    ours = store.info["worldsim"]
    assert (len(store), store.fps, store.size, store.actions) == (12, 20.0, (16, 16), 2)
    assert store.action_space == gym.spaces.Box(-1, 1, (2,), np.float32)
    assert ours["world"]["id"] == TINY and ours["world"]["kwargs"] == {"depth": True, "segmentation": True}
    assert ours["versions"]["gymnasium"] == gym.__version__ and set(ours["mix"]) >= {"walk", "expert"}
    for one in (store[index] for index in range(len(store))):
        assert one.caption == "a square is pushed" and one.scene == TINY
        assert set(one.states) == {"place", "steps", "moved"}
        assert one.states["steps"].tolist() == list(range(len(one) + 1))
        assert one.poses is not None and np.array_equal(one.poses[:, 0, 0], 1 + np.arange(len(one) + 1))
        assert one.depth is not None and one.segmentation is not None and one.rewards is not None
        shown = one.frames.any(-1)
        assert np.array_equal(shown, one.segmentation == 0) and np.array_equal(shown, np.isfinite(one.depth))
        assert np.array_equal(one.rewards, one.states["place"][1:, 0].astype(np.float32))


def test_frames_follow_actions(recorded):
    """frames[i + 1] is what came of actions[i]: the world, asked again, says the same."""
    store = EpisodeStore(recorded)
    one = store[3]
    world = gym.make(TINY, size=16, render_mode="rgb_array")
    world.reset(seed=one.seed)
    assert np.array_equal(world.render(), one.frames[0])
    for index, action in enumerate(one.actions):
        _, _, _, _, info = world.step(action)
        assert np.array_equal(world.render(), one.frames[index + 1])
        assert info["truth"]["place"].tobytes() == one.states["place"][index + 1].tobytes()


def test_an_episode_ends_where_the_world_ends_it(recorded):
    lengths = EpisodeStore(recorded).lengths - 1
    assert lengths.max() <= 10 and lengths.min() < 10 and lengths.min() >= 1


def test_episodes_differ_and_so_do_those_of_another_seed(tmp_path, recorded):
    record(TINY, str(tmp_path / "other"), **SMALL, seed=1)
    seeds = [EpisodeStore(path)[index].seed for path in (recorded, tmp_path / "other") for index in range(6)]
    assert len(set(seeds)) == 12


def test_more_episodes_begin_with_the_same(tmp_path, recorded):
    """An episode is a function of (seed, index), not of how many there are."""
    record(TINY, str(tmp_path), episodes=3, steps=10, size=16, depth=True, segmentation=True)
    assert all(same(EpisodeStore(tmp_path)[index], EpisodeStore(recorded)[index]) for index in range(3))


def test_many_workers_make_the_same_bytes_as_one(tmp_path):
    record(TINY, str(tmp_path / "one"), **SMALL)
    record(TINY, str(tmp_path / "two"), **SMALL, workers=2)
    assert files(tmp_path / "one") == files(tmp_path / "two")


def test_a_worker_that_dies_is_named_and_what_was_finished_is_kept(tmp_path):
    with pytest.raises(ValueError, match=r"a worker process died .* run the same command again"):
        record(TINY, str(tmp_path), episodes=30, steps=8, size=16, workers=2, env_kwargs={"fault": "dies"})
    kept = {part.name for part in (tmp_path / layout.STAGING).glob("episode-*")}
    assert all((tmp_path / layout.STAGING / name / "episode.json").exists() for name in kept)


def test_a_recording_that_is_killed_goes_on_to_the_same_bytes(tmp_path):
    """SIGKILL in the middle: what was finished stays, and what comes out in the end is as if nothing had been."""
    slow = {"episodes": 8, "steps": 3, "size": 16, "env_kwargs": {"delay": 0.02}}
    script = (
        "import sys; sys.path.insert(0, sys.argv[1]); from worldsim.data.record import record;"
        f"record({TINY!r}, sys.argv[2], **{slow})"
    )
    here = str(Path(__file__).parent)
    killed = tmp_path / "killed"
    kill_python("-c", script, here, killed, when=killed / layout.STAGING / "episode-000002")
    finished = {part.name: part.stat().st_mtime_ns for part in (killed / layout.STAGING).glob("episode-*")}
    assert finished and not (killed / layout.INFO).exists()

    record(TINY, str(tmp_path / "straight"), **slow)
    record(TINY, str(killed), **slow)
    assert files(tmp_path / "straight") == files(killed)


def test_an_interrupted_recording_keeps_what_was_finished(tmp_path, monkeypatch):
    made, record_one = [], episodes.record_episode

    def stops_at_the_fifth(*arguments, **options):
        made.append(options["index"])
        if len(made) == 5:
            raise KeyboardInterrupt
        return record_one(*arguments, **options)

    with monkeypatch.context() as patch:
        patch.setattr("worldsim.data.record.record_episode", stops_at_the_fifth)
        with pytest.raises(KeyboardInterrupt):
            record(TINY, str(tmp_path), **SMALL)
        made.clear()
        assert len(record(TINY, str(tmp_path), **SMALL)) == 6
    assert made == [0, 3, 4, 5], "the first is a trial of the world; then only what was missing"


def test_two_recordings_do_not_meet_in_one_folder(tmp_path):
    """The one that came second is told so, and the first goes on unharmed."""
    with alone(tmp_path / "a"), pytest.raises(ValueError, match=r"another process is recording into .* right now"):
        record(TINY, str(tmp_path / "a"), **SMALL)
    record(TINY, str(tmp_path / "a"), **SMALL)
    record(TINY, str(tmp_path / "b"), **SMALL)
    assert files(tmp_path / "a") == files(tmp_path / "b")


def test_what_varies_is_drawn_by_its_share_and_noted(tmp_path):
    """The world of an episode is the one that its notes say, and the policy's draws are not moved by drawing it."""
    vary = {"paint": {"plain": 3.0, "dark": 1.0}}
    store = record(TINY, str(tmp_path / "two"), episodes=24, steps=2, size=16, vary=vary, policy="walk", workers=2)
    plain = record(TINY, str(tmp_path / "one"), episodes=24, steps=2, size=16, policy="walk")
    drawn = [store[index].notes["variation.paint"] for index in range(24)]
    assert 3 <= drawn.count("dark") <= 10 and store.info["worldsim"]["vary"] == vary
    for index, paint in enumerate(drawn):
        one, other = store[index], plain[index]
        assert one.seed == other.seed and np.array_equal(one.actions, other.actions)
        assert np.array_equal(one.frames, other.frames // 2 if paint == "dark" else other.frames)


def test_an_arm_is_recorded_with_its_changes_and_can_be_told_again(tmp_path):
    """A change shows in the frame in which it is made; actions, changes and seed are all that an episode needs."""
    store = record("tiny_world:TinyTold-v0", str(tmp_path), episodes=8, steps=20, size=16, policy="arms")
    told = {}
    for one in (store[index] for index in range(8)):
        changes = json.loads(one.notes["variation.changes"])
        told[one.notes["variation.arm"]] = one
        world = gym.make("tiny_world:TinyTold-v0", size=16, render_mode="rgb_array").unwrapped
        world.reset(seed=one.seed)
        for index in range(len(one) + 1):
            for _, change in (each for each in changes if each[0] == index):
                world.intervene(change)
            assert np.array_equal(world.render(), one.frames[index])
            if index < len(one):
                world.step(one.actions[index])
    assert set(told) == {"factual", "do:paint"}
    assert told["factual"].notes["variation.changes"] == "[]"
    assert told["do:paint"].notes["variation.changes"] == '[[2, "paint"]]'


def test_words_come_at_three_lengths_once_an_episode_is_over(tmp_path):
    one = record("tiny_world:TinyTold-v0", str(tmp_path), episodes=1, steps=4, size=16, policy="noop")[0]
    assert one.caption == f"a square, {len(one) + 1} frames"
    assert (one.notes["caption.short"], one.notes["caption.long"]) == ("a square", "a square, at first here")


def test_a_mix_of_ones_own_is_recorded_and_written_down(tmp_path):
    mix = {"walk": 1.0, "push_and_wait": 3.0}
    store = record(TINY, str(tmp_path), episodes=16, steps=2, size=16, mix=mix)
    assert store.info["worldsim"]["mix"] == {"walk": 0.25, "push_and_wait": 0.75}
    acted = [facts["worldsim/policy"] for facts in store.facts]
    assert set(acted) == set(mix) and acted.count("push_and_wait") > 8


def test_a_finished_recording_is_left_alone(tmp_path, capsys):
    record(TINY, str(tmp_path), **SMALL)
    before = files(tmp_path)
    record(TINY, str(tmp_path), **SMALL)
    assert "is recorded already" in capsys.readouterr().out and files(tmp_path) == before


def test_the_recipe_records_it_again(tmp_path):
    given = ("--episodes", 2, "--steps", 3, "--size", 16, "--env_kwargs.delay", 0.001, "--env_kwargs.fault", "none")
    command(TINY, "--out", tmp_path / "one", *given)
    recipe = tmp_path / "one" / layout.RECIPE
    assert yaml.safe_load(recipe.read_text())["env_kwargs"] == {"delay": 0.001, "fault": "none"}
    command("--config", recipe, "--out", tmp_path / "two")
    assert files(tmp_path / "one") == files(tmp_path / "two")


@pytest.mark.parametrize("world, components", [("TinyDiscrete-v0", 4), ("TinyDict-v0", 4)])
def test_any_action_space_is_flattened_and_remembered(tmp_path, world, components):
    store = record(f"tiny_world:{world}", str(tmp_path), episodes=3, steps=4, size=16, policy="walk")
    assert store.actions == components and store[0].actions.dtype == np.float32
    space = store.action_space
    assert space is not None
    assert all(space.contains(gym.spaces.unflatten(space, action)) for action in store[0].actions)


@pytest.mark.parametrize("world", ["Tiny-v0", "TinyMade-v0"])
def test_a_world_is_asked_to_draw_at_the_size_of_the_recording(tmp_path, world):
    """A camera's intrinsics are in pixels of the picture, so a world that can draw at a size is made at it."""
    one = record(f"tiny_world:{world}", str(tmp_path), episodes=1, steps=2, size=24)[0]
    assert one.frames.shape[1:3] == (24, 24) and one.intrinsics is not None and one.intrinsics[0, 0, 0] == 24


def test_a_world_of_someone_else_is_recorded_by_its_id(tmp_path):
    """It knows no `size`, tells no truth, and ends early: it is drawn smaller, and what it observes is kept."""
    pytest.importorskip("pygame", reason="CartPole draws with pygame: pip install 'worldsim[gym]'")
    store = record("CartPole-v1", str(tmp_path), episodes=2, steps=12, size=32)
    one = store[0]
    assert store.fps == 50.0 and one.frames.shape[1:] == (32, 32, 3) and one.frames.std() > 0
    assert one.states["observation"].shape == (len(one) + 1, 4) and store.actions == 2
    assert layout.STATE in store.info["features"]


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("failure", [ImportError, AttributeError, RuntimeError, mujoco.FatalError])
def test_mujoco_without_opengl_says_what_to_do(failure, tmp_path, monkeypatch):
    """Each of MuJoCo's backends fails in its own way where there is no OpenGL."""

    def render(self):
        raise failure("an OpenGL platform library has not been loaded into this process")

    monkeypatch.chdir(tmp_path)  # where MuJoCo writes its log
    monkeypatch.setattr("gymnasium.envs.mujoco.MujocoEnv.render", render)
    with pytest.raises(ValueError, match=r"MUJOCO_GL=egl .*MujocoGym-v0 --env_kwargs\.env_id HalfCheetah-v5"):
        record("HalfCheetah-v5", str(tmp_path / "a"), episodes=1, steps=2)
    assert not (tmp_path / "a").exists(), "a folder is taken only by a recording that can begin"


@pytest.mark.skipif("MUJOCO_GL" not in os.environ, reason="needs OpenGL: set MUJOCO_GL to egl, osmesa or glfw")
def test_mujoco_with_opengl_is_recorded_by_its_id(tmp_path):
    store = record("HalfCheetah-v5", str(tmp_path), episodes=1, steps=2, size=64)
    assert store[0].frames.shape == (3, 64, 64, 3) and store.actions == 6


@pytest.mark.parametrize(
    "settings, says",
    [
        ({"env": "CartPol-v1"}, "there is no environment 'CartPol-v1'; near to it: CartPole-v1"),
        ({"env": "no_such_module:X-v0"}, "needs the module 'no_such_module', which is not here"),
        ({"env": "tiny_world:Tiny-v7"}, "there is no environment 'tiny_world:Tiny-v7'; near to it: Tiny-v0"),
        ({"policy": "genius"}, "policy came as 'genius'; there are: mix, noop, random, walk, expert, noisy_expert"),
        ({"mix": {"genius": 1.0}}, "the mix came with 'genius': 1.0"),
        ({"mix": {"walk": 1.0}, "policy": "walk"}, "a mix came beside the policy 'walk'"),
        ({"mix": {"arms": 1.0}}, "the mix names 'arms', and .* has no arms"),
        ({"vary": {"paint": {}}}, "vary came with 'paint': {}"),
        ({"vary": {"paint": {"dark": 0.0}}}, "vary came with 'paint'"),
        ({"vary": {"paint": {"plain": 1.0, "velvet": 1.0}}}, "cannot be made with .*'velvet'"),
        ({"profile": "best"}, "profile came as 'best'; there are: lossless, fine, preview"),
        ({"episodes": 0}, "episodes came as 0; 1 is the least"),
        ({"steps": 0}, "steps came as 0; 1 is the least"),
        ({"workers": 0}, "workers came as 0; 1 is the least"),
        ({"size": 2}, "size came as 2; 8 is the least"),
        ({"fps": -1.0}, "fps came as -1.0; it is in Hz and above zero"),
        ({"env_kwargs": {"colour": 3}}, "cannot be made with {'colour': 3}: .*unexpected keyword argument 'colour'"),
        ({"env_kwargs": {"fault": "truth"}, "policy": "noop"}, "told 'place' as nothing at frame 2"),
        ({"env_kwargs": {"fault": "picture"}}, r"rendered uint8 \[16, 16, 4\]; uint8 \[height, width, 3\]"),
        (
            {"env_kwargs": {"space": "discrete"}, "policy": "expert"},
            r"the policy 'expert' took array.* are Discrete\(4\)",
        ),
        ({"env_kwargs": {"fault": "size"}}, "draws 16 x 20 pixels and was asked for 16 x 16"),
    ],
)
def test_bad_input_is_one_sentence_and_leaves_the_folder(tmp_path, settings, says):
    with pytest.raises(ValueError, match=says):
        record(**{"env": TINY, "out": str(tmp_path / "a"), **SMALL, **settings})
    assert not (tmp_path / "a" / layout.INFO).exists()


@pytest.mark.parametrize("change", [{"seed": 1}, {"episodes": 7}, {"policy": "walk"}, {"env_kwargs": {"delay": 0.1}}])
def test_another_recording_does_not_go_into_the_same_folder(tmp_path, change):
    record(TINY, str(tmp_path), **SMALL)
    ((name, value),) = change.items()
    with pytest.raises(ValueError, match=f"holds a recording with {name} = .* and {name} = {value} was asked for"):
        record(TINY, str(tmp_path), **{**SMALL, **change})


def test_a_folder_of_other_things_is_not_recorded_into(tmp_path):
    (tmp_path / "thesis.txt").write_text("mine")
    with pytest.raises(ValueError, match="is not empty and holds no recording"):
        record(TINY, str(tmp_path), **SMALL)
