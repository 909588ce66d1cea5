"""One episode of any Gymnasium environment, with all that it tells about itself.

An environment may say what is true and where its camera is; this is all it needs to do for it:

    info["truth"]     {name: array}, after `reset` and after each `step`: becomes `Episode.states`
    info["camera"]    {"pose": [4, 4] camera-to-world in OpenCV axes (m), "intrinsics": [3, 3] (px)}, likewise
    info["caption"]   what happens, in words, after `reset`
    observation["depth"], observation["segmentation"]    where observations are a Dict that has them
    env.unwrapped.expert(rng), env.unwrapped.renderer    an action of someone who knows; the name of what draws
    env.unwrapped.arms()      {name: (actions, changes)} after `reset`: whole tellings, which the policy `arms` plays
    env.unwrapped.describe(states, poses)    {"short", "medium", "long"}: an episode in words, once it is over

Where an environment tells no truth and observes a vector, that vector is kept as the state `observation`.
"""

import difflib
import inspect
import json
import os
import sys
from collections.abc import Mapping
from importlib import import_module
from typing import Any

import gymnasium as gym
import numpy as np
from gymnasium import spaces
from gymnasium.envs.registration import load_env_creator

from worldsim.data.policies import POLICIES, Aside, choose, has_arms
from worldsim.types import Episode
from worldsim.video import resize


def make_env(env: str, size: int, arguments: Mapping[str, Any]) -> gym.Env:
    """Make an environment that can be drawn, at the given size where it is able to.

    Args:
        env: A Gymnasium id, `module:Name-v0` where a module has to be imported first.
        size: Height and width in pixels; passed on as `size`, or as `height` and `width`, where it takes them.
        arguments: What else it is made with.

    Raises:
        ValueError: Where there is no such environment, or it cannot be made with these arguments.
    """
    module, _, name = env.rpartition(":")
    try:
        if module:
            import_module(module)
        accepted = _parameters(gym.spec(name).entry_point)
        drawn = {"size": size} if "size" in accepted else {"height": size, "width": size}
        drawn = {name: pixels for name, pixels in drawn.items() if name in accepted}
        return gym.make(name, render_mode="rgb_array", disable_env_checker=True, **{**drawn, **arguments})
    except ModuleNotFoundError as error:
        raise ValueError(
            f"{env!r} needs the module {error.name!r}, which is not here; install it (pip install 'worldsim[gym]' has "
            "what Gymnasium's own worlds need)"
        ) from error
    except AttributeError as error:
        if "MUJOCO_GL" not in os.environ:
            raise
        raise ValueError(
            f"{env!r} cannot be made: MUJOCO_GL={os.environ['MUJOCO_GL']} names an OpenGL that cannot be loaded here "
            f"({error}); unset it, or install that library"
        ) from error
    except gym.error.DependencyNotInstalled as error:
        raise ValueError(f"{env!r} needs more: {error} (pip install 'worldsim[gym]' may have it)") from error
    except gym.error.UnregisteredEnv as error:
        names = difflib.get_close_matches(name, gym.registry, n=3)
        near = f"near to it: {', '.join(names)}" if names else "gymnasium.pprint_registry() lists them all"
        raise ValueError(f"there is no environment {env!r}; {near}") from error
    except (gym.error.Error, TypeError) as error:
        raise ValueError(f"{env!r} cannot be made with {dict(arguments)}: {error}") from error


def _parameters(entry: Any) -> set[str]:
    """What a constructor takes, and what takes the rest for as long as there is a rest that is handed on.

    A class hands it on to its parents; a function to the class that it says it returns.
    """
    creator = load_env_creator(entry) if isinstance(entry, str) else entry
    first = [] if isinstance(creator, type) else [creator]
    made = creator if isinstance(creator, type) else inspect.signature(creator).return_annotation
    classes = made.__mro__ if isinstance(made, type) else ()
    names: set[str] = set()
    for part in [*first, *(kind.__init__ for kind in classes if "__init__" in vars(kind))]:
        parameters = inspect.signature(part).parameters.values()
        names |= {parameter.name for parameter in parameters}
        if not any(parameter.kind is parameter.VAR_KEYWORD for parameter in parameters):
            break
    return names


