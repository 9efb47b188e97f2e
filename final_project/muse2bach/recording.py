"""A recording of one line, hummed, sung or played -> its notes, in seconds and in quarter notes.

pYIN (Mauch & Dixon 2014, as in librosa) tells the fundamental frequency of every 12 ms and whether there is
one. The tuning of the whole is taken out; a note is a stretch near one semitone, and a drop and rise of
the level parts two of the same pitch. What is shorter than SHORTEST is a glide and goes to a neighbour.

One line only: the share of the sound is measured that is harmonics of the pitch, with its fundamental
(`common.harmonic_share`). Of eight synthetic instruments, the voices of common.singing
and a trumpet, with noise 40 dB below, it is .81 to .97; with a second line .00 to .50; of seven mixed
recordings (bands, orchestras) .26 to .71. Two lines in octaves or twelfths alone pass as one.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from common import audio
from common.cli import UserError
from common.harmonic_share import share_of_spectrum
from common.notes_in.lines import Line, Piece
from final_project.muse2bach.quantize import HeardNote, quantize

SAMPLE_RATE = 22_050  # Hz
HOP, WINDOW, LEVEL_WINDOW = 256, 2048, 1024  # samples
LOWEST, HIGHEST = 65.4, 1400.0  # Hz: C2 to F6, whistling an octave above the soprano
LONGEST = 180.0  # seconds
SILENCE = -60.0  # dB of full scale, of the loudest frame
QUIET = 35.0  # dB below the loudest frame, from which on nothing is a note
SHORTEST = 0.07  # seconds of a note
GAP = 0.04  # seconds without pitch that do not end a note
WOBBLE = 0.7  # semitones from a note's own pitch that vibrato may go
DIP, DIP_WINDOW = 6.0, 0.08  # dB, s: the level falls and rises by so much between two notes of one pitch
FEWEST_NOTES = 3
ONE_LINE = 0.76  # of the sound, by amplitude, must be harmonics of one pitch


@dataclass(frozen=True)
class Track:
    """Pitch of each frame in semitones (MIDI, NaN: none), level in dB, and seconds a frame.

    sounding: frames that are loud enough to hold a note. explained: `explained_energy` of each frame.
    """

    pitch: NDArray[np.float64]
    level: NDArray[np.float64]
    sounding: NDArray[np.bool_]
    explained: NDArray[np.float64]
    step: float = HOP / SAMPLE_RATE


def read_recording(path: Path, *, tempo: float | None = None) -> Piece:
    """The line in a sound file. tempo: quarter notes a minute, if known. Errors: AudioError, UserError."""
    info = audio.info(path)
    if info.duration > LONGEST:
        raise UserError(f"lasts {info.duration:.0f} s; give at most {LONGEST:.0f} s of one line")
    waveform, _ = audio.read(path, sample_rate=SAMPLE_RATE, mono=True)
    track = tracked(waveform[0])
    check_one_line(track)
    notes = heard_notes(track)
    if len(notes) < FEWEST_NOTES:
        raise UserError(f"only {len(notes)} notes are heard; give a recording of one sung or played line")
    found = quantize(notes, tempo=tempo)
    line = Line("the recording", found.notes)
    return Piece((line,), tempo=found.tempo)


def tracked(waveform: NDArray[np.float32]) -> Track:
    """Pitch and level of a waveform (samples,). Errors: UserError for silence."""
    import librosa  # half a second

    if len(waveform) < WINDOW:
        raise UserError("shorter than a tenth of a second; give a recording of one line")
    level = librosa.amplitude_to_db(
        librosa.feature.rms(y=waveform, frame_length=LEVEL_WINDOW, hop_length=HOP)[0], amin=1e-6, top_db=None
    )
    if level.max() < SILENCE:
        raise UserError(f"silent, at most {level.max():.0f} dB; record it louder")
    frequency, voiced, _ = librosa.pyin(
        waveform, fmin=LOWEST, fmax=HIGHEST, sr=SAMPLE_RATE, frame_length=WINDOW, hop_length=HOP
    )
    count = min(len(level), len(frequency))
    level, frequency, voiced = level[:count], frequency[:count], voiced[:count]
    sounding = level > level.max() - QUIET
    pitch = np.where(voiced & sounding, librosa.hz_to_midi(np.where(voiced, frequency, 440.0)), np.nan)
    return Track(pitch - tuning(pitch), level, sounding, explained_energy(waveform, frequency, count))


def tuning(pitch: NDArray[np.float64]) -> float:
    """By how many semitones (-0.5 to 0.5) the whole lies beside the piano's pitches."""
    known = pitch[~np.isnan(pitch)]
    if not len(known):
        return 0.0
    return float(np.angle(np.exp(2j * np.pi * known).mean()) / (2 * np.pi))


