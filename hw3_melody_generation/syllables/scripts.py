"""The script of a letter, and the language of a text."""

from __future__ import annotations

import re
import unicodedata
from enum import Enum

from common.cli import UserError
from hw3_melody_generation.syllables.word_lists import FREQUENT_ENGLISH, FREQUENT_GERMAN


class Script(Enum):
    LATIN = "Latin"
    HAN = "Chinese characters"
    KANA = "kana"


def script_of(letter: str) -> Script | None:
    """The script of a letter; None for those that nobody here can read."""
    name = unicodedata.name(letter, "")
    if name.startswith("LATIN ") or letter in "ªº":
        return Script.LATIN
    if name.startswith(("CJK ", "KANGXI ")) or letter in "々〇〆":
        return Script.HAN
    if name.startswith(("HIRAGANA ", "KATAKANA", "HALFWIDTH KATAKANA")):
        return Script.KANA
    return None


def script_name(letter: str) -> str:
    """How a script is called, from the name of one of its letters: "Cyrillic"."""
    return unicodedata.name(letter, "unknown").split()[0].split("-")[0].capitalize()


def letters_of(text: str, script: Script) -> str:
    """The letters of a text that belong to a script."""
    return "".join(letter for letter in text if not letter.isascii() and script_of(letter) is script)


def refuse_unknown_scripts(text: str) -> None:
    """Raise UserError for the first word with a letter of a script that cannot be sung."""
    for word in text.split():
        for letter in word:
            if letter.isalpha() and script_of(letter) is None:
                shown = word if len(word) <= 20 else word[:19] + "…"
                raise UserError(
                    f"{script_name(letter)} script ('{shown}') cannot be sung; write the lyrics in Latin "
                    "letters, Chinese characters or kana"
                )


def guess_language(text: str) -> str:
    """The language of a text: "ja" if it has kana, "zh" if Chinese characters, else German or English.

    For German speak its frequent words, umlauts and ß, for English its own; whatever has as many is English.
    """
    scripts = {script_of(letter) for letter in text if letter.isalpha()}
    if Script.KANA in scripts:
        return "ja"
    if Script.HAN in scripts:
        return "zh"
    words = re.findall(r"[^\W\d_]+(?:'[^\W\d_]+)?", text.lower())
    german = sum(word in FREQUENT_GERMAN for word in words) + 2 * len(re.findall("[äöüß]", text.lower()))
    return "de" if german > sum(word in FREQUENT_ENGLISH for word in words) else "en"
