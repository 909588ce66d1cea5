"""The command `worldsim export`: what is asked, without what is true, for whoever answers elsewhere.

    BUNDLE/manifest.json        what this is, and of each episode its world, rate, length, twins and checksum
    BUNDLE/episodes/<id>.npz    seen [s h w 3] uint8, taken [s-1 a] and plan [t a] float32, the camera's poses while it
                                was watching [s 4 4] and on its way [t 4 4] (camera-to-world, OpenCV axes, m),
                                intrinsics [3 3]; where surprise is asked for, also what comes [t h w 3]

Where surprise is asked for, an episode is a film, and it is told from which frame on, of those that come, it counts.
An id tells nothing of the arm; episodes of one `group` are twins, and share the noise of whoever draws any. `worldsim
answer` lets a world model answer a bundle; everyone else writes the folder that `worldsim_benchmarks.submission` reads.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from tqdm import tqdm

from worldsim_benchmarks.bench import usable
from worldsim_benchmarks.benchmark import SPLITS, Case, Truth, Twins, title
from worldsim_benchmarks.catalogue import choose
from worldsim_benchmarks.delivery import Wanted
from worldsim_benchmarks.kept import asked_of, kept
from worldsim_benchmarks.secret import commitment, whole

SCHEMA = "worldsim.bundle@1"
PARTS = ("seen", "taken", "plan", "watching", "way", "intrinsics")
COMES = "comes"


def export(
    benchmark: str,
    out: str,
    split: str = "quick",
    size: int | None = None,
    secret: str | None = None,
    truth: str = "runs/truth",
) -> None:
    """Write what a benchmark asks, without what is true: contexts, queries and checksums.

    Args:
        benchmark: Such as `permanence` or `permanence@3`.
        out: The folder to write, which must not be there.
        split: `quick`, `dev`, or `test`, whose worlds the secret decides.
        size: Height and width of the frames in pixels; by default what the benchmark is usually asked at.
        secret: The file that decides the worlds of the split `test`. Keep it: who scores needs it again.
        truth: Folder where the simulated worlds are kept, and not to be given away before the answers are in.

    Raises:
        FileExistsError: Where the folder is there.
        FileNotFoundError: Where there is no such secret.
        ValueError: Where there is no such benchmark or split, or no secret.
    """
    asked, folder = choose(benchmark), Path(out)
    seeds, across = whole(split, secret, asked), usable(asked, size)
    if folder.exists():
        raise FileExistsError(f"{folder} is there already; name another folder, or take it away")
    twins = kept(asked, seeds, size=across, folder=truth, progress=lambda each: tqdm(each, total=SPLITS[seeds][1]))
    asks = asked_of(twins)
    salt = f"{title(asked)}/{seeds}/{across}"
    unfinished = folder.with_name(f".{folder.name}.unfinished")
    (unfinished / "episodes").mkdir(parents=True, exist_ok=True)
    episodes: dict[str, dict[str, Any]] = {}
    for each in tqdm(twins, desc="contexts and queries", unit="twins"):
        for name, case in sorted((identity(salt, case), case) for case in each.cases):
            path = unfinished / "episodes" / f"{name}.npz"
            arrays: dict[str, Any] = dict(zip(PARTS, _shown(case), strict=True))
            arrays |= {COMES: case.truth.frames} if asks == "surprise" else {}
            np.savez_compressed(path, **arrays)
            wanted = Wanted.of(case, each.name)
            episodes[name] = {
                "group": each.name,
                "scene": case.scene,
                "fps": case.fps,
                "frames": wanted.shape[0],
                "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
                **({"counts_from": case.notes["cut"]} if asks == "surprise" else {}),
            }
    head = {"schema": SCHEMA, "benchmark": title(asked), "split": split, "size": across, "asks": asks}
    manifest = {**head, "secret": commitment(secret if split == "test" else None), "episodes": episodes}
    (unfinished / "manifest.json").write_text(json.dumps(manifest, indent=1) + "\n")
    unfinished.rename(folder)
    print(f"written: {folder}, {len(episodes)} episodes; `worldsim answer MODEL {folder} --out DIR` answers them")


def identity(salt: str, case: Case) -> str:
    """The name of a case in a bundle: it follows from what asks it, and tells nothing of the arm."""
    return hashlib.sha256(f"{salt}/{case.name}".encode()).hexdigest()[:16]


def _shown(case: Case) -> tuple[np.ndarray, ...]:
    return case.seen, case.taken, case.plan, case.before.pose, case.truth.pose, case.before.intrinsics


@dataclass(frozen=True)
class Bundle:
    """A bundle that was read.

    Attributes:
        folder: Where it lies.
        benchmark: With its version.
        split, size: What was asked for.
        episodes: By id: `group`, `scene`, `fps`, `frames`, `sha256`; `counts_from` where surprise is asked for.
        asks: What an answer is: `video`, `futures` or `surprise`.
    """

    folder: Path
    benchmark: str
    split: str
    size: int
    episodes: Mapping[str, Mapping[str, Any]]
    asks: str = "video"

    @classmethod
    def read(cls, folder: str | Path) -> "Bundle":
        """The bundle of a folder.

        Raises:
            FileNotFoundError: Where there is none.
            ValueError: Where it is of another schema.
        """
        path = Path(folder) / "manifest.json"
        if not path.is_file():
            raise FileNotFoundError(f"there is no bundle {folder}; `worldsim export` writes one")
        fields = json.loads(path.read_text())
        if fields.get("schema") != SCHEMA:
            raise ValueError(f"{path} has schema {fields.get('schema')!r}; this version reads {SCHEMA!r}")
        named = {name: fields[name] for name in ("benchmark", "split", "size", "episodes")}
        return cls(Path(folder), **named, asks=fields.get("asks", "video"))

    def case(self, name: str) -> Case:
        """An episode as a case whose truth is empty, but for the frames of a film.

        Raises:
            ValueError: Where its file is not what was exported.
        """
        path, facts = self.folder / "episodes" / f"{name}.npz", self.episodes[name]
        if not path.is_file() or hashlib.sha256(path.read_bytes()).hexdigest() != facts["sha256"]:
            raise ValueError(f"{path} is missing or not what was exported; copy the bundle again")
        with np.load(path, allow_pickle=False) as file:
            seen, taken, plan, intrinsics = (file[part] for part in ("seen", "taken", "plan", "intrinsics"))
            comes = file[COMES] if self.asks == "surprise" else seen[:0]
        nothing = Truth(
            frames=comes,
            hue=np.zeros(0, int),
            centre=np.zeros((len(comes), 0, 2)),
            area=np.zeros((len(comes), 0)),
            visible=np.zeros((len(comes), 0)),
            diameter=np.zeros(0),
            pose=np.zeros((len(comes), 4, 4)),
            intrinsics=intrinsics,
        )
        return Case(
            name=name,
            arm="",
            scene=facts["scene"],
            seen=seen,
            taken=taken,
            plan=plan,
            fps=facts["fps"],
            truth=nothing,
            before=nothing,
            notes={"cut": facts["counts_from"]} if self.asks == "surprise" else {},
            asks=self.asks,
        )

    def twins(self) -> list[Twins]:
        """All that is asked, by group."""
        groups: dict[str, list[Case]] = {}
        for name, facts in self.episodes.items():
            groups.setdefault(facts["group"], []).append(self.case(name))
        return [Twins(group, group.rpartition("/")[0], tuple(cases)) for group, cases in groups.items()]

    def wanted(self, twins: Sequence[Twins]) -> dict[str, Wanted]:
        """What would do as answers, by episode."""
        return {case.name: Wanted.of(case, each.name) for each in twins for case in each.cases}
