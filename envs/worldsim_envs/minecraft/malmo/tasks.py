"""MineRL's tasks, as data: what one sees and does in each, what is rewarded, when it ends.

Names, observations, actions, rewards and lengths are MineRL's of that game: "0.4.4" is Minecraft 1.11.2 with simple
actions beside the keys (place, craft, equip), "1.0" is Minecraft 1.16.5 with the keys alone, as VPT has them. What
MineRL calls an Enum is here a Discrete whose meanings are the task's `choices`, "none" first.

Source: MineRL 0.4.4 (Guss et al. 2019), MineRL 1.0 (BASALT, Shah et al. 2021; Baker et al. 2022).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import NamedTuple

GAMES = ("0.4.4", "1.0")
"""The two families of games, by the version of MineRL that speaks to each."""


class Stack(NamedTuple):
    """Items in a slot; a kind of theirs (1.11.2 calls it metadata) where there are several."""

    item: str
    count: int = 1
    kind: int | None = None


@dataclass(frozen=True, eq=False)
class Task:
    """One task in one game.

    Attributes:
        name: MineRL's, without what surrounds it: "NavigateDense" of MineRLNavigateDense-v0.
        game: Of `GAMES`.
        steps: After how many it is cut (0.05 s each).
        width, height: Of a frame (px), unless others are asked for.
        start: What the player begins with, from the first slot on.
        choices: The actions that are neither keys nor camera: by name, what they can be, "none" first.
        use: Whether there is a key to use what is in hand.
        compass: Whether the angle to the goal is seen (degrees, positive to the right).
        items: Which items are counted in the observation.
        held: What the thing in hand is told as.
        per_block: The reward for a block's way towards the goal.
        touch: The reward for touching a block of a kind, once; it ends the episode.
        possess: The reward for an item that one gets.
        once: Whether an item is rewarded the first time only.
        until: Items, and how many of them end the episode.
        craft: Items that end it when they are made.
        biome: Where it begins, as the game names or numbers it; None for anywhere.
        village: Whether it begins in one.
        generator: What differs in the world from Minecraft's defaults.
        noon: Whether it begins at noon under a clear sky.
        clock: Whether the day goes on.
        animals: Whether animals and monsters appear.
    """

    name: str
    game: str
    steps: int
    width: int = 64
    height: int = 64
    start: tuple[Stack, ...] = ()
    choices: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    use: bool = False
    compass: bool = False
    items: tuple[str, ...] = ()
    held: tuple[str, ...] = ()
    per_block: float = 0.0
    touch: Mapping[str, float] = field(default_factory=dict)
    possess: Mapping[str, float | int] = field(default_factory=dict)
    once: bool = False
    until: Mapping[str, int] = field(default_factory=dict)
    craft: Mapping[str, int] = field(default_factory=dict)
    biome: str | None = None
    village: bool = False
    generator: Mapping[str, int | bool] = field(default_factory=dict)
    noon: bool = False
    clock: bool = False
    animals: bool = True

    @property
    def title(self) -> str:
        """MineRL's own name for it."""
        return f"MineRL{self.name}-v0"


FOREST = {
    **{"seaLevel": 1, "fixedBiome": 4, "riverSize": 1},
    **dict.fromkeys(("useCaves", "useDungeons", "useStrongholds", "useVillages", "useMineShafts", "useTemples"), False),
    **dict.fromkeys(("useMonuments", "useMansions", "useRavines", "useWaterLakes"), False),
    **dict.fromkeys(("useLavaLakes", "useLavaOceans"), False),
}
"""A world that is forest and nothing else."""

TREECHOP = Task(
    "Treechop",
    "0.4.4",
    8000,
    start=(Stack("iron_axe", kind=0),),
    possess={"log": 1.0},
    until={"log": 64},
    generator=FOREST,
)

NAVIGATE = Task(
    "Navigate",
    "0.4.4",
    6000,
    start=(Stack("compass", kind=0),),
    choices={"place": ("none", "dirt")},
    compass=True,
    items=("dirt",),
    touch={"diamond_block": 100.0},
    noon=True,
    animals=False,
)

_TOOLS = ("iron_axe", "iron_pickaxe", "stone_axe", "stone_pickaxe", "wooden_axe", "wooden_pickaxe")

OBTAIN = Task(
    "ObtainDiamondDense",
    "0.4.4",
    18000,
    choices={
        "place": ("none", "cobblestone", "crafting_table", "dirt", "furnace", "stone", "torch"),
        "equip": ("none", "air", *_TOOLS),
        "craft": ("none", "crafting_table", "planks", "stick", "torch"),
        "nearbyCraft": ("none", "furnace", *_TOOLS),
        "nearbySmelt": ("none", "coal", "iron_ingot"),
    },
    items=(
        *("coal", "cobblestone", "crafting_table", "dirt", "furnace", "iron_axe", "iron_ingot", "iron_ore"),
        *("iron_pickaxe", "log", "planks", "stick", "stone", "stone_axe", "stone_pickaxe", "torch"),
        *("wooden_axe", "wooden_pickaxe"),
    ),
    held=("none", "air", "other", *_TOOLS),
    possess={
        **{"log": 1, "planks": 2, "stick": 4, "crafting_table": 4, "wooden_pickaxe": 8, "cobblestone": 16},
        **{"furnace": 32, "stone_pickaxe": 32, "iron_ore": 64, "iron_ingot": 128, "iron_pickaxe": 256},
        "diamond": 1024,
    },
    until={"diamond": 1},
    noon=True,
    clock=True,
)

