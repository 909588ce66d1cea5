"""One training step: what Lightning asks of a model that learns."""

import math
import time
from typing import Any

import lightning as L
import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.distributed.fsdp import FSDPModule

from worldsim.models.cost import peak_flops, shapes_of, step_flops, step_memory
from worldsim.models.diffusion_world import DiffusionWorld
from worldsim.training.optim import Name, optimiser, pace
from worldsim.training.prepare import Compile, compile_blocks, recompute, spread
from worldsim.types import Clip, Pack


def seed_of(*numbers: int) -> int:
    """One seed from several numbers, such as a run's seed, a step and a rank."""
    return int(np.random.SeedSequence(numbers).generate_state(1, np.uint64)[0] >> np.uint64(1))


class Task(L.LightningModule):
    """A model, its optimiser and its schedule.

    Nothing here depends on what was drawn before: the noise of a step follows from the seed and the step alone, so a
    resumed run goes on bit by bit as it would have.

    Args:
        model: The model that learns: it has `loss(clip, generator=..., done=...)`.
        steps: How many steps the training has.
        minutes: How many minutes it has at most; None for as long as it takes. The schedule follows whichever of the
            two is nearer to its end.
        lr: The highest learning rate.
        weight_decay: Of the matrices inside the blocks.
        warmup: The share of the training in which the learning rate rises.
        decay: The share of the training, at its end, in which it falls to zero.
        seed: Decides all noise.
        sharded: Spread the weights over the processes, block by block (FSDP2), for models that one device cannot hold.
        optimiser: What the matrices inside the blocks are learned by.
        checkpointing: Keep of each block only what goes in, and compute the rest again.
        compile: Whether to compile the blocks.
    """

    def __init__(
        self,
        model: nn.Module,
        steps: int,
        minutes: float | None,
        lr: float,
        weight_decay: float,
        warmup: float,
        decay: float,
        seed: int,
        sharded: bool = False,
        optimiser: Name = "muon",
        checkpointing: bool = False,
        compile: Compile | None = None,
    ):
        super().__init__()
        self.model, self.steps, self.minutes = model, steps, minutes
        self.lr, self.weight_decay, self.warmup, self.decay, self.seed = lr, weight_decay, warmup, decay, seed
        self.worked, self.shown, self.peak, self.sharded = 0, 0, math.inf, sharded
        self.optimiser: Name = optimiser
        self.checkpointing, self.compiled = checkpointing, compile is not None
        self.spent = 0.0  # seconds trained before this process began
        self.began = time.monotonic()
        self.last = (0, self.began)

    @property
    def seconds(self) -> float:
        """How long the model has learned, over all the processes in which it did."""
        return self.spent + time.monotonic() - self.began

    def share(self, step: int) -> float:
        """The share of the training that is over after so many steps, now."""
        by_time = self.seconds / (60 * self.minutes) if self.minutes else 0.0
        return max(step / self.steps, by_time)

    def configure_model(self) -> None:
        """Prepare the model from outside, where it is to be; see `worldsim.training.prepare`."""
        if isinstance(self.model, FSDPModule):  # it is already
            return
        if isinstance(self.model, DiffusionWorld):
            if self.compiled:
                compile_blocks(self.model)
            if self.checkpointing:
                recompute(self.model)
        if self.sharded:
            assert self.device_mesh is not None
            spread(self.model, self.device_mesh["data_parallel"])

    def configure_optimizers(self) -> torch.optim.Optimizer:
        """Muon for the matrices inside the blocks where asked for, AdamW for the rest, which is all of a codec."""
        return optimiser(self.optimiser, self.model, lr=self.lr, weight_decay=self.weight_decay)

    def on_fit_start(self) -> None:
        """Time counts from here."""
        if isinstance(self.model, DiffusionWorld):
            half = {"bf16-mixed": torch.bfloat16, "16-mixed": torch.float16}
            self.peak = peak_flops(self.device, half.get(str(self.trainer.precision), torch.float32))
        self.began = time.monotonic()
        self.last = (self.global_step, self.began)

    def training_step(self, clip: Clip | Pack, index: int) -> Float[Tensor, ""]:
        """The loss of one batch."""
        done = self.share(self.global_step)
        rate = self.lr * pace(done, warmup=self.warmup, decay=self.decay)
        for group in self.optimizers().param_groups:  # type: ignore[union-attr]
            group["lr"] = rate
        noise = torch.Generator(self.device).manual_seed(seed_of(self.seed, self.global_step, self.global_rank))
        loss: Tensor = self.model.loss(clip, generator=noise, done=done)  # pyright: ignore[reportCallIssue]
        self.log("loss", loss.detach(), prog_bar=True)
        self.log("lr", rate)
        self.shown += sum(shape["rows"] * shape["frames"] for shape in shapes_of(clip))
        if isinstance(self.model, DiffusionWorld):
            self.worked += step_flops(self.model, clip)
        return loss

    def on_train_batch_end(self, outputs: Any, batch: Clip | Pack, batch_idx: int) -> None:
        """Measure the speed, and stop when the time is over."""
        step, now = self.global_step, time.monotonic()
        if step % self.trainer.log_every_n_steps == 0:  # type: ignore[attr-defined]
            before, then = self.last
            took = max(now - then, 1e-9)
            self.log("steps_per_second", (step - before) / took)
            self.log("frames_per_second", self.shown / took)
            self.shown = 0
            if isinstance(self.model, DiffusionWorld):
                worked, self.worked = self.worked / took, 0
                self.log("gflops", worked / 1e9)
                self.log("mfu", worked / self.peak)
                self.log("mib", float(sum(step_memory(self.model, batch, self.checkpointing))) / 2**20)
            self.log("minutes", self.seconds / 60)
            self.last = (step, now)
        if self.share(step) >= 1:
            self.trainer.should_stop = True

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Remember the time."""
        checkpoint["seconds"] = self.seconds

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Go on counting from there."""
        self.spent = checkpoint["seconds"]
