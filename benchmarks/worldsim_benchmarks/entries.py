"""Who takes part besides those that are always there: world models as contestants, and what their names stand for."""

import hashlib
import importlib
import inspect
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import gymnasium
import numpy as np
import torch

from worldsim.codec.pixel import Pixel
from worldsim.models.checkpoint import RECIPE, WEIGHTS, load, locate
from worldsim.models.within import within
from worldsim.protocols import Codec, Surprise, WorldModel, hears_camera
from worldsim.rollout import device_of, imagine_batch, to_model, to_pictures
from worldsim.types import Camera
from worldsim_benchmarks.benchmark import Answer, Case, Missing, Surprises, Twins, Video
from worldsim_benchmarks.cases import digest
from worldsim_benchmarks.contestants import ORACLES
from worldsim_benchmarks.run import Entry

TRAINING = ("unstated", "zero-shot", "in-domain")
"""What a model may be said to have seen of the worlds it is asked about: nothing, or episodes of other seeds."""


class Modelled:
    """A world model as a contestant: it is shown contexts and plans, and nothing else.

    One that hears where frames are seen from is told the camera's path as well, of what was seen and what is asked.

    Args:
        name: On the board.
        model: Any WorldModel.
        batch: Cases imagined at once.
    """

    def __init__(self, name: str, model: WorldModel, batch: int = 16):
        self.name = name
        self.model = model
        self.batch = batch
        self._within: dict[str, WorldModel | Missing] = {}

    def answer(self, twins: Sequence[Twins], *, seed: int) -> list[list[Answer]]:
        """One answer a case. Twins draw the same noise, so that they differ by what they were shown alone.

        Cases are answered in the order of what they hold, so that a batch, and with it the last bit of each of its
        rows, is the same in whatever order they come.
        """
        cases = [(case, each.name) for each in twins for case in each.cases]
        alike: dict[tuple, list[int]] = {}
        for number in sorted(range(len(cases)), key=lambda at: (_content(cases[at][0]), cases[at][1])):
            case = cases[number][0]
            alike.setdefault((case.scene, case.seen.shape, case.plan.shape), []).append(number)
        answers: dict[int, Answer] = {}
        for numbers in alike.values():
            first = cases[numbers[0]][0]
            model, put = self.asked(first), self._wonder if first.asks == "surprise" else self._imagine
            if isinstance(model, Missing):
                answers |= dict.fromkeys(numbers, model)
                continue
            for at in range(0, len(numbers), self.batch):
                part = numbers[at : at + self.batch]
                answers |= zip(part, put(model, [cases[number] for number in part], seed), strict=True)
        in_order = (answers[number] for number in range(len(cases)))
        return [[next(in_order) for _ in each.cases] for each in twins]

    def _imagine(self, model: WorldModel, rows: Sequence[tuple[Case, str]], seed: int) -> list[Video]:
        with one_thread():
            frames = imagine_batch(
                model,
                np.stack([case.seen for case, _ in rows]),
                np.stack([case.taken for case, _ in rows]),
                np.stack([case.plan for case, _ in rows]),
                seeds=[_seed(seed, name) for _, name in rows],
                camera=_camera_of(rows) if hears_camera(model) else None,
            )
        return list(frames)

    def _wonder(
        self, model: WorldModel, rows: Sequence[tuple[Case, str]], seed: int
    ) -> list[Surprises] | list[Missing]:
        """How unexpected each frame is that comes of the plan, where the model can say so."""
        if not isinstance(model, Surprise):
            return [Missing("the model has no method `surprise`, which says how unexpected each frame is")] * len(rows)
        frames = to_model(np.stack([np.concatenate([case.seen, case.truth.frames]) for case, _ in rows]))
        actions = torch.from_numpy(np.stack([np.concatenate([case.taken, case.plan]) for case, _ in rows]))
        device = device_of(model)
        heard = hears_camera(self.model)
        camera = {"camera": Camera(*(each.to(device) for each in _camera_of(rows)))} if heard else {}
        generators = [torch.Generator(device).manual_seed(_seed(seed, name)) for _, name in rows]
        with one_thread():
            told = model.surprise(frames.to(device), actions.to(device), generator=generators, **camera)
        return list(told[:, rows[0][0].seen.shape[0] :].double().cpu().numpy())

    def asked(self, case: Case) -> WorldModel | Missing:
        """The model in the world of a case, or why it cannot answer there."""
        own, there = getattr(self.model, "actions", None), case.plan.shape[1]
        if getattr(self.model, "schema", None) is None:
            if isinstance(own, int) and own != there:
                return Missing(f"the model takes actions of {own} components, those of {case.scene} have {there}")
            return self.model
        if case.scene not in self._within:
            space = gymnasium.make(f"worldsim_envs:{case.scene}").action_space
            try:
                self._within[case.scene] = within(self.model, case.scene, space)
            except ValueError as error:
                self._within[case.scene] = Missing(str(error))
        return self._within[case.scene]


