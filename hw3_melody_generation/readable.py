"""Lyrics that a picture can show: a font that has their characters, or else the same in Latin letters.

The fonts that come with matplotlib know Latin, Greek and Cyrillic letters, not Chinese characters or kana. If
an installed font knows all of the text, it is used; if none does, pinyin stands for Chinese characters and
romaji (Hepburn) for kana, and a notice says so. What has no transcription is left out, with the notice too:
no picture shows empty boxes.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import matplotlib
from matplotlib import font_manager
from matplotlib.ft2font import FT2Font

from hw3_melody_generation.songs import Song

BASE_FONT = Path(matplotlib.get_data_path(), "fonts", "ttf", "DejaVuSans.ttf")
LIKELY = re.compile(r"cjk|noto|wqy|han|hei|song|ming|gothic|mincho|ipa|droid|unifont|unicode", re.IGNORECASE)
KANA_RUN = re.compile("[ぁ-ゖァ-ヺ]+")
KANA = re.compile(r"\w+ LETTER (SMALL )?(\w+)")  # names of characters, such as HIRAGANA LETTER SMALL YA
SMALL_Y = re.compile("i<y")
# Hepburn where it differs from the names of the characters; the name of "shi" is SI.
HEPBURN = {
    **{"sy": "sh", "ty": "ch", "zy": "j", "dy": "j", "si": "shi", "ti": "chi", "tu": "tsu", "hu": "fu"},
    **{"zi": "ji", "di": "ji", "du": "zu", "wo": "o", "<tu": "t", "<": ""},
}
NOTICE = (
    "no installed font has all characters of the lyrics, so {}; to change that, install one (Noto Sans CJK)"
)


class Readable(NamedTuple):
    """A song that can be drawn, the font that it needs beside BASE_FONT, and what was changed, if so."""

    song: Song
    font: Path | None
    notice: str


def readable(song: Song) -> Readable:
    """`song` as it is if fonts can show it, else with title and syllables in Latin letters."""
    texts = (song.title, *song.lyrics.syllables, *song.lyrics.punctuation)
    missing = _missing("".join(texts))
    if not missing:
        return Readable(song, None, "")
    if font := font_with(missing):
        return Readable(song, font, "")
    lyrics = song.lyrics
    latin = in_latin_letters(lyrics.syllables)
    shown = tuple(_only_shown(text) for text in latin)
    lyrics = replace(lyrics, syllables=shown, punctuation=tuple(map(_plain_marks, lyrics.punctuation)))
    title = _only_shown(" ".join(in_latin_letters(song.title)) if _missing(song.title) else song.title)
    notice = NOTICE.format("they are transcribed" if all(shown) else "some are left out, others transcribed")
    return Readable(replace(song, title=title, lyrics=lyrics), None, notice)


@lru_cache(maxsize=64)
def font_with(characters: frozenset[str]) -> Path | None:
    """An installed font that has all of `characters`; None if there is none."""
    needed = {ord(character) for character in characters}
    paths = sorted(font_manager.findSystemFonts(), key=lambda path: (not LIKELY.search(path), path))
    return next((Path(path) for path in paths if needed <= _characters(path)), None)


def in_latin_letters(texts: Iterable[str]) -> list[str]:
    """Each text transcribed: Chinese characters in pinyin, read in their context, and kana in romaji."""
    from pypinyin import Style, pinyin

    texts = list(texts)
    # One list in, one list out: characters, and stretches of what pypinyin does not know.
    readings = iter(pinyin("".join(texts), style=Style.TONE, errors=list))
    return [romaji("".join(next(readings)[0] for _ in text)) for text in texts]


def romaji(text: str) -> str:
    """Kana in `text` transcribed by Hepburn's rules, a lone sign of length as "-"; all else as it is."""
    return "-" if text == "ー" else KANA_RUN.sub(lambda run: _hepburn(run[0]), text).replace("ー", "")


def _hepburn(kana: str) -> str:
    names = (KANA.fullmatch(unicodedata.name(character)) for character in kana)
    latin = "".join(f"{'<' if name[1] else ''}{name[2].lower()}" for name in names if name)
    latin = SMALL_Y.sub("y", latin)  # ki and a small ya are kya
    return re.sub("|".join(HEPBURN), lambda found: HEPBURN[found[0]], latin)


def _missing(text: str) -> frozenset[str]:
    """The characters of `text` that BASE_FONT lacks."""
    known = _characters(str(BASE_FONT))
    return frozenset(character for character in text if ord(character) not in known)


def _only_shown(text: str) -> str:
    missing = _missing(text)
    return "".join(character for character in text if character not in missing)


def _plain_marks(marks: str) -> str:
    """East Asian punctuation as Latin punctuation."""
    return _only_shown(unicodedata.normalize("NFKC", marks).translate({ord("、"): ",", ord("。"): "."}))


@lru_cache(maxsize=2048)
def _characters(path: str) -> frozenset[int]:
    """Code points of the characters that a font file has; none if it cannot be read."""
    try:
        return frozenset(FT2Font(path).get_charmap())
    except (OSError, RuntimeError, ValueError):
        return frozenset()
