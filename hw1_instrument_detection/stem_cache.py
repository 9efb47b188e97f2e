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
from joblib import Parallel, delayed
from numpy.typing import NDArray
from tqdm import tqdm

from common import audio
from common.audio import AudioError
from common.cli import say
from hw1_instrument_detection.clip_index import fit_length
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


class TrackCache:
    """A folder with one .npy for each track, written once, of which is read what is needed.

    A cache says what an array holds: `dtype`, `shape(track)`, and `encode(track, array)`, which fills it.
    """

    dtype: type[np.generic]

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def shape(self, track: Track) -> tuple[int, ...]:
        """Of a track's array."""
        raise NotImplementedError

    def encode(self, track: Track, array: NDArray) -> None:
        """Fill a track's array from its stems. Errors: AudioError."""
        raise NotImplementedError

    def place(self, track: Track) -> Path:
        """Where a track's array lies."""
        return self.folder / f"{track.name}.npy"

    def load(self, track: Track) -> NDArray | None:
        """A track's array, mapped into memory; None if it has been removed or spoilt since it was made."""
        try:
            return np.load(self.place(track), mmap_mode="r", allow_pickle=False)
        except (OSError, ValueError, EOFError):
            return None

    def has(self, track: Track) -> bool:
        """Whether a track's array is there, whole, and not older than the stems."""
        array = self.load(track)
        try:
            made = self.place(track).stat().st_mtime
            newest = max((stem.path.stat().st_mtime for stem in track.stems), default=0.0)
        except OSError:
            return False
        whole = array is not None and array.shape == self.shape(track) and array.dtype == self.dtype
        return whole and made >= newest

    def gigabytes(self, tracks: Sequence[Track]) -> float:
        """What the arrays of all `tracks` take."""
        values = sum(np.prod(self.shape(track), dtype=np.int64) for track in tracks)
        return float(values * np.dtype(self.dtype).itemsize / 1e9)

    def write(self, track: Track) -> None:
        """Make a track's array, whole or not at all. Errors: AudioError, OSError."""
        partial = self.place(track).with_name(f".{track.name}.{os.getpid()}.partial")
        try:
            array = np.lib.format.open_memmap(partial, mode="w+", dtype=self.dtype, shape=self.shape(track))
            self.encode(track, array)
            array.flush()
            os.replace(partial, self.place(track))
        finally:
            partial.unlink(missing_ok=True)

    def fill(self, tracks: Sequence[Track], *, jobs: int, what: str) -> None:
        """Write what is missing, several tracks at a time. A track that cannot be decoded is told."""
        missing = [track for track in tracks if has_stem_audio(track) and not self.has(track)]
        if not missing:
            return
        written = Parallel(n_jobs=jobs, prefer="threads", return_as="generator")(
            delayed(self._write_or_tell)(track) for track in missing
        )
        for _ in tqdm(written, total=len(missing), unit="track", desc=f"{what}, once", disable=None):
            pass

    def usable(self, tracks: Sequence[Track], *, limit_gb: float, jobs: int, what: str) -> bool:
        """Whether the cache is there, after it has been filled now. Else it is told why it is not.

        It is not where it would be larger than `limit_gb` or cannot be written.
        """
        size = self.gigabytes(tracks)
        if size > limit_gb:
            why = f"would take {size:.1f} GB, more than {limit_gb:g}"
            say(f"{self.folder}: {why}; no cache: {what} each time")
            return False
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            self.fill(tracks, jobs=jobs, what=what)
        except OSError as error:
            say(f"{self.folder}: cannot be written ({error.strerror}); no cache: {what} each time")
            return False
        return True

    def _write_or_tell(self, track: Track) -> None:
        try:
            self.write(track)
        except AudioError as error:
            say(f"not remixed: {error}")


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


def has_stem_audio(track: Track) -> bool:
    """Whether all that sounds in a track is there as stems."""
    return bool(track.stems) and all(stem.path is not None for stem in track.stems)
