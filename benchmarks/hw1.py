"""Our detector beside a plain short-chunk CNN, clips/s; and infer.py on long files, its speed and memory.

    python benchmarks/hw1.py [--out FILE.json]         # a minute and a half, on an idle machine
    python benchmarks/hw1.py --what inference          # less
    python benchmarks/hw1.py --model crnn
    python benchmarks/hw1.py --what remixing           # waveforms beside spectrograms

Same clips of 5 seconds, loss, optimizer and threads, those of train.py's default preset, in one run;
ours and the peer take turns, step by step. Clips are noise and weights are random: speed depends on neither.
Nothing is read while the clock runs. The peer is that of Won et al. 2020, "Evaluation of CNN-based automatic
music tagging models", with 128 channels in each of its seven layers, and without augmentation.

Remixing: batches of train.py's default preset, drawn on one core from mini-Slakh's stems, which are made and
decoded first if they are not there; as mel spectrograms and, as the peer, as waveforms of the same length.

The files are flac, 44.1 kHz, stereo: tones and noise, made for the moment. infer.py gets one at a time, in a
process of its own, and writes picture, table and JSON; its memory is the peak resident set of that process.
"""

from __future__ import annotations

import contextlib
import io
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Literal

import numpy as np
import torch
from torch import Tensor, nn

from benchmarks.peer import ShortChunkCNN, print_speed, take_turns
from benchmarks.songs import write_song
from common import cli
from common.run_folder import save_model
from common.training import seed_everything
from common.training.optimization import adamw
from hw1_instrument_detection import ASSIGNMENT
from hw1_instrument_detection.classes import NUM_CLASSES
from hw1_instrument_detection.clip_index import NUM_SAMPLES, SAMPLE_RATE
from hw1_instrument_detection.data import ensure_data, open_tracks, open_training_splits
from hw1_instrument_detection.detector_training import remixed_clips
from hw1_instrument_detection.losses import Loss
from hw1_instrument_detection.models import InstrumentDetector
from hw1_instrument_detection.train import PRESETS

PRESET = PRESETS["default"]
MEGABYTE = 1e6


@dataclass
class BenchmarkConfig:
    what: Literal["all", "training", "inference", "remixing"] = "all"
    """What to measure; inference is clips/s of the networks and infer.py on files."""
    model: Literal["cnn", "crnn"] = "cnn"
    """Which of ours."""
    data: Path | None = None
    """Whose stems are remixed, in Slakh2100's layout. Default: mini-Slakh."""
    batch_size: int = 16
    """Clips of 5 s in a batch; of remixes there are as many as in training."""
    repeats: int = 15
    """Steps of each that are timed, in turns."""
    minutes: tuple[float, ...] = (3, 60)
    """Lengths of the files."""
    threads: int = torch.get_num_threads()
    """Threads of torch."""
    peer_channels: tuple[int, ...] = (128,) * 7
    """Of the peer. The code of Won et al. has more, 128 128 256 256 256 256 512, which costs more."""
    seed: int = 0
    """Of weights, clips, augmentation."""
    out: Path | None = None
    """JSON file for the results."""


@dataclass
class Clips:
    """A batch in memory: waveform (B, samples), target (B, 9)."""

    waveform: Tensor
    target: Tensor

    @classmethod
    def draw(cls, count: int, seed: int) -> Clips:
        generator = torch.Generator().manual_seed(seed)
        noise = 0.1 * torch.randn(count, NUM_SAMPLES, generator=generator)
        return cls(noise, torch.randint(0, 2, (count, NUM_CLASSES), generator=generator).float())


def training_step(network: nn.Module, clips: Clips) -> Callable[[], None]:
    """A function that takes one step of training on `clips`."""
    optimizer = adamw(network, PRESET.training)
    loss = Loss(PRESET.loss, clips.target.sum(dim=0).numpy(), len(clips.target))

    def step() -> None:
        network.train()
        loss(network(clips.waveform), clips.target).backward()
        nn.utils.clip_grad_norm_(network.parameters(), PRESET.training.gradient_clip)
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)

    return step


def inference_step(network: nn.Module, clips: Clips) -> Callable[[], None]:
    """A function that judges `clips` once."""

    @torch.inference_mode()
    def step() -> None:
        network.eval()
        network(clips.waveform)

    return step


