"""What a benchmark is: Cases in, Scores out, under a versioned name.

A world is built once and its future told more than once, changed in one respect: those are Twins, and they are the
unit of every statistic. A lone case is its own twin. A contestant answers with frames; a world model is a contestant,
and so are the replayed world and all its corruptions, so nothing that scores can tell who answered.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Protocol, runtime_checkable

import numpy as np
from jaxtyping import Float, Float32, UInt8

Video = UInt8[np.ndarray, "t h w 3"]
Surprises = Float[np.ndarray, " t"]
"""How unexpected each frame is; higher is more so, in a unit of whoever says it."""


class Splits(dict[str, tuple[int, int]]):
    """The public splits by name, and those that are named by what they are.

    `dev-60` is the first 60 twins of `dev`, of all families in turn. `test:SEED` begins at a seed that those alone know
    who hold the secret.
    """

    def __missing__(self, name: str) -> tuple[int, int]:
        (stem, dash, twins), (word, _, seed) = name.partition("-"), name.partition(":")
        if dash and stem in self and twins.isdigit():
            return self[stem][0], int(twins)
        if word == "test" and seed.isdigit():
            return int(seed), 400
        raise KeyError(name)


SPLITS = Splits(quick=(1_000_000, 32), dev=(2_000_000, 200))
"""Name -> (first seed, twins). `quick` is for smoke tests and never for ranking.

