"""One model of two worlds that differ in simulator, actions and rate: recorded, learned, imagined and measured."""

import numpy as np
import pytest
import yaml
from killing import kill_python

from worldsim.cli import main
from worldsim.data import layout
from worldsim.data.mixture import open_data
from worldsim.data.record import World, record
from worldsim.data.store import EpisodeStore
from worldsim.imagine import imagine
from worldsim.models import checkpoint
from worldsim.rollout import rollouts
from worldsim.training.fit import fit
from worldsim_benchmarks.bench import bench
from worldsim_benchmarks.benchmark import SPLITS
from worldsim_benchmarks.result import read_all

HIDDEN, OVERWORLD = "worldsim/Hidden-v0", "worldsim/Overworld-v0"


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """The recording of two worlds, and the run that learned it."""
    path, worlds = tmp_path_factory.mktemp("two"), {"rooms": HIDDEN, "blocks": OVERWORLD}
    recorded = {name: World(f"worldsim_envs:{world}") for name, world in worlds.items()}
    record(recorded, str(path / "data"), episodes=3, steps=14, size=64)
    fit(str(path / "data"), str(path / "run"), steps=3, batch=2, frames=6, threads=1)
    return path


def test_the_checkpoint_says_what_it_learned(made):
    model, both = checkpoint.load(made / "run/model"), open_data(made / "data")
    assert model.schema.worlds == both.schema.worlds == {HIDDEN: 0, OVERWORLD: 1}
    assert model.actions == both.actions == 1 + (20 * 2 + 2) + 2
    card = (made / "run/model/README.md").read_text()
    assert HIDDEN in card and OVERWORLD in card and "64 x 64 pixels at 10 and 20 Hz" in card
    assert len(list((made / "run/previews").glob("*.mp4"))) == 1, "of the one episode that is held out"


@pytest.mark.parametrize("world, episode", [("rooms", 1), ("blocks", 4)])
def test_it_imagines_each_world_by_that_worlds_own_actions(made, tmp_path, world, episode):
    """Which is what it imagines of the vector that it learned from."""
    imagine(str(made / "run/model"), str(made / "data" / world), str(tmp_path), episode=1)
    shown, alone = np.load(tmp_path / "rollout.npz"), EpisodeStore(made / "data" / world)
    assert np.array_equal(shown["plan"], alone[1].actions[7:]) and shown["plan"].any()
    assert shown["fps"] == alone.fps
    [straight] = rollouts(checkpoint.load(made / "run/model"), [open_data(made / "data")[episode]])
    assert straight.imagined.tobytes() == shown["imagined"].tobytes()


def test_it_is_measured_in_the_world_that_a_benchmark_asks_about(made, tmp_path, monkeypatch):
    monkeypatch.setitem(SPLITS, "quick", (1_000_000, 2))
    bench(str(made / "run/model"), "fidelity", size=64, out=str(tmp_path / "results"), truth=str(tmp_path / "truth"))
    [result] = [each for each in read_all(tmp_path / "results") if each.contestant == "run"]
    assert len(result.cases) == 2 and np.isfinite(result.raw)


def test_a_world_that_was_not_learned_is_refused_in_one_sentence(made, tmp_path):
    record("worldsim_envs:worldsim/Falling-v0", str(tmp_path / "other"), episodes=2, steps=10, size=64)
    with pytest.raises(ValueError, match=r"knows nothing of worldsim/Falling-v0, .*; it learned worldsim/Hidden-v0, "):
        imagine(str(made / "run/model"), str(tmp_path / "other"), str(tmp_path / "out"))


@pytest.mark.slow
def test_killed_in_the_second_world_a_recording_goes_on_to_the_same_bytes(tmp_path):
    """What `experiments/datasets/mixed-64.yaml` is, in small: experts, wanderers and probes, in several looks."""
    looks = {"template": {"palette": 0.6, "textured": 0.4}}
    worlds = {
        "tabletop": {"env": "worldsim_envs:worldsim/Tabletop-v0"},
        "gate": {"env": "worldsim_envs:worldsim/Gate-v0"},
    }
    worlds |= {"blocks": {"env": f"worldsim_envs:{OVERWORLD}", "vary": looks, "depth": True, "segmentation": True}}
    recipe = {"env": worlds, "episodes": 6, "steps": 16, "size": 32, "policy": "mix"}
    (tmp_path / "mixed.yaml").write_text(yaml.safe_dump(recipe, sort_keys=False))
    told, killed = ["record", "--config", str(tmp_path / "mixed.yaml"), "--out"], tmp_path / "killed"
    script = "import sys; from worldsim.cli import main; main(sys.argv[1:])"
    kill_python("-c", script, *told, killed, when=killed / "gate" / layout.STAGING / "episode-000002")
    assert (killed / "tabletop" / layout.INFO).exists() and not (killed / "gate" / layout.INFO).exists()
    assert main([*told, str(killed)]) == 0 and main([*told, str(tmp_path / "straight")]) == 0
    one, other = (
        {str(part.relative_to(path)): part.read_bytes() for part in path.rglob("*") if part.is_file()}
        for path in (killed, tmp_path / "straight")
    )
    assert one == other and sum(name.endswith(".parquet") for name in one) >= 6
