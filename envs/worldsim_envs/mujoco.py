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

from worldsim_envs import palette
from worldsim_envs.render import choose
from worldsim_envs.scene import Camera, Picture, Truth

STATE = int(mujoco.mjtState.mjSTATE_INTEGRATION)
"""All that decides the future of a model: restored, the continuation is equal to the bit."""

SHAPES = {
    "sphere": mujoco.mjtGeom.mjGEOM_SPHERE,
    "box": mujoco.mjtGeom.mjGEOM_BOX,
    "cylinder": mujoco.mjtGeom.mjGEOM_CYLINDER,
}

FEEL = 0.01
"""How often contacts are noted within a frame (s); a bounce lasts longer."""


@dataclass(frozen=True)
class Thing:
    """An object of a scene as it starts.

    Attributes:
        shape: A key of `SHAPES`. A box is a cube; a cylinder stands upright and is as high as it is wide.
        diameter: Across (m): of a box its edge.
        hue: Index into the palette.
        position: Of its centre (m).
        velocity: Linear (m/s).
        yaw: Turn about the vertical (rad).
        spin: Turning about world axes (rad/s).
        density: kg/m^3.
        friction: Sliding, torsional (m), rolling (m); all zero makes it glide.
        bounce: Damping ratio of a contact; 1 does not bounce.
    """

    shape: str
    diameter: float
    hue: int
    position: Sequence[float]
    velocity: Sequence[float] = (0.0, 0.0, 0.0)
    yaw: float = 0.0
    spin: Sequence[float] = (0.0, 0.0, 0.0)
    density: float = 500.0
    friction: tuple[float, float, float] = (0.6, 0.01, 0.002)
    bounce: float = 1.0


