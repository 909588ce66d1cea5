"""Surprise that was told elsewhere: what is shown, the table that comes back, and what is wrong with it, row by row."""

import csv
import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import toy_twins

from worldsim_benchmarks import bench as command
from worldsim_benchmarks import kept
from worldsim_benchmarks.benchmark import SPLITS, Twins
from worldsim_benchmarks.bundle import COMES, PARTS, export
from worldsim_benchmarks.cases import Cut, Question, Told, at
from worldsim_benchmarks.catalogue import BENCHMARKS
from worldsim_benchmarks.result import read_all
from worldsim_benchmarks.submission import answer, score, validate
from worldsim_benchmarks.surprises import COLUMNS, TABLE
from worldsim_benchmarks.voe import Voe, films, where_alike

WHERE = Cut(toy_twins.CONTEXT, toy_twins.FUTURE)
EPISODES = 2
BRIGHT = f"{__name__}:Bright"


def told(number: int) -> list[Told]:
    actions = np.zeros((toy_twins.CONTEXT + toy_twins.FUTURE - 1, 1), np.float32)
    return [Told(toy_twins.told(present, number % 5, 10 + 13 * (number % 4)), actions) for present in (True, False)]


class ToyFilms(Voe):
    """Films drawn by hand, named by their seeds like real ones."""

    def __init__(self):
        super().__init__("voe-mujoco", ())

    def twins(self, split, *, size):
        for number in range(EPISODES):
            question = Question("T-OCC", "Toy-v0", ("present", "absent"), at(*WHERE[:2]))
            name = f"T-OCC/Toy-v0/absent/{SPLITS[split][0] + number}"
            cases = films(where_alike, question, name, told(number), WHERE, 10.0)
            assert cases is not None
            yield Twins(name, "T-OCC/Toy-v0/absent", cases)


class Bright:
    """Surprised by light, with or without a reason: it ties."""

    def watch(self, seen, taken):
        raise AssertionError("nobody asked it to watch")

    def imagine(self, memory, plan, *, generator):
        raise AssertionError("nobody asked for pictures")

    def surprise(self, frames, actions, *, generator):
        return frames.mean((2, 3, 4))


@pytest.fixture(scope="module", autouse=True)
def toy():
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(BENCHMARKS, "voe-mujoco", ToyFilms)
        patch.setattr(kept, "_drawn_by", lambda: "a hand")
        yield


@pytest.fixture(scope="module")
def made(toy, tmp_path_factory):
    folder = tmp_path_factory.mktemp("made")
    export("voe-mujoco", str(folder / "bundle"), truth=str(folder / "truth"))
    answer(BRIGHT, str(folder / "bundle"), str(folder / "sent"))
    return folder


@pytest.fixture
def there(made, tmp_path):
    """A bundle, and a table that is right."""
    return shutil.copytree(made, tmp_path / "there")


def rows(folder: Path) -> list[list[str]]:
    with (folder / "sent" / TABLE).open(newline="") as file:
        return list(csv.reader(file))


def send(folder: Path, table: list[list[str]]) -> None:
    """Another table in the place of the one that was sent, by whoever does not tell its digest."""
    manifest = folder / "sent" / "manifest.json"
    manifest.write_text(json.dumps({**json.loads(manifest.read_text()), "sha256": {}}))
    with (folder / "sent" / TABLE).open("w", newline="") as file:
        csv.writer(file).writerows(table)


def scored(folder: Path, name=BRIGHT):
    shutil.rmtree(folder / "results", ignore_errors=True)
    score(str(folder / "sent"), out=str(folder / "results"), truth=str(folder / "truth"))
    [one] = [row for row in read_all(folder / "results") if row.contestant == name]
    return one


def test_a_bundle_of_films_shows_all_of_them_and_not_which_are_possible(there):
    manifest = json.loads((there / "bundle" / "manifest.json").read_text())
    assert manifest["asks"] == "surprise" and len(manifest["episodes"]) == 4 * EPISODES
    text = json.dumps(manifest)
    assert "present" not in text and "present>absent" not in text
    for name, facts in manifest["episodes"].items():
        with np.load(there / "bundle" / "episodes" / f"{name}.npz") as file:
            assert tuple(file.files) == (*PARTS, COMES) and len(file[COMES]) == facts["frames"]
        assert 0 < facts["counts_from"] < facts["frames"]
    for group in {facts["group"] for facts in manifest["episodes"].values()}:
        own = [facts for facts in manifest["episodes"].values() if facts["group"] == group]
        assert len(own) == 4 and len({facts["counts_from"] for facts in own}) == 1


