"""The three public examples of each homework: what they are, the same each time, and nobody's test data."""

from __future__ import annotations

import numpy as np
import pytest

from common import audio
from common.assignments import find, write_examples


@pytest.mark.parametrize(
    ("short", "sample_rate", "channels", "seconds"),
    [("hw0", 16_000, 1, 4.0), ("hw1", 24_000, 1, 12.0), ("hw2", 44_100, 2, 6.0)],
)
def test_sounds(short, sample_rate, channels, seconds, tmp_path):
    paths = write_examples(find(short), tmp_path / "one")
    again = write_examples(find(short), tmp_path / "two")
    assert len(paths) == 3 and paths == sorted(set(paths), key=paths.index)
    assert [path.read_bytes() for path in paths] == [path.read_bytes() for path in again]
    sounds = []
    for path in paths:
        info = audio.info(path)
        assert (info.sample_rate, info.channels, info.duration) == (sample_rate, channels, seconds)
        sounds.append(audio.read(path)[0])
        assert 0.02 < abs(sounds[-1]).max() <= 1
    assert not np.array_equal(sounds[0], sounds[1])


def test_lyrics(tmp_path):
    paths = write_examples(find("hw3"), tmp_path)
    texts = [path.read_text(encoding="utf-8") for path in paths]
    assert len(paths) == 3 and all(text.count("\n") == 4 for text in texts)