Where a benchmark asks several families, `dev` and `test` have so many twins of each, the others so many in all.
"""


@dataclass(frozen=True, eq=False)
class Truth:
    """What really happened, frame by frame; contestants that are models never see it.

    Attributes:
        frames: What the world showed.
        hue: Palette index of each object; -1 where the object is absent.
        centre: Centroid (u, v) in pixels of each object's visible part; NaN where it cannot be seen.
        area: Visible pixels of each object.
        visible: The visible fraction of each object's silhouette.
        diameter: Diameter in pixels of each object when it is wholly seen.
        pose: Where the camera was: camera-to-world, OpenCV axes, metres.
        intrinsics: Its K, in pixels of the frames.
        state: Whatever else the world tells of each frame, by the names of `SceneEnv.truth`: `pos` [t o 3] (m),
            `present` [t o], and what is true of this scene alone; and `ids` [t h w], which thing is at each pixel.
    """

    frames: UInt8[np.ndarray, "t h w 3"]
    hue: np.ndarray
    centre: Float[np.ndarray, "t o 2"]
    area: Float[np.ndarray, "t o"]
    visible: Float[np.ndarray, "t o"]
    diameter: Float[np.ndarray, " o"]
    pose: Float[np.ndarray, "t 4 4"]
    intrinsics: Float[np.ndarray, "3 3"]
    state: Mapping[str, np.ndarray] = field(default_factory=dict)

    def cut(self, start: int, stop: int | None = None) -> "Truth":
        """The truth of some of the frames."""
        part = slice(start, stop)
        return replace(
            self,
            frames=self.frames[part],
            centre=self.centre[part],
            area=self.area[part],
            visible=self.visible[part],
            pose=self.pose[part],
            state={name: values[part] for name, values in self.state.items()},
        )


@dataclass(frozen=True, eq=False)
class Case:
    """One question: what was seen, what was done, what will be done; and the hidden truth.

    Attributes:
        name: Unique in its benchmark.
        arm: Which of its twins' futures this is, such as `present` or `absent`.
        scene: The id of the world, as `gymnasium.make` takes it.
        seen: The context.
        taken: The actions between the frames of the context.
        plan: The actions to imagine; the first leads on from `seen[-1]`.
        fps: Frames a second (Hz).
        truth: What came of the plan, one frame an action.
        before: The truth of the context.
        notes: Whatever the scorer needs to know of this case, such as which object to watch.
        asks: What an answer is: `video`, the frames that come of the plan; `futures`, the same, as one of many that may
            come; or `surprise`, how unexpected each frame of the truth is, given all before it.
    """

    name: str
    arm: str
    scene: str
    seen: UInt8[np.ndarray, "s h w 3"]
    taken: Float32[np.ndarray, "s-1 a"]
    plan: Float32[np.ndarray, "t a"]
    fps: float
    truth: Truth
    before: Truth
    notes: Mapping[str, int] = field(default_factory=dict)
    asks: str = "video"


@dataclass(frozen=True, eq=False)
class Twins:
    """Cases of one world that differ in one respect.

    Attributes:
        name: Unique in its benchmark.
        template: The kind of scene they come from, which begins with the code of what is asked, such as `M-OCC/2`.
        cases: One an arm.
        variation: `id`; or `ood`, where parameters lie outside of the usual ranges; or `held-out`, where the scene has
            a look and shapes that no other has.
        beliefs: What one may believe to have come in the first case, by name; nobody is asked for these.
        reader: Who finds things in answers, where that is asked: a name of `worldsim_benchmarks.trial.READERS`.
    """

    name: str
    template: str
    cases: tuple[Case, ...]
    variation: str = "id"
    beliefs: Mapping[str, Video] = field(default_factory=dict)
    reader: str = "colour"

    @property
    def family(self) -> str:
        """The code of what is asked, such as `M-OCC`."""
        return family(self.template)


def family(template: str) -> str:
    """The code of what is asked in a kind of scene."""
    return template.partition("/")[0]


@dataclass(frozen=True)
class Score:
    """One number, or NaN and why there is none."""

    value: float
    reason: str = ""

    def __post_init__(self):
        if np.isnan(self.value) and not self.reason:
            raise ValueError("a score of NaN came without a reason; say why it could not be scored")


@dataclass(frozen=True)
class Missing:
    """No answer, and why there is none: whoever cannot answer a case says so, and gets what grey frames would get."""

    reason: str


Answer = Video | Surprises | Missing


@runtime_checkable
class Contestant(Protocol):
    """Whoever answers cases: a world model, the replayed world, or one of its corruptions."""

    @property
    def name(self) -> str:
        """Its name on the board."""
        ...

    def answer(self, twins: Sequence[Twins], *, seed: int) -> Sequence[Sequence[Answer]]:
        """What each case of each of the twins asks, a video or surprises, as long as the plan; or why there is none."""
        ...


@runtime_checkable
class Benchmark(Protocol):
    """A versioned question.

    Attributes:
        name: Such as `permanence`.
        version: Raised with every change that could change a score.
        metrics: The names of what `score` returns.
        coloured: The worlds that it reads by colour, by id: each must be admitted at the size of the pictures.
        sizes: At how many pixels across its readers can judge; the first is meant where none is asked for.
    """

    name: str
    version: int
    metrics: tuple[str, ...]
    coloured: tuple[str, ...]
    sizes: tuple[int, ...]

    def twins(self, split: str, *, size: int) -> Iterator[Twins]:
        """The cases of a split, always the same ones in the same order, at a picture size in pixels."""
        ...

    def score(self, twins: Twins, answers: Sequence[Any]) -> dict[str, Score]:
        """What one answer to one set of twins is worth, metric by metric."""
        ...

    def headline(self, means: Mapping[str, np.ndarray | float]) -> np.ndarray | float:
        """The one number of a family, from the means of its metrics over its twins (rule: clip after averaging).

        Where a benchmark asks several families, its own number is the mean of theirs.
        """
        ...


@runtime_checkable
class Whole(Protocol):
    """A benchmark with numbers that no twins have alone, such as a half-life."""

    def whole(self, values: Mapping[str, Float[np.ndarray, " m"]]) -> dict[str, float]:
        """Those numbers, by name, from every metric of every one of the twins; they stand beside the metrics' means."""
        ...


@runtime_checkable
class Unbounded(Protocol):
    """A benchmark with metrics that no bounds hold, such as decibels: their intervals lean where their tail is.

    Attributes:
        unbounded: The names of those metrics.
    """

    unbounded: tuple[str, ...]


@runtime_checkable
class Pooled(Protocol):
    """Scores several answers together, where the mean of samples is worth something else than the mean of scores."""

    def pool(self, twins: Twins, samples: Sequence[Sequence[Video]]) -> Mapping[str, Score]:
        """Those metrics that are of all samples at once; for the others each sample has its own score."""
        ...


@runtime_checkable
class Several(Pooled, Protocol):
    """A benchmark of what may come, of which one answer tells nothing: all that it scores is of all samples at once.

    Attributes:
        samples: How many answers everyone gives to each case.
        few: How many in the split `quick`.
    """

    samples: int
    few: int


def times(benchmark: Benchmark, split: str) -> int:
    """How many answers to each case are wanted: one, where a benchmark does not ask for several."""
    if not isinstance(benchmark, Several):
        return 1
    return benchmark.few if split.partition("-")[0] == "quick" else benchmark.samples


def title(benchmark: Benchmark) -> str:
    """The name with its version, such as `permanence@1`."""
    return f"{benchmark.name}@{benchmark.version}"
