"""Separate your own recordings: any length, rate and number of channels.

    python hw2/infer.py SONG... [--model RUN]                  # separated/SONG/vocals.wav, accompaniment.wav
    python hw2/infer.py SONG... --out DIR --format flac        # elsewhere, smaller
    python hw2/infer.py SONG... --html                         # and a page to listen to the stems, one by one
    python hw2/infer.py SONG... --mix-gain vocals=-15          # and a remix.wav with the vocals 15 dB softer
    python hw2/infer.py FOLDER                                 # every audio file in it

Outputs have the rate and the channels of the recording, and add up to it. A single channel is put on both
sides that the model hears and averaged back; more than two are separated in pairs (first and second, third
and fourth, ...), an odd last one like a single channel. Recordings are read in pieces: an hour takes no
more memory than a minute. What is finished is not done again: an interrupted call is simply repeated. A
file that cannot be used is reported and the others go on; the exit code is then 2.
"""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Annotated, Any, Literal

import tyro
from tqdm import tqdm

from common import audio, cli
from common.audio_files import named_recordings
from common.cli import UserError, say
from common.commands import newest_run
from hw2_source_separation.listening_page import LONGEST_EXCERPT, save_page
from hw2_source_separation.separation_record import finished, forget, made_from, remember
from hw2_source_separation.separator import Refinement, Separator, load_separator
from hw2_source_separation.stem_files import REMIX
from hw2_source_separation.stems import MIXTURE
from hw2_source_separation.streaming import BATCH_SIZE, CHUNK_SECONDS, SHORTEST_CHUNK, separate_file

RUNS = Path("runs/hw2")
PAGE = "listen.html"


@dataclass(kw_only=True)
class InferConfig:
    """Separate recordings into stems."""

    files: Annotated[tuple[Path, ...], tyro.conf.Positional]
    """Audio files (wav, flac, ogg, mp3, ...), or folders of them."""
    model: Path | None = None
    """Run folder, or model folder, that train.py wrote. Default: the newest finished one in runs/hw2."""
    out: Path = Path("separated")
    """Folder for a folder per recording, with a file per output."""
    targets: tuple[str, ...] = ()
    """Outputs to write, of those that the model gives. Default: all."""
    format: Literal["wav", "flac"] = "wav"
    """wav: 32-bit float. flac: 24 bits, about half the size; a song with an output beyond full scale stays in
    wav."""
    mix_gain: tuple[str, ...] = ()
    """Write remix.wav, too: all outputs together, with gains in dB, such as vocals=-15, or vocals=-inf for
    none of them. Outputs that are not named stay as they are."""
    refinement: Refinement = field(default_factory=Refinement)
    html: bool = False
    """Write listen.html beside the outputs: a page, complete in itself, that plays mixture and stems."""
    html_start: float | None = None
    """Second of the recording at which the page begins. Default: where the first output has most to play."""
    html_seconds: float = 60.0
    """Seconds of the recording that are in the page, at most 600; a minute of four stems has 7 MB."""
    json: bool = False
    """Print only a list: {"file", "outputs", "duration", "seconds", ...} or {"file", "error"} per file."""
    overwrite: bool = False
    """Separate again what was separated already."""
    chunk_seconds: float = CHUNK_SECONDS
    """Seconds that are separated at a time. Longer ones need more memory, shorter ones more time."""
    batch_size: int = BATCH_SIZE
    """Chunks, or pairs of channels, that are separated at once."""
    device: Literal["auto", "cpu", "cuda", "mps"] = "auto"
    """Where to compute; auto takes cuda, else mps (Apple), else cpu."""

    def __post_init__(self) -> None:
        if not self.files:
            raise UserError("no file given; name one or more audio files, or a folder of them")
        cli.at_least(1, batch_size=self.batch_size)
        cli.at_least(SHORTEST_CHUNK, chunk_seconds=self.chunk_seconds)
        cli.at_least(0, html_start=self.html_start or 0)
        if not 1 <= self.html_seconds <= LONGEST_EXCERPT:
            raise UserError(f"--html-seconds is {self.html_seconds:g}; give 1 to {LONGEST_EXCERPT:g}")

    @property
    def adds_up(self) -> bool:
        """Whether the outputs are meant to: Griffin-Lim gives each of them phases of its own."""
        return self.refinement.residual and not self.refinement.phase.startswith("griffin-lim")


def main(config: InferConfig) -> int:
    model = config.model or newest_run(RUNS, script="hw2/train.py")
    separator = load_separator(model, device=config.device, refinement=config.refinement)
    job = Job(config, model, separator)
    results = []
    for path, folder in job.places():
        try:
            results.append(job.separate(path, folder))
            if not config.json:
                print(summary(results[-1]), flush=True)
        except UserError as error:
            reason = str(error).removeprefix(f"{path}: ")
            results.append({"file": str(path), "error": reason})
            say(f"error: {path}: {reason}")
    if config.json:
        print(json.dumps(results, indent=2, ensure_ascii=False))
    if failed := sum("error" in result for result in results):
        say(f"{failed} of {len(results)} files could not be used")
    return 2 if failed else 0


