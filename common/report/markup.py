"""Text as Typst source: so that it shows as it was typed, whatever it is.

A Typst file is code: `#read("...")` in a student's words would read a file. What is escaped here is all that
Typst gives a meaning, and no more, so that the source stays readable for whoever edits it.
"""

from __future__ import annotations

import re

ALWAYS = re.compile(r"[\\#$*_`<@\[\]~]")
SHORTHANDS = re.compile(r"-(?=[-?])|(?<![^\W_])-(?=\d)|/(?=[/*])|\.(?=\.\.)")  # -- -? -1 // /* http:// ...
AT_THE_START = re.compile(r"(\s*\d*)(?:(?<!\d)[-+=/]|(?<=\d)\.(?=\s|$))")  # lists, headings, terms
CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff]")


def escape(text: str) -> str:
    """Typst markup that shows `text`; white space is one space, as in Markdown."""
    text = re.sub(r"\s+", " ", CONTROL.sub("", text))
    # One pass for both, lest what the first has escaped be escaped again.
    escaped = re.sub(rf"{ALWAYS.pattern}|{SHORTHANDS.pattern}", lambda found: "\\" + found[0], text)
    start = AT_THE_START.match(escaped)
    return f"{start[1]}\\{escaped[start.end(1) :]}" if start else escaped


def string(text: str) -> str:
    """A Typst string literal, for code: quoted."""
    text = CONTROL.sub("", text).replace("\\", "\\\\").replace('"', '\\"')
    return '"' + text.replace("\n", "\\n").replace("\r", "").replace("\t", "\\t") + '"'


def fence(text: str, language: str = "text") -> str:
    """A block of raw text between backticks, more of them than it has in a row itself."""
    text = CONTROL.sub("", text).replace("\t", "    ").strip("\n")
    longest = max((len(run) for run in re.findall("`+", text)), default=0)
    ticks = "`" * max(3, longest + 1)
    language = language if re.fullmatch(r"[A-Za-z][\w+-]*", language, re.ASCII) else "text"
    return f"{ticks}{language}\n{text}\n{ticks}"


def code(text: str) -> str:
    """Raw text within a line."""
    text = CONTROL.sub("", text)
    return f"`{text}`" if text and not re.search(r"[`\s]$|^\s|`|\n", text) else f"#raw({string(text)})"


def indent(text: str, by: str = "  ") -> str:
    """Every line but empty ones further in."""
    return "\n".join(by + line if line else line for line in text.split("\n"))


def call(name: str, *arguments: str) -> str:
    """`#name(...)`, an argument a line."""
    inside = "".join(f"{indent(argument)},\n" for argument in arguments)
    return f"#{name}(\n{inside})"


def array(*items: str) -> str:
    """A Typst array; one item needs its comma too."""
    return f"({', '.join(items)}{',' if len(items) == 1 else ''})"
