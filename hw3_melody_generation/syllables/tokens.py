"""A line of plain text -> the words that are sung, each with the marks that follow it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import groupby

from hw3_melody_generation.syllables.english import ABBREVIATIONS, english_words, letter_names
from hw3_melody_generation.syllables.german import german_words
from hw3_melody_generation.syllables.japanese import japanese_words
from hw3_melody_generation.syllables.mandarin import mandarin_words
from hw3_melody_generation.syllables.numbers import NUMBER, SIGNS, number_words
from hw3_melody_generation.syllables.plain_text import MARKS, SUNG_SIGNS
from hw3_melody_generation.syllables.scripts import Script, script_of
from hw3_melody_generation.syllables.word_lists import ELIDED
from hw3_melody_generation.syllables.words import Word

LETTER = r"[^\W\d_]|〇"
TOKEN = re.compile(
    rf"(?P<number>{NUMBER.pattern})"
    rf"|\b(?P<short>{'|'.join(ABBREVIATIONS)})\."  # Mr.
    r"|\b(?P<letters>(?:[A-Za-z]\.){2,})"  # U.S.A.
    rf"|(?P<word>'?(?:{LETTER})+(?:['-](?:{LETTER})+)*(?:'(?!'))?)"
    rf"|(?P<sign>[{re.escape(SUNG_SIGNS)}])"
    rf"|(?P<marks>[{re.escape(MARKS)}]+)",
    re.IGNORECASE,
)


def sung_words(line: str, language: str, *, shouting: bool = False) -> list[tuple[Word, str]]:
    """The words of a line, each with the marks behind it ("" if none)."""
    found: list[tuple[Word, str]] = []
    quoted = False
    for match in TOKEN.finditer(line):
        if match["marks"]:
            if found:
                word, marks = found[-1]
                found[-1] = (word, marks + match["marks"])
            continue
        text = match["short"] or match["word"]
        if match["word"]:
            text, quoted = _without_quotes(text, quoted)
        found += [(word, "") for word in _spoken(match, text, language, shouting)]
    return found


def _spoken(match: re.Match[str], text: str | None, language: str, shouting: bool) -> list[Word]:
    """What a match of TOKEN is sung as; `text` is its word."""
    if match["letters"]:
        return [letter_names(match["letters"].replace(".", ""))]
    if match["number"]:
        texts = number_words(match, language)
    elif match["sign"]:
        texts = [SIGNS[language][match["sign"]]]
    else:
        texts = [text]
    return [word for each in texts for word in _by_script(each, language, shouting)]


def _by_script(text: str, language: str, shouting: bool) -> Iterator[Word]:
    """The words of a text without spaces, each run of one script in its own way."""
    for script, letters in groupby(_scripts(text), key=lambda pair: pair[0]):
        run = "".join(letter for _, letter in letters)
        if script is not Script.LATIN:
            run = "".join(letter for letter in run if script_of(letter) is script)  # without apostrophes
        if script is Script.HAN:
            yield from mandarin_words(run)
        elif script is Script.KANA:
            yield from japanese_words(run)
        elif any(map(str.isalpha, run)):
            yield from german_words(run) if language == "de" else english_words(run, shouting=shouting)


def _scripts(text: str) -> list[tuple[Script, str]]:
    """Each letter with its script; an apostrophe or hyphen has that of the letter before it."""
    pairs: list[tuple[Script, str]] = []
    for letter in text:
        script = script_of(letter) or (pairs[-1][0] if pairs else Script.LATIN)
        pairs.append((script, letter))
    return pairs


def _without_quotes(word: str, quoted: bool) -> tuple[str, bool]:
    """A word without apostrophes at its ends that are quotation marks, and whether a quotation goes on.

    One at the end of a word closes a quotation that was opened, and else stands for a letter: "lovin'".
    """
    if word.startswith("'") and word.lower().rstrip("'") not in ELIDED and word.lower() not in ELIDED:
        word, quoted = word[1:], True
    if word.endswith("'") and quoted:
        word, quoted = word[:-1], False
    return word, quoted
