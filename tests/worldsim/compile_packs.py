"""Packs of other clips and equally many tokens go through compiled blocks; torch raises where it compiles again."""

import torch
from torch import nn

from worldsim.models.video_dit import VideoDiT

BUDGET = 900
PACKS = [[(2, 5, 12, 16)], [(1, 9, 8, 8), (3, 1, 20, 8), (1, 4, 16, 16)], [(4, 3, 8, 16), (1, 2, 20, 20)]]
"""Clips, frames, height and width of each shape of each pack."""


def main() -> None:
    torch.manual_seed(0)
    model = VideoDiT(5, 3, 2, patch=4, width=32, depth=4, heads=4, kv_heads=2, window=4, registers=2)
    for weight in model.parameters():
        nn.init.normal_(weight, std=0.2)
    packs = [[torch.randn(b, t, 5, h, w) for b, t, h, w in shapes] for shapes in PACKS]

    def out(frames: list[torch.Tensor]) -> list[torch.Tensor]:
        rows = sum(each.shape[:2].numel() for each in frames)
        told = model.condition(
            torch.full((1, rows), 0.5), torch.ones(1, rows, 2), torch.ones(1, rows, dtype=torch.bool)
        )
        return model.together(frames, told, BUDGET - sum(map(tokens, frames)))

    plain = [out(frames) for frames in packs]
    for block in model.blocks:
        block.compile(backend="eager")
    for frames, wanted in zip(packs, plain, strict=True):
        found = out(frames)
        sum(each.sum() for each in found).backward()
        for one, other in zip(found, wanted, strict=True):
            torch.testing.assert_close(one, other, rtol=1e-5, atol=1e-5)
        torch._dynamo.config.error_on_recompile = True


def tokens(frames: torch.Tensor) -> int:
    rows, time, _, height, width = frames.shape
    return rows * time * (2 + height * width // 16)


if __name__ == "__main__":
    main()
