"""Words that a clip is told in: each token looks at all of them, wherever and whenever it stands.

Words come as features, from whatever encoder of text one has; none is built in. A word of zeros is no word, so texts of
several lengths fit one batch, and whoever is told nothing hears nothing.

Source: Rombach et al. 2022, "High-Resolution Image Synthesis with Latent Diffusion Models" (cross-attention to text).
"""

import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn


class Words(nn.Module):
    """What tokens find in words, to be added to them; nothing before something is learned.

    Args:
        features: Of a word.
        width: Features d of a token.
        heads: That look; they divide the width.
    """

    def __init__(self, features: int, width: int, heads: int):
        super().__init__()
        self.heads = heads
        self.ask = nn.Linear(width, width, bias=False)
        self.tell = nn.Linear(features, 2 * width, bias=False)
        self.merge = nn.Linear(width, width, bias=False)
        nn.init.zeros_(self.merge.weight)

    def forward(self, x: Float[Tensor, "b t g d"], text: Float[Tensor, "b n e"]) -> Float[Tensor, "b t g d"]:
        """Look, with normalised queries and keys. Beside the words lies nothing, at which one may look, too."""
        if text.shape[-1] != self.tell.in_features:
            raise ValueError(
                f"words came with {text.shape[-1]} features; this model was built for {self.tell.in_features}: encode "
                "them as those were that it learned from"
            )
        queries = self._by_head(self.ask(F.rms_norm(x, x.shape[-1:], eps=1e-6)).flatten(1, 2))
        keys, values = map(self._by_head, F.pad(self.tell(text.to(x.dtype)), (0, 0, 0, 1)).chunk(2, dim=-1))
        there = F.pad((text != 0).any(-1), (0, 1), value=True)[:, None, None]
        found = F.scaled_dot_product_attention(
            F.rms_norm(queries, queries.shape[-1:], eps=1e-6),
            F.rms_norm(keys, keys.shape[-1:], eps=1e-6),
            values,
            attn_mask=there.expand(-1, -1, queries.shape[2], -1),
        )
        return self.merge(found.transpose(1, 2).flatten(2)).view_as(x)

    def _by_head(self, x: Float[Tensor, "b m d"]) -> Float[Tensor, "b q m e"]:
        return x.unflatten(-1, (self.heads, -1)).transpose(1, 2)
