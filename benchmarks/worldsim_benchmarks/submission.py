"""Answers as a folder: the commands `worldsim answer`, `worldsim validate` and `worldsim score`.

    SUBMISSION/manifest.json                  who answered what, and how; the fields are those of `Manifest`
    SUBMISSION/surprise.csv                   where surprise is asked for: see `worldsim_benchmarks.surprises`; else
    SUBMISSION/episodes/<id>/s<k>.mp4         one video an episode and sample, of the length, size and rate asked for;
                                              or s<k>.npz with `frames` uint8 [t h w 3] and `fps`

A video is scored as it was decoded; H.264 at a constant rate factor of 17 in yuv444p is what the ceiling went through.
What is wrong with it is found by `worldsim_benchmarks.delivery`, named, and scored at the floor. A world model that
answers a bundle and is scored from there gets what `worldsim bench` gives it, to the byte.
"""

import hashlib
import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import TypeVar

from tqdm import tqdm

from worldsim.data.executor import executor
from worldsim.video import write_mp4
from worldsim_benchmarks.bench import append, usable
from worldsim_benchmarks.benchmark import SPLITS, Answer, Missing, Twins, times, title
from worldsim_benchmarks.bundle import Bundle, identity
from worldsim_benchmarks.catalogue import choose
from worldsim_benchmarks.delivery import Place, Wanted, faults, find, look
from worldsim_benchmarks.entries import TRAINING, entry
from worldsim_benchmarks.kept import asked_of, kept
from worldsim_benchmarks.measure import parts
from worldsim_benchmarks.result import TIERS
from worldsim_benchmarks.run import Entry, tier_of
from worldsim_benchmarks.secret import whole
from worldsim_benchmarks.surprises import TABLE, Rated
from worldsim_benchmarks.surprises import read as read_surprise
from worldsim_benchmarks.surprises import write as write_surprise

SCHEMA = "worldsim.submission@1"


@dataclass(frozen=True)
class Manifest:
    """Who answered what, and how.

    Attributes:
        schema: `worldsim.submission@1`.
        benchmark: With its version, such as `permanence@3`.
        split, size: As in the bundle.
        name: Of the model, on the board.
        tier: What it was given, a name of `worldsim_benchmarks.result.TIERS`.
        how: What goes into its result: `training`, one of `zero-shot`, `in-domain` and `unstated`; and where they are
            known the `steps` of its sampler and the digests of its `weights`, `recipe` and `source`.
        seed: Of the first sample.
        samples: K, answers to each episode.
        about: Whatever else is to be told: organisation, parameters, URL, licence, hardware, seconds.
        missing: Why there is no answer, by `<episode>/s<k>`, where whoever answered knows.
        sha256: Of each file, by its path, where it is told.
    """

    schema: str
    benchmark: str
    split: str
    size: int
    name: str
    tier: str
    how: Mapping[str, str | int | float | bool | None]
    seed: int = 0
    samples: int = 1
    about: Mapping[str, str | int | float | bool | None] = field(default_factory=dict)
    missing: Mapping[str, str] = field(default_factory=dict)
    sha256: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def read(cls, folder: str | Path) -> "Manifest":
        """The manifest of a submission.

        Raises:
            FileNotFoundError: Where there is none.
            ValueError: Where it is of another schema, or does not say what it must.
        """
        path = Path(folder) / "manifest.json"
        if not path.is_file():
            raise FileNotFoundError(f"there is no submission {folder}: it has no manifest.json")
        try:
            told = json.loads(path.read_text())
        except json.JSONDecodeError as error:
            raise ValueError(f"{path} is not JSON ({error})") from error
        if told.get("schema") != SCHEMA:
            raise ValueError(f"{path} has schema {told.get('schema')!r}; {SCHEMA!r} would do")
        needed, known = ("benchmark", "split", "size", "name", "tier", "how"), [one.name for one in fields(cls)]
        if wrong := [name for name in needed if name not in told] or [name for name in told if name not in known]:
            raise ValueError(f"{path} lacks or has too much: {', '.join(wrong)}; it can say {', '.join(known)}")
        manifest = cls(**told)
        if manifest.tier not in TIERS or manifest.how.get("training") not in TRAINING:
            raise ValueError(
                f"{path} says tier {manifest.tier!r} and training {manifest.how.get('training')!r}; there are the "
                f"tiers {', '.join(TIERS)}, and the trainings {', '.join(TRAINING)}"
            )
        return manifest


