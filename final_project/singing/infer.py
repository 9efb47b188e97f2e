"""Sing your own words: to notes of yours, or to a melody that HW3 writes; alone, in a choir, in four parts.

    python final_project/singing/infer.py "Twinkle, twinkle, little star"        # HW3 writes the melody
    python final_project/singing/infer.py SONG.txt --notes SONG.mid              # MIDI, MusicXML or ABC
    python final_project/singing/infer.py SONG.musicxml OTHER.txt FOLDER --html  # with words in it; several
    python final_project/singing/infer.py SONG.txt --singer Paul --language de --transpose -2 --tempo 72
    python final_project/singing/infer.py SONG.txt --choir                       # four voices in unison
    python final_project/singing/infer.py SONG.txt --harmonize runs/muse2bach/network --voices 3

A line of text is a line of the song; a lone "_" holds a syllable for one more note. Notes of the same name
beside a text file are found by themselves. Per song NAME.wav, NAME.mid (with the words), NAME.lrc (enhanced
LRC for karaoke players) and NAME.json (when each syllable and note sounds, in seconds of NAME.wav) are
written; with --html one page, complete in itself, to sing along. The same song, options and seed give the
same samples. A song that cannot be sung is reported and the others go on; the exit code is then 2.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import tyro
from tqdm import tqdm

from common import cli
from common.cli import UserError, say
from common.singing.choir import MOST_VOICES
from final_project.singing.karaoke_page import PageSong, write_page
from final_project.singing.languages import guess_language
from final_project.singing.outside_models import Models
from final_project.singing.performance import Ensemble, perform, singer_named
from final_project.singing.song import Song
from final_project.singing.song_files import output_paths, write_song
from final_project.singing.song_report import about, described, strains, told
from final_project.singing.song_sources import SongSource, song_sources
from final_project.singing.songs_in import FASTEST, SLOWEST, in_range, read_song

if TYPE_CHECKING:
    from final_project.singing.listening import Listener

PAGE = "index.html"
CHOIR = 4  # voices of --choir
MOST_SEMITONES = 48


@dataclass(kw_only=True)
class InferConfig:
    """Sing lyrics."""

    songs: Annotated[tuple[str, ...], tyro.conf.Positional]
    """Lyrics in quotes, text files (UTF-8), files of notes with words in them, folders of them, or - for
    standard input."""
    notes: Path | None = None
    """MIDI, MusicXML or ABC file whose melody all texts are sung to. Default: for SONG.txt the notes of that
    name beside it, such as SONG.mid; else HW3 writes a melody."""
    melody_model: Path | None = None
    """Run folder of HW3 that writes melodies. Default: the newest finished one in runs/hw3."""
    harmonize: Path | None = None
    """Run folder of muse2bach that writes three more voices to the melody."""
    every_part: bool = False
    """Sing all lines of the notes, each by a voice that it suits, not the melody alone."""
    singer: str | None = None
    """Who sings the melody, such as Olga or Paul. Default: whose range fits best."""
    voices: int = 1
    """Voices of each part, up to 16."""
    choir: bool = False
    """The same as --voices 4."""
    language: str | None = None
    """espeak-ng's code of the language, such as en-gb, de or fr-fr. Default: as the words look."""
    tempo: float | None = None
    """Quarter notes per minute, 20 to 400. Default: as the notes say, or as HW3's music is sung."""
    transpose: int | None = None
    """Semitones by which the notes are moved, up or down (negative). Default: whole octaves, where the
    singer would not reach them."""
    seed: int = 0
    """Another seed, another melody, another breath."""
    model: Path | None = None
    """Run folder, or model folder, that train.py wrote: a listener that says how many of the vowels it
    understands."""
    out: Path = Path("songs")
    """Folder for the files."""
    html: bool = False
    """Write index.html, too: a page that plays the songs and shows the syllable that sounds."""
    json: bool = False
    """Print only a list: {"file", "title", "syllables", "seconds", "outputs", ...} or {"file", "error"} per
    song."""
    device: Literal["auto", "cpu", "cuda", "mps"] = "auto"
    """Where models compute; auto takes cuda, else mps (Apple), else cpu."""

    def __post_init__(self) -> None:
        if not self.songs:
            raise UserError("no lyrics given; give them in quotes, or name text files")
        cli.at_least(1, voices=self.voices)
        cli.at_least(0, seed=self.seed)
        if self.voices > MOST_VOICES:
            raise UserError(f"--voices is {self.voices}; give at most {MOST_VOICES}")
        if self.tempo is not None and not SLOWEST <= self.tempo <= FASTEST:
            raise UserError(
                f"--tempo is {self.tempo:g}; give {SLOWEST:g} to {FASTEST:g} quarter notes a minute"
            )
        if abs(self.transpose or 0) > MOST_SEMITONES:
            raise UserError(f"--transpose is {self.transpose}; give at most {MOST_SEMITONES} semitones")
        if self.harmonize and self.every_part:
            raise UserError("--harmonize writes the other parts, --every-part reads them; give one of both")
        voices = CHOIR if self.choir and self.voices == 1 else self.voices
        self.ensemble = Ensemble(singer_named(self.singer) if self.singer else None, voices)


