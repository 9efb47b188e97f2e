"""Build a report: a folder with its source, and the PDF beside it."""

from __future__ import annotations

import hashlib
import importlib.util
import re
import shutil
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote

import typst
from fontTools.ttLib import TTFont
from pypdf import PdfReader

from common.cli import UserError, say
from common.report.facts import open_run
from common.report.figures import find_figures, open_picture
from common.report.source import Author, report_source
from common.report.words import read_words
from common.run_folder import write_atomically

if TYPE_CHECKING:
    from common.assignments import Assignment

STUDENT_ID = re.compile(r"[A-Za-z][A-Za-z0-9]{4,19}")
SLIDES = Path(__file__).with_name("slides.typ")
FONT_FOLDERS = (("zhplot", "fonts"), ("matplotlib", "mpl-data/fonts/ttf"))  # carried by packages
FONT_FILES = ("NotoSansSC-Regular.ttf", "DejaVuSans.ttf")
IMAGES = (".png", ".jpg", ".jpeg", ".gif", ".webp", ".svg")
CREATED = 0  # seconds since 1970: the same report has the same bytes
SEAL = "// as built: "


@dataclass(frozen=True)
class ReportResult:
    """`pdf`, and `source`, the report.typ it was made from. `empty_pages`: headings without words."""

    pdf: Path
    source: Path
    empty_pages: tuple[str, ...]
    pages: int


@dataclass
class _Images:
    """The pictures that report.md shows, each with the path of its copy beside report.typ."""

    beside: Path
    found: dict[Path, str] = field(default_factory=dict)

    def __call__(self, address: str) -> str:
        """The path of the copy. Errors: UserError for what is no image below the folder of report.md."""
        path = self.beside / unquote(address)
        if re.match(r"\w+:|//", address):
            raise UserError(f"{address}: a picture on the network; save it beside report.md")
        if not path.resolve().is_relative_to(self.beside.resolve()):
            raise UserError(f"{address}: lies outside the folder of report.md; copy it there")
        if not path.is_file() or path.suffix.lower() not in IMAGES:
            raise UserError(f"{path}: no picture there; name a file that ends in {', '.join(IMAGES)}")
        if path.suffix.lower() != ".svg":
            open_picture(path)
        if path not in self.found:
            self.found[path] = f"words/{len(self.found) + 1}_{path.name}"
        return self.found[path]


def build_report(
    assignment: Assignment, run: Path, *, student_id: str, name: str = "", words: Path, out: Path
) -> ReportResult:
    """Build OUT/ID_report.pdf, and its source in OUT/ID_report/.

    run: a folder that train.py and eval.py wrote. words: the student's report.md, from which `name` is
    taken if it is empty.
    Errors: UserError for a run that is not evaluated, for what cannot be read, or for a report.typ that was
    edited since: it is never overwritten.
    """
    if not STUDENT_ID.fullmatch(student_id):
        raise UserError(f"{student_id}: no student id; give a letter, then 4 to 19 letters and figures")
    said = read_words(words)
    author = Author(name.strip() or said.name, student_id.lower())
    if not author.name:
        raise UserError(f'{words}: has no name; write it into its line "Name:", or give --name')
    evaluated = open_run(run, assignment)
    pictures = find_figures(run / "figures")
    images = _Images(words.parent)
    text = report_source(assignment, evaluated, author, said, pictures, images)
    folder = out / f"{author.student_id}_report"
    source = folder / "report.typ"
    _refuse_edited(source)
    for picture in pictures:
        _copy(picture.path, folder / "figures" / picture.path.name)
    for path, copy in images.found.items():
        _copy(path, folder / copy)
    _copy(SLIDES, folder / "slides.typ")
    write_atomically(source, f"{text}\n{SEAL}{_digest(text, SLIDES)}\n".encode())
    if missing := missing_letters(text):
        say(f"{words}: the fonts of the report lack {' '.join(missing)}; boxes stand for them")
    pdf = compile_report(folder)
    return ReportResult(pdf, source, said.empty_sections, len(PdfReader(pdf).pages))


def compile_report(folder: Path) -> Path:
    """Make FOLDER.pdf from FOLDER/report.typ, which can read nothing outside its folder.

    Errors: UserError with the place of the mistake in an edited report.typ.
    """
    source = folder / "report.typ"
    if not source.is_file():
        raise UserError(f"{source}: no such file; build the report first")
    try:
        content, warnings = typst.Compiler(**_world(folder)).compile_with_warnings(timestamp=CREATED)
    except typst.TypstError as error:
        raise UserError(f"{source}: {_one_line(error)}; mend it, or delete it and build it anew") from error
    for warning in warnings:
        say(f"{source}: {warning.message}")
    pdf = folder.with_suffix(".pdf")
    write_atomically(pdf, content)
    return pdf


def _world(folder: Path) -> dict:
    """What Typst may see: this folder, and the fonts that two packages carry."""
    fonts = [_font_folder(package, inside) for package, inside in FONT_FOLDERS]
    source = folder / "report.typ"
    return {"input": source, "root": folder, "font_paths": fonts, "ignore_system_fonts": True}


def _font_folder(package: str, inside: str) -> Path:
    """A folder within an installed package, which is not imported: zhplot changes matplotlib when it is."""
    spec = importlib.util.find_spec(package)
    folder = Path(spec.origin).parent / inside if spec and spec.origin else None
    if folder is None or not folder.is_dir():
        raise UserError(f"{package}: not installed, it carries the fonts; run make install")
    return folder


def missing_letters(text: str) -> list[str]:
    """The letters of `text` that none of the fonts has, each once, the first twenty."""
    letters = sorted({letter for letter in text if ord(letter) > 0x7E})
    for (package, inside), name in zip(FONT_FOLDERS, FONT_FILES, strict=True):
        if letters:
            with TTFont(_font_folder(package, inside) / name, lazy=True) as font:
                known = font.getBestCmap()
            letters = [letter for letter in letters if ord(letter) not in known]
    return letters[:20]


def _one_line(error: typst.TypstError) -> str:
    """The message, and the line of report.typ it speaks of."""
    place = re.search(r"report\.typ:(\d+)", error.diagnostic)
    message = " ".join(error.message.split())
    return f"line {place[1]}: {message}" if place else message


def _refuse_edited(source: Path) -> None:
    """UserError if report.typ, or the slides.typ beside it, is not as it was built."""
    if not source.is_file():
        return
    text, _, digest = source.read_text(encoding="utf-8", errors="replace").rpartition(f"\n{SEAL}")
    if digest.strip() != _digest(text, source.with_name("slides.typ")):
        raise UserError(
            f"{source}: was edited; make the PDF of it with python -m common.report {source.parent},"
            " or move it away to build the report anew"
        )


def _digest(text: str, slides: Path) -> str:
    look = slides.read_bytes() if slides.is_file() else b""
    return hashlib.sha256(text.encode() + look).hexdigest()[:16]


def _copy(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source, target)
