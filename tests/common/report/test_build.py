"""The PDF: its size, fonts, text and figures, its errors, and the same bytes twice."""

from __future__ import annotations

import re
import shutil

import pytest
from pypdf import PdfReader

from common.cli import UserError
from common.report import EMPTY_NOTE, REQUIRED_HEADINGS, build_report, compile_report
from common.report import __main__ as command
from common.report.build import missing_letters

SLIDE = (841.89, 473.56)  # points, 16:9


@pytest.fixture(scope="module")
def pages(built):
    return PdfReader(built.result.pdf).pages


@pytest.fixture(scope="module")
def texts(pages):
    """The text of every page, on one line."""
    return [" ".join(page.extract_text().split()) for page in pages]


def test_every_page_is_16_to_9_and_numbered(built, pages, texts):
    assert built.result.pages == len(pages) == 18
    for page in pages:
        assert (float(page.mediabox.width), float(page.mediabox.height)) == pytest.approx(SLIDE, abs=0.1)
    for number, text in enumerate(texts[1:], start=2):
        assert f"{number} / 18" in text and "r12345678 HW9: an example" in text
    assert "/ 18" not in texts[0]


def test_the_fonts_are_embedded(pages):
    fonts = [font.get_object() for page in pages for font in page["/Resources"]["/Font"].values()]
    for font in fonts:
        descriptor = font["/DescendantFonts"][0].get_object()["/FontDescriptor"]
        assert {"/FontFile2", "/FontFile3"} & set(descriptor)
    assert {re.sub(r"^/\w+\+", "", font["/BaseFont"]) for font in fonts} >= {
        "NotoSansSC-Regular",
        "DejaVuSansMono",
    }


def test_the_cover_says_who_in_chinese(texts):
    for words in ("HW9: an example", "王小明", "r12345678", "以頻譜辨識樂器, 识别乐器"):
        assert words in texts[0]


def test_there_is_a_page_for_every_heading(texts):
    begun = [next(i for i, text in enumerate(texts) if text.startswith(head)) for head in REQUIRED_HEADINGS]
    assert begun == sorted(begun)


def test_long_sections_go_on_on_the_next_page(texts):
    assert [text.startswith("Analysis and discussion continued") for text in texts[-2:]] == [True, True]
    assert "Paragraph 19" in texts[-1]
    assert any(text.startswith("Results continued More of it.") for text in texts)


def test_an_empty_page_is_named_and_says_so(built, texts):
    assert built.result.empty_pages == ("Details",)
    assert [text.startswith("Details") for text in texts if EMPTY_NOTE in text] == [True]


def test_markup_of_the_students_shows_and_does_nothing(texts):
    shown = "#set page(width: 1cm) slanted strong(not a call) x_i^2 code <label> @reference"
    assert shown in texts[1]
    assert "note: `raw` #set text(fill: red) $ stays" in " ".join(texts)
    assert "question" not in " ".join(texts)


def test_results_stand_beside_interval_and_baseline(texts):
    results = next(text for text in texts if text.startswith("Results"))
    assert "top-1 accuracy 0.500 0.401 to 0.599 0.125" in results  # over groups
    assert "SDR, dB -1.23 – –" in results and "another – – –" in results
    assert "mini data, never to be set beside" in results


def test_the_run_is_told(texts):
    everything = " ".join(texts)
    for words in (
        "learning_rate 0.003",
        "inner.deep –",
        "parameters 18",
        "2, best 1",
        "1 min 1 s, 30.5 s an epoch",
        "torch 2.11.0",
        "18c8890dbc-dirty",
        "python hw9/train.py --preset quick",
        "python -m hw9_example.infer --model",
    ):
        assert words in everything


def test_every_figure_is_shown_within_its_page(built, pages):
    images = [len(page.images) for page in pages]
    assert sum(images) == 6  # five of the run, one of the student
    for page in pages:
        for a, b, c, d, x, y in _placed(page):
            assert b == c == 0
            assert min(x, y) > 0 and x + a < SLIDE[0] and y + abs(d) < SLIDE[1]
            assert a > 100


def test_no_text_runs_into_the_foot_or_over_the_edge(pages):
    for number, page in enumerate(list(pages)[1:], start=2):
        places = []
        page.extract_text(visitor_text=lambda text, cm, tm, *_, places=places: places.append((text, cm, tm)))
        at = [(text.strip(), _times(tm, cm)) for text, cm, tm in places if text.strip()]
        foot = "".join(text for text, matrix in at if matrix[5] < 36)
        assert re.sub(r"\s", "", foot) == f"r12345678HW9:anexample{number}/18"
        assert all(40 <= matrix[4] < 800 and matrix[5] < 460 for _, matrix in at)


