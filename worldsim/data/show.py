"""The commands `worldsim data show PATH` and `worldsim data check PATH`: what a dataset holds; is it whole?

Beside them stand `from-vpt` and `to-vpt`, of `worldsim.data.segments`.
"""

from collections import Counter
from pathlib import Path

import numpy as np

from worldsim.data import layout
from worldsim.data.segments import from_vpt, to_vpt
from worldsim.data.store import EpisodeStore
from worldsim.video import Picture, filmstrip, write_png


def show(path: str, out: str | None = None, rows: int = 8, columns: int = 8) -> None:
    """Print what is in a dataset, and draw a contact sheet of it.

    Args:
        path: The dataset, or a folder of those of several worlds.
        out: The picture to write; PATH/contact-sheet.png where it is not said. Of several, the name to begin with.
        rows: Episodes on the sheet, spread evenly over the dataset.
        columns: Frames of each, spread evenly over the episode.

    Raises:
        FileNotFoundError: Where there is no finished dataset.
    """
    if worlds := layout.worlds_of(Path(path)):
        for name in worlds:
            show(str(Path(path) / name), None if out is None else f"{out}-{name}.png", rows, columns)
        return
    store = EpisodeStore(path)
    print(description(store))
    sheet = Path(out or store.path / "contact-sheet.png")
    write_png(sheet, contact_sheet(store, rows, columns))
    print(f"  contact sheet  {sheet}")


def check(path: str) -> None:
    """Read every byte of a dataset and compare with the hash it was finished with.

    Args:
        path: The dataset, or a folder of those of several worlds.

    Raises:
        ValueError: Where they differ.
    """
    for part in [Path(path) / name for name in layout.worlds_of(Path(path))] or [Path(path)]:
        store = EpisodeStore(part)
        store.check()
        print(f"{part} is whole: {len(store)} episodes, hash {store.hash}")


commands = {"show": show, "check": check, "from-vpt": from_vpt, "to-vpt": to_vpt}


def description(store: EpisodeStore) -> str:
    """What is in a dataset, in lines."""
    ours, lengths = store.info["worldsim"], store.lengths
    world, steps = ours.get("world", {}), lengths - 1
    policies = Counter(facts["worldsim/policy"] or "unnamed" for facts in store.facts)
    truth = sorted(store.truth(0)) if "states" in store.kinds(0) else []
    size = sum(part.stat().st_size for top in layout.HASHED for part in _files(store.path / top))
    seconds = store.info["total_frames"] / store.fps
    lines = {
        "episodes": f"{len(store)}, of {steps.min()} to {steps.max()} steps",
        "frames": f"{store.info['total_frames']}, {store.size[1]} x {store.size[0]} pixels at {store.fps:g} Hz",
        "duration": f"{seconds / 60:.1f} min of world time",
        "on disk": f"{size / 2**20:.1f} MiB, {size / store.info['total_frames'] / 1024:.2f} KiB a frame",
        "world": ", ".join(sorted({facts["worldsim/scene"] for facts in store.facts})),
        "made with": ", ".join(f"{name}={value}" for name, value in world.get("kwargs", {}).items()) or "defaults",
        "renderer": world.get("renderer") or "the world's own",
        "actions": f"{store.action_space or 'of a space that was not told'}, {store.actions} numbers when flattened",
        "policies": ", ".join(f"{name} {count}" for name, count in policies.most_common()),
        "labels": ", ".join(kind for kind in store.kinds(0) if kind != "states") or "none",
        "truth": ", ".join(truth) or "none",
        "video": ours.get("profile", "not told"),
        "licence": ours.get("licence", "not told"),
        "versions": ", ".join(f"{name} {number}" for name, number in ours.get("versions", {}).items()) or "not told",
        "hash": store.hash,
    }
    return "\n".join([str(store.path), *(f"  {name:<13}  {line}" for name, line in lines.items())])


def contact_sheet(store: EpisodeStore, rows: int = 8, columns: int = 8, gap: int = 2) -> Picture:
    """Frames of one episode from left to right, episodes from top to bottom; an early end is left white."""
    height, width = store.size
    strips = []
    for index in np.unique(np.linspace(0, len(store) - 1, rows, dtype=int)):
        frames = store.frames(int(index))
        chosen = np.unique(np.linspace(0, len(frames) - 1, columns, dtype=int))
        strip = np.full((height + gap, columns * (width + gap) - gap, 3), 255, np.uint8)
        film = filmstrip(frames[chosen], gap=gap)
        strip[:height, : film.shape[1]] = film
        strips.append(strip)
    return np.concatenate(strips)[: len(strips) * (height + gap) - gap]


def _files(path: Path) -> list[Path]:
    return [part for part in [path, *path.rglob("*")] if part.is_file()]
