"""Answers that were made elsewhere: what leaves the house, what comes back, and what it is worth."""

import hashlib
import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import toy_twins

from worldsim.video import PROFILES, read_mp4, write_mp4
from worldsim_benchmarks import bench as command
from worldsim_benchmarks import kept
from worldsim_benchmarks.benchmark import SPLITS
from worldsim_benchmarks.bundle import PARTS, export
from worldsim_benchmarks.catalogue import BENCHMARKS
from worldsim_benchmarks.delivery import Wanted, bars, fault
from worldsim_benchmarks.permanence import Permanence
from worldsim_benchmarks.result import read_all
from worldsim_benchmarks.submission import Manifest, answer, score, validate

PAIRS = 2


def lively(frames, start, number):
    """A grey fly crosses the picture, in each world at another time: nothing stands still, and no two are alike."""
    frames = frames.copy()
    for t, frame in enumerate(frames, start):
        left = (t + 7 * number) % 60
        frame[1:5, left : left + 4] = 200 + 8 * number
    return frames


class Toy(Permanence):
    """Pairs drawn by hand, named by their seeds like real ones."""

    def twins(self, split, *, size):
        first, _ = SPLITS[split]
        for number in range(PAIRS):
            made, name = toy_twins.twins(number), f"toy/{first + number}"
            yield replace(made, name=name, cases=tuple(self.case(each, name, number) for each in made.cases))

    def case(self, case, name, number):
        truth = replace(case.truth, frames=lively(case.truth.frames, toy_twins.CONTEXT, number))
        return replace(case, name=f"{name}/{case.arm}", seen=lively(case.seen, 0, number), truth=truth)


@pytest.fixture(autouse=True)
def toy(monkeypatch):
    monkeypatch.setitem(BENCHMARKS, "permanence", Toy)
    monkeypatch.setattr(kept, "_drawn_by", lambda: "a hand")


@pytest.fixture
def secret(tmp_path):
    (tmp_path / "secret").write_bytes(bytes(range(32)))
    return str(tmp_path / "secret")


@pytest.fixture
def exported(tmp_path, secret):
    export("permanence", str(tmp_path / "bundle"), "test", secret=secret, truth=str(tmp_path / "truth"))
    return tmp_path / "bundle"


@pytest.fixture
def sent(tmp_path, exported):
    answer("drift", str(exported), str(tmp_path / "sent"))
    return tmp_path / "sent"


def episodes(bundle: Path) -> dict[str, dict]:
    return json.loads((bundle / "manifest.json").read_text())["episodes"]


def results(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("result.json"))}


def test_a_bundle_holds_contexts_queries_and_checksums_and_no_truth(exported, tmp_path):
    there = episodes(exported)
    assert len(there) == 2 * PAIRS and len({facts["group"] for facts in there.values()}) == PAIRS
    cases = [case for each in Toy().twins("quick", size=64) for case in each.cases]
    truth = {case.truth.frames[t].tobytes() for case in cases for t in (10, 31)}
    seen = {case.seen.tobytes() for case in cases}
    for name, facts in there.items():
        path = exported / "episodes" / f"{name}.npz"
        assert hashlib.sha256(path.read_bytes()).hexdigest() == facts["sha256"]
        with np.load(path) as file:
            assert tuple(file.files) == PARTS
            assert file["seen"].tobytes() in seen
            assert not {frame.tobytes() for frame in file["seen"]} & truth
            assert len(file["plan"]) == facts["frames"] == 32 and len(file["way"]) == 32
    everything = " ".join([*there, (exported / "manifest.json").read_text()])
    assert "present" not in everything and "absent" not in everything  # no id tells the arm
    assert {facts["group"] for facts in there.values()} == {f"toy/{number:06d}" for number in range(PAIRS)}


def test_the_same_export_twice_is_the_same_bytes(exported, tmp_path, secret):
    export("permanence", str(tmp_path / "again"), "test", secret=secret, truth=str(tmp_path / "truth"))
    for path in sorted(exported.rglob("*.*")):
        assert path.read_bytes() == (tmp_path / "again" / path.relative_to(exported)).read_bytes()
    with pytest.raises(FileExistsError, match="is there already"):
        export("permanence", str(exported), "test", secret=secret, truth=str(tmp_path / "truth"))


def test_a_submission_gets_what_bench_gives_the_same_model_to_the_byte(exported, tmp_path, secret):
    truth, samples = str(tmp_path / "truth"), 2
    answer("drift", str(exported), str(tmp_path / "sent"), samples=samples, seed=5, training="zero-shot")
    assert validate(str(tmp_path / "sent"), str(exported)) == 0
    score(str(tmp_path / "sent"), secret=secret, out=str(tmp_path / "scored"), truth=truth)
    here = {"split": "test", "secret": secret, "truth": truth, "samples": samples, "seed": 5, "training": "zero-shot"}
    command.bench("drift", "permanence", out=str(tmp_path / "benched"), **here)
    assert results(tmp_path / "scored") == results(tmp_path / "benched")
    [one] = [each for each in read_all(tmp_path / "scored") if each.contestant == "drift"]
    assert (one.tier, one.exposure, one.manifest["training"]) == ("T1", 1.0, "zero-shot")
    assert not [path for path in results(tmp_path / "scored").values() if str(SPLITS["quick"][0]).encode() in path]


