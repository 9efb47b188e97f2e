"""MusicXML read back by music21: notes, syllables, chords; and what a musician looks at."""

import time
import xml.etree.ElementTree as ElementTree
from types import SimpleNamespace

import pytest
from music21 import converter, harmony
from written_songs import CHORALE, JASMINE, METRES, TWINKLE, chord, random_song, song

from common.cli import UserError
from hw3_melody_generation.musicxml import lyric_text, musicxml, note_ids, syllabics, write_musicxml
from hw3_melody_generation.songs import Metre


def read(content):
    return converter.parse(content.decode(), format="musicxml")


def played(content):
    """[pitch, onset, duration, syllable, place in the word] of each note, tied ones joined."""
    notes = []
    for note in read(content).parts[0].flatten().notes:
        if isinstance(note, harmony.Harmony):
            continue
        if note.tie and note.tie.type != "start":
            assert not note.lyrics
            assert (note.pitch.midi, float(note.offset)) == (notes[-1][0], notes[-1][1] + notes[-1][2])
            notes[-1][2] += float(note.quarterLength)
        else:
            (lyric,) = note.lyrics
            onset, length = float(note.offset), float(note.quarterLength)
            notes.append([note.pitch.midi, onset, length, lyric.text, lyric.syllabic])
    return notes


def expected(made):
    melody, lyrics = made.melody, made.lyrics
    texts = [lyric_text(lyrics, index) for index in range(len(made))]
    columns = melody.pitch.tolist(), melody.onset.tolist(), melody.duration.tolist(), texts, syllabics(lyrics)
    return [list(row) for row in zip(*columns, strict=True)]


@pytest.mark.parametrize("metre", METRES)
def test_random_melodies_come_back_as_they_were(metre):
    made = random_song(40, seed=4, metre=metre)
    assert played(musicxml(made, tempo=90)) == expected(made)


@pytest.mark.parametrize("made", [TWINKLE, CHORALE, JASMINE])
def test_songs_come_back_as_they_were(made):
    assert played(musicxml(made, tempo=90)) == expected(made)


def measures(content):
    return ElementTree.fromstring(content).findall("part/measure")


def test_pickup_signatures_and_tempo():
    first, second, *_, last = measures(musicxml(CHORALE, tempo=88.5))
    assert (first.get("number"), first.get("implicit"), second.get("number")) == ("0", "yes", "1")
    assert first.findtext("attributes/key/fifths") == "2"
    assert first.findtext("attributes/time/beats") == "3"
    assert first.findtext("attributes/clef/sign") == "G"
    assert first.findtext("direction/direction-type/metronome/per-minute") == "88.5"
    assert len(first.findall("note")) == 1
    assert last.findtext("barline/bar-style") == "light-heavy"
    assert read(musicxml(CHORALE, tempo=88.5)).parts[0].measure(1).offset == 1.0


def test_accidentals_hold_for_their_bar_and_are_taken_back_in_the_next():
    made = song("a a a a a a a a", [66, 66, 65, 65, 66, 67, 65, 65], [1] * 8)
    key = SimpleNamespace(tonic=0, minor=False, name="C major")
    bars = measures(musicxml(made, tempo=90, key=key))
    found = [[note.findtext("accidental") for note in bar.findall("note")] for bar in bars]
    assert found == [["sharp", None, "natural", None], ["sharp", None, "natural", None]]
    made = song("a a a a a", [66, 67, 67, 67, 65], [1] * 5)
    bars = measures(musicxml(made, tempo=90, key=key))
    assert bars[1].find("note").findtext("accidental") == "natural"  # not needed, but nobody asks
    tied = measures(musicxml(song("a", [66], [6]), tempo=90, key=key))
    assert [bar.find("note").findtext("accidental") for bar in tied] == ["sharp", None]


def test_beams():
    made = song("a a a a a", [60] * 5, [0.5, 0.5, 0.75, 0.25, 2])
    (bar,) = measures(musicxml(made, tempo=90))
    found = [
        [(beam.get("number"), beam.text) for beam in note.findall("beam")] for note in bar.findall("note")
    ]
    begin, end, hook = ("1", "begin"), ("1", "end"), ("2", "backward hook")
    assert found == [[begin], [end], [begin], [end, hook], []]


