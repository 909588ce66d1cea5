"""Who acts while a world is recorded.

A policy is a generator of actions: it is given the environment and a source of randomness, and is asked for one action
a step. Random actions alone teach a model too little, and experts alone never leave their path; `mix` draws one of the
table for each episode, and the episode says which. Probes do on purpose what a question is asked about: look away and
back, push and wait, place something and return to it.
"""

from collections.abc import Callable, Iterator, Mapping
from copy import deepcopy
from typing import Any, NamedTuple, TypeVar

import gymnasium as gym
import numpy as np
from gymnasium import spaces

Space = TypeVar("Space", bound=gym.Space)
Policy = Callable[[gym.Env, np.random.Generator], Iterator[Any]]


class Aside(NamedTuple):
    """What a policy may give between two actions.

    Attributes:
        about: "change": the environment's `intervene` is called, and the present frame shows it already. "arm": only
            noted in the episode.
        what: The change, or the name of the arm.
    """

    about: str
    what: str


TURN = 10.0
"""How far anyone but an expert turns a part of the action that is called `camera`: degrees a step. That part may be
bounded by half a turn, and whoever turns so far between two frames shows nothing."""

PRESSED = 0.2
"""The share of time in which a walk holds each button, one of two choices in a Dict, down."""

OPPOSITES = (("forward", "back"), ("left", "right"))
"""Buttons of which one undoes the other."""


def noop(env: gym.Env, rng: np.random.Generator) -> Iterator[Any]:
    """Do nothing: zeros, or the nearest to zero that is allowed; of choices the first."""
    while True:
        yield _rest(env.action_space)


def random(env: gym.Env, rng: np.random.Generator) -> Iterator[Any]:
    """Sample the action space, each step anew."""
    space = _calm(deepcopy(env.action_space))  # so that seeding it does not reach into the environment
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
    """The expert, who in one step of ten begins a stretch of walking, of eight steps on average."""
    knows, wanders, astray = expert(env, rng), walk(env, rng), False
    while True:
        astray = rng.random() < (7 / 8 if astray else 1 / 10)
        yield next(wanders) if astray else next(knows)


def away_and_back(env: gym.Env, rng: np.random.Generator) -> Iterator[Any]:
    """Move or turn away for a while, stay, return the same way, stay: what was left behind should still be there."""
    while True:
        yield from _excursion(env.action_space, rng)


def push_and_wait(env: gym.Env, rng: np.random.Generator) -> Iterator[Any]:
    """Do one thing for a while, then nothing for longer: what was set going goes its own way."""
    while True:
        push, _ = _stretch(env.action_space, rng, moving=False)
        yield from [push] * int(rng.integers(2, 9))
        yield from [_rest(env.action_space)] * int(rng.integers(8, 25))


def place_and_return(env: gym.Env, rng: np.random.Generator) -> Iterator[Any]:
    """Do one thing, then move or turn away and back: what was done should still be so."""
    while True:
        place, _ = _stretch(env.action_space, rng, moving=False)
        yield from [place] * int(rng.integers(1, 5))
        yield from _excursion(env.action_space, rng)


def arms(env: gym.Env, rng: np.random.Generator) -> Iterator[Any]:
    """One telling of the episode out of those that the world has to be asked about, with the changes made in it.

    Raises:
        ValueError: Where the environment has none.
    """
    if not has_arms(env):
        raise ValueError(f"{env.unwrapped} has no arms; 'away_and_back' and 'push_and_wait' probe any world")
    told = env.unwrapped.arms()  # type: ignore[attr-defined]
    name = list(told)[rng.integers(len(told))]
    yield Aside("arm", name)
    for step, action in enumerate(told[name].actions):
        yield from (Aside("change", change) for at, change in told[name].changes if at == step)
        yield action


POLICIES: dict[str, Policy] = {
    "noop": noop,
    "random": random,
    "walk": walk,
    "expert": expert,
    "noisy_expert": noisy_expert,
    "away_and_back": away_and_back,
    "push_and_wait": push_and_wait,
    "place_and_return": place_and_return,
    "arms": arms,
}

MIX = {
    "walk": 0.25,
    "noisy_expert": 0.2,
    "expert": 0.1,
    "random": 0.1,
    "noop": 0.05,
    "away_and_back": 0.1,
    "push_and_wait": 0.05,
    "place_and_return": 0.05,
    "arms": 0.1,
}
"""How often `mix` draws each where nothing else was said; what a world cannot do leaves its share to the others."""


def has_expert(env: gym.Env) -> bool:
    """Whether the environment brings an expert of its own."""
    return _has(env, "expert")


def has_arms(env: gym.Env) -> bool:
    """Whether the environment tells its episodes in several ways: `arms()`, each with `actions` and `changes`."""
    return _has(env, "arms")


def _has(env: gym.Env, ability: str) -> bool:
    world = env.unwrapped
    return hasattr(world, ability) and ability in getattr(world, "capabilities", (ability,))


