"""The leaderboard: every result between its floor and its ceiling, as Markdown and as one HTML page."""

import math
from collections.abc import Sequence
from itertools import groupby
from pathlib import Path
from typing import NamedTuple

import numpy as np

from worldsim_benchmarks.agreement import MOST, agreement, unreliable
from worldsim_benchmarks.benchmark import times
from worldsim_benchmarks.comparison import RELIABLE, comparable, of_today, reliabilities, seed_reliabilities, standings
from worldsim_benchmarks.page import bar, page, text
from worldsim_benchmarks.result import TIERS, Result, read_all

NOT_FOR_RANKING = ("quick",)


def board(results: str = "runs/results", out: str | None = None) -> None:
    """Make a leaderboard of all results below a folder: `README.md` and `board.html`.

    Args:
        results: Folder that `worldsim bench --out` wrote to.
        out: Where to put the two files; beside the results by default.
    """
    there = read_all(results)
    folder = Path(out or results)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "README.md").write_text(markdown(there))
    (folder / "board.html").write_text(page("worldsim leaderboard", ["<h1>worldsim leaderboard</h1>", *tables(there)]))
    print(markdown(there))
    print(f"written: {folder / 'README.md'} and {folder / 'board.html'}")


def ranked(results: Sequence[Result]) -> list[tuple[tuple[str, str, int], list[Result]]]:
    """Results by (benchmark, split, size), the best first."""

    def key(result: Result) -> tuple[str, str, int]:
        return result.benchmark, result.split, result.size

    return [
        (name, sorted(group, key=lambda result: (math.isnan(result.score), -result.score, result.contestant)))
        for name, group in groupby(sorted(results, key=key), key=key)
    ]


def explain(name: tuple[str, str, int], rows: Sequence[Result]) -> str:
    """What one needs to know to read a table."""
    twins = len(rows[0].cases)
    warning = " Too few to rank by: a smoke test." if name[1].partition("-")[0] in NOT_FOR_RANKING else ""
    return (
        f"{twins} sets of twins at {name[2]} px, split `{name[1]}`. 0 is the best trivial answer, 100 the replayed "
        f"world through a video codec; brackets are 95 % intervals.{warning}"
    )


class Table(NamedTuple):
    """One benchmark's rows as text.

    Attributes:
        heads: Of the columns behind the contestant's name.
        cells: What stands in them, row by row.
        notes: What one needs to know to read it.
    """

    heads: list[str]
    cells: list[list[str]]
    notes: list[str]


def tabulate(name: tuple[str, str, int], rows: Sequence[Result]) -> Table:
    """Score, interval, places, raw, what each was given, how much of it came, further columns and metrics."""
    benchmark, models = of_today(name[0]), comparable(rows)
    places = standings(models, benchmark.headline) if benchmark is not None and len(models) > 1 else {}
    steady = reliabilities(rows)
    seeds = seed_reliabilities(rows)
    weak = [name for name, number in steady.items() if not number >= RELIABLE or seeds.get(name, np.inf) < RELIABLE]
    further = list(dict.fromkeys(column for row in rows for column in row.columns))
    there = list(dict.fromkeys(metric for row in rows for metric in row.metrics))
    metrics = [f"{metric} †" if metric in weak else metric for metric in there]
    doubted = [unreliable(row) for row in rows]
    cells = []
    for row, doubtful in zip(rows, doubted, strict=True):
        place = places.get(row.contestant) if row in models else None
        cells.append(
            [
                f"{row.score:.1f}",
                f"[{row.low:.1f}, {row.high:.1f}]",
                *([f"{place.best}-{place.worst} {place.group}" if place else "—"] if places else []),
                f"{row.raw:.3f}",
                row.tier or "—",
                f"{100 * row.exposure:.0f} %",
                *(_number(row.columns.get(column), 1) for column in further),
                *(_metric(row, metric) + " ‡" * (metric in doubtful) for metric in there),
            ]
        )
    tiers = [f"{tier}: {TIERS[tier]}" for tier in sorted({row.tier for row in rows if row.tier})]
    notes = [explain(name, rows)]
    wanted = times(benchmark, "dev") if benchmark is not None else 1
    if few := {row.contestant: each for row in rows if (each := int(row.manifest.get("samples") or 1)) < wanted}:
        told = ", ".join(f"{who} {each}" for who, each in few.items())
        notes.append(f"Fewer than the {wanted} samples that it takes to tell a sure answer from an honest one: {told}.")
    if tiers:
        notes.append(f"What each was given: {'; '.join(tiers)}. Answered: the share of answers that came and counted.")
    notes += [f"Not answered by {row.contestant}: {row.silence}." for row in rows if row.unanswered]
    if places:
        notes.append("Places: where a model may stand among models; those with one letter are tied with its best.")
    if weak:
        told = ", ".join(f"{metric} {_number(steady[metric])}" for metric in weak if not steady[metric] >= RELIABLE)
        notes.append(f"† A diagnostic: its split-half reliability is below {RELIABLE} ({told or 'none'}).")
        if unlike := {name: number for name, number in seeds.items() if number < RELIABLE}:
            told = ", ".join(f"{name} {_number(number)}" for name, number in unlike.items())
            notes.append(f"Or other seeds would order the models otherwise: ICC below {RELIABLE} ({told}).")
    if apart := {row.contestant: agreement(row) for row, doubtful in zip(rows, doubted, strict=True) if doubtful}:
        told = ", ".join(f"{who} {100 * both.apart:.0f} %" for who, both in apart.items() if both is not None)
        notes.append(
            f"‡ Unreliable for this contestant: two readers say opposite things of more than {100 * MOST:.0f} % of the "
            f"twins that both could judge ({told})."
        )
    heads = ["score", "95 %", *(["places"] if places else []), "raw", "tier", "answered", *further, *metrics]
    return Table(heads, cells, notes)


