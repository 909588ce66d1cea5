"""Runs in an environment of its own, where MineRL 0.4.4 is installed: its client, unchanged, plays at a port.

python play_with_minerl.py PORT    prints, as JSON lines, what it saw
python play_with_minerl.py         prints each task's spaces and mission, and checks the missions of a folder
"""

import hashlib
import json
import sys
from pathlib import Path

import gym
import minerl
import numpy as np
from gym.envs.registration import registry
from lxml import etree

STEPS = 100
SCHEMA = Path(minerl.__file__).parent / "Malmo/Schemas/MissionInit.xsd"


def plain(value):
    """An observation as JSON; of a picture its shape, its corners and its hash."""
    if isinstance(value, dict):
        return {key: plain(part) for key, part in value.items()}
    if isinstance(value, np.ndarray) and value.ndim == 3:
        corners = [value[0, 0].tolist(), value[-1, 0].tolist()]
        return {"shape": value.shape, "corners": corners, "sha": hashlib.sha256(value.tobytes()).hexdigest()}
    return value.tolist() if isinstance(value, (np.ndarray, np.generic)) else value


def play(name, port, seed, actions):
    """One episode: the first observation, and what each action brought."""
    env = gym.make(name)
    env.unwrapped.instances = [env.unwrapped._get_new_instance(port=port)]
    env.seed(seed)
    rows = [{"task": name, "observation": plain(env.reset())}]
    for act in actions:
        action = env.action_space.no_op()
        action.update(act)
        observation, reward, done, info = env.step(action)
        rows.append({"observation": plain(observation), "reward": reward, "done": done, "error": info.get("error")})
        if done:
            break
    env.unwrapped._TO_MOVE_clean_connection(env.unwrapped.instances[0])
    return rows


def describe(space):
    """A space of MineRL as JSON."""
    if hasattr(space, "spaces"):
        return {name: describe(part) for name, part in space.spaces.items()}
    if hasattr(space, "values"):
        return sorted(map(str, space.values))
    return (
        [int(space.n)]
        if hasattr(space, "n")
        else [list(space.shape), float(np.min(space.low)), float(np.max(space.high))]
    )


def tell():
    """Each task's spaces and mission, and what is wrong with the missions of a folder."""
    schema = etree.XMLSchema(etree.parse(str(SCHEMA)))
    for path in sorted(Path(sys.argv[2]).glob("*.xml")):
        valid = schema.validate(etree.parse(str(path)))
        print(json.dumps({"document": path.stem, "wrong": None if valid else str(schema.error_log[0])}))
    for entry in registry.all():
        if entry.id.startswith("MineRL"):
            spec = entry._kwargs["env_spec"]
            spaces = {"observations": describe(spec.observation_space), "actions": describe(spec.action_space)}
            row = {"task": entry.id, "steps": entry.max_episode_steps, **spaces, "mission": spec.to_xml()}
            print(json.dumps(row))


def main():
    """Play, or tell."""
    if sys.argv[1] == "tell":
        return tell()
    port, short = int(sys.argv[1]), "short" in sys.argv
    walk = {"camera": np.array([2.5, -10.0], np.float32), "forward": 1}
    chop = {"camera": np.array([0.0, 0.0], np.float32), "attack": 1}
    episodes = [("MineRLNavigateDense-v0", 17, walk), ("MineRLTreechop-v0", 18, chop)]
    for name, seed, act in episodes[:1] if short else episodes:
        for row in play(name, port, seed, [act] * (2 if short else STEPS)):
            print(json.dumps(row))


main()
