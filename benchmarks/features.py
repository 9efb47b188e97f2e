"""How fast features are: our log-mel beside librosa's and nnAudio's, and reading with a loader.

    python benchmarks/features.py                                # about two minutes
    python benchmarks/features.py --clips 16 --repeats 3         # seconds, for a look

Same clips, same settings, same run: in each repeat everybody takes a turn, so that whatever else the machine
does meets all of them; the speed-up is the median, with its quartiles, of librosa's time / theirs.
librosa works as it does: clip by clip, here from as many threads as the others have. nnAudio is optional:
`pip install -r benchmarks/requirements.txt`.
"""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import librosa
import numpy as np
import torch
from threadpoolctl import threadpool_limits
from torch.utils.data import DataLoader, Dataset

from common import audio, cli
from common.features import LogMelSpectrogram, power_to_db

SAMPLE_RATE = 16_000
SAMPLES = 64_000  # 4 s: a note of NSynth
HOP_LENGTH = 512
N_MELS = 128


@dataclass
class BenchmarkConfig:
    clips: int = 64
    """clips in a batch, each 4 s at 16 kHz"""
    files: int = 512
    """audio files for the loader"""
    repeats: int = 9
    """turns of each contestant"""
    seed: int = 0
    """of the noise in the clips"""


Contestants = dict[str, Callable[[], object]]


def main(config: BenchmarkConfig) -> None:
    clips = noise(config.clips, config.seed)
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    for n_fft in (2048, 1024):
        for threads in sorted({1, cores}):
            title = f"log-mel of ({config.clips}, {SAMPLES}), n_fft {n_fft}, hop {HOP_LENGTH}, {N_MELS} mels"
            measure_log_mel(clips, n_fft, threads, config.repeats, title)
    measure_loader(config, cores)


def noise(count: int, seed: int) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    return 0.1 * torch.randn(count, SAMPLES, generator=generator)


def measure_log_mel(clips: torch.Tensor, n_fft: int, threads: int, repeats: int, title: str) -> None:
    torch.set_num_threads(threads)
    with threadpool_limits(threads), ThreadPoolExecutor(threads) as pool, torch.inference_mode():
        contestants = log_mels(clips, n_fft, pool)
        difference = {
            name: largest_difference(work, contestants["librosa"]) for name, work in contestants.items()
        }
        times = take_turns(contestants, repeats)
    print(f"\n{title}; {threads} thread{'s' if threads > 1 else ''}")
    print_table(
        times, len(clips), baseline="librosa", notes={k: f"{v:.4f} dB" for k, v in difference.items()}
    )


def log_mels(clips: torch.Tensor, n_fft: int, pool: ThreadPoolExecutor) -> Contestants:
    """The same log-mel in dB by everybody who is installed."""
    ours = LogMelSpectrogram(sample_rate=SAMPLE_RATE, n_fft=n_fft, hop_length=HOP_LENGTH, n_mels=N_MELS)
    arrays = clips.numpy()
    contestants: Contestants = {
        "ours": lambda: ours(clips),
        "librosa": lambda: list(pool.map(lambda clip: librosa_log_mel(clip, n_fft), arrays)),
    }
    try:
        from nnAudio.features.mel import MelSpectrogram
    except ImportError:
        print("nnAudio is missing, and left out: pip install -r benchmarks/requirements.txt")
        return contestants
    mel = MelSpectrogram(
        sr=SAMPLE_RATE,
        n_fft=n_fft,
        hop_length=HOP_LENGTH,
        n_mels=N_MELS,
        pad_mode="constant",
        verbose=False,
    )
    return contestants | {"nnAudio": lambda: power_to_db(mel(clips))}


def librosa_log_mel(clip: np.ndarray, n_fft: int) -> np.ndarray:
    power = librosa.feature.melspectrogram(
        y=clip, sr=SAMPLE_RATE, n_fft=n_fft, hop_length=HOP_LENGTH, n_mels=N_MELS
    )
    return librosa.power_to_db(power)


def largest_difference(work: Callable, reference: Callable) -> float:
    """In dB; it also warms both up."""
    return float(np.abs(np.asarray(work()) - np.asarray(reference())).max())


def take_turns(contestants: Contestants, repeats: int) -> dict[str, np.ndarray]:
    """Seconds of each turn, (repeats,) for each contestant."""
    times: dict[str, list[float]] = {name: [] for name in contestants}
    for _ in range(repeats):
        for name, work in contestants.items():
            start = time.perf_counter()
            work()
            times[name].append(time.perf_counter() - start)
    return {name: np.array(seconds) for name, seconds in times.items()}


def print_table(times: dict[str, np.ndarray], count: int, *, baseline: str, notes: dict[str, str]) -> None:
    heading = f"largest difference from {baseline}" if notes else ""
    print(f"  {'':34}{'clips/s':>9}{'times ' + baseline.split(':')[0]:>16}  {'quartiles':13}  {heading}")
    for name, seconds in times.items():
        low, middle, high = np.percentile(times[baseline] / seconds, [25, 50, 75])
        rate = count / np.median(seconds)
        print(f"  {name:34}{rate:9.0f}{middle:16.2f}  {low:5.2f} - {high:5.2f}  {notes.get(name, '')}")


class Clips(Dataset):
    """Audio files, one clip each: (samples,) float32."""

    def __init__(self, files: list[Path]):
        self.files = files

    def __len__(self) -> int:
        return len(self.files)

    def __getitem__(self, index: int) -> torch.Tensor:
        waveform, _ = audio.read(self.files[index], mono=True)
        return torch.from_numpy(waveform[0])


def measure_loader(config: BenchmarkConfig, cores: int) -> None:
    torch.set_num_threads(cores)
    log_mel = LogMelSpectrogram(sample_rate=SAMPLE_RATE, hop_length=HOP_LENGTH, n_mels=N_MELS)
    with tempfile.TemporaryDirectory() as folder, torch.inference_mode():
        files = write_files(Path(folder), config)
        contestants: Contestants = {"librosa: read + log-mel": lambda: librosa_from_disk(files)}
        for workers in (0, cores):
            name = f"ours, {workers} workers: read"
            contestants[name] = lambda w=workers: consume(files, config, w)
            contestants[name + " + log-mel"] = lambda w=workers: consume(files, config, w, log_mel)
        for work in contestants.values():
            work()
        times = take_turns(contestants, config.repeats)
    print(f"\n{config.files} files of 4 s at 16 kHz from disk (in its cache), n_fft 2048; {cores} cores")
    print_table(times, config.files, baseline=next(iter(times)), notes={})


def write_files(folder: Path, config: BenchmarkConfig) -> list[Path]:
    waveforms = noise(config.files, config.seed).numpy()
    files = [folder / f"{index:05d}.wav" for index in range(config.files)]
    for file, waveform in zip(files, waveforms, strict=True):
        audio.write(file, waveform[None], sample_rate=SAMPLE_RATE)
    return files


def consume(
    files: list[Path], config: BenchmarkConfig, workers: int, features: Callable | None = None
) -> None:
    """One epoch, the start of its workers included."""
    for batch in DataLoader(Clips(files), batch_size=config.clips, num_workers=workers):
        if features is not None:
            features(batch)


def librosa_from_disk(files: list[Path]) -> None:
    for file in files:
        waveform, _ = librosa.load(file, sr=None)
        librosa_log_mel(waveform, 2048)


if __name__ == "__main__":
    cli.run(main, BenchmarkConfig)
