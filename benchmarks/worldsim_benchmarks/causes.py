"""The causes that are asked about, as data: which world, which arms, which things, and what can happen to them.

How long a world can be foretold, T*, is measured by `experiments/chaos.py`: 0.7 s from when a tower is touched, 1.4 s
from when a ball leaves its gate. No family asks beyond it.
"""

from dataclasses import replace

from worldsim_benchmarks.pairs import CARRIED, Event, Family
from worldsim_envs.minecraft.blocks import INDEX


def _things(fact: str, *slots: int) -> tuple[Event, ...]:
    return tuple(Event(fact, slot) for slot in slots)


MUJOCO = (
    Family(
        code="M-COL",
        scene="worldsim/Collide-v0",
        pairs=tuple(("factual", f"do:{what}") for what in ("remove", "turn", "fast", "heavy")),
        things=(1, 2),
        own=(0,),
        events=_things("went", 1, 2),
    ),
    Family(
        code="M-DOM",
        scene="worldsim/Dominoes-v0",
        pairs=(("factual", "do:still"), ("factual", "do:remove")),
        things=(0, 1, 2, 3, 4),
        placebos=("placebo", "placebo:light", "placebo:air"),
        events=_things("fallen", 0, 1, 2, 3, 4),
        alike={"placebo:air": "do:still"},
        extra="order",
    ),
    Family(
        code="M-SUP",
        scene="worldsim/Tower-v0",
        pairs=(("factual", "do:left"), ("factual", "do:right")),
        things=(2, 3, 4),
        future=8,
        own=(0, 1, 5),
        placebos=("placebo", "placebo:light", "placebo:beside"),
        events=_things("fell", 2, 3, 4),
    ),
    Family(
        code="M-RMP",
        scene="worldsim/Gate-v0",
        pairs=(("factual", "do:open"),),
        things=(0, 1),
        context=6,
        future=16,
        own=(2,),
        events=(Event("passed", 0), Event("went", 1)),
    ),
    Family(
        code="M-LEV",
        scene="worldsim/Gate-v0",
        pairs=(("factual", "do:press"),),
        things=(0, 1),
        future=25,
        own=(2,),
        placebos=("placebo", "placebo:light", "placebo:air"),
        events=(Event("passed", 0), Event("opened", 2), Event("went", 1)),
    ),
    Family(
        code="M-PSH",
        scene="worldsim/Push-v0",
        pairs=(("left", "right"),),
        things=(0, 1),
        placebos=("placebo", "placebo:light", "placebo:air"),
        events=_things("went", 0, 1),
    ),
    Family(
        code="M-DOSE",
        scene="worldsim/Collide-v0",
        pairs=(("do:4", "do:0"),),
        things=(1, 2),
        own=(0,),
        events=_things("went", 1, 2),
        doses={"do:0": 0.0, "do:1": 0.5, "do:2": 0.75, "factual": 1.0, "do:4": 1.5},
    ),
    Family(
        code="M-BITE",
        scene="worldsim/Bite-v0",
        pairs=(("factual", "do:miss"),),
        things=(0, 1),
        placebos=("placebo",),
        state="area",
        events=(Event("bitten", 0),),
        kept="out",
    ),
    Family(
        code="M-BITE-AWAY",
        scene="worldsim/Bite-v0",
        pairs=(("away", "do:miss-away"),),
        things=(0, 1),
        placebos=(),
        state="area",
        events=(Event("bitten", 0),),
        kept="away",
    ),
    Family(
        code="M-RIG",
        scene="worldsim/Chair-v0",
        pairs=(("factual", "do:spin"), ("factual", "do:still")),
        things=(0, 1, 2, 3, 4, 5),
        context=2,
        events=_things("went", 0, 1, 2, 3, 4, 5),
        extra="Rig",
    ),
)
"""The scenes of MuJoCo that have causes."""


def _blocks(code: str, scene: str, act: str, *events: Event, things=(0,), own=(), pixels="all") -> Family:
    return Family(
        code=code,
        scene=f"worldsim/{scene}-v0",
        pairs=(("factual", f"do:{act}"), ("factual", "do:late")),
        things=things,
        context=16,
        future=64,
        own=own,
        placebos=("placebo",),
        pixels=pixels,
        events=events,
    )


_WENT, _BROKE, _PLACED = Event("went", 0), Event("present", 0), Event("present", CARRIED)
_BREAK = _blocks("V-BRK", "VoxelBreak", "break", _BROKE, Event("went", 1), things=(1,), own=(0,), pixels="things")
_PLACE = _blocks("V-PLC", "VoxelPlace", "place", _PLACED, _WENT, pixels="things")
_WATERS = tuple(name for name in INDEX if name.startswith("water"))
VOXEL = (
    _BREAK,
    _PLACE,
    _blocks("V-GRV", "VoxelSand", "break", _WENT, Event("fell", kinds=("sand", "gravel"))),
    _blocks("V-WAT", "VoxelWater", "break", _WENT, Event("flowed", kinds=_WATERS)),
    replace(
        _blocks(
            "V-BTN",
            "VoxelButton",
            "press",
            _WENT,
            Event("opened", kinds=("door_closed", "door_open")),
            Event("lit", kinds=("lamp", "lamp_on")),
        ),
        state="",
    ),
    _blocks("V-TNT", "VoxelTNT", "light", _BROKE, Event("went", 1), things=(0, 1)),
    replace(
        _BREAK,
        code="V-BREAK",
        pairs=(("away", "do:away"),),
        placebos=(),
        own=(),
        things=(0, 1),
        pixels="all",
        kept="away",
    ),
    replace(_PLACE, code="V-PLACE", pairs=(("away", "do:away"),), placebos=(), pixels="all", kept="away"),
)
"""The scenes among blocks that have causes."""

FAMILIES = {family.code: family for family in (*MUJOCO, *VOXEL)}
"""By code."""
