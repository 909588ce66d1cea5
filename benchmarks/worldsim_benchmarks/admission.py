"""The command `worldsim admission`, and what it found before: which scenes the colour reader may judge, at which sizes.

What was read is kept beside this file and travels with the package; `worldsim bench` looks there.
"""

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from tqdm import tqdm

from worldsim_benchmarks.trial import DAMAGES, LEAST, NEAR, SIZES, Admission, Reading, admit
from worldsim_envs import SCENES

RECORD = Path(__file__).with_suffix(".json")
PAGE = """# Admission

The colour reader may judge a scene at a size where it reads that scene as it is. What is asked is told by
[`worldsim_benchmarks.trial`](../api.md): of the things that are plainly to be seen,
0.99 are found, within {near} diameters, and 0.99 of what is reported is there; 0.95 of both where frames are damaged.
`worldsim bench` refuses what is not admitted. Each cell has recall and precision; `centroid` is the 99th percentile of
how far off a thing's middle was on clean frames, in diameters. Written by `worldsim admission --write .`

{table}
"""


def recorded(record: Path = RECORD) -> list[Admission]:
    """Every scene that was tested, at every size."""
    return [
        Admission(
            row["scene"], row["size"], Reading(**row["clean"]), {k: Reading(**v) for k, v in row["damaged"].items()}
        )
        for row in json.loads(record.read_text())
    ]


def demand(scenes: Sequence[str], size: int) -> None:
    """Insist that scenes may be judged by the colour reader at a size.

    Raises:
        ValueError: Where one was not admitted, or not tested.
    """
    for scene in scenes:
        tested = {row.size: row for row in recorded() if row.scene == scene}
        if size not in tested:
            fault = "was not tested"
        elif tested[size].faults:
            fault = f"is not admitted ({tested[size].faults[0]})"
        else:
            continue
        there = ", ".join(str(other) for other, row in tested.items() if not row.faults) or "none"
        raise ValueError(
            f"{scene} at {size} px {fault}, so the colour reader cannot judge it; sizes admitted: {there}. "
            f"`worldsim admission --scenes {scene} --sizes {size}` shows what is read"
        )


def table(rows: Sequence[Admission]) -> str:
    """What was read of each scene at each size, as Markdown, and below it why some are not admitted."""
    heads = ["scene", "px", "things", "centroid", "clean", *DAMAGES, "admitted"]
    lines = [f"| {' | '.join(heads)} |", f"|---|{'--:|' * (len(heads) - 2)}---|"]
    for row in rows:
        clean = row.clean
        cells = [_scene(row), f"{row.size}", f"{clean.asked}", f"{clean.error:.2f}"]
        cells += [f"{each.recall:.2f} {each.precision:.2f}" for each in (clean, *row.damaged.values())]
        lines.append(f"| {' | '.join(cells)} | {'**no**' if row.faults else 'yes'} |")
    why = [f"- {_scene(row)} at {row.size} px: {'; '.join(row.faults)}" for row in rows if row.faults]
    return "\n".join(lines + (["", *why] if why else []))


def _scene(row: Admission) -> str:
    return row.scene.removeprefix("worldsim/")


def admission(
    scenes: list[str] | str | None = None,
    sizes: list[int] | int | None = None,
    seeds: int = LEAST,
    write: str | None = None,
) -> int:
    """Show that the colour reader reads the scenes: what it misses, what it makes up, how far off it is.

    Args:
        scenes: One or several, such as `worldsim/Hidden-v0`; all of them by default.
        sizes: One or several, in pixels; 64, 128 and 256 by default.
        seeds: Episodes a scene, and more where these show too few things.
        write: A checkout of worldsim, whose record and page of the docs take up what was read.

    Returns:
        0, or 1 where a scene fails at some size.

    Raises:
        ValueError: Where there is no such scene.
    """
    chosen = [scenes] if isinstance(scenes, str) else scenes or list(SCENES)
    if unknown := [name for name in chosen if name not in SCENES]:
        raise ValueError(f"there is no scene {unknown[0]!r}; there are: {', '.join(SCENES)}")
    asked = [sizes] if isinstance(sizes, int) else sizes or SIZES
    rows = []
    for name in tqdm(chosen, desc="admission", unit="scene"):
        rows += admit(name, sizes=asked, seeds=seeds)
        if write is not None:
            keep(rows, Path(write))
    print(table(rows))
    return 1 if any(row.faults for row in rows) else 0


def keep(rows: Sequence[Admission], checkout: Path) -> None:
    """Take up rows into the record of a checkout, in the order of `SCENES`, and write its page anew."""
    record = checkout / "benchmarks" / "worldsim_benchmarks" / RECORD.name
    known = {(row.scene, row.size): row for row in (*recorded(record), *rows)}
    order = list(SCENES)
    kept = sorted(
        (row for row in known.values() if row.scene in SCENES), key=lambda row: (order.index(row.scene), row.size)
    )
    record.write_text("[\n" + ",\n".join(json.dumps(asdict(row)) for row in kept) + "\n]\n")
    (checkout / "docs" / "benchmarks" / "admission.md").write_text(page(kept))


def page(rows: Sequence[Admission]) -> str:
    """The page of the docs."""
    return PAGE.format(near=NEAR, table=table(rows))
