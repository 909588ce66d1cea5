"""Missions: what a client asks of the game, as XML, written from a task and read by whoever plays the game.

The two games have each their own schema, which tests validate these documents by where MineRL is installed; the
schemas themselves are not here, since MineRL's changes to Malmo's are not free to be handed on (CC BY-NC-SA).
"""

import json
from collections.abc import Iterable, Mapping
from typing import NamedTuple
from xml.etree import ElementTree
from xml.sax.saxutils import quoteattr

from worldsim_envs.minecraft.actions import TICK
from worldsim_envs.minecraft.malmo.tasks import Stack, Task

NAMESPACE = "http://ProjectMalmo.microsoft.com"
PLATFORM = "0.37.0"
"""The version of Malmo's protocol that every one of the games says it has."""

EXTRA_TIME = {"HumanSurvival"}
"""Tasks that the game itself does not end; `gymnasium.make` does."""

_DOCUMENT = """\
<MissionInit xmlns="{namespace}" SchemaVersion="" PlatformVersion="{platform}">
  <Mission>
    <About><Summary>{title}</Summary></About>
    <ModSettings><MsPerTick>50</MsPerTick></ModSettings>
    <ServerSection>
      <ServerInitialConditions>
        <Time>{noon}<AllowPassageOfTime>{clock}</AllowPassageOfTime></Time>
        {weather}<AllowSpawning>{animals}</AllowSpawning>
      </ServerInitialConditions>
      <ServerHandlers>
        {server}
      </ServerHandlers>
    </ServerSection>
    <AgentSection mode="Survival">
      <Name>MineRLAgent0</Name>
      <AgentStart>
        {start}
      </AgentStart>
      <AgentHandlers>
        {agent}
      </AgentHandlers>
    </AgentSection>
  </Mission>
  <ExperimentUID>{uid}</ExperimentUID>
  <ClientRole>0</ClientRole>
  <ClientAgentConnection>
    <ClientIPAddress>127.0.0.1</ClientIPAddress>
    <ClientMissionControlPort>0</ClientMissionControlPort>
    <ClientCommandsPort>0</ClientCommandsPort>
    <AgentIPAddress>127.0.0.1</AgentIPAddress>
    <AgentMissionControlPort>0</AgentMissionControlPort>
    <AgentVideoPort>0</AgentVideoPort>
    <AgentDepthPort>0</AgentDepthPort>
    <AgentLuminancePort>0</AgentLuminancePort>
    <AgentObservationsPort>0</AgentObservationsPort>
    <AgentRewardsPort>0</AgentRewardsPort>
    <AgentColourMapPort>0</AgentColourMapPort>
  </ClientAgentConnection>
</MissionInit>
"""

_GOAL = """<NavigationDecorator>
          <randomPlacementProperties>
            <maxRandomizedRadius>64</maxRandomizedRadius><minRandomizedRadius>64</minRandomizedRadius>
            <maxRadius>8</maxRadius><minRadius>0</minRadius>
            <block>{block}</block><placement>{placement}</placement>
          </randomPlacementProperties>
          <minRandomizedDistance>0</minRandomizedDistance><maxRandomizedDistance>8</maxRandomizedDistance>
          <randomizeCompassLocation>true</randomizeCompassLocation>
        </NavigationDecorator>"""

_SCREEN = """<LowLevelInputs>true</LowLevelInputs><GuiScale>1.0</GuiScale><GammaSetting>2.0</GammaSetting>
        <FOVSetting>70.0</FOVSetting><FakeCursorSize>16</FakeCursorSize>"""


