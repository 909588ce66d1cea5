"""Other programs read what we write. Each needs an environment of its own, and runs by name: pytest -m slow.

    python -m venv /tmp/lerobot && /tmp/lerobot/bin/pip install torch==2.13.0 datasets av einops draccus jsonlines \\
        safetensors deepdiff imageio packaging && /tmp/lerobot/bin/pip install --no-deps lerobot==0.4.4 accelerate \\
        psutil termcolor
    python -m venv /tmp/rerun && /tmp/rerun/bin/pip install rerun-sdk
    WORLDSIM_LEROBOT_PYTHON=/tmp/lerobot/bin/python WORLDSIM_RERUN_PYTHON=/tmp/rerun/bin/python \\
        pytest -m slow tests/worldsim/data/test_others.py

(`--no-deps`, for lerobot asks for torchvision, whose wheels replace a CPU torch by gigabytes of CUDA.)
"""

import os
import subprocess
from pathlib import Path

import numpy as np
import pytest

from worldsim.data import layout
from worldsim.data.store import EpisodeStore

pytestmark = pytest.mark.slow


def interpreter(variable):
    python = os.environ.get(variable)
    if not python:
        pytest.skip(f"set {variable} to an interpreter that has it; the head of this file says how to make one")
    return python


def run(python, *arguments, **environment):
    clean = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    done = subprocess.run(
        [python, *map(str, arguments)], env={**clean, **environment}, capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stderr
    return done.stdout + done.stderr


def test_lerobot_reads_every_pixel_and_every_action(recorded, tmp_path):
    python = interpreter("WORLDSIM_LEROBOT_PYTHON")
    script = Path(__file__).parent / "read_with_lerobot.py"
    run(python, script, recorded, tmp_path / "read.npz", HF_HUB_OFFLINE="1", HF_HOME=str(tmp_path / "hub"))
    read, store = np.load(tmp_path / "read.npz"), EpisodeStore(recorded)
    frames = np.concatenate([store.frames(index) for index in range(len(store))])
    pixels = np.rint(read[layout.VIDEO] * 255).astype(np.uint8).transpose(0, 2, 3, 1)
    assert np.array_equal(pixels, frames)
    assert np.array_equal(read["action"], store.all_actions)
    assert read["episodes"] == len(store) and set(read["task"]) == {"a square is pushed"}
    ends = np.cumsum(store.lengths) - 1
    assert np.flatnonzero(read["is_last"]).tolist() == ends.tolist()
    inside = np.setdiff1d(np.arange(len(frames)), ends)
    assert np.array_equal(read["next_actions"][inside, 1], store.all_actions[inside + 1])
    assert np.allclose(read["mean_action"], store.all_actions.mean(0))


def test_rerun_shows_every_episode(recorded, tmp_path):
    python = interpreter("WORLDSIM_RERUN_PYTHON")
    script = "import sys, rerun as rr; rr.init('w'); rr.save(sys.argv[2]); rr.log_file_from_path(sys.argv[1])"
    run(python, "-c", script, recorded, tmp_path / "out.rrd")
    said = run(python, "-m", "rerun", "rrd", "stats", tmp_path / "out.rrd")
    episodes = len(EpisodeStore(recorded))
    assert f"RecordingInfo:name: {episodes}" in said
    for entity in ("/action", f"/{layout.VIDEO}", f"/{layout.POSE}", "/next.reward"):
        assert entity in said
