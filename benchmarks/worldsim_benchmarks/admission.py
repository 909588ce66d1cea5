"""The admission test of the colour reader: may a scene be judged by it, at this size?

Episodes are played, by the expert and by their arms, and what the reader sees in their frames is held against the masks
of the simulator. Asked about is whatever truth calls well seen: of a palette hue, nine tenths of it visible, and large
enough. Things of one hue that touch in the picture are asked about as one, for no colour tells more. Of those, and
of all that the reader reports,

- on clean frames at least 99 % must be found (recall), 99 % must be there (precision), and 95 % of the centroids must
  be within 0.15 diameters of the mask's;
- on frames reduced to a half or a quarter and enlarged again, compressed as JPEG at quality 30, with noise of 6 levels,
  with a gamma of 0.9 or 1.1, and with hues turned by 8 degrees to either side, at least 95 % of both.

Large enough is an area of `LARGE` pixels. On reduced frames these are pixels of the reduced picture, and so are those
that a patch must have to be reported at all: what is smaller there is a pixel or two, and tells no hue. JPEG keeps
colour at full resolution, as every video that can be judged must.
"""

import io
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import gymnasium
import numpy as np
from jaxtyping import Bool, Float, Int, UInt8
from PIL import Image
from scipy import ndimage
from scipy.spatial.transform import Rotation
from tqdm import tqdm

from worldsim.video import resize
from worldsim_benchmarks.readers import ColourReader
from worldsim_envs import SCENES
from worldsim_envs.palette import RGB
from worldsim_envs.scene import SceneEnv

Frames = UInt8[np.ndarray, "t h w 3"]

SIZES = (64, 128, 256)
LARGE = 20
"""Pixels of a thing that is asked about."""
LEAST = 10
"""Pixels of a patch that the reader reports."""
CLEAN, DAMAGED, NEAR = 0.99, 0.95, 0.15
"""Least recall and precision on clean frames and on others, and the largest error of a centroid in diameters."""


class Seen(NamedTuple):
    """Some frames of a scene, and where each thing truly is in them.

    Attributes:
        frames: What the world showed.
        ids: Which thing is where, -1 for none.
        hue: Palette index of each thing in each frame, -1 for none.
        visible: The visible share of each thing's silhouette.
        beacon: Whether beacons, which are no things and which another reader reads, have a palette hue.
    """

    frames: UInt8[np.ndarray, "t h w 3"]
    ids: Int[np.ndarray, "t h w"]
    hue: Int[np.ndarray, "t o"]
    visible: Float[np.ndarray, "t o"]
    beacon: Bool[np.ndarray, "t p"]


class Reading(NamedTuple):
    """How the reader did: how many things were asked about, the shares, and the 95 % quantile of errors (diameters)."""

    asked: int
    recall: float
    precision: float
    error: float


@dataclass(frozen=True)
class Admission:
    """One scene at one size: what was read of it clean, and under each damage."""

    scene: str
    size: int
    clean: Reading
    damaged: Mapping[str, Reading]

    @property
    def faults(self) -> list[str]:
        """What does not hold; of damages under which nothing was large enough, nothing is demanded."""
        clean = self.clean
        if not clean.asked:
            return ["nothing of a hue is well seen and large enough"]
        found = []
        if min(clean.recall, clean.precision) < CLEAN:
            found.append(f"clean: recall {clean.recall:.3f}, precision {clean.precision:.3f}")
        if clean.error > NEAR:
            found.append(f"clean: centroids off by {clean.error:.2f} diameters")
        for name, each in self.damaged.items():
            if each.asked and min(each.recall, each.precision) < DAMAGED:
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


class Damage(NamedTuple):
    """What is done to frames, and how many of their pixels become one."""

    do: Callable[[Frames], Frames]
    by: int = 1


DAMAGES = {
    "half": Damage(reduced(2), 2),
    "quarter": Damage(reduced(4), 4),
    "jpeg 30": Damage(jpeg),
    "noise 6": Damage(noise),
    "gamma 0.9": Damage(gamma(0.9)),
    "gamma 1.1": Damage(gamma(1.1)),
    "hue -8": Damage(turned(-8)),
    "hue +8": Damage(turned(8)),
}


# ---- what is read ----------------------------------------------------------------------------------------------------


def play(scene: str, *, size: int, seeds: Sequence[int], every: int) -> Seen:
    """Every so manieth frame of the expert's episode of each seed, and of one of its arms, the next one each time."""
    env = gymnasium.make(scene, size=size, segmentation=True).unwrapped
    assert isinstance(env, SceneEnv)
    moments: list[tuple[dict, dict]] = []
    for turn, seed in enumerate(seeds):
        env.reset(seed=seed)
        moments += list(expert(env, SCENES[scene].steps, seed))[::every]
        env.reset(seed=seed)
        if arms := list(env.arms().values()):
            moments += list(env.tell(arms[turn % len(arms)]))[::every]
    env.close()
    shape = (len(moments), len(env.things))
    return Seen(
        np.stack([seen["pov"] for seen, _ in moments]),
        np.stack([seen["segmentation"] for seen, _ in moments]),
        np.array([info["truth"]["hue"] for _, info in moments], int).reshape(shape),
        np.array([info["truth"]["visible"] for _, info in moments], float).reshape(shape),
        np.array([np.isin(np.arange(len(RGB)), info["truth"].get("beacon_hue", ())) for _, info in moments]),
    )


def expert(env: SceneEnv, steps: int, seed: int) -> Iterator[tuple[dict, dict]]:
    """What the expert sees, and what is true, after each of so many steps."""
    rng = np.random.default_rng(seed)
    for _ in range(steps):
        observation, _, _, _, info = env.step(env.expert(rng))
        yield observation, info


