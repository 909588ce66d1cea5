"""A world for tests: a square that goes where it is pushed. It is small, quick, and tells all that a world can tell."""

import multiprocessing
import os
import time
from typing import NamedTuple

import gymnasium as gym
import numpy as np


class Tiny(gym.Env):
    metadata = {"render_modes": ["rgb_array"], "render_fps": 20}  # noqa: RUF012

    def __init__(
        self,
        size=16,
        depth=False,
        segmentation=False,
        render_mode=None,
        delay=0.0,
        fault="",
        space="box",
        paint="plain",
    ):
        if paint not in ("plain", "dark"):
            raise TypeError(f"there is no paint {paint!r}")
        self.dark = paint == "dark"
        self.size, self.render_mode, self.delay, self.fault = size, render_mode, delay, fault
        self.labels = {"depth": depth, "segmentation": segmentation}
        self.action_space = {
            "box": gym.spaces.Box(-1, 1, (2,), np.float32),
            "discrete": gym.spaces.Discrete(4),
            "dict": gym.spaces.Dict({"move": gym.spaces.Box(-1, 1, (2,), np.float32), "jump": gym.spaces.Discrete(2)}),
        }[space]
        self.observation_space = gym.spaces.Dict({"pov": gym.spaces.Box(0, 255, (size, size, 3), np.uint8)})

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self.at = self.np_random.uniform(0, 1, 2)
        self.colour = self.np_random.integers(64, 256, 3)
        self.ends = int(self.np_random.integers(3, 12))
        self.steps = 0
        observation, info = self.look()
        return observation, {**info, "caption": "a square is pushed"}

    def step(self, action):
        time.sleep(self.delay)
        if self.fault == "dies" and multiprocessing.parent_process() and self.steps == 5:
            os._exit(1)  # as a worker does that runs out of memory
        move = action["move"] if isinstance(action, dict) else action if np.ndim(action) else (action % 2, action // 2)
        self.at = np.clip(self.at + 0.1 * np.asarray(move, np.float64), 0, 1)
        self.steps += 1
        observation, info = self.look()
        return observation, float(self.at[0]), self.steps == self.ends, False, info

    def look(self):
        corner = (self.at * (self.size - 4)).astype(int)
        self.mask = np.zeros((self.size, self.size), bool)
        self.mask[corner[0] : corner[0] + 4, corner[1] : corner[1] + 4] = True
        observation = {"pov": self.render()}
        if self.labels["depth"]:
            observation["depth"] = np.where(self.mask, 1.5, np.inf).astype(np.float32)
        if self.labels["segmentation"]:
            observation["segmentation"] = np.where(self.mask, 0, -1).astype(np.int32)
        truth = {"place": self.at.copy(), "steps": self.steps, "moved": self.steps > 0}
        if self.fault == "truth" and self.steps == 2:
            del truth["place"]
        camera = {"pose": np.eye(4) + self.steps, "intrinsics": np.diag([self.size, self.size, 1.0])}
        return observation, {"truth": truth, "camera": camera}

    def render(self):
        if self.fault == "picture":
            return np.zeros((self.size, self.size, 4), np.uint8)
        if self.fault == "size":
            return np.zeros((self.size + 4, self.size, 3), np.uint8)
        return (self.mask[..., None] * (self.colour // 2 if self.dark else self.colour)).astype(np.uint8)

    def expert(self, rng):
        return np.clip(rng.normal(size=2), -1, 1).astype(np.float32)


class Arm(NamedTuple):
    actions: list
    changes: tuple


class Told(Tiny):
    """It has arms, may be changed, and finds words."""

    def reset(self, *, seed=None, options=None):
        self.dark = False
        return super().reset(seed=seed)

    def arms(self):
        actions = [np.full(2, 0.3, np.float32)] * 4
        return {"factual": Arm(actions, ()), "do:paint": Arm(actions, ((2, "paint"),))}

    def intervene(self, change):
        assert change == "paint"
        self.dark = True
        return self.look()

    def describe(self, states, poses):
        return {"short": "a square", "medium": f"a square, {len(poses)} frames", "long": "a square, at first here"}


def make(colour="any", **options) -> Tiny:
    return Tiny(**options)


for name, entry, arguments in (
    ("Tiny-v0", Tiny, {}),
    ("TinyMade-v0", make, {}),
    ("TinyTold-v0", Told, {}),
    ("TinyDiscrete-v0", Tiny, {"space": "discrete"}),
    ("TinyDict-v0", Tiny, {"space": "dict"}),
):
    gym.register(name, entry, kwargs=arguments)
