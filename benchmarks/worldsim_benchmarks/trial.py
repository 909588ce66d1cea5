"""The trial of the readers of things: may a scene be judged by one, as it looks in a template, at this size?

Episodes are played, of every range of parameters, by the expert and by their arms; and what a reader sees in their
frames is held against the masks of the simulator. It is the very reader that judges, and it is not told what was done
to a frame.

- **Asked about** is each thing that the world's own frame shows well: of a palette hue, nine tenths of it visible, its
  mask `LARGE` pixels or more. Whatever is done to the frame afterwards, the same things are asked about. Things of one
  hue that touch in the picture are one thing, for no colour tells more.
- **Found** is a thing where a patch of its hue has its centre within `NEAR` diameters of the middle of its mask, or
  within `NEAR_DAMAGED` on damaged frames. The share of those asked about is the recall.
- **Right** is a patch whose centre is on a thing of its hue, or nearer to it than its radius, however little of the
  thing is visible; but of a thing that is asked about, one patch alone. The share of all patches is the precision.
  Patches where a beacon stands are left out: it is known where beacons are, and another reader reads them.

Admitted is a reader where at least `ENOUGH` things are asked about, where recall and precision are `CLEAN` or more on
clean frames, and where they are `DAMAGED` or more under each damage: made smaller to a half or a quarter and enlarged
again, JPEG of quality 30, noise of 6 levels, a gamma of 0.9 or 1.1, hues turned by 8 degrees to either side. JPEG keeps
colour at full resolution, as every video must that is to be judged.
"""

import io
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, partial
from itertools import islice
from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Int, UInt8
from PIL import Image
from scipy import ndimage
from scipy.spatial.transform import Rotation

from worldsim.video import resize
from worldsim_benchmarks.probe import LearnedReader
from worldsim_benchmarks.readers import ColourReader, Reader
from worldsim_envs import SCENES
from worldsim_envs.env import SceneEnv
from worldsim_envs.palette import RGB
from worldsim_envs.scene import find

Frame = UInt8[np.ndarray, "h w 3"]
Frames = UInt8[np.ndarray, "t h w 3"]

READERS: dict[str, Callable[[], Reader]] = {"colour": partial(ColourReader, RGB), "learned": LearnedReader}
"""Who may be tried, by name. Where several are admitted, the first judges."""

SIZES = (64, 128, 256)
LARGE = 20
"""Pixels of a thing that is asked about."""
NEAR, NEAR_DAMAGED = 0.15, 0.5
"""Diameters within which a thing is found, in clean frames and in others."""
CLEAN, DAMAGED = 0.99, 0.95
"""Least recall and precision."""
ENOUGH = 100
"""Things to be asked about before a hundredth means anything."""
LEAST, MOST = 8, 40
"""Episodes of a scene that are looked at, and how many at most where these show too few things."""


class Thing(NamedTuple):
    """One thing in one frame: its hue, the middles (u, v) of its pixels, and whether it is asked about."""

    hue: int
    pixels: Float[np.ndarray, "n 2"]
    asked: bool

    @property
    def diameter(self) -> float:
        """That of a disc as large, in pixels."""
        return float(np.sqrt(4 * len(self.pixels) / np.pi))

    def has(self, point: Float[np.ndarray, " 2"]) -> bool:
        """Whether a point is on it, or nearer to it than its radius."""
        return bool(np.linalg.norm(self.pixels - point, axis=1).min() <= self.diameter / 2 + 1)


class Seen(NamedTuple):
    """Some frames of a scene, and what is truly in them.

    Attributes:
        frames: What the world showed.
        things: What is visible in each, if only by a pixel.
        beacons: Where (u, v) in each the two balls of each beacon are; NaN behind the camera.
    """

    frames: Frames
    things: Sequence[Sequence[Thing]]
    beacons: Float[np.ndarray, "t b 2 2"]


@dataclass(frozen=True)
class Reading:
    """How the reader did.

    Attributes:
        asked: How many things were asked about.
        recall: The share of them that was found.
        precision: The share that was right of what was reported.
        error: How far off the centre of a thing was, at the 99th percentile of those seen at all, in diameters.
    """

    asked: int
    recall: float
    precision: float
    error: float

    @property
    def least(self) -> float:
        """The smaller of recall and precision."""
        return min(self.recall, self.precision)


@dataclass(frozen=True)
class Admission:
    """One scene at one size: what was read of it clean, and under each damage; as it looks in a template, by whom."""

    scene: str
    size: int
    clean: Reading
    damaged: Mapping[str, Reading]
    template: str = "palette"
    reader: str = "colour"

    @property
    def faults(self) -> list[str]:
        """Why it is not admitted; nothing where it is."""
        found = []
        if self.clean.asked < ENOUGH:
            found.append(f"{self.clean.asked} things well seen and large enough, of {ENOUGH} at least")
        for name, each, least in [("clean", self.clean, CLEAN), *((*item, DAMAGED) for item in self.damaged.items())]:
            if not each.least >= least:  # also where it is NaN
                found.append(f"{name}: recall {each.recall:.3f}, precision {each.precision:.3f}")
        return found


