"""What a song is measured by, from its sound and its score alone; the plan of the synthesis is not asked.

In tune: the frames of a note from `SETTLED` seconds after its beginning to `LEAVING` before its end, in
which a tracker hears a voice; a frame is in tune within 50 cents of the note. What lies outside is the way
there and the way on: singers glide for some 90 ms, most of it before the beat (Saitou, Unoki and Akagi 2005).
Vibrato is not taken out: a frame at the crest of a wide one counts as it is. Notes too short to have a
settled part are not counted, and it is told how many are.

Onset: listeners hear the beat of a sung syllable where its vowel begins (Marcus 1981, "Acoustic determinants
of perceptual center location"). The sound tells by its level between 300 and 2500 Hz, where vowels have their
formants and consonants little: the vowel begins when its own level is reached for good, within `ENTRY` dB.
Where the level hardly rises (a vowel after a vowel) the pitch tells, half way of the glide. Where neither
moves, there is no onset to be heard, and none is counted. It is looked for from `REACH` before the note to
`LATEST` after it, so that no error can be larger; what speech that knows nothing of the notes gets is
measured beside.

Times are seconds, pitches MIDI numbers; frame i of a pitch curve lies at i * `HOP` seconds.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import uniform_filter1d
from scipy.signal import butter, sosfiltfilt

from common.synthesis import Note
from final_project.singing.f0_trackers import HOP

CENTS = 50.0
SETTLED, LEAVING = 0.1, 0.08  # s, at the beginning and the end of a note, that are glides
REACH, LATEST = 0.15, 0.1  # s before and after a note, in which its onset is looked for
PLATEAU = 0.05, 0.15  # s after the onset: the vowel itself
ENTRY = 4.0  # dB below the level of a vowel, from which on it has begun
LEAST_RISE = 6.0  # dB; less is no onset
LEAST_STEP = 0.8  # semitones; less is no new pitch
BAND = 300.0, 2500.0  # Hz
WINDOW = 0.015  # s, of the level
LEVEL_HOP = 0.002  # s
FLOOR = 1e-10  # power


def tuning(pitch: NDArray[np.float64], notes: Sequence[Note]) -> NDArray[np.float64]:
    """Deviation in cents of every settled frame of all notes in which a voice is heard: (frames,)."""
    found = [_settled(pitch, note) - note.pitch for note in notes]
    deviations = 100 * np.concatenate([np.zeros(0), *found])
    return deviations[np.isfinite(deviations)]


def settled_share(notes: Sequence[Note]) -> float:
    """The share of notes that are long enough to be counted by `tuning`."""
    return float(np.mean([note.duration > SETTLED + LEAVING + HOP for note in notes]))


def one_tone_share(notes: Sequence[Note]) -> float:
    """The share of the settled time that has the commonest pitch; NaN without any."""
    settled = np.array([max(note.duration - SETTLED - LEAVING, 0.0) for note in notes])
    pitches = np.array([note.pitch for note in notes])
    most = max(settled[pitches == pitch].sum() for pitch in pitches)
    return float(most / settled.sum()) if settled.sum() > 0 else np.nan


def voiced_share(pitch: NDArray[np.float64], notes: Sequence[Note]) -> float:
    """The share of the settled frames of all notes in which a voice is heard; NaN without any."""
    frames = np.concatenate([np.zeros(0), *(_settled(pitch, note) for note in notes)])
    return float(np.isfinite(frames).mean()) if len(frames) else np.nan


def _settled(pitch: NDArray[np.float64], note: Note) -> NDArray[np.float64]:
    begin, end = round((note.start + SETTLED) / HOP), round((note.end - LEAVING) / HOP)
    return pitch[begin : max(begin, end)]


def onset_errors(
    waveform: NDArray[np.float32],
    pitch: NDArray[np.float64],
    notes: Sequence[Note],
    *,
    sample_rate: int,
) -> NDArray[np.float64]:
    """By how many seconds each note's vowel is late (early: negative), NaN where no onset is heard: (notes,).

    waveform: (samples,); pitch: (frames,), of the same sound.
    """
    level = vowel_level(waveform, sample_rate=sample_rate)
    errors = np.array([_rise(level, note.start) for note in notes])
    for place, (before, note) in enumerate(pairwise(notes), start=1):
        if np.isnan(errors[place]) and note.start - before.end < REACH:
            errors[place] = _glide(pitch, before, note)
    return errors


def vowel_level(waveform: NDArray[np.float32], *, sample_rate: int) -> NDArray[np.float64]:
    """dB in `BAND`, every `LEVEL_HOP` seconds: (frames,)."""
    band = butter(2, BAND, btype="bandpass", fs=sample_rate, output="sos")
    power = sosfiltfilt(band, np.asarray(waveform, np.float64)) ** 2
    smooth = uniform_filter1d(power, max(round(WINDOW * sample_rate), 1))
    at = np.arange(0, len(smooth) / sample_rate, LEVEL_HOP) * sample_rate
    return 10 * np.log10(smooth[np.minimum(np.round(at).astype(int), len(smooth) - 1)] + FLOOR)


def _rise(level: NDArray[np.float64], start: float) -> float:
    """How late (s) the level of the vowel is reached for good; NaN if it hardly rises."""
    vowel = level[_frame(start + PLATEAU[0], LEVEL_HOP) : _frame(start + PLATEAU[1], LEVEL_HOP)]
    first = _frame(start - REACH, LEVEL_HOP)
    around = level[first : _frame(start + LATEST, LEVEL_HOP)]
    if not len(vowel) or not len(around):
        return np.nan
    top = float(np.median(vowel))
    below = np.flatnonzero(around < top - ENTRY)
    if not len(below) or top - around.min() < LEAST_RISE:
        return np.nan
    return (first + int(below[-1]) + 1) * LEVEL_HOP - start


def _glide(pitch: NDArray[np.float64], before: Note, note: Note) -> float:
    """How late (s) the pitch passes the middle between two notes; NaN if there is no glide to hear."""
    step = note.pitch - before.pitch
    first = _frame(note.start - REACH, HOP)
    around = pitch[first : _frame(note.start + LATEST, HOP)]
    if abs(step) < LEAST_STEP or not len(around):
        return np.nan
    beyond = (around - (note.pitch + before.pitch) / 2) * np.sign(step) > 0  # False where no voice is
    if not beyond.any() or beyond[0]:
        return np.nan
    return (first + int(np.argmax(beyond))) * HOP - note.start


def _frame(time: float, hop: float) -> int:
    return max(round(time / hop), 0)
