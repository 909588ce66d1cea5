"""How a condition steers the layers: one shared MLP proposes shifts, scales and gates, each layer adds its own bias.

Source: Peebles and Xie 2023, "DiT" (adaLN-zero); Chen et al. 2023, "PixArt-alpha" (one MLP for all layers); Perez et
al. 2018, "FiLM" (a shift and a scale).
"""

import math
from typing import Literal

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

Conditioning = Literal["adaLN", "FiLM", "additive"]

SAYS: dict[Conditioning, int] = {"adaLN": 3, "FiLM": 2, "additive": 1}
"""How many of shift, scale and gate a condition may propose, in this order."""


class LevelEmbedding(nn.Module):
    """A noise level in [0, 1] to features, always in fp32: bf16 knows only 256 levels near 1."""

    def __init__(self, width: int, waves: int = 64):
        super().__init__()
        self.waves = waves
        self.mlp = nn.Sequential(nn.Linear(2 * waves, width), nn.SiLU(), nn.Linear(width, width))

    def forward(self, levels: Float[Tensor, "b t"]) -> Float[Tensor, "b t d"]:
        """Embed one level a frame."""
        with torch.autocast(levels.device.type, enabled=False):
            # From a quarter turn over the whole range up to 1000 rad, as for the thousand steps of older diffusion.
            exponents = torch.linspace(0, 1, self.waves, device=levels.device)
            angles = levels.float()[..., None] * (math.pi / 2 * (2000 / math.pi) ** exponents)
            return self.mlp(torch.cat([angles.cos(), angles.sin()], dim=-1))


class Conditioner(nn.Module):
    """The shared MLP: a condition a frame to (shift, scale, gate) for each kind of layer.

    Args:
        width: Features d.
        kinds: How many kinds of layers there are (space, time, MLP: three).
        manner: What it may propose: all three ("adaLN"), shift and scale ("FiLM"), or a shift alone ("additive"). Of
            what it may not, it proposes zero.
    """

    def __init__(self, width: int, kinds: int, manner: Conditioning = "adaLN"):
        super().__init__()
        self.kinds, self.unsaid = kinds, (3 - SAYS[manner]) * width
        self.hidden = nn.Linear(width, width)
        self.out = nn.Linear(width, kinds * SAYS[manner] * width)
        nn.init.zeros_(self.out.weight)
        nn.init.zeros_(self.out.bias)

    def forward(self, condition: Float[Tensor, "b t d"]) -> Float[Tensor, "kinds b t 3*d"]:
        """Propose for each kind of layer."""
        with torch.autocast(condition.device.type, enabled=False):
            proposed = self.out(F.silu(self.hidden(F.silu(condition.float()))))
        return F.pad(torch.stack(proposed.chunk(self.kinds, dim=-1)), (0, self.unsaid))


class Modulation(nn.Module):
    """One layer's ear for the condition: normalises and shifts what goes in, gates what comes out.

    The gate starts at zero, so a new layer changes nothing until it has learned something (adaLN-zero).
    """

    def __init__(self, width: int):
        super().__init__()
        self.bias = nn.Parameter(torch.cat([torch.zeros(width), torch.ones(width), torch.zeros(width)]))

    def forward(
        self, x: Float[Tensor, "b t g d"], proposed: Float[Tensor, "b t 3*d"] | Float[Tensor, "b t g 3*d"]
    ) -> tuple[Float[Tensor, "b t g d"], Float[Tensor, "b t _ d"]]:
        """The layer's input, and the gate its output is to be multiplied with.

        Args:
            x: Tokens.
            proposed: To all tokens of a frame, or to each.
        """
        said = proposed + self.bias
        shift, scale, gate = (said[:, :, None] if said.ndim == 3 else said).to(x.dtype).chunk(3, dim=-1)
        return torch.addcmul(shift, F.rms_norm(x, x.shape[-1:], eps=1e-6), scale), gate
