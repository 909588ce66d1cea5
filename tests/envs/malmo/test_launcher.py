"""Starting and stopping a game, with a script in place of the game."""

import os
import socket
import sys
import time

import pytest
from test_client import still

from worldsim_envs.minecraft.malmo.client import MalmoEnv
from worldsim_envs.minecraft.malmo.launcher import start
from worldsim_envs.minecraft.malmo.wire import Gone

GAME = """
import os, subprocess, sys
sys.path.insert(0, {here!r})
from double import Double, frame
import socket
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
print("child", child.pid, flush=True)
with socket.create_server(("127.0.0.1", int(sys.argv[1]))) as listening:
    while True:
        line, _ = listening.accept()
        double = Double(fault={fault!r})
        double.answer(line)
        if double.fault and double.heard:
            os._exit(3)
"""


def command(folder, fault=None):
    script = folder / "game.py"
    script.write_text(GAME.format(here=os.path.dirname(__file__), fault=fault))
    return f"{sys.executable} {script} {{port}}"


def child_of(game):
    return next(int(line.split()[1]) for line in game.log.read_text().splitlines() if line.startswith("child"))


def lives(pid):
    try:
        with open(f"/proc/{pid}/stat") as stat:
            return stat.read().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_a_game_is_started_played_and_stopped_with_its_children(tmp_path):
    env = MalmoEnv("Treechop", port=0, launch=command(tmp_path), launch_timeout=20)
    for seed in (0, 1):
        env.reset(seed=seed)
        assert (env.step(still(env))[0]["pov"] == 1).all()
    game = env._game
    child = child_of(game)
    assert game.alive() and lives(child)
    env.close()
    assert not game.alive() and not lives(child)
    with socket.socket() as line:
        assert line.connect_ex(("127.0.0.1", game.port)) != 0


def test_a_game_that_dies_in_an_episode_is_said_and_another_started_at_the_next(tmp_path):
    env = MalmoEnv("Treechop", port=0, launch=command(tmp_path, "die"), launch_timeout=20, timeout=10)
    env.reset(seed=0)
    before = env._game
    for _ in range(2):
        env.step(still(env))
    with pytest.raises(Gone, match=r"hung up while a picture was awaited"):
        env.step(still(env))
    before.process.wait(10)
    env.reset(seed=1)
    assert env._game is not before and env._game.alive()
    env.close()
    before.stop()


def test_a_command_that_cannot_work_is_refused_and_says_why(tmp_path):
    with pytest.raises(ValueError, match=r"'\{port\}'"):
        start("./launchClient.sh -env")
    with pytest.raises(ValueError, match=r"No such file"):
        start("./there-is-no-such-game {port}")
    with pytest.raises(Gone, match=r"exit code 4.*'no Java 8 here' was its last line"):
        start(f"{sys.executable} -c 'print(\"no Java 8 here\"); raise SystemExit(4) # {{port}}'", timeout=20)
    with pytest.raises(Gone, match=r"did not listen at port \d+ within 0.5 s"):
        start(f"{sys.executable} -c 'import time; time.sleep(60) # {{port}}'", timeout=0.5)
    with socket.create_server(("127.0.0.1", 0)) as taken, pytest.raises(ValueError, match=r"listens at port"):
        start("true {port}", port=taken.getsockname()[1])


def test_a_game_that_will_not_stop_is_killed(tmp_path, monkeypatch):
    monkeypatch.setattr("worldsim_envs.minecraft.malmo.launcher.PATIENCE", 0.3)
    script = tmp_path / "stubborn.py"
    script.write_text(
        "import signal, socket, sys, time\n"
        "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        "socket.create_server(('127.0.0.1', int(sys.argv[1])))\n"
        "held = socket.create_server(('127.0.0.1', int(sys.argv[1])))\n"
        "time.sleep(600)\n"
    )
    game = start(f"{sys.executable} {script} {{port}}", timeout=20)
    begun = time.monotonic()
    game.stop()
    assert not game.alive() and time.monotonic() - begun < 5
