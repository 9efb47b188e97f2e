"""report.typ: the slides of a report as Typst source, for people to read and edit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from common.report import facts, listing, markdown
from common.report.facts import Run
from common.report.figures import Picture, arrange
from common.report.markup import array, call, escape, fence, string
from common.report.words import EMPTY_NOTE, Words

if TYPE_CHECKING:
    from common.assignments import Assignment

LEARNING_CURVE = "learning_curve"

HEAD = """\
// {title}: the report of {student_id}.
// After a change:  python -m common.report {folder}
// The look is in slides.typ. A heading "= ..." begins a slide.

#import "slides.typ": *
"""


@dataclass(frozen=True)
class Author:
    name: str
    student_id: str


def report_source(
    assignment: Assignment,
    run: Run,
    author: Author,
    words: Words,
    pictures: Sequence[Picture],
    find_image: markdown.FindImage,
) -> str:
    """All slides. pictures: of the run, whose files lie in figures/ beside the source."""
    curves = [picture for picture in pictures if picture.path.stem == LEARNING_CURVE]
    others = [picture for picture in pictures if picture.path.stem != LEARNING_CURVE]

    def own(heading: str, above: str | None = None) -> str:
        return words_slides(heading, words.sections[heading], find_image, above)

    slides = [
        _head(assignment, run, author, words),
        own("Novelty"),
        own("Methodology"),
        own("Results", headline_table(assignment, run)),
        own("Findings"),
        own("Details"),
        _configuration(run),
        _training(assignment, run, curves),
        _listing(run.report),
        *(_figures(slide) for slide in arrange(others)),
        own("Analysis and discussion"),
    ]
    return "\n\n".join(slides) + "\n"


def words_slides(heading: str, text: str, find_image: markdown.FindImage, above: str | None = None) -> str:
    """The slides of the student's words under one heading, below `above`; without words, a note."""
    pages = (
        markdown.pages(text, find_image) if markdown.has_words(text) else [f"#to-be-written[{EMPTY_NOTE}]"]
    )
    bodies = []
    for page in pages:
        start = f"(above: {above})" if above and not bodies else ""
        bodies.append(f"#words{start}[\n{page}\n]")
    return f"= {escape(heading)}\n\n" + "\n\n#pagebreak()\n\n".join(bodies)


def headline_table(assignment: Assignment, run: Run) -> str:
    """The call that makes the table of the assignment's scores."""
    rows = [facts.headline_row(headline, run.metrics) for headline in assignment.headlines]
    header = ("score", "test", "95 % interval", "trivial baseline")
    cells = [", ".join(f"[{escape(cell)}]" for cell in row) for row in rows]
    note = f"note: [{escape(facts.data_line(run))}]"
    head = f"header: {array(*(f'[{escape(name)}]' for name in header))}"
    return call("headlines", note, head, *cells).removeprefix("#")


def _head(assignment: Assignment, run: Run, author: Author, words: Words) -> str:
    strings = {"assignment": assignment.title, "name": author.name, "student-id": author.student_id}
    note = f"{facts.value_text(run.record['config'].get('model'))}: {run.shown_path}"
    title = f"[{escape(words.title)}]" if words.title else "none"
    return "\n".join(
        (
            HEAD.format(
                title=assignment.title,
                student_id=author.student_id,
                folder=f"{author.student_id}_report",
            ),
            f"#show: slides.with({', '.join(f'{key}: {string(value)}' for key, value in strings.items())})",
            "",
            call(
                "cover",
                f"assignment: [{escape(assignment.title)}]",
                f"title: {title}",
                f"name: [{escape(author.name)}]",
                f"student-id: [{escape(author.student_id)}]",
                f"note: [{escape(note)}]",
            ).rstrip(),
        )
    )


def _configuration(run: Run) -> str:
    groups = []
    for name, options in facts.configuration(run):
        pairs = "".join(f"  ({string(key)}, {string(value)}),\n" for key, value in options)
        groups.append(f"({string(name)}, (\n{pairs}))")
    return "= Configuration\n\n" + call("settings", *groups).rstrip()


def _training(assignment: Assignment, run: Run, curves: Sequence[Picture]) -> str:
    """The learning curve, and below it what else is known of the training."""
    curve = string(f"figures/{curves[0].path.name}") if curves else "none"
    arguments = [
        f"curve: {curve}",
        _pairs("facts", facts.training_facts(run)),
        _pairs("commands", facts.command_lines(run, assignment)),
    ]
    return f"= {'Learning curves' if curves else 'Training'}\n\n{call('training', *arguments).rstrip()}"


def _pairs(name: str, pairs: facts.Pairs) -> str:
    lines = "".join(f"  ({string(key)}, {string(value)}),\n" for key, value in pairs)
    return f"{name}: (\n{lines})"


def _listing(report: str) -> str:
    """report.txt, as it is."""
    size, rows = listing.arrange(report)
    texts = []
    for row in rows:
        blocks = [fence("\n".join(block.lines)) for block in row]
        texts.append(blocks[0] if len(row) == 1 else "#beside" + "".join(f"[\n{one}\n]" for one in blocks))
    body = "\n\n".join(texts)
    return f"= Results in full\n\n#listing(size: {size}pt)[\n{body}\n]"


def _figures(slide: Sequence[Picture]) -> str:
    if len(slide) == 1:
        picture = slide[0]
        name = "tall-figure" if picture.is_tall else "wide-figure"
        return f"#{name}([{escape(picture.title)}], {string(f'figures/{picture.path.name}')})"
    paths = [string(f"figures/{one.path.name}") for one in slide]
    return call("figure-pair", f"[{escape('; '.join(one.title for one in slide))}]", *paths).rstrip()
