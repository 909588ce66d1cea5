"""The command `worldsim admission`, and what it found before: who may judge which scenes, in which templates and sizes.

What was read is kept beside this file and travels with the package; `worldsim bench` and the secret split look there.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from functools import cache
from pathlib import Path

from tqdm import tqdm

from worldsim_benchmarks.trial import DAMAGES, LEAST, NEAR, READERS, SIZES, Admission, Reading, admit
from worldsim_envs import SCENES
from worldsim_envs.scene import find
from worldsim_envs.variation import TEMPLATES

RECORD = Path(__file__).with_suffix(".json")
PAGE = """# Admission

A reader of things may judge a scene, as it looks in a template, at a size where it reads that scene as it is. What is
asked is told by [`worldsim_benchmarks.trial`](../api.md): of the things that are plainly to be seen,
0.99 are found, within {near} diameters, and 0.99 of what is reported is there; 0.95 of both where frames are damaged.
`worldsim bench` refuses what nobody may judge, and the split `test` asks about no such look. Written by
`worldsim admission --write .`

Who judges, at {sizes} px: the first that is admitted of {readers}.

{judges}

## What was read

Each cell has recall and precision; `centroid` is the 99th percentile of how far off a thing's middle was on clean
frames, in diameters.

{table}
"""


def recorded(record: Path = RECORD) -> list[Admission]:
    """Every trial: of a scene as it looks in a template, at a size, by a reader."""
    return [
        Admission(
            row["scene"],
            row["size"],
            Reading(**row["clean"]),
            {name: Reading(**each) for name, each in row["damaged"].items()},
            row["template"],
            row["reader"],
        )
        for row in json.loads(record.read_text())
    ]


@cache
def known() -> tuple[Admission, ...]:
    """The record that travels with the package."""
    return tuple(recorded())


def admitted(scene: str, template: str, size: int) -> list[str]:
    """Who may judge a scene as it looks in a template, at a size: names of `READERS`, in their order."""
    here = {row.reader: row for row in known() if (row.scene, row.template, row.size) == (scene, template, size)}
    return [name for name in READERS if name in here and not here[name].faults]


def judge(scene: str, template: str, size: int) -> str:
    """Who judges: the first that may, or the first there is where nobody may, which `demand` refuses."""
    return next(iter(admitted(scene, template, size)), next(iter(READERS)))


def demand(scenes: Sequence[str], size: int) -> None:
    """Insist that scenes may be judged by a reader of things at a size, as they usually look.

    Raises:
        ValueError: Where nobody was admitted to one, or it was not tested.
    """
    usual = TEMPLATES[0]
    for scene in scenes:
        if admitted(scene, usual, size):
            continue
        tried = [row for row in known() if (row.scene, row.template) == (scene, usual)]
        faults = [f"{row.reader}: {row.faults[0]}" for row in tried if row.size == size]
        fault = f"is not admitted ({'; '.join(faults)})" if faults else "was not tested"
        there = ", ".join(dict.fromkeys(str(row.size) for row in tried if not row.faults)) or "none"
        raise ValueError(
            f"{scene} at {size} px {fault}, so no reader of things can judge it; sizes admitted: {there}. "
            f"`worldsim admission --scenes {scene} --sizes {size}` shows what is read"
        )


def judges(rows: Sequence[Admission]) -> str:
    """Who judges each scene, in each template at each size, as Markdown; nothing where it was not tried."""
    tried = {(row.scene, row.template, row.size): "**none**" for row in rows}
    for name in reversed(READERS):
        tried |= {(row.scene, row.template, row.size): name for row in rows if row.reader == name and not row.faults}
    places = [(template, size) for template in TEMPLATES for size in SIZES]
    places = [place for place in places if any(key[1:] == place for key in tried)]
    lines = [
        f"| scene | {' | '.join(f'{template} {size}' for template, size in places)} |",
        f"|---|{'---|' * len(places)}",
    ]
    for scene in dict.fromkeys(row.scene for row in rows):
        cells = [tried.get((scene, *place), "") for place in places]
        lines.append(f"| {scene.removeprefix('worldsim/')} | {' | '.join(cells)} |")
    return "\n".join(lines)


def table(rows: Sequence[Admission]) -> str:
    """What was read of each scene, as Markdown, and below it why some are not admitted."""
    heads = ["scene", "template", "reader", "px", "things", "centroid", "clean", *DAMAGES, "admitted"]
    lines = [f"| {' | '.join(heads)} |", f"|---|---|---|{'--:|' * (len(heads) - 4)}---|"]
    for row in rows:
        clean = row.clean
        cells = [*_about(row), f"{row.size}", f"{clean.asked}", f"{clean.error:.2f}"]
        cells += [f"{each.recall:.2f} {each.precision:.2f}" for each in (clean, *row.damaged.values())]
        lines.append(f"| {' | '.join(cells)} | {'**no**' if row.faults else 'yes'} |")
    why = [f"- {', '.join(_about(row))} at {row.size} px: {'; '.join(row.faults)}" for row in rows if row.faults]
    return "\n".join(lines + (["", *why] if why else []))


def _about(row: Admission) -> tuple[str, str, str]:
    return row.scene.removeprefix("worldsim/"), row.template, row.reader


def admission(
    scenes: list[str] | str | None = None,
    sizes: list[int] | int | None = None,
    templates: list[str] | str | None = None,
    readers: list[str] | str | None = None,
    seeds: int = LEAST,
    write: str | None = None,
) -> int:
    """Show that a reader of things reads the scenes: what it misses, what it makes up, how far off it is.

    Args:
        scenes: One or several, such as `worldsim/Hidden-v0`; all of them by default.
        sizes: One or several, in pixels; 64, 128 and 256 by default.
        templates: One or several looks, `palette`, `textured` or `held-out`; by default all that a scene has.
        readers: One or both of `colour` and `learned`; both by default.
        seeds: Episodes a scene, and more where these show too few things.
        write: A checkout of worldsim, whose record and page of the docs take up what was read.

    Returns:
        0, or 1 where a scene in some template at some size is read by nobody.

    Raises:
        ValueError: Where there is no such scene, template or reader.
    """
    chosen = _chosen("scene", scenes, SCENES)
    looks, by = _chosen("template", templates, TEMPLATES), _chosen("reader", readers, READERS)
    asked = [sizes] if isinstance(sizes, int) else sizes or SIZES
    todo = [(name, look) for name in chosen for look in find(SCENES[name].where).templates if look in looks]
    rows: list[Admission] = []
    for name, look in tqdm(todo, desc="admission", unit="look"):
        rows += admit(name, sizes=asked, seeds=seeds, template=look, readers=by)
        if write is not None:
            keep(rows, Path(write))
    print(table(rows))
    read = {(row.scene, row.template, row.size) for row in rows if not row.faults}
    return 0 if all((row.scene, row.template, row.size) in read for row in rows) else 1


def _chosen(what: str, names: list[str] | str | None, there: Iterable[str]) -> list[str]:
    """One name, several, or all there are."""
    chosen = [names] if isinstance(names, str) else names or list(there)
    if unknown := [name for name in chosen if name not in there]:
        raise ValueError(f"there is no {what} {unknown[0]!r}; there are: {', '.join(there)}")
    return chosen


def keep(rows: Sequence[Admission], checkout: Path) -> None:
    """Take up rows into the record of a checkout, in order, and write its page anew."""
    record = checkout / "benchmarks" / "worldsim_benchmarks" / RECORD.name
    order: dict[str | int, int] = {
        name: place for names in (SCENES, TEMPLATES, READERS) for place, name in enumerate(names)
    }
    found = {_key(row): row for row in (*recorded(record), *rows) if row.scene in SCENES}
    kept = sorted(found.values(), key=lambda row: [order.get(part, part) for part in _key(row)])
    record.write_text("[\n" + ",\n".join(json.dumps(asdict(row)) for row in kept) + "\n]\n")
    (checkout / "docs" / "benchmarks" / "admission.md").write_text(page(kept))


def _key(row: Admission) -> tuple[str, str, str, int]:
    return row.scene, row.template, row.reader, row.size


def page(rows: Sequence[Admission]) -> str:
    """The page of the docs."""
    sizes, readers = ", ".join(map(str, SIZES)), " and ".join(READERS)
    return PAGE.format(near=NEAR, sizes=sizes, readers=readers, judges=judges(rows), table=table(rows))
