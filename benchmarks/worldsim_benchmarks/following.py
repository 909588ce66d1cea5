"""The command `worldsim following`: does a model do what it is told, and can its frames be read to show it?

## Question
If the actions can be read off what a model imagines as well as off what the world shows, the model follows them.

## Score
A reader, a small convolution network that learned nothing but real frames, sees two frames in a row and says what was
done in between. What it says of a component is compared with what was done by the correlation over all steps of all
held-out episodes, r. A component counts where the reader reads it in real frames, r >= 0.3. The score is the mean r on
imagined frames divided by the mean r on real ones.

1 is a model as readable as the world. 0 is one that does not hear its actions, and so is the control: the same model
told the actions of another episode, and read against those of its own.

## Known limits
An action that shows nowhere (a jump beneath a low ceiling) lowers both. A reader trained on real frames is stricter
with blurred ones. Exaggeration is not punished: correlation does not ask how much.

Source: inverse dynamics as a judge of control, Bruce et al. 2024, "Genie" (their delta-PSNR asks the same of pixels).
"""

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from einops import rearrange
from jaxtyping import Float, Float32, UInt8
from torch import Tensor, nn

from worldsim.data.store import EpisodeStore
from worldsim.models.checkpoint import load
from worldsim.models.within import within
from worldsim.protocols import WorldModel
from worldsim.rollout import imagine_batch, to_model
from worldsim.types import Episode

READABLE = 0.3
"""The least correlation on real frames with which a component counts."""


class Reader(nn.Module):
    """Two frames in a row to the action in between, each component in units of its own spread.

    Args:
        actions: Components a of the action.
        width: Channels behind the first convolution.
    """

    def __init__(self, actions: int, width: int = 32):
        super().__init__()
        layers: list[nn.Module] = []
        for before, after in ((9, width), (width, 2 * width), (2 * width, 2 * width), (2 * width, 2 * width)):
            layers += [nn.Conv2d(before, after, 3, stride=2, padding=1), nn.GroupNorm(8, after), nn.SiLU()]
        self.look = nn.Sequential(*layers, nn.AdaptiveAvgPool2d(4), nn.Flatten())
        self.say = nn.Sequential(nn.Linear(32 * width, 128), nn.SiLU(), nn.Linear(128, actions))

    def forward(self, first: Float[Tensor, "b 3 h w"], second: Float[Tensor, "b 3 h w"]) -> Float[Tensor, "b a"]:
        """Read one action a pair of frames in [-1, 1]."""
        return self.say(self.look(torch.cat([first, second, 4 * (second - first)], dim=1)))


def train(episodes: Sequence[Episode], *, steps: int = 1500, batch: int = 64, seed: int = 0) -> Reader:
    """A reader of the actions of a world.

    Args:
        episodes: Real ones.
        steps: Of the training.
        batch: Pairs of frames a step.
        seed: Decides the first weights and which pairs are seen.
    """
    actions = np.concatenate([episode.actions for episode in episodes])
    scaled = torch.from_numpy((actions - actions.mean(0)) / np.maximum(actions.std(0), 1e-6))
    firsts = np.concatenate([episode.frames[:-1] for episode in episodes])
    seconds = np.concatenate([episode.frames[1:] for episode in episodes])
    rng = np.random.default_rng(seed)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        reader = Reader(actions.shape[1])
    optimiser = torch.optim.AdamW(reader.parameters(), lr=2e-3, weight_decay=0.01)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, 2e-3, total_steps=steps)
    for _ in range(steps):
        chosen = rng.integers(len(actions), size=batch)
        said = reader(_seen(firsts[chosen]), _seen(seconds[chosen]))
        loss = F.mse_loss(said, scaled[chosen].float())
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        schedule.step()
    return reader.eval()


@torch.no_grad()
def read(reader: Reader, video: UInt8[np.ndarray, "t h w 3"]) -> Float32[np.ndarray, "t-1 a"]:
    """What the reader says was done between the frames of a video."""
    return reader(_seen(video[:-1]), _seen(video[1:])).numpy()


def _seen(frames: UInt8[np.ndarray, "b h w 3"]) -> Float[Tensor, "b 3 h w"]:
    return rearrange(to_model(frames[None]), "1 b c h w -> b c h w")


