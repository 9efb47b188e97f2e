"""Everything that is written for one melody: MIDI, score, piano roll, sound, and a sung version.

All of it is made in a hidden folder beside and moved to its places when the last file is complete; what an
earlier call wrote under the same name goes away with that, so that files of two melodies never stand side by
side. Beats are quarter notes, tempo is quarter notes per minute.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path

from common import audio
from common.cli import UserError, say
from common.lyric_sources import ENDINGS
from hw3_melody_generation.candidates import Candidate
from hw3_melody_generation.harmony import Chord, harmonize
from hw3_melody_generation.midi_file import write_midi
from hw3_melody_generation.musicxml import write_musicxml
from hw3_melody_generation.performance import perform
from hw3_melody_generation.piano_roll import write_piano_roll
from hw3_melody_generation.score_picture import write_score_png, write_score_svg

SAMPLE_RATE = 44_100  # Hz
LONGEST_SOUND = 1200.0  # seconds: what is played is held in memory, at 20 MB a minute and more
WRITTEN = (".mid", ".musicxml", ".svg", ".png", ".wav")  # what may be replaced


@dataclass(frozen=True, kw_only=True)
class Formats:
    """What is written besides MIDI."""

    musicxml: bool = True
    """Write NAME.musicxml, which notation programs open."""
    score: bool = True
    """Write the score as NAME.svg and NAME.png."""
    roll: bool = True
    """Write a piano roll with the syllables, NAME_roll.png."""
    wav: bool = True
    """Write NAME.wav: an instrument plays the melody, another simple chords."""
    sing: bool = False
    """Write NAME_sung.wav: a synthetic voice sings the lyrics, with the chords."""


@dataclass(frozen=True)
class FinishedSong:
    """A melody with everything that was written for it; outputs: path by kind, such as "midi"."""

    name: str
    candidate: Candidate
    tempo: float
    chords: Sequence[Chord]
    outputs: dict[str, Path]

    def moved(self, folder: Path) -> FinishedSong:
        """The same with its files in another folder."""
        return replace(self, outputs={kind: folder / path.name for kind, path in self.outputs.items()})


@contextmanager
def staged(folder: Path, names: Sequence[str], *, keep: Path | None = None) -> Iterator[Path]:
    """A folder to write the files of `names` to, which appear in `folder` together: all of them, or none.

    What was written there under these names before is replaced. Errors: UserError if `keep`, the lyrics
    themselves, would be.
    """
    if keep is not None and is_output(keep, folder, names):
        raise UserError("lies where its own melody would be written; choose another --out")
    beside = folder / f".{names[0]}.partial"
    shutil.rmtree(beside, ignore_errors=True)  # what a crash left
    beside.mkdir(parents=True)
    try:
        yield beside
        for path in folder.iterdir():
            if path.is_file() and is_output(path, folder, names):
                path.unlink()
        for path in sorted(beside.iterdir()):
            path.replace(folder / path.name)
    finally:
        shutil.rmtree(beside, ignore_errors=True)
        with suppress(OSError):
            folder.rmdir()  # if it is empty


def is_output(path: Path, folder: Path, names: Sequence[str]) -> bool:
    """Whether a file is one that is written to `folder` for one of `names`, now or by an earlier call."""
    of_names = path.suffix in WRITTEN and ENDINGS.sub("", path.stem) == ENDINGS.sub("", names[0])
    return of_names and path.resolve().parent == folder.resolve()


def write_song(
    folder: Path,
    name: str,
    candidate: Candidate,
    tempo: float,
    formats: Formats,
    *,
    progress: Callable[[], object] = lambda: None,
) -> FinishedSong:
    """Write the melody as NAME.mid, and so on; `progress` is called when each thing is done.

    Errors: UserError.
    """
    song, outputs = candidate.song, {}
    chords = harmonize(song, key=candidate.key)
    for kind, write in makers(formats).items():
        written = write(folder / name, candidate, chords, tempo)
        outputs |= {
            f"{kind}_{page}" if page > 1 else kind: path for page, path in enumerate(written, start=1)
        }
        progress()
    return FinishedSong(name, candidate, tempo, chords, outputs)


Maker = Callable[[Path, Candidate, Sequence[Chord], float], list[Path]]
# (path without its ending, melody, chords, tempo) -> the files that were written: several pages, or none


def makers(formats: Formats) -> dict[str, Maker]:
    """What makes each kind of file that is asked for."""
    wanted = {
        "midi": (make_midi, True),
        "musicxml": (make_musicxml, formats.musicxml),
        "svg": (make_svg, formats.score),
        "png": (make_png, formats.score),
        "roll": (make_roll, formats.roll),
        "wav": (make_wav, formats.wav),
        "sung": (make_sung, formats.sing),
    }
    return {kind: maker for kind, (maker, is_wanted) in wanted.items() if is_wanted}


def make_midi(base: Path, candidate: Candidate, chords: Sequence[Chord], tempo: float) -> list[Path]:
    path = base.with_name(f"{base.name}.mid")
    write_midi(path, candidate.song, tempo=tempo, chords=chords, key=candidate.key)
    return [path]


def make_musicxml(base: Path, candidate: Candidate, chords: Sequence[Chord], tempo: float) -> list[Path]:
    path = base.with_name(f"{base.name}.musicxml")
    write_musicxml(path, candidate.song, tempo=tempo, chords=chords, key=candidate.key, line_breaks=True)
    return [path]


def make_svg(base: Path, candidate: Candidate, chords: Sequence[Chord], tempo: float) -> list[Path]:
    path = base.with_name(f"{base.name}.svg")
    return write_score_svg(path, candidate.song, tempo=tempo, chords=chords, key=candidate.key)


def make_png(base: Path, candidate: Candidate, chords: Sequence[Chord], tempo: float) -> list[Path]:
    path = base.with_name(f"{base.name}.png")
    return write_score_png(path, candidate.song, tempo=tempo, chords=chords, key=candidate.key)


def make_roll(base: Path, candidate: Candidate, chords: Sequence[Chord], tempo: float) -> list[Path]:
    return [write_piano_roll(base.with_name(f"{base.name}_roll.png"), candidate.song)]


def make_wav(base: Path, candidate: Candidate, chords: Sequence[Chord], tempo: float) -> list[Path]:
    return make_sound(base.with_name(f"{base.name}.wav"), candidate, chords, tempo, sing=False)


def make_sung(base: Path, candidate: Candidate, chords: Sequence[Chord], tempo: float) -> list[Path]:
    return make_sound(base.with_name(f"{base.name}_sung.wav"), candidate, chords, tempo, sing=True)


def make_sound(
    path: Path, candidate: Candidate, chords: Sequence[Chord], tempo: float, *, sing: bool
) -> list[Path]:
    """The song as a sound file; none if it is too long for that, which is told."""
    seconds = candidate.song.melody.length * 60 / tempo
    if seconds > LONGEST_SOUND:
        say(f"{path.name}: {seconds / 60:.0f} minutes are too long to be played; left out")
        return []
    waveform = perform(candidate.song, chords, tempo=tempo, sample_rate=SAMPLE_RATE, sing=sing)
    audio.write(path, waveform, sample_rate=SAMPLE_RATE)
    return [path]
