"""The one door. Commands are typed functions named in pyproject.toml; only the one that is called is imported.

    worldsim COMMAND --help
    worldsim COMMAND --config run.yaml --some_flag 3

A flag overrides the YAML, which overrides the default; what a command cannot do without may also come bare and in
order, as in `worldsim record CartPole-v1`. Bad input ends with one sentence and exit code 2.
"""

import inspect
import json
import sys
from collections.abc import Callable
from importlib.metadata import EntryPoint, entry_points
from itertools import takewhile
from typing import get_origin

GROUP = "worldsim.commands"


def commands() -> dict[str, EntryPoint]:
    """The commands that are installed, by name."""
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
    from jsonargparse import auto_cli  # here, so that the usage is instant

    sys.path.insert(0, "")  # a model or a world of one's own is named as `my_module:Thing`, from where one stands
    command = commands()[name].load()
    if isinstance(command, dict):
        part = rest.pop(0) if rest else ""
        if part not in command:
            print(f"usage: worldsim {name} {{{','.join(command)}}} [--help] [options]", file=sys.stderr)
            return 0 if part in ("-h", "--help") else 2
        name, command = f"{name} {part}", command[part]
    try:
        result = auto_cli(command, args=named(command, rest), as_positional=False, prog=f"worldsim {name}")
    except (ValueError, FileNotFoundError, FileExistsError) as error:
        print(f"worldsim {name}: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print(f"\nworldsim {name}: stopped; the same command goes on from here", file=sys.stderr)
        return 130
    return result if isinstance(result, int) else 0


def named(command: Callable, arguments: list[str]) -> list[str]:
    """The arguments, with those that lead bare given the names of the parameters that have no default, in order.

    A parameter that is a list takes all that follow.
    """
    parameters = inspect.signature(command).parameters
    needed = [name for name, each in parameters.items() if each.default is each.empty]
    flags = []
    while arguments and needed and not arguments[0].startswith("-"):
        name = needed.pop(0)
        if get_origin(parameters[name].annotation) is list:
            bare = list(takewhile(lambda each: not each.startswith("-"), arguments))
            flags, arguments = [*flags, f"--{name}", json.dumps(bare)], arguments[len(bare) :]
        else:
            flags += [f"--{name}", arguments.pop(0)]
    return flags + arguments


if __name__ == "__main__":
    sys.exit(main())
