import json
from dataclasses import replace

import pytest
from toy_results import result

from worldsim_benchmarks.board import board, markdown
from worldsim_benchmarks.result import read, read_all, write


def test_a_result_is_read_as_it_was_written(tmp_path):
    path = write(result(), tmp_path, {"seconds": 1})
    assert read(path).text() == result().text()


def test_results_are_appended_and_never_covered(tmp_path):
    first = write(result(), tmp_path, {"seconds": 1})
    same = write(result(), tmp_path, {"seconds": 2})
    other = write(result(score=60.0), tmp_path, {"seconds": 1})
    assert first == same != other
    assert len(read_all(tmp_path)) == 2


def test_what_is_known_of_the_whole_split_alone_is_in_no_row_of_twins(tmp_path):
    one = result()
    one = replace(one, metrics={**one.metrics, "half-life": 1.6})
    path = write(one, tmp_path, {"seconds": 1})
    assert set(one.values) == {"R", "TDS"}
    assert "half-life" in path.read_text() and "half-life" not in path.with_name("per_episode.csv").read_text()
    assert "half-life" in markdown([read(path)])


def test_a_metric_that_older_results_do_not_have_is_a_dash():
    one, old = result("one"), result("old")
    more = {"later": 0.25}
    newer = replace(one, metrics={**one.metrics, **more}, cases={"a": {**one.cases["a"], **more}})
    text = markdown([newer, old])
    assert "| later |" in text and "| 0.25 |" in text and text.count("— |") >= 3


def test_what_no_bounds_hold_has_an_interval_of_its_own(tmp_path):
    one = replace(result(), intervals={"R": (0.25, 0.75)})
    again = read(write(one, tmp_path, {}))
    assert again == one or again.text() == one.text()
    assert "0.50 [0.25, 0.75]" in markdown([again])


def test_what_was_not_scored_is_null_with_a_reason(tmp_path):
    fields = json.loads(write(result(), tmp_path, {}).read_text())
    assert fields["cases"]["a"]["TDS"] is None
    assert fields["reasons"]["a/TDS"] == "not exposed"


def test_the_board_ranks_within_each_benchmark_and_warns_of_quick_splits(tmp_path):
    for each in (result("low", 10.0), result("high", 90.0), result("other", 99.0, benchmark="fidelity@1")):
        write(each, tmp_path, {})
    board(str(tmp_path))
    text = (tmp_path / "README.md").read_text()
    assert text.index("## fidelity@1") < text.index("## permanence@1") < text.index("**high**") < text.index("**low**")
    assert "Too few to rank by" in text
    assert "high" in (tmp_path / "board.html").read_text()


def test_unscored_is_a_dash_on_the_board():
    assert "—" in markdown([result()])


@pytest.mark.parametrize(
    ("content", "says"), [("{", "is not JSON"), ("{}", "has schema None"), ('{"schema": "x"}', "has schema 'x'")]
)
def test_a_file_that_is_no_result_is_named(tmp_path, content, says):
    (tmp_path / "result.json").write_text(content)
    with pytest.raises(ValueError, match=says):
        read_all(tmp_path)


def test_no_results_says_how_to_get_some(tmp_path):
    with pytest.raises(FileNotFoundError, match="worldsim bench"):
        read_all(tmp_path)
