"""Everything that is written for one chorale: MusicXML, MIDI, score, sound, and a sung version.

All of it is made in a hidden folder beside and moved to its places when the last file is complete; what an
earlier call wrote under the same name goes away with that.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Literal

from common import audio
from common.audio_checks import is_silent
from common.cli import UserError, say
from common.engraving import engrave, pdf, rasterize, write_pages
from common.notes_in.lines import Metre
from common.run_folder import write_atomically
from final_project.muse2bach.chorale import Chorale
from final_project.muse2bach.midi_output import midi_bytes
from final_project.muse2bach.performance import SAMPLE_RATE, Sound, perform, perform_sung
from final_project.muse2bach.score import Staves, musicxml

Format = Literal["musicxml", "midi", "svg", "png", "pdf", "wav", "sung"]
FORMATS: tuple[Format, ...] = ("musicxml", "midi", "svg", "png", "pdf", "wav", "sung")
SUFFIXES = (".musicxml", ".mid", ".svg", ".png", ".pdf", ".wav")
ENDINGS = re.compile(r"(_take\d+)?(_sung|-\d+)?$")  # what is added to NAME for its several files


@dataclass(frozen=True)
class Manner:
    """How a chorale is written and played. tempo: quarter notes a minute. language: of a sung text."""

    metre: Metre
    tempo: float
    sound: Sound = "choir"
    staves: Staves = 2
    language: str = "auto"


def write_chorale(
    folder: Path,
    name: str,
    chorale: Chorale,
    manner: Manner,
    formats: Sequence[Format] = FORMATS,
    *,
    progress: Callable[[], object] = lambda: None,
) -> dict[str, Path]:
    """Write NAME.musicxml and so on; returns the files by format, further pages as "png_2".

    progress: called when each format is done. A text that cannot be sung is told, not an error.
    Errors: UserError.
    """
    files, outputs = _Files(folder, name, chorale, manner), {}
    for kind in FORMATS:
        if kind in formats:
            for number, file in enumerate(getattr(files, kind)(), start=1):
                outputs[f"{kind}_{number}" if number > 1 else kind] = file
            progress()
    return outputs


class _Files:
    """The files of a chorale: a method for each of FORMATS writes it, and returns its paths."""

    def __init__(self, folder: Path, name: str, chorale: Chorale, manner: Manner) -> None:
        self.folder, self.name, self.chorale, self.manner = folder, name, chorale, manner
        self.document = musicxml(chorale, metre=manner.metre, tempo=manner.tempo, staves=manner.staves)

    @cached_property
    def pages(self) -> list[str]:
        """The engraved score, a page of SVG each."""
        return engrave(self.document)

    def path(self, suffix: str) -> Path:
        return self.folder / f"{self.name}{suffix}"

    def musicxml(self) -> list[Path]:
        return _written(self.path(".musicxml"), self.document)

    def midi(self) -> list[Path]:
        manner = self.manner
        content = midi_bytes(self.chorale, metre=manner.metre, tempo=manner.tempo, sound=manner.sound)
        return _written(self.path(".mid"), content)

    def svg(self) -> list[Path]:
        return write_pages(self.path(".svg"), [page.encode() for page in self.pages])

    def png(self) -> list[Path]:
        return write_pages(self.path(".png"), [rasterize(page) for page in self.pages])

    def pdf(self) -> list[Path]:
        return _written(self.path(".pdf"), pdf(self.pages))

    def wav(self) -> list[Path]:
        played = perform(self.chorale, tempo=self.manner.tempo, sound=self.manner.sound)
        return _sounding(self.path(".wav"), played)

    def sung(self) -> list[Path]:
        """With the text sung; nothing without one, or if nobody can sing it, which is told."""
        if self.chorale.text is None:
            return []
        try:
            sung = perform_sung(self.chorale, tempo=self.manner.tempo, language=self.manner.language)
        except UserError as error:
            say(f"{self.name}_sung.wav: {error}; left out")
            return []
        return _sounding(self.path("_sung.wav"), sung)


@contextmanager
def staged(folder: Path, names: Sequence[str], *, keep: Path | None = None) -> Iterator[Path]:
    """A folder to write the files of `names` to, which appear in `folder` together: all of them, or none.

    What was written there under the first name before is replaced. Errors: UserError if `keep`, the user's
    own file, would be.
    """
    if keep is not None and is_output(keep, folder, names[0]):
        raise UserError("lies where its own chorale would be written; choose another --out")
    beside = folder / f".{names[0]}.partial"
    shutil.rmtree(beside, ignore_errors=True)  # what a crash left
    beside.mkdir(parents=True)
    try:
        yield beside
        for path in list(folder.iterdir()):
            if path.is_file() and is_output(path, folder, names[0]):
                path.unlink()
        for path in sorted(beside.iterdir()):
            path.replace(folder / path.name)
    finally:
        shutil.rmtree(beside, ignore_errors=True)
        with suppress(OSError):
            folder.rmdir()  # if it is empty


def is_output(path: Path, folder: Path, name: str) -> bool:
    """Whether a file is one that is written to `folder` for `name`, now or by an earlier call."""
    of_name = path.suffix in SUFFIXES and ENDINGS.sub("", path.stem, count=1) == name
    return of_name and path.resolve().parent == folder.resolve()


def _written(path: Path, content: bytes) -> list[Path]:
    write_atomically(path, content)
    return [path]


def _sounding(path: Path, waveform) -> list[Path]:
    """Write sound. RuntimeError if it is silent or clipped, which would be our fault."""
    if is_silent(waveform) or abs(waveform).max() > 1:
        raise RuntimeError(f"{path.name}: silent or clipped, the peak is {abs(waveform).max():.3f}")
    audio.write(path, waveform, sample_rate=SAMPLE_RATE)
    return [path]
