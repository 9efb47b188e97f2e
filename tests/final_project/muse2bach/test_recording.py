"""Recordings made of sines: their notes are heard, and what is no single line is refused."""

from pathlib import Path

import numpy as np
import pytest

from common import audio
from common.cli import UserError
from final_project.muse2bach.recording import SAMPLE_RATE, read_recording

MELODY = [(67, 0.5), (69, 0.5), (71, 0.5), (71, 0.5), (72, 1.0), (67, 1.0)]  # pitch, seconds
TRUMPET = Path(__file__).resolve().parents[4] / "shared" / "data" / "recordings" / "trumpet.ogg"


def tones(melody, *, cents=0.0, partials=(1.0, 0.5, 0.25), noise=1e-3, seed=0):
    """(samples,): each note fades in and out."""
    parts = [np.zeros(SAMPLE_RATE // 5)]
    for pitch, seconds in melody:
        time = np.arange(round(seconds * SAMPLE_RATE)) / SAMPLE_RATE
        phase = 2 * np.pi * 440 * 2 ** ((pitch + cents / 100 - 69) / 12) * time
        fade = np.minimum(1, np.minimum(time, time[::-1]) / 0.03)
        parts.append(0.3 * fade * sum(level * np.sin(n * phase) for n, level in enumerate(partials, start=1)))
    sound = np.concatenate([*parts, np.zeros(SAMPLE_RATE // 5)])
    return (sound + noise * np.random.default_rng(seed).normal(size=len(sound))).astype(np.float32)


def test_an_untuned_file_becomes_a_line_with_its_tempo(tmp_path):
    path = audio.write(tmp_path / "line.wav", tones(MELODY, cents=38)[None], sample_rate=SAMPLE_RATE)
    piece = read_recording(path, tempo=120)
    notes = [(note.pitch, note.onset) for note in piece.lines[0].notes]
    assert notes == [(67, 0), (69, 1), (71, 2), (71, 3), (72, 4), (67, 6)]
    assert piece.tempo == 120


def two_lines():
    return tones(MELODY[:2]) + tones([(pitch - 4, seconds) for pitch, seconds in MELODY[:2]])


@pytest.mark.parametrize(
    ("waveform", "reason"),
    [
        (two_lines(), "several notes at once"),
        (np.random.default_rng(0).normal(0, 0.1, SAMPLE_RATE), "of the sound is one pitch"),
        (np.full(SAMPLE_RATE, 1e-4), "silent"),
        (tones([(69, 1.0)]), "only 1 notes"),
        (np.ones(100), "shorter"),
    ],
    ids=["two lines", "noise", "quiet", "one note", "short"],
)
def test_what_is_no_line(waveform, reason, tmp_path):
    path = audio.write(tmp_path / "x.wav", np.float32(waveform)[None], sample_rate=SAMPLE_RATE)
    with pytest.raises(UserError, match=reason):
        read_recording(path)


def test_long_recordings_are_refused_by_their_header(tmp_path):
    path = audio.write(tmp_path / "long.wav", np.ones((1, 8000 * 181), np.float32), sample_rate=8000)
    with pytest.raises(UserError, match="lasts 181 s"):
        read_recording(path)


@pytest.mark.skipif(not TRUMPET.is_file(), reason="the recording of the course's data is not there")
def test_the_trumpet():
    piece = read_recording(TRUMPET)
    pitches = [note.pitch for note in piece.lines[0].notes]
    assert pitches == [75, 74, 72, 70, 68, 70, 71, 72, 71, 68, 65, 70, 68, 65]
    assert piece.tempo == pytest.approx(180, rel=0.03)  # its maker says 90: eighths are read for sixteenths
