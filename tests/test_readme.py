"""The README runs: the first thing a visitor tries is the last thing that breaks."""

import pages
import pytest

from worldsim.cli import main
from worldsim_benchmarks.benchmark import SPLITS

README = pages.ROOT / "README.md"


def test_it_runs_from_the_first_block_to_the_last(tmp_path, monkeypatch):
    monkeypatch.setitem(SPLITS, "quick", (1_000_000, 2))
    pages.run(README.read_text(), tmp_path, monkeypatch)


def test_its_commands_are_right_and_its_links_lead_somewhere():
    assert pages.faults(README.read_text()) == []
    assert pages.dead_links(README) == []


def test_it_names_the_two_commands_that_a_visitor_needs():
    named = [command for _, command in pages.shells(README.read_text())]
    assert ["make", "demo"] in named and ["make", "test"] in named


@pytest.mark.slow
def test_the_demo_makes_what_the_readme_promises(tmp_path):
    assert main(["demo", "--minutes", "1", "--out", str(tmp_path / "demo")]) == 0
    for made in ("report.html", "results/board.html", "*/model/model.safetensors", "data/meta/info.json"):
        assert [path for path in (tmp_path / "demo").glob(made) if path.stat().st_size], made