def families(rows: Sequence[Result]) -> Table | None:
    """The raw number of each family, where there are several."""
    codes = list(rows[0].families)
    if len(codes) < 2:
        return None
    cells = [[_number(row.families.get(code)) for code in codes] for row in rows]
    return Table(codes, cells, ["By family, raw."])


def markdown(results: Sequence[Result]) -> str:
    """The leaderboard as Markdown."""
    lines = ["# Leaderboard", ""]
    for name, rows in ranked(results):
        lines += [f"## {name[0]}", ""]
        for table in (tabulate(name, rows), families(rows)):
            if table is not None:
                lines += [" ".join(table.notes), "", f"| | {' | '.join(table.heads)} |"]
                lines.append("|---|" + "--:|" * len(table.heads))
                for row, cells in zip(rows, table.cells, strict=True):
                    who = f"**{row.contestant}**" if row.kind == "model" else f"{row.contestant} ({row.kind})"
                    lines.append(f"| {who} | {' | '.join(cells)} |")
                lines.append("")
    return "\n".join(lines)


def tables(results: Sequence[Result]) -> list[str]:
    """The leaderboard as HTML, one table a benchmark."""
    parts = []
    for name, rows in ranked(results):
        parts.append(f"<h2>{text(name[0])}</h2>")
        for table, bars in ((tabulate(name, rows), True), (families(rows), False)):
            if table is not None:
                notes = text(" ".join(table.notes)).replace("`", "")
                heads = "".join(f'<th class="n">{text(head)}</th>' for head in table.heads)
                parts.append(f"<p class='soft'>{notes}</p>")
                parts.append(f'<div class="scroll"><table><tr><th></th>{"<th>0 to 100</th>" * bars}{heads}</tr>')
                for row, cells in zip(rows, table.cells, strict=True):
                    numbers = "".join(f'<td class="n">{text(cell)}</td>' for cell in cells)
                    drawn = f"<td>{bar(row.score, row.low, row.high, row.kind)}</td>" * bars
                    parts.append(f'<tr class="{row.kind}"><td>{text(row.contestant)}</td>{drawn}{numbers}</tr>')
                parts.append("</table></div>")
    return parts


def _metric(row: Result, name: str) -> str:
    """A metric's mean, and its interval where no bounds hold it.

    A dash stands for a metric that was not told yet when the result was made.
    """
    number = _number(row.metrics.get(name))
    return f"{number} [{', '.join(map(_number, row.intervals[name]))}]" if name in row.intervals else number


def _number(value: float | None, digits: int = 2) -> str:
    return "—" if value is None or math.isnan(value) else f"{round(value, digits) + 0.0:.{digits}f}"
