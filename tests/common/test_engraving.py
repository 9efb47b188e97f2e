"""Engraved pages: SVG without foreign fonts, PNG with ink, PDF on A4, and files by page."""

import io
import re

import numpy as np
import pytest
from PIL import Image
from pypdf import PdfReader

from common.engraving import SIGN_FONTS, engrave, pdf, rasterize, write_pages

NOTE = (
    "<note><pitch><step>G</step><octave>4</octave></pitch><duration>1</duration><type>quarter</type>{}</note>"
)
WORD = "<lyric><syllabic>single</syllabic><text>Wort</text></lyric>"


def document(bars=1):
    measures = "".join(f'<measure number="{n}">{NOTE.format(WORD) * 4}</measure>' for n in range(2, bars + 1))
    return (
        '<score-partwise version="4.0"><work><work-title>Titel</work-title></work><part-list>'
        '<score-part id="P1"><part-name>S</part-name></score-part></part-list><part id="P1">'
        "<measure number='1'><attributes><divisions>1</divisions>"
        "<time><beats>4</beats><beat-type>4</beat-type></time></attributes>"
        "<direction><direction-type><metronome><beat-unit>quarter</beat-unit><per-minute>90</per-minute>"
        f"</metronome></direction-type></direction>{NOTE.format(WORD) * 4}</measure>{measures}</part>"
        "</score-partwise>"
    ).encode()


def ink(png):
    return np.asarray(Image.open(io.BytesIO(png)).convert("L")) < 128


def test_svg_has_no_music_font_within_text():
    (page,) = engrave(document())
    assert page.count('class="note"') == 4
    assert SIGN_FONTS in page and "♩" in page
    assert not re.search("[\ue000-\uf8ff]", page)
    assert engrave(document()) == [page]


def test_png_has_ink():
    (page,) = engrave(document())
    dark = ink(rasterize(page, width=500))
    assert dark.shape[1] == 500 and 0.005 < dark.mean() < 0.3


def test_pdf_has_a_page_for_each_and_its_text():
    pages = engrave(document(200))
    assert len(pages) > 1
    content = pdf(pages)
    found = PdfReader(io.BytesIO(content)).pages
    assert len(found) == len(pages)
    assert {round(side / 72 * 25.4) for page in found for side in page.mediabox.upper_right} == {210, 297}
    assert "Titel" in found[0].extract_text() and "Wort" in found[-1].extract_text()
    assert pdf(pages[:1]) == pdf(pages[:1])
    with pytest.raises(ValueError, match="at least one page"):
        pdf([])


def test_files_by_page(tmp_path):
    assert [path.name for path in write_pages(tmp_path / "a.svg", [b"x"])] == ["a.svg"]
    assert [path.name for path in write_pages(tmp_path / "b.svg", [b"x", b"y"])] == ["b-1.svg", "b-2.svg"]
    assert (tmp_path / "b-2.svg").read_bytes() == b"y"


def test_no_score():
    with pytest.raises(RuntimeError, match="verovio"):
        engrave(b"no score")
