"""report.md: its pages, its questions, and what is wrong with it."""

from __future__ import annotations

import pytest

from common.cli import UserError
from common.report import REQUIRED_HEADINGS, read_words, template


@pytest.fixture
def read(tmp_path):
    def read(text: str | bytes):
        path = tmp_path / "report.md"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return read_words(path)

    return read


def test_the_template_has_every_page_and_no_word(read, assignment):
    words = read(template(assignment))
    assert tuple(words.sections) == words.empty_sections == REQUIRED_HEADINGS
    assert (words.name, words.title) == ("", "") and "HW9: an example" in template(assignment)


def test_a_filled_template_is_read(read, assignment):
    text = template(assignment).replace("Name:", "Name: 王小明").replace("Title:", "Title： 標題")
    text = text.replace("# Novelty\n", "# Novelty\n\nNew: 一切\n\n## Part\n\n```\n# no heading\n```\n")
    words = read(text.replace("# Findings\n", "Findings\n========\n\n![](a.png)\n"))
    assert (words.name, words.title) == ("王小明", "標題")
    assert words.sections["Novelty"] == "New: 一切\n\n## Part\n\n```\n# no heading\n```"
    assert words.empty_sections == ("Methodology", "Results", "Details", "Analysis and discussion")


@pytest.mark.parametrize(
    "text", ["", " \n", "- \n", "...", "**", "<!-- a\n\nb -->", "- <!-- a -->", "---", "> "]
)
def test_a_page_without_a_letter_is_empty(read, text):
    assert "Novelty" in read(f"# Novelty\n{text}\n").empty_sections


@pytest.mark.parametrize(
    "text", ["a", "1", "一", "<!-- a --> b", "- <!-- a -->b", "`x`", "$x$", "![](x.png)"]
)
def test_a_page_with_one_is_not(read, text):
    assert "Novelty" not in read(f"# NOVELTY\n{text}\n").empty_sections


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("# Novelity\n", 'no page is called "Novelity"; the headings are Novelty, Methodology'),
        ("# Results\na\n# results\nb\n", '"Results" stands twice'),
        ("lost words\n# Results\n", '"lost words" stands before the first heading'),
        ("# Results\n\na\n\n<!-- never closed\n", "the comment in line 5 has no end"),
        ("Name: " + 300 * "x", "at most 300 letters"),
        (b"# Results\n\xb4\xfa\n", "not UTF-8"),
    ],
)
def test_what_is_wrong_is_said_in_one_line(read, text, message):
    with pytest.raises(UserError, match=r"report\.md: ") as caught:
        read(text)
    assert message in str(caught.value) and "\n" not in str(caught.value)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(UserError, match=r"report\.md: no such file"):
        read_words(tmp_path / "report.md")


def test_windows_line_ends_and_a_byte_order_mark_are_fine(read):
    assert read("\ufeffName: A\r\n# Results\r\none\r\ntwo\r\n").sections["Results"] == "one\ntwo"
