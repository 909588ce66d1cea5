"""`worldsim worlds` says of every world what its Scene says."""

import pytest

from worldsim_envs import SCENES
from worldsim_envs.listing import entry, worlds
from worldsim_envs.scene import find


@pytest.mark.parametrize("name", SCENES)
def test_every_world_is_listed_with_what_it_has(name):
    said, scene = entry(name, SCENES[name]), find(SCENES[name].where)
    first, about, *_ = said.split("\n")
    assert first == f"worldsim_envs:{name}" and len(about) > 20 and about.endswith(".")
    assert f"{SCENES[name].steps}, at {scene.fps:g} Hz" in said
    assert all(part in said for part in (*scene.families, *scene.templates, *scene.ranges))


def test_all_are_listed_or_those_that_are_asked_for(capsys):
    worlds()
    assert capsys.readouterr().out.count("worldsim_envs:worldsim/") == len(SCENES)
    worlds("falling")
    assert capsys.readouterr().out.startswith("worldsim_envs:worldsim/Falling-v0\n")
    with pytest.raises(ValueError, match="there is no world with 'nowhere' in its id; there are: worldsim/Hidden-v0"):
        worlds("nowhere")
