"""A folder that keeps, for each track, one array that is dear to compute: its stems, or their spectrograms.

Made once, several tracks at a time; a file that is torn, or older than the stems, is made anew. Arrays are
mapped into memory, so that memory does not grow with their length.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from joblib import Parallel, delayed
from numpy.typing import NDArray
from tqdm import tqdm

from common.audio import AudioError
from common.cli import say
from hw1_instrument_detection.tracks import Track


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


def has_stem_audio(track: Track) -> bool:
    """Whether all that sounds in a track is there as stems."""
    return bool(track.stems) and all(stem.path is not None for stem in track.stems)
