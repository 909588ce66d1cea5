"""The table of blocks: names once, hues the palette's, flags that agree with each other."""

import numpy as np
import pytest

from worldsim_envs import palette
from worldsim_envs.minecraft import blocks
from worldsim_envs.minecraft.blocks import BLOCKS, INDEX


def test_every_block_has_a_name_of_its_own_and_nothing_comes_first():
    assert len(INDEX) == len(BLOCKS) <= 256
    assert blocks.number("air") == 0 and not BLOCKS[0].solid and not BLOCKS[0].opaque
    with pytest.raises(ValueError, match="bedrock"):
        blocks.number("cheese")


def test_what_lets_nothing_through_fills_its_cell_and_liquids_stop_nobody():
    whole = (blocks.BOX == blocks.WHOLE).all(1)
    assert whole[blocks.OPAQUE].all() and blocks.SOLID[blocks.OPAQUE].all()
    assert not blocks.SOLID[blocks.LIQUID > 0].any()
    assert (blocks.BOX[:, :3] < blocks.BOX[:, 3:]).all()


def test_a_hue_names_one_wool_which_has_that_very_colour():
    assert [BLOCKS[number].hue for number in blocks.WOOLS] == list(range(len(palette.NAMES)))
    assert np.array_equal([BLOCKS[number].rgb for number in blocks.WOOLS], palette.RGB)
    assert (blocks.HUE >= 0).sum() == len(palette.NAMES)


def test_stone_takes_longer_than_dirt_and_bedrock_forever():
    stone, dirt, bedrock = (blocks.BREAK[INDEX[name]] for name in ("stone", "dirt", "bedrock"))
    assert 0 < dirt < stone and bedrock == -1
