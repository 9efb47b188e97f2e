"""Reads all of a data folder and says what is wrong with it, and what is only worth knowing."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np

from common.cli import UserError
from common.problems import Problems
from hw3_melody_generation.cleaning import clean_songs
from hw3_melody_generation.corpus import PARTS, SPLITS, Corpus, is_clean_layout, open_corpus
from hw3_melody_generation.original_layout import is_original_layout, read_original_songs
from hw3_melody_generation.songs import Song

FLAGGED = "song with a flag, which has no windows"


def check_corpus(root: Path) -> int:
    """Print what is found in the data folder `root`, in either layout; returns how many faults there are.

    Errors: UserError for what cannot be read at all.
    """
    if not is_clean_layout(root) and is_original_layout(root):
        originals, faults = read_original_songs(root)
        songs, notes = clean_songs(originals), Problems()
        for _ in range(len(originals) - len(songs)):
            notes.add("repeat of another song, left out", root.name)
    else:
        corpus = open_corpus(root)
        songs, faults, notes = list(corpus.by_id.values()), Problems(), Problems()
        check_split(corpus, faults)
    for song in songs:
        check_song(song, faults, notes)
        for flag in song.flags:
            notes.add(f"{FLAGGED}: {flag}", song.name)
    print(f"{root}: {len(songs):,} songs, {sum(map(len, songs)):,} syllables")
    for line in faults.lines("found") + notes.lines("noted"):
        print(f"  {line}")
    return sum(faults.counts.values())


def check_song(song: Song, faults: Problems, notes: Problems) -> None:
    """What a reader lets pass: numbers of words and lines that fall or skip, syllables that are no text."""
    for title, numbers in (("words", song.lyrics.words), ("lines", song.lyrics.lines)):
        steps = np.diff(numbers, prepend=0)
        if steps.min() < 0:
            faults.add(f"song in which the numbers of the {title} fall", song.name)
        elif steps.max() > 1:
            notes.add(f"song in which the numbers of the {title} skip some", song.name)
    if not all(any(letter.isalnum() for letter in text) for text in song.lyrics.syllables):
        notes.add("song with a syllable without a letter", song.name)


def check_split(corpus: Corpus, faults: Problems) -> None:
    """Songs in no part or in two, pieces on both sides, windows of other parts' songs or beyond the end."""
    parts = {part: corpus.split_file.get("songs", {}).get(part, []) for part in PARTS}
    listed = Counter(name for names in parts.values() for name in names)
    for name in sorted(name for name, count in listed.items() if count > 1):
        faults.add("song that the split has twice", name)
    for name in sorted(set(corpus.by_id) - set(listed)):
        faults.add("song in no part of the split", name)
    for name in sorted(set(listed) - set(corpus.by_id)):
        faults.add("song of the split that is not there", name)
    _check_pieces(corpus, parts, faults)
    _check_windows(corpus, parts, faults)


def _check_pieces(corpus: Corpus, parts: dict[str, list[str]], faults: Problems) -> None:
    part_of_piece: dict[str, str] = {}
    for part, names in parts.items():
        for name in names:
            song = corpus.by_id.get(name)
            if song and part_of_piece.setdefault(song.group, part) != part:
                faults.add("piece in two parts of the split", f"{song.group}: {name}")


def _check_windows(corpus: Corpus, parts: dict[str, list[str]], faults: Problems) -> None:
    for part in PARTS:
        members = set(parts[part])
        for name, _ in corpus.split_file["windows"][part]:
            if name not in members:
                faults.add("window of a song of another part", f"{part}: {name}")
        for split in SPLITS:
            if corpus.split_path(split).is_file():
                _check_readable(corpus, part, split, faults)


def _check_readable(corpus: Corpus, part: str, split: str, faults: Problems) -> None:
    try:
        windows = corpus.windows(part, split)
    except UserError as error:
        faults.add("window that cannot be read", str(error))
        return
    if not windows:
        faults.add("part without a window", f"{part}, {split} split")
