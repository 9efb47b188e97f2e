"""Which processes a process has started."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path

PROC = Path("/proc")


def descendants(pid: int) -> list[int]:
    """Children, their children and so on, as far as this system tells (Linux); those nearest come first."""
    children = defaultdict(list)
    for child, parent in _parents().items():
        children[parent].append(child)
    found = list(children[pid])
    for child in found:
        found.extend(children[child])  # the list grows while it is walked
    return found


def _parents() -> dict[int, int]:
    found = {}
    for folder in PROC.glob("[0-9]*"):
        try:
            status = (folder / "stat").read_text(errors="replace")
        except OSError:
            continue
        found[int(folder.name)] = int(status.rpartition(")")[2].split()[1])  # a name may hold anything
    return found
