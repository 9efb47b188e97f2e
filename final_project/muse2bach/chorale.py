"""A chorale in four parts: which pitch each voice sings in every sixteenth, and what the score says besides.

Conventions: axis order (frame, voice); frame 0 is the first sixteenth of the piece, upbeat included; pitches
are MIDI numbers, SILENT is a rest; a key is (tonic as a pitch class, mode).
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

VOICES = ("soprano", "alto", "tenor", "bass")
SILENT = -1
FRAMES_PER_QUARTER = 4
LOWEST, HIGHEST = 36, 81  # MIDI pitches: what the benchmark's voices sing
MODES = ("major", "minor")

Key = tuple[int, str]


@dataclass(frozen=True, eq=False)
class Chorale:
    """A piece for four voices. `None` is what the source does not tell: the benchmark has pitches only.

    voices: int16 (frames, 4), MIDI pitches or SILENT, soprano first.
    onsets: bool (frames, 4), where a note begins; without them a pitch that goes on may be held or repeated.
    position: int16 (frames,), sixteenths since the bar began; an upbeat is the end of a bar.
    fermata: bool (frames,), under a fermata of the soprano, as long as its note lasts.
    key: (tonic pitch class, "major" or "minor").
    text: a syllable for each note of the soprano, "" where the one before is held; "-" at its end joins it to
    the next: ("Nimm", "von", "uns,", "Herr,", "du", "treu-", "er", "Gott,").
    Errors: ValueError for shapes that do not agree and pitches that are none.
    """

    name: str
    voices: NDArray[np.int16] = field(repr=False)
    onsets: NDArray[np.bool_] | None = field(default=None, repr=False)
    position: NDArray[np.int16] | None = field(default=None, repr=False)
    fermata: NDArray[np.bool_] | None = field(default=None, repr=False)
    key: Key | None = None
    title: str = ""
    text: tuple[str, ...] | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        voices = _array(self, "voices", np.int16, ndim=2)
        frames = len(voices)
        if voices.shape[1] != len(VOICES) or not frames:
            raise ValueError(f"voices must be (frames, {len(VOICES)}), got {voices.shape}")
        if voices.min() < SILENT or voices.max() > 127:
            found = voices.min() if voices.min() < SILENT else voices.max()
            raise ValueError(f"a pitch must be 0..127, or {SILENT} for silence, got {found}")
        for name, dtype, shape in (
            ("onsets", np.bool_, voices.shape),
            ("position", np.int16, (frames,)),
            ("fermata", np.bool_, (frames,)),
        ):
            if getattr(self, name) is not None:
                array = _array(self, name, dtype, ndim=len(shape))
                if array.shape != shape:
                    raise ValueError(f"{name} must be {shape}, got {array.shape}")
        if self.key is not None and not (self.key[0] in range(12) and self.key[1] in MODES):
            raise ValueError(f"a key must be (0..11, 'major' or 'minor'), got {self.key}")
        if self.text is not None and len(self.text) != self.note_count(0):
            raise ValueError(f"{len(self.text)} syllables for {self.note_count(0)} notes of the soprano")

    def __len__(self) -> int:
        """Frames."""
        return len(self.voices)

    def transposed(self, semitones: int) -> Chorale:
        """The same in another key. Errors: ValueError where a pitch would fall below 0 or rise above 127."""
        silent = self.voices == SILENT
        moved = self.voices + semitones
        if ((moved < 0) & ~silent).any():
            raise ValueError(f"{self.name}: {semitones} semitones lead below MIDI pitch 0")
        key = None if self.key is None else ((self.key[0] + semitones) % 12, self.key[1])
        return replace(self, voices=np.where(silent, SILENT, moved), key=key)

    def excerpt(self, start: int, stop: int) -> Chorale:
        """Frames `start` to `stop`; what sounds at `start` begins there, and the text is left out."""
        cut = {
            name: None if getattr(self, name) is None else getattr(self, name)[start:stop].copy()
            for name in ("voices", "onsets", "position", "fermata")
        }
        if cut["onsets"] is not None and len(cut["onsets"]):
            cut["onsets"][0] = cut["voices"][0] != SILENT
        return replace(self, **cut, text=None)

    def begins(self) -> NDArray[np.bool_]:
        """Where notes begin, (frames, 4): the onsets, or the changes of pitch where onsets are unknown."""
        if self.onsets is not None:
            return self.onsets
        return changes(self.voices) & (self.voices != SILENT)

    def note_count(self, voice: int) -> int:
        """How many notes a voice sings."""
        return int(self.begins()[:, voice].sum())

    def room(self) -> tuple[int, int]:
        """By how many semitones it can be transposed, (down <= 0, up >= 0), within LOWEST..HIGHEST.

        Errors: ValueError if it lies outside itself (`outside`).
        """
        sounding = self.voices[self.voices != SILENT]
        if not len(sounding):
            return 0, 0
        down, up = LOWEST - int(sounding.min()), HIGHEST - int(sounding.max())
        if down > 0 or up < 0:
            raise ValueError(f"{self.name}: {self.outside()}")
        return down, up

    def outside(self) -> str | None:
        """What is wrong with the range, in words; None where all pitches lie in LOWEST..HIGHEST."""
        wrong = (self.voices != SILENT) & ((self.voices < LOWEST) | (self.voices > HIGHEST))
        if not wrong.any():
            return None
        frame, voice = np.argwhere(wrong)[0]
        pitch = self.voices[frame, voice]
        return f"pitch {pitch} of the {VOICES[voice]} in frame {frame} is not in {LOWEST}..{HIGHEST}"


def changes(voices: NDArray) -> NDArray[np.bool_]:
    """Where a voice has another pitch than in the frame before, (frames, 4); everywhere in the first one."""
    return np.diff(voices, axis=0, prepend=np.full((1, voices.shape[1]), SILENT - 1)) != 0


def _array(chorale: Chorale, name: str, dtype: type, *, ndim: int) -> NDArray:
    """The field as an array of its type, which is set in place: lists are welcome. Errors: ValueError."""
    array = np.asarray(getattr(chorale, name))
    if array.ndim != ndim or not np.can_cast(array.dtype, dtype, "same_kind"):
        raise ValueError(
            f"{name} must be {np.dtype(dtype)} with {ndim} axes, got {array.dtype} {array.shape}"
        )
    cast = array.astype(dtype)
    if not np.array_equal(cast, array):
        raise ValueError(f"{name} has a value that is no {np.dtype(dtype)}")
    object.__setattr__(chorale, name, cast)
    return cast