def _placed(page) -> list[tuple[float, ...]]:
    """The matrices under which images are drawn: (width, 0, 0, height, x, y) in points."""
    found, stack, current = [], [], (1.0, 0.0, 0.0, 1.0, 0.0, 0.0)
    for operands, operator in page.get_contents().operations:
        if operator == b"q":
            stack.append(current)
        elif operator == b"Q":
            current = stack.pop()
        elif operator == b"cm":
            current = _times(tuple(map(float, operands)), current)
        elif operator == b"Do":
            found.append(current)
    return [matrix if matrix[3] > 0 else (*matrix[:5], matrix[5] + matrix[3]) for matrix in found]


def _times(m, n):
    return (
        m[0] * n[0] + m[1] * n[2],
        m[0] * n[1] + m[1] * n[3],
        m[2] * n[0] + m[3] * n[2],
        m[2] * n[1] + m[3] * n[3],
        m[4] * n[0] + m[5] * n[2] + n[4],
        m[4] * n[1] + m[5] * n[3] + n[5],
    )


def test_the_same_input_gives_the_same_bytes(built, assignment, tmp_path):
    again = build_report(assignment, **built.arguments, out=tmp_path / "elsewhere")
    assert again.pdf.read_bytes() == built.result.pdf.read_bytes()


def test_an_edited_source_is_kept_and_compiled_again(built, assignment, tmp_path, capsys):
    out = tmp_path / "out"
    shutil.copytree(built.result.pdf.parent, out)
    source = out / "r12345678_report" / "report.typ"
    edited = source.read_text(encoding="utf-8").replace("= Novelty", "= Novelty, edited")
    source.write_text(edited, encoding="utf-8")
    with pytest.raises(UserError, match=r"report\.typ: was edited; .*python -m common\.report"):
        build_report(assignment, **built.arguments, out=out)
    assert source.read_text(encoding="utf-8") == edited
    command.main(command.ReportConfig(source.parent))
    assert capsys.readouterr().out.strip() == str(out / "r12345678_report.pdf")
    assert "Novelty, edited" in PdfReader(out / "r12345678_report.pdf").pages[1].extract_text()


def test_a_source_reads_nothing_outside_its_folder(tmp_path):
    (tmp_path / "secret.txt").write_text("secret")
    folder = tmp_path / "r12345678_report"
    folder.mkdir()
    for path in ("../secret.txt", str(tmp_path / "secret.txt")):
        (folder / "report.typ").write_text(f'first line\n#read("{path}")', encoding="utf-8")
        with pytest.raises(UserError, match=r"report\.typ: line 2: .*; mend it"):
            compile_report(folder)
    assert not folder.with_suffix(".pdf").exists()


def test_a_run_without_metrics_says_which_command_to_run(assignment, run_folder, words_file, tmp_path):
    (run_folder / "metrics.json").unlink()
    with pytest.raises(UserError, match=r"not evaluated .*run python hw9/eval\.py --model .*cnn$") as caught:
        build_report(assignment, run_folder, student_id="r12345678", words=words_file, out=tmp_path / "out")
    assert "\n" not in str(caught.value) and not (tmp_path / "out").exists()


def test_a_broken_figure_is_named(assignment, run_folder, words_file, tmp_path):
    (run_folder / "figures" / "confusion.png").write_bytes(b"\x89PNG\r\n\x1a\n broken")
    with pytest.raises(UserError, match=r"confusion\.png: no image"):
        build_report(assignment, run_folder, student_id="r12345678", words=words_file, out=tmp_path / "out")


@pytest.mark.parametrize("student_id", ["", "r1", "../x", "r1234567/8", "王12345", "r" + 20 * "1"])
def test_what_is_no_student_id_is_refused(built, assignment, tmp_path, student_id):
    with pytest.raises(UserError, match="no student id"):
        build_report(assignment, **built.arguments | {"student_id": student_id}, out=tmp_path)


def test_letters_without_a_glyph_are_found():
    assert missing_letters("aé王晓かカ♪→\U0001f600") == []
    assert missing_letters("한 a") == ["한"]
