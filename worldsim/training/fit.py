"""The command `worldsim fit`: recorded episodes in, a world model out; or the codec that a world model stands on.

A run is a folder. The same command goes on where it was stopped, whatever stopped it:

    config.yaml   everything the run was given: `worldsim fit --config config.yaml` runs it again
    last.ckpt     where it stands: weights, averages, optimiser, step
    metrics.csv   the loss curve, and how fast it went
    tensorboard/  the same for TensorBoard, where that is installed
    previews/     what it imagined on the way
    model/        the checkpoint to imagine with, written at the end
"""

import inspect
import logging
import math
import warnings
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Literal

import lightning as L
import torch
import yaml
from jsonargparse import ArgumentError, ArgumentParser
from lightning.pytorch.loggers import Logger, TensorBoardLogger
from lightning.pytorch.strategies import ModelParallelStrategy
from torch import nn

from worldsim.codec.autoencoder import Autoencoder
from worldsim.data.batches import Budget
from worldsim.data.module import ClipModule
from worldsim.diffusion.noise import Levels
from worldsim.diffusion.objective import Target, Weight
from worldsim.models import checkpoint
from worldsim.models.cost import training_flops, training_memory
from worldsim.models.diffusion_world import DiffusionWorld
from worldsim.models.surprise import usual
from worldsim.models.usual import Usual
from worldsim.models.video_dit import SIZES
from worldsim.nn.modulation import Conditioning
from worldsim.training.bar import Bar
from worldsim.training.cards import card, codec_card, hertz, pixels
from worldsim.training.ema import EMA
from worldsim.training.keep import Keeper
from worldsim.training.log import Curve
from worldsim.training.optim import Name
from worldsim.training.prepare import Compile, check_compiler
from worldsim.training.preview import Preview, Returned
from worldsim.training.task import Task
from worldsim.types import Clip


