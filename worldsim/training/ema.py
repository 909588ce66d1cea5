"""A slow average of the weights, which imagines better than the weights themselves."""

import copy
from typing import Any

import lightning as L
import torch
from torch import Tensor, nn
from torch.distributed.tensor import DTensor, distribute_tensor


class EMA(L.Callback):
    """Keeps an exponential moving average of a model; it is saved with every checkpoint.

    Where the weights are spread over processes (FSDP), so are their averages, and `model` is filled when it is asked
    for, by all processes at once.

    Args:
        decay: The share of the average that stays at each step; it grows towards this from 0.1, so that a short
            training is not held back by its first weights.

    Attributes:
        model: The averaged model; `gathered` is it ready to imagine. It is there from the start of training on.
    """

    def __init__(self, decay: float = 0.999):
        if not 0 <= decay < 1:
            raise ValueError(f"ema came as {decay}; it lies between 0 and 1, and 0.999 is usual")
        self.decay = decay
        self.model: nn.Module | None = None
        self._slow: list[Tensor] = []

    def setup(self, trainer: L.Trainer, pl_module: L.LightningModule, stage: str) -> None:
        """Begin with a copy of the weights."""
        self.model = copy.deepcopy(pl_module.model).eval().requires_grad_(False)  # type: ignore[arg-type]

    def on_fit_start(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """Follow the model to its device, or to all of its devices."""
        assert self.model is not None
        self.model.to(pl_module.device)
        own, learned = list(self.model.parameters()), list(pl_module.model.parameters())  # type: ignore[union-attr]
        self._slow = [
            distribute_tensor(slow.detach(), now.device_mesh, now.placements) if isinstance(now, DTensor) else slow
            for slow, now in zip(own, learned, strict=True)
        ]

    @torch.no_grad()
    def on_train_batch_end(self, trainer: L.Trainer, pl_module: L.LightningModule, *_: Any) -> None:
        """Move a little towards the weights of now."""
        step = trainer.global_step
        keep = min(self.decay, (1 + step) / (10 + step))
        for slow, now in zip(self._slow, pl_module.model.parameters(), strict=True):  # type: ignore
            slow.lerp_(now, 1 - keep)

    @torch.no_grad()
    def gathered(self) -> nn.Module:
        """The averaged model, whole, in each process. All of them must ask."""
        assert self.model is not None
        for own, slow in zip(self.model.parameters(), self._slow, strict=bool(self._slow)):
            if isinstance(slow, DTensor):
                own.copy_(slow.full_tensor())
        return self.model

    def state_dict(self) -> dict[str, Any]:
        """The averaged weights."""
        return {"weights": self.gathered().state_dict()}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Go on from saved averages."""
        assert self.model is not None
        self.model.load_state_dict(state_dict["weights"])