def write(task: Task, uid: str, *, width: int, height: int, depth: bool = False) -> str:
    """The mission of a task, with the size of its frames in pixels, for the game that the task is of."""
    lines = "\n        ".join
    return _DOCUMENT.format(
        namespace=NAMESPACE,
        platform=PLATFORM,
        title=task.title,
        noon="<StartTime>6000</StartTime>" if task.noon else "",
        clock=_word(task.clock),
        weather="<Weather>clear</Weather>\n        " if task.touch else "",
        animals=_word(task.animals),
        server=lines(_server(task)),
        start=lines(_start(task)),
        agent=lines(_agent(task, width, height, depth)),
        uid=uid,
    )


def _server(task: Task) -> Iterable[str]:
    if task.biome and task.game == "0.4.4":
        yield f'<BiomeGenerator forceReset="true" biome="{task.biome}"/>'
    else:
        options = quoteattr(json.dumps(dict(task.generator)))
        yield f'<DefaultWorldGenerator forceReset="true" generatorOptions={options}/>'
    for block in task.touch:
        yield _GOAL.format(block=block, placement="surface")
    if task.village and task.game == "0.4.4":
        yield "<VillageSpawnDecorator/>"
    if task.name not in EXTRA_TIME:
        yield f'<ServerQuitFromTimeUp timeLimitMs="{task.steps * 50}" description="out_of_time"/>'
    yield "<ServerQuitWhenAnyAgentFinishes/>"


def _start(task: Task) -> Iterable[str]:
    if task.game == "1.0":
        yield _SCREEN
    if task.start:
        yield "<Inventory>"
        for slot, stack in enumerate(task.start):
            kind = f'metadata="{stack.kind or 0}" ' if task.game == "0.4.4" else ""
            yield f'  <InventoryObject slot="{slot}" type="{stack.item}" {kind}quantity="{stack.count}"/>'
        yield "</Inventory>"
    if task.game == "1.0":
        if task.biome:
            yield f"<PreferredSpawnBiome>{task.biome}</PreferredSpawnBiome>"
        if task.village:
            yield "<SpawnInVillage>true</SpawnInVillage>"
        if task.name.startswith("Basalt"):
            yield "<DoneOnDeath>true</DoneOnDeath>"


def _agent(task: Task, width: int, height: int, depth: bool) -> Iterable[str]:
    yield "<FileBasedPerformanceProducer/>"
    if task.game == "0.4.4":
        yield "<ObservationFromDamage/>"
    yield "<PauseCommand/>"
    yield f'<VideoProducer want_depth="{_word(depth)}"><Width>{width}</Width><Height>{height}</Height></VideoProducer>'
    if task.compass:
        yield "<ObservationFromCompass/>"
    yield '<ObservationFromFullInventory flat="false"/>'
    if task.held:
        yield "<ObservationFromEquippedItem/>"
    yield "<ObservationFromFullStats/>"
    yield from ("<HumanLevelCommands/>", "<CameraCommands/>")
    commands = {"place": "Place", "equip": "Equip", "craft": "SimpleCraft"}
    commands |= {"nearbyCraft": "NearbyCraft", "nearbySmelt": "NearbySmelt"}
    for name in task.choices:
        yield f"<{commands[name]}Commands/>"
    if task.touch:
        blocks = "".join(f'<Block reward="{r}" type="{b}" behaviour="onceOnly"/>' for b, r in task.touch.items())
        yield f"<RewardForTouchingBlockType>{blocks}</RewardForTouchingBlockType>"
    if task.per_block:
        yield f'<RewardForDistanceTraveledToCompassTarget rewardPerBlock="{task.per_block}" density="PER_TICK"/>'
    if task.possess:
        items = "".join(f'<Item amount="1" reward="{r}" type="{i}"/>' for i, r in task.possess.items())
        once = f'sparse="{_word(task.once)}" excludeLoops="true"'
        yield f"<RewardForPossessingItem {once}>{items}</RewardForPossessingItem>"
    if task.touch:
        blocks = "".join(f'<Block type="{block}"/>' for block in task.touch)
        yield f"<AgentQuitFromTouchingBlockType>{blocks}</AgentQuitFromTouchingBlockType>"
    for how, items in (("Possessing", task.until), ("Crafting", task.craft)):
        if items:
            each = "".join(f'<Item type="{item}" amount="{count}"/>' for item, count in items.items())
            yield f"<AgentQuitFrom{how}Item>{each}</AgentQuitFrom{how}Item>"


