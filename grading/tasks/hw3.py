"""HW3's test: the lyrics of the test windows as text files, a line of verse in each line.

Windows whose syllables plain text cannot tell are left out and counted: `infer.py` of the reference must
find as many syllables in each line as the corpus has notes. So one note per syllable can be asked for.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from common.cli import UserError
from common.metrics.melody import Windows
from common.run_folder import write_atomically
from grading.scoring.hw3 import describe
from grading.tasks.making import SEED, Workplace
from grading.tasks.task import Data, Task

RANDOM_MELODIES = 20  # for each text: of one the shares would be chance


def open_data() -> Data:
    from hw3_melody_generation import data, training_data

    return Data(data.ensure_data, data.default_data, training_data.is_mini)


def write(root: Path, place: Workplace) -> dict[str, Any]:
    """Write the texts -> "inputs", for each the true melody (in beats of the data), lines and song; what
    random melodies reach; how long a beat is."""
    from hw3_melody_generation.data import open_data as open_corpus

    corpus = open_corpus(root)
    windows = corpus.windows("test")
    kept = {}
    for window, name in zip(windows, place.names(len(windows), ".txt"), strict=True):
        text = text_of(window.lyrics)
        if not tells_syllables(text, window.lyrics):
            place.left_out.add("window whose syllables plain text does not tell", window.name)
            continue
        write_atomically(place.inputs / name, text.encode())
        kept[name] = window
    names = sorted(kept)
    songs = [kept[name] for name in names]
    return {
        "inputs": names,
        **{
            key: [getattr(song.melody, key).tolist() for song in songs]
            for key in ("pitch", "duration", "rest")
        },
        "lines": [list(song.lyrics.lines) for song in songs],
        "groups": [song.group for song in songs],
        "quarters_per_beat": corpus.quarters_per_beat,
        "random": random_scores(corpus.windows("train") or songs, songs) if songs else {},
    }


def text_of(lyrics: Any) -> str:
    """Lyrics as plain text, lines and marks as they were."""
    from hw3_melody_generation.midi_file import lyric_events

    lines = "".join(lyric_events(lyrics)).split("\r")
    return "".join(f"{line.strip()}\n" for line in lines)


def tells_syllables(text: str, lyrics: Any) -> bool:
    """Whether the reference finds the same lines in the text, with as many syllables each."""
    from hw3_melody_generation.syllables import read_lyrics

    try:
        found, _ = read_lyrics(text)
    except UserError:
        return False
    return found.lines == lyrics.lines


def random_scores(train: list[Any], songs: list[Any]) -> dict[str, float]:
    """What melodies reach of which each pitch, duration and rest is drawn from all notes of `train`."""
    draws = np.random.default_rng(SEED)
    shape = (RANDOM_MELODIES * len(songs), len(songs[0]))
    columns = {
        key: draws.choice(np.concatenate([getattr(song.melody, key) for song in train]), size=shape)
        for key in ("pitch", "duration", "rest")
    }
    lines = np.tile([song.lyrics.lines for song in songs], (RANDOM_MELODIES, 1))
    return describe(Windows(**columns, lines=lines))


TASK = Task("hw3", open_data, write)
