"""How fast a world can be recorded on one core, beside MuJoCo's own renderer with its defaults, in one run.

    python experiments/speed/record.py [--scene worldsim/Hidden-v0] [--size 64] [--seconds 8]

Ours: a step of the env (physics, truth) and its frame, colour alone and colour with depth and ids. Theirs: the same
model driven through the same states, physics stepped alike, drawn by `mujoco.Renderer` as it comes; that needs GL.
Times are of the process (CPU), so that other work on the machine does not count; the three take turns, and each shows
the best of its turns and the median.
"""

import argparse
import os
import statistics
import subprocess
import sys
import time

PROBE = "from worldsim_envs.mujoco.render import gl; print(gl() or '')"
GL = subprocess.run([sys.executable, "-c", PROBE], capture_output=True, text=True, check=True).stdout.strip()
os.environ |= {"OMP_NUM_THREADS": "1", "LP_NUM_THREADS": "0", "MUJOCO_GL": GL or "disable"}  # read at import

import gymnasium  # noqa: E402
import mujoco  # noqa: E402
import numpy as np  # noqa: E402

import worldsim_envs  # noqa: E402, F401  registers the scenes

TURN = 40


def ours(scene: str, size: int, labels: bool):
    env = gymnasium.make(scene, size=size, renderer="warp-cpu", depth=labels, segmentation=labels).unwrapped
    rng = np.random.default_rng(0)

    def turn(seed: int):
        env.reset(seed=seed)
        for _ in range(TURN):
            env.step(env.expert(rng))

    return turn


def theirs(scene: str, size: int):
    env = gymnasium.make(scene, size=8, renderer="warp-cpu").unwrapped
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
    """Frames a CPU second, one value a turn, the contenders taking turns."""
    speeds = {name: [] for name in turns}
    for turn in turns.values():
        turn(0)
    end, seed = time.monotonic() + seconds * len(turns), 1
    while time.monotonic() < end:
        for name, turn in turns.items():
            begin = time.process_time()
            turn(seed)
            speeds[name].append(TURN / (time.process_time() - begin))
        seed += 1
    return speeds


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--scene", default="worldsim/Hidden-v0")
    parser.add_argument("--size", type=int, default=64)
    parser.add_argument("--seconds", type=float, default=8.0)
    asked = parser.parse_args()
    turns = {
        "ours, colour": ours(asked.scene, asked.size, labels=False),
        "ours, colour + depth + ids": ours(asked.scene, asked.size, labels=True),
    }
    if not GL:
        print("no GL here, so mujoco.Renderer cannot draw and there is no ratio; `apt install libosmesa6` brings it")
    else:
        turns["mujoco.Renderer, colour"] = theirs(asked.scene, asked.size)
    speeds = measure(turns, asked.seconds)
    base = statistics.median(speeds["mujoco.Renderer, colour"]) if GL else None
    print(f"{asked.scene} at {asked.size} px, frames a CPU second on one core: median (best)")
    for name, found in speeds.items():
        middle = statistics.median(found)
        ratio = f"  {middle / base:5.1f} x" if base else ""
        print(f"  {name:<28}{middle:7.0f} ({max(found):.0f}){ratio}")


if __name__ == "__main__":
    main()
