"""What the components of an action mean, where a model has learned several worlds.

To such a model an action is one vector. Each kind of action has a place of its own in it, which is zero in the other
worlds, and behind them one component a world says which world it is:

    tabletop    x y | 0 0 0 ... 0             | 1 0
    overworld   0 0 | attack back ... camera  | 0 1

Worlds of one action space share a place, so what is learned of a button in one Minecraft holds in the next. A world
that the model never saw, whose actions it knows, is told as no world in particular.
"""

from collections.abc import Mapping
from typing import Any

import gymnasium as gym
import numpy as np
from gymnasium.spaces.utils import flatdim
from jaxtyping import Float32

from worldsim.data.spaces import space_from_json, space_to_json


class Schema:
    """Where in one vector the actions of several worlds lie.

    Args:
        spaces: The action spaces as JSON (see `worldsim.data.spaces`), in the order of their places.
        worlds: For each world, by the id that `gymnasium.make` takes, the number of its space.

    Attributes:
        components: Of the vector.
        marks: Those of them that say which world it is: the last ones.
    """

    def __init__(self, spaces: list[dict[str, Any]], worlds: dict[str, int]):
        self.spaces, self.worlds = spaces, worlds
        ends = np.cumsum([flatdim(space_from_json(space)) for space in spaces])
        self._places = [
            slice(int(end - own), int(end)) for own, end in zip(np.diff(ends, prepend=0), ends, strict=True)
        ]
        self.marks = len(worlds)
        self.components = int(ends[-1]) + self.marks

    @classmethod
    def of(cls, spaces: Mapping[str, gym.Space]) -> "Schema":
        """The schema of worlds with these action spaces."""
        written = {world: space_to_json(space) for world, space in spaces.items()}
        kinds: list[dict[str, Any]] = []
        for each in written.values():
            if each not in kinds:
                kinds.append(each)
        return cls(kinds, {world: kinds.index(each) for world, each in written.items()})

    def place(self, world: str, space: gym.Space | None = None) -> slice:
        """Where the actions of a world lie.

        Args:
            world: Its id.
            space: Its action space, for a world that is not among those learned.

        Raises:
            ValueError: Where neither the world nor its actions are known.
        """
        number = self.worlds.get(world)
        if number is None and space is not None and (written := space_to_json(space)) in self.spaces:
            number = self.spaces.index(written)
        if number is None:
            raise ValueError(
                f"the model knows nothing of {world}, and no world with the actions {space}; it learned "
                f"{', '.join(self.worlds)}: ask it about one of these, or train a model on {world}"
            )
        return self._places[number]

    def placed(
        self, actions: Float32[np.ndarray, "*n a"], world: str, space: gym.Space | None = None
    ) -> Float32[np.ndarray, "*n z"]:
        """Actions of one world as the vector of all; arguments and errors as of `place`.

        Of a world whose actions have no components, as videos that nobody labelled have none, it is not known what was
        done: NaN.

        Raises:
            ValueError: Where they have more or fewer components than actions of this world have.
        """
        place = self.place(world, space)
        if actions.shape[-1] != place.stop - place.start:
            raise ValueError(
                f"actions of {world} came with {actions.shape[-1]} components; {place.stop - place.start} would do: "
                "flatten each with gymnasium.spaces.utils.flatten"
            )
        untold = 0.0 if actions.shape[-1] else np.nan
        vector = np.full((*actions.shape[:-1], self.components), untold, np.float32)
        vector[..., place] = actions
        vector[..., self.components - self.marks :] = self.mark(world)
        return vector

    def mark(self, world: str) -> Float32[np.ndarray, " w"]:
        """What the last components of the vector say of a world: 1 for itself; nothing of one that was not learned."""
        return np.array([each == world for each in self.worlds], np.float32)
