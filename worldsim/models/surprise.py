"""How unexpected a model finds each frame: how wrong its guesses are, beside how wrong they usually are.

Each frame is hidden behind noise of the levels PROBED and guessed from what led to it. How wrong such a guess is
depends on the world (a landscape is guessed worse than a table), on the level, and on whether anything led to the frame
at all. So a model keeps what is usual for it, measured on real frames that it never learned from, and tells surprise
in that unit: 0 is as wrong as usual in this world, 1 a standard deviation more.
"""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import torch
from jaxtyping import Float
from torch import Tensor

from worldsim.models.questions import Questions
from worldsim.models.usual import Usual
from worldsim.nn.camera import whence
from worldsim.protocols import Noise
from worldsim.random import draw
from worldsim.types import Camera, Clip

if TYPE_CHECKING:
    from worldsim.models.diffusion_world import DiffusionWorld

PROBED = (0.25, 0.5, 0.75)
"""The noise levels at which frames are hidden to see how surprising they are."""

LEAST = 1e-8
"""The least that errors are said to spread: in a world where nothing happens they hardly do."""


@torch.no_grad()
def errors(
    world: "DiffusionWorld",
    frames: Float[Tensor, "b t c h w"],
    actions: Float[Tensor, "b t-1 a"],
    generator: Noise,
    camera: Camera | None = None,
    text: Float[Tensor, "b n e"] | None = None,
) -> Float[Tensor, "b t l"]:
    """The mean square error of what a model guesses of each frame, at each of the levels PROBED, given all before it.

    Nothing leads to the first frame. Where each frame is seen from, and the words, are told with the question.
    """
    clean = world.codec.encode(frames)
    rays: Sequence[Tensor | None] = [None] * frames.shape[1]
    if camera is not None:
        rays = world.rays(camera, whence(camera.poses[:, 0]), clean).split(1, dim=1)
    wrong = [_errors_alone(world, clean[:, :1], generator, rays[0], text)]
    first = None if camera is None else Camera(camera.poses[:, :1], camera.intrinsics[:, :1])
    stream = world.watch(frames[:, :1], actions[:, :0], camera=first, text=text)
    for time in range(1, frames.shape[1]):
        truth, action = clean[:, time : time + 1], actions[:, time - 1]
        noise = draw(tuple(truth.shape), generator, device=clean.device)
        ask = Questions(world, stream, action, PROBED, rays=rays[time]).heard
        guesses = [ask(torch.lerp(noise, truth, level), level) for level in PROBED]
        wrong.append(torch.stack([(guess - truth).square().mean((2, 3, 4)) for guess in guesses], dim=-1))
        stream = stream.then(truth, action, rays[time])
    return torch.cat(wrong, dim=1)


def _errors_alone(
    world: "DiffusionWorld",
    first: Float[Tensor, "b 1 z y x"],
    generator: Noise,
    rays: Float[Tensor, "b 1 g 6"] | None,
    text: Float[Tensor, "b n e"] | None,
) -> Float[Tensor, "b 1 l"]:
    """The same of first frames."""
    noise = draw(tuple(first.shape), generator, device=first.device)
    before, actions = world.beside(first), first.new_zeros(len(first), 1, world.actions)
    unknown = torch.zeros(len(first), 1, dtype=torch.bool, device=first.device)
    wrong = []
    for level in PROBED:
        told = torch.full((len(first), 1), level, device=first.device)
        shown = torch.lerp(noise, first, level)
        guess, _ = world.predict(shown, before, told, actions, unknown, rays=rays, text=text)
        wrong.append((guess - first).square().mean((2, 3, 4)))
    return torch.stack(wrong, dim=-1)


def usual(world: "DiffusionWorld", clips: Iterable[Clip], generator: Noise) -> Usual | None:
    """Measure how wrong a model usually is; None where there are fewer than two clips to say so.

    A world of which there are fewer is taken to be as all of them are together.

    Args:
        world: Whose errors.
        clips: Real ones that it did not learn from, of all of its worlds.
        generator: Decides the noise.
    """
    worlds = 0 if world.schema is None else world.schema.marks
    found: list[tuple[list[Tensor], list[Tensor]]] = [([], []) for _ in range(1 + worlds)]
    for clip in clips:
        told = (clip.camera if world.camera else None, clip.text if world.text else None)
        wrong = errors(world, clip.frames, clip.actions, generator, *told).double()
        marks = marked(world, clip.actions)
        for row, chosen in zip(found, [torch.ones(len(wrong), device=wrong.device), *marks.T], strict=True):
            own, there = wrong[chosen > 0], clip.mask[chosen > 0]
            row[0].append(own[:, 0])
            row[1].append(own[:, 1:][there[:, 1:]])
    first, later = (torch.cat(each) for each in found[0])
    if min(len(first), len(later)) < 2:
        return None
    rows = [[torch.cat(each) for each in row] for row in found]
    rows = [row if len(row[0]) > 1 and len(row[1]) > 1 else [first, later] for row in rows]
    means = [[kind.mean(0).tolist() for kind in row] for row in rows]
    return Usual(means, [[kind.std(0).clamp(min=LEAST).tolist() for kind in row] for row in rows])


def marked(world: "DiffusionWorld", actions: Float[Tensor, "b n a"]) -> Float[Tensor, "b w"]:
    """What the actions of clips say of which world each is: 1 for it; all zeros for none, or where nothing is done."""
    marks = 0 if world.schema is None else world.schema.marks
    return actions[:, :1, world.actions - marks :].sum(1)
