"""MuJoCo as a Backend: from a recipe and a seed to a world that steps, draws, and says what is true.

A recipe says what surrounds the things, which things there are and how they start, what an action does, and what may be
changed. Everything else is the same for every scene and written here once.

Each scene has a fixed number of slots for things. An empty slot's thing is invisible, touches nothing and is parked far
below the floor: so arrays keep their shapes, and to remove a thing is to empty its slot.
"""

# pyright: reportAttributeAccessIssue=false
# MuJoCo's bindings are compiled and bring no stubs.

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import mujoco
import numpy as np
from jaxtyping import Float64

from worldsim_envs.cameras import Camera
from worldsim_envs.captions import captions
from worldsim_envs.mujoco.render import choose
from worldsim_envs.mujoco.studio import cover
from worldsim_envs.mujoco.thing import Thing, add, parking, reach
from worldsim_envs.mujoco.visibility import visible
from worldsim_envs.observe import observe
from worldsim_envs.scene import Arm, Picture, Truth
from worldsim_envs.variation import SHAPES, Draw, Variation

STATE = int(mujoco.mjtState.mjSTATE_INTEGRATION)
"""All that decides the future of a model: restored, the continuation is equal to the bit."""

FEEL = 0.01
"""How often contacts are noted within a frame (s); a bounce lasts longer."""


def no_arms(world: "MujocoBackend") -> Mapping[str, Arm]:
    """Nothing is asked of this world."""
    return {}


def as_built(world: "MujocoBackend") -> None:
    """The surroundings begin at rest, and where they were built."""


def no_facts(world: "MujocoBackend") -> Truth:
    """Nothing is true of this world but what is true of all."""
    return {}


CHANCE = "chance"


@dataclass(frozen=True)
class Recipe:
    """What makes a MuJoCo scene.

    Attributes:
        slots: How many things there can be.
        fps: Frames a second (Hz).
        camera: For a picture one pixel across; or where it is now, where it moves.
        build: From a draw, the surroundings and the things, at most one a slot.
        act: Writes an action into the world, before a frame's time passes.
        expert: What someone who knows the world would do.
        changes: The changes valid now, by name, each a function that makes it.
        timestep: Of the physics (s); a frame's time and `FEEL` are whole multiples of it.
        arms: The tellings of an episode that was just reset, by name.
        facts: What is true of this world besides what is true of all: added to the truth.
        start: Gives what is no thing another beginning than to be at rest where it was built.
        chance: Draws anew, from where the builder drew it, all that the look of this world leaves open; None where
            nothing is.
    """

    slots: int
    fps: float
    camera: "Camera | Callable[[MujocoBackend], Camera]"
    build: Callable[[Draw], tuple[mujoco.MjSpec, list[Thing]]]
    act: Callable[["MujocoBackend", Any], None]
    expert: Callable[["MujocoBackend", np.random.Generator], Any]
    changes: Callable[["MujocoBackend"], Mapping[str, Callable[["MujocoBackend"], None]]]
    timestep: float = 0.005
    arms: "Callable[[MujocoBackend], Mapping[str, Arm]]" = no_arms
    facts: "Callable[[MujocoBackend], Truth]" = no_facts
    start: "Callable[[MujocoBackend], None]" = as_built
    chance: "Callable[[MujocoBackend, Draw], None] | None" = None

    def __post_init__(self):
        for name, span in (("a frame's time", 1 / self.fps), ("FEEL", FEEL)):
            if abs(span / self.timestep - round(span / self.timestep)) > 1e-9:
                raise ValueError(f"{name} of {span} s is no multiple of the physics step of {self.timestep} s")


