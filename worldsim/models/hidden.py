"""Clips behind noise: what a world model is shown and told when it learns, and what it should say.

Source: Chen et al. 2024, "Diffusion Forcing"; Frans et al. 2024, "One Step Diffusion via Shortcut Models".
"""

import torch
from jaxtyping import Float
from torch import Tensor

from worldsim.diffusion import objective
from worldsim.diffusion.shortcut import FINEST, draw_jumps, two_halves
from worldsim.models.denoiser import Denoiser, Hidden
from worldsim.models.stream import led_to
from worldsim.nn.camera import whence
from worldsim.protocols import Noise
from worldsim.random import draw
from worldsim.types import Clip


def hide(world: Denoiser, clip: Clip, taught: int, generator: Noise) -> Hidden:
    """A clip behind noise. Of its first `taught` rows, what the network should say is what it says in two steps."""
    with torch.no_grad():
        clean = world.codec.encode(clip.frames)
    rows, frames = clean.shape[:2]
    levels, learn = world.levels.draw(rows, frames, generator, device=clean.device)
    noise = draw(tuple(clean.shape), generator, device=clean.device)
    withheld = draw((rows, 1), generator, kind=torch.rand, device=clean.device) < world.action_dropout
    known = ~withheld & (torch.arange(frames, device=clean.device) > 0)
    actions, before = led_to(_unmarked(world, clip.actions, generator)), world.beside(clean)
    starts, sizes = draw_jumps(taught, frames, generator, device=clean.device)
    levels = torch.cat([torch.where(learn[:taught], starts, levels[:taught]), levels[taught:]])
    jumps = torch.full((rows, frames), FINEST, device=clean.device)
    jumps = torch.cat([torch.where(learn[:taught], sizes, jumps[:taught]), jumps[taught:]])
    tokens, seen_from = None, None
    if world.levels.by_token:
        places = (clean.shape[3] // world.patch) * (clean.shape[4] // world.patch)
        tokens = world.levels.of_tokens(levels, learn, places, generator)
        tokens = torch.cat([levels[:taught, :, None].expand(-1, -1, places), tokens[taught:]])
    noisy = objective.corrupt(clean, noise, levels if tokens is None else world.cells(tokens, clean))
    if world.camera and clip.camera is not None:
        told = draw((rows, 1, 1, 1), generator, kind=torch.rand, device=clean.device) >= world.action_dropout
        seen_from = told * world.rays(clip.camera, whence(clip.camera.poses[:, 0]), clean)
    text = clip.text if world.text else None
    if text is not None:
        text = text * (draw((rows, 1, 1), generator, kind=torch.rand, device=clean.device) >= world.action_dropout)

    def guess(noisy: Tensor, levels: Tensor, sizes: Tensor) -> Tensor:
        own, words = (None if each is None else each[:taught] for each in (seen_from, text))
        given = (noisy, before[:taught], levels, actions[:taught], known[:taught])
        return world.predict(*given, jumps=sizes, rays=own, text=words)[0]

    if taught:
        with torch.no_grad():
            arrived = two_halves(guess, noisy[:taught], levels[:taught], jumps[:taught])
        clean = torch.cat([arrived, clean[taught:]])
    return Hidden(clean, noisy, before, levels, actions, known, jumps, learn & clip.mask, seen_from, text, tokens)


def _unmarked(world: Denoiser, actions: Float[Tensor, "b n a"], generator: Noise) -> Float[Tensor, "b n a"]:
    """The actions, of some clips without the components that say which world it is."""
    if world.schema is None:
        return actions
    said = draw((len(actions), 1, 1), generator, kind=torch.rand, device=actions.device) >= world.action_dropout
    own = world.actions - world.schema.marks
    return torch.cat([actions[..., :own], actions[..., own:] * said], dim=-1)