def test_rests_of_whole_bars():
    bars = measures(musicxml(song("a", [60], [1], [10]), tempo=90))
    assert [bar.find("note/rest").get("measure") for bar in bars] == ["yes", "yes", None]


def test_chords_stand_where_they_begin():
    made = song("la la", [60, 62], [4, 4])
    names = ["C", "Bb", "F#m7", "G/B", "Gsus4", "Ddim", "E♭maj7"]
    chords = [chord(place, 1, name) for place, name in enumerate(names)]
    found = list(
        read(musicxml(made, tempo=90, chords=chords)).parts[0].recurse().getElementsByClass("Harmony")
    )
    assert [each.getOffsetInHierarchy(each.getContextByClass("Part")) for each in found] == list(range(7))
    assert [each.root().name for each in found] == ["C", "B-", "F#", "G", "G", "D", "E-"]
    assert [each.chordKind for each in found][2:6] == [
        "minor-seventh",
        "major",
        "suspended-fourth",
        "diminished",
    ]
    assert found[3].bass().name == "B"
    with pytest.raises(ValueError, match="'H7'"):
        musicxml(made, tempo=90, chords=[chord(0, 1, "H7")])


def test_line_breaks_where_lines_begin():
    bars = measures(musicxml(TWINKLE, tempo=90, line_breaks=True))
    assert [bar.find("print[@new-system='yes']") is not None for bar in bars] == [False, False, True, False]
    assert b"new-system" not in musicxml(TWINKLE, tempo=90)


@pytest.mark.parametrize(
    ("pitch", "sign"), [(43, ("F", None)), (52, ("G", "-1")), (70, ("G", None)), (90, ("G", "1"))]
)
def test_clefs(pitch, sign):
    clef = measures(musicxml(song("la", [pitch], [4]), tempo=90))[0].find("attributes/clef")
    assert (clef.findtext("sign"), clef.findtext("clef-octave-change")) == sign


def test_ids_of_all_notes_in_the_order_of_syllables():
    content = musicxml(CHORALE, tempo=90)
    ids = [
        note.get("id")
        for bar in measures(content)
        for note in bar.findall("note")
        if note.find("pitch") is not None
    ]
    assert [id for of_syllable in note_ids(CHORALE) for id in of_syllable] == ids
    assert note_ids(CHORALE)[5] == ["n5", "n5-1"]


def test_the_same_song_gives_the_same_bytes_without_a_date(tmp_path):
    made = random_song(30, seed=5)
    path = tmp_path / "song.musicxml"
    write_musicxml(path, made, tempo=90)
    assert path.read_bytes() == musicxml(made, tempo=90)
    assert b"date" not in path.read_bytes()
    assert b"Music21" not in path.read_bytes()  # its title and composer where there are none
    assert [each.name for each in tmp_path.iterdir()] == ["song.musicxml"]


def test_any_text_can_be_written():
    made = song("a<b>&\x00 \ud800", [60, 62], [1, 1], title='x" \x07\n& <y>')
    content = musicxml(made, tempo=90)
    assert [lyric.text for lyric in ElementTree.fromstring(content).iter("text")] == ["a<b>&"]
    assert ElementTree.fromstring(content).findtext("movement-title") == 'x" & <y>'


def test_bad_input():
    with pytest.raises(UserError, match="no notes"):
        musicxml(song("", [], []), tempo=90)
    with pytest.raises(UserError, match="below 12"):
        musicxml(song("la", [11], [1]), tempo=90)
    assert played(musicxml(song("la la", [12, 127], [1, 1]), tempo=90))[1][0] == 127


def test_long_songs_take_time_in_proportion():
    made = random_song(600, seed=6, metre=Metre(4.0))
    began = time.perf_counter()
    musicxml(made, tempo=90)
    assert time.perf_counter() - began < 20  # about 1 s; quadratic time would be minutes
