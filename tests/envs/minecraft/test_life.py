"""What hurts a player, and how much: as laws, in worlds of stone, water and lava."""

import math

import numpy as np
import pytest

from worldsim_envs.minecraft import player as body
from worldsim_envs.minecraft.actions import noop, press
from worldsim_envs.minecraft.blocks import INDEX
from worldsim_envs.minecraft.life import BREATH, CHOKE, DROWN, FIRE, HEAL, MOST, SCALD, SPARED, Life

FLOOR = 4


def tub(*layers):
    """A tub of stone whose floor is covered with these, from below."""
    blocks = np.zeros((7, 48, 7), np.uint8)
    blocks[:, :FLOOR] = INDEX["stone"]
    for high, kind in enumerate(layers):
        blocks[:, FLOOR + high] = INDEX[kind]
    return blocks


def lived(blocks, ticks, high=0.0, action=None, life=None):
    """A player that many metres above the floor, for so many ticks: life, breath and what is left after each."""
    life, player, told = life or Life(), body.spawn(3.5, FLOOR + high, 3.5), []
    for _ in range(ticks):
        before, player = player, body.step(blocks, player, action or noop())
        life.step(blocks, before, player)
        told.append((life.life, life.air))
    return np.array(told), life


@pytest.mark.parametrize("high", [0, 1, 3, 3.5, 4, 7, 10.25, 22, 30])
def test_a_fall_takes_a_point_for_each_metre_after_the_third(high):
    told, _ = lived(tub(), 80, high)
    assert told[:, 0].min() == max(MOST - max(math.ceil(high - 3), 0), 0)
    assert (told[:, 1] == BREATH).all()


def test_who_jumps_or_falls_into_water_is_not_hurt():
    assert (lived(tub(), 200, action=press("jump"))[0][:, 0] == MOST).all()
    assert lived(tub(*["water"] * 3), 60, high=30)[0][:, 0].min() == MOST


def test_breath_lasts_for_fifteen_seconds_then_each_takes_its_toll():
    told, life = lived(tub(*["water"] * 3), BREATH + 10 * CHOKE)
    first = int(np.flatnonzero(told[:, 0] < MOST)[0])
    assert BREATH + CHOKE - 2 <= first <= BREATH + CHOKE  # the eyes are in water from the first tick or the second
    lost = np.flatnonzero(np.diff(told[:, 0]) < 0)
    assert (np.diff(told[:, 0])[lost] == -DROWN).all() and (np.diff(lost) == CHOKE).all() and len(lost) >= 9
    again, _ = lived(tub(), 200, life=life)
    assert (np.diff(again[:, 1]) >= 0).all() and again[-1, 1] == BREATH


def test_lava_takes_four_each_half_second_and_one_burns_on_until_in_water():
    told, _ = lived(tub("lava", "lava"), 5 * SPARED + 2)
    lost = np.flatnonzero(np.diff(told[:, 0], prepend=MOST))
    assert (np.diff(lost) == SPARED).all() and told[lost[0], 0] == MOST - SCALD and told[-1, 0] == 0
    _, burnt = lived(tub("lava", "lava"), 5)
    left = burnt.life
    told, burning = lived(tub(), FIRE, life=burnt)
    assert burning.fire == 0 and told[:, 0].min() < left - 5
    _, burnt = lived(tub("lava", "lava"), 5)
    assert lived(tub("water", "water"), 2, life=burnt)[1].fire == 0


def test_time_heals_and_the_dead_stay_dead():
    _, life = lived(tub(), 60, high=6)
    assert life.life == MOST - 3
    more, _ = lived(tub(), 3 * HEAL + 80, life=life)
    gained = np.flatnonzero(np.diff(more[:, 0]))
    assert (np.diff(gained) == HEAL).all() and more[-1, 0] == MOST
    _, dead = lived(tub(), 80, high=40)
    assert dead.life == 0 and lived(tub(), 3 * HEAL, life=dead)[1].life == 0


def test_what_is_left_survives_saving():
    blocks = tub("lava", "lava")
    _, life = lived(blocks, 13, high=9)
    twin = Life()
    twin.restore(life.vector())
    (one, _), (other, _) = lived(blocks, 40, life=life), lived(blocks, 40, life=twin)
    assert np.array_equal(one, other) and np.array_equal(life.vector(), twin.vector())
