"""Times of syllables: as LRC and as JSON, both those of the notes."""

from __future__ import annotations

import json
import re
from dataclasses import replace

import pytest

from common.synthesis import Note
from final_project.singing.song import Song, SongPart, one_voice
from final_project.singing.timed_lyrics import clock, lines_of, lrc_text, sung_syllables, timing


def test_a_syllable_lasts_as_long_as_the_notes_it_holds(glory):
    syllables = sung_syllables(glory.melody)
    assert [s.text for s in syllables] == ["Glo", "ry,", "glow", "ev", "er!"]
    assert [(s.start, s.end) for s in syllables] == [(0.5, 1.5), (1.5, 2), (2, 2.5), (3, 3.5), (3.5, 4.5)]
    assert [s.ends_word for s in syllables] == [False, True, True, False, True]
    assert [list(s.notes) for s in syllables] == [[0, 1], [2], [3], [4], [5]]
    assert [len(line) for line in lines_of(glory.melody)] == [3, 2]


def test_notes_before_the_first_syllable_are_nobodys():
    part = SongPart("melody", (Note(60, 0, 1), Note(62, 1, 1)), ("", "la"))
    assert [(s.text, s.start) for s in sung_syllables(part)] == [("la", 1)]


def test_a_hyphen_at_the_very_end_ends_the_word():
    assert sung_syllables(SongPart("melody", (Note(60, 0, 1),), ("la-",)))[0].ends_word


def test_lrc_has_a_time_before_each_syllable_and_one_at_the_end_of_a_line(glory):
    lines = lrc_text(glory).splitlines()
    assert lines[:2] == ["[ti:Glory]", "[length:00:04.50]"]
    assert lines[2] == "[00:00.50]<00:00.50>Glo<00:01.50>ry, <00:02.00>glow<00:02.50>"
    assert lines[3] == "[00:03.00]<00:03.00>ev<00:03.50>er!<00:04.50>"


def test_without_its_tags_the_lrc_is_the_text(glory):
    text = re.sub(r"[\[<][^]>]*[]>]", "", lrc_text(glory))
    assert text.split("\n")[2:4] == glory.lyrics.split("\n") == ["Glory, glow", "ever!"]


def test_chinese_words_follow_each_other_without_spaces():
    song = one_voice("t", [Note(60, 0, 1), Note(60, 1, 1)], ("茉", "莉"), language="cmn")
    assert "茉<00:01.00>莉" in lrc_text(song)


def test_a_title_cannot_end_its_tag(glory):
    assert lrc_text(replace(glory, title="a]\n[00:00.00]b")).startswith("[ti:a) (00:00.00)b]\n")


@pytest.mark.parametrize(
    ("seconds", "text"), [(0, "00:00.00"), (65.432, "01:05.43"), (59.999, "01:00.00"), (6000, "100:00.00")]
)
def test_clock(seconds, text):
    assert clock(seconds) == text


def test_json_has_all_syllables_lines_and_notes(glory):
    alto = SongPart("alto", (Note(55, 0.5, 4),), ("Ah",))
    told = json.loads(json.dumps(timing(Song("Glory", (glory.melody, alto), tempo=120))))
    assert told["duration"] == 4.5 and told["tempo"] == 120
    assert [line["text"] for line in told["lines"]] == ["Glory, glow", "ever!"]
    first = {"text": "Glo", "start": 0.5, "end": 1.5, "line": 0, "ends_word": False, "pitches": [67, 69]}
    assert told["syllables"][0] == first
    assert [part["name"] for part in told["parts"]] == ["melody", "alto"]
    assert told["parts"][1]["notes"] == [{"pitch": 55, "start": 0.5, "end": 4.5}]
