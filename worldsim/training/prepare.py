"""What is done to a model from outside before it learns, in this order: compile, recompute, spread.

None of it changes what is learned, so the model knows of none of it, and a checkpoint does not tell which was done.

Source: Chen et al. 2016, "Training Deep Nets with Sublinear Memory Cost". torchtitan compiles what is recomputed; here
what is compiled is recomputed, since a block that takes packs is compiled in pieces, which torch refuses the other way
round: it would leave all of it uncompiled and say nothing.
"""

import os
import shutil
from collections.abc import Callable
from functools import partial
from importlib.util import find_spec
from typing import Any, Literal

import torch
from torch import nn
from torch.distributed.device_mesh import DeviceMesh
from torch.distributed.fsdp import fully_shard, register_fsdp_forward_method
from torch.utils.checkpoint import checkpoint

from worldsim.models.diffusion_world import DiffusionWorld

Compile = Literal["blocks"]

COMPILERS = ("g++", "clang++", "c++", "cl")
"""The C++ compilers that torch looks for, and without one of which it cannot compile."""


def compile_blocks(model: DiffusionWorld, backend: str = "inductor") -> None:
    """Compile each block by itself: they are alike, so it is done once for all that look back and once for the rest.

    Only where something is learned of what comes out. What a network says to teach itself is of as many rows as it
    happens to be, and would be compiled again and again.

    Args:
        model: What learns.
        backend: As of `torch.compile`.
    """
    for block in model.transformer.blocks:
        block.forward = partial(_where_learned, torch.compile(block.forward, backend=backend), block.forward)


def _where_learned(quick: Callable[..., Any], plain: Callable[..., Any], *given: Any) -> Any:
    return (quick if torch.is_grad_enabled() else plain)(*given)


def recompute(model: DiffusionWorld) -> None:
    """Activation checkpointing: keep what goes into a block and nothing within it, and compute that again to learn.

    A step takes about a third more operations, and far less memory (`models.cost.training_memory`). Gradients are the
    same to the bit.
    """
    for block in model.transformer.blocks:
        # nothing in a block is drawn, so there is no random state to be put back
        block.forward = partial(checkpoint, block.forward, use_reentrant=False, preserve_rng_state=False)


def spread(model: nn.Module, mesh: DeviceMesh) -> None:
    """Spread the weights over processes (FSDP2); a process gathers those of a block when it comes to it."""
    if isinstance(model, DiffusionWorld):
        for block in model.transformer.blocks:
            fully_shard(block, mesh=mesh)
    fully_shard(model, mesh=mesh)
    register_fsdp_forward_method(model, "loss")


def check_compiler() -> None:
    """Refuse to compile where torch could not, before a run is begun.

    Raises:
        ValueError: Where there is no C++ compiler, or no Triton beside CUDA.
    """
    own = os.environ.get("CXX")
    if not any(map(shutil.which, [own] if own else COMPILERS)):
        looked = f"CXX={own}" if own else ", ".join(COMPILERS)
        raise ValueError(
            f'compile="blocks" needs a C++ compiler, and none was found ({looked}): install one, as with '
            "`apt install g++`, name it in the variable CXX, or leave compile out"
        )
    if torch.cuda.is_available() and not find_spec("triton"):
        raise ValueError('compile="blocks" needs Triton on CUDA: pip install triton, or leave compile out')
