"""The report of a hand-in: 16:9 slides as PDF, from a run folder and the student's own words.

    result = build_report(find("hw1"), Path("runs/hw1/cnn"), student_id="r12345678", name="王小明",
                          words=Path("hw1_instrument_detection/report.md"), out=Path("."))
    result.pdf, result.empty_pages

    words.py        report.md: a heading for each page
    markdown.py     Markdown as Typst source; markup.py escapes text
    facts.py        what the run says of itself; listing.py lays out its report.txt, figures.py its figures
    source.py       report.typ, for people to read and edit; slides.typ says how slides look
    build.py        the folder and the PDF

After an edit of report.typ: python -m common.report FOLDER.
No network, no font of the system, no time stamp: the same input gives the same bytes.
"""

from common.report.build import ReportResult, build_report, compile_report
from common.report.words import EMPTY_NOTE, REQUIRED_HEADINGS, Words, read_words, template

__all__ = [
    "EMPTY_NOTE",
    "REQUIRED_HEADINGS",
    "ReportResult",
    "Words",
    "build_report",
    "compile_report",
    "read_words",
    "template",
]
