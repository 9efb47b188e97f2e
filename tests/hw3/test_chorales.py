"""Chorales from MusicXML: syllables, melismas, ties, lines, words, bars; and tunes that are one piece."""

from __future__ import annotations

import json
import zipfile

import numpy as np
import pytest

from common.band.tunes.sources import corpus_folder
from hw3_melody_generation import chorales
from hw3_melody_generation.chorales import in_pieces, make_chorales
from hw3_melody_generation.corpus import open_corpus
from hw3_melody_generation.songs import UNKNOWN_STRESS, Lyrics, Melody, Metre, Song
from hw3_melody_generation.soprano import line_ends, read_soprano, sung_part_alone

DIVISIONS = 2  # of a quarter note
FERMATA = "<notations><fermata/></notations>"


def note(
    step: str, duration: int, text: str = "", *, kind: str = "single", verse: int = 1, more="", tie=""
) -> str:
    """A note of the fourth octave, an eighth note for each unit of `duration`; REST for a rest."""
    pitch = "<rest/>" if step == "REST" else f"<pitch><step>{step}</step><octave>4</octave></pitch>"
    lyric = f'<lyric number="{verse}"><syllabic>{kind}</syllabic><text>{text}</text></lyric>' if text else ""
    tied = f'<tie type="{tie}"/>' if tie else ""
    return f"<note>{pitch}<duration>{duration}</duration>{tied}{more}{lyric}</note>"


def write_score(path, measures, *, meter=(4, 4), name="Soprano"):
    """A packed score: a part without text that rests, then one of these measures (lists of notes)."""
    beats, beat_type = meter
    time = f"<time><beats>{beats}</beats><beat-type>{beat_type}</beat-type></time>"
    attributes = f"<attributes><divisions>{DIVISIONS}</divisions>{time}</attributes>"
    bars = [
        f'<measure number="{number}">{attributes if number == 0 else ""}{"".join(notes)}</measure>'
        for number, notes in enumerate(measures)
    ]
    silent = f'<measure number="0">{attributes}{note("C", 2)}</measure>'
    score = (
        '<score-partwise version="3.0"><part-list>'
        '<score-part id="P1"><part-name>Violin</part-name></score-part>'
        f'<score-part id="P2"><part-name>{name}</part-name></score-part></part-list>'
        f'<part id="P1">{silent}</part><part id="P2">{"".join(bars)}</part></score-partwise>'
    )
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("META-INF/container.xml", "<container/>")
        archive.writestr("score.xml", score)
    return path


UPBEAT = [note("G", 2, "1. Du")]
FULL = [
    note("C", 2, "treu", kind="begin"),
    note("D", 1, "er", kind="end"),
    note("E", 1),  # a melisma
    note("F", 2, "Gott,", more=FERMATA),
    note("REST", 2),
]


def test_a_chorale_as_written(tmp_path):
    last = [note("G", 4, "a", kind="begin", tie="start", more=FERMATA)]
    after = [note("G", 2, tie="stop"), note("A", 2, "men!’", kind="end"), note("B", 4, "verse 2", verse=2)]
    after = [*after[:2], note("B", 4, "So", verse=2)]
    read = read_soprano(
        write_score(tmp_path / "a.mxl", [UPBEAT, FULL, [*last, *after[:1], note("A", 2)], after[1:]])
    )
    lyrics, melody = read.lyrics, read.melody
    assert lyrics.syllables == ("Du", "treu", "er", "Gott", "a", "men'", "So")
    assert lyrics.punctuation == ("", "", "", ",", "", "", "")
    assert lyrics.language == "de" and set(lyrics.stress) == {UNKNOWN_STRESS}
    assert lyrics.words == (0, 1, 1, 2, 3, 4, 5)  # a line's end is a word's end
    assert lyrics.lines == (0, 0, 0, 0, 1, 2, 2)
    assert melody.pitch.tolist() == [67, 60, 62, 65, 67, 69, 71]
    assert melody.duration.tolist() == [1, 1, 1, 1, 4, 1, 2]
    assert melody.rest.tolist() == [0, 0, 0, 0, 1, 0, 0]
    assert melody.metre == Metre(4.0, 3.0, 4)
    assert read.melismas == 2  # the tie is none, the note after it is


def test_what_is_sung_before_the_text_is_silence(tmp_path):
    rest, first = [note("REST", 8)], [note("REST", 4), note("D", 2), note("C", 2, "Nun")]
    read = read_soprano(
        write_score(tmp_path / "a.mxl", [rest, first, [note("D", 2), note("REST", 2), note("E", 4)]])
    )
    assert read.melody.rest.tolist() == [3] and read.melody.duration.tolist() == [2]
    assert read.melody.metre == Metre(4.0, 0.0, 4)  # whole bars of rest are cut


def test_the_first_verse_is_taken(tmp_path):
    second = '<lyric number="2"><syllabic>single</syllabic><text>zwei</text></lyric>'
    notes = [note("C", 8, "eins", more=second)]
    assert read_soprano(write_score(tmp_path / "a.mxl", [notes])).lyrics.syllables == ("eins",)


