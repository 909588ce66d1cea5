"""Measure how wrong a model usually is, and keep it with the model: `python experiments/usual.py MODEL DATA`.

`worldsim fit` does so at its end; this is for a model that was made before. MODEL is a checkpoint's folder or name, of
which model.yaml is written anew and the weights stay as they are; DATA is what it learned from, of which the episodes
held out are looked at: every other window to say what is usual, the rest to see how often frames of each world are
among the twentieth that is most surprising of all, before and after.
"""

import sys

import numpy as np
import torch
import yaml

from worldsim.data.module import ClipModule
from worldsim.models.checkpoint import RECIPE, load, locate, recipe
from worldsim.models.diffusion_world import DiffusionWorld
from worldsim.models.surprise import errors, marked, usual
from worldsim.types import Clip

FRAMES, WINDOWS, ROWS = 16, 192, 32
"""Of a window; of each world; at once."""


def main(name: str, data: str) -> None:
    """Measure, compare, write."""
    torch.set_num_threads(1)
    model = load(name)
    assert isinstance(model, DiffusionWorld) and model.schema is not None
    module = ClipModule(data, frames=FRAMES)
    module.setup("fit")
    clips = windows(module)
    model.usual = usual(model, clips[::2], torch.Generator().manual_seed(0))
    assert model.usual is not None
    plain: dict[str, list[torch.Tensor]] = {world: [] for world in model.schema.worlds}
    known: dict[str, list[torch.Tensor]] = {world: [] for world in model.schema.worlds}
    for clip in clips[1::2]:
        wrong, marks = (
            errors(model, clip.frames, clip.actions, torch.Generator().manual_seed(1)),
            marked(model, clip.actions),
        )
        world = list(plain)[int(marks[0].argmax())]
        plain[world].append(wrong.mean(-1)[clip.mask])
        known[world].append(model.usual.standing(wrong, marks).mean(-1)[clip.mask])
    for title, told in (("mean square error", plain), ("standing", known)):
        bar = torch.cat([each for parts in told.values() for each in parts]).quantile(0.95)
        shares = {world: float((torch.cat(parts) > bar).float().mean()) for world, parts in told.items()}
        print(title + ":", ", ".join(f"{world} {share:.1%}" for world, share in shares.items()))
    (locate(name) / RECIPE).write_text(yaml.safe_dump(recipe(model), sort_keys=False))


def windows(module: ClipModule) -> list[Clip]:
    """As many of each world, spread evenly over its held-out episodes."""
    held, clips, before = module._val, [], 0
    for part in held.parts:
        apart = part.apart()
        chosen = apart[np.linspace(0, len(apart) - 1, min(WINDOWS, len(apart)), dtype=int)] + before
        clips += [held.clips(chosen[at :: WINDOWS // ROWS]) for at in range(WINDOWS // ROWS)]
        before += len(part)
    return clips


if __name__ == "__main__":
    main(*sys.argv[1:])
