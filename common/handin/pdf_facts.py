"""What a report is, as a PDF: pages, their shape, their text. Read in a limited process of its own.

facts = pdf_facts(Path("r12345678_report.pdf"))
facts.pages, facts.is_16_9, facts.text_by_page[0]
"""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

CHILD = Path(__file__).with_name("pdf_child.py")
CPU_SECONDS, WALL_SECONDS, MEMORY_BYTES = 20, 60, 1 << 30
MOST_PRINTED = 8 << 20
WIDE = 16 / 9
TOLERANCE = 0.01  # of the aspect: slides of 1280 x 720 points, or 33.87 x 19.05 cm rounded


class PdfError(ValueError):
    """The file cannot be read as a PDF; the text says why, without the file's name."""


@dataclass(frozen=True)
class PdfFacts:
    """aspect: width and height of the page that is farthest from 16:9, in points."""

    pages: int
    aspect: tuple[float, float]
    text_by_page: tuple[str, ...]
    fonts_embedded: bool

    @property
    def is_16_9(self) -> bool:
        """Whether every page is 16:9, within one percent."""
        return _off(self.aspect) <= TOLERANCE


def pdf_facts(
    path: Path,
    *,
    cpu_seconds: int = CPU_SECONDS,
    wall_seconds: float = WALL_SECONDS,
    memory_bytes: int = MEMORY_BYTES,
) -> PdfFacts:
    """The facts of a PDF. Errors: PdfError if it is none, or cannot be read within the limits."""
    command = [sys.executable, "-I", "-X", "utf8", str(CHILD), str(path.resolve())]
    with tempfile.TemporaryFile() as printed:  # not a pipe: its length is limited, too
        try:
            done = subprocess.run(
                [*command, str(cpu_seconds), str(memory_bytes)],
                stdin=subprocess.DEVNULL,
                stdout=printed,
                stderr=subprocess.DEVNULL,
                cwd=tempfile.gettempdir(),
                timeout=wall_seconds,
                check=False,
            )
        except subprocess.TimeoutExpired:
            raise PdfError("it takes too long to read") from None
        printed.seek(0)
        return _facts(printed.read(MOST_PRINTED + 1), done.returncode)


def _facts(printed: bytes, status: int) -> PdfFacts:
    """The facts in what the child printed."""
    if status in (-signal.SIGKILL, -getattr(signal, "SIGXCPU", signal.SIGKILL)):
        raise PdfError("it takes too long to read")
    try:
        answer: dict[str, Any] = json.loads(printed)
    except ValueError:
        raise PdfError("its reader broke down") from None
    if "error" in answer:
        raise PdfError(answer["error"])
    return PdfFacts(
        pages=answer["pages"],
        aspect=max((tuple(size) for size in answer["sizes"]), key=_off),
        text_by_page=tuple(answer["text"]),
        fonts_embedded=answer["fonts_embedded"],
    )


def _off(size: tuple[float, float]) -> float:
    """How far a page is from 16:9, relatively."""
    return abs(size[0] / size[1] / WIDE - 1)