def explained_energy(
    waveform: NDArray[np.float32], frequency: NDArray[np.float64], count: int
) -> NDArray[np.float64]:
    """`share_of_spectrum` of each of the first `count` frames, (frames,); 0 for a frequency of NaN."""
    import librosa

    power = abs(librosa.stft(waveform, n_fft=2 * WINDOW, hop_length=HOP)) ** 2  # (bins, frames)
    bins = librosa.fft_frequencies(sr=SAMPLE_RATE, n_fft=2 * WINDOW)
    explained = np.zeros(count)
    for frame in np.flatnonzero(~np.isnan(frequency[:count])):
        explained[frame] = share_of_spectrum(power[:, frame], bins, frequency[frame])
    return explained


def check_one_line(track: Track) -> None:
    """Errors: UserError where too little of the sound is harmonics of one pitch."""
    weight = 10 ** (track.level / 20) * track.sounding
    explained = np.where(np.isnan(track.pitch), 0.0, track.explained)
    share = float(weight @ explained / weight.sum())
    if share < ONE_LINE:
        raise UserError(
            f"only {share:.0%} of the sound is one pitch at a time: several notes at once, noise or speech;"
            " give a recording of one line"
        )


def heard_notes(track: Track) -> list[HeardNote]:
    """The notes, in order."""
    pieces = [piece for piece in stretches(track) if piece[1] > piece[0]]
    notes: list[HeardNote] = []
    for first, last in pieces:
        pitch = round(float(np.nanmedian(track.pitch[first:last])))
        onset, end = first * track.step, last * track.step
        if end - onset < SHORTEST:
            if notes and onset - notes[-1].end < GAP:  # a glide belongs to what is before it
                notes[-1] = HeardNote(notes[-1].onset, end, notes[-1].pitch)
            continue
        notes.append(HeardNote(onset, end, pitch))
    return notes


def stretches(track: Track) -> list[tuple[int, int]]:
    """Frames from .. to of each stretch near one pitch."""
    gap = round(GAP / track.step)
    found, first, last = [], None, None  # of the stretch that is open
    for frame, pitch in enumerate(track.pitch.tolist()):
        if np.isnan(pitch):
            if first is not None and frame - last > gap:
                found.append((first, last + 1))
                first = None
            continue
        if first is not None:
            recent = track.pitch[max(first, last - 11) : last + 1]
            departs = abs(pitch - np.nanmedian(recent)) > WOBBLE
            if departs or (frame - first) * track.step > SHORTEST and _is_new_attack(track, frame):
                found.append((first, frame if frame - last <= gap else last + 1))
                first = None
        first, last = frame if first is None else first, frame
    if first is not None:
        found.append((first, last + 1))
    return found


def _is_new_attack(track: Track, frame: int) -> bool:
    """Whether the level has fallen and rises again around `frame`: a note struck anew."""
    window = round(DIP_WINDOW / track.step)
    before = track.level[max(frame - window, 0) : frame]
    after = track.level[frame + 1 : frame + 1 + window]
    here = track.level[frame]
    if not len(before) or not len(after) or here > min(before[-1], after[0]):
        return False
    return before.max() - here > DIP and after.max() - here > DIP
