"""Our voxel world as a `World` that is served, and the command `worldsim malmo-serve`.

    worldsim malmo-serve --port 9000

What differs from the game: the island is 64 blocks wide, so the goal of a Navigate mission is 8 to 16 m away and not
64, the compass points at it and not near it, and it is a block of diamond ore, for want of one of diamond. What is
broken is carried at once. Tools are carried, but help nothing; crafting, smelting and eating do nothing, `equip`
chooses among blocks, `drop` drops nothing, and only falls, water and lava hurt; a player without life ends the mission.
The mission's biome and weather are not heeded: the world is the scene's.
"""

from collections.abc import Mapping, Sequence

import numpy as np
from jaxtyping import UInt8

from worldsim_envs.cameras import Camera
from worldsim_envs.minecraft import actions, hands
from worldsim_envs.minecraft import player as body
from worldsim_envs.minecraft.blocks import INDEX, NAMES, SOLID
from worldsim_envs.minecraft.malmo.mission import Mission
from worldsim_envs.minecraft.malmo.server import Player, listen, serve
from worldsim_envs.minecraft.malmo.tasks import Stack
from worldsim_envs.minecraft.overworld import OVERWORLD, RECIPE
from worldsim_envs.minecraft.world import VoxelBackend
from worldsim_envs.variation import Variation

SPOKEN = {"diamond_block": "diamond_ore", "oak_log": "log", "oak_planks": "planks", "grass_block": "grass"}
"""What either game calls our blocks, where it is another name."""

AWAY = (8, 16)
"""How far the goal is from the start (m)."""

METRE = 4.0
"""What a metre of depth is worth in the fourth byte of a pixel; 255 is 63.75 m, or more, or the sky."""

NEAR = 0.05
"""How near to the player's box a block is touched (m)."""


