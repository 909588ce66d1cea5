"""The docs say of each world what its docstring says."""

from pathlib import Path

import pytest

from worldsim_envs import SCENES
from worldsim_envs.sheet import page, stem

DOCS = Path(__file__).parents[2] / "docs" / "worlds"
HEADINGS = ("Description", "Actions", "Observations", "Start", "End", "Changes", "Expert", "Versions")


@pytest.mark.parametrize("name", SCENES)
def test_each_world_documents_itself_under_the_same_headings(name):
    text = page(name)
    places = [text.index(f"## {heading}") for heading in HEADINGS]
    assert places == sorted(places)


@pytest.mark.parametrize("name", SCENES)
def test_the_page_is_the_docstring(name):
    written = (DOCS / f"{stem(name)}.md").read_text()
    assert written == page(name), "python -m worldsim_envs.sheet docs/worlds writes it again"
    assert (DOCS / f"{stem(name)}.png").stat().st_size < 150_000
