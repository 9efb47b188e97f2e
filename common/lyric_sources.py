"""Where lyrics come from: a text file, a folder of them, `-` for standard input, or the argument itself.

Text is UTF-8. What is written for it is named after the file, or after the first words, in letters and digits
alone: no text can lead out of the folder that it is written to.
"""

from __future__ import annotations

import os
import re
import sys
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from common.cli import UserError
from common.distinct_names import distinct

STANDARD_INPUT = "-"
MOST_BYTES = 1_000_000  # no lyrics are longer; whole collections and wrong files are
NAME_WORDS, NAME_BYTES = 5, 100
TEXT_SUFFIXES = (".txt", ".text", ".md", ".lrc")
LABEL_LENGTH, TITLE_LENGTH = 48, 60  # characters
LEGIBLE = "LMNP"  # letters, marks, numbers, punctuation; emoji are none of a title
ENDINGS = re.compile(r"(_roll|_sung|_take\d+|-\d+)+$")  # what is added to NAME for its several files


@dataclass(frozen=True)
class Source:
    """An argument, and the `name` of the files that are written for it."""

    argument: str
    name: str

    @property
    def path(self) -> Path | None:
        """The file, if the argument names one."""
        return Path(self.argument) if is_file(self.argument) else None

    @property
    def label(self) -> str:
        """How messages call it: a file by its path, lyrics by their beginning."""
        if self.path or self.argument == STANDARD_INPUT:
            return self.argument
        return shortened(self.argument, LABEL_LENGTH) or '""'

    def title(self, text: str) -> str:
        """What to call the song: as the file, or by the first line of its text."""
        if path := self.path:
            return " ".join(path.stem.replace("_", " ").split())
        legible = "".join(sign for sign in text if unicodedata.category(sign)[0] in LEGIBLE or sign.isspace())
        return shortened(next((line for line in legible.splitlines() if line.strip()), ""), TITLE_LENGTH)

    def read(self) -> str:
        """The lyrics. Errors: UserError for what cannot be read, or is no text."""
        return read_text(self.argument)


def shortened(text: str, length: int) -> str:
    """The text on one line of `length` characters at most."""
    line = " ".join(text.split()).rstrip(",;:")
    return line if len(line) <= length else f"{line[: length - 3].rstrip()}..."


def sources(arguments: Sequence[str]) -> list[Source]:
    """The arguments with names for their files: NAME, and NAME_2, ... for others of that name."""
    found, taken = [], set()
    for argument in (file for given in arguments for file in files_of(given)):
        found.append(Source(argument, distinct(name_of(argument), taken)))
    return found


def files_of(argument: str) -> list[str]:
    """For a folder the text files below it, sorted, or itself if it has none; for all else the argument."""
    if not is_file(argument) or not Path(argument).is_dir():
        return [argument]
    below = sorted(Path(argument).rglob("[!.]*"))
    texts = [str(path) for path in below if path.suffix.lower() in TEXT_SUFFIXES and path.is_file()]
    return texts or [argument]


def is_file(argument: str) -> bool:
    """Whether the argument is a path at which something lies."""
    return argument != STANDARD_INPUT and os.path.exists(argument)  # noqa: PTH110 (no error for long texts)


def name_of(argument: str) -> str:
    """A file name for an argument: letters and digits of any script, joined by underscores.

    It has none of ENDINGS, so that no file of one name is a file of another.
    """
    if argument == STANDARD_INPUT:
        return "lyrics"
    text = Path(argument).stem if is_file(argument) else " ".join(argument.split()[:NAME_WORDS]).lower()
    text = unicodedata.normalize("NFC", text)
    words = "".join(letter if letter.isalnum() else " " for letter in text).split()
    name = "_".join(words).encode(errors="ignore")[:NAME_BYTES].decode(errors="ignore").rstrip("_")
    return ENDINGS.sub("", name) or "melody"


def read_text(argument: str) -> str:
    """The lyrics that an argument stands for. Errors: UserError, OSError."""
    if argument == STANDARD_INPUT:
        return decoded(limited(sys.stdin.buffer))
    if not is_file(argument):
        if looks_like_path(argument):
            raise UserError("no such file; check the path, or give the lyrics themselves")
        return decoded(os.fsencode(argument))
    if Path(argument).is_dir():
        raise UserError("is a folder without text files; name the files with the lyrics")
    try:
        with Path(argument).open("rb") as file:
            return decoded(limited(file))
    except OSError as error:
        raise UserError(f"cannot be read ({error.strerror}); check its permissions") from None


def limited(file: BinaryIO) -> bytes:
    """All of a file of lyrics. Errors: UserError if it is too large for that."""
    content = file.read(MOST_BYTES + 1)
    if len(content) > MOST_BYTES:
        raise UserError(f"larger than {MOST_BYTES / 1e6:g} MB; give a text file with the lyrics of one song")
    return content


def decoded(content: bytes) -> str:
    """Bytes as text. Errors: UserError for what is not text in UTF-8."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        reason = f"not UTF-8 text (byte {error.start + 1} is {content[error.start]:#04x})"
        raise UserError(f"{reason}; save the lyrics as a UTF-8 text file") from None
    if "\0" in text:
        raise UserError("not text (it has zero bytes); save the lyrics as a UTF-8 text file")
    return text


def looks_like_path(argument: str) -> bool:
    """Whether a text that is no file was probably meant to be one: a line with a text file's ending."""
    return "\n" not in argument and argument.lower().endswith(TEXT_SUFFIXES)
