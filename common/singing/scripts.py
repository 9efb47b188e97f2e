"""Which writing each voice can read. Others it would spell: "Chinese letter", "cyrillic pe, cyrillic er"."""

from __future__ import annotations

import unicodedata

from common.singing.espeak import SingingError
from common.singing.pronunciation import base_code

# By the first word of a letter's Unicode name. All voices read Latin letters, if need be as English.
READERS = {
    "CYRILLIC": ["ru", "be", "bg", "uk", "mk", "sr", "ba", "cv", "kk", "ky", "tt", "nog"],
    "GREEK": ["el", "grc"],
    "CJK": ["cmn", "zh", "yue", "hak"],
    "HIRAGANA": ["ja"],
    "KATAKANA": ["ja"],
    "KATAKANA-HIRAGANA": ["ja"],
    "HANGUL": ["ko"],
    "DEVANAGARI": ["hi", "mr", "ne", "kok"],
    "BENGALI": ["bn", "as", "bpy"],
    "GUJARATI": ["gu"],
    "GURMUKHI": ["pa"],
    "KANNADA": ["kn"],
    "MALAYALAM": ["ml"],
    "ORIYA": ["or"],
    "SINHALA": ["si"],
    "TAMIL": ["ta"],
    "TELUGU": ["te"],
    "MYANMAR": ["my", "shn"],
    "GEORGIAN": ["ka"],
    "ARMENIAN": ["hy", "hyw"],
    "ETHIOPIC": ["am", "ti"],
    "ARABIC": ["ar", "fa", "ur", "sd", "ug"],
    "HEBREW": ["he"],
    "CHEROKEE": ["chr"],
    "SHAVIAN": ["en"],
}
SHOWN = 8  # letters in a message


def check_readable(text: str, language: str) -> None:
    """SingingError if `text` has letters that the voice of `language` (espeak-ng's code) cannot read."""
    code = base_code(language)
    unread = sorted({sign for sign in text if sign.isalpha() and not _reads(code, sign)})
    if unread:
        readers = READERS.get(_script(unread[0]), [])
        choice = f"choose the language {' or '.join(readers)}" if readers else "write it in Latin letters"
        raise SingingError(f"the voice for {language!r} cannot read {''.join(unread[:SHOWN])}; {choice}")


def _reads(code: str, sign: str) -> bool:
    script = _script(sign)
    return script in ("LATIN", "FULLWIDTH", "MODIFIER", "FEMININE", "MASCULINE") or code in READERS.get(
        script, []
    )


def _script(sign: str) -> str:
    """The first word of a letter's name in Unicode, "" if it has none."""
    return unicodedata.name(sign, "").partition(" ")[0]
