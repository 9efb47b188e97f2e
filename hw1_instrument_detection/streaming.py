"""What plays when in a recording of any length: memory does not grow with it.

A file is decoded and resampled in blocks, and judged in windows of 5 seconds, as in training. A window begins
with every step; where the file ends within a window, one that ends with the file takes its place, so that no
window is half silence. The probability of a step is the mean over the windows that contain it. Only a file
shorter than a window is filled up with silence.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import NamedTuple, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from common import audio
from common.audio import AudioError
from common.audio_blocks import Stretches, prefetched, resample_blocks
from hw1_instrument_detection.classes import NUM_CLASSES
from hw1_instrument_detection.clip_index import CLIP_SECONDS, fit_length

BLOCK_SECONDS = 20.0  # decoded at a time
BATCH_SIZE = 8  # windows judged at a time
SHORTEST_STEP = 0.1  # seconds: about a frame of the models, which tell no less apart
LEFTOVER = 0.1  # seconds: a shorter rest makes no step of its own; encoders leave such rests


class ActivityDetector(Protocol):
    """What inference knows of a model."""

    sample_rate: int  # Hz, of the waveforms
    frames_per_second: float  # frame t is the music around t / frames_per_second
    thresholds: NDArray  # (9,), from which probability on a class is said to play

    def activity(self, waveforms: Tensor) -> tuple[NDArray, NDArray]:
        """Waveforms (batch, samples) -> probabilities (batch, 9), and of each frame (batch, 9, frames)."""
        ...


@dataclass(frozen=True)
class Activity:
    """What plays when in a recording.

    probabilities (steps, 9); edges (steps + 1,): seconds at which the steps begin, and at which the last one
    ends; frame_probabilities (frames, 9), `frames_per_second` of them; thresholds (9,).
    """

    duration: float
    step_seconds: float
    edges: NDArray[np.float64]
    probabilities: NDArray[np.float64]
    frame_probabilities: NDArray[np.float64]
    frames_per_second: float
    thresholds: NDArray[np.float64]

    @property
    def active(self) -> NDArray[np.bool_]:
        """Where a class is said to play, (steps, 9)."""
        return self.probabilities >= self.thresholds


def detect_activity(
    detector: ActivityDetector,
    path: Path,
    *,
    step_seconds: float = CLIP_SECONDS,
    progress: Callable[[float], object] = lambda seconds: None,
) -> Activity:
    """Judge an audio file. `progress` is told how many seconds are done. Errors: AudioError."""
    info, rate = audio.info(path), detector.sample_rate
    schedule = Schedule(-(-info.frames * rate // info.sample_rate), rate, step_seconds)
    timeline = Timeline(schedule, detector.frames_per_second)
    windows = cut_windows(read_blocks(path, sample_rate=rate), schedule.starts, schedule.window)
    for batch in prefetched(stacked(windows)):
        timeline.add(batch.starts, *detector.activity(torch.from_numpy(batch.waveforms)))
        progress(min(info.duration, (batch.starts[-1] + schedule.window) / rate))
    return Activity(
        duration=info.duration,
        step_seconds=step_seconds,
        edges=schedule.edges / rate,
        probabilities=timeline.steps.values(),
        frame_probabilities=timeline.frames.values(),
        frames_per_second=detector.frames_per_second,
        thresholds=np.asarray(detector.thresholds, dtype=np.float64),
    )


class Schedule:
    """Where the steps and the windows of a recording lie, in samples.

    window: length of a window; starts (windows,): where windows begin, in order; edges (steps + 1,): where
    steps begin, and where the last one ends. ValueError for a step below SHORTEST_STEP or above CLIP_SECONDS.
    """

    def __init__(self, samples: int, sample_rate: int, step_seconds: float) -> None:
        if not SHORTEST_STEP <= step_seconds <= CLIP_SECONDS:
            raise ValueError(f"step_seconds must be {SHORTEST_STEP} to {CLIP_SECONDS}, got {step_seconds}")
        self.samples = samples
        self.window = round(CLIP_SECONDS * sample_rate)
        step = step_seconds * sample_rate
        count = max(1, int(np.ceil((samples - LEFTOVER * sample_rate) / step)))
        self.edges = np.minimum(np.round(np.arange(count + 1) * step).astype(np.int64), samples)
        whole = self.edges[:-1][self.edges[:-1] + self.window <= samples]
        covered = whole[-1] + self.window if len(whole) else 0
        rest = [max(0, samples - self.window)] if covered < self.edges[-1] else []
        self.starts = np.concatenate([whole, np.array(rest, dtype=np.int64)])

    def steps_within(self, start: int) -> tuple[int, int]:
        """The first step that the window at `start` contains, and the one after the last."""
        rounding = 1  # sample: not every step is a whole number of them
        first = np.searchsorted(self.edges[:-1], start - rounding)
        last = np.searchsorted(self.edges[1:], start + self.window + rounding, side="right")
        return int(first), int(last)


class Timeline:
    """What the windows say, put together: `steps` and `frames`."""

    def __init__(self, schedule: Schedule, frames_per_second: float) -> None:
        self.schedule = schedule
        self.frames_per_sample = frames_per_second * CLIP_SECONDS / schedule.window
        self.steps = Means(len(schedule.edges) - 1)
        self.frames = Means(max(1, round(schedule.samples * self.frames_per_sample)))

    def add(self, starts: Sequence[int], of_windows: NDArray, of_frames: NDArray) -> None:
        """Probabilities (windows, 9) and (windows, 9, frames) of the windows that begin at `starts`."""
        for start, of_window, its_frames in zip(starts, of_windows, of_frames, strict=True):
            first, last = self.schedule.steps_within(start)
            self.steps.add(first, np.broadcast_to(of_window, (last - first, NUM_CLASSES)))
            self.frames.add(round(start * self.frames_per_sample), its_frames.T)


class Means:
    """Means over time: what overlapping windows say of each of `count` moments."""

    def __init__(self, count: int) -> None:
        self.sums = np.zeros((count, NUM_CLASSES))
        self.counts = np.zeros((count, 1))

    def add(self, first: int, values: NDArray) -> None:
        """Count `values` (moments, 9) from the moment `first` on; what lies behind the last is dropped."""
        end = first + len(values)
        self.sums[first:end] += values[: max(0, len(self.sums) - first)]
        self.counts[first:end] += 1

    def values(self) -> NDArray[np.float64]:
        """(count, 9); a moment of which nothing was said, as may be by rounding, is as the one before."""
        means = self.sums / np.maximum(self.counts, 1)
        moments = np.arange(len(means))
        return means[np.maximum.accumulate(np.where(self.counts[:, 0] > 0, moments, 0))]


class Batch(NamedTuple):
    """Windows in order: where they begin, in samples, and how they sound, float32 (windows, samples)."""

    starts: tuple[int, ...]
    waveforms: NDArray[np.float32]


def read_blocks(
    path: Path, *, sample_rate: int, block_seconds: float = BLOCK_SECONDS
) -> Iterator[NDArray[np.float32]]:
    """The file, mixed to one channel and resampled, piece after piece (samples,).

    Together they are what `common.audio.read` gives at once. Errors: AudioError, as there.
    """
    rate = audio.info(path).sample_rate
    blocks = audio.read_blocks(path, samples=round(block_seconds * rate))
    return resample_blocks(not_silent(path, blocks), original_rate=rate, target_rate=sample_rate)


def not_silent(path: Path, blocks: Iterable[NDArray[np.float32]]) -> Iterator[NDArray[np.float32]]:
    """The same blocks. Errors: AudioError at the end if all were silent."""
    silent = True
    for block in blocks:
        silent = silent and not block.any()
        yield block
    if silent:
        raise AudioError(f"{path}: silent when mixed to one channel; choose another file")


def cut_windows(
    blocks: Iterable[NDArray[np.float32]], starts: NDArray, window: int
) -> Iterator[tuple[int, NDArray[np.float32]]]:
    """Windows of `window` samples that begin at `starts`, in order, from a recording that comes in `blocks`.

    A window that reaches beyond the end is filled up with silence. No more is held than a window and a block.
    """
    recording = Stretches(blocks)
    for start in map(int, starts):
        yield start, fit_length(recording.read(start, start + window), window)
    for _ in recording.blocks:  # a rest that makes no step may still turn out to be damaged
        pass


def stacked(windows: Iterator[tuple[int, NDArray[np.float32]]]) -> Iterator[Batch]:
    """Batches of BATCH_SIZE windows; the last one may be smaller."""
    while group := list(islice(windows, BATCH_SIZE)):
        starts, waveforms = zip(*group, strict=True)
        yield Batch(starts, np.stack(waveforms))
