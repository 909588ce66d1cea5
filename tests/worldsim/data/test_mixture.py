"""Several worlds in one recording: a dataset of each, learned as one."""

from dataclasses import replace
from pathlib import Path

import gymnasium
import numpy as np
import pytest
import torch
import yaml
from killing import kill_python
from made_up import TINY, files
from test_record import SMALL, command

from worldsim.cli import main
from worldsim.data import layout
from worldsim.data.batches import Budget
from worldsim.data.mixture import Mixture, open_data
from worldsim.data.module import ClipModule
from worldsim.data.record import World, record
from worldsim.data.store import EpisodeStore
from worldsim.models.checkpoint import load
from worldsim.models.diffusion_world import DiffusionWorld
from worldsim.models.within import within
from worldsim.rollout import rollouts

WORLDS = {
    "box": World(TINY, episodes=5),
    "dict": World("tiny_world:TinyDict-v0", steps=5, policy="walk"),
    "again": World(TINY, policy="noop"),
}


@pytest.fixture(scope="module")
def mixed(tmp_path_factory):
    path = tmp_path_factory.mktemp("mixed") / "all"
    record(WORLDS, str(path), **SMALL)
    return path


def test_each_world_is_a_dataset_of_its_own(mixed):
    assert layout.worlds_of(mixed) == list(WORLDS)
    stores = [EpisodeStore(mixed / name) for name in WORLDS]
    assert [len(store) for store in stores] == [5, 6, 6]
    assert stores[1].lengths.max() <= 6 and {facts["worldsim/policy"] for facts in stores[2].facts} == {"noop"}
    seeds = [facts["worldsim/seed"] for store in stores for facts in store.facts]
    assert len(set(seeds)) == 17, "the same world twice is other episodes"


def test_actions_of_each_kind_have_a_place_in_one_vector(mixed):
    """And the last components say which world it is; the same world twice is one world."""
    both = open_data(mixed)
    assert isinstance(both, Mixture) and (both.actions, len(both)) == (8, 17)
    assert both.worlds == ["Tiny-v0", "TinyDict-v0", "Tiny-v0"] and both.schema.marks == 2
    places = [both.schema.place(world) for world in both.worlds]
    assert places == [slice(0, 2), slice(2, 6), slice(0, 2)], "one action space, one place"
    for index, (name, own) in ((3, ("box", 3)), (5, ("dict", 0)), (16, ("again", 5))):
        one, alone = both[index], EpisodeStore(mixed / name)[own]
        place = places[list(WORLDS).index(name)]
        assert np.array_equal(one.actions[:, place], alone.actions) and np.array_equal(one.frames, alone.frames)
        assert not np.delete(one.actions[:, :6], np.arange(6)[place], axis=1).any()
        assert (one.actions[:, 6:] == ([0, 1] if name == "dict" else [1, 0])).all()
    with pytest.raises(IndexError, match="episode 17 was asked of a mixture of 17"):
        both[17]


def test_a_model_of_several_worlds_is_asked_about_one(mixed, tmp_path):
    """`imagine` is given the actions of one world; a world it never saw is no world in particular."""
    main(["fit", str(mixed), str(tmp_path / "run"), "--steps=2", "--frames=4", "--batch=2", "--patch=8", "--threads=1"])
    model, both = load(tmp_path / "run/model"), open_data(mixed)
    assert isinstance(model, DiffusionWorld) and vars(model.schema) == vars(both.schema)
    draw = torch.Generator().manual_seed(0)
    for parameter in model.parameters():
        torch.nn.init.normal_(parameter, std=0.2, generator=draw)  # two steps are too few for it to hear anything
    for which in ("box", "dict"):
        alone = EpisodeStore(mixed / which)
        [one] = rollouts(within(model, alone.scene), [alone[0]], seen=2, steps=2)
        [same] = rollouts(model, [one_of(both, alone)], seen=2, steps=2)
        assert np.array_equal(one.imagined, same.imagined)
        [other] = rollouts(within(model, "Other-v0", alone.action_space), [alone[0]], seen=2, steps=2)
        assert not np.array_equal(one.imagined, other.imagined), "the model hears which world it is"
    with pytest.raises(ValueError, match="learned Tiny-v0, TinyDict-v0"):
        within(model, "Other-v0", gymnasium.spaces.Discrete(9))
    with pytest.raises(ValueError, match="came with 5 components; 2 would do"):
        within(model, "Tiny-v0").watch(torch.zeros(1, 2, 3, 16, 16), torch.zeros(1, 1, 5))
    main(
        [
            "imagine",
            "--model",
            str(tmp_path / "run/model"),
            "--data",
            str(mixed / "dict"),
            "--seen=2",
            "--steps=2",
            "--out",
            str(tmp_path / "seen"),
        ]
    )
    assert (tmp_path / "seen/rollout.mp4").exists()


def one_of(both, alone):
    """The first episode of one dataset, as the mixture has it."""
    which = both.worlds.index(alone.scene)
    return replace(alone[0], actions=both.placed(which, alone[0].actions))


