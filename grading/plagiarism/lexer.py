"""Python text -> tokens, whatever the text is: broken code is read as far as it makes sense, in linear time.

Python's own `tokenize` gives up at the first mistake and differs between versions (f-strings, since 3.12); a
copy with a missing bracket must still be found. On code without mistakes both see the same (tested on this
repository's files). Nothing is parsed or compiled: the nesting of hostile code costs nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

NAME, NUMBER, STRING, OPERATOR, NEWLINE = "name", "number", "string", "operator", "newline"


class Token(NamedTuple):
    """One token; `newline` ends a statement and has no text. Lines count from 1."""

    kind: str
    text: str
    line: int
    last_line: int


@dataclass(frozen=True)
class Lexed:
    """The tokens, without comments, and what looked wrong (one short sentence each)."""

    tokens: list[Token]
    faults: tuple[str, ...]


PREFIX = r"(?:[rRuUbBfF]|[rR][bBfF]|[bBfF][rR])?"
# Each alternative begins with other characters and repeats what cannot be read in two ways: no backtracking.
# A string in single quotes that is not closed ends with its line, one in triple quotes with the file.
PATTERN = re.compile(
    rf"""
      (?P<blank>[ \t\f\r\ufeff]+|\\\n)
    | (?P<newline>\n)
    | (?P<comment>\#[^\n]*)
    | (?P<string>{PREFIX}(?:
          \"\"\"(?:[^"\\]|\\.|"(?!""))*+(?:\"\"\")?
        | '''(?:[^'\\]|\\.|'(?!''))*+(?:''')?
        | "(?:[^"\\\n]|\\.)*+"?
        | '(?:[^'\\\n]|\\.)*+'?
      ))
    | (?P<number>0[xXbBoO][0-9a-fA-F_]+ | (?:[0-9][0-9_]*\.?[0-9_]*|\.[0-9][0-9_]*)(?:[eE][+-]?[0-9_]+)?[jJ]?)
    | (?P<name>[^\W\d]\w*)
    | (?P<operator>\*\*=|//=|>>=|<<=|\.\.\.|[-+*/%&|^@=<>!:]=|->|\*\*|//|<<|>>|[-+*/%&|^~@=<>()\[\]{{}},:.;])
    | (?P<other>.)
    """,
    re.VERBOSE | re.DOTALL,
)
OPEN, CLOSE = frozenset("([{"), frozenset(")]}")
OPENER = {")": "(", "]": "[", "}": "{"}
NOT_IN_BRACKETS = frozenset(("def", "class", "import", "return", "while", "with", "try", "raise"))


def lex(text: str) -> Lexed:
    """The tokens of `text`. Never raises; time and memory grow with the length of the text alone."""
    reader = _Reader()
    tokens = list(reader.read(text))
    if reader.open:
        reader.fault(reader.open[-1][1], "a bracket is not closed")
    return Lexed(tokens, tuple(reader.faults))


class _Reader:
    """Follows the lines and the open brackets, within which lines end no statement."""

    FAULTS = 3  # that are told

    def __init__(self) -> None:
        self.line = 1
        self.open: list[tuple[str, int]] = []  # brackets and their lines
        self.faults: list[str] = []

    def fault(self, line: int, what: str) -> None:
        fault = f"line {line}: {what}"
        if len(self.faults) < self.FAULTS and fault not in self.faults:
            self.faults.append(fault)

    def read(self, text: str) -> Iterator[Token]:
        for found in PATTERN.finditer(text):
            kind, value, line = found.lastgroup, found[0], self.line
            if kind == "newline":
                self.line += 1
                if not self.open:
                    yield Token(NEWLINE, "", line, line)
            elif kind == "string":
                self.line += value.count("\n")
                self.check_string(value, line)
                yield Token(STRING, value, line, self.line)
            elif kind == "operator":
                yield from self.operator(value, line)
            elif kind == "name":
                if self.open and value in NOT_IN_BRACKETS and _begins_line(text, found.start()):
                    yield from self.mend(line)
                yield Token(NAME, value, line, line)
            elif kind == "number":
                yield Token(NUMBER, value, line, line)
            elif kind == "blank":
                self.line += value.count("\n")
            elif kind == "other":
                self.fault(line, f"the character U+{ord(value):04X} is no Python")

    def operator(self, value: str, line: int) -> Iterator[Token]:
        if value in OPEN:
            self.open.append((value, line))
        elif value in CLOSE:
            if self.open and self.open[-1][0] == OPENER[value]:
                self.open.pop()
            else:
                self.fault(line, f"{value} closes nothing")
        elif value == ";" and not self.open:
            yield Token(NEWLINE, "", line, line)
            return
        yield Token(OPERATOR, value, line, line)

    def mend(self, line: int) -> Iterator[Token]:
        """A statement begins although a bracket is open: close it, or all the rest is one statement."""
        self.fault(self.open[-1][1], "a bracket is not closed")
        self.open.clear()
        yield Token(NEWLINE, "", line, line)

    def check_string(self, value: str, line: int) -> None:
        body = value.lstrip("rRuUbBfF")
        quote = body[:3] if body[:3] in ('"""', "'''") else body[:1]
        if len(body) < 2 * len(quote) or not body.endswith(quote):
            self.fault(line, "a string is not closed")


def _begins_line(text: str, start: int) -> bool:
    """Whether only blanks stand before `start` in its line, few enough to look at."""
    before = text[max(0, start - 200) : start]
    return not before.rpartition("\n")[2].strip()
