"""Piano rolls: a melody as bars in time and pitch, its syllables below, to see at a glance what was composed.

`draw_piano_roll` draws a song on axes, `write_piano_roll` a figure of one song or of several above each other
(the truth and what a model made of the same lyrics). Lines of verse take turns in colour, and a dotted line
stands where one ends; solid lines are bar lines, drawn only if the song has a metre. Rows of black keys are
grey. Time is in quarter notes from the start of the song.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.ticker import MaxNLocator

from common.plots import OKABE_ITO, literal, save
from hw3_melody_generation import notation
from hw3_melody_generation.musicxml import syllabics
from hw3_melody_generation.readable import Readable, readable
from hw3_melody_generation.songs import Lyrics, Song

LINE_COLORS = OKABE_ITO[0], OKABE_ITO[1]
BLACK_KEYS, BLACK_KEY_ROW = (1, 3, 6, 8, 10), "#EEEEEE"
BAR_LINE, LINE_END = "#AAAAAA", "#333333"
NAMED_KEYS, NAMED_OF_MANY = {0: "C", 2: "D", 4: "E", 7: "G", 9: "A"}, {0: "C", 7: "G"}
MANY_KEYS = 18
NOTE_HEIGHT = 0.8  # semitones
FEWEST_ROWS = 7  # semitones; a tune on one tone shows no less
TEXT_SIZE, TEXT_GAP = 8.5, 1.5  # points
LETTER, WIDE_LETTER = 0.62, 1.05  # how wide letters are on average, East Asian ones too, in TEXT_SIZE
LEVELS = 3  # syllables that would touch go one level lower
LEVEL_HEIGHT = 0.085  # of the axes
ROW_BEATS = 20.0  # quarter notes in a row of a written figure
ROW_INCHES, WIDTH_INCHES = 2.0, 12.0
TITLE_INCHES, BOTTOM_INCHES, SIDE_INCHES, GAP = 0.6, 0.45, 0.5, 0.25  # the gap in heights of axes
MOST_ROWS = 40  # more would make a picture that no viewer opens


def write_piano_roll(path: Path, songs: Song | Mapping[str, Song], *, title: str | None = None) -> Path:
    """Write a piano roll as .png, .svg or .pdf; returns the path.

    songs: one, or several by what made them, which stand above one another; in beats of quarter notes. Long
    ones go on in further rows, up to MOST_ROWS; the title says what is left out. What no font can show is
    transcribed, which standard error says. Errors: UserError for another kind of file.
    """
    figure, notices = piano_roll_figure(songs, title=title)
    for notice in notices:
        print(f"{path.name}: {notice}", file=sys.stderr)
    return save(figure, path)


def piano_roll_figure(
    songs: Song | Mapping[str, Song], *, title: str | None = None
) -> tuple[Figure, Sequence[str]]:
    """The figure of `write_piano_roll`, and what must be said about it. ValueError for no song."""
    named = {"": songs} if isinstance(songs, Song) else dict(songs)
    if not named:
        raise ValueError("songs must have at least one, got none")
    if title is not None:
        named = {name: replace(song, title=title) for name, song in named.items()}
    shown = {name: readable(song) for name, song in named.items()}
    length = max(song.melody.length for song in named.values())
    rows, drawn = _rows(length, len(named))
    beats = ROW_BEATS if rows > 1 else length
    figure, grid = _grid(drawn, len(named))
    _write_title(figure, next(iter(shown.values())), length, drawn if drawn < rows else None)
    for row, together in enumerate(grid):
        for axes, (name, each) in zip(together, shown.items(), strict=True):
            draw_piano_roll(each.song, axes, start=row * beats, stop=(row + 1) * beats, font=each.font)
            axes.set_title(literal(name), fontsize="medium", loc="left")
    grid[-1, -1].set_xlabel("quarter notes")
    return figure, sorted({each.notice for each in shown.values()} - {""})


def _rows(length: float, songs: int) -> tuple[int, int]:
    """How many rows a song of `length` beats has, and how many of them are drawn."""
    rows = max(1, int(np.ceil(length / ROW_BEATS)))
    return rows, min(rows, max(1, MOST_ROWS // songs))


def _grid(rows: int, songs: int) -> tuple[Figure, np.ndarray]:
    """A figure and its axes (rows, songs); matplotlib's layout engines are slow with many."""
    height = ROW_INCHES * rows * songs + TITLE_INCHES + BOTTOM_INCHES
    figure = Figure(figsize=(WIDTH_INCHES, height))
    figure.subplots_adjust(
        left=SIDE_INCHES / WIDTH_INCHES,
        right=1 - SIDE_INCHES / 2 / WIDTH_INCHES,
        top=1 - TITLE_INCHES / height,
        bottom=BOTTOM_INCHES / height,
        hspace=GAP,
    )
    return figure, figure.subplots(rows * songs, 1, squeeze=False)[:, 0].reshape(rows, songs)


