"""What is drawn when no font has the characters, and when one does."""

from pathlib import Path

import pytest
from fontTools.fontBuilder import FontBuilder
from fontTools.pens.ttGlyphPen import TTGlyphPen
from written_songs import CHORALE, JASMINE, song

from hw3_melody_generation import readable as module
from hw3_melody_generation.readable import in_latin_letters, readable, romaji


@pytest.fixture
def installed(monkeypatch):
    """Set which fonts are installed."""

    def install(*paths):
        module.font_with.cache_clear()
        monkeypatch.setattr(module.font_manager, "findSystemFonts", lambda: [str(path) for path in paths])

    yield install
    module.font_with.cache_clear()


def tiny_font(path, characters):
    """A font in which every character is the same box."""
    pen = TTGlyphPen(None)
    for number, point in enumerate([(0, 0), (0, 800), (900, 800), (900, 0)]):
        pen.lineTo(point) if number else pen.moveTo(point)
    pen.closePath()
    box = pen.glyph()
    names = {ord(character): f"glyph{number}" for number, character in enumerate(characters)}
    builder = FontBuilder(1000, isTTF=True)
    order = [".notdef", *names.values()]
    builder.setupGlyphOrder(order)
    builder.setupCharacterMap(names)
    builder.setupGlyf(dict.fromkeys(order, box))
    builder.setupHorizontalMetrics(dict.fromkeys(order, (1000, 0)))
    builder.setupHorizontalHeader(ascent=880, descent=-120)
    builder.setupNameTable({"familyName": "Tiny", "styleName": "Regular"})
    builder.setupOS2()
    builder.setupPost()
    builder.save(path)
    return path


def test_latin_text_stays_as_it_is():
    assert readable(CHORALE) == (CHORALE, None, "")


def test_an_installed_font_is_used(installed, tmp_path):
    wrong = tiny_font(tmp_path / "a_cjk.ttf", "茉莉")
    broken = tmp_path / "b_cjk.ttf"
    broken.write_bytes(b"no font")
    right = tiny_font(tmp_path / "z.ttf", "茉莉花好一朵")
    installed(wrong, broken, right, tmp_path / "gone.ttf")
    assert readable(JASMINE) == (JASMINE, Path(right), "")


def test_without_a_font_pinyin_and_a_notice(installed):
    installed()
    shown, font, notice = readable(JASMINE)
    assert shown.lyrics.syllables == ("mò", "lì", "huā", "hǎo", "yī", "duǒ")
    assert shown.title == "mò lì huā"
    assert shown.melody is JASMINE.melody
    assert font is None
    assert "transcribed" in notice
    assert "\n" not in notice


def test_what_cannot_be_transcribed_is_left_out_with_a_notice(installed):
    installed()
    shown, _, notice = readable(song("la 𓀀 lo", [60, 62, 64], [1, 1, 1]))
    assert shown.lyrics.syllables == ("la", "", "lo")
    assert "left out" in notice


def test_readings_depend_on_the_words_around():
    assert in_latin_letters(["重", "庆", "Hi", "さ"]) == ["chóng", "qìng", "Hi", "sa"]
    assert in_latin_letters(["重", "要"]) == ["zhòng", "yào"]
    assert in_latin_letters([]) == []


@pytest.mark.parametrize(
    ("kana", "latin"),
    [
        *(("し", "shi"), ("つ", "tsu"), ("ふ", "fu"), ("ぢ", "ji"), ("を", "o"), ("ん", "n"), ("ア", "a")),
        *(("きゃ", "kya"), ("しゅ", "shu"), ("チョ", "cho"), ("じゃ", "ja"), ("きって", "kitte")),
        *(("ラー", "ra"), ("ー", "-"), ("huā", "huā")),
    ],
)
def test_hepburn(kana, latin):
    assert romaji(kana) == latin
