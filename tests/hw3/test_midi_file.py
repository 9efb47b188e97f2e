"""MIDI files read back by mido and pretty_midi: times to the tick, lyrics to the letter."""

import io
from types import SimpleNamespace

import mido
import numpy as np
import pytest
from written_songs import CHORALE, JASMINE, METRES, TWINKLE, chord, random_song, song

from common.cli import UserError
from common.midi import pretty_midi
from hw3_melody_generation.midi_file import decoded, lyric_events, midi_bytes, write_midi
from hw3_melody_generation.songs import Metre


def read(content):
    return mido.MidiFile(file=io.BytesIO(content))


def timed(track):
    """(tick, message) of a track."""
    ticks = np.cumsum([message.time for message in track])
    return list(zip(ticks.tolist(), track, strict=True))


def meta(content, kind, track=0):
    return [(tick, message) for tick, message in timed(read(content).tracks[track]) if message.type == kind]


@pytest.mark.parametrize("metre", METRES)
def test_every_note_comes_back_to_the_tick(metre):
    made = random_song(200, seed=2, metre=metre)
    events = timed(read(midi_bytes(made, tempo=97)).tracks[1])
    on = [(tick, message.note) for tick, message in events if message.type == "note_on"]
    off = [(tick, message.note) for tick, message in events if message.type == "note_off"]
    lyrics = [tick for tick, message in events if message.type == "lyrics"]
    melody = made.melody
    assert [note for _, note in on] == [note for _, note in off] == melody.pitch.tolist()
    np.testing.assert_array_equal([tick for tick, _ in on], melody.onset * 480)
    np.testing.assert_array_equal([tick for tick, _ in off], (melody.onset + melody.duration) * 480)
    assert lyrics == [tick for tick, _ in on]


def test_an_independent_reader_hears_the_same(tmp_path):
    path = tmp_path / "twinkle.mid"
    write_midi(path, TWINKLE, tempo=100, chords=[chord(0, 4, "C"), chord(4, 4, "F", (53, 57, 60))])
    heard = pretty_midi.PrettyMIDI(str(path))
    melody, chords = heard.instruments
    np.testing.assert_allclose([note.start for note in melody.notes], TWINKLE.melody.onset * 0.6)
    assert [note.pitch for note in melody.notes] == TWINKLE.melody.pitch.tolist()
    assert (melody.program, chords.program) == (73, 0)
    assert sorted(note.pitch for note in chords.notes) == [48, 52, 53, 55, 57, 60]
    assert [lyric.time for lyric in heard.lyrics] == [note.start for note in melody.notes]
    assert "".join(lyric.text for lyric in heard.lyrics) == (
        "Twinkle, twinkle, little star, \rHow I wonder what you are! "
    )
    assert [path.name for path in tmp_path.iterdir()] == ["twinkle.mid"]


def test_channels_and_names():
    content = midi_bytes(TWINKLE, tempo=100, chords=[chord(0, 4, "C")], program=52)
    channels = [{m.channel for m in track if not m.is_meta} for track in read(content).tracks]
    assert channels == [set(), {0}, {1}]
    assert [track.name for track in read(content).tracks] == ["Twinkle & friends", "Melody", "Chords"]


@pytest.mark.parametrize(
    ("made", "charset"),
    [
        (CHORALE, "latin-1"),
        (JASMINE, "utf-8"),
        (song("don’t", [60], [1]), "utf-8"),
        (song("Ã¤", [60], [1]), "utf-8"),
    ],
)
def test_text_is_latin_1_or_else_utf_8_and_decoded_tells(made, charset):
    content = midi_bytes(made, tempo=100)
    as_latin_1 = [message.text for _, message in meta(content, "lyrics", track=1)]
    assert [decoded(text) for text in as_latin_1] == lyric_events(made.lyrics)
    if charset == "latin-1":
        assert as_latin_1 == lyric_events(made.lyrics)
    told = mido.MidiFile(file=io.BytesIO(content), charset=charset)
    assert [m.text for m in told.tracks[1] if m.type == "lyrics"] == lyric_events(made.lyrics)


def test_chinese_has_no_spaces():
    assert "".join(lyric_events(JASMINE.lyrics)) == "茉莉花,\r好一朵"


def test_time_signature_and_pickup():
    content = midi_bytes(CHORALE, tempo=88.5)
    (tick, tempo), *_ = meta(content, "set_tempo")
    assert tick == 0
    assert mido.tempo2bpm(tempo.tempo) == pytest.approx(88.5, abs=1e-4)
    found = [(tick, m.numerator, m.denominator) for tick, m in meta(content, "time_signature")]
    assert found == [(0, 1, 4), (480, 3, 4)]
    whole = midi_bytes(song("la", [60], [1], metre=Metre(3.0, beat_type=8)), tempo=88)
    assert [(m.numerator, m.denominator) for _, m in meta(whole, "time_signature")] == [(6, 8)]


def test_key_signature():
    flat = SimpleNamespace(tonic=10, minor=True, name="Bb minor")
    assert meta(midi_bytes(TWINKLE, tempo=100), "key_signature")[0][1].key == "C"
    assert meta(midi_bytes(TWINKLE, tempo=100, key=flat), "key_signature")[0][1].key == "Bbm"


def test_the_same_song_gives_the_same_bytes():
    made = random_song(50, seed=3)
    assert midi_bytes(made, tempo=120) == midi_bytes(made, tempo=120)


def test_bad_input():
    with pytest.raises(UserError, match="no notes"):
        midi_bytes(song("", [], []), tempo=100)
    for tempo in (0, -5, float("nan")):
        with pytest.raises(UserError, match="tempo"):
            midi_bytes(TWINKLE, tempo=tempo)