def _write_title(figure: Figure, first: Readable, length: float, drawn: int | None) -> None:
    left_out = f" (the first {drawn * ROW_BEATS:.0f} of {length:.0f} beats)" if drawn else ""
    place = 1 - 0.12 / figure.get_figheight()
    figure.suptitle(
        literal(first.song.title + left_out), y=place, va="top", fontproperties=_font(first.font, 12)
    )


def draw_piano_roll(
    song: Song, axes: Axes, *, start: float = 0.0, stop: float | None = None, font: Path | None = None
) -> str:
    """Draw the notes of `song` between `start` and `stop` (its end) on axes; returns a notice, mostly "".

    font: of the syllables; by default one is found that can show them, or else they are transcribed, which
    the notice says.
    """
    notice = ""
    if font is None:
        song, font, notice = readable(song)
    melody, stop = song.melody, song.melody.length if stop is None else stop
    onset, end = melody.onset, melody.onset + melody.duration
    within = np.flatnonzero((onset < stop) & (end > start))
    _draw_keys(axes, melody.pitch)
    _draw_bar_lines(axes, song, start, stop)
    lines = np.array(song.lyrics.lines, dtype=np.int64)
    for parity, color in enumerate(LINE_COLORS):
        places = within[lines[within] % 2 == parity]
        axes.barh(
            melody.pitch[places],
            melody.duration[places],
            left=onset[places],
            height=NOTE_HEIGHT,
            color=color,
            edgecolor="white",
            linewidth=0.8,
        )
    last = np.flatnonzero(np.append(np.diff(lines) > 0, True)) if len(song) else []
    for place in last:
        if start < end[place] <= stop:
            axes.axvline(end[place], color=LINE_END, linestyle=":", linewidth=1.2)
    axes.set_xlim(start, max(stop, start + 1.0))
    axes.xaxis.set_major_locator(MaxNLocator("auto", integer=True))
    _write_syllables(axes, song.lyrics, onset, within[onset[within] >= start], font)
    return notice


def _draw_keys(axes: Axes, pitch: np.ndarray) -> None:
    """Rows for all pitches of the melody, those of black keys grey, and names that do not touch."""
    low, high = (int(pitch.min()), int(pitch.max())) if len(pitch) else (60, 60)
    missing = max(0, FEWEST_ROWS - (high - low))
    low, high = low - missing // 2 - 1, high + (missing + 1) // 2 + 1
    for key in range(low, high + 1):
        if key % 12 in BLACK_KEYS:
            axes.axhspan(key - 0.5, key + 0.5, color=BLACK_KEY_ROW, linewidth=0, zorder=0)
    names = NAMED_KEYS if high - low < MANY_KEYS else NAMED_OF_MANY
    ticks = [key for key in range(low, high + 1) if key % 12 in names]
    axes.set_yticks(ticks, [f"{names[key % 12]}{key // 12 - 1}" for key in ticks], fontsize="small")
    room = LEVELS * LEVEL_HEIGHT * 1.15  # for the syllables, in axes
    axes.set_ylim(low - 0.5 - (high - low + 1) * room / (1 - room), high + 0.5)
    axes.tick_params(axis="y", length=0)
    axes.spines[["top", "right"]].set_visible(False)


def _draw_bar_lines(axes: Axes, song: Song, start: float, stop: float) -> None:
    if not song.melody.metre:
        return
    length = notation.time_signature(song.melody.metre).length
    first = -notation.position(song.melody.metre)
    for number in range(int(np.ceil((start - first) / length)), int((stop - first) // length) + 1):
        axes.axvline(first + number * length, color=BAR_LINE, linewidth=0.8, zorder=0.5)


def _write_syllables(
    axes: Axes, lyrics: Lyrics, onset: np.ndarray, places: Sequence[int], font: Path | None
) -> None:
    """Syllables at the bottom, each from its note's onset on, in as many levels as keep them apart."""
    low, high = axes.get_xlim()
    # Where a layout engine makes the axes wider later, there is rather more room than counted on here.
    beat_points = 72 * axes.figure.get_figwidth() * axes.get_position().width / (high - low)
    free = [-np.inf] * LEVELS  # where in time each level is free
    words = syllabics(lyrics)
    for place in places:
        hyphen = "-" if words[place] in ("begin", "middle") else ""
        text = lyrics.syllables[place] + lyrics.punctuation[place] + hyphen
        level = next((level for level in range(LEVELS) if free[level] <= onset[place]), int(np.argmin(free)))
        free[level] = onset[place] + _points(text) / beat_points
        height = (LEVELS - level - 0.4) * LEVEL_HEIGHT
        axes.annotate(
            literal(text),
            (onset[place], height),
            (TEXT_GAP, 0),
            xycoords=axes.get_xaxis_transform(),
            textcoords="offset points",
            fontproperties=_font(font, TEXT_SIZE),
            va="center",
            annotation_clip=False,
        )


def _points(text: str) -> float:
    """About how wide `text` is, with the space after it."""
    return TEXT_SIZE * sum(WIDE_LETTER if ord(letter) > 0x2E80 else LETTER for letter in text + " ")


def _font(path: Path | None, size: float) -> FontProperties:
    return FontProperties(fname=path, size=size) if path else FontProperties(size=size)
