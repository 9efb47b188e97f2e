"""Scores as pictures: verovio engraves MusicXML as SVG, resvg makes PNGs of it, Typst a PDF. All offline.

A page is as wide as A4 and as high as what stands on it, at most `page_height`. Signs within text (the
quarter note of the tempo, the flat of a chord) become characters of Unicode, so that no music font needs to
be embedded, which would be five sixths of a file. Text in an SVG is left to the viewer's fonts; PNG and PDF
take those that matplotlib brings. The same document gives the same bytes.

Sources: Pugin, Zitellini & Roland 2014, "Verovio: A library for engraving MEI music notation into SVG".
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Sequence
from pathlib import Path

import matplotlib
import resvg_py
import typst
import verovio

from common.run_folder import write_atomically

A4 = (2100, 2970)  # verovio's units, tenths of a millimetre
PNG_WIDTH = 1680  # pixels: 203 dots per inch on A4
FONTS = Path(matplotlib.get_data_path(), "fonts", "ttf")
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
MADE = 0  # seconds since 1970: the same pages give the same bytes
PAGES = """#set page(width: 210mm, height: 297mm, margin: 0mm)
#for name in ({names}) {{
  page(image(name, width: 210mm))
}}
"""


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


def rasterize(svg: str, *, width: int = PNG_WIDTH, font: Path | None = None) -> bytes:
    """SVG -> PNG on white, `width` pixels wide; `font` is used beside those of matplotlib."""
    fonts = [str(FONTS / name) for name in TEXT_FONTS] + ([str(font)] if font else [])
    options = {"font_files": fonts, "serif_family": "STIXGeneral", "skip_system_fonts": True}
    return bytes(resvg_py.svg_to_bytes(svg_string=svg, background="white", width=width, **options))


def pdf(svgs: Sequence[str]) -> bytes:
    """The pages of `engrave` as one PDF, an A4 page each. ValueError for none."""
    if not svgs:
        raise ValueError("a PDF needs at least one page, got none")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        names = [f"{number}.svg" for number in range(1, len(svgs) + 1)]
        for file, svg in zip(names, svgs, strict=True):
            # Typst finds fonts by their names alone: the serif of the SVG is the one that resvg draws.
            text = svg.replace('font-family="Times, serif"', 'font-family="STIXGeneral"')
            (folder / file).write_text(text, encoding="utf-8")
        quoted = "".join(f'"{file}", ' for file in names)
        (folder / "pages.typ").write_text(PAGES.format(names=quoted), encoding="utf-8")
        world = {"root": folder, "font_paths": [FONTS], "ignore_system_fonts": True}
        return typst.Compiler(input=folder / "pages.typ", **world).compile(timestamp=MADE)


def write_pages(path: Path, pages: Sequence[bytes]) -> list[Path]:
    """Write PATH, or if there are several pages PATH-1.svg, PATH-2.svg ...; returns the files."""
    if len(pages) == 1:
        paths = [path]
    else:
        paths = [path.with_name(f"{path.stem}-{number}{path.suffix}") for number in range(1, len(pages) + 1)]
    for place, page in zip(paths, pages, strict=True):
        write_atomically(place, page)
    return paths


def _sign(found: re.Match[str]) -> str:
    text = "".join(SIGNS.get(code, "") for code in found[2])
    size = round(int(found[1]) * (ACCIDENTAL_SIZE if text in "♭♮♯" else NOTE_SIZE))
    return f'<tspan font-family="{SIGN_FONTS}" font-size="{size}px">{text}</tspan>'
