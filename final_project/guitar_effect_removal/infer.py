"""Take the effects off your own guitar recordings: any length, rate and number of channels.

    python final_project/guitar_effect_removal/infer.py SOLO.wav [--model RUN]   # cleaned/SOLO_dry.wav
    python final_project/guitar_effect_removal/infer.py SOLO.wav --html          # and a page to compare both
    python final_project/guitar_effect_removal/infer.py FOLDER --json            # every audio file in it
    python final_project/guitar_effect_removal/infer.py DRY.wav --add distortion:20,reverb:0.4   # DRY_wet.wav

With a detector it also says which effects are on, and how sure it is of each; without one it only removes
them. The result has the rate, the channels and the length of the recording. Recordings are read in pieces: an
hour takes no more memory than a minute; --add, the way back, holds up to five minutes. A file that cannot be
used is reported and the others go on; the exit code is then 2.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

import tyro
from tqdm import tqdm

from common import audio, cli
from common.audio_files import named_recordings
from common.cli import UserError, say
from final_project.guitar_effect_removal.ab_page import LONGEST_EXCERPT, save_page
from final_project.guitar_effect_removal.adding import add_file
from final_project.guitar_effect_removal.cleaning import clean_file
from final_project.guitar_effect_removal.detection import LoadedDetector, load_detector
from final_project.guitar_effect_removal.effects import LABELS, Chain, parse_chain
from final_project.guitar_effect_removal.guidance import removal_strength
from final_project.guitar_effect_removal.heard_effects import HeardEffects, hear_effects
from final_project.guitar_effect_removal.models import load
from final_project.guitar_effect_removal.newest_models import newest_detector, newest_remover
from final_project.guitar_effect_removal.pairs import DRY, WET
from final_project.guitar_effect_removal.remover import Remover
from hw2_source_separation.streaming import CHUNK_SECONDS, SHORTEST_CHUNK


@dataclass(kw_only=True)
class InferConfig:
    """Remove the effects from guitar recordings, or add some."""

    files: Annotated[tuple[Path, ...], tyro.conf.Positional]
    """Audio files (wav, flac, ogg, mp3, ...), or folders of them."""
    model: Path | None = None
    """Run folder, or model folder, of a remover. Default: the newest finished one of all effects in
    runs/guitar_effect_removal."""
    detector: Path | None = None
    """Run folder, or model folder, of a detector. Default: the newest finished one there, if there is any."""
    detect: bool = True
    """Say which effects are on."""
    strength: float | None = None
    """How much of the removal is done, 0 to 1. Default: as much as the detector is sure that something clips
    (distortion, overdrive or amp), which is what can be undone, all from 2/3 on; without a detector 1."""
    add: str | None = None
    """Put effects on instead: names of effects, each with the value of its first parameter if wanted, such as
    distortion:20,reverb:0.4 (drive in dB, mix from 0 to 1)."""
    out: Path = Path("cleaned")
    """Folder for NAME_dry.wav, or with --add NAME_wet.wav, of each recording."""
    format: Literal["wav", "flac"] = "wav"
    """wav: 32-bit float. flac: 24 bits, about half the size; what is beyond full scale stays in wav."""
    html: bool = False
    """Write NAME_dry.html beside it: a page, complete in itself, to change over from wet to dry and back."""
    html_start: float | None = None
    """Second of the recording at which the page begins. Default: where most is played."""
    html_seconds: float = 60.0
    """Seconds of the recording that are in the page, at most 600; a minute in stereo has 3 MB."""
    json: bool = False
    """Print only a list: {"file", "output", "chain", "probabilities", ...} or {"file", "error"} per file."""
    chunk_seconds: float = CHUNK_SECONDS
    """Seconds that are cleaned at a time. Longer ones need more memory, shorter ones more time."""
    device: Literal["auto", "cpu", "cuda", "mps"] = "auto"
    """Where to compute; auto takes cuda, else mps (Apple), else cpu."""

    def __post_init__(self) -> None:
        if not self.files:
            raise UserError("no file given; name one or more audio files, or a folder of them")
        cli.at_least(SHORTEST_CHUNK, chunk_seconds=self.chunk_seconds)
        cli.at_least(0, html_start=self.html_start or 0)
        if self.strength is not None and not 0 <= self.strength <= 1:
            raise UserError(f"--strength is {self.strength:g}; give 0 to 1")
        if not 1 <= self.html_seconds <= LONGEST_EXCERPT:
            raise UserError(f"--html-seconds is {self.html_seconds:g}; give 1 to {LONGEST_EXCERPT:g}")


def main(config: InferConfig) -> int:
    job = Cleaning(config) if config.add is None else Adding(config, parse_chain(config.add))
    results = []
    for path, name in named_recordings(config.files, config.out, name=guitar_name):
        try:
            results.append(done(job, path, name))
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


class Cleaning:
    """Effects are heard and removed. Errors: UserError for models that are missing or of the other kind."""

    suffix = DRY  # of what is written
    words = "As recorded, and with its effects removed"  # of the page
    facts: Mapping[str, Any] = {}  # what else `--json` tells, the same of every recording

    def __init__(self, config: InferConfig) -> None:
        self.config = config
        self.remover = load_remover(config.model or newest_remover(), device=config.device)
        self.detector = chosen_detector(config)

    def make(self, path: Path, name: str) -> tuple[Path, HeardEffects | None]:
        """Write OUT/NAME.wav -> its path, and the effects that were heard. Errors: UserError, OSError."""
        heard = hear_effects(self.detector, path) if self.detector else None
        length = round(audio.info(path).duration)
        with tqdm(total=length, desc=path.name, unit="s", leave=False, disable=None) as bar:
            output = clean_file(
                self.remover,
                path,
                self.config.out,
                name=name,
                audio_format=self.config.format,
                strength=self.strength(heard),
                chunk_seconds=self.config.chunk_seconds,
                progress=lambda seconds: bar.update(round(seconds) - bar.n),
            )
        return output, heard

    def strength(self, heard: HeardEffects | None) -> float:
        """How much of the removal is done."""
        if self.config.strength is not None:
            return self.config.strength
        return 1.0 if heard is None else removal_strength(heard.probabilities)


class Adding:
    """Effects are put on; its attributes are those of `Cleaning`."""

    suffix = WET

    def __init__(self, config: InferConfig, chain: Chain) -> None:
        self.config, self.chain = config, chain
        self.words = f"As recorded, and with {', '.join(effect.label for effect in chain)} added"
        self.facts = {"added": [effect.to_json() for effect in chain]}

    def make(self, path: Path, name: str) -> tuple[Path, None]:
        """Write OUT/NAME.wav -> its path; nothing is heard. Errors: UserError, OSError."""
        return add_file(path, self.chain, self.config.out, name=name, audio_format=self.config.format), None


def done(job: Cleaning | Adding, path: Path, name: str) -> dict[str, Any]:
    """Clean a recording, or add to it -> what `--json` tells of it. Errors: UserError, OSError."""
    info, began = audio.info(path), time.perf_counter()
    name = f"{name}_{job.suffix}"
    output, heard = job.make(path, name)
    result = {
        "file": str(path),
        "output": str(output),
        "duration": info.duration,
        "sample_rate": info.sample_rate,
        "channels": info.channels,
        "seconds": time.perf_counter() - began,
    }
    result |= heard.to_json() if heard is not None else {}
    result |= job.facts
    return result | ({"page": str(page_of(job, path, output, heard))} if job.config.html else {})


def page_of(job: Cleaning | Adding, path: Path, output: Path, heard: HeardEffects | None) -> Path:
    """Write the page of a recording and what became of it, beside the latter. Errors: AudioError, OSError."""
    wet, dry = (output, path) if job.suffix == WET else (path, output)
    return save_page(
        output.with_suffix(".html"),
        wet=wet,
        dry=dry,
        title=path.stem,
        about=job.words,
        heard=heard,
        start=job.config.html_start,
        seconds=job.config.html_seconds,
    )


def load_remover(folder: Path, *, device: str) -> Remover:
    """The remover of a model folder. Errors: UserError."""
    model, config = load(folder, device=device)
    if config.model == "detector":
        raise UserError(f"{folder}: holds a detector; give it as --detector, and a remover as --model")
    return model


def chosen_detector(config: InferConfig) -> LoadedDetector | None:
    """The detector that is asked for, or the newest one; None where there is none. Errors: UserError."""
    folder = config.detector or (newest_detector() if config.detect else None)
    return load_detector(folder, device=config.device) if folder and config.detect else None


def guitar_name(path: Path) -> str:
    """What to call a recording: as its file."""
    return path.stem.strip(". ") or "guitar"


def summary(result: dict[str, Any]) -> str:
    """One line for the screen."""
    written = [Path(result[key]).name for key in ("output", "page") if key in result]
    speed = f"{result['duration'] / result['seconds']:.1f} x real time"
    line = f"{result['file']}: {result['duration']:.1f} s, {speed} -> {Path(result['output']).parent}: "
    line += ", ".join(written)
    if "chain" in result:
        heard = [f"{LABELS.get(name, name)} {result['probabilities'][name]:.2f}" for name in result["chain"]]
        line += f"\n  effects heard: {', '.join(heard) or 'none'}"
    return line


if __name__ == "__main__":
    cli.run(main, InferConfig)
