"""Harmonize your own melodies: a tune in, a chorale in four parts out, as score, MIDI, sound, and sung.

    python final_project/muse2bach/infer.py TUNE.abc [--model RUN]         # also MIDI, MusicXML
    python final_project/muse2bach/infer.py HUMMED.wav --tempo 72          # a recording of one line
    python final_project/muse2bach/infer.py BASS.mid --given bass          # the other voices to a bass
    python final_project/muse2bach/infer.py DUET.musicxml --given soprano,bass
    python final_project/muse2bach/infer.py TUNE.abc --chord 4.3=G --chord 8.1=Dm/F --fermata 4.3
    python final_project/muse2bach/infer.py TUNE.abc --takes 16 --keep 3 --html
    python final_project/muse2bach/infer.py --compose 8 --key "A minor"    # a chorale from nothing

Per tune NAME.musicxml, NAME.mid, NAME.svg, NAME.png and NAME.pdf (the score), NAME.wav (as --sound says)
and, if the tune has words, NAME_sung.wav are written; the second best version is NAME_take2, and so on. The
given notes stay what they are, up to whole octaves. Places are bar.beat as in the score: 4.3 is beat 3 of
bar 4, the first full bar is 1. All files of a tune are complete, or none is there. The same tune, options and
seed give the same chorale. A file that cannot be used is reported and the others go on; then the exit code
is 2.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple

import tyro
from tqdm import tqdm

from common import cli
from common.cli import UserError, say
from common.commands import newest_run
from common.notes_in.lines import Metre
from final_project.muse2bach.candidates import Candidate, Harmonizes, Sampling, candidates
from final_project.muse2bach.chorale import VOICES
from final_project.muse2bach.chorale_table import Finished, described, table
from final_project.muse2bach.constraints import ChordAt, Place, allowed_pitches, parse_key, with_fermatas
from final_project.muse2bach.harmonizer import load_harmonizer
from final_project.muse2bach.inputs import read_piece, sources, voices_in
from final_project.muse2bach.listening_page import write_page
from final_project.muse2bach.outputs import FORMATS, Format, Manner, staged, write_chorale
from final_project.muse2bach.performance import FASTEST, SLOWEST, Sound
from final_project.muse2bach.score import Staves
from final_project.muse2bach.task import Task, empty_task, make_task

RUNS = Path("runs/muse2bach")
PAGE = "index.html"
MOST_TAKES = 256
DRAWING = 50  # steps of the progress bar; each file is one more
COMPOSED = "composed"  # the name of what was written from nothing
CLOSING = {"score": 0, "midi": 1, "recording": 2}  # sixteenths of rest that a player's lifted finger makes


class Wanted(NamedTuple):
    """What is to be done once: a file, or without one a chorale from nothing; and the name of the results."""

    label: str
    name: str
    path: Path | None = None


@dataclass(kw_only=True)
class InferConfig:
    """Harmonize melodies, or complete whatever voices are given."""

    files: Annotated[tuple[Path, ...], tyro.conf.Positional] = ()
    """MIDI, MusicXML or ABC files, recordings of one line (wav, flac, ogg, mp3, ...), or folders of them."""
    model: Path | None = None
    """Run folder, or model folder, that train.py wrote. Default: the newest finished one in
    runs/muse2bach."""
    out: Path = Path("chorales")
    """Folder for the files."""
    given: str = "soprano"
    """The voices that the files hold, in the order of their parts, with commas: soprano, bass,
    soprano,bass ... Parts that have names of voices are found by them. The others are filled in."""
    compose: int | None = None
    """Write a chorale of so many bars from nothing, at most 64; give no files then."""
    takes: int = 8
    """Versions to make of each tune, of which the best are kept: those that break fewest rules of voice
    leading, of these the likeliest."""
    keep: int = 1
    """How many of them to write."""
    seed: int = 0
    """Another seed, other chorales."""
    sampling: Sampling = field(default_factory=Sampling)
    chord: tyro.conf.UseAppendAction[tuple[str, ...]] = ()
    """A chord to be sung at a beat, such as 4.3=G, 8.1=F#m7 or 8.1=Dm/F (F in the bass); once for each."""
    fermata: tyro.conf.UseAppendAction[tuple[str, ...]] = ()
    """A beat with a fermata, such as 4.3, where a phrase ends; once for each. Default: those of the file;
    without any, the last note has one."""
    key: str | None = None
    """Key, such as C, F#, Am or "Bb minor". Default: as the file says, or as the notes suggest."""
    metre: str | None = None
    """Time signature, such as 3/4 or 6/8. Default: as the file says, or 4/4."""
    upbeat: float | None = None
    """Quarter notes before the first bar line. Default: as the file says, or where bar lines fit best."""
    tempo: float | None = None
    """Quarter notes per minute, 20 to 400; of a recording, at which it was sung. Default: as the file says,
    as heard in a recording, or 80."""
    transpose: int = 0
    """Semitones by which the tune is moved up, or down (negative)."""
    formats: tuple[Format, ...] = FORMATS
    """What to write, of musicxml midi svg png pdf wav sung."""
    sound: Sound = "choir"
    """What plays in NAME.wav and NAME.mid."""
    staves: Staves = 2
    """Of the score: 2 as in hymn books, or 4."""
    language: Literal["auto", "en", "de"] = "auto"
    """Language in which the words are sung; auto finds it."""
    html: bool = False
    """Write index.html, too: a page, complete in itself, that plays the chorales and shows the notes that
    sound."""
    json: bool = False
    """Print only a list: {"file", "given", "notices", "chorales"} or {"file", "error"} per tune."""
    device: Literal["auto", "cpu", "cuda", "mps"] = "auto"
    """Where to compute; auto takes cuda, else mps (Apple), else cpu."""

    def __post_init__(self) -> None:
        if bool(self.files) == (self.compose is not None):
            raise UserError("name files to harmonize, or give --compose BARS, and not both")
        cli.at_least(1, takes=self.takes, keep=self.keep, compose=1 if self.compose is None else self.compose)
        cli.at_least(0, seed=self.seed, upbeat=self.upbeat or 0)
        if self.takes > MOST_TAKES:
            raise UserError(f"--takes is {self.takes}; give at most {MOST_TAKES}")
        if self.keep > self.takes:
            raise UserError(f"--keep is {self.keep}, but --takes only {self.takes}; give at most as many")
        if self.tempo is not None and not SLOWEST <= self.tempo <= FASTEST:
            slowest, fastest = f"{SLOWEST:g}", f"{FASTEST:g}"
            raise UserError(
                f"--tempo is {self.tempo:g}; give {slowest} to {fastest} quarter notes per minute"
            )
        if not self.formats:
            raise UserError(f"--formats names nothing; choose among {', '.join(FORMATS)}")
        self.voices = parse_voices(self.given)
        self.chords = [ChordAt.parse(text) for text in self.chord]
        self.fermatas = [Place.parse(text) for text in self.fermata]
        self.in_key = parse_key(self.key) if self.key is not None else None
        self.bars = Metre.parse(self.metre) if self.metre is not None else None


