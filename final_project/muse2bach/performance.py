"""A chorale as it sounds: choir, organ or strings; or a voice sings the soprano's text, a choir the rest.

    waveform = perform(chorale, tempo=80, sound="choir")     # (2, samples)
    waveform = perform_sung(chorale, tempo=80)

A fermata lasts FERMATA times as long as it is written, with a breath after it. Second LEAD_IN is frame 0.
Four voices stand from left to right.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from common.band.effects import active_level, amplitude
from common.cli import UserError
from common.synthesis import Note, Part, Synthesizer
from final_project.muse2bach.chorale import FRAMES_PER_QUARTER, SILENT, VOICES, Chorale
from final_project.muse2bach.notation import sung_notes
from final_project.muse2bach.sung_text import sung_lines

Sound = Literal["choir", "organ", "strings"]
SAMPLE_RATE = 44_100  # Hz
PROGRAMS: dict[Sound, tuple[int, int, int, int]] = {  # General MIDI, by voice
    "choir": (52, 52, 52, 52),
    "organ": (19, 19, 19, 19),
    "strings": (40, 41, 41, 42),
}
PANS = (44, 56, 72, 84)
LEAD_IN, RING_OUT = 0.5, 2.0  # s
FERMATA = 1.6  # times as long as written
BREATH = 0.15  # s of silence at the end of a fermata
VELOCITIES = (96, 84, 84, 90)
LEVEL = -20.0  # dB of the choir, and of the singer
UNDER = -6.0  # dB of the other voices under a singer
PEAK = 10 ** (-1 / 20)  # -1 dB below full scale
SLOWEST, FASTEST = 20.0, 400.0  # quarter notes a minute
LONGEST = 1200.0  # s


def frame_times(chorale: Chorale, tempo: float) -> NDArray[np.float64]:
    """When each frame begins in seconds, and when the last one ends, (frames + 1,).

    Errors: UserError for a tempo outside SLOWEST..FASTEST, and for what would last more than LONGEST.
    """
    if not SLOWEST <= tempo <= FASTEST:
        raise UserError(f"the tempo is {tempo:g}; give {SLOWEST:g} to {FASTEST:g} quarter notes a minute")
    lengths = np.full(len(chorale), 60 / tempo / FRAMES_PER_QUARTER)
    if chorale.fermata is not None:
        lengths[chorale.fermata] *= FERMATA
    times = LEAD_IN + np.concatenate([[0.0], np.cumsum(lengths)])
    if times[-1] > LONGEST:
        raise UserError(f"would last {times[-1] / 60:.0f} minutes; give a faster --tempo")
    return times


def voice_notes(chorale: Chorale, voice: int, times: NDArray[np.float64]) -> list[Note]:
    """The notes of a voice in seconds."""
    notes = []
    for note in sung_notes(chorale, voice):
        if note.pitch is None:
            continue
        start, end = float(times[note.begin]), float(times[note.end])
        if note.fermata:
            end -= min(BREATH, (end - start) / 4)
        notes.append(Note(note.pitch, start, end - start, VELOCITIES[voice]))
    return notes


def perform(chorale: Chorale, *, tempo: float, sound: Sound = "choir") -> NDArray[np.float32]:
    """The chorale, float32 (2, samples) at SAMPLE_RATE, with a peak of -1 dB.

    Errors: UserError as `frame_times`, and for a chorale in which nobody sings.
    """
    times = frame_times(chorale, tempo)
    waveform = _played(chorale, times, sound, range(len(VOICES)))
    return _at_peak(waveform)


def perform_sung(
    chorale: Chorale, *, tempo: float, language: str = "auto", seed: int = 0
) -> NDArray[np.float32]:
    """The same with the text sung by the soprano, and a choir for the others.

    Errors: UserError as `perform`, for a chorale without text, and for one that nobody can sing.
    """
    if chorale.text is None:
        raise UserError("has no text to sing")
    times = frame_times(chorale, tempo)
    others = _played(chorale, times, "choir", range(1, len(VOICES)))
    notes = voice_notes(chorale, 0, times)
    voice = np.zeros_like(others[:1])
    rng = np.random.default_rng(seed)
    for start, sung in sung_lines(chorale, notes, language=language, rng=rng, sample_rate=SAMPLE_RATE):
        begin = round(start * SAMPLE_RATE)
        count = min(len(sung), voice.shape[1] - begin)
        voice[0, begin : begin + count] += sung[:count]
    return _at_peak(_leveled(voice, LEVEL) + _leveled(others, LEVEL + UNDER))


def _played(chorale: Chorale, times: NDArray[np.float64], sound: Sound, voices: range) -> NDArray[np.float32]:
    """What FluidSynth plays of some voices, (2, samples)."""
    if (chorale.voices == SILENT).all():
        raise UserError("nobody sings in it")
    parts = [
        Part(PROGRAMS[sound][voice], voice_notes(chorale, voice, times), pan=PANS[voice]) for voice in voices
    ]
    with Synthesizer(sample_rate=SAMPLE_RATE, reverb=True) as synthesizer:
        # Each render begins at second 0, wherever the notes are; so all have the same length.
        return synthesizer.render_parts(
            [replace(part, volume=100) for part in parts], duration=float(times[-1]) + RING_OUT
        )


def _leveled(waveform: NDArray[np.float32], level: float) -> NDArray[np.float32]:
    if not waveform.any():
        return waveform
    return waveform * np.float32(amplitude(level - active_level(waveform, sample_rate=SAMPLE_RATE)))


def _at_peak(waveform: NDArray[np.float32]) -> NDArray[np.float32]:
    return waveform * np.float32(PEAK / max(abs(waveform).max(), 1e-9))
