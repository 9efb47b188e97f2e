"""Who trains, validates and tests: whole pieces by a hash, so that the split is the same on every machine.

part of a piece     sha1("hw3:" + piece), its first 8 hexadecimal digits / 2**32: train below 0.8, valid
                    below 0.9, else test: the rule of the public corpus' honest split
training windows    every 20 syllables of the songs without a flag
other windows       the same; or, as in the public corpus, where a piece has up to 22 files, the first two
                    windows of the first song without a flag of each piece
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any

from hw3_melody_generation.corpus import PARTS, WINDOW
from hw3_melody_generation.songs import Song

ENDS = {"train": 0.8, "valid": 0.9, "test": 1.0}  # of each part, on the scale of the hash
FIRST_WINDOWS = 2  # of a song that stands for its piece
RULE = "part of a song: sha1('hw3:'+cluster) first 8 hex digits / 2**32 <.8 train, <.9 valid, else test; "
ALL_WINDOWS = "windows: every 20 syllables of unflagged songs"
ONE_SONG = (
    "train windows: every 20 syllables of unflagged songs; "
    "valid/test: syllables 0-19 and 20-39 of one unflagged song per cluster"
)

Window = tuple[str, int]  # (song, place of its first syllable)


def part_of(piece: str) -> str:
    """ "train", "valid" or "test"."""
    place = int(hashlib.sha1(f"hw3:{piece}".encode()).hexdigest()[:8], 16) / 2**32
    return next(part for part, end in ENDS.items() if place < end)


def make_split(songs: Sequence[Song], *, one_song_per_piece: bool = False) -> dict[str, Any]:
    """The contents of split.json.gz for `songs`, whose `group` is their piece.

    one_song_per_piece: in validation and test only one song of each piece, and its first windows.
    """
    ordered = sorted(songs, key=lambda song: song.name)
    parts = {part: [song for song in ordered if part_of(song.group) == part] for part in PARTS}
    windows = {}
    for part, members in parts.items():
        first_of_each = one_song_per_piece and part != "train"
        windows[part] = (_first_windows if first_of_each else _all_windows)(members)
    return {
        "rule": RULE + (ONE_SONG if one_song_per_piece else ALL_WINDOWS),
        "songs": {part: [song.name for song in members] for part, members in parts.items()},
        "windows": windows,
    }


def _all_windows(songs: Sequence[Song]) -> list[Window]:
    return [
        (song.name, first)
        for song in songs
        if not song.flags
        for first in range(0, len(song) - WINDOW + 1, WINDOW)
    ]


def _first_windows(songs: Sequence[Song]) -> list[Window]:
    chosen: dict[str, Song] = {}
    for song in songs:
        if not song.flags:
            chosen.setdefault(song.group, song)
    lasting = {song.name: FIRST_WINDOWS * WINDOW for song in chosen.values()}
    return [window for window in _all_windows(list(chosen.values())) if window[1] < lasting[window[0]]]
