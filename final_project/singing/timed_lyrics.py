"""When each syllable is sung: as enhanced LRC, which karaoke players read, and as JSON with the notes.

    lrc_text(song)   ->  [00:00.50]<00:00.50>Twin<00:01.17>kle, <00:01.83>twin ... <00:04.50>
    timing(song)     ->  {"title", "duration", "lines", "syllables": [{"text", "start", "end", "notes"}, ...]}

Times are seconds of what is heard: `song` must begin where its sound file does. A syllable begins with its
vowel, on the beat, and ends with the last note that it holds. The LRC has a time before each syllable and one
after the last of a line, and spaces only between words, so that the text of a line joins to what was written.
"""

from __future__ import annotations

from itertools import groupby
from typing import Any, NamedTuple

from final_project.singing.song import Song, SongPart

WITHOUT_SPACES = ("cmn", "yue", "hak", "ja")  # languages whose words follow each other without
HUNDREDTHS = 100  # LRC counts in hundredths of a second


class SungSyllable(NamedTuple):
    """A syllable as it is written, without its hyphen, and the places of its notes in the part."""

    text: str
    start: float
    end: float
    line: int
    ends_word: bool
    notes: range


def sung_syllables(part: SongPart) -> list[SungSyllable]:
    """The syllables of a part in order. Notes before the first one are nobody's."""
    places = [place for place, text in enumerate(part.syllables) if text]
    found = []
    for place, stop in zip(places, [*places[1:], len(part.notes)], strict=True):
        text = part.syllables[place]
        found.append(
            SungSyllable(
                text=text.removesuffix("-"),
                start=part.notes[place].start,
                end=part.notes[stop - 1].end,
                line=part.lines[place],
                ends_word=not text.endswith("-") or stop == len(part.notes),
                notes=range(place, stop),
            )
        )
    return found


def lines_of(part: SongPart) -> list[list[SungSyllable]]:
    """The same, line by line of the verse."""
    return [list(line) for _, line in groupby(sung_syllables(part), key=lambda syllable: syllable.line)]


def between_words(language: str) -> str:
    """What stands between two words: a space, or nothing in Chinese and Japanese."""
    return "" if language.partition("-")[0] in WITHOUT_SPACES else " "


def lrc_text(song: Song) -> str:
    """The melody's lyrics as enhanced LRC (the tags of A2 Media Player: a time in angle brackets per
    syllable)."""
    lines = [f"[ti:{one_line(song.title)}]", f"[length:{clock(song.end)}]"]
    space = between_words(song.language)
    for line in lines_of(song.melody):
        text = "".join(f"<{clock(s.start)}>{s.text}{space if s.ends_word else ''}" for s in line)
        lines.append(f"[{clock(line[0].start)}]{text.rstrip()}<{clock(line[-1].end)}>")
    return "\n".join(lines) + "\n"


def clock(seconds: float) -> str:
    """Minutes, seconds and hundredths: 65.432 is "01:05.43"."""
    hundredths = round(seconds * HUNDREDTHS)
    minutes, rest = divmod(hundredths, 60 * HUNDREDTHS)
    return f"{minutes:02d}:{rest // HUNDREDTHS:02d}.{rest % HUNDREDTHS:02d}"


def timing(song: Song) -> dict[str, Any]:
    """What NAME.json tells: lines and syllables of the melody, and the notes of every part."""
    return {
        "title": song.title,
        "language": song.language,
        "tempo": song.tempo,
        "duration": seconds_of(song.end),
        "lines": [line_entry(line, song.language) for line in lines_of(song.melody)],
        "syllables": [syllable_entry(syllable, song.melody) for syllable in sung_syllables(song.melody)],
        "parts": [{"name": part.name, "notes": note_entries(part)} for part in song.parts],
    }


def line_entry(line: list[SungSyllable], language: str) -> dict[str, Any]:
    space = between_words(language)
    text = "".join(syllable.text + (space if syllable.ends_word else "") for syllable in line)
    return {"text": text.strip(), "start": seconds_of(line[0].start), "end": seconds_of(line[-1].end)}


def syllable_entry(syllable: SungSyllable, part: SongPart) -> dict[str, Any]:
    return {
        "text": syllable.text,
        "start": seconds_of(syllable.start),
        "end": seconds_of(syllable.end),
        "line": syllable.line,
        "ends_word": syllable.ends_word,
        "pitches": [part.notes[place].pitch for place in syllable.notes],
    }


def note_entries(part: SongPart) -> list[dict[str, Any]]:
    return [
        {"pitch": note.pitch, "start": seconds_of(note.start), "end": seconds_of(note.end)}
        for note in part.notes
    ]


def seconds_of(time: float) -> float:
    """To a tenth of a millisecond: what is finer nobody hears, and it fills files."""
    return round(float(time), 4)


def one_line(text: str) -> str:
    """A tag of an LRC ends at its bracket and at its line."""
    return " ".join(text.replace("[", "(").replace("]", ")").split())
