"""What a PDF is; a hostile one ends its reader, not us."""

from __future__ import annotations

import io
import zlib

import pytest
from pypdf import PdfWriter

from common.handin.pdf_facts import PdfError, pdf_facts

HELVETICA = b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>"


def pdf(*objects: bytes) -> bytes:
    """A PDF of these objects, numbered from 1; the first is the catalog."""
    body, places = b"%PDF-1.7\n", []
    for number, text in enumerate(objects, 1):
        places.append(len(body))
        body += b"%d 0 obj\n%s\nendobj\n" % (number, text)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    head = b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    tail = b"trailer << /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, len(body))
    return body + head + table + tail


def one_page(
    content: bytes, *, box: bytes = b"0 0 960 540", more: bytes = b"", font: bytes = HELVETICA
) -> bytes:
    page = b"<< /Type /Page /Parent 2 0 R /MediaBox [%s] /Contents 4 0 R %s" % (box, more)
    return pdf(
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        page + b" /Resources << /Font << /F1 5 0 R >> >> >>",
        content,
        font,
    )


def stream(data: bytes, filters: bytes = b"") -> bytes:
    return b"<< /Length %d %s >>\nstream\n%s\nendstream" % (len(data), filters, data)


WORDS = stream(b"BT /F1 24 Tf 100 100 Td (Novelty of mine) Tj ET")


@pytest.fixture
def written(tmp_path):
    def write(data: bytes):
        (tmp_path / "a report.pdf").write_bytes(data)
        return tmp_path / "a report.pdf"

    return write


def test_pages_shape_text_and_fonts_are_found(written):
    facts = pdf_facts(written(one_page(WORDS)))
    assert (facts.pages, facts.aspect, facts.is_16_9) == (1, (960, 540), True)
    assert facts.text_by_page == ("Novelty of mine",)
    assert facts.fonts_embedded is False


@pytest.mark.parametrize(
    ("size", "wide"),
    [
        ((1280, 720), True),
        ((841.89, 473.56), True),
        ((960, 545), True),
        ((960, 550), False),
        ((720, 1280), False),
    ],
)
def test_16_9_is_meant_within_one_percent_and_upright(written, making, size, wide):
    assert pdf_facts(written(making.slides(1, *size))).is_16_9 is wide


def test_pages_are_judged_as_they_are_seen(written):
    assert not pdf_facts(written(one_page(WORDS, more=b"/Rotate 90"))).is_16_9
    turned = one_page(WORDS, box=b"0 0 540 960", more=b"/Rotate 270")
    assert pdf_facts(written(turned)).is_16_9
    cropped = one_page(WORDS, box=b"0 0 612 792", more=b"/CropBox [0 0 480 270]")
    assert pdf_facts(written(cropped)).aspect == (480, 270)


def test_one_page_of_another_shape_decides(written):
    writer, file = PdfWriter(), io.BytesIO()
    for height in (720, 720, 960, 720):
        writer.add_blank_page(1280, height)
    writer.write(file)
    assert pdf_facts(written(file.getvalue())).aspect == (1280, 960)


HOSTILE = {
    "empty": b"",
    "text": b"hello",
    "cut off": one_page(WORDS)[:200],
    "no pages": pdf(b"<< /Type /Catalog /Pages 2 0 R >>", b"<< /Type /Pages /Kids [] /Count 0 >>"),
    "pages that hold themselves": pdf(
        b"<< /Type /Catalog /Pages 2 0 R >>", b"<< /Type /Pages /Kids [2 0 R 2 0 R] /Count 9 >>"
    ),
    "a page without size": one_page(WORDS, box=b"0 0 0 0"),
    "a page of infinite size": one_page(WORDS, box=b"0 0 1e999 9"),
    "lists in lists": one_page(WORDS, more=b"/X " + b"[" * 50_000 + b"]" * 50_000),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_broken_pdf_is_an_error_of_one_line(written, name):
    with pytest.raises(PdfError) as caught:
        pdf_facts(written(HOSTILE[name]), cpu_seconds=5)
    assert "\n" not in str(caught.value)


def test_a_page_that_unpacks_to_gigabytes_stays_within_the_memory(written):
    bomb = zlib.compress(zlib.compress(bytes(100 << 20)))
    data = one_page(stream(bomb, b"/Filter [/FlateDecode /FlateDecode]"))
    with pytest.raises(PdfError):
        pdf_facts(written(data), memory_bytes=200 << 20)


def test_a_reader_that_is_busy_for_long_is_ended(written):
    busy = stream(zlib.compress(b"BT /F1 9 Tf " + b"(a) Tj " * 500_000 + b"ET"), b"/Filter /FlateDecode")
    with pytest.raises(PdfError, match="too long"):
        pdf_facts(written(one_page(busy)), cpu_seconds=1)
    with pytest.raises(PdfError, match="too long"):
        pdf_facts(written(one_page(busy)), wall_seconds=0.2)


def test_more_pages_than_a_report_has_are_not_read(written, making):
    with pytest.raises(PdfError, match="201 pages, 1 to 200 are read"):
        pdf_facts(written(making.slides(201)))


def test_a_page_of_endless_text_is_cut(written):
    long = stream(b"BT /F1 9 Tf " + b"(word word ) Tj " * 5000 + b"ET")
    (text,) = pdf_facts(written(one_page(long))).text_by_page
    assert len(text) == 20_000
