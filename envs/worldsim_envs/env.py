"""A Scene as a Gymnasium env, which also says what is true, and can be saved, restored and changed in one respect.

It knows no simulator: whatever a scene's backend is, it is asked by the protocol in `scene`.
"""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import gymnasium
import numpy as np
from gymnasium import spaces
from jaxtyping import Float64, UInt8

from worldsim_envs.cameras import Camera
from worldsim_envs.scene import Arm, Picture, Scene, Truth, find
from worldsim_envs.variation import Variation


class State(NamedTuple):
    """A moment of an episode, exact and picklable; `SceneEnv.restore` returns to it, in any process."""

    scene: str
    seed: int
    applied: tuple[str, ...]
    simulator: Mapping[str, np.ndarray]
    variation: Variation = Variation()


class SceneEnv(gymnasium.Env[dict[str, np.ndarray], Any]):
    """A Scene as a Gymnasium env.

    Observations are a Dict: `pov` uint8 [size, size, 3], and where asked for `depth` float32 [size, size] (planar z,
    m) and `segmentation` int32 [size, size] (index of the thing, -1 for none). `reset` and every `step` say what is
    true: `info = {"truth": {name: array}, "camera": {"pose": [4, 4], "intrinsics": [3, 3]}}`. `gymnasium.make` cuts
    an episode after the scene's own number of steps; the env itself goes on.

    Args:
        scene: The scene, or where it lies ("module:NAME").
        size: Height and width of a frame in pixels.
        renderer: "auto", or by name; see the scene's backend.
        depth: Whether to observe depth.
        segmentation: Whether to observe which thing is where.
        render_mode: "rgb_array", which is what `render` returns; None switches `render` off.
        template: How it looks, of the scene's `templates`.
        ranges: From where its parameters are drawn, of the scene's `ranges`.

    Raises:
        ValueError: Where the size, the renderer, the render mode, the template or the ranges cannot be.
    """

    metadata: dict[str, Any] = {"render_modes": ["rgb_array"]}  # noqa: RUF012  Gymnasium's; each env has its own copy

    def __init__(
        self,
        scene: Scene | str,
        *,
        size: int = 64,
        renderer: str = "auto",
        depth: bool = False,
        segmentation: bool = False,
        render_mode: str | None = "rgb_array",
        template: str = "palette",
        ranges: str = "train",
    ):
        if not 8 <= size <= 1024:
            raise ValueError(f"size came as {size}; frames are 8 to 1024 pixels across, 64, 128 and 256 are usual")
        if render_mode not in ("rgb_array", None):
            raise ValueError(f"render_mode came as {render_mode!r}; this world can only be drawn as 'rgb_array'")
        self.scene = scene if isinstance(scene, Scene) else find(scene)
        for name, value, there in (
            ("template", template, self.scene.templates),
            ("ranges", ranges, self.scene.ranges),
        ):
            if value not in there:
                raise ValueError(f"{name} came as {value!r}; {self.scene.name} has: {', '.join(there)}")
        self.variation = Variation(template, ranges)
        self.size, self.render_mode = size, render_mode
        self.metadata = {"render_modes": ["rgb_array"], "render_fps": self.scene.fps}
        self.backend = self.scene.backend(renderer, depth or segmentation, self.variation)
        self._asked = {"depth": depth, "segmentation": segmentation}
        self._picture: Picture | None = None
        self._seed, self._moved = 0, False

        seen: dict[str, spaces.Space] = {"pov": spaces.Box(0, 255, (size, size, 3), np.uint8)}
        if depth:
            seen["depth"] = spaces.Box(0, np.inf, (size, size), np.float32)
        if segmentation:
            most = len(self.scene.things) + len(self.scene.stuff) - 1
            seen["segmentation"] = spaces.Box(-1, most, (size, size), np.int32)
        self.observation_space = spaces.Dict(seen)  # pyright: ignore[reportAttributeAccessIssue]
        self.action_space = self.scene.action_space

    @property
    def camera(self) -> Camera:
        """The camera that the observations are taken with, now."""
        return self.backend.camera.resized(self.size)

    @property
    def things(self) -> tuple[str, ...]:
        """The names of the objects, in the order in which `truth` and `segmentation` number them."""
        return self.scene.things

    @property
    def changes(self) -> tuple[str, ...]:
        """The changes that `intervene` takes now, beside those of `forms`."""
        return self.backend.changes

    @property
    def forms(self) -> tuple[str, ...]:
        """How further changes are spelled that `intervene` takes, each with something to fill in."""
        return tuple(self.backend.forms.values())

    @property
    def capabilities(self) -> frozenset[str]:
        """What this world can do beyond Gymnasium: what its backend can, and "arms" where there are families."""
        return self.backend.capabilities | ({"arms"} if self.scene.families else frozenset())

    @property
    def renderer(self) -> str:
        """What draws, by name; `auto` has been decided."""
        return self.backend.renderer

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None):
        """Begin an episode. The same seed is the same episode, to the byte."""
        super().reset(seed=seed)
        self._seed = int(self.np_random.integers(2**31)) if seed is None else seed
        self.backend.reset(self._seed)
        self._moved = False
        return self._look()

    def step(self, action: Any):
        """Let one frame's time (1 / fps seconds) pass under an action."""
        self._begun()
        if not _within(self.action_space, action):
            raise ValueError(f"the action came as {action!r}; {self.scene.name} takes {self.action_space}")
        reward, ended = self.backend.step(action)
        self._moved = True
        observation, info = self._look()
        return observation, reward, ended, False, info

    def render(self) -> UInt8[np.ndarray, "h w 3"] | None:  # type: ignore[override]
        """The frame that the last reset, step, restore or change showed."""
        return self._begun().rgb.copy() if self.render_mode else None

    def truth(self) -> Truth:
        """What is true now. A scene has a fixed number of slots o; an empty one is absent and parked out of view.

        `pos` [o 3] m, `quat` [o 4] wxyz, `velocity` [o 6] m/s and rad/s in world axes, `present` [o], `hue` [o] index
        into the palette or -1, `shape` [o] index into `variation.SHAPES` or -1, `size` [o 3] half the extent along its
        own axes (m), `diameter` [o] the largest extent (m), `pixel` [o 2] the centre's (u, v) or (-1, -1) where it is
        absent or behind the camera, `visible` [o] the share of the silhouette that is in the picture with nothing
        before it, `contact` [o o+1] whether two touched since the last frame (last column: anything that is no thing),
        and `simulator`, the exact state vector. A scene may tell more.
        """
        self._begun()
        return self.backend.truth(self.camera, self.size)

    def save(self) -> State:
        """Keep this moment, exactly."""
        self._begun()
        return State(self.scene.name, self._seed, self.backend.applied, dict(self.backend.save()), self.variation)

    def restore(self, state: State):
        """Return to a saved moment of this scene, whoever saved it; what follows is equal to the bit.

        Raises:
            ValueError: Where the state is of another scene, version or variation.
        """
        if state.scene != self.scene.name:
            raise ValueError(
                f"the state is of {state.scene}; this world is {self.scene.name}: restore it in gymnasium.make"
                f"('worldsim_envs:{state.scene}')"
            )
        if state.variation != self.variation:
            raise ValueError(
                f"the state is of {state.variation}; this world is {self.variation}: make one with "
                f"template={state.variation.template!r}, ranges={state.variation.ranges!r}"
            )
        self._seed = state.seed
        self.backend.restore(state.seed, state.applied, state.simulator)
        self._moved = True
        return self._look()

    def intervene(self, change: str):
        """Make one change now; everything else stays as it is.

        Raises:
            ValueError: Where the change is neither one of `changes` nor of one of `forms`, or cannot be made; then
                nothing is changed.
        """
        self._begun()
        if change not in self.changes and change.partition(":")[0] not in self.backend.forms:
            there = ", ".join((*self.changes, *self.forms))
            raise ValueError(f"there is no change {change!r} here and now; there are: {there}")
        self.backend.intervene(change)
        self._moved = True
        return self._look()

    def arms(self) -> dict[str, Arm]:
        """The tellings of this episode, by name; `Scene.families` says which belong together.

        Raises:
            ValueError: Where the episode is past its beginning, or something was changed.
        """
        self._begun()
        if self._moved:
            raise ValueError("arms tell an episode from its beginning; call reset(seed=...) first")
        return dict(self.backend.arms())

    def tell(self, arm: Arm) -> Iterator[tuple[dict[str, np.ndarray], dict[str, Any]]]:
        """Play an arm from here: the observation and info of each frame, as many as actions and one."""
        observation, info = self._look()
        for step, action in enumerate(arm.actions):
            for change in arm.at(step):
                observation, info = self.intervene(change)
            yield observation, info
            observation, _, _, _, info = self.step(action)
        yield observation, info

    def describe(self, states: Mapping[str, np.ndarray], poses: Float64[np.ndarray, "t 4 4"]) -> dict[str, str]:
        """An episode in words, at several lengths, from its truth at each frame and the camera's poses."""
        return dict(self.backend.describe(states, poses))

    def render_at(
        self, camera: Camera, *, size: int | None = None, depth: bool = False, segmentation: bool = False
    ) -> Picture:
        """Take a picture from anywhere; the camera's intrinsics are in pixels of that picture."""
        self._begun()
        return self.backend.draw(camera, size or self.size, depth=depth, segmentation=segmentation)

    def expert(self, rng: np.random.Generator) -> Any:
        """What the scene's scripted policy does now; it knows the truth."""
        self._begun()
        return self.backend.expert(rng)

    def _begun(self) -> Picture:
        if self._picture is None:
            raise ValueError(f"{self.scene.name} has not begun; call reset(seed=...) first")
        return self._picture

    def _look(self) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
        view = self.camera
        self._picture = seen = self.backend.draw(view, self.size, **self._asked)
        observation = {"pov": seen.rgb.copy()}
        if seen.depth is not None:
            observation["depth"] = seen.depth.copy()
        if seen.segmentation is not None:
            observation["segmentation"] = seen.segmentation.copy()
        camera = {"pose": view.pose.copy(), "intrinsics": view.intrinsics.copy()}
        return observation, {"truth": self.backend.truth(view, self.size), "camera": camera}


def _within(space: spaces.Space, value: Any) -> bool:
    """What `space.contains` says; of the 21 keys of a Minecraft action it says so in a fifth of the time."""
    if type(space) is spaces.Dict and isinstance(value, dict):
        parts = space.spaces
        return value.keys() == parts.keys() and all(_within(parts[name], part) for name, part in value.items())
    if type(space) is spaces.Discrete and type(value) in (int, np.int64):
        return bool(space.start <= value < space.start + space.n)
    return space.contains(value)