@pytest.mark.parametrize(
    ("measures", "meter", "metre"),
    [
        ([UPBEAT, FULL], (4, 4), Metre(4.0, 3.0, 4)),
        ([FULL], (4, 4), Metre(4.0, 0.0, 4)),
        ([[note("C", 12, "Herr")]], (3, 2), Metre(6.0, 0.0, 2)),
        ([UPBEAT, FULL, [note("C", 6, "Du")], UPBEAT, FULL], (4, 4), Metre(4.0, 3.0, 4)),  # a bar in two
        ([FULL, [note("C", 6, "Du")], FULL], (4, 4), None),  # a bar that lacks a beat
    ],
)
def test_bars(tmp_path, measures, meter, metre):
    assert read_soprano(write_score(tmp_path / "a.mxl", measures, meter=meter)).melody.metre == metre


def test_bars_that_change_are_none(tmp_path):
    change = "<attributes><time><beats>3</beats><beat-type>4</beat-type></time></attributes>"
    measures = [FULL, [change, note("C", 6, "Du")]]
    assert read_soprano(write_score(tmp_path / "a.mxl", measures)).melody.metre is None


def test_a_score_without_text_is_none(tmp_path):
    assert read_soprano(write_score(tmp_path / "a.mxl", [[note("C", 8)]])) is None


def test_only_the_part_with_text_is_parsed(tmp_path):
    text = sung_part_alone(write_score(tmp_path / "a.mxl", [FULL]))
    assert text.count("<part ") == 1 and text.count("<score-part ") == 1 and "Violin" not in text


def test_lines_without_fermatas_end_at_punctuation():
    assert line_ends([False, True, False, True], [",", "", ".", ""]) == [False, True, False, True]
    assert line_ends([False, False, False, True], [",", "", "'", "."]) == [True, False, False, True]


# Pieces


def song_of(name: str, pitches, title: str) -> Song:
    count = len(pitches)
    lyrics = Lyrics(("la",) * count, tuple(range(count)), (0,) * count)
    return Song(name, lyrics, Melody(pitches, np.ones(count), np.zeros(count)), title=title)


def test_the_same_tune_or_title_is_one_piece():
    rng = np.random.default_rng(0)
    tune, other, third = (60 + rng.integers(0, 12, (3, 40)).cumsum(axis=1) % 20).tolist()
    songs = [
        song_of("a", tune, "Nun danket"),
        song_of("b", [pitch + 5 for pitch in tune], "Lobet den Herrn"),
        song_of("c", other, "Lobet den Herrn!"),
        song_of("d", third, "Ein Lied"),
    ]
    assert [song.group for song in in_pieces(songs)] == ["a", "a", "a", "d"]


# The data set


@pytest.fixture(scope="module")
def few(tmp_path_factory):
    """The data set of a dozen files of the corpus."""
    root = tmp_path_factory.mktemp("data") / "chorales"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(chorales, "QUICK_FILES", 14)
        make_chorales(root, jobs=1, quick=True)
    return root


def test_chorales_of_the_corpus(few):
    corpus = open_corpus(few)
    assert corpus.quarters_per_beat == 1.0
    origin = json.loads((few / "chorales.json").read_text())
    assert origin["chorales"] == len(corpus.by_id) > 8
    assert origin["syllables"] == sum(map(len, corpus.by_id.values()))
    for song in corpus.by_id.values():
        assert song.title and not song.title.startswith("bwv")
        assert 19 <= len(song) < 200 and song.lyrics.lines[-1] >= 1
        assert song.melody.pitch.min() >= 55 and song.melody.pitch.max() <= 84
        assert (song.melody.duration * 4 % 1 == 0).all()  # sixteenth notes at the least
        assert all(text.replace("'", "").isalpha() for text in song.lyrics.syllables)
    names = [name for part in ("train", "valid", "test") for name in corpus.split_file["songs"][part]]
    assert sorted(names) == sorted(corpus.by_id)


def test_two_processes_make_the_same(tmp_path, monkeypatch):
    monkeypatch.setattr(chorales, "QUICK_FILES", 4)
    for jobs in (1, 2):
        make_chorales(tmp_path / str(jobs), jobs=jobs, quick=True)
    for path in (tmp_path / "1").iterdir():
        assert path.read_bytes() == (tmp_path / "2" / path.name).read_bytes()


def test_a_known_chorale():
    read = read_soprano(corpus_folder() / "bach" / "bwv101.7.mxl")
    assert read.lyrics.syllables[:8] == ("Nimm", "von", "uns", "Herr", "du", "treu", "er", "Gott")
    assert read.lyrics.punctuation[:8] == ("", "", ",", ",", "", "", "", "")
    assert read.lyrics.words[:9] == (0, 1, 2, 3, 4, 5, 5, 6, 7)
    assert read.lyrics.lines[7:9] == (0, 1) and read.lyrics.lines[-1] == 5
    assert read.melody.pitch[:8].tolist() == [69, 69, 65, 67, 69, 65, 64, 62]
    assert read.melismas == 2 and read.melody.metre == Metre(4.0, 3.0, 4)