def test_a_trainer_is_given_clips_of_all_worlds(mixed):
    """Each clip is a window of the episode that its pixels are of, with its actions in their place."""
    module = prepared(mixed)
    assert module.actions == 8 and len(module.held_out_episodes) == 3
    clip = next(iter(module.train_dataloader()))
    both, known = module.store, {}
    for index in set(range(17)) - set(module.held_out_episodes):
        one = both[index]
        for start in range(max(1, len(one) - 1)):
            known.setdefault(one.frames[start].tobytes(), []).append(one.actions[start])
    frames = np.rint((clip.frames.numpy() + 1) * 127.5).astype(np.uint8)
    for row in range(64):
        begins = np.moveaxis(frames[row, 0], 0, -1)
        assert any(np.array_equal(each, clip.actions[row, 0].numpy()) for each in known[begins.tobytes()])
    assert clip.actions[..., :2].numpy().any() and clip.actions[..., 2:6].numpy().any()
    again = next(iter(prepared(mixed).train_dataloader()))
    assert np.array_equal(clip.frames, again.frames) and np.array_equal(clip.actions, again.actions)


def test_worlds_of_several_sizes_are_recorded_together_and_learned_in_packs(tmp_path):
    record({"box": World(TINY), "large": World(TINY, size=24)}, str(tmp_path), **{**SMALL, "steps": 3})
    both = open_data(tmp_path)
    assert both.sizes == [(16, 16), (24, 24)] and both[len(both) - 1].frames.shape[1:3] == (24, 24)
    with pytest.raises(ValueError, match=r"16 x 16 and 24 x 24 pixels; .* pack them, as with `worldsim fit --pack"):
        prepared(tmp_path)
    module = ClipModule(tmp_path, frames=3, batch=64, held_out=0.2, pack=Budget(100, side=8))
    module.setup()
    pack = next(iter(module.train_dataloader()))
    assert {clip.frames.shape[-1] for clip in pack.clips} == {16, 24}
    assert [len({clip.frames.shape[-1]}) for clip in module.val_dataloader()] == [1, 1], "held-out ones, size by size"


def prepared(path):
    module = ClipModule(path, frames=3, batch=64, held_out=0.2)
    module.setup()
    return module


def test_the_yaml_records_it_again(mixed, tmp_path):
    command("--config", mixed / layout.RECIPE, "--out", tmp_path / "b")
    assert _uncached(mixed) == _uncached(tmp_path / "b")


def _uncached(path):
    return {name: part for name, part in files(path).items() if ".cache" not in name}


def test_killed_in_the_second_world_it_goes_on_to_the_same_bytes(tmp_path):
    slow = {"env_kwargs": {"delay": 0.02}, "episodes": 4, "steps": 3, "size": 16, "policy": "walk"}
    recipe = {"env": {"one": {"env": TINY}, "two": {"env": "tiny_world:TinyDict-v0"}}, **slow}
    (tmp_path / "run.yaml").write_text(yaml.safe_dump(recipe))
    script = "import sys; sys.path.insert(0, sys.argv[1]); from worldsim.cli import main; main(sys.argv[2:])"
    told = ["record", "--config", str(tmp_path / "run.yaml"), "--out"]
    killed = tmp_path / "killed"
    here = Path(__file__).parent
    kill_python("-c", script, here, *told, killed, when=killed / "two" / layout.STAGING / "episode-000001")
    assert (killed / "one" / layout.INFO).exists() and not (killed / "two" / layout.INFO).exists()
    assert main([*told, str(killed)]) == 0 and main([*told, str(tmp_path / "straight")]) == 0
    assert files(killed) == files(tmp_path / "straight")


def test_errors_help(mixed, tmp_path, capsys):
    with pytest.raises(ValueError, match=r"holds the datasets of several worlds, box, dict, again; name one of them"):
        EpisodeStore(mixed)
    with pytest.raises(ValueError, match=r"holds a recording with env = .* was asked for"):
        record({"box": World(TINY)}, str(mixed), **SMALL)
    with pytest.raises(ValueError, match="there is no environment 'Nowhere-v0'"):
        record({"a": World(TINY), "b": World("Nowhere-v0")}, str(tmp_path / "new"), **SMALL)
    assert not (tmp_path / "new").exists(), "all worlds are tried before the first is recorded"
    assert main(["data", "check", str(mixed)]) == 0
    assert capsys.readouterr().out.count("is whole") == 3


def test_a_ray_cluster_of_two_workers_makes_the_same_bytes(tmp_path):
    pytest.importorskip("ray", reason="pip install 'worldsim[ray]'")
    record(TINY, str(tmp_path / "one"), **SMALL)
    record(TINY, str(tmp_path / "ray"), **SMALL, ray="local", workers=2)
    assert files(tmp_path / "one") == files(tmp_path / "ray")


@pytest.mark.slow
def test_what_fails_on_a_ray_cluster_is_the_same_sentence(tmp_path):
    pytest.importorskip("ray", reason="pip install 'worldsim[ray]'")
    with pytest.raises(ValueError, match="told 'place' as nothing at frame 2"):
        record(TINY, str(tmp_path), **SMALL, ray="local", workers=2, env_kwargs={"fault": "truth"}, policy="noop")
