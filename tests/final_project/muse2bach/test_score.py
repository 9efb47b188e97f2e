"""MusicXML of a chorale: read back it is the same chorale, and verovio draws every note."""

import xml.etree.ElementTree as ET
from itertools import pairwise

import numpy as np
import pytest

from common.engraving import engrave
from common.notes_in.lines import Metre
from common.notes_in.score_input import read_musicxml
from final_project.muse2bach.bar_marks import accidentals, beams
from final_project.muse2bach.chorale import SILENT, VOICES, Chorale
from final_project.muse2bach.inputs import voices_in
from final_project.muse2bach.notation import (
    Bar,
    Sung,
    bars,
    in_signature,
    key_name,
    signature,
    signs,
    spell,
    sung_notes,
)
from final_project.muse2bach.score import musicxml, note_id
from final_project.muse2bach.task import make_task

COMMON = Metre()
SVG = "{http://www.w3.org/2000/svg}"


def made_up(metre=COMMON, *, upbeat=4, seed=0, bars=3, key=(9, "minor")):
    """A chorale of random notes, rests among them, with words and a fermata."""
    rng = np.random.default_rng(seed)
    frames = upbeat + bars * metre.frames
    voices = np.zeros((frames, 4), dtype=np.int16)
    onsets = np.zeros((frames, 4), dtype=bool)
    for voice, centre in enumerate((71, 65, 58, 48)):
        frame = 0
        while frame < frames:
            length = int(rng.choice([1, 2, 3, 4, 4, 6, 7, 8, 12]))
            rest = rng.random() < 0.1 and frame
            voices[frame : frame + length, voice] = SILENT if rest else centre + rng.integers(-5, 6)
            onsets[frame, voice] = not rest
            frame += length
    fermata = np.zeros(frames, dtype=bool)
    last = int(np.flatnonzero(onsets[:, 0])[-1])
    end = last + 1
    while end < frames and voices[end, 0] == voices[last, 0]:
        end += 1
    fermata[last:end] = True
    words = [("al-", "le", "", "Welt,")[n % 4] for n in range(int(onsets[:, 0].sum()))]
    position = (np.arange(frames) - upbeat) % metre.frames
    return Chorale("x", voices, onsets, position, fermata, key, "Title & more", tuple(words))


@pytest.mark.parametrize("staves", [2, 4])
@pytest.mark.parametrize(
    ("metre", "upbeat"),
    [(Metre(), 4), (Metre(3, 4), 0), (Metre(6, 8), 2), (Metre(2, 2), 8), (Metre(5, 4), 3)],
)
def test_read_back_it_is_the_same(metre, upbeat, staves):
    chorale = made_up(metre, upbeat=upbeat, seed=metre.beats)
    piece = read_musicxml(musicxml(chorale, metre=metre, tempo=84, staves=staves))
    lines, _ = voices_in(piece, ("soprano", "alto", "tenor", "bass"))
    task = make_task("x", piece, lines)
    sounding = chorale.voices != SILENT
    assert np.array_equal(task.given[sounding], chorale.voices[sounding])
    assert (task.given[~sounding] < 0).all()
    assert np.array_equal(task.onsets, chorale.onsets)
    assert np.array_equal(task.position, chorale.position)
    assert np.array_equal(task.fermata, chorale.fermata)
    assert (task.text, task.key, task.metre) == (chorale.text, chorale.key, metre)
    assert (task.tempo, piece.title) == (84, "Title & more")


@pytest.mark.parametrize("staves", [2, 4])
def test_verovio_draws_every_note(staves):
    chorale = made_up()
    document = musicxml(chorale, metre=Metre(), tempo=84, staves=staves)
    assert document == musicxml(chorale, metre=Metre(), tempo=84, staves=staves)
    ids, syllables = set(), []
    for page in engrave(document):
        for group in ET.fromstring(page).iter(f"{SVG}g"):
            if group.get("class") == "note":
                ids.add(group.get("id"))
            elif group.get("class") == "syl":
                syllables.append("".join(group.itertext()).strip())
    first = {note_id(voice, frame) for frame, voice in np.argwhere(chorale.onsets)}
    assert first <= ids
    assert syllables == [word.removesuffix("-") for word in chorale.text if word]


def test_measures_are_full_and_only_the_outer_voices_of_a_staff_show_fermatas():
    chorale = made_up()
    root = ET.fromstring(musicxml(chorale, metre=Metre(), tempo=84))
    for part in root.iter("part"):
        measures = part.findall("measure")
        assert [measure.get("number") for measure in measures] == ["0", "1", "2", "3"]
        for measure, length in zip(measures, (4, 16, 16, 16), strict=True):
            for voice in "12":
                notes = [note for note in measure.findall("note") if note.findtext("voice") == voice]
                assert sum(int(note.findtext("duration")) for note in notes) == length
    fermatas = root.findall(".//note[notations]/notations/fermata/../..")
    assert {note.findtext("voice") for note in fermatas} <= {"1", "2"}
    upper = root.findall("part")[0].findall(".//fermata")
    assert [fermata.get("type") for fermata in upper] == ["upright"]


