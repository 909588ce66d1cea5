"""Nothing is simulated or measured twice, and what is found again is what would have come."""

import shutil
from pathlib import Path

import numpy as np
import pytest
import toy_twins

from worldsim_benchmarks import bench as command
from worldsim_benchmarks import entries, kept, run
from worldsim_benchmarks.catalogue import BENCHMARKS
from worldsim_benchmarks.permanence import Permanence


class Toy(Permanence):
    """Two pairs drawn by hand; counts how often the world is built."""

    built = 0

    def twins(self, split, *, size):
        type(self).built += 1
        return (toy_twins.twins(number) for number in range(2))


@pytest.fixture(autouse=True)
def toy(monkeypatch):
    monkeypatch.setitem(BENCHMARKS, "permanence", Toy)
    monkeypatch.setattr(Toy, "built", 0)
    monkeypatch.setattr(kept, "_drawn_by", lambda: "a hand")


def same(one, other) -> bool:
    """Whether two nouns are equal to the byte, all the way down."""
    if isinstance(one, np.ndarray | np.generic):
        return type(one) is type(other) and one.dtype == other.dtype and one.tobytes() == other.tobytes()
    if isinstance(one, tuple):
        return len(one) == len(other) and all(map(same, one, other))
    if hasattr(one, "__dataclass_fields__"):
        return type(one) is type(other) and all(same(getattr(one, k), getattr(other, k)) for k in vars(one))
    return one == other


def test_twins_are_read_as_they_were_written(tmp_path):
    twins = toy_twins.twins(1)
    kept.write(twins, tmp_path / "one.npz")
    again = kept.read(tmp_path / "one.npz")
    assert same(again, twins)
    assert not same(again, toy_twins.twins(2))


def test_a_noun_that_cannot_be_kept_is_refused(tmp_path, monkeypatch):
    monkeypatch.delitem(kept.NOUNS, "Case")
    with pytest.raises(ValueError, match="a Case, which cannot be kept"):
        kept.write(toy_twins.twins(), tmp_path / "one.npz")
    assert not (tmp_path / "one.npz").exists()


def test_the_second_time_nothing_is_simulated(tmp_path):
    first = kept.kept(Toy(), "quick", size=64, folder=tmp_path)
    second = kept.kept(Toy(), "quick", size=64, folder=tmp_path)
    assert Toy.built == 1
    assert all(map(same, first, second)) and len(first) == len(second) == 2


@pytest.mark.parametrize("what", ["split", "size", "version", "worlds", "renderer"])
def test_truth_of_something_else_is_simulated_anew(what, tmp_path, monkeypatch):
    kept.kept(Toy(), "quick", size=64, folder=tmp_path)
    if what == "worlds":
        monkeypatch.setattr(kept, "_source", lambda: "another world")
    if what == "renderer":
        monkeypatch.setattr(kept, "_drawn_by", lambda: "a pencil")
    kept.kept(
        Toy(version=99) if what == "version" else Toy(),
        "dev" if what == "split" else "quick",
        size=128 if what == "size" else 64,
        folder=tmp_path,
    )
    assert Toy.built == 2


def test_twins_that_were_interrupted_do_not_count(tmp_path):
    def until_killed(twins):
        yield next(iter(twins))
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        kept.kept(Toy(), "quick", size=64, folder=tmp_path, progress=until_killed)
    assert len(kept.kept(Toy(), "quick", size=64, folder=tmp_path)) == 2
    assert Toy.built == 2


def bytes_of(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*.json"))}


def bench(out: Path, models="still", **changes):
    command.bench(models, "permanence", out=str(out), truth=str(out.parent / "truth"), **changes)


@pytest.fixture
def measured(monkeypatch):
    """The names of all who are measured, in order."""
    names, measure_all = [], run.measure_all

    def watched(benchmark, twins, contestants, **how):
        names.extend(one.name for one in contestants)
        return measure_all(benchmark, twins, contestants, **how)

    monkeypatch.setattr(run, "measure_all", watched)
    return names


def test_the_same_command_again_measures_nothing_and_leaves_every_byte(tmp_path, measured, capsys):
    bench(tmp_path / "results", ["still", "drift"])
    first, said = bytes_of(tmp_path / "results"), capsys.readouterr().out
    assert {"still", "drift", "grey", "replay"} <= set(measured)
    measured.clear()
    bench(tmp_path / "results", ["still", "drift"])
    assert measured == [] and Toy.built == 1
    assert bytes_of(tmp_path / "results") == first
    assert capsys.readouterr().out == said


def test_a_bench_killed_in_the_middle_goes_on_and_ends_equal(tmp_path, measured, monkeypatch):
    whole, halved = tmp_path / "whole", tmp_path / "halved"
    bench(whole, ["still", "drift"])
    patient = run.measure_all

    def killed(benchmark, twins, contestants, **how):
        if contestants[0].name == "drift":
            raise KeyboardInterrupt
        return patient(benchmark, twins, contestants, **how)

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(run, "measure_all", killed)
        bench(halved, ["still", "drift"])
    measured.clear()
    bench(halved, ["still", "drift"])
    assert measured == ["drift"]
    results = [
        {name: text for name, text in bytes_of(folder).items() if name.endswith("result.json")}
        for folder in (whole, halved)
    ]
    assert results[0] == results[1] and len(results[0]) > 10


def test_a_lost_bound_alone_is_measured_again(tmp_path, measured):
    bench(tmp_path / "results")
    first = bytes_of(tmp_path / "results")
    shutil.rmtree(tmp_path / "results" / "permanence@3" / "grey")
    measured.clear()
    bench(tmp_path / "results")
    assert measured == ["grey"]
    assert bytes_of(tmp_path / "results").keys() == first.keys()


@pytest.mark.parametrize("change", [{"seed": 1}, {"samples": 2}], ids=str)
def test_another_question_is_measured(change, tmp_path, measured):
    bench(tmp_path / "results")
    measured.clear()
    bench(tmp_path / "results", **change)
    assert "still" in measured


def test_other_code_of_the_same_name_is_measured(tmp_path, measured, monkeypatch):
    bench(tmp_path / "results")
    measured.clear()
    monkeypatch.setattr(entries, "_source", lambda model: {"source": "other code"})
    bench(tmp_path / "results")
    assert measured == ["still"]
