"""Worlds whose truth is known: the contract of what simulates.

A Scene is data: a name, a rate, an action space, and a builder of its Backend. A Backend is whatever simulates: it is
reset from a seed, steps, draws, says what is true, and can be saved, restored and changed in one respect.
`env.SceneEnv` turns a Scene into a Gymnasium env.

Axes: world metres, up along `Scene.up` (z in MuJoCo, y in Minecraft); cameras are camera-to-world in OpenCV axes (x
right, y down, z forward). Pixel coordinates (u, v) are continuous: the picture spans [0, width] x [0, height], and the
first pixel's centre is (0.5, 0.5).
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any, NamedTuple, Protocol, runtime_checkable

import numpy as np
from gymnasium import spaces
from jaxtyping import Float32, Float64, Int32, UInt8

from worldsim_envs.cameras import Camera
from worldsim_envs.variation import Variation

Truth = dict[str, np.ndarray]
"""What is true now, by name; see `SceneEnv.truth`."""


class Picture(NamedTuple):
    """What a camera sees.

    Attributes:
        rgb: Colour; the first row is the top.
        depth: Planar z in metres, +inf where nothing is; where it was asked for.
        segmentation: The index of the thing at each pixel, or after all things that of the stuff, or -1 for neither;
            where it was asked for.
    """

    rgb: UInt8[np.ndarray, "h w 3"]
    depth: Float32[np.ndarray, "h w"] | None = None
    segmentation: Int32[np.ndarray, "h w"] | None = None


class Arm(NamedTuple):
    """One telling of an episode, from its reset to its end: what is done, and what is changed on the way.

    Attributes:
        actions: One a step.
        changes: At which step, before its action, which change is made; in order.
    """

    actions: Sequence[Any]
    changes: tuple[tuple[int, str], ...] = ()

    def at(self, step: int) -> list[str]:
        """What is changed at a step, before its action."""
        return [change for when, change in self.changes if when == step]


@runtime_checkable
class Backend(Protocol):
    """What simulates one scene: stateful, deterministic, and honest about what is true.

    Attributes:
        applied: The changes made since the reset, in order.
        renderer: What draws, by name: written into recordings, since two renderers do not draw the same bytes.
        capabilities: What it can do besides stepping: "depth", "segmentation", "camera", "save", "intervene", "expert".
        forms: Changes with a place or a name to fill in, too many for `changes`: by verb, how one is spelled.
    """

    applied: tuple[str, ...]
    forms: Mapping[str, str]
    renderer: str
    capabilities: frozenset[str]

    @property
    def camera(self) -> Camera:
        """The scene's own camera now, for a picture one pixel across; `Camera.resized(size)` gives any size."""
        ...

    @property
    def changes(self) -> tuple[str, ...]:
        """The changes that are valid now."""
        ...

    def reset(self, seed: int) -> None:
        """Begin anew; the seed decides everything."""
        ...

    def step(self, action: Any) -> tuple[float, bool]:
        """Let one frame's time pass under an action; the reward, and whether the world has ended."""
        ...

    def draw(self, camera: Camera, size: int, *, depth: bool = False, segmentation: bool = False) -> Picture:
        """Take a square picture of the present."""
        ...

    def truth(self, camera: Camera, size: int) -> Truth:
        """What is true now, and where it appears in this camera's picture."""
        ...

    def save(self) -> Mapping[str, np.ndarray]:
        """Everything that decides the future, given the seed and the changes applied."""
        ...

    def restore(self, seed: int, applied: tuple[str, ...], state: Mapping[str, np.ndarray]) -> None:
        """Return to what was saved, to the bit."""
        ...

    def intervene(self, change: str) -> None:
        """Make one of the valid changes now."""
        ...

    def arms(self) -> Mapping[str, Arm]:
        """The tellings of the episode that was just reset, by name; see `Scene.families`."""
        ...

    def describe(self, states: Mapping[str, np.ndarray], poses: Float64[np.ndarray, "t 4 4"]) -> Mapping[str, str]:
        """An episode in words, at several lengths, from what was true at each frame and where the camera was."""
        ...

    def expert(self, rng: np.random.Generator) -> Any:
        """An action that someone who knows this world would take."""
        ...


@dataclass(frozen=True)
class Scene:
    """What there is and what may happen, as data.

    Attributes:
        name: The Gymnasium id with its version; a changed world gets a new one.
        fps: Frames, and steps, a second (Hz).
        action_space: What can be done, with its units in the scene's docstring.
        things: The names of the objects, one a slot; a slot may be empty in an episode.
        backend: Makes the simulator from the name of a renderer, whether labels (depth or ids) are wanted, and the
            variation.
        families: What can be asked here: the code of a family, and the names of the arms that answer it, the factual
            first: `{"M-COL": ("factual", "do:remove")}`. Arms share their world up to the first change or differing
            action, and differ by nothing else. Behind a stroke stands a variant of a family: "M-VAN/colour".
        templates: Which looks it has, of `variation.TEMPLATES`.
        ranges: Which parameter ranges it has, of `variation.RANGES`.
        stuff: The names of what is no thing and still has an index in the segmentation, after all things.
        up: The unit vector against gravity.
        page: What its page says, where it shares a module with others; else the module's docstring is the page.
    """

    name: str
    fps: float
    action_space: spaces.Space
    things: tuple[str, ...]
    backend: Callable[[str, bool, Variation], Backend]
    families: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    templates: tuple[str, ...] = ("palette",)
    ranges: tuple[str, ...] = ("train",)
    stuff: tuple[str, ...] = ()
    up: tuple[float, float, float] = (0.0, 0.0, 1.0)
    page: str = ""


def find(where: str) -> Scene:
    """The scene that lies at "module:NAME"."""
    module, _, name = where.partition(":")
    if not name:
        raise ValueError(f"the scene came as {where!r}; it is a Scene, or says where one lies as 'module:NAME'")
    return getattr(import_module(module), name)


def told(where: str) -> str:
    """What the scene that lies at "module:NAME" says of itself, the first line being the whole in one sentence."""
    return (find(where).page or import_module(where.partition(":")[0]).__doc__ or "").strip()
