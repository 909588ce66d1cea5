"""The leaderboard: every result between its floor and its ceiling, as Markdown and as one HTML page."""

import math
from collections.abc import Sequence
from itertools import groupby
from pathlib import Path

from worldsim_benchmarks.page import bar, page, text
from worldsim_benchmarks.result import Result, read_all

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
    warning = " Too few to rank by: a smoke test." if name[1] in NOT_FOR_RANKING else ""
    return (
        f"{twins} sets of twins at {name[2]} px, split `{name[1]}`. 0 is the best trivial answer, 100 the replayed "
        f"world through a video codec; brackets are 95 % intervals.{warning}"
    )


def markdown(results: Sequence[Result]) -> str:
    """The leaderboard as Markdown."""
    lines = ["# Leaderboard", ""]
    for name, rows in ranked(results):
        metrics = list(rows[0].metrics)
        lines += [f"## {name[0]}", "", explain(name, rows), ""]
        lines += [f"| | score | 95 % | raw | {' | '.join(metrics)} |", "|---|--:|--:|--:|" + "--:|" * len(metrics)]
        for row in rows:
            who = f"**{row.contestant}**" if row.kind == "model" else f"{row.contestant} ({row.kind})"
            numbers = " | ".join(_number(row.metrics[metric]) for metric in metrics)
            interval = f"[{row.low:.1f}, {row.high:.1f}]"
            lines.append(f"| {who} | {row.score:.1f} | {interval} | {row.raw:.3f} | {numbers} |")
        lines.append("")
    return "\n".join(lines)


def tables(results: Sequence[Result]) -> list[str]:
    """The leaderboard as HTML, one table a benchmark."""
    parts = []
    for name, rows in ranked(results):
        metrics = list(rows[0].metrics)
        heads = "".join(f'<th class="n">{text(metric)}</th>' for metric in metrics)
        parts.append(f"<h2>{text(name[0])}</h2><p class='soft'>{text(explain(name, rows)).replace('`', '')}</p>")
        parts.append(
            f'<div class="scroll"><table><tr><th></th><th class="n">score</th><th>floor 0 to ceiling 100</th>'
            f'<th class="n">95 %</th><th class="n">raw</th>{heads}</tr>'
        )
        for row in rows:
            numbers = "".join(f'<td class="n">{_number(row.metrics[metric])}</td>' for metric in metrics)
            interval = f"[{row.low:.1f}, {row.high:.1f}]"
            parts.append(
                f'<tr class="{row.kind}"><td>{text(row.contestant)}</td><td class="n">{row.score:.1f}</td>'
                f'<td>{bar(row.score, row.low, row.high, row.kind)}</td><td class="n">{interval}</td>'
                f'<td class="n">{row.raw:.3f}</td>{numbers}</tr>'
            )
        parts.append("</table></div>")
    return parts


def _number(value: float | None) -> str:
    return "—" if value is None or math.isnan(value) else f"{round(value, 2) + 0.0:.2f}"