def main(config: InferConfig) -> int:
    model = config.model or newest_run(RUNS, script="final_project/muse2bach/train.py")
    job = Job(config, load_harmonizer(model, device=config.device))
    results, chorales = [], []
    for wanted in job.wanted():
        try:
            result, finished = job.harmonize(wanted)
        except UserError as error:
            reason = str(error).removeprefix(f"{wanted.label}: ")
            results.append({"file": wanted.label, "error": reason})
            say(f"error: {wanted.label}: {reason}")
            continue
        results.append(result)
        chorales += finished
        if not config.json:
            print(table(wanted.label, result, count=config.takes), flush=True)
    if config.html and chorales:
        say(f"page: {write_page(config.out / PAGE, chorales)}")
    if config.json:
        print(json.dumps(results, indent=2, ensure_ascii=False))
    if failed := sum("error" in result for result in results):
        say(f"{failed} of {len(results)} files could not be used")
    return 2 if failed else 0


class Job:
    """One call: what is done with each file."""

    def __init__(self, config: InferConfig, harmonizer: Harmonizes) -> None:
        self.config, self.harmonizer = config, harmonizer

    def wanted(self) -> Iterator[Wanted]:
        """Each file, or the chorale that is to be composed."""
        if self.config.compose is not None:
            yield Wanted(COMPOSED, COMPOSED)
        for source in sources(self.config.files):
            yield Wanted(str(source.path), source.name, source.path)

    def harmonize(self, wanted: Wanted) -> tuple[dict[str, Any], list[Finished]]:
        """Read a file, fill in what is missing, and write that -> what `--json` tells, what the page shows.

        Errors: UserError; then no file of this tune is there.
        """
        task = self.task(wanted)
        formats = [kind for kind in FORMATS if kind in self.config.formats]
        names = [wanted.name, *(f"{wanted.name}_take{take}" for take in range(2, self.config.keep + 1))]
        with progress_bar(wanted.label, files=len(names) * len(formats)) as bar:
            kept = self.best(task, bar)
            with staged(self.config.out, names, keep=wanted.path) as folder:
                finished = [
                    self.write(folder, name, candidate, task, formats, bar.update)
                    for name, candidate in zip(names, kept, strict=False)  # of a few, all may be alike
                ]
        finished = [chorale.moved(self.config.out) for chorale in finished]
        result = {
            "file": wanted.label,
            "given": [] if wanted.path is None else list(self.config.voices),
            "notices": list(task.notices),
            "chorales": [described(chorale) for chorale in finished],
        }
        return result, finished

    def task(self, wanted: Wanted) -> Task:
        """What is given, with everything that the options say. Errors: UserError."""
        if wanted.path is None:
            task = empty_task(
                wanted.name, self.config.compose, self.config.in_key, self.config.bars or Metre()
            )
        else:
            task = self.task_of_file(wanted.path, wanted.name)
        if self.config.tempo is not None:
            task = replace(task, tempo=self.config.tempo)
        return with_fermatas(task, self.config.fermatas)

    def task_of_file(self, path: Path, name: str) -> Task:
        piece, kind = read_piece(path, tempo=self.config.tempo)
        lines, notices = voices_in(piece, self.config.voices)
        task = make_task(
            name,
            piece,
            lines,
            metre=self.config.bars,
            upbeat=self.config.upbeat,
            key=self.config.in_key,
            transpose=self.config.transpose,
            closing=CLOSING[kind],
        )
        return replace(task, notices=(*notices, *task.notices))

    def best(self, task: Task, bar: tqdm) -> list[Candidate]:
        """The versions to be written, the best first."""
        found = candidates(
            self.harmonizer,
            task,
            count=self.config.takes,
            sampling=self.config.sampling,
            allowed=allowed_pitches(task, self.config.chords),
            seed=self.config.seed,
            progress=lambda share: bar.update(int(share * DRAWING) - bar.n),
        )
        return found[: self.config.keep]

    def write(
        self,
        folder: Path,
        name: str,
        candidate: Candidate,
        task: Task,
        formats: Sequence[Format],
        done: Callable[[], object],
    ) -> Finished:
        """All files of one version; `done` is called after each."""
        config = self.config
        manner = Manner(task.metre, task.tempo, config.sound, config.staves, config.language)
        outputs = write_chorale(folder, name, candidate.chorale, manner, formats, progress=done)
        return Finished(name, candidate, manner, outputs)


def parse_voices(text: str) -> tuple[str, ...]:
    """ "soprano,bass" -> the voices that are given. Errors: UserError."""
    voices = tuple(word.strip().casefold() for word in text.split(","))
    known = set(voices) <= set(VOICES) and len(set(voices)) == len(voices)
    if not known or len(voices) == len(VOICES):
        raise UserError(f"--given {text}: name one to three of {', '.join(VOICES)}, with commas")
    return voices


def progress_bar(label: str, *, files: int) -> tqdm:
    return tqdm(
        total=DRAWING + files,
        desc=label,
        leave=False,
        disable=None,
        bar_format="{desc}: {percentage:3.0f}%|{bar}|",
    )


if __name__ == "__main__":
    cli.run(main, InferConfig)