def correlation(said: Float[np.ndarray, "n a"], done: Float[np.ndarray, "n a"]) -> Float[np.ndarray, " a"]:
    """Pearson's r of each component; 0 for one that does not vary."""
    said, done = (values - values.mean(0, dtype=np.float64) for values in (said, done))
    spread = np.sqrt((said**2).sum(0) * (done**2).sum(0))
    return np.where(spread > 1e-9, (said * done).sum(0) / np.maximum(spread, 1e-9), 0.0)


def judge(
    reader: Reader, model: WorldModel, episodes: Sequence[Episode], *, seen: int = 8, steps: int = 16, seed: int = 0
) -> dict[str, float | int]:
    """How well actions are read in what is real, in what is imagined, and in what is imagined under others' actions.

    Args:
        reader: Trained on other episodes.
        model: A world model of this world.
        episodes: Real ones, each of at least `seen + steps` frames.
        seen: Frames that the model is shown.
        steps: Frames that it imagines.
        seed: Of its noise.

    Returns:
        `readable` (how many components count), and the mean correlation of these: `real`, `imagined`, `shuffled`; and
        `ratio` and `control`, the last two divided by the first.

    Raises:
        ValueError: Where an episode is too short, or the reader reads no component.
    """
    shortest = min(len(episode.frames) for episode in episodes)
    if shortest < seen + steps:
        raise ValueError(f"{seen} frames seen and {steps} imagined need {seen + steps}; an episode has {shortest}")
    shown = np.stack([episode.frames[:seen] for episode in episodes])
    taken = np.stack([episode.actions[: seen - 1] for episode in episodes])
    plan = np.stack([episode.actions[seen - 1 : seen - 1 + steps] for episode in episodes])
    real = np.stack([episode.frames[seen : seen + steps] for episode in episodes])
    others = np.roll(plan, 1, axis=0)
    seeds = range(seed, seed + len(episodes))
    done = plan.reshape(-1, plan.shape[-1])
    found = {}
    for name, future in (
        ("real", real),
        ("imagined", imagine_batch(model, shown, taken, plan, seeds=seeds)),
        ("shuffled", imagine_batch(model, shown, taken, others, seeds=seeds)),
    ):
        videos = np.concatenate([shown[:, -1:], future], axis=1)
        found[name] = correlation(np.concatenate([read(reader, video) for video in videos]), done)
    counts = found["real"] >= READABLE
    if not counts.any():
        raise ValueError(
            f"no action of this world can be read off its frames: the best of {len(counts)} components has r = "
            f"{found['real'].max():.2f}; it takes actions that show, or more episodes to learn reading from"
        )
    means = {name: float(values[counts].mean()) for name, values in found.items()}
    return {
        "readable": int(counts.sum()),
        **means,
        "ratio": means["imagined"] / means["real"],
        "control": means["shuffled"] / means["real"],
    }


def following(
    model: str, data: str, out: str | None = None, steps: int = 1500, imagined: int = 16, seed: int = 0
) -> None:
    """Measure whether a model follows its actions: read them off what it imagines.

    Args:
        model: A checkpoint's folder or name.
        data: Episodes of one world that the model did not learn from; four fifths teach the reader.
        out: A JSON file to write to.
        steps: Of the reader's training.
        imagined: Frames that are imagined.
        seed: Of the reader and the model's noise.

    Raises:
        FileNotFoundError: Where there is no such model or data.
        ValueError: Where there are too few episodes, or no action can be read.
    """
    store = EpisodeStore(data)
    if len(store) < 10:
        raise ValueError(f"{data} has {len(store)} episodes; at least 10 are needed, and 100 are usual")
    episodes = [store[index] for index in range(len(store))]
    cut = 4 * len(episodes) // 5
    asked = within(load(model), store.scene, store.action_space)
    scores = judge(train(episodes[:cut], steps=steps, seed=seed), asked, episodes[cut:], steps=imagined, seed=seed)
    print(
        f"{store.scene}: {model} follows its actions with {scores['ratio']:.2f} of what the world shows "
        f"(r = {scores['imagined']:.2f} of {scores['real']:.2f}, {scores['readable']} components); "
        f"told others' actions, {scores['control']:.2f}"
    )
    if out:
        Path(out).write_text(json.dumps({"world": store.scene, "model": model, **scores}, indent=2) + "\n")
