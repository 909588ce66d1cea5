import av
import numpy as np
import pytest
from jsonargparse import auto_cli
from made_up import TINY, episode

from worldsim.data.show import commands, contact_sheet
from worldsim.data.store import EpisodeStore
from worldsim.data.writer import write_episodes


def command(*arguments):
    return auto_cli(commands, args=[*map(str, arguments)], as_positional=True)


def test_show_says_what_is_there_and_draws_it(recorded, tmp_path, capsys):
    command("show", recorded, "--out", tmp_path / "sheet.png", "--rows", 3, "--columns", 4)
    said = capsys.readouterr().out
    for words in ("12, of", "16 x 16 pixels at 20 Hz", TINY, "depth, segmentation", "moved, place, steps", "Box(-1.0"):
        assert words in said, said
    assert EpisodeStore(recorded).hash in said
    with av.open(str(tmp_path / "sheet.png")) as container:
        sheet = next(container.decode(video=0)).to_ndarray(format="rgb24")
    assert sheet.shape == (3 * 18 - 2, 4 * 18 - 2, 3)


def test_the_sheet_shows_episodes_from_first_to_last_frame(tmp_path):
    write_episodes(tmp_path, [episode(seed, steps) for seed, steps in enumerate([6, 9, 1])])
    sheet = contact_sheet(EpisodeStore(tmp_path), rows=3, columns=4, gap=0)
    cells = sheet.reshape(3, 16, 4, 16, 3)[:, 0, :, 0]
    assert cells[:2, :, 0].tolist() == [[0] * 4, [1] * 4]
    assert cells[:, :, 1].tolist() == [[0, 2, 4, 6], [0, 3, 6, 9], [0, 1, 255, 255]]


def test_what_python_wrote_is_shown_too(tmp_path, capsys):
    write_episodes(tmp_path, [episode()])
    command("show", tmp_path)
    assert "not told" in capsys.readouterr().out and (tmp_path / "contact-sheet.png").exists()
    EpisodeStore(tmp_path).check()


def test_check_reads_every_byte(tmp_path, capsys):
    write_episodes(tmp_path, [episode()])
    command("check", tmp_path)
    assert "is whole: 1 episodes" in capsys.readouterr().out
    video = next(tmp_path.rglob("*.mp4"))
    video.write_bytes(video.read_bytes()[:-1] + bytes([np.uint8(video.read_bytes()[-1] ^ 1)]))
    with pytest.raises(ValueError, match="has changed"):
        command("check", tmp_path)