def test_whoever_claims_to_be_someone_else_is_measured_all_the_same(sent, tmp_path, secret):
    truth, out = str(tmp_path / "truth"), tmp_path / "results"
    command.bench("drift", "permanence", split="test", secret=secret, out=str(out), truth=truth)
    for place in sent.glob("episodes/*/s0.mp4"):
        write_mp4(place, np.flip(read_mp4(place), 1), 10.0)
    (sent / "manifest.json").write_text(json.dumps({**json.loads((sent / "manifest.json").read_text()), "sha256": {}}))
    score(str(sent), secret=secret, out=str(out), truth=truth)
    assert len({each.text() for each in read_all(out) if each.contestant == "drift"}) == 2


# ---- what is wrong ---------------------------------------------------------------------------------------------------

BAD = {
    "there is no episodes": lambda path, frames: path.unlink(),
    "cannot be read": lambda path, frames: path.write_bytes(path.read_bytes()[:700]),
    "it has 31 frames; 32 were asked for": lambda path, frames: write_mp4(path, frames[:-1], 10.0),
    "it is 32 x 64 pixels; 64 x 64 were asked for": lambda path, frames: write_mp4(path, frames[:, :, ::2], 10.0),
    "it runs at 24 Hz; 10 were asked for": lambda path, frames: write_mp4(path, frames, 24.0),
    "it is frozen": lambda path, frames: write_mp4(path, np.repeat(frames[:1], 32, 0), 10.0),
    "each second frame repeats": lambda path, frames: write_mp4(path, np.repeat(moving(32)[:16], 2, 0), 10.0),
    "it is letterboxed: there are bars above and below": lambda path, frames: write_mp4(path, boxed(moving(32)), 10.0),
    "it holds NaN": lambda path, frames: as_npz(path, np.where(frames > 100, np.nan, frames)),
    "its frames are float64; uint8": lambda path, frames: as_npz(path, frames / 255.0),
}


def moving(length):
    frames = np.random.default_rng(0).integers(100, 110, (length, 64, 64, 3), dtype=np.uint8)
    for t, frame in enumerate(frames):
        frame[20:30, t : t + 10] = 200
    return frames


def boxed(frames):
    return np.pad(frames[:, 8:-8], [(0, 0), (8, 8), (0, 0), (0, 0)])


def as_npz(path, frames):
    path.unlink()
    np.savez(path.with_suffix(".npz"), frames=frames, fps=10.0)


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """A bundle of the public split and a submission without a fault, made once."""
    folder = tmp_path_factory.mktemp("whole")
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(BENCHMARKS, "permanence", Toy)
        patch.setattr(kept, "_drawn_by", lambda: "a hand")
        export("permanence", str(folder / "bundle"), truth=str(folder / "truth"))
        answer("drift", str(folder / "bundle"), str(folder / "sent"))
    return folder


@pytest.mark.parametrize("says", BAD)
def test_what_is_not_what_was_asked_for_is_named(says, whole, tmp_path, capsys):
    sent = shutil.copytree(whole / "sent", tmp_path / "sent")
    place = next(iter(episodes(whole / "bundle")))
    manifest = json.loads((sent / "manifest.json").read_text())
    (sent / "manifest.json").write_text(json.dumps({**manifest, "sha256": {}}))
    path = sent / "episodes" / place / "s0.mp4"
    BAD[says](path, read_mp4(path))
    assert validate(str(sent), str(whole / "bundle")) == 1
    said = capsys.readouterr().out
    assert f"{place}/s0: " in said and says in said
    assert "3 of 4 videos are what was asked for" in said


def test_a_file_that_nobody_asked_for_is_named_and_does_not_count(whole, tmp_path, capsys):
    sent = shutil.copytree(whole / "sent", tmp_path / "sent")
    shutil.copytree(sent / "episodes" / next(iter(episodes(whole / "bundle"))), sent / "episodes" / "nobody")
    manifest = json.loads((sent / "manifest.json").read_text())
    (sent / "manifest.json").write_text(json.dumps({**manifest, "sha256": {"episodes/nobody/s0.mp4": "0" * 64}}))
    assert validate(str(sent), str(whole / "bundle")) == 1
    said = capsys.readouterr().out
    assert "nobody/s0: it is not the file that manifest.json names" in said
    assert "4 of 4 videos are what was asked for" in said


