"""What is to be sung: lyrics, text files, files of notes, folders of both; and which text has which notes.

    for source in song_sources(arguments, notes=None): text, notes = source.text(), source.notes

A text file is sung to the notes of the same name beside it, `star.txt` to `star.mid`. A file of notes alone
is sung with the words that stand in it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from common.cli import UserError
from common.lyric_sources import TEXT_SUFFIXES, Source, is_file, sources

SCORES = (".mid", ".midi", ".kar", ".musicxml", ".xml", ".mxl", ".abc")


@dataclass(frozen=True)
class SongSource:
    """One song: where its words come from, None for those in `notes`, and its notes, None for none."""

    source: Source
    words: Source | None
    notes: Path | None

    @property
    def argument(self) -> str:
        return self.source.argument

    @property
    def name(self) -> str:
        """What its files are called."""
        return self.source.name

    @property
    def label(self) -> str:
        """How messages call it."""
        return self.source.label

    def text(self) -> str | None:
        """The lyrics, None for those in the notes. Errors: UserError for what cannot be read, or is empty."""
        if self.words is None:
            return None
        text = self.words.read()
        if not text.strip():
            raise UserError("there are no lyrics; write at least a word to sing")
        return text

    def check_apart(self, outputs: Sequence[Path]) -> None:
        """Errors: UserError if one of the user's own files would be written over by `outputs`."""
        own = {path.resolve() for path in (self.source.path, self.notes) if path is not None}
        if own & {path.resolve() for path in outputs}:
            raise UserError("lies where its own song would be written; choose another --out")


def song_sources(arguments: Sequence[str], notes: Path | None = None) -> list[SongSource]:
    """The songs that the arguments name. notes: what all texts are sung to."""
    files = [file for argument in arguments for file in files_of(argument)]
    return [song_source(source, notes) for source in sources(files)]


def song_source(source: Source, notes: Path | None) -> SongSource:
    if source.path is not None and source.path.suffix.lower() in SCORES:
        return SongSource(source, None, source.path)
    return SongSource(source, source, notes or notes_beside(source.path))


def notes_beside(path: Path | None) -> Path | None:
    """The file of notes that has the name of a text file, but for the ending."""
    if path is None:
        return None
    beside = (path.with_suffix(suffix) for suffix in SCORES)
    return next((file for file in beside if file.is_file()), None)


def files_of(argument: str) -> Iterator[str]:
    """For a folder the texts below it, and the notes that belong to no text, sorted; for all else itself."""
    folder = Path(argument)
    if not is_file(argument) or not folder.is_dir():
        yield argument
        return
    files = sorted(path for path in folder.rglob("[!.]*") if path.is_file())
    texts = [path for path in files if path.suffix.lower() in TEXT_SUFFIXES]
    used = {notes_beside(path) for path in texts}
    found = [path for path in files if path in texts or (path.suffix.lower() in SCORES and path not in used)]
    yield from map(str, found or [folder])
