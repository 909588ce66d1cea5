"""The command `worldsim record`: episodes of any Gymnasium environment, by its id.

    worldsim record worldsim_envs:worldsim/Hidden-v0 --out runs/hidden --episodes 200 --workers 2
    worldsim record CartPole-v1 --out runs/cartpole
    worldsim record --config experiments/datasets/mixed-64.yaml --workers 2

It can be stopped, or killed, at any time; the same command goes on, and what comes out in the end is the same to the
byte, however often it was stopped and however many workers there were.
"""

import fcntl
import hashlib
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import gymnasium as gym
import yaml
from tqdm import tqdm

from worldsim.data import layout
from worldsim.data.episodes import frame_rate_of, make_env, record_episode, varied
from worldsim.data.executor import Executor, executor
from worldsim.data.mixture import Mixture
from worldsim.data.policies import POLICIES, check_mix, shares
from worldsim.data.spaces import Json, space_to_json
from worldsim.data.store import EpisodeStore
from worldsim.data.writer import Packer, stage
from worldsim.types import Episode
from worldsim.video import PROFILES

SIMULATORS = (
    "worldsim",
    "gymnasium",
    "mujoco",
    "mujoco-warp",
    "warp-lang",
    "pygame",
    "minerl",
    "numpy",
    "av",
    "pyarrow",
)
"""Packages whose versions decide the bytes of a recording; those that are installed are written into it."""


KEPT = 9
"""How many differently made environments a process keeps at a time."""


@dataclass
class World:
    """One world of several that are recorded together. What is not said is as it is for all.

    Attributes:
        env: A Gymnasium id.
        episodes, steps, size, policy, mix, env_kwargs, vary, depth, segmentation, fps: As for `record`.
    """

    env: str
    episodes: int | None = None
    steps: int | None = None
    size: int | None = None
    policy: str | None = None
    mix: dict[str, float] | None = None
    env_kwargs: dict[str, Any] | None = None
    vary: dict[str, dict[str, float]] | None = None
    depth: bool | None = None
    segmentation: bool | None = None
    fps: float | None = None

    def said(self) -> dict[str, Any]:
        """What is said."""
        return {name: value for name, value in vars(self).items() if value is not None}


def record(
    env: str | dict[str, World],
    out: str | None = None,
    episodes: int = 100,
    steps: int = 40,
    size: int = 64,
    seed: int = 0,
    policy: str = "mix",
    workers: int = 1,
    env_kwargs: dict[str, Any] | None = None,
    vary: dict[str, dict[str, float]] | None = None,
    mix: dict[str, float] | None = None,
    depth: bool = False,
    segmentation: bool = False,
    fps: float | None = None,
    profile: str = "lossless",
    licence: str = "unstated",
    ray: str | None = None,
) -> EpisodeStore | Mixture:
    """Record episodes of a world: frames, actions, rewards, and all that the world says is true.

    Args:
        env: A Gymnasium id, `module:Name-v0` where a module has to be imported first. Or several worlds by the names of
            their folders, each as a `World`: a dataset of each, in one folder.
        out: The folder of the dataset; runs/NAME where it is not said.
        episodes: How many.
        steps: Steps of an episode, unless the world ends it before; it has one more frame.
        size: Height and width of a frame in pixels.
        seed: Decides all episodes; another seed makes others.
        policy: Who acts: a name of `worldsim.data.policies.POLICIES`, or mix, which draws one for each episode.
        workers: Processes that record at the same time; they make no difference to the result.
        env_kwargs: What the environment is made with, as in `--env_kwargs.name value`.
        vary: What it is made with that differs from episode to episode, drawn by its share:
            `--vary '{template: {palette: 0.8, textured: 0.2}}'`. The episode notes what was drawn.
        mix: How often the policy mix draws each, as in `--mix '{expert: 0.5, walk: 0.5}'`.
        depth: Record depth (m), where the world can.
        segmentation: Record which object each pixel shows, where the world can.
        fps: Frames a second (Hz), where the world does not say.
        profile: How frames are coded: lossless, fine (44-47 dB, for 256 pixels and more) or preview.
        licence: Of the data, as an SPDX name.
        ray: The address of a Ray cluster to record on, with so many workers, into a folder that its machines share;
            "auto" is the one that this machine belongs to, "local" one on this machine. It makes no difference to the
            result.

    Returns:
        The store, to be read.

    Raises:
        ValueError: Where something cannot be recorded like this, or the folder holds another recording.
    """
    settings = {name: value for name, value in locals().items() if name not in ("out", "workers", "ray")}
    hands = executor(workers, ray)
    if isinstance(env, str):
        path = Path(out or f"runs/{env.rpartition('/')[2].rpartition(':')[2].lower()}")
        recording = Recording(path, settings)
        return recording.run(hands)
    if out is None or not env:
        raise ValueError("several worlds came without names for them, or without --out; both are needed")
    path, worlds = Path(out), {name: world.said() for name, world in env.items()}
    _compare(path, {**settings, "env": worlds})
    parts = [Recording(path / name, {**settings, **said, "seed": _seed(seed, name)}) for name, said in worlds.items()]
    _claim(path, {**settings, "env": worlds})
    for part in parts:
        part.run(hands)
    return Mixture([part.path for part in parts])


