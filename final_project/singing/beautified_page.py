"""A page to compare a take with what became of it: one HTML file, complete in itself.

Two sounds that can be changed over while they play, and their pitch, drawn over the notes. The page itself,
with its style and script, is beautified_page.html beside this file.
"""

from __future__ import annotations

import html
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from common import audio
from common.page_files import write_html
from common.pages import PEAK, data_address, fill, mp3, script_json
from common.singing.world import FRAME
from final_project.singing.corrected_take import Decision

TEMPLATE = Path(__file__).with_name("beautified_page.html")
LONGEST_EXCERPT = 600.0  # s
SAMPLE_RATE = 44_100  # Hz, of the sound in the page
EVERY = 4  # frames; 20 ms draw vibrato well
SILENCE = 0.1  # s, at most, that a curve is drawn through


def save_page(page: Path, take: Path, corrected: Path, decision: Decision, seconds: float) -> Path:
    """Write the page for the first `seconds` of a take and its correction. Errors: AudioError."""
    waveforms = [beginning(path, seconds) for path in (take, corrected)]
    gain = min(1.0, PEAK / max(float(np.abs(waveform).max()) for waveform in waveforms))
    sounds = [
        data_address(mp3([gain * waveform], sample_rate=SAMPLE_RATE, channels=len(waveform)), "audio/mpeg")
        for waveform in waveforms
    ]
    data = {"sounds": sounds, **drawing(decision, seconds)}
    parts = {
        "title": html.escape(take.name),
        "about": html.escape(about(decision)),
        "data": script_json(data),
    }
    return write_html(page, fill(TEMPLATE, parts))


def beginning(path: Path, seconds: float) -> NDArray[np.float32]:
    """The first `seconds` of a file, (1 or 2, samples) at `SAMPLE_RATE`."""
    duration = min(seconds, audio.info(path).duration)
    waveform, _ = audio.read(path, sample_rate=SAMPLE_RATE, duration=duration, allow_silence=True)
    return waveform if len(waveform) <= 2 else waveform.mean(axis=0, keepdims=True)


def about(decision: Decision) -> str:
    """What was corrected towards what."""
    if decision.key is not None:
        return f"Corrected towards the notes of {decision.key}"
    return "Corrected towards the notes of a score" if decision.alignment else "Corrected towards semitones"


def drawing(decision: Decision, seconds: float) -> dict[str, Any]:
    """Pitch before and after, notes, and which moment of the take each moment of the result is.

    Curves are lists of [second, semitone] or null where a line breaks; the time is that of each sound.
    """
    correction = decision.correction
    count = min(len(correction.track), round(seconds / FRAME))
    frames = np.arange(0, count, EVERY)
    own = frames * FRAME
    later = correction.times.output_at(own)
    before = correction.track.pitch[frames]
    output = correction.times.output_at
    notes = [
        [float(output(note.first * FRAME)), float(output(note.end * FRAME)), note.target]
        for note in decision.notes
        if note.first < count
    ]
    return {
        "curves": [curve(own, before), curve(later, before + correction.shifts[frames])],
        "notes": [[round(value, 3) for value in note] for note in notes],
        "times": [[round(float(a), 3), round(float(b), 3)] for a, b in zip(own, later, strict=True)][::5],
    }


def curve(times: NDArray[np.float64], pitch: NDArray[np.float64]) -> list[list[float] | None]:
    """Points of a line, null where it breaks."""
    return [
        [round(float(time), 3), round(float(value), 3)] if value == value else None
        for time, value in zip(times, pitch, strict=True)
    ]
