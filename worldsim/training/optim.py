"""The optimiser and its schedule: Muon for the matrices inside the blocks, AdamW for all the rest.

Source: Jordan et al. 2024, "Muon"; Liu et al. 2025, "Muon is Scalable for LLM Training" (eq. 4: updates matched to
AdamW's in size, so that one learning rate serves both); Hu et al. 2024, "MiniCPM" (warm-up, stable, decay).
"""

from typing import Any, Literal

import torch
from torch import nn

Name = Literal["muon", "adamw"]

BETAS = (0.9, 0.95)
"""Of AdamW: how much of its averages stays at each step."""


class MuonAdamW(torch.optim.Optimizer):
    """Muon and AdamW as one optimiser with one state, so that whoever saves it saves both.

    Args:
        hidden: Matrices, for Muon.
        others: Everything else, for AdamW.
        lr: The learning rate of both, as one would choose it for AdamW.
        weight_decay: Of the matrices; nothing else decays.
    """

    def __init__(
        self, hidden: list[nn.Parameter], others: list[nn.Parameter], lr: float = 4e-3, weight_decay: float = 0.01
    ):
        self.muon = torch.optim.Muon(
            hidden, lr=lr, weight_decay=weight_decay, momentum=0.95, adjust_lr_fn="match_rms_adamw"
        )
        self.adamw = torch.optim.AdamW(others, lr=lr, weight_decay=0.0, betas=BETAS)
        super().__init__([*self.muon.param_groups, *self.adamw.param_groups], {})
        self._share()

    def _share(self) -> None:
        """One state and one list of groups: what a schedule sets here, both of them see."""
        self.muon.param_groups, self.adamw.param_groups = self.param_groups[:1], self.param_groups[1:]
        self.muon.state = self.adamw.state = self.state

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Go on from a saved state."""
        super().load_state_dict(state_dict)
        self._share()

    @torch.no_grad()
    def step(self, closure: Any = None) -> Any:
        """One update of everything."""
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        self.muon.step()
        self.adamw.step()
        return loss


def optimiser(name: Name, model: nn.Module, *, lr: float, weight_decay: float) -> torch.optim.Optimizer:
    """The optimiser of a model; either way, nothing decays but the matrices inside the blocks.

    A model without such matrices, a codec for instance, has AdamW for all of it, and all of it decays.

    Args:
        name: What those matrices are learned by: "muon" or "adamw". AdamW learns the rest.
        model: What learns.
        lr: The learning rate.
        weight_decay: How fast weights shrink.
    """
    hidden, others = split(model)
    if hidden and name == "muon":
        return MuonAdamW(hidden, others, lr=lr, weight_decay=weight_decay)
    decaying, steady = (hidden, others) if hidden else (others, [])
    groups = [{"params": decaying, "weight_decay": weight_decay}, {"params": steady, "weight_decay": 0.0}]
    return torch.optim.AdamW([group for group in groups if group["params"]], lr=lr, betas=BETAS)


def split(model: nn.Module) -> tuple[list[nn.Parameter], list[nn.Parameter]]:
    """The matrices inside the blocks, and everything else: embeddings, heads, biases, modulation."""
    hidden, others = [], []
    for name, parameter in model.named_parameters():
        if parameter.requires_grad:
            (hidden if ".blocks." in f".{name}" and parameter.ndim == 2 else others).append(parameter)
    return hidden, others


def pace(done: float, *, warmup: float = 0.02, decay: float = 0.3) -> float:
    """What to multiply the learning rate with after a share `done` of the training: up, level, and down to zero.

    Args:
        done: The share of steps, or of minutes where the time is what is limited.
        warmup: The share in which it rises; with 0 it is at its height from the first step on.
        decay: The share, at the end, in which it falls; with 0 it stays.
    """
    rise = (done + 1e-4) / warmup if warmup else 1.0  # a little more than nothing, or the first step would be none
    fall = (1.0 - done) / decay if decay else 1.0
    return max(0.0, min(1.0, rise, fall))
