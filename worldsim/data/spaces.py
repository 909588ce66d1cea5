"""Gymnasium spaces as JSON and back, so that episodes say what their actions meant."""

from collections import OrderedDict
from collections.abc import Mapping
from typing import Any

import gymnasium as gym
import numpy as np
from gymnasium import spaces

Json = Any


def space_to_json(space: gym.Space) -> Json:
    """A space as JSON.

    Raises:
        ValueError: Where it is of a kind whose elements are no vector of fixed length.
    """
    match space:
        case spaces.Box():
            kind = {"low": _bound(space.low), "high": _bound(space.high), "shape": list(space.shape)}
            return {"space": "Box", **kind, "dtype": str(space.dtype)}
        case spaces.Discrete():
            return {"space": "Discrete", "n": int(space.n), "start": int(space.start)}
        case spaces.MultiBinary():
            return {"space": "MultiBinary", "n": space.n if isinstance(space.n, int) else list(map(int, space.n))}
        case spaces.MultiDiscrete():
            return {"space": "MultiDiscrete", "nvec": space.nvec.tolist(), "start": space.start.tolist()}
        case spaces.Dict():
            return {"space": "Dict", "spaces": [[name, space_to_json(part)] for name, part in space.spaces.items()]}
        case spaces.Tuple():
            return {"space": "Tuple", "spaces": [space_to_json(part) for part in space.spaces]}
    raise ValueError(
        f"{space} cannot be stored; Box, Discrete, MultiBinary, MultiDiscrete, Dict and Tuple can: "
        "wrap the environment so that it uses one of them"
    )


def space_from_json(written: Mapping[str, Json]) -> gym.Space:
    """The space that `space_to_json` wrote."""
    match written["space"]:
        case "Box":
            dtype, shape = np.dtype(written["dtype"]), tuple(written["shape"])
            exact = np.float64 if dtype.kind == "f" else dtype  # reads "inf", too
            low, high = (np.broadcast_to(np.array(written[key], exact), shape) for key in ("low", "high"))
            return spaces.Box(low.astype(dtype), high.astype(dtype), shape, dtype.type)
        case "Discrete":
            return spaces.Discrete(written["n"], start=written["start"])
        case "MultiBinary":
            return spaces.MultiBinary(written["n"])
        case "MultiDiscrete":
            return spaces.MultiDiscrete(np.array(written["nvec"]), start=np.array(written["start"]))
        case "Dict":
            parts = [(name, space_from_json(part)) for name, part in written["spaces"]]
            return spaces.Dict(OrderedDict(parts))  # any other mapping it would sort, and with it what is flattened
        case "Tuple":
            return spaces.Tuple([space_from_json(part) for part in written["spaces"]])
    raise ValueError(f"a space was written as {written['space']!r}; this version of worldsim does not know it")


def _bound(values: np.ndarray) -> Json:
    """One number where all are alike; infinities by name, for JSON has none."""
    flat = values.reshape(-1)
    if flat.size and (flat == flat[0]).all():
        return _number(flat[0].item())
    return np.vectorize(_number, otypes=[object])(values).tolist()


def _number(value: float | int) -> float | int | str:
    return value if np.isfinite(value) else str(value)