def frame_rate_of(env: gym.Env, name: str) -> float:
    """Frames a second (Hz), as the environment's metadata has them.

    Raises:
        ValueError: Where it does not say.
    """
    fps = env.metadata.get("render_fps")
    if fps is None:
        raise ValueError(f"{name!r} does not say its frame rate (metadata['render_fps']); say it with --fps")
    return float(fps)


def seeds_of(seed: int, index: int) -> tuple[int, np.random.Generator]:
    """What the world is reset with and what the policy draws from in the index-th episode of a recording."""
    sequence = np.random.SeedSequence(seed, spawn_key=(index,))
    return int(sequence.generate_state(1)[0] >> 1), np.random.default_rng(sequence.spawn(1)[0])


def varied(vary: Mapping[str, Mapping[str, float]], seed: int, index: int) -> dict[str, str]:
    """What the environment of the index-th episode is made with, drawn by its share for each name."""
    sequence = np.random.SeedSequence(seed, spawn_key=(index,))
    rng = np.random.default_rng(sequence.spawn(2)[1])  # the first is the policy's
    weights = {name: np.array(list(choices.values()), float) for name, choices in vary.items()}
    return {name: list(vary[name])[rng.choice(len(w), p=w / w.sum())] for name, w in weights.items()}


def record_episode(
    env: gym.Env,
    name: str,
    *,
    seed: int,
    index: int,
    steps: int,
    policy: str,
    size: int,
    fps: float,
    mix: Mapping[str, float] | None = None,
    notes: Mapping[str, str] | None = None,
) -> Episode:
    """Let a policy act until the episode ends by itself or so many steps are done.

    Args:
        env: What `make_env` made.
        name: Its id, written into the episode.
        seed: Of the whole recording.
        index: Which episode of the recording this is; it and the seed decide everything.
        steps: At most so many; an episode that ends before is kept as it is.
        policy: A name of `worldsim.data.policies.POLICIES`, or `mix`.
        size: Height and width in pixels.
        fps: Frames a second (Hz).
        mix: How often `mix` draws each policy; `worldsim.data.policies.MIX` where it is not said.
        notes: What to note in the episode besides what happens in it.

    Raises:
        ValueError: Where the environment cannot be drawn, or tells other things at one step than at another.
    """
    world_seed, rng = seeds_of(seed, index)
    actor = choose(policy, env, rng, mix)
    observation, info = env.reset(seed=world_seed)
    pictures, truths, actions, rewards = [], [], [], []

    def look(observation: Any, info: Mapping[str, Any]) -> None:
        pictures.append(_pictures(env, name, size, observation, info))
        truths.append(_truth(env, observation, info))

    look(observation, info)
    arm, changes = "", []
    for action in POLICIES[actor](env, rng):
        if isinstance(action, Aside):
            if action.about == "change":
                observation, now = env.unwrapped.intervene(action.what)  # type: ignore[attr-defined]
                changes.append([len(actions), action.what])
                del pictures[-1], truths[-1]
                look(observation, now)
            else:
                arm = action.what
            continue
        if not env.action_space.contains(action):
            raise ValueError(f"the policy {actor!r} took {action!r} in {name!r}, whose actions are {env.action_space}")
        observation, reward, terminated, truncated, now = env.step(action)
        actions.append(np.asarray(spaces.flatten(env.action_space, action), np.float32))
        rewards.append(reward)
        look(observation, now)
        if terminated or truncated or len(actions) == steps:
            break
    seen, states = _stacked(pictures, name), _stacked(truths, name)
    told = {"variation.arm": arm, "variation.changes": json.dumps(changes)} if has_arms(env) else {}
    words = _words(env, states, seen)
    return Episode(
        actions=np.stack(actions),
        fps=fps,
        scene=name,
        seed=world_seed,
        policy=actor,
        rewards=np.array(rewards, np.float32),
        states=states,
        caption=words.get("medium", str(info.get("caption", ""))),
        notes={
            **(notes or {}),
            **told,
            **{f"caption.{length}": words[length] for length in words if length != "medium"},
        },
        **seen,
    )


