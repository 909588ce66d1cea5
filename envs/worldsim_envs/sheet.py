"""The pages of the docs: for each scene what it says of itself, and a contact sheet; and a table of what can be asked.

From the root of the repository, for all scenes or those that are named:

python -m worldsim_envs.sheet docs/worlds
python -m worldsim_envs.sheet docs/worlds --scenes worldsim/Hidden-v0
"""

import argparse
import re
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import numpy as np
from jaxtyping import UInt8
from PIL import Image

from worldsim_envs import SCENES
from worldsim_envs.env import SceneEnv
from worldsim_envs.scene import find, told


def sheet(
    env: SceneEnv, *, episodes: int = 4, frames: int = 8, every: int = 5, gap: int = 1
) -> UInt8[np.ndarray, "h w 3"]:
    """A row an episode, a picture each `every` steps, `gap` white pixels around each."""
    rows = []
    for seed in range(episodes):
        row = list(islice(_shown(env, seed), 0, 1 + (frames - 1) * every, every))
        margin = ((gap, gap), (gap, gap), (0, 0))
        rows.append(np.concatenate([np.pad(seen, margin, constant_values=255) for seen in row], 1))
    return np.concatenate(rows, 0)


def _shown(env: SceneEnv, seed: int) -> Iterator[UInt8[np.ndarray, "h w 3"]]:
    """An episode of the expert; or the first arm, where on its way something is changed that no action brings about."""
    rng, observation = np.random.default_rng(seed), env.reset(seed=seed)[0]
    first = next((env.arms()[names[0]] for names in env.scene.families.values()), None)
    if first is not None and any(step for step, _ in first.changes):
        yield from (observation["pov"] for observation, _ in env.tell(first))
        return
    while True:
        yield observation["pov"]
        observation = env.step(env.expert(rng))[0]


def stem(name: str) -> str:
    """What a scene's files are called: worldsim/Hidden-v0 is hidden."""
    return name.split("/")[-1].split("-")[0].lower()


def pace(name: str) -> int:
    """After how many steps its sheet shows a picture: five, or as many as it takes to see a long episode's end."""
    steps = SCENES[name].steps
    return 5 if steps <= 60 else (steps - 1) // 7


def page(name: str) -> str:
    """A scene's page in Markdown: its id, its sheet, its text."""
    title, _, text = told(SCENES[name].where).partition("\n")
    when = "a picture each half second" if pace(name) == 5 else "from beginning to end"
    sheet = f"![Four episodes, {when}]({stem(name)}.png)"
    return f"# {name}\n\n{title}\n\n{sheet}\n{text.rstrip()}\n"


def indexed(index: str) -> str:
    """The page that lists the worlds, in Markdown, with its table of what can be asked as the scenes have it now."""
    return re.sub(r"\| family \|(.*\n\|)*.*\n", lambda _: asked(), index)


def asked() -> str:
    """Each family of questions, the scenes where it is asked, and the arms that answer it."""
    there = [
        (code, " ".join(f"`{arm}`" for arm in arms), f"[{name.split('/')[-1]}]({stem(name)}.md)")
        for name, listed in SCENES.items()
        for code, arms in find(listed.where).families.items()
    ]
    rows: dict[tuple[str, str], list[str]] = {}
    for code, arms, where in sorted(there, key=lambda each: each[0]):  # stable: scenes stay in their order
        rows.setdefault((code, arms), []).append(where)
    lines = [f"| {code} | {', '.join(scenes)} | {arms} |" for (code, arms), scenes in rows.items()]
    return "\n".join(["| family | scenes | arms, the factual first |", "|---|---|---|", *lines, ""])


def main():
    """Write the pages and sheets into a folder, and the table of its index anew."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--scenes", nargs="+", default=list(SCENES), choices=SCENES, metavar="ID", help="default: all")
    given = parser.parse_args()
    folder = given.folder
    folder.mkdir(parents=True, exist_ok=True)
    for name in given.scenes:
        listed = SCENES[name]
        (folder / f"{stem(name)}.md").write_text(page(name))
        seen = sheet(SceneEnv(listed.where, size=96, renderer=listed.renderer), every=pace(name))
        Image.fromarray(seen).quantize(256, dither=Image.Dither.NONE).save(folder / f"{stem(name)}.png", optimize=True)
    index = folder / "index.md"
    index.write_text(indexed(index.read_text()))


if __name__ == "__main__":
    main()
