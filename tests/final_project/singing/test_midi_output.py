"""The MIDI file: another library reads the same notes and words."""

from __future__ import annotations

import io
from dataclasses import replace

import pytest

from common.midi import pretty_midi
from common.synthesis import Note
from final_project.singing.midi_output import midi_bytes
from final_project.singing.song import Song, SongPart, one_voice


def read(song: Song):
    return pretty_midi.PrettyMIDI(io.BytesIO(midi_bytes(song)))


def test_notes_and_words_are_those_of_the_song(glory):
    midi = read(glory)
    [voice] = midi.instruments
    assert [note.pitch for note in voice.notes] == glory.melody.pitches
    assert [note.start for note in voice.notes] == pytest.approx([n.start for n in glory.notes], abs=1e-3)
    assert [note.end for note in voice.notes] == pytest.approx([n.end for n in glory.notes], abs=1e-3)
    assert "".join(lyric.text for lyric in midi.lyrics) == "Glory, glow \rever! "
    assert [lyric.time for lyric in midi.lyrics] == pytest.approx([0.5, 1.5, 2.0, 3.0, 3.5], abs=1e-3)
    assert midi.get_tempo_changes()[1] == pytest.approx([120])


def test_each_part_has_a_track_and_a_channel_of_its_own(glory):
    alto = SongPart("alto", (Note(55, 0.5, 4),), ("Ah",))
    midi = read(Song("Glory", (glory.melody, alto), tempo=120))
    assert [voice.name for voice in midi.instruments] == ["melody", "alto"]
    assert [note.pitch for note in midi.instruments[1].notes] == [55]


def test_a_pitch_that_comes_again_begins_again():
    midi = read(one_voice("t", [Note(60, 0, 0.5), Note(60, 0.5, 0.5)], ("la", "la"), tempo=97))
    assert len(midi.instruments[0].notes) == 2


@pytest.mark.parametrize("word", ["Grüße", "茉莉"])
def test_words_in_any_script(word):
    song = replace(one_voice("t", [Note(60, 0, 1)], (word,)), title=word)
    content = midi_bytes(song)
    assert word.encode("latin-1" if word == "Grüße" else "utf-8") in content
