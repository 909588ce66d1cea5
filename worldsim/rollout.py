"""An episode's beginning and a plan in, a Rollout out; and the one place where pictures become numbers and back."""

from collections.abc import Sequence

import numpy as np
import torch
from einops import rearrange
from jaxtyping import Float, Float32, UInt8
from torch import Tensor, nn

from worldsim.protocols import WorldModel, hears_camera
from worldsim.types import Camera, Episode, Rollout
from worldsim.video import side_by_side


def to_model(frames: UInt8[np.ndarray, "b t h w 3"]) -> Float[Tensor, "b t 3 h w"]:
    """Pictures, 0 to 255, to what a model sees, -1 to 1."""
    return rearrange(torch.from_numpy(np.ascontiguousarray(frames)), "b t h w c -> b t c h w").float() / 127.5 - 1


def to_pictures(frames: Float[Tensor, "b t 3 h w"]) -> UInt8[np.ndarray, "b t h w 3"]:
    """What a model shows, -1 to 1, to pictures, 0 to 255, each number rounded to the nearest."""
    pixels = ((frames.float() + 1) * 127.5).round().clamp(0, 255).to(torch.uint8)
    return rearrange(pixels, "b t c h w -> b t h w c").cpu().numpy()


def imagine_batch(
    model: WorldModel,
    seen: UInt8[np.ndarray, "b s h w 3"],
    taken: Float32[np.ndarray, "b s-1 a"],
    plan: Float32[np.ndarray, "b n a"],
    *,
    seeds: Sequence[int],
    camera: Camera | None = None,
) -> UInt8[np.ndarray, "b n h w 3"]:
    """Imagine many futures side by side. Each row draws from a seed of its own and does not hear the others.

    Args:
        model: Any world model.
        seen: What each future begins with.
        taken: The actions between the frames seen.
        plan: What is done from then on.
        seeds: One a row.
        camera: Where all of these frames are seen from, s that were seen and then n to imagine.

    Raises:
        ValueError: Where a camera is told to a model that hears none.
    """
    device = device_of(model)
    given = to_model(seen).to(device), torch.from_numpy(taken).to(device)
    ahead = torch.from_numpy(plan).to(device)
    generators = [torch.Generator(device).manual_seed(seed) for seed in seeds]
    if camera is None:
        imagined, _ = model.imagine(model.watch(*given), ahead, generator=generators)
    elif not hears_camera(model):
        raise ValueError(f"a camera came beside a {type(model).__name__}, which hears none; leave it out")
    else:
        parts = slice(seen.shape[1]), slice(seen.shape[1], None)
        before, after = (Camera(*(each[:, part].to(device) for each in camera)) for part in parts)
        imagined, _ = model.imagine(model.watch(*given, camera=before), ahead, generator=generators, camera=after)
    return to_pictures(imagined)


def device_of(model: object) -> torch.device:
    """Where a model computes: where its parameters lie, or on the CPU, where it has none."""
    return next(model.parameters()).device if isinstance(model, nn.Module) else torch.device("cpu")


def imagine(
    model: WorldModel,
    seen: UInt8[np.ndarray, "s h w 3"],
    taken: Float32[np.ndarray, "s-1 a"],
    plan: Float32[np.ndarray, "n a"],
    *,
    seed: int,
) -> UInt8[np.ndarray, "n h w 3"]:
    """Imagine what comes of a plan: one frame an action; the same seed imagines the same."""
    return imagine_batch(model, seen[None], taken[None], plan[None], seeds=[seed])[0]


