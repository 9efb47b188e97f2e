"""Flags, repeats, pieces, words and lines of songs in the authors' layout."""

from __future__ import annotations

import gzip
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from hw3_melody_generation.cleaning import clean_songs, flags_of, pieces_of, without_repeats
from hw3_melody_generation.original_layout import OriginalSong
from hw3_melody_generation.song_clusters import join, shared_shingles, shingles
from hw3_melody_generation.splitting import make_split, part_of
from hw3_melody_generation.verse import lines_of, words_of

SHARED = Path(__file__).resolve().parents[3] / "shared" / "data" / "lyrics_melody"
ENGLISH = [
    "the",
    "sun",
    "is",
    "in",
    "my",
    "eye",
    "and",
    "you",
    "see",
    "it",
    "now",
    "so",
    "we",
    "are",
    "one",
    "to",
    "me",
]


@pytest.fixture
def song():
    """A song that nothing is wrong with."""
    rng = np.random.default_rng(1)
    count = 80
    return OriginalSong(
        name="good",
        syllables=tuple(ENGLISH[index % 17] + "e" * (index % 3 == 2) for index in range(count)),
        pitch=tuple((60 + rng.integers(0, 12, count)).tolist()),
        duration=(1.0,) * count,
        rest=(0.0,) * count,
        gap=(0.0, *[0.3] * (count - 1)),
    )


def test_a_good_song_has_no_flag(song):
    assert flags_of(song) == ()


@pytest.mark.parametrize(
    ("flag", "change"),
    [
        ("low", lambda s: {"pitch": tuple(p - 24 for p in s.pitch)}),
        ("high", lambda s: {"pitch": tuple(p + 30 for p in s.pitch)}),
        ("leaps", lambda s: {"pitch": tuple(p + 26 * (i % 10 == 0) for i, p in enumerate(s.pitch))}),
        ("fewpitches", lambda s: {"pitch": tuple(60 + i % 4 for i in range(len(s.pitch)))}),
        ("chords", lambda s: {"gap": (0.0, *[0.02] * 5, *[0.3] * (len(s.gap) - 6))}),
        ("unordered", lambda s: {"gap": (*s.gap[:-1], -0.001)}),
        ("one-syllable", lambda s: {"syllables": ("la",) * 29 + s.syllables[29:]}),
        ("nonenglish?", lambda s: {"syllables": tuple(f"wor{i % 9}" for i in range(len(s.syllables)))}),
    ],
)
def test_each_flag_for_its_fault_alone(song, flag, change):
    assert flags_of(replace(song, **change(song))) == (flag,)


def test_short_songs(song):
    def cut(length: int) -> OriginalSong:
        columns = ("syllables", "pitch", "duration", "rest", "gap")
        return replace(song, **{name: getattr(song, name)[:length] for name in columns})

    assert flags_of(cut(40)) == () and flags_of(cut(39)) == ("short",)
    assert "one-syllable" not in flags_of(cut(1))  # of which nothing can be said


def test_flags_agree_with_the_clean_copy():
    path = SHARED / "lmd_full_syllables.jsonl.gz"
    if not path.is_file():
        pytest.skip("the corpus, ../shared/data/lyrics_melody, is not there")
    agree = []
    with gzip.open(path, "rt") as lines:
        for line, _ in zip(lines, range(400), strict=False):
            columns = json.loads(line)
            given = [columns[name] for name in ("s", "p", "d", "r")]
            gap = tuple(ms / 1000 for ms in columns["on_ms"])
            found = set(flags_of(OriginalSong(columns["id"], *map(tuple, given), gap)))
            assert found - {"nonenglish?"} == set(columns["flags"]) - {"nonenglish?"}
            agree.append(found == set(columns["flags"]))
    assert np.mean(agree) > 0.99


# Repeats and pieces


def test_repeats_keep_the_first_name(song):
    other = replace(song, name="other", rest=(1.0, *song.rest[1:]))
    songs = [replace(song, name="z"), other, replace(song, name="a", gap=song.gap[::-1])]
    assert [kept.name for kept in without_repeats(songs)] == ["a", "other"]


