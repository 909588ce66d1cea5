"""How long the worlds of cause and effect can be foretold: T*, where half a pixel at first has become half a thing.

Each thing that is free begins elsewhere on the table by up to half a pixel (of a picture 64 pixels across) either way,
eight times; T* is the first time at which the things' mean distance from their mean place exceeds half a diameter.
"""

import gymnasium
import numpy as np

SCENES = {
    "Collide": ("factual", "do:fast", "do:heavy"),
    "Dominoes": ("factual", "do:remove"),
    "Tower": ("factual", "do:left"),
    "Gate": ("factual", "do:open", "do:press"),
    "Push": ("left",),
}
SEEDS, RUNS, SIZE = 6, 8, 64

for scene, names in SCENES.items():
    env = gymnasium.make(f"worldsim_envs:worldsim/{scene}-v0", size=8, renderer="warp-cpu").unwrapped
    world = env.backend
    for name in names:
        lasts, ends = [], []
        for seed in range(SEEDS):
            env.reset(seed=seed)
            arm, runs = env.arms()[name], []
            for run in range(RUNS):
                world.reset(seed)
                for _, change in arm.changes:
                    world.intervene(change)
                rng = np.random.default_rng([seed, run])
                for slot in np.flatnonzero(world.free & world.present).tolist():
                    _, depth = env.camera.project(world.place(slot)[None, :3])
                    pixel = float(depth[0]) / world.camera.intrinsics[0, 0] / SIZE
                    world.place(slot)[:2] += rng.uniform(-0.5, 0.5, 2) * pixel
                places = []
                for action in arm.actions:
                    world.step(action)
                    places.append(world.data.xpos[world.bodies[world.free & world.present]].copy())
                runs.append(places)
            runs = np.array(runs)
            apart = np.linalg.norm(runs - runs.mean(0), axis=-1).mean(0)
            wide = 2 * world.extent[world.free & world.present].max(1)
            over = (apart > 0.5 * wide).any(1)
            lasts.append(int(over.argmax()) / 10 if over.any() else np.inf)
            ends.append((apart[-1] / wide).max())
        times = " ".join(f"{time:.1f}" if np.isfinite(time) else "never" for time in lasts)
        print(f"{scene:9} {name:10} T* (s) {times:38} spread at the end, diameters: median {np.median(ends):.2f}")
