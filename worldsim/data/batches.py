"""What each training step is given: which windows are drawn for it, and how they become a batch or a pack.

All of it is a pure function of a seed and the number of the step, so a resumed run goes on with what it had not had.
"""

from collections import deque
from collections.abc import Iterator, Mapping
from itertools import count, islice
from typing import NamedTuple

import numpy as np
from jaxtyping import Int
from torch.utils.data import IterableDataset, get_worker_info

from worldsim.data.clips import Windows
from worldsim.types import Clip, Pack


class Drawn(NamedTuple):
    """Windows of one length, drawn for one step."""

    cut: Windows
    windows: Int[np.ndarray, " b"]


class Draws:
    """The windows of every step, drawn at random. Each step has about as many frames.

    Args:
        clips: Where windows are drawn from.
        batch: Clips of a step.
        seed: Decides all of them.
        singles: The share of frames that are drawn one by one and stand alone: a picture teaches what is to be seen at
            a small cost.
        long: Frames of the clips of every second step, which has fewer of them; None where all steps are alike.

    Raises:
        ValueError: Where `singles` is no share below 1, or long clips are not longer.

    Source: Hafner et al. 2025, "Dreamer 4", who alternate short and long batches, and learn from single frames besides.
    """

    def __init__(self, clips: Windows, batch: int, seed: int = 0, singles: float = 0.0, long: int | None = None):
        if not 0 <= singles < 1:
            raise ValueError(f"singles came as {singles}; it is a share of the frames, from 0 to below 1: 0.3 is usual")
        if long is not None and long <= clips.frames:
            raise ValueError(f"long came as {long} beside clips of {clips.frames} frames; long ones have more")
        self.clips, self.batch, self.seed, self.singles = clips, batch, seed, singles
        self.long = None if long is None else clips.cut(long)
        self.alone = clips.cut(1) if singles else None

    @property
    def cuts(self) -> list[Windows]:
        """The windows of all lengths that are drawn from."""
        return [cut for cut in (self.clips, self.long, self.alone) if cut is not None]

    def of(self, step: int, rank: int = 0, ranks: int = 1) -> list[Drawn]:
        """What is drawn for one step, in one of several processes that train together."""
        rng = np.random.default_rng((self.seed, step * ranks + rank))
        cut = self.long if self.long is not None and step % 2 else self.clips
        frames = self.batch * self.clips.frames
        rows = max(1, round((1 - self.singles) * frames / cut.frames))
        drawn = [Drawn(cut, rng.integers(len(cut), size=rows))]
        if self.alone is not None and (left := frames - rows * cut.frames) > 0:
            drawn.append(Drawn(self.alone, rng.integers(len(self.alone), size=left)))
        return drawn


class Batches(IterableDataset):
    """Batches without end.

    Args:
        draws: What is drawn for each.
        start: The first batch to give; the number of batches that a run has had before it goes on.
        rank: Which of several training processes this is; each draws its own.
        ranks: How many there are.
    """

    def __init__(self, draws: Draws, start: int = 0, rank: int = 0, ranks: int = 1):
        self.draws, self.start, self.rank, self.ranks = draws, start, rank, ranks

    def __iter__(self) -> Iterator[Clip | Pack]:
        """From `start` on. Several workers take turns, as their loader does."""
        first, stride = turns()
        for step in count(self.start + first, stride):
            yield self[step]

    def __getitem__(self, step: int) -> Clip | Pack:
        """The batch of one step; clips and single frames are a pack."""
        clips = [cut.clips(windows) for cut, windows in self.draws.of(step, self.rank, self.ranks)]
        return clips[0] if len(clips) == 1 else Pack(tuple(clips))


def turns() -> tuple[int, int]:
    """Which of several workers this is, and how many take turns."""
    worker = get_worker_info()
    return (worker.id, worker.num_workers) if worker else (0, 1)