def test_songs_with_the_same_words_or_the_same_tune_are_one_piece(song):
    rng = np.random.default_rng(2)
    strangers = tuple(f"s{number}" for number in rng.integers(0, 1000, 80))
    elsewhere = tuple((50 + rng.integers(0, 20, 80)).tolist())
    songs = [
        song,
        replace(song, name="cover", pitch=elsewhere),
        replace(song, name="transposed", syllables=strangers, pitch=tuple(p + 5 for p in song.pitch)),
        replace(song, name="another", syllables=strangers[::-1], pitch=elsewhere[::-1]),
    ]
    assert pieces_of(songs) == ["cover", "cover", "cover", "another"]


def test_shares_of_shingles_by_hand():
    first, second = shingles("abcdef", 3), shingles("xbcdex", 3)  # abc bcd cde def; xbc bcd cde dex
    assert len(first) == len(second) == 4
    assert shared_shingles([first, second, shingles("ab", 3), shingles("bcd", 3)]) == {
        (0, 1): 0.5,
        (0, 3): 1.0,
        (1, 3): 1.0,
    }
    assert shared_shingles([]) == {}
    assert (shingles([1, 2, 3, 4], 2) == shingles(np.array([1, 2, 3, 4]).tolist(), 2)).all()


def test_what_too_many_songs_share_tells_nothing():
    assert shared_shingles([shingles("aaaa", 2)] * 61) == {}
    assert len(shared_shingles([shingles("aaaa", 2)] * 60)) == 60 * 59 / 2


def test_pieces_are_chains():
    assert join(["d", "c", "b", "a"], [(0, 1), (1, 2)]) == ["b", "b", "b", "a"]
    assert join(["d"], []) == ["d"] and join([], []) == []


# Words and lines


def test_words_are_the_fewest_that_the_dictionary_knows():
    syllables = ["to", "day", "the", "riv", "er", "sings", "a", "beau", "ti", "ful", "song"]
    assert words_of(syllables) == (0, 0, 1, 2, 2, 3, 4, 5, 5, 5, 6)
    assert words_of(["xq", "zv"]) == (0, 1) and words_of(["la"]) == (0,)
    assert words_of(["riv", "Er"]) == (0, 1) and words_of(["RIV", "ER"]) == (0, 0)


def test_lines_begin_with_capitals_but_not_with_i():
    syllables = ["Twin", "kle", "lit", "tle", "star", "how", "I", "won", "der", "what", "you", "are"]
    syllables += ["Up", "a", "bove", "the", "world", "so", "high"]
    assert lines_of(syllables) == (0,) * 12 + (1,) * 7


@pytest.mark.parametrize("syllable", ["la", "LA"])
def test_where_capitals_tell_nothing_all_is_one_line(syllable):
    assert lines_of([syllable] * 6) == (0,) * 6


# The split


def test_cleaned_songs_and_their_split(song):
    rng = np.random.default_rng(3)
    songs = [
        replace(
            song,
            name=f"song{number:02}",
            syllables=tuple(str(word) for word in rng.choice(ENGLISH, 80)),
            pitch=tuple((60 + rng.integers(0, 12, 80)).tolist()),
        )
        for number in range(40)
    ]
    cover = replace(songs[0], name="a cover", pitch=tuple(p + 2 for p in songs[0].pitch))
    repeat = replace(songs[1], name="song01, once more")
    cleaned = clean_songs([*songs, cover, repeat])
    by_name = {song.name: song for song in cleaned}
    assert by_name["a cover"].group == by_name["song00"].group == "a cover"
    assert len(cleaned) == 41 and repeat.name not in by_name
    split = make_split(cleaned, one_song_per_piece=True)
    for part, names in split["songs"].items():
        assert all(part_of(by_name[name].group) == part for name in names)
    assert {first for _, first in split["windows"]["train"]} == {0, 20, 40, 60}
    assert {first for _, first in split["windows"]["test"]} == {0, 20}
    pieces = [by_name[name].group for name, first in split["windows"]["test"] if first == 0]
    assert len(set(pieces)) == len(pieces) > 0


def test_the_rule_is_that_of_the_shared_split():
    path = SHARED / "split.json.gz"
    if not path.is_file():
        pytest.skip("the corpus, ../shared/data/lyrics_melody, is not there")
    given = json.loads(gzip.decompress(path.read_bytes()))
    with gzip.open(path.with_name("lmd_full_syllables.jsonl.gz"), "rt") as lines:
        pieces = {columns["id"]: columns["cluster"] for columns in map(json.loads, lines)}
    for part, names in given["songs"].items():
        assert all(part_of(pieces[name]) == part for name in names)
