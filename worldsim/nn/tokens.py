"""Pictures and actions to tokens, and tokens to pictures."""

import torch
from einops import rearrange
from jaxtyping import Bool, Float
from torch import Tensor, nn


def patchify(frames: Float[Tensor, "b t c h w"], patch: int) -> Float[Tensor, "b t g p"]:
    """Cut each frame into square patches; a token is all the numbers of one.

    Raises:
        ValueError: Where the patches do not fill the frame.
    """
    height, width = frames.shape[-2:]
    if height % patch or width % patch:
        raise ValueError(
            f"frames of {height} x {width} cannot be cut into patches of {patch}; both sides must be multiples of it: "
            f"resize to {max(1, round(height / patch)) * patch} x {max(1, round(width / patch)) * patch}, "
            "or choose another patch"
        )
    return rearrange(frames, "b t c (y py) (x px) -> b t (y x) (c py px)", py=patch, px=patch)


def unpatchify(
    tokens: Float[Tensor, "b t g p"], patch: int, height: int, width: int
) -> Float[Tensor, "b t c {height} {width}"]:
    """Put the patches back where they were."""
    return rearrange(
        tokens, "b t (y x) (c py px) -> b t c (y py) (x px)", py=patch, px=patch, y=height // patch, x=width // patch
    )


def symlog(x: Float[Tensor, "..."]) -> Float[Tensor, "..."]:
    """Large numbers made small and small ones left alone, so that actions of any unit will do.

    Source: Hafner et al. 2023, "DreamerV3", eq. 9.
    """
    return x.sign() * x.abs().log1p()


class Registers(nn.Module):
    """Tokens that belong to no place in the picture: room to think. They come first.

    Source: Darcet et al. 2024, "Vision Transformers Need Registers".
    """

    def __init__(self, width: int, count: int):
        super().__init__()
        self.tokens = nn.Parameter(torch.randn(count, width) * 0.02, requires_grad=count > 0)

    def forward(self, x: Float[Tensor, "b t g d"]) -> Float[Tensor, "b t gr d"]:
        """Put the registers before the tokens of each frame."""
        batch, time = x.shape[:2]
        return torch.cat([self.tokens.to(x.dtype).expand(batch, time, -1, -1), x], dim=2)


class ActionEmbedding(nn.Module):
    """A flattened action to features; where there is none, a learned null.

    Args:
        components: Components a of the flattened action.
        width: Features d.
    """

    def __init__(self, components: int, width: int):
        super().__init__()
        self.components = components
        self.mlp = nn.Sequential(nn.Linear(max(1, components), width), nn.SiLU(), nn.Linear(width, width))
        self.null = nn.Parameter(torch.randn(width) * 0.02)

    def forward(self, actions: Float[Tensor, "b t a"], known: Bool[Tensor, "b t"]) -> Float[Tensor, "b t d"]:
        """Embed one action a frame.

        Args:
            actions: The action that led to each frame; NaN where it is not known what was done, as in a video that
                nobody labelled.
            known: False where there is none, before the first frame, or it is withheld.
        """
        if actions.shape[-1] != self.components:
            raise ValueError(
                f"actions came with {actions.shape[-1]} components; this model was built for {self.components}: "
                "give it episodes of the world it learned from"
            )
        if not self.components:  # a world that nobody acts in
            actions = actions.new_zeros(*actions.shape[:2], 1)
        known = known & ~actions.isnan().any(-1)
        return torch.where(known[..., None], self.mlp(symlog(actions.nan_to_num())), self.null)
