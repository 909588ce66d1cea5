"""What is done to a model from outside changes how it learns, and not what."""

import copy
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from prepared import batches, example, learned
from safetensors.torch import load_file
from toy_episodes import write_noise

from worldsim.codec.autoencoder import Autoencoder
from worldsim.training.fit import fit
from worldsim.training.prepare import check_compiler, recompute

RUN = {"frames": 4, "batch": 2, "steps": 3, "window": 4, "patch": 16, "threads": 1}


@pytest.fixture(scope="module")
def recorded(tmp_path_factory) -> Path:
    return write_noise(tmp_path_factory.mktemp("data") / "episodes", steps=7)


@pytest.mark.parametrize("batch", batches(), ids=lambda batch: type(batch).__name__)
def test_what_is_computed_again_gives_the_same_gradients_to_the_bit(batch):
    model = example()
    loss, gradients = learned(copy.deepcopy(model), batch)
    runs = []
    model.transformer.blocks[0].mlp.register_forward_hook(lambda *_: runs.append(torch.is_grad_enabled()))
    before = model.state_dict().keys()
    recompute(model)
    assert model.state_dict().keys() == before
    again, found = learned(model, batch)
    assert sum(runs) == 2 and len(runs) > 3, "once to learn, and once more; besides, to teach itself"
    assert torch.equal(again, loss) and found.keys() == gradients.keys()
    assert all(torch.equal(found[name], wanted) for name, wanted in gradients.items())


@pytest.mark.parametrize("backend", ["aot_eager", pytest.param("inductor", marks=pytest.mark.slow)])
def test_compiled_blocks_learn_the_same_and_no_pack_is_compiled_again(backend, recorded, tmp_path):
    """Nearly the same, recomputed or not, resumed or not; see `prepared.py`."""
    command = [sys.executable, str(Path(__file__).parents[1] / "prepared.py"), backend, str(recorded), str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=600, check=False)
    assert done.returncode == 0, done.stderr[-3000:]


def test_a_run_with_checkpointing_ends_where_one_without_does(recorded, tmp_path):
    fit(str(recorded), str(tmp_path / "plain"), **RUN)
    fit(str(recorded), str(tmp_path / "less"), **RUN, checkpointing=True)
    plain, less = (load_file(tmp_path / run / "model" / "model.safetensors") for run in ("plain", "less"))
    assert plain.keys() == less.keys() and all(torch.equal(plain[name], less[name]) for name in plain)


def test_where_nothing_compiles_it_is_said_before_a_run_begins(recorded, tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("CXX", raising=False)
    with pytest.raises(ValueError, match=r'compile="blocks" needs a C\+\+ compiler.*leave compile out'):
        check_compiler()
    with pytest.raises(ValueError, match="needs a C"):
        fit(str(recorded), str(tmp_path / "run"), **RUN, compile="blocks")
    assert not (tmp_path / "run").exists()


def test_a_codec_has_no_blocks_to_prepare(tmp_path):
    with pytest.raises(ValueError, match="checkpointing=True and compile=None came for a codec"):
        fit(str(tmp_path), str(tmp_path / "run"), model=Autoencoder(), checkpointing=True)
