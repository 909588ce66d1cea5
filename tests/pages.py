"""Markdown pages as programs: their blocks, commands and links, what is wrong with them, and a way to run them.

A page is run from its first block to its last, in one folder and one namespace:

    ```python                       runs
    ```python title="my_model.py"   is written to that file, then imported from it
    ```python no-run                is shown and not run; so is bash
    ```bash, ```console             each `worldsim` command runs, made small (`SMALL`)

Commands are checked without running them too: that flags are accepted, and that targets, files and modules are there.
"""

import importlib
import importlib.util
import re
import shlex
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
from jsonargparse import capture_parser

from worldsim.cli import commands as installed
from worldsim.cli import main, named

ROOT = Path(__file__).parents[1]

SMALL: dict[str, str | None] = {
    "record": "--episodes 4 --steps 20 --size 32 --workers 1",
    "fit": "--steps 3 --batch 2 --frames 6 --preview_every 3 --threads 1",
    "data": "",
    "imagine": "",
    "bench": "--benchmarks fidelity",
    "board": "",
    "export": None,  # these need answers, and a secret
    "answer": None,
    "validate": None,
    "score": None,
    "compare": None,  # needs results of two models
    "ladder": None,  # run by the contract suite of benchmarks
    "demo": None,  # takes minutes
    "malmo-serve": None,  # serves until it is told to stop
}
"""What is added to each command when a page is run; None: it is checked and not run."""

OTHERS = {"cd", "git", "head", "lint-imports", "mkdocs", "pip", "pre-commit", "pyright", "ruff"}
"""Programs that pages may name besides `worldsim`, `make`, `python` and `pytest`."""


class Block(NamedTuple):
    """A fenced block: where it begins, its language, its marks, the file it shows, and what it says."""

    line: int
    language: str
    marks: tuple[str, ...]
    title: str
    text: str


def pages(*patterns: str) -> list[Path]:
    """The pages of the repository under these patterns, in order."""
    return sorted(path for pattern in patterns for path in ROOT.glob(pattern))


def blocks(page: str) -> list[Block]:
    """All fenced blocks of a page; those within lists are unindented."""
    found, lines = [], page.splitlines()
    at = 0
    while at < len(lines):
        fence = re.match(r"^( *)```(\S*)(.*)$", lines[at])
        at += 1
        if fence is None:
            continue
        begin = at
        while lines[at].strip() != "```":
            at += 1
        title = re.search(r'title="([^"]+)"', fence[3])
        marks = tuple(re.sub(r'title="[^"]+"', "", fence[3]).split())
        text = textwrap.dedent("\n".join(lines[begin:at])) + "\n"
        found.append(Block(begin, fence[2], marks, title[1] if title else "", text))
        at += 1
    return found


def commands(block: Block) -> Iterator[list[str]]:
    """The commands of a shell block as words, comments and assignments before the program left out."""
    lines = block.text.replace("\\\n", " ").splitlines()
    if block.language == "console":
        lines = [line.removeprefix("$ ") for line in lines if line.startswith("$ ")]
    for line in lines:
        words = shlex.split(line, comments=True)
        while words:
            end = words.index("&&") if "&&" in words else len(words)
            command, words = words[:end], words[end + 1 :]
            while command and re.match(r"^[A-Z_]+=", command[0]):
                command.pop(0)
            if command:
                yield command


def shells(page: str) -> Iterator[tuple[Block, list[str]]]:
    """Every command of a page, with its block."""
    for block in blocks(page):
        if block.language in ("bash", "console"):
            for command in commands(block):
                yield block, command


def faults(page: str) -> list[str]:
    """What is wrong with a page's commands: a sentence each."""
    return [
        f"line {block.line}: {' '.join(command)}: {wrong}"
        for block, command in shells(page)
        if (wrong := fault(command))
    ]


def fault(command: list[str]) -> str:
    """What is wrong with a command without running it; nothing where it is right."""
    program, *rest = command
    match Path(program).name:
        case "worldsim":
            return misparsed(rest)
        case "make":
            return ", ".join(f"there is no target {word}" for word in rest if "=" not in word and word not in targets())
        case "python" | "python3":
            if rest[0] == "-m":
                return "" if importlib.util.find_spec(rest[1]) else f"there is no module {rest[1]}"
            return absent(rest[:1])
        case "pytest":
            return absent([word.partition("::")[0] for word in rest if word.startswith("tests")])
        case name:
            return "" if name in OTHERS else f"{name} is not a program that pages name"


def misparsed(arguments: list[str]) -> str:
    """What the door would say of arguments to `worldsim`, were they given to it."""
    name, *rest = arguments or ["--help"]
    if name in ("-h", "--help"):
        return ""
    if name not in installed():
        return f"there is no command {name}"
    command = installed()[name].load()
    if isinstance(command, dict):
        part = rest.pop(0) if rest else ""
        if part not in command:
            return f"{name} has no part {part!r}"
        command = command[part]
    if "--help" in rest:
        return ""
    if "--config" in rest:  # a file that a run wrote; the flags beside it are looked at alone
        at = rest.index("--config")
        rest = [*rest[:at], *rest[at + 2 :], "--print_config"]
    parser = capture_parser(lambda: main(arguments))
    try:
        parser.parse_args(named(command, list(rest)))
    except SystemExit as stopped:
        return "" if stopped.code in (0, None) else "its arguments are not accepted"
    return ""


def targets() -> set[str]:
    """What `make` can make."""
    return set(re.findall(r"^([a-z][a-z-]*):", (ROOT / "Makefile").read_text(), re.MULTILINE))


def absent(names: list[str]) -> str:
    """Which of these files are not in the repository."""
    return ", ".join(f"there is no {name}" for name in names if not (ROOT / name).exists())


def dead_links(path: Path) -> list[str]:
    """Relative links and pictures that lead nowhere."""
    prose = re.sub(r"^( *)```.*?^\1```", "", path.read_text(), flags=re.MULTILINE | re.DOTALL)
    linked = re.findall(r"\]\(([^)\s]+)\)|(?:src|href)=\"([^\"]+)\"", prose)
    relative = [one or other for one, other in linked if not re.match(r"^(https?:|mailto:|#)", one or other)]
    return [link for link in relative if not (path.parent / link.partition("#")[0]).exists()]


def runnable(page: str) -> list[Block]:
    """The blocks of a page that can be run."""
    return [
        each for each in blocks(page) if each.language in ("python", "bash", "console") and "no-run" not in each.marks
    ]


def run(page: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Run a page in a folder, which is made the working directory and is searched for modules.

    Raises:
        AssertionError: Where a command ends with another exit code than 0.
    """
    monkeypatch.chdir(folder)
    monkeypatch.syspath_prepend(folder)
    names: dict[str, object] = {"__name__": "page"}
    for block in runnable(page):
        if block.language != "python":
            for command in commands(block):
                run_command(command)
            continue
        text = block.text
        if block.title:
            module = Path(block.title).stem
            (folder / block.title).write_text(text)
            monkeypatch.delitem(sys.modules, module, raising=False)
            importlib.invalidate_caches()
            text = f"from {module} import *"
        exec(compile("\n" * block.line + text, "page", "exec"), names)  # a traceback names the line of the page


def run_command(command: list[str]) -> None:
    """Run a `worldsim` command small, where there is a small one."""
    program, *rest = command
    small = SMALL.get(rest[0]) if program == "worldsim" and rest else None
    if small is None or "--help" in rest:
        return
    code = main([*rest, *shlex.split(small)])
    assert code == 0, f"{' '.join(command)} ended with {code}"