@dataclass(frozen=True)
class Recipe:
    """What makes a MuJoCo scene.

    Attributes:
        slots: How many things there can be.
        fps: Frames a second (Hz).
        camera: For a picture one pixel across.
        build: From a generator, the surroundings and the things, at most one a slot.
        act: Writes an action into the world, before a frame's time passes.
        expert: What someone who knows the world would do.
        changes: The changes valid now, by name, each a function that makes it.
        timestep: Of the physics (s); a frame's time and `FEEL` are whole multiples of it.
    """

    slots: int
    fps: float
    camera: Camera
    build: Callable[[np.random.Generator], tuple[mujoco.MjSpec, list[Thing]]]
    act: Callable[["MujocoBackend", Any], None]
    expert: Callable[["MujocoBackend", np.random.Generator], Any]
    changes: Callable[["MujocoBackend"], Mapping[str, Callable[["MujocoBackend"], None]]]
    timestep: float = 0.005

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

    Attributes:
        model, data: MuJoCo's.
        seed: Of this episode.
        present, hue: By slot.
        geoms, bodies: MuJoCo's ids, by slot.
    """

    capabilities = frozenset({"depth", "segmentation", "camera", "save", "intervene", "expert"})

    def __init__(self, recipe: Recipe, renderer: str = "auto", labels: bool = False):
        self.recipe = recipe
        self._renderer = choose(renderer, labels=labels, shadows=True)
        self.renderer = self._renderer.name
        self.seed = -1  # of no episode yet
        self.applied: tuple[str, ...] = ()

    @property
    def camera(self) -> Camera:
        """The scene's own camera, for a picture one pixel across."""
        return self.recipe.camera

    @property
    def changes(self) -> tuple[str, ...]:
        """The changes that are valid now."""
        return tuple(self.recipe.changes(self)) if self.seed >= 0 else ()

    def reset(self, seed: int) -> None:
        """Build the world of this seed and begin it."""
        spec, things = self.recipe.build(np.random.default_rng(seed))
        if len(things) > self.recipe.slots:
            raise ValueError(f"the recipe put {len(things)} things into {self.recipe.slots} slots")
        spec.option.timestep = self.recipe.timestep
        spec.worldbody.add_camera(name="eye")  # renderers want one; where it looks from is told them with each picture
        for slot in range(self.recipe.slots):
            _add(spec, slot, things[slot] if slot < len(things) else None)
        self.model = spec.compile()
        self.data = mujoco.MjData(self.model)
        named = [f"thing {slot}" for slot in range(self.recipe.slots)]
        self.geoms = np.array([self.model.geom(name).id for name in named])
        self.bodies = np.array([self.model.body(name).id for name in named])
        self._places = np.array([int(self.model.joint(name).qposadr[0]) for name in named])
        self._speeds = np.array([int(self.model.joint(name).dofadr[0]) for name in named])
        self.present = np.arange(self.recipe.slots) < len(things)
        self.hue = np.array([thing.hue for thing in things] + [-1] * (self.recipe.slots - len(things)))
        self._owner = np.full(self.model.ngeom + 1, -1, np.int32)  # its last entry stands for no geom at all
        self._owner[self.geoms] = np.arange(self.recipe.slots)
        for slot, thing in enumerate(things):
            turn = self.data.xmat[self.bodies[slot]].reshape(3, 3) if np.any(thing.spin) else np.eye(3)
            self.move(slot, velocity=[*thing.velocity, *(turn.T @ np.asarray(thing.spin, float))])
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
        velocity = self.data.qvel[self._speeds[:, None] + np.arange(6)]
        turn = self.data.xmat[self.bodies].reshape(-1, 3, 3)
        velocity[:, 3:] = np.einsum("oij,oj->oi", turn, velocity[:, 3:])  # MuJoCo's is in the body's axes
        pixel, depth = camera.project(position)
        return {
            "pos": position,
            "quat": self.data.xquat[self.bodies].copy(),
            "velocity": velocity,
            "present": self.present.copy(),
            "hue": self.hue.copy(),
            "diameter": 2 * self.model.geom_size[self.geoms, 0],
            "pixel": np.where((self.present & (depth > 0))[:, None], pixel, -1.0),
            "visible": self._visible(camera, size),
            "contact": self._touched.copy(),
            "simulator": self.vector(),
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
        """Make one of the valid changes."""
        self.recipe.changes(self)[change](self)
        self.applied = (*self.applied, change)
        self._derive()

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
        self.place(slot)[:] = [*_parking(slot), 1, 0, 0, 0]
        self.speed(slot)[:] = 0

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

    def _visible(self, camera: Camera, size: int) -> Float64[np.ndarray, " o"]:
        """For each thing the share of rays, cast at points all over and inside it, that meet it first."""
        visible = np.zeros(self.recipe.slots)
        eye, nothing = camera.pose[:3, 3].copy(), np.int32(-1)
        for slot in np.flatnonzero(self.present).tolist():
            geom = self.geoms[slot]
            points = _POINTS[int(self.model.geom_type[geom])] * self.model.geom_size[geom, 0]
            points = points @ self.data.geom_xmat[geom].reshape(3, 3).T + self.data.geom_xpos[geom]
            pixel, depth = camera.project(points)
            inside = (depth > 0) & ((pixel >= 0) & (pixel <= size)).all(1)
            if inside.any():
                rays = points[inside] - eye
                met, far = np.full(len(rays), nothing), np.empty(len(rays))
                every = (None, True, -1)
                mujoco.mj_multiRay(
                    self.model, self.data, eye, rays.ravel(), *every, met, far, None, len(rays), mujoco.mjMAXVAL
                )
                visible[slot] = np.mean(self._owner[met] == slot) * inside.mean()
        return visible


def _parking(slot: int) -> tuple[float, float, float]:
    return (2.0 * slot, 0.0, -20.0)


def _add(spec: mujoco.MjSpec, slot: int, thing: Thing | None) -> None:
    """Put a thing, or an empty slot, into the world."""
    solid = thing is not None
    thing = thing or Thing("sphere", 0.1, -1, _parking(slot))
    half = thing.diameter / 2
    glides = not any(thing.friction)
    body = spec.worldbody.add_body(
        name=f"thing {slot}",
        pos=np.asarray(thing.position, float),
        quat=[np.cos(thing.yaw / 2), 0.0, 0.0, np.sin(thing.yaw / 2)],
    )
    body.add_freejoint(name=f"thing {slot}")
    body.add_geom(
        name=f"thing {slot}",
        type=SHAPES[thing.shape],
        size=[half, half, half],
        rgba=[*palette.RGB[thing.hue], 1.0] if solid else [0.0, 0.0, 0.0, 0.0],
        density=thing.density,
        condim=1 if glides else 6,
        friction=thing.friction if not glides else (1.0, 0.0, 0.0),
        solref=[0.02, thing.bounce],
        priority=1,  # what a thing is made of decides a contact, not the floor
        contype=int(solid),
        conaffinity=int(solid),
    )


def _spread(count: int) -> Float64[np.ndarray, "n 3"]:
    """Points on the unit ball, half of them on its surface and half inside: a golden spiral (Vogel, 1979)."""
    index = np.arange(count)
    height = 1 - (2 * index + 1) / count
    turn = index * np.pi * (3 - np.sqrt(5))
    around = np.sqrt(1 - height**2)
    points = np.column_stack([around * np.cos(turn), around * np.sin(turn), height])
    depth = np.where(index % 2, 1.0, ((index // 2 * 0.618) % 1) ** (1 / 3))
    return points * depth[:, None]


def _fill(shape: str) -> Float64[np.ndarray, "n 3"]:
    """The same points, pulled to the walls of a shape one half across, a little within them."""
    ball = _spread(80)
    length = np.linalg.norm(ball, axis=1)
    wall = {
        "sphere": length,
        "box": np.abs(ball).max(1),
        "cylinder": np.maximum(np.hypot(ball[:, 0], ball[:, 1]), np.abs(ball[:, 2])),
    }[shape]
    return 0.98 * ball * (length / np.maximum(wall, 1e-9))[:, None]


_POINTS = {int(kind): _fill(shape) for shape, kind in SHAPES.items()}