class MujocoBackend:
    """A running MuJoCo world; see `Backend`.

    Args:
        recipe: What the world is.
        renderer: One of `render.CHOICES`.
        labels: Whether depth or ids will be observed, which "auto" wants to know.
        variation: How it looks, and from where its parameters are drawn.

    Attributes:
        model, data: MuJoCo's.
        seed: Of this episode.
        present, hue: By slot.
        extent: Half of each thing's extent along its own axes (m), by slot.
        geoms, bodies: MuJoCo's ids, by slot; of a thing with parts, its first geom.
        pieces: All geoms of each slot.
    """

    capabilities = frozenset({"depth", "segmentation", "camera", "save", "intervene", "expert"})

    def __init__(
        self,
        recipe: Recipe,
        renderer: str = "auto",
        labels: bool = False,
        variation: Variation = Variation(),  # noqa: B008  it is immutable
    ):
        self.recipe, self.variation = recipe, variation
        self.forms: Mapping[str, str] = {CHANCE: f"{CHANCE}:<number>"} if recipe.chance else {}
        self._renderer = choose(renderer, labels=labels, shadows=True)
        self.renderer = self._renderer.name
        self.seed = -1  # of no episode yet
        self.applied: tuple[str, ...] = ()

    @property
    def camera(self) -> Camera:
        """The scene's own camera now, for a picture one pixel across."""
        eye = self.recipe.camera
        return eye if isinstance(eye, Camera) else eye(self)

    @property
    def changes(self) -> tuple[str, ...]:
        """The changes that are valid now."""
        return tuple(self.recipe.changes(self)) if self.seed >= 0 else ()

    def reset(self, seed: int) -> None:
        """Build the world of this seed and begin it."""
        draw = Draw(seed, self.variation)
        spec, things = self.recipe.build(draw)
        if len(things) > self.recipe.slots:
            raise ValueError(f"the recipe put {len(things)} things into {self.recipe.slots} slots")
        spec.option.timestep = self.recipe.timestep
        spec.worldbody.add_camera(name="eye")  # renderers want one; where it looks from is told them with each picture
        for slot in range(self.recipe.slots):
            add(spec, slot, things[slot] if slot < len(things) else None)
        if draw.template != "palette":
            cover(spec, draw.template, seed)
        self.model = spec.compile()
        self.data = mujoco.MjData(self.model)
        named = [f"thing {slot}" for slot in range(self.recipe.slots)]
        self.bodies = np.array([self.model.body(name).id for name in named])
        self.pieces = [np.flatnonzero(self.model.geom_bodyid == body) for body in self.bodies]
        self.geoms = np.array([int(geoms[0]) for geoms in self.pieces])
        self._places, self._speeds = np.full((2, self.recipe.slots), -1)
        for slot, body in enumerate(self.bodies):
            if self.model.body_jntnum[body]:
                joint = self.model.joint(int(self.model.body_jntadr[body]))
                self._places[slot], self._speeds[slot] = int(joint.qposadr[0]), int(joint.dofadr[0])
        self.free = self._places >= 0
        empty = self.recipe.slots - len(things)
        self.present = np.arange(self.recipe.slots) < len(things)
        self.hue = np.array([thing.hue for thing in things] + [-1] * empty)
        self.shape = np.array([SHAPES.index(thing.shape) for thing in things] + [-1] * empty)
        self.extent = np.array([reach(thing) for thing in things] + [(0.05,) * 3] * empty)
        self._owner = np.full(self.model.ngeom + 1, -1, np.int32)  # its last entry stands for no geom at all
        for slot, geoms in enumerate(self.pieces):
            self._owner[geoms] = slot
        mujoco.mj_kinematics(self.model, self.data)
        for slot, thing in enumerate(things):
            if not thing.mount:
                turn = self.data.xmat[self.bodies[slot]].reshape(3, 3) if np.any(thing.spin) else np.eye(3)
                self.move(slot, velocity=[*thing.velocity, *(turn.T @ np.asarray(thing.spin, float))])
        self.recipe.start(self)
        self._touched = np.zeros((self.recipe.slots, self.recipe.slots + 1), bool)
        self.seed, self.applied = seed, ()
        self._derive()
        self._feel()

    def step(self, action: Any) -> tuple[float, bool]:
        """Let one frame's time pass."""
        self.recipe.act(self, action)
        self._touched[:] = False
        frame, feel = (round(span / self.recipe.timestep) for span in (1 / self.recipe.fps, FEEL))
        for start in range(0, frame, feel):
            mujoco.mj_step(self.model, self.data, min(feel, frame - start))
            self._feel()
        for slot in np.flatnonzero(~self.present).tolist():
            self.park(slot)
        self._derive()
        self._feel()
        return 0.0, False

    def draw(self, camera: Camera, size: int, *, depth: bool = False, segmentation: bool = False) -> Picture:
        """Take a picture; its segmentation numbers the things."""
        seen = self._renderer.draw(self.model, self.data, camera, size, depth=depth, segmentation=segmentation)
        return seen if seen.segmentation is None else seen._replace(segmentation=self._owner[seen.segmentation])

    def truth(self, camera: Camera, size: int) -> Truth:
        """What is true now; see `SceneEnv.truth`."""
        position = self.data.xpos[self.bodies].copy()
        velocity = np.zeros((self.recipe.slots, 6))
        velocity[self.free] = self.data.qvel[self._speeds[self.free, None] + np.arange(6)]
        turn = self.data.xmat[self.bodies].reshape(-1, 3, 3)
        velocity[:, 3:] = np.einsum("oij,oj->oi", turn, velocity[:, 3:])  # MuJoCo's is in the body's axes
        for slot in np.flatnonzero(~self.free).tolist():
            velocity[slot] = self._carried(slot)
        pixel, depth = camera.project(position)
        return {
            "pos": position,
            "quat": self.data.xquat[self.bodies].copy(),
            "velocity": velocity,
            "present": self.present.copy(),
            "hue": self.hue.copy(),
            "shape": np.where(self.present, self.shape, -1),
            "size": self.extent.copy(),
            "diameter": 2 * self.extent.max(1),
            "pixel": np.where((self.present & (depth > 0))[:, None], pixel, -1.0),
            "visible": visible(self.model, self.data, self._owner, self.present, camera, size),
            "contact": self._touched.copy(),
            "simulator": self.vector(),
            **self.recipe.facts(self),
        }

    def vector(self) -> Float64[np.ndarray, " s"]:
        """The exact integration state."""
        state = np.empty(mujoco.mj_stateSize(self.model, STATE))
        mujoco.mj_getState(self.model, self.data, state, STATE)
        return state

    def save(self) -> dict[str, np.ndarray]:
        """What, with the seed and the changes, decides the future; and what the last frame's contacts were."""
        return {"simulator": self.vector(), "touched": self._touched.copy()}

    def restore(self, seed: int, applied: tuple[str, ...], state: Mapping[str, np.ndarray]) -> None:
        """Rebuild the model from its seed and its changes, unless it is the one at hand, and return to the state."""
        if (seed, applied) != (self.seed, self.applied):
            self.reset(seed)
            for change in applied:
                self.intervene(change)
        mujoco.mj_setState(self.model, self.data, state["simulator"], STATE)
        self._derive()
        self._touched = state["touched"].copy()

    def intervene(self, change: str) -> None:
        """Make one of the valid changes, or draw anew what is open.

        Raises:
            ValueError: Where it is drawn by what is no number.
        """
        verb, _, number = change.partition(":")
        if verb == CHANCE and self.recipe.chance:
            if not number.isdecimal():
                raise ValueError(f"the change came as {change!r}; {self.forms[CHANCE]} would do, such as {CHANCE}:7")
            self.recipe.chance(self, Draw(self.seed, self.variation).again(int(number)))
        else:
            self.recipe.changes(self)[change](self)
        self.applied = (*self.applied, change)
        self._derive()

    def arms(self) -> Mapping[str, Arm]:
        """The tellings of the episode that was just reset; nothing is moved by asking."""
        kept, applied = self.save(), self.applied
        arms = dict(self.recipe.arms(self))
        self.restore(self.seed, applied, kept)
        return arms

    def describe(self, states: Mapping[str, np.ndarray], poses: Float64[np.ndarray, "t 4 4"]) -> Mapping[str, str]:
        """An episode in words, at three lengths; see `worldsim_envs.captions`."""
        return captions(observe(states, poses))

    def expert(self, rng: np.random.Generator) -> Any:
        """What someone who knows this world would do."""
        return self.recipe.expert(self, rng)

    def place(self, slot: int) -> np.ndarray:
        """The slot's position and quaternion (wxyz), writable."""
        return self.data.qpos[self._places[slot] : self._places[slot] + 7]

    def speed(self, slot: int) -> np.ndarray:
        """The slot's linear velocity in world axes and angular velocity in its own, writable."""
        return self.data.qvel[self._speeds[slot] : self._speeds[slot] + 6]

    def move(self, slot: int, *, position=None, velocity=None) -> None:
        """Put a thing elsewhere (m) or give it another velocity (m/s, rad/s in its own axes)."""
        if position is not None:
            self.place(slot)[:3] = position
        if velocity is not None:
            self.speed(slot)[:] = velocity

    def park(self, slot: int) -> None:
        """Keep an absent thing where nobody looks. Nothing holds it there, so each frame puts it back."""
        if not self.free[slot]:
            return  # it stays on its mount, unseen and untouched
        self.place(slot)[:] = [*parking(slot), 1, 0, 0, 0]
        self.speed(slot)[:] = 0

    def paint(self, geoms: Sequence[int] | np.ndarray, rgb: Sequence[float] | np.ndarray) -> None:
        """Give geoms another colour, whatever pattern they have."""
        self.model.geom_rgba[geoms, :3] = rgb
        for material in self.model.geom_matid[geoms]:
            if material >= 0:
                self.model.mat_rgba[material, :3] = rgb

    def hide(self, geoms: Sequence[int] | np.ndarray) -> None:
        """Make geoms unseen and untouchable."""
        self.model.geom_rgba[geoms] = 0
        self.model.geom_matid[geoms] = -1
        self.model.geom_contype[geoms] = self.model.geom_conaffinity[geoms] = 0

    def _carried(self, slot: int) -> Float64[np.ndarray, " 6"]:
        """The velocity of a mounted thing in world axes: linear (m/s), then angular (rad/s)."""
        found = np.empty(6)
        kind = int(mujoco.mjtObj.mjOBJ_XBODY)
        mujoco.mj_objectVelocity(self.model, self.data, kind, int(self.bodies[slot]), found, 0)
        return np.concatenate([found[3:], found[:3]])

    def _derive(self) -> None:
        """Bring poses and contacts up to the state; unlike mj_forward this leaves the solver's warm start alone."""
        mujoco.mj_fwdPosition(self.model, self.data)
        mujoco.mj_fwdVelocity(self.model, self.data)

    def _feel(self) -> None:
        """Note who touches whom, for as long as the frame lasts."""
        if self.data.ncon:
            pairs = self._owner[self.data.contact.geom[self.data.contact.dist <= 0]]
            for one, other in (pairs.T, pairs.T[::-1]):
                mine = one >= 0
                self._touched[one[mine], other[mine]] = True  # -1, which is no thing, is the last column
