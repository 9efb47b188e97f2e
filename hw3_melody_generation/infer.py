"""Set your own lyrics to music: a melody with one note per syllable, as score, MIDI, sound, and sung.

    python hw3/infer.py "Twinkle, twinkle, little star" [--model RUN]
    python hw3/infer.py SONG.txt OTHER.txt --out DIR                 # text files; - reads standard input
    python hw3/infer.py FOLDER                                       # every text file in it
    python hw3/infer.py SONG.txt --key Am --range C4-E5 --tempo 96   # within a key and a voice
    python hw3/infer.py SONG.txt --n 32 --keep 3                     # the best three of 32 melodies
    python hw3/infer.py SONG.txt --sing --html                       # and a voice, and a page to follow it

A line of text is a line of the song. Per text NAME.mid (with the syllables as lyric events), NAME.musicxml,
NAME.svg and NAME.png (the score), NAME_roll.png (piano roll) and NAME.wav (melody and chords) are written;
NAME is the file's, or the first words. The second best melody is NAME_take2, and so on. All files of a text
are complete, or none is there. The same text, options and seed give the same melody. A text that cannot be
used is reported and the others go on; the exit code is then 2.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Annotated, Any, Literal

import tyro
from tqdm import tqdm

from common import cli
from common.cli import UserError, say
from common.commands import newest_run
from common.lyric_sources import Source, sources
from hw3_melody_generation.barring import COMMON_TIME, with_bars, without_first_rest
from hw3_melody_generation.candidates import Candidate, candidates
from hw3_melody_generation.constraints import Constraints
from hw3_melody_generation.corpus import CORPUS_BEAT
from hw3_melody_generation.listening_page import write_page
from hw3_melody_generation.melody_generator import MelodyGenerator, load_generator
from hw3_melody_generation.melody_table import described, table
from hw3_melody_generation.sampling import Sampling
from hw3_melody_generation.song_files import FinishedSong, Formats, makers, staged, write_song
from hw3_melody_generation.songs import Lyrics, Metre
from hw3_melody_generation.syllables import read_lyrics

RUNS = Path("runs/hw3")
PAGE = "index.html"
MOST_CANDIDATES = 1000
MOST_SYLLABLES = 10_000
SLOWEST, FASTEST = 20, 400  # quarter notes a minute
CHORALE_TEMPO = 80.0  # a usual one for congregations
CORPUS_TEMPO = 120.0  # the median of the 200 songs whose original files tell seconds
MOST_BEATS, BEAT_TYPES = 16, (1, 2, 4, 8, 16)  # of a time signature
USUAL_RANGE = "C3-C6"  # holds 99 % of the public corpus' notes, all of the chorales'
UPBEAT = 1.0  # quarter notes; half of the candidates begin with it where nothing is asked for


@dataclass(kw_only=True)
class InferConfig:
    """Set lyrics to music."""

    lyrics: Annotated[tuple[str, ...], tyro.conf.Positional]
    """Lyrics in quotes, text files (UTF-8), folders of them, or - for standard input."""
    model: Path | None = None
    """Run folder, or model folder, that train.py wrote. Default: the newest finished one in runs/hw3."""
    out: Path = Path("melodies")
    """Folder for the files."""
    n: int = 8
    """Melodies to compose for each text, of which the best are kept: those that pass most checks (in key, a
    singable span, line ends that rest, ...), of these the likeliest."""
    keep: int = 1
    """How many of them to write."""
    seed: int = 0
    """Another seed, other melodies."""
    sampling: Sampling = field(default_factory=Sampling)
    key: str | None = None
    """Key that all notes belong to, such as C, F#, Am or "Bb minor". Default: as it comes."""
    range: str | None = None
    """Lowest and highest note, such as C4-E5, or 60-76 as MIDI numbers. Default: C3-C6, beyond which hardly
    anybody sings; a long melody would wander off without bounds."""
    tempo: float | None = None
    """Quarter notes per minute, 20 to 400. Default: 80 for a model of chorales, 120 for one of the corpus."""
    metre: str | None = None
    """Time signature, such as 3/4 or 6/8. Default: 4/4."""
    upbeat: float | None = None
    """Quarter notes before the first bar line. Default: as it fits, none or one."""
    language: Literal["auto", "en", "de", "zh", "ja"] = "auto"
    """Language of the lyrics; auto finds it."""
    formats: Formats = field(default_factory=Formats)
    html: bool = False
    """Write index.html, too: a page, complete in itself, that plays the songs and shows the syllable that
    sounds."""
    json: bool = False
    """Print only a list: {"file", "syllables", "lines", "language", "melodies"} or {"file", "error"} per
    text."""
    device: Literal["auto", "cpu", "cuda", "mps"] = "auto"
    """Where to compute; auto takes cuda, else mps (Apple), else cpu."""

    def __post_init__(self) -> None:
        if not self.lyrics:
            raise UserError("no lyrics given; give them in quotes, or name text files")
        cli.at_least(1, n=self.n, keep=self.keep)
        if self.n > MOST_CANDIDATES:
            raise UserError(f"--n is {self.n}; give at most {MOST_CANDIDATES}")
        if self.keep > self.n:
            raise UserError(f"--keep is {self.keep}, but --n only {self.n}; give at most as many")
        if self.tempo is not None and not SLOWEST <= self.tempo <= FASTEST:
            raise UserError(
                f"--tempo is {self.tempo:g}; give {SLOWEST} to {FASTEST} quarter notes per minute"
            )
        self.constraints, self.bars = (
            Constraints.parse(self.key, self.range or USUAL_RANGE),
            parse_metre(self.metre),
        )
        if self.upbeat is not None and not 0 <= self.upbeat < self.bars.beats_per_bar:
            longest = f"less than a bar of {self.bars.beats_per_bar:g}"
            raise UserError(f"--upbeat is {self.upbeat:g}; give 0 or more quarter notes, {longest}")