@contextmanager
def one_thread() -> Iterator[None]:
    """One thread: sums in another order are other bits, and a machine with more cores must not score otherwise."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


class Returned:
    """The truth through a model's codec: no model that imagines in its latents can do better.

    Args:
        name: The model's, on the board.
        codec: The model's.
    """

    def __init__(self, name: str, codec: Codec):
        self.name = f"replay, through the codec of {name}"
        self.codec = codec

    @torch.no_grad()
    def answer(self, twins: Sequence[Twins], *, seed: int) -> list[list[Video]]:
        """What comes back of the context and the truth, without the context."""
        return [[self._back(case) for case in each.cases] for each in twins]

    def _back(self, case: Case) -> Video:
        frames = to_model(np.concatenate([case.seen, case.truth.frames])[None])
        with one_thread():
            return to_pictures(self.codec.decode(self.codec.encode(frames)))[0, len(case.seen) :]


def returned(entry: Entry) -> list[Entry]:
    """The codec of who takes part, as another row; none where there is no codec, or pixels are latents."""
    model = entry.contestant.model if isinstance(entry.contestant, Modelled) else None
    codec = getattr(model, "codec", None)
    if not isinstance(codec, Codec) or isinstance(codec, Pixel):
        return []
    return [Entry(Returned(entry.contestant.name, codec), "oracle", entry.manifest, tier="truth")]


def _camera_of(rows: Sequence[tuple[Case, str]]) -> Camera:
    """Where the frames of each case are seen from, those of the context and those that are asked about."""
    poses = np.stack([np.concatenate([case.before.pose, case.truth.pose]) for case, _ in rows])
    lenses = np.stack([np.broadcast_to(case.truth.intrinsics, (poses.shape[1], 3, 3)) for case, _ in rows])
    return Camera(torch.from_numpy(poses), torch.from_numpy(lenses))


def _content(case: Case) -> str:
    return digest([case.seen, case.taken, case.plan])


def _seed(seed: int, name: str) -> int:
    return int.from_bytes(hashlib.sha256(f"{seed}/{name}".encode()).digest()[:7], "big")


def entry(name: str, batch: int, training: str = "unstated") -> Entry:
    """Who is meant by a name on the command line: a checkpoint, a baseline, an oracle, or a class.

    Args:
        name: As in `worldsim bench`.
        batch: Cases imagined at once.
        training: What it has seen of the worlds it is asked about, a name of `TRAINING`.

    Raises:
        ValueError: Where there is nobody of that name, or no such training.
    """
    if training not in TRAINING:
        raise ValueError(f"training came as {training!r}; there are: {', '.join(TRAINING)}")
    if name in ORACLES:
        return Entry(ORACLES[name], "oracle", tier="truth")
    module, colon, attribute = name.partition(":")
    if colon:
        model = made(module, attribute)
        if not isinstance(model, WorldModel):
            raise ValueError(f"{name} is no WorldModel: it needs the methods `watch` and `imagine`")
        how = {**_source(model), **_told(model, training)}
        return Entry(Modelled(name, model, batch), "model", how, _tier(model))
    model, files = load(name), {"weights": locate(name) / WEIGHTS, "recipe": locate(name) / RECIPE}
    digests = {part: _digest(path) for part, path in files.items() if path.exists()}
    how = {**digests, **_source(model), **_told(model, training)}
    return Entry(Modelled(on_the_board(name), model, batch), "model", how, _tier(model))


def _tier(model: WorldModel) -> str:
    """What a model is given: frames and actions, and the camera's path where it hears that."""
    return "T2" if hears_camera(model) else "T1"


def _told(model: WorldModel, training: str) -> dict[str, str | int]:
    """What a model has seen, and in how many steps it imagines a frame where it says so."""
    steps = getattr(model, "steps", None)
    return {"training": training, **({"steps": steps} if isinstance(steps, int) else {})}


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _source(model: WorldModel) -> dict[str, str]:
    """The digest of the files that a model's class, and what it inherits from its own package, were read from.

    With other code it is another model.
    """
    home = type(model).__module__.partition(".")[0]
    own = [each for each in type(model).__mro__ if each.__module__.partition(".")[0] == home]
    files = dict.fromkeys(file for each in own if (file := inspect.getsourcefile(each)))
    whole = b"".join(Path(file).read_bytes() for file in files)
    return {"source": hashlib.sha256(whole).hexdigest()} if files else {}


def made(module: str, attribute: str) -> object:
    """What a class of some module makes without arguments.

    Raises:
        ValueError: Where there is no such module or class.
    """
    try:
        return getattr(importlib.import_module(module), attribute)()
    except ModuleNotFoundError as error:
        if error.name != module:
            raise
        raise ValueError(f"there is no module {module!r}; run this where {module}.py lies, or install it") from error
    except AttributeError as error:
        raise ValueError(f"the module {module!r} has no {attribute!r}") from error


def on_the_board(path: str) -> str:
    """A short name for a checkpoint: its folder's, or that of the run which wrote it as `RUN/model`.

    One that comes with the package keeps its whole name: a run of one's own may be called `micro`, too.
    """
    if locate(path) != Path(path):
        return path
    parts = [part for part in Path(path).parts if part != "model"]
    return parts[-1] if parts else "model"