_PICKAXE = {item: reward for item, reward in OBTAIN.possess.items() if item != "diamond"}
_BASALT = (
    *("bucket", "carrot", "cobblestone", "fence", "fence_gate", "snowball", "stone_pickaxe", "stone_shovel"),
    *("water_bucket", "wheat", "wheat_seeds"),
)
_FALL = (Stack("water_bucket"), Stack("cobblestone", 20), Stack("stone_shovel"), Stack("stone_pickaxe"))
_FEED = (Stack("carrot"), Stack("wheat_seeds"), Stack("wheat"))
_SNOWBALL = Stack("snowball")
_HOUSE_OLD = (
    *(Stack("stone_pickaxe"), Stack("stone_axe")),
    *(Stack(item, 64) for item in ("cobblestone", "stone_stairs", "fence", "spruce_fence", "acacia_fence", "glass")),
    *(Stack(item, 64) for item in ("ladder", "torch")),
    *(Stack("planks", 64, kind) for kind in (0, 1, 4)),
    *(Stack("log", 64, kind) for kind in (0, 1)),
    Stack("log2", 64, 0),
    *(Stack("sandstone", 64, kind) for kind in (0, 2)),
    *(Stack(item, 64) for item in ("sandstone_stairs", "wooden_door", "acacia_door", "spruce_door")),
    *(Stack(item, 64) for item in ("wooden_pressure_plate", "sand", "dirt")),
    *(Stack(item, 3) for item in ("red_flower", "flower_pot", "cactus")),
    _SNOWBALL,
)
_HOUSE_NEW = (
    *(Stack("stone_pickaxe"), Stack("stone_axe")),
    *(
        Stack(item, 64)
        for item in (
            *("cobblestone", "oak_log", "glass_pane", "torch", "dirt", "grass_block", "poppy", "spruce_log"),
            *("acacia_log", "jungle_log", "sand", "sandstone", "smooth_sandstone", "terracotta", "packed_ice"),
            *("snow_block", "cobweb", "white_wool", "black_dye", "blue_dye", "brown_dye", "green_dye", "red_dye"),
            *("white_dye", "yellow_dye", "flower_pot", "cactus", "lantern"),
        )
    ),
)


def _old(name: str, steps: int, start: tuple[Stack, ...], biome: str | None, village: bool = False) -> Task:
    """A BASALT task of 0.4.4; its player observes and equips what any of them begins with, the house's builder his."""
    own = (f"{stack.item}#{stack.kind}" if stack.kind is not None else stack.item for stack in start)
    items = tuple(sorted(own)) if biome is None else _BASALT
    held = ("none", "other", *items) if biome is None else ("none", "air", "other", *items)
    return Task(
        *(name, "0.4.4", steps),
        start=start,
        choices={"equip": held},
        use=True,
        items=items,
        held=held,
        biome=biome,
        village=village,
    )


def _new(name: str, steps: int, start: tuple[Stack, ...] = (), biome: str | None = "plains", **more) -> Task:
    return Task(name, "1.0", steps, width=640, height=360, start=start, biome=biome, use=True, **more)


_PEN_OLD = (Stack("fence", 64), Stack("fence_gate", 64), *_FEED, _SNOWBALL)
_PEN_NEW = (Stack("oak_fence", 64), Stack("oak_fence_gate", 64), *_FEED)

TASKS = (
    TREECHOP,
    NAVIGATE,
    replace(NAVIGATE, name="NavigateDense", per_block=1.0),
    replace(NAVIGATE, name="NavigateExtreme", biome="3"),
    replace(NAVIGATE, name="NavigateExtremeDense", biome="3", per_block=1.0),
    replace(OBTAIN, name="ObtainDiamond", once=True),
    OBTAIN,
    *(
        replace(OBTAIN, name=name, steps=6000, possess=_PICKAXE, until={}, craft={"iron_pickaxe": 1}, once=once)
        for name, once in (("ObtainIronPickaxe", True), ("ObtainIronPickaxeDense", False))
    ),
    _old("BasaltFindCave", 3600, (_SNOWBALL,), "1"),
    _old("BasaltMakeWaterfall", 6000, (*_FALL, _SNOWBALL), "3"),
    _old("BasaltCreatePlainsAnimalPen", 6000, _PEN_OLD, "1"),
    _old("BasaltCreateVillageAnimalPen", 6000, _PEN_OLD, "1", village=True),
    _old("BasaltBuildVillageHouse", 14400, _HOUSE_OLD, None, village=True),
    _new("BasaltFindCave", 3600),
    _new("BasaltMakeWaterfall", 6000, _FALL, "extreme_hills"),
    _new("BasaltCreateVillageAnimalPen", 6000, _PEN_NEW, village=True),
    _new("BasaltBuildVillageHouse", 14400, _HOUSE_NEW, village=True),
    _new("HumanSurvival", 72000, biome=None, clock=True),
)
"""Every task. BASALT's are in both games, under one name."""

NAMES = tuple(dict.fromkeys(task.name for task in TASKS))


def find(name: str, game: str | None = None) -> Task:
    """The task of that name, in that game, or where that is not said in the newest that has it.

    Raises:
        ValueError: Where there is none.
    """
    there = {task.game: task for task in TASKS if task.name == name}
    if not there:
        raise ValueError(f"there is no task {name!r}; there are: {', '.join(NAMES)}")
    if game is not None and game not in there:
        raise ValueError(f"game came as {game!r}; {name} is a task of MineRL {' and '.join(there)}")
    return there[game or max(there)]
