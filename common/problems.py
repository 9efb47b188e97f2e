"""The list of what is wrong with a data set, short enough to read."""

from __future__ import annotations

import json
import sys
from pathlib import Path


class Problems:
    """What is wrong with a data set: each kind once, with its count and the first few names."""

    SHOWN = 3
    HARMLESS = frozenset(  # nothing is lost by them
        {"wav without an entry in examples.json", "clip without a label", "listed in skip.txt"}
    )

    def __init__(self) -> None:
        self.counts: dict[str, int] = {}
        self.first: dict[str, list[str]] = {}

    def add(self, kind: str, name: str) -> None:
        self.counts[kind] = self.counts.get(kind, 0) + 1
        first = self.first.setdefault(kind, [])
        if len(first) < self.SHOWN:
            first.append(name)

    def merge(self, other: Problems) -> None:
        """Add the kinds of `other`, which must be new."""
        self.counts |= other.counts
        self.first |= other.first

    @property
    def skipped(self) -> int:
        """How many notes were left out because something is wrong with them."""
        return sum(count for kind, count in self.counts.items() if kind not in self.HARMLESS)

    def lines(self, verb: str = "skipped") -> list[str]:
        """One line per kind, such as `2 skipped: no wav file (A, B)`."""
        lines = []
        for kind, count in self.counts.items():
            more = ", ..." if count > len(self.first[kind]) else ""
            done = "ignored" if kind in self.HARMLESS else verb
            lines.append(f"{count:,} {done}: {kind} ({', '.join(self.first[kind])}{more})")
        return lines

    def report(self, folder: Path) -> None:
        """Say on standard error what was found in `folder`; nothing when all is well."""
        for line in self.lines():
            print(f"{folder}: {line}", file=sys.stderr)

    def to_json(self) -> str:
        return json.dumps({"counts": self.counts, "first": self.first})

    @classmethod
    def from_json(cls, text: str) -> Problems:
        problems = cls()
        problems.counts, problems.first = (json.loads(text)[key] for key in ("counts", "first"))
        return problems