def _seed(seed: int, name: str) -> int:
    """Of one world of several, so that two recordings of the same world are of other episodes."""
    return int.from_bytes(hashlib.sha256(f"{seed}/{name}".encode()).digest()[:4], "big")


class Recording:
    """One dataset to be recorded; what cannot be is refused before anything is written.

    Args:
        path: The folder.
        settings: The arguments of `record`, but for those that make no difference to the result.

    Raises:
        ValueError: Where something cannot be recorded like this, or the folder holds another recording.
    """

    def __init__(self, path: Path, settings: Mapping[str, Any]):
        self.path = path
        self.settings = {**settings, **{name: settings[name] or {} for name in ("env_kwargs", "vary")}}
        _check(self.settings)
        _compare(path, self.settings)
        self.finished = (path / layout.INFO).exists()
        if self.finished:
            return
        labels = {name: True for name in ("depth", "segmentation") if settings[name]}
        names = ("vary", "steps", "size", "seed", "policy", "mix", "fps", "profile")
        self._recorder = Recorder(
            path.absolute(),
            env=settings["env"],
            arguments={**self.settings["env_kwargs"], **labels},
            **{name: self.settings[name] for name in names},
        )
        said = {name: settings[name] for name in ("licence", "steps", "seed", "profile")}
        self._about = {**_about(self._recorder), **said}
        self._recorder.close()

    def run(self, executor: Executor) -> EpisodeStore:
        """Record what is missing, and finish the dataset."""
        if self.finished:
            print(f"{self.path} is recorded already; look at it with: worldsim data show {self.path}")
            return EpisodeStore(self.path)
        episodes = self.settings["episodes"]
        with alone(self.path):
            _compare(self.path, self.settings)
            _claim(self.path, self.settings)
            packer = Packer(self.path)
            missing = packer.missing(episodes)
            begun = episodes - len(missing)
            with tqdm(total=episodes, initial=begun, unit="episode", desc=f"record {self.path}") as progress:
                for _ in executor.map(self._recorder, missing):
                    progress.update()
                    packer.pack()
            self._recorder.close()
            packer.finish(self._about)
        store = EpisodeStore(self.path)
        frames = store.info["total_frames"]
        print(f"{self.path}: {len(store)} episodes, {frames} frames; look: worldsim data show {self.path}")
        return store


@dataclass
class Recorder:
    """Records the index-th episode and stages it; a process makes each environment once, when it is first needed."""

    path: Path
    env: str
    arguments: Mapping[str, Any]
    vary: Mapping[str, Mapping[str, float]]
    steps: int
    size: int
    seed: int
    policy: str
    mix: Mapping[str, float] | None
    fps: float | None
    profile: str
    _worlds: dict[tuple[str, ...], gym.Env] = field(default_factory=dict, repr=False)

    def __call__(self, index: int) -> int:
        """Record and stage; gives the number of steps."""
        episode = self.episode(index, self.steps)
        stage(self.path, index, episode, self.profile)
        return len(episode)

    def episode(self, index: int, steps: int) -> Episode:
        """Record the index-th episode."""
        drawn = varied(self.vary, self.seed, index)
        how = {"policy": self.policy, "mix": self.mix, "size": self.size, "fps": self.fps}
        noted = {f"variation.{name}": value for name, value in drawn.items()}
        world = self.world(**drawn)
        episode = record_episode(world, self.env, seed=self.seed, index=index, steps=steps, notes=noted, **how)
        for name in ("depth", "segmentation"):
            if name in self.arguments and getattr(episode, name) is None:
                raise ValueError(f"{self.env!r} took {name}=True, but its observations have no {name!r}; leave it out")
        return episode

    def world(self, **drawn: str) -> gym.Env:
        """The environment of this process that is made with what was drawn; a few are kept."""
        key = tuple(drawn.values())
        if key not in self._worlds:
            if len(self._worlds) == KEPT:
                self._worlds.pop(next(iter(self._worlds))).close()
            self._worlds[key] = make_env(self.env, self.size, {**self.arguments, **drawn})
        return self._worlds[key]

    def close(self) -> None:
        """Let go of the environments."""
        while self._worlds:
            self._worlds.popitem()[1].close()

    def __getstate__(self) -> dict[str, Any]:
        return {**vars(self), "_worlds": {}}  # an environment stays in its process