@dataclass(frozen=True)
class Submitted:
    """A submission as a contestant.

    Attributes:
        name: On the board.
        folder: Where it lies.
        seed: That of its first sample.
        wanted: What would do, by episode.
        wrong: What is wrong with it, by place.
        salt: Of the episodes' names.
    """

    name: str
    folder: Path
    seed: int
    wanted: Mapping[str, Wanted]
    wrong: Mapping[Place, str]
    salt: str

    def answer(self, twins: Sequence[Twins], *, seed: int) -> list[list[Answer]]:
        """Its videos; or what is wrong with them."""
        places = [[Place(identity(self.salt, case), seed - self.seed) for case in each.cases] for each in twins]
        return [[self._video(place) for place in each] for each in places]

    def _video(self, place: Place) -> Answer:
        wrong = self.wrong.get(place)
        return Missing(wrong) if wrong else look(self.folder, place, self.wanted[place.episode])


# ---- the commands ----------------------------------------------------------------------------------------------------


def answer(
    model: str,
    bundle: str,
    out: str,
    samples: int | None = None,
    seed: int = 0,
    batch: int = 16,
    training: str = "unstated",
) -> None:
    """Let a world model answer a bundle: the folder that is sent in.

    Args:
        model: As in `worldsim bench`.
        bundle: A folder that `worldsim export` wrote.
        out: The folder to write. The same command again goes on where it was stopped.
        samples: Answers to each episode; by default one, or as many as a benchmark of what may come wants.
        seed: Of the first of them.
        batch: Episodes imagined at once.
        training: What the model has seen of these worlds: `in-domain`, `zero-shot` or `unstated`.

    Raises:
        FileNotFoundError: Where there is no such bundle or model.
        ValueError: Where the model cannot take part, or the folder holds other answers, or surprise is to be told
            several times.
    """
    asked, folder, who = Bundle.read(bundle), Path(out), entry(model, batch, training)
    samples = samples or times(choose(asked.benchmark), asked.split)
    if asked.asks == "surprise" and samples > 1:
        raise ValueError(f"samples came as {samples}; {bundle} asks for surprise, which is told once: leave it at 1")
    what, tier = (asked.benchmark, asked.split, asked.size), tier_of(who.tier, asked.asks)
    head = Manifest(SCHEMA, *what, who.contestant.name, tier, dict(who.manifest), seed, samples)
    path = folder / "manifest.json"
    folder.mkdir(parents=True, exist_ok=True)
    if path.exists():
        before = Manifest.read(folder)
        if {**asdict(before), "missing": {}, "sha256": {}} != asdict(head):
            raise ValueError(f"{folder} holds other answers; name another folder, or take it away")
    else:
        path.write_text(json.dumps(asdict(head), indent=1) + "\n")
    missing = (_rate if asked.asks == "surprise" else _film)(who, asked.twins(), folder, seed, samples)
    digests = {
        str(file.relative_to(folder)): hashlib.sha256(file.read_bytes()).hexdigest()
        for file in sorted([*folder.glob("episodes/*/*.mp4"), *folder.glob(TABLE)])
    }
    path.write_text(json.dumps({**asdict(head), "missing": missing, "sha256": digests}, indent=1) + "\n")
    print(f"written: {folder}; `worldsim validate {folder} {bundle}` looks at it as the scorer will")


def _rate(who: Entry, twins: Sequence[Twins], folder: Path, seed: int, samples: int) -> dict[str, str]:
    """Write how surprising each film is, and hand back why some are not told."""
    told, missing = {}, {}
    for part in tqdm(list(parts(twins)), desc=f"{who.contestant.name} wonders"):
        some = [twins[number] for number in part]
        for each, answers in zip(some, who.contestant.answer(some, seed=seed), strict=True):
            for case, one in zip(each.cases, answers, strict=True):
                if isinstance(one, Missing):
                    missing[case.name] = one.reason
                else:
                    told[case.name] = (each.name, float(one[case.notes["cut"] :].mean()))
    write_surprise(folder, told)
    return missing


def _film(who: Entry, twins: Sequence[Twins], folder: Path, seed: int, samples: int) -> dict[str, str]:
    """Write a video an episode and sample, and hand back why some are missing."""
    missing = {}
    for part in tqdm(list(parts(twins)), desc=f"{who.contestant.name} answers"):
        some = [twins[number] for number in part]
        for sample in range(samples):
            places = [Place(case.name, sample) for each in some for case in each.cases]
            if all(find(folder, place) for place in places):
                continue
            answers = [one for own in who.contestant.answer(some, seed=seed + sample) for one in own]
            for place, one, case in zip(places, answers, (case for each in some for case in each.cases), strict=True):
                if isinstance(one, Missing):
                    missing[str(place)] = one.reason
                else:
                    video = folder / "episodes" / f"{place}.mp4"
                    video.parent.mkdir(parents=True, exist_ok=True)
                    write_mp4(video, one, case.fps)
    return missing


