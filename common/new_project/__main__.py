"""Begin a final project: a small one that works at once, with its tests, to be replaced piece by piece.

    python -m common.new_project taiko --title "A drum game that maps itself"

Nothing is overwritten.
"""

from __future__ import annotations

from dataclasses import dataclass

import tyro

from common import cli
from common.new_project.writing import PROJECTS, TESTS, write_project


@dataclass(kw_only=True)
class NewProjectConfig:
    """Begin a final project."""

    name: tyro.conf.Positional[str]
    """Name of its package, 3 to 24 small letters, digits and _: final_project/NAME is written."""
    title: str = ""
    """Its title, for README and report. Default: the name in words."""


def main(config: NewProjectConfig) -> None:
    for path in write_project(config.name, title=config.title):
        print(path)
    print(f"try it: python -m pytest {TESTS / config.name}")
    print(f"next: python {PROJECTS / config.name}/train.py --preset quick")


if __name__ == "__main__":
    cli.run(main, NewProjectConfig)
