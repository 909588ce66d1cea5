"""The docs run: every example, every command, every link; and they leave nothing out."""

import re
from pathlib import Path

import pages
import pytest

from worldsim_benchmarks.benchmark import SPLITS, title
from worldsim_benchmarks.catalogue import BENCHMARKS
from worldsim_benchmarks.contestants import CEILING, REPLAY, TRIVIAL, TRIVIAL_ON_TWINS
from worldsim_benchmarks.dealt import DEALT, DRAWN
from worldsim_benchmarks.ladder import CHANCES, EXPECTED, RULES, RUNGS
from worldsim_benchmarks.startled import BLANK, KNOWS

PAGES = pages.pages("C*.md", "docs/**/*.md", "envs/*.md", "benchmarks/*.md", "experiments/*.md")
PACKAGES = (pages.ROOT / "worldsim", pages.ROOT / "envs/worldsim_envs", pages.ROOT / "benchmarks/worldsim_benchmarks")


def name(path: Path) -> str:
    return str(path.relative_to(pages.ROOT))


@pytest.mark.parametrize("path", [path for path in PAGES if pages.runnable(path.read_text())], ids=name)
def test_the_page_runs(path, tmp_path, monkeypatch):
    monkeypatch.setitem(SPLITS, "quick", (1_000_000, 2))
    pages.run(path.read_text(), tmp_path, monkeypatch)


@pytest.mark.parametrize("path", PAGES, ids=name)
def test_its_commands_are_right_and_its_links_lead_somewhere(path):
    assert pages.faults(path.read_text()) == []
    assert pages.dead_links(path) == []


def test_every_module_is_in_the_api():
    modules = {
        ".".join(path.relative_to(package.parent).with_suffix("").parts)
        for package in PACKAGES
        for path in package.rglob("*.py")
        if path.name != "__init__.py"
    }
    assert set(re.findall(r"^::: (\S+)$", (pages.ROOT / "docs/api.md").read_text(), re.MULTILINE)) == modules


@pytest.mark.parametrize("benchmark", BENCHMARKS)
def test_every_benchmark_shows_the_ladder_that_it_has(benchmark):
    """The rows, their rules and the version; the numbers are the contract suite's."""
    page = (pages.ROOT / f"docs/benchmarks/{benchmark}.md").read_text()
    shown = re.findall(r"^\| (.+?) \| -?\d\S* \| -?\d\S* \| (.+?) \| yes \|(?:[^|\n]*\|)*$", page, re.MULTILINE)
    surprise = RUNGS[benchmark] is EXPECTED
    oracles = (KNOWS, KNOWS) if surprise else (DEALT, DRAWN) if RUNGS[benchmark] is CHANCES else (REPLAY, CEILING)
    blank = BLANK if surprise else TRIVIAL + TRIVIAL_ON_TWINS
    rows = [(one.name, rule) for one, rule in zip(oracles, ("perfect", "ceiling"), strict=True)]
    rows += [(one.name, "trivial") for one in blank if one.name in dict(shown)]
    for rung in RUNGS[benchmark]:
        rows += [(f"{rung.name} {severity:g}".removesuffix(" 0"), rung.rule) for severity in rung.severities]
    assert shown == [(row, RULES[rule]) for row, rule in rows]
    assert {one.name for one in (BLANK if surprise else TRIVIAL)} <= set(dict(shown))
    assert f"\n{title(BENCHMARKS[benchmark]())}, " in page


WRONG = {
    "there is no command": "```bash\nworldsim recrod CartPole-v1\n```",
    "not accepted": "```bash\nworldsim fit runs/a runs/b \\\n  --stpes 3\n```",
    "no part": "```console\n$ worldsim data shwo runs/a\n```",
    "there is no target dmeo": "```bash\nmake dmeo MINUTES=3\n```",
    "there is no experiments/nothing.py": "```bash\ncd worldsim && python experiments/nothing.py\n```",
    "there is no module worldsim.nothing": "- so:\n\n  ```bash\n  python -m worldsim.nothing\n  ```",
    "there is no tests/nothing.py": "```bash\npytest tests/nothing.py::test_it  # a remark\n```",
    "worldsin is not a program": "```bash\nworldsin --help\n```",
}


@pytest.mark.parametrize("sentence", WRONG)
def test_a_wrong_command_is_found(sentence):
    [fault] = pages.faults(WRONG[sentence])
    assert sentence in fault


@pytest.mark.parametrize(
    "line",
    [
        "make demo MINUTES=3",
        "worldsim record CartPole-v1 --out runs/a  # four episodes",
        "PYTHONPATH=. worldsim bench my_model:Model",
        'worldsim bench "[a,still]" --benchmarks "[fidelity]"',
        "worldsim fit --config runs/a/config.yaml --steps 4",
        "worldsim --help",
        "git clone https://example.org/a && cd a",
    ],
)
def test_a_right_command_is_let_through(line):
    assert pages.faults(f"```bash\n{line}\n```") == []


def test_a_dead_link_is_found_and_code_is_no_link(tmp_path):
    page = tmp_path / "page.md"
    page.write_text("[a](page.md#part) [b](nothing.md) ![c](no.png) [d](https://a.org)\n\n```python\nx[0](y.md)\n```\n")
    assert pages.dead_links(page) == ["nothing.md", "no.png"]


def test_a_page_is_run_in_order_in_one_namespace(tmp_path, monkeypatch):
    page = """
```python title="told_here.py"
TOLD = 3
```
```python no-run
this is not Python
```
```python
from pathlib import Path
Path("seen").write_text(str(TOLD + 1))
```
"""
    pages.run(page, tmp_path, monkeypatch)
    assert (tmp_path / "seen").read_text() == "4"
    with pytest.raises(ZeroDivisionError):
        pages.run("```python\n1 / 0\n```", tmp_path, monkeypatch)
    with pytest.raises(AssertionError, match="ended with 2"):
        pages.run("```bash\nworldsim data show nothing\n```", tmp_path, monkeypatch)
