"""English words in syllables: how many, with which stress, and how the spelling is cut.

The number is that of the vowels in the dictionary (lexicon), in the shortest pronunciation: "fire" has one,
"every" two. For words that it does not know, letters tell (letter_rules). The spelling is cut as in print, by
Liang's hyphenation patterns (pyphen), and where print never cuts, such as behind a single letter ("a-way"),
before the last consonant. Capitals that spell no word are sung as letters, "W" as "dou-ble u".

Against the words of the corpus of songs that the assignment is about, 1.4 million: 98.0 % of those that the
dictionary knows have as many notes as syllables here (no number per spelling could have more than 98.6 %),
and of the words with several, 83.4 % are cut in the same places (at most 87.0 %, as songs do not agree on
"nev-er" or "ne-ver").
"""

from __future__ import annotations

import re
from functools import cache, lru_cache

import pyphen

from hw3_melody_generation.songs import UNKNOWN_STRESS
from hw3_melody_generation.syllables.letter_rules import vowel_places
from hw3_melody_generation.syllables.lexicon import dictionary, pronunciations, stress_of, stresses
from hw3_melody_generation.syllables.word_lists import SUNG_IN_FULL
from hw3_melody_generation.syllables.words import Word, cut_word, cuts_between, joined, plain

ABBREVIATIONS = {
    "mr": "mister", "mrs": "missus", "ms": "miz", "dr": "doctor", "st": "saint", "jr": "junior",
    "sr": "senior", "vs": "versus", "etc": "et cetera", "feat": "featuring", "ft": "featuring",
}  # fmt: skip
COMPOUND = re.compile(
    r"(any|every|some|no(?!thing))(thing|bod(?:y|ies)|one|where|times?|day|how|ways?|more|place)('s)?$"
)
DRAWN_TOGETHER = re.compile(r"ire(d|s|'s)?$")  # "desire" in two syllables
KEPT_IN_FULL = re.compile(r"(?<!l)ing?$|(?<!re)n't$|ional(?:ly)?$")  # "happening", though not "trembling"
VOWEL = re.compile(r"[aeiouy][aeiou']*|.")
ONSET = re.compile(r"(?:thr|shr|chr|[bcdfgpt]r|[bcfgp]l|[stcpwgr]h|qu|[^aeiou'])$")
ENDING_LE = re.compile(r"[^aeiouylr]l(?:e|es|ed|e's)$")
RUNS = re.compile(r"(.)\1{2,}")  # "soooo"
MOST_CAPITALS = 5  # of a word that is spelled out
ACCENTED = "áàéèêëíïóòöúüā"  # vowels that are never silent
LONGEST = 40  # letters of a word that is worth the rules


def english_words(token: str, *, shouting: bool = False) -> list[Word]:
    """The words that a word as written is sung as: one, but for abbreviations.

    token: letters with apostrophes and hyphens. shouting: all of the text is in capitals, so that they do not
    mean letters. The syllables join to the token again, but for its hyphens.
    """
    spoken = ABBREVIATIONS.get(token.lower())
    if spoken:
        spoken = spoken.capitalize() if token[0].isupper() else spoken
        return [_part(word, False) for word in spoken.split()]
    return [joined(_part(part, shouting) for part in token.split("-") if part)]


@lru_cache(maxsize=20_000)
def _part(word: str, shouting: bool) -> Word:
    """A word without hyphens."""
    short = plain(word)
    if _is_spelled_out(word, short, shouting):
        return letter_names(word)
    compound = COMPOUND.match(short)
    if compound:
        parts = joined(_part(part, True) for part in cut_word(word, [compound.start(2)]))
        return Word(parts.syllables, stresses(short, len(parts.syllables)))
    return _cut(word, *_squashed(short))


def _cut(word: str, short: str, places: list[int]) -> Word:
    """A word of the spelling `short`, whose letters stand at `places` of the word."""
    stress = _stress(short)
    sounded = [number for number, place in enumerate(places) if word[place].lower() in ACCENTED]
    vowels = vowel_places(short, len(stress) or None, sounded=sounded)
    hyphens = _hyphenator().positions(short) if len(short) <= LONGEST else ()
    cuts = cuts_between(short, vowels, hyphens, vowel=VOWEL, onset=_onset)
    syllables = cut_word(word, [places[cut] for cut in cuts])
    return Word(syllables, stress if len(stress) == len(syllables) else (UNKNOWN_STRESS,) * len(syllables))


def _stress(short: str) -> tuple[int, ...]:
    """The stress of each syllable as the word is mostly sung; () for an unknown word."""
    found = [stress_of(each) for each in dictionary(short)]
    if DRAWN_TOGETHER.search(short):
        found = [stress_of(each) for each in pronunciations(short)]
    if short in SUNG_IN_FULL or KEPT_IN_FULL.search(short):
        found = found[:1]
    return min(filter(None, found), key=len, default=())


def _onset(word: str, first: int, vowel: int) -> int:
    """Where the syllable of the letter `vowel` begins, among the consonants from `first` on."""
    between = word[first:vowel]
    if between in ("", "y", "x", "ck") or word[vowel:].startswith(("n't", "ll")):
        return vowel - between.endswith("'")  # play-er, tax-i, luck-y, did-n't, it-'ll
    if between == "ng" and word[vowel:].startswith("in"):
        return vowel  # sing-ing
    if vowel - first > 1 and ENDING_LE.match(word, vowel - 2):
        return vowel - 2  # lit-tle
    if "e" in between:
        return first + between.rindex("e") + 1  # care-free
    match = ONSET.search(between)
    return vowel - len(match.group()) if match else vowel


def _squashed(short: str) -> tuple[str, list[int]]:
    """A word with letters that were repeated for length taken out, and the places of those that stay.

    "soooo" is "so", "ooooh" is "ooh": with one or two of them, whichever the dictionary knows.
    """
    places = list(range(len(short)))
    if not RUNS.search(short):
        return short, places
    for kept in (2, 1):
        gone = {place for run in RUNS.finditer(short) for place in range(run.start() + kept, run.end())}
        stay = [place for place in places if place not in gone]
        spelling = "".join(short[place] for place in stay)
        if dictionary(spelling):
            break
    return spelling, stay


def _is_spelled_out(word: str, short: str, shouting: bool) -> bool:
    """Whether a word is sung letter by letter: by the dictionary ("TV"), or in capitals and unknown."""
    if short == "w":
        return True
    if not short.isalpha() or not short.isascii() or not 1 < len(short) <= MOST_CAPITALS:
        return False
    found = dictionary(short)
    if found:
        names = [phoneme for letter in short for phoneme in dictionary(letter)[-1]]
        return _without_stress(found[0]) == _without_stress(names)
    return word.isupper() and not shouting


def _without_stress(phonemes) -> list[str]:
    return [phoneme.rstrip("012") for phoneme in phonemes]


def letter_names(letters: str) -> Word:
    """Letters as their names are sung, as one word."""
    return joined(_letter(letter) for letter in letters)


def _letter(letter: str) -> Word:
    """A letter as its name is sung."""
    if letter.lower() == "w":
        return Word(("Dou" if letter.isupper() else "dou", "ble", "u"), (1, 0, 0))
    return Word((letter,), (1,))


@cache
def _hyphenator() -> pyphen.Pyphen:
    return pyphen.Pyphen(lang="en_US")  # in print at least two letters stay on either side
