"""The command `worldsim worlds`: every world with its rate, its actions, what can be asked there, how it may vary."""

from gymnasium import spaces

from worldsim_envs import SCENES, Listed
from worldsim_envs.scene import find, told


def worlds(name: str | None = None) -> None:
    """List the worlds that are here, each with the one line that says what happens in it.

    Args:
        name: Only those whose id has this in it.

    Raises:
        ValueError: Where there is none.
    """
    chosen = {world: listed for world, listed in SCENES.items() if name is None or name.lower() in world.lower()}
    if not chosen:
        raise ValueError(f"there is no world with {name!r} in its id; there are: {', '.join(SCENES)}")
    print("\n\n".join(entry(world, listed) for world, listed in chosen.items()))


def entry(world: str, listed: Listed) -> str:
    """What is told of one world, in lines."""
    scene = find(listed.where)
    lines = {
        "": told(listed.where).partition("\n")[0],
        "steps": f"{listed.steps}, at {scene.fps:g} Hz",
        "actions": _actions(scene.action_space),
        "families": ", ".join(scene.families) or "none",
        "templates": ", ".join(scene.templates),
        "ranges": ", ".join(scene.ranges),
    }
    return "\n".join(
        [f"worldsim_envs:{world}", *(f"  {key:<11}{line}" if key else f"  {line}" for key, line in lines.items())]
    )


def _actions(space: spaces.Space) -> str:
    """A space in one line; a Dict by the names of its parts."""
    return f"Dict({', '.join(space.spaces)})" if isinstance(space, spaces.Dict) else str(space)
