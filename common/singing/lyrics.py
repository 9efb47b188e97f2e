"""Lyrics -> syllables on a tape: every line is spoken once, and the recordings lie one after another.

A line of text is a line of the song. A lone underscore holds the syllable before it for one more note, as
LilyPond and other score formats write a melisma: "glo _ _ ria". Times are seconds on the tape, so that one
analysis serves all lines, and lines that come again cost nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

import numpy as np

from common.singing.espeak import SAMPLE_RATE, SingingError, Speech, SpokenPhoneme, speak
from common.singing.pronunciation import sung_names
from common.singing.scripts import check_readable
from common.singing.syllables import Syllable, syllabify

HOLD = "_"


@dataclass(frozen=True)
class SungText:
    """A syllable of the lyrics with the number of notes that it asks for (more than 1: held by underscores).

    `line` and `word` count the lines that have words and the words in that line; `text` is the word.
    """

    syllable: Syllable
    notes: int
    line: int
    word: int
    text: str


@dataclass
class Tape:
    """All that was spoken, line after line; `phonemes`, and those in `lines`, carry times on the tape.

    `lines` has the syllables of each line of text, `words` the places of its words in it.
    """

    recordings: list[np.ndarray] = field(default_factory=list)
    phonemes: list[SpokenPhoneme] = field(default_factory=list)
    lines: dict[str, list[Syllable]] = field(default_factory=dict)
    words: dict[str, tuple[tuple[int, int], ...]] = field(default_factory=dict)
    samples: int = 0
    analysed: dict[int, np.ndarray] = field(default_factory=dict, repr=False)  # by samples, see `timbre`

    @property
    def waveform(self) -> np.ndarray:
        """float64 (samples,) at 22.05 kHz."""
        return np.concatenate(self.recordings)

    def record(self, line: str, voice: str) -> list[Syllable]:
        """The syllables of `line`, spoken if it is new."""
        if line not in self.lines:
            self._append(line, speak(line, voice), voice.partition("+")[0])
        return self.lines[line]

    def _append(self, line: str, speech: Speech, language: str) -> None:
        offset = self.samples / SAMPLE_RATE
        shifted = [
            replace(phoneme, start=phoneme.start + offset, end=phoneme.end + offset)
            for phoneme in sung_names(speech.phonemes, language)
        ]
        self.recordings.append(speech.waveform)
        self.samples += len(speech.waveform)
        self.phonemes += shifted
        self.lines[line] = syllabify(shifted)
        self.words[line] = speech.words


def speak_lyrics(lyrics: str, voice: str, *, notes: int) -> tuple[list[SungText], Tape]:
    """The syllables of `lyrics` that the first `notes` notes sing, and the tape on which they lie.

    SingingError if there is no text, no vowel in it, or letters that the voice cannot read.
    """
    check_readable(lyrics, voice.partition("+")[0])
    if not lyrics.replace(HOLD, " ").strip():
        raise SingingError("the lyrics are empty; give at least one word")
    tape, sung = Tape(), []
    for number, (line, holds) in enumerate(_lines(lyrics)):
        sung += _hold(number, line, tape.record(line, voice), tape.words[line], holds)
        if sum(text.notes for text in sung) >= notes:
            break
    if not sung:
        raise SingingError(f"the lyrics {lyrics.strip()[:40]!r} have no vowel to sing; give words")
    return sung, tape


def _lines(lyrics: str) -> Iterator[tuple[str, list[int]]]:
    """Lines with words: the text without underscores, and for each underscore how much text stands before."""
    for raw in lyrics.splitlines():
        words, holds = [], []
        for token in raw.split():
            if token == HOLD:
                holds.append(len(" ".join(words)))
            else:
                words.append(token)
        if words:
            yield " ".join(words), holds


def _hold(number: int, line: str, syllables: list[Syllable], words, holds: list[int]) -> list[SungText]:
    """The syllables of one line with the notes that they ask for."""
    notes = [1] * len(syllables)
    begins = [words[syllable.word][0] if words else 0 for syllable in syllables]
    for position in holds:
        before = [i for i, begin in enumerate(begins) if begin < position]
        notes[before[-1] if before else 0] += bool(notes)
    return [
        SungText(
            syllable, count, number, syllable.word, line[slice(*words[syllable.word])] if words else line
        )
        for syllable, count in zip(syllables, notes, strict=True)
    ]