def main(config: BenchmarkConfig) -> None:
    torch.set_num_threads(config.threads)
    print(f"{config.threads} threads, batches of {config.batch_size} clips; ours is {config.model}")
    results: dict = {"torch": torch.__version__}
    for kind, make_step in (("training", training_step), ("inference", inference_step)):
        if config.what in ("all", kind):
            clips = Clips.draw(config.batch_size, config.seed)
            steps = {name: make_step(network, clips) for name, network in networks(config).items()}
            results[f"{kind}_step_seconds"] = times = take_turns(steps, config.repeats)
            print_speed(kind, times, config.batch_size)
    if config.what in ("all", "remixing"):
        steps = {
            name: drawing(domain, ensure_data(config.data))
            for name, domain in (("ours", "spectrogram"), ("peer", "waveform"))
        }
        results["remixing_step_seconds"] = times = take_turns(steps, config.repeats)
        print_speed("remixing", times, PRESET.training.batch_size)
    if config.what in ("all", "inference"):
        results["files"] = measure_files(config)
        print_files(results["files"])
    if config.out:
        config.out.write_text(json.dumps(asdict(config) | results, indent=1, default=str))


def drawing(domain: Literal["spectrogram", "waveform"], data: Path) -> Callable[[], None]:
    """A function that draws one batch of remixes for the default network."""
    train, _ = open_training_splits(data)
    remixing = replace(PRESET.remixing, remix_domain=domain)
    dataset = remixed_clips(
        remixing, train, open_tracks(data), encoder=PRESET.make_model().encoder, data=data, epochs=2
    )
    generator = np.random.default_rng(0)

    def step() -> None:
        for position in generator.integers(len(train), size=PRESET.training.batch_size).tolist():
            dataset.draw(position, generator)

    return step


def networks(config: BenchmarkConfig) -> dict[str, nn.Module]:
    """Ours and the peer, with random weights."""
    seed_everything(config.seed)
    peer = ShortChunkCNN(config.peer_channels, classes=NUM_CLASSES, sample_rate=SAMPLE_RATE)
    return {"ours": our_network(config), "peer": peer}


def our_network(config: BenchmarkConfig) -> InstrumentDetector:
    return replace(PRESET, model=config.model).make_model()


def measure_files(config: BenchmarkConfig) -> list[dict[str, float]]:
    """infer.py on a file of each length: minutes, seconds, peak_mb and, before any file, start_mb."""
    rows = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        model = our_network(config)
        save_model(
            folder / "model", assignment=ASSIGNMENT, config=asdict(model.config), tensors=model.state_dict()
        )
        for minutes in config.minutes:
            song = write_song(folder / f"{minutes:g}_minutes.flac", seconds=60 * minutes, seed=config.seed)
            command = [sys.executable, __file__, "--probe", folder / "model", song, str(config.threads)]
            rows.append({"minutes": minutes, **json.loads(subprocess.check_output(command, text=True))})
    return rows


def _probe(model: Path, song: Path, threads: int) -> dict[str, float]:
    """Seconds and memory of infer.py in this process, with its model loaded and everything written."""
    from hw1_instrument_detection import infer

    torch.set_num_threads(threads)
    start_mb, start = peak_megabytes(), time.perf_counter()
    config = infer.InferConfig(files=(song,), model=model, out=song.with_suffix(""), device="cpu")
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        infer.main(config)
    return {"seconds": time.perf_counter() - start, "start_mb": start_mb, "peak_mb": peak_megabytes()}


def peak_megabytes() -> float:
    """The largest resident set of this process so far."""
    status = Path("/proc/self/status")
    if status.exists():  # ru_maxrss would start with the parent's
        [line] = [line for line in status.read_text().splitlines() if line.startswith("VmHWM:")]
        return int(line.split()[1]) * 1024 / MEGABYTE
    import resource

    unit = 1 if sys.platform == "darwin" else 1024  # ru_maxrss is in bytes on macOS, KiB elsewhere
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / MEGABYTE


def print_files(rows: list[dict[str, float]]) -> None:
    print("\ninfer.py         seconds  times real time  memory at start     at peak")
    for row in rows:
        speed = 60 * row["minutes"] / row["seconds"]
        length = f"{row['minutes']:g} minutes"
        memory = f"{row['start_mb']:14.0f} MB{row['peak_mb']:9.0f} MB"
        print(f"{length:14}{row['seconds']:10.1f}{speed:17.1f}{memory}")
    first, last = ((row["minutes"], row["peak_mb"] - row["start_mb"]) for row in (rows[0], rows[-1]))
    growth = f"{last[1] - first[1]:+.0f} MB above the start"
    print(f"{last[0] / first[0]:.0f} times the length: {growth}")


if __name__ == "__main__":
    if sys.argv[1:2] == ["--probe"]:
        print(json.dumps(_probe(Path(sys.argv[2]), Path(sys.argv[3]), int(sys.argv[4]))))
    else:
        cli.run(main, BenchmarkConfig)
