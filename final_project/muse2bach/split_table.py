"""Which chorale of music21's corpus is which of the JSB benchmark, so that its split can be had without it.

    python final_project/muse2bach/split_table.py Jsb16thSeparated.json.gz       # writes bwv_split.tsv anew

A line of the table has, parted by tabs: the name of the chorale's file in the corpus; its part of the
benchmark, and its place there from 0; how alike the two are (chorale_match.py); by how many semitones the
benchmark is higher; and whether the benchmark sings its repeats. Each benchmark chorale has one file at most,
and each file one chorale: further copies in the corpus, which might train what another tests, have no line.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import joblib
import numpy as np
import tyro
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from common import cli
from common.band.tunes.sources import corpus_folder
from common.cli import UserError
from common.run_folder import write_atomically
from final_project.muse2bach.benchmark_file import PARTS, benchmark_path, read_benchmark
from final_project.muse2bach.chorale import Chorale
from final_project.muse2bach.chorale_match import held, likeness, semitones_between, steps
from final_project.muse2bach.corpus_score import read_score

TABLE = Path(__file__).with_name("bwv_split.tsv")
COLLECTION = "bach"  # folder of music21's corpus
SAME_CHORALE = 0.3  # likeness: of those that are found .36 at the least, of the eight others .06 at the most


@dataclass(frozen=True)
class Entry:
    """A line of the table, see above. place: among the chorales of that part of the benchmark."""

    name: str
    part: str
    place: int
    likeness: float
    semitones: int
    repeats: bool

    def __str__(self) -> str:
        fields = (self.name, self.part, self.place, f"{self.likeness:.3f}", self.semitones, int(self.repeats))
        return "\t".join(map(str, fields))


HEADER = "\t".join(Entry.__dataclass_fields__)


def read_table(path: Path = TABLE) -> list[Entry]:
    """The entries of the table, in the benchmark's order. Errors: UserError for a line that is none."""
    header, *lines = path.read_text(encoding="utf-8").splitlines() or [""]
    if header != HEADER:
        raise UserError(f"{path}: the first line is not {HEADER!r}; restore the file")
    return [_entry(line, f"{path}: line {number}") for number, line in enumerate(lines, start=2)]


def _entry(line: str, where: str) -> Entry:
    try:
        name, part, place, alike, semitones, repeats = line.split("\t")
        if part not in PARTS or repeats not in ("0", "1"):
            raise ValueError(line)
        return Entry(name, part, int(place), float(alike), int(semitones), repeats == "1")
    except ValueError:
        raise UserError(f"{where} is no entry: {line!r}; restore the file") from None


def match(benchmark: Sequence[Chorale], corpus: Sequence[Chorale]) -> list[tuple[int, int, float, int]]:
    """Pairs of one chorale in both: (place in benchmark, place in corpus, likeness, semitones up to it).

    Nothing is in two pairs; the pairs are those with the largest sum of likenesses.
    """
    wanted, found = ([steps(chorale.voices) for chorale in chorales] for chorales in (benchmark, corpus))
    shares = likeness(wanted, found)
    return [
        (int(row), int(column), float(shares[row, column]), semitones_between(found[column], wanted[row]))
        for row, column in zip(*linear_sum_assignment(-shares), strict=True)
        if shares[row, column] >= SAME_CHORALE
    ]


def equal_frames(benchmark: NDArray, corpus: NDArray) -> float:
    """Share of the cells (frames, 4) that agree, notes held through rests, the longer one's end left out."""
    frames = min(len(benchmark), len(corpus))
    return float((held(benchmark)[:frames] == held(corpus)[:frames]).mean())


def make_table(benchmark_file: Path, *, jobs: int = 2) -> tuple[list[Entry], list[float]]:
    """The table, and for each entry the share of equal cells (`equal_frames`). Errors: UserError."""
    benchmark = read_benchmark(benchmark_file)
    chorales = [chorale for part in PARTS for chorale in benchmark[part]]
    places = [(part, place) for part in PARTS for place in range(len(benchmark[part]))]
    files = sorted((corpus_folder() / COLLECTION).glob("*.mxl"))
    read = joblib.Parallel(n_jobs=jobs)(joblib.delayed(_both_readings)(path) for path in files)
    corpus = [readings for readings in read if readings is not None]
    entries, equal = [], []
    for row, column, alike, semitones in match(chorales, [once for once, _ in corpus]):
        once, twice = corpus[column]
        frames = len(chorales[row])
        repeats = abs(len(twice) - frames) < abs(len(once) - frames)
        sung = (twice if repeats else once).transposed(semitones)
        entries.append(Entry(once.name, *places[row], alike, semitones, repeats))
        equal.append(equal_frames(chorales[row].voices, sung.voices))
    return entries, equal


def _both_readings(path: Path) -> tuple[Chorale, Chorale] | None:
    """A score with its repeats sung once and as written; None if it is not for four voices."""
    once, twice = (read_score(path, repeats=repeats) for repeats in (False, True))
    return (once, twice) if once and twice else None


@dataclass
class MakeTable:
    """Match the benchmark with music21's corpus, and write the table."""

    benchmark: tyro.conf.Positional[Path]
    """Jsb16thSeparated.json.gz, or its folder."""
    out: Path = TABLE
    """File to write."""
    jobs: int = 2
    """Processes."""


def main(config: MakeTable) -> int:
    path = benchmark_path(config.benchmark)
    if path is None:
        raise UserError(f"{config.benchmark}: no JSON file of the benchmark; name Jsb16thSeparated.json.gz")
    entries, equal = make_table(path, jobs=config.jobs)
    write_atomically(config.out, "".join(f"{line}\n" for line in (HEADER, *entries)).encode())
    found = Counter(entry.part for entry in entries)
    print(f"{config.out}: {len(entries)} chorales: {', '.join(f'{found[part]} {part}' for part in PARTS)}")
    print(f"likeness: median {np.median([entry.likeness for entry in entries]):.3f}", end=", ")
    print(f"least {min(entry.likeness for entry in entries):.3f}")
    print(f"in the same key: {sum(not entry.semitones for entry in entries)}", end=", ")
    print(f"with repeats: {sum(entry.repeats for entry in entries)}")
    for least in (1.0, 0.99, 0.95):
        count = sum(share >= least for share in equal)
        print(f"at least {least:.0%} of the cells equal, rests left out: {count}")
    return 0


if __name__ == "__main__":
    cli.run(main, MakeTable)
