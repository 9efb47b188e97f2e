"""The font of a score's text, for a page: engraving leaves room for the letters of Times, which not all have.

Where a browser takes another serif font (Android's, or that of a bare Linux), letters are wider and syllables
run into each other. STIX General is as wide as Times, comes with matplotlib, and its licence, the SIL Open
Font License, allows to embed it; PNGs are drawn with it, too (engraving.py).
"""

from __future__ import annotations

import io

from fontTools.subset import Options, Subsetter, load_font, save_font

from common.engraving import FONTS, TEXT_FONTS
from common.pages import data_address

FAMILY = "Score"  # what songs.css calls it


def font_face(text: str) -> str:
    """The CSS rule that brings the font with the characters of `text`, 10 kB for Latin letters.

    Characters that it lacks, such as Chinese ones, are left to the fonts of the reader's system.
    """
    address = data_address(font_with(text), "font/woff")
    return f'@font-face {{ font-family: {FAMILY}; src: url("{address}") format("woff"); }}'


def font_with(text: str) -> bytes:
    """The font as WOFF, with no more than the characters of `text`; the same ones give the same bytes."""
    options = Options(flavor="woff", hinting=False, layout_features=["kern"], recalc_timestamp=False)
    options.drop_tables += ["FFTM"]  # when the font was made
    font, subsetter, content = load_font(FONTS / TEXT_FONTS[0], options), Subsetter(options), io.BytesIO()
    subsetter.populate(unicodes=map(ord, text))
    subsetter.subset(font)
    save_font(font, content, options)
    return content.getvalue()
