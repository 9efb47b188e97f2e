"""The user's files -> songs: notes of MIDI, MusicXML or ABC, with their words or with words of one's own.

    song, notices = read_song(Path("song.mid"), lyrics="Twinkle, twinkle, little star", language="en-us")
    song, notices = in_range(song, singer)

The melody is the line that has words, or one that is called so, or the highest. With `every_part` all other
lines that can be sung are parts, too. Notices tell the user what was decided for him.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from pathlib import Path

from common.cli import UserError
from common.notes_in import Line, LineNote, Piece, kind_of, read_abc, read_midi, read_musicxml, single
from common.singing import SINGERS, Singer
from common.singing.singers import HIGHEST, LOWEST
from common.synthesis import Note
from final_project.singing.song import USUAL_TEMPO, Song, SongPart
from final_project.singing.words_in import syllables_for, verse_lines

MOST_BYTES = 4_000_000
MOST_PARTS = 8
SLOWEST, FASTEST = 20.0, 400.0  # quarter notes a minute
LONGEST = 3600.0  # s
MELODY_NAMES = ("melod", "vocal", "voice", "voc", "sing", "gesang", "soprano", "sopran", "lead", "cantus")
READERS = {"midi": read_midi, "musicxml": read_musicxml, "abc": read_abc}
SUNG_WITHOUT_WORDS = "la"
TOGETHER = 0.05  # s; a note that begins less than this before a syllable begins with it
OCTAVE = 12


def read_song(
    path: Path,
    *,
    lyrics: str | None = None,
    language: str = "",
    tempo: float | None = None,
    every_part: bool = False,
) -> tuple[Song, list[str]]:
    """The song in a file of notes, and what the user should know of.

    lyrics: words for the melody, instead of those in the file. language: espeak-ng's code, "" is English.
    tempo: quarter notes a minute, else the file's. Errors: UserError for files without notes, sound, a melody
    with several notes at once, words that cannot be spoken, and songs that are too long.
    """
    piece = read_notes(path)
    seconds, tempo = 60 / checked_tempo(tempo or piece.tempo or USUAL_TEMPO), tempo or piece.tempo
    melody, others, notices = lines_to_sing(piece, every_part=every_part)
    if melody.notes[-1].end * seconds > LONGEST:
        raise UserError(f"would last more than {LONGEST / 60:.0f} minutes; give a shorter song")
    part, more = part_of(melody, "melody", seconds, lyrics=lyrics, language=language)
    parts = [part]
    for number, line in enumerate(others, 2):
        words = None if has_words(line) else part
        other, _ = part_of(line, line.name or f"part {number}", seconds, language=language, words_of=words)
        parts.append(other)
    title = piece.title or path.stem
    return Song(title, tuple(parts), language, tempo or USUAL_TEMPO), [*piece.notices, *notices, *more]


def read_notes(path: Path) -> Piece:
    """The lines in a file of notes. Errors: UserError."""
    if path.is_dir():
        raise UserError("is a folder; name a file of notes")
    if not path.is_file():
        raise UserError("no such file; check the path")
    with path.open("rb") as file:
        content = file.read(MOST_BYTES + 1)
    kind = kind_of(content, path.suffix.lower())
    if kind not in READERS:
        raise UserError("is sound, not notes; give MIDI, MusicXML or ABC")
    if len(content) > MOST_BYTES:
        raise UserError(f"larger than {MOST_BYTES / 1e6:g} MB; give the notes of one song")
    return READERS[kind](content)


def checked_tempo(tempo: float) -> float:
    """The tempo. Errors: UserError for one at which nobody sings."""
    if not SLOWEST <= tempo <= FASTEST:
        raise UserError(f"the tempo is {tempo:g}; give {SLOWEST:g} to {FASTEST:g} quarter notes a minute")
    return tempo


def lines_to_sing(piece: Piece, *, every_part: bool) -> tuple[Line, list[Line], list[str]]:
    """The melody, the other lines that are sung if `every_part`, and what was left out.

    Errors: UserError if no line has one note at a time.
    """
    usable, refused = [], None
    for line in piece.lines:
        try:
            usable.append(single(line))
        except UserError as error:
            refused = refused or error
    if not usable:
        raise refused or UserError("has no notes; give a melody")
    melody = melody_of(usable)
    others = [line for line in usable if line is not melody][: MOST_PARTS - 1] if every_part else []
    left = len(piece.lines) - 1 - len(others)
    taken = melody.name or "the highest line"
    notices = [f"has {len(piece.lines)} lines; {taken} is sung, {left} not"] if left else []
    return melody, others, notices


def melody_of(lines: Sequence[Line]) -> Line:
    """The line with most words; if there are none, one that is called a melody; else the highest."""
    sung = max(lines, key=lambda line: sum(bool(note.text) for note in line.notes))
    if has_words(sung):
        return sung
    named = [line for line in lines if line.name.casefold().startswith(MELODY_NAMES)]
    return max(named or lines, key=lambda line: sum(n.pitch for n in line.notes) / len(line.notes))


def has_words(line: Line) -> bool:
    return any(note.text for note in line.notes)


def part_of(
    line: Line,
    name: str,
    seconds: float,
    *,
    lyrics: str | None = None,
    language: str = "",
    words_of: SongPart | None = None,
) -> tuple[SongPart, list[str]]:
    """A line as a part, `seconds` a quarter note, and notices.

    Its words are `lyrics`; or those of the file; or those that the part `words_of` has at the same time; or
    "la". Errors: UserError for words that cannot be spoken.
    """
    notes = tuple(in_seconds(note, seconds) for note in line.notes)
    if lyrics is not None:
        syllables, lines, notices = syllables_for(lyrics, notes, language=language)
        return SongPart(name, notes, syllables, lines), notices
    if words_of is not None:
        return SongPart(name, notes, *words_at(notes, words_of)), []
    if not has_words(line):
        return SongPart(name, notes, (SUNG_WITHOUT_WORDS,) * len(notes)), ["has no words; sung on la"]
    syllables = tuple(note.text for note in line.notes)
    ends = [note.fermata for note in line.notes]
    return SongPart(name, notes, syllables, verse_lines(syllables, notes, ends)), []


def in_seconds(note: LineNote, seconds: float) -> Note:
    return Note(note.pitch, note.onset * seconds, (note.end - note.onset) * seconds)


def words_at(notes: Sequence[Note], part: SongPart) -> tuple[tuple[str, ...], tuple[int, ...]]:
    """Syllables and lines for `notes`: of what `part` sings when each begins; "" if that began before."""
    begins = [place for place, text in enumerate(part.syllables) if text] or [0]
    starts = [part.notes[place].start for place in begins]
    sung = [max(bisect_right(starts, note.start + TOGETHER) - 1, 0) for note in notes]  # which of `begins`
    syllables = []
    for place, number in enumerate(sung):
        text = part.syllables[begins[number]] or SUNG_WITHOUT_WORDS
        goes_on = next((other for other in sung[place:] if other != number), None) == number + 1
        held = place and sung[place - 1] == number
        syllables.append("" if held else text if goes_on else text.removesuffix("-"))
    return tuple(syllables), tuple(part.lines[begins[number]] for number in sung)


def in_range(song: Song, singer: Singer | None = None) -> tuple[Song, list[str]]:
    """The song moved by whole octaves to where `singer`, or any voice, has least of it out of range.

    Notices tell of a move. Errors: UserError for a part that no voice can sing wherever it is moved.
    """
    voices = [singer] if singer else [each for group in SINGERS.values() for each in group]
    lowest, highest = min(each.lowest for each in voices), max(each.highest for each in voices)
    notes = song.notes if singer else [note for part in song.parts for note in part.notes]

    def strain(octaves: int) -> float:
        pitches = [(note.pitch + OCTAVE * octaves, note.duration) for note in notes]
        return sum(max(lowest - pitch, pitch - highest, 0) * duration for pitch, duration in pitches)

    octaves = min(range(-8, 9), key=lambda each: (round(strain(each), 6), abs(each)))
    for part in song.parts:
        low, high = (extreme(part.pitches) + OCTAVE * octaves for extreme in (min, max))
        if low < LOWEST or high > HIGHEST:
            raise UserError(
                f"the {part.name} lies at MIDI pitches {low} to {high}, which no voice can sing"
                f" ({LOWEST} to {HIGHEST}); give another line"
            )
    if not octaves:
        return song, []
    way = "up" if octaves > 0 else "down"
    moved = f"{abs(octaves)} octave{'s' if abs(octaves) > 1 else ''} {way}"
    return song.transposed(OCTAVE * octaves), [
        f"moved {moved}, to where {singer.name if singer else 'voices'} can sing it"
    ]
