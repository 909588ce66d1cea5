"""The command `worldsim imagine`: a checkpoint and an episode in, a video of what the model imagines out."""

from pathlib import Path

import numpy as np

from worldsim.data.store import EpisodeStore
from worldsim.metrics.frames import psnr
from worldsim.models import checkpoint
from worldsim.models.baselines import Still
from worldsim.models.within import within
from worldsim.rollout import filmstrip, rollouts, side_by_side_video
from worldsim.video import write_mp4, write_png


def imagine(
    model: str, data: str, out: str, episode: int = 0, seen: int = 8, steps: int | None = None, seed: int = 0
) -> None:
    """Show a model the beginning of an episode and let it imagine the rest.

    Writes `rollout.mp4` (what was real beside what was imagined), `filmstrip.png` and `rollout.npz` (seen, imagined,
    real, plan, fps).

    Args:
        model: A checkpoint's folder, or "still" or "drift".
        data: The folder of recorded episodes.
        out: The folder to write to.
        episode: Which episode, from 0.
        seen: Frames that the model is shown.
        steps: Frames to imagine; by default to the end of the episode.
        seed: The same seed imagines the same.

    Raises:
        FileNotFoundError: Where there is no such model or data.
        ValueError: Where there is no such episode, or it is too short.
    """
    store = EpisodeStore(data)
    if not 0 <= episode < len(store):
        raise ValueError(f"there is no episode {episode} in {data}; there are {len(store)}, from 0 to {len(store) - 1}")
    real = store[episode]
    imaginer = within(checkpoint.load(model), store.scene, store.action_space)
    [rollout] = rollouts(imaginer, [real], seen=seen, steps=steps, seed=seed)
    [still] = rollouts(Still(), [real], seen=seen, steps=steps)
    folder = Path(out)
    folder.mkdir(parents=True, exist_ok=True)
    write_mp4(folder / "rollout.mp4", side_by_side_video(rollout), rollout.fps)
    write_png(folder / "filmstrip.png", filmstrip(rollout))
    np.savez_compressed(
        folder / "rollout.npz",
        seen=rollout.seen,
        imagined=rollout.imagined,
        real=real.frames[seen : seen + len(rollout.plan)],
        plan=rollout.plan,
        fps=rollout.fps,
    )
    for name, one in ((model, rollout), ("the still frame", still)):
        assert one.real is not None
        scores = psnr(one.imagined, one.real)
        print(f"{name}: PSNR {scores[0]:.1f} dB after 1 frame, {scores[-1]:.1f} dB after {len(scores)}")
    print(f"written: {folder}/rollout.mp4, filmstrip.png, rollout.npz")
