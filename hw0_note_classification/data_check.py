"""Opens every recording of a split and says what is wrong: broken, other rate or length, silent, pure noise.

NSynth's own test split has 71 notes of pure noise (`brass_acoustic_046-*`); they are found by their sound.
"""

from __future__ import annotations

from pathlib import Path

from common import audio
from common.audio_checks import N_FFT, examine_all, is_noise, is_silent
from common.problems import Problems
from hw0_note_classification.note_index import NUM_SAMPLES, SAMPLE_RATE, NoteIndex


def check_recordings(index: NoteIndex, *, jobs: int) -> tuple[Problems, list[str]]:
    """Examine every recording of `index`, `jobs` at a time: the problems and the names of the bad notes."""
    paths = [index.path(position) for position in range(len(index))]
    problems, names = Problems(), []
    for path, kind in examine_all(paths, examine, jobs=jobs, title=index.folder.name):
        if kind is not None:
            problems.add(kind, path.stem)
            names.append(path.stem)
    return problems, names


def examine(path: Path) -> str | None:
    """What is wrong with one recording; None when all is well."""
    try:
        waveform, sample_rate = audio.read(path, mono=True, allow_silence=True)
    except audio.AudioError:
        return "recording broken"
    waveform = waveform[0]
    if sample_rate != SAMPLE_RATE:
        return f"recording not at {SAMPLE_RATE} Hz"
    if len(waveform) != NUM_SAMPLES:
        return f"recording not of {NUM_SAMPLES} samples"
    if is_silent(waveform):
        return "recording silent"
    return "recording is pure noise" if is_noise(waveform, hop=N_FFT // 2) else None