class Overworld:
    """The scene `worldsim/Overworld-v0`, one player in it, and what a mission puts there.

    Args:
        renderer: As of the scene.
        template, ranges: How it looks, and from where its parameters are drawn; see `Variation`.
    """

    def __init__(self, renderer: str = "auto", template: str = "palette", ranges: str = "train"):
        self.world = VoxelBackend(RECIPE, renderer, True, Variation(template, ranges))
        self._tools: dict[int, Stack] = {}
        self._goal: tuple[float, float, float] | None = None
        self._names: dict[str, str] = {}

    def begin(self, asked: Mission, seed: int) -> None:
        """Build the land of this seed, put the goal into it, and give the player what the mission says.

        Raises:
            ValueError: Where a block is to be found or touched that this world does not have.
        """
        world = self.world
        for block in (*asked.touch, *([] if asked.goal is None else [asked.goal])):
            if SPOKEN.get(block, block) not in INDEX:
                raise ValueError(f"the mission speaks of {block}; this world has no such block: {', '.join(NAMES[1:])}")
        world.reset(seed % 2**31)
        carried = np.zeros((9, 2), np.int64)
        self._tools, self._names = {}, {}
        for slot, stack in asked.start.items():
            kind = SPOKEN.get(stack.item, stack.item)
            if kind in INDEX and slot < len(carried):
                carried[slot] = INDEX[kind], min(stack.count, hands.STACK)
                self._names[kind] = stack.item
            else:
                self._tools[slot] = stack
        world.hands = hands.Hands(carried)
        for item in (*asked.possess, *asked.touch):
            self._names.setdefault(SPOKEN.get(item, item), item)
        self._goal = None if asked.goal is None else self._put_goal(asked.goal, seed)

    def act(self, commands: Mapping[str, Sequence[str]]) -> None:
        """A tick under MineRL's commands: its keys, or 0.4.4's simple actions in their place."""
        held = [name for name in actions.BUTTONS if commands.get(name, ["0"])[0] == "1"]
        place, equip = commands.get("place", ["none"])[0], commands.get("equip", ["none"])[0]
        for wanted, more in ((equip, []), (place, ["use"])):
            slot = self._slot_of(wanted)
            if slot is not None:
                held += [actions.HOTBAR[slot], *more]
        down, right = map(float, commands.get("camera", ("0", "0")))
        self.world.step(actions.press(*held, camera=(down, right)))

    def picture(self, width: int, height: int, depth: bool) -> UInt8[np.ndarray, "h w c"]:
        """What the player sees, with the scene's field of view from top to bottom."""
        size, view = max(width, height), self.world.camera
        focal = height * view.intrinsics[0, 0]
        lens = np.array([[focal, 0, size / 2], [0, focal, size / 2], [0, 0, 1.0]])
        seen = self.world.draw(Camera(view.pose, lens), size, depth=depth)
        top, left = (size - height) // 2, (size - width) // 2
        window = slice(top, top + height), slice(left, left + width)
        if seen.depth is None:
            return seen.rgb[window]
        far = np.minimum(seen.depth[window] * METRE, 255).astype(np.uint8)
        return np.dstack([seen.rgb[window], far])

    def player(self) -> Player:
        """Where the player stands, and what is carried: blocks in the hotbar, tools where there is room beside them."""
        world = self.world
        slots = {
            slot: Stack(self._names.get(NAMES[kind], NAMES[kind]), count)
            for slot, (kind, count) in enumerate(world.hands.carried.tolist())
            if count
        }
        for slot, stack in self._tools.items():
            slots[slot if slot not in slots else slot + len(actions.HOTBAR)] = stack
        x, y, z, yaw, pitch = world.player[[body.X, body.Y, body.Z, body.YAW, body.PITCH]].tolist()
        return Player((x, y, z), yaw, pitch, slots, int(world.hands.held), world.life.life)

    def goal(self) -> tuple[float, float, float] | None:
        """Where the mission's block is."""
        return self._goal

    def touched(self) -> Sequence[str]:
        """The kinds of the blocks that the player's box is next to."""
        x, y, z = self.world.player[:3]
        low = np.array([x - body.HALF, y, z - body.HALF]) - NEAR
        high = np.array([x + body.HALF, y + body.TALL, z + body.HALF]) + NEAR
        first = np.maximum(np.floor(low).astype(int), 0)
        a, b, c = (slice(one, two) for one, two in zip(first, np.ceil(high).astype(int), strict=True))
        kinds = np.unique(self.world.blocks[a, b, c]).tolist()
        touched = [str(NAMES[kind]) for kind in kinds if kind]
        return [self._names.get(name, name) for name in touched]

    def _slot_of(self, item: str) -> int | None:
        """Where in the hotbar such a block is."""
        kind = INDEX.get(SPOKEN.get(item, item), -1)
        found = [slot for slot, (one, count) in enumerate(self.world.hands.carried.tolist()) if one == kind and count]
        return found[0] if found else None

    def _put_goal(self, block: str, seed: int) -> tuple[float, float, float]:
        """Put the mission's block on open ground, as far from the player as `AWAY` says."""
        world, kind = self.world, SPOKEN.get(block, block)
        top = world.blocks.shape[1] - 1 - SOLID[world.blocks][:, ::-1].argmax(1)  # the highest that is solid, by x, z
        ground = np.take_along_axis(world.blocks, top[:, None], 1)[:, 0]
        x, z = np.indices(top.shape)
        away = np.hypot(x + 0.5 - world.player[body.X], z + 0.5 - world.player[body.Z])
        open_ground = np.isin(ground, [INDEX["grass"], INDEX["sand"]]) & (top < world.blocks.shape[1] - 2)
        there = np.argwhere(open_ground & (away >= AWAY[0]) & (away <= AWAY[1]))
        if not len(there):
            raise ValueError(f"the land of seed {seed} has no open ground {AWAY[0]} to {AWAY[1]} m away; take another")
        east, south = there[np.random.default_rng(seed % 2**31).integers(len(there))].tolist()
        high = int(top[east, south]) + 1
        world.put((east, high, south), INDEX[kind])
        return east + 0.5, high + 0.5, south + 0.5


def malmo_serve(
    host: str = "127.0.0.1",
    port: int = 9000,
    seed: int = 0,
    renderer: str = "auto",
    template: str = "palette",
    ranges: str = "train",
) -> None:
    """Serve our voxel world behind the Malmo-env protocol: code written for MineRL and VPT plays in it unchanged.

    Args:
        host: Where to listen; only this machine can come to 127.0.0.1.
        port: At which port; 0 takes a free one.
        seed: Of the first episode of a client that sends none; each has the next.
        renderer: What draws; see the page of worldsim/Overworld-v0.
        template: How it looks: palette, textured or held-out.
        ranges: From where its parameters are drawn: train, id or ood.

    Raises:
        ValueError: Where one cannot listen there, or the world cannot be made like this.
    """
    for name, value, there in (("template", template, OVERWORLD.templates), ("ranges", ranges, OVERWORLD.ranges)):
        if value not in there:
            raise ValueError(f"{name} came as {value!r}; there are: {', '.join(there)}")
    world = Overworld(renderer, template, ranges)
    with listen(host, port) as listening:
        where = f"{host}:{listening.getsockname()[1]}"
        print(f"{OVERWORLD.name} by the Malmo-env protocol at {where}; Ctrl-C ends it", flush=True)
        serve(world, listening, seed=seed)
