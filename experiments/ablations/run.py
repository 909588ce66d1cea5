"""What each choice of the model is worth: `python experiments/ablations/run.py`.

`arms.yaml` says which arms there are: each is `worldsim fit` with a few other arguments, once for each seed. A run that
is over is a line of `results.jsonl`, with all it was given and what came of it; the same command goes on with what is
missing. `--only '[target, optimiser]'` does those questions alone and `--most 3` three runs of them, or none. From the
lines there are, `docs/ablations.md` and its figure are written anew each time.

Held-out episodes are imagined: 8 frames are seen, 16 follow. Arms are compared with the default seed by
seed: first weights, clips and noise are the same.
"""

import json
import shutil
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import yaml
from jsonargparse import ArgumentParser, auto_cli

from experiments.ablations.page import ASKED, DEFAULT, FROZEN, absent, finished, write
from experiments.reference import HALF, IMAGINED, SEEN, error, mean, misplaced
from worldsim.data.module import ClipModule
from worldsim.models.baselines import Still
from worldsim.models.checkpoint import load
from worldsim.models.diffusion_world import DiffusionWorld
from worldsim.protocols import WorldModel
from worldsim.rollout import rollouts
from worldsim.training.fit import fit
from worldsim.types import Episode
from worldsim_benchmarks.readers import ColourReader
from worldsim_envs.palette import RGB

HERE = Path(__file__).parent

MOMENTS = (4, 8, 12, 16)
"""The imagined frames in which things are looked for."""

READER = ColourReader(RGB, chroma=20.0, least_area=4)
"""A ball of 32 pixels' worlds is five pixels wide, and a small model paints it pale."""


class Arm(NamedTuple):
    """One answer to a question: the arguments of `worldsim fit` that it gives."""

    question: str
    name: str
    given: dict[str, Any]


def arms(described: dict[str, Any], only: Sequence[str] | None = None) -> list[Arm]:
    """The default, then the arms of each question.

    Raises:
        ValueError: Where a question is asked for that there is none of.
    """
    questions = described["questions"]
    if unknown := set(only or ()) - set(questions):
        raise ValueError(f"there is no question {unknown.pop()!r}; there are: {', '.join(questions)}")
    chosen = [question for question in questions if only is None or question in only]
    return [
        Arm("", DEFAULT, {}),
        *(Arm(question, name, given) for question in chosen for name, given in questions[question].items()),
    ]


def learn(given: dict[str, Any], folder: Path) -> tuple[DiffusionWorld, float]:
    """Train as `worldsim fit` does with these arguments; the model, and the CPU seconds that it took."""
    shutil.rmtree(folder, ignore_errors=True)
    parser = ArgumentParser(exit_on_error=False)
    parser.add_function_arguments(fit)
    settings = parser.instantiate(parser.parse_object({**given, "out": str(folder)}))
    began = time.process_time()
    fit(**settings.as_dict())
    took = time.process_time() - began
    model = load(folder / "model")
    assert isinstance(model, DiffusionWorld)
    shutil.rmtree(folder)
    return model, took


def measure(model: WorldModel, episodes: Sequence[Episode]) -> dict[str, float]:
    """The mean square error of the first 8 and of all 16 imagined frames, and how far off things are."""
    made = rollouts(model, episodes, seen=SEEN, steps=IMAGINED)
    off = np.array([misplaced(one, moment, READER) for one in made for moment in MOMENTS])
    wrong = {f"mse{frames}": float(np.mean([error(one, frames) for one in made])) for frames in (HALF, IMAGINED)}
    return {**wrong, "misplaced": mean(off)}


def planned(plan: dict[str, Any], data: str, only: Sequence[str] | None = None) -> list[dict[str, Any]]:
    """The runs that there should be, as the beginnings of their lines; the frozen frame is the first."""
    runs: list[dict[str, Any]] = [{"question": "", "arm": FROZEN, "seed": None, "data": data, "given": {}}]
    for question, name, own in arms(plan, only):
        for seed in plan["seeds"]:
            given = {"data": plan["data"], **plan["all"], **own, "seed": seed}
            runs.append({"question": question, "arm": name, "seed": seed, "data": data, "given": given})
    return runs


def main(
    described: str = str(HERE / "arms.yaml"),
    results: str = str(HERE / "results.jsonl"),
    docs: str = "docs",
    only: list[str] | None = None,
    most: int | None = None,
) -> None:
    """Do the runs that are missing, and write the page.

    Args:
        described: The YAML of the arms.
        results: Where finished runs are kept.
        docs: The folder of the page.
        only: These questions alone; the default is always among what is run.
        most: At most so many runs.
    """
    plan, kept = yaml.safe_load(Path(described).read_text()), Path(results)
    clips = ClipModule(plan["data"], frames=plan["all"]["frames"])
    clips.setup("fit")
    episodes, scratch = [clips.store[index] for index in clips.held_out_episodes], Path(plan["data"]).with_name("run")
    missing = absent(planned(plan, clips.store.hash, only), finished(kept))
    for run in missing[:most]:
        print(f"--- {run['question']} {run['arm']}, seed {run['seed']}", flush=True)
        if run["arm"] == FROZEN:
            came = {"cpu": 0.0, "found": {"4": measure(Still(), episodes)}}
        else:
            model, cpu = learn(run["given"], scratch)
            came = {"cpu": round(cpu, 1), "found": {}}
            for steps in ASKED:
                model.steps = steps
                came["found"][str(steps)] = measure(model, episodes)
        with kept.open("a") as file:
            file.write(json.dumps({**run, **came}) + "\n")
    write(planned(plan, clips.store.hash), finished(kept), Path(docs))


if __name__ == "__main__":
    auto_cli(main, as_positional=False)
