"""What the causes among blocks share: when the hand acts, what can be told of an episode, and the page of a scene."""

from collections.abc import Callable, Mapping
from functools import partial

import numpy as np

from worldsim_envs.minecraft.actions import Action, noop, press
from worldsim_envs.minecraft.world import Recipe, Stage, VoxelBackend, scene_of
from worldsim_envs.scene import Arm, Scene
from worldsim_envs.variation import Draw

FPS, STEPS, START = 10.0, 80, 18
"""Frames a second, frames an episode, and the frame in which the hand begins to act."""

LATE = 8
"""How many frames later `do:late` acts."""

SLOTS = 5
UP, GLANCE = 4, 5
"""How fast the placebo looks up (degrees a tick) and for how many frames; then it swings for as many."""

TURN, TURNS, AFTER, GONE = 5, 12, 34, 12
"""How fast the player turns away (degrees a tick), for how many frames, from when on, and how long it looks away."""


def _telling(*parts: tuple[int, int, Action]) -> Arm:
    """Watch, and from such a frame on do this for so many frames."""
    told = [noop() for _ in range(STEPS)]
    for start, frames, action in parts:
        told[start : start + frames] = [action] * frames
    return Arm(told)


def arms(act: str, world: VoxelBackend) -> dict[str, Arm]:
    """What can be told of any of these scenes."""
    marks = world.stage.marks or {}
    hand, frames, way = marks["act"], marks["frames"], marks["way"]
    leave, back = press(camera=(0, TURN * way)), press(camera=(0, -TURN * way))
    gone = [(AFTER, TURNS, leave), (AFTER + TURNS + GONE, TURNS, back)]
    glance = [
        (START, GLANCE, press(camera=(-UP, 0))),
        (START + GLANCE, GLANCE, press("attack")),
        (START + 2 * GLANCE, GLANCE, press(camera=(UP, 0))),
    ]
    return {
        f"do:{act}": _telling((START, frames, hand)),
        "factual": _telling(),
        "do:late": _telling((START + LATE, frames, hand)),
        "do:away": _telling((START, frames, hand), *gone),
        "placebo": _telling(*glance),
        "away": _telling(*gone),
        "noop": _telling(),
    }


def _expert(act: str, world: VoxelBackend, rng: np.random.Generator) -> Action:
    """Tell an arm; which frame it is the rules know, so a restored world is treated alike."""
    told = list(arms(act, world).values())
    frame = world.rules.now // 2
    return told[world.seed % len(told)].actions[frame] if frame < STEPS else noop()


_PAGE = """{title}

## Description
A meadow, seen through the eyes of a player who stands still and looks at what matters; every thing is in a hue that
nothing else has.
{description}

## Actions
The Dict of MineRL and VPT, held for the two ticks of a frame; see `worldsim/Overworld-v0`. `camera` is degrees a tick,
so a frame turns by twice as much.

## Observations
`pov` uint8 [size, size, 3] at 10 Hz with a field of view of 70 degrees, and where asked for `depth` (m) and
`segmentation`: things first, then the kinds of block, -1 for the sky. The truth's `events` say what happened to how
many blocks in this frame, in the order of `world.EVENTS`.
{told}

## Start
From the seed follow hues, sides, what the ground is made of, the time of day, and
{start}.
The first 1.8 s are alike in all arms and show what there is.

## End
The world does not end; `gymnasium.make` cuts an episode after 80 steps (8 s).

## Changes
- `remove:<i>`: thing i is there no longer.
- `recolour:<i>`: thing i has a hue that nothing else here has.
- `time:noon`, `time:night`: the sun stands elsewhere.
- `break:<x>,<y>,<z>`: the block there is broken, and nobody has it.
- `set:<x>,<y>,<z>,<block>`: another block is there, of the kinds in `blocks`, "stone" or "air".

## Arms
- `factual`: the player only watches; `noop` is the same again.
- `do:{act}`: {acts}
- `do:late`: it does so 0.8 s later.
- `placebo`: the player looks up at the same moment, swings at the air, and looks back.
- `away`, `do:away`: the player watches or acts, then turns away and back.

{code}: `factual`, `do:{act}`, `do:late`. V-NOP: `factual`, `noop`. V-PLA: `factual`, `placebo`.{kept}

## Expert
Tells one of the arms, which one the seed says.

## Versions
- v0: the first."""


def scene(
    name: str, code: str, act: str, build: Callable[[Draw], Stage], said: Mapping[str, str], kept: str = ""
) -> Scene:
    """A scene of the kind, with the code of its family, and of the one that asks what is left after looking away.

    `said` is what its page says of it alone: its `title`, `description`, `start`, what is `told`, and how it `acts`.
    """
    recipe = Recipe(slots=SLOTS, fps=FPS, build=build, expert=partial(_expert, act), arms=partial(arms, act))
    families = {
        code: ("factual", f"do:{act}", "do:late"),
        "V-NOP": ("factual", "noop"),
        "V-PLA": ("factual", "placebo"),
        **({kept: ("away", "do:away")} if kept else {}),
    }
    also = f" {kept}: `away`, `do:away`." if kept else ""
    return scene_of(recipe, name, families, _PAGE.format(act=act, code=code, kept=also, **said))
