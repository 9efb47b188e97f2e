"""Scores in MusicXML: parts, ties, upbeats, repeats, fermatas, text; and a chorale of the corpus by hand."""

from __future__ import annotations

import zipfile

import numpy as np
import pytest

from common.band.tunes.sources import corpus_folder
from final_project.muse2bach.chorale import SILENT
from final_project.muse2bach.corpus_score import PartNote, fermatas, on_grid, read_score, sung_parts

DIVISIONS = 4  # of a quarter note: durations are frames
FERMATA = "<notations><fermata/></notations>"
BACK = '<barline location="right"><repeat direction="backward"/></barline>'
NAMES = ("Soprano", "Alto", "Tenor", "Bass")


def note(
    step: str, duration: int, text: str = "", *, kind="single", verse=1, octave=4, more="", tie=""
) -> str:
    """A note, REST for a rest."""
    pitch = "<rest/>" if step == "REST" else f"<pitch><step>{step}</step><octave>{octave}</octave></pitch>"
    lyric = f'<lyric number="{verse}"><syllabic>{kind}</syllabic><text>{text}</text></lyric>' if text else ""
    tied = f'<tie type="{tie}"/>' if tie else ""
    return f"<note>{pitch}<duration>{duration}</duration>{tied}{more}{lyric}</note>"


def write_score(path, soprano, others=None, *, meter=(4, 4), names=("Horn", *NAMES), sharps=0):
    """A packed score of these measures (lists of notes): the soprano's, and those of everybody else."""
    beats, beat_type = meter
    time = f"<time><beats>{beats}</beats><beat-type>{beat_type}</beat-type></time>"
    key = f"<key><fifths>{sharps}</fifths></key>"
    attributes = f"<attributes><divisions>{DIVISIONS}</divisions>{key}{time}</attributes>"
    listed, parts = [], []
    for number, name in enumerate(names):
        listed.append(f'<score-part id="P{number}"><part-name>{name}</part-name></score-part>')
        measures = soprano if name.startswith("Soprano") else others or [["".join(m)] for m in soprano]
        bars = [
            f'<measure number="{place}">{attributes if place == 0 else ""}{"".join(measure)}</measure>'
            for place, measure in enumerate(measures)
        ]
        parts.append(f'<part id="P{number}">{"".join(bars)}</part>')
    score = (
        f'<score-partwise version="3.0"><part-list>{"".join(listed)}</part-list>'
        f"{''.join(parts)}</score-partwise>"
    )
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("mimetype", "application/vnd.recordare.musicxml")
        archive.writestr("META-INF/container.xml", "<container/>")
        archive.writestr("score.musicxml", score)
    return path


UPBEAT = [note("G", 4, "1. Du")]
FULL = [
    note("C", 4, "treu", kind="begin"),
    note("D", 2, "er", kind="end"),
    note("D", 2),
    note("E", 4, "Gott,", more=FERMATA),
    note("REST", 4),
]
LAST = [note("F", 12, "a-", kind="begin", tie="start")]
AFTER = [note("F", 4, tie="stop", more=FERMATA), note("G", 8, "men!’", kind="end")]


@pytest.fixture
def chorale(tmp_path):
    return read_score(write_score(tmp_path / "bwv0.mxl", [UPBEAT, FULL, LAST, AFTER]), title="Du treuer Gott")


def test_pitches_and_onsets(chorale):
    soprano = chorale.voices[:, 0].tolist()
    assert soprano == [67] * 4 + [60] * 4 + [62] * 4 + [64] * 4 + [SILENT] * 4 + [65] * 16 + [67] * 8
    assert np.flatnonzero(chorale.onsets[:, 0]).tolist() == [0, 4, 8, 10, 12, 20, 36]  # a tie is no onset
    assert (chorale.name, chorale.title) == ("bwv0", "Du treuer Gott")


def test_an_upbeat_is_the_end_of_a_bar(chorale):
    after = [*range(16), *range(12), *range(12)]  # LAST lacks a quarter: the next one does not complete it
    assert chorale.position.tolist() == [12, 13, 14, 15, *after]


def test_a_fermata_lasts_as_long_as_its_note(chorale):
    assert np.flatnonzero(chorale.fermata).tolist() == [*range(12, 16), *range(20, 36)]  # with what is tied


def test_text(chorale):
    assert chorale.text == ("Du", "treu-", "er", "", "Gott,", "a-", "men!'")


def test_the_first_verse_is_taken_and_no_text_is_none(tmp_path):
    second = '<lyric number="2"><syllabic>single</syllabic><text>zwei</text></lyric>'
    notes = [note("C", 8, "eins", more=second), note("D", 8, "drei", verse=3)]
    assert read_score(write_score(tmp_path / "a.mxl", [notes])).text == ("eins", "drei")
    assert read_score(write_score(tmp_path / "b.mxl", [[note("C", 16)]])).text is None


