"""A recording of one voice -> its pitch and level every 5 ms, in memory that hardly grows with its length.

WORLD's Harvest (Morise 2017, "Harvest: a high-performance fundamental frequency estimator from speech
signals") gives the frequency; where the sound repeats itself better after a period of DIO's (Morise, Kawahara
and Katayose 2009, "Fast and reliable F0 estimation method based on the period extraction of vocal fold
vibration of singing voice and speech"), DIO does. Both like to call consonants voiced, so two questions are
asked of each frame beside them: does it repeat itself after one period (`periodicity`), and is its energy in
the harmonics of that frequency (`explained`)? The first says what is voiced; both tell one line from several,
or noise.

The recording comes in blocks and is tracked in chunks with some context around each. What is kept of it is
the track: four numbers a frame, 3.2 kB a second, 12 MB an hour.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy.signal import butter, resample_poly, sosfiltfilt

from common.audio_blocks import Block, Stretches, resample_blocks
from common.singing.world import FRAME, load_pyworld
from final_project.singing.harmonic_share import harmonic_share

RATE = 16_000  # Hz; Harvest itself looks at 8 kHz
HOP = round(FRAME * RATE)  # samples
LOWEST, HIGHEST = 60.0, 1100.0  # Hz: B1 to C#6
CHUNK, CONTEXT = 4000, 200  # frames, tracked at a time and heard around them
LEVEL_WINDOW = 0.02  # s
COMPARED = 400  # samples (25 ms), compared with those one period later
# Hz; in z and v noise hides the voice higher up, in a high i it is the lowest that is weak
BANDS = (2000.0, 5000.0)
FINER = 2  # times the rate, so that straight lines between samples are good enough
SAME = 0.03  # of f0, by which two pitches are one
CLEARER, EQUAL = 0.1, 0.02  # correlation by which DIO's must be better if it is lower, may be worse if higher
PERIODIC = 0.55  # correlation from which on a frame is voiced; white noise stays below .3
QUIET = 45.0  # dB below the loud frames (their 95th percentile), from which on nothing is sung
SHORTEST = 0.03  # s of voice
GAP = 0.015  # s without it that do not part two stretches


@dataclass(frozen=True)
class PitchTrack:
    """Frames every `FRAME` seconds, each array float32 (frames,).

    raw_f0: Hz, 0 where neither tracker finds one; level: dB of full scale; periodicity and explained: 0..1.
    """

    raw_f0: NDArray[np.float32]
    level: NDArray[np.float32]
    periodicity: NDArray[np.float32]
    explained: NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.raw_f0)

    @cached_property
    def sounding(self) -> NDArray[np.bool_]:
        """Frames loud enough to belong to the song."""
        return self.level > np.percentile(self.level, 95) - QUIET

    @cached_property
    def voiced(self) -> NDArray[np.bool_]:
        """Frames in which the vocal folds swing, without flicker."""
        pitched = self.raw_f0 > 0
        voiced = pitched & self.sounding & (self.periodicity > PERIODIC)
        for begin, end in runs(~voiced):
            if begin > 0 and end < len(self) and (end - begin) * FRAME <= GAP and pitched[begin:end].all():
                voiced[begin:end] = True
        for begin, end in runs(voiced):
            if (end - begin) * FRAME < SHORTEST:
                voiced[begin:end] = False
        return voiced

    @cached_property
    def pitch(self) -> NDArray[np.float64]:
        """Semitones (MIDI), NaN where it is not voiced."""
        return np.where(
            self.voiced, 69 + 12 * np.log2(np.maximum(self.raw_f0.astype(float), 1.0) / 440), np.nan
        )

    def stretches(self) -> list[tuple[int, int]]:
        """First and last frame (exclusive) of all that is voiced without a gap."""
        return runs(self.voiced)


def runs(mask: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """First and last index (exclusive) of the stretches in which `mask` is true."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], mask.astype(np.int8), [0]])))
    return list(zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True))


