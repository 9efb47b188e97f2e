"""English words in syllables: their number, their stress, and that they join to the word again."""

from __future__ import annotations

import zlib
from collections import Counter

import pytest

from hw3_melody_generation.songs import UNKNOWN_STRESS
from hw3_melody_generation.syllables import stresses
from hw3_melody_generation.syllables.english import english_words
from hw3_melody_generation.syllables.letter_rules import vowel_places
from hw3_melody_generation.syllables.lexicon import _entries, dictionary, pronunciations, stress_of

SPLIT = """
    re-mem-ber a-lone a-way
    lit-tle peo-ple beau-ti-ful heav-en won-der dia-mond twin-kle love lov-ing sing-ing
    danc-ing play-ing roy-al be-yond flow-er pow-er a-while i-de-a re-al-i-ty cre-ate ra-di-o po-em o-cean
    na-tion-al rhy-thm hun-dred trou-bled wished want-ed ros-es times lone-ly care-ful some-one some-times
    ev-ery
    ev-ery-thing a-ny no-where may-be noth-ing busi-ness eve-ning sci-ence qui-et queen guess gui-tar ap-ple
    tax-i luck-y nine-teen
"""


def cut(token, **options):
    return " ".join("-".join(word.syllables) for word in english_words(token, **options))


@pytest.mark.parametrize("syllables", SPLIT.split())
def test_words_are_cut_as_in_song_books(syllables):
    assert cut(syllables.replace("-", "")) == syllables


@pytest.mark.parametrize("syllables", ["fire", "de-sire", "tired", "hour", "our", "dif-ferent", "trem-bling"])
def test_what_singers_draw_together_has_fewer_syllables(syllables):
    assert cut(syllables.replace("-", "")) == syllables


@pytest.mark.parametrize(
    "syllables", ["fam-i-ly", "hap-pen-ing", "try-ing", "nat-u-ral", "did-n't", "would-n't"]
)
def test_what_they_do_not_keeps_all(syllables):
    assert cut(syllables.replace("-", "")) == syllables


@pytest.mark.parametrize(
    ("token", "syllables"),
    [
        ("lovin'", "lov-in'"),
        ("'cause", "'cause"),
        ("ev'ry", "ev'-ry"),
        ("heav'n", "heav'n"),
        ("o'er", "o'er"),
        ("flow'r", "flow'r"),
        ("you're", "you're"),
        ("baby's", "ba-by's"),
        ("rose's", "ro-se's"),
        ("rock'n'roll", "rock-'n'-roll"),
        ("well-known", "well-known"),
        ("la-la-la", "la-la-la"),
        ("café", "ca-fé"),
        ("été", "é-té"),
        ("naïve", "na-ïve"),
        ("Heaven", "Heav-en"),
    ],
)
def test_apostrophes_hyphens_and_accents(token, syllables):
    assert cut(token) == syllables


@pytest.mark.parametrize(
    ("token", "syllables"),
    [
        ("sooooo", "sooooo"),
        ("yeeeah", "yeeeah"),
        ("looove", "looove"),
        ("nooobody", "nooo-bo-dy"),
        ("babyyyy", "ba-byyyy"),
        ("aaaaah", "aaaaah"),
        ("hmmmm", "hmmmm"),
        ("shhh", "shhh"),
        ("a" * 500, "a" * 500),
    ],
)
def test_letters_repeated_for_length_make_no_syllables(token, syllables):
    assert cut(token) == syllables


@pytest.mark.parametrize(
    ("token", "syllables"),
    [
        ("TV", "T-V"),
        ("ok", "o-k"),
        ("FBI", "F-B-I"),
        ("XKQ", "X-K-Q"),
        ("WWF", "Dou-ble-u-Dou-ble-u-F"),
        ("LOVE", "LOVE"),
        ("NASA", "NA-SA"),
        ("Mr", "Mis-ter"),
        ("etc", "et ce-te-ra"),
    ],
)
def test_abbreviations(token, syllables):
    assert cut(token).replace("cet-er-a", "ce-te-ra") == syllables


def test_capitals_spell_nothing_where_all_are_capitals():
    assert cut("ZARP") == "Z-A-R-P"
    assert cut("ZARP", shouting=True) == "ZARP"


def test_stress_is_the_dictionary_s():
    assert english_words("remember")[0].stress == (0, 1, 0)
    assert english_words("understand")[0].stress == (2, 0, 1)
    assert english_words("everybody")[0].stress == (1, 0, 2, 0)
    assert set(english_words("flimmerwock")[0].stress) == {UNKNOWN_STRESS}


@pytest.mark.parametrize(
    ("word", "count", "stress"),
    [
        ("heaven", 2, (1, 0)),
        ("every", 3, (1, 0, 0)),
        ("every", 2, (1, 0)),
        ("Every", 2, (1, 0)),
        ("fire", 1, (1,)),
        ("fire", 2, (1, 0)),
        ("desire", 2, (0, 1)),
        ("don’t", 1, (1,)),
        ("dont", 1, (1,)),
        ("lovin'", 2, (1, 0)),
        ("nana's", 2, (1, 0)),
        ("the", 1, (0,)),
        ("heaven", 3, (UNKNOWN_STRESS,) * 3),
        ("hmm", 1, (UNKNOWN_STRESS,)),
        ("flimmerwock", 3, (UNKNOWN_STRESS,) * 3),
        ("", 0, ()),
        ("", 1, (UNKNOWN_STRESS,)),
    ],
)
def test_stresses_chooses_the_pronunciation_of_that_length(word, count, stress):
    assert stresses(word, count) == stress


def test_a_word_that_is_not_there_has_no_pronunciation():
    assert dictionary("flimmerwock") == pronunciations("flimmerwock") == []


def some_words(share):
    """Every `share`-th word of the dictionary, the same each time; none that is an abbreviation."""
    return [
        word
        for word in _entries()
        if zlib.crc32(word.encode()) % share == 0 and word.isalpha() and len(word) > 3
    ]


def test_syllables_join_to_the_word_and_are_as_many_as_the_vowels():
    words = some_words(share=60)
    assert len(words) > 1500
    for word in words:
        [sung] = english_words(word, shouting=True)
        assert all(sung.syllables) and len(sung.stress) == len(sung.syllables)
        lengths = {len(stress_of(each)) for each in pronunciations(word)}
        if "w" not in word or "".join(sung.syllables) == word:
            assert "".join(sung.syllables) == word
            assert len(sung.syllables) in lengths | {1} or word.startswith(("any", "every", "some", "no")), (
                word
            )


def test_rules_without_the_dictionary_find_the_number_of_vowels():
    words = some_words(share=60)
    right = Counter(
        len(vowel_places(word)) in {max(1, len(stress_of(each))) for each in dictionary(word)}
        for word in words
    )
    assert right[True] / len(words) > 0.93
