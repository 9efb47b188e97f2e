"""A page to sing along: the syllable that sounds is lit up in the words and in a piano roll.

One HTML file, complete in itself: sound is inside as mp3 (0.9 MB of page for a minute), nothing is fetched.
What is longer than LONGEST_SOUND is played from the file beside the page. The page itself, with its style and
script, is karaoke_page.html beside this file.
"""

from __future__ import annotations

import html
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from common import audio
from common.page_files import links, sound_address, write_html
from common.pages import fill, script_json
from final_project.singing.piano_roll import SECOND, PitchCurve, roll_svg
from final_project.singing.song import Song
from final_project.singing.timed_lyrics import (
    SungSyllable,
    between_words,
    lines_of,
    seconds_of,
    sung_syllables,
)

TEMPLATE = Path(__file__).with_name("karaoke_page.html")
LONGEST_SOUND = 900.0  # seconds
TITLE = "Karaoke"


@dataclass(frozen=True)
class PageSong:
    """A song as it was sung: `song` in seconds of the `sound` file.

    about: who sings, and the like. files: all that was written for it. curve: the pitch that was sung, where
    one voice alone sings.
    """

    name: str
    song: Song
    sound: Path
    about: str = ""
    files: tuple[Path, ...] = ()
    curve: PitchCurve | None = None


def write_page(page: Path, songs: Sequence[PageSong], *, title: str = TITLE) -> Path:
    """Write the page of `songs` to `page`, complete or not at all.

    Errors: AudioError for sound that cannot be read.
    """
    sections, data = [], []
    for number, song in enumerate(songs):
        sections.append(section(song, number, page.parent))
        data.append(entry(song, page.parent))
    parts = {"title": html.escape(title), "songs": "\n".join(sections), "data": script_json(data)}
    return write_html(page, fill(TEMPLATE, parts))


def section(sung: PageSong, number: int, folder: Path) -> str:
    """The HTML of one song."""
    return SECTION.format(
        number=number,
        name=html.escape(sung.song.title),
        about=html.escape(sung.about),
        files=links(sung.files, folder),
        language=html.escape(sung.song.language or "en", quote=True),
        lyrics=lyrics_markup(sung.song),
        roll=roll_svg(sung.song, sung.curve, seconds=audio.info(sung.sound).duration),
    )


SECTION = """<section class="song" id="song{number}" aria-labelledby="name{number}">
<h2 id="name{number}">{name}</h2>
<p class="about">{about}</p>
<div class="players"></div>
<div class="lyrics" lang="{language}" role="group" aria-label="Words; press a syllable to sing from there">
{lyrics}
</div>
<div class="roll" tabindex="0" role="group" aria-label="Piano roll">
{roll}
</div>
<p class="files">{files}</p>
</section>"""


def entry(sung: PageSong, folder: Path) -> dict[str, Any]:
    """What the script must know of a song."""
    syllables = sung_syllables(sung.song.melody)
    return {
        "starts": [seconds_of(syllable.start) for syllable in syllables],
        "ends": [seconds_of(syllable.end) for syllable in syllables],
        "second": SECOND,
        "sound": sound_address(sung.sound, folder, longest=LONGEST_SOUND),
    }


def lyrics_markup(song: Song) -> str:
    """The words line by line: every syllable is a button, and words do not break."""
    lines, first = [], 0
    for line in lines_of(song.melody):
        words = between_words(song.language).join(
            f'<span class="word">{word}</span>' for word in words_of(line, first)
        )
        lines.append(f'<p class="line">{words}</p>')
        first += len(line)
    return "\n".join(lines)


def words_of(line: Sequence[SungSyllable], first: int) -> list[str]:
    """The buttons of each word of a line, whose syllables are counted from `first` on."""
    words, open_word = [], ""
    for place, syllable in enumerate(line, start=first):
        open_word += button(syllable.text, place)
        if syllable.ends_word or place == first + len(line) - 1:
            words.append(open_word)
            open_word = ""
    return words


def button(text: str, place: int) -> str:
    attributes = f'type="button" class="syllable" data-place="{place}" tabindex="-1"'
    return f"<button {attributes}>{html.escape(text)}</button>"
