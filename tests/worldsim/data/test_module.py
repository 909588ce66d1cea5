import lightning as L
import numpy as np
import pytest
import torch
from made_up import episode, equal, told

from worldsim.data.module import ClipModule
from worldsim.data.writer import write_episodes


@pytest.fixture(scope="module")
def dataset(tmp_path_factory):
    path = tmp_path_factory.mktemp("module")
    write_episodes(path, [episode(seed, 20) for seed in range(20)])
    return path


class Watcher(L.LightningModule):
    """Learns nothing; remembers which batches it was given."""

    def __init__(self):
        super().__init__()
        self.weight = torch.nn.Parameter(torch.zeros(()))
        self.trained, self.validated = [], []

    def training_step(self, batch, index):
        self.trained.append(batch)
        return self.weight * batch.frames.mean()

    def validation_step(self, batch, index):
        self.validated.append(batch)

    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters(), lr=0.1)


def fit(path, folder, steps, resume=None, **settings):
    watcher = Watcher()
    trainer = L.Trainer(
        max_steps=steps,
        val_check_interval=2,
        check_val_every_n_epoch=None,
        accelerator="cpu",
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        default_root_dir=folder,
    )
    module = ClipModule(path, frames=4, batch=4, **settings)
    trainer.fit(watcher, datamodule=module, ckpt_path=resume)
    trainer.save_checkpoint(folder / f"{steps}.ckpt", weights_only=False)
    return watcher, module


@pytest.mark.parametrize("workers", [0, 2])
@pytest.mark.filterwarnings("ignore")
def test_a_resumed_run_is_given_the_batches_it_had_not_had(dataset, tmp_path, workers):
    straight, _ = fit(dataset, tmp_path, 7)
    begun, _ = fit(dataset, tmp_path, 3, workers=workers)
    resumed, _ = fit(dataset, tmp_path, 7, resume=tmp_path / "3.ckpt", workers=workers)
    assert len(begun.trained) == 3 and len(resumed.trained) == 4
    for one, other in zip(straight.trained, begun.trained + resumed.trained, strict=True):
        assert equal(one, other)
    assert torch.equal(straight.weight, resumed.weight)


@pytest.mark.filterwarnings("ignore")
def test_another_fit_begins_anew(dataset, tmp_path):
    first, module = fit(dataset, tmp_path, 3)
    module.setup("fit")
    assert equal(next(iter(module.train_dataloader())), first.trained[0])


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("change", [{"seed": 1}, {"batch": 2}, {"frames": 5}, {"held_out": 0.4}])
def test_a_run_does_not_go_on_with_other_batches(dataset, change):
    one, other = ClipModule(dataset, frames=4), ClipModule(dataset, **{"frames": 4, **change})
    one.setup()
    other.setup()
    with pytest.raises(ValueError, match=r"was trained with .* use the same to resume"):
        other.load_state_dict(one.state_dict())


def test_what_is_held_out_is_never_trained_on_and_always_the_same(dataset):
    module, other = ClipModule(dataset, frames=4, held_out=0.2), ClipModule(dataset, frames=4, held_out=0.2, seed=5)
    for part in (module, other):
        part.setup()
    held_out = set(module.held_out_episodes)
    assert len(held_out) == 4 and module.held_out_episodes == other.held_out_episodes
    trained, validated = set(), set()
    for _, batch in zip(range(40), module.train_dataloader(), strict=False):
        trained |= set(told(batch)[0].flatten().tolist())
    for batch in module.val_dataloader():
        validated |= set(told(batch)[0].flatten().tolist())
    assert trained.isdisjoint(held_out) and validated == held_out
    for one, again in zip(module.val_dataloader(), other.val_dataloader(), strict=True):
        assert equal(one, again)


def test_it_says_what_a_model_has_to_know(dataset):
    module = ClipModule(dataset)
    module.setup()
    assert (module.actions, module.sizes, module.rates) == (2, [(16, 16)], [20.0])
    shown = module.store[module.held_out_episodes[0]]
    assert np.array_equal(shown.frames, episode(module.held_out_episodes[0], 20).frames)


@pytest.mark.parametrize(
    "settings, says",
    [
        ({"batch": 0}, "batch came as 0"),
        ({"held_out": 1.0}, "held_out came as 1.0"),
        ({"frames": 1}, "frames came as 1"),
    ],
)
def test_bad_input_is_one_sentence(dataset, settings, says):
    with pytest.raises(ValueError, match=says):
        ClipModule(dataset, **settings).setup()


def test_one_episode_is_too_few(tmp_path):
    write_episodes(tmp_path, [episode()])
    with pytest.raises(ValueError, match="has 1 episode; one to train with and one to hold out"):
        ClipModule(tmp_path).setup()