class Budget(NamedTuple):
    """How much a pack holds.

    Attributes:
        tokens: At most, in all.
        side: Of a token in pixels.
        registers: Tokens of each frame that stand nowhere.
    """

    tokens: int
    side: int
    registers: int = 0

    def of(self, shape: tuple[int, int, int]) -> int:
        """Tokens of a clip of so many frames, height and width."""
        frames, height, width = shape
        return frames * (self.registers + (height // self.side) * (width // self.side))


class Piece(NamedTuple):
    """A clip on its way into a pack.

    Attributes:
        number: When it was drawn.
        cut: Windows of its length.
        window: Which of them.
        shape: Real frames, height and width.
        tokens: In all.
    """

    number: int
    cut: Windows
    window: int
    shape: tuple[int, int, int]
    tokens: int


class Packs(IterableDataset):
    """Packs without end: clips at their own sizes and lengths, as many as a pack holds.

    Windows wait in the order drawn. A pack begins with the one that waits longest and is made as full as can be, first
    come first served among those of one size; what does not fit is carried over to the next.

    Args:
        draws: Which windows wait.
        budget: How much a pack holds.
        start: The first pack to give, as of `Batches`.
        rank: As of `Batches`.
        ranks: As of `Batches`.
        ahead: How many packs' worth of windows wait at least, to choose from.

    Raises:
        ValueError: Where a clip alone is more than a pack.
    """

    def __init__(self, draws: Draws, budget: Budget, start: int = 0, rank: int = 0, ranks: int = 1, ahead: int = 4):
        self.draws, self.budget, self.start = draws, budget, start
        self.rank, self.ranks, self.ahead = rank, ranks, ahead
        for cut in draws.cuts:
            shapes = np.unique(cut.shapes(np.arange(len(cut))), axis=0).tolist()
            frames, height, width = max(map(tuple, shapes), key=budget.of)
            if (tokens := budget.of((frames, height, width))) > budget.tokens:
                raise ValueError(
                    f"a clip of {frames} frames of {height} x {width} has {tokens} tokens, and a pack holds "
                    f"{budget.tokens}: give pack={tokens} or more, or shorter clips"
                )

    def __iter__(self) -> Iterator[Pack]:
        """From `start` on. Each worker plans all packs, which takes little, and reads those of its turns."""
        first, stride = turns()
        begin = (self.start + first) * self.ranks + self.rank
        for pieces in islice(self.plan(), begin, None, stride * self.ranks):
            yield self.read(pieces)

    def plan(self) -> Iterator[list[Piece]]:
        """What lies in each pack, from the first on."""
        waiting: dict[int, deque[Piece]] = {}
        number = step = held = 0
        while True:
            while held < self.ahead * self.budget.tokens:
                for cut, windows in self.draws.of(step):
                    for window, shape in zip(windows.tolist(), map(tuple, cut.shapes(windows).tolist()), strict=True):
                        piece = Piece(number, cut, window, shape, self.budget.of(shape))
                        waiting.setdefault(piece.tokens, deque()).append(piece)
                        number, held = number + 1, held + piece.tokens
                step += 1
            oldest = min((line[0].number, tokens) for tokens, line in waiting.items() if line)[1]
            chosen, room = [waiting[oldest].popleft()], self.budget.tokens - oldest
            for tokens, fit in fullest(room, {tokens: len(line) for tokens, line in waiting.items()}).items():
                chosen += [waiting[tokens].popleft() for _ in range(fit)]
            held -= sum(piece.tokens for piece in chosen)
            yield chosen

    def read(self, pieces: list[Piece]) -> Pack:
        """The clips of a pack, those of one shape together."""
        alike: dict[tuple[int, ...], list[Piece]] = {}
        for piece in pieces:
            alike.setdefault((*piece.shape, piece.cut.frames), []).append(piece)
        clips, spare = [], self.budget.tokens
        for (frames, *_), some in sorted(alike.items()):
            clips.append(some[0].cut.clips(np.array([piece.window for piece in some]), frames))
            spare -= sum(piece.tokens for piece in some)
        return Pack(tuple(clips), spare)


def fullest(room: int, there: Mapping[int, int]) -> dict[int, int]:
    """How many to take of each size so that as little room as can be is left; of equally full choices, large ones.

    Args:
        room: What there is room for.
        there: How many there are of each size.

    Source: subset sums by dynamic programming, Bellman 1957; here a set of sums is the bits of one number.
    """
    sizes = sorted((size for size, many in there.items() if many and size <= room), reverse=True)
    reached = [1]  # bit s: the first so many sizes can fill s
    for size in sizes:
        sums, left, part = reached[-1], min(there[size], room // size), 1
        while left:  # 1, 2, 4 ... at a time, and what is left: any number up to all
            take = min(part, left)
            sums |= sums << size * take
            left, part = left - take, 2 * part
        reached.append(sums & ((1 << room + 1) - 1))
    filled, taken = reached[-1].bit_length() - 1, {}
    for size, before in zip(reversed(sizes), reversed(reached[:-1]), strict=True):
        taken[size] = next(many for many in range(there[size] + 1) if before >> filled - many * size & 1)
        filled -= taken[size] * size
    return taken
