"""One self-contained page about a run: what was seen, what was real, what was imagined, and what it scored."""

from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import matplotlib
import numpy as np
from jaxtyping import Float

from worldsim.rollout import filmstrip
from worldsim.types import Rollout
from worldsim.video import png
from worldsim_benchmarks.board import tables
from worldsim_benchmarks.page import figure, page, text
from worldsim_benchmarks.result import Result

matplotlib.use("Agg")
from matplotlib import pyplot as plt


@dataclass(frozen=True)
class Chapter:
    """One step of a run: what it was, the command that does it, and after how many seconds it began."""

    title: str
    command: str
    began: float


def report(
    path: Path,
    *,
    minutes: float,
    seconds: float,
    chapters: Sequence[Chapter],
    rollouts: Sequence[Rollout],
    loss: Float[np.ndarray, "m 2"],
    results: Sequence[Result],
    world: str,
    frames: int,
) -> Path:
    """Write the page."""
    cards = "".join(
        f'<div class="card"><b>{result.score:.0f} <small>[{result.low:.0f}, {result.high:.0f}]</small></b>'
        f"<span>{text(result.contestant)}, {text(result.benchmark)}</span></div>"
        for result in results
        if result.contestant == "micro"
    )
    strips = [
        figure(
            png(filmstrip(rollout)),
            "above: what really happened; below: what the model imagined after the bar",
            width=1000,
        )
        for rollout in rollouts
    ]
    ends = [chapter.began for chapter in chapters[1:]] + [seconds]
    steps = "".join(
        f"<tr><td>{text(chapter.title)}</td><td><code>{text(chapter.command)}</code></td>"
        f'<td class="n">{(end - chapter.began) / 60:.1f} min</td></tr>'
        for chapter, end in zip(chapters, ends, strict=True)
    )
    body = [
        "<h1>Does it understand its world?</h1>",
        f"<p>A small video diffusion transformer watched {frames:,} frames of <code>{text(world)}</code>, in which "
        "things pass behind a screen, and then imagined what happens next. 0 is the best trivial answer, 100 the world "
        "itself, replayed.</p>",
        f'<div class="cards">{cards}</div>',
        "<h2>Seen, real, imagined</h2>",
        "<p class='soft'>Episodes that the model was not trained on. Left of the bar: the eight frames that it was "
        "shown.</p>",
        *strips,
        "<h2>What so short a training shows, and what it does not</h2>",
        honest(minutes, results),
        "<h2>The loss</h2>",
        figure(plot(loss), "training loss by step; the weights that imagine are a moving average"),
        "<h2>Leaderboard</h2>",
        "<p>Models stand between answers that know nothing and the truth itself, which are scored in the same way.</p>",
        *tables(results),
        "<h2>How it was made</h2>",
        f'<div class="scroll"><table>{steps}</table></div>',
    ]
    path.write_text(page("worldsim demo", body))
    return path


def honest(minutes: float, results: Sequence[Result]) -> str:
    """What may be concluded, from the scores themselves."""
    own = {result.benchmark.partition("@")[0]: result for result in results if result.contestant == "micro"}
    frozen = {result.benchmark.partition("@")[0]: result for result in results if result.contestant == "copy-last"}
    lines = []
    if "fidelity" in own:
        told = [f"{one['fidelity'].metrics['psnr@8']:.1f} dB" for one in (own, frozen)]
        lines.append(f"<li>Over the first 8 frames its PSNR is {told[0]}, and that of the frozen frame {told[1]}.</li>")
    for name, means in (
        ("fidelity", "that it moves things roughly where they go, better than any trivial answer"),
        ("permanence", "that a thing it no longer sees still exists for it, more often than chance would have it"),
    ):
        if name in own:
            shown = own[name].low > 0
            verdict = f"shows {means}" if shown else f"does <b>not</b> show {means}"
            result = own[name]
            score = f"{result.score:.0f} [{result.low:.0f}, {result.high:.0f}]"
            lines.append(f"<li>{name}: {score}; this run {verdict}.</li>")
    return (
        f"<p>This was a run of {minutes:g} minutes on a few cores with a split of 32 cases: a smoke test, nothing to "
        "rank by. In such a time a model learns what the world looks like and that things move; what happens behind a "
        "screen comes much later. A score near the floor here says that the training was short, not that the "
        f"architecture cannot.</p><ul>{''.join(lines)}</ul>"
    )


def plot(loss: Float[np.ndarray, "m 2"]) -> bytes:
    """The loss curve as PNG."""
    drawing, axes = plt.subplots(figsize=(7.5, 2.6), dpi=130)
    axes.plot(loss[:, 0], loss[:, 1], color="#2f6fed", linewidth=1.2)
    axes.set_yscale("log")
    axes.set_xlabel("step")
    axes.set_ylabel("loss")
    axes.grid(alpha=0.3)
    axes.spines[["top", "right"]].set_visible(False)
    drawing.tight_layout()
    buffer = BytesIO()
    drawing.savefig(buffer, format="png")
    plt.close(drawing)
    return buffer.getvalue()
