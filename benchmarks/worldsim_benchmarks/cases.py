"""From a scene to cases: one world, built once, its future told for each arm and read off the simulator."""

import hashlib
from collections import Counter
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import cycle, islice
from typing import NamedTuple

import gymnasium
import numpy as np
from gymnasium.spaces.utils import flatten
from jaxtyping import Float32

from worldsim_benchmarks.admission import admitted, judge
from worldsim_benchmarks.benchmark import SPLITS, Case, Truth, Twins
from worldsim_envs import SCENES
from worldsim_envs.env import SceneEnv
from worldsim_envs.scene import Arm, find

UNSTATED = ("simulator",)
"""What `SceneEnv.truth` tells that no scorer needs."""
VARIED = (("palette", "id"), ("palette", "ood"), ("palette", "id"), ("held-out", "id"))
"""Templates and ranges of a question in the split `test`, in turn."""
PATIENCE = 1000
"""Seeds in a row that may answer nothing."""


# ---- what happens ----------------------------------------------------------------------------------------------------


def make(scene: str, *, size: int, template: str = "palette", ranges: str = "train") -> SceneEnv:
    """A scene that draws object ids with every frame, so that the truth has masks."""
    name = f"worldsim_envs:{scene}" if scene.startswith("worldsim/") else f"worldsim_envs:worldsim/{scene}"
    env = gymnasium.make(name, size=size, segmentation=True, template=template, ranges=ranges).unwrapped
    assert isinstance(env, SceneEnv)
    return env


class Told(NamedTuple):
    """What an arm shows and is: the truth of every frame, and the actions between them, flattened."""

    truth: Truth
    actions: Float32[np.ndarray, "n a"]


def tell(env: SceneEnv, arm: Arm, *, seed: int) -> Told:
    """What the world of this seed shows in one of its tellings."""
    env.reset(seed=seed)
    steps = list(env.tell(arm))
    actions = np.array([flatten(env.action_space, action) for action in arm.actions], np.float32)
    frames = np.stack([observation["pov"] for observation, _ in steps])
    ids = np.stack([observation["segmentation"] for observation, _ in steps])
    first = steps[0][1]["truth"]
    state = {name: np.stack([info["truth"][name] for _, info in steps]) for name in first if name not in UNSTATED}
    state["ids"] = ids.astype(np.int16)
    area, centre = _masks(ids, objects=len(first["hue"]))
    truth = Truth(
        frames=frames,
        hue=state["hue"].max(0),  # -1 while there is no such thing
        centre=centre,
        area=area,
        visible=state["visible"].astype(float),
        diameter=np.sqrt(4 * area.max(0) / np.pi),
        pose=np.stack([info["camera"]["pose"] for _, info in steps]),
        intrinsics=steps[0][1]["camera"]["intrinsics"],
        state=state,
    )
    return Told(truth, actions)


def happen(
    env: SceneEnv, *, seed: int, actions: Float32[np.ndarray, "n a"], change: str | None = None
) -> tuple[np.ndarray, Truth]:
    """What the world of this seed shows under these actions, with one change made before the first, and its truth.

    Returns:
        The frames `[n+1 h w 3]`, and the truth over all of them.
    """
    told = tell(env, Arm(list(actions), ((0, change),) if change else ()), seed=seed)
    return told.truth.frames, told.truth


def _masks(ids: np.ndarray, *, objects: int) -> tuple[np.ndarray, np.ndarray]:
    """Area `[t o]` and centroid `[t o 2]` (u, v) of each object's visible pixels."""
    v, u = np.mgrid[: ids.shape[1], : ids.shape[2]] + 0.5
    area = np.zeros((len(ids), objects))
    centre = np.full((len(ids), objects, 2), np.nan)
    for i in range(objects):
        mask = ids == i
        area[:, i] = mask.sum((1, 2))
        seen = area[:, i] > 0
        centre[seen, i, 0] = (mask * u).sum((1, 2))[seen] / area[seen, i]
        centre[seen, i, 1] = (mask * v).sum((1, 2))[seen] / area[seen, i]
    return area, centre


