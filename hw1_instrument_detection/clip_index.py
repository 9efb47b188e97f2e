"""The clips of one split as a few compact columns, whichever layout they come from.

A clip is 5 seconds of a file that begin at `start`: the whole of a `.npy` of the course's release, or a
stretch of a track of Slakh2100, which is read by seeking. `targets` say which classes sound in it.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from common import audio
from common.audio import AudioError

CLIP_SECONDS = 5.0  # fixed by the assignment
SAMPLE_RATE = 24_000  # Hz, of the course's release
NUM_SAMPLES = 120_000


@dataclass(frozen=True)
class ClipIndex:
    """Clips of one split. `files` and `tracks` are named once, the columns point to them by number.

    file (clips,) and track (clips,): numbers into `files` and `tracks`; start (clips,): seconds;
    targets (clips, 9): 1 where a class sounds. Clips of a track are alike: `track` is the group over which
    intervals are drawn.
    """

    folder: Path
    files: tuple[Path, ...]
    tracks: tuple[str, ...]
    file: NDArray[np.int32]
    track: NDArray[np.int32]
    start: NDArray[np.float64]
    targets: NDArray[np.uint8]

    def __len__(self) -> int:
        return len(self.file)

    @property
    def groups(self) -> NDArray[np.int32]:
        """The track of each clip, (clips,)."""
        return self.track

    def name(self, position: int) -> str:
        """How tables and messages call the clip at `position`: its track and its 5-second step."""
        return f"{self.tracks[self.track[position]]}_{int(self.start[position] // CLIP_SECONDS)}"

    def path(self, position: int) -> Path:
        """The file that the clip at `position` is read from."""
        return self.files[self.file[position]]

    def waveform(self, position: int, *, sample_rate: int) -> NDArray[np.float32]:
        """The clip at `position` as mono float32 (5 s * sample_rate,). Errors: AudioError."""
        path = self.path(position)
        if path.suffix == ".npy":
            return read_npy_clip(path, sample_rate=sample_rate)
        return read_clip(path, start=float(self.start[position]), sample_rate=sample_rate)

    def subset(self, selection: NDArray) -> ClipIndex:
        """The clips that `selection` picks: booleans (clips,) or positions (picked,)."""
        columns = {
            field.name: getattr(self, field.name)[selection]
            for field in fields(self)
            if field.type.startswith("NDArray")
        }
        return ClipIndex(self.folder, self.files, self.tracks, **columns)

    def class_counts(self) -> NDArray[np.int64]:
        """In how many clips each class sounds, (9,)."""
        return self.targets.sum(axis=0, dtype=np.int64)


def read_npy_clip(path: Path, *, sample_rate: int) -> NDArray[np.float32]:
    """A clip of the release, 120 000 samples at 24 kHz -> mono float32 at `sample_rate`.

    Errors: AudioError for another length, type or content. Never unpickles.
    """
    try:
        clip = np.load(path, allow_pickle=False)
    except FileNotFoundError as error:
        raise AudioError(f"{path}: no such file; unpack the release again") from error
    except (ValueError, OSError, EOFError) as error:
        raise AudioError(f"{path}: not a numpy array of numbers; unpack the release again") from error
    if not isinstance(clip, np.ndarray) or clip.shape != (NUM_SAMPLES,) or clip.dtype.kind != "f":
        shape = getattr(clip, "shape", "?")
        raise AudioError(f"{path}: {shape} where ({NUM_SAMPLES},) floats at 24 kHz are due; unpack it again")
    if not np.isfinite(clip).all():
        raise AudioError(f"{path}: NaN or infinite samples; unpack the release again")
    clip = audio.resample(clip[None].astype(np.float32), original_rate=SAMPLE_RATE, target_rate=sample_rate)
    return clip[0]


def read_clip(path: Path, *, start: float, sample_rate: int) -> NDArray[np.float32]:
    """5 seconds of an audio file from `start` (s) on, decoded by seeking -> mono float32 at `sample_rate`.

    What lies behind the end of the file is silence. Errors: AudioError.
    """
    duration = audio.info(path).duration
    if start >= duration:
        raise AudioError(
            f"{path}: is {duration:.3f} s long, a clip begins at {start:g} s; get the file again"
        )
    length = min(CLIP_SECONDS, duration - start)
    waveform, _ = audio.read(
        path, start=start, duration=length, sample_rate=sample_rate, mono=True, allow_silence=True
    )
    return fit_length(waveform[0], round(CLIP_SECONDS * sample_rate))


def fit_length(waveform: NDArray[np.float32], length: int) -> NDArray[np.float32]:
    """`waveform` (samples,) cut to `length`, or filled up with silence at the end."""
    if len(waveform) >= length:
        return np.ascontiguousarray(waveform[:length])
    return np.pad(waveform, (0, length - len(waveform)))
