"""Who answers how often, in what order and where; and what becomes of answers that do not come."""

import pickle
import random
from dataclasses import replace
from itertools import chain

import gymnasium
import numpy as np
import pytest
import toy_twins

from worldsim.data.executor import Ray
from worldsim.data.schema import Schema
from worldsim.models.baselines import Drift
from worldsim.models.within import Within
from worldsim_benchmarks import contestants as known
from worldsim_benchmarks import kept
from worldsim_benchmarks.benchmark import Missing, title
from worldsim_benchmarks.bounds import oracles
from worldsim_benchmarks.catalogue import BENCHMARKS
from worldsim_benchmarks.contestants import Corrupted
from worldsim_benchmarks.entries import Modelled
from worldsim_benchmarks.measure import Asking, measure, parts
from worldsim_benchmarks.permanence import Permanence
from worldsim_benchmarks.run import Entry, run

PAIRS = [toy_twins.twins(number) for number in range(4)]


class Backwards:
    """Does the last first."""

    def map(self, function, items):
        todo = list(items)
        random.Random(0).shuffle(todo)
        return map(function, todo)


class Alternating:
    """The truth, or with another seed nothing at all: its K samples are of two kinds."""

    name = "alternating"

    def answer(self, twins, *, seed):
        return [
            [case.truth.frames if seed % 2 else np.zeros_like(case.truth.frames) for case in t.cases] for t in twins
        ]


class Silent:
    """The truth, but for one arm of the first twins."""

    name = "silent"

    def answer(self, twins, *, seed):
        answers = [[case.truth.frames for case in each.cases] for each in twins]
        for each, own in zip(twins, answers, strict=True):
            if each.name == "toy/0":
                own[1] = Missing("it had no time")
        return answers


@pytest.fixture
def on_disk(tmp_path):
    for number, twins in enumerate(PAIRS):
        kept.write(twins, tmp_path / f"{number}.npz")
    return kept.Kept(sorted(tmp_path.glob("*.npz")))


def texts(twins, **how):
    entries = [Entry(Modelled("drift", Drift(), batch=3), "model")]
    return [result.text() for result in run(Permanence(), twins, entries, split="toy", size=64, **how)]


def test_neither_order_nor_place_makes_a_difference(on_disk, monkeypatch):
    monkeypatch.setattr("worldsim_benchmarks.measure.TOGETHER", 1)
    assert texts(on_disk, executor=Backwards()) == texts(PAIRS)


def test_a_ray_cluster_of_two_workers_scores_to_the_same_bits(on_disk, monkeypatch):
    pytest.importorskip("ray", reason="pip install 'worldsim[ray]'")
    there = measure(Permanence(), on_disk, Modelled("drift", Drift()), samples=2, executor=Ray("local", 2))
    here = measure(Permanence(), PAIRS, Modelled("drift", Drift()), samples=2)
    assert here.reasons == there.reasons and here.exposure == there.exposure == 1
    for name, values in here.samples.items():
        assert values.tobytes() == there.samples[name].tobytes()


def test_a_model_answers_alike_in_whatever_order_it_is_asked():
    class Rows:
        """A model whose frames tell the row of the batch that they are in."""

        def watch(self, seen, taken):
            return seen[:, -1:]

        def imagine(self, memory, plan, *, generator):
            rows = np.arange(len(plan))[:, None, None, None, None]
            return memory.expand(-1, plan.shape[1], -1, -1, -1) * 0 + memory.new_tensor(rows) / 10, memory

    there = Modelled("rows", Rows()).answer(PAIRS, seed=0)
    back = Modelled("rows", Rows()).answer(PAIRS[::-1], seed=0)[::-1]
    assert all(np.array_equal(one, other) for one, other in zip(chain(*there), chain(*back), strict=True))


def test_the_score_is_the_mean_over_samples_and_the_best_is_another_column():
    entries = [Entry(Alternating(), "model")]
    one, four = (
        next(
            result
            for result in run(Permanence(), PAIRS, entries, split="toy", size=64, samples=samples)
            if result.contestant == "alternating"
        )
        for samples in (1, 4)
    )
    assert one.samples == {} and "best of 1" not in one.columns and one.score == 0
    truth = measure(Permanence(), PAIRS, known.REPLAY)
    assert four.metrics["TDS"] == pytest.approx(truth.values["TDS"].mean() / 2, abs=1e-6)
    assert four.columns["best of 4"] > 95 > four.score > 0
    assert np.allclose(four.values["TDS"].mean(0), [case["TDS"] for case in four.cases.values()])
    assert four.values["TDS"].shape == (4, len(PAIRS)) and four.manifest["samples"] == 4


def test_a_missing_answer_costs_its_twins_and_is_named():
    silent, whole = measure(Permanence(), PAIRS, Silent()), measure(Permanence(), PAIRS, known.REPLAY)
    grey = measure(Permanence(), PAIRS, Corrupted("grey", known.grey))
    assert silent.reasons == {"toy/0/absent/s0": "it had no time"}
    assert silent.exposure == 0.75 and whole.exposure == 1
    for name in whole.values:
        assert silent.values[name].tolist() == [grey.values[name][0], *whole.values[name][1:]]


