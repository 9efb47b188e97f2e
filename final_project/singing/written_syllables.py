"""A word in as many written syllables as are sung, to stand under notes: "gloria", 3 -> glo- ri- a.

How many there are is known from the voice that speaks the word; where to part it, its letters tell: each
syllable has a group of vowels, and of the consonants between two groups the last one, with what belongs to it
("ch", "tr"), begins the later syllable. This is the spelling of nobody's dictionary, but can be read along.
Hyphens in the word are kept to; what lies between them is parted further where more is sung. Chinese,
Japanese and Korean words are parted by their signs.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

Span = tuple[int, int]

OTHER_VOWELS = "aeioæœøıαεηιουωаеиоуыэюяєі"
VOWEL_GROUP = re.compile(f"(?:(?<!q)u|y(?![{OTHER_VOWELS}u])|[{OTHER_VOWELS}])+")
NOT_PARTED = ("sch", "ch", "sh", "th", "ph", "wh", "gn", "qu", "ck", "sz", "cz", "rz")
LIQUIDS, BEFORE_LIQUIDS = "lrрл", "bcdfgkptvбвгдкпт"
SIGNS = ("CJK", "HIRAGANA", "KATAKANA", "HANGUL")  # how their names in Unicode begin
SMALL_KANA = "ゃゅょャュョぁぃぅぇぉァィゥェォー"


def syllables_of(word: str, count: int) -> list[str]:
    """The word in `count` syllables, all but the last with "-" at the end; "" for those that it has not."""
    parts = [part for part in word.split("-") if part] or [word]
    shares = zip(parts, _shares(parts, count), strict=True)
    pieces = [piece for part, share in shares for piece in _pieces(part, share)]
    while len(pieces) > count:
        pieces[-2:] = ["".join(pieces[-2:])]
    pieces[:-1] = [f"{piece}-" for piece in pieces[:-1]]
    return pieces + [""] * (count - len(pieces))


def counted_signs(word: str) -> int:
    """How many syllables a word has whose signs are one each, Chinese or Korean; 0 for others."""
    signs = [sign for sign in word if sign.isalpha()]
    return len(signs) if all(_name(sign).startswith(("CJK", "HANGUL")) for sign in signs) else 0


def vowel_count(word: str) -> int:
    """How many groups of vowels are written in a word."""
    return len(VOWEL_GROUP.findall(_plain(word)))


def _shares(parts: Sequence[str], count: int) -> list[int]:
    """How many of `count` syllables each part has, at least one: those to spare go where most is written."""
    written = [max(vowel_count(part), counted_signs(part)) for part in parts]
    shares = [1] * len(parts)
    for _ in range(count - len(parts)):
        shares[max(range(len(parts)), key=lambda place: written[place] - shares[place])] += 1
    return shares


def _pieces(part: str, count: int) -> list[str]:
    """What lies between two hyphens, in about `count` pieces."""
    if count == 1:
        return [part]
    return _signs(part) if _in_signs(part) else _parted(part, count)


def _parted(word: str, count: int) -> list[str]:
    """A word of letters in at most `count` pieces."""
    plain = _plain(word)
    groups = _sung_groups(plain, count)
    cuts = [
        end + _staying(plain[end:begin]) for (_, end), (begin, _) in zip(groups, groups[1:], strict=False)
    ]
    return [word[begin:end] for begin, end in zip([0, *cuts], [*cuts, len(word)], strict=True)]


def _sung_groups(plain: str, count: int) -> list[Span]:
    """Where the vowels of at most `count` syllables are: an e is mute first, and long groups are divided."""
    groups = [found.span() for found in VOWEL_GROUP.finditer(plain)]
    while len(groups) > count:
        mute = [place for place, (begin, end) in enumerate(groups) if plain[begin:end] == "e" and place]
        ends_word = bool(mute) and groups[mute[-1]][1] == len(plain)
        del groups[(mute[-1] if ends_word else mute[0]) if mute else -1]
    while len(groups) < count:
        place = next((n for n, (begin, end) in enumerate(groups) if end - begin > 1), None)
        if place is None:
            break
        begin, end = groups[place]
        groups[place : place + 1] = [(begin, begin + 1), (begin + 1, end)]
    return groups


def _staying(between: str) -> int:
    """How many of the letters between two vowels stay with the first."""
    if len(between) < 2:
        return 0
    cluster = next((each for each in NOT_PARTED if between.endswith(each)), "")
    if cluster:
        return len(between) - len(cluster)
    return len(between) - 1 - (between[-1] in LIQUIDS and between[-2] in BEFORE_LIQUIDS)


def _plain(word: str) -> str:
    """Small letters without accents, as many as are in the word."""
    return "".join((unicodedata.normalize("NFD", sign.lower()) or sign)[0] for sign in word)


def _in_signs(word: str) -> bool:
    return all(_name(sign).startswith(SIGNS) for sign in word if sign.isalpha())


def _name(sign: str) -> str:
    return unicodedata.name(sign, "")


def _signs(word: str) -> list[str]:
    """Sign by sign, with the marks beside it; a small kana belongs to the one before."""
    return re.findall(rf"\W*\w[{SMALL_KANA}]*\W*", word) or [word]
