"""What the two suites of object permanence ask, family by family: of which world, of which arms, and from when on.

A context lasts until the thing has been seen and ends before it is hidden; in M-CNT, where things hide one after the
other, when all have; in V-BREAK and V-PLACE, where a hand acts first, when it has. A future lasts until the thing has
been seen again for `AFTER` frames, and no longer. So plans have several lengths, in V-LONG from about 45 frames to
about 345: what is 69 m away can be read only when one is nearly back.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import partial

from worldsim_benchmarks.benchmark import Case
from worldsim_benchmarks.cases import Cut, Question, Told, case, in_turn
from worldsim_benchmarks.objects import Asked, apart, in_the_light, well_seen
from worldsim_benchmarks.permanence import Permanence

AFTER = 8
"""Frames that are asked about from when a thing is well seen again."""
OPEN = 32
"""Frames that are asked about where nothing is hidden."""
LEAST_SEEN, LEAST_HIDDEN, LEAST_AGAIN = 3, 3, 5
"""In how many frames a thing is well seen in the context, then hidden, then well seen again, at least."""


def until_seen_again(context: int, **notes: int) -> Callable[[Sequence[Told]], Cut | None]:
    """A cut after so many frames; the future ends when what tells the arms apart has been seen again for a while."""
    return partial(_until_seen_again, context, notes)


def _until_seen_again(context: int, notes: Mapping[str, int], told: Sequence[Told]) -> Cut | None:
    most = len(told[0].actions) + 1 - context
    asked = _asked(told, context, most, notes)
    if not asked:
        return None
    future = OPEN if notes.get("open") else max(each.again[0] for each in asked) + AFTER
    where = Cut(context, min(future, most), notes)
    return where if _asked(told, *where) else None


def _asked(told: Sequence[Told], context: int, future: int, notes: Mapping[str, int]) -> list[Asked]:
    """What is asked about in all pairs; nothing where a pair is not told apart, or something is seen too briefly."""
    first, *others = [
        case(
            "",
            "",
            (each.truth.frames, in_the_light(each.truth)),
            each.actions,
            scene="",
            context=context,
            future=future,
            fps=1.0,
            notes=notes,
        )
        for each in told
    ]
    pairs = [(first, other) for other in others]
    found = [apart(*pair) for pair in pairs]
    enough = all(
        any(things) and all(_is_enough(each, own) for own, part in zip(pair, things, strict=True) for each in part)
        for pair, things in zip(pairs, found, strict=True)
    )
    return [each for things in found for part in things for each in part] if enough else []


def _is_enough(asked: Asked, own: Case) -> bool:
    seen = well_seen(own.before)[:, asked.thing].sum()
    if own.notes.get("open"):  # a hue that two have does not name a thing
        return bool((own.truth.hue == own.truth.hue[asked.thing]).sum() == 1) and len(asked.again) >= LEAST_AGAIN
    return bool(seen >= LEAST_SEEN) and len(asked.hidden) >= LEAST_HIDDEN and len(asked.again) >= LEAST_AGAIN


PAIR = ("present", "absent")
TRIPLE = (*PAIR, "swapped")
AT_REST, SEEN, ACTED = until_seen_again(8), until_seen_again(16), until_seen_again(34)

MUJOCO = (
    Question("M-OCC", "worldsim/Hidden-v0", PAIR, AT_REST),
    Question("M-SHL", "worldsim/Shells-v0", ("factual", "do:return", "do:exchange"), AT_REST),
    Question("M-CNT", "worldsim/Count-v0", ("factual", "do:more", "do:less"), until_seen_again(17, count=1)),
    Question(
        "M-CAM",
        "worldsim/Away-v0",
        ("present", "never"),
        AT_REST,
        beliefs={"frozen": "frozen", "reset": "reset", "deleted": "absent"},
    ),
    Question("M-CRD", "worldsim/Crowd-v0", PAIR, until_seen_again(8, open=1)),
    Question("M-CON", "worldsim/Cups-v0", (*PAIR, "do:exchange"), AT_REST),
    Question("M-TUN", "worldsim/Tunnel-v0", PAIR, AT_REST),
    Question("M-CUR", "worldsim/Curtain-v0", PAIR, AT_REST),
    Question("M-OCC", "worldsim/Longer-v0", PAIR, AT_REST),
)

VOXEL = (
    Question("V-LOOK", "worldsim/VoxelLook-v0", TRIPLE, SEEN),
    Question("V-PLACE", "worldsim/VoxelPlace-v0", ("away", "do:away"), ACTED),
    Question("V-WALL", "worldsim/VoxelWall-v0", PAIR, SEEN),
    Question("V-BURY", "worldsim/VoxelBury-v0", TRIPLE, SEEN),
    Question("V-LAVA", "worldsim/VoxelLava-v0", TRIPLE, SEEN),
    Question("V-BREAK", "worldsim/VoxelBreak-v0", ("away", "do:away"), ACTED),
    Question("V-NIGHT", "worldsim/VoxelNight-v0", TRIPLE, SEEN),
    Question("V-LONG", "worldsim/VoxelLong-v0", PAIR, SEEN),
)
"""The first few are as unlike as they can be: a short look at a suite takes those."""


def _suite(name: str, version: int, questions: Sequence[Question], sizes: tuple[int, ...]) -> Permanence:
    scenes = tuple(sorted({question.scene for question in questions}))
    return Permanence(name, version, partial(in_turn, questions), scenes, sizes, suite=True)


def mujoco() -> Permanence:
    """permanence-mujoco@1."""
    return _suite("permanence-mujoco", 1, MUJOCO, (64, 128, 256))


def voxel() -> Permanence:
    """permanence-voxel@2; of its worlds VoxelWall is not admitted at 64 px, and VoxelBreak and VoxelLong not at 256."""
    return _suite("permanence-voxel", 2, VOXEL, (128,))