# ---- what is asked of it ---------------------------------------------------------------------------------------------


class Cut(NamedTuple):
    """Where an episode is cut into what is seen and what is asked about.

    Attributes:
        context: Frames that are seen.
        future: Frames that are asked about.
        notes: Whatever the scorer needs to know, such as which object to watch.
    """

    context: int
    future: int
    notes: Mapping[str, int] = {}


def no_more(question: "Question", env: SceneEnv, seed: int, twins: Twins) -> Twins:
    """Nothing more is to be known of them."""
    return twins


def as_told(question: "Question", name: str, told: Sequence[Told], where: Cut, fps: float) -> tuple[Case, ...]:
    """One case an arm."""
    return tuple(
        case(
            f"{name}/{arm}",
            arm,
            (each.truth.frames, each.truth),
            each.actions,
            scene=question.scene,
            context=where.context,
            future=where.future,
            fps=fps,
            notes=where.notes,
        )
        for arm, each in zip(question.arms, told, strict=True)
    )


@dataclass(frozen=True)
class Question:
    """One family, asked of one scene.

    Attributes:
        code: Of the family, such as `M-OCC`.
        scene: The world, such as `worldsim/Hidden-v0`.
        arms: The names of its tellings; the first is the factual one.
        cut: From what all arms show, in their order, to where they are cut; None where an episode of this seed does
            not answer the question.
        template: How the world looks.
        ranges: From where its parameters are drawn.
        beliefs: What else may be believed of the first arm, by name: which other telling shows that.
        steps: How many of its steps are told; all of them by default.
        cases: From the question, a name, what all arms show, where they are cut, and the frame rate (Hz), to the cases;
            None where there are none.
        also: From the question, its world, the seed and the twins, to the twins with what else is to be known of them;
            None where they do not answer the question after all.
    """

    code: str
    scene: str
    arms: tuple[str, ...]
    cut: Callable[[Sequence[Told]], Cut | None]
    template: str = "palette"
    ranges: str = "train"
    beliefs: Mapping[str, str] = field(default_factory=dict)
    steps: int | None = None
    cases: "Callable[[Question, str, Sequence[Told], Cut, float], tuple[Case, ...] | None]" = as_told
    also: "Callable[[Question, SceneEnv, int, Twins], Twins | None]" = no_more

    @property
    def variation(self) -> str:
        """`id`, `ood` or `held-out`."""
        return "held-out" if self.template == "held-out" else "ood" if self.ranges == "ood" else "id"

    def twins(self, seed: int, env: SceneEnv) -> Twins | None:
        """The twins of one seed; None where that episode does not answer the question."""
        env.reset(seed=seed)
        arms = {name: arm._replace(actions=arm.actions[: self.steps]) for name, arm in env.arms().items()}
        told = [tell(env, arms[arm], seed=seed) for arm in self.arms]
        where = self.cut(told)
        if where is None:
            return None
        kind = f"{self.code}/{self.scene.removeprefix('worldsim/')}/{'-'.join(self.arms[1:]) or self.arms[0]}"
        name = f"{kind}/{seed}" if self.variation == "id" else f"{kind}/{self.variation}/{seed}"
        cases = self.cases(self, name, told, where, env.metadata["render_fps"])
        if cases is None:
            return None
        future = slice(where.context, where.context + where.future)
        beliefs = {name: tell(env, arms[arm], seed=seed).truth.frames[future] for name, arm in self.beliefs.items()}
        reader = judge(self.scene, self.template, env.size)
        twins = Twins(name, name.rpartition("/")[0], cases, self.variation, beliefs, reader)
        return self.also(self, env, seed, twins)

    def all_twins(self, first: int, *, size: int) -> Generator[Twins, None, None]:
        """Those of every seed after the first one that answers.

        Raises:
            ValueError: Where too many in a row do not.
        """
        env = make(self.scene, size=size, template=self.template, ranges=self.ranges)
        seed = last = first
        try:
            while seed < last + PATIENCE:
                seed += 1
                if (found := self.twins(seed, env)) is not None:
                    yield found
                    last = seed
            raise ValueError(
                f"{self.code} cannot be asked of {self.scene}, template {self.template}, range {self.ranges}: "
                f"of {PATIENCE} seeds in a row none answers; loosen its cut, or ask another scene"
            )
        finally:
            env.close()


