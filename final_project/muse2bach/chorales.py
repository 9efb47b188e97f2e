"""The default data: Bach's chorales from the corpus that comes with music21, on the benchmark's split.

    make_chorales(Path("data/bach_chorales"))     # 374 of the benchmark's 382

Which chorale trains, validates or tests, and whether its repeats are sung, bwv_split.tsv says
(split_table.py); they stand in the benchmark's order. What is taken from a score, corpus_score.py says.
They are not the benchmark to the frame: that one holds notes through most rests, and the last chord mostly a
quarter longer, and differs in single notes and in the octave of some basses.
Sources: J. S. Bach; encodings of music21's corpus (M. Greentree and others), titles from its table of
Riemenschneider's edition; the split: Boulanger-Lewandowski et al. 2012.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import joblib
from tqdm import tqdm

from common.band.tunes.sources import catalog, corpus_folder
from common.cli import UserError
from common.commands import spread
from common.run_folder import write_atomically
from final_project.muse2bach.benchmark_file import PARTS
from final_project.muse2bach.chorale import Chorale
from final_project.muse2bach.corpus_score import read_score
from final_project.muse2bach.data_folder import CHORALES_FILE, SPLIT_FILE, write_chorales, write_split
from final_project.muse2bach.split_table import COLLECTION, Entry, read_table
from final_project.muse2bach.training_data import MINI_MARK

QUICK = {"train": 8, "valid": 2, "test": 2}  # chorales, from the first to the last of each part
RULE = "the JSB benchmark's, by bwv_split.tsv"
VERSION = 1  # raised when the same corpus would give other data


def make_chorales(root: Path, *, jobs: int = 2, quick: bool = False) -> None:
    """Make the data set in `root`; `quick`: a dozen chorales, in seconds.

    Errors: UserError without music21 or its corpus, or if chorales of the table are not in it.
    """
    entries = chosen(read_table(), quick=quick)
    chorales = read_entries(entries, jobs=jobs)
    root.mkdir(parents=True, exist_ok=True)
    write_chorales(root / CHORALES_FILE, chorales)
    names = {part: [entry.name for entry in entries if entry.part == part] for part in PARTS}
    write_split(root / SPLIT_FILE, names, rule=RULE)
    origin = {
        "version": VERSION,
        "quick": quick,
        "source": "music21",
        "chorales": len(chorales),
        "frames": sum(map(len, chorales)),
    }
    write_atomically(root / MINI_MARK, json.dumps(origin, indent=2).encode())


def chosen(entries: Sequence[Entry], *, quick: bool) -> list[Entry]:
    """The entries to read: all of them, or the few of QUICK."""
    if not quick:
        return list(entries)
    by_part = {part: [entry for entry in entries if entry.part == part] for part in PARTS}
    return [entry for part in PARTS for entry in spread(by_part[part], QUICK[part])]


def read_entries(entries: Sequence[Entry], *, jobs: int = 2) -> list[Chorale]:
    """The chorales of these lines of the table, in order. Errors: UserError if a file of one is not there."""
    folder = corpus_folder() / COLLECTION
    paths = [folder / f"{entry.name}.mxl" for entry in entries]
    if missing := [path.name for path in paths if not path.is_file()]:
        raise UserError(f"{folder}: no {missing[0]}; install music21 as requirements.txt says")
    titles = {source.path: source.title for source in catalog()}
    tasks = (
        joblib.delayed(read_score)(path, title=_title(titles, entry), repeats=entry.repeats)
        for path, entry in zip(paths, entries, strict=True)
    )
    read = joblib.Parallel(n_jobs=jobs, return_as="generator")(tasks)
    chorales = []
    for path, chorale in zip(paths, tqdm(read, "chorales", len(entries), disable=None), strict=True):
        if chorale is None:
            raise UserError(f"{path}: not for four voices; install music21 as requirements.txt says")
        chorales.append(chorale)
    return chorales


def _title(titles: dict[str, str], entry: Entry) -> str:
    """The title that the catalog knows; for a chorale that it has none of, its number among Bach's works."""
    title = titles.get(f"{COLLECTION}/{entry.name}.mxl", entry.name)
    return f"BWV {entry.name.removeprefix('bwv')}" if title == entry.name else title