def shares(env: gym.Env, mix: Mapping[str, float] | None = None) -> dict[str, float]:
    """How often each policy acts in this world; they add up to 1.

    Args:
        env: The world.
        mix: How often, in any unit; `MIX` without what the world cannot do where it is not said.

    Raises:
        ValueError: Where the mix names no policy, or one that this world cannot have.
    """
    able = {"expert": has_expert(env), "noisy_expert": has_expert(env), "arms": has_arms(env)}
    if mix is None:
        mix = {name: share for name, share in MIX.items() if able.get(name, True)}
    check_mix(mix)
    if unable := [name for name in mix if not able.get(name, True)]:
        raise ValueError(f"the mix names {unable[0]!r}, and {env.unwrapped} has no {unable[0]}; leave it out")
    return {name: share / sum(mix.values()) for name, share in mix.items()}


def check_mix(mix: Mapping[str, float]) -> None:
    """Refuse what is no mix of policies."""
    for name, share in mix.items():
        if name not in POLICIES or not share > 0:
            raise ValueError(f"the mix came with {name!r}: {share}; it gives shares above 0 to: {', '.join(POLICIES)}")
    if not mix:
        raise ValueError("the mix came empty; it gives shares to policies, as in '{expert: 0.5, walk: 0.5}'")


def choose(policy: str, env: gym.Env, rng: np.random.Generator, mix: Mapping[str, float] | None = None) -> str:
    """The name of the policy that acts in an episode: the one that was asked for, or one drawn from the mix.

    Raises:
        ValueError: Where there is no such policy.
    """
    if policy == "mix":
        drawn = shares(env, mix)
        return list(drawn)[rng.choice(len(drawn), p=np.array(list(drawn.values())))]
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


def _calm(space: Space) -> Space:
    """The same space, with a part called `camera` kept to `TURN`."""
    if isinstance(space, spaces.Dict) and isinstance(eye := space.spaces.get("camera"), spaces.Box):
        space = deepcopy(space)
        space.spaces["camera"] = spaces.Box(np.maximum(eye.low, -TURN), np.minimum(eye.high, TURN), eye.shape)
    return space


def _walk(space: gym.Space, rng: np.random.Generator, within: str = "") -> Iterator[Any]:
    match space:
        case spaces.Box() if space.dtype is not None and space.dtype.kind == "f":
            return _drift(space, rng)
        case spaces.Dict():
            walks = [_walk(part, rng, within=name) for name, part in _calm(space).spaces.items()]
            return (dict(zip(space.spaces, actions, strict=True)) for actions in zip(*walks, strict=True))
        case spaces.Tuple():
            return zip(*[_walk(part, rng) for part in space.spaces], strict=True)
    return _hold(space, rng, button=bool(within and isinstance(space, spaces.Discrete) and space.n == 2))


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


def _hold(space: gym.Space, rng: np.random.Generator, button: bool, steps: float = 6) -> Iterator[Any]:
    """A choice, held for so many steps on average."""
    space = deepcopy(space)
    space.seed(int(rng.integers(2**31)))
    likely = np.array([1 - PRESSED, PRESSED])
    while True:
        choice = space.sample(probability=likely) if button else space.sample()
        for _ in range(rng.geometric(1 / steps)):
            yield choice


def _excursion(space: gym.Space, rng: np.random.Generator) -> Iterator[Any]:
    there, back = _stretch(space, rng, moving=True)
    count, rest = int(rng.integers(4, 13)), _rest(space)
    yield from [there] * count
    yield from [rest] * int(rng.integers(0, 5))
    yield from [back] * count
    yield from [rest] * int(rng.integers(2, 7))


def _stretch(space: gym.Space, rng: np.random.Generator, moving: bool) -> tuple[Any, Any]:
    """An action that does one thing, and the one that undoes it: its mirror about rest, or rest where it has none.

    Args:
        space: Of the actions.
        rng: Draws which.
        moving: In a Dict, whether to look or walk, or to press what does something else; where it has such parts.
    """
    rest = _rest(space)
    match space:
        case spaces.Box() if space.dtype is not None and space.dtype.kind == "f" and space.shape and rest.size:
            which, far = np.unravel_index(int(rng.integers(rest.size)), space.shape), rng.uniform(0.3, 1)
            ends = np.where(np.isfinite(space.low), space.low, -1), np.where(np.isfinite(space.high), space.high, 1)
            there, back = rest.copy(), rest.copy()
            there[which] += far * (ends[int(rng.integers(2))][which] - rest[which])
            back[which] = np.clip(2 * rest[which] - there[which], space.low[which], space.high[which])
            return there, back
        case spaces.Dict():
            pairs = [pair for pair in OPPOSITES if set(pair) <= set(space.spaces)]
            looks = [("camera",)] if "camera" in space.spaces else []
            moves = [*looks, *pairs, *(pair[::-1] for pair in pairs)]
            others = [(name,) for name in space.spaces if name not in {part for each in moves for part in each}]
            choices = (moves or others) if moving else (others or moves)
            one, *other = choices[int(rng.integers(len(choices)))]
            there, back = _stretch(_calm(space).spaces[one], rng, moving)
            if other:
                return {**rest, one: there}, {**rest, other[0]: there}
            return {**rest, one: there}, {**rest, one: back}
        case spaces.Tuple():
            which = int(rng.integers(len(space.spaces)))
            parts = _stretch(space.spaces[which], rng, moving)
            return tuple(tuple(part if at == which else still for at, still in enumerate(rest)) for part in parts)  # type: ignore[return-value]
        case spaces.Discrete() if space.n > 1:
            return space.start + rng.integers(1, space.n), rest
    space = deepcopy(space)
    space.seed(int(rng.integers(2**31)))
    return space.sample(), rest
