"""Any text -> Lyrics: words, lines, marks, what is left out, and what is refused."""

from __future__ import annotations

import gzip
import json
import time
from collections import Counter
from itertools import groupby
from pathlib import Path

import pytest

from common.cli import UserError
from hw3_melody_generation.songs import UNKNOWN_STRESS, Lyrics
from hw3_melody_generation.syllables import read_lyrics, syllabify
from hw3_melody_generation.syllables.verse_lines import NO_MARK, PAUSE, STOP, verse_lines

CORPUS = Path(__file__).parents[3] / "shared" / "data" / "lyrics_melody" / "lmd_full_syllables.jsonl.gz"
TWINKLE = (
    "Twinkle, twinkle, little star, how I wonder what you are. Up above the world so high, like a diamond."
)


def written(lyrics: Lyrics) -> str:
    """Lyrics as one line: a hyphen within words, a slash between lines."""
    text = ""
    for place, syllable in enumerate(lyrics.syllables):
        if place:
            same_word = lyrics.words[place] == lyrics.words[place - 1]
            same_line = lyrics.lines[place] == lyrics.lines[place - 1]
            text += "-" if same_word else " " if same_line else " / "
        text += syllable + lyrics.punctuation[place]
    return text


def check(lyrics: Lyrics) -> None:
    """What songs.Lyrics promises of its columns."""
    assert all(lyrics.syllables)
    for numbers in (lyrics.words, lyrics.lines):
        assert [number for number, _ in groupby(numbers)] == list(range(numbers[-1] + 1))
    assert set(lyrics.stress) <= {UNKNOWN_STRESS, 0, 1, 2}
    assert set(lyrics.tones) <= set(range(6))


@pytest.mark.parametrize(
    ("text", "lyrics"),
    [
        ("Twinkle, twinkle, little star,\nhow I wonder", "Twin-kle, twin-kle, lit-tle star, / how I won-der"),
        ("Oh! Susanna,\n\n\r\n  don't you cry", "Oh! Su-san-na, / don't you cry"),
        (TWINKLE, "Twin-kle, twin-kle, lit-tle star, / how I won-der what you are. / "
                  "Up a-bove the world so high, like a dia-mond."),
        ("line one / line two\\nline three", "line one / line two / line three"),
        ("la\u2028la\x0bla", "la / la / la"),
        ("She sang—and left … Why?!", "She sang— and left… Why?!"),
        ("«Love» (me) “do” *now* ¡sí!", "Love me do now sí!"),
        ("-- hello --", "hel-lo--"),
        ("A well-known mother-in-law", "A well-known moth-er-in-law"),
        ("Alle meine Entchen", "Al-le mei-ne Ent-chen"),
        ("我爱你，baby！", "我 爱 你, ba-by!"),
        ("さくら さくら、 ＯＫ", "さ-く-ら さ-く-ら、 O-K"),
        ("ｶﾞｯｺｳ", "ガッ-コ-ウ"),
        ("爱-你 爱'我", "爱 你 爱 我"),
    ],
)  # fmt: skip
def test_words_lines_and_marks(text, lyrics):
    found = syllabify(text)
    check(found)
    assert written(found) == lyrics


@pytest.mark.parametrize(
    ("text", "lyrics"),
    [
        ("“Don’t stop,” she said, ’cause I‘m lovin’ it", "Don't stop, she said, 'cause I'm lov-in' it"),
        ("'Hello world' and 'goodbye'", "Hel-lo world and good-bye"),
        ("'Tis the angels' song", "'Tis the an-gels' song"),
        ("''", None),
    ],
)
def test_apostrophes_are_told_from_quotation_marks(text, lyrics):
    if lyrics is None:
        with pytest.raises(UserError):
            syllabify(text)
    else:
        assert written(syllabify(text)) == lyrics


@pytest.mark.parametrize(
    ("text", "lyrics"),
    [
        ("24 hours", "twen-ty four hours"),
        ("The 3rd of May 1984", "The third of May nine-teen eigh-ty four"),
        ("rock & roll", "rock and roll"),
        ("U.S.A. and Mr. Smith", "U-S-A and Mis-ter Smith"),
        ("Am 3. Mai sind wir 24", "Am drit-ten Mai sind wir vier-und-zwan-zig"),
        ("U2, 3D", "U two, three D"),
        ("٢٤ 1️⃣", "twen-ty four one"),
        ("我24岁", "我 二 十 四 岁"),
        ("3じ", "さ-ん じ"),
    ],
)
def test_figures_signs_and_abbreviations_are_sung(text, lyrics):
    assert written(syllabify(text)) == lyrics