# ---- what is done to frames ------------------------------------------------------------------------------------------


def reduced(by: int) -> Callable[[Frames], Frames]:
    """To one `by`-th of the size and back."""

    def reduce(frames: Frames) -> Frames:
        height, width = frames.shape[1:3]
        return resize(resize(frames, (height // by, width // by)), (height, width))

    return reduce


def jpeg(frames: Frames) -> Frames:
    """Through JPEG at quality 30, colour at full resolution."""

    def through(frame: np.ndarray) -> np.ndarray:
        file = io.BytesIO()
        Image.fromarray(frame).save(file, "JPEG", quality=30, subsampling=0)
        return np.asarray(Image.open(file))

    return np.stack([through(frame) for frame in frames])


def noise(frames: Frames) -> Frames:
    """With noise of six levels."""
    grains = np.random.default_rng(0).normal(0, 6, frames.shape)
    return np.clip(np.round(frames + grains), 0, 255).astype(np.uint8)


def gamma(power: float | int) -> Callable[[Frames], Frames]:
    """Every channel raised to a power."""
    table = np.round(255 * (np.arange(256) / 255) ** power).astype(np.uint8)
    return lambda frames: table[frames]


def turned(degrees: float | int) -> Callable[[Frames], Frames]:
    """Hues turned around the grey axis."""
    turn = Rotation.from_rotvec(np.full(3, np.deg2rad(degrees) / np.sqrt(3))).as_matrix()
    return lambda frames: np.clip(np.round(frames @ turn.T), 0, 255).astype(np.uint8)


DAMAGES: dict[str, Callable[[Frames], Frames]] = {
    "half": reduced(2),
    "quarter": reduced(4),
    "jpeg 30": jpeg,
    "noise 6": noise,
    "gamma 0.9": gamma(0.9),
    "gamma 1.1": gamma(1.1),
    "hue -8": turned(-8),
    "hue +8": turned(8),
}


# ---- what is read ----------------------------------------------------------------------------------------------------


def play(
    scene: str,
    sizes: Sequence[int],
    *,
    seeds: Sequence[int],
    template: str = "palette",
    least: int | None = None,
    moments: int = 10,
) -> dict[int, Seen]:
    """Look at episodes, each of the next range, told by the expert and by the next of its arms.

    Args:
        scene: A name of `worldsim_envs.SCENES`.
        sizes: Heights and widths of the frames in pixels; all show the same moments.
        seeds: Of the episodes.
        template: How it looks.
        least: After so many of them, no more than it takes to ask about `ENOUGH` things at every size; all by default.
        moments: At which an episode is looked at, evenly spread over it.
    """
    listed = SCENES[scene]
    envs = [
        SceneEnv(listed.where, size=8, renderer=listed.renderer, segmentation=True, template=template, ranges=ranges)
        for ranges in find(listed.where).ranges
    ]
    every = -(-listed.steps // moments)
    looks, asked = [], np.zeros(len(sizes), int)
    for turn, seed in enumerate(seeds):
        if least is not None and turn >= least and asked.min() >= ENOUGH:
            break
        env, before = envs[turn % len(envs)], len(looks)
        env.reset(seed=seed)
        looks += [[look(env, size) for size in sizes] for _ in islice(_expert(env, listed.steps, seed), 0, None, every)]
        env.reset(seed=seed)
        if arms := list(env.arms().values()):
            told = env.tell(arms[turn % len(arms)])
            looks += [[look(env, size) for size in sizes] for _ in islice(told, 0, None, every)]
        asked += np.sum([[sum(thing.asked for thing in there) for _, there, _ in each] for each in looks[before:]], 0)
    seen = {}
    for size, each in zip(sizes, zip(*looks, strict=True), strict=True):
        frames, there, beacons = zip(*each, strict=True)
        seen[size] = Seen(np.stack(frames), there, np.stack(beacons))
    return seen


def look(env: SceneEnv, size: int) -> tuple[Frame, list[Thing], Float[np.ndarray, "b 2 2"]]:
    """The picture of the present, and the things and beacons in it."""
    view = env.backend.camera.resized(size)
    picture, truth = env.render_at(view, size=size, segmentation=True), env.backend.truth(view, size)
    assert picture.segmentation is not None
    there = things(picture.segmentation, truth["hue"], truth["visible"])
    balls = view.project(truth.get("beacon", np.zeros((0, 2, 3))).reshape(-1, 3))[0]
    return picture.rgb, there, balls.reshape(-1, 2, 2)


def things(ids: Int[np.ndarray, "h w"], hue: Int[np.ndarray, " o"], visible: Float[np.ndarray, " o"]) -> list[Thing]:
    """What a reader of colours can tell apart: things, those of one hue that touch in the picture together.

    A thing that lies in several places goes with whatever touches it in any of them.
    """
    found = []
    for shade in np.unique(hue[hue >= 0]).tolist():
        groups = [{slot} for slot in np.flatnonzero(hue == shade).tolist() if (ids == slot).any()]
        patches = np.zeros(ids.shape, np.int32)
        ndimage.label(np.isin(ids, np.flatnonzero(hue == shade)), np.ones((3, 3)), output=patches)
        for patch in range(1, patches.max() + 1) if len(groups) > 1 else ():
            there = set(np.unique(ids[patches == patch]).tolist())
            meet = [group for group in groups if group & there]
            groups = [group for group in groups if not group & there] + [set().union(*meet)]
        for group in map(sorted, groups):
            pixels = np.argwhere(np.isin(ids, group))[:, ::-1] + 0.5
            found.append(Thing(shade, pixels, bool(visible[group].min() >= 0.9 and len(pixels) >= LARGE)))
    return found


def _expert(env: SceneEnv, steps: int, seed: int) -> Iterator[None]:
    """Let the expert act, so many steps."""
    rng = np.random.default_rng(seed)
    for _ in range(steps):
        env.step(env.expert(rng))
        yield


@cache
def reader(name: str) -> Reader:
    """The reader of a name of `READERS`."""
    return READERS[name]()


def read(seen: Seen, damage: Callable[[Frames], Frames] | None = None, by: str = "colour") -> Reading:
    """Hold what a reader sees in frames, as they are or damaged, against the masks."""
    frames, near = (seen.frames, NEAR) if damage is None else (damage(seen.frames), NEAR_DAMAGED)
    sighting = reader(by).read(frames)
    off: list[float] = []
    right: list[bool] = []
    for t, there in enumerate(seen.things):
        for thing in there:
            if thing.asked:
                _, centres = sighting.of(t, thing.hue)
                apart = np.linalg.norm(centres - thing.pixels.mean(0), axis=1) / thing.diameter
                off.append(float(apart.min(initial=np.inf)))
        rows = np.flatnonzero(sighting.frame == t)
        claimed: set[int] = set()
        for row in rows[np.argsort(-sighting.area[rows])]:
            centre = sighting.centre[row]
            if _at_a_beacon(centre, seen.beacons[t]):
                continue
            own = [i for i, thing in enumerate(there) if thing.hue == sighting.hue[row] and thing.has(centre)]
            free = [i for i in own if i not in claimed]
            right.append(bool(free))
            claimed.update(i for i in free[:1] if there[i].asked)
    seen_at_all = [each for each in off if each <= NEAR_DAMAGED]
    error = float(np.quantile(seen_at_all, 0.99)) if seen_at_all else np.nan
    return Reading(len(off), _share([each <= near for each in off]), _share(right), error)


def _at_a_beacon(centre: Float[np.ndarray, " 2"], beacon: Float[np.ndarray, "b 2 2"]) -> bool:
    """Whether a point is nearer to the line between a beacon's two balls than half their distance."""
    low, along = beacon[:, 0], beacon[:, 1] - beacon[:, 0]
    part = np.clip(((centre - low) * along).sum(1) / (along**2).sum(1), 0, 1)
    off = np.linalg.norm(low + part[:, None] * along - centre, axis=1)
    return bool((off <= np.linalg.norm(along, axis=1) / 2 + 1).any())


def _share(of: Sequence[bool]) -> float:
    return float(np.mean(of)) if len(of) else float("nan")


def admit(
    scene: str,
    *,
    sizes: Sequence[int] = SIZES,
    seeds: int = LEAST,
    template: str = "palette",
    readers: Sequence[str] = ("colour",),
) -> list[Admission]:
    """Try readers on one scene at some sizes; all see the same frames.

    Args:
        scene: A name of `worldsim_envs.SCENES`.
        sizes: Heights and widths of the frames in pixels.
        seeds: How many episodes; more, up to `MOST`, where these show too few things.
        template: How it looks.
        readers: Names of `READERS`.
    """
    found = []
    for size, seen in play(scene, sizes, seeds=range(max(seeds, MOST)), template=template, least=seeds).items():
        for by in readers:
            damaged = {name: read(seen, damage, by) for name, damage in DAMAGES.items()}
            found.append(Admission(scene, size, read(seen, by=by), damaged, template, by))
    return found
