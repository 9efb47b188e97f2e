"""Name the instrument family of your own recordings: any length, rate and number of channels.

    python hw0/infer.py FILE... [--model RUN] [--out DIR]
    python hw0/infer.py FILE... --json                  # a list for other programs
    python hw0/infer.py FOLDER                          # every audio file in it

In a recording longer than four seconds the loudest four that begin with an onset are classified. A file that
cannot be used is reported and the others go on; the exit code is then 2.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
import torch
import tyro
from matplotlib.figure import Figure
from numpy.typing import NDArray
from tqdm import tqdm

from common import cli, plots
from common.audio import AudioError
from common.audio_files import audio_files
from common.cli import UserError
from common.commands import newest_run
from common.features import LogMelSpectrogram, hz_to_mel, mel_to_hz
from common.run_folder import write_atomically
from hw0_note_classification.classifier import Classifier, load_classifier
from hw0_note_classification.data import FAMILIES
from hw0_note_classification.note_finder import FoundNote, find_note

RUNS = Path("runs/hw0")
TOP = 3
N_FFT, HOP_LENGTH, N_MELS = 1024, 256, 128  # of the pictures


@dataclass(kw_only=True)
class InferConfig:
    """Name the instrument family of recordings."""

    files: Annotated[tuple[Path, ...], tyro.conf.Positional]
    """Audio files, or folders of them."""
    model: Path | None = None
    """Run folder, or model folder, that train.py wrote. Default: the newest finished one in runs/hw0."""
    out: Path | None = None
    """Folder for results.json and a picture per file: where the note was found, what it was taken for."""
    json: bool = False
    """Print only a list: {"file", "top3": [{"family", "probability"}, ...]} or {"file", "error"} per file."""
    device: Literal["auto", "cpu", "cuda", "mps"] = "auto"
    """Where to compute; auto takes cuda, else mps (Apple), else cpu."""

    def __post_init__(self) -> None:
        if not self.files:
            raise UserError("no file given; name one or more audio files, or a folder of them")


@dataclass(frozen=True)
class Answer:
    """What came of one file: a note and its probabilities (11,), or an error."""

    path: Path
    note: FoundNote | None = None
    probabilities: NDArray | None = None
    error: str = ""

    def top(self) -> list[tuple[str, float]]:
        """The likeliest families, likeliest first, with their probabilities."""
        best = np.argsort(-self.probabilities, kind="stable")[:TOP]
        return [(FAMILIES[family], float(self.probabilities[family])) for family in best]

    def to_json(self) -> dict[str, Any]:
        if self.error:
            return {"file": str(self.path), "error": self.error}
        top3 = [{"family": family, "probability": round(share, 6)} for family, share in self.top()]
        return {"file": str(self.path), "top3": top3}


def main(config: InferConfig) -> int:
    classifier = load_classifier(
        config.model or newest_run(RUNS, script="hw0/train.py"), device=config.device
    )
    paths = list(audio_files(config.files))
    table = None if config.json else Table(paths)
    answers = []
    for path in tqdm(paths, unit="file", dynamic_ncols=True, leave=False, disable=None):
        answer = classify(classifier, path)
        answers.append(answer)
        if answer.error:
            tqdm.write(f"error: {path}: {answer.error}", file=sys.stderr)
        elif table:
            table.show(answer)
        if config.out and not answer.error:
            plots.save(
                picture(answer, classifier.sample_rate), config.out / f"{len(answers):03d}_{path.stem}.png"
            )
    results = [answer.to_json() for answer in answers]
    if config.json:
        print(json.dumps(results, indent=2, ensure_ascii=False))
    if config.out:
        config.out.mkdir(parents=True, exist_ok=True)
        write_atomically(config.out / "results.json", json.dumps(results, indent=2).encode())
        print(f"written: {config.out / 'results.json'} and a picture per file", file=sys.stderr)
    if failed := sum(bool(answer.error) for answer in answers):
        print(f"{failed} of {len(answers)} files could not be classified", file=sys.stderr)
    return 2 if failed else 0


def classify(classifier: Classifier, path: Path) -> Answer:
    """Find the note in a file and name its family; what is wrong with the file becomes part of the answer."""
    try:
        note = find_note(path, sample_rate=classifier.sample_rate)
    except AudioError as error:
        return Answer(path, error=str(error).removeprefix(f"{path}: "))
    return Answer(path, note, classifier.probabilities(torch.from_numpy(note.waveform)[None])[0])


class Table:
    """The answers on screen, a line each, as they come."""

    def __init__(self, paths: Sequence[Path]) -> None:
        self.width = max(len(str(path)) for path in paths)
        self.write("file", "note at (s)", ["family and its probability"])

    def show(self, answer: Answer) -> None:
        where = f"{answer.note.start:.2f} to {answer.note.end:.2f}"
        self.write(str(answer.path), where, [f"{family:10} {share:.3f}" for family, share in answer.top()])

    def write(self, file: str, where: str, families: Sequence[str]) -> None:
        tqdm.write(f"{file:{self.width}}  {where:>20}  {'   '.join(families)}", file=sys.stdout)


def picture(answer: Answer, sample_rate: int) -> Figure:
    """The log-mel spectrogram around the note, the note marked; below it the likeliest families."""
    note = answer.note
    figure = Figure(figsize=(8.0, 5.0), layout="constrained")
    above, below = figure.subplots(2, 1, height_ratios=(3, 1))
    log_mel = LogMelSpectrogram(
        sample_rate=sample_rate, n_fft=N_FFT, hop_length=HOP_LENGTH, n_mels=N_MELS, ref="max", top_db=80.0
    )
    level = log_mel(torch.from_numpy(note.excerpt)).numpy()  # (mels, frames)
    plots.draw_spectrogram(
        above,
        plots.SpectrogramPanel(answer.path.name, level, sample_rate, HOP_LENGTH, mel_centres(sample_rate)),
    )
    for edge in (note.start, note.end):
        above.axvline(edge - note.excerpt_start, color="white", linestyle="--")
    above.set(xlabel=f"time (s) from {note.excerpt_start:.2f} s on, the note between the lines")
    above.set(ylabel="frequency (Hz)")
    families, shares = zip(*answer.top(), strict=True)
    below.bar_label(below.barh(families, shares, color=plots.OKABE_ITO[5]), fmt="%.3f", padding=4)
    below.invert_yaxis()
    below.set(xlim=(0, 1.1), xlabel="probability")
    below.spines[["top", "right"]].set_visible(False)
    return figure


def mel_centres(sample_rate: int) -> NDArray:
    """Centre frequencies of the picture's mel bands in Hz, (N_MELS,)."""
    top = float(hz_to_mel(torch.tensor(sample_rate / 2)))
    return mel_to_hz(torch.linspace(0, top, N_MELS + 2))[1:-1].numpy()


if __name__ == "__main__":
    cli.run(main, InferConfig)