@pytest.mark.parametrize(
    ("text", "lyrics"),
    [
        ("lo\u200bve\u200d me\u00ad\ufeff", "love me"),
        ("love\x07\x1b me\x00", "love me"),
        ("cafe\u0301 u\u0308ber", "ca-fé ü-ber"),
        ("\u202elove me\u202c", "love me"),
        ("ＬＯＶＥ 𝓶𝓮 ﬁnd", "LOVE me find"),
        ("ba\u0336by\u0336", "ba-by"),
    ],
)
def test_invisible_signs_and_other_forms_of_letters(text, lyrics):
    found, notes = read_lyrics(text)
    assert (written(found), notes) == (lyrics, [])


def test_what_is_not_sung_is_told(capsys):
    text = "[Verse 1]\nI love 😀😀 you ☆\n(x2)\nChorus:\n[00:12.50]So much [Am]more"
    assert written(syllabify(text)) == "I love you / So much more"
    assert capsys.readouterr().err.splitlines() == [
        "not sung: [Verse 1], (x2), Chorus:, [00:12.50], [Am] (headings and remarks)",
        "not sung: 😀 (2 times), ☆",
    ]
    assert read_lyrics("👨‍👩‍👧 ☀ ☁ ☂ ☃ ★ la")[1] == ["not sung: 👨, 👩, 👧, ☀, ☁ and 3 more"]
    assert written(syllabify("the chorus line\nof verse")) == "the cho-rus line / of verse"


@pytest.mark.parametrize("text", ["", " ", "\n\t\n", "\u00a0"])
def test_nothing_is_refused(text):
    with pytest.raises(UserError, match="there are no lyrics; write"):
        syllabify(text)


@pytest.mark.parametrize("text", ["...", "!?", "😀 🎵", "—", "'", "\u200b", "[Chorus]", "()", "*_*"])
def test_without_letters_or_figures_is_refused(text):
    with pytest.raises(UserError, match="neither letters nor figures") as error:
        syllabify(text)
    assert "\n" not in str(error.value)


def test_one_syllable():
    lyrics = syllabify("Ah")
    assert lyrics == Lyrics(("Ah",), (0,), (0,), (1,), (0,), ("",), "en")


def test_columns_of_several_languages():
    lyrics = syllabify("我爱 baby", language="zh")
    assert (lyrics.tones, lyrics.stress) == ((3, 4, 0, 0), (UNKNOWN_STRESS, UNKNOWN_STRESS, 1, 0))
    assert lyrics.language == "zh"
    assert syllabify("die and live", language="de").language == "de"


def test_long_texts_take_little_time():
    syllabify("love 24")  # the dictionary is read
    start = time.process_time()
    assert len(syllabify("Twinkle, twinkle, little star, how I wonder what you are. " * 360)) == 5040
    assert len(syllabify("la " * 5000)) == 5000
    assert len(syllabify("ba" * 2500)) == 2500
    syllabify("[" * 5000 + "love" + " (" * 5000)
    syllabify("\n \n" * 5000 + "love")
    assert time.process_time() - start < 3


def test_lines_of_prose_end_at_marks():
    lyrics = syllabify(
        "Short line\n" + "Row, row, row your boat, gently down the stream, merrily, merrily, " * 2
    )
    lengths = list(Counter(lyrics.lines).values())
    assert lengths[0] == 2 and max(lengths) <= 12


def test_verse_lines():
    assert verse_lines([7, 7], [STOP, STOP]) == [1, 1]
    assert verse_lines([1, 2, 6], [STOP, PAUSE, NO_MARK]) == [3]  # "Oh! Susanna, ..." stays together
    assert verse_lines([2, 2, 3, 7], [PAUSE] * 4) == [3, 1]
    assert verse_lines([5, 5], [PAUSE, NO_MARK]) == [2]
    assert verse_lines([1] * 100, [NO_MARK] * 100) == [100]
    assert verse_lines([8] * 5, [PAUSE] * 5) == [1] * 5
    assert verse_lines([1], [STOP]) == [1]


@pytest.mark.skipif(not CORPUS.exists(), reason="the corpus of songs is not beside the repository")
def test_syllables_are_as_many_as_the_notes_of_songs():
    """On the first clean songs; all of them: 98 % of the words that the dictionary knows."""
    right = total = 0
    with gzip.open(CORPUS, "rt") as file:
        songs = (json.loads(next(file)) for _ in range(60))
        for song in (song for song in songs if not song["flags"]):
            entries = zip(song["w"], song["s"], strict=True)
            words = [
                "-".join(s for _, s in group) for w, group in groupby(entries, key=lambda e: e[0]) if w >= 0
            ]
            for word in filter(lambda word: word.replace("-", "").isalpha(), words):
                right += len(syllabify(word.replace("-", ""), language="en")) == word.count("-") + 1
                total += 1
    assert total > 1000
    assert right / total > 0.95