def test_a_duplicate_and_an_exchanged_file_are_named(whole, tmp_path, capsys):
    sent = shutil.copytree(whole / "sent", tmp_path / "sent")
    there = episodes(whole / "bundle")
    one, *_, other = there
    shutil.copy(sent / "episodes" / one / "s0.mp4", sent / "episodes" / other / "s0.mp4")
    assert validate(str(sent), str(whole / "bundle")) == 1
    said = capsys.readouterr().out
    assert f"{one}/s0: it is a duplicate: the same video answers {other}/s0" in said and f"{other}/s0: it is a" in said
    frames = read_mp4(sent / "episodes" / one / "s0.mp4")
    write_mp4(sent / "episodes" / other / "s0.mp4", np.flip(frames, 1), 10.0)
    validate(str(sent), str(whole / "bundle"))
    assert f"{other}/s0: it is not the file that manifest.json names" in capsys.readouterr().out


def test_what_is_wrong_scores_at_the_floor_and_is_never_dropped(whole, tmp_path, capsys):
    sent = shutil.copytree(whole / "sent", tmp_path / "sent")
    place = next(iter(episodes(whole / "bundle")))
    shutil.rmtree(sent / "episodes" / place)
    for folder, name in ((whole / "sent", "whole"), (sent, "less")):
        score(str(folder), out=str(tmp_path / name), truth=str(whole / "truth"))
    assert f"{place}/s0: there is no episodes" in capsys.readouterr().out
    all_of_it, less = (
        next(each for each in read_all(tmp_path / name) if each.contestant == "drift") for name in ("whole", "less")
    )
    assert (all_of_it.exposure, less.exposure) == (1.0, 0.5)
    assert len(less.cases) == PAIRS
    [(where, why)] = [(key, why) for key, why in less.reasons.items() if key.endswith("/s0")]
    assert "there is no episodes" in why
    hit = where.rpartition("/s0")[0].rpartition("/")[0]
    assert less.cases[hit]["TDS"] == 0 and less.cases[hit]["R"] == 0
    assert all(less.cases[name] == all_of_it.cases[name] for name in less.cases if name != hit)
    table = (next((tmp_path / "less").rglob("drift/*/per_episode.csv"))).read_text().splitlines()
    assert len(table) == 1 + PAIRS and sum("there is no episodes" in line for line in table) == 1
    page = (next((tmp_path / "less").rglob("drift/*/index.html"))).read_text()
    assert page.count("data:image/png;base64,") == 2 * PAIRS and "no answer, there is no episodes" in page


def test_a_world_that_stands_still_may_be_answered_so():
    frames = np.repeat(moving(1), 32, 0)
    wanted = Wanted((32, 64, 64), 10.0, "g", (0.0, 0.0))
    assert "frozen" in fault(frames, 10.0, wanted)
    assert fault(frames, 10.0, Wanted((32, 64, 64), 10.0, "g", (0.0, 0.0), stands=True)) == ""


def test_bars_that_the_context_has_too_are_no_letterbox():
    frames = boxed(moving(32))
    assert bars(frames) == (0.125, 0.0) and bars(moving(32)) == (0.0, 0.0)
    assert fault(frames, 10.0, Wanted((32, 64, 64), 10.0, "g", (0.125, 0.0))) == ""


def test_an_honest_answer_through_a_lossy_codec_is_let_through(tmp_path):
    fine = PROFILES["fine"]
    wanted = Wanted((32, 64, 64), 10.0, "g", (0.0, 0.0))
    write_mp4(tmp_path / "a.mp4", moving(32), 10.0, fine._replace(options={**fine.options, "crf": "17"}))
    assert fault(read_mp4(tmp_path / "a.mp4"), 10.0, wanted) == ""


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"schema": "x"}, "has schema 'x'"),
        ({"tier": "T9"}, "says tier 'T9'"),
        ({"how": {"training": "much"}}, "training 'much'"),
        ({"frames": 3}, "lacks or has too much: frames"),
    ],
)
def test_a_manifest_that_does_not_say_what_it_must_is_refused(change, says, whole, tmp_path):
    told = json.loads((whole / "sent" / "manifest.json").read_text())
    (tmp_path / "manifest.json").write_text(json.dumps({**told, **change}))
    with pytest.raises(ValueError, match=says):
        Manifest.read(tmp_path)


def test_answers_to_another_bundle_are_refused(whole, exported):
    with pytest.raises(ValueError, match="answers"):
        validate(str(whole / "sent"), str(exported))
    with pytest.raises(ValueError, match="holds other answers"):
        answer("drift", str(whole / "bundle"), str(whole / "sent"), samples=2)


def test_an_answer_goes_on_where_it_was_stopped(whole, tmp_path, monkeypatch):
    sent = shutil.copytree(whole / "sent", tmp_path / "sent")
    place = next(iter(episodes(whole / "bundle")))
    before = (sent / "episodes" / place / "s0.mp4").read_bytes()
    (sent / "episodes" / place / "s0.mp4").unlink()
    answer("drift", str(whole / "bundle"), str(sent))
    assert (sent / "episodes" / place / "s0.mp4").read_bytes() == before
