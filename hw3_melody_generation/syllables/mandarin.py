"""Mandarin in syllables: a character is one, and a word of its own; neighbours tell its tone.

Tones are those of the dictionary of phrases in pypinyin, without sandhi ("ni hao" is 3 3), 5 for the neutral
one. Characters that it does not know have tone 0. An r that only colours a syllable ("hua'r") is sung on a
note of its own.
"""

from __future__ import annotations

from hw3_melody_generation.syllables.words import Word

DIGITS = "零一二三四五六七八九"
UNITS = ("", "十", "百", "千")
MYRIADS = ("", "万", "亿", "万亿")
MOST_DIGITS = 4 * len(MYRIADS)


def mandarin_words(characters: str) -> list[Word]:
    """A word for each character of a text without anything else in it."""
    from pypinyin import Style, lazy_pinyin  # takes a quarter of a second, which nothing but Mandarin needs

    spoken = lazy_pinyin(
        characters, style=Style.TONE3, neutral_tone_with_five=True, errors=lambda unknown: [""] * len(unknown)
    )
    tones = [int(sound[-1]) if sound[-1:].isdigit() else 0 for sound in spoken]
    return [Word((character,), tones=(tone,)) for character, tone in zip(characters, tones, strict=True)]


def mandarin_number(digits: str) -> str:
    """A number in characters: "24" is 二十四. What begins with 0, or is too long, is read digit by digit."""
    if len(digits) > MOST_DIGITS or (len(digits) > 1 and digits[0] == "0"):
        return "".join(DIGITS[int(digit)] for digit in digits)
    groups = [digits[max(0, end - 4) : end] for end in range(len(digits), 0, -4)]
    spoken = ""
    for place, group in reversed(list(enumerate(groups))):
        part = _below_myriad(group)
        gap = spoken and part and group[0] == "0" and not spoken.endswith("零")
        spoken += ("零" if gap else "") + part + (MYRIADS[place] if part else "")
    spoken = spoken.removeprefix("一") if spoken.startswith("一十") else spoken
    return spoken or DIGITS[0]


def _below_myriad(group: str) -> str:
    """Up to four digits; one 零 stands for all zeros between two others, none for those at the ends."""
    spoken = ""
    for place, digit in enumerate(group.lstrip("0")):
        unit = UNITS[len(group.lstrip("0")) - 1 - place]
        if digit != "0":
            spoken += DIGITS[int(digit)] + unit
        elif not spoken.endswith("零"):
            spoken += "零"
    return spoken.rstrip("零")
