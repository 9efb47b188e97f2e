"""A page to hear chorales and to follow them: one HTML file, complete in itself.

For each chorale it has the score and players for choir and sung version; the notes that sound are lit up, and
a click on a note plays from there. Sound is inside as mp3, 0.7 MB of page for each minute of each player;
what is longer than LONGEST_SOUND is played from the file beside the page. So are files: MusicXML and MIDI are
inside, what is larger is linked. The page itself, with its style and script, is listening_page.html beside
this file.
"""

from __future__ import annotations

import html
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from common.engraving import engrave
from common.page_files import link, relative_address, sound_address, write_html
from common.pages import data_address, fill, script_json
from common.score_font import font_face
from common.score_markup import embedded
from final_project.muse2bach.chorale import VOICES, Chorale
from final_project.muse2bach.chorale_table import Finished, chorale_summary, described, faults
from final_project.muse2bach.notation import bars, signs, sung_notes
from final_project.muse2bach.outputs import Manner
from final_project.muse2bach.performance import frame_times
from final_project.muse2bach.score import musicxml, note_id

TEMPLATE = Path(__file__).with_name("listening_page.html")
LONGEST_SOUND = 900.0  # seconds
LARGEST_INSIDE = 200_000  # bytes of a file that is put into the page
MEDIA_TYPES = {".mid": "audio/midi", ".musicxml": "application/vnd.recordare.musicxml+xml"}
TITLE = "Chorales"


class Shown(NamedTuple):
    """A note as one sign of the score: its id, and the frames `begin` to `end` in which it sounds."""

    id: str
    begin: int
    end: int


def write_page(page: Path, chorales: Sequence[Finished], *, title: str = TITLE) -> Path:
    """Write the page `title` of `chorales` to `page`, complete or not at all.

    Players are made of the WAV files among the outputs, whose time is that of `frame_times`.
    Errors: AudioError for sound that cannot be read.
    """
    sections, data = [], []
    for number, finished in enumerate(chorales):
        markup, entry = section(finished, number, folder=page.parent)
        sections.append(markup)
        data.append(entry)
    markup = "\n".join(sections)
    parts = {
        "title": html.escape(title),
        "score_font": font_face(markup),
        "chorales": markup,
        "data": script_json(data),
    }
    return write_html(page, fill(TEMPLATE, parts))


def section(finished: Finished, number: int, *, folder: Path) -> tuple[str, dict[str, Any]]:
    """The HTML of one chorale, and what the script must know of it. `folder` is the page's."""
    chorale, prefix = finished.candidate.chorale, f"c{number}-"
    summary = f"{chorale_summary(described(finished))}; {faults(finished.candidate.broken)}"
    markup = SECTION.format(
        number=number,
        name=html.escape(heading(finished)),
        about=html.escape(summary),
        files=" ".join(file_links(finished.outputs, folder)),
        score="\n".join(score(chorale, finished.manner, prefix=prefix, name=finished.name)),
    )
    entry = moments(chorale, finished.manner, prefix=prefix)
    sounds = [sound(path, folder) for path in finished.outputs.values() if path.suffix == ".wav"]
    return markup, {**entry, "sounds": sounds}


SECTION = """<section class="chorale" id="chorale{number}" aria-labelledby="name{number}">
<h2 id="name{number}">{name}</h2>
<p class="about">{about}</p>
<div class="players"></div>
<p class="files">{files}</p>
<div class="score" tabindex="0" role="group" aria-label="Score">
{score}
</div>
</section>"""


def heading(finished: Finished) -> str:
    """The name of the files, and the title if it says more."""
    title = finished.candidate.chorale.title
    return f"{finished.name}: {title}" if title else finished.name


def score(chorale: Chorale, manner: Manner, *, prefix: str, name: str) -> Iterator[str]:
    """The pages of the score as markup."""
    document = musicxml(chorale, metre=manner.metre, tempo=manner.tempo, staves=manner.staves)
    for place, svg in enumerate(engrave(document), start=1):
        yield embedded(svg, prefix=prefix, label=f"Score of {name}, page {place}")


def moments(chorale: Chorale, manner: Manner, *, prefix: str) -> dict[str, list]:
    """What sounds when: "times" in seconds, and between each and the next the ids of "notes" that are lit."""
    shown = list(shown_notes(chorale, manner))
    edges = sorted({0, *(note.begin for note in shown), *(note.end for note in shown)})
    lit: list[list[str]] = [[] for _ in edges[:-1]]
    for note in shown:
        for place in range(edges.index(note.begin), edges.index(note.end)):
            lit[place].append(prefix + note.id)
    times = frame_times(chorale, manner.tempo)[edges]
    return {"times": np.round(times, 4).tolist(), "notes": lit}


def shown_notes(chorale: Chorale, manner: Manner) -> Iterator[Shown]:
    """Every sign of the score that is a note."""
    for voice in range(len(VOICES)):
        notes = [note for note in sung_notes(chorale, voice) if note.pitch is not None]
        for bar in bars(chorale, manner.metre):
            within = [note for note in notes if note.begin < bar.end and note.end > bar.begin]
            for sign in signs(within, bar, manner.metre):
                begin = bar.begin + sign.begin
                yield Shown(note_id(voice, begin), begin, begin + sign.length)


def file_links(outputs: Mapping[str, Path], folder: Path) -> Iterator[str]:
    """A link to each file: small ones are in the page, others beside it."""
    for path in outputs.values():
        if address := file_address(path, folder):
            yield link(path.name, address)


def file_address(path: Path, folder: Path) -> str | None:
    """The contents of a small file of notes; else where a file lies; None for one that is not there."""
    kind = MEDIA_TYPES.get(path.suffix)
    if kind and path.is_file() and path.stat().st_size <= LARGEST_INSIDE:
        return data_address(path.read_bytes(), kind)
    return relative_address(path, folder)


def sound(path: Path, folder: Path) -> dict[str, str]:
    """What one player plays. Errors: AudioError."""
    name = "Sung" if path.stem.endswith("_sung") else "Played"
    return {"name": name, "sound": sound_address(path, folder, longest=LONGEST_SOUND)}
