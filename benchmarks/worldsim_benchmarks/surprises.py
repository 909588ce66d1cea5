"""Surprise that was told elsewhere, as a table: `surprise.csv`, a row a film.

    episode_id,clip_id,surprise
    M-OCC/Hidden-v0/absent/000012,5be1...,0.731

An episode is a set of twins, the `group` of a bundle, and a clip one of its films. Surprise is one finite number, in
whatever unit, higher for what is less expected; who has a number for each frame tells their mean from the frame
`counts_from` on, counted among those that come. Nothing is dropped: a row that is wrong is named by its line, and a
film without one good row of its own brings its twins to the floor.
"""

import csv
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from worldsim_benchmarks.benchmark import Answer, Missing, Twins
from worldsim_benchmarks.bundle import identity

TABLE = "surprise.csv"
COLUMNS = ("episode_id", "clip_id", "surprise")


def write(folder: Path, surprise: Mapping[str, tuple[str, float]]) -> Path:
    """A table, in the order of the clips: of each its episode and its surprise."""
    path = folder / TABLE
    with path.open("w", newline="", encoding="utf-8") as file:
        table = csv.writer(file, lineterminator="\n")
        table.writerow(COLUMNS)
        table.writerows((episode, clip, repr(value)) for clip, (episode, value) in surprise.items())
    return path


def read(folder: Path, episodes: Mapping[str, str]) -> tuple[dict[str, float], dict[str, str]]:
    """The surprise of each clip, and what is wrong: by clip, or by line where that is of no clip.

    Args:
        folder: Of the submission.
        episodes: The episode of each clip that is asked about.
    """
    lines, wrong = _lines(folder / TABLE)
    values: dict[str, float] = {}
    first: dict[str, int] = {}
    for number, row in lines.items():
        where, clip = f"line {number}", row[1] if len(row) == len(COLUMNS) else ""
        if clip not in episodes:
            wrong[where] = (
                f"there is no clip {clip!r} in the bundle"
                if len(row) == len(COLUMNS)
                else f"it has {len(row)} columns; {len(COLUMNS)} would do: {','.join(COLUMNS)}"
            )
        elif clip in first:
            wrong[clip] = f"it has two rows, in line {first[clip]} and line {number}"
        elif row[0] != episodes[clip]:
            wrong[clip] = f"{where} says that it is of episode {row[0]!r}; it is of {episodes[clip]!r}"
        elif (value := _number(row[2])) is None:
            wrong[clip] = f"{where} says {row[2]!r}, which is no finite number"
        else:
            values[clip] = value
        first.setdefault(clip, number)
    for clip in episodes:
        if clip not in values:
            wrong.setdefault(clip, f"it has no row in {TABLE}")
    return {clip: value for clip, value in values.items() if clip not in wrong}, wrong


def _lines(path: Path) -> tuple[dict[int, list[str]], dict[str, str]]:
    """The rows below the head, by line, or why there are none."""
    if not path.is_file():
        return {}, {TABLE: "it is not there"}
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            table = csv.reader(file)
            rows = dict((table.line_num, row) for row in table if row)
    except (UnicodeDecodeError, csv.Error) as error:
        return {}, {TABLE: f"it cannot be read ({error})"}
    head = rows.pop(min(rows, default=1), [])
    if tuple(head) != COLUMNS:
        return {}, {TABLE: f"it begins with {','.join(head)!r}; {','.join(COLUMNS)!r} would do"}
    return rows, {}


def _number(told: str) -> float | None:
    try:
        value = float(told)
    except ValueError:
        return None
    return value if math.isfinite(value) else None


@dataclass(frozen=True)
class Rated:
    """A table of surprises as a contestant.

    Attributes:
        name: On the board.
        values: The surprise of each clip.
        wrong: Why there is none, for the others.
        salt: Of the clips' names.
    """

    name: str
    values: Mapping[str, float]
    wrong: Mapping[str, str]
    salt: str

    def answer(self, twins: Sequence[Twins], *, seed: int) -> list[list[Answer]]:
        """Each film's surprise, the same at each frame; or what is wrong with it."""
        return [[self._of(identity(self.salt, case), frames=len(case.plan)) for case in each.cases] for each in twins]

    def _of(self, clip: str, *, frames: int) -> Answer:
        return np.full(frames, self.values[clip]) if clip in self.values else Missing(self.wrong[clip])