def main(config: InferConfig) -> int:
    job = Job(config)
    results, pages = [], []
    for source in song_sources(config.songs, config.notes):
        try:
            result, page = job.sing(source)
        except UserError as error:
            reason = str(error).removeprefix(f"{source.label}: ")
            results.append({"file": source.argument, "error": reason})
            say(f"error: {source.label}: {reason}")
            continue
        results.append(result)
        pages.append(page)
        if not config.json:
            print(told(result), flush=True)
    if config.html and pages:
        say(f"page: {write_page(config.out / PAGE, pages)}")
    if config.json:
        print(json.dumps(results, indent=2, ensure_ascii=False))
    if failed := sum("error" in result for result in results):
        say(f"{failed} of {len(results)} songs could not be sung")
    return 2 if failed else 0


class Job:
    """One call: what is done with each song."""

    def __init__(self, config: InferConfig) -> None:
        self.config = config
        self.models = Models(config.melody_model, config.harmonize, config.device)
        self.listener = listener_of(config)

    def sing(self, source: SongSource) -> tuple[dict[str, Any], PageSong]:
        """Read a song, sing it and write its files -> what `--json` tells, what the page shows.

        Errors: UserError; then no file of this song is written.
        """
        files = output_paths(self.config.out, source.name)
        source.check_apart(list(files.values()))
        with progress_bar(source.label) as bar:
            song, notices = self.song(source)
            bar.update()
            performance = perform(song, self.config.ensemble, seed=self.config.seed)
            bar.update()
            result = described(source, performance, files, [*notices, *strains(performance)])
            if self.listener is not None:
                result["vowels_understood"] = self.listener.understands(performance)
            curve = performance.curve if self.config.html else None
            bar.update()
            write_song(files, song, performance)
        for notice in result["notices"]:
            say(f"{source.label}: {notice}")
        sung = PageSong(source.name, performance.song, files["wav"], about(result), (*files.values(),), curve)
        return result, sung

    def song(self, source: SongSource) -> tuple[Song, list[str]]:
        """The notes and words of a source, in the parts that are asked for, and notices."""
        song, notices = self.melody(source)
        if self.config.transpose is not None:
            song, moved = song.transposed(self.config.transpose), []
        else:
            song, moved = in_range(song, self.config.ensemble.singer)
        if self.config.harmonize:
            song, told = self.models.in_four_parts(song, seed=self.config.seed)
            moved += told
        return song, [*notices, *moved]

    def melody(self, source: SongSource) -> tuple[Song, list[str]]:
        """The song as it is read, or as HW3 writes it, and notices."""
        config, text = self.config, source.text()
        language = config.language
        if language is None:
            language = guess_language(text or "")
        if source.notes is None:
            return self.models.compose(
                text,
                title=source.source.title(text),
                singer=config.ensemble.singer,
                language=language,
                tempo=config.tempo,
                seed=config.seed,
            )
        song, notices = read_song(
            source.notes, lyrics=text, language=language, tempo=config.tempo, every_part=config.every_part
        )
        if text is None and config.language is None:
            song = replace(song, language=guess_language(song.lyrics))
        return song, notices


def listener_of(config: InferConfig) -> Listener | None:
    """The model that hears what is sung, if one is named. Without it nothing here needs torch."""
    if config.model is None:
        return None
    from final_project.singing.listening import load_listener

    return load_listener(config.model, device=config.device)


def progress_bar(label: str) -> tqdm:
    return tqdm(
        total=3, desc=label, leave=False, disable=None, bar_format="{desc}: {percentage:3.0f}%|{bar}|"
    )


if __name__ == "__main__":
    cli.run(main, InferConfig)