def _pictures(env: gym.Env, name: str, size: int, observation: Any, info: Mapping[str, Any]) -> dict[str, np.ndarray]:
    """What is seen now, and from where, under the names that an Episode has for them."""
    frame = _draw(env, name)
    seen: dict[str, np.ndarray] = {}
    if "camera" in info:
        seen["poses"] = np.asarray(info["camera"]["pose"], np.float64)
        seen["intrinsics"] = np.asarray(info["camera"]["intrinsics"], np.float64)
    if isinstance(observation, Mapping):
        for key, dtype in (("depth", np.float32), ("segmentation", np.int32)):
            if key in observation:
                seen[key] = np.asarray(observation[key], dtype)
    if seen and frame.shape[:2] != (size, size):
        raise ValueError(
            f"{name!r} draws {frame.shape[1]} x {frame.shape[0]} pixels and was asked for {size} x {size}; its camera, "
            "depth and ids would no longer fit to a resized frame: give it a parameter 'size', or record at its own"
        )
    return {"frames": resize(frame, (size, size)), **seen}


def _words(env: gym.Env, states: Mapping[str, np.ndarray], seen: Mapping[str, np.ndarray]) -> dict[str, str]:
    """The episode in words, by length, where the environment finds any."""
    if "poses" not in seen or not hasattr(env.unwrapped, "describe"):
        return {}
    return dict(env.unwrapped.describe(states, seen["poses"]))  # type: ignore[attr-defined]


def _draw(env: gym.Env, name: str) -> np.ndarray:
    mujoco = sys.modules.get("mujoco")  # its renderer fails in ways of its own where there is no OpenGL
    no_opengl = (ImportError, AttributeError, RuntimeError, *([mujoco.FatalError] if mujoco else []))
    try:
        frame = env.render()
    except gym.error.DependencyNotInstalled as error:
        raise ValueError(
            f"{name!r} needs more to be drawn: {error} (pip install 'worldsim[gym]' may have it)"
        ) from error
    except no_opengl as error:
        plain = name.rpartition(":")[2]
        raise ValueError(
            f"{name!r} could not be drawn ({type(error).__name__}: {error}); if that is for want of OpenGL, set "
            "MUJOCO_GL=egl where there is a GPU, and where there is none draw MuJoCo worlds with "
            f"`worldsim record worldsim_envs:worldsim/MujocoGym-v0 --env_kwargs.env_id {plain}`"
        ) from error
    if not (isinstance(frame, np.ndarray) and frame.dtype == np.uint8 and frame.ndim == 3 and frame.shape[-1] == 3):
        came = f"{frame.dtype} {list(frame.shape)}" if isinstance(frame, np.ndarray) else type(frame).__name__
        raise ValueError(
            f"{name!r} rendered {came}; uint8 [height, width, 3] can be recorded (render mode 'rgb_array')"
        )
    return frame


def _truth(env: gym.Env, observation: Any, info: Mapping[str, Any]) -> dict[str, np.ndarray]:
    if "truth" in info:
        return {key: np.asarray(value) for key, value in info["truth"].items()}
    space = env.observation_space
    return {"observation": np.array(observation)} if isinstance(space, spaces.Box) and len(space.shape) == 1 else {}


def _stacked(rows: list[dict[str, np.ndarray]], name: str) -> dict[str, np.ndarray]:
    """One array a key from one row a frame.

    Raises:
        ValueError: Where a key is missing at some frame, or has another shape there.
    """
    for index, row in enumerate(rows):
        now, first = ({key: (value.shape, value.dtype.str) for key, value in part.items()} for part in (row, rows[0]))
        if now != first:
            keys = sorted(key for key in {*now, *first} if now.get(key) != first.get(key))
            raise ValueError(
                f"{name!r} told {keys[0]!r} as {now.get(keys[0], 'nothing')} at frame {index} and as "
                f"{first.get(keys[0], 'nothing')} at frame 0; what it tells has one shape and type all along"
            )
    return {key: np.stack([row[key] for row in rows]) for key in rows[0]}
