"""A secret split asks about worlds that nobody can look up, and gives nothing of them away."""

from dataclasses import replace
from itertools import islice

import pytest
import toy_twins

from worldsim_benchmarks import kept
from worldsim_benchmarks.benchmark import SPLITS
from worldsim_benchmarks.permanence import Permanence
from worldsim_benchmarks.secret import BEYOND, commitment, whole


@pytest.fixture
def secret(tmp_path):
    (tmp_path / "secret").write_bytes(bytes(range(32)))
    return tmp_path / "secret"


def test_a_secret_decides_worlds_of_its_own(secret):
    split = whole("test", secret, Permanence())
    first, wanted = SPLITS[split]
    assert wanted == 400 and first >= BEYOND and split == whole("test", secret, Permanence())

    assert whole("test", secret, Permanence(version=99)) != split
    before = commitment(secret)
    secret.write_bytes(bytes(range(1, 33)))
    assert whole("test", secret, Permanence()) != split and commitment(secret) != before


def test_worlds_can_be_made_of_such_seeds(secret):
    [twins] = islice(Permanence().twins(whole("test", secret, Permanence()), size=32), 1)
    assert len(twins.cases) == 2


def test_no_name_tells_the_seed(secret, tmp_path, monkeypatch):
    class Toy(Permanence):
        def twins(self, split, *, size):
            first, _ = SPLITS[split]
            for number in range(2):
                yield replace(toy_twins.twins(number), name=f"toy/{first + number}")

    monkeypatch.setattr(kept, "_drawn_by", lambda: "a hand")
    split = whole("test", secret, Toy())
    twins = kept.kept(Toy(), split, size=64, folder=tmp_path / "truth")
    assert [each.name for each in twins] == ["toy/000000", "toy/000001"]
    assert [case.name for case in twins[1].cases] == ["toy/000001/present", "toy/000001/absent"]
    assert not [path for path in tmp_path.rglob("*") if str(SPLITS[split][0])[:8] in path.name]


def test_a_test_without_a_good_secret_is_refused(tmp_path):
    with pytest.raises(ValueError, match="no --secret FILE"):
        whole("test", None, Permanence())
    with pytest.raises(FileNotFoundError, match="there is no secret"):
        whole("test", tmp_path / "nothing", Permanence())
    (tmp_path / "short").write_bytes(b"1234")
    with pytest.raises(ValueError, match="has 4 bytes"):
        whole("test", tmp_path / "short", Permanence())
    with pytest.raises(ValueError, match="there is no split 'huge'"):
        whole("huge", None, Permanence())
