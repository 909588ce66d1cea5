"""Small diffusion models, so that laws of them are tested in moments; and what any of them holds in a pack."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from worldsim.diffusion.sample import euler
from worldsim.models.diffusion_world import DiffusionWorld
from worldsim.models.hidden import hide
from worldsim.models.stream import led_to
from worldsim.nn.camera import whence
from worldsim.protocols import Noise
from worldsim.random import draw
from worldsim.types import Camera, Clip, Pack


def tiny(started: bool = True, actions: int = 2, **changes) -> DiffusionWorld:
    """A small model; started, it says something of everything that it is told."""
    torch.manual_seed(0)
    sizes = {"patch": 8, "width": 32, "depth": 4, "heads": 2, "kv_heads": 1, "window": 4, "registers": 1, "steps": 2}
    model = DiffusionWorld(actions, **{**sizes, **changes})
    if started:
        for parameter in model.parameters():
            nn.init.normal_(parameter, std=0.15)
    return model.eval()


def video(rows: int = 2, frames: int = 10, plan: int = 6) -> tuple[Tensor, Tensor, Tensor]:
    """Noise that was seen, what was done in it, and what is to be done."""
    random = torch.Generator().manual_seed(3)
    return (
        torch.rand(rows, frames, 3, 16, 16, generator=random) * 2 - 1,
        torch.randn(rows, frames - 1, 2, generator=random),
        torch.randn(rows, plan, 2, generator=random),
    )


@torch.no_grad()
def recomputed(
    model: DiffusionWorld, seen: Tensor, taken: Tensor, plan: Tensor, noise: Noise, camera: Camera | None = None, **told
) -> Tensor:
    """What imagining means, without a memory: the whole history goes through the network at every question."""
    clean, actions = model.codec.encode(seen), taken
    rays = None if camera is None else model.rays(camera, whence(camera.poses[:, 0]), clean)
    for action in plan.unbind(1):
        actions, last = torch.cat([actions, action[:, None]], dim=1), draw(tuple(clean[:, -1:].shape), noise)
        known = (torch.arange(clean.shape[1] + 1) > 0).expand(len(clean), -1)
        if rays is not None:
            told["rays"] = rays[:, : clean.shape[1] + 1]

        def guess(noisy: Tensor, level: float, clean=clean, actions=actions, known=known) -> Tensor:
            frames = torch.cat([clean, noisy], dim=1)
            levels = torch.cat([model.said_of(clean), torch.full((len(clean), 1), level)], dim=1)
            return model.predict(frames, model.beside(frames), levels, led_to(actions), known, **told)[0][:, -1:]

        clean = torch.cat([clean, euler(guess, last, steps=model.steps)], dim=1)
    return model.codec.decode(clean[:, seen.shape[1] :])


def check_packed_is_separate(model: DiffusionWorld, parts: Sequence[Clip], spare: int) -> None:
    """The loss of a pack is that of its clips one by one, each counting by what it has to learn."""
    whole = model.loss(Pack(tuple(parts), spare=spare), generator=torch.Generator().manual_seed(1))
    same, wrong, counted = torch.Generator().manual_seed(1), torch.zeros(()), 0
    for one in parts:
        learn = hide(model, one, 0, torch.Generator().set_state(same.get_state())).learn.sum()
        wrong, counted = wrong + model.loss(one, generator=same) * learn, counted + learn
    torch.testing.assert_close(whole, wrong / counted, rtol=1e-5, atol=1e-6)
