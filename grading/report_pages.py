"""What a report's pages say, from the text of each: is every heading there, was any page left empty?"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence

LONGER = 30  # characters that a heading's line may have more than the heading
NUMBERING = " \t0123456789.:)-–•#"


def missing_headings(pages: Sequence[str], headings: Sequence[str]) -> list[str]:
    """Those of the headings with which no line of any page begins; numbering and case do not matter."""
    lines = [line for page in pages for line in plain_lines(page)]
    return [heading for heading in headings if not any(is_headed(line, heading) for line in lines)]


def is_headed(line: str, heading: str) -> bool:
    return line.startswith(plain(heading)) and len(line) <= len(heading) + LONGER


def empty_pages(
    pages: Sequence[str], headings: Sequence[str], least_characters: int, notes: Sequence[str]
) -> list[int]:
    """Numbers, from 1, of the pages that nobody wrote: one of `notes` stands there, or next to nothing.

    Next to nothing: under one of `headings`, or on a page without a line, fewer characters than that. Other
    pages may be short, as the cover is and those that hold a picture.
    """

    def is_empty(page: str) -> bool:
        lines = plain_lines(page)
        said = " ".join(lines[1:])
        to_write = not lines or any(is_headed(lines[0], heading) for heading in headings)
        short = len(said.replace(" ", "")) < least_characters
        return any(plain(note) in said for note in notes) or (to_write and short)

    return [number for number, page in enumerate(pages, start=1) if number > 1 and is_empty(page)]


def plain_lines(page: str) -> list[str]:
    return [line for line in map(plain, page.splitlines()) if line]


def plain(text: str) -> str:
    """`text` for comparing: ligatures undone, one space for many, small letters, no numbering in front."""
    return " ".join(unicodedata.normalize("NFKC", text).split()).lstrip(NUMBERING).casefold()
