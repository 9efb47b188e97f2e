"""What a file has of its own: its symbols, and the hashes of the k-grams that the handout has not."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from grading.plagiarism.code_files import Code, Library
from grading.plagiarism.lexer import lex
from grading.plagiarism.symbols import Symbol, symbols
from grading.plagiarism.winnowing import NONE, kgram_hashes, winnow

NOTHING = np.empty(0, np.uint64)
MOST_SYMBOLS = 300_000  # of a hand-in that are laid side by side with another's


@dataclass(frozen=True)
class OwnFile:
    """A file's symbols; the hashes of its k-grams, NONE for those that do not count; mistakes in its code."""

    symbols: list[Symbol]
    hashes: np.ndarray
    faults: tuple[str, ...]

    @cached_property
    def fingerprints(self) -> np.ndarray:
        """Sorted, each once."""
        return np.unique(self.hashes[winnow(self.hashes)])


def own_file(text: str, handout: np.ndarray = NOTHING) -> OwnFile:
    """What a text has that the handout has not. handout: sorted hashes of all its k-grams."""
    lexed = lex(text)
    found = symbols(lexed.tokens)
    hashes = kgram_hashes([symbol[0] for symbol in found])
    hashes[among(hashes, handout)] = NONE
    return OwnFile(found, hashes, lexed.faults)


def all_hashes(texts: Iterable[str]) -> np.ndarray:
    """The sorted hashes of all k-grams of some texts: of the handout."""
    return union(own_file(text).hashes for text in texts)


def union(sets: Iterable[np.ndarray]) -> np.ndarray:
    """All hashes of some arrays, sorted, each once."""
    return np.unique(np.concatenate([NOTHING, *sets]))


def among(values: np.ndarray, of: np.ndarray) -> np.ndarray:
    """Which values are in the sorted array `of`."""
    if not len(of):
        return np.zeros(len(values), bool)
    places = np.minimum(np.searchsorted(of, values), len(of) - 1)
    return of[places] == values


class OwnCode:
    """The own code of all files of a library. Fingerprints are kept; symbols, which are large, made anew."""

    def __init__(self, library: Library, handout: np.ndarray = NOTHING) -> None:
        self.library, self.handout = library, handout
        self._fingerprints: dict[str, np.ndarray] = {}
        self._faults: dict[str, tuple[str, ...]] = {}

    def of_file(self, key: str) -> OwnFile:
        file = own_file(self.library.texts[key], self.handout)
        self._fingerprints[key], self._faults[key] = file.fingerprints, file.faults
        return file

    def fingerprints(self, code: Code) -> np.ndarray:
        """The fingerprints of all files of a hand-in, sorted, each once."""
        return union(self.fingerprints_of(key) for key in code.files.values())

    def fingerprints_of(self, key: str) -> np.ndarray:
        if key not in self._fingerprints:
            self.of_file(key)
        return self._fingerprints[key]

    def faults(self, key: str) -> tuple[str, ...]:
        """The mistakes in the code of a file."""
        self.fingerprints_of(key)
        return self._faults[key]

    def files_with(self, code: Code, counted: np.ndarray) -> list[tuple[str, OwnFile]]:
        """(path, file) of those files of a hand-in that have one of the fingerprints `counted` (sorted).

        Of equal files the first; and no more once there are MOST_SYMBOLS symbols.
        """
        found: dict[str, tuple[str, OwnFile]] = {}
        number = 0
        for path, key in code.files.items():
            new = key not in found and among(self.fingerprints_of(key), counted).any()
            if new and number < MOST_SYMBOLS:
                found[key] = path, self.of_file(key)
                number += len(found[key][1].symbols)
        return list(found.values())
