"""MIDI files: lines, words, bars; what mido cannot read, or has no notes, is refused in one line."""

import io

import mido
import pytest

from common.cli import UserError
from common.notes_in.lines import Line, LineNote, Metre, single
from common.notes_in.midi_input import read_midi


def midi(*tracks, conductor=(), kind=1):
    """A file of tracks: lists of (tick, message), sorted."""
    file = mido.MidiFile(type=kind, ticks_per_beat=480)
    for events in (conductor, *tracks):
        track, now = mido.MidiTrack(), 0
        for tick, message in events:
            track.append(message.copy(time=tick - now))
            now = tick
        file.tracks.append(track)
    content = io.BytesIO()
    file.save(file=content)
    return content.getvalue()


def played(*notes, channel=0):
    """Events of (pitch, begin, end) in quarter notes."""
    events = []
    for pitch, begin, end in notes:
        events.append((round(480 * begin), 1, mido.Message("note_on", note=pitch, channel=channel)))
        events.append((round(480 * end), 0, mido.Message("note_off", note=pitch, channel=channel)))
    return [(tick, message) for tick, _, message in sorted(events, key=lambda event: event[:2])]


def words(*texts):
    return [(480 * beat, mido.MetaMessage("lyrics", text=text)) for beat, text in texts]


def test_lines_bars_key_and_tempo():
    conductor = [
        (0, mido.MetaMessage("set_tempo", tempo=600_000)),
        (0, mido.MetaMessage("key_signature", key="Bbm")),
        (0, mido.MetaMessage("time_signature", numerator=1, denominator=4)),
        (480, mido.MetaMessage("time_signature", numerator=3, denominator=4)),
    ]
    drums = played((36, 0, 1), channel=9)
    piece = read_midi(midi(played((70, 0, 1), (72, 1, 3)), drums, conductor=conductor))
    assert [[(n.pitch, n.onset, n.end) for n in line.notes] for line in piece.lines] == [
        [(70, 0, 1), (72, 1, 3)]
    ]
    assert (piece.metre, piece.upbeat, piece.key) == (Metre(3, 4), 1.0, (10, "minor"))
    assert piece.tempo == pytest.approx(100)
    assert not piece.notices


def test_words_of_a_karaoke_file_end_lines_with_fermatas():
    track = played((60, 0, 1), (62, 1, 2), (64, 2, 3), (65, 3, 4))
    lyrics = words((0, "Ho"), (1, "ly "), (2, "night, "), (3, "\rall"))
    piece = read_midi(midi(sorted(track + lyrics, key=lambda event: event[0])))
    notes = piece.lines[0].notes
    assert [note.text for note in notes] == ["Ho-", "ly", "night,", "all"]
    assert [note.fermata for note in notes] == [False, False, True, True]


def test_a_sung_line_is_taken_without_its_accompaniment():
    track = played((60, 0, 1), (62, 1, 2))
    lyrics = words((0, "la "), (1, "la "))
    chords = played((48, 0, 2), (52, 0, 2), (55, 0, 2), channel=1)
    piece = read_midi(midi(sorted(track + lyrics, key=lambda event: event[0]), chords))
    assert [[note.pitch for note in line.notes] for line in piece.lines] == [[60, 62]]


def test_a_change_of_metre_is_told():
    conductor = [
        (0, mido.MetaMessage("time_signature", numerator=4, denominator=4)),
        (1920, mido.MetaMessage("time_signature", numerator=3, denominator=4)),
    ]
    piece = read_midi(midi(played((60, 0, 1)), conductor=conductor))
    assert piece.metre == Metre(4, 4)
    assert "changes" in piece.notices[0]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (midi([(0, mido.Message("program_change", program=3))]), "without notes"),
        (midi(played((36, 0, 1), channel=9)), "without notes"),
        (midi(played((60, 0, 1)), kind=2), "type 2"),
        (midi(played((60, 0, 1)))[:40], "damaged"),
        (b"MThd" + bytes(20), "damaged"),
        (b"MThd\0\0\0\6\0\1\0\1\xe8\x28" + midi(played((60, 0, 1)))[14:], "frames of a film"),
    ],
)
def test_bad_files(content, reason):
    with pytest.raises(UserError, match=reason):
        read_midi(content)


def test_overlapping_fingers_are_one_line_and_chords_are_not():
    legato = Line("", (LineNote(0, 1.1, 60), LineNote(1, 2, 62)))
    assert [note.end for note in single(legato).notes] == [1, 2]
    chord = Line("Piano", (LineNote(0, 1, 60), LineNote(0, 1, 64), LineNote(1, 2, 62)))
    with pytest.raises(
        UserError, match="Piano has several notes at once .pitches 64 and 60 at quarter note 1"
    ):
        single(chord)
    held = Line("", (LineNote(0, 4, 60), LineNote(2, 4, 64)))
    with pytest.raises(UserError, match="several notes at once"):
        single(held)


def test_words_of_soft_karaoke_are_text_events():
    texts = [(0, "@TStar"), (0, "\\Twin"), (480, "kle"), (960, " star"), (1440, "/oh")]
    words_track = [(tick, mido.MetaMessage("text", text=text)) for tick, text in texts]
    notes = played((60, 0, 1), (62, 1, 2), (64, 2, 3), (65, 3, 4))
    (line,) = read_midi(midi(notes, words_track)).lines
    assert [note.text for note in line.notes] == ["Twin-", "kle", "star", "oh"]
    assert [note.fermata for note in line.notes] == [False, False, True, True]


def test_other_texts_are_not_sung_and_changes_of_tempo_are_told():
    conductor = [
        (0, mido.MetaMessage("text", text="Written by nobody")),
        (0, mido.MetaMessage("set_tempo", tempo=500_000)),
        (480, mido.MetaMessage("set_tempo", tempo=600_000)),
    ]
    piece = read_midi(midi(played((60, 0, 2)), conductor=conductor))
    assert piece.lines[0].notes[0].text == ""
    assert piece.tempo == pytest.approx(120) and "the tempo changes; 120" in piece.notices[0]
