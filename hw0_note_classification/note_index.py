"""The notes of one NSynth split as a few compact columns, and the list of what is wrong with them.

Conventions: a note is named `<family>_<source>_<instrument>-<pitch>-<velocity>`; its recording is
`<split folder>/audio/<name>.wav`. All of NSynth's 289 205 training notes take 12 MB.
Source: NSynth, Engel et al. 2017, "Neural Audio Synthesis of Musical Notes with WaveNet Autoencoders".
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

FAMILIES = (  # by NSynth's instrument_family
    "bass",
    "brass",
    "flute",
    "guitar",
    "keyboard",
    "mallet",
    "organ",
    "reed",
    "string",
    "synth_lead",
    "vocal",
)
SOURCES = ("acoustic", "electronic", "synthetic")  # by NSynth's instrument_source
SAMPLE_RATE = 16_000  # Hz, fixed by NSynth
NUM_SAMPLES = 64_000  # held 3 s, decays 1 s

COLUMNS = {
    "family": np.int8,
    "instrument": np.int32,
    "pitch": np.int8,
    "velocity": np.uint8,
    "source": np.int8,
}


@dataclass(frozen=True)
class Note:
    """One note: where its recording lies and what it is; `family` and `source` are NSynth's numbers."""

    path: Path
    note_str: str
    family: int
    instrument: int
    pitch: int
    velocity: int
    source: int

    @property
    def instrument_str(self) -> str:
        return self.note_str.rsplit("-", 2)[0]

    @property
    def family_str(self) -> str:
        return FAMILIES[self.family]


@dataclass(frozen=True)
class NoteIndex:
    """The notes of one split, one array per property, each of shape (notes,).

    `folder` holds `examples.json` and `audio/`; `names` are bytes, the others have the types of COLUMNS.
    """

    folder: Path
    names: np.ndarray
    family: np.ndarray
    instrument: np.ndarray
    pitch: np.ndarray
    velocity: np.ndarray
    source: np.ndarray

    def __len__(self) -> int:
        return len(self.names)

    def __getitem__(self, position: int) -> Note:
        numbers = {column: int(getattr(self, column)[position]) for column in COLUMNS}
        return Note(path=self.path(position), note_str=self.names[position].decode(), **numbers)

    def path(self, position: int) -> Path:
        """Where the recording of the note at `position` lies."""
        return self.folder / "audio" / f"{self.names[position].decode()}.wav"

    def subset(self, selection: np.ndarray) -> NoteIndex:
        """The notes that `selection` picks: booleans of shape (notes,) or positions of shape (picked,)."""
        columns = {column: getattr(self, column)[selection] for column in ("names", *COLUMNS)}
        return NoteIndex(self.folder, **columns)

    def class_counts(self) -> np.ndarray:
        """How many notes each family has, shape (11,)."""
        return np.bincount(self.family, minlength=len(FAMILIES))

    @property
    def groups(self) -> np.ndarray:
        """The instrument of each note, shape (notes,): the groups that cross-validation keeps together."""
        return self.instrument

    @staticmethod
    def from_rows(folder: Path, rows: Iterable[tuple[str, int, int, int, int, int]]) -> NoteIndex:
        """The index of (name, family, instrument, pitch, velocity, source) rows, sorted by name.

        Sorted, because the order of the entries differs between the files of NSynth.
        """
        rows = sorted(rows)
        width = max((len(row[0]) for row in rows), default=1)
        table = np.array(rows, dtype=[("names", f"S{width}"), *COLUMNS.items()])
        return NoteIndex(folder, **{column: table[column].copy() for column in table.dtype.names})
