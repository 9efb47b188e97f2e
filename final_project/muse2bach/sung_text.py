"""The text under the soprano, sung: its words with their notes, in a voice that reaches them.

`common.singing.sung_words` sings them; lines end at fermatas. Times are seconds.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import pairwise

import numpy as np

from common.cli import UserError
from common.singing import SINGERS, Singer, SungWord, sing_words
from common.singing.sung_words import spelling
from common.synthesis import Note
from final_project.muse2bach.chorale import Chorale
from final_project.muse2bach.notation import sung_notes

LANGUAGES = {"en": None, "de": "de"}  # espeak-ng's voice; None is the singer's own
GERMAN = re.compile(
    r"[äöüßÄÖÜ]|\b(und|der|die|das|ist|ich|du|mein|dein|sein|nicht|herr|gott|zu|dem|den|des|mit|von|wir|uns"
    r"|auf|im|ein|wie|dich|dir|mich|mir)\b",
    re.IGNORECASE,
)
ENGLISH = re.compile(
    r"\b(the|and|of|to|in|is|my|thy|thee|thou|with|for|all|god|lord|we|our|you|are|a|how|what|like)\b",
    re.IGNORECASE,
)


def sung_lines(
    chorale: Chorale, notes: Sequence[Note], *, language: str, rng: np.random.Generator, sample_rate: int
) -> Iterator[tuple[float, np.ndarray]]:
    """The voice piece by piece: when it starts, and float32 (samples,). notes: the soprano's, one each.

    Notes before the first syllable are not sung. Errors: UserError for a text without a word to speak.
    """
    words = words_of(chorale)
    if not any(spelling(word.text) for word in words):
        raise UserError("has a text in which nothing can be sung")
    singer = singer_of(notes, language_of(words) if language == "auto" else language)
    loud = [replace(note, velocity=100) for note in notes]
    yield from sing_words(words, loud, singer, rng=rng, sample_rate=sample_rate)


def words_of(chorale: Chorale) -> list[SungWord]:
    """The words under the soprano; "" goes on with the syllable before, "-" with the word."""
    notes = [note for note in sung_notes(chorale, 0) if note.pitch is not None]
    begins = [place for place, note in enumerate(notes) if note.text]  # of the written syllables
    words: list[SungWord] = []
    line, joined = 0, False
    for begin, end in pairwise([*begins, len(notes)]):
        text = notes[begin].text.removesuffix("-")
        if joined:
            word = words.pop()
            counts = (*word.counts, end - begin)
            words.append(SungWord(word.text + text, range(word.notes.start, end), word.line, counts))
        else:
            line += bool(words) and notes[begin - 1].fermata
            words.append(SungWord(text, range(begin, end), line, (end - begin,)))
        joined = notes[begin].text.endswith("-")
    return words


def language_of(words: Sequence[SungWord]) -> str:
    """ "de" or "en", by the words that are frequent in each."""
    text = " ".join(word.text for word in words)
    return "de" if len(GERMAN.findall(text)) > len(ENGLISH.findall(text)) else "en"


def singer_of(notes: Sequence[Note], language: str) -> Singer:
    """The singer in whose range most of the notes lie, in the language. Errors: UserError."""
    if language not in LANGUAGES:
        raise UserError(f"no voice sings in {language!r}; give --language {' or '.join(LANGUAGES)}")

    def strain(singer: Singer) -> float:
        return sum(max(singer.lowest - n.pitch, n.pitch - singer.highest, 0) * n.duration for n in notes)

    singer = min((singer for group in SINGERS.values() for singer in group), key=strain)
    voice = LANGUAGES[language]
    return singer.in_language(voice) if voice else singer