def checked(folder: Path, manifest: Manifest, wanted: Mapping[str, Wanted]) -> dict[Place, str]:
    """What is wrong with a submission, or was not answered, by place; it is printed as well."""
    wrong = faults(folder, wanted, manifest.samples)
    for name, digest in manifest.sha256.items():
        if (folder / name).is_file() and hashlib.sha256((folder / name).read_bytes()).hexdigest() != digest:
            episode, _, sample = name.removeprefix("episodes/").rpartition("/s")
            wrong.setdefault(Place(episode, int(Path(sample).stem)), "it is not the file that manifest.json names")
    wrong = {place: manifest.missing.get(str(place), why) for place, why in wrong.items()}
    asked = [Place(episode, sample) for episode in wanted for sample in range(manifest.samples)]
    _tell(wrong, asked, "videos are what was asked for")
    return wrong


def rated(folder: Path, manifest: Manifest, episodes: Mapping[str, str]) -> tuple[dict[str, float], dict[str, str]]:
    """The surprise of each clip of a submission, and what is wrong with it, which is printed as well."""
    values, wrong = read_surprise(folder, episodes)
    path, wanted = folder / TABLE, manifest.sha256.get(TABLE)
    if wanted and path.is_file() and hashlib.sha256(path.read_bytes()).hexdigest() != wanted:
        other = {TABLE: "it is not the file that manifest.json names"}
        values, wrong = {}, {**other, **dict.fromkeys(episodes, f"no good {TABLE}")}
    else:
        wrong = {where: manifest.missing.get(where, why) for where, why in wrong.items()}
    _tell(wrong, episodes, "clips have a surprise")
    return values, wrong


Where = TypeVar("Where", Place, str)


def _tell(wrong: Mapping[Where, str], asked: Collection[Where], what: str) -> None:
    for place, why in wrong.items():
        print(f"{place}: {why}")
    right = sum(place not in wrong for place in asked)
    print(f"{right} of {len(asked)} {what}; the others score at the floor")


def validate(submission: str, bundle: str) -> int:
    """Look at a submission as the scorer will, and name each video, or row, that would score at the floor.

    Args:
        submission: The folder.
        bundle: What it answers, as `worldsim export` wrote it.

    Returns:
        0, or 1 where something is wrong. A frozen video counts as wrong here; the scorer forgives it where the world
        itself stands still.

    Raises:
        FileNotFoundError: Where there is no such submission or bundle.
        ValueError: Where the submission answers another bundle.
    """
    asked, manifest = Bundle.read(bundle), Manifest.read(submission)
    own, there = ((each.benchmark, each.split, each.size) for each in (manifest, asked))
    if own != there:
        raise ValueError(f"{submission} answers {own}; {bundle} asks {there}")
    if asked.asks == "surprise":
        groups = {clip: facts["group"] for clip, facts in asked.episodes.items()}
        _, wrong = rated(Path(submission), manifest, groups)
    else:
        wrong = checked(Path(submission), manifest, asked.wanted(asked.twins()))
    return 1 if wrong else 0


def score(
    submission: str,
    secret: str | None = None,
    out: str = "runs/results",
    truth: str = "runs/truth",
    workers: int = 1,
    ray: str | None = None,
) -> None:
    """Score a submission: what is wrong with it is named and scores at the floor, the rest as in `worldsim bench`.

    Args:
        submission: The folder.
        secret: The file that decides the worlds of the split `test`, the same as at `worldsim export`.
        out: Folder that results are appended to; `worldsim board` makes a leaderboard of it.
        truth: Folder where the simulated worlds are kept; what is not there is simulated.
        workers: Processes that score at the same time; they make no difference to the result.
        ray: The address of a Ray cluster to score on, as in `worldsim bench`.

    Raises:
        FileNotFoundError: Where there is no such submission or secret.
        ValueError: Where its manifest does not say what it must, or there is no such benchmark.
    """
    manifest, folder = Manifest.read(submission), Path(submission).absolute()
    benchmark = choose(manifest.benchmark)
    seeds, across = whole(manifest.split, secret, benchmark), usable(benchmark, manifest.size)
    twins = kept(benchmark, seeds, size=across, folder=truth, progress=lambda each: tqdm(each, total=SPLITS[seeds][1]))
    salt = f"{title(benchmark)}/{seeds}/{across}"
    if asked_of(twins) == "surprise":
        episodes = {identity(salt, case): each.name for each in twins for case in each.cases}
        who = Rated(manifest.name, *rated(folder, manifest, episodes), salt)
    else:
        wanted = {identity(salt, case): Wanted.of(case, each.name) for each in twins for case in each.cases}
        who = Submitted(manifest.name, folder, manifest.seed, wanted, checked(folder, manifest, wanted), salt)
    append(
        benchmark,
        twins,
        [Entry(who, "model", manifest.how, manifest.tier)],
        out=out,
        shown=(manifest.name,),
        trusted=False,
        made={"submission": hashlib.sha256((folder / "manifest.json").read_bytes()).hexdigest()},
        split=manifest.split,
        size=across,
        seed=manifest.seed,
        samples=manifest.samples,
        executor=executor(workers, ray),
    )
