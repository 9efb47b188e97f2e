"""Say which instruments play when in your own recordings: any length, rate and number of channels.

    python hw1/infer.py SONG... [--model RUN]              # a summary of each on the screen
    python hw1/infer.py SONG... --out DIR [--html]         # a picture, a table, a page that plays it
    python hw1/infer.py SONG... --json                     # a list for other programs; or --csv
    python hw1/infer.py FOLDER                             # every audio file in it

Recordings are read in pieces: an hour takes no more memory than a minute. A file that cannot be used is
reported and the others go on; the exit code is then 2.
"""

from __future__ import annotations

import json
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

import tyro
from tqdm import tqdm

from common import audio, cli, plots
from common.audio import AudioError
from common.audio_files import audio_files
from common.cli import UserError
from common.commands import newest_run
from common.run_folder import write_atomically
from hw1_instrument_detection.activity_figure import activity_figure
from hw1_instrument_detection.activity_page import save_page
from hw1_instrument_detection.activity_table import table, to_csv, to_json
from hw1_instrument_detection.clip_index import CLIP_SECONDS
from hw1_instrument_detection.detector import load_detector
from hw1_instrument_detection.streaming import SHORTEST_STEP, Activity, ActivityDetector, detect_activity

RUNS = Path("runs/hw1")


@dataclass(kw_only=True)
class InferConfig:
    """Say which instruments play when in recordings."""

    files: Annotated[tuple[Path, ...], tyro.conf.Positional]
    """Audio files, or folders of them."""
    model: Path | None = None
    """Run folder, or model folder, that train.py wrote. Default: the newest finished one in runs/hw1."""
    step: float = CLIP_SECONDS
    """Seconds between answers, 0.1 to 5. Below 5, each is the mean over the 5-second windows around it."""
    out: Path | None = None
    """Folder for results.json and, per file, a picture and a CSV table of its activity."""
    html: bool = False
    """Write a page per file, into --out or else here, that plays it with a cursor on its activity."""
    json: bool = False
    """Print only a list: {"file", "duration", "step_seconds", "classes", "activity"} or {"file", "error"} per
    file."""
    csv: bool = False
    """Print only a table: file, start, end (s), the probability of each class, 1 or 0 for each class."""
    device: Literal["auto", "cpu", "cuda", "mps"] = "auto"
    """Where to compute; auto takes cuda, else mps (Apple), else cpu."""

    def __post_init__(self) -> None:
        if not self.files:
            raise UserError("no file given; name one or more audio files, or a folder of them")
        if not SHORTEST_STEP <= self.step <= CLIP_SECONDS:
            raise UserError(f"--step is {self.step}; give {SHORTEST_STEP} to {CLIP_SECONDS:g} seconds")
        if self.json and self.csv:
            raise UserError("--json and --csv both take the screen; give one of them, and --out for both")


@dataclass(frozen=True)
class Answer:
    """What came of one file: its activity, or an error."""

    path: Path
    activity: Activity | None = None
    error: str = ""

    def to_json(self) -> dict[str, Any]:
        of_file = {"file": str(self.path)}
        return of_file | ({"error": self.error} if self.error else to_json(self.activity))


def main(config: InferConfig) -> int:
    detector = load_detector(config.model or newest_run(RUNS, script="hw1/train.py"), device=config.device)
    results = []
    for number, path in enumerate(audio_files(config.files), start=1):
        answer = listen(detector, path, step_seconds=config.step)
        results.append(answer.to_json())
        if answer.error:
            print(f"error: {path}: {answer.error}", file=sys.stderr)
            continue
        show(answer, config, first=sum("error" not in result for result in results) == 1)
        keep(answer, config, number=number)
    finish(results, config)
    if failed := sum("error" in result for result in results):
        print(f"{failed} of {len(results)} files could not be used", file=sys.stderr)
    return 2 if failed else 0


def listen(detector: ActivityDetector, path: Path, *, step_seconds: float) -> Answer:
    """The activity in a file; what is wrong with the file becomes part of the answer."""
    try:
        length = round(audio.info(path).duration)
        with tqdm(total=length, desc=path.name, unit="s", leave=False, disable=None) as bar:
            activity = detect_activity(
                detector,
                path,
                step_seconds=step_seconds,
                progress=lambda seconds: bar.update(round(seconds) - bar.n),
            )
    except AudioError as error:
        return Answer(path, error=str(error).removeprefix(f"{path}: "))
    return Answer(path, activity)


def show(answer: Answer, config: InferConfig, *, first: bool) -> None:
    """Print what is to be seen of a file as soon as it is known; the JSON list comes at the end."""
    if config.csv:
        print(to_csv(answer.activity, file=str(answer.path), header=first), end="", flush=True)
    elif not config.json:
        width = shutil.get_terminal_size().columns
        print("" if first else "\n", table(answer.path, answer.activity, width=width), sep="", flush=True)


def keep(answer: Answer, config: InferConfig, *, number: int) -> None:
    """Write the files that belong to one recording; `number` tells those of the same name apart."""
    activity, name = answer.activity, f"{number:03d}_{answer.path.stem}"
    if config.out:
        figure = activity_figure(
            activity.probabilities,
            activity.thresholds,
            step_seconds=activity.step_seconds,
            title=answer.path.name,
            frame_probabilities=activity.frame_probabilities,
            frames_per_second=activity.frames_per_second,
        )
        plots.save(figure, config.out / f"{name}.png")
        write_atomically(config.out / f"{name}.csv", to_csv(activity).encode())
    if config.html:
        save_page((config.out or Path()) / f"{name}.html", answer.path, activity)


def finish(results: list[dict[str, Any]], config: InferConfig) -> None:
    """Print and write what belongs to all files together."""
    if config.json:
        print(json.dumps(results, indent=2, ensure_ascii=False))
    if config.out:
        config.out.mkdir(parents=True, exist_ok=True)
        write_atomically(config.out / "results.json", json.dumps(results, indent=2).encode())
        page = ", a page" if config.html else ""
        print(
            f"written: {config.out / 'results.json'} and a picture, a table{page} per file", file=sys.stderr
        )
    elif config.html:
        print("written: a page per file, NNN_NAME.html", file=sys.stderr)


if __name__ == "__main__":
    cli.run(main, InferConfig)
