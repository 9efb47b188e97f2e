"""Figures and signs as they are sung: "24" is "twenty four", "1984" a year, "$5" "five dollars".

Words for numbers come from num2words; Mandarin's are made in mandarin. A number of more than fifteen digits,
or that begins with 0, is read one by one.
"""

from __future__ import annotations

import re

from hw3_melody_generation.syllables.mandarin import mandarin_number

MOST_DIGITS = 15
MONTHS = "Januar|Februar|März|April|Mai|Juni|Juli|August|September|Oktober|November|Dezember"
NUMBER = re.compile(
    r"(?P<before>[$€£])?(?P<figures>\d+(?:[.,]\d+)*)"
    rf"(?P<ending>(?:st|nd|rd|th|'?s|(?:s?te)[nrsm]?)(?![^\W\d_]))?(?P<date>\.(?=\s(?:{MONTHS})\b))?(?P<after>\s?[€£$%])?",
    re.IGNORECASE,
)
SIGNS = {
    "en": {
        "&": "and", "+": "plus", "=": "equals", "@": "at", "#": "number", "%": "percent",
        "$": "dollars", "€": "euros", "£": "pounds", ".": "point",
    },
    "de": {
        "&": "und", "+": "plus", "=": "gleich", "@": "at", "#": "Nummer", "%": "Prozent",
        "$": "Dollar", "€": "Euro", "£": "Pfund", ".": "Komma",
    },
    "zh": {
        "&": "和", "+": "加", "=": "等于", "@": "在", "#": "号", "%": "百分", "$": "美元",
        "€": "欧元", "£": "英镑", ".": "点",
    },
    "ja": {
        "&": "アンド", "+": "たす", "=": "は", "@": "アット", "#": "ナンバー", "%": "パーセント",
        "$": "ドル", "€": "ユーロ", "£": "ポンド", ".": "てん",
    },
}  # fmt: skip
ENGLISH_ORDINALS = ("st", "nd", "rd", "th")
YEARS = {"en": (range(1100, 2000), range(2010, 2100)), "de": (range(1100, 2000),)}


def number_words(match: re.Match[str], language: str) -> list[str]:
    """The words for a match of NUMBER: the figures, what stands before them, and what behind."""
    whole, decimals = _parts(match["figures"], language)
    ending = "ten" if match["date"] else (match["ending"] or "").lower().strip("'")
    words = _whole(whole, ending, language)
    if decimals:
        words += [SIGNS[language]["."], *_one_by_one(decimals, language)]
    if language == "zh" and match["after"] == "%":
        return ["百分之", *words]
    for sign in (match["before"], match["after"]):
        words += [_unit(sign.strip(), whole if not decimals else "", language)] if sign else []
    return words


def _parts(figures: str, language: str) -> tuple[str, str]:
    """The digits before and behind the decimal mark: 1,000.5 in English is 1.000,5 in German."""
    thousands, decimal = (".", ",") if language == "de" else (",", ".")
    figures = re.sub(rf"(?<=\d)\{thousands}(?=\d{{3}}(?!\d))", "", figures)
    whole, _, decimals = figures.replace(thousands, decimal).partition(decimal)
    return whole, decimals.replace(decimal, "")


def _whole(digits: str, ending: str, language: str) -> list[str]:
    """A whole number; `ending` makes it an ordinal ("th", "te") or several ("s")."""
    if language == "zh":
        return [mandarin_number(digits)]
    if len(digits) > MOST_DIGITS or (len(digits) > 1 and digits[0] == "0"):
        return _one_by_one(digits, language)
    ordinal = ending in ENGLISH_ORDINALS if language == "en" else "te" in ending and language == "de"
    year = len(digits) == 4 and any(int(digits) in years for years in YEARS.get(language, ()))
    words = _spoken(int(digits), language, "ordinal" if ordinal else "year" if year else "cardinal")
    if language == "de" and ordinal:
        words[-1] += ending.partition("te")[2]  # "dritte", "dritten"
    if language == "en" and ending == "s":
        words[-1] = re.sub("y$", "ie", words[-1]) + ("es" if words[-1].endswith("x") else "s")
    return words


def _one_by_one(digits: str, language: str) -> list[str]:
    if language == "zh":
        return [mandarin_number(digit) for digit in digits]
    return [word for digit in digits for word in _spoken(int(digit), language, "cardinal")]


def _spoken(number: int, language: str, form: str) -> list[str]:
    """A number in words: 24 as ["twenty", "four"]."""
    from num2words import num2words  # takes a tenth of a second, which few lyrics need

    extra = {"reading": True} if language == "ja" else {}
    spoken = num2words(number, lang=language, to=form, **extra)
    return spoken.replace(",", "").replace("-", " ").split()


def _unit(sign: str, whole: str, language: str) -> str:
    """What is counted; one dollar, but two dollars."""
    name = SIGNS[language][sign]
    return name.removesuffix("s") if language == "en" and whole == "1" else name
