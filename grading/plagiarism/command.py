"""Ranked pairs of hand-ins that share code, with the places side by side. It changes no score.

    python -m grading plagiarism FOLDER [--handout DIR] [--reference DIR] [--out OUT]

FOLDER holds a zip, a folder, or a .py or .ipynb file for each hand-in; it is read, never unpacked or run. The
list goes to OUT/pairs.csv and OUT/index.html. What hand-ins are compared by, and what the score is:
`similarity.py`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import numpy as np
import tyro

from common.cli import UserError, at_least, say
from grading.plagiarism.code_files import Code, Library, Limits
from grading.plagiarism.hand_ins import read_folder_of_hand_ins, read_hand_in, student_of
from grading.plagiarism.own_code import OwnCode, all_hashes
from grading.plagiarism.pages import summary, visible
from grading.plagiarism.results import Results, write
from grading.plagiarism.similarity import Owned, compare

ROOT = Path(__file__).resolve().parents[2]
HANDED_OUT = ("common", "hw?_*", "final_project", "grading", "benchmarks", "scripts", "tests")  # of ROOT
HANDOUT_LIMITS = Limits(entries=200_000, code_bytes=200_000_000, total_bytes=2_000_000_000)
SHOWN = 15  # pairs on the terminal


@dataclass
class PlagiarismConfig:
    """List the pairs of hand-ins that share code, the most alike first. It changes no score."""

    folder: tyro.conf.Positional[Path]
    """Folder that holds the hand-ins: a zip, a folder or a .py or .ipynb file for each."""
    handout: Path | None = None
    """Folder with the code that all were given, which does not count; default: this repository."""
    reference: Path | None = None
    """Folder with public solutions or hand-ins of other years: compared with the class only."""
    out: Path = Path("runs/plagiarism")
    """Folder for index.html, pairs.csv and the pages of the pairs."""
    frequent: Annotated[float, tyro.conf.arg(metavar="SHARE")] = 0.3
    """What more than this share of the students have (0 to 1), and more than five, does not count."""
    pages: int = 30
    """How many pairs get a page, the most alike first."""


def main(config: PlagiarismConfig) -> int:
    at_least(0, frequent=config.frequent, pages=config.pages)
    results = compare_folders(config)
    write(results, config.out, with_page=config.pages)
    tell(results)
    print(f"list: {config.out / 'index.html'} (advisory: it changes no score)")
    return 0


def compare_folders(config: PlagiarismConfig) -> Results:
    """Read and compare everything; nothing is written. Errors: UserError."""
    library = Library()
    hand_ins = read_folder_of_hand_ins(config.folder, library)
    references = read_folder_of_hand_ins(config.reference, library) if config.reference else []
    own_code = OwnCode(library, handout_hashes(config))
    for code in [*hand_ins, *references]:
        note_faults(code, own_code)
    class_ = [Owned(code.name, student_of(code.name), own_code.fingerprints(code)) for code in hand_ins]
    if len(class_) > 1 and len({item.student for item in class_}) == 1 and not references:
        raise UserError(
            f"{config.folder}: all hand-ins are of {class_[0].student}; name them STUDENT_hwN.zip"
        )
    others = [Owned(code.name, "", own_code.fingerprints(code)) for code in references]
    about = f"{len(hand_ins)} hand-ins in {config.folder}"
    about += f", and {len(references)} references in {config.reference}" if references else ""
    comparison = compare(class_, others, frequent_share=config.frequent)
    return Results(about, hand_ins, class_, references, own_code, comparison)


def handout_hashes(config: PlagiarismConfig) -> np.ndarray:
    """The k-grams of the handout, without what is compared, and the pages, should they lie within."""
    if config.handout and not config.handout.is_dir():
        raise UserError(f"{config.handout}: no such folder; give the folder that was handed out")
    of_root = (path for pattern in HANDED_OUT for path in sorted(ROOT.glob(pattern)))
    but = [path.resolve() for path in (config.folder, config.reference, config.out) if path]
    library = Library()
    for folder in [config.handout] if config.handout else of_root:
        for problem in read_hand_in(folder, library, HANDOUT_LIMITS, but=but).problems:
            say(f"handout: {visible(problem)}")
    return all_hashes(library.texts.values())


def note_faults(code: Code, own_code: OwnCode) -> None:
    """Add the mistakes in the code of a hand-in to its problems."""
    for path, key in code.files.items():
        for fault in own_code.faults(key):
            code.note(path, fault)


def tell(results: Results) -> None:
    """The first pairs as a table, and how much was left out, on the terminal."""
    first_pairs = results.comparison.pairs[:SHOWN]
    width = max((len(visible(pair.first)) for pair in first_pairs), default=0)
    print(
        f"score  shared     own  {'hand-in':<{width}}  and" if first_pairs else "no hand-ins share own code"
    )
    for pair in first_pairs:
        own = min(pair.own_first, pair.own_second)
        names = f"{visible(pair.first):<{width}}  {visible(pair.second)}"
        print(f"{pair.score:5.2f} {pair.shared:7,} {own:7,}  {names}" + " (reference)" * pair.reference)
    print(summary(results.comparison))
    if problems := sum(len(code.problems) for code in _all(results)):
        say(f"remarks on files that were not read or look odd: {problems:,}; they are in index.html")


def _all(results: Results) -> Sequence[Code]:
    return [*results.hand_ins, *results.references]
