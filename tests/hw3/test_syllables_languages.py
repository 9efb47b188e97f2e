"""German, Mandarin and Japanese in syllables; numbers; which script and language a text is in."""

from __future__ import annotations

import pytest

from common.cli import UserError
from hw3_melody_generation.syllables import german_stress, syllabify
from hw3_melody_generation.syllables.german import german_words
from hw3_melody_generation.syllables.japanese import japanese_words
from hw3_melody_generation.syllables.mandarin import mandarin_number, mandarin_words
from hw3_melody_generation.syllables.numbers import NUMBER, number_words
from hw3_melody_generation.syllables.scripts import guess_language, script_name

GERMAN = """
    A-bend ü-ber Freu-de neu-e Feu-er Frau-en schrei-en Knie Fa-mi-li-e Me-lo-die I-ta-li-en Mu-se-um
    be-en-den
    ge-ehrt Quel-le Is-ra-el schoen fuer ue-ber ak-tu-ell Na-tion stu-die-ren Kö-ni-gin Stra-ße Fens-ter
    Zu-cker
    sit-zen e-wig ver-ges-sen Kai-ser Mai Treu-e zwan-zig Weih-nachts-baum Bäu-me Ei-er Haus Ent-chen
    Köpf-chen
    schläft Brü-der-lein geht's hab' g'scheh' Höh' Äp-fel Ü-BER Goe-the Yo-ga
"""


@pytest.mark.parametrize("syllables", GERMAN.split())
def test_german_words(syllables):
    [word] = german_words(syllables.replace("-", ""))
    assert "-".join(word.syllables) == syllables


@pytest.mark.parametrize(
    ("word", "stress"),
    [
        ("Abend", (1, 0)),
        ("geben", (1, 0)),
        ("Erde", (1, 0)),
        ("gehört", (0, 1)),
        ("vergessen", (0, 1, 0)),
        ("studieren", (0, 1, 0)),
        ("Nationen", (0, 1, 0)),
        ("Bäckerei", (0, 0, 1)),
        ("Haus", (1,)),
        ("und", (0,)),
    ],
)
def test_german_stress_by_rule(word, stress):
    assert german_stress(word, len(stress)) == stress
    assert german_words(word)[0].stress == stress


def test_mandarin_characters_have_the_tones_of_their_phrase():
    words = mandarin_words("我们爱音乐快乐")
    assert [word.syllables for word in words] == [(character,) for character in "我们爱音乐快乐"]
    assert [word.tones[0] for word in words] == [3, 5, 4, 1, 4, 4, 4]  # 们 is neutral
    assert mandarin_words("㐀")[0].tones[0] in range(6)  # rare


@pytest.mark.parametrize(
    ("digits", "spoken"),
    [
        ("0", "零"),
        ("7", "七"),
        ("10", "十"),
        ("24", "二十四"),
        ("110", "一百一十"),
        ("105", "一百零五"),
        ("1001", "一千零一"),
        ("10000", "一万"),
        ("10010", "一万零一十"),
        ("120000", "十二万"),
        ("100000001", "一亿零一"),
        ("007", "零零七"),
        ("1" * 17, "一" * 17),
    ],
)
def test_mandarin_numbers(digits, spoken):
    assert mandarin_number(digits) == spoken


@pytest.mark.parametrize(
    "morae",
    [
        "さ-く-ら",
        "きゃ-べ-つ",
        "がっ-こ-う",
        "きっ-て",
        "ラ-ー-メ-ン",
        "しゅっ-ぱ-つ",
        "ファ-ン",
        "っさ",
        "あ",
        "ん",
    ],
)
def test_japanese_morae(morae):
    [word] = japanese_words(morae.replace("-", ""))
    assert "-".join(word.syllables) == morae


def test_japanese_signs_of_repetition():
    assert japanese_words("すゞここゝ")[0].syllables == ("す", "ず", "こ", "こ", "こ")


@pytest.mark.parametrize(
    ("text", "language", "words"),
    [
        ("24", "en", "twenty four"),
        ("1984", "en", "nineteen eighty four"),
        ("2005", "en", "two thousand and five"),
        ("1,000", "en", "one thousand"),
        ("3.5", "en", "three point five"),
        ("21st", "en", "twenty first"),
        ("90s", "en", "nineties"),
        ("6s", "en", "sixes"),
        ("$1", "en", "one dollar"),
        ("$20", "en", "twenty dollars"),
        ("50%", "en", "fifty percent"),
        ("007", "en", "zero zero seven"),
        ("1" * 16, "en", " ".join(["one"] * 16)),
        ("24", "de", "vierundzwanzig"),
        ("1.000", "de", "eintausend"),
        ("3,5", "de", "drei Komma fünf"),
        ("1985", "de", "neunzehnhundertfünfundachtzig"),
        ("3ten", "de", "dritten"),
        ("5 €", "de", "fünf Euro"),
        ("24", "zh", "二十四"),
        ("3.5", "zh", "三 点 五"),
        ("50%", "zh", "百分之 五十"),
        ("24", "ja", "にじゅうよん"),
        ("300", "ja", "さんびゃく"),
    ],
)
def test_numbers_in_words(text, language, words):
    assert " ".join(number_words(NUMBER.fullmatch(text), language)) == words


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Twinkle, twinkle, little star", "en"),
        ("Alle meine Entchen schwimmen auf dem See", "de"),
        ("Schöne Blumen", "de"),
        ("Die with me in the night", "en"),
        ("O Tannenbaum, wie grün sind deine Blätter", "de"),
        ("la la la", "en"),
        ("我爱你 baby", "zh"),
        ("さくら baby", "ja"),
        ("東京タワー", "ja"),
        ("123", "en"),
    ],
)
def test_the_language_is_guessed(text, language):
    assert guess_language(text) == language


@pytest.mark.parametrize(
    ("text", "name"), [("Привет мир", "Cyrillic"), ("مرحبا", "Arabic"), ("สวัสดี", "Thai"), ("안녕", "Hangul")]
)
def test_scripts_that_nobody_reads_are_named(text, name):
    with pytest.raises(
        UserError, match=f"{name} script .'{text.split()[0]}'. cannot be sung; write"
    ) as error:
        syllabify(text)
    assert "\n" not in str(error.value)
    assert script_name(text[0]) == name


@pytest.mark.parametrize(
    ("text", "language", "message"),
    [
        ("さくら桜", "auto", "'桜' is kanji"),
        ("桜", "ja", "'桜' is kanji"),
        ("hello 你", "en", "'你' is a Chinese character, but the language is English; choose zh or auto"),
        ("さくら", "zh", "'さ' is Japanese kana, but the language is Chinese"),
        ("さくら", "de", "'さ' is Japanese kana, but the language is German"),
        ("hello", "fr", "no language 'fr'; choose one of en, de, zh, ja, or auto"),
    ],
)
def test_scripts_that_do_not_fit_the_language(text, language, message):
    with pytest.raises(UserError, match=message):
        syllabify(text, language=language)
