"""How long the worlds of cause and effect can be foretold: T*, where half a pixel at first has become half a thing.

Each thing that is free begins elsewhere on the table by up to half a pixel (of a picture 64 pixels across) either way,
32 times; T* is the first time at which a thing's mean distance from its mean place exceeds half a diameter. Of a board
of pegs, where what is open is drawn anew and nothing is nudged, 32 futures.
"""

import gymnasium
import numpy as np

from worldsim_envs.mujoco.chances import dispersion, futures, horizon, nudged

SCENES = {
    "Collide": ("factual", "do:fast", "do:heavy"),
    "Dominoes": ("factual", "do:remove"),
    "Tower": ("factual", "do:left"),
    "Gate": ("factual", "do:open", "do:press"),
    "Push": ("left",),
    "Pegs": ("factual",),
}
SEEDS, RUNS, LET_GO = 6, 32, 7

for scene, names in SCENES.items():
    env = gymnasium.make(f"worldsim_envs:worldsim/{scene}-v0", size=8, renderer="warp-cpu").unwrapped
    world = env.backend
    for name in names:
        lasts, ends = [], []
        for seed in range(SEEDS):
            env.reset(seed=seed)
            arm, wide = env.arms()[name], 2 * world.extent.max(1)
            if world.recipe.chance:
                places, began = futures(world, seed, arm, range(RUNS), LET_GO), LET_GO
            else:
                places, began = nudged(world, seed, arm, RUNS), 0
                wide = wide[world.free & world.present]
            spread = dispersion(places, wide)
            lasts.append(began / world.recipe.fps + horizon(spread, world.recipe.fps))
            ends.append(spread[-1].max())
        times = " ".join(f"{time:.1f}" if np.isfinite(time) else "never" for time in lasts)
        print(f"{scene:9} {name:10} T* (s) {times:38} spread at the end, diameters: median {np.median(ends):.2f}")
