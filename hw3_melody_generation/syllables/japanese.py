"""Japanese in kana: a mora is a syllable to sing.

A small vowel or y-kana belongs to the kana before it (きゃ), and so does the small っ, which no voice can
hold: きって is きっ-て. ん and the sign for length ー are morae of their own, as songs set them. A word is
what stands between spaces or marks. Kanji are not read: which reading is meant, only the singer knows.
"""

from __future__ import annotations

import unicodedata

from common.cli import UserError
from hw3_melody_generation.syllables.words import Word

JOINED = frozenset("ゃゅょぁぃぅぇぉゎっャュョァィゥェォヮッㇰㇱㇲㇳㇴㇵㇶㇷㇸㇹㇺㇻㇼㇽㇾㇿ")
REPEATED, REPEATED_VOICED = "ゝヽ", "ゞヾ"
VOICING = "\u3099"  # the combining mark that makes た to だ


def japanese_words(kana: str) -> list[Word]:
    """The word that a text of kana, without anything else in it, is sung as."""
    morae: list[str] = []
    for sign in kana:
        if morae and (sign in JOINED or morae[-1] in JOINED):
            morae[-1] += sign
        else:
            morae.append(_repeated(morae[-1][-1], sign) if morae else sign)
    return [Word(tuple(morae))]


def refuse_kanji(kanji: str) -> None:
    """Raise UserError that names a character which is no kana."""
    raise UserError(
        f"'{kanji[0]}' is kanji, whose reading depends on its sense; write Japanese lyrics in kana, "
        "or choose the language zh for Chinese"
    )


def _repeated(before: str, sign: str) -> str:
    """What a sign of repetition stands for, すゞ for すず; other signs stand for themselves."""
    if sign in REPEATED:
        return before
    if sign in REPEATED_VOICED:
        return unicodedata.normalize("NFC", before + VOICING)
    return sign
