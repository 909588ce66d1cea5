"""What a model says of itself: what it is, what it learned from, how, and how to use it."""

from pathlib import Path
from typing import Any

from worldsim.data.module import ClipModule
from worldsim.training.task import Task


def pixels(clips: ClipModule) -> str:
    """The sizes of the data in words."""
    return " and ".join(f"{height} x {width}" for height, width in clips.sizes)


def hertz(clips: ClipModule) -> str:
    """The rates of the data in words."""
    return " and ".join(f"{rate:g}" for rate in clips.rates) + " Hz"


def card(settings: dict[str, Any], clips: ClipModule, task: Task, parameters: int) -> str:
    """The model card: what it is, what it learned from, and how to use it."""
    worlds = ", ".join(sorted({facts["worldsim/scene"] for facts in clips.store.facts}))
    kept, frames = len(clips.held_out_episodes), settings["frames"]
    told = f"{settings['pack']} tokens" if settings["pack"] else f"{settings['batch']} clips of {frames} frames"
    begun = f", begun with the weights of `{settings['init']}`" if settings["init"] else ""
    return f"""# A world model of {worlds}

A causal video diffusion transformer ({settings["size"]}, {parameters:,} parameters), trained by worldsim.

- **Learned from**: {len(clips.store) - kept} episodes of `{Path(settings["data"]).name}`
  (hash `{clips.store.hash[:16]}`), {pixels(clips)} pixels at {hertz(clips)}, {clips.actions} action components;
  {kept} more were held out.
- **How**: {task.global_step} steps of {told} in
  {task.seconds / 60:.1f} minutes, seed {settings["seed"]}{begun}; the weights are a moving average ({settings["ema"]}).
- **Use**: `worldsim imagine --model FOLDER --data EPISODES --out VIDEOS`, or `worldsim.models.checkpoint.load(FOLDER)`.

It knows nothing but what it learned from, at the sizes and rates it was shown.
"""


def codec_card(settings: dict[str, Any], clips: ClipModule, task: Task, parameters: int) -> str:
    """The card of a codec."""
    worlds = ", ".join(sorted({facts["worldsim/scene"] for facts in clips.store.facts}))
    return f"""# A codec of {worlds}

A causal autoencoder ({parameters:,} parameters), trained by worldsim.

- **Learned from**: {len(clips.store) - len(clips.held_out_episodes)} episodes of `{Path(settings["data"]).name}`
  (hash `{clips.store.hash[:16]}`), {pixels(clips)} pixels.
- **How**: {task.global_step} steps of {settings["batch"]} clips of {settings["frames"]} frames in
  {task.seconds / 60:.1f} minutes, seed {settings["seed"]}; the weights are a moving average ({settings["ema"]}), and
  latents are whitened on held-out clips.
- **Use**: `worldsim fit DATA OUT --codec FOLDER`, or `worldsim.models.checkpoint.load_codec(FOLDER)`.
"""
