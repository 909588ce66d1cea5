"""The one door. Commands are typed functions named in pyproject.toml; only the one that is called is imported.

    worldsim COMMAND --help
    worldsim COMMAND --config run.yaml --some_flag 3

A flag overrides the YAML, which overrides the default. Bad input ends with one sentence and exit code 2.
"""

import sys
from importlib.metadata import EntryPoint, entry_points

GROUP = "worldsim.commands"


def commands() -> dict[str, EntryPoint]:
    """The commands that are installed, by name, in the order of the table in pyproject.toml."""
    return {entry.name: entry for entry in entry_points(group=GROUP)}


def usage() -> str:
    """What the bare `worldsim` prints."""
    lines = [f"  {name:<10}{entry.value}" for name, entry in commands().items()]
    return "usage: worldsim COMMAND [--help] [--config YAML] [options]\n\ncommands:\n" + "\n".join(lines)


def main(arguments: list[str] | None = None) -> int:
    """Run one command; the exit code is 0, or 2 for bad input, or 130 for Ctrl-C."""
    name, *rest = (sys.argv[1:] if arguments is None else arguments) or ["--help"]
    if name in ("-h", "--help"):
        print(usage())
        return 0
    if name not in commands():
        print(f"worldsim: there is no command '{name}'; there are: {', '.join(commands())}", file=sys.stderr)
        return 2
    from jsonargparse import auto_cli

    command = commands()[name].load()
    try:
        result = auto_cli(command, args=rest, as_positional=True, prog=f"worldsim {name}")
    except (ValueError, FileNotFoundError, FileExistsError) as error:
        print(f"worldsim {name}: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print(f"\nworldsim {name}: stopped; the same command goes on from here", file=sys.stderr)
        return 130
    if isinstance(result, int):
        return result
    return 0