Legible = Callable[[str, str, int], bool]
"""Whether answers can be read: from a scene, a template, and how many pixels across frames are."""


def by_colour(scene: str, template: str, size: int) -> bool:
    """Where a reader of things is admitted."""
    return bool(admitted(scene, template, size))


def anyhow(scene: str, template: str, size: int) -> bool:
    """Where nothing is to be read."""
    return True


def in_turn(questions: Iterable[Question], split: str, *, size: int, legible: Legible = by_colour) -> Iterator[Twins]:
    """The twins of a split: each question in turn, so that the first few hold all of them.

    The splits `dev` and `test` have as many twins of each family. In `test` half of them are as usual, but of the range
    `id`; a quarter is out of distribution, and a quarter of the held-out template, where a scene has them and answers
    are `legible`.
    """
    first, wanted = SPLITS[split]
    asked = list(questions)
    codes = Counter(question.code for question in asked)
    if of_each_family(split):
        lengths = [-(-wanted // codes[question.code]) for question in asked]
        order = [number for turn in range(max(lengths)) for number, length in enumerate(lengths) if turn < length]
    else:
        order = list(islice(cycle(range(len(asked))), wanted))
    streams = [varied(question, first, split, size=size, legible=legible) for question in asked]
    try:
        yield from (next(streams[number]) for number in order)
    finally:
        for stream in streams:
            stream.close()


def of_each_family(split: str) -> bool:
    """Whether a split has so many twins of each family, or in all."""
    return split == "dev" or split.startswith("test:")


def varied(question: Question, first: int, split: str, *, size: int, legible: Legible) -> Generator[Twins, None, None]:
    """The twins of one question: as it is, or in the split `test` in all the variations that its scene has."""
    if not split.startswith("test:"):
        yield from question.all_twins(first, size=size)
        return
    scene = find(SCENES[question.scene].where)
    usual = question.template
    looks = [look for look in scene.templates if look == usual or legible(question.scene, look, size)]
    kinds = [kind for kind in VARIED if kind[0] in looks and kind[1] in scene.ranges]
    streams = {kind: replace(question, template=kind[0], ranges=kind[1]).all_twins(first, size=size) for kind in kinds}
    try:
        yield from (next(streams[kind]) for kind in cycle(kinds))
    finally:
        for stream in streams.values():
            stream.close()


def at(context: int, future: int) -> Callable[[Sequence[Told]], Cut]:
    """A cut after so many frames, of every episode."""
    return partial(_always, Cut(context, future))


def _always(cut: Cut, told: Sequence[Told]) -> Cut:
    return cut


def case(
    name: str,
    arm: str,
    told: tuple[np.ndarray, Truth],
    actions: Float32[np.ndarray, "n a"],
    *,
    scene: str,
    context: int,
    future: int | None = None,
    fps: float,
    notes: Mapping[str, int] | None = None,
) -> Case:
    """Cut what happened into a context of `context` frames and the future that is asked about, all of it by default."""
    frames, truth = told
    end = None if future is None else context + future
    return Case(
        name=name,
        arm=arm,
        scene=scene if scene.startswith("worldsim/") else f"worldsim/{scene}",
        seen=frames[:context],
        taken=actions[: context - 1],
        plan=actions[context - 1 : None if end is None else end - 1],
        fps=fps,
        truth=truth.cut(context, end),
        before=truth.cut(0, context),
        notes=notes or {},
    )


def still_actions(env: SceneEnv, steps: int) -> Float32[np.ndarray, "n a"]:
    """Doing nothing for so many steps."""
    assert env.action_space.shape is not None
    return np.zeros((steps, *env.action_space.shape), np.float32)


def digest(parts: Iterable[np.ndarray]) -> str:
    """A short name for what arrays hold, the same on every machine."""
    whole = hashlib.sha256()
    for part in parts:
        whole.update(np.ascontiguousarray(part).tobytes())
    return whole.hexdigest()[:16]
