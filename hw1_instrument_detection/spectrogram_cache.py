"""Mel spectrograms of stems, from a cache or computed from their audio: what `remix.py` adds up.

The powers of sounds that know nothing of each other add up, in the mean: |a + b|^2 = |a|^2 + |b|^2 + a term
that is as often above as below 0. So a network that hears mel spectrograms can be trained on sums of the
spectrograms of stems, which cost a tenth of sums of their waveforms. What has to be done to a waveform,
another pitch, is done once: each stem is kept at some speeds.

The cache is DATA/.spectrograms_NAME/TrackNNNNN.npy: float16 (stems, frames, bands), the square roots of the
powers, whose range fits; the speeds lie one behind the other. It takes 2.3 MB a minute, stem and 5 speeds
with 96 bands and 40 frames/s: 1.2 GB for mini-Slakh's hour.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import soxr
import torch
from numpy.typing import NDArray

from common import audio
from common.features import MelSpectrogram
from hw1_instrument_detection.clip_index import fit_length
from hw1_instrument_detection.stem_cache import StemFiles
from hw1_instrument_detection.track_cache import TrackCache
from hw1_instrument_detection.tracks import Track

MOST_OPEN = 200  # files of the cache; systems allow a process 256 or more


class SpectrogramFiles:
    """Computes mel spectrograms from the stems' audio files: needs no disk, costs 3 ms for each.

    `mel` is that of the network, for waveforms at `sample_rate`; `speeds` are those that stems are to be had
    at: 2 is twice as fast and an octave higher.
    """

    def __init__(self, mel: MelSpectrogram, *, sample_rate: int, speeds: Sequence[float]) -> None:
        self.mel, self.sample_rate, self.speeds = mel, sample_rate, tuple(speeds)
        self.hop_length, self.bands = mel.hop_length, mel.n_mels

    def read(
        self, track: Track, stem: int, *, start: float, frames: int, speed: float
    ) -> NDArray[np.float32]:
        """A stem of a track, by number, from `start` (s, in the track) on, at `speed`: power (frames, bands).

        What lies behind its end is silence. Errors: AudioError; ValueError for a speed that is not there.
        """
        if speed not in self.speeds:
            raise ValueError(f"speed must be one of {self.speeds}, got {speed}")
        samples = (frames - 1) * self.hop_length
        waveform = StemFiles(sample_rate=self.sample_rate).read(
            track, [stem], start=start, num_samples=int(np.ceil(samples * speed)) + 1
        )[0]
        return self.spectrogram(fit_length(at_speed(waveform, speed), samples))

    def spectrogram(self, waveform: NDArray[np.float32]) -> NDArray[np.float32]:
        """(samples,) -> power (frames, bands), one frame more than there are whole hops."""
        with torch.inference_mode():
            return self.mel(torch.from_numpy(waveform)[None])[0].T.numpy()

    def frames_at(self, track: Track, speed: float) -> int:
        """How many frames a track has at a speed."""
        return 1 + self._samples_at(track, speed) // self.hop_length

    def _samples_at(self, track: Track, speed: float) -> int:
        return int(track.num_samples * self.sample_rate / track.sample_rate / speed)


class SpectrogramCache(TrackCache, SpectrogramFiles):
    """Reads them from the cache in `folder`; computes them where a track is not in it."""

    dtype = np.float16

    def __init__(
        self, folder: Path, mel: MelSpectrogram, *, sample_rate: int, speeds: Sequence[float]
    ) -> None:
        TrackCache.__init__(self, folder)
        SpectrogramFiles.__init__(self, mel, sample_rate=sample_rate, speeds=speeds)
        self._open: dict[str, tuple[NDArray[np.float16] | None, dict[float, tuple[int, int]]]] = {}

    def read(
        self, track: Track, stem: int, *, start: float, frames: int, speed: float
    ) -> NDArray[np.float32]:
        roots, stretches = self._opened(track)  # (stems, frames at all speeds, bands)
        if roots is None or speed not in stretches:
            return super().read(track, stem, start=start, frames=frames, speed=speed)
        begin, end = stretches[speed]
        first = begin + round(start / speed * self.sample_rate / self.hop_length)
        piece = roots[stem, min(first, end) : min(first + frames, end)]
        power = np.zeros((frames, self.bands), dtype=np.float32)
        np.square(piece, out=power[: len(piece)], dtype=np.float32)
        return power

    def shape(self, track: Track) -> tuple[int, int, int]:
        """Stems, frames at all speeds together, bands."""
        return len(track.stems), sum(self.frames_at(track, speed) for speed in self.speeds), self.bands

    def encode(self, track: Track, array: NDArray[np.float16]) -> None:
        """Decode the stems, one at a time, and compute their spectrograms. Errors: AudioError."""
        for row, stem in zip(array, track.stems, strict=True):
            waveform, _ = audio.read(stem.path, sample_rate=self.sample_rate, mono=True, allow_silence=True)
            for speed, (begin, end) in self._stretches(track).items():
                played = fit_length(at_speed(waveform[0], speed), self._samples_at(track, speed))
                row[begin:end] = np.sqrt(self.spectrogram(played))

    def _stretches(self, track: Track) -> dict[float, tuple[int, int]]:
        """For each speed its first frame in a track's array, and the first behind it that is none of it."""
        ends = np.cumsum([self.frames_at(track, speed) for speed in self.speeds]).tolist()
        return dict(zip(self.speeds, zip([0, *ends], ends, strict=False), strict=True))

    def _opened(self, track: Track) -> tuple[NDArray[np.float16] | None, dict[float, tuple[int, int]]]:
        """A track's array, and where in it the speeds lie.

        Some hundred stay open, since opening one costs more than reading of it.
        """
        if track.name not in self._open:
            if len(self._open) >= MOST_OPEN:
                self._open.pop(next(iter(self._open)))
            self._open[track.name] = self.load(track), self._stretches(track)
        return self._open[track.name]

    def __getstate__(self) -> dict:
        return self.__dict__ | {"_open": {}}  # a process that reads ahead opens its own


def at_speed(waveform: NDArray[np.float32], speed: float) -> NDArray[np.float32]:
    """`waveform` played `speed` times as fast, and as much higher."""
    return waveform if speed == 1 else soxr.resample(waveform, speed, 1.0, quality="LQ")


def open_spectrograms(
    tracks: Sequence[Track],
    mel: MelSpectrogram,
    *,
    sample_rate: int,
    speeds: Sequence[float],
    folder: Path,
    limit_gb: float,
    jobs: int = os.cpu_count() or 1,
) -> SpectrogramFiles:
    """The way to read the spectrograms of `tracks`: a cache in `folder`, filled now, of up to `limit_gb`.

    Without a cache where it would be larger or cannot be written, which is told.
    """
    cache = SpectrogramCache(folder, mel, sample_rate=sample_rate, speeds=speeds)
    if cache.usable(tracks, limit_gb=limit_gb, jobs=jobs, what="spectrograms of stems"):
        return cache
    return SpectrogramFiles(mel, sample_rate=sample_rate, speeds=speeds)
