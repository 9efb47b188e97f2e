"""The user's files: what each of them is, which lines it has, and which voices these are.

    for source in sources(arguments): piece = read_piece(source, ...); lines = voices_in(piece, ("soprano",))

What a file is its first bytes decide, not its name: MIDI, MusicXML (packed or not), ABC, or sound.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from common.audio_files import audio_files
from common.cli import UserError
from common.distinct_names import distinct
from common.notes_in.kinds import MOST_BYTES, SCORES, kind_of
from common.notes_in.lines import Line, Piece, single
from common.notes_in.midi_input import read_midi
from common.notes_in.score_input import read_abc, read_musicxml
from final_project.muse2bach.chorale import VOICES
from final_project.muse2bach.recording import read_recording

OTHER_NAMES = {"sopran": "soprano", "cantus": "soprano", "alt": "alto", "altus": "alto", "bassus": "bass"}
NAME_BYTES = 100
ENDINGS = re.compile(r"(_sung|_take\d+)+$")


@dataclass(frozen=True)
class Source:
    """A file, and the `name` of the files that are written for it."""

    path: Path
    name: str


def sources(arguments: Sequence[Path]) -> list[Source]:
    """The files, those below folders included, with names of their own: NAME, NAME_2, ..."""
    found, taken = [], set()
    for path in (file for argument in arguments for file in files_of(argument)):
        found.append(Source(path, distinct(name_of(path.stem), taken)))
    return found


def files_of(path: Path) -> list[Path]:
    """For a folder what can be read below it, sorted, or itself if there is nothing; else the path."""
    if not path.is_dir():
        return [path]
    scores = [file for file in path.rglob("[!.]*") if file.suffix.lower() in SCORES and file.is_file()]
    sound = [file for file in audio_files([path]) if file != path]  # a folder without any is told as itself
    return sorted({*scores, *sound}) or [path]


def name_of(stem: str) -> str:
    """Letters and digits of any script, joined by underscores: it cannot lead out of a folder.

    It has none of the endings of our files, so that no file of one name is a file of another.
    """
    text = unicodedata.normalize("NFC", stem)
    words = "".join(letter if letter.isalnum() else " " for letter in text).split()
    name = "_".join(words).encode(errors="ignore")[:NAME_BYTES].decode(errors="ignore").strip("_")
    return ENDINGS.sub("", name) or "chorale"


def read_piece(path: Path, *, tempo: float | None = None) -> tuple[Piece, str]:
    """What is in a file, and its kind: "midi", "score" or "recording". tempo: of a recording, if known.

    Errors: UserError for what cannot be used, AudioError for damaged sound.
    """
    if path.is_dir():
        raise UserError("is a folder without music; name the files")
    if not path.is_file():
        raise UserError("no such file; check the path")
    with path.open("rb") as file:
        content = file.read(MOST_BYTES + 1)
    kind = kind_of(content, path.suffix.lower())
    if kind == "recording":
        return read_recording(path, tempo=tempo), kind
    if len(content) > MOST_BYTES:
        raise UserError(f"larger than {MOST_BYTES / 1e6:g} MB; give the notes of one chorale")
    readers = {"midi": read_midi, "musicxml": read_musicxml, "abc": read_abc}
    return readers[kind](content), "midi" if kind == "midi" else "score"


def voices_in(piece: Piece, wanted: Sequence[str]) -> tuple[dict[str, Line], list[str]]:
    """The lines that are given, by voice, one note at a time each; and what was not taken.

    wanted: the voices that the file gives, in the order of its parts, or by the names of its parts.
    Errors: UserError for too few lines, and for several notes at once.
    """
    named = {voice: line for line in piece.lines if (voice := voice_named(line.name))}
    if len(piece.lines) > 1 and all(voice in named for voice in wanted):
        chosen = {voice: single(named[voice]) for voice in wanted}
    else:
        usable, refused = [], None
        for line in piece.lines:
            try:
                usable.append(single(line))
            except UserError as error:
                refused = refused or error
        if len(usable) < len(wanted):
            if refused:
                raise refused
            raise UserError(
                f"has {count(len(usable), 'line')}, and --given names {len(wanted)} voices; name as many"
            )
        if len(wanted) == 1 and len(usable) > 1:
            usable = [extreme(usable, wanted[0])]
        chosen = dict(zip(wanted, usable, strict=False))
    left = len(piece.lines) - len(chosen)
    names = ", ".join(line.name or "a part without a name" for line in chosen.values())
    notice = f"has {count(len(piece.lines), 'line')}; taken: {names}; --given says which voices they are"
    return chosen, [notice] if left else []


def extreme(lines: Sequence[Line], voice: str) -> Line:
    """Of several lines that have no known names the lowest for the bass, the highest for all others."""

    def height(line: Line) -> float:
        return sum(note.pitch for note in line.notes) / len(line.notes)

    return min(lines, key=height) if voice == "bass" else max(lines, key=height)


def voice_named(name: str) -> str | None:
    """The voice that a part's name means: "Soprano", "S.", "Alt", "Bass 1"; None for others."""
    word = re.split(r"[\W\d_]+", name.strip().casefold(), maxsplit=1)[0]
    if word in VOICES:
        return word
    initials = {voice[0]: voice for voice in VOICES}
    return OTHER_NAMES.get(word) or initials.get(word)


def count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