def _check(settings: Mapping[str, Any]) -> None:
    for name, value, least in [
        *((name, settings[name], 1) for name in ("episodes", "steps")),
        ("size", settings["size"], 8),
    ]:
        if value < least:
            raise ValueError(f"{name} came as {value}; {least} is the least")
    if settings["policy"] not in ("mix", *POLICIES):
        raise ValueError(f"policy came as {settings['policy']!r}; there are: mix, {', '.join(POLICIES)}")
    if settings["mix"] is not None:
        if settings["policy"] != "mix":
            raise ValueError(f"a mix came beside the policy {settings['policy']!r}; it is for the policy mix")
        check_mix(settings["mix"])
    for name, choices in settings["vary"].items():
        if name in settings["env_kwargs"] or not choices or not all(share > 0 for share in choices.values()):
            raise ValueError(
                f"vary came with {name!r}: {choices}; it gives shares above 0 to the values of an argument that "
                "env_kwargs does not give, as in '{template: {palette: 0.8, textured: 0.2}}'"
            )
    if settings["profile"] not in PROFILES:
        raise ValueError(f"profile came as {settings['profile']!r}; there are: {', '.join(PROFILES)}")
    if settings["fps"] is not None and not settings["fps"] > 0:
        raise ValueError(f"fps came as {settings['fps']}; it is in Hz and above zero")


def _compare(path: Path, settings: Mapping[str, Any]) -> None:
    """A folder is empty, or holds a recording of the same settings."""
    recipe = path / layout.RECIPE
    if recipe.exists():
        before = yaml.safe_load(recipe.read_text())
        for name, value in settings.items():
            if before.get(name) != value:
                raise ValueError(
                    f"{path} holds a recording with {name} = {before.get(name)}, and {name} = {value} was asked for; "
                    "choose another --out, or the same settings to go on with it"
                )
    elif path.exists() and any(part.name != layout.STAGING for part in path.iterdir()):
        raise ValueError(f"{path} is not empty and holds no recording; choose a new or an empty folder for --out")


@contextmanager
def alone(path: Path) -> Iterator[None]:
    """Hold the folder for this process; the hold ends with the process, however it ends.

    Raises:
        ValueError: Where another process holds it.
    """
    lock = path / layout.STAGING / "lock"
    lock.parent.mkdir(parents=True, exist_ok=True)
    with open(lock, "w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise ValueError(
                f"another process is recording into {path} right now; wait until it is through, or choose another --out"
            ) from error
        yield


def _claim(path: Path, settings: Mapping[str, Any]) -> None:
    """Write down what is recorded here: for `_compare`, and as the YAML that records it again."""
    path.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{os.getpid()}.yaml")
    draft.write_text(yaml.safe_dump(dict(settings), sort_keys=False))
    os.replace(draft, path / layout.RECIPE)


def _about(recorder: Recorder) -> dict[str, Any]:
    """What the dataset says about its world. Tries it first: what cannot be recorded is refused before it begins."""
    first = {name: next(iter(choices)) for name, choices in recorder.vary.items()}
    for drawn in [{**first, name: value} for name, choices in recorder.vary.items() for value in choices]:
        recorder.world(**drawn)
    world = recorder.world(**first)
    recorder.fps = recorder.fps or frame_rate_of(world, recorder.env)
    recorder.episode(0, steps=1)
    made = {**recorder.arguments, **({"vary": recorder.vary} if recorder.vary else {})}
    return {
        "world": {
            "id": recorder.env,
            "kwargs": dict(recorder.arguments),
            "kwargs_hash": hashlib.sha256(json.dumps(made, sort_keys=True).encode()).hexdigest()[:16],
            "renderer": getattr(world.unwrapped, "renderer", None),
        },
        **({"vary": recorder.vary} if recorder.vary else {}),
        "versions": {name: number for name in SIMULATORS if (number := _version(name))},
        "action_space": space_to_json(world.action_space),
        "observation_space": _space(world.observation_space),
        "policy": recorder.policy,
        **({"mix": shares(world, recorder.mix)} if recorder.policy == "mix" else {}),
    }


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def _space(space: gym.Space) -> Json:
    """What is observed need not be a vector; a space that we cannot write as JSON is named as it names itself."""
    try:
        return space_to_json(space)
    except ValueError:
        return {"space": "other", "is": str(space)}
