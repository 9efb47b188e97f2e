"""From the songs in the authors' files to the clean layout: repeats, flags, pieces, words and lines.

A *flag* says why a song is not to be learnt from; it stays in the data, but has no windows. The limits were
found on the clean copy of the corpus (6 890 songs), whose flags all but one follow from them exactly:

    low, high      the median pitch is below 48 or above 88: a bass line, a glockenspiel
    leaps          more than a tenth of the steps are wider than an octave: several voices in one
    fewpitches     fewer than 5 different pitches: a drum, a drone
    chords         more than a twentieth of the notes begin within 20 ms of the one before
    unordered      a note begins before its predecessor
    short          fewer than 40 syllables: two windows
    one-syllable   one syllable makes up more than 35 %
    nonenglish?    fewer than 18 % of the syllables are very common English words; 99.6 % agree with the copy

Repeats are songs with the same syllables and notes; the first name is kept. Songs are one piece if they share
a tenth of their runs of 8 syllables, or half of their runs of 16 intervals: of the pairs of songs that the
copy takes for one piece, 98 % are joined here; of the pairs that are joined here, 88 % are joined there.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from hw3_melody_generation.corpus import SPLIT_FILES, write_songs, write_split
from hw3_melody_generation.original_layout import OriginalSong
from hw3_melody_generation.song_clusters import join, shared_shingles, shingles
from hw3_melody_generation.songs import Lyrics, Melody, Song
from hw3_melody_generation.splitting import make_split
from hw3_melody_generation.verse import lines_of, words_of

OCTAVE = 12
TOGETHER = 0.0205  # seconds: what a gap of 20 ms may be after rounding
COMMON_WORDS = frozenset(
    ("a", "and", "are", "be", "but", "by", "can", "do", "for", "have", "he", "i", "if", "in", "is", "it")
    + ("it's", "know", "love", "me", "my", "no", "now", "of", "on", "one", "out", "see", "she", "so", "that")
    + ("the", "they", "this", "to", "us", "was", "we", "what", "when", "with", "you", "your")
)
RUN_OF_SYLLABLES, SAME_LYRICS = 8, 0.1
RUN_OF_INTERVALS, SAME_MELODY = 16, 0.5
SONGS_FILE = "lmd_full_syllables.jsonl.gz"


def clean_songs(songs: Sequence[OriginalSong]) -> list[Song]:
    """The songs by name, without repeats, each with its flags and its piece."""
    unique = without_repeats(songs)
    pieces = pieces_of(unique)
    return [_clean(song, piece) for song, piece in zip(unique, pieces, strict=True)]


def write_clean(folder: Path, songs: Sequence[Song]) -> None:
    """Write songs and their split into a data folder in the clean layout."""
    write_songs(folder / SONGS_FILE, songs)
    write_split(folder / SPLIT_FILES["honest"], make_split(songs, one_song_per_piece=True))


def without_repeats(songs: Sequence[OriginalSong]) -> list[OriginalSong]:
    """The songs by name; of those with the same syllables and notes only the first."""
    first: dict[tuple, OriginalSong] = {}
    for song in sorted(songs, key=lambda song: song.name):
        first.setdefault((song.syllables, song.pitch, song.duration, song.rest), song)
    return list(first.values())


def flags_of(song: OriginalSong) -> tuple[str, ...]:
    """What is wrong with a song: names of FLAGS."""
    return tuple(name for name, applies in FLAGS.items() if applies(song))


def pieces_of(songs: Sequence[OriginalSong]) -> list[str]:
    """The piece of each song, named like the first of its songs."""
    lyrics = [shingles([text.lower() for text in song.syllables], RUN_OF_SYLLABLES) for song in songs]
    melodies = [shingles(np.diff(song.pitch).tolist(), RUN_OF_INTERVALS) for song in songs]
    pairs = [pair for pair, share in shared_shingles(lyrics).items() if share >= SAME_LYRICS]
    pairs += [pair for pair, share in shared_shingles(melodies).items() if share >= SAME_MELODY]
    return join([song.name for song in songs], pairs)


def _clean(song: OriginalSong, piece: str) -> Song:
    lyrics = Lyrics(
        syllables=song.syllables,
        words=words_of(song.syllables),
        lines=lines_of(song.syllables),
        language="en",
    )
    melody = Melody(song.pitch, song.duration, song.rest)
    return Song(song.name, lyrics, melody, group=piece, flags=flags_of(song))


def _is_chordal(song: OriginalSong) -> bool:
    gaps = np.array(song.gap[1:])
    return len(gaps) > 0 and bool(np.mean(gaps < TOGETHER) > 0.05)


def _leaps(song: OriginalSong) -> bool:
    steps = np.abs(np.diff(song.pitch))
    return len(steps) > 0 and bool(np.mean(steps > OCTAVE) > 0.1)


def _is_one_syllable(song: OriginalSong) -> bool:
    count = Counter(song.syllables).most_common(1)[0][1]
    return len(song.syllables) > 1 and count > 0.35 * len(song.syllables)


def _seems_foreign(song: OriginalSong) -> bool:
    return float(np.mean([text.lower() in COMMON_WORDS for text in song.syllables])) < 0.18


FLAGS: dict[str, Callable[[OriginalSong], bool]] = {
    "low": lambda song: float(np.median(song.pitch)) < 48,
    "high": lambda song: float(np.median(song.pitch)) > 88,
    "leaps": _leaps,
    "fewpitches": lambda song: len(set(song.pitch)) < 5,
    "chords": _is_chordal,
    "unordered": lambda song: any(gap < 0 for gap in song.gap),
    "short": lambda song: len(song.syllables) < 40,
    "one-syllable": _is_one_syllable,
    "nonenglish?": _seems_foreign,
}
