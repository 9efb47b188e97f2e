"""Which language a text is in, when nobody says so: by its script, its letters, its most frequent words.

    guess_language("Der Mond ist aufgegangen")    # "de", espeak-ng's code; "" is English

Words that several languages share count less for each. A text that has none of the words is English; "la la
la" is nobody's. Latin is the language of "Gloria in excelsis Deo".
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter

from common.singing.scripts import READERS

ENGLISH = ""  # the singer's own
WORDS = {
    ENGLISH: "the and of to in is my you a i for with that are how what thy all we me be but was up so",
    "de": "der die das und ist ich du nicht ein eine mein dein wir zu den dem mit auf im von wie es mir dich",
    "fr-fr": "le les et est je tu ne pas un une mon ton nous dans des du que au sur il elle dort vous",
    "it": "il lo gli e è io tu non un una mio tuo che di nel del per con più sei mia a in te sta o",
    "es": "el los las y es yo tú no un una mi tu que de en del por con más muy se a",
    "la": "et in est non ad cum qui quod sanctus domine deus gloria dei nobis ave maria dona pacem deo",
}
LETTERS = {"de": "äöüß", "fr-fr": "çœêîôûâ", "es": "ñ¿¡", "it": "òì"}
SHARED = Counter(word for words in WORDS.values() for word in words.split())
KANA = ("HIRAGANA", "KATAKANA")


def guess_language(text: str) -> str:
    """espeak-ng's code of the language of `text`, "" for English."""
    text = unicodedata.normalize("NFC", text.lower())
    scripts = Counter(unicodedata.name(sign, "").partition(" ")[0] for sign in text if sign.isalpha())
    if any(kana in scripts for kana in KANA):
        return "ja"
    script = max(scripts, key=scripts.get, default="LATIN")
    if script in READERS:
        return READERS[script][0]
    scores = latin_scores(text)
    return max(scores, key=scores.get)  # of equal ones the first: English


def latin_scores(text: str) -> dict[str, float]:
    """How much of a text in Latin letters speaks for each language."""
    found = Counter(re.findall(r"[^\W\d_]+", text))
    return {
        language: sum(found[word] / SHARED[word] for word in words.split())
        + sum(letter in text for letter in LETTERS.get(language, ""))
        for language, words in WORDS.items()
    }
