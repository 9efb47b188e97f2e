"""A page to hear melodies and to follow them: one HTML file, complete in itself.

For each melody it has the score, the lyrics, and players for what was recorded; the syllable that sounds is
lit up in both, and a click on a syllable or note plays from there. Sound is inside as mp3, 0.9 MB of page for
each minute; what is longer than LONGEST_SOUND is played from the file beside the page. The page itself, with
its style and script, is listening_page.html beside this file.
"""

from __future__ import annotations

import html
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from common.page_files import links, sound_address, write_html
from common.pages import fill, script_json
from common.score_font import font_face
from common.score_markup import embedded
from hw3_melody_generation.harmony import Chord, NamedKey
from hw3_melody_generation.performance import note_times
from hw3_melody_generation.score_picture import score_pages
from hw3_melody_generation.songs import Lyrics, Song

TEMPLATE = Path(__file__).with_name("listening_page.html")
LONGEST_SOUND = 900.0  # seconds
WITHOUT_SPACES = ("zh",)  # languages whose words follow each other without
TITLE = "Melodies"


class Candidate(Protocol):
    """A melody with its text, in quarter-note beats, and its key."""

    song: Song
    key: NamedKey


class FinishedSong(Protocol):
    """What was written for a melody (`song_files.FinishedSong`); `outputs` are files by kind."""

    name: str
    candidate: Candidate
    tempo: float
    chords: Sequence[Chord]
    outputs: Mapping[str, Path]


def write_page(page: Path, songs: Sequence[FinishedSong], *, title: str = TITLE) -> Path:
    """Write the page `title` of `songs` to `page`, complete or not at all.

    Players are made of the WAV files among a song's outputs, as `performance.perform` makes them: their time
    is that of `note_times`. All outputs at or below the page's folder get a link.
    Errors: AudioError for sound that cannot be read.
    """
    sections, data = [], []
    for number, song in enumerate(songs):
        markup, entry = section(song, number, folder=page.parent)
        sections.append(markup)
        data.append(entry)
    markup = "\n".join(sections)
    parts = {
        "title": html.escape(title),
        "score_font": font_face(markup),
        "songs": markup,
        "data": script_json(data),
    }
    return write_html(page, fill(TEMPLATE, parts))


def section(finished: FinishedSong, number: int, *, folder: Path) -> tuple[str, dict[str, Any]]:
    """The HTML of one song, and what the script must know of it. `folder` is the page's."""
    song, key, prefix = finished.candidate.song, finished.candidate.key, f"s{number}-"
    pages = score_pages(song, tempo=finished.tempo, chords=finished.chords, key=key)
    starts, ends = note_times(song, finished.tempo)
    score = [
        embedded(svg, prefix=prefix, label=f"Score of {finished.name}, page {place}")
        for place, svg in enumerate(pages.svgs, start=1)
    ]
    about = f"{key.name}, {finished.tempo:g} quarter notes per minute, {len(song)} syllables"
    markup = SECTION.format(
        number=number,
        name=html.escape(finished.name),
        about=html.escape(about),
        files=links(finished.outputs.values(), folder),
        lyrics=lyrics_markup(song.lyrics),
        language=html.escape(song.lyrics.language or "und", quote=True),
        score="\n".join(score),
    )
    entry = {
        "starts": np.round(starts, 4).tolist(),
        "ends": np.round(ends, 4).tolist(),
        "notes": [[prefix + note for note in ids] for ids in note_ids(pages.note_ids)],
        "sounds": [sound(path, folder) for path in finished.outputs.values() if path.suffix == ".wav"],
    }
    return markup, entry


SECTION = """<section class="song" id="song{number}" aria-labelledby="name{number}">
<h2 id="name{number}">{name}</h2>
<p class="about">{about}</p>
<div class="players"></div>
<p class="files">{files}</p>
<div class="lyrics" lang="{language}" role="group" aria-label="Lyrics; press a syllable to play from there">
{lyrics}
</div>
<div class="score" tabindex="0" role="group" aria-label="Score">
{score}
</div>
</section>"""


def note_ids(ids: Sequence[str | Sequence[str]]) -> Iterator[Sequence[str]]:
    """The ids of each syllable's notes in the score: several where a bar line cuts a note in two."""
    for of_syllable in ids:
        yield (of_syllable,) if isinstance(of_syllable, str) else of_syllable


def lyrics_markup(lyrics: Lyrics) -> str:
    """The text line by line: every syllable is a button, and words do not break."""
    places = range(len(lyrics))
    between = "" if lyrics.language in WITHOUT_SPACES else " "
    lines = []
    for _, of_line in groupby(places, key=lambda place: lyrics.lines[place]):
        words = [
            f'<span class="word">{"".join(_button(lyrics, place) for place in of_word)}</span>'
            for _, of_word in groupby(of_line, key=lambda place: lyrics.words[place])
        ]
        lines.append(f'<p class="line">{between.join(words)}</p>')
    return "\n".join(lines)


def _button(lyrics: Lyrics, place: int) -> str:
    text = html.escape(lyrics.syllables[place] + lyrics.punctuation[place])
    return f'<button type="button" class="syllable" data-place="{place}" tabindex="-1">{text}</button>'


def sound(path: Path, folder: Path) -> dict[str, Any]:
    """What one player plays. Errors: AudioError."""
    name = "Sung" if path.stem.endswith("_sung") else "Played"
    return {"name": name, "sound": sound_address(path, folder, longest=LONGEST_SOUND)}
