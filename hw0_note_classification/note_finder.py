"""Finds the note in a recording of any length: the loudest four seconds, begun at an onset.

A model hears four seconds that begin with an attack, as all notes of NSynth do. So of the onsets around the
loudest four seconds of the recording that one is taken from which four seconds hold the most energy.
Files are read in blocks: an hour of music takes no more memory than a minute.
Source of the onset detection: Böck and Widmer 2013, "Maximum filter vibrato suppression for onset detection".
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray

from common import audio
from common.features import MelSpectrogram
from hw0_note_classification.note_index import NUM_SAMPLES, SAMPLE_RATE

SECONDS = NUM_SAMPLES / SAMPLE_RATE  # of what a model hears
BLOCK_SECONDS = 60.0  # read at a time
FRAME_SECONDS = 0.01  # rounded to whole samples
LOOK_BACK = 1.0  # seconds before the loudest ones in which their onset is looked for
SILENCE = 1e-5  # of the loudest frame's energy, -50 dB: before the note, that is background
ATTACK_SECONDS = 0.03  # the note begins this much before its onset is plain

RISE = 2.0  # dB, mean over the bands: what makes an onset
DYNAMIC_RANGE = 60.0  # dB below the loudest band: no rise of anything softer counts
REACH = 5  # frames on either side among which an onset is the highest rise
NEARLY_ALL = 0.98  # of the most energy: an earlier onset that adds no more is a noise before the note
HALF = 0.5  # of the energy of the loudest seconds: no onset that gives less is taken


@dataclass(frozen=True)
class FoundNote:
    """The note of a recording: where it is, in seconds, how it sounds, and what is around it."""

    start: float
    end: float
    waveform: NDArray[np.float32]  # (samples,), SECONDS long, zeros after the end of the recording
    excerpt: NDArray[np.float32]  # (samples,), the recording around the note
    excerpt_start: float


class Envelope(NamedTuple):
    """The energy (sum of squares) of each short frame of a recording, and the frame's length in seconds."""

    energies: NDArray[np.float64]
    frame: float


def find_note(path: Path, *, sample_rate: int) -> FoundNote:
    """Find the note in an audio file and give it at `sample_rate`. Errors: AudioError.

    A file of up to four seconds is taken whole, from its first sound on.
    """
    envelope = read_envelope(path)
    if not envelope.energies.any():
        raise audio.AudioError(f"{path}: silent when mixed to one channel; choose another file")
    duration = audio.info(path).duration
    if duration <= SECONDS:
        excerpt_start, start = 0.0, first_sound(envelope)
        excerpt = read_mono(path, sample_rate, 0.0, duration)
    else:
        loudest = loudest_start(envelope)
        excerpt_start = max(0.0, loudest - LOOK_BACK)
        excerpt = read_mono(path, sample_rate, excerpt_start, min(duration, loudest + 2 * SECONDS))
        start = excerpt_start + best_onset(excerpt, sample_rate, default=loudest - excerpt_start)
    first = round((start - excerpt_start) * sample_rate)
    waveform = excerpt[first : first + round(SECONDS * sample_rate)]
    end = start + len(waveform) / sample_rate
    padded = np.pad(waveform, (0, round(SECONDS * sample_rate) - len(waveform)))
    return FoundNote(start, end, padded, excerpt, excerpt_start)


def read_mono(path: Path, sample_rate: int, start: float, end: float) -> NDArray[np.float32]:
    """A part of a file, (samples,)."""
    waveform, _ = audio.read(
        path, sample_rate=sample_rate, mono=True, start=start, duration=end - start, allow_silence=True
    )
    return waveform[0]


def read_envelope(path: Path) -> Envelope:
    """The energy of a file, mixed to one channel, in frames of about 10 ms."""
    info = audio.info(path)
    hop = max(1, round(FRAME_SECONDS * info.sample_rate))
    block = hop * round(BLOCK_SECONDS / FRAME_SECONDS)
    energies = []
    for waveform in audio.read_blocks(path, samples=block):
        squares = np.square(waveform, dtype=np.float64)
        energies.append(np.add.reduceat(squares, np.arange(0, len(waveform), hop)))
    return Envelope(np.concatenate(energies), hop / info.sample_rate)


def first_sound(envelope: Envelope) -> float:
    """The time in seconds at which the sound begins, and a little before, as its attack may be soft."""
    frame = int(np.argmax(envelope.energies > SILENCE * envelope.energies.max()))
    return max(0.0, frame * envelope.frame - ATTACK_SECONDS)


def loudest_start(envelope: Envelope) -> float:
    """The time in seconds at which the loudest four begin."""
    length = min(round(SECONDS / envelope.frame), len(envelope.energies))
    whole = energy_from(envelope.energies, length)[: len(envelope.energies) - length + 1]
    return int(np.argmax(whole)) * envelope.frame


def energy_from(values: NDArray, length: int) -> NDArray:
    """The sum of `length` values from each place on, or of all that are left: (n,) -> (n,)."""
    totals = np.concatenate([[0.0], np.cumsum(values)])
    starts = np.arange(len(values))
    return totals[np.minimum(starts + length, len(values))] - totals[starts]


def best_onset(excerpt: NDArray, sample_rate: int, *, default: float) -> float:
    """Where to begin in the excerpt (samples,), in seconds: at an onset, or at `default` if none serves."""
    energy = energy_from(np.square(excerpt, dtype=np.float64), round(SECONDS * sample_rate))
    starts = np.maximum(onsets(excerpt, sample_rate) - ATTACK_SECONDS, 0.0)
    held = energy[np.round(starts * sample_rate).astype(int)]  # by four seconds from each onset on
    if not len(starts) or held.max() < HALF * energy[round(default * sample_rate)]:
        return default
    return float(starts[held >= NEARLY_ALL * held.max()][-1])


def onsets(waveform: NDArray, sample_rate: int) -> NDArray[np.float64]:
    """Times in seconds at which many bands of the waveform (samples,) rise at once: (onsets,).

    The rise of a band is measured from the highest of itself and its neighbours two frames before, so that a
    vibrato, which moves partials from band to band, does not look like new notes.
    """
    hop = round(FRAME_SECONDS * sample_rate)
    mel = MelSpectrogram(sample_rate=sample_rate, n_fft=6 * hop, hop_length=hop, n_mels=40)
    power = mel(torch.from_numpy(waveform))  # (bands, frames)
    level = 10 * torch.log10(power.clamp(min=power.max() * 10 ** (-DYNAMIC_RANGE / 10)))
    before = F.max_pool1d(level.T, kernel_size=3, stride=1, padding=1).T
    rise = (level[:, 2:] - before[:, :-2]).clamp(min=0).mean(dim=0)  # (frames - 2,)
    highest = F.max_pool1d(rise[None], kernel_size=2 * REACH + 1, stride=1, padding=REACH)[0]
    frames = ((rise == highest) & (rise >= RISE)).nonzero()[:, 0] + 1  # between the two frames compared
    return frames.numpy() * hop / sample_rate