def _word(value: bool) -> str:
    return "true" if value else "false"


class Mission(NamedTuple):
    """What a mission asks of whoever plays the game.

    Attributes:
        title: What it calls itself.
        width, height: Of a frame (px).
        depth: Whether a frame has a fourth byte a pixel, its depth.
        steps: When it is over (steps of 0.05 s), or None.
        start: What the player begins with, by slot.
        goal: The block to find, or None.
        per_block, touch, possess, once, until: As in `Task`.
    """

    title: str
    width: int
    height: int
    depth: bool
    steps: int | None
    start: Mapping[int, Stack]
    goal: str | None
    per_block: float
    touch: Mapping[str, float]
    possess: Mapping[str, float]
    once: bool
    until: Mapping[str, int]


def read(document: bytes) -> Mission:
    """What a mission asks for.

    Raises:
        ValueError: Where it is no XML, is for another version of the protocol, or lacks what every mission has.
    """
    try:
        root = ElementTree.fromstring(document)
    except ElementTree.ParseError as error:
        raise ValueError(f"the mission is no XML: {error}") from error
    if root.tag != f"{{{NAMESPACE}}}MissionInit":
        raise ValueError(f"the mission's root came as {root.tag}; it is a MissionInit of {NAMESPACE}")
    if (version := root.get("PlatformVersion")) != PLATFORM:
        raise ValueError(f"the mission is for Malmo {version}; this is Malmo {PLATFORM}, as of MineRL 0.4.4 and 1.0")

    def every(path: str) -> list[ElementTree.Element]:
        return root.findall(".//" + "/".join(f"{{{NAMESPACE}}}{part}" for part in path.split("/")))

    def need(path: str) -> ElementTree.Element:
        found = every(path)
        if not found:
            raise KeyError(path)
        return found[0]

    try:
        time, far = every("ServerQuitFromTimeUp"), every("RewardForDistanceTraveledToCompassTarget")
        loot = every("RewardForPossessingItem")
        mission = Mission(
            title=(need("About/Summary").text or "").strip(),
            width=int(need("VideoProducer/Width").text or ""),
            height=int(need("VideoProducer/Height").text or ""),
            depth=need("VideoProducer").get("want_depth") == "true",
            steps=round(float(time[0].attrib["timeLimitMs"]) / (1000 * TICK)) if time else None,
            start={
                int(each.attrib["slot"]): Stack(each.attrib["type"], int(each.get("quantity", 1)))
                for each in every("InventoryObject")
            },
            goal=(need("NavigationDecorator/randomPlacementProperties/block").text or "").strip()
            if every("NavigationDecorator")
            else None,
            per_block=float(far[0].attrib["rewardPerBlock"]) if far else 0.0,
            touch={b.attrib["type"]: float(b.attrib["reward"]) for b in every("RewardForTouchingBlockType/Block")},
            possess={i.attrib["type"]: float(i.attrib["reward"]) for i in every("RewardForPossessingItem/Item")},
            once=bool(loot) and loot[0].get("sparse") == "true",
            until={i.attrib["type"]: int(i.attrib["amount"]) for i in every("AgentQuitFromPossessingItem/Item")},
        )
    except KeyError as error:
        raise ValueError(f"something in the mission lacks its {error.args[0]}") from error
    except ValueError as error:
        raise ValueError(f"a number in the mission is none: {error}") from error
    if not (8 <= mission.width <= 1024 and 8 <= mission.height <= 1024):
        raise ValueError(f"frames of {mission.width} x {mission.height} were asked for; each side is 8 to 1024 pixels")
    return mission
