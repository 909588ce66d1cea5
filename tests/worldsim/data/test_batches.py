"""What each step is given: clips of two lengths, frames that stand alone, and packs with nothing wasted."""

from itertools import islice, product
from operator import mul

import numpy as np
import pytest
from made_up import episode, equal, told
from torch.utils.data import DataLoader

from worldsim.data.batches import Batches, Budget, Draws, Packs, fullest
from worldsim.data.clips import ClipDataset
from worldsim.data.mixture import MixedClips, space_of
from worldsim.data.schema import Schema
from worldsim.data.store import EpisodeStore
from worldsim.data.writer import write_episodes
from worldsim.types import Pack

SIZES = {"square": (16, 16), "wide": (16, 40), "tall": (48, 24)}
BUDGET = Budget(tokens=400, side=8, registers=1)


@pytest.fixture(scope="module")
def paths(tmp_path_factory):
    """Three datasets of other sizes, with episodes from four frames to twenty."""
    folder = tmp_path_factory.mktemp("sizes")
    for number, (name, size) in enumerate(SIZES.items()):
        made = [episode(10 * number + index, steps, size, scene=f"{name}-v0") for index, steps in enumerate([3, 9, 19])]
        write_episodes(folder / name, made)
    return [folder / name for name in SIZES]


@pytest.fixture(scope="module")
def clips(paths) -> MixedClips:
    schema = Schema.of({f"{name}-v0": space_of(EpisodeStore(path)) for name, path in zip(SIZES, paths, strict=True)})
    return MixedClips([ClipDataset(path, 6) for path in paths], [f"{name}-v0" for name in SIZES], schema)


def test_by_default_a_step_is_what_it_always_was(paths):
    """Windows drawn evenly by the seed and the step alone, as many as a batch has."""
    clips = ClipDataset(paths[0], 6)
    for step in range(3):
        [one] = Draws(clips, 5, seed=3).of(step)
        assert one.cut is clips
        assert np.array_equal(one.windows, np.random.default_rng((3, step)).integers(len(clips), size=5))


def test_every_second_step_has_long_clips_and_as_many_frames(paths):
    clips = ClipDataset(paths[0], 4)
    batches = Batches(Draws(clips, 6, long=12))
    assert [tuple(batches[step].frames.shape[:2]) for step in range(4)] == [(6, 4), (2, 12), (6, 4), (2, 12)]
    for rank in range(2):
        both = Batches(Draws(clips, 6, long=12), rank=rank, ranks=2)
        assert [both[step].frames.shape[1] for step in range(4)] == [4, 12, 4, 12], "all processes at the same time"


@pytest.mark.parametrize(("batch", "share"), [(10, 0.3), (8, 0.5), (4, 0.75)])
def test_a_share_of_the_frames_stands_alone(paths, batch, share):
    pack = Batches(Draws(ClipDataset(paths[0], 6), batch, singles=share))[0]
    assert isinstance(pack, Pack)
    together, alone = pack.clips
    assert together.frames.shape[0] * 6 + len(alone.frames) == batch * 6
    assert abs(len(alone.frames) / (batch * 6) - share) <= 0.5 / batch
    assert alone.frames.shape[1] == 1 and alone.actions.shape[1:] == (0, 2) and alone.mask.all()


def test_a_pack_holds_whole_windows_at_their_own_size(clips):
    """No pixel is padded or resized, no frame is repeated, and what is left over is said."""
    packs = Packs(Draws(clips, 8, singles=0.2, long=12), BUDGET)
    seen = set()
    for pack in islice(packs, 40):
        used = 0
        for clip in pack.clips:
            rows, frames, _, height, width = clip.frames.shape
            seen.add((frames, height, width))
            used += rows * BUDGET.of((frames, height, width))
            of, at = told(clip)
            assert clip.mask.all() and (of == of[:, :1]).all() and (at.diff(dim=1) == 1).all()
            assert {list(SIZES.values())[number] for number in (of // 10).unique()} == {(height, width)}
        assert used + pack.spare == BUDGET.tokens and pack.spare >= 0
    assert {(6, 16, 16), (12, 48, 24), (1, 16, 40), (4, 16, 16), (10, 16, 16)} <= seen


def test_what_is_drawn_comes_once_and_in_time(clips):
    """All windows drawn are learned from, none twice, and none is put off for long."""
    packs = Packs(Draws(clips, 8, singles=0.2), BUDGET, ahead=3)
    plan = list(islice(packs.plan(), 300))
    numbers = [piece.number for pieces in plan for piece in pieces]
    assert len(set(numbers)) == len(numbers)
    assert set(range(max(numbers) - 1000)) <= set(numbers)
    drawn = [(cut.frames, window) for step in range(20) for cut, windows in packs.draws.of(step) for window in windows]
    first = {piece.number: (piece.cut.frames, piece.window) for pieces in plan for piece in pieces}
    assert all(first[number] == drawn[number] for number in range(len(drawn)))


def test_packs_go_on_as_never_having_stopped_whoever_reads_them(clips):
    draws = Draws(clips, 8, singles=0.2, long=12)
    straight = list(islice(Packs(draws, BUDGET), 9))
    assert all(map(same, islice(Packs(draws, BUDGET, start=4), 5), straight[4:]))
    for rank in range(2):
        assert all(map(same, islice(Packs(draws, BUDGET, rank=rank, ranks=2), 4), straight[rank::2]))
    loader = DataLoader(Packs(draws, BUDGET, start=2), batch_size=None, num_workers=2, multiprocessing_context="fork")
    assert all(map(same, islice(loader, 6), straight[2:]))


def same(one: Pack, other: Pack) -> bool:
    return one.spare == other.spare and all(equal(*both) for both in zip(one.clips, other.clips, strict=True))


@pytest.mark.parametrize("seed", range(20))
def test_no_choice_would_fill_a_pack_better(seed):
    random = np.random.default_rng(seed)
    there = {int(size): int(random.integers(0, 4)) for size in random.choice(np.arange(1, 30), 4, replace=False)}
    room = int(random.integers(0, 60))
    taken = fullest(room, there)
    assert all(0 <= many <= there[size] for size, many in taken.items())
    sums = {sum(map(mul, there, counts)) for counts in product(*(range(many + 1) for many in there.values()))}
    assert sum(size * many for size, many in taken.items()) == max(each for each in sums if each <= room)


@pytest.mark.parametrize("settings", [{}, {"singles": 0.3}, {"singles": 0.3, "long": 12}, {"long": 12}], ids=str)
def test_little_is_wasted(clips, settings):
    """Of three sizes, of short clips and long ones and single frames, half a percent of the tokens at most is empty."""
    packs = Packs(Draws(clips, 8, **settings), BUDGET._replace(tokens=4096))
    spare = [4096 - sum(piece.tokens for piece in pieces) for pieces in islice(packs.plan(), 200)]
    assert np.mean(spare) <= 0.005 * 4096


@pytest.mark.parametrize(
    ("settings", "says"),
    [({"singles": 1.0}, "singles came as 1.0"), ({"long": 6}, "long came as 6 beside clips of 6 frames")],
)
def test_bad_input_is_one_sentence(clips, settings, says):
    with pytest.raises(ValueError, match=says):
        Draws(clips, 8, **settings)
    with pytest.raises(ValueError, match="a clip of 12 frames of 48 x 24 has 228 tokens, and a pack holds 200"):
        Packs(Draws(clips, 8, long=12), BUDGET._replace(tokens=200))