def test_a_model_that_does_not_know_these_actions_says_so_and_scores_at_the_floor():
    class Narrow(Drift):
        """A model of worlds with three dials."""

        actions = 3

    measured = measure(Permanence(), PAIRS, Modelled("narrow", Narrow()))
    assert measured.exposure == 0
    assert set(measured.reasons.values()) == {"the model takes actions of 3 components, those of Toy-v0 have 1"}
    assert not measured.values["TDS"].any()


def test_a_model_of_several_worlds_answers_where_it_knows_the_actions_and_nowhere_else():
    """Told nothing of what is done, it could not tell the arms apart: it is better that it says so."""
    spaces = {"worldsim/Hidden-v0": gymnasium.spaces.Box(-1, 1, (1,), np.float32)}

    class Several(Drift):
        """A model that says what it learned."""

        schema = Schema.of(spaces)

    contestant, [case, *_] = Modelled("several", Several()), PAIRS[0].cases
    for scene, learned in (("Hidden", True), ("Dominoes", True), ("Tower", False), ("Bite", False)):
        asked = contestant.asked(replace(case, scene=f"worldsim/{scene}-v0"))
        assert isinstance(asked, Within if learned else Missing)
        assert learned or f"knows nothing of worldsim/{scene}-v0" in asked.reason


def test_twins_that_look_alike_are_asked_together_whatever_lies_between(monkeypatch):
    monkeypatch.setattr("worldsim_benchmarks.measure.TOGETHER", 2)
    monkeypatch.setattr(
        "worldsim_benchmarks.measure.heads",
        lambda twins: [kept.Head(str(i), "f/a", "id", 2, ("a" if i % 2 else "b",)) for i in range(len(twins))],
    )
    assert list(parts(PAIRS[:1] * 7)) == [[0, 2], [4, 6], [1, 3], [5]]


def test_another_episode_is_never_ones_own_however_few_are_asked_together(monkeypatch):
    other = next(one for one in known.trivial(PAIRS) if one.name == "random-other")
    [[answer, same]] = other.answer(PAIRS[:1], seed=0)
    assert np.array_equal(answer, PAIRS[1].cases[0].truth.frames) and np.array_equal(answer, same)


def test_whoever_is_always_there_can_be_sent_to_another_process(on_disk):
    for one in (*known.trivial(on_disk), *known.ORACLES.values(), Modelled("drift", Drift())):
        sent = pickle.loads(pickle.dumps(Asking(Permanence(), (one,), on_disk, 0, 1)))
        assert sent.contestants[0].name == one.name and len(sent.twins) == len(PAIRS)


@pytest.mark.parametrize("name", BENCHMARKS)
def test_every_benchmark_can_be_sent_to_another_process(name):
    benchmark = BENCHMARKS[name]()
    assert title(pickle.loads(pickle.dumps(benchmark))) == title(benchmark)


def test_variations_stand_in_columns_and_the_score_has_them_all():
    kinds = ("id", "id", "ood", "held-out")
    twins = [replace(each, variation=kind) for each, kind in zip(PAIRS, kinds, strict=True)]
    drift = Entry(Modelled("drift", Drift()), "model")
    results = {one.contestant: one for one in run(Permanence(), twins, [drift], split="toy", size=64)}
    columns = results["replay"].columns
    assert set(columns) == {"in distribution", "out of distribution", "held-out templates"}
    assert all(number > 95 for number in columns.values())
    assert (results["drift"].tier, results["grey"].tier, results["replay"].tier) == ("T1", "T0", "truth")
    plain = next(iter(run(Permanence(), PAIRS, split="toy", size=64)))
    assert plain.columns == {}


def test_what_is_known_is_not_measured_again_and_what_is_lacking_alone_is():
    asked = []

    class Counting(Permanence):
        def score(self, twins, answers):
            asked.append(twins.name)
            return super().score(twins, answers)

    drift, here = [Entry(Modelled("drift", Drift()), "model")], {"split": "toy", "size": 64}
    first = list(run(Counting(), PAIRS, drift, **here))
    each = len(asked) // len(first)
    asked.clear()
    again = run(Counting(), PAIRS, drift, **here, known=first)
    assert all(one is other for one, other in zip(again, first, strict=True)) and not asked
    lacking = [one for one in first if one.contestant not in ("hedge", "twins exchanged", "drift")]
    assert [one.text() for one in run(Counting(), PAIRS, drift, **here, known=lacking)] == [one.text() for one in first]
    assert len(asked) == 3 * each
    other = [replace(one, floor=one.floor - 1) if one.contestant == "grey" else one for one in first]
    asked.clear()
    assert [one.text() for one in run(Counting(), PAIRS, drift, **here, known=other)] == [one.text() for one in first]
    assert len(asked) == each, "one that was rated on another scale is measured again"


def test_twins_exchanged_stand_between_the_truth_and_its_ceiling_and_earn_nothing():
    results = {one.contestant: one for one in run(Permanence(), PAIRS, split="toy", size=64)}
    wrong = results["twins exchanged"]
    assert wrong.kind == "oracle" and wrong.metrics["TDS"] < -0.9 and wrong.score <= 0
    alone = [replace(each, cases=each.cases[:1]) for each in PAIRS]
    assert "twins exchanged" not in {one.name for one in oracles(alone)}
    assert np.array_equal(known.EXCHANGED.answer(alone, seed=0)[0][0], alone[0].cases[0].truth.frames)
