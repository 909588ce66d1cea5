"""Who acts while a world is recorded.

A policy is a generator of actions: it is given the environment and a source of randomness, and is asked for one action
a step. Random actions alone teach a model too little, and experts alone never leave their path; `mix` draws one of the
table for each episode, and the episode says which.
"""

from collections.abc import Callable, Iterator
from copy import deepcopy
from typing import Any

import gymnasium as gym
import numpy as np
from gymnasium import spaces

Policy = Callable[[gym.Env, np.random.Generator], Iterator[Any]]


def noop(env: gym.Env, rng: np.random.Generator) -> Iterator[Any]:
    """Do nothing: zeros, or the nearest to zero that is allowed; of choices the first."""
    while True:
        yield _rest(env.action_space)


def random(env: gym.Env, rng: np.random.Generator) -> Iterator[Any]:
    """Sample the action space, each step anew."""
    space = deepcopy(env.action_space)  # so that seeding it does not reach into the environment
    space.seed(int(rng.integers(2**31)))
    while True:
        yield space.sample()


def walk(env: gym.Env, rng: np.random.Generator) -> Iterator[Any]:
    """Wander: an Ornstein-Uhlenbeck walk where actions are real, choices held for a while where they are not."""
    return _walk(env.action_space, rng)


def expert(env: gym.Env, rng: np.random.Generator) -> Iterator[Any]:
    """What someone would do who knows this world: the environment's own `expert(rng)`.

    Raises:
        ValueError: Where the environment has none.
    """
    if not has_expert(env):
        raise ValueError(f"{env.unwrapped} has no expert; 'walk', 'random' and 'noop' act in any world")
    while True:
        yield env.unwrapped.expert(rng)  # type: ignore[attr-defined]


def noisy_expert(env: gym.Env, rng: np.random.Generator) -> Iterator[Any]:
    """The expert, who for a tenth of the time begins a stretch of walking, of eight steps on average."""
    knows, wanders, astray = expert(env, rng), walk(env, rng), False
    while True:
        astray = rng.random() < (7 / 8 if astray else 1 / 10)
        yield next(wanders) if astray else next(knows)


POLICIES: dict[str, Policy] = {
    "noop": noop,
    "random": random,
    "walk": walk,
    "expert": expert,
    "noisy_expert": noisy_expert,
}

MIX = {"walk": 0.4, "noisy_expert": 0.25, "random": 0.15, "expert": 0.1, "noop": 0.1}
"""How often `mix` draws each; the experts' share goes to the others where a world has none."""


def has_expert(env: gym.Env) -> bool:
    """Whether the environment brings an expert of its own."""
    world = env.unwrapped
    return hasattr(world, "expert") and "expert" in getattr(world, "capabilities", ("expert",))


def choose(policy: str, env: gym.Env, rng: np.random.Generator) -> str:
    """The name of the policy that acts in an episode: the one that was asked for, or one drawn from the mix.

    Raises:
        ValueError: Where there is no such policy.
    """
    if policy == "mix":
        names = [name for name in MIX if has_expert(env) or "expert" not in name]
        shares = np.array([MIX[name] for name in names])
        return names[rng.choice(len(names), p=shares / shares.sum())]
    if policy not in POLICIES:
        raise ValueError(f"policy came as {policy!r}; there are: mix, {', '.join(POLICIES)}")
    return policy


def _rest(space: gym.Space) -> Any:
    match space:
        case spaces.Box():
            return np.clip(np.zeros(space.shape, space.dtype), space.low, space.high)
        case spaces.Discrete():
            return space.start
        case spaces.MultiDiscrete():
            return space.start.copy()
        case spaces.MultiBinary():
            return np.zeros(space.shape, space.dtype)
        case spaces.Dict():
            return {name: _rest(part) for name, part in space.spaces.items()}
        case spaces.Tuple():
            return tuple(_rest(part) for part in space.spaces)
    raise ValueError(f"there is no rest in {space}; Box, Discrete, MultiBinary, MultiDiscrete, Dict and Tuple have one")


def _walk(space: gym.Space, rng: np.random.Generator) -> Iterator[Any]:
    match space:
        case spaces.Box() if space.dtype is not None and space.dtype.kind == "f":
            return _drift(space, rng)
        case spaces.Dict():
            walks = [_walk(part, rng) for part in space.spaces.values()]
            return (dict(zip(space.spaces, actions, strict=True)) for actions in zip(*walks, strict=True))
        case spaces.Tuple():
            return zip(*[_walk(part, rng) for part in space.spaces], strict=True)
    return _hold(space, rng)


def _drift(space: spaces.Box, rng: np.random.Generator, pull: float = 0.15, push: float = 0.35) -> Iterator[Any]:
    """x <- x - pull x + push N(0, 1), in units of half the range about its middle (of 1 where there is no bound).

    With these two constants x is about N(0, 0.66^2), and forgets itself in some six steps.
    """
    bounded = np.isfinite(space.low) & np.isfinite(space.high)
    low, high = np.where(bounded, space.low, -1), np.where(bounded, space.high, 1)
    middle, reach = low / 2 + high / 2, high / 2 - low / 2
    x = rng.normal(size=space.shape) * push / np.sqrt(1 - (1 - pull) ** 2)
    while True:
        yield np.clip(middle + reach * x, space.low, space.high).astype(space.dtype)
        x = x - pull * x + push * rng.normal(size=space.shape)


def _hold(space: gym.Space, rng: np.random.Generator, steps: float = 6) -> Iterator[Any]:
    """A choice, held for so many steps on average."""
    space = deepcopy(space)
    space.seed(int(rng.integers(2**31)))
    while True:
        choice = space.sample()
        for _ in range(rng.geometric(1 / steps)):
            yield choice