def read(seen: Seen, damage: Damage | None = None) -> Reading:
    """Hold what the reader sees in frames, as they are or damaged, against the masks."""
    frames, by = (seen.frames, 1) if damage is None else (damage.do(seen.frames), damage.by)
    sighting = ColourReader(RGB, least_area=LEAST * by**2).read(frames)
    found, errors, right = [], [], []
    for t, ids in enumerate(seen.ids):
        things = list(_apart(ids, seen.hue[t]))
        for which, pixels in things:
            diameter = np.sqrt(4 * len(pixels) / np.pi)
            if seen.visible[t, which].min() < 0.9 or len(pixels) < LARGE * by**2:
                continue
            _, centres = sighting.of(t, int(seen.hue[t, which[0]]))
            off = np.linalg.norm(centres - pixels.mean(0), axis=1) / diameter
            found.append(len(off) > 0 and bool(off.min() <= 0.5))
            if found[-1]:
                errors.append(off.min())
        for row in np.flatnonzero((sighting.frame == t) & ~seen.beacon[t, sighting.hue]):
            own = [pixels for which, pixels in things if seen.hue[t, which[0]] == sighting.hue[row]]
            right.append(any(_on(sighting.centre[row], pixels) for pixels in own))
    return Reading(len(found), _share(found), _share(right), float(np.quantile(errors, 0.95)) if errors else np.nan)


def _apart(
    ids: Int[np.ndarray, "h w"], hue: Int[np.ndarray, " o"]
) -> Iterator[tuple[list[int], Float[np.ndarray, "n 2"]]]:
    """What a reader of colours can tell apart: things, those of one hue that touch in the picture together; and where.

    A thing that lies in several places goes with whatever touches it in any of them.
    """
    for shade in np.unique(hue[hue >= 0]).tolist():
        groups = [{slot} for slot in np.flatnonzero(hue == shade).tolist() if (ids == slot).any()]
        patches = np.zeros(ids.shape, np.int32)
        ndimage.label(np.isin(ids, np.flatnonzero(hue == shade)), np.ones((3, 3)), output=patches)
        for patch in range(1, patches.max() + 1):
            there = set(np.unique(ids[patches == patch]).tolist())
            meet = [group for group in groups if group & there]
            groups = [group for group in groups if not group & there] + [set().union(*meet)]
        for group in groups:
            yield sorted(group), np.argwhere(np.isin(ids, sorted(group)))[:, ::-1] + 0.5


def _on(centre: Float[np.ndarray, " 2"], pixels: Float[np.ndarray, "n 2"]) -> bool:
    """Whether a point is on a thing, or nearer to it than its radius."""
    return bool(np.linalg.norm(pixels - centre, axis=1).min() <= np.sqrt(len(pixels) / np.pi) + 1)


def _share(of: Sequence[bool]) -> float:
    return float(np.mean(of)) if len(of) else float("nan")


def admit(scene: str, *, size: int, seeds: Sequence[int] = range(8), every: int = 8) -> Admission:
    """Test one scene at one size.

    Args:
        scene: A name of `worldsim_envs.SCENES`.
        size: Height and width of the frames in pixels.
        seeds: Of the episodes.
        every: Read every so manieth frame.
    """
    seen = play(scene, size=size, seeds=seeds, every=every)
    return Admission(scene, size, read(seen), {name: read(seen, damage) for name, damage in DAMAGES.items()})


# ---- the command -----------------------------------------------------------------------------------------------------


def table(rows: Sequence[Admission]) -> str:
    """What was read of each scene at each size, as Markdown; of the damages, the worst."""
    lines = [
        "| scene | px | things | recall | precision | centroid | worst when damaged | admitted |",
        "|---|--:|--:|--:|--:|--:|---|---|",
    ]
    for row in rows:
        clean, asked = row.clean, {name: each for name, each in row.damaged.items() if each.asked}
        worst = min(asked, key=lambda name: min(asked[name].recall, asked[name].precision), default=None)
        damaged = "" if worst is None else f"{worst}: {asked[worst].recall:.3f}, {asked[worst].precision:.3f}"
        lines.append(
            f"| {row.scene.removeprefix('worldsim/')} | {row.size} | {clean.asked} | {clean.recall:.3f} | "
            f"{clean.precision:.3f} | {clean.error:.2f} | {damaged} | {'**NO**' if row.faults else 'yes'} |"
        )
    return "\n".join(lines)


def admission(scenes: list[str] | str | None = None, sizes: list[int] | int | None = None, seeds: int = 8) -> int:
    """Show that the colour reader reads the scenes: what it misses, what it makes up, how far off it is.

    Args:
        scenes: One or several, such as `worldsim/Hidden-v0`; all of them by default.
        sizes: One or several, in pixels; 64, 128 and 256 by default.
        seeds: Episodes a scene.

    Returns:
        0, or 1 where a scene fails at some size.

    Raises:
        ValueError: Where there is no such scene.
    """
    chosen = [scenes] if isinstance(scenes, str) else scenes or list(SCENES)
    if unknown := [name for name in chosen if name not in SCENES]:
        raise ValueError(f"there is no scene {unknown[0]!r}; there are: {', '.join(SCENES)}")
    asked = [sizes] if isinstance(sizes, int) else sizes or SIZES
    bar = tqdm([(name, size) for name in chosen for size in asked], desc="admission", unit="scene")
    rows = [admit(name, size=size, seeds=range(seeds)) for name, size in bar]
    print(table(rows))
    failed = [row for row in rows if row.faults]
    for row in failed:
        print(f"{row.scene} at {row.size} px: {'; '.join(row.faults)}")
    return 1 if failed else 0
