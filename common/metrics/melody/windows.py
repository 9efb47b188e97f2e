"""Windows: many melodies of equal length as arrays, checked once, so that measures are a few array steps."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

PITCHES = 128  # MIDI numbers


class Bars(Protocol):
    """Where the bars are: their length, and the position in its bar at which a melody begins, in beats."""

    beats_per_bar: float
    position: float


class Notes(Protocol):
    """A melody: one entry per note."""

    pitch: ArrayLike
    duration: ArrayLike
    rest: ArrayLike
    metre: Bars | None


@dataclass(frozen=True, eq=False)
class Windows:
    """W melodies of T notes; each column (W, T).

    pitch: MIDI numbers. duration, rest before the note: beats. lines: running number of the line of verse
    that the note's syllable belongs to. metres (W, 2): beats per bar, 0 where nobody knows, and the position
    in its bar, in beats, at which the window begins (with its first note's rest). Errors: ValueError.
    """

    pitch: NDArray[np.int64]
    duration: NDArray[np.float64]
    rest: NDArray[np.float64]
    lines: NDArray[np.int64] | None = None
    metres: NDArray[np.float64] | None = None

    def __post_init__(self) -> None:
        for name in ("pitch", "lines"):
            if getattr(self, name) is not None:
                object.__setattr__(self, name, whole_numbers(getattr(self, name), name))
        for name in ("duration", "rest", "metres"):
            if getattr(self, name) is not None:
                object.__setattr__(self, name, finite(getattr(self, name), name))
        self._check_shapes()
        self._check_values()

    @classmethod
    def of(cls, melodies: Sequence[Notes], *, lines: Sequence[ArrayLike] | None = None) -> Windows:
        """Of melodies of equal length, and for each the line numbers of its syllables. Errors: ValueError."""
        lengths = {len(melody.pitch) for melody in melodies}
        if len(lengths) > 1:
            raise ValueError(f"windows must be of one length, got {min(lengths)} to {max(lengths)} notes")
        shape = (len(melodies), max(lengths, default=0))
        columns = {
            name: np.reshape([getattr(melody, name) for melody in melodies], shape)
            for name in ("pitch", "duration", "rest")
        }
        known = [melody.metre for melody in melodies]
        metres = [(metre.beats_per_bar, metre.position) if metre else (0.0, 0.0) for metre in known]
        return cls(
            **columns,
            lines=None if lines is None else np.reshape([list(row) for row in lines], shape),
            metres=np.reshape(metres, (len(melodies), 2)) if any(known) else None,
        )

    def __len__(self) -> int:
        return len(self.pitch)

    @property
    def num_notes(self) -> int:
        """How many notes a window has."""
        return self.pitch.shape[1]

    @property
    def onset(self) -> NDArray[np.float64]:
        """When each note begins, (W, T) in beats from the beginning of the window."""
        return np.cumsum(self.rest + self.duration, axis=1) - self.duration

    @property
    def notes(self) -> NDArray[np.int64]:
        """A number for each note, (W, T): equal where pitch, duration and rest are equal."""
        columns = np.stack([self.pitch, self.duration, self.rest], axis=-1).reshape(-1, 3)
        return np.unique(columns, axis=0, return_inverse=True)[1].reshape(self.pitch.shape)

    def _check_shapes(self) -> None:
        if self.pitch.ndim != 2 or (len(self) and not self.num_notes):
            raise ValueError(f"pitch must have the shape (windows, notes), got {self.pitch.shape}")
        for name in ("duration", "rest", "lines"):
            column = getattr(self, name)
            if column is not None and column.shape != self.pitch.shape:
                raise ValueError(f"pitch is {self.pitch.shape}, but {name} is {column.shape}")
        if self.metres is not None and self.metres.shape != (len(self), 2):
            raise ValueError(f"metres must have the shape ({len(self)}, 2), got {self.metres.shape}")

    def _check_values(self) -> None:
        if ((self.pitch < 0) | (self.pitch >= PITCHES)).any():
            raise ValueError(f"pitch must be 0..127, got {self.pitch.min()}..{self.pitch.max()}")
        if (self.duration <= 0).any():
            raise ValueError(f"duration must be > 0 beats, got {self.duration.min()}")
        if (self.rest < 0).any():
            raise ValueError(f"rest must be >= 0 beats, got {self.rest.min()}")
        if self.metres is not None and (self.metres < 0).any():
            raise ValueError("beats per bar and positions must be >= 0")


def by_length(measure: Callable[..., NDArray], *columns: Sequence[ArrayLike]) -> NDArray[np.float64]:
    """A measure of melodies that differ in length: `by_length(span, pitches)` -> (melodies,).

    Each of `columns` has an entry per melody. Those of one length are measured at once; a melody without
    notes has NaN. Errors: ValueError where the columns of a melody differ in length.
    """
    rows = [[np.asarray(entry) for entry in entries] for entries in zip(*columns, strict=True)]
    for entries in rows:
        if len({len(entry) for entry in entries}) > 1:
            raise ValueError(f"a melody has columns of {[len(entry) for entry in entries]} notes")
    lengths = np.array([len(entries[0]) for entries in rows], dtype=np.int64)
    values = np.full(len(rows), np.nan)
    for length in np.unique(lengths[lengths > 0]):
        places = np.flatnonzero(lengths == length)
        values[places] = measure(
            *(np.stack(column) for column in zip(*(rows[p] for p in places), strict=True))
        )
    return values


def whole_numbers(values: ArrayLike, name: str) -> NDArray[np.int64]:
    """As int64. Errors: ValueError, naming `name`, for what is not whole."""
    values = finite(values, name)
    if (values != np.round(values)).any():
        raise ValueError(f"{name} must be whole numbers")
    return values.astype(np.int64)


def finite(values: ArrayLike, name: str) -> NDArray[np.float64]:
    """As float64. Errors: ValueError, naming `name`, for NaN and infinities."""
    values = np.asarray(values, dtype=np.float64)
    if not np.isfinite(values).all():
        raise ValueError(f"{name} must be finite, got {(~np.isfinite(values)).sum()} values that are not")
    return values