def fit(
    data: str,
    out: str,
    size: Literal["micro", "nano", "S", "B", "L", "XL"] = "micro",
    model: Autoencoder | None = None,
    patch: int = 16,
    window: int | None = None,
    registers: int = 0,
    time_every: int | None = None,
    past: int = 2,
    residual: bool = False,
    gate: bool = False,
    carry: bool = False,
    conditioning: Conditioning = "adaLN",
    target: Target = "x",
    weight: Weight = "none",
    levels: Levels | None = None,
    context: float = 0.95,
    action_dropout: float = 0.1,
    shortcut: float = 0.0,
    camera: bool = False,
    codec: nn.Module | str | None = None,
    init: str | None = None,
    frames: int = 12,
    batch: int = 8,
    long: int | None = None,
    singles: float = 0.0,
    pack: int | None = None,
    steps: int = 20_000,
    minutes: float | None = None,
    optimiser: Name = "muon",
    lr: float = 4e-3,
    weight_decay: float = 0.01,
    warmup: float = 0.02,
    decay: float = 0.3,
    ema: float = 0.999,
    seed: int = 0,
    save_every: int = 500,
    preview_every: int = 1000,
    log_every: int = 20,
    logger: dict[str, Any] | None = None,
    accelerator: str = "auto",
    devices: int = 1,
    strategy: Literal["auto", "ddp", "fsdp"] = "auto",
    precision: Literal["32-true", "bf16-mixed", "16-mixed"] = "32-true",
    checkpointing: bool = False,
    compile: Compile | None = None,
    threads: int | None = None,
) -> None:
    """Train a video diffusion transformer, or a codec, on recorded episodes.

    The size of its frames and actions follows from the data. Ctrl-C saves and stops; the same command goes on.
    `--model Autoencoder` trains a codec, and `--codec RUN/model` a transformer on its latents.

    Args:
        data: The folder of recorded episodes.
        out: The run's folder.
        size: How large a transformer.
        model: What learns, where it is no transformer but a codec.
        patch: Side of a token in pixels (in latent cells, with a codec).
        window: Frames that a block sees, the present one included; by default as many as a clip has, as a model knows
            nothing of what lies farther back than it was ever shown.
        registers: Tokens a frame that belong to no place.
        time_every: Look back in time in every so manieth block; by default every 2nd, or 4th from 9 blocks on.
        past: Frames before that are laid beside each frame where it enters the network.
        residual: Predict the change since the frame before.
        gate: Predict what is new of each frame, and copy the rest from the frame before.
        carry: Predict as well from where in the frame before the rest is copied.
        conditioning: How actions steer the layers.
        target: What the network predicts.
        weight: How the error is weighed over noise levels.
        levels: How noisy frames are made.
        context: The noise level that frames already seen are said to have.
        action_dropout: The share of clips whose actions are withheld.
        shortcut: The share of clips from which the network teaches itself large steps, once it knows something.
        camera: Tell it where frames were seen from, where the data know.
        codec: Pixels to latents and back: a codec, or the folder of a trained one, which learns no more; the pixels
            themselves by default.
        init: The folder, or the name, of a model of the same shape whose weights it begins with.
        frames: Frames of a clip.
        batch: Clips of a step, on each device.
        long: Frames of the clips of every second step, which has fewer of them; by default all steps are alike. In a
            pack, long clips lie beside short ones, about as many frames of each.
        singles: The share of frames that stand alone.
        pack: Tokens of a step, in which lie clips at their own sizes and lengths, as many as fit; by default a step has
            clips of one size and length. Where data are of several sizes, they have to be packed.
        steps: Steps of the training.
        minutes: Stop after so many minutes even if steps are left; the learning rate falls in time for it.
        optimiser: What the matrices inside the blocks are learned by; all else is by AdamW.
        lr: The highest learning rate.
        weight_decay: Of the matrices inside the blocks.
        warmup: The share of the training in which the learning rate rises.
        decay: The share of the training, at its end, in which it falls to zero.
        ema: The share of the averaged weights that stays at each step.
        seed: Decides the first weights, the order of the data, and all noise.
        save_every: Steps between saves.
        preview_every: Steps between preview videos.
        log_every: Steps between rows of the loss curve.
        logger: class_path and init_args of any Lightning logger, to log to besides metrics.csv.
        accelerator: As for a Lightning Trainer.
        devices: As for a Lightning Trainer.
        strategy: How several devices work together: each with all weights ("ddp", or "auto"), or each with a share of
            them ("fsdp"), for models that one cannot hold.
        precision: As for a Lightning Trainer.
        checkpointing: Keep of each block only what goes in, and compute the rest again where it is needed: less memory
            and a third more work for the same gradients.
        compile: "blocks" compiles them first, which takes a minute and a C++ compiler; by default nothing is compiled.
        threads: CPU threads; by default what torch chooses.

    Raises:
        FileNotFoundError: Where there is no data.
        ValueError: Where the arguments do not go together, or the folder holds a run begun with others.
    """
    settings = {name: plain(value) for name, value in locals().items()}
    if steps < 1 or (minutes is not None and not minutes > 0):
        raise ValueError(f"steps={steps} and minutes={minutes}: both are above zero")
    if not (0 <= warmup <= 1 and 0 <= decay <= 1):
        raise ValueError(f"warmup={warmup} and decay={decay}: each is a share of the training, from 0 to 1")
    if min(preview_every, log_every) < 1:
        raise ValueError(f"preview_every={preview_every} and log_every={log_every}: each counts steps, at least 1")
    if threads:
        torch.set_num_threads(threads)
    folder = Path(out)
    logging.getLogger("lightning.pytorch").setLevel(logging.WARNING)
    warnings.filterwarnings(
        "ignore", message=r".*(no `validation_step`|does not have many workers|LeafSpec|in eval mode).*"
    )
    if model is not None and (singles or pack):
        raise ValueError(f"singles={singles} and pack={pack} came for a codec, which learns from clips of one size")
    if model is not None and (checkpointing or compile):
        raise ValueError(f"checkpointing={checkpointing} and compile={compile} came for a codec, which has no blocks")
    if compile:
        check_compiler()
    last = folder / "last.ckpt"
    averages, keeper = EMA(ema), Keeper(last, save_every)
    codec = checkpoint.load_codec(codec) if isinstance(codec, str) else codec
    side = patch * getattr(codec, "downscale", 1)
    budget = None if pack is None else Budget(pack, side, registers)
    clips = ClipModule(
        data, frames=frames, batch=batch, seed=seed, singles=singles, long=long, pack=budget, camera=camera
    )
    clips.setup("fit")
    torch.manual_seed(seed)
    learner = model or DiffusionWorld(
        actions=clips.actions,
        patch=patch,
        **SIZES[size]._asdict(),
        window=frames if window is None else window,
        registers=registers,
        time_every=time_every,
        past=past,
        residual=residual,
        gate=gate,
        carry=carry,
        conditioning=conditioning,
        target=target,
        weight=weight,
        levels=levels,
        context=context,
        action_dropout=action_dropout,
        shortcut=shortcut,
        codec=codec,
        camera=camera,
        schema=clips.schema,
    )
    for each in clips.sizes:
        check_size(learner, each)
    if init is not None:
        begin_with(learner, init)
    extra = [build_logger(logger)] if logger else []
    if find_spec("tensorboard"):
        extra.append(TensorBoardLogger(folder, name="tensorboard", version=""))
    sharded = strategy == "fsdp"
    task = Task(
        learner, steps, minutes, lr, weight_decay, warmup, decay, seed, sharded, optimiser, checkpointing, compile
    )
    begin(folder, settings)
    stands = 0
    if last.exists():
        saved = torch.load(last, weights_only=True, mmap=True)
        stands, task.spent = saved["global_step"], saved["seconds"]
        if task.share(stands) >= 1 and (folder / "model").exists():
            print(f"finished: {folder / 'model'} has learned for {stands} steps; give more to go on")
            return
    watched = [clips.store[index] for index in clips.held_out_episodes[:PREVIEWS]]
    trainer = L.Trainer(
        accelerator=accelerator,
        devices=devices,
        strategy=sharding(devices) if sharded else strategy,
        precision=precision,
        max_steps=steps,
        max_epochs=-1,
        gradient_clip_val=1.0,
        logger=[Curve(folder / "metrics.csv", stands), *extra],
        log_every_n_steps=log_every,
        callbacks=[
            averages,
            (Preview if model is None else Returned)(folder / "previews", watched, averages, preview_every),
            keeper,
            Bar(endless=minutes is not None, refresh_rate=log_every),
        ],
        enable_checkpointing=False,
        enable_model_summary=False,
        num_sanity_val_steps=0,
        default_root_dir=folder,
        use_distributed_sampler=False,
        limit_val_batches=0,
    )
    count = sum(parameter.numel() for parameter in learner.parameters())
    print(
        f"{size if model is None else type(model).__name__}: {count / 1e6:.2f} M parameters, "
        f"{pixels(clips)} at {hertz(clips)}, actions of {clips.actions}; "
        + (f"going on from step {stands}" if stands else f"into {folder}")
    )
    if isinstance(learner, DiffusionWorld):
        largest = (frames, *max(clips.sizes, key=math.prod))
        rows = batch if budget is None else max(1, budget.tokens // budget.of(largest))
        shape = dict(zip(("rows", "frames", "height", "width"), (rows, *largest), strict=True))
        held = training_memory(learner, **shape, checkpointing=checkpointing)
        gflop = training_flops(learner, **shape) / 1e9
        print(
            f"a step: {gflop:.3g} GFLOP, about {held.weights / 2**20:.0f} MiB for weights, gradients and averages and "
            f"{held.activations / 2**20:.0f} MiB for activations, on each device"
        )
    with keeper.ctrl_c():
        trainer.fit(task, datamodule=clips, ckpt_path=last if stands else None, weights_only=True)
    if keeper.stopped:
        raise KeyboardInterrupt
    learned = averages.gathered()
    assert isinstance(learned, DiffusionWorld | Autoencoder)
    if isinstance(learned, Autoencoder):
        learned.settle(next(iter(clips.val_dataloader())).frames.to(learned.mean.device))
    if trainer.is_global_zero:
        if isinstance(learned, DiffusionWorld):
            learned.usual = usual_of(learned, clips, seed)
        describe = card if model is None else codec_card
        checkpoint.save(learned, folder / "model", describe(settings, clips, task, count))
        print(f"written: {folder / 'model'} after {task.global_step} steps and {task.seconds / 60:.1f} minutes")


PREVIEWS = 3
"""How many held-out episodes previews show."""

CHANGEABLE = {
    *("out", "steps", "minutes", "save_every", "preview_every", "log_every", "logger"),
    *("threads", "devices", "strategy", "checkpointing", "compile"),
}
"""What may differ when a run goes on: how long it is, what it tells of itself, and on what it is computed."""


def sharding(devices: int) -> ModelParallelStrategy:
    """FSDP2 over all devices, with checkpoints in one file, so that a run can go on with another number of them."""
    return ModelParallelStrategy(data_parallel_size=devices, tensor_parallel_size=1, save_distributed_checkpoint=False)


def plain(value: Any) -> Any:
    """A setting as YAML can hold it."""
    return checkpoint.recipe(value) if isinstance(value, Levels | nn.Module) else value


def begin(folder: Path, settings: dict[str, Any]) -> None:
    """Write down what the run was given, or refuse to go on with another.

    Raises:
        ValueError: Where the folder holds a run that was begun differently.
    """
    written = folder / "config.yaml"
    if written.exists():
        # a run begun before there was an argument was begun with its default
        defaults = {name: each.default for name, each in inspect.signature(fit).parameters.items()}
        before = defaults | yaml.safe_load(written.read_text())
        differ = [name for name in settings if name not in CHANGEABLE and before.get(name) != settings[name]]
        if differ:
            name = differ[0]
            raise ValueError(
                f"{folder} holds a run begun with {name}={before.get(name)}, and now {name}={settings[name]} came: "
                "give the same to go on, or another folder to begin anew"
            )
    folder.mkdir(parents=True, exist_ok=True)
    written.write_text(yaml.safe_dump(settings, sort_keys=False))


def begin_with(learner: DiffusionWorld | Autoencoder, init: str) -> None:
    """Give a model the weights of another.

    Raises:
        ValueError: Where the other is built differently.
    """
    other = checkpoint.load(init) if isinstance(learner, DiffusionWorld) else checkpoint.load_codec(init)
    assert isinstance(other, nn.Module)
    own, given = ({name: tuple(each.shape) for name, each in one.state_dict().items()} for one in (learner, other))
    if differ := [name for name in own | given if own.get(name) != given.get(name)]:
        name = differ[0]
        raise ValueError(
            f"{init} cannot be begun with: its {name} is {given.get(name, 'not there')}, and here it is "
            f"{own.get(name, 'not there')}; {init}/{checkpoint.RECIPE} says how it was built, and data of other worlds "
            "have other actions"
        )
    learner.load_state_dict(other.state_dict())


def usual_of(learned: DiffusionWorld, clips: ClipModule, seed: int) -> Usual | None:
    """How wrong a model usually is, measured on held-out clips."""
    device = next(learned.parameters()).device
    there = (Clip(*(each.to(device) for each in clip[:3])) for clip in clips.val_dataloader())
    return usual(learned, there, torch.Generator(device).manual_seed(seed))


def check_size(learner: DiffusionWorld | Autoencoder, size: tuple[int, int]) -> None:
    """Refuse frames that cannot be cut into tokens or cells before anything is begun."""
    if isinstance(learner, DiffusionWorld):
        side, what = learner.patch * learner.codec.downscale, "give a patch that divides both"
    else:
        side, what = learner.downscale, "give a smaller downscale"
    if size[0] % side or size[1] % side:
        raise ValueError(
            f"the frames are {size[0]} x {size[1]}, which pieces of {side} pixels do not fill; {what}, or record at "
            "another size"
        )


def build_logger(described: dict[str, Any]) -> Logger:
    """Any Lightning logger, from its class_path and init_args."""
    parser = ArgumentParser(exit_on_error=False)
    parser.add_subclass_arguments(Logger, "logger")
    try:
        return parser.instantiate(parser.parse_object({"logger": described}))["logger"]
    except ArgumentError as error:
        raise ValueError(f"logger does not describe a Lightning logger: {' '.join(str(error).split())}") from error
