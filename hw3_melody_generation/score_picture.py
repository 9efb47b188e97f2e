"""The score as a picture: verovio engraves the MusicXML as SVG, resvg makes a PNG of it. Both work offline.

A page is as wide as A4 and as high as what stands on it, at most `page_height`. In the SVG each note is an
element whose id is known (`ScorePages.note_ids`), so that a page can show which syllable sounds. Signs within
text (the quarter note of the tempo, the flat of a chord) become characters of Unicode, so that no music font
needs to be embedded, which would be five sixths of a file. Text in an SVG is left to the viewer's fonts; for
a PNG the fonts that matplotlib brings are used, and for Chinese and Japanese an installed one or
transcriptions: see `readable`. The same song gives the same bytes.

Sources: Pugin, Zitellini & Roland 2014, "Verovio: A library for engraving MEI music notation into SVG".
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

import resvg_py
import verovio

from common.run_folder import write_atomically
from hw3_melody_generation import spelling
from hw3_melody_generation.musicxml import NamedChord, lyric_text, musicxml, note_ids
from hw3_melody_generation.readable import BASE_FONT, readable
from hw3_melody_generation.songs import Song

A4 = (2100, 2970)  # verovio's units, tenths of a millimetre
PNG_WIDTH = 1680  # pixels: 203 dots per inch on A4
TEXT_FONTS = ("STIXGeneral.ttf", "STIXGeneralBol.ttf", "STIXGeneralItalic.ttf", "DejaVuSans.ttf")
# Signs of the music font within text, by Unicode's names for the same.
SIGNS = {
    **{code: "♭" for code in "\ue260\ued60\uea64"},
    **{code: "♮" for code in "\ue261\ued61\uea65"},
    **{code: "♯" for code in "\ue262\ued62\uea66"},
    **{code: "♩" for code in "\ue1d5\ueca5"},
    **{code: "𝅘𝅥𝅮" for code in "\ue1d7\ueca7"},
    **{code: "𝅗𝅥" for code in "\ue1d3\ueca3"},
    **{code: "." for code in "\ue1e7\uecb7"},
}
SIGN = re.compile(r'<tspan font-family="(?:Leipzig|Bravura)" font-size="(\d+)px">(.*?)</tspan>')
NOTE_SIZE, ACCIDENTAL_SIZE = 0.7, 0.56  # of the music font's size, to match the text beside
SIGN_FONTS = "DejaVu Sans, Segoe UI Symbol, Apple Symbols, Noto Music, sans-serif"
TOOLTIP = re.compile(
    r'<title class="labelAttr">.*?</title>'
)  # "1" over each syllable, the number of the verse
OPTIONS = {
    "pageWidth": A4[0],
    "adjustPageHeight": True,
    "footer": "none",
    "lyricTopMinMargin": 3.0,
    "minLastJustification": 0.6,
    "smuflTextFont": "none",
    "svgFormatRaw": True,  # without white space, which resvg would draw
    "svgViewBox": True,
    "xmlIdChecksum": True,  # ids by the content, not by chance
}
TALL = {"lyricTopMinMargin": 4.5}  # East Asian characters fill the whole height of a line
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


def engrave(document: bytes, *, page_height: int = A4[1], tall: bool = False) -> list[str]:
    """MusicXML -> the SVG of each page. tall: the lyrics need more room. RuntimeError if verovio fails."""
    verovio.enableLog(verovio.LOG_ERROR)
    toolkit = verovio.toolkit()
    # A system ends where a line of the lyrics does, if it is reasonably full then.
    breaks = "smart" if b'new-system="yes"' in document else "auto"
    toolkit.setOptions({**OPTIONS, "breaks": breaks, "pageHeight": page_height, **(TALL if tall else {})})
    if not toolkit.loadData(document.decode()):
        raise RuntimeError(f"verovio cannot engrave this: {toolkit.getLog().strip()}")
    pages = (toolkit.renderToSVG(number) for number in range(1, toolkit.getPageCount() + 1))
    return [TOOLTIP.sub("", SIGN.sub(_sign, page)) for page in pages]


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
    return _write_pages(Path(path), [page.encode() for page in pages])


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
    return _write_pages(Path(path), [rasterize(page, width=width, font=shown.font) for page in pages])


def rasterize(svg: str, *, width: int = PNG_WIDTH, font: Path | None = None) -> bytes:
    """SVG -> PNG on white, `width` pixels wide; `font` is used beside those of matplotlib."""
    fonts = [str(BASE_FONT.with_name(name)) for name in TEXT_FONTS] + ([str(font)] if font else [])
    options = {"font_files": fonts, "serif_family": "STIXGeneral", "skip_system_fonts": True}
    return bytes(resvg_py.svg_to_bytes(svg_string=svg, background="white", width=width, **options))


def _as_wide(text: str) -> str:
    """`text` with W for each East Asian character: as wide, and verovio knows how wide a W is."""
    return "".join("W" if unicodedata.east_asian_width(letter) in "WF" else letter for letter in text)


def _sign(found: re.Match[str]) -> str:
    text = "".join(SIGNS.get(code, "") for code in found[2])
    size = round(int(found[1]) * (ACCIDENTAL_SIZE if text in "♭♮♯" else NOTE_SIZE))
    return f'<tspan font-family="{SIGN_FONTS}" font-size="{size}px">{text}</tspan>'


def _write_pages(path: Path, pages: Sequence[bytes]) -> list[Path]:
    if len(pages) == 1:
        paths = [path]
    else:
        paths = [path.with_name(f"{path.stem}-{number}{path.suffix}") for number in range(1, len(pages) + 1)]
    for place, page in zip(paths, pages, strict=True):
        write_atomically(place, page)
    return paths
