"""Worlds whose truth is known: plain simulators behind Gymnasium, with save, restore, intervene and truth.

Importing this registers every scene; the simulators are imported when one is made:

    gymnasium.make("worldsim_envs:worldsim/Hidden-v0", size=128)
"""

from typing import NamedTuple

import gymnasium

from worldsim_envs.minecraft.malmo import tasks


class Listed(NamedTuple):
    """Where a scene lies, after how many steps `gymnasium.make` cuts an episode, and which renderer any machine has."""

    where: str
    steps: int
    renderer: str = "warp-cpu"


SCENES = {
    "worldsim/Hidden-v0": Listed("worldsim_envs.mujoco.hidden:HIDDEN", 40),
    "worldsim/Longer-v0": Listed("worldsim_envs.mujoco.hidden:LONGER", 140),
    "worldsim/Tunnel-v0": Listed("worldsim_envs.mujoco.occlusion:TUNNEL_SCENE", 140),
    "worldsim/Curtain-v0": Listed("worldsim_envs.mujoco.occlusion:CURTAIN_SCENE", 100),
    "worldsim/Cups-v0": Listed("worldsim_envs.mujoco.containers:CUPS", 100),
    "worldsim/Shells-v0": Listed("worldsim_envs.mujoco.containers:SHELLS", 100),
    "worldsim/Count-v0": Listed("worldsim_envs.mujoco.containers:COUNT", 100),
    "worldsim/Impossible-v0": Listed("worldsim_envs.mujoco.impossible:IMPOSSIBLE_SCENE", 40),
    "worldsim/Crowd-v0": Listed("worldsim_envs.mujoco.crowd:CROWD", 40),
    "worldsim/Falling-v0": Listed("worldsim_envs.mujoco.falling:FALLING", 40),
    "worldsim/Tabletop-v0": Listed("worldsim_envs.mujoco.tabletop:TABLETOP", 60),
    "worldsim/Gallery-v0": Listed("worldsim_envs.mujoco.gallery:GALLERY", 40),
    "worldsim/Tour-v0": Listed("worldsim_envs.mujoco.gallery:TOUR", 128),
    "worldsim/Frieze-v0": Listed("worldsim_envs.mujoco.gallery:FRIEZE", 40),
    "worldsim/Collide-v0": Listed("worldsim_envs.mujoco.collide:COLLIDE", 50),
    "worldsim/Dominoes-v0": Listed("worldsim_envs.mujoco.dominoes:DOMINOES", 40),
    "worldsim/Tower-v0": Listed("worldsim_envs.mujoco.tower:TOWER", 40),
    "worldsim/Gate-v0": Listed("worldsim_envs.mujoco.gate:GATE", 40),
    "worldsim/Pegs-v0": Listed("worldsim_envs.mujoco.pegs:PEGS", 40),
    "worldsim/Push-v0": Listed("worldsim_envs.mujoco.push:PUSH", 40),
    "worldsim/Chair-v0": Listed("worldsim_envs.mujoco.chair:CHAIR", 40),
    "worldsim/Bite-v0": Listed("worldsim_envs.mujoco.bite:BITE", 120),
    "worldsim/Away-v0": Listed("worldsim_envs.mujoco.away:AWAY", 96),
    "worldsim/Overworld-v0": Listed("worldsim_envs.minecraft.overworld:OVERWORLD", 200, "numba"),
    "worldsim/VoxelBreak-v0": Listed("worldsim_envs.minecraft.causes:BREAKING", 80, "numba"),
    "worldsim/VoxelPlace-v0": Listed("worldsim_envs.minecraft.causes:PLACING", 80, "numba"),
    "worldsim/VoxelSand-v0": Listed("worldsim_envs.minecraft.causes:SAND", 80, "numba"),
    "worldsim/VoxelWater-v0": Listed("worldsim_envs.minecraft.causes:WATER", 80, "numba"),
    "worldsim/VoxelButton-v0": Listed("worldsim_envs.minecraft.causes:BUTTON", 80, "numba"),
    "worldsim/VoxelTNT-v0": Listed("worldsim_envs.minecraft.causes:TNT", 80, "numba"),
    "worldsim/VoxelLook-v0": Listed("worldsim_envs.minecraft.unseen:LOOK", 120, "numba"),
    "worldsim/VoxelYard-v0": Listed("worldsim_envs.minecraft.yard:YARD", 80, "numba"),
    "worldsim/VoxelTour-v0": Listed("worldsim_envs.minecraft.yard:TOUR", 128, "numba"),
    "worldsim/VoxelMosaic-v0": Listed("worldsim_envs.minecraft.yard:MOSAIC", 80, "numba"),
    "worldsim/VoxelHold-v0": Listed("worldsim_envs.minecraft.yard:HOLD", 80, "numba"),
    "worldsim/VoxelWall-v0": Listed("worldsim_envs.minecraft.walls:WALL", 120, "numba"),
    "worldsim/VoxelLong-v0": Listed("worldsim_envs.minecraft.unseen:LONG", 390, "numba"),
    "worldsim/VoxelBury-v0": Listed("worldsim_envs.minecraft.covered:BURY", 100, "numba"),
    "worldsim/VoxelLava-v0": Listed("worldsim_envs.minecraft.covered:LAVA", 100, "numba"),
    "worldsim/VoxelNight-v0": Listed("worldsim_envs.minecraft.covered:NIGHT", 100, "numba"),
}
"""Every scene. A scene added here is registered, documented and covered by the contract suite."""

for _name, _listed in SCENES.items():
    gymnasium.register(
        _name,
        entry_point="worldsim_envs.env:SceneEnv",
        kwargs={"scene": _listed.where},
        max_episode_steps=_listed.steps,
    )

gymnasium.register("worldsim/MujocoGym-v0", entry_point="worldsim_envs.mujoco.gym_scenes:make", max_episode_steps=1000)

for _name in tasks.NAMES:
    gymnasium.register(
        f"worldsim/MineRL-{_name}-v0",
        entry_point="worldsim_envs.minecraft.malmo.client:MalmoEnv",
        kwargs={"task": _name},
        max_episode_steps=tasks.find(_name).steps,
    )
