"""Put a recording of one voice in tune and on time: with the notes of a score, or those of a scale.

    python final_project/singing/beautify.py TAKE... --score notes.mid            # MIDI, MusicXML or ABC
    python final_project/singing/beautify.py TAKE... --score notes.mid --timing 1 # onsets, too
    python final_project/singing/beautify.py TAKE... --auto                    # the nearest notes of its key
    python final_project/singing/beautify.py TAKE... --auto --key "F# minor" --strength 0.6
    python final_project/singing/beautify.py FOLDER --auto --html              # and a page to compare

Each take (wav, flac, ogg, mp3, ...; any length, 8 to 192 kHz, any number of channels) gives NAME.wav, 32-bit
float, in the folder of --out. Vibrato, glides and formants stay, consonants without a pitch and what is in
tune already are copied, and --strength 0 gives back the samples of the take. A recording is read in blocks:
of an hour more than of a minute only the pitch is kept, 12 MB. Silence, noise and several voices at once are
refused. A file that cannot be used is reported and the others go on; the exit code is then 2.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import tyro
from tqdm import tqdm

from common import audio, cli
from common.audio_blocks import BlockWriter, prefetched
from common.audio_files import audio_files
from common.cli import UserError, say
from common.distinct_names import distinct
from common.synthesis import Note
from final_project.singing.beautified_page import LONGEST_EXCERPT, save_page
from final_project.singing.corrected_take import Aim, Clock, Decision, decide
from final_project.singing.rendering import render
from final_project.singing.songs_in import read_song
from final_project.singing.take_key import Scale, parse_key
from final_project.singing.tracking import track_blocks

BLOCK_SECONDS = 10.0  # read at a time
LOWEST_RATE, HIGHEST_RATE = 8_000, 192_000  # Hz


@dataclass(kw_only=True)
class BeautifyConfig:
    """Correct pitch and timing of recordings of one voice."""

    files: Annotated[tuple[Path, ...], tyro.conf.Positional]
    """Audio files (wav, flac, ogg, mp3, ...), or folders of them."""
    score: Path | None = None
    """MIDI, MusicXML or ABC file of the melody that the takes follow, in any octave, key and tempo."""
    auto: bool = False
    """No score: correct towards the nearest notes of a scale."""
    key: str | None = None
    """With --auto: the key of that scale, such as C, F# minor, Bb major, Am. Default: found from the take."""
    scale: Scale = "key"
    """With --auto: key takes the notes of the key, chromatic all twelve."""
    strength: float = 1.0
    """How much of each note's error in pitch is taken out, 0 to 1."""
    drift: float = 1.0
    """How much of the slow wandering within notes goes with it, 0 to 1: 0 moves a note as it is."""
    timing: float = 0.0
    """With --score: how much of each onset's error is taken out, 0 to 1."""
    clock: Clock = "take"
    """With --timing: take follows the take's own tempo and beginning; score the seconds of the score, for a
    take that was sung to a recording of it."""
    out: Path = Path("beautified")
    """Folder for the corrected takes."""
    html: bool = False
    """Write NAME.html beside each, a page, complete in itself, to hear and see before and after."""
    html_seconds: float = 120.0
    """Seconds of the take that are in the page, from its beginning."""
    json: bool = False
    """Print only a list: {"file", "output", "notes", "error_cents", ...} or {"file", "error"} per file."""

    def __post_init__(self) -> None:
        if not self.files:
            raise UserError("no file given; name one or more recordings, or a folder of them")
        if (self.score is None) == (not self.auto):
            raise UserError("give either --score FILE or --auto")
        for name in ("strength", "drift", "timing"):
            if not 0 <= getattr(self, name) <= 1:
                raise UserError(f"--{name} is {getattr(self, name):g}; give 0 to 1")
        if self.timing and self.auto:
            raise UserError("--timing needs --score: without notes nobody knows when they should begin")
        if not 1 <= self.html_seconds <= LONGEST_EXCERPT:
            raise UserError(f"--html-seconds is {self.html_seconds:g}; give 1 to {LONGEST_EXCERPT:g}")


def main(config: BeautifyConfig) -> int:
    aim = aim_of(config)
    results = []
    for path, output in places(config.files, config.out):
        try:
            results.append(beautify(path, output, aim, config))
            if not config.json:
                print(summary(results[-1]), flush=True)
        except UserError as error:
            reason = str(error).removeprefix(f"{path}: ")
            results.append({"file": str(path), "error": reason})
            say(f"error: {path}: {reason}")
    if config.json:
        print(json.dumps(results, indent=2, ensure_ascii=False))
    failed = sum("error" in result for result in results)
    if failed and len(results) > 1:
        say(f"{failed} of {len(results)} files could not be used")
    return 2 if failed else 0


