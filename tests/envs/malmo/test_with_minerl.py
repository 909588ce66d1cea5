"""MineRL 0.4.4's own client, unchanged, plays in what we serve. By name, since it has to be installed:

    pytest -m slow tests/envs/malmo/test_with_minerl.py

With MINERL_PYTHON=venv/bin/python it is taken from there. Of MineRL only the Python side is installed: no game is.
"""

import hashlib
import json
import os
import subprocess
import sys
from xml.etree import ElementTree

import numpy as np
import pytest
from flatland import Flatland, served
from tap import PLAYER, golden, listen_in
from test_client import still
from test_server import alike

from worldsim_envs.minecraft.malmo import mission
from worldsim_envs.minecraft.malmo.client import MalmoEnv
from worldsim_envs.minecraft.malmo.tasks import TASKS

pytestmark = pytest.mark.slow

OLD = [task for task in TASKS if task.game == "0.4.4"]
PLAYED = (
    ("NavigateDense", 17, {"camera": np.array([2.5, -10], np.float32), "forward": 1}),
    ("Treechop", 18, {"attack": 1}),
)
"""What the player does in its 100 steps of two episodes."""


@pytest.fixture(scope="module")
def minerl(tmp_path_factory):
    """A Python that has MineRL; as `docs/worlds/minerl.md` installs it."""
    if python := os.environ.get("MINERL_PYTHON"):
        return python
    folder = tmp_path_factory.mktemp("minerl") / "venv"
    subprocess.run([sys.executable, "-m", "venv", folder], check=True)
    python = str(folder / "bin/python")
    for needs in (
        ["setuptools==65.5.0", "wheel==0.38.4"],
        ["--no-build-isolation", "gym==0.19.0"],
        ["--no-build-isolation", "minerl==0.4.4"],
    ):
        install = [python, "-m", "pip", "install", "-q", *needs]
        subprocess.run(install, check=True, env={**os.environ, "READTHEDOCS": "1"})
    return python


@pytest.fixture(scope="module")
def told(minerl, tmp_path_factory):
    """What MineRL says of its tasks, by name, and what its schema says of our missions."""
    folder = tmp_path_factory.mktemp("missions")
    for task in OLD:
        for depth in (False, True):
            document = mission.write(task, "uid", width=task.width, height=task.height, depth=depth)
            (folder / f"{task.name}-{depth}.xml").write_text(document)
    said = subprocess.run([minerl, str(PLAYER), "tell", str(folder)], check=True, capture_output=True, text=True)
    rows = [json.loads(line) for line in said.stdout.splitlines() if line.startswith("{")]
    return {row["task"]: row for row in rows if "task" in row}, [row for row in rows if "document" in row]


def test_its_schema_takes_our_missions(told):
    assert len(told[1]) == 2 * len(OLD)
    assert [row for row in told[1] if row["wrong"]] == []


@pytest.mark.parametrize("task", OLD, ids=lambda task: task.name)
def test_tasks_are_the_same(told, task):
    theirs, env = told[0][task.title], MalmoEnv(task.name, game="0.4.4")
    assert theirs["steps"] == task.steps
    names = {name: sorted(words) for name, words in env.choices.items()}
    seen = {name: describe(part) for name, part in env.observation_space.spaces.items()}
    if "equipped_items" in seen:
        seen["equipped_items"]["mainhand"]["type"] = names["equipped_items"]
    assert seen == theirs["observations"]
    done = {name: names.get(name, describe(part)) for name, part in env.action_space.spaces.items()}
    assert done == theirs["actions"]
    ours = says(mission.write(task, "uid", width=64, height=64))
    assert ours - says(theirs["mission"]) <= {
        ("Mission/AgentSection/AgentHandlers/ObservationFromFullStats", ""),
        ("Mission/AgentSection/AgentHandlers/ObservationFromFullInventory", ""),
        ("Mission/AgentSection/AgentHandlers/ObservationFromFullInventory@flat", "false"),
    }
    assert says(theirs["mission"]) <= ours
    options = [generator(document) for document in (mission.write(task, "uid", width=64, height=64), theirs["mission"])]
    assert options[0].items() <= options[1].items()


def describe(space):
    """As the player describes MineRL's."""
    if hasattr(space, "spaces"):
        return {name: describe(part) for name, part in space.spaces.items()}
    return (
        [int(space.n)] if hasattr(space, "n") else [list(space.shape), float(space.low.min()), float(space.high.max())]
    )


def says(document):
    """All that a mission says, in any order: where, and what; but for the options of the land."""
    root = ElementTree.fromstring(document)
    root = root if root.tag.endswith("}Mission") else root[0]
    found = set()

    def walk(element, path):
        path += element.tag.partition("}")[2]
        if not len(element):
            found.add((path, plain(element.text or "")) if not element.attrib else (path, ""))
        for name, value in element.attrib.items():
            if name != "generatorOptions":
                found.add((f"{path}@{name}", plain(value)))
        for part in element:
            walk(part, path + "/")

    walk(root, "")
    return {(path, what) for path, what in found if what or "@" not in path}


def plain(value):
    try:
        return str(float(value))
    except ValueError:
        return value.strip()


def generator(document):
    root = ElementTree.fromstring(document)
    return next((json.loads(each.get("generatorOptions")) for each in root.iter() if each.get("generatorOptions")), {})


def test_it_says_and_is_told_what_the_golden_transcript_says(minerl):
    client, game = listen_in(minerl)
    assert client == golden()[0]
    alike(game, golden()[1])


def test_it_plays_in_flatland(minerl):
    with served(Flatland()) as port:
        check(minerl, port)


def test_it_plays_in_our_voxel_world(minerl):
    command = [sys.executable, "-m", "worldsim.cli", "malmo-serve", "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        try:
            port = int(server.stdout.readline().split(";")[0].rpartition(":")[2])
            check(minerl, port)
        finally:
            server.terminate()


def check(minerl, port):
    """What MineRL's client saw, step for step, is what ours sees who does the same."""
    said = subprocess.run([minerl, str(PLAYER), str(port)], check=True, capture_output=True, text=True).stdout
    rows = iter([json.loads(line) for line in said.splitlines() if line.startswith("{")])
    for name, seed, action in PLAYED:
        env = MalmoEnv(name, port=port)
        first, frames, angles = next(rows), [], []
        assert first["task"] == f"MineRL{name}-v0"
        seen = [(env.reset(seed=seed)[0], None, None)]
        seen += [env.step(still(env) | action)[:3] for _ in range(100)]
        for (observation, reward, done), theirs in zip(seen, [first, *(next(rows) for _ in range(100))], strict=True):
            assert (theirs.get("reward"), theirs.get("done")) == (reward, done) and not theirs.get("error")
            pov = theirs["observation"]["pov"]
            assert pov["sha"] == hashlib.sha256(observation["pov"].tobytes()).hexdigest()
            assert pov["corners"] == [observation["pov"][0, 0].tolist(), observation["pov"][-1, 0].tolist()]
            frames.append(pov["sha"])
            if name == "NavigateDense":
                angles.append(theirs["observation"]["compass"]["angle"])
                assert angles[-1] == pytest.approx(float(observation["compass"]["angle"]), abs=1e-4)
        assert len(set(frames)) > 50
        env.close()
        if angles:  # ten degrees to the left a step, and what the walking changes
            assert np.abs((np.diff(angles) - 10 + 180) % 360 - 180).max() < 8
    assert next(rows, None) is None
