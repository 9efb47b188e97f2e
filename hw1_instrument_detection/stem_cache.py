"""Stretches of the stems of a track, from their files or, ten times as fast, from a cache of decoded ones.

The cache is DATA/.cache_24000/TrackNNNNN.npy (the number is the rate of the model): int16 (stems, samples),
mono, written once per track. It takes 2.9 MB a minute and stem at 24 kHz: 3 GB for mini-Slakh's hour,
200 GB for all of Slakh2100. Only what a clip needs is read of it, so memory does not grow with it.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from common import audio
from hw1_instrument_detection.clip_index import fit_length
from hw1_instrument_detection.track_cache import TrackCache
from hw1_instrument_detection.tracks import Track

FULL_SCALE = 32767


class StemFiles:
    """Reads stems from their audio files: needs no disk, costs some 10 ms for each stem of a clip."""

    def __init__(self, *, sample_rate: int) -> None:
        self.sample_rate = sample_rate

    def read(
        self, track: Track, stems: Sequence[int], *, start: float, num_samples: int
    ) -> NDArray[np.float32]:
        """Some stems of a track, by number, from `start` (s) on: float32 (stems, num_samples).

        What lies behind their end is silence. Errors: AudioError.
        """
        waveforms = [self._read_one(track.stems[stem].path, start, num_samples) for stem in stems]
        return np.stack(waveforms) if waveforms else np.zeros((0, num_samples), dtype=np.float32)

    def _read_one(self, path: Path, start: float, num_samples: int) -> NDArray[np.float32]:
        length = min(num_samples / self.sample_rate, audio.info(path).duration - start)
        if length * self.sample_rate < 1:
            return np.zeros(num_samples, dtype=np.float32)
        waveform, _ = audio.read(
            path, start=start, duration=length, sample_rate=self.sample_rate, mono=True, allow_silence=True
        )
        return fit_length(waveform[0], num_samples)


class StemCache(TrackCache, StemFiles):
    """Reads stems from the cache in `folder`; from their files where a track is not in it."""

    dtype = np.int16

    def __init__(self, folder: Path, *, sample_rate: int) -> None:
        TrackCache.__init__(self, folder)
        StemFiles.__init__(self, sample_rate=sample_rate)

    def read(
        self, track: Track, stems: Sequence[int], *, start: float, num_samples: int
    ) -> NDArray[np.float32]:
        decoded = self.load(track)  # (stems, samples)
        if decoded is None:
            return super().read(track, stems, start=start, num_samples=num_samples)
        first = round(start * self.sample_rate)
        piece = decoded[list(stems), first : first + num_samples]
        waveforms = np.zeros((len(stems), num_samples), dtype=np.float32)
        np.multiply(piece, np.float32(1 / FULL_SCALE), out=waveforms[:, : piece.shape[1]])
        return waveforms

    def shape(self, track: Track) -> tuple[int, int]:
        """Stems and samples of a track at the rate of the cache."""
        return len(track.stems), -(-track.num_samples * self.sample_rate // track.sample_rate)

    def encode(self, track: Track, array: NDArray[np.int16]) -> None:
        """Decode the stems, one at a time. Errors: AudioError."""
        for row, stem in zip(array, track.stems, strict=True):
            waveform, _ = audio.read(stem.path, sample_rate=self.sample_rate, mono=True, allow_silence=True)
            waveform = fit_length(waveform[0], array.shape[1])
            row[:] = np.clip(np.rint(waveform * FULL_SCALE), -FULL_SCALE, FULL_SCALE)


def open_stems(
    tracks: Sequence[Track],
    *,
    sample_rate: int,
    folder: Path,
    limit_gb: float,
    jobs: int = os.cpu_count() or 1,
) -> StemFiles:
    """The way to read the stems of `tracks`: a cache in `folder`, filled now, that takes up to `limit_gb`.

    Without a cache where it would be larger or cannot be written, which is told.
    """
    cache = StemCache(folder, sample_rate=sample_rate)
    if cache.usable(tracks, limit_gb=limit_gb, jobs=jobs, what="decoding stems"):
        return cache
    return StemFiles(sample_rate=sample_rate)