def main(config: InferConfig) -> int:
    model = config.model or newest_run(RUNS, script="hw3/train.py")
    job = Job(config, load_generator(model, device=config.device))
    results, songs = [], []
    for source in sources(config.lyrics):
        try:
            result, finished = job.compose(source)
        except UserError as error:
            reason = str(error).removeprefix(f"{source.name}: ")
            results.append({"file": source.argument, "error": reason})
            say(f"error: {source.label}: {reason}")
            continue
        results.append(result)
        songs += finished
        if not config.json:
            print(table(source.label, result, count=config.n), flush=True)
    if config.html and songs:
        page = write_page(config.out / PAGE, songs)
        say(f"page: {page}")
    if config.json:
        print(json.dumps(results, indent=2, ensure_ascii=False))
    if failed := sum("error" in result for result in results):
        say(f"{failed} of {len(results)} texts could not be used")
    return 2 if failed else 0


class Job:
    """One call: what is done with each text."""

    def __init__(self, config: InferConfig, generator: MelodyGenerator) -> None:
        self.config, self.generator = config, generator
        self.tempo = config.tempo or usual_tempo(generator)

    def compose(self, source: Source) -> tuple[dict[str, Any], list[FinishedSong]]:
        """Read a text, set it to music, and write that -> what `--json` tells, what the page shows.

        Errors: UserError; then no file of this text is there.
        """
        text = source.read()
        lyrics, title = self.syllables(text, source.label), source.title(text)
        names = [source.name, *(f"{source.name}_take{take}" for take in range(2, self.config.keep + 1))]
        formats = self.config.formats
        with progress_bar(source.label, steps=1 + len(names) * len(makers(formats))) as bar:
            kept = self.best(lyrics, source.name, title)
            bar.update()
            with staged(self.config.out, names, keep=source.path) as folder:
                songs = [
                    write_song(folder, name, candidate, self.tempo, formats, progress=bar.update)
                    for name, candidate in zip(names, kept, strict=False)  # of a few, all may be alike
                ]
        songs = [song.moved(self.config.out) for song in songs]
        result = {
            "file": source.argument,
            "syllables": len(lyrics),
            "lines": lyrics.lines[-1] + 1,
            "language": lyrics.language,
            "melodies": [described(song) for song in songs],
        }
        return result, songs

    def syllables(self, text: str, label: str) -> Lyrics:
        """The lyrics of a text; what is not sung of it is told. Errors: UserError for what cannot be sung."""
        lyrics, notices = read_lyrics(text, language=self.config.language)
        if len(lyrics) > MOST_SYLLABLES:
            raise UserError(f"has {len(lyrics):,} syllables; give at most {MOST_SYLLABLES:,} at a time")
        for notice in notices:
            say(f"{label}: {notice}")
        return lyrics

    def best(self, lyrics: Lyrics, name: str, title: str) -> list[Candidate]:
        """The melodies to be written, the best first, in bars and from their first note on."""
        found = candidates(
            self.generator,
            lyrics,
            name=name,
            count=self.config.n,
            metres=self.metres(),
            constraints=self.config.constraints,
            sampling=self.config.sampling,
            seed=self.config.seed,
        )
        return [self.in_bars(candidate, title) for candidate in found[: self.config.keep]]

    def metres(self) -> list[Metre | None]:
        """Bars for the model to compose in; it decides about the upbeat if nobody did."""
        if not knows_bars(self.generator):
            return [None]
        bar = self.config.bars.beats_per_bar
        upbeats = [0.0, UPBEAT] if self.config.upbeat is None else [self.config.upbeat]
        return [replace(self.config.bars, position=(bar - upbeat) % bar) for upbeat in upbeats]

    def in_bars(self, candidate: Candidate, title: str) -> Candidate:
        """The candidate from its first note on; in bars that were asked for, or that fit best."""
        song = candidate.song
        song = replace(song, melody=without_first_rest(song.melody), title=title)
        bars, upbeat = self.config.bars, self.config.upbeat
        if song.melody.metre is None and upbeat is not None:
            metre = replace(bars, position=(bars.beats_per_bar - upbeat) % bars.beats_per_bar)
            song = replace(song, melody=replace(song.melody, metre=metre))
        return replace(candidate, song=with_bars(song, bars))


def knows_bars(generator: MelodyGenerator) -> bool:
    """Whether the data of a model have bars: the public corpus has none."""
    return generator.quarters_per_beat != CORPUS_BEAT


def usual_tempo(generator: MelodyGenerator) -> float:
    """Quarter notes per minute at which music like that of the model's data is sung."""
    return CHORALE_TEMPO if knows_bars(generator) else CORPUS_TEMPO


def parse_metre(text: str | None) -> Metre:
    """ "3/4" -> bars of three quarter notes; 4/4 without a text. Errors: UserError."""
    if text is None:
        return COMMON_TIME
    found = re.fullmatch(r"\s*(\d{1,2})\s*/\s*(\d{1,2})\s*", text)
    beats, beat_type = (int(found[1]), int(found[2])) if found else (0, 0)
    if not (1 <= beats <= MOST_BEATS and beat_type in BEAT_TYPES):
        raise UserError(f"--metre {text}: give a time signature, such as 3/4, 4/4 or 6/8")
    return Metre(beats * 4 / beat_type, beat_type=beat_type)


def progress_bar(label: str, *, steps: int) -> tqdm:
    return tqdm(
        total=steps, desc=label, leave=False, disable=None, bar_format="{desc}: {percentage:3.0f}%|{bar}|"
    )


if __name__ == "__main__":
    cli.run(main, InferConfig)
