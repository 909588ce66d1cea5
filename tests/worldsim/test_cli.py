"""The door: every command is reachable and documented, and bad input is one sentence and exit code 2."""

import inspect
import subprocess
import sys

import pytest

from worldsim.cli import commands, main, named, usage

NAMES = (
    "admission",
    "answer",
    "bench",
    "board",
    "compare",
    "data",
    "demo",
    "export",
    "fit",
    "following",
    "imagine",
    "ladder",
    "malmo-serve",
    "record",
    "score",
    "tracks",
    "validate",
    "worlds",
)


def test_the_table_in_pyproject_is_what_is_installed():
    assert tuple(sorted(commands())) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_every_command_says_what_it_does(name, capsys):
    with pytest.raises(SystemExit) if name != "data" else pytest.MonkeyPatch.context() as stopped:
        code = main([name, "--help"])
    assert (stopped.value.code if name != "data" else code) == 0
    printed = "".join(capsys.readouterr())
    assert f"worldsim {name}" in printed


@pytest.mark.parametrize("name", NAMES)
def test_every_argument_is_explained(name):
    loaded = commands()[name].load()
    for command in loaded.values() if isinstance(loaded, dict) else [loaded]:
        for argument in inspect.signature(command).parameters:
            assert f"\n    {argument}: " in inspect.getdoc(command), argument


def test_the_bare_command_lists_all():
    assert all(name in usage() for name in NAMES)
    assert main([]) == 0


def test_importing_the_door_imports_no_framework():
    code = "import sys, worldsim.cli; print({'torch', 'lightning', 'gymnasium', 'mujoco'} & set(sys.modules))"
    assert subprocess.check_output([sys.executable, "-c", code], text=True).strip() == "set()"


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["nope"], "there is no command 'nope'"),
        (["record", "NoSuchWorld-v0", "--out", "{tmp}/a"], "NoSuchWorld"),
        (["record", "CartPole-v1", "--out", "{tmp}/a", "--policy", "clever"], "policy came as 'clever'"),
        (["worlds", "--name", "nowhere"], "there is no world with 'nowhere'"),
        (["data", "show", "{tmp}/nothing"], "there is no dataset"),
        (["imagine", "still", "{tmp}/nothing", "{tmp}/out"], "there is no dataset"),
        (["bench", "nobody"], "there is no model 'nobody'"),
        (["bench", "still", "--benchmarks", "wisdom"], "there is no benchmark 'wisdom'"),
        (["bench", "still", "--split", "huge"], "there is no split 'huge'"),
        (["bench", "still", "--split", "test"], "no --secret FILE"),
        (["export", "permanence", "{tmp}/a", "--split", "test", "--secret", "{tmp}/none"], "there is no secret"),
        (["validate", "{tmp}/nothing", "{tmp}/nothing"], "there is no bundle"),
        (["score", "{tmp}/nothing"], "there is no submission"),
        (["board", "--results", "{tmp}/nothing"], "no results below"),
        (["demo", "--minutes", "0.1"], "minutes came as 0.1"),
        (["fit", "{tmp}/nothing", "{tmp}/run"], "there is no dataset"),
    ],
)
def test_bad_input_is_one_sentence(arguments, says, tmp_path, capsys):
    assert main([part.format(tmp=tmp_path) for part in arguments]) == 2
    error = capsys.readouterr().err
    assert says in error
    assert "Traceback" not in error


@pytest.mark.parametrize(
    ("yaml", "says"), [("data: x\nout: y\nframse: 12\n", "framse"), ("data: x\nout: y\nframes: many\n", "frames")]
)
def test_a_yaml_with_a_misspelt_key_or_a_wrong_type_is_refused(yaml, says, tmp_path, capsys):
    (tmp_path / "run.yaml").write_text(yaml)
    with pytest.raises(SystemExit) as stopped:
        main(["fit", "--config", str(tmp_path / "run.yaml")])
    assert stopped.value.code == 2
    assert says in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == [tmp_path / "run.yaml"]


def test_bare_arguments_are_named_in_order():
    def command(first, second, third=3):
        """Nothing."""

    assert named(command, ["a", "b", "--third", "c"]) == ["--first", "a", "--second", "b", "--third", "c"]
    assert named(command, ["--second", "b"]) == ["--second", "b"]
