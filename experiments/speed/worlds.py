"""How fast a world can be recorded, beside the obvious alternative in the same run.

    python experiments/speed/worlds.py [--scene worldsim/Overworld-v0] [--sizes 64 128] [--seconds 8]

Three questions, and only the second is about wall time, since there the machine is the question:

- Frames a second on one core. Ours: a step of the env (simulation, truth) and its frame, colour alone and colour with
  depth and ids; and the same with all that an episode of 40 steps costs, the world it begins with and its policy. Of a
  MuJoCo scene also theirs: the same model driven through the same states, physics stepped alike, drawn by
  `mujoco.Renderer` as it comes; that needs GL. Of a voxel scene also its drawing alone, with depth and ids: ours, the
  same in Warp on the CPU, the same rays with no skipping, and all rays at once in numpy. The contenders take turns;
  each shows the median of its turns and the best.
- Two processes beside one: frames a second of wall time, all processes together.
- What writing to disk costs: its share of recording whole episodes.
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

PROBE = "from worldsim_envs.mujoco.render import gl; print(gl() or '')"
GL = subprocess.run([sys.executable, "-c", PROBE], capture_output=True, text=True, check=True).stdout.strip()
os.environ |= {"OMP_NUM_THREADS": "1", "LP_NUM_THREADS": "0", "MUJOCO_GL": GL or "disable"}  # read at import
os.environ["CUDA_VISIBLE_DEVICES"] = ""  # it is about cores

import gymnasium  # noqa: E402
import mujoco  # noqa: E402
import numpy as np  # noqa: E402
import voxels  # noqa: E402

import worldsim_envs  # noqa: E402, F401  registers the scenes
from worldsim.data.record import Recorder  # noqa: E402
from worldsim.data.writer import Packer, stage  # noqa: E402
from worldsim_envs.minecraft.world import VoxelBackend  # noqa: E402
from worldsim_envs.mujoco.backend import MujocoBackend  # noqa: E402

TURN = 40
"""Steps of a turn, and of an episode."""

THEIRS = "mujoco.Renderer, colour"


def ours(scene: str, size: int, labels: bool):
    env = gymnasium.make(scene, size=size, depth=labels, segmentation=labels).unwrapped
    rng = np.random.default_rng(0)

    def turn(seed: int) -> float:
        env.reset(seed=seed)
        spent = 0.0
        for _ in range(TURN):
            action = env.expert(rng)
            begin = time.process_time()
            env.step(action)
            spent += time.process_time() - begin
        return spent

    return turn


def theirs(scene: str, size: int):
    env = gymnasium.make(scene, size=8).unwrapped
    env.reset(seed=0)
    world, rng = env.backend, np.random.default_rng(0)
    eye = mujoco.MjvCamera()
    eye.lookat, eye.distance, eye.azimuth, eye.elevation = [0.0, 0.3, 0.3], 4.0, 90.0, -25.0
    renderer = mujoco.Renderer(world.model, size, size)

    def turn(seed: int):  # always the one model: to make a renderer for another is not what is timed here
        for _ in range(TURN):
            world.step(env.expert(rng))
            renderer.update_scene(world.data, eye)
            renderer.render()

    return turn


def measure(turns: dict, seconds: float) -> dict[str, list[float]]:
    """Frames a CPU second, one value a turn, the contenders taking turns; of steps that are told apart, both values."""
    speeds = {name: [] for name in turns}
    for turn in turns.values():
        turn(0)
    end, seed = time.monotonic() + seconds * len(turns), 1
    while time.monotonic() < end:
        for name, turn in turns.items():
            begin = time.process_time()
            steps = turn(seed)
            whole = time.process_time() - begin
            speeds[name].append(TURN / (steps or whole))
            if steps:
                speeds.setdefault(f"{name}, whole episodes", []).append(TURN / whole)
        seed += 1
    return speeds


def beside(scene: str, size: int, seconds: float):
    turns = {
        "ours, colour": ours(scene, size, labels=False),
        "ours, colour + depth + ids": ours(scene, size, labels=True),
    }
    world, base = gymnasium.make(scene).unwrapped.backend, THEIRS
    if isinstance(world, VoxelBackend):
        base = voxels.DDA
        turns |= {name: lambda seed, turn=turn: turn(TURN) for name, turn in voxels.turns(scene, size).items()}
    elif not isinstance(world, MujocoBackend):
        print("neither blocks nor MuJoCo, so there is nothing to compare with")
    elif not GL:
        print("no GL here, so mujoco.Renderer cannot draw and there is no ratio; `apt install libosmesa6` brings it")
    else:
        turns[THEIRS] = theirs(scene, size)
    speeds = measure(turns, seconds)
    least = statistics.median(speeds[base]) if base in speeds else None
    print(f"{scene} at {size} px, frames a CPU second on one core: median (best)")
    for name, found in speeds.items():
        middle = statistics.median(found)
        ratio = f"  {middle / least:5.1f} x" if least else ""
        print(f"  {name:<40}{middle:7.0f} ({max(found):.0f}){ratio}")


def alone(scene: str, size: int, seconds: float):
    """What one of several processes does: work for so long, when told to, and say how many frames it made a second."""
    turn = ours(scene, size, labels=False)
    turn(0)
    print("ready", flush=True)
    input()
    begin, frames = time.monotonic(), 0
    while time.monotonic() < begin + seconds:
        turn(frames)
        frames += TURN
    print(frames / (time.monotonic() - begin))


def together(count: int, scene: str, size: int, seconds: float) -> float:
    """Frames a second of wall time that so many processes make at once."""
    command = [sys.executable, __file__, "--scene", scene, "--sizes", str(size), "--seconds", str(seconds), "--alone"]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    workers = [subprocess.Popen(command, **pipes) for _ in range(count)]
    for worker in workers:
        worker.stdout.readline()  # all are ready before any begins
    for worker in workers:
        worker.stdin.write("\n")
        worker.stdin.flush()
    return sum(float(worker.communicate()[0]) for worker in workers)


def disk(scene: str, size: int, episodes: int = 12) -> float:
    """The share of a recording's CPU time that goes into writing it."""
    fps = gymnasium.spec(scene).make().metadata["render_fps"]
    with tempfile.TemporaryDirectory() as folder:
        recorder = Recorder(Path(folder), scene, {}, {}, TURN, size, 0, "expert", None, fps, "lossless")
        recorder.episode(0, TURN)
        packer, made, written = Packer(Path(folder)), 0.0, 0.0
        packer.missing(episodes)
        for index in range(episodes):
            begin = time.process_time()
            episode = recorder.episode(index, TURN)
            middle = time.process_time()
            stage(Path(folder), index, episode, "lossless")
            packer.pack()
            made, written = made + middle - begin, written + time.process_time() - middle
        recorder.close()
    return written / (made + written)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--scene", default="worldsim/Hidden-v0")
    parser.add_argument("--sizes", type=int, nargs="+", default=[64, 128])
    parser.add_argument("--seconds", type=float, default=8.0, help="for each contender")
    parser.add_argument("--alone", action="store_true", help="be one of several processes; used by this script itself")
    asked = parser.parse_args()
    if asked.alone:
        return alone(asked.scene, asked.sizes[0], asked.seconds)
    for size in asked.sizes:
        beside(asked.scene, size, asked.seconds)
        one, two = (together(count, asked.scene, size, asked.seconds) for count in (1, 2))
        print(f"  two processes beside one: {two:.0f} against {one:.0f} frames a second, {two / one:.2f} x")
        print(f"  writing to disk: {100 * disk(asked.scene, size):.0f} % of recording")


if __name__ == "__main__":
    main()
