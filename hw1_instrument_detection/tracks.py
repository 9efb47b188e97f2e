"""A track of Slakh2100: its mix, and its stems with what they play."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from hw1_instrument_detection.classes import NUM_CLASSES, class_of
from hw1_instrument_detection.clip_index import CLIP_SECONDS, ClipIndex
from hw1_instrument_detection.midi_activity import MidiPart, Notes, clip_activity, num_steps, window_activity


@dataclass(frozen=True)
class Stem:
    """One instrument of a track. `path` is its audio, None where only its notes are known."""

    name: str
    path: Path | None
    program: int
    is_drum: bool
    notes: Notes


@dataclass(frozen=True)
class Track:
    """One track: `mix` is the audio file of `num_samples` at `sample_rate` Hz that all stems sound in."""

    folder: Path
    mix: Path
    sample_rate: int
    num_samples: int
    stems: tuple[Stem, ...]
    drums_are_percussion: bool = False

    @property
    def name(self) -> str:
        return self.folder.name

    @property
    def duration(self) -> float:
        """Length of the mix in seconds."""
        return self.num_samples / self.sample_rate

    def label(self, stem: Stem) -> int | None:
        """The class of one of the stems; None for drums, unless they count as percussion."""
        return class_of(stem.program, is_drum=stem.is_drum, drums_are_percussion=self.drums_are_percussion)

    def targets(self, *, with_rest: bool = False) -> NDArray[np.uint8]:
        """1 where a class sounds in a step of 5 s, (steps, 9); `with_rest` as in `num_steps`."""
        steps = num_steps(self.num_samples, self.sample_rate, with_rest=with_rest)
        parts = [MidiPart(stem.program, stem.is_drum, stem.notes) for stem in self.stems]
        return targets_of(parts, steps, drums_are_percussion=self.drums_are_percussion)


@dataclass(frozen=True)
class WholeTrack:
    """A track to be shown as a whole: audio file and what sounds in each step of 5 s, targets (steps, 9)."""

    name: str
    path: Path
    targets: NDArray[np.uint8]


def targets_of(
    parts: Sequence[MidiPart], steps: int, *, drums_are_percussion: bool = False
) -> NDArray[np.uint8]:
    """1 where a class sounds, (steps, 9), from the instruments of a piece."""
    targets = np.zeros((steps, NUM_CLASSES), dtype=np.uint8)
    for part in parts:
        label = class_of(part.program, is_drum=part.is_drum, drums_are_percussion=drums_are_percussion)
        if label is not None:
            targets[:, label] |= clip_activity(part.notes, steps)
    return targets


def window_target(notes: Sequence[tuple[int | None, Notes]], start: float, end: float) -> NDArray[np.float32]:
    """1 where a class sounds between `start` and `end` (s), (9,), from the class and notes of each stem."""
    target = np.zeros(NUM_CLASSES, dtype=np.float32)
    for label, stem_notes in notes:
        if label is not None and window_activity(stem_notes, start, end):
            target[label] = 1
    return target


def clips_of(folder: Path, tracks: Sequence[Track]) -> ClipIndex:
    """The clips of some tracks of the split `folder`: every whole step of 5 s of their mixes."""
    targets = [track.targets() for track in tracks]
    steps = np.array([len(target) for target in targets], dtype=np.int64)
    number = np.repeat(np.arange(len(tracks), dtype=np.int32), steps)  # (clips,)
    return ClipIndex(
        folder=folder,
        files=tuple(track.mix for track in tracks),
        tracks=tuple(track.name for track in tracks),
        file=number,
        track=number,
        start=CLIP_SECONDS * np.concatenate([np.zeros(0), *(np.arange(count) for count in steps)]),
        targets=np.concatenate([np.zeros((0, NUM_CLASSES), dtype=np.uint8), *targets]),
    )
