"""The score as a picture: pages of `common.engraving` whose notes have known ids.

In the SVG each note is an element whose id is known (`ScorePages.note_ids`), so that a page can show which
syllable sounds. For a PNG the fonts that matplotlib brings are used, and for Chinese and Japanese an
installed one or transcriptions: see `readable`. The same song gives the same bytes.
"""

from __future__ import annotations

import html
import re
import sys
import unicodedata
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from common.engraving import A4, PNG_WIDTH, SIGN_FONTS, engrave, rasterize, write_pages
from hw3_melody_generation import spelling
from hw3_melody_generation.musicxml import NamedChord, lyric_text, musicxml, note_ids
from hw3_melody_generation.readable import readable
from hw3_melody_generation.songs import Song

__all__ = [
    "SIGN_FONTS",
    "ScorePages",
    "engrave",
    "rasterize",
    "score_pages",
    "write_score_png",
    "write_score_svg",
]

SYLLABLE = re.compile(r'(class="syl"><text[^>]*><tspan[^>]*><tspan[^>]*>)([^<]*)')


class ScorePages(NamedTuple):
    """svgs: the pages. note_ids: for each syllable the ids of its note and of those tied to it."""

    svgs: list[str]
    note_ids: list[list[str]]


def score_pages(
    song: Song,
    *,
    tempo: float,
    chords: Sequence[NamedChord] = (),
    key: spelling.Key | None = None,
    title: str | None = None,
    page_height: int = A4[1],
) -> ScorePages:
    """The score of `song` as SVG documents, a page each; parameters and errors as those of `musicxml`.

    page_height: in tenths of a millimetre; 60000, the most that verovio takes, makes one page of most songs.
    """
    lyrics = song.lyrics
    texts = [lyric_text(lyrics, index) for index in range(len(song))]
    spaced = tuple(_as_wide(text) for text in lyrics.syllables)
    document = musicxml(
        replace(song, lyrics=replace(lyrics, syllables=spaced)),
        tempo=tempo,
        chords=chords,
        key=key,
        title=title,
        line_breaks=True,
    )
    pages = engrave(document, page_height=page_height, tall=spaced != lyrics.syllables)
    written = iter([html.escape(text) for text in texts if text])
    svgs = [SYLLABLE.sub(lambda found: found[1] + next(written), page) for page in pages]
    return ScorePages(svgs, note_ids(song))


def write_score_svg(
    path: Path,
    song: Song,
    *,
    tempo: float,
    chords: Sequence[NamedChord] = (),
    key: spelling.Key | None = None,
    title: str | None = None,
) -> list[Path]:
    """Write the score as PATH, or if it has several pages as PATH-1.svg, PATH-2.svg ...; returns the files.

    Parameters and errors as those of `score_pages`.
    """
    pages = score_pages(song, tempo=tempo, chords=chords, key=key, title=title).svgs
    return write_pages(Path(path), [page.encode() for page in pages])


def write_score_png(
    path: Path,
    song: Song,
    *,
    tempo: float,
    chords: Sequence[NamedChord] = (),
    key: spelling.Key | None = None,
    title: str | None = None,
    width: int = PNG_WIDTH,
) -> list[Path]:
    """Write the score as PATH, or if it has several pages as PATH-1.png, PATH-2.png ...; returns the files.

    width: in pixels. What no font can show is transcribed, and standard error says so. Parameters and errors
    else as those of `score_pages`.
    """
    shown = readable(song if title is None else replace(song, title=title))
    if shown.notice:
        print(f"{path.name}: {shown.notice}", file=sys.stderr)
    pages = score_pages(shown.song, tempo=tempo, chords=chords, key=key).svgs
    return write_pages(Path(path), [rasterize(page, width=width, font=shown.font) for page in pages])


def _as_wide(text: str) -> str:
    """`text` with W for each East Asian character: as wide, and verovio knows how wide a W is."""
    return "".join("W" if unicodedata.east_asian_width(letter) in "WF" else letter for letter in text)
