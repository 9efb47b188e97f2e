"""Chords for melodies whose harmony is known: keys, cadences, bars, names, and how much of a melody fits."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from common.cli import UserError
from hw3_melody_generation import harmony
from hw3_melody_generation.constraints import Key as NamedKey
from hw3_melody_generation.harmony import Bars, estimate_key, harmonize, tones_in_chords
from hw3_melody_generation.songs import Lyrics, Melody, Metre, Song

COMMON_TIME = Metre(4.0)
TWINKLE = [60, 60, 67, 67, 69, 69, 67, 65, 65, 64, 64, 62, 62, 60]
MIDDLE = [67, 67, 65, 65, 64, 64, 62]
MINOR_SCALE = [57, 59, 60, 62, 64, 65, 68, 69]


def song_of(pitches, durations, *, lines=None, rests=None, metre=None) -> Song:
    count = len(pitches)
    lyrics = Lyrics(("la",) * count, tuple(range(count)), tuple(lines or [0] * count))
    return Song("test", lyrics, Melody(pitches, durations, rests or [0] * count, metre))


def twinkle(*, up: int = 0, metre: Metre | None = COMMON_TIME) -> Song:
    pitches = [pitch + up for pitch in TWINKLE + MIDDLE + MIDDLE + TWINKLE]
    return song_of(pitches, ([1] * 6 + [2]) * 6, lines=np.repeat(range(6), 7).tolist(), metre=metre)


@pytest.mark.parametrize("up", range(-6, 6))
def test_a_tune_has_the_same_chords_in_every_key(up):
    chords, moved = harmonize(twinkle()), harmonize(twinkle(up=up))
    assert [(c.start, c.duration, (c.root + up) % 12, c.quality) for c in chords] == [
        (c.start, c.duration, c.root, c.quality) for c in moved
    ]


def test_twinkle_has_the_chords_that_everybody_plays():
    names = " ".join(chord.name for chord in harmonize(twinkle()))
    assert names.startswith("C F C F C G C") and names.endswith("F C F C G C")


@pytest.mark.parametrize("metre", [None, Metre(4.0), Metre(3.0, 2.0), Metre(1.5, 0.5), Metre(6.0, 1.0)])
def test_chords_cover_the_melody_and_change_at_bar_lines(metre):
    song = twinkle(metre=metre)
    song = replace(song, melody=replace(song.melody, rest=np.r_[3.0, song.melody.rest[1:]]))
    chords, bars = harmonize(song), Bars.of(song.melody)
    assert chords[0].start == song.melody.onset[0] and chords[-1].end == pytest.approx(song.melody.length)
    for before, chord in zip(chords, chords[1:], strict=False):
        assert before.end == pytest.approx(chord.start)
        place = (chord.start - bars.start) / (bars.length / bars.parts)
        assert place == pytest.approx(round(place))
    if metre:
        assert (bars.start + metre.position) % metre.beats_per_bar == pytest.approx(0)


@pytest.mark.parametrize(
    ("pitches", "key"),
    [(TWINKLE, (0, "major")), ([p + 9 for p in TWINKLE], (9, "major")), (MINOR_SCALE, (9, "minor"))],
)
def test_the_key_of_known_melodies(pitches, key):
    assert estimate_key(pitches, np.ones(len(pitches))) == key


@pytest.mark.parametrize("pitches", [[60], [64, 64, 64], list(range(60, 72))])
def test_melodies_without_a_key_have_chords(pitches):
    song = song_of(pitches, [1] * len(pitches))
    assert len(harmonize(song)) >= 1
    assert estimate_key(pitches, [1] * len(pitches)).tonic in range(12)


def test_lines_close_on_the_tonic_or_the_dominant():
    chords = harmonize(twinkle())
    ends = twinkle().melody.onset[6::7]
    closing = [next(c.name for c in chords if c.start <= end < c.end) for end in ends]
    assert closing == ["C", "C", "G", "G", "C", "C"]


def test_a_cadence_changes_the_chord_at_the_end_of_a_line():
    # The second is of V as well as of ii; where a line ends it has V.
    pitches = [64, 67, 65, 69, 62, 62, 64, 67, 65, 62, 60, 60]
    within, ending = (
        harmonize(song_of(pitches, [1] * 4 + [2] * 2 + [1] * 4 + [2] * 2, lines=lines, metre=Metre(4.0)))
        for lines in ([0] * 12, [0] * 6 + [1] * 6)
    )
    assert next(c.root for c in ending if c.start <= 6 < c.end) == 7
    assert within[-1].name == ending[-1].name == "C"


def test_the_end_is_the_tonic_if_the_last_note_is_its():
    assert harmonize(twinkle(up=5))[-1].name == "F"
    open_end = song_of(TWINKLE[:-1] + [62], [1] * 14, metre=Metre(4.0))
    assert 62 % 12 in harmonize(open_end, key=NamedKey.parse("C"))[-1].pitch_classes


def test_a_given_key_is_kept_and_spells_the_names():
    names = {chord.name for chord in harmonize(twinkle(up=6), key=NamedKey.parse("Gb"))}
    assert "Gb" in names and "Db" in names and not any("#" in name for name in names)
    names = {chord.name for chord in harmonize(twinkle(up=6), key=NamedKey.parse("F#"))}
    assert "F#" in names and "C#" in names


def test_voices_stay_under_the_melody_and_move_little():
    chords = harmonize(twinkle())
    for before, chord in zip(chords, chords[1:], strict=False):
        assert {pitch % 12 for pitch in chord.pitches} <= set(chord.pitch_classes)
        assert harmony.VOICES.low <= min(chord.pitches) and max(chord.pitches) <= harmony.VOICES.high
        assert max(abs(a - b) for a, b in zip(before.pitches, chord.pitches, strict=True)) <= 7


def test_the_share_of_chord_tones():
    melody = Melody([60, 62], [3, 1], [0, 0])
    chord = harmony.Chord(0.0, 4.0, "C", 0, "maj", (60, 64, 67))
    assert tones_in_chords(melody, [chord]) == 0.75
    assert tones_in_chords(melody, []) == 0.0
    assert tones_in_chords(twinkle().melody, harmonize(twinkle())) > 0.9


def test_most_of_a_chorale_fits_its_chords():
    music21 = pytest.importorskip("music21")
    soprano = music21.corpus.parse("bach/bwv66.6").parts[0].flatten()
    notes = [(note.pitch.midi, note.quarterLength) for note in soprano.notes]
    song = song_of(*map(list, zip(*notes, strict=True)), metre=Metre(4.0, 3.0))
    chords = harmonize(song)
    assert estimate_key(song.melody.pitch, song.melody.duration) == (6, "minor")
    assert tones_in_chords(song.melody, chords) > 0.7


def test_endless_songs_are_refused():
    with pytest.raises(UserError, match="lasts 60001 quarter notes"):
        harmonize(song_of([60, 62], [1, 1], rests=[0, 59_999]))
