"""Spoken vowels on disk: recordings, each with a label track that says where its phonemes lie.

    spoken/train/Ada_en_01.flac    what one voice says, at any sample rate
    spoken/train/Ada_en_01.txt     a line for each phoneme: begin, end (seconds) and IPA, between tabs

The label tracks are those of Audacity, which shows and edits them: recordings of people may stand beside, or
instead of, those of espeak-ng.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from common import audio
from common.audio_files import audio_files
from common.cli import UserError
from common.run_folder import write_atomically
from final_project.singing.models import SAMPLE_RATE
from final_project.singing.vowels import VOWELS, vowel_class

SHORTEST = 0.04  # s; shorter vowels are hardly heard
LONGEST = 2.0  # s of a vowel that are listened to
RAISED = "_raised"  # ends the name of a recording that speaks at the pitches of songs


@dataclass(frozen=True, slots=True)
class Vowel:
    """Where a vowel lies, in seconds, and its class."""

    start: float
    end: float
    target: int


@dataclass(frozen=True)
class Recording:
    """A sound file of one voice; its vowels are read from the label track when they are asked for."""

    path: Path

    @property
    def name(self) -> str:
        return self.path.stem

    @property
    def voice(self) -> str:
        return self.name.split("_")[0]

    @property
    def language(self) -> str:
        """The second word of the name: "en" or "de"; "" where there is none."""
        return (*self.name.split("_"), "")[1]

    @property
    def is_raised(self) -> bool:
        return self.name.endswith(RAISED)

    @cached_property
    def vowels(self) -> tuple[Vowel, ...]:
        """Those that are long enough. Errors: UserError for a label track that is missing or broken."""
        return heard_vowels(read_labels(self.path.with_suffix(".txt")))

    def waveform(self) -> NDArray[np.float32]:
        """(samples,) at 16 kHz. Errors: AudioError."""
        return audio.read(self.path, sample_rate=SAMPLE_RATE, mono=True)[0][0]


def heard_vowels(phonemes: Sequence[tuple[float, float, str]]) -> tuple[Vowel, ...]:
    """The vowels among phonemes (begin, end, IPA) that are of a known class and long enough."""
    found = ((begin, end, vowel_class(ipa)) for begin, end, ipa in phonemes)
    return tuple(
        Vowel(begin, end, target)
        for begin, end, target in found
        if target is not None and end - begin >= SHORTEST
    )


def clips(waveform: NDArray[np.float32], vowels: Sequence[Vowel]) -> list[NDArray[np.float32]]:
    """The sound of each vowel, (samples,) each, of a waveform (samples,) at 16 kHz."""
    bounds = [
        (round(vowel.start * SAMPLE_RATE), round(min(vowel.end, vowel.start + LONGEST) * SAMPLE_RATE))
        for vowel in vowels
    ]
    return [waveform[begin : max(end, begin + 1)] for begin, end in bounds]


def open_recordings(folder: Path) -> list[Recording]:
    """The recordings in `folder`, by name. Errors: UserError if there is none, or one without vowels."""
    if not folder.is_dir():
        raise UserError(f"{folder}: no such folder; give a data folder in which it is, see data.py")
    recordings = [Recording(path) for path in sorted(audio_files([folder]))]
    if not recordings:
        raise UserError(f"{folder}: no recording in it; put some there, with label tracks")
    for recording in recordings:
        if not recording.vowels:
            raise UserError(f"{recording.path.with_suffix('.txt')}: no vowel of a known class; label some")
    return recordings


def class_counts(recordings: Sequence[Recording]) -> NDArray[np.int64]:
    """How many vowels of each class there are: (classes,)."""
    targets = [vowel.target for recording in recordings for vowel in recording.vowels]
    return np.bincount(targets, minlength=len(VOWELS))


def write_labels(path: Path, phonemes: Sequence[tuple[float, float, str]]) -> None:
    """Write (begin, end, IPA) as a label track."""
    lines = (f"{begin:.6f}\t{end:.6f}\t{ipa}\n" for begin, end, ipa in phonemes)
    write_atomically(path, "".join(lines).encode())


def read_labels(path: Path) -> list[tuple[float, float, str]]:
    """(begin, end, IPA) of each line of a label track. Errors: UserError that names the line."""
    if not path.is_file():
        raise UserError(f"{path}: not there; each recording needs a label track of its name")
    found = []
    for number, line in enumerate(path.read_text(encoding="utf-8", errors="replace").splitlines(), start=1):
        try:
            begin, end, ipa = line.split("\t")
            found.append((float(begin), float(end), ipa))
            if not 0 <= found[-1][0] <= found[-1][1] < np.inf:
                raise ValueError
        except ValueError:
            raise UserError(
                f"{path}: line {number} is not begin, end and phoneme between tabs; mend it"
            ) from None
    return found
