"""Opens every recording of a split and says what is wrong: broken, other rate or length, silent, pure noise.

NSynth's own test split has 71 notes of pure noise (`brass_acoustic_046-*`); they are found by their sound.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from joblib import Parallel, delayed
from tqdm import tqdm

from common import audio
from common.problems import Problems
from hw0_note_classification.note_index import NUM_SAMPLES, SAMPLE_RATE, NoteIndex

SILENT_BELOW = 1 / 32768  # one step of 16-bit audio
N_FFT = 4096  # 256 ms: bins of 4 Hz part the harmonics of the lowest notes
BAND = 64  # bins, 250 Hz: narrow enough that pink noise is nearly flat within it
# Gaussian noise has flatness exp(-0.577) = 0.56 in each band, pink noise 0.38 by its slope in the lowest one;
# the noisiest of 90 real notes (bowed tremolo) has 0.15. Brown noise, all in its lowest bins, is missed.
NOISE_ABOVE = 0.3


def check_recordings(index: NoteIndex, *, jobs: int) -> tuple[Problems, list[str]]:
    """Examine every recording of `index`, `jobs` at a time: the problems and the names of the bad notes."""
    paths = [index.path(position) for position in range(len(index))]
    kinds = Parallel(n_jobs=jobs, prefer="threads", return_as="generator")(
        delayed(examine)(path) for path in paths
    )
    problems, names = Problems(), []
    for path, kind in zip(
        paths, tqdm(kinds, total=len(paths), unit="note", desc=index.folder.name), strict=True
    ):
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
    if np.abs(waveform).max() <= SILENT_BELOW:
        return "recording silent"
    return "recording is pure noise" if local_flatness(waveform) > NOISE_ABOVE else None


def local_flatness(waveform: np.ndarray) -> float:
    """How noise-like a sound is: 0 for sharp partials, 0.56 for Gaussian noise of any smooth colour.

    The spectral flatness (geometric over arithmetic mean of the power) of each band of 250 Hz in each frame,
    weighted by the energy there. Takes (samples,) with at least N_FFT samples. Unlike the flatness of the
    whole spectrum it does not fall with the slope of the spectrum, and quiet frames do not count.
    """
    frames = np.lib.stride_tricks.sliding_window_view(waveform, N_FFT)[:: N_FFT // 2]
    power = np.abs(np.fft.rfft(frames * np.hanning(N_FFT))[:, 1:]) ** 2  # (frames, N_FFT / 2), without DC
    bands = power.reshape(len(frames), -1, BAND) + np.finfo(float).tiny
    return float(np.exp(np.log(bands).mean(axis=-1)).sum() / bands.mean(axis=-1).sum())
