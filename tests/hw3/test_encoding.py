"""Tests of encoding.py and window_dataset.py: songs as integers, and windows of them."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from common.cli import UserError
from hw3_melody_generation.encoding import (
    CAPITAL,
    LINE,
    NUM_BIGRAMS,
    NUM_LYRIC_COLUMNS,
    PITCH,
    PUNCTUATION,
    STRESS,
    SYLLABLE,
    UNKNOWN,
    WORD,
    LyricEncoder,
    Vocabulary,
    collate,
)
from hw3_melody_generation.songs import Lyrics, Melody, Metre, Song
from hw3_melody_generation.window_dataset import (
    EncodedSong,
    WindowConfig,
    WindowDataset,
    collate_songs,
    encode_song,
    transposed,
)

VOCABULARY = Vocabulary(durations=(0.5, 1.0, 2.0), rests=(0.0, 1.0))
LYRICS = Lyrics(
    ("Re", "mem", "ber", "me", "re"),
    words=(0, 0, 0, 1, 2),
    lines=(0, 0, 0, 0, 1),
    punctuation=("", "", "", "!", ","),
    language="en",
)
MELODY = Melody([60, 62, 64, 65, 67], [0.5, 1, 2, 0.5, 1], [0, 0, 1, 0, 0], Metre(4.0, 1.0))
SONG = Song("remember", LYRICS, MELODY)


def test_notes_come_back_from_their_codes():
    codes = VOCABULARY.codes(MELODY)
    assert codes.tolist() == [[60, 0, 0], [62, 1, 0], [64, 2, 1], [65, 0, 0], [67, 1, 0]]
    melody = VOCABULARY.melody(codes, MELODY.metre)
    assert melody.duration.tolist() == MELODY.duration.tolist()
    assert melody.rest.tolist() == MELODY.rest.tolist()
    assert melody.metre == MELODY.metre


def test_unknown_values_become_the_nearest():
    codes = VOCABULARY.codes(Melody([60] * 4, [0.1, 0.8, 1.5, 32], [0.4, 0.6, 0.5, 9]))
    assert codes[:, 1].tolist() == [0, 1, 1, 2]
    assert codes[:, 2].tolist() == [0, 1, 0, 1]


def test_the_vocabulary_holds_what_occurs_and_no_rest():
    assert Vocabulary.of([SONG]) == Vocabulary((0.5, 1.0, 2.0), (0.0, 1.0))
    assert Vocabulary.of([SONG], min_count=2) == Vocabulary((0.5, 1.0), (0.0,))
    assert VOCABULARY.sizes == (128, 3, 2)


def test_what_is_known_about_syllables():
    encoder = LyricEncoder.of([SONG], min_count=2)
    assert encoder.syllables == ("re",)
    columns = encoder.encode(LYRICS)
    assert columns.shape == (5, NUM_LYRIC_COLUMNS)
    assert columns[:, SYLLABLE].tolist() == [1, UNKNOWN, UNKNOWN, UNKNOWN, 1]
    assert columns[:, WORD].tolist() == [0, 0, 0, 1, 2]
    assert columns[:, LINE].tolist() == [0, 0, 0, 0, 1]
    assert columns[:3, STRESS].tolist() == [1, 2, 1]  # rememBER is no English; reMEMber is: 0 1 0, plus one
    assert columns[:, PUNCTUATION].tolist() == [0, 0, 0, 2, 1]
    assert columns[:, CAPITAL].tolist() == [1, 0, 0, 0, 0]


def test_like_letters_have_like_pairs():
    pairs = [set(row[CAPITAL + 1 :]) - {0} for row in LyricEncoder().encode(LYRICS)]
    assert pairs[0] == pairs[4]  # Re and re: ^r, re, e$
    assert len(pairs[0]) == 3
    assert len(pairs[0] & pairs[3]) == 1  # e$ of me
    long = LyricEncoder().encode(Lyrics(("strengthsandweaknesses",), words=(0,), lines=(0,)))
    assert (long[0, CAPITAL + 1 :] > 0).sum() == NUM_BIGRAMS


def test_stress_that_comes_with_the_lyrics_is_kept():
    lyrics = Lyrics(("a", "lone"), words=(0, 0), lines=(0, 0), stress=(1, 2), language="en")
    assert LyricEncoder().encode(lyrics)[:, STRESS].tolist() == [2, 3]
    german = Lyrics(("sin", "gen"), words=(0, 0), lines=(0, 0), language="de")
    assert LyricEncoder().encode(german)[:, STRESS].tolist() == [2, 1]
    japanese = Lyrics(("さ", "く"), words=(0, 0), lines=(0, 0), language="ja")
    assert LyricEncoder().encode(japanese)[:, STRESS].tolist() == [0, 0]


def test_a_batch_is_padded_with_what_belongs_to_no_word():
    encoder = LyricEncoder()
    lyrics = [encoder.encode(LYRICS), encoder.encode(LYRICS.excerpt([0, 1]))]
    batch = collate(lyrics, [VOCABULARY.codes(MELODY)] * 2, [Metre(4.0, 1.0), None])
    assert batch["mask"].tolist() == [[True] * 5, [True, True, False, False, False]]
    assert batch["lyrics"][1, :, WORD].tolist() == [0, 0, 1, 1, 1]
    assert batch["metre"].tolist() == [[4, 1], [0, 0]]
    assert batch["notes"].dtype == torch.int64
    assert "notes" not in collate(lyrics)


# ---- windows ----


def long_song(length: int = 50) -> Song:
    lyrics = Lyrics(("la",) * length, words=tuple(range(length)), lines=(0,) * length)
    return Song("long", lyrics, Melody(np.arange(length) + 40, [1] * length, [0] * length, Metre(4.0, 3.0)))


def dataset(*songs: Song, **options) -> WindowDataset:
    return WindowDataset(songs, VOCABULARY, LyricEncoder(), WindowConfig(window=20, **options))


def test_a_song_has_a_window_every_twenty_syllables():
    windows = dataset(long_song(50), long_song(19), long_song(20))
    assert [len(windows[place].notes) for place in range(len(windows))] == [20, 20, 19, 20]
    assert windows[1].notes[0, PITCH] == 60
    assert windows[1].metre == Metre(4.0, 3.0)  # 3 + 20 beats


def test_drawn_windows_differ_and_repeat_by_their_generator():
    windows = dataset(long_song(50), transpose=0)
    begins = {int(windows.draw(0, np.random.default_rng(seed)).notes[0, PITCH]) - 40 for seed in range(200)}
    assert begins == set(range(20))
    last = {int(windows.draw(1, np.random.default_rng(seed)).notes[0, PITCH]) - 40 for seed in range(200)}
    assert last == set(range(20, 31))  # as far as the song goes
    again = [windows.draw(0, np.random.default_rng(5)).notes.tolist() for _ in range(2)]
    assert again[0] == again[1]


def test_bars_go_with_drawn_windows():
    windows = dataset(long_song(50), transpose=0)
    drawn = windows.draw(0, np.random.default_rng(1))
    begin = int(drawn.notes[0, PITCH]) - 40
    assert drawn.metre.position == (3 + begin) % 4


def test_windows_are_transposed_as_wholes():
    windows = dataset(long_song(20), transpose=3)
    shifts = {int(windows.draw(0, np.random.default_rng(seed)).notes[0, PITCH]) - 40 for seed in range(100)}
    assert shifts == set(range(-3, 4))
    assert (np.diff(windows.draw(0, np.random.default_rng(0)).notes[:, PITCH]) == 1).all()


def test_transposition_ends_where_midi_does():
    notes = np.array([[126, 0, 0], [2, 0, 0]])
    song = EncodedSong(np.zeros((2, NUM_LYRIC_COLUMNS), np.int64), notes, None, np.zeros(2))
    assert transposed(song, 6).notes[:, PITCH].tolist() == [127, 3]
    assert transposed(song, -6).notes[:, PITCH].tolist() == [124, 0]


def test_encoded_songs_make_a_batch():
    batch = collate_songs([encode_song(SONG, VOCABULARY, LyricEncoder())] * 3)
    assert batch["notes"].shape == (3, 5, 3)
    assert batch["metre"].tolist() == [[4, 1]] * 3


@pytest.mark.parametrize("wrong", [{"window": 1}, {"transpose": -1}])
def test_windows_that_make_no_sense_are_refused(wrong):
    with pytest.raises(UserError, match=f"--{next(iter(wrong))} is"):
        WindowConfig(**wrong)
