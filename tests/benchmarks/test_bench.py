"""Who may take part in `worldsim bench`, and how they are named."""

import pytest
import torch
import toy_twins

from worldsim.codec.autoencoder import Autoencoder
from worldsim.codec.pixel import Pixel
from worldsim.models import checkpoint
from worldsim.models.diffusion_world import DiffusionWorld
from worldsim_benchmarks.bench import usable
from worldsim_benchmarks.entries import Returned, entry, on_the_board, returned
from worldsim_benchmarks.permanence import Permanence
from worldsim_benchmarks.run import Entry, run

MODEL = '''
class Frozen:
    """The last frame, for ever."""

    def watch(self, seen, taken):
        return seen[:, -1:]

    def imagine(self, memory, plan, *, generator):
        return memory.expand(-1, plan.shape[1], -1, -1, -1), memory


class Nothing:
    """No world model."""
'''


@pytest.fixture
def here(tmp_path, monkeypatch):
    (tmp_path / "my_own_model.py").write_text(MODEL)
    monkeypatch.syspath_prepend(tmp_path)


def test_a_class_of_ones_own_is_scored_like_the_baseline_it_equals(here):
    twins = [toy_twins.twins(number) for number in range(2)]
    entries = [entry("my_own_model:Frozen", 4), entry("still", 4)]
    results = {each.contestant: each for each in run(Permanence(), twins, entries, split="toy", size=64)}
    assert results["my_own_model:Frozen"].cases == results["still"].cases == results["copy-last"].cases


def test_a_size_at_which_nothing_can_be_judged_is_refused():
    assert usable(Permanence(), None) == 64
    assert usable(Permanence(), 128) == 128
    with pytest.raises(ValueError, match=r"permanence@3 cannot be judged at 96 px; --size can be: 64, 128, 256"):
        usable(Permanence(), 96)


def test_a_model_of_latents_is_shown_beside_its_codec(tmp_path):
    """A codec that keeps all gives back the truth; one that keeps little costs what it costs."""
    torch.manual_seed(0)
    sizes = {"patch": 4, "width": 16, "depth": 2, "heads": 2, "kv_heads": 1}
    codec = Autoencoder(channels=4, downscale=4, width=8)
    checkpoint.save(DiffusionWorld(1, codec=codec, **sizes), tmp_path / "latents", "a card")
    checkpoint.save(DiffusionWorld(1, **{**sizes, "patch": 16}), tmp_path / "pixels", "a card")
    assert returned(entry(str(tmp_path / "pixels"), 4)) == returned(entry("still", 4)) == []
    (row,) = returned(entry(str(tmp_path / "latents"), 4))
    assert (row.contestant.name, row.kind) == ("replay, through the codec of latents", "oracle")
    twins = [toy_twins.twins(number) for number in range(2)]
    whole = Entry(Returned("whole", Pixel(2)), "oracle")
    scores = {each.contestant: each.raw for each in run(Permanence(), twins, [row, whole], split="toy", size=64)}
    assert scores["replay, through the codec of whole"] == scores["replay"] > scores[row.contestant.name]


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("my_own_modle:Frozen", "no module 'my_own_modle'"),
        ("my_own_model:Frozn", "has no 'Frozn'"),
        ("my_own_model:Nothing", "is no WorldModel"),
    ],
)
def test_who_cannot_take_part_is_told_why(here, name, says):
    with pytest.raises(ValueError, match=says):
        entry(name, 4)


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("runs/a/model", "a"),
        ("runs/a", "a"),
        ("still", "still"),
        ("runs/a/model/", "a"),
        ("runs/micro/model", "micro"),
        ("worldsim/micro", "worldsim/micro"),
    ],
)
def test_a_checkpoint_is_named_after_its_run(path, name):
    assert on_the_board(path) == name
