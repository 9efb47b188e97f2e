"""What a performance sounds like, measured: pitch, times, levels; and which syllable sings which note."""

from __future__ import annotations

import numpy as np
import pytest

from common.cli import UserError
from hw3_melody_generation.harmony import harmonize
from hw3_melody_generation.performance import (
    LEAD_IN,
    RING_OUT,
    STYLES,
    accompaniment,
    note_times,
    perform,
)
from hw3_melody_generation.songs import Lyrics, Melody, Metre, Song

RATE = 16_000
TUNE = [60, 60, 67, 67, 69, 69, 67]


def song_of(text: str, pitches, durations, rests=None) -> Song:
    """A song in one line; syllables of a word are joined by hyphens."""
    words = [word.split("-") for word in text.split()]
    syllables = tuple(syllable for word in words for syllable in word)
    numbers = tuple(number for number, word in enumerate(words) for _ in word)
    lyrics = Lyrics(syllables, numbers, (0,) * len(syllables), language="en")
    return Song("test", lyrics, Melody(pitches, durations, rests or [0] * len(pitches), Metre(4.0)))


TWINKLE = song_of("Twin-kle twin-kle lit-tle star", TUNE, [1] * 6 + [2])


def level(waveform: np.ndarray) -> float:
    """RMS in dB."""
    return float(10 * np.log10(np.mean(np.square(waveform, dtype=np.float64)) + 1e-20))


def frequency_at(waveform: np.ndarray, start: float, end: float) -> float:
    """Hz of the fundamental, by autocorrelation of what sounds from `start` to `end` seconds."""
    sound = waveform[0, round(start * RATE) : round(end * RATE)].astype(np.float64)
    power = np.abs(np.fft.rfft(sound * np.hanning(len(sound)), 2 * len(sound))) ** 2
    correlation = np.fft.irfft(power)[: len(sound) // 2] / (1 - np.arange(len(sound) // 2) / len(sound))
    shortest, longest = RATE // 900, RATE // 90
    peaks = correlation[shortest:longest]
    first = next(
        i
        for i in range(1, len(peaks) - 1)
        if peaks[i - 1] < peaks[i] >= max(0.85 * peaks.max(), peaks[i + 1])
    )
    lag = shortest + first
    before, middle, after = correlation[lag - 1 : lag + 2]
    return RATE / (lag + 0.5 * (before - after) / (before - 2 * middle + after))


def cents_off(waveform: np.ndarray, song: Song, tempo: float) -> np.ndarray:
    """How far the middle of each note is from its pitch."""
    starts, ends = note_times(song, tempo)
    heard = [
        frequency_at(waveform, start + 0.3 * (end - start), start + 0.75 * (end - start))
        for start, end in zip(starts, ends, strict=True)
    ]
    return 1200 * np.log2(np.array(heard) / (440 * 2 ** ((song.melody.pitch - 69) / 12)))


# ---- sound


def test_the_melody_is_heard_at_its_times_and_pitches():
    waveform = perform(TWINKLE, [], tempo=90, sample_rate=RATE)
    assert np.abs(cents_off(waveform, TWINKLE, 90)).max() < 30
    starts, ends = note_times(TWINKLE, 90)
    assert starts[0] == LEAD_IN and starts[1] - starts[0] == pytest.approx(60 / 90)
    assert waveform.shape == (2, round((ends[-1] + RING_OUT) * RATE)) and waveform.dtype == np.float32
    assert level(waveform[:, : round((LEAD_IN - 0.01) * RATE)]) < -80 < -30 < level(waveform)


@pytest.mark.parametrize("style", list(STYLES))
def test_no_style_clips_or_is_silent(style):
    waveform = perform(TWINKLE, harmonize(TWINKLE), tempo=120, sample_rate=RATE, style=style)
    assert np.abs(waveform).max() == pytest.approx(10 ** (-1 / 20), abs=1e-4)
    assert -30 < level(waveform) < -8
    assert level(waveform[:, -RATE // 10 :]) < -50  # it has rung out


def test_the_chords_lie_under_the_melody():
    both = perform(TWINKLE, harmonize(TWINKLE), tempo=90, sample_rate=RATE)
    alone = perform(TWINKLE, [], tempo=90, sample_rate=RATE)
    gain = np.vdot(both, alone) / np.vdot(alone, alone)
    assert 5 < level(gain * alone) - level(both - gain * alone) < 14  # 9 dB are meant


def test_what_is_sung_is_the_melody():
    waveform = perform(TWINKLE, [], tempo=90, sample_rate=RATE, sing=True)
    assert (np.abs(cents_off(waveform, TWINKLE, 90)) < 50).all()
    assert np.abs(waveform).max() == pytest.approx(10 ** (-1 / 20), abs=1e-4)


def test_the_same_seed_gives_the_same_performance():
    song = song_of("Shine a light", [60, 62, 64], [1, 1, 1])
    first, second = (perform(song, harmonize(song), tempo=180, sample_rate=RATE, sing=True) for _ in range(2))
    assert (first == second).all()
    other = perform(song, harmonize(song), tempo=180, sample_rate=RATE, sing=True, seed=1)
    assert not np.array_equal(first, other)


def test_pieces_join_without_a_seam(monkeypatch):
    from hw3_melody_generation import performance

    whole = perform(TWINKLE, harmonize(TWINKLE), tempo=60, sample_rate=RATE)
    monkeypatch.setattr(performance, "PIECE", 3.0)
    pieces = perform(TWINKLE, harmonize(TWINKLE), tempo=60, sample_rate=RATE)
    scale = np.abs(whole).max() / np.abs(pieces).max()
    assert level(whole - scale * pieces) < level(whole) - 15


@pytest.mark.parametrize("tempo", [19.9, 401, 0, float("nan")])
def test_tempos_have_bounds(tempo):
    with pytest.raises(UserError, match="20 to 400 quarter notes per minute"):
        perform(TWINKLE, [], tempo=tempo)


def test_endless_songs_are_refused_before_memory_is_taken():
    song = song_of("la la", [60, 60], [1, 1], rests=[0, 1e5])
    with pytest.raises(UserError, match="would last 1667 minutes, at most 60"):
        perform(song, [], tempo=60)


# ---- chords


def test_the_accompaniment_plays_the_chords_at_their_times():
    chords = harmonize(TWINKLE)
    for style in STYLES:
        parts = accompaniment(chords, tempo=60, style=style)
        notes = [note for part in parts for note in part.notes]
        assert min(note.start for note in notes) == 0.0
        assert max(note.end for note in notes) == pytest.approx(TWINKLE.melody.length)
        for note in notes:
            chord = next(c for c in chords if c.start <= note.start + 1e-6 and note.end <= c.end + 1e-6)
            assert note.pitch % 12 in chord.pitch_classes


def test_the_bass_has_the_root():
    chords = harmonize(TWINKLE)
    _, bass = accompaniment(chords, tempo=60)
    first = {note.start: note.pitch % 12 for note in bass.notes}
    assert [first[chord.start] for chord in chords] == [chord.root for chord in chords]
