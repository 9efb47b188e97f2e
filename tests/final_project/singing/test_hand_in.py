"""The hand-in: three songs with words and notes, which no code of the project is needed to write."""

from __future__ import annotations

import pytest

from common.assignments import find, write_examples
from final_project.singing.songs_in import read_song


def test_it_is_found_by_its_name():
    assert find("singing").package == "final_project.singing"
    assert find("singing").script("train.py") == "final_project/singing/train.py"


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("twinkle", "Twinkle, twinkle, little star,"),
        ("der_mond", "Der Mond ist aufgegangen,"),
        ("amazing_grace", "Amazing grace, how sweet the sound"),
    ],
)
def test_examples_can_be_sung(tmp_path, name, line):
    write_examples(find("singing"), tmp_path)
    song, notices = read_song(tmp_path / f"{name}.abc")
    assert song.lyrics.startswith(line) and notices == []
    assert 12 <= len(song.notes) <= 18 and all(55 <= pitch <= 79 for pitch in song.melody.pitches)