class Job:
    """One call: what is done with each recording. Errors: UserError for options the model cannot serve."""

    def __init__(self, config: InferConfig, model: Path, separator: Separator) -> None:
        self.config, self.model, self.separator = config, model, separator
        self.gains = parse_gains(config.mix_gain, separator.outputs)
        require_known(config.targets, separator.outputs, option="--targets")
        self.names = [name for name in separator.outputs if not config.targets or name in config.targets]

    def places(self) -> list[tuple[Path, Path]]:
        """Each recording and the folder of its outputs: SONG, and SONG_2, ... for others of that name."""
        found = named_recordings(self.config.files, self.config.out, name=song_name)
        return [(path, self.config.out / name) for path, name in found]

    def separate(self, path: Path, folder: Path) -> dict[str, Any]:
        """Separate a recording, unless that is done -> what `--json` tells of it. Errors: UserError."""
        info, began = audio.info(path), time.perf_counter()
        source = made_from(path, self.model, self.options())
        paths = None if self.config.overwrite else finished(folder, source)
        kept = paths is not None
        if paths is None:
            paths = self.write(path, folder, info)
            remember(folder, source, paths)
        result = {
            "file": str(path),
            "outputs": {name: str(output) for name, output in paths.items()},
            "duration": info.duration,
            "sample_rate": info.sample_rate,
            "channels": info.channels,
            "kept": kept,
            "seconds": 0.0 if kept else time.perf_counter() - began,
        }
        return result | ({"page": str(self.page(path, folder, paths))} if self.config.html else {})

    def write(self, path: Path, folder: Path, info: audio.AudioInfo) -> dict[str, Path]:
        """The outputs of a recording, with a progress bar."""
        require_elsewhere(path, folder, [*self.names, REMIX])
        forget(folder)
        with progress_bar(path, info) as bar:
            return separate_file(
                self.separator,
                path,
                folder,
                names=self.names,
                audio_format=self.config.format,
                mix_gains=self.gains,
                progress=bar.to,
                chunk_seconds=self.config.chunk_seconds,
                batch_size=self.config.batch_size,
                residual=self.config.adds_up,
            )

    def page(self, path: Path, folder: Path, paths: dict[str, Path]) -> Path:
        stems = {name: output for name, output in paths.items() if name != REMIX}
        return save_page(
            folder / PAGE,
            path,
            stems,
            title=song_name(path),
            start=self.config.html_start,
            seconds=self.config.html_seconds,
        )

    def options(self) -> dict[str, Any]:
        """The options that decide what the files hold."""
        return {
            "targets": self.names,
            "format": self.config.format,
            "mix_gain": sorted(self.config.mix_gain),
            "chunk_seconds": self.config.chunk_seconds,
            **asdict(self.config.refinement),
        }


def parse_gains(texts: Sequence[str], outputs: Sequence[str]) -> dict[str, float]:
    """`NAME=DB`, several of them -> dB by output. Errors: UserError."""
    gains = {}
    for text in texts:
        name, _, decibels = text.partition("=")
        try:
            gains[name] = float(decibels)
        except ValueError:
            gains[name] = float("nan")
        if not gains[name] < float("inf"):
            raise UserError(f"--mix-gain {text}: give OUTPUT=DB, such as {outputs[0]}=-15")
    require_known(list(gains), outputs, option="--mix-gain")
    return gains


def require_known(names: Sequence[str], outputs: Sequence[str], *, option: str) -> None:
    """Errors: UserError for a name that is none of the model's outputs."""
    for name in names:
        if name not in outputs:
            raise UserError(f"{option} {name}: this model gives {', '.join(outputs)}; choose among them")


def require_elsewhere(path: Path, folder: Path, names: Sequence[str]) -> None:
    """Errors: UserError if an output would replace the recording itself."""
    if path.resolve().parent == folder.resolve() and path.stem.casefold() in names:
        raise UserError(f"{path}: lies where its own {path.stem} would; choose another --out")


def song_name(path: Path) -> str:
    """What to call a recording's folder: as its file, or for mixture.wav as the folder it lies in."""
    name = path.resolve().parent.name if path.stem.casefold() == MIXTURE else path.stem
    return name.strip(". ") or "song"


def summary(result: dict[str, Any]) -> str:
    """One line for the screen."""
    places = [Path(place).name for place in result["outputs"].values()]
    places += [Path(result["page"]).name] if "page" in result else []
    folder = Path(next(iter(result["outputs"].values()))).parent
    speed = "kept" if result["kept"] else f"{result['duration'] / result['seconds']:.1f} x real time"
    return f"{result['file']}: {result['duration']:.0f} s, {speed} -> {folder}: {', '.join(places)}"


def progress_bar(path: Path, info: audio.AudioInfo) -> SecondsBar:
    return SecondsBar(
        total=round(info.duration, 1),
        desc=path.name,
        leave=False,
        disable=None,
        bar_format="{desc}: {percentage:3.0f}%|{bar}| {n:.0f}/{total:.0f} s [{elapsed}<{remaining}{postfix}]",
    )


class SecondsBar(tqdm):
    """Progress in seconds of music, with how many of them a second of computing gives."""

    def to(self, seconds: float) -> None:
        elapsed = max(1e-3, time.time() - self.start_t) if not self.disable else 1.0
        self.set_postfix_str(f"{seconds / elapsed:.1f} x real time", refresh=False)
        self.update(seconds - self.n)


if __name__ == "__main__":
    cli.run(main, InferConfig)
