"""Whether what was done stays done where nobody looks, and for how long."""

from itertools import islice

import numpy as np
import pytest

from worldsim_benchmarks import miscaused
from worldsim_benchmarks.cause_effect import CauseEffect, mujoco
from worldsim_benchmarks.causes import FAMILIES
from worldsim_benchmarks.contestants import REPLAY, Corrupted
from worldsim_benchmarks.halflife import STEPS
from worldsim_benchmarks.measure import measure
from worldsim_envs.variation import SPELLS

AWAY = CauseEffect("cause-effect-mujoco", [FAMILIES["M-BITE-AWAY"]])


def whole(kept) -> dict[str, float]:
    """Of eight twins a spell, whose bite is kept as long as `kept` says."""
    seconds = np.tile(np.array(SPELLS), 8)
    return mujoco().whole({"away": seconds, "TDS": np.array([kept(each) for each in seconds])})


def test_what_is_kept_for_ever_never_and_for_so_long():
    step = (4 * SPELLS[-1] / SPELLS[0]) ** (1 / (STEPS - 1))  # from one tried half-life to the next
    assert whole(lambda seconds: 1.0)["half-life"] == pytest.approx(2 * SPELLS[-1])
    assert whole(lambda seconds: -0.5)["half-life"] == pytest.approx(SPELLS[0] / 2)
    between = whole(lambda seconds: float(seconds < 1.0))
    assert 0.8 / step < between["half-life"] < 1.6 * step
    assert between["half-life low"] <= between["half-life"] <= between["half-life high"]


def test_no_half_life_where_nothing_is_looked_away_from():
    assert CauseEffect("some", [FAMILIES["M-COL"]]).whole({}) == {}
    nothing = np.full(3, np.nan)
    assert np.isnan(mujoco().whole({"away": nothing, "TDS": np.ones(3)})["half-life"])


def test_a_bite_is_told_with_how_long_nobody_looked_and_one_that_heals_is_gone_at_once():
    twins = list(islice(AWAY.twins("quick", size=64), 1))
    true = measure(AWAY, twins, REPLAY).values
    spell = float(twins[0].template.rpartition("/")[2].removesuffix(" s"))
    assert spell <= true["away"][0] < spell + 1.5  # turning there and back takes its time
    healed = measure(AWAY, twins, Corrupted("healed", miscaused.healed)).values
    assert AWAY.whole(true)["half-life"] > true["away"][0] > AWAY.whole(healed)["half-life"]
