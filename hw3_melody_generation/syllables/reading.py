"""A text -> Lyrics: the language, the lines, and one entry per syllable.

A line of the text is a line of verse. A line of more than LONGEST_LINE syllables, or a text of one line, is
broken at its marks (verse_lines). In lyrics of any language, words in other scripts keep theirs: an English
word in Mandarin is sung as English.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from itertools import islice

from common.cli import UserError, say
from hw3_melody_generation.songs import Lyrics
from hw3_melody_generation.syllables.japanese import refuse_kanji
from hw3_melody_generation.syllables.plain_text import STOPS, clean
from hw3_melody_generation.syllables.scripts import (
    Script,
    guess_language,
    letters_of,
    refuse_unknown_scripts,
)
from hw3_melody_generation.syllables.tokens import sung_words
from hw3_melody_generation.syllables.verse_lines import LONGEST_LINE, NO_MARK, PAUSE, STOP, verse_lines
from hw3_melody_generation.syllables.words import Word

LANGUAGES = ("en", "de", "zh", "ja")
NAMES = {"en": "English", "de": "German", "zh": "Chinese", "ja": "Japanese"}

Line = list[tuple[Word, str]]  # words and the marks behind them


def syllabify(text: str, *, language: str = "auto") -> Lyrics:
    """The syllables of a text. What is not sung is told on standard error, a line for each kind.

    language: one of LANGUAGES, or "auto" to guess it from script, umlauts and frequent words.
    UserError for a text without anything to sing, or with letters that nobody here can read.
    """
    lyrics, notes = read_lyrics(text, language=language)
    for note in notes:
        say(note)
    return lyrics


def read_lyrics(text: str, *, language: str = "auto") -> tuple[Lyrics, list[str]]:
    """As syllabify, but what is not sung is returned: a line for each kind."""
    if language not in (*LANGUAGES, "auto"):
        raise UserError(f"no language {language!r}; choose one of {', '.join(LANGUAGES)}, or auto")
    if not text.strip():
        raise UserError("there are no lyrics; write at least a word to sing")
    refuse_unknown_scripts(unicodedata.normalize("NFKC", text))
    plain_text, notes = clean(text)
    language = guess_language(plain_text) if language == "auto" else language
    _refuse_other_scripts(plain_text, language)
    shouting = plain_text.isupper() and len(plain_text.split()) > 1
    lines = [sung_words(line, language, shouting=shouting) for line in plain_text.splitlines()]
    lines = [line for line in lines if line]
    if not lines:
        raise UserError(
            "nothing in the lyrics can be sung: they have neither letters nor figures; write words"
        )
    return _lyrics([part for line in lines for part in _verse(line, alone=len(lines) == 1)], language), notes


def _refuse_other_scripts(text: str, language: str) -> None:
    """Raise UserError for a script that lyrics of the language cannot have."""
    han, kana = (letters_of(text, script) for script in (Script.HAN, Script.KANA))
    if language == "ja" and han:
        refuse_kanji(han)
    if language in ("en", "de") and han:
        raise UserError(
            f"'{han[0]}' is a Chinese character, but the language is {NAMES[language]}; choose zh or auto"
        )
    if language != "ja" and kana:
        raise UserError(
            f"'{kana[0]}' is Japanese kana, but the language is {NAMES[language]}; choose ja or auto"
        )


def _verse(line: Line, *, alone: bool) -> list[Line]:
    """A typed line as lines of verse. alone: it is the only one of its text."""
    lengths = [len(word.syllables) for word, _ in line]
    if not alone and sum(lengths) <= LONGEST_LINE:
        return [line]
    words = iter(line)
    return [
        list(islice(words, count)) for count in verse_lines(lengths, [_strength(marks) for _, marks in line])
    ]


def _strength(marks: str) -> int:
    """How much of an end the marks behind a word are; a hyphen or a dash is none of a line."""
    if any(mark in STOPS for mark in marks):
        return STOP
    return PAUSE if any(mark in ",;:、" for mark in marks) else NO_MARK


def _lyrics(lines: Sequence[Line], language: str) -> Lyrics:
    """One entry per syllable; the marks stand at the last syllable of their word."""
    rows = []
    words = ((number, *entry) for number, line in enumerate(lines) for entry in line)
    for word_number, (line_number, word, marks) in enumerate(words):
        last = len(word.syllables) - 1
        for place, columns in enumerate(zip(word.syllables, word.stress, word.tones, strict=True)):
            rows.append((word_number, line_number, marks if place == last else "", *columns))
    word_column, line_column, punctuation, syllables, stress, tones = zip(*rows, strict=True)
    return Lyrics(syllables, word_column, line_column, stress, tones, punctuation, language)
