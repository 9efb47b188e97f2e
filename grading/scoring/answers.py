"""The answers of a round by the names of the inputs, and what was wrong with the others."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

from grading.readers import OutputError, read_json

STDOUT, OUT, STDERR = "stdout.json", "out", "stderr.txt"  # of a round's folder
MOST_JSON = 64 << 20  # bytes
MOST_PROBLEMS, MOST_SHOWN = 20, 160  # told; characters of each


@dataclass
class Answers:
    """found: what each input was answered with; `incomplete` ones of these are not answered in full.

    problems: a line for each answer that does not count.
    """

    found: dict[str, Any] = field(default_factory=dict)
    incomplete: set[str] = field(default_factory=set)
    problems: list[str] = field(default_factory=list)

    def add_problem(self, text: str) -> None:
        """Remember a line, without signs that could do harm on a screen."""
        if len(self.problems) < MOST_PROBLEMS:
            self.problems.append(legible(text))
        elif len(self.problems) == MOST_PROBLEMS:
            self.problems.append("... and more")


def legible(text: str) -> str:
    """One line of `text`, not long, of printable characters."""
    shown = "".join(sign if sign.isprintable() else "?" for sign in text)
    return shown if len(shown) <= MOST_SHOWN else f"{shown[: MOST_SHOWN - 3]}..."


def read_list(folder: Path, names: Collection[str], parse: Callable[[dict[str, Any]], Any]) -> Answers:
    """The answers in the JSON list that was printed, an object with "file" for each input.

    parse: an object -> the answer; ValueError says what is wrong with it. Objects are matched by the last
    part of "file". One with "error", of an unknown file or unusable is none; nor are two for one file.
    """
    answers = Answers()
    try:
        rows = read_json(folder / STDOUT, MOST_JSON)
    except OutputError as error:
        answers.add_problem(str(error))
        return answers
    if not isinstance(rows, list):
        answers.add_problem(f"{STDOUT}: is no JSON list; print a list with an object for each file")
        return answers
    seen: set[str] = set()
    for row in rows:
        name = _name(row)
        if name not in names:
            answers.add_problem(f"{name}: was not asked; answer the files that were given")
        elif name in seen:
            answers.found.pop(name, None)
            answers.add_problem(f"{name}: is answered twice, so neither counts; answer once")
        else:
            seen.add(name)
            _add(answers, name, row, parse)
    return answers


def _name(row: Any) -> str:
    """The name of the file that an object is about; "" for what is no such object."""
    file = row.get("file") if isinstance(row, dict) else None
    return PurePosixPath(file).name if isinstance(file, str) and "\0" not in file else ""


def _add(answers: Answers, name: str, row: dict[str, Any], parse: Callable[[dict[str, Any]], Any]) -> None:
    if "error" in row:
        answers.add_problem(f"{name}: the hand-in says {row['error']!r:.120}")
        return
    try:
        answers.found[name] = parse(row)
    except ValueError as error:
        answers.add_problem(f"{name}: {error}")


def share(value: Any, what: str) -> float:
    """A probability out of JSON. Errors: ValueError."""
    if type(value) not in (int, float) or not 0 <= value <= 1:
        raise ValueError(f"{what} is {value!r:.40}; give a number from 0 to 1")
    return float(value)