def aim_of(config: BeautifyConfig) -> Aim:
    """What all takes are corrected towards. Errors: UserError for a score or key that cannot be read."""
    return Aim(
        score=read_score(config.score) if config.score else None,
        key=parse_key(config.key) if config.key else None,
        scale=config.scale,
        strength=config.strength,
        drift=config.drift,
        timing=config.timing,
        clock=config.clock,
    )


def read_score(path: Path) -> tuple[Note, ...]:
    """The notes of a melody. Errors: UserError, with the file's name."""
    try:
        song, _ = read_song(path)
    except UserError as error:
        raise UserError(f"{path}: {str(error).removeprefix(f'{path}: ')}") from error
    return song.notes


def places(files: Sequence[Path], out: Path) -> Iterator[tuple[Path, Path]]:
    """Each take and its output: NAME.wav, and NAME_2.wav, ... for others of that name."""
    taken: set[str] = set()
    for path in audio_files(files):
        if path.resolve().parent == out.resolve() and path not in files:
            continue  # what an earlier call wrote is no take
        yield path, out / f"{distinct(path.stem, taken)}.wav"


def beautify(path: Path, output: Path, aim: Aim, config: BeautifyConfig) -> dict[str, Any]:
    """Correct one take -> what `--json` tells of it. Errors: UserError, AudioError, OSError."""
    began = time.perf_counter()
    info = audio.info(path)
    if not LOWEST_RATE <= info.sample_rate <= HIGHEST_RATE:
        raise UserError(f"has {info.sample_rate} Hz; give {LOWEST_RATE} to {HIGHEST_RATE} Hz")
    if output.resolve() == path.resolve():
        raise UserError("would be replaced by its own result; choose another --out")
    block = round(BLOCK_SECONDS * info.sample_rate)
    blocks = audio.read_blocks(path, samples=block)
    heard = track_blocks(prefetched(blocks), sample_rate=info.sample_rate, frames=info.frames)
    decision = decide(heard, aim)
    write(path, output, decision, info, block)
    page = {}
    if config.html:
        page["page"] = str(
            save_page(output.with_suffix(".html"), path, output, decision, config.html_seconds)
        )
    seconds = time.perf_counter() - began
    return {**told(path, output, decision, info, timing=aim.timing), **page, "seconds": seconds}


def write(path: Path, output: Path, decision: Decision, info: audio.AudioInfo, block: int) -> None:
    """Render a take to its place, complete or not at all."""
    output.parent.mkdir(parents=True, exist_ok=True)
    partial = output.with_name(f".{output.name}.partial")
    blocks = prefetched(audio.read_channel_blocks(path, samples=block))
    pieces = render(decision.correction, blocks, sample_rate=info.sample_rate, frames=info.frames)
    bar = tqdm(total=round(info.duration), desc=path.name, unit="s", leave=False, disable=None)
    rate, channels = info.sample_rate, info.channels
    try:
        with (
            bar,
            BlockWriter(
                partial, sample_rate=rate, channels=channels, frames=info.frames, audio_format="WAV"
            ) as file,
        ):
            for piece in pieces:
                file.write(piece)
                bar.update(piece.shape[1] / rate)
        partial.replace(output)
    finally:
        partial.unlink(missing_ok=True)


def told(
    path: Path, output: Path, decision: Decision, info: audio.AudioInfo, *, timing: float
) -> dict[str, Any]:
    """What was found in a take and done to it."""
    notes, alignment = decision.notes, decision.alignment
    errors = np.array([note.centre - note.target for note in notes])
    found: dict[str, Any] = {
        "file": str(path),
        "output": str(output),
        "duration": info.duration,
        "notes": len(notes),
        "error_cents": round(float(100 * np.abs(errors).mean()), 1),
        "largest_error_cents": round(float(100 * np.abs(errors).max()), 1),
    }
    if decision.key is not None:
        found["key"] = str(decision.key)
    if alignment is not None:
        starts = np.array([note.start for note in notes])
        found["transposition"] = alignment.transposition
        found["tempo"] = round(1 / alignment.tempo, 4)
        found["onset_error_ms"] = round(float(1000 * np.abs(starts - decision.onsets).mean()), 1)
        found["timing_corrected"] = bool(timing)
    return found


def summary(result: dict[str, Any]) -> str:
    """One line for the screen."""
    line = f"{result['file']}: {result['notes']} notes, {result['error_cents']:.0f} cents off"
    if "key" in result:
        line += f" the notes of {result['key']}"
    if "transposition" in result:
        line += f" and {result['onset_error_ms']:.0f} ms"
        if result["transposition"]:
            line += f", sung {result['transposition']:+d} semitones from the score and kept there"
    speed = result["duration"] / result["seconds"]
    files = [result[kind] for kind in ("output", "page") if kind in result]
    return f"{line}; {speed:.1f} x real time -> {', '.join(files)}"


if __name__ == "__main__":
    cli.run(main, BeautifyConfig)