def test_a_table_gets_what_bench_gives_the_same_model_to_the_byte(there):
    assert rows(there)[0] == list(COLUMNS) and len(rows(there)) == 1 + 4 * EPISODES
    assert validate(str(there / "sent"), str(there / "bundle")) == 0
    one = scored(there)
    assert (one.tier, one.exposure, one.metrics["VoE"]) == ("T4", 1.0, 0.0)
    command.bench(BRIGHT, "voe-mujoco", out=str(there / "benched"), truth=str(there / "truth"), training="unstated")
    [other] = [row for row in read_all(there / "benched") if row.contestant == one.contestant]
    assert one.text() == other.text()


def test_who_knows_what_cannot_be_is_right_each_time(there):
    bundle = json.loads((there / "bundle" / "manifest.json").read_text())["episodes"]
    frames = {
        np.concatenate([case.seen, case.truth.frames]).tobytes(): float(">" in case.arm)
        for twins in ToyFilms().twins("quick", size=64)
        for case in twins.cases
    }
    table = [list(COLUMNS)]
    for clip, facts in bundle.items():
        with np.load(there / "bundle" / "episodes" / f"{clip}.npz") as file:
            table.append([facts["group"], clip, repr(frames[np.concatenate([file["seen"], file[COMES]]).tobytes()])])
    send(there, table)
    assert scored(there).metrics["VoE"] == 1.0


BAD = {
    "says 'much', which is no finite number": lambda row: [[*row[:2], "much"]],
    "says 'nan', which is no finite number": lambda row: [[*row[:2], "nan"]],
    "says that it is of episode 'elsewhere'": lambda row: [["elsewhere", *row[1:]]],
    "it has two rows, in line 2 and line 3": lambda row: [row, row],
    "it has no row in surprise.csv": lambda row: [],
    "there is no clip 'nobody' in the bundle": lambda row: [[row[0], "nobody", "1.0"]],
    "line 2: it has 2 columns; 3 would do": lambda row: [row[:2]],
}


@pytest.mark.parametrize("says", BAD)
def test_each_row_that_is_wrong_is_named_and_costs_its_episode(says, there, capsys):
    head, first, *others = rows(there)
    send(there, [head, *BAD[says](first), *others])
    assert validate(str(there / "sent"), str(there / "bundle")) == 1
    said = capsys.readouterr().out
    assert says in said and f"{first[1]}: " in said
    assert f"{4 * EPISODES - 1} of {4 * EPISODES} clips have a surprise" in said
    one = scored(there)
    assert one.exposure == 0.5 and len(one.cases) == EPISODES
    assert one.cases[first[0]]["VoE"] == 0


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (None, "surprise.csv: it is not there"),
        ("a,b\n1,2\n", "it begins with 'a,b'"),
        (b"\xff\xfe\x00", "cannot be read"),
    ],
)
def test_a_table_that_is_none_is_named_and_scores_nothing(content, says, there, capsys):
    path = there / "sent" / TABLE
    send(there, rows(there))
    path.unlink()
    if content is not None:
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    assert validate(str(there / "sent"), str(there / "bundle")) == 1
    assert says in capsys.readouterr().out
    assert scored(there).exposure == 0


def test_a_table_that_is_not_the_one_that_was_named_is_no_good(there, capsys):
    path = there / "sent" / TABLE
    path.write_text(path.read_text().replace("0.", "1."))
    assert validate(str(there / "sent"), str(there / "bundle")) == 1
    assert "it is not the file that manifest.json names" in capsys.readouterr().out


def test_surprise_is_told_once(there):
    with pytest.raises(ValueError, match="told once"):
        answer(BRIGHT, str(there / "bundle"), str(there / "again"), samples=2)