def test_repeats(tmp_path):
    first, second = [note("C", 12, "Du"), BACK], [note("E", 4)]  # the sign cuts a bar in two
    path = write_score(tmp_path / "a.mxl", [[note("G", 4)], first, second, [note("F", 16)]])
    once, twice = read_score(path), read_score(path, repeats=True)
    assert once.position[:20].tolist() == [*range(12, 16), *range(16)]
    assert len(once) == 36 and len(twice) == 52
    assert twice.voices[:32, 0].tolist() == 2 * ([67] * 4 + [60] * 12)
    assert twice.position[:36].tolist() == [*range(12, 16), *range(16), *range(16)]
    assert twice.onsets[16, 0] and [text for text in twice.text if text] == ["Du", "Du"]


def test_the_four_voices_are_found_among_instruments(tmp_path):
    names = ("Horn", "Tenor\rViola", "Soprano 1", "Soprano 2", "Alto", "Bass Continuo")
    sung, others = [[note("C", 16, octave=5)]], [[note("E", 16, octave=3)]]
    path = write_score(tmp_path / "a.mxl", sung, others, names=names)
    assert sung_parts(path).count("<part ") == 4 and "Horn" not in sung_parts(path)
    assert read_score(path).voices[0].tolist()[0] == 72
    assert read_score(write_score(tmp_path / "b.mxl", sung, names=("Soprano", "Alto", "Bass"))) is None


def test_bars_in_which_nobody_sings_are_left_out(tmp_path):
    interlude, one_rests = [note("REST", 16)], [note("REST", 16)]
    soprano = [interlude, [note("C", 16)], interlude, [note("D", 16)], one_rests]
    others = [interlude, [note("C", 16)], interlude, [note("D", 16)], [note("E", 16)]]
    chorale = read_score(write_score(tmp_path / "a.mxl", soprano, others))
    assert chorale.voices[::16, 0].tolist() == [60, 62, SILENT]
    assert read_score(write_score(tmp_path / "b.mxl", [interlude])) is None


def test_notes_faster_than_the_grid():
    notes = [
        PartNote(0.0, 0.5, 60, begins=True, fermata=False, syllable="Ach"),
        PartNote(0.5, 1.0, 62, begins=True, fermata=False, syllable=""),
        PartNote(1.0, 2 + 1 / 3, 64, begins=True, fermata=False, syllable=""),
        PartNote(2 + 1 / 3, 4.0, 64, begins=True, fermata=True, syllable="Gott"),
    ]
    pitch, onset = on_grid(notes, 5)
    assert pitch.tolist() == [60, 64, 64, 64, SILENT]
    assert onset.tolist() == [True, True, False, True, False]
    assert fermatas(notes, 5).tolist() == [False, False, False, True, False]


def test_the_key_of_the_signature(tmp_path):
    notes = [[note("C", 4), note("E", 4), note("G", 4), note("C", 4, octave=3)]]
    assert read_score(write_score(tmp_path / "a.mxl", notes, sharps=0)).key == (0, "major")
    assert read_score(write_score(tmp_path / "b.mxl", notes, sharps=-3)).key == (0, "minor")


def test_a_known_chorale():
    chorale = read_score(corpus_folder() / "bach" / "bwv101.7.mxl")
    assert chorale.text[:8] == ("Nimm", "von", "uns,", "Herr,", "du", "treu-", "er", "Gott")
    assert chorale.voices[::4, 0][:9].tolist() == [69, 69, 65, 67, 69, 65, 64, 62, 69]
    assert chorale.position[:8].tolist() == [12, 13, 14, 15, 0, 1, 2, 3]
    assert np.flatnonzero(chorale.fermata)[:4].tolist() == [28, 29, 30, 31]
    assert chorale.key == (2, "minor") and (chorale.voices[0] == [69, 65, 62, 50]).all()


@pytest.mark.parametrize("name", ["bwv1.6", "bwv248.46-5", "bwv60.5"])
def test_pitches_agree_with_music21s_own(name):
    """Without repeats and interludes, what sounds at each frame is what music21's stream says."""
    from music21 import corpus

    chorale, score = read_score(corpus_folder() / "bach" / f"{name}.mxl"), corpus.parse(f"bach/{name}")
    for voice, part_name in enumerate(NAMES):
        part = next(part for part in score.parts if part.partName == part_name).flatten()
        expected = np.full(len(chorale), SILENT)
        for item in part.notes:
            first, last = round(float(item.offset) * 4), round(float(item.offset + item.quarterLength) * 4)
            expected[first:last] = item.pitch.midi
        assert (chorale.voices[:, voice] == expected).mean() > 0.99  # 32nds