def rollouts(
    model: WorldModel, episodes: Sequence[Episode], *, seen: int = 8, steps: int | None = None, seed: int = 0
) -> list[Rollout]:
    """Show a model the beginning of each episode and let it imagine the rest, in one batch.

    A model that hears where frames are seen from is told, where all of the episodes know.

    Args:
        model: Any world model.
        episodes: Of one frame size; where `steps` is None, of one length.
        seen: Frames that are shown, from the first on.
        steps: Frames to imagine; None goes to the end of the episode.
        seed: Row i draws from seed + i.

    Raises:
        ValueError: Where an episode is too short, or they are not alike.
    """
    if seen < 1:
        raise ValueError(f"seen came as {seen}; a model must be shown at least one frame")
    lengths = [len(episode) + 1 - seen for episode in episodes]
    if steps is None and len(set(lengths)) > 1:
        raise ValueError(f"episodes of {min(lengths) + seen} to {max(lengths) + seen} frames came; say how many steps")
    wanted = lengths[0] if steps is None else steps
    if wanted < 1 or min(lengths) < wanted:
        raise ValueError(
            f"{seen} frames seen and {max(wanted, 1)} imagined need {seen + max(wanted, 1)}; the shortest episode has "
            f"{min(lengths) + seen}: show or imagine fewer"
        )
    if len({episode.frames.shape[1:] for episode in episodes}) > 1:
        raise ValueError("episodes of several frame sizes came; those of a batch are equally large")
    imagined = imagine_batch(
        model,
        np.stack([episode.frames[:seen] for episode in episodes]),
        np.stack([episode.actions[: seen - 1] for episode in episodes]),
        np.stack([episode.actions[seen - 1 : seen - 1 + wanted] for episode in episodes]),
        seeds=range(seed, seed + len(episodes)),
        camera=_camera_of(episodes, seen + wanted) if hears_camera(model) else None,
    )
    return [
        Rollout(
            seen=episode.frames[:seen],
            imagined=frames,
            real=episode.frames[seen : seen + wanted],
            plan=episode.actions[seen - 1 : seen - 1 + wanted],
            fps=episode.fps,
        )
        for episode, frames in zip(episodes, imagined, strict=True)
    ]


def _camera_of(episodes: Sequence[Episode], frames: int) -> Camera | None:
    """Where the first frames of each episode are seen from; None where one does not know."""
    known = [(each.poses, each.intrinsics) for each in episodes if each.poses is not None]
    told = [(poses[:frames], lenses[:frames]) for poses, lenses in known if lenses is not None]
    if len(told) < len(episodes):
        return None
    return Camera(*(torch.from_numpy(np.stack(each)) for each in zip(*told, strict=True)))


def side_by_side_video(rollout: Rollout) -> UInt8[np.ndarray, "n h w 3"]:
    """What was real on the left, what was imagined on the right; both begin with what was seen."""
    return side_by_side([np.concatenate([rollout.seen, part]) for part in shown(rollout)])


def filmstrip(rollout: Rollout, columns: int = 12, gap: int = 2) -> UInt8[np.ndarray, "y x 3"]:
    """One picture: above, what was seen and what was real; below, what was seen and what was imagined.

    Args:
        rollout: What to show.
        columns: Moments, evenly over the whole time; a broad white bar stands where imagining begins.
        gap: White pixels between pictures.
    """
    last = len(rollout.seen) + len(rollout.plan) - 1
    moments = np.unique(np.linspace(0, last, min(columns, last + 1)).round().astype(int))
    before = int((moments < len(rollout.seen)).sum())
    lines = []
    for part in shown(rollout):
        video = np.concatenate([rollout.seen, part])
        parts = [[video[moment][None] for moment in some] for some in (moments[:before], moments[before:]) if len(some)]
        line = side_by_side([side_by_side(some, gap) for some in parts], 4 * gap)[0]
        lines.append(np.pad(line, [(0, gap), (0, 0), (0, 0)], constant_values=255))
    return np.concatenate(lines)[:-gap]


def shown(rollout: Rollout) -> list[UInt8[np.ndarray, "n h w 3"]]:
    """What to compare: the real future, where it is known, and the imagined one."""
    return [part for part in (rollout.real, rollout.imagined) if part is not None]
