"""Make the PDF of a report whose report.typ was edited.

    python -m common.report handin/hw1/r12345678_report    # -> handin/hw1/r12345678_report.pdf

`python -m common.handin report` made the folder; what it made is never overwritten once it was edited.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import tyro

from common import cli
from common.report.build import compile_report


@dataclass
class ReportConfig:
    folder: tyro.conf.Positional[Path]
    """The folder with report.typ."""


def main(config: ReportConfig) -> None:
    print(compile_report(config.folder))


if __name__ == "__main__":
    cli.run(main, ReportConfig)