def track_blocks(blocks: Iterable[Block], *, sample_rate: int, frames: int) -> PitchTrack:
    """The track of a recording of `frames` samples that comes in blocks (samples,)."""
    length = -(-frames * RATE // sample_rate)
    heard = (
        resample_blocks(blocks, original_rate=sample_rate, target_rate=RATE)
        if sample_rate != RATE
        else blocks
    )
    chunks = [track_chunk(*chunk) for chunk in cut(Stretches(heard), length // HOP + 1)]
    return PitchTrack(*(np.concatenate(parts) for parts in zip(*chunks, strict=True)))


def track(waveform: NDArray[np.float32], *, sample_rate: int) -> PitchTrack:
    """The track of a waveform (samples,)."""
    return track_blocks([waveform], sample_rate=sample_rate, frames=len(waveform))


def cut(recording: Stretches, frames: int) -> Iterator[tuple[NDArray[np.float64], int, int]]:
    """Chunks (samples,) with context, the first of their frames that counts, and how many do."""
    for first in range(0, frames, CHUNK):
        begin = max(first - CONTEXT, 0)
        end = min(first + CHUNK, frames)
        waveform = recording.read(begin * HOP, (end + CONTEXT) * HOP).astype(float)
        yield waveform, first - begin, end - first


def track_chunk(waveform: NDArray[np.float64], first: int, count: int) -> tuple[NDArray[np.float32], ...]:
    """raw_f0, level, periodicity and explained of frames `first` .. `first + count` of a chunk at `RATE`."""
    short = max((first + count) * HOP + COMPARED - len(waveform), 0)
    waveform = np.pad(waveform, (0, short))  # frames may lie beyond the last sample
    if not waveform.any():  # Harvest would find pitches in its own dither
        nothing = np.zeros(count, np.float32)
        return nothing, np.full(count, -120, np.float32), nothing, nothing
    at = np.arange(first, first + count) * HOP
    f0, repeats = fundamental(waveform, at)
    found = (
        f0,
        levels(waveform, at),
        repeats,
        harmonic_share(waveform, at, f0, sample_rate=RATE),
    )
    return tuple(values.astype(np.float32) for values in found)


def fundamental(
    waveform: NDArray[np.float64], at: NDArray[np.int_]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Hz around each sample in `at`, a frame each, and the periodicity there: Harvest's, or DIO's if better.

    Harvest weighs six harmonics evenly: of a high note that is nearly a sine it finds nothing, or a pitch far
    below, after whose period the note repeats itself just as well. DIO follows the fundamental alone.
    """
    pyworld = load_pyworld()
    f0, times = pyworld.harvest(waveform, RATE, LOWEST, HIGHEST, 1000 * FRAME)
    rough, _ = pyworld.dio(waveform, RATE, LOWEST, HIGHEST, frame_period=1000 * FRAME)
    frames = at // HOP
    f0, other = f0[frames], pyworld.stonemask(waveform, rough, times, RATE)[frames]
    other = np.where(np.abs(other - f0) > SAME * f0, other, 0.0)
    repeats, repeats_other = (periodicity(waveform, at, each) for each in (f0, other))
    better = repeats_other > repeats + np.where(other > f0, -EQUAL, CLEARER)
    return np.where(better, other, f0), np.where(better, repeats_other, repeats)


def levels(waveform: NDArray[np.float64], at: NDArray[np.int_]) -> NDArray[np.float64]:
    """The RMS around each sample in `at`, dB of full scale, at least -120."""
    half = round(LEVEL_WINDOW * RATE / 2)
    energy = np.concatenate([[0.0], np.cumsum(waveform**2)])
    begin, end = np.maximum(at - half, 0), np.minimum(at + half, len(waveform))
    return 10 * np.log10(np.maximum((energy[end] - energy[begin]) / (2 * half), 1e-12))


def periodicity(
    waveform: NDArray[np.float64], at: NDArray[np.int_], f0: NDArray[np.float64]
) -> NDArray[np.float64]:
    """How well the sound around each sample in `at` repeats after one period: correlation, 0 without f0.

    The better of the correlations in all `BANDS`.
    """
    return np.max([correlation_below(waveform, at, f0, band) for band in BANDS], axis=0)


def correlation_below(
    waveform: NDArray[np.float64], at: NDArray[np.int_], f0: NDArray[np.float64], band: float
) -> NDArray[np.float64]:
    """The same for what lies below `band` Hz."""
    low = sosfiltfilt(butter(4, band, fs=RATE, output="sos"), waveform)
    fine = resample_poly(low, FINER, 1)
    places = np.arange(len(fine)) / FINER
    correlation = np.zeros(len(at))
    pitched = np.flatnonzero(f0 > 0)
    for some in np.array_split(pitched, len(pitched) // 500 + 1):  # the windows of all would be 13 MB
        lag = RATE / f0[some][:, None]
        early = at[some][:, None] + np.arange(COMPARED) - COMPARED / 2 - lag / 2
        one, other = (np.interp(place, places, fine) for place in (early, early + lag))
        product = (one * other).sum(axis=1)
        correlation[some] = product / np.sqrt((one**2).sum(axis=1) * (other**2).sum(axis=1) + 1e-12)
    return np.clip(correlation, 0, 1)
