"""Any text in one spelling: composed letters, straight apostrophes, no invisible signs; and what is not sung.

Lines end where the text has line ends, and at " / " and "\\n" as typed on a command line. Headings such as
"[Chorus]" or "Verse 2:", times as in karaoke files and chords in brackets are no lyrics. Signs that nobody
can sing, such as emoji, are left out, and reported.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter

SAME = str.maketrans(
    {sign: "'" for sign in "’‘ʼ`´ʻ′"}
    | {sign: "-" for sign in "‐‑⁃"}
    | {"ﬀ": "ff", "ﬁ": "fi", "ﬂ": "fl", "ﬃ": "ffi", "ﬄ": "ffl", "〜": "ー"}
)
WIDTHS = re.compile("[\uff00-\uffef]+")  # letters and kana of full or half width
PAUSES, STOPS = ",;:-–—―、", ".!?…。"
MARKS = PAUSES + STOPS
SILENT = "\"'()[]{}<>«»„“”‚‹›「」『』（）【】《》〈〉*_|\\/·・^¡¿•♪♫♬♩♭♯#~"  # that need not be reported
SUNG_SIGNS = "&+=@#%$€£"
HEADING = re.compile(
    r"\[[^\[\]\n]{0,200}\]|^[ \t]*\(?(?:(?:pre-?|post-?)?chorus|verse|strophe|refrain|bridge|intro|outro|"
    r"hook|interlude|instrumental)[ \t]*\d*[ \t]*(?:\(?x ?\d+\)?)?\)?[ \t]*:?[ \t]*$|\((?:x ?\d+|\d+ ?x)\)",
    re.IGNORECASE | re.MULTILINE,
)
LINE_ENDS = re.compile(r"\\n|\s/{1,2}\s")


def clean(text: str) -> tuple[str, list[str]]:
    """The text as it is sung, its lines parted by newlines, and what was left out, a line for each kind."""
    text = WIDTHS.sub(
        lambda match: unicodedata.normalize("NFKC", match[0]), unicodedata.normalize("NFC", text)
    )
    text = "\n".join(LINE_ENDS.sub("\n", text).splitlines())
    headings = [heading.strip() for heading in HEADING.findall(text)]
    text = HEADING.sub(" ", text)
    left_out: Counter[str] = Counter()
    text = "".join(_sung(sign, left_out) for sign in text.translate(SAME))
    notes = []
    if headings:
        notes.append(f"not sung: {_list(Counter(headings))} (headings and remarks)")
    if left_out:
        notes.append(f"not sung: {_list(left_out)}")
    return text, notes


def _sung(sign: str, left_out: Counter[str]) -> str:
    """A sign as it goes on: unchanged, in its usual form, or "" if it is left out."""
    if sign == "\n" or sign in MARKS or sign in SUNG_SIGNS or sign in SILENT:
        return sign
    kind = unicodedata.category(sign)
    if kind[0] == "L" or sign == "〇":
        return _usual_form(sign)
    if kind == "Nd":
        return str(unicodedata.decimal(sign))
    if kind[0] == "Z":
        return " "
    if kind[0] not in "CM" and kind not in ("Sk", "Ps", "Pe", "Pi", "Pf"):  # visible, and of some meaning
        left_out[sign] += 1
        return " "
    return ""


def _usual_form(letter: str) -> str:
    """A letter of a fancy alphabet as the plain one."""
    usual = unicodedata.normalize("NFKC", letter)
    return usual if usual.isalpha() and usual != letter else letter


def _list(counts: Counter[str], most: int = 5) -> str:
    """Such as "😀 (3 times), ☆"."""
    shown = [sign + (f" ({count} times)" if count > 1 else "") for sign, count in counts.most_common(most)]
    return ", ".join(shown) + (f" and {len(counts) - most} more" if len(counts) > most else "")
