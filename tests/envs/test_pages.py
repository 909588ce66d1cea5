"""The docs say of each world what its docstring says."""

from pathlib import Path

import pytest

from worldsim_envs import SCENES
from worldsim_envs.scene import find
from worldsim_envs.sheet import asked, indexed, page, stem

DOCS = Path(__file__).parents[2] / "docs" / "worlds"
PERMANENCE = {
    "M": ("OCC", "TUN", "CUR", "CON", "SHL", "CNT", "CAM", "CRD", "VAN"),
    "V": ("LOOK", "PLACE", "BREAK", "WALL", "BURY", "LAVA", "NIGHT", "LONG"),
}
CAUSES = {
    "M": ("COL", "DOM", "SUP", "RMP", "LEV", "PSH", "DOSE", "BITE", "RIG", "NOP", "PLC"),
    "V": ("BRK", "PLC", "GRV", "WAT", "BTN", "TNT", "NOP", "PLA"),
}
CAMERAS = ("STA", "YAW", "PIT", "TRL", "DOL", "ORB", "SQR", "RVS")
"""What is to be asked of worlds, in MuJoCo and among blocks."""
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


def test_every_family_is_asked_somewhere_and_the_index_says_where():
    there = {code.partition("/")[0] for listed in SCENES.values() for code in find(listed.where).families}
    for suite in ("M", "V"):
        assert {f"{suite}-{name}" for name in (*PERMANENCE[suite], *CAUSES[suite], *CAMERAS)} <= there
    index = (DOCS / "index.md").read_text()
    assert asked() in index
    assert indexed(index) == index, "python -m worldsim_envs.sheet docs/worlds writes it again"
    assert indexed(index.replace("| M-OCC |", "| M-OLD |")) == index
