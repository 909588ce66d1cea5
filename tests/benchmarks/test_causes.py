"""What the questions about causes hold against what, and that the truth answers each of them."""

from dataclasses import replace
from itertools import islice

import numpy as np
import pytest

from worldsim_benchmarks import effects, ladder, miscaused
from worldsim_benchmarks.cases import make
from worldsim_benchmarks.cause_effect import CauseEffect
from worldsim_benchmarks.causes import FAMILIES
from worldsim_benchmarks.pairs import EFFECT

CONTROLS = [(code, placebo) for code, family in FAMILIES.items() for placebo in family.placebos]
SEED = 2_000_001


@pytest.mark.parametrize(("code", "placebo"), CONTROLS)
def test_a_placebo_leaves_what_is_affected_as_in_the_arm_that_it_is_like(code, placebo):
    family = FAMILIES[code]
    env = make(family.scene, size=8)
    places = []
    for arm in (family.like(placebo), placebo):
        env.reset(seed=SEED)
        told = env.arms()[arm]
        told = told._replace(actions=told.actions[: family.context + family.future - 1])
        slots = [slot for slot in family.things if slot not in family.own]
        places.append(np.stack([info["truth"]["pos"][slots] for _, info in env.tell(told)]))
    assert np.abs(places[0] - places[1]).max() < 1e-3  # m


@pytest.mark.parametrize("code", FAMILIES)
def test_every_question_tells_the_arms_that_its_controls_are_like(code):
    family = FAMILIES[code]
    for question in family.questions("palette", "train"):
        controls = [arm for arm in question.arms if arm.startswith(("placebo", "noop"))]
        assert bool(controls) == bool(family.placebos)
        assert {family.like(control) for control in controls} <= {*question.arms}
        assert len(set(question.arms)) == len(question.arms)


@pytest.mark.parametrize("turn", [2, 5], ids=["it is one of the pair", "it is none of the pair"])
def test_a_finger_that_pushes_the_air_is_held_against_one_that_stays(turn):
    """Of the truth it is local; where the row falls, it is not."""
    family = FAMILIES["M-DOM"]
    question = family.questions("palette", "train")[turn]
    assert {"placebo:air", "do:still"} < {*question.arms}
    [twins] = islice(question.all_twins(SEED, size=64), 1)
    asks, rng = CauseEffect("some", [family]), np.random.default_rng(0)
    true, wrong = (asks.score(twins, answers(twins, 0.0, rng))["Loc"].value for answers in (told, miscaused.reacts))
    assert true == pytest.approx(1, abs=0.03) and wrong == pytest.approx(0, abs=0.05)


def told(twins, severity, rng):
    return miscaused.truths(twins)


def test_an_effect_that_is_not_plain_has_no_place_in_the_order():
    """In this world a domino leans by as little more as an onset takes, and is read a little less far."""
    family = replace(FAMILIES["M-DOM"], pairs=(("factual", "do:remove"),), placebos=())
    [question] = family.questions("palette", "train")
    [twins] = islice(question.all_twins(2_000_009, size=64), 1)  # of seed 2,000,010
    pair = miscaused.pair_of(twins)
    size = (np.linalg.norm(np.where(pair.asked[..., None], pair.real, 0), axis=-1) / pair.wide).max(0)
    assert (size > effects.ONSET).sum() > (size >= EFFECT).sum() > 1
    asks, rng = CauseEffect("some", [family]), np.random.default_rng(0)
    assert asks.score(twins, told(twins, 0.0, rng))["order"].value == 1
    assert asks.score(twins, miscaused.out_of_order(twins, 0.0, rng))["order"].value <= 0


def direction(imagined, real, asked):
    """The cosine of two effects, however large."""
    one, other = imagined.mean(0)[asked], real[asked]
    return float((one * other).sum() / max(np.linalg.norm(one) * np.linalg.norm(other), 1e-9))


@pytest.mark.parametrize(("formula", "holds"), [(effects.concordance, True), (direction, False)])
def test_the_ladder_notices_a_kappa_that_does_not_mind_how_large_an_effect_is(formula, holds, monkeypatch):
    """Half an effect is half as far in pixels, too, so TDS falls, and with it a score whose kappa does not."""
    asks = CauseEffect("cause-effect-mujoco", [FAMILIES["M-COL"]])
    rungs = [rung for rung in ladder.RUNGS[asks.name] if rung.of == "kappa" or rung.name == "effects, times"]
    monkeypatch.setitem(ladder.RUNGS, asks.name, tuple(rungs))
    monkeypatch.setattr(effects, "concordance", formula)
    steps = ladder.climb(asks, list(islice(asks.twins("quick", size=64), 1)))
    rows = [step for step in steps if "effects, times" in step.name]
    assert all(step.holds for step in rows if "alone" not in step.name)
    assert all(step.holds for step in rows if "alone" in step.name) == holds
