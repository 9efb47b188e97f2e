"""Names for the files that are written for others, no two alike."""

from __future__ import annotations


def distinct(name: str, taken: set[str]) -> str:
    """`name`, or NAME_2, NAME_3, ... where that is taken; adds what it returns to `taken`.

    Case does not tell names apart, as on many file systems: `taken` holds them casefolded.
    """
    found, number = name, 1
    while found.casefold() in taken:
        number += 1
        found = f"{name}_{number}"
    taken.add(found.casefold())
    return found
