"""The font of scores in pages: as wide as Times, with the characters that are needed and no others."""

from __future__ import annotations

import base64
import io
import re

import pytest
from fontTools.ttLib import TTFont

from common.score_font import font_face, font_with


def test_letters_are_as_wide_as_those_of_times():
    font = TTFont(io.BytesIO(font_with("aimW-é")))
    widths = {chr(code): font["hmtx"][name][0] for code, name in font.getBestCmap().items()}
    # In thousandths of the font's size, from Adobe's metrics of Times-Roman (Times-Roman.afm).
    assert widths == {"a": 444, "i": 278, "m": 778, "W": 944, "-": 333, "é": 444}
    assert font["head"].unitsPerEm == 1000


@pytest.mark.parametrize("text", ["", "\0\udce9 王", "aaa"])
def test_any_text_has_a_font(text):
    font = TTFont(io.BytesIO(font_with(text)))
    assert set(map(chr, font.getBestCmap() or {})) == set(text) & {"a", " "}


def test_the_rule_holds_the_font():
    [content] = re.fullmatch(
        r'@font-face \{ font-family: Score; src: url\("data:font/woff;base64,([^"]*)"\) format\("woff"\); \}',
        font_face("Ah"),
    ).groups()
    assert base64.b64decode(content) == font_with("hA") and len(content) < 4000