@pytest.mark.parametrize(
    ("begin", "end", "metre", "lengths"),
    [
        (0, 16, Metre(), [16]),
        (2, 6, Metre(), [4]),  # syncopated
        (6, 10, Metre(), [2, 2]),  # over the middle of the bar
        (4, 12, Metre(), [8]),
        (3, 8, Metre(), [1, 4]),
        (0, 12, Metre(3, 4), [12]),
        (0, 10, Metre(6, 8), [6, 4]),
        (0, 7, Metre(), [6, 1]),
    ],
)
def test_what_one_sign_can_write(begin, end, metre, lengths):
    note = Sung(begin, end, 60)
    written = list(signs([note], Bar(1, 0, metre.frames, 0), metre))
    assert [sign.length for sign in written] == lengths
    assert (
        written[0].first
        and written[-1].last
        and [sign.first for sign in written[1:]] == [False] * (len(written) - 1)
    )


def test_rests_do_not_hide_beats():
    bar = Bar(1, 0, 16, 0)
    assert [s.length for s in signs([Sung(0, 16, None)], bar, Metre())] == [16]
    assert [s.length for s in signs([Sung(2, 16, None)], bar, Metre())] == [2, 4, 8]


def test_bars_with_an_upbeat_have_number_0():
    chorale = made_up(upbeat=4)
    assert [(bar.number, bar.begin, bar.end, bar.lead) for bar in bars(chorale, Metre())] == [
        (0, 0, 4, 12),
        (1, 4, 20, 0),
        (2, 20, 36, 0),
        (3, 36, 52, 0),
    ]
    assert bars(made_up(upbeat=0), Metre())[0].number == 1


def test_spelling():
    def names(key, *pitches):
        spelled = [spell(pitch, key) for pitch in pitches]
        return [s.letter + "#" * s.alter + "b" * -s.alter + str(s.octave) for s in spelled]

    assert names((9, "minor"), 68, 66, 70, 63) == ["G#4", "F#4", "Bb4", "D#4"]
    assert names((0, "major"), 66, 70, 63, 68, 59, 60) == ["F#4", "Bb4", "Eb4", "G#4", "B3", "C4"]
    assert names((2, "minor"), 73, 68) == ["C#5", "G#4"]
    assert names((6, "major"), 65, 71) == ["E#4", "B4"]
    assert [signature(key) for key in ((0, "major"), (9, "minor"), (3, "major"), (6, "minor"))] == [
        0,
        0,
        -3,
        3,
    ]
    assert [signature((tonic, "major")) for tonic in range(12)] == [0, -5, 2, -3, 4, -1, 6, 1, -4, 3, -2, 5]
    assert [in_signature(letter, -2) for letter in "BEA"] == [-1, -1, 0]
    assert [key_name(key) for key in ((6, "minor"), (10, "major"))] == ["F# minor", "Bb major"]


def test_accidentals_hold_for_the_bar_and_are_told_to_each_voice():
    def row(*pitches):
        return list(
            signs([Sung(4 * n, 4 * n + 4, p) for n, p in enumerate(pitches)], Bar(1, 0, 16, 0), Metre())
        )

    shown = accidentals({0: row(66, 66, 65, 66), 1: row(60, 66, 60, 60)}, (0, "major"))
    assert shown == {(0, 0): 1, (1, 1): 1, (0, 2): 0, (0, 3): 1}


def test_beams_join_flagged_notes_of_one_beat():
    def beamed(*lengths, rest=None):
        begins = np.concatenate([[0], np.cumsum(lengths)]).tolist()
        notes = [Sung(a, b, None if n == rest else 60) for n, (a, b) in enumerate(pairwise(begins))]
        return beams(list(signs(notes, Bar(1, 0, 16, 0), Metre())), 0, 4)

    assert beamed(2, 2, 4, 3, 1, 4) == {
        0: [(1, "begin")],
        1: [(1, "end")],
        3: [(1, "begin")],
        4: [(1, "end"), (2, "backward hook")],
    }
    assert beamed(2, 1, 1, 2, 2, 8, rest=3)[1] == [(1, "continue"), (2, "begin")]
    assert beamed(1, 2, 1, 12, rest=1) == {}


def test_notes_of_a_voice():
    chorale = made_up()
    for voice in range(len(VOICES)):
        notes = sung_notes(chorale, voice)
        assert notes[0].begin == 0 and notes[-1].end == len(chorale)
        assert all(a.end == b.begin for a, b in pairwise(notes))
    texts = tuple(note.text for note in sung_notes(chorale, 0) if note.pitch is not None)
    assert texts == chorale.text
