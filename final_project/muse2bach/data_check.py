"""Reads all of a data folder and says what is wrong with it, and what is only worth knowing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from common.cli import UserError
from common.problems import Problems
from final_project.muse2bach.benchmark_file import PARTS, benchmark_path, read_benchmark
from final_project.muse2bach.chorale import SILENT, VOICES, Chorale, changes
from final_project.muse2bach.chorale_match import likeness, steps
from final_project.muse2bach.data_folder import (
    CHORALES_FILE,
    SPLIT_FILE,
    is_chorales_folder,
    read_chorales,
    read_split,
)

MUCH_ALIKE = 0.8  # likeness of two chorales: most of one is in the other
LONGEST_REST = 16  # frames: a bar in which a voice is silent


def check_data(root: Path) -> int:
    """Print what is found in the data folder, or benchmark file, `root`; returns how many faults there are.

    Errors: UserError for what cannot be read at all.
    """
    faults, notes = Problems(), Problems()
    parts = _read(root, faults)
    for part, chorales in parts.items():
        if not chorales:
            faults.add("part without a chorale", part)
        for chorale in chorales:
            check_chorale(chorale, faults, notes)
    check_apart(parts, faults, notes)
    count, frames = (sum(map(size, parts.values())) for size in (len, lambda each: sum(map(len, each))))
    print(f"{root}: {count:,} chorales, {frames:,} frames")
    for line in faults.lines("found") + notes.lines("noted"):
        print(f"  {line}")
    return sum(faults.counts.values())


def check_chorale(chorale: Chorale, faults: Problems, notes: Problems) -> None:
    """What a reader lets pass: onsets and bars that contradict themselves, voices silent or in disorder."""
    sounding = chorale.voices != SILENT
    if not sounding.any(axis=0).all():
        silent = VOICES[int(np.argmin(sounding.any(axis=0)))]
        faults.add("voice that never sings", f"{chorale.name}: {silent}")
    elif not np.all(np.diff(_mean_pitches(chorale.voices)) < 0):
        faults.add("chorale whose voices do not stand from high to low", chorale.name)
    if chorale.onsets is not None:
        if (chorale.onsets & ~sounding).any():
            faults.add("onset where nothing sounds", chorale.name)
        if (changes(chorale.voices) & sounding & ~chorale.onsets).any():
            faults.add("new pitch without an onset", chorale.name)
    if chorale.position is not None:
        _check_bars(chorale, faults)
    if chorale.fermata is not None and not chorale.fermata.any():
        notes.add("chorale without a fermata", chorale.name)
    if _longest_rest(sounding) >= LONGEST_REST:
        notes.add("rest of a whole note or more", chorale.name)


def check_apart(parts: Mapping[str, Sequence[Chorale]], faults: Problems, notes: Problems) -> None:
    """The same chorale, or one much like it, in two parts of the split."""
    names = Counter(chorale.name for chorales in parts.values() for chorale in chorales)
    for name in sorted(name for name, count in names.items() if count > 1):
        faults.add("chorale that the split has twice", name)
    taken = {part: [steps(chorale.voices) for chorale in chorales] for part, chorales in parts.items()}
    for number, part in enumerate(PARTS):
        for other in PARTS[number + 1 :]:
            shares = likeness(taken[part], taken[other])
            for row, column in np.argwhere(shares >= MUCH_ALIKE):
                pair = f"{part} {parts[part][row].name}, {other} {parts[other][column].name}"
                notes.add("pair much alike in two parts, in whatever key", pair)


def _read(root: Path, faults: Problems) -> dict[str, list[Chorale]]:
    """The chorales by part, faults of the split noted and left out."""
    if not is_chorales_folder(root):
        path = benchmark_path(root)
        if path is None:
            raise UserError(f"{root}: no {CHORALES_FILE} and no Jsb*.json.gz; name a folder that has one")
        return read_benchmark(path)
    by_name, split = read_chorales(root / CHORALES_FILE), read_split(root / SPLIT_FILE)
    listed = {name for names in split.values() for name in names}
    for name in sorted(set(by_name) - listed):
        faults.add("chorale in no part of the split", name)
    for name in sorted(listed - set(by_name)):
        faults.add("chorale of the split that is not there", name)
    return {part: [by_name[name] for name in split[part] if name in by_name] for part in PARTS}


def _check_bars(chorale: Chorale, faults: Problems) -> None:
    """In a bar each frame is one further than the one before; a new bar begins with 0."""
    position = chorale.position
    if position.min() < 0:
        faults.add("position below 0", chorale.name)
    steps_on = np.diff(position) == 1
    if not (steps_on | (position[1:] == 0)).all():
        faults.add("bar that begins in its middle", chorale.name)


def _mean_pitches(voices: np.ndarray) -> np.ndarray:
    """Of each voice, (4,); every voice sounds somewhere."""
    return np.ma.masked_equal(voices, SILENT).mean(axis=0).data


def _longest_rest(sounding: np.ndarray) -> int:
    """Frames of the longest rest of a voice."""
    longest, run = 0, np.zeros(sounding.shape[1], dtype=int)
    for frame in sounding:
        run = np.where(frame, 0, run + 1)
        longest = max(longest, int(run.max()))
    return longest
