"""The student's own words: report.md, a heading of the first level for each page."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from markdown_it.token import Token

from common.cli import UserError
from common.report.markdown import PARSER, has_words

if TYPE_CHECKING:
    from common.assignments import Assignment

QUESTIONS = {
    "Novelty": "What did you do that the assignment, its baseline or the published solutions do not? Why"
    " should it help?",
    "Methodology": "Data and split, features, model, loss, training; how the final model was chosen. A"
    " picture helps.",
    "Results": "The scores, intervals and baselines are put above your words. What do they say, and what"
    " surprised you?",
    "Findings": "Two to four things worth remembering, each in one sentence with its number.",
    "Details": "What somebody needs to repeat it, beyond configuration, versions and commands, which follow"
    " by themselves: what you tried and left, with its validation score.",
    "Analysis and discussion": "Where does it fail, and why? What do the confusions or the worst examples"
    " share? What would you do next?",
}
REQUIRED_HEADINGS = tuple(QUESTIONS)  # the slides' titles; the cover comes before them by itself
EMPTY_NOTE = "(to be written)"  # on a page without words

MOST_LETTERS = 300  # of the lines with name and title
COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
FIELD = re.compile(r"(Name|Title)[ \t]*[:：][ \t]*(.*)", re.IGNORECASE)

TEMPLATE = """\
<!--
Your words for the report of {title}. One heading, one page; what does not fit goes on on the next.
Markdown: paragraphs, *italic*, **bold**, `code`, lists, tables, [links](https://...), and pictures that lie
beside this file: ![what it shows](picture.png). A line with nothing but three dashes begins a new page.
Scores, figures, configuration, versions and commands come from the run and need no words.
Questions like this one are not shown. A page without words says "to be written", and so does the check.
-->
Name:
Title:
"""


@dataclass(frozen=True)
class Words:
    """What report.md says. `sections`: the Markdown under each of REQUIRED_HEADINGS, or ""."""

    title: str
    name: str
    sections: dict[str, str]

    @property
    def empty_sections(self) -> tuple[str, ...]:
        return tuple(heading for heading, text in self.sections.items() if not has_words(text))


def template(assignment: Assignment) -> str:
    """The report.md to begin with: the headings, and under each a question that does not show."""
    questions = (f"# {heading}\n\n<!-- {question} -->\n" for heading, question in QUESTIONS.items())
    return "\n".join((TEMPLATE.format(title=assignment.title), *questions))


def read_words(report_md: Path) -> Words:
    """Read report.md. Errors: UserError if it is missing or no UTF-8, or for a heading that is unknown."""
    lines = _without_comments(_read(report_md), report_md).split("\n")
    sections = dict.fromkeys(REQUIRED_HEADINGS, "")
    headings = list(_headings("\n".join(lines)))
    starts = [first for _, first, _ in headings] + [len(lines)]
    for (heading, _, begin), end in zip(headings, starts[1:], strict=True):
        known = {name.casefold(): name for name in REQUIRED_HEADINGS}.get(heading.casefold())
        if known is None:
            raise UserError(
                f'{report_md}: no page is called "{heading}"; the headings are {", ".join(REQUIRED_HEADINGS)}'
            )
        if sections[known]:
            raise UserError(f'{report_md}: the heading "{known}" stands twice; make it one')
        sections[known] = "\n".join(lines[begin:end]).strip("\n")
    return Words(sections=sections, **_fields(lines[: starts[0]], report_md))


def _fields(lines: list[str], path: Path) -> dict[str, str]:
    """Name and title, from the lines before the first heading."""
    fields = {"name": "", "title": ""}
    for line in lines:
        if found := FIELD.fullmatch(line.strip()):
            fields[found[1].lower()] = found[2].strip()
        elif line.strip():
            raise UserError(
                f'{path}: "{line.strip()[:40]}" stands before the first heading; put it below one'
            )
        if len(line) > MOST_LETTERS:
            raise UserError(f"{path}: name and title have at most {MOST_LETTERS} letters; shorten the line")
    return fields


def _read(path: Path) -> str:
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError as error:
        raise UserError(f"{path}: no such file; write your words there, or let the report make it") from error
    except UnicodeDecodeError as error:
        raise UserError(f"{path}: not UTF-8 text; save it as UTF-8") from error
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _without_comments(text: str, path: Path) -> str:
    """The text without the comments that stand on their own; the lines keep their numbers."""
    lines = text.split("\n")
    for token in PARSER.parse(text):
        if token.type != "html_block" or "<!--" not in token.content:
            continue
        begin, end = token.map
        content = COMMENT.sub(lambda comment: "\n" * comment[0].count("\n"), "\n".join(lines[begin:end]))
        if "<!--" in content:
            raise UserError(f"{path}: the comment in line {begin + 1} has no end; close it with -->")
        lines[begin:end] = content.split("\n")
    return "\n".join(lines)


def _headings(text: str) -> list[tuple[str, int, int]]:
    """Of each heading of the first level: its text, its first line and the line after it."""
    tokens: list[Token] = PARSER.parse(text)
    return [
        (tokens[index + 1].content.strip(), *token.map)
        for index, token in enumerate(tokens)
        if token.type == "heading_open" and token.tag == "h1" and token.level == 0
    ]
