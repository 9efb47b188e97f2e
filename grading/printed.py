"""What a hand-in printed, made harmless for screens, logs and pages of text.

No control or invisible characters, so nothing moves the cursor, changes colours or turns the order of letters
around; few lines, and short ones; each behind a bar, so that none can pass for a line of the grader's own.
"""

from __future__ import annotations

import re

ESCAPES = re.compile(r"\x1b(?:\[[0-?]{0,64}[ -/]{0,8}[@-~]?|\][^\x07\x1b]{0,512}\x07?|.?)")  # of terminals
LONGEST_LINE = 200
BAR = "| "


def one_line(text: str, most: int = 700) -> str:
    """`text` on one line, only what can be seen of it, with at most that many characters."""
    seen = "".join(letter if letter.isprintable() else " " for letter in ESCAPES.sub("", text))
    line = " ".join(seen.split())
    return line if len(line) <= most else f"{line[: most - 4]} ..."


def last_lines(printed: bytes, most: int) -> list[str]:
    """The last lines that were printed, each behind a bar; what a progress bar overwrote is left out."""
    text = printed[-(most + 1) * LONGEST_LINE * 8 :].decode("utf-8", errors="replace")
    lines = [line.rpartition("\r")[2] or line.strip("\r") for line in text.split("\n")]
    kept = [line for line in (one_line(line, LONGEST_LINE) for line in lines) if line]
    return [BAR + line for line in kept[-most:]]


def log_text(printed: bytes) -> str:
    """All that was printed, as lines that can be shown."""
    return "".join(
        f"{one_line(line, 2000)}\n" for line in printed.decode("utf-8", errors="replace").split("\n")
    )
